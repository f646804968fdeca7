"""Ids of interactions as numbers into a short list: 32 million rows take 4 bytes each for an id, not a text each."""

from __future__ import annotations

import numpy as np
import pandas as pd


def codes_of(rows: pd.DataFrame, side: str) -> np.ndarray:
    """The place of each row's id among `known`: ``(n,)`` integers."""
    return rows[side].array.codes


def known(rows: pd.DataFrame, side: str) -> pd.Index:
    """The ids that the codes of a side stand for, as text."""
    return rows[side].cat.categories


def pair_keys(rows: pd.DataFrame) -> np.ndarray:
    """One number for each pair of user and item: ``(n,)`` int64."""
    keys = codes_of(rows, "user").astype(np.int64)
    keys *= len(known(rows, "item"))
    keys += codes_of(rows, "item")
    return keys


def have_repeats(keys: np.ndarray) -> bool:
    """Whether a number stands twice; sorting takes a fraction of the memory of a table of all that were seen."""
    keys = np.sort(keys)
    return bool((keys[1:] == keys[:-1]).any())
