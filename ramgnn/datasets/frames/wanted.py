"""Which columns of items and users become relation types: those that are named, all, or none."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ramgnn.datasets import faults
from ramgnn.datasets.frames.table import Table
from ramgnn.datasets.naming import is_none


def are_named(relations: Sequence[str] | str | None) -> bool:
    """Whether some column is named."""
    return relations is not None and not is_none(relations, ())


def relation_columns(table: Table, names: Sequence[str] | str | None, taken: Sequence[str | None]) -> tuple[str, ...]:
    """The columns that are named, or all that are neither taken nor spare nor without a name."""
    if names is None:
        taken = (*taken, *table.spare, *table.unfit)
        return tuple(c for c in table.columns if c not in taken and not re.fullmatch(r"unnamed \d+", c))
    if is_none(names, table.columns):
        return ()
    if isinstance(names, str):
        names = [names] if names in table.columns else [part.strip() for part in names.split(",") if part.strip()]
    for column in names:
        if column not in table.columns:
            hint = "pass another name, or leave it out"
            raise faults.missing_column(column, table.columns, hint, **table.origin.at_header())
        table.check_fit(column)
    return tuple(dict.fromkeys(names))
