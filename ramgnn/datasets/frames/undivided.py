"""Dates written as one number: 20170714, 14072017, 311223, 122023 or 12.2023, and how sure it is that they are dates.

Few plain numbers happen to be dates: where all are, they are dates, unless there are so few that it may be chance.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from ramgnn.advice import option
from ramgnn.datasets.frames import dates
from ramgnn.datasets.frames.distinct import Distinct
from ramgnn.datasets.frames.notes import Note

YEAR_FIRST = {8: "%Y%m%d", 10: "%Y%m%d%H", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
WORDS = {"%Y": "year", "%y": "year", "%m": "month", "%d": "day", "%H": "hour", "%M": "minute", "%S": "second"}
PARTS = ("%Y", "%m", "%d", "%H", "%M", "%S")
CLOCKS = ("", "%H", "%H%M", "%H%M%S")
# other forms than those of 8 digits; those with all digits of the year win: read with two, 122023 is a 20th December
FULL = ("%m%Y", "%Y%m", "%Y%d%m", *(f"{day}%Y{clock}" for day in ("%d%m", "%m%d") for clock in CLOCKS[1:]))
SHORT = ("%m%y", "%y%m", *(day + clock for day in ("%d%m%y", "%m%d%y", "%y%m%d") for clock in CLOCKS))
# decimals: what they look like, and how many of those of that length are dates
DECIMALS = {
    "%m.%Y": (re.compile(r"0?(?P<m>\d{1,2})\.(?P<Y>(?:19|20)\d{0,2}|2)"), 0.01),
    "%Y.%m": (re.compile(r"(?P<Y>\d{4})\.(?P<m>\d{1,2})"), 0.12),
    "%d.%m": (re.compile(r"(?P<d>\d{1,2})\.(?P<m>\d{1,2})"), 0.12),
}
FROM = 10**8  # from here on a number that is no date would be a time since 1970
SURE, LIKELY = 1e-3, 0.05  # the chance that plain numbers are all dates, below which they are, or may be
SECONDS = 1000  # so many times more often numbers are seconds of this century than such dates with two digits a year
MOST = 0.9  # of the rows; the others are then mistakes
DRAWN = 4_000  # numbers that tell how many are dates by chance
SAMPLE = 1_000  # numbers that are looked at where all are plainly seconds otherwise

Reading = tuple[np.ndarray, np.ndarray]  # which of the numbers are dates, and these in seconds since 1970


def of_eight_and_more(cells: Distinct, numbers: np.ndarray) -> tuple[np.ndarray, str] | None:
    """Dates with day, month and all digits of the year (20170714, 14072017, 20170714123000), or None.

    Raises:
        DataError: most are such dates and others are not, or day and month cannot be told apart.
    """
    if numbers.dtype.kind == "f" or numbers.min() < 0 and numbers.max() < 10**7:
        return None
    share = {form: _divided(numbers, form) for form in (*YEAR_FIRST.values(), "%d%m%Y", "%m%d%Y")}
    rows = {form: cells.counts[valid].sum() for form, (valid, _) in share.items()}
    form = max(rows, key=lambda name: rows[name])
    valid, values = share[form]
    if rows[form] * 2 <= len(cells.codes) or (valid.sum() < 2 and not valid.all()):
        return None
    if not valid.all():
        raise dates.no_time(cells, ~valid, f"mend the cell (most are {_in_words(form)})")
    day_first, month_first = share["%d%m%Y"], share["%m%d%Y"]
    if day_first[0].all() and month_first[0].all() and (day_first[1] != month_first[1]).any():
        raise dates.ambiguous(cells, day_first[1], month_first[1], ("%d%m%Y", "%m%d%Y"))
    return values, _in_words(form)


def of_other_forms(cells: Distinct, numbers: np.ndarray, notes: list[str]) -> tuple[np.ndarray, str] | None:
    """Dates in another form, or None; where they may be dates or plain numbers, that is a doubt in the notes.

    Numbers whose order is that of the dates may stay numbers: 230714 comes before 240101 either way. So a counter,
    which moves in its last digits, is left alone.

    Args:
        cells: the ``k`` different texts.
        numbers: ``(k,)`` the same as int64, uint64 or float64.
        notes: a doubt is added here.

    Raises:
        DataError: they are dates and a few are none, or they can be read in two ways.
    """
    if numbers.dtype.kind == "f":
        return _of_decimals(cells, numbers, notes)
    if numbers.min() < 0 or numbers.max() >= 10**14:
        return None
    tiers = [{form: _divided(numbers, form) for form in forms} for forms in (FULL, SHORT)]
    for readings in tiers:
        if fitting := {form: values for form, (valid, values) in readings.items() if valid.all()}:
            if not any(_matters(numbers, values) for values in fitting.values()):
                return None
            chance = _share_by_chance(numbers, tuple(fitting)) ** len(numbers)
            chance *= SECONDS if readings is tiers[1] and _may_be_seconds(numbers) else 1
            return _decided(cells, numbers, fitting, chance, notes)
    for form, (valid, values) in (tiers[0] | tiers[1]).items():
        n, gone = len(numbers), int((~valid).sum())
        if cells.counts[valid].sum() < MOST * len(cells.codes) or not _matters(numbers[valid], values[valid]):
            continue
        if math.comb(n, gone) * _share_by_chance(numbers[valid], (form,)) ** (n - gone) < SURE:
            fix = f"mend the cell (most are {_in_words(form)}), or pass {option('time_format', 'order')} if they are"
            raise dates.no_time(cells, ~valid, f"{fix} numbers that grow with time")
    return None


def may_be_dates(numbers: np.ndarray) -> bool:
    """Whether the first of some integers, which may be seconds since 1970, are all dates of another form."""
    some = np.unique(numbers[:SAMPLE])
    return any(_divided(some, form)[0].all() for form in (*YEAR_FIRST.values(), *FULL, *SHORT))


# ---- how sure it is


def _decided(
    cells: Distinct, numbers: np.ndarray, fitting: dict[str, np.ndarray], chance: float, notes: list[str]
) -> tuple[np.ndarray, str] | None:
    """The one reading of numbers that are all dates, where it is hardly by chance that they are.

    Raises:
        DataError: there are two readings.
    """
    if chance >= LIKELY:
        return None
    forms = list(fitting)
    first = next(form for form in forms if _matters(numbers, fitting[form]))
    others = [form for form in forms if (fitting[form] != fitting[first]).any()]
    if chance >= SURE:
        code = int(np.argmax(numbers))
        like = f"{cells.text[code]} as {str(np.datetime64(int(fitting[first][code]), 's'))[:10]}"
        ways = " or ".join(option("time_format", form) for form in [first, *others])
        as_numbers = "order" if numbers.min() < FROM else "seconds" if numbers.max() < 10**11 else "milliseconds"
        notes.append(
            Note(
                f"times of {cells.origin.name} were read as plain numbers, but all of them may be dates ({like}): pass "
                f"{ways} if they are, or {option('time_format', as_numbers)} if they are not",
                doubt=True,
            )
        )
        return None
    if others:
        raise dates.ambiguous(cells, fitting[first], fitting[others[0]], (first, *others, "order"))
    return fitting[first], f"{_in_words(first)} ({option('time_format', 'order')} would take them as plain numbers)"


def _matters(numbers: np.ndarray, values: np.ndarray) -> bool:
    """Whether it makes a difference that some numbers are dates: their order is another, or they would be seconds."""
    if len(numbers) and numbers.min() >= FROM:
        return True
    ranks = (np.unique(some, return_inverse=True)[1] for some in (numbers, values))
    return not np.array_equal(*ranks)


def _may_be_seconds(numbers: np.ndarray) -> bool:
    """Whether all could be seconds since 1970 of this century, and none in the future."""
    return bool(numbers.min() >= 10**9 and numbers.max() <= datetime.now(UTC).timestamp())


def _share_by_chance(numbers: np.ndarray, forms: tuple[str, ...]) -> float:
    """The share of all numbers between the least and the largest that are dates of one of these forms."""
    low, high = int(numbers.min()), int(numbers.max())
    if low == high:  # of one number, among those with as many digits
        low, high = 10 ** (len(str(low)) - 1), 10 ** len(str(low))
    drawn = np.random.default_rng(0).integers(low, high, DRAWN, endpoint=True)
    valid = np.any([_divided(drawn, form)[0] for form in forms], axis=0)
    return max(int(valid.sum()), 1) / DRAWN


# ---- digits


def _divided(numbers: np.ndarray, form: str) -> Reading:
    """Which numbers are dates of that form, ``(k,)`` bool, and the dates in seconds, ``(k,)``."""
    codes = [form[i : i + 2] for i in range(0, len(form), 2)]
    digits = sum(4 if code == "%Y" else 2 for code in codes)
    # a day or month may have lost its leading zero; of years such as 00 too, where not all are so short
    lowest = {"%Y": 10 ** (digits - 1), "%y": 1}.get(codes[0], 10 ** (digits - 2))
    fits = (numbers >= lowest) & (numbers < 10**digits) & (numbers.max() >= 10 ** (digits - 2))
    rest, parts = np.where(fits, numbers, 0).astype(np.int64), {}
    for code in reversed(codes):
        rest, parts[code] = np.divmod(rest, 10**4 if code == "%Y" else 100)
    last = datetime.now(UTC).year + 1
    if (short := parts.pop("%y", None)) is not None:
        parts["%Y"] = np.where(short < 70, short + 2000, short + 1900)
    zero, one = np.zeros(len(numbers), np.int64), np.ones(len(numbers), np.int64)
    default = {"%m": one, "%d": one}
    valid, values = dates.of_parts(*(parts.get(code, default.get(code, zero)) for code in PARTS))
    first, last = (1900, 2100) if form in YEAR_FIRST.values() else (1970, last)
    return fits & valid & (parts["%Y"] >= first) & (parts["%Y"] <= last), values


def _in_words(form: str) -> str:
    return ", ".join(WORDS[code] for code in re.findall("%.", form))


# ---- decimals


def _of_decimals(cells: Distinct, numbers: np.ndarray, notes: list[str]) -> tuple[np.ndarray, str] | None:
    """Months such as 12.2023 and 2024.1, by their text: as numbers, 2024.1 and 2024.10 would be one.

    Raises:
        DataError: January and October cannot be told apart.
    """
    text = pd.Series(cells.text, dtype=object)
    for form, (pattern, share) in DECIMALS.items():
        found = text.str.extract(f"^{pattern.pattern}$")
        if found.isna().any(axis=None):
            continue
        zero = np.zeros(len(text), np.int64)
        year = found["Y"].str.ljust(4, "0").astype(np.int64).to_numpy() if "Y" in found else zero + 2000  # a leap year
        day = found["d"].astype(np.int64).to_numpy() if "d" in found else zero + 1
        behind = form.endswith("%m")  # where a 0 may have been lost, so that .1 is October
        written = found["m"]
        padded = behind and written.str.startswith("0").any()
        months = (written.str.ljust(2, "0") if padded else written).astype(np.int64).to_numpy()
        valid, values = dates.of_parts(year, months, day, zero, zero, zero)
        if not valid.all() or (year < 1970).any() or (year > datetime.now(UTC).year + 1).any():
            continue
        plain = share ** len(numbers)
        october = behind and not padded and (written == "1").any() and not (written == "10").any()
        if not october and not _matters(numbers, values):
            return None
        if form == "%d.%m":  # without a year there is no form to pass
            if plain < LIKELY:
                notes.append(
                    Note(
                        f"times of {cells.origin.name} were read as plain numbers, but all of them may be a day and a "
                        f"month, such as {cells.text[0]}: write them with the year, such as 2024-05-01, or pass "
                        f"{option('time_format', 'order')} if they are numbers",
                        doubt=True,
                    )
                )
            return None
        if october:
            if plain >= LIKELY:
                return None
            one = (written == "1").to_numpy()
            fix = f"write {cells.text[np.argmax(one)]} as a month of two digits, for it may be January or October; or"
            raise dates.no_time(cells, one, f"{fix} pass {option('time_format', form)} if it is January")
        return _decided(cells, numbers, {form: values}, plain, notes)
    return None
