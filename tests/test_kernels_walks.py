"""KGPolicy's compiled loops against the same in PyTorch, in value and gradient."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from ramgnn.kernels import compiled
from ramgnn.kernels.walks import leaky_logits


def by_definition(query, inner, x, candidates):
    return (query.unsqueeze(1) * F.leaky_relu(inner.unsqueeze(1) * x[candidates])).sum(2)


@given(st.integers(0, 10**6), st.sampled_from([0.1, 1.0, 10.0]))
@settings(max_examples=40, deadline=None)
def test_logits_have_the_same_values_and_gradients(seed, size):
    pytest.importorskip("numba")
    assert compiled.usable(torch.zeros(1))
    generator = torch.Generator().manual_seed(seed)
    tables = [(size * torch.randn(n, 5, generator=generator)).requires_grad_() for n in (6, 6, 9)]
    candidates, g = torch.randint(9, (6, 7), generator=generator), torch.randn(6, 7, generator=generator)

    def worth(function, *tables):
        found = function(*tables, candidates)
        return [found, *torch.autograd.grad((found * g).sum(), tables)]

    exact = worth(by_definition, *(x.detach().double().requires_grad_() for x in tables))
    for x, y in zip(worth(leaky_logits, *tables), exact, strict=True):
        torch.testing.assert_close(x.double(), y, rtol=1e-5, atol=1e-5 * max(1.0, size) ** 3)


def test_double_precision_is_left_to_pytorch_and_its_gradient_is_right():
    generator = torch.Generator().manual_seed(1)
    tables = [torch.randn(n, 3, generator=generator, dtype=torch.float64, requires_grad=True) for n in (2, 2, 4)]
    candidates = torch.tensor([[0, 1, 1], [3, 2, 0]])
    torch.testing.assert_close(leaky_logits(*tables, candidates), by_definition(*tables, candidates))
    assert torch.autograd.gradcheck(lambda *x: leaky_logits(*x, candidates), tables)
