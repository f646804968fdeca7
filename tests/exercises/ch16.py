"""Common wrong answers to the exercises of chapter 16."""

import numpy as np
import pandas as pd

NOTHING = {"", "unknown", "n/a", "-"}


def _values(cell):
    return [part.strip().capitalize() for part in cell.split("|")]


def _known(cell):
    return [v for v in _values(cell) if v.casefold() not in NOTHING]


def _limits(numbers, n):
    return np.searchsorted(np.quantile(numbers[np.isfinite(numbers)], np.arange(1, n) / n), numbers).astype(float)


WRONG = {
    "16.2": [
        ("one long list", lambda cells: [v for c in cells for v in _known(c)], "two cells should give two lists"),
        ("stripped before the split", lambda cells: [c.strip().split("|") for c in cells], "before and behind"),
        ("in the order of the alphabet", lambda cells: [sorted(_known(c), reverse=True) for c in cells],
         "keep their order"),
        ("small letters", lambda cells: [[v.lower() for v in _known(c)] for c in cells], "first letter"),
        ("the first letter only", lambda cells: [[v.strip()[:1].upper() + v.strip()[1:] for v in c.split("|")]
                                                 for c in cells], "others are small"),
        ("empty ones stay", lambda cells: [_values(c) for c in cells], "no value at all"),
        ("only unknown, as it is written", lambda cells: [[v for v in _values(c) if v not in ("", "unknown")]
                                                          for c in cells], "large or small letters"),
        ("cells, not values", lambda cells: [[] if c.strip().casefold() in NOTHING else [v for v in _values(c) if v]
                                             for c in cells], "beside a real value"),
        ("repeats stay", lambda cells: [_known(c) for c in cells], "one value"),
        ("a set", lambda cells: [sorted(set(_known(c))) for c in cells], "the order stays"),
    ],
    "16.3": [
        ("equal width", lambda x, n: pd.cut(x, n, labels=False), "each should get two"),
        ("from one", lambda x, n: pd.qcut(x, n, labels=False, duplicates="drop") + 1, "numbered from 0"),
        ("sorted", lambda x, n: np.sort(pd.qcut(x, n, labels=False, duplicates="drop")), "in the order of the numbers"),
        ("missing ones are the largest", _limits, "NaN belongs to no band"),
        ("missing ones are zero", lambda x, n: pd.qcut(np.nan_to_num(x), n, labels=False, duplicates="drop"),
         "should not depend on it"),
        ("in order of rank", lambda x, n: pd.qcut(pd.Series(x).rank(method="first"), n, labels=False),
         "stay together"),
        ("limits that fall together", lambda x, n: pd.qcut(x, n, labels=False), "ValueError"),
    ],
}  # fmt: skip
