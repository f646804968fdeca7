"""Times that are text: ISO dates, day/month/year in either order, names of months, with or without time and zone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from ramgnn.advice import option
from ramgnn.datasets.frames.distinct import Distinct
from ramgnn.errors import DataError

EXPECTED = "whole seconds since 1970, an ISO date (2024-05-01) or a number that grows with time"
SHORTEST = 8  # letters of a day, as in 2017-7-1
FIRST = -2_208_988_800  # seconds from 1970 back to 1900
FAR = 253_402_300_800  # seconds from 1970 to the year 10000
MONTHS = "january february march april may june july august september october november december"
MONTH_NUMBERS = {name[:end]: n for n, name in enumerate(MONTHS.split(), 1) for end in (3, None)} | {"sept": 9}

_ZONE = r"(?P<zone>Z|UTC|GMT|(?:UTC|GMT)?[+-][0-9]{2}:?[0-9]{2})(?: \([^)]*\))?"
_CLOCK = r"(?P<H>[0-9]{1,2}):(?P<M>[0-9]{2})(?::(?P<S>[0-9]{2})(?:[.,][0-9]+)?)?(?:\s*(?P<half>[AaPp])\.?[Mm]\.?)?"
_TIME = rf"(?:(?:,?\s+(?:at\s+)?|T){_CLOCK}(?:\s*{_ZONE})?)?$"
_YEAR, _DAY = r"(?P<Y>[0-9]{4})", r"(?P<d>[0-9]{1,2})"
_WEEKDAY = r"^(?:[A-Za-z]{3,9}\.?,?\s+)?"
NUMERIC = re.compile(r"^(?P<a>[0-9]{1,4})(?P<mark>[/.\-])\s?(?P<b>[0-9]{1,2})(?P=mark)\s?(?P<c>[0-9]{1,4})\.?" + _TIME)
NAMED = (
    re.compile(_WEEKDAY + _DAY + r"(?:st|nd|rd|th|\.)?[\s\-/]*(?P<name>[A-Za-z]{3,9})\.?,?[\s\-/]*" + _YEAR + _TIME),
    re.compile(_WEEKDAY + r"(?P<name>[A-Za-z]{3,9})\.?[\s\-/]+" + _DAY + r"(?:st|nd|rd|th)?,?[\s\-/]+" + _YEAR + _TIME),
    re.compile(rf"^[A-Za-z]{{3}}\s+(?P<name>[A-Za-z]{{3}})\s+{_DAY}\s+{_CLOCK}(?:\s+{_ZONE})?\s+{_YEAR}$"),
)
ZONED = re.compile(  # more than `_ZONE`, since ISO dates may say +02 and 20170714T123000Z
    r"(?::[0-9]{2}|T(?:[0-9]{2}){1,3})(?:[.,][0-9]+)?(?:\s*[AaPp]\.?[Mm]\.?)?"
    r"\s*(?:Z|UTC|GMT|(?:UTC|GMT)?[+-][0-9]{2}(?::?[0-9]{2})?)(?: \([^)]*\))?(?:\s+[0-9]{4})?$"
)
DIGITS = str.maketrans("123456789", "0" * 9)
ORDERS = {"day/month/year": "cba", "month/day/year": "cab", "year/month/day": "abc"}  # where Y, m and d stand
ORDER_CODES = {"day/month/year": "dmy", "month/day/year": "mdy", "year/month/day": "ymd"}
GIVEN = {"dayfirst": "day/month/year", "monthfirst": "month/day/year"}


def of_texts(cells: Distinct) -> tuple[np.ndarray, str]:
    """Times of a column of dates.

    Args:
        cells: the ``k`` different texts.

    Returns:
        ``(k,)`` int64 seconds since 1970, and the form in words.

    Raises:
        DataError: a text is no date, the dates have several forms, or day and month cannot be told apart.
    """
    text = pd.Series(cells.text, dtype=object)
    valid, values = _iso(text)
    forms = {"dates": (valid, values)}
    if not valid.all():
        numeric = _numeric(text)
        forms |= {order: _ordered(numeric, order) for order in ORDERS}
        forms["dates with the name of the month"] = _named(text)
    rows = {form: cells.counts[valid].sum() for form, (valid, _) in forms.items()}
    form = max(rows, key=lambda name: rows[name])
    valid, values = forms[form]
    if not valid.all():
        raise _no_date(cells, forms, form)
    if form in ORDERS:
        form = _only(cells, forms, numeric, form)
        values = forms[form][1]
        other = forms["month/day/year"]
        if form == "day/month/year" and other[0].all() and (other[1] != values).any():  # by the dots alone
            form += f" as is usual with dots ({option('time_format', 'monthfirst')} would read month/day/year)"
    _check_cut(cells)
    return values, form


def in_form(cells: Distinct, time_format: str) -> tuple[np.ndarray, str]:
    """Times written in the form that was given: ``"dayfirst"``, ``"monthfirst"`` or as for ``strptime``.

    Raises:
        DataError: a text is not in that form, or there is no such form.
    """
    text = pd.Series(cells.text, dtype=object)
    if time_format in GIVEN:
        form = GIVEN[time_format]
        valid, values = _ordered(_numeric(text), form)
    else:
        form = f"dates as {time_format}"
        valid, values = _strptime(text, time_format)
    if not valid.all():
        raise no_time(cells, ~valid, f"mend the cell, or pass another form than {option('time_format', time_format)}")
    return values, form


def problem_with(form: str) -> str | None:
    """What is wrong with a form of `strptime`, or None."""
    if not re.search("%[YyGcxs]", form):
        return "it has no year"
    try:
        pd.to_datetime(pd.Series(["-"]), format=form, errors="coerce", utc=True)
    except (ValueError, TypeError, re.error) as error:
        return str(error)
    return None


def of_parts(
    year: np.ndarray, month: np.ndarray, day: np.ndarray, hour: np.ndarray, minute: np.ndarray, second: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Which ``(k,)`` whole numbers make a time, and the times in seconds since 1970."""
    valid = (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31) & (year >= 1) & (year <= 9999)
    valid &= (hour >= 0) & (hour < 24) & (minute >= 0) & (minute < 60) & (second >= 0) & (second < 61)
    months = (np.where(valid, year, 1970) - 1970) * 12 + np.where(valid, month, 1) - 1
    dates = months.astype("datetime64[M]").astype("datetime64[D]") + (np.where(valid, day, 1) - 1)
    valid &= dates.astype("datetime64[M]").astype(np.int64) == months  # 31 April would be in May
    seconds = dates.astype("datetime64[s]").astype(np.int64)
    return valid, seconds + hour * 3600 + minute * 60 + second


def seconds(dates: pd.Series) -> np.ndarray:
    """Dates of pandas as int64 seconds since 1970; those without a zone are UTC."""
    if dates.dt.tz is not None:
        dates = dates.dt.tz_convert("UTC").dt.tz_localize(None)
    return dates.to_numpy().astype("datetime64[s]").astype(np.int64)


def have_zone(texts: np.ndarray) -> np.ndarray:
    """Which of some dates say their zone behind the time of day: ``(k,)`` bool."""
    found = pd.Series(texts, dtype=object).str.contains(ZONED)
    return found.to_numpy(dtype=bool)


def next_year() -> int:
    """The first second after the end of next year: no interaction is later."""
    return int(datetime(datetime.now(UTC).year + 2, 1, 1, tzinfo=UTC).timestamp())


# ---- the forms


def _iso(text: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """ISO dates, also with slashes or dots; years from 1900 to 2100."""
    dates = pd.to_datetime(text, format="ISO8601", errors="coerce", utc=True)
    values = seconds(dates)
    # pandas takes "now" for a date, too
    valid = dates.notna().to_numpy() & np.array([one[:1].isdigit() for one in text], dtype=bool)
    lengths = np.array([len(one) for one in text])
    valid &= (lengths >= SHORTEST) | (lengths < SHORTEST).all()  # a month among days has lost its end
    return valid & _of_our_time(values), values


def _of_our_time(values: np.ndarray) -> np.ndarray:
    return (values >= FIRST) & (values < 4_133_980_800)  # 2101


def _numeric(text: pd.Series) -> pd.DataFrame:
    """The parts of dates that are numbers: columns ``a, b, c`` (-1 for none), their digits, and ``clock``, ``mark``."""
    found = text.str.extract(NUMERIC)
    parts = {x: pd.to_numeric(found[x]).fillna(-1).astype(np.int64) for x in "abc"}
    digits = {f"digits {x}": pd.to_numeric(found[x].str.len()).fillna(0).astype(np.int64) for x in "abc"}
    return pd.DataFrame(parts | digits | {"clock": _clock(found), "mark": found["mark"]})


def _ordered(parts: pd.DataFrame, order: str) -> tuple[np.ndarray, np.ndarray]:
    """Dates in that order of day, month and year; a year has four digits, or two where no part has more."""
    year, month, day = (parts[x].to_numpy() for x in ORDERS[order])
    digits = [parts[f"digits {x}"].to_numpy() for x in ORDERS[order]]
    short = (digits[0] == 2) & ~(digits[0] == 4).any()  # 17 among years of four digits has lost its end
    year = np.where(short, year + np.where(year < 70, 2000, 1900), year)
    clock = parts["clock"].to_numpy()
    zero = np.zeros_like(year)
    valid, values = of_parts(year, month, day, zero, zero, zero)
    values = values + np.where(clock == NO_CLOCK, 0, clock)
    in_time = values < next_year() if short.any() else True
    valid &= ((digits[0] == 4) | short) & (digits[1] <= 2) & (digits[2] <= 2)
    valid &= (clock != NO_CLOCK) & _of_our_time(values) & in_time
    return valid, values


def _named(text: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Dates with the English name of the month, before or behind the day."""
    valid, values = np.zeros(len(text), dtype=bool), np.zeros(len(text), dtype=np.int64)
    for pattern in NAMED:
        found = text.str.extract(pattern)
        month = found["name"].str.casefold().map(MONTH_NUMBERS).fillna(0).to_numpy(np.int64)
        year, day = (pd.to_numeric(found[x]).fillna(0).to_numpy(np.int64) for x in "Yd")
        zero, clock = np.zeros_like(year), _clock(found)
        good, these = of_parts(year, month, day, zero, zero, zero)
        these = these + np.where(clock == NO_CLOCK, 0, clock)
        good &= (clock != NO_CLOCK) & _of_our_time(these)
        values = np.where(good & ~valid, these, values)
        valid |= good
    return valid, values


NO_CLOCK = np.iinfo(np.int64).min


def _clock(found: pd.DataFrame) -> np.ndarray:
    """The time of day in seconds, less the zone, 0 where there is none and `NO_CLOCK` where it is none."""
    hour, minute, second = (pd.to_numeric(found[x]).fillna(0).to_numpy(np.int64) for x in "HMS")
    half = found["half"].str.casefold()
    twelve = half.notna().to_numpy(bool)
    valid = (hour < 24) & (minute < 60) & (second < 61) & (~twelve | ((hour >= 1) & (hour <= 12)))
    hour = np.where(twelve, hour % 12 + 12 * (half == "p").to_numpy(bool), hour)
    zone = found["zone"].str.extract(r"(?P<sign>[+-])(?P<h>[0-9]{2}):?(?P<m>[0-9]{2})")
    away = pd.to_numeric(zone["h"]).fillna(0) * 3600 + pd.to_numeric(zone["m"]).fillna(0) * 60
    away = away.to_numpy(np.int64) * np.where(zone["sign"] == "-", -1, 1)
    return np.where(valid, hour * 3600 + minute * 60 + second - away, NO_CLOCK)


def _strptime(text: pd.Series, form: str) -> tuple[np.ndarray, np.ndarray]:
    """Dates in a form of `strptime`; without separators, a day may have lost its leading zero, and 2000 both."""
    full = np.ones(len(text), dtype=bool)
    if re.fullmatch("(?:%[YymdHMS])+", form):
        width = len(form) + 2 * form.count("%Y")
        lost = text.str.len() < width if form.startswith("%y") else text.str.len() == width - 1
        text = text.str.zfill(width).where(lost, text)
        full = text.str.len().to_numpy() == width
    dates = pd.to_datetime(text, format=form, errors="coerce", utc=True)
    return dates.notna().to_numpy() & full, seconds(dates)


# ---- what is no date, or two


def _only(cells: Distinct, forms: dict[str, tuple[np.ndarray, np.ndarray]], parts: pd.DataFrame, form: str) -> str:
    """The one order that fits all dates; where several do, they must agree, or dots say that the day is first."""
    fitting = [order for order in ORDERS if forms[order][0].all()]
    if form == "year/month/day" and (parts["digits a"] == 4).all():
        return form
    different = [order for order in fitting if (forms[order][1] != forms[form][1]).any()]
    if not different:
        return form
    if set(fitting) == set(GIVEN.values()) and (parts["mark"] == ".").all():
        return "day/month/year"
    first, second = [form, *different][:2]
    short = (parts["digits c"] == 2).any()
    mark = parts["mark"].iloc[0]
    given: tuple[str, ...] = tuple(GIVEN)
    if short and "year/month/day" in fitting:
        given = tuple(mark.join(f"%{x}" for x in ORDER_CODES[order]) for order in fitting)
    raise ambiguous(cells, forms[first][1], forms[second][1], given)


def _check_cut(cells: Distinct) -> None:
    """Refuse a last cell that is the beginning of what all others are: the file was cut off there."""
    last = cells.codes[-1]
    if len(cells.codes) < 3 or len(cells.text) < 2 or cells.counts[last] > 1:
        return
    start = cells.text[last].translate(DIGITS)
    for code, text in enumerate(cells.text):
        if code == last:
            continue
        form = text.translate(DIGITS)
        rest = form[len(start) :]
        in_fraction = rest[:1] == "." or re.search(r":00\.0*$", start)
        if not form.startswith(start) or not rest or rest == "Z" or in_fraction:
            return
    like = cells.text[0 if last else 1]
    fix = f"mend or remove the {cells.origin.unit}: it seems cut off, since the others are like {like}"
    raise no_time(cells, np.arange(len(cells.text)) == last, fix)


def ambiguous(cells: Distinct, one: np.ndarray, other: np.ndarray, forms: Sequence[str]) -> DataError:
    """The error for dates that can be read in two ways: ``(k,)`` seconds each, and the forms to choose from."""
    code = int(np.argmax(one != other))
    ways = " or ".join(str(np.datetime64(int(x), "s"))[:10] for x in (one[code], other[code]))
    return DataError(
        f"{str(cells.text[code])!r} may be {ways}, and no other time of the column tells which",
        expected="dates whose order of day and month is plain, such as 2024-05-01",
        fix=f"say what it is: {' or '.join(option('time_format', form) for form in forms)}",
        **cells.origin.at(cells.places[np.argmax(cells.codes == code)]),
    )


def _no_date(cells: Distinct, forms: dict[str, tuple[np.ndarray, np.ndarray]], form: str) -> DataError:
    """The error for the first text that is not like most."""
    valid = forms[form][0]
    if not valid.any():
        fix = "write dates as 2024-05-01 or 2024-05-01T12:30:00, say their form, as in "
        fix += (
            f"{option('time_format', '%d.%m.%Y %H:%M')}, or leave {option('time_column')} out if the rows are in order"
        )
        return no_time(cells, ~valid, fix)
    like = str(cells.text[np.argmax(valid)])
    fix = "mend the cell: write dates as 2024-05-01 or 2024-05-01T12:30:00"
    like += "" if form == "dates" else f", {form}"
    return no_time(cells, ~valid, f"{fix}, all in one form (most are like {like})")


def no_time(cells: Distinct, wrong: np.ndarray, fix: str) -> DataError:
    """The error for texts that are no time, ``(k,)`` bool, on the place of the first."""
    places = cells.places_of(wrong)
    first = str(cells.text[cells.codes[np.argmax(wrong[cells.codes])]])
    others = f" (nor are {len(places) - 1:,} others)" if len(places) > 1 else ""
    return DataError(f"{first!r} is no time{others}", expected=EXPECTED, fix=fix, **cells.origin.at(places[0]))
