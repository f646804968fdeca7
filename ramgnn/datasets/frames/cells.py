"""Cells of data frames as text, the way ``to_csv`` would write them; cells of files are text already.

One thing is better than in a file: pandas turns a column of integers into floats when a cell is missing, so a column
of floats that are all whole is read as integers, 1979 and not 1979.0.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from pandas.api import types

from ramgnn.datasets.frames.table import Origin
from ramgnn.errors import DataError

EXACT = 2.0**53  # floats up to here hold every integer
NUMBERS = ("integer", "floating", "mixed-integer-float")  # as pandas calls columns of numbers


def texts(column: pd.Series, origin: Origin) -> pd.Series:
    """Each cell as text, a missing one (None, NaN, NA, NaT) as "".

    Args:
        column: ``(n,)`` cells of any kind, indexed by place.
        origin: the table, for errors.

    Returns:
        ``(n,)`` text with the same index.

    Raises:
        DataError: a cell is a list, a dictionary or bytes.
    """
    if isinstance(column.dtype, pd.CategoricalDtype):
        categories = texts(pd.Series(column.cat.categories, name=column.name), origin)
        return _take(column, categories.to_numpy(object), column.cat.codes.to_numpy())
    kind = types.infer_dtype(column, skipna=True)
    if kind in ("string", "empty"):
        return column.fillna("") if column.hasnans else column
    if types.is_numeric_dtype(column.dtype):  # truth values too
        codes, numbers = pd.factorize(column)
        return _take(column, np.array(_number_texts(list(np.asarray(numbers))), object), codes)
    if types.is_datetime64_any_dtype(column.dtype):
        return column.astype(str).where(column.notna(), "")
    cells = list(column)
    if kind in NUMBERS:  # Python's own numbers
        cells = [None if pd.isna(cell) else cell for cell in cells]
        known = [cell for cell in cells if cell is not None]
        number_texts = iter(_number_texts(known))
        return _series(column, ["" if cell is None else next(number_texts) for cell in cells])
    for place, cell in zip(column.index, cells, strict=True):
        if types.is_list_like(cell) or isinstance(cell, bytes):
            raise DataError(
                f"{cell!r} in column {str(column.name)!r} is no single value",
                expected="text, a number, a truth value, a date or nothing; lists in columns of relations only",
                fix="give each row one value, or leave the column out",
                **origin.at(place),
            )
    return _series(column, ["" if pd.isna(cell) else str(cell) for cell in cells])


def numbers_and_text(column: pd.Series) -> list[str]:
    """The values that stand in a column both as a number and as text: ``["1"]`` for 1 and "1"."""
    kind = types.infer_dtype(_values(column), skipna=True)
    if not kind.startswith("mixed") or kind in NUMBERS:
        return []
    different = dict.fromkeys(cell for cell in _values(column) if not pd.isna(cell))
    as_text = {cell.strip() for cell in different if isinstance(cell, str)}
    return [str(cell) for cell in different if not isinstance(cell, str) and str(cell) in as_text]


def are_integers(column: pd.Series, ids: pd.Series) -> bool:
    """Whether a column of ids holds integers (or whole floats); `ids` are its cells as text."""
    if types.infer_dtype(_values(column), skipna=True) not in NUMBERS:
        return False
    return bool(pd.Series(ids.unique()).str.fullmatch(r"-?\d{1,18}").all())


def are_whole_floats(column: pd.Series) -> bool:
    """Whether a column of ids that are integers came as floats."""
    return types.infer_dtype(_values(column), skipna=True) != "integer"


def _values(column: pd.Series) -> pd.Series | pd.Index:
    """What a column is made of: its cells, or the categories that they are."""
    return column.cat.categories if isinstance(column.dtype, pd.CategoricalDtype) else column


def _number_texts(numbers: list) -> list[str]:
    """Numbers as text, floats without ".0" where all of them are whole."""
    floats = [x for x in numbers if isinstance(x, (float, np.floating))]
    if all(np.isfinite(x) and x == np.floor(x) and abs(x) < EXACT for x in floats):
        return [str(int(x)) if isinstance(x, (float, np.floating)) else str(x) for x in numbers]
    return [str(x) for x in numbers]


def _take(column: pd.Series, values: np.ndarray, codes: np.ndarray) -> pd.Series:
    """``values[codes]`` in place of the cells, "" for the code -1."""
    return _series(column, np.append(values, "")[codes])


def _series(column: pd.Series, cells: list[str] | np.ndarray) -> pd.Series:
    return pd.Series(cells, index=column.index, name=column.name, dtype=str if len(cells) else object)
