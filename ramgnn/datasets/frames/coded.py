"""Columns as the different texts in them and a number for each row: each text is made and looked at once."""

from __future__ import annotations

import numpy as np
import pandas as pd
from pandas.api import types

from ramgnn.datasets.frames import cells
from ramgnn.datasets.frames.table import Origin


def different(column: pd.Series, origin: Origin) -> tuple[np.ndarray, list[str]]:
    """Which of the different texts of a column stands in each row, and these texts in order of first appearance.

    Categories and numbers never become a text for each row, so that 32 million of them fit in memory.

    Args:
        column: ``(n,)`` cells; a missing one is "".
        origin: the table, for errors.

    Returns:
        ``(n,)`` numbers and ``k`` texts, which may differ only by spaces.

    Raises:
        DataError: a cell is a list, a dictionary or bytes.
    """
    if isinstance(column.dtype, pd.CategoricalDtype):
        codes, known = column.array.codes, column.cat.categories
    elif types.is_numeric_dtype(column.dtype):
        codes, known = pd.factorize(column)
        codes = codes.astype(np.int32)
    else:
        codes, texts = pd.factorize(cells.texts(column, origin).to_numpy(object))
        return codes, list(texts)
    seen = pd.unique(codes)  # in order of appearance, -1 for a missing cell
    texts = pd.Series("", index=range(len(seen)), dtype=object)
    there = seen >= 0
    texts[there] = cells.texts(pd.Series(known[seen[there]]), origin).to_numpy(object)
    recode = np.zeros(len(known) + 1, np.int32)
    recode[seen] = np.arange(len(seen))
    return recode[codes], list(texts)


def categories(codes: np.ndarray, texts: list[str], index: pd.Index, name: object = None) -> pd.Series:
    """A column whose rows are numbers into different texts; equal texts become one category."""
    place, known = pd.factorize(np.array(texts, object))
    places = place.astype(np.int32)[codes]
    return pd.Series(pd.Categorical.from_codes(places, pd.Index(known, dtype=str)), index=index, name=name)
