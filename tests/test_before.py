"""A run that is replaced is never lost: not by an error, nor by a kill at any step of writing the new one."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from dataclasses import replace

import pytest

import ramgnn
from ramgnn import api, datasets, pretrain, runs, training
from ramgnn.cli import main
from ramgnn.config import Config
from ramgnn.datasets.source import Source
from ramgnn.errors import DataError, DivergedError, RamgnnError
from ramgnn.locks import locked
from ramgnn.runs import before
from ramgnn.runs.folder import BEFORE
from tests.kills import TOY, contents
from tests.test_cli_interrupted import interrupt
from tests.test_disk import room

STEPS = ("os.link", "os.remove", "os.rename", "os.rmdir", "os.mkdir", "open")


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A run of RAM-GNN that has ended, with metrics and with a model that serves."""
    folder = tmp_path_factory.mktemp("finished") / "r"
    assert main(["train", *TOY, "--out", str(folder), "--quiet"]) == 0
    return folder


@pytest.fixture
def folder(tmp_path, finished):
    shutil.copytree(finished, tmp_path / "r")
    return tmp_path / "r"


def stop(folder, monkeypatch, *more):
    """A training with --overwrite that is stopped in pre-training."""
    with monkeypatch.context() as patch:
        interrupt(patch, pretrain, "step", 2)
        assert main(["train", *TOY, *more, "--overwrite", "--out", str(folder), "--quiet"]) == 130


def killed_at(step, folder, do) -> bool:
    """Whether a process that does something is killed at its n-th step in a folder: before that it has ended."""
    child = os.fork()
    if not child:
        count = 0

        def heed(event, arguments):
            nonlocal count
            if event in STEPS and isinstance(arguments[0], (str, os.PathLike)) and str(folder) in str(arguments[0]):
                count += 1
                if count == step:
                    os._exit(9)

        sys.addaudithook(heed)
        try:
            do()
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


def has(found, old):
    return old.items() <= found.items()


# ---- kills -----------------------------------------------------------------------------------------------------------


def test_a_kill_at_any_step_of_a_start_loses_nothing(tmp_path, finished):
    old, data = contents(finished), replace(datasets.load("toy"), own=True)
    for step in range(1, 1000):
        folder = tmp_path / str(step)
        shutil.copytree(finished, folder)
        was_killed = killed_at(step, folder, lambda to=folder: runs.start_run(to, data, Config(seed=1), Source("toy")))
        kept = contents(folder / BEFORE) if before.is_kept(folder) else {}
        assert has(contents(folder), old) or has(kept, old)  # at once, for whoever looks for it
        before.recover(folder)
        if runs.unfinished(folder):
            assert runs.read_started(folder).config.seed == 1 and has(contents(folder / BEFORE), old)
            assert not (folder / runs.RUN).exists() and not (folder / runs.RANKS).exists()
        else:
            assert was_killed and has(contents(folder), old)
        runs.start_run(folder, data, Config(seed=2), Source("toy"))  # nothing of it is in the way
        assert runs.read_started(folder).config.seed == 2 and has(contents(folder / BEFORE), old)
        assert not list(folder.glob(".*.part"))
        if not was_killed:
            break
    assert 20 < step < 999 and runs.unfinished(folder)


def test_a_kill_at_any_step_of_saving_loses_nothing(tmp_path, finished):
    old, model = contents(finished), ramgnn.fit(datasets.load("toy"), "ease", progress=False)
    for step in range(1, 1000):
        folder = tmp_path / str(step)
        shutil.copytree(finished, folder)
        was_killed = killed_at(step, folder, lambda to=folder: ramgnn.save(model, to))
        places = [contents(place) for place in (folder, folder / BEFORE) if place.exists()]
        new = (folder / runs.RUN).exists() and runs.describe(folder)["model"] == "ease"
        assert new or any(has(found, old) for found in places)
        ramgnn.save(model, folder)
        assert ramgnn.load_run(folder).name == "ease" and not before.is_kept(folder)
        assert not (folder / runs.RANKS).exists() and not (folder / runs.SERVED).exists()
        if not was_killed:
            break
    assert 20 < step < 999


# ---- what is stopped -------------------------------------------------------------------------------------------------


def test_a_run_is_kept_until_the_new_one_is_done(folder, finished, monkeypatch, capsys):
    old = contents(finished)
    stop(folder, monkeypatch, "--seed", "1")
    said = capsys.readouterr().err
    assert f"is kept, and until it is done the run that it replaces, in {folder / BEFORE}; continue with" in said
    assert contents(folder / BEFORE) == old and not (folder / runs.RANKS).exists()
    assert main(["recommend", "--run", str(folder / BEFORE), "--user", "Ada"]) == 0
    stop(folder, monkeypatch, "--seed", "2")  # one that never came to its end does not drive out the one that did
    assert contents(folder / BEFORE) == old and runs.describe(folder)["config"]["seed"] == 2
    assert main(["train", "--resume", str(folder), "--quiet"]) == 0
    assert not (folder / BEFORE).exists() and runs.describe(folder)["config"]["seed"] == 2


def test_a_stopped_run_is_kept_too(folder, monkeypatch):
    shutil.rmtree(folder)
    folder.mkdir()
    stop(folder, monkeypatch)
    stop(folder, monkeypatch, "--seed", "1")
    assert runs.read_started(folder / BEFORE).config.seed == 0
    assert main(["train", "--resume", str(folder / BEFORE), "--quiet"]) == 0


def test_a_baseline_that_is_stopped_does_not_cost_the_run(folder, finished, monkeypatch, capsys):
    from ramgnn.baselines import mf

    interrupt(monkeypatch, mf.MF, "epoch", 3)
    call = ["train", "--data", "toy", "--model", "mf", "--epochs", "9", "--overwrite", "--out", str(folder), "--quiet"]
    assert main(call) == 130
    assert f"the run before it is in {folder / BEFORE}" in capsys.readouterr().err
    assert contents(folder / BEFORE) == contents(finished) and runs.describe(folder)["model"] == "mf"
    monkeypatch.undo()
    assert main(call) == 0
    assert not (folder / BEFORE).exists() and ramgnn.load_run(folder).name == "mf"


def test_the_help_says_what_becomes_of_the_old_run(capsys):
    with pytest.raises(SystemExit):
        main(["train", "--help"])
    assert f"kept in FOLDER/{BEFORE}" in " ".join(capsys.readouterr().out.split())


# ---- errors ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["ram-gnn", "ease"])
@pytest.mark.parametrize(
    "mistake",
    [["--set", "no.such=1"], ["--data", "none"], ["--device", "cuda:77"], ["--interactions", "none.csv"],
     ["--option", "no=1"], ["--item-relations", "unheard"]],
)  # fmt: skip
def test_a_mistake_costs_nothing(folder, model, mistake):
    old = contents(folder)
    given = [*([] if mistake[0] in ("--data", "--interactions") else ["--data", "toy"]), "--model", model, *mistake]
    assert main(["train", *given, "--overwrite", "--out", str(folder), "--quiet"]) == 1
    assert contents(folder) == old


@pytest.mark.parametrize("size", [0, 700, 3_000])
@pytest.mark.parametrize("model", ["ram-gnn", "ease"])
def test_a_full_disk_costs_nothing(folder, capsys, size, model):
    """At the first write, or at the first checkpoint."""
    old = contents(folder)
    capsys.readouterr()  # which lies in a file too
    given = TOY if model == "ram-gnn" else ["--data", "toy", "--model", model]
    with room(size):
        assert main(["train", *given, "--overwrite", "--out", str(folder), "--quiet"]) == 1
    assert contents(folder) == old


def test_a_full_disk_while_saving_costs_nothing(folder):
    old, model = contents(folder), ramgnn.fit(datasets.load("toy"), "ease", progress=False)
    with room(1_000), pytest.raises(RamgnnError, match="cannot write"):
        ramgnn.save(model, folder)
    assert contents(folder) == old


@pytest.mark.parametrize("error", [DivergedError("the loss is nan"), RamgnnError("no scalar"), MemoryError()])
def test_what_cannot_go_on_gives_the_run_back(folder, monkeypatch, capsys, error):
    old = contents(folder)

    def fail(*_):
        raise error

    monkeypatch.setattr(training, "graph_of", fail)
    call = ["train", *TOY, "--overwrite", "--out", str(folder), "--quiet"]
    if isinstance(error, MemoryError):
        with pytest.raises(MemoryError):
            main(call)
    else:
        assert main(call) == 1
    assert "is back in its place" in capsys.readouterr().err
    assert contents(folder) == old


def test_without_links_it_is_copied(folder, finished, monkeypatch):
    def refuse(*_, **__):
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    stop(folder, monkeypatch)
    assert contents(folder / BEFORE) == contents(finished)


def test_a_folder_of_that_name_which_is_no_run_of_ours_stays(folder, capsys):
    (folder / BEFORE).mkdir()
    (folder / BEFORE / "mine.txt").write_text("mine")
    old = contents(folder)
    for model in ("ram-gnn", "ease"):
        call = ["train", "--data", "toy", "--model", model, "--overwrite", "--out", str(folder), "--quiet"]
        assert main(call) == 1
        assert f"{folder / BEFORE} is to be removed and holds 'mine.txt'" in capsys.readouterr().err
        assert contents(folder) == old


# ---- saving ----------------------------------------------------------------------------------------------------------


def test_of_two_that_save_in_one_folder_one_is_refused(tmp_path, monkeypatch):
    model, save = ramgnn.fit(datasets.load("toy"), "ease", progress=False), runs.save
    refused = []

    def slow(folder, *rest):
        with pytest.raises(RamgnnError, match="another process is training or saving in") as caught:
            ramgnn.save(model, folder)
        refused.append(caught.value)
        return save(folder, *rest)

    monkeypatch.setattr(api.runs, "save", slow)
    ramgnn.save(model, tmp_path / "r")
    assert len(refused) == 1 and ramgnn.load_run(tmp_path / "r").name == "ease"


def test_nothing_is_saved_where_a_training_goes_on_or_was_stopped(folder, monkeypatch):
    model = ramgnn.fit(datasets.load("toy"), "ease", progress=False)
    with locked(folder), pytest.raises(RamgnnError, match="another process is training or saving in"):
        ramgnn.save(model, folder)
    stop(folder, monkeypatch)
    old = contents(folder)
    with pytest.raises(RamgnnError, match="holds a run that was stopped"):
        ramgnn.save(model, folder)
    assert contents(folder) == old


def test_two_processes_do_not_share_checkpoints(tmp_path):
    with locked(tmp_path / "c"), pytest.raises(RamgnnError, match="another process is training or saving in"):
        ramgnn.fit(datasets.load("toy"), epochs=1, progress=False, checkpoints=tmp_path / "c")


# ---- reading what was stopped ----------------------------------------------------------------------------------------


def typed_and_called(said, folder):
    """What is told to be typed and to be called, checked to be what goes on."""
    typed, _, called = said.partition("go on with it, nothing is lost: ")[2].partition(", or in Python: ")
    assert shlex.split(typed) == ["ramgnn", "train", "--resume", str(folder)]
    return called.partition("; the run that")[0]


def test_python_says_how_to_go_on_with_a_run_that_was_killed(tmp_path):
    folder = tmp_path / "a run"
    config = Config().override({"pretrain.epochs": 1, "finetune.epochs": 1})
    runs.start_run(folder, datasets.load("toy"), config, Source("toy"))
    with pytest.raises(DataError, match="was stopped before its end") as caught:
        ramgnn.load_run(folder)
    called = typed_and_called(caught.value.fix, folder)
    exec(called)  # as somebody would paste it
    assert ramgnn.load_run(folder).scorer is not None


def test_python_says_how_to_go_on_with_a_run_that_was_stopped(folder, monkeypatch):
    stop(folder, monkeypatch)
    with pytest.warns(UserWarning, match="was stopped during pre-training items, there is no recommender yet") as noted:
        model = ramgnn.load_run(folder)
    said = str(noted[0].message)
    assert noted[0].filename == __file__ and f"the run that it replaces is in {folder / BEFORE}" in said
    typed_and_called(said, folder)
    for ask in (
        model.recommend,
        lambda: ramgnn.evaluate(model),
        lambda: model.explain("Ada", model.dataset.item_ids[0]),
    ):
        with pytest.raises(RamgnnError, match="before there was a recommender.*ramgnn train --resume FOLDER"):
            ask()
