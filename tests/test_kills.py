"""Trainings that are stopped, killed, or started twice in one folder: one result, the same to the last bit."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager

import pytest

import ramgnn
from ramgnn import datasets, pretrain, runs
from ramgnn.cli import holding, main
from ramgnn.errors import RamgnnError
from ramgnn.runs.folder import BEFORE
from tests.kills import DERIVED, SIGNALS, TOY, contents, kills, left_alone, options, pair, start, wait_for
from tests.test_cli_interrupted import interrupt

ENDLESS = options("toy", pretrain__epochs=1000000)


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """The files of a training that nobody disturbed."""
    return left_alone(tmp_path_factory.mktemp("alone") / "run", TOY)[0]


def test_six_kills_at_random_moments_change_nothing(tmp_path):
    """``python -m tests.kills`` for more of them."""
    found = kills(6, 16, tmp_path, DERIVED)
    assert {kill.signal for kill in found} == set(SIGNALS)
    assert not [(kill, kill.faults) for kill in found if kill.faults]


@pytest.mark.parametrize(("call", "stage"), [(2, "items"), (4, "users"), (6, "validation"), (8, "users on everything")])
@pytest.mark.parametrize(("sent", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stop_in_any_pretraining_is_a_stop(tmp_path, monkeypatch, capsys, call, stage, sent, status):
    """One step an epoch, two epochs: the n-th step lies in the second epoch of one of the four pre-trainings."""
    folder = tmp_path / "r"
    given = options("movietweetings", pretrain__steps=1, pretrain__epochs=2, finetune__epochs=1)
    with monkeypatch.context() as patch:
        interrupt(patch, pretrain, "step", call, sent)
        assert main(["train", *given, "--out", str(folder), "--quiet"]) == status
    said = capsys.readouterr().err
    assert "stopped during" in said and stage in said and f"continue with: ramgnn train --resume {folder}" in said
    assert runs.unfinished(folder) and runs.describe(folder)["interrupted"].endswith(stage)
    assert not (folder / runs.RANKS).exists() and not (folder / runs.SERVED).exists()
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    if stage == "validation":
        assert main(["train", "--resume", str(folder), "--quiet"]) == 0
        assert runs.describe(folder)["interrupted"] is None and (folder / runs.SERVED).exists()


def test_sigterm_from_outside_ends_the_process_with_143(tmp_path):
    process = start(tmp_path / "r", ENDLESS)
    assert wait_for(tmp_path / "r" / runs.CHECKPOINTS / "item.safetensors", process)
    process.send_signal(signal.SIGTERM)
    assert "continue with: ramgnn train --resume" in process.communicate(timeout=60)[1]
    assert process.returncode == 143


def test_a_handler_of_the_program_around_stays(monkeypatch):
    before = signal.signal(signal.SIGTERM, handler := lambda *_: None)
    try:
        assert main(["data", "list"]) == 0
        assert signal.getsignal(signal.SIGTERM) is handler
    finally:
        signal.signal(signal.SIGTERM, before)


# ---- two in one folder -----------------------------------------------------------------------------------------------


def test_of_two_trainings_in_one_folder_one_is_refused(tmp_path, alone):
    for number in range(2):
        folder = tmp_path / str(number)
        (one, _), (other, said) = pair(folder, TOY)
        assert (one, other) == (0, 1)
        assert "another process is training or saving in" in said or "holds a run already" in said
        assert contents(folder) == alone


def test_of_two_that_go_on_one_is_refused(tmp_path, alone):
    """Started, killed, and then taken up twice at once; the lock that a killed process leaves is in nobody's way."""
    folder = tmp_path / "r"
    process = start(folder, TOY)
    assert wait_for(folder / runs.CHECKPOINTS / "item.safetensors", process)
    process.kill()
    process.communicate()
    assert (folder / ".lock").exists() and runs.unfinished(folder)
    (one, _), (other, said) = pair(folder, TOY)
    assert (one, other) == (0, 1)
    assert "another process is training or saving in" in said or "holds a run that has ended" in said
    assert contents(folder) == alone


def test_a_folder_in_which_something_trains_is_left_alone(tmp_path, capsys):
    folder = tmp_path / "r"
    process = start(folder, ENDLESS)
    try:
        assert wait_for(folder / runs.CHECKPOINTS / "item.safetensors", process)
        for more in (["--overwrite"], ["--model", "ease", "--overwrite"], []):
            assert main(["train", *TOY[:2], *more, "--out", str(folder), "--quiet"]) == 1
            said = capsys.readouterr().err
            assert (
                f"another process is training or saving in {folder}; wait until it has ended, or choose another" in said
            )
        assert main(["train", "--resume", str(folder), "--quiet"]) == 1
        assert "another process is training or saving in" in capsys.readouterr().err
        assert process.poll() is None and runs.unfinished(folder)
    finally:
        process.kill()
        process.communicate()
    assert main(["train", *TOY, "--out", str(folder), "--overwrite", "--quiet"]) == 0


def test_a_run_that_another_process_ended_meanwhile_is_not_trained_again(tmp_path, capsys, monkeypatch):
    folder, locked = tmp_path / "r", holding.locked
    interrupted_run(folder, monkeypatch)

    @contextmanager
    def late(path):
        assert main(["train", "--resume", str(path), "--quiet"]) == 0
        with locked(path):
            yield

    @contextmanager
    def once(path):
        monkeypatch.setattr(holding, "locked", locked)
        with late(path):
            yield

    monkeypatch.setattr(holding, "locked", once)
    assert main(["train", "--resume", str(folder), "--quiet"]) == 1
    assert "holds a run that has ended" in capsys.readouterr().err


def interrupted_run(folder, monkeypatch, given=TOY, call=2):
    """A training that was stopped in pre-training."""
    with monkeypatch.context() as patch:
        interrupt(patch, pretrain, "step", call)
        assert main(["train", *given, "--out", str(folder), "--quiet"]) == 130


@pytest.mark.skipif(os.geteuid() == 0, reason="the administrator may write everywhere")
def test_a_folder_that_may_not_be_written_to(tmp_path, capsys):
    for folder in (tmp_path / "there", tmp_path / "there" / "new"):
        (tmp_path / "there").mkdir(exist_ok=True)
        (tmp_path / "there").chmod(0o555)
        assert main(["train", *TOY, "--out", str(folder), "--quiet"]) == 1
        said = capsys.readouterr().err
        assert f"cannot write to {folder}" in said and "--out" in said
        assert len(said.splitlines()) == 1


# ---- beginning again -------------------------------------------------------------------------------------------------


def test_overwrite_begins_with_nothing(tmp_path, monkeypatch):
    """A run that was stopped leaves nothing of the one before it, and no link that lies in its folder is followed."""
    folder, outside = tmp_path / "r", tmp_path / "outside"
    outside.mkdir()
    (outside / "mine").write_text("mine")
    assert main(["train", *TOY, "--out", str(folder), "--quiet"]) == 0
    (folder / ".run.json.0123abcd.part").write_text("half")
    (folder / "notes.txt").write_text("mine")
    (folder / runs.WEIGHTS).unlink()
    (folder / runs.WEIGHTS).symlink_to(outside / "mine")
    (folder / runs.CHECKPOINTS).symlink_to(outside)
    (folder / ".lock").unlink()
    (folder / ".lock").symlink_to(outside / "mine")
    interrupted_run(folder, monkeypatch, [*TOY, "--overwrite", "--seed", "1"])
    assert runs.describe(folder)["config"]["seed"] == 1
    assert not (folder / runs.RANKS).exists() and not (folder / runs.SERVED).exists()
    assert not list(folder.rglob("*.part")) and (folder / "notes.txt").read_text() == "mine"
    assert not any(path.is_symlink() for path in folder.rglob("*") if BEFORE not in path.parts)
    assert [path.name for path in outside.iterdir()] == ["mine"] and (outside / "mine").read_text() == "mine"


def everything(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name != ".lock"}


@pytest.mark.parametrize("model", ["ram-gnn", "ease"])
def test_what_is_not_of_a_run_stays(tmp_path, capsys, model):
    """A folder of somebody's own project is no place for a run, with --overwrite neither."""
    call = ["train", *TOY[:2], "--model", model, "--out", str(tmp_path), "--quiet"]
    for name in ("checkpoint/epoch_12.pt", "served/site.html", "metrics.json", "history.json", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text('"mine"' if name.endswith("json") else "mine")
    before = everything(tmp_path)
    for more, said in (
        ([], f"{tmp_path} holds history.json, metrics.json, served, checkpoint, which a run would replace"),
        (["--overwrite"], "checkpoint is to be removed and holds 'epoch_12.pt', which is not of a run"),
    ):
        for _ in range(2):
            assert main([*call, *more]) == 1
            assert said in capsys.readouterr().err
            assert everything(tmp_path) == before
    with pytest.raises(RamgnnError, match="checkpoint, which a run would replace"):
        ramgnn.save(ramgnn.fit(datasets.load("toy"), "ease", progress=False), tmp_path)
    assert everything(tmp_path) == before


def test_a_mistake_in_the_data_does_not_cost_a_run(tmp_path, capsys):
    call = ["train", "--model", "ease", "--quiet", "--out", str(tmp_path)]
    assert main([*call, "--data", "toy"]) == 0
    before = contents(tmp_path)
    assert main([*call, "--overwrite", "--interactions", str(tmp_path / "none.csv")]) == 1
    assert contents(tmp_path) == before
