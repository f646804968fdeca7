"""Ctrl-C, wherever it falls, ends a command with 130 and without a traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from ramgnn import api, finetune, pretrain, runs, training
from ramgnn.baselines import fitting, mf
from ramgnn.cli import main, train
from ramgnn.datasets import saved
from ramgnn.datasets.source import Source
from tests.test_cli import SMALL

TOY = ["--data", "toy"]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run folder."""
    folder = str(tmp_path_factory.mktemp("runs") / "one")
    assert main(["train", *TOY, *SMALL, "--out", folder, "--quiet"]) == 0
    return folder


def interrupt(monkeypatch, module, name, call=1, sent=signal.SIGINT):
    """Send this process a signal, SIGINT as Ctrl-C does, when a function is called for the n-th time."""
    real, calls = getattr(module, name), []

    def interrupted(*arguments, **named):
        calls.append(1)
        if len(calls) == call:
            signal.raise_signal(sent)
        return real(*arguments, **named)

    monkeypatch.setattr(module, name, interrupted)


@pytest.mark.parametrize(
    ("module", "name", "call", "options"),
    [
        (Source, "load", 1, []),
        (runs, "start_run", 1, []),
        (training, "graph_of", 2, []),
        (pretrain, "step", 2, []),
        (training, "finetune_validated", 1, []),
        (training, "finetune", 1, []),
        (training, "finetune", 2, []),
        (finetune, "listwise_step", 2, []),
        (finetune, "listwise_step", 4, []),
        (train, "evaluate", 1, []),
        (runs, "save", 1, []),
        (train, "_results_table", 1, []),
        (fitting, "train", 1, ["--model", "mf", "--epochs", "9", "--set", "dim=4"]),
        (mf.MF, "epoch", 3, ["--model", "mf", "--epochs", "9", "--set", "dim=4"]),
        (api, "evaluate", 1, ["--model", "ease"]),
        (runs, "save", 1, ["--model", "ease"]),
    ],
)
def test_ctrl_c_ends_with_130_wherever_it_falls(capsys, tmp_path, monkeypatch, module, name, call, options):
    interrupt(monkeypatch, module, name, call)
    folder = tmp_path / "r"
    assert main(["train", *TOY, *(options or SMALL), "--out", str(folder), "--quiet"]) == 130
    shown = capsys.readouterr()
    assert "stopped" in shown.err and "Traceback" not in shown.err + shown.out
    if name == "epoch":
        assert f"what was reached is saved in {folder}" in shown.err
        assert api.load_run(folder).interrupted and not (folder / runs.RANKS).exists()


@pytest.mark.parametrize("command", ["evaluate", "recommend", "similar", "explain", "neighbors"])
def test_ctrl_c_in_a_question_ends_with_130(capsys, trained, monkeypatch, command):
    interrupt(monkeypatch, saved, "read")
    options = {"evaluate": [], "recommend": ["--all"], "explain": ["--user", "Ada", "--item", "Titanic (1997)"]}
    assert main([command, "--run", trained, *options.get(command, ["--item", "Titanic (1997)"])]) == 130
    assert "stopped by you" in capsys.readouterr().err


def test_ctrl_c_from_outside_ends_the_process_with_130(tmp_path):
    call = [sys.executable, "-m", "ramgnn", "train", *TOY, "--out", str(tmp_path / "r"), "--quiet"]
    process = subprocess.Popen(
        [*call, "--set", "pretrain.epochs=100000"], stderr=subprocess.PIPE, text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    while not (tmp_path / "r" / runs.CHECKPOINTS / "item.safetensors").exists() and process.poll() is None:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    assert "continue with: ramgnn train --resume" in process.communicate(timeout=60)[1]
    assert process.returncode == 130
