"""Composition of a neighbour with a relation, Eq. 3–5: addition, multiplication, circular correlation.

The three operators come from TransE, DistMult and HolE. The encoder sums many composed messages, so each operator
also has a form that lets the sum be taken first: `transform` both sides once, `combine` per incidence, add up, and
`restore` once per head. For correlation that is the Fourier domain, where it is a product; the other two need nothing.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

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

    For ``corr`` that is ``(..., d // 2 + 1)`` complex, the real Fourier transform; for the others nothing changes.
    """
    if operator not in OPERATORS:
        raise ValueError(f"composition is {operator!r}; expected one of {', '.join(OPERATORS)}")
    return torch.fft.rfft(x) if operator == "corr" else x


def rows(x: Tensor, index: Tensor) -> Tensor:
    """``x[index]`` for transformed embeddings, by the gather whose backward pass is fast and repeatable."""
    if not x.is_complex():
        return F.embedding(index, x)
    flat = F.embedding(index, torch.view_as_real(x).flatten(-2))
    return torch.view_as_complex(flat.unflatten(-1, (-1, 2)))


def combine(tail: Tensor, relation: Tensor, operator: str) -> Tensor:
    """Compose transformed embeddings; the result is real and may be scaled and summed before `restore`."""
    if operator == "add":
        return tail + relation
    if operator == "mult":
        return tail * relation
    return torch.view_as_real(tail.conj() * relation).flatten(-2)


def restore(x: Tensor, d: int, operator: str) -> Tensor:
    """Undo `transform` on a sum of combined embeddings: ``(..., d)``."""
    if operator != "corr":
        return x
    return torch.fft.irfft(torch.view_as_complex(x.unflatten(-1, (-1, 2)).contiguous()), n=d)
