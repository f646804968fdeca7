"""Times that are numbers: seconds or parts of them since 1970, dates without separators, or an order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from ramgnn.advice import option
from ramgnn.datasets.frames import dates, undivided
from ramgnn.datasets.frames.distinct import Distinct
from ramgnn.errors import DataError

UNITS = {"seconds": 1, "milliseconds": 10**3, "microseconds": 10**6, "nanoseconds": 10**9, "order": 0}
ORDER = "numbers that say what came first"
# an integer this large is a time since 1970 and not a place in a sequence: 10^8 s is March 1973
FROM = undivided.FROM
EARLIEST = {"seconds": FROM, "milliseconds": FROM, "microseconds": 789 * 10**6, "nanoseconds": 789 * 10**6}
GAP = 4  # two neighbouring times of one unit are never this far apart in ratio, where the larger one is after 1973
BEYOND = 2.0**63
ROUNDED = "a spreadsheet has rounded the numbers: export the column as whole numbers"
RARE = 0.1  # of the rows: as many may be round by chance


def of_numbers(
    cells: Distinct, numbers: np.ndarray, time_format: str | None, notes: list[str]
) -> tuple[np.ndarray, str]:
    """Times of a column that holds numbers only.

    Args:
        cells: the ``k`` different texts.
        numbers: ``(k,)`` the same as int64, uint64 or float64.
        time_format: one of `UNITS`, or None to find out.
        notes: a doubt is added here.

    Returns:
        ``(k,)`` int64 seconds since 1970 or, for an order, ranks; and what they were taken for, in words.

    Raises:
        DataError: a number is too large, the numbers are of several units, or not of our time.
    """
    if (beyond := np.abs(numbers.astype(np.float64)) >= BEYOND).any():
        raise dates.no_time(cells, beyond, "mend the cell: the number is 2^63 or more, beyond every unit of time")
    if numbers.dtype.kind == "f" and (numbers == np.floor(numbers)).all():
        numbers = numbers.astype(np.int64)
    if time_format is not None:
        return _given(cells, numbers, time_format)
    _check_rounded(cells, numbers)
    date = undivided.of_eight_and_more(cells, numbers) or undivided.of_other_forms(cells, numbers, notes)
    if date is not None:
        return date
    if numbers.max() >= FROM:
        _check_gaps(cells, numbers)
        if numbers.min() >= FROM:
            return _since_1970(cells, numbers)
    return _order(cells, numbers)


def are_seconds(numbers: pd.Series) -> bool:
    """Whether integers are plainly seconds since 1970, which need not be looked at one by one."""
    low, high = numbers.min(), numbers.max()
    in_range = bool(numbers.notna().all() and low >= FROM and high < min(dates.next_year(), GAP * int(low)))
    return in_range and not undivided.may_be_dates(numbers.to_numpy())


# ---- since 1970


def _since_1970(cells: Distinct, numbers: np.ndarray) -> tuple[np.ndarray, str]:
    """Numbers of one unit that is found by their size."""
    end = dates.next_year()
    for unit in ("seconds", "milliseconds", "microseconds", "nanoseconds"):
        low, high = EARLIEST[unit] * UNITS[unit], end * UNITS[unit]
        if low <= numbers.min() and numbers.max() < high:
            return _whole_seconds(numbers, UNITS[unit]), f"{unit} since 1970"
    # the unit that most rows fit, to say which do not
    fits = {
        unit: (numbers >= EARLIEST[unit] * scale) & (numbers < end * scale)
        for unit, scale in UNITS.items()
        if unit != "order"
    }
    unit = max(fits, key=lambda name: cells.counts[fits[name]].sum())
    if not fits[unit].any():
        unit = "seconds"
    raise _of_another_size(cells, ~fits[unit], f"as {unit} since 1970 it is not between 1970 and the end of next year")


def has_gaps(numbers: np.ndarray) -> bool:
    """Whether some times are so far from the others that they are of another unit, or were cut off."""
    return len(_gaps(np.sort(numbers))) > 0


def _gaps(order: np.ndarray) -> np.ndarray:
    """The places in a sorted array behind which there is a gap."""
    low, high = np.maximum(order[:-1].astype(np.float64), 1), order[1:].astype(np.float64)
    return np.flatnonzero((high >= FROM) & (high >= GAP * low))


def _check_gaps(cells: Distinct, numbers: np.ndarray) -> None:
    """Refuse numbers of several units, and one that was cut off: they are too far from the others."""
    order = np.sort(numbers)
    if not len(gaps := _gaps(order)):
        return
    group = np.searchsorted(order[gaps + 1], numbers, side="right")  # which of the groups between gaps
    rows = np.bincount(group, weights=cells.counts)
    most = len(rows) - 1 - np.argmax(rows[::-1])  # of two equal groups the larger numbers: the others may be cut off
    typical = cells.text[np.argmax(group == most)]
    raise _of_another_size(
        cells, group != most, f"most are like {typical}: a mixture of units, or a number that was cut off"
    )


def _of_another_size(cells: Distinct, odd: np.ndarray, why: str) -> DataError:
    places = cells.places_of(odd)
    several = f"{len(places):,} times do" if len(places) > 1 else "a time does"
    return DataError(
        f"{several} not fit: {cells.show(odd)}; {why}",
        expected="one unit for the whole column, and times from 1970 to next year",
        fix=f"mend or remove the {cells.origin.unit}{'s' if len(places) > 1 else ''}, say what the numbers are with "
        f"{option('time_format', 'seconds')} (or milliseconds, microseconds, order, %Y%m%d, …), or name another "
        f"{option('time_column')}",
        **cells.origin.at(places[0]),
    )


def _check_rounded(cells: Distinct, numbers: np.ndarray) -> None:
    """Refuse numbers that a spreadsheet has rounded."""
    if (wrong := rounded(cells.text, numbers, cells.counts)).any():
        raise dates.no_time(cells, wrong, ROUNDED)


def rounded(texts: Sequence[str], numbers: np.ndarray, counts: np.ndarray | int = 1) -> np.ndarray:
    """Which numbers a spreadsheet has rounded: ``1.5E+09`` stands for a range of weeks.

    R writes 1.5e+09 for a second that has all these zeros, which is rare; so these are a share of all rows.

    Args:
        texts: ``(k,)`` what stands in the cells.
        numbers: ``(k,)`` the same as numbers, NaN for what is none.
        counts: in how many rows each stands.

    Returns:
        ``(k,)`` bool.
    """
    few = np.zeros(len(texts), dtype=bool)
    with_powers = np.array(["e" in text.lower() for text in texts], dtype=bool)
    largest = np.max(numbers, initial=0, where=np.isfinite(numbers))
    if not with_powers.any() or largest < FROM:
        return few
    parts = pd.Series(texts, dtype=object).str.extract(r"^[+-]?\d(?:\.(\d+))?[eE]\+?(\d+)$")
    steps = parts[1].astype(float) - parts[0].fillna("").str.len()
    # fewer digits than seconds have
    few = with_powers & (steps > np.floor(np.log10(largest)) - 8).to_numpy(dtype=bool)
    rows = np.broadcast_to(counts, len(texts))
    return few if rows[few].sum() > RARE * rows.sum() else np.zeros(len(texts), dtype=bool)


def _given(cells: Distinct, numbers: np.ndarray, unit: str) -> tuple[np.ndarray, str]:
    """Numbers of the unit that was given."""
    if unit == "order":
        return _order(cells, numbers)
    values = _whole_seconds(numbers, UNITS[unit])
    if (far := np.abs(values) >= dates.FAR).any():
        raise dates.no_time(cells, far, f"mend the cell, or give another unit than {option('time_format', unit)}")
    return values, f"{unit} since 1970"


def _whole_seconds(numbers: np.ndarray, scale: int) -> np.ndarray:
    return np.floor_divide(numbers, scale).astype(np.int64)


# ---- others


def _order(cells: Distinct, numbers: np.ndarray) -> tuple[np.ndarray, str]:
    """Numbers that only say what came first."""
    ranks = pd.Series(numbers).rank(method="dense").to_numpy(np.int64)
    year = datetime.now(UTC).year + 1
    if numbers.dtype.kind != "f" and numbers.min() >= 1900 and numbers.max() <= year:
        return ranks, f"{ORDER}, years such as {cells.text[0]}; of one year nothing says what came first"
    return (
        ranks,
        f"{ORDER}, such as {cells.text[0]}; {option('time_format', 'seconds')} would take them as seconds since 1970",
    )
