"""Composition of a neighbour with a relation, Eq. 3–5: addition, multiplication, circular correlation.

The three operators come from TransE, DistMult and HolE. The encoder sums many composed messages, so each operator
also has a form that lets the sum be taken first: `transform` both sides once, `combine` per incidence, add up, and
`restore` once per head. For correlation that is the Fourier domain, where it is a product; the other two need nothing.
"""

from __future__ import annotations

import torch
from torch import Tensor

OPERATORS = ("add", "mult", "corr")


def compose(tail: Tensor, relation: Tensor, operator: str) -> Tensor:
    """φ(e_j, e_n), Eq. 5.

    Args:
        tail: ``(..., d)`` embeddings e_j of the tail nodes.
        relation: ``(..., d)`` embeddings e_n of the relations.
        operator: ``"add"`` e_j + e_n, ``"mult"`` e_j * e_n, or ``"corr"`` e_j ⋆ e_n, whose entry k is the sum over i
            of e_j[i] · e_n[(i + k) mod d].

    Returns:
        ``(..., d)``.
    """
    d = tail.shape[-1]
    return restore(combine(transform(tail, operator), transform(relation, operator), operator), d, operator)


def transform(x: Tensor, operator: str) -> Tensor:
    """Bring ``(..., d)`` embeddings into the domain in which `combine` is entrywise.

    For ``corr`` that is the real Fourier transform, ``(..., 2 * (d // 2 + 1))``: real and imaginary part of each
    frequency next to each other. For the others nothing changes.
    """
    if operator not in OPERATORS:
        raise ValueError(f"composition is {operator!r}; expected one of {', '.join(OPERATORS)}")
    if operator != "corr":
        return x
    if len(x) == 0:  # some Fourier libraries refuse nothing at all
        return x.new_zeros(0, 2 * (x.shape[-1] // 2 + 1))
    return torch.view_as_real(torch.fft.rfft(x)).flatten(-2)


def transform_backward(gradient: Tensor, d: int, operator: str) -> Tensor:
    """The gradient towards ``(n, d)`` embeddings from that of what `transform` made of them.

    The frequencies 1 to (d - 1) / 2 stand for two each in the inverse transform, and for one each in the gradient.
    """
    if operator != "corr":
        return gradient
    if len(gradient) == 0:
        return gradient.new_zeros(0, d)
    spectrum = torch.view_as_complex(gradient.unflatten(-1, (-1, 2)).contiguous())
    spectrum[..., 1 : (d + 1) // 2] /= 2
    return torch.fft.irfft(spectrum, n=d, norm="forward")


def combine(tail: Tensor, relation: Tensor, operator: str) -> Tensor:
    """Compose transformed embeddings ``(..., c)``; the result may be scaled and summed before `restore`."""
    if operator == "add":
        return tail + relation
    if operator == "mult":
        return tail * relation
    x, y = (torch.view_as_complex(v.unflatten(-1, (-1, 2))) for v in (tail, relation))
    return torch.view_as_real(x.conj() * y).flatten(-2)


def combine_backward(gradient: Tensor, tail: Tensor, relation: Tensor, operator: str) -> tuple[Tensor, Tensor]:
    """The gradients of `combine` towards both sides, from that of its result; all real, ``(m, c)``."""
    if operator == "add":
        return gradient, gradient
    if operator == "mult":
        return gradient * relation, gradient * tail
    g, x, y = (torch.view_as_complex(v.unflatten(-1, (-1, 2))) for v in (gradient, tail, relation))
    # of conj(x)·y: towards x it is conj(g)·y, towards y it is g·x
    return torch.view_as_real(g.conj_physical().mul_(y)).flatten(-2), torch.view_as_real(g * x).flatten(-2)


def restore(x: Tensor, d: int, operator: str) -> Tensor:
    """Undo `transform` on a sum of combined embeddings: ``(..., d)``."""
    if operator != "corr":
        return x
    return torch.fft.irfft(torch.view_as_complex(x.unflatten(-1, (-1, 2)).contiguous()), n=d)
