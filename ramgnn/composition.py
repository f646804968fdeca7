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
    """Bring ``(..., d)`` embeddings into the domain in which `combine` is entrywise."""
    if operator not in OPERATORS:
        raise ValueError(f"composition is {operator!r}; expected one of {', '.join(OPERATORS)}")
    return torch.view_as_real(torch.fft.rfft(x)).flatten(-2) if operator == "corr" else x


def combine(tail: Tensor, relation: Tensor, operator: str) -> Tensor:
    """Compose transformed embeddings; linear in both sides except for ``add``, which is affine in each."""
    if operator == "add":
        return tail + relation
    if operator == "mult":
        return tail * relation
    # (a - ib)(c + id) = (ac + bd) + i(ad - bc), written on interleaved pairs of reals
    a, b = tail.unflatten(-1, (-1, 2)).unbind(-1)
    c, e = relation.unflatten(-1, (-1, 2)).unbind(-1)
    return torch.stack([a * c + b * e, a * e - b * c], -1).flatten(-2)


def restore(x: Tensor, d: int, operator: str) -> Tensor:
    """Undo `transform` on a sum of combined embeddings: ``(..., d)``."""
    if operator != "corr":
        return x
    return torch.fft.irfft(torch.view_as_complex(x.unflatten(-1, (-1, 2)).contiguous()), n=d)
