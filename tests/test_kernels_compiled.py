"""The door to the compiler: there, not there, there and broken, without a place to keep what it makes."""

from __future__ import annotations

import builtins
import sys
import warnings
from pickle import UnpicklingError

import numpy as np
import pytest
import torch

from ramgnn.cli import streams
from ramgnn.kernels import compiled, sliding, windows
from ramgnn.kernels.window_lists import Operands
from tests.small import random_graph


@pytest.fixture
def asked(monkeypatch):
    """Windows that would slide, and what is asked of them; the compiler is looked for anew."""
    monkeypatch.delenv("RAMGNN_COMPILED", raising=False)
    monkeypatch.setattr(sliding, "LEAST", 0)
    forget = (compiled._missing, sliding._advise)
    for one in forget:
        one.cache_clear()
    graph = random_graph(30, 2, 3, 1, seed=0)
    kept = windows.nearest_windows(graph, torch.rand(30), [2, 2], "value")
    x = torch.zeros(1, 1)
    yield lambda: sliding.slides([kept.windows(0)], Operands(x, x, None, None, None, None, "add"))
    for one in forget:
        one.cache_clear()


def without(monkeypatch, error):
    monkeypatch.delitem(sys.modules, "numba", raising=False)
    real = builtins.__import__

    def refuse(name, *rest):
        if name == "numba":
            raise error
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", refuse)


def test_without_a_compiler_it_goes_by_lists_and_says_so_once(monkeypatch, asked, recwarn):
    without(monkeypatch, ModuleNotFoundError("No module named 'numba'"))
    monkeypatch.setattr(compiled.importlib.util, "find_spec", lambda name: None)
    assert not asked() and not asked()
    assert [str(w.message) for w in recwarn] == [
        "on graphs of this size training is faster with a compiler: pip install 'ramgnn[fast]'"
    ]


def test_one_that_does_not_load_is_none_and_the_reason_is_told(monkeypatch, asked):
    without(monkeypatch, ImportError("Numba needs NumPy 2.3 or less. Got NumPy 9.9."))
    monkeypatch.setattr(compiled.importlib.util, "find_spec", lambda name: object())
    with pytest.warns(UserWarning, match="does not load \\(Numba needs NumPy 2.3 or less"):
        assert not asked()
    assert not compiled.usable(torch.zeros(1))


def test_who_switches_it_off_gets_no_advice(monkeypatch, asked, recwarn):
    without(monkeypatch, ModuleNotFoundError("No module named 'numba'"))
    monkeypatch.setenv("RAMGNN_COMPILED", "0")
    assert not asked() and not len(recwarn)


@pytest.mark.parametrize(
    "error",
    [OSError(28, "No space left on device"), RuntimeError("cannot cache function"), EOFError(), UnpicklingError("cut")],
    ids=lambda error: type(error).__name__,
)
def test_a_loop_runs_where_nothing_can_be_kept(monkeypatch, error):
    numba = pytest.importorskip("numba")
    real = numba.njit

    def full(*function, cache=False, **options):
        def save(*arrays):
            raise error

        return save if cache else real(*function, **options)

    monkeypatch.setattr(numba, "njit", full)

    @compiled.compiled
    def add_one(x):
        x[0] += 1

    x = np.zeros(1)
    add_one(x)
    add_one(x)
    assert x[0] == 2


def test_on_the_shell_it_is_a_line_like_others(monkeypatch, capsys, asked):
    """No file, no line number, no code; of several processes one says it, and what others warn of stays as it is."""
    without(monkeypatch, ModuleNotFoundError("No module named 'numba'"))
    seen = []
    monkeypatch.setattr(warnings, "showwarning", lambda message, *rest: seen.append(str(message)))
    with streams.warnings_in_words():
        assert not asked()
        monkeypatch.setenv("RANK", "1")
        sliding._advise.cache_clear()
        assert not asked()
        warnings.warn("of somebody else", stacklevel=1)
    told = capsys.readouterr().err
    assert told.startswith("ramgnn: on graphs of this size") and told.count("\n") == 1
    assert seen == ["of somebody else"]
