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
    r"""The composition of a neighbour with the relation that it is a neighbour by: what a message says, before weights.

    .. math:: e_i = \varphi(e_j, e_t, e_v) \tag{3}
    .. math:: e_i = \varphi(e_j, e_n), \quad \text{which is } e_j + e_n,\; e_j * e_n \text{ or } e_j \star e_n \tag{5}
    .. math:: (e_j \star e_n)_k = \sum_{m=0}^{d-1} e_{j,m}\, e_{n,\,(k + m) \bmod d}

    Args:
        tail: ``(..., d)`` embeddings e_j of the tail nodes.
        relation: ``(..., d)`` embeddings e_n of the relations.
        operator: ``"add"`` e_j + e_n, ``"mult"`` e_j * e_n entry by entry, or ``"corr"`` e_j ⋆ e_n.

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
    if x.numel() == 0:  # some Fourier libraries refuse nothing at all
        return x.new_zeros(*x.shape[:-1], 2 * (x.shape[-1] // 2 + 1))
    return torch.view_as_real(torch.fft.rfft(x)).flatten(-2)


def combine(tail: Tensor, relation: Tensor, operator: str) -> Tensor:
    """Compose transformed embeddings ``(..., c)``; the result may be scaled and summed before `restore`."""
    if operator == "add":
        return tail + relation
    if operator == "mult":
        return tail * relation
    x, y = (torch.view_as_complex(v.unflatten(-1, (-1, 2))) for v in (tail, relation))
    return torch.view_as_real(x.conj() * y).flatten(-2)


def restore(x: Tensor, d: int, operator: str) -> Tensor:
    """Undo `transform` on a sum of combined embeddings: ``(..., d)``."""
    if operator != "corr":
        return x
    if x.numel() == 0:
        return x.new_zeros(*x.shape[:-1], d)
    return torch.fft.irfft(torch.view_as_complex(x.unflatten(-1, (-1, 2)).contiguous()), n=d)
