"""Columns of items and users as relation types: cells become lists of values, numbers become bins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ramgnn.advice import option
from ramgnn.datasets.base import Relation
from ramgnn.datasets.faults import near
from ramgnn.datasets.frames import cells
from ramgnn.datasets.frames.bins import binned, is_number
from ramgnn.datasets.frames.rows import Nodes
from ramgnn.errors import DataError

MANY_NUMBERS = 50  # a column with more different numbers than this is better binned


def relations(
    nodes: Nodes,
    columns: Sequence[str],
    named: bool,
    separator: str | None,
    bins: Mapping[str, float | str],
    notes: list[str],
) -> tuple[Relation, ...]:
    """One relation type per column; a column whose values join no two nodes, or all, is noted.

    Args:
        nodes: the items or users.
        columns: the columns of `nodes.frame` to use.
        named: whether the user named them; those that were not and join nothing useful are left out.
        separator: between values in one cell.
        bins: how columns of numbers are binned.
        notes: what was left out, and what would be better binned, is added here.
    """
    kept = []
    for column in columns:
        lists = cells.lists(nodes.frame[column], separator, nodes.origin)
        if column in bins:
            lists = binned(lists, bins[column], column, nodes.origin, nodes.places)
        relation = Relation.from_lists(column, lists)
        complaint = _complaint(relation, len(nodes.ids))
        if complaint:
            outcome = "it stays, since it was named" if named else "it was left out"
            notes.append(f"column {column!r} of {nodes.origin.name}: {complaint}; {outcome}")
        elif column not in bins and relation.n_values > MANY_NUMBERS and all(map(is_number, relation.labels)):
            notes.append(
                f"column {column!r} of {nodes.origin.name} has {relation.n_values} different numbers; "
                f"{option('bins', {column: 10})} or {option('bins', {column: 'q10'})} would join neighbouring ones"
            )
        if named or not complaint:
            kept.append(relation)
    return tuple(kept)


def check_bins(bins: Mapping[str, float | str], columns: Sequence[str]) -> None:
    """Refuse bins for a column that is no relation."""
    for column in bins:
        if column not in columns:
            close = near(column, columns)
            raise DataError(
                f"there is no relation column {column!r} to bin" + (f"; did you mean {close[0]!r}?" if close else ""),
                expected=f"one of {', '.join(map(repr, columns))}",
                fix="name a column of numbers that is used as a relation",
            )


def _complaint(relation: Relation, n_nodes: int) -> str | None:
    """Why a column says nothing about who resembles whom, or None."""
    if relation.n_values == 0:
        return "it is empty"
    sizes = np.bincount(relation.values)
    if sizes.max() == 1:
        return "no two rows share a value, so that it makes no edge"
    if relation.n_values == 1 and sizes[0] == n_nodes:
        return f"every row has the value {relation.labels[0]!r}, so that it joins everything"
    return None
