"""Several processes on one run, by torchrun with gloo: the same numbers, one writer, and a clear end when one dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from ramgnn import distributed, runs
from ramgnn.cli import main

# In float64, where rounding is too small for training to blow it up, the parts must add up to the whole.
SCRIPT = """
import sys
from dataclasses import replace

import torch
from safetensors.torch import save_file

from ramgnn import distributed
from ramgnn.config import Config, FinetuneConfig
from ramgnn.training import fit
from tests.small import small_config, small_dataset

torch.set_default_dtype(torch.float64)
numbers = {}
with distributed.processes("cpu"):
    for softmax, sampler, loss, similarity in (
        ("all", "rns", "softmax", "inner"),
        ("type", "rns", "bpr", "mlp"),
        ("all", "none", "softmax", "inner"),
    ):
        pretraining = small_config(epochs=5, steps=3, softmax=softmax, sampler=sampler, similarity=similarity)
        tune = FinetuneConfig(epochs=4, every=1, batch=7, loss=loss, edge_dropout=0.2)
        config = replace(Config(), pretrain=pretraining, finetune=tune)
        result = fit(small_dataset(n_users=23, n_items=40), config, None, False)
        name = f"{softmax} {sampler} {loss}"
        numbers |= {f"{name} {x}": p for x, p in result.item.model.state_dict().items()}
        numbers[f"{name} losses"] = torch.tensor([e.loss for e in result.item.history])
        numbers[f"{name} attention"] = torch.tensor([e.attention_by_type for e in result.item.history])
        numbers[f"{name} users"], numbers[f"{name} items"] = result.final.users.clone(), result.final.items.clone()
        numbers[f"{name} validation"] = torch.tensor([e.validation for e in result.validation.history])
        numbers[f"{name} tuning"] = torch.tensor([e.loss for e in result.finetuned.history])
    if distributed.rank() == 0:
        save_file({k: x.contiguous() for k, x in numbers.items()}, sys.argv[1])
"""
ROOT = Path(__file__).parent.parent
QUIET = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}


def torchrun(n: int, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(n), *arguments]


def test_processes_add_up_to_one(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    numbers = {}
    for n in (1, 2, 3):
        out = tmp_path / f"{n}.safetensors"
        command = [sys.executable, str(script), str(out)] if n == 1 else torchrun(n, str(script), str(out))
        done = subprocess.run(command, env=QUIET, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
        numbers[n] = load_file(out)
    for n in (2, 3):
        assert numbers[n].keys() == numbers[1].keys()
        for name, x in numbers[1].items():
            assert torch.allclose(numbers[n][name], x, rtol=1e-5, atol=1e-5), f"{n} processes: {name}"


SETTINGS = ["--set", "pretrain.dim=16", "pretrain.steps=1", "finetune.epochs=4"]


def test_a_killed_worker_ends_the_run_with_a_message_and_a_checkpoint(tmp_path, capsys):
    folder = tmp_path / "run"
    train = ["-m", "ramgnn", "train", "--data", "toy", *SETTINGS, "pretrain.epochs=120", "--out", str(folder)]
    process = subprocess.Popen(
        torchrun(2, *train), env=QUIET, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    checkpoint = folder / runs.CHECKPOINTS / "item.safetensors"
    for _ in range(2400):
        if checkpoint.exists() or process.poll() is not None:
            break
        time.sleep(0.05)
    workers = children(process.pid)
    assert len(workers) == 2, process.stdout.read()
    os.kill(workers[1], signal.SIGKILL)
    text, _ = process.communicate(timeout=120)
    assert process.returncode != 0
    assert f"-m ramgnn train --resume {folder}" in text
    assert "lost another one" in text or "was told to end" in text
    assert runs.unfinished(folder)
    # one writer: a single checkpoint, whole, and it goes on, here with one process
    assert main(["train", "--resume", str(folder), "--quiet"]) == 0
    assert (folder / runs.RANKS).exists()


def children(pid: int) -> list[int]:
    """The processes that one started, oldest first."""
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return [int(x) for x in listed.stdout.split()]


def test_alone_everything_is_plain():
    x = torch.arange(3.0)
    distributed.all_reduce(x)
    assert x.tolist() == [0, 1, 2]
    assert (distributed.size(), distributed.rank()) == (1, 0)
    assert distributed.shard(7) == slice(0, 7)
    assert distributed.from_first(lambda: 2.5) == 2.5
    assert distributed.device_of("cuda") == "cuda"
    with distributed.processes("cpu"):
        assert distributed.size() == 1


@pytest.mark.parametrize("n", [0, 1, 5, 12])
def test_parts_cover_everything_once(monkeypatch, n):
    monkeypatch.setattr(distributed, "size", lambda: 3)
    seen = []
    for rank in range(3):
        monkeypatch.setattr(distributed, "rank", lambda rank=rank: rank)
        seen += list(range(n))[distributed.shard(n)]
    assert seen == list(range(n))
