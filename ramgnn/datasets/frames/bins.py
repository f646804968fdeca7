"""Numbers as the labels of bins: of equal width ("1990-1999"), or of equal counts."""

from __future__ import annotations

import math
import re

import numpy as np
import pandas as pd

from ramgnn.advice import option
from ramgnn.datasets.frames.decimals import HALF, read_numbers
from ramgnn.datasets.frames.table import Origin
from ramgnn.errors import DataError

MOST = 100_000  # bins of equal counts
EXACT = 2.0**53  # floats up to here hold every integer
TOLD = 1e9  # bins are told from each other by ten digits


def binned(
    lists: list[list[str]], bins: float | str, column: str, origin: Origin, places: np.ndarray
) -> list[list[str]]:
    """Lists of numbers as lists of the labels of their bins.

    Args:
        lists: the values of each row.
        bins: the width, or "q5" for five bins of equal counts.
        column: the name of the column, for errors.
        origin: the table, for errors.
        places: the place of each row.

    Raises:
        DataError: a value is no number, or `bins` are none.
    """
    flat = [(row, text) for row, values in enumerate(lists) for text in values]
    different = list(dict.fromkeys(text for _, text in flat))
    read, comma = read_numbers(different, HALF)  # whoever says that it is to be binned says that it holds numbers
    known = dict(zip(different, read, strict=True))
    for row, text in flat:
        if np.isnan(known[text]):
            like = f", such as {comma!r} or 12" if comma else ""
            raise DataError(
                f"{text!r} in column {column!r} is no number",
                expected=f"a number{like} or an empty cell, since {column!r} is to be binned",
                fix=f"mend the cell, or leave {column!r} out of {option('bins')}",
                **origin.at(places[row]),
            )
    numbers = np.array([known[text] for _, text in flat])
    labels = bin_labels(numbers, bins, column) if len(numbers) else []
    lists_of_labels: list[list[str]] = [[] for _ in lists]
    for (row, _), label in zip(flat, labels, strict=True):
        lists_of_labels[row].append(label)
    return lists_of_labels


def bin_labels(numbers: np.ndarray, bins: float | str, column: str) -> list[str]:
    """The label of the bin of each number; `bins` as in `binned`.

    Raises:
        DataError: `bins` are none.
    """
    whole = bool((numbers == np.floor(numbers)).all())
    n, width = check_width(bins, column)
    if n is not None:
        codes = pd.qcut(numbers, n, labels=False, duplicates="drop")
        codes = np.nan_to_num(codes).astype(int)  # a single value is its own bin, where qcut makes none
        ends = {code: (numbers[codes == code].min(), numbers[codes == code].max()) for code in np.unique(codes)}
        return [_range(*ends[code], whole) for code in codes]
    whole = whole and width == int(width)
    widest = float(np.abs(numbers).max())
    if widest >= width * (EXACT if whole else TOLD):  # divided by each other, they might be endless, too
        raise _no_bins(bins, column, f"they are too narrow for numbers such as {widest:.10g}")
    places = numbers / width
    near = np.rint(places)  # .3 / .1 is a little below 3 in binary numbers
    lows = np.floor(np.where(np.isclose(places, near, rtol=1e-12, atol=0), near, places)) * width
    return [_range(low, low + width - 1 if whole else low + width, whole) for low in lows]


def check_width(bins: float | str, column: str) -> tuple[int | None, float]:
    """The number of bins of equal counts, or None and the width of the bins.

    Raises:
        DataError: `bins` are neither.
    """
    if match := re.fullmatch(r"q(\d{1,9})", str(bins).strip()):
        if not 2 <= int(match[1]) <= MOST:
            raise _no_bins(bins, column)
        return int(match[1]), math.nan
    try:
        width = math.nan if isinstance(bins, bool | np.bool_) or "_" in str(bins) else float(bins)
    except (TypeError, ValueError, OverflowError):
        width = math.nan
    if not (width > 0 and math.isfinite(width)):
        raise _no_bins(bins, column)
    return None, width


def fitting_bins(numbers: np.ndarray) -> tuple[float | str, ...]:
    """Bins that suit ``(k,)`` different numbers: a round width for whole ones that are spread evenly, and quantiles."""
    low, middle, high = np.quantile(numbers, [0.1, 0.5, 0.9])  # so that a few that lie far out do not count
    if (numbers != np.floor(numbers)).any() or high - middle > 3 * (middle - low):
        return ("q10",)
    wanted = (high - low) / 8
    power = 10 ** max(int(np.floor(np.log10(max(wanted, 1)))), 0)
    width = next(step * power for step in (1, 2, 5, 10) if step * power >= wanted)
    return width, "q10"


def _range(low: float, high: float, whole: bool) -> str:
    """ "1990-1999" for whole numbers, both ends included; "0.5 to 1" for others, the upper end excluded."""
    if whole:
        return f"{low:.0f}" if low == high else f"{low:.0f}-{high:.0f}" if low >= 0 else f"{low:.0f} to {high:.0f}"
    return f"{low:.10g}" if low == high else f"{low:.10g} to {high:.10g}"


def _no_bins(bins: object, column: str, why: str = "") -> DataError:
    return DataError(
        f"{bins!r} are no bins for column {column!r}" + (f": {why}" if why else ""),
        expected="a width above 0, such as 10, or a number of bins of equal counts, such as 'q5'",
        fix=f"pass such bins, or leave {column!r} out of {option('bins')}",
    )
