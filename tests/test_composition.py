"""φ against its definition, and the transformed form against the plain one."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ramgnn.composition import OPERATORS, combine, compose, restore, transform


def by_definition(a: torch.Tensor, b: torch.Tensor, operator: str) -> torch.Tensor:
    """Entry by entry."""
    d = len(a)
    if operator == "add":
        return torch.stack([a[k] + b[k] for k in range(d)])
    if operator == "mult":
        return torch.stack([a[k] * b[k] for k in range(d)])
    return torch.stack([sum(a[i] * b[(i + k) % d] for i in range(d)) for k in range(d)])


@pytest.mark.equation(3, 5)
@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("d", [1, 2, 5, 8])
def test_compose_is_its_definition(operator, d):
    torch.manual_seed(d)
    a, b = torch.randn(2, d, dtype=torch.float64)
    assert torch.allclose(compose(a, b, operator), by_definition(a, b, operator), atol=1e-12)


def test_correlation_by_hand():
    a, b = torch.tensor([1.0, 2.0, 0.0]), torch.tensor([3.0, 4.0, 5.0])
    # k = 0: 1·3 + 2·4; k = 1: 1·4 + 2·5; k = 2: 1·5 + 2·3
    assert compose(a, b, "corr").tolist() == pytest.approx([11, 14, 11])
    assert compose(b, a, "corr").tolist() != pytest.approx([11, 14, 11])  # it does not commute


@pytest.mark.parametrize("operator", OPERATORS)
@given(n=st.integers(1, 6), d=st.integers(1, 9), seed=st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_sum_first_then_restore_equals_compose_then_sum(operator, n, d, seed):
    torch.manual_seed(seed)
    a, b = torch.randn(2, n, d, dtype=torch.float64)
    w = torch.rand(n, 1, dtype=torch.float64)
    plain = (w * compose(a, b, operator)).sum(0)
    fast = restore((w * combine(transform(a, operator), transform(b, operator), operator)).sum(0), d, operator)
    assert torch.allclose(plain, fast, atol=1e-10)


@pytest.mark.parametrize("operator", OPERATORS)
def test_gradient_against_finite_differences(operator):
    torch.manual_seed(0)
    a, b = (torch.randn(3, 5, dtype=torch.float64, requires_grad=True) for _ in range(2))
    assert torch.autograd.gradcheck(lambda a, b: compose(a, b, operator), (a, b))


def test_an_unknown_operator_is_named():
    with pytest.raises(ValueError, match="composition is 'minus'; expected one of add, mult, corr"):
        compose(torch.ones(2), torch.ones(2), "minus")


@pytest.mark.parametrize("shape", [(0,), (2, 0), (0, 3)])
@pytest.mark.parametrize("operator", OPERATORS)
def test_nothing_becomes_nothing_of_the_right_shape(operator, shape):
    spectrum = transform(torch.zeros(*shape, 6), operator)
    assert spectrum.shape == (*shape, 8 if operator == "corr" else 6)
    assert restore(spectrum, 6, operator).shape == (*shape, 6)
