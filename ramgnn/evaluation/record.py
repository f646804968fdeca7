"""The ranks of all test users under one model, as they are computed, stored and compared."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ramgnn.datasets.base import RecDataset
from ramgnn.datasets.fingerprint import fingerprint_ranked
from ramgnn.errors import RamgnnError
from ramgnn.evaluation.intervals import bootstrap
from ramgnn.evaluation.metrics import columns, metrics
from ramgnn.evaluation.ranking import check_ties, rank_test
from ramgnn.scores import Scorer


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The ranks of all test users under one model.

    Attributes:
        ranks: ``(n_test,)`` float64, 1 is best.
        users: ``(n_test,)`` int64, the user of each rank.
        ties: how ties were ranked, see `rank_test`.
        candidates: ``"all"`` (every item that the user had not had) or, for example, ``"1 vs 999"``.
        items: ``(n_test,)`` int64, the held-out items; None where they were not kept.
        data: digits of what was ranked, see `fingerprint_ranked`: two evaluations in which they differ are of other
            users, items or candidates, whatever their numbers. None where they were not kept.
    """

    ranks: np.ndarray
    users: np.ndarray
    ties: str = "average"
    candidates: str = "all"
    items: np.ndarray | None = None
    data: str | None = None

    def __post_init__(self) -> None:
        check_ties(self.ties)
        for name, dtype in (("ranks", np.float64), ("users", np.int64), ("items", np.int64)):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, np.asarray(getattr(self, name), dtype))
        if self.ranks.shape != self.users.shape or (self.items is not None and self.items.shape != self.users.shape):
            raise RamgnnError(f"{len(self.ranks)} ranks for {len(self.users)} users; expected one rank a user")
        if len(np.unique(self.users)) != len(self.users):
            raise RamgnnError("a user stands twice in the evaluation; expected one held-out item a user")

    def metrics(self, ks: int | Sequence[int] = (10, 20)) -> dict[str, float]:
        """HR, MRR and NDCG at each k."""
        return metrics(self.ranks, ks)

    def table(
        self, ks: int | Sequence[int] = (10, 20), n: int = 2000, level: float = 0.95, seed: int = 0
    ) -> pd.DataFrame:
        """The metrics with their bootstrap intervals: columns ``metric, value, low, high``."""
        intervals = bootstrap(self.ranks, ks, n, level, seed)
        rows = [(name, i.value, i.low, i.high) for name, i in intervals.items()]
        return pd.DataFrame(rows, columns=["metric", "value", "low", "high"])

    def by(
        self, groups: Sequence[str] | pd.Series | pd.Categorical, ks: int | Sequence[int] = (10, 20)
    ) -> pd.DataFrame:
        """The metrics within groups of users.

        Args:
            groups: ``(n_test,)`` the group of each row, such as `session_groups` gives. The order of a categorical is
                kept and its empty groups are shown; other groups stand in order of first appearance.
            ks: lengths of the list, one or several.

        Returns:
            One row per group: the number of users, then the metrics (NaN for an empty group).

        Raises:
            RamgnnError: there is not exactly one group for each row.
        """
        groups = pd.Series(groups)
        if len(groups) != len(self.ranks):
            raise RamgnnError(f"{len(groups)} groups for {len(self.ranks)} test rows; expected one for each row")
        if groups.isna().any():
            raise RamgnnError(f"{int(groups.isna().sum())} test rows are in no group")
        names = list(groups.cat.categories) if isinstance(groups.dtype, pd.CategoricalDtype) else list(groups.unique())
        rows = []
        for name in names:
            ranks = self.ranks[(groups == name).to_numpy()]
            rows.append({"users": len(ranks), **metrics(ranks, ks)})
        return pd.DataFrame(rows, index=pd.Index(names, name="group"), columns=["users", *columns(ks)])

    def to_json(self) -> str:
        """One line of JSON; whole ranks are written without a decimal point."""
        ranks = [int(r) if r.is_integer() else r for r in self.ranks.tolist()]
        fields = {"ties": self.ties, "candidates": self.candidates, "users": self.users.tolist(), "ranks": ranks}
        if self.items is not None:
            fields["items"] = self.items.tolist()
        if self.data is not None:
            fields["data"] = self.data
        return json.dumps(fields, separators=(",", ":"), allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Evaluation:
        """What `to_json` wrote.

        Raises:
            RamgnnError: the text is not such an evaluation.
        """
        try:
            fields = json.loads(text)
            return cls(**{"items": None, **fields})
        except (json.JSONDecodeError, TypeError, ValueError) as error:
            raise RamgnnError(f"this is not a stored evaluation: {error}") from error


def evaluate(
    score: Scorer, dataset: RecDataset, ties: str = "average", block: int = 1024, progress: bool = False
) -> Evaluation:
    """Rank every held-out item of the data set, as `rank_test` does, and note which users and items were ranked how."""
    ranks = rank_test(score, dataset, ties, block, progress)
    candidates = "all" if dataset.negatives is None else f"1 vs {dataset.negatives.shape[1]}"
    users, items = (dataset.test[column].to_numpy() for column in ("user", "item"))
    return Evaluation(ranks, users, ties, candidates, items, fingerprint_ranked(dataset))
