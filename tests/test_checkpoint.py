"""A run that was killed goes on to the same numbers as one that was not."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file

from ramgnn import finetune as finetune_module
from ramgnn import pretrain as pretrain_module
from ramgnn import runs
from ramgnn.checkpoint import Checkpoint
from ramgnn.cli import main
from ramgnn.config import Config, FinetuneConfig
from ramgnn.datasets.source import Source
from ramgnn.errors import DataError, RamgnnError
from ramgnn.evaluation import ndcg, rank_test
from ramgnn.files import replacing, write_text
from ramgnn.finetune import finetune
from ramgnn.pretrain import pretrain
from ramgnn.runs import started
from ramgnn.training import build, fit
from tests.small import random_graph, small_config, small_dataset


class Killed(BaseException):
    """Stands for a signal that nothing can catch."""


def killed_at(monkeypatch, module, name, call):
    """Let the function end the process, so to say, the n-th time that it is called."""
    real, calls = getattr(module, name), []

    def dies(*arguments, **named):
        calls.append(1)
        if len(calls) == call:
            raise Killed
        return real(*arguments, **named)

    monkeypatch.setattr(module, name, dies)


def without_seconds(history):
    return [{k: v for k, v in e.items() if k != "seconds"} for e in history]


def same_tensors(a, b):
    assert a.keys() == b.keys()
    for name, x in a.items():
        assert torch.equal(x, b[name]), name


@pytest.mark.parametrize("call", [1, 2, 9, 16, 24])
@pytest.mark.parametrize("changes", [{}, {"sampler": "random"}, {"sampler": "none"}])
def test_pretraining_goes_on_to_the_same_numbers(monkeypatch, tmp_path, call, changes):
    """Killed in the first step, in the middle of an epoch, at its end, in the last one."""
    graph, config = random_graph(40, 3, 6, 3, seed=2), small_config(epochs=12, steps=2, **changes)
    whole = pretrain(graph, config, seed=3, progress=False)
    checkpoint = Checkpoint(tmp_path / "deep" / "item.safetensors")
    with monkeypatch.context() as patch:
        killed_at(patch, pretrain_module, "step", call)
        with pytest.raises(Killed):
            pretrain(graph, config, seed=3, progress=False, checkpoint=checkpoint)
    torch.manual_seed(99)  # whatever the new process did before
    again = pretrain(graph, config, seed=3, progress=False, checkpoint=checkpoint)
    assert again.resumed == (call - 1) // 2
    same_tensors(again.model.state_dict(), whole.model.state_dict())
    ours, theirs = again.history_dict(), whole.history_dict()
    assert without_seconds(ours.pop("epochs")) == without_seconds(theirs.pop("epochs"))
    assert ours == theirs
    # a third call has nothing left to do
    assert pretrain(graph, config, seed=3, progress=False, checkpoint=checkpoint).resumed == 12


def test_pretraining_ends_when_the_sampler_has_rested(tmp_path):
    graph = random_graph(40, 2, 5, 2, seed=4)
    checkpoint = Checkpoint(tmp_path / "item.safetensors")
    whole = pretrain(
        graph, small_config(epochs=80, stop_after_converged=3), seed=1, progress=False, checkpoint=checkpoint
    )
    assert None not in whole.stopped
    assert len(whole.history) == max(whole.stopped) + 1 + 3  # the first epoch compares with nothing
    again = pretrain(
        graph, small_config(epochs=80, stop_after_converged=3), seed=1, progress=False, checkpoint=checkpoint
    )
    assert (again.resumed, len(again.history)) == (len(whole.history), len(whole.history))


@pytest.mark.parametrize("call", [1, 4, 7, 20])
@pytest.mark.parametrize("loss", ["softmax", "bpr"])
def test_finetuning_goes_on_to_the_same_numbers(monkeypatch, tmp_path, call, loss):
    data = small_dataset(n_users=20)
    tune = FinetuneConfig(loss=loss, start="random", batch=8, epochs=30, every=2, patience=4, lr=0.05)
    config = replace(Config(), pretrain=small_config(), finetune=tune)

    def model():
        return build(data, config, {"user": None, "item": None}, {"user": None, "item": None})

    def score(final):
        return ndcg(rank_test(final, data), 10)

    whole = finetune(model(), tune, 5, score, progress=False)
    checkpoint = Checkpoint(tmp_path / "validation.safetensors")
    with monkeypatch.context() as patch:
        killed_at(patch, finetune_module, "listwise_step" if loss == "softmax" else "pairwise_step", call)
        with pytest.raises(Killed):
            finetune(model(), tune, 5, score, progress=False, checkpoint=checkpoint)
    again = finetune(model(), tune, 5, score, progress=False, checkpoint=checkpoint)
    assert again.resumed > 0 if call > 10 else call > 1 or again.resumed == 0
    assert again.best_epoch == whole.best_epoch
    ours, theirs = (x.history_dict()["epochs"] for x in (again, whole))
    assert without_seconds(ours) == without_seconds(theirs)
    assert torch.equal(again.final.users, whole.final.users)
    assert torch.equal(again.final.items, whole.final.items)


def test_every_stage_of_a_fit_is_taken_up_where_it_was(monkeypatch, tmp_path):
    """Killed again and again, in each stage, until nothing is left to do."""
    data = small_dataset(n_users=20)
    tune = FinetuneConfig(epochs=4, every=1, batch=8)
    config = replace(Config(), pretrain=small_config(epochs=3, steps=2), finetune=tune)
    whole = fit(data, config, progress=False)
    deaths = 0
    while True:
        with monkeypatch.context() as patch:
            killed_at(patch, pretrain_module, "step", 4)
            killed_at(patch, finetune_module, "listwise_step", 5)
            try:
                found = fit(data, config, progress=False, checkpoints=tmp_path)
                break
            except Killed:
                deaths += 1
                assert deaths < 50
    assert deaths >= 4
    assert torch.equal(found.final.users, whole.final.users)
    assert torch.equal(found.final.items, whole.final.items)
    assert found.item.k == whole.item.k
    assert found.seconds.keys() == whole.seconds.keys()


def test_a_half_written_checkpoint_does_not_count(tmp_path):
    checkpoint = Checkpoint(tmp_path / "item.safetensors")
    assert checkpoint.load() is None
    checkpoint.save({"x": torch.arange(3)}, {"history": [0.1, None]})
    (tmp_path / "item.safetensors.part").write_bytes(b"half")
    tensors, state = checkpoint.load()
    assert tensors["x"].tolist() == [0, 1, 2]
    assert state == {"history": [0.1, None]}


def test_a_broken_checkpoint_says_so(tmp_path):
    path = tmp_path / "item.safetensors"
    path.write_bytes(b"\x00" * 50)
    with pytest.raises(DataError, match="the checkpoint cannot be read") as error:
        Checkpoint(path).load()
    assert str(path) in str(error.value)
    assert "delete it; its stage then starts anew" in str(error.value)


def test_a_checkpoint_that_cannot_be_written_says_so(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RamgnnError, match="cannot write to"):
        Checkpoint(tmp_path / "file" / "x.safetensors").save({"x": torch.zeros(1)}, {})


def test_a_checkpoint_has_the_mode_that_the_umask_gives_and_leaves_nothing_beside_it(tmp_path):
    before = os.umask(0o027)
    try:
        Checkpoint(tmp_path / "item.safetensors").save({"x": torch.zeros(1)}, {})
    finally:
        os.umask(before)
    assert [(p.name, p.stat().st_mode & 0o777) for p in tmp_path.iterdir()] == [("item.safetensors", 0o640)]


def test_a_file_that_is_not_finished_is_removed_and_the_one_before_stays(tmp_path):
    path = tmp_path / "file"
    write_text(path, "before")
    with pytest.raises(KeyboardInterrupt), replacing(path) as part:
        part.write_text("half")
        raise KeyboardInterrupt
    assert [p.name for p in tmp_path.iterdir()] == ["file"] and path.read_text() == "before"


DATA = {"name": "toy", "options": {}, "item_relations": None, "user_relations": None}


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("dataset", "toy", "'dataset' is text"),
        ("dataset", {"name": "toy"}, "the key 'dataset.options' is missing"),
        ("dataset", DATA | {"item_relations": ["year", [1]]}, "'dataset.item_relations.1' is a list"),
        ("dataset", DATA | {"user_relations": [None]}, "'dataset.user_relations.0' is null"),
        ("config", {}, "the key 'config.pretrain' is missing"),
        ("epochs", "three", "'epochs' is text"),
        ("fingerprint", None, "'fingerprint' is null"),
    ],
)
def test_what_was_noted_of_a_started_run_is_checked(tmp_path, key, value, said):
    runs.start_run(tmp_path, small_dataset(), Config(), Source("toy"))
    assert (lambda s: (s.source, s.config, s.epochs))(runs.read_started(tmp_path)) == (Source("toy"), Config(), None)
    path = tmp_path / runs.CHECKPOINTS / runs.RUN
    path.write_text(json.dumps(json.loads(path.read_text()) | {key: value}))
    with pytest.raises(DataError, match=said):
        runs.read_started(tmp_path)


# ---- the command line ------------------------------------------------------------------------------------------------

SETTINGS = ["pretrain.dim=16", "pretrain.epochs=12", "finetune.epochs=6", "finetune.every=2"]


def train(folder, *more):
    return ["train", "--data", "toy", "--set", *SETTINGS, "--out", str(folder), "--quiet", *more]


def test_a_killed_process_is_resumed_by_the_command_line(tmp_path, capsys):
    """SIGKILL as soon as there is a checkpoint; the resumed run equals one that was left alone, file for file."""
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    assert main(train(whole)) == 0
    assert not runs.unfinished(whole)
    process = subprocess.Popen(
        [sys.executable, "-m", "ramgnn", *train(cut)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    for _ in range(1200):
        if (cut / runs.CHECKPOINTS / "item.safetensors").exists() or process.poll() is not None:
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert runs.unfinished(cut), "the process ended before it could be killed"
    capsys.readouterr()
    assert main(train(cut)) == 1
    assert f"continue it with --resume {cut}" in capsys.readouterr().err
    assert main(["train", "--resume", str(cut), "--quiet"]) == 0
    assert not runs.unfinished(cut)
    same_tensors(load_file(cut / runs.WEIGHTS), load_file(whole / runs.WEIGHTS))
    assert (cut / runs.RANKS).read_text() == (whole / runs.RANKS).read_text()
    capsys.readouterr()
    assert main(["train", "--resume", str(cut)]) == 1
    assert "holds a run that has ended" in capsys.readouterr().err


def test_resume_takes_its_settings_from_the_folder(tmp_path, capsys):
    assert main(["train", "--resume", str(tmp_path / "none")]) == 1
    assert "holds no run" in capsys.readouterr().err
    assert main(["train", "--resume", str(tmp_path), "--seed", "3", "--config", "as_printed"]) == 1
    assert "leave out --config, --seed" in capsys.readouterr().err


def test_resume_refuses_other_data(tmp_path, capsys, monkeypatch):
    with monkeypatch.context() as patch:
        killed_at(patch, pretrain_module, "step", 3)
        with pytest.raises(Killed):
            main(train(tmp_path / "r"))
    monkeypatch.setattr("ramgnn.runs.started.fingerprint", lambda _: "0" * 16)
    assert main(["train", "--resume", str(tmp_path / "r"), "--quiet"]) == 1
    assert "are not those that the run" in capsys.readouterr().err


def test_the_fingerprint_changes_with_ids_pairs_and_values_but_not_with_titles():
    data = small_dataset()
    item, user = data.item_relations[0], data.user_relations[0]
    changed = [
        replace(data, item_ids=(*data.item_ids, "new"), item_labels=(*data.item_labels, "new")),  # bare: no attributes
        replace(data, user_ids=("other", *data.user_ids[1:])),
        replace(data, train=data.train.iloc[1:]),
        replace(data, item_relations=(replace(item, labels=("other", *item.labels[1:])), *data.item_relations[1:])),
        replace(data, user_relations=(replace(user, values=user.values[::-1].copy()), *data.user_relations[1:])),
    ]
    assert len({runs.fingerprint(x) for x in [data, *changed]}) == 6
    titles = tuple(f"{x}!" for x in data.item_labels)
    assert runs.fingerprint(replace(data, item_labels=titles)) == runs.fingerprint(data)


def test_whoever_stops_the_tidying_up_waits_for_its_end(tmp_path, monkeypatch):
    """Ctrl-C or SIGTERM between two checkpoints leaves none of them behind, and still stops."""
    folder = tmp_path / runs.CHECKPOINTS
    folder.mkdir()
    for name in ("run.json", "item.safetensors", "user.safetensors"):
        (folder / name).write_text("x")
    removed, really = [], started.remove

    def interrupted(path):
        removed.append(path)
        if len(removed) == 2:
            raise KeyboardInterrupt
        really(path)

    monkeypatch.setattr(started, "remove", interrupted)
    with pytest.raises(KeyboardInterrupt):
        runs.clear_checkpoints(tmp_path)
    assert not folder.exists()
