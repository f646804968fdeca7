"""A second reader of own tables, small and apart from the package: what has to be in a data set made of them.

It knows how the file was written (separator, quotes, encoding), so it guesses nothing.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

from ramgnn.datasets.base import RecDataset
from tests.fuzz.loop import Wrong

INVISIBLE = "\ufeff\u200b\u2060\u00ad"
WHOLE = re.compile(r"(-?(?:0|[1-9][0-9]*))(\.0+)?")
DAYS = ("%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y/%m/%d", "%Y%m%d")


@dataclass
class Form:
    """How files are written: as in `ramgnn.datasets.tables.load`."""

    sep: str = ","
    encoding: str = "utf-8"
    quote: str | None = '"'
    escape: str | None = None


def rows_of(content: bytes, form: Form) -> list[list[str]] | None:
    """The header and the rows of a file; None where it is none of this form."""
    try:
        text = content.decode(form.encoding).removeprefix("\ufeff")
    except (UnicodeDecodeError, LookupError):
        return None
    options: dict[str, Any] = {"delimiter": form.sep, "escapechar": form.escape, "strict": True}
    options["skipinitialspace"] = f'{form.sep} "' in text  # such quotes are quotes, or refused
    options |= {"quoting": csv.QUOTE_NONE} if form.quote is None else {"quotechar": form.quote}
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), **options))
    except csv.Error:
        return None
    rows = [row for row in rows if row and (len(row) > 1 or row[0].strip())]
    if rows and not rows[0][-1].strip() and all(len(row) == len(rows[0]) - 1 for row in rows[1:]):
        rows[0].pop()  # a separator at the end of the header alone
    return rows


def check(
    dataset: RecDataset, tables: dict[str, list[list[str]]], columns: dict[str, str | None], options: dict[str, Any]
) -> None:
    """Do nothing when a data set is what the tables say.

    Args:
        tables: header and rows of ``rows``, ``items``, ``users``.
        columns: what is the user, item, time and title.
        options: ``unknown, duplicates, min_user, missing, split`` as they were given.

    Raises:
        Wrong: it is not.
    """
    cells = {name: [dict(zip(table[0], row, strict=True)) for row in table[1:]] for name, table in tables.items()}
    if options["unknown"] == "drop":  # a row without a time is left out
        cells["rows"] = [row for row in cells["rows"] if row[columns["time"]].strip().lower() not in NO_TIME]
    pairs = _ids(cells["rows"], [columns["user"], columns["item"]], options)
    times = _times([row[columns["time"]] for row in cells["rows"]], options.get("time_format"))
    listed = {
        side: _listed(cells[name], columns[side], options) for side, name in (("item", "items"), ("user", "users"))
    }
    _check_pairs(dataset, pairs, times, listed, options)
    _check_labels(dataset, listed["item"], columns["title"], options)
    _check_relations(dataset, "item", listed["item"])
    _check_relations(dataset, "user", listed["user"])


def _clean(text: str) -> str:
    return text.strip().strip(INVISIBLE).strip()


def _column(texts: Sequence[str]) -> list[str]:
    """Ids without spaces, and whole numbers where all are and some look like floats."""
    texts = [_clean(text) for text in texts]
    known = [text for text in texts if text.lower() not in NOTHING]
    if all(map(WHOLE.fullmatch, known)):
        return [match[1] if (match := WHOLE.fullmatch(text)) else text for text in texts]
    return texts


NO_TIME_BESIDE = {"??", "---", "–", "—", "[]", "{}", "#null!", "1.#qnan", "-1.#ind"}  # noqa: RUF001 - dashes
NOTHING = {"", "?", "-", "--", ".", "nan", "-nan", "nat", "null", "(null)", "<null>", "nil", "none", "na", "n/a", "-1",
           "#n/a", "#n/a n/a", "#na", "<na>", "undefined", "\\n"}  # fmt: skip
NO_TIME = NOTHING | NO_TIME_BESIDE  # what stands for no time


def _ids(rows: list[dict[str, str]], names: Sequence[str], options: dict[str, Any]) -> list[tuple[str, ...]]:
    return list(zip(*(_column([row[name] for row in rows]) for name in names), strict=True))


def _listed(rows: list[dict[str, str]], name: str, options: dict[str, Any]) -> dict[str, dict[str, str]]:
    """The rows of a table of items or users by id."""
    found: dict[str, dict[str, str]] = {}
    for node, row in zip(_column([row[name] for row in rows]), rows, strict=True):
        if node not in found or options["duplicates"] == "last":
            found[node] = row
    return found


def _times(texts: Sequence[str], form: str | None) -> list[Any] | None:
    """Times that can be compared; None where this reader cannot read them."""
    texts = [text.strip() for text in texts]
    if form is not None and "%" in form:
        return _parsed(texts, form)
    if form in ("dayfirst", "monthfirst"):
        return _parsed(texts, "%d/%m/%Y" if form == "dayfirst" else "%m/%d/%Y")
    try:
        part = {"milliseconds": 10**3, "microseconds": 10**6, "nanoseconds": 10**9}.get(form or "", 1)
        return [Fraction(text) // part for text in texts]  # fractions of a second are dropped
    except (ValueError, ZeroDivisionError):
        pass
    return next((times for form in DAYS if (times := _parsed(texts, form)) is not None), None)


def _parsed(texts: Sequence[str], form: str) -> list[datetime] | None:
    try:
        return [datetime.strptime(text, form).replace(tzinfo=UTC) for text in texts]
    except ValueError:
        return None


def _check_pairs(
    dataset: RecDataset,
    pairs: list[tuple[str, str]],
    times: list[Any] | None,
    listed: dict[str, dict[str, Any]],
    options: dict[str, Any],
) -> None:
    """The pairs, and the order of each user's."""
    notes = "\n".join(dataset.notes)
    kept: dict[tuple[str, str], int] = {}  # the row of each pair
    order = range(len(pairs)) if times is None else sorted(range(len(pairs)), key=lambda n: times[n])
    for n in order:
        user, item = pairs[n]
        if user not in listed["user"] or item not in listed["item"]:
            if options["unknown"] != "drop":
                raise Wrong(f"a row with an id that is not listed was accepted: {user!r} {item!r}")
            continue
        if (user, item) in kept and options["duplicates"] == "error":
            raise Wrong(f"a repeated pair was accepted: {user!r} {item!r}")
        if (user, item) not in kept or options["duplicates"] == "last":
            kept[user, item] = n
    ids = {*dataset.user_ids, *dataset.item_ids}
    words = options.get("missing") or ()
    said = {word for word in ([words] if isinstance(words, str) else words) if not str(word).isdigit()}
    nothing = {pair for pair in kept if any((x.lower() in NOTHING or x in said) and x not in ids for x in pair)}
    if nothing and (options["unknown"] != "drop" or ("left out" not in notes and "dropped" not in notes)):
        raise Wrong(f"rows without an id were accepted, or dropped without a note: {nothing}")
    kept = {pair: n for pair, n in kept.items() if pair not in nothing}
    count = Counter(user for user, _ in kept)
    expected = {pair for pair in kept if count[pair[0]] >= options["min_user"]}
    found = {
        (dataset.user_ids[user], dataset.item_ids[item])
        for part in (dataset.train, dataset.test)
        for user, item in part[["user", "item"]].itertuples(index=False)
    }
    if found != expected:
        raise Wrong(f"other pairs: lost {sorted(expected - found)[:3]}, new {sorted(found - expected)[:3]}")
    if times is None:
        return
    for user in range(dataset.n_users):
        had = [kept[dataset.user_ids[user], dataset.item_ids[item]] for item in dataset.had(user, seen=False)]
        read = [times[n] for n in had]
        if options["split"] == "last" and any(a > b for a, b in zip(read, read[1:], strict=False)):
            raise Wrong(f"another order in time of user {dataset.user_ids[user]!r}: {read}")


def _check_labels(
    dataset: RecDataset, items: dict[str, dict[str, str]], title: str | None, options: dict[str, Any]
) -> None:
    for node, label in zip(dataset.item_ids, dataset.item_labels, strict=True):
        expected = node if title is None else items[node][title].strip()
        if label != expected and not (label == node and _said_missing(expected, dataset)):
            raise Wrong(f"another title of {node!r}: {label!r}, not {expected!r}")


def _check_relations(dataset: RecDataset, side: str, rows: dict[str, dict[str, str]]) -> None:
    """Each value stands in its cell, and all that stands in a cell is a value, or was said to be missing."""
    ids = {"item": dataset.item_ids, "user": dataset.user_ids}[side]
    for relation in dataset.relations(side):
        lists = relation.lists(len(ids))
        whole = [rows[node][relation.name] for node in ids]
        if not any(_reads(cells, lists, dataset) for cells in _ways(whole)):
            shown = [(a, b) for a, b in zip(whole, lists, strict=True) if [a.strip()] != b][:3]
            raise Wrong(f"other values of {relation.name}: {shown}")


def _ways(whole: list[str]) -> list[list[list[str]]]:
    """The cells whole, and divided at each separator."""
    ways = [[[cell.strip()] for cell in whole]]
    for mark in ("|", ";", ",", "/", "、", "\n"):
        ways.append([[part.strip() for part in cell.split(mark)] for cell in whole])
    return ways


def _reads(cells: list[list[str]], lists: list[list[str]], dataset: RecDataset) -> bool:
    for cell, values in zip(cells, lists, strict=True):
        rest = list(dict.fromkeys(part for part in cell if part))
        known = [part for part in rest if part in values]
        if sorted(known) != sorted(values) or not all(_said_missing(x, dataset) for x in rest if x not in values):
            return False
    return True


def _said_missing(text: str, dataset: RecDataset) -> bool:
    return not text or any("missing" in note and (text in note or "…" in note) for note in dataset.notes)
