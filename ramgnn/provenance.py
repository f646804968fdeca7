"""Where a number comes from: versions, commit, machine, and how the machine rounds."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
import time
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import torch


def provenance() -> dict[str, Any]:
    """Versions, commit, machine and date; `arithmetic` is equal where the same run gives the same bits."""
    packages = ("ramgnn", "torch", "numpy", "pandas", "scipy")
    return {
        "versions": {name: _version(name) for name in packages} | {"python": platform.python_version()},
        "commit": _commit(),
        "machine": f"{_processor()}, {platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "threads": torch.get_num_threads(),
        "arithmetic": arithmetic(),
        "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


@cache
def arithmetic() -> str:
    """Eight hex digits of how this machine rounds: products, sums, exponentials and transforms, to the last bit.

    Libraries choose their vector instructions by the processor, and sums depend on the order in which they are made,
    so two machines with one name may differ. Equal digits do not prove that every run is equal, but unequal ones say
    that bits cannot be compared. Measured with one thread and the versions that are installed.
    """
    threads, generator = torch.get_num_threads(), torch.Generator().manual_seed(0)
    torch.set_num_threads(1)
    try:
        x, y = (torch.randn(193, 67, generator=generator) for _ in range(2))
        bags = torch.arange(0, 193, 7)
        results = [
            x @ y.T, (x * y).sum(0), x.exp(), x.tanh(), x.sigmoid().log(), torch.softmax(x, 1), torch.fft.rfft(x).abs(),
            torch.nn.functional.embedding_bag(torch.arange(193), x, bags, mode="sum"),
            torch.linalg.solve(x.T @ x + torch.eye(67), y.T),
        ]  # fmt: skip
    finally:
        torch.set_num_threads(threads)
    digest = hashlib.sha256(b"".join(part.numpy().tobytes() for part in results))
    numbers = x.numpy().astype(np.float64)
    digest.update(np.exp(numbers).tobytes() + numbers.sum(0).tobytes())
    return digest.hexdigest()[:8]


def _processor() -> str:
    """The name of the processor, as far as the system says."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or "unknown processor"


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _commit() -> str | None:
    """The git commit of the checkout that this package runs from, marked when files differ; None outside one.

    Stored results are not counted: an experiment changes them while it runs.
    """
    root = Path(__file__).parent.parent
    if not (root / ".git").exists():
        return None
    try:
        ask = {"cwd": root, "capture_output": True, "text": True, "timeout": 10, "check": True}
        commit = subprocess.run(["git", "rev-parse", "HEAD"], **ask).stdout.strip()
        changed = subprocess.run(
            ["git", "status", "--porcelain", "--untracked-files=no", "--", ".", ":!*/results"], **ask
        ).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None
    return commit + (" and changes" if changed else "")
