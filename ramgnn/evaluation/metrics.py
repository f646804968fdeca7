"""HR, MRR and NDCG, computed from the rank of each user's one held-out item.

With n users and rank_u the rank of the held-out item of user u (1 is best), every metric is a mean over users,

    metric@k = (1/n) Σ_u [rank_u ≤ k] · gain(rank_u),

and the three differ in the gain of a rank alone: 1 for HR, 1/rank for MRR and 1/log2(rank + 1) for NDCG. All are
between 0 and 1, and larger is better. Without users there is nothing to take the mean of, and every metric is NaN.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ramgnn import arguments
from ramgnn.errors import RamgnnError

MOST = 2**53  # no list is longer, and a larger number may be none that a float can hold
METRICS = ("HR", "MRR", "NDCG")  # in the order of the paper's tables

_GAIN: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "HR": np.ones_like,
    "MRR": lambda ranks: 1 / ranks,
    "NDCG": lambda ranks: 1 / np.log2(ranks + 1),
}


def columns(ks: int | Sequence[int] = (10, 20)) -> tuple[str, ...]:
    """The names of all metrics at each k, in the order of the paper's tables: ``("HR@10", "MRR@10", …, "NDCG@20")``."""
    return tuple(f"{metric}@{k}" for k in arguments.cutoffs(ks) for metric in METRICS)


def gains(ranks: np.ndarray, metric: str, k: int) -> np.ndarray:
    """What each user adds to a metric, [rank_u ≤ k] · gain(rank_u); the metric is the mean of these.

    Args:
        ranks: ``(n,)`` ranks, 1 is best.
        metric: ``"HR"``, ``"MRR"`` or ``"NDCG"``.
        k: length of the list.

    Returns:
        ``(n,)`` float64, each from 0 to 1; empty for no ranks.

    Raises:
        RamgnnError: there is no such metric, k is below 1, or a rank is below 1 or NaN.
    """
    ranks = np.asarray(ranks, np.float64)
    if ranks.ndim != 1 or not (ranks >= 1).all():
        raise RamgnnError("expected a one-dimensional array of ranks, each 1 or larger")
    k = arguments.cutoff(k)
    if metric not in METRICS:
        raise RamgnnError(f"metric is {metric!r}; expected one of {', '.join(METRICS)}")
    return np.where(ranks <= min(k, MOST), _GAIN[metric](ranks), 0.0)


def hit_rate(ranks: np.ndarray, k: int) -> float:
    """Hit rate: the fraction of users whose held-out item is among the first k.

        HR@k = (1/n) Σ_u [rank_u ≤ k]

    With one held-out item per user this is also recall@k (Deshpande and Karypis, "Item-based top-N recommendation
    algorithms", TOIS 2004). A rank of 10.5 (a tie across the end of the list) is no hit at k = 10. Without users it
    is NaN.
    """
    return mean_gain(gains(ranks, "HR", k))


def mrr(ranks: np.ndarray, k: int) -> float:
    """Mean reciprocal rank, cut at k: the mean of 1/rank, with 0 for held-out items outside the first k.

        MRR@k = (1/n) Σ_u [rank_u ≤ k] / rank_u

    Voorhees, "The TREC-8 question answering track report", 1999. A tied rank of 2.5 gives 1/2.5. Without users it is
    NaN.
    """
    return mean_gain(gains(ranks, "MRR", k))


def ndcg(ranks: np.ndarray, k: int) -> float:
    """Normalised discounted cumulative gain, cut at k, for one relevant item per user.

        NDCG@k = (1/n) Σ_u [rank_u ≤ k] / log2(rank_u + 1)

    The best possible list has the item in front and a gain of 1/log2(2) = 1, so there is nothing to divide by. Järvelin
    and Kekäläinen, "Cumulated gain-based evaluation of IR techniques", TOIS 2002. A tied rank of 2.5 gives 1/log2(3.5).
    Without users it is NaN.
    """
    return mean_gain(gains(ranks, "NDCG", k))


def metrics(ranks: np.ndarray, ks: int | Sequence[int] = (10, 20)) -> dict[str, float]:
    """All three metrics at each k, in the order of the paper's tables: ``{"HR@10": …, "MRR@10": …, …}``."""
    ks = arguments.cutoffs(ks)
    values = (mean_gain(gains(ranks, metric, k)) for k in ks for metric in METRICS)
    return dict(zip(columns(ks), values, strict=True))


def mean_gain(gain: np.ndarray) -> float:
    """The mean over users, NaN without users (and without NumPy's warning)."""
    return float(gain.mean()) if len(gain) else float("nan")
