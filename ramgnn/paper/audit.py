"""What follows from the printed numbers alone, by arithmetic: which of them fit each other, and which no run can have.

Everything is computed with fractions from the numbers as printed, so that no rounding of ours is taken for the paper's.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor, trunc

import pandas as pd

from ramgnn.errors import NotFoundError, RamgnnError
from ramgnn.paper.tables import (
    DATA,
    METRICS,
    METRICS_AT_20,
    OURS,
    PRINTED,
    USERS,
    Printed,
    decimals,
    half_unit,
    printed,
    table3,
    table4,
)


def improvements(table: str = "III") -> pd.DataFrame:
    """The printed "Improvement" row of Table III or IV against the one that follows from the table's own numbers.

    Returns:
        One row for each data set and metric: the best other model (or models), its value and that of RAM-GNN, the
        `printed` and the `exact` improvement in per cent, `low` and `high`, between which the exact one lies whatever
        was lost by rounding the two, and a verdict: ``"agrees"`` (rounded or cut off to the printed decimals),
        ``"within rounding"`` (possible, if it was computed from unrounded numbers) or ``"outside rounding"``.
    """
    if table not in ("III", "IV"):
        raise RamgnnError(f"table {table!r} has no row of improvements over the best model; III and IV have")
    rows = []
    for data in DATA:
        for metric in METRICS:
            cells = [c for c in PRINTED if (c.table, c.data, c.metric) == (table, data, metric)]
            ram_gnn = next(c for c in cells if c.row == OURS)
            claim = next(c for c in cells if c.row == "Improvement")
            others = [c for c in cells if c.row not in (OURS, "Improvement")]
            best = max(others, key=lambda c: c.value)
            exact = _percent(Fraction(ram_gnn.text), Fraction(best.text))
            half = half_unit(ram_gnn.decimals)
            low = _percent(Fraction(ram_gnn.text) - half, Fraction(best.text) + half)
            high = _percent(Fraction(ram_gnn.text) + half, Fraction(best.text) - half)
            margin = half_unit(claim.decimals)
            if claim.text in _shown(exact, claim.decimals):
                verdict = "agrees"
            elif low <= Fraction(claim.text) + margin and Fraction(claim.text) - margin <= high:
                verdict = "within rounding"
            else:
                verdict = "outside rounding"
            names = ", ".join(c.row for c in others if c.text == best.text)
            numbers = (best.value, ram_gnn.value, claim.value, float(exact), float(low), float(high))
            rows.append((data, metric, names, *numbers, verdict))
    columns = ["data", "metric", "best other", "its value", OURS, "printed", "exact", "low", "high", "verdict"]
    return pd.DataFrame(rows, columns=columns)


def pairings() -> pd.DataFrame:
    """Which comparison of two operations gives each printed improvement of Table V.

    For every two operations the difference is taken over the lower and over the higher one.

    Returns:
        One row for each comparison that gives the printed number when rounded or cut off to its decimals: data,
        metric, `printed`, `pairing` such as ``"(corr - mul) / corr"``, `exact`, and `how`, ``"rounded"`` or
        ``"cut off"``. A printed number that no comparison gives has no row.
    """
    rows = []
    for claim in (c for c in PRINTED if c.table == "V" and c.row == "Improvement"):
        cells = [c for c in PRINTED if (c.table, c.data, c.metric) == ("V", claim.data, claim.metric) and c != claim]
        for high in cells:
            for low in cells:
                difference = Fraction(high.text) - Fraction(low.text)
                for base in (low, high) if difference > 0 else ():
                    exact = 100 * difference / Fraction(base.text)
                    rounded, cut = _shown(exact, claim.decimals)
                    if claim.text in (rounded, cut):
                        name = f"({high.row} - {low.row}) / {base.row}"
                        how = "rounded" if claim.text == rounded else "cut off"
                        rows.append((claim.data, claim.metric, claim.value, name, float(exact), how))
    return pd.DataFrame(rows, columns=["data", "metric", "printed", "pairing", "exact", "how"])


def mrr_violations() -> pd.DataFrame:
    """Rows of Tables III and IV with MRR@20 below MRR@10, which no ranking has: a longer list only adds to the sum."""
    return _falls("MRR")


def ndcg_violations() -> pd.DataFrame:
    """Rows with NDCG@20 below NDCG@10, which cannot be with one held-out item a user.

    With several relevant items it could be, since the best possible list then grows with the list; the paper does not
    say how many there are.
    """
    return _falls("NDCG")


def _falls(metric: str) -> pd.DataFrame:
    """Rows of Tables III and IV in which a metric at 20 is below the same at 10: ``table, data, row, at 10, at 20``."""
    rows = []
    for table, frame in (("III", table3()), ("IV", table4())):
        for data in DATA:
            short, long = frame[data, f"{metric}@10"], frame[data, f"{metric}@20"]
            rows += [(table, data, name, short[name], long[name]) for name in frame.index if long[name] < short[name]]
    return pd.DataFrame(rows, columns=["table", "data", "row", "at 10", "at 20"])


def hits(value: float | str, n_users: int, n_decimals: int | None = None) -> range:
    """The numbers of hits that give the printed hit rate: all h with h / n_users in its rounding range.

    Args:
        value: the printed hit rate, as text or as a number.
        n_users: number of test users.
        n_decimals: printed decimals; by default those of `value` as text, at least three.

    Returns:
        A range, empty when no number of hits fits.
    """
    text = _as_text(value, n_decimals)
    half, centre = half_unit(decimals(text)), Fraction(text)
    return range(max(0, ceil((centre - half) * n_users)), min(n_users, floor((centre + half) * n_users)) + 1)


def attainable(value: float | str, n_users: int, n_decimals: int | None = None) -> bool:
    """Whether some number of hits among `n_users` gives the printed hit rate at the printed precision."""
    return len(hits(value, n_users, n_decimals)) > 0


def runs_needed(value: float | str, n_users: int, n_decimals: int | None = None, most: int = 1000) -> int | None:
    """Over how many runs, at least, a printed hit rate must have been averaged; None when `most` are not enough."""
    return next((runs for runs in range(1, most + 1) if attainable(value, n_users * runs, n_decimals)), None)


def unattainable(dataset_name: str = "ml-100k") -> pd.DataFrame:
    """The printed hit rates of one data set that no single run can have.

    Columns ``table, row, metric, printed, runs needed``; the last is the least number of runs whose mean it can be.
    """
    if dataset_name not in DATA:
        raise NotFoundError("data set of the paper", dataset_name, list(DATA))
    rows = []
    for c in PRINTED:
        if c.data == dataset_name and c.metric.startswith("HR") and c.row != "Improvement":
            needed = runs_needed(c.text, USERS[dataset_name])
            rows += [(c.table, c.row, c.metric, c.text, needed)] if needed != 1 else []
    return pd.DataFrame(rows, columns=["table", "row", "metric", "printed", "runs needed"])


def dimensions_that_match() -> pd.DataFrame:
    """Which dimension of Table VI gives RAM-GNN's number of Table III, metric by metric.

    Returns:
        One row for each data set and metric: `printed` (Table III), `dimensions` (a tuple, empty when none gives it),
        `best` (the largest value of Table VI) and `best dimension`.
    """
    rows = []
    for data in DATA:
        for metric in METRICS_AT_20:
            target = printed("III", OURS, data, metric)
            cells = [c for c in PRINTED if (c.table, c.data, c.metric) == ("VI", data, metric)]
            same = tuple(int(c.row) for c in cells if _same(c, target))
            best = max(cells, key=lambda c: c.value)
            rows.append((data, metric, target.value, same, best.value, int(best.row)))
    return pd.DataFrame(rows, columns=["data", "metric", "printed", "dimensions", "best", "best dimension"])


def _same(fine: Printed, coarse: Printed) -> bool:
    """Whether both can be prints of one number, `fine` with as many decimals or more."""
    slack = half_unit(coarse.decimals) if fine.decimals > coarse.decimals else 0
    return abs(Fraction(fine.text) - Fraction(coarse.text)) <= slack


def _percent(value: Fraction, base: Fraction) -> Fraction:
    """By how much `value` is above `base`, in per cent."""
    return 100 * (value / base - 1)


def _shown(exact: Fraction, n_decimals: int) -> tuple[str, str]:
    """A number above zero as printed when rounded (half goes up) and when cut off."""
    scaled = exact * 10**n_decimals
    return tuple(f"{n / 10**n_decimals:.{n_decimals}f}" for n in (floor(scaled + Fraction(1, 2)), trunc(scaled)))


def _as_text(value: float | str, n_decimals: int | None) -> str:
    """The printed form of a rate: text as it is, a number with `n_decimals` (at least three by default)."""
    if n_decimals is None and isinstance(value, str):
        return value
    if n_decimals is None:
        n_decimals = max(3, decimals(repr(float(value))))
    return f"{float(value):.{n_decimals}f}"
