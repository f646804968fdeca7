"""Times: whole seconds since 1970, dates in ISO form, or numbers that only say what came first."""

from __future__ import annotations

import numpy as np
import pandas as pd
from pandas.api import types

from ramgnn.datasets.frames import cells
from ramgnn.datasets.frames.table import Origin
from ramgnn.errors import DataError

# an integer this large is a time since 1970 and not a place in a sequence: 10^8 s is March 1973
SECONDS_FROM, MILLISECONDS_FROM = 10**8, 10**11


def read_times(column: pd.Series, origin: Origin, notes: list[str]) -> tuple[np.ndarray, str]:
    """Times as int64 ``(n,)`` and their kind, ``"seconds"`` or ``"order"``.

    Dates without a zone are taken as UTC, and fractions of a second are dropped.

    Raises:
        DataError: a cell is empty or no time.
    """
    if types.is_datetime64_any_dtype(column.dtype):
        if (empty := column.isna()).any():
            raise _no_time(origin, column.index[empty][0], "", f"fill it in, or remove the {origin.unit}")
        return _seconds(column), "seconds"
    text = cells.texts(column, origin).str.strip()
    if (empty := text == "").any():
        raise _no_time(origin, text.index[empty][0], "", f"fill it in, or remove the {origin.unit}")
    numbers = pd.to_numeric(text, errors="coerce").replace([np.inf, -np.inf], np.nan)
    if numbers.notna().all():
        return _number_times(text, numbers, notes)
    if numbers.notna().mean() > 0.5:
        place = numbers.index[numbers.isna()][0]
        raise _no_time(origin, place, text[place], "mend the cell")
    dates = pd.to_datetime(text, format="ISO8601", errors="coerce", utc=True)
    if dates.isna().any():
        place = dates.index[dates.isna()][0]
        fix = "write dates as 2024-05-01 or 2024-05-01T12:30:00, or leave time_column out if the rows are in order"
        raise _no_time(origin, place, text[place], fix)
    return _seconds(dates), "seconds"


def _number_times(text: pd.Series, numbers: pd.Series, notes: list[str]) -> tuple[np.ndarray, str]:
    """Times that are all numbers: dates without dashes, seconds or parts of them since 1970, or any order."""
    if text.str.fullmatch(r"(?:19|20)\d{6}").all():
        dates = pd.to_datetime(text, format="%Y%m%d", errors="coerce", utc=True)
        if dates.notna().all():
            notes.append("times such as 20240501 were read as year, month and day")
            return _seconds(dates), "seconds"
    whole = text.str.fullmatch(r"[+-]?\d{1,18}").all()
    values = text.astype(np.int64).to_numpy() if whole else numbers.to_numpy(np.float64)
    if values.min() >= MILLISECONDS_FROM:
        power = int(np.floor(np.log10(values.min() / 10**9) / 3)) * 3 or 3
        notes.append(f"times as large as {text.iloc[0]} were read as 10^-{power} seconds since 1970")
        return np.floor_divide(values, 10**power).astype(np.int64), "seconds"
    if values.min() >= SECONDS_FROM:
        return np.floor(values).astype(np.int64), "seconds"
    return pd.Series(values).rank(method="dense").to_numpy(np.int64), "order"


def _seconds(dates: pd.Series) -> np.ndarray:
    if dates.dt.tz is not None:
        dates = dates.dt.tz_convert("UTC").dt.tz_localize(None)
    return dates.to_numpy().astype("datetime64[s]").astype(np.int64)


def _no_time(origin: Origin, place: int, text: str, fix: str) -> DataError:
    return DataError(
        f"{text!r} is no time" if text else "the time is empty",
        expected="whole seconds since 1970, an ISO date (2024-05-01) or a number that grows with time",
        fix=fix,
        **origin.at(place),
    )
