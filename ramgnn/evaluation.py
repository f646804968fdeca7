"""How good are the recommendations: the rank of every held-out item, and HR, MRR and NDCG computed from these ranks.

A *scorer* is anything that takes an array of b users and gives back ``(b, n_items)`` scores, as a NumPy array or as a
torch tensor on any device; a higher score is a better place. Each test user has one held-out item. Its rank among the
candidates is all that the metrics need, so ranks are what is computed, stored and compared.

A scorer whose scores are dear, a network for each pair for example, may have a method ``score_pairs(users, items)``: b
users and ``(b, n)`` items to ``(b, n)`` scores, the same as it gives for all items. Where the candidates are a sample,
only their scores are asked for then.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from tqdm import tqdm

from ramgnn.datasets.base import RecDataset
from ramgnn.errors import RamgnnError

Scorer = Callable[[np.ndarray], "np.ndarray | Tensor"]

TIES = ("average", "optimistic", "pessimistic")
METRICS = ("HR", "MRR", "NDCG")
SESSIONS = ("same time", "within an hour", "later")
MOST_SCORES = 2**22  # scores held at once: 16 MiB in float32; larger blocks are slower, they leave the cache
MOST_KEPT = 2**26  # counts of draws that are kept: 128 MiB, twenty thousand draws of three thousand users


class ScoreError(RamgnnError, ValueError):
    """A scorer gave back something that cannot be ranked."""


# --- ranks ------------------------------------------------------------------------------------------------------------


@torch.no_grad()
def rank_test(
    score: Scorer, dataset: RecDataset, ties: str = "average", block: int = 1024, progress: bool = False
) -> np.ndarray:
    """The rank of each held-out item among its candidates, 1 is best.

    The candidates are all items outside the user's training set, the held-out item among them; where the data set has
    sampled `negatives`, the held-out item and these. With g candidates above the held-out item and e others equal to
    it, the rank is

        1 + g + e / 2   ``"average"``, the mean place over all orders of the tied ones, which may end in .5;
        1 + g           ``"optimistic"``, what the published code of RCF computes: a constant scorer looks perfect;
        1 + g + e       ``"pessimistic"``.

    Args:
        score: the scorer.
        dataset: data set with `n_test` test rows.
        ties: one of the three above.
        block: how many users are scored at once; fewer where their scores would take more than 16 MiB.
        progress: show a progress bar.

    Returns:
        ``(n_test,)`` float64, row by row with ``dataset.test``.

    Raises:
        ScoreError: scores have the wrong shape or are not numbers.
    """
    _known_ties(ties)
    if block < 1:
        raise RamgnnError(f"block is {block}; expected at least 1 user at a time")
    users, items = (dataset.test[column].to_numpy(copy=True) for column in ("user", "item"))  # pandas 3 lends read-only
    seen = dataset.matrix() if dataset.negatives is None else None
    ranks = np.empty(len(users), np.float64)
    pairs = getattr(score, "score_pairs", None) if seen is None else None
    width = dataset.n_items if pairs is None else 1 + dataset.negatives.shape[1]
    step = min(block, max(1, MOST_SCORES // max(width, 1)))
    with tqdm(total=len(users), desc="ranking", unit="user", disable=not progress) as bar:
        for start in range(0, len(users), step):
            rows = slice(start, min(start + step, len(users)))
            if seen is None:
                candidates = np.concatenate([items[rows, None], dataset.negatives[rows]], 1)
                found = score(users[rows]) if pairs is None else pairs(users[rows], candidates)
                scores = _as_tensor(found, users[rows], dataset, width)
                above, equal = _among(scores if pairs else _of(scores, candidates), candidates)
            else:
                scores = _as_tensor(score(users[rows]), users[rows], dataset, width)
                target = torch.as_tensor(items[rows], device=scores.device)[:, None]  # (b, 1)
                above, equal = _among_all(scores, target, seen[users[rows]])
            ranks[rows] = 1.0 + above + {"average": 0.5, "optimistic": 0.0, "pessimistic": 1.0}[ties] * equal
            bar.update(rows.stop - rows.start)
    return ranks


def _of(scores: Tensor, candidates: np.ndarray) -> Tensor:
    """The scores of the `(b, 1 + n)` candidates among those of all items."""
    return scores.gather(1, torch.as_tensor(candidates, dtype=torch.int64, device=scores.device))


def _among(scores: Tensor, candidates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How many of the `(b, 1 + n)` candidates are above the first, the held-out item, and how many level with it."""
    own, theirs = scores[:, :1], scores[:, 1:]
    rival = torch.as_tensor(candidates[:, 1:] != candidates[:, :1], device=scores.device)
    return ((theirs > own) & rival).sum(1).cpu().numpy(), ((theirs == own) & rival).sum(1).cpu().numpy()


def _among_all(scores: Tensor, target: Tensor, seen) -> tuple[np.ndarray, np.ndarray]:
    """The same over all items but the ones in the rows of the `(b, n_items)` sparse matrix `seen`."""
    own = scores.gather(1, target)
    above, equal = (scores > own).count_nonzero(1), (scores == own).count_nonzero(1) - 1  # less the held-out item
    # what the user has seen is taken off again, cell by cell, so that the scorer's own array is left as it is
    row, column = (torch.as_tensor(x, dtype=torch.int64, device=scores.device) for x in seen.nonzero())
    rival = column != target[row, 0]
    row, column = row[rival], column[rival]
    theirs = scores[row, column]
    above.index_add_(0, row, -(theirs > own[row, 0]).long())
    equal.index_add_(0, row, -(theirs == own[row, 0]).long())
    return above.cpu().numpy(), equal.cpu().numpy()


def _as_tensor(found: object, users: np.ndarray, dataset: RecDataset, width: int) -> Tensor:
    """The ``(b, width)`` scores of `users` as a tensor, where they can be ranked."""
    if not isinstance(found, Tensor):
        found = np.asarray(found)
    if tuple(found.shape) != (len(users), width):
        raise ScoreError(
            f"the scorer gave back an array of shape {tuple(found.shape)} for {len(users)} users; "
            f"expected ({len(users)}, {width}), one score for each user and item"
        )
    if not isinstance(found, Tensor):
        if found.dtype.kind not in "fiub":
            raise ScoreError(f"the scorer gave back {found.dtype} values; expected numbers")
        if found.dtype.kind in "ub":  # torch compares few kinds of unsigned numbers
            found = found.astype(np.int64)
        found = torch.from_numpy(np.require(found, requirements=["C", "W"]))  # torch wants writable memory
    # a NaN makes the sum one, and a sum is faster than a test of every cell; infinities may make it one without any
    if found.is_floating_point() and bool(found.sum().isnan()) and bool((bad := found.isnan()).any()):
        rows = bad.any(1).cpu().numpy()
        first = users[int(np.argmax(rows))]
        raise ScoreError(
            f"{int(bad.sum())} of {bad.numel()} scores are NaN, for {int(rows.sum())} of {len(rows)} users, "
            f"the first of them {dataset.user_ids[first]!r} (index {first}); a NaN has no rank. "
            "Training may have diverged: try a lower learning rate"
        )
    return found


def _known_ties(ties: str) -> None:
    if ties not in TIES:
        raise RamgnnError(f"ties is {ties!r}; expected one of {', '.join(map(repr, TIES))}")


# --- metrics ----------------------------------------------------------------------------------------------------------


def gains(ranks: np.ndarray, metric: str, k: int) -> np.ndarray:
    """What each user adds to a metric: ``(n,)`` from 0 to 1; the metric is their mean.

    Args:
        ranks: ``(n,)`` ranks, 1 is best.
        metric: ``"HR"``, ``"MRR"`` or ``"NDCG"``.
        k: length of the list.

    Raises:
        RamgnnError: there is no such metric, k is below 1, or a rank is below 1 or NaN.
    """
    ranks = np.asarray(ranks, np.float64)
    if ranks.ndim != 1 or not (ranks >= 1).all():
        raise RamgnnError("expected a one-dimensional array of ranks, each 1 or larger")
    if k < 1:
        raise RamgnnError(f"k is {k}; expected a list of at least one item")
    if metric not in METRICS:
        raise RamgnnError(f"metric is {metric!r}; expected one of {', '.join(METRICS)}")
    value = {"HR": np.ones_like, "MRR": lambda r: 1 / r, "NDCG": lambda r: 1 / np.log2(r + 1)}[metric](ranks)
    return np.where(ranks <= k, value, 0.0)


def hit_rate(ranks: np.ndarray, k: int) -> float:
    """Hit rate: the share of users whose held-out item is in the first k.

        HR@k = (1/n) Σ_u [rank_u ≤ k]

    With one held-out item a user this is also recall@k (Deshpande and Karypis, "Item-based top-N recommendation
    algorithms", TOIS 2004). A rank of 10.5 (a tie across the end of the list) is no hit at k = 10. Without users it
    is NaN: there is nothing to take the mean of.
    """
    return _mean(gains(ranks, "HR", k))


def mrr(ranks: np.ndarray, k: int) -> float:
    """Mean reciprocal rank, cut at k: the mean of 1/rank, with 0 for held-out items outside the first k.

        MRR@k = (1/n) Σ_u [rank_u ≤ k] / rank_u

    Voorhees, "The TREC-8 question answering track report", 1999. A tied rank of 2.5 gives 1/2.5. Without users it is
    NaN.
    """
    return _mean(gains(ranks, "MRR", k))


def ndcg(ranks: np.ndarray, k: int) -> float:
    """Normalised discounted cumulative gain, cut at k, for one relevant item a user.

        NDCG@k = (1/n) Σ_u [rank_u ≤ k] / log2(rank_u + 1)

    The best possible list has the item in front and a gain of 1/log2(2) = 1, so there is nothing to divide by. Järvelin
    and Kekäläinen, "Cumulated gain-based evaluation of IR techniques", TOIS 2002. A tied rank of 2.5 gives 1/log2(3.5).
    Without users it is NaN.
    """
    return _mean(gains(ranks, "NDCG", k))


def metrics(ranks: np.ndarray, ks: Sequence[int] = (10, 20)) -> dict[str, float]:
    """All three metrics at each k, in the order of the paper's tables: ``{"HR@10": …, "MRR@10": …, …}``."""
    return {f"{name}@{k}": _mean(gains(ranks, name, k)) for k in ks for name in METRICS}


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else float("nan")


# --- how sure ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Interval:
    """A value and how far it moves when the users are drawn anew."""

    value: float
    low: float
    high: float
    level: float = 0.95

    def __str__(self) -> str:
        return f"{self.value:.4f} [{self.low:.4f}, {self.high:.4f}]"


def bootstrap(
    ranks: np.ndarray, ks: Sequence[int] = (10, 20), n: int = 2000, level: float = 0.95, seed: int = 0
) -> dict[str, Interval]:
    """Percentile bootstrap intervals over users, one for each metric (Efron, 1979).

    Users are drawn with replacement `n` times, the same draws for all metrics. The interval says how much the number
    depends on who happened to be in the test set; it says nothing about other seeds of the training or other data.
    With one user low, value and high are the same; without users all are NaN.

    Args:
        ranks: ``(n_test,)`` ranks.
        ks: lengths of the list.
        n: number of draws.
        level: share of the draws inside the interval.
        seed: seed of the draws.
    """
    names = list(metrics([], ks))
    each = np.stack([gains(ranks, name, k) for k in ks for name in METRICS], axis=1)  # (n_test, n_metrics)
    low, high = _percentiles(each, n, level, seed)
    values = [_mean(column) for column in each.T]
    return {m: Interval(v, float(a), float(b), level) for m, v, a, b in zip(names, values, low, high, strict=True)}


def _percentiles(each: np.ndarray, n: int, level: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper end, ``(n_metrics,)`` each, of the bootstrap interval of the mean of ``(n_test, n_metrics)``."""
    if n < 1 or not 0 < level < 1:
        raise RamgnnError(f"n is {n} and level {level}; expected at least 1 draw and a level between 0 and 1")
    size = len(each)
    if size == 0:
        return np.full(each.shape[1], np.nan), np.full(each.shape[1], np.nan)
    means = [times.astype(np.float64) @ each / size for times in resampled(size, n, seed)]
    tail = 50 * (1 - level)
    low, high = np.percentile(np.concatenate(means), [tail, 100 - tail], axis=0)
    return low, high


def resampled(size: int, n: int, seed: int) -> Iterator[np.ndarray]:
    """How often each of `size` users comes up in each of `n` draws with replacement: ``(draws, size)`` at a time.

    A comparison of many models asks for the same draws once for each of them, so the last ones are kept, where they are
    not too many.
    """
    kept = n * size <= MOST_KEPT
    yield from (part.astype(np.int64) for part in (_kept_draws if kept else _draws)(size, n, seed))


def _draws(size: int, n: int, seed: int) -> Iterator[np.ndarray]:
    rng = np.random.default_rng(seed)
    for draws in _chunks(n, size):
        drawn = rng.integers(size, size=(draws, size)) + size * np.arange(draws)[:, None]
        yield np.bincount(drawn.ravel(), minlength=draws * size).reshape(draws, size)


@lru_cache(maxsize=2)
def _kept_draws(size: int, n: int, seed: int) -> tuple[np.ndarray, ...]:
    return tuple(part.astype(np.uint16 if size < 2**16 else np.int64) for part in _draws(size, n, seed))


def _chunks(n: int, width: int) -> list[int]:
    """`n` rows of `width` numbers in portions of at most 4 million numbers."""
    most = max(1, 2**22 // max(width, 1))
    return [most] * (n // most) + ([n % most] if n % most else [])


@dataclass(frozen=True)
class PairedTest:
    """What `paired_test` found.

    Attributes:
        metric: for example ``"NDCG@10"``.
        a, b: the metric of the two.
        difference, low, high: a - b and its bootstrap interval over users.
        p_value: of the sign-flip test, two-sided.
        better, worse: number of users for whom a is better, and worse, than b.
        n_users: number of users compared.
        level: of the interval.
    """

    metric: str
    a: float
    b: float
    difference: float
    low: float
    high: float
    p_value: float
    better: int
    worse: int
    n_users: int
    level: float = 0.95

    def __str__(self) -> str:
        return (
            f"{self.metric}: {self.difference:+.4f} [{self.low:+.4f}, {self.high:+.4f}], p = {self.p_value:.3g}; "
            f"better for {self.better} and worse for {self.worse} of {self.n_users} users"
        )


def paired_test(
    a: Evaluation, b: Evaluation, metric: str = "NDCG", k: int = 10, n: int = 10_000, level: float = 0.95, seed: int = 0
) -> PairedTest:
    """Is a better than b on the same users, or could chance do that?

    The difference of each user's gain is taken. The interval is the percentile bootstrap of its mean over users. The
    p-value is of the sign-flip (paired permutation) test: if the two were alike, each difference could as well have
    had the other sign; p is the share of sign patterns with a mean at least as far from 0. All patterns are tried when
    at most twelve users differ, else `n` random ones and (1 + hits) / (1 + n), which is never 0. For HR this is
    McNemar's test. Smucker, Allan and Carterette, "A comparison of statistical significance tests for information
    retrieval evaluation", CIKM 2007.

    Args:
        a, b: evaluations of the same users; the order of the rows may differ.
        metric: ``"HR"``, ``"MRR"`` or ``"NDCG"``.
        k: length of the list.
        n: number of bootstrap draws and of sign patterns.
        level: of the interval.
        seed: seed of both.

    Raises:
        RamgnnError: the two differ in users, held-out items, candidates or the treatment of ties, or have no users.
    """
    order = _rows_of(a, b)
    own, other = gains(a.ranks, metric, k), gains(b.ranks, metric, k)[order]
    difference = own - other
    low, high = _percentiles(difference[:, None], n, level, seed)
    return PairedTest(
        f"{metric}@{k}",
        _mean(own),
        _mean(other),
        _mean(difference),
        float(low[0]),
        float(high[0]),
        _sign_flip(difference, n, seed),
        int((difference > 0).sum()),
        int((difference < 0).sum()),
        len(difference),
        level,
    )


def _sign_flip(difference: np.ndarray, n: int, seed: int) -> float:
    """Two-sided p-value of the mean of `difference` when every sign could have been the other one."""
    moved = difference[difference != 0]  # a zero has no sign to flip
    if len(moved) == 0:
        return 1.0
    reached = abs(moved.sum()) * (1 - 1e-9)  # sums of the same numbers in another order are not equal to the last bit
    if len(moved) <= 12:
        signs = 1 - 2 * ((np.arange(2 ** len(moved))[:, None] >> np.arange(len(moved))) & 1)
        return float((abs(signs @ moved) >= reached).mean())
    rng = np.random.default_rng(seed)
    hits = 0
    for rows in _chunks(n, len(moved)):
        signs = rng.integers(2, size=(rows, len(moved)), dtype=np.int8)
        hits += int((abs(2 * (signs @ moved) - moved.sum()) >= reached).sum())
    return (1 + hits) / (1 + n)


def _rows_of(a: Evaluation, b: Evaluation) -> np.ndarray:
    """The rows of `b` in the order of the users of `a`."""
    for what in ("candidates", "ties"):
        if getattr(a, what) != getattr(b, what):
            raise RamgnnError(
                f"the two evaluations differ in {what}: {getattr(a, what)!r} and {getattr(b, what)!r}; "
                "evaluate both in the same way"
            )
    if len(a.users) == 0 or not np.array_equal(np.sort(a.users), np.sort(b.users)):
        common = len(np.intersect1d(a.users, b.users))
        raise RamgnnError(
            f"a paired test needs the same users on both sides: {len(a.users)} and {len(b.users)} users, "
            f"{common} of them in common"
        )
    order = np.argsort(b.users)[np.argsort(np.argsort(a.users))]
    if a.items is not None and b.items is not None and not np.array_equal(a.items, b.items[order]):
        raise RamgnnError(
            f"the held-out items differ for {int((a.items != b.items[order]).sum())} of {len(a.users)} users: "
            "the evaluations are of different splits, perhaps validation and test"
        )
    return order


# --- one evaluation ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The ranks of all test users under one model.

    Attributes:
        ranks: ``(n_test,)`` float64, 1 is best.
        users: ``(n_test,)`` int64, the user of each rank.
        ties: how ties were ranked, see `rank_test`.
        candidates: ``"all"`` (every item outside the user's training set) or, for example, ``"1 vs 999"``.
        items: ``(n_test,)`` int64, the held-out items; None where they were not kept.
    """

    ranks: np.ndarray
    users: np.ndarray
    ties: str = "average"
    candidates: str = "all"
    items: np.ndarray | None = None

    def __post_init__(self) -> None:
        _known_ties(self.ties)
        for name, kind in (("ranks", np.float64), ("users", np.int64), ("items", np.int64)):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, np.asarray(getattr(self, name), kind))
        if self.ranks.shape != self.users.shape or (self.items is not None and self.items.shape != self.users.shape):
            raise RamgnnError(f"{len(self.ranks)} ranks for {len(self.users)} users; expected one rank a user")
        if len(np.unique(self.users)) != len(self.users):
            raise RamgnnError("a user stands twice in the evaluation; expected one held-out item a user")

    def metrics(self, ks: Sequence[int] = (10, 20)) -> dict[str, float]:
        """HR, MRR and NDCG at each k."""
        return metrics(self.ranks, ks)

    def table(self, ks: Sequence[int] = (10, 20), n: int = 2000, level: float = 0.95, seed: int = 0) -> pd.DataFrame:
        """The metrics with their bootstrap intervals: columns ``metric, value, low, high``."""
        found = bootstrap(self.ranks, ks, n, level, seed)
        rows = [(name, i.value, i.low, i.high) for name, i in found.items()]
        return pd.DataFrame(rows, columns=["metric", "value", "low", "high"])

    def by(self, groups: Sequence[str] | pd.Series | pd.Categorical, ks: Sequence[int] = (10, 20)) -> pd.DataFrame:
        """The metrics within groups of users.

        Args:
            groups: ``(n_test,)`` the group of each row, such as `session_groups` gives. The order of a categorical is
                kept and its empty groups are shown; other groups stand in order of first appearance.
            ks: lengths of the list.

        Returns:
            One row a group: the number of users, then the metrics (NaN for an empty group).
        """
        groups = pd.Series(groups)
        if len(groups) != len(self.ranks):
            raise RamgnnError(f"{len(groups)} groups for {len(self.ranks)} test rows; expected one for each row")
        if groups.isna().any():
            raise RamgnnError(f"{int(groups.isna().sum())} test rows are in no group")
        names = list(groups.cat.categories) if isinstance(groups.dtype, pd.CategoricalDtype) else list(groups.unique())
        rows = []
        for name in names:
            own = self.ranks[(groups == name).to_numpy()]
            rows.append({"users": len(own), **metrics(own, ks)})
        columns = ["users", *metrics([], ks)]
        return pd.DataFrame(rows, index=pd.Index(names, name="group"), columns=columns)

    def to_json(self) -> str:
        """One line of JSON; whole ranks are written without a decimal point."""
        ranks = [int(r) if r.is_integer() else r for r in self.ranks.tolist()]
        fields = {"ties": self.ties, "candidates": self.candidates, "users": self.users.tolist(), "ranks": ranks}
        if self.items is not None:
            fields["items"] = self.items.tolist()
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
    """Rank every held-out item of the data set, as `rank_test` does, and keep who and what was ranked how."""
    ranks = rank_test(score, dataset, ties, block, progress)
    candidates = "all" if dataset.negatives is None else f"1 vs {dataset.negatives.shape[1]}"
    users, items = (dataset.test[column].to_numpy() for column in ("user", "item"))
    return Evaluation(ranks, users, ties, candidates, items)


def session_groups(dataset: RecDataset) -> pd.Series:
    """When each held-out interaction happened, counted from the user's last training interaction.

    ``"same time"`` is the same second, ``"within an hour"`` up to 3,600 seconds apart, ``"later"`` the rest, users
    without training interactions included. The first two are mostly one sitting: what is right for them may be no
    more than what was on the screen.

    Returns:
        ``(n_test,)`` categorical, row by row with ``dataset.test``; for `Evaluation.by`.

    Raises:
        RamgnnError: the data set has no times in seconds.
    """
    if dataset.time_kind != "seconds":
        raise RamgnnError(
            f"data set {dataset.name!r} has no clock times (its time is {dataset.time_kind!r}), "
            "so nobody can say how long after the last training interaction a test interaction came"
        )
    last = dataset.train.groupby("user")["time"].max()
    gap = (dataset.test["time"] - dataset.test["user"].map(last)).abs().to_numpy(np.float64)
    code = np.select([gap == 0, gap <= 3600], [0, 1], default=2)
    return pd.Series(pd.Categorical.from_codes(code, categories=SESSIONS, ordered=True), name="session")
