"""The ids of the interactions: each different one is looked at once, and the rows keep numbers for them."""

from __future__ import annotations

import numpy as np
import pandas as pd
from pandas.api import types

from ramgnn.datasets.frames.rows import read_ids
from ramgnn.datasets.frames.table import Origin


def read_coded_ids(column: pd.Series, origin: Origin, side: str, notes: list[str]) -> tuple[pd.Series, str]:
    """`read_ids`, but each different id is looked at once, and the ids are a categorical column.

    Args:
        column: ``(n,)`` cells, indexed by place.
        origin: the table; side: ``"user"`` or ``"item"``; notes: as in `read_ids`.

    Returns:
        ``(n,)`` categories that are text without spaces around it, and ``"int64"`` or ``"str"``.

    Raises:
        DataError: an id is empty.
    """
    if not isinstance(column.dtype, pd.CategoricalDtype) and not types.is_numeric_dtype(column.dtype):
        ids, dtype = read_ids(column, origin, side, notes)
        codes, known = pd.factorize(ids)
        return _categories(codes, pd.Index(known), column.index), dtype
    codes, cells = _codes(column)
    first = ~pd.Series(codes).duplicated().to_numpy()  # (n,) the first row of each id
    seen = codes[first]  # in order of appearance
    blank = _blank(cells)
    if (seen < 0).any() or blank[seen].any():
        read_ids(column[(codes < 0) | blank[codes]].astype(object), origin, side, notes)  # says where and raises
    ids, dtype = read_ids(pd.Series(cells[seen], index=column.index[first]), origin, side, notes)
    place, known = pd.factorize(ids)  # " 7" and "7" are one id
    recode = np.zeros(len(cells), np.int32)
    recode[seen] = place
    return _categories(recode[codes], pd.Index(known), column.index), dtype


def _codes(column: pd.Series) -> tuple[np.ndarray, pd.Index]:
    """The code of each cell, -1 for a missing one, and what the codes stand for."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.array.codes, column.cat.categories
    codes, cells = pd.factorize(column)
    return codes.astype(np.int32), pd.Index(cells)


def _blank(cells: pd.Index) -> np.ndarray:
    """Which of the cells are text without a letter."""
    if types.is_numeric_dtype(cells.dtype):
        return np.zeros(len(cells) + 1, bool)
    return np.array([isinstance(cell, str) and not cell.strip() for cell in cells] + [False])  # [-1]: missing


def _categories(codes: np.ndarray, ids: pd.Index, index: pd.Index) -> pd.Series:
    return pd.Series(pd.Categorical.from_codes(codes, ids), index=index)
