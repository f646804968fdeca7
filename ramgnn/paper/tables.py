"""The numbers that the RAM-GNN paper prints, as data. None of them was measured here.

Li, Liu, Guo, Liu, Peng, Yu and Achan, "Pre-training Recommender Systems via Reinforced Attentive Multi-relational
Graph Neural Network", IEEE BigData 2021, arXiv 2111.14036: Tables II to VI, and what its text says of Figure 5.

Numbers are kept as they are printed, as text, since the number of decimals decides what can be concluded: a printed
0.164 stands for anything from 0.1635 to 0.1645.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import pandas as pd

from ramgnn.errors import NotFoundError
from ramgnn.matching import nearest

DATA = ("ml-100k", "kkbox")  # as `ramgnn.datasets.load` calls them; the paper says MovieLens and KKBox
METRICS = ("HR@10", "MRR@10", "NDCG@10", "HR@20", "MRR@20", "NDCG@20")
METRICS_AT_20 = METRICS[3:]
USERS = {"ml-100k": 943, "kkbox": 24_613}  # one test row each; KKBox by the published test file, see `table2`
OURS = "RAM-GNN"


@dataclass(frozen=True)
class Printed:
    """One number as the paper prints it.

    Attributes:
        table: Roman number of the table.
        row: model, composition operation or dimension; ``"Improvement"`` for the rows and columns of that name.
        data: ``"ml-100k"`` or ``"kkbox"``.
        metric: column.
        text: the number as printed, without the per cent sign.
    """

    table: str
    row: str
    data: str
    metric: str
    text: str

    @property
    def value(self) -> float:
        """The number; per cent for improvements."""
        return float(self.text)

    @property
    def decimals(self) -> int:
        """How many decimals are printed."""
        return decimals(self.text)

    @property
    def low(self) -> float:
        """The least number that rounds to the printed one."""
        return float(Fraction(self.text) - half_unit(self.decimals))

    @property
    def high(self) -> float:
        """The largest number that rounds to the printed one."""
        return float(Fraction(self.text) + half_unit(self.decimals))


def half_unit(n_decimals: int) -> Fraction:
    """Half a unit of the last printed decimal, which is the most that rounding changes."""
    return Fraction(1, 2 * 10**n_decimals)


def decimals(text: str) -> int:
    """How many decimals a printed number has."""
    return len(text.partition(".")[2])


_TABLE3 = """
MF-BPR    0.125 0.042 0.061 0.205 0.046 0.079   0.663 0.404 0.465 0.763 0.411 0.489
FM        0.143 0.051 0.072 0.208 0.055 0.087   0.701 0.426 0.493 0.799 0.432 0.515
NFM       0.146 0.054 0.077 0.213 0.057 0.089   0.717 0.441 0.512 0.795 0.443 0.523
FISM      0.132 0.049 0.068 0.209 0.053 0.087   0.696 0.410 0.484 0.764 0.426 0.524
CKE       0.140 0.048 0.069 0.209 0.053 0.088   0.693 0.433 0.495 0.787 0.439 0.531
LightGCN  0.151 0.056 0.079 0.224 0.058 0.094   0.745 0.539 0.568 0.821 0.510 0.546
KGPolicy  0.154 0.058 0.083 0.231 0.062 0.104   0.778 0.562 0.591 0.847 0.554 0.613
RCF       0.159 0.059 0.082 0.235 0.064 0.102   0.794 0.572 0.625 0.856 0.576 0.641
RAM-GNN   0.164 0.062 0.087 0.242 0.066 0.107   0.812 0.584 0.647 0.873 0.589 0.660
Improvement 4.46 5.08 4.82 2.98 3.13 2.88       2.26 2.10 3.52 1.99 2.08 2.96
"""

_TABLE4 = """
GCN       0.148 0.049 0.070 0.218 0.051 0.079   0.727 0.516 0.543 0.803 0.498 0.522
R-GCN     0.155 0.056 0.074 0.224 0.055 0.084   0.735 0.522 0.551 0.810 0.501 0.534
W-GCN     0.153 0.057 0.076 0.220 0.057 0.086   0.730 0.523 0.546 0.807 0.505 0.531
VR-GCN    0.151 0.050 0.072 0.226 0.059 0.084   0.734 0.519 0.550 0.802 0.502 0.557
CompGCN   0.155 0.058 0.080 0.233 0.064 0.101   0.759 0.543 0.612 0.832 0.553 0.624
RAM-GNN   0.164 0.062 0.087 0.242 0.066 0.107   0.812 0.584 0.647 0.873 0.589 0.660
Improvement 5.84 6.90 8.97 3.28 3.13 5.94       7.03 7.48 5.72 4.93 6.51 5.71
"""

_TABLE5 = """
add          0.240 0.063 0.104   0.863 0.579 0.657
mul          0.237 0.068 0.102   0.866 0.583 0.662
corr         0.242 0.066 0.107   0.873 0.589 0.660
Improvement  2.07  3.03  2.88    0.80  1.03  1.21
"""

_TABLE6 = """
20    0.2383 0.0647 0.1052   0.859 0.571 0.651
40    0.2395 0.0658 0.1043   0.861 0.575 0.655
60    0.2423 0.0651 0.1071   0.865 0.583 0.657
80    0.2406 0.0663 0.1065   0.873 0.581 0.661
100   0.2414 0.0655 0.1058   0.863 0.589 0.659
"""


def _read(table: str, text: str, metrics: tuple[str, ...]) -> tuple[Printed, ...]:
    """The numbers of one block: a row name, then the metrics of MovieLens, then those of KKBox."""
    columns = [(data, metric) for data in DATA for metric in metrics]
    cells = []
    for line in text.strip().splitlines():
        name, *numbers = line.split()
        cells += [Printed(table, name, *column, number) for column, number in zip(columns, numbers, strict=True)]
    return tuple(cells)


PRINTED: tuple[Printed, ...] = (
    _read("III", _TABLE3, METRICS)
    + _read("IV", _TABLE4, METRICS)
    + _read("V", _TABLE5, METRICS_AT_20)
    + _read("VI", _TABLE6, METRICS_AT_20)
)


# --- the tables -------------------------------------------------------------------------------------------------------


def table2() -> pd.DataFrame:
    """Table II as printed: size of the data sets. KKBox's items and users stand in each other's column there."""
    return pd.DataFrame(
        {
            "items": [1682, 24613],
            "users": [943, 61877],
            "interactions": [100000, 2170690],
            "user relations": [3, 2],
            "item relations": [4, 4],
        },
        index=pd.Index(DATA, name="data"),
    )


def table3(improvement: bool = False) -> pd.DataFrame:
    """Table III as printed: RAM-GNN and eight recommenders; rows models, columns (data, metric)."""
    return _frame("III", "model", improvement)


def table4(improvement: bool = False) -> pd.DataFrame:
    """Table IV as printed: RAM-GNN and five other networks in the pre-training step."""
    return _frame("IV", "pre-training", improvement)


def table5(improvement: bool = False) -> pd.DataFrame:
    """Table V as printed: the three composition operations, at 20."""
    return _frame("V", "operation", improvement)


def table6() -> pd.DataFrame:
    """Table VI as printed: five embedding dimensions, at 20; the index is the dimension as a number."""
    frame = _frame("VI", "dimension", False)
    frame.index = frame.index.astype(int)
    return frame


def _frame(table: str, index: str, improvement: bool) -> pd.DataFrame:
    """One table, rows and columns in printed order; the improvements, in per cent, as the last row when asked for."""
    cells = [c for c in PRINTED if c.table == table and (improvement or c.row != "Improvement")]
    rows = list(dict.fromkeys(c.row for c in cells))
    columns = pd.MultiIndex.from_tuples(dict.fromkeys((c.data, c.metric) for c in cells), names=["data", "metric"])
    values = [[c.value for c in cells if c.row == name] for name in rows]
    return pd.DataFrame(values, index=pd.Index(rows, name=index), columns=columns)


def printed(table: str, row: str, dataset_name: str, metric: str) -> Printed:
    """One number.

    Raises:
        NotFoundError: the paper prints no such number.
    """
    for cell in PRINTED:
        if (cell.table, cell.row, cell.data, cell.metric) == (table, row, dataset_name, metric):
            return cell
    place = f"Table {table}, {row}, {dataset_name}, {metric}"
    raise NotFoundError("printed number", place, hint="tables: III, IV, V and VI")


def row(model: str, dataset_name: str, table: str | None = None) -> dict[str, float]:
    """What the paper prints for one model on one data set: metric to value.

    Args:
        model: a row name, for example ``"RAM-GNN"``.
        dataset_name: ``"ml-100k"`` or ``"kkbox"``.
        table: ``"III"`` to ``"VI"``; without it the first table that has the row.

    Raises:
        NotFoundError: there is no such row or data set.
    """
    if dataset_name not in DATA:
        hint = f"the paper has results on {' and '.join(DATA)} only"
        raise NotFoundError("data set of the paper", dataset_name, hint=hint)
    cells = [c for c in PRINTED if c.row == model and c.data == dataset_name and table in (None, c.table)]
    if not cells:
        names = sorted({c.row for c in PRINTED if table in (None, c.table)})
        raise NotFoundError("row of the paper", model, nearest(model, names), hint=f"rows: {', '.join(names)}")
    return {c.metric: c.value for c in cells if c.table == cells[0].table}


# --- the figures ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Threshold:
    """Where a filtering threshold of Figure 5 settles.

    Attributes:
        data: ``"ml-100k"`` or ``"kkbox"``.
        side: ``"user"`` (its age) or ``"item"`` (its genre).
        relation: the relation type shown.
        start, step: the first threshold, and its change in one iteration.
        end: the threshold it settles at.
    """

    data: str
    side: str
    relation: str
    end: int
    start: int = 5
    step: int = 2

    @property
    def net_steps(self) -> Fraction:
        """How many more steps went up than down; a whole number when `end` can be reached at all."""
        return Fraction(self.end - self.start, self.step)


FIGURE5 = (
    Threshold("ml-100k", "user", "age", 9),
    Threshold("ml-100k", "item", "genre", 13),
    Threshold("kkbox", "user", "age", 29),
    Threshold("kkbox", "item", "genre", 37),
)
# models of Figure 4, which prints no numbers
ABLATIONS = ("Single", "RAM-rel", "RAM-RNS", "RAM-GNN")
