"""Times: seconds and smaller units since 1970, dates in many forms, or numbers that only say what came first.

Unit and form are those that fit the whole column. What fits none, or two, is refused.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd
from pandas.api import types

from ramgnn.advice import option
from ramgnn.datasets.faults import near
from ramgnn.datasets.frames import dates, instants
from ramgnn.datasets.frames.decimals import read_numbers, with_comma
from ramgnn.datasets.frames.distinct import Distinct, distinct
from ramgnn.datasets.frames.missing import are_placeholders
from ramgnn.datasets.frames.notes import Note
from ramgnn.datasets.frames.table import Origin
from ramgnn.errors import DataError


def read_times(
    column: pd.Series,
    origin: Origin,
    notes: list[str],
    *,
    time_format: str | None = None,
    missing: Collection[str] = (),
) -> tuple[np.ndarray, str]:
    """Times as int64 ``(n,)`` and their kind, ``"seconds"`` or ``"order"``.

    Dates without a zone are taken as UTC, and fractions of a second are dropped.

    Args:
        column: ``(n,)`` cells, indexed by place.
        origin: the table, for errors.
        notes: what was decided is added here.
        time_format: how they are written, as for `ramgnn.datasets.from_frames`; None finds out.
        missing: texts that stand for nothing, besides the known ones.

    Raises:
        DataError: a cell is empty or no time, or the times could be read in two ways.
    """
    if types.is_datetime64_any_dtype(column.dtype):
        if (empty := column.isna()).any():
            raise _missing_time(origin, column.index[empty].to_numpy(), "", len(column))
        seconds = dates.seconds(column)
        notes.append(_note(seconds, "dates", origin))
        return seconds, "seconds"
    if types.is_integer_dtype(column.dtype) and (gone := _no_times(column)).any():
        text = "" if column[gone].isna().any() else "-1"
        raise _missing_time(origin, column.index[gone].to_numpy(), text, len(column))
    if time_format is None and types.is_integer_dtype(column.dtype) and instants.are_seconds(column):
        seconds = column.to_numpy(np.int64)
        notes.append(_note(seconds, f"seconds since 1970, {seconds[0]} = {shown(seconds[0])}", origin))
        return seconds, "seconds"
    cells = distinct(column, origin, "time")
    gone = _gone(cells, missing)
    if gone.any():
        raise _missing_time(origin, cells.places_of(gone), cells.text[np.argmax(gone)], len(column))
    numbers = pd.to_numeric(pd.Series(cells.text, dtype=object), errors="coerce").replace([np.inf, -np.inf], np.nan)
    if numbers.isna().all() and (example := with_comma(cells.text, 1.0)):
        numbers = pd.Series(read_numbers(cells.text, 1.0)[0])
        notes.append(f"{example!r} in the times of {origin.name} is a number with a decimal comma")
    if time_format is not None and time_format not in instants.UNITS:
        values, form = dates.in_form(cells, time_format)
    elif numbers.notna().all():
        values, form = instants.of_numbers(cells, numbers.to_numpy(), time_format, notes)
    elif time_format is not None or cells.counts[numbers.notna()].sum() > len(cells.codes) / 2:
        raise dates.no_time(cells, numbers.isna().to_numpy(), "mend the cell")
    else:
        values, form = dates.of_texts(cells)
        _note_zones(cells, notes)
    if form.startswith(instants.ORDER):
        notes.append(f"times of {origin.name}: {form}")
        return values[cells.codes], "order"
    times = values[cells.codes]
    example = "" if form == "dates" else f", {cells.text[0]} = {shown(values[0])}"
    notes.append(_note(times, form + example, origin))
    return times, "seconds"


def keep_timed(
    rows: pd.DataFrame, origin: Origin, missing: Collection[str], notes: list[str]
) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """The interactions that have a time, and user and item of the others; none of them where no row has a time.

    Args:
        rows: with a column ``time``, indexed by place.
        origin: the table; missing: texts that stand for nothing, besides the known ones.
        notes: how many were left out is added here.
    """
    column = rows["time"]
    if types.is_integer_dtype(column.dtype):
        lost = _no_times(column)
    elif types.is_datetime64_any_dtype(column.dtype):
        lost = column.isna().to_numpy()
    else:
        cells = distinct(column, origin, "time")
        lost = _gone(cells, missing)[cells.codes]
    if not lost.any() or lost.all():
        return rows, None
    n, places = int(lost.sum()), rows.index[lost].to_numpy()
    have, were = ("has", "was") if n == 1 else ("have", "were")
    notes.append(
        f"{n:,} of {len(rows):,} rows of {origin.name} {have} no time and {were} left out ({origin.unit}"
        f"{'' if n == 1 else 's'} {origin.show_all(places)}); what stands there counts as had: nobody is recommended it"
    )
    return rows[~lost], rows.loc[lost, ["user", "item"]].reset_index(drop=True)


def _gone(cells: Distinct, missing: Collection[str]) -> np.ndarray:
    """Which of some different cells stand for nothing: ``(k,)`` bool."""
    gone = are_placeholders(cells.text, missing)
    if "-1" in cells.text:
        others = pd.to_numeric(pd.Series(cells.text, dtype=object)[~gone], errors="coerce")
        if others.notna().all():
            gone[~gone] = _minus_ones(others)
    return gone


def _no_times(integers: pd.Series) -> np.ndarray:
    """Which of a column of integers are no time, empty or -1: ``(n,)`` bool."""
    return _minus_ones(integers) | integers.isna().to_numpy(bool)


def _minus_ones(numbers: pd.Series) -> np.ndarray:
    """Which of some times are -1 while all others, at least two, are from 0 on: ``(n,)`` bool; these are missing."""
    found = (numbers == -1).to_numpy(dtype=bool, na_value=False)
    others = numbers[~found].dropna()
    return found if len(others) > 1 and others.min() >= 0 else np.zeros(len(found), dtype=bool)


def check_time_format(time_format: object) -> None:
    """Refuse what is no form of times.

    Raises:
        DataError: it is none.
    """
    named = (*dates.GIVEN, *instants.UNITS)
    if time_format is None or time_format in named:
        return
    problem = dates.problem_with(time_format) if isinstance(time_format, str) and "%" in time_format else ""
    if problem is not None:
        close = near(time_format, named) if isinstance(time_format, str) else []
        raise DataError(
            f"{option('time_format', time_format)} is no form of times" + f": {problem}" * bool(problem),
            expected=f"a form such as %d/%m/%Y %H:%M, or {', '.join(named)}",
            fix=f"did you mean {close[0]!r}?" if close else f"pass one of them, or leave {option('time_format')} out",
        )


def shown(seconds: int) -> str:
    """A time as one reads it, ``"2017-07-14 02:56:40"``; midnight as the day alone."""
    return str(np.datetime64(int(seconds), "s")).replace("T", " ").removesuffix(" 00:00:00")


def _note(times: np.ndarray, what: str, origin: Origin) -> Note:
    """How the times were read and how far they go."""
    late, early = bool(times.max() >= dates.next_year()), bool(times.min() < dates.FIRST)
    note = f"times of {origin.name}: {what}; from {shown(times.min())} to {shown(times.max())} (UTC)"
    note += ", which is yet to come" * late + "; the first is before 1900, as a year of two figures becomes" * early
    return Note(note, doubt=late or early)


def _note_zones(cells: Distinct, notes: list[str]) -> None:
    """Note dates some of which say their zone and others not: these count as UTC, and may be hours off."""
    with_zone = dates.have_zone(cells.text)
    if with_zone.any() and not with_zone.all():
        n, n_rows = int(cells.counts[~with_zone].sum()), len(cells.codes)
        notes.append(
            Note(
                f"{n:,} of {n_rows:,} times of {cells.origin.name} have no zone, while others have one: "
                f"{cells.show(~with_zone)} beside {cells.show(with_zone)}; those without count as UTC, so that their "
                "order may be wrong by hours: write the zone to each, or to none",
                doubt=True,
            )
        )


def _missing_time(origin: Origin, places: np.ndarray, text: str, n_rows: int) -> DataError:
    n = len(places)
    shown = f": {origin.show_all(places[1:])}"
    s = "s" if n > 2 else ""
    others = f" (here and {origin.preposition} {n - 1:,} other {origin.unit}{s}{shown})" if n > 1 else ""
    these = f"this {origin.unit}" if n == 1 else f"these {n:,} {origin.unit}s"
    drop = f", or pass {option('unknown', 'drop')} to leave out {these}" if n < n_rows else ""
    return DataError(
        ("the time is empty" if not text else f"the time is missing: {text!r}") + others,
        expected=dates.EXPECTED,
        fix=f"fill it in, {'' if drop else 'or '}remove the {origin.unit}{drop}",
        **origin.at(places[0]),
    )
