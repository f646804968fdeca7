"""RCF's compiled loops against the same in PyTorch, in value and gradient, and the door to the compiler."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ramgnn.baselines import fitting, rcf
from ramgnn.kernels import compiled, histories
from tests.small import small_dataset

pytest.importorskip("numba")


def both_ways(monkeypatch, function):
    """What a function gives with the compiler and without."""
    monkeypatch.delenv("RAMGNN_COMPILED", raising=False)
    fast = function()
    monkeypatch.setenv("RAMGNN_COMPILED", "0")
    assert not compiled.usable(torch.zeros(1))
    return fast, function()


def test_entries_are_the_same_in_the_same_order(monkeypatch):
    data = small_dataset()
    model = rcf.RCF(data, rcf.Settings(dim=4))
    u, i = (x.reshape(-1) for x in torch.meshgrid(torch.arange(12), torch.arange(20), indexing="ij"))
    fast, slow = both_ways(monkeypatch, lambda: model.entries(u, i))
    assert len(slow.row) and (slow.value >= 0).any() and (slow.value < 0).any()
    for x, y in zip(fast, slow, strict=True):
        assert torch.equal(x, y)
    slot = slow.row * (model.n_types + 1) + slow.type
    assert (slot.diff() >= 0).all()


@given(st.integers(0, 10**6), st.sampled_from([0.1, 1.0, 6.0]))
@settings(max_examples=40, deadline=None)
def test_logits_and_sums_have_the_same_values_and_gradients(seed, size):
    assert compiled.usable(torch.zeros(1))
    generator = torch.Generator().manual_seed(seed)
    n, width, e = (7, 5, 60)

    def table(*shape):
        return (size * torch.randn(*shape, generator=generator)).clamp(-13, 13).requires_grad_()

    def drawn(most):
        return torch.randint(most, (e,), generator=generator)

    tables = [table(n, width), table(n, width), table(4, width), table(3, width)]
    q, g, slots = table(n, 6), torch.randn(9, 6, generator=generator), drawn(9).sort()[0]
    i, j, t = drawn(n), drawn(n), drawn(3)
    v = torch.where(t == 0, -1, drawn(4))

    def worth(q, g, *tables):
        a = histories.logits(*tables, i, j, v, t)
        sums = histories.weighted_sums(a.tanh(), q, j, slots, 9)
        return [a, sums, *torch.autograd.grad((sums * g).sum(), [*tables, q])]

    fast = worth(q, g, *tables)
    exact = worth(*(x.detach().double().requires_grad_() for x in (q, g, *tables)))  # double is left to PyTorch
    for x, y in zip(fast, exact, strict=True):  # gradients are sums of products of two of the tables' numbers
        torch.testing.assert_close(x.double(), y, rtol=1e-5, atol=5e-5 * max(1.0, size) ** 2)


def test_large_inputs_are_left_to_pytorch():
    """A product of exponentials would overflow there, and the logit is finite."""
    one = torch.zeros(1, dtype=torch.int64)
    a, w = torch.full((1, 2), 60.0, requires_grad=True), torch.ones(2, 2)
    b = torch.full((1, 2), -60.5)
    found = histories.logits(a, b, torch.zeros(1, 2), w, one, one, one - 1, one)
    torch.testing.assert_close(found, 2 * torch.tensor([-0.5]).tanh())


def test_double_precision_is_left_to_pytorch_and_its_gradient_is_right():
    generator = torch.Generator().manual_seed(1)
    tables = [torch.randn(3, 2, generator=generator, dtype=torch.float64, requires_grad=True) for _ in range(4)]
    e = torch.tensor([0, 1, 2, 1])
    v = torch.tensor([-1, 0, 2, 1])
    assert torch.autograd.gradcheck(lambda *x: histories.logits(*x, e, e.flip(0), v, e), tables)
    share = torch.randn(4, generator=generator, dtype=torch.float64, requires_grad=True)
    slot = torch.tensor([0, 0, 2, 2])
    assert torch.autograd.gradcheck(lambda s, q: histories.weighted_sums(s, q, e, slot, 3), (share, tables[0]))


def test_training_is_the_same_but_for_rounding(monkeypatch):
    data, chosen = small_dataset(), rcf.Settings(dim=8, attention=4, batch=16, dropout=0.2)

    def trained():
        model, generator = fitting.start(rcf.RCF, data, chosen, 3)
        losses = [model.epoch(generator) for _ in range(3)]
        model.eval()
        return torch.tensor(losses), model(np.arange(data.n_users))

    fast, slow = both_ways(monkeypatch, trained)
    for x, y in zip(fast, slow, strict=True):
        torch.testing.assert_close(x, y, rtol=1e-3, atol=1e-4)


def test_without_the_compiler_nothing_is_compiled(monkeypatch):
    monkeypatch.setattr(compiled, "installed", lambda: False)
    assert not compiled.usable(torch.zeros(1))


def test_shares_of_the_whole_catalogue_are_the_same(monkeypatch):
    generator = torch.Generator().manual_seed(4)
    tables, rows = torch.rand(3, 6, 9, generator=generator), torch.tensor([4, 0, 5])
    gamma, empty = torch.rand(3, generator=generator), torch.rand(9, 3, generator=generator)
    totals = tables[:, rows].sum(1) + empty.T
    expected = (tables[:, rows] * (gamma[:, None] * totals**-0.4)[:, None]).sum(0)
    for found in both_ways(monkeypatch, lambda: histories.shares(tables, rows, gamma, empty, 0.4)):
        torch.testing.assert_close(found, expected)
