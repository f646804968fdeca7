"""A training that has diverged is told as such, saves nothing, and leaves the run that it was to replace."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

import ramgnn
from ramgnn import datasets
from ramgnn.baselines import registry
from ramgnn.baselines.fitted import fit_baseline
from ramgnn.cli import main
from ramgnn.config import Config
from ramgnn.errors import DivergedError, RamgnnError
from ramgnn.loop import check_weights, run_epochs
from ramgnn.runs import before
from ramgnn.scores import ScoreError
from tests.small import small_dataset

SHORT = {"pretrain.dim": 8, "pretrain.epochs": 1, "pretrain.steps": 1}
TYPED = ["--data", "toy", "--quiet", "--set", *(f"{name}={value}" for name, value in SHORT.items())]


def contents(folder):
    skipped = (".lock",)
    return {
        str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file() and p.name not in skipped
    }


@pytest.fixture
def folder(tmp_path):
    """A folder with a good run."""
    ramgnn.save(ramgnn.fit(datasets.load("toy"), "popularity", progress=False), tmp_path / "r")
    return tmp_path / "r"


@pytest.mark.parametrize("model", ["mf", "lightgcn", "sasrec", "sasrec sets", "fm", "nfm", "fism"])
def test_the_last_step_of_a_baseline_is_checked(model):
    with pytest.raises(DivergedError, match="try a lower lr"):
        ramgnn.fit(small_dataset(), model, {"lr": 1e30}, epochs=1, progress=False)


@pytest.mark.parametrize("epochs", [1, None])
def test_the_last_step_of_fine_tuning_is_checked(epochs):
    with pytest.raises(DivergedError, match="lower finetune.lr"):
        ramgnn.fit(small_dataset(), settings=SHORT | {"finetune.lr": 1e10}, epochs=epochs, progress=False)


def test_what_pre_training_left_is_checked(monkeypatch):
    class Wild(torch.optim.SGD):
        def __init__(self, parameters, **_):
            super().__init__(parameters, lr=1e30)

    monkeypatch.setattr("ramgnn.pretrain.adam", lambda model, config: Wild(model.parameters()))
    with pytest.raises(DivergedError, match="lower pretrain.lr"):
        ramgnn.fit(small_dataset(), settings=SHORT | {"pretrain.sampler": "none"}, epochs=1, progress=False)


def test_weights_that_are_no_numbers_are_told():
    check_weights([torch.ones(2), torch.tensor([1])], "mf", "lr")
    for bad in (float("nan"), float("inf")):
        with pytest.raises(DivergedError, match="mf: the weights are no longer finite numbers; try a lower lr"):
            check_weights([torch.ones(2), torch.tensor([1.0, bad])], "mf", "lr")


def test_a_closed_form_without_numbers_is_told(monkeypatch):
    class Odd:
        def __call__(self, users):
            return np.full((len(users), 20), np.nan)

    odd = replace(registry.get("popularity"), factory=lambda dataset: Odd())
    monkeypatch.setattr(registry.Baseline, "of_package", True)
    with pytest.raises(DivergedError, match="popularity: 160 of 160 scores are no finite numbers.*try other settings"):
        fit_baseline(odd, small_dataset())


@pytest.mark.parametrize(
    "options",
    [
        ["--model", "mf", "--set", "lr=1e30"],
        ["--set", "finetune.lr=1e10"],
        ["--set", "finetune.lr=1e10", "--no-test"],
        ["--set", "finetune.lr=1e300"],
        ["--model", "mf", "--set", "lr=1e300"],
    ],
)
def test_the_good_run_stays(folder, options, capsys):
    old = contents(folder)
    given = TYPED if "mf" not in options else TYPED[:3]
    assert main(["train", *given, *options, "--epochs", "1", "--overwrite", "--out", str(folder)]) == 1
    assert "lr" in capsys.readouterr().err
    assert contents(folder) == old


def test_scores_that_cannot_be_ranked_give_the_run_back(folder, monkeypatch, capsys):
    """Also where only the evaluation finds it, and where the training goes on with --resume."""
    old = contents(folder)

    def fail(*_):
        raise ScoreError("3 of 9 scores are NaN")

    monkeypatch.setattr("ramgnn.cli.train.evaluate", fail)
    assert main(["train", *TYPED, "--epochs", "1", "--overwrite", "--out", str(folder)]) == 1
    assert "is back in its place" in capsys.readouterr().err
    assert contents(folder) == old and not before.is_kept(folder)


@pytest.mark.parametrize("name", ["finetune.lr", "pretrain.lr", "pretrain.weight_decay", "finetune.scale"])
def test_settings_beyond_32_bits_are_refused_before_any_work(name):
    with pytest.raises(RamgnnError, match=rf"{name} is 1e\+38; expected a number up to 1e\+30"):
        Config().override({name: 1e38})


def test_settings_of_baselines_too():
    with pytest.raises(RamgnnError, match=r"lr is 1e\+300; expected a number up to 1e\+30: weights are 32-bit"):
        ramgnn.fit(small_dataset(), "mf", {"lr": 1e300}, progress=False)


def test_a_step_beyond_32_bits_is_told_as_divergence():
    def step(_):
        torch.ones(2).add_(torch.ones(2), alpha=1e300)

    with pytest.raises(DivergedError, match="mine: a step of epoch 1 is beyond what 32-bit numbers hold"):
        run_epochs(step, 2, name="mine", progress=False)
    with pytest.raises(RuntimeError, match="something else"):
        run_epochs(lambda _: (_ for _ in ()).throw(RuntimeError("something else")), 1, name="mine", progress=False)
