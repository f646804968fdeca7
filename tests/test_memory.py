"""Freed memory is kept, so that a large table does not fault page by page each time."""

from __future__ import annotations

import subprocess
import sys

import pytest

from ramgnn import memory

FAULTS = """
import resource, torch
from ramgnn import memory
if {keep}:
    assert memory.keep()
for step in range(16):
    if step == 12:  # by now the freed pieces have grown together
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    table = torch.ones(10_000_000)  # 40 MB
    del table
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(keep: bool) -> int:
    done = subprocess.run([sys.executable, "-c", FAULTS.format(keep=keep)], capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only glibc can be told")
def test_a_large_table_takes_the_memory_of_the_last_one():
    if not memory.keep():
        pytest.skip("not glibc")
    # with large pages the system faults once for 2 MiB, so the counts are compared and not fixed
    assert faults(keep=True) <= faults(keep=False) / 4


def test_other_systems_are_left_alone(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert memory.keep() is False
