"""Baselines without a library that runs them: whose code was read instead, and where ours differs from it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CodeRead:
    """What was read in place of a check.

    Attributes:
        model: the baseline or encoder.
        where: the authors' repository and the files in it; empty where there is none.
        read: whether it was read for this comparison.
        differences: where ours does something else.
    """

    model: str
    where: str
    read: bool
    differences: tuple[str, ...]


CODE_READ: tuple[CodeRead, ...] = ()
