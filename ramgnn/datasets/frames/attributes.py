"""Columns of items and users as relation types: cells become lists of values, numbers become bins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ramgnn.advice import option
from ramgnn.datasets.base import Relation
from ramgnn.datasets.faults import near
from ramgnn.datasets.frames.bins import binned, fitting_bins
from ramgnn.datasets.frames.decimals import read_numbers
from ramgnn.datasets.frames.notes import Decision, Note
from ramgnn.datasets.frames.rows import Nodes
from ramgnn.datasets.frames.values import read_values
from ramgnn.errors import DataError

MANY_NUMBERS = 50  # a column with more different numbers than this is better binned
MANY_VALUES = 20  # from here on one value that joins most nodes is rather a placeholder than a fact
MOST = 0.3  # the share of nodes that such a value joins, at least
RARE, TIMES = 0.05, 20  # or this share, and so many times as many as the next value joins


def relations(
    nodes: Nodes,
    columns: Sequence[str],
    named: bool,
    separator: str | None | Mapping[str, str | None],
    missing: frozenset[str],
    bins: Mapping[str, float | str],
    notes: list[str],
    decisions: list[Decision],
) -> tuple[Relation, ...]:
    """One relation type per column; a column whose values join no two nodes, or all, is noted.

    Args:
        nodes: the items or users.
        columns: the columns of `nodes.frame` to use.
        named: whether the user named them; those that were not and join nothing useful are left out.
        separator: between values in one cell, for all columns or for some by name.
        missing: values that are missing besides the known ones.
        bins: how columns of numbers are binned.
        notes: what was decided, what was left out, and what would be better binned, is added here.
        decisions: one for each column is added here.
    """
    kept = []
    for column in columns:
        values = read_values(nodes.frame[column], separator, missing, nodes.origin)
        notes += values.notes
        lists = values.lists
        if column in bins:
            lists = binned(lists, bins[column], column, nodes.origin, nodes.places)
        relation = Relation.from_lists(column, lists)
        complaint = _complaint(relation, len(nodes.ids))
        details = [f"{relation.n_values:,} values"] + [values.detail] * bool(values.detail)
        if complaint:
            outcome = "it stays, since it was named" if named else "it was left out"
            hint = "" if named else _hint(relation, nodes, len(nodes.frame.columns) > len(columns) + 1)
            notes.append(f"column {column!r} of {nodes.origin.name}: {complaint}; {outcome}{hint}")
            details.append(complaint)
        else:
            notes += _advice(relation, column in bins, nodes)
        if column in bins:
            details.append(f"in bins: {bins[column]}")
        role, by = "relation" if named or not complaint else "left out", "given" if named else "guessed"
        decisions.append(Decision(nodes.origin.name, column, role, by, "; ".join(details)))
        if named or not complaint:
            kept.append(relation)
    return tuple(kept)


def _hint(relation: Relation, nodes: Nodes, titled: bool) -> str:
    """What a column may be of use for all the same, none of whose values stands twice; `titled` nodes have names."""
    if relation.n_values <= MANY_NUMBERS or len(relation.nodes) > relation.n_values:
        return ""
    if not np.isnan(read_numbers(relation.labels)[0]).any():
        return f"; {option('bins', {relation.name: 'q5'})} would join numbers that are near"
    if titled or nodes.ids.name != "item":
        return ""
    return f"; {option('title_column', relation.name)} if it says what the items are called"


def _advice(relation: Relation, is_binned: bool, nodes: Nodes) -> list[str]:
    """Notes on a column of many numbers, and on a value that joins most nodes."""
    column, name, notes = relation.name, nodes.origin.name, []
    if not is_binned and relation.n_values > MANY_NUMBERS:
        numbers, comma = read_numbers(relation.labels)
        if not np.isnan(numbers).any():
            ways = " or ".join(option("bins", {column: bins}) for bins in fitting_bins(numbers))
            notes.append(
                f"column {column!r} of {name} has {relation.n_values} different numbers"
                + f", with a decimal comma such as {comma!r}" * bool(comma)
                + f"; {ways} would join neighbouring ones"
            )
    sizes = np.bincount(relation.values)
    top = int(sizes.argmax())
    most, second = sizes[top], np.partition(sizes, -2)[-2] if len(sizes) > 1 else 0
    share = most / len(nodes.ids)
    if relation.n_values >= MANY_VALUES and (share > MOST or (share > RARE and most >= TIMES * second)):
        label = relation.labels[top]
        notes.append(
            Note(
                f"the value {label!r} of column {column!r} of {name} joins {most:,} of {len(nodes.ids):,} "
                f"{nodes.ids.name or 'node'}s; if it says that nothing is known, {option('missing', [label])} makes it "
                "missing",
                doubt=True,
            )
        )
    return notes


def check_bins(bins: Mapping[str, float | str], columns: Sequence[str]) -> None:
    """Refuse bins for a column that is no relation."""
    for column in bins:
        if column not in columns:
            close = near(column, columns)
            raise DataError(
                f"there is no relation column {column!r} to bin" + (f"; did you mean {close[0]!r}?" if close else ""),
                expected=f"one of {', '.join(map(repr, columns))}",
                fix=f"name a column of numbers that is used as a relation after {option('bins')}",
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
