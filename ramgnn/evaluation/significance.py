"""Is one model better than another on the same users, or could chance do that? A paired test for each metric."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ramgnn.errors import RamgnnError
from ramgnn.evaluation.intervals import percentile_interval, row_blocks
from ramgnn.evaluation.metrics import gains, mean_gain
from ramgnn.evaluation.record import Evaluation

MAX_EXACT = 12  # users that differ; up to here all 2^n sign patterns are tried


@dataclass(frozen=True)
class PairedTest:
    """The result of `paired_test`.

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
    had the other sign; p is the fraction of sign patterns with a mean at least as far from 0. All patterns are tried
    when at most twelve users differ, else `n` random ones and (1 + hits) / (1 + n), which is never 0. For HR this is
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
    rows = _matching_rows(a, b)
    gain_a, gain_b = gains(a.ranks, metric, k), gains(b.ranks, metric, k)[rows]
    difference = gain_a - gain_b  # (n_users,)
    low, high = percentile_interval(difference[:, None], n, level, seed)
    return PairedTest(
        metric=f"{metric}@{k}",
        a=mean_gain(gain_a),
        b=mean_gain(gain_b),
        difference=mean_gain(difference),
        low=float(low[0]),
        high=float(high[0]),
        p_value=_sign_flip(difference, n, seed),
        better=int((difference > 0).sum()),
        worse=int((difference < 0).sum()),
        n_users=len(difference),
        level=level,
    )


def _sign_flip(difference: np.ndarray, n: int, seed: int) -> float:
    """Two-sided p-value of the mean of `difference` when every sign could have been the other one."""
    nonzero = difference[difference != 0]  # a zero has no sign to flip
    if len(nonzero) == 0:
        return 1.0
    # sums of the same numbers in another order are not equal to the last bit, hence the tolerance
    observed = abs(nonzero.sum()) * (1 - 1e-9)
    if len(nonzero) <= MAX_EXACT:
        signs = 1 - 2 * ((np.arange(2 ** len(nonzero))[:, None] >> np.arange(len(nonzero))) & 1)
        return float((abs(signs @ nonzero) >= observed).mean())
    rng = np.random.default_rng(seed)
    hits = 0
    for rows in row_blocks(n, len(nonzero)):
        keep = rng.integers(2, size=(rows, len(nonzero)), dtype=np.int8)  # 1 keeps a sign, 0 flips it
        hits += int((abs(2 * (keep @ nonzero) - nonzero.sum()) >= observed).sum())
    return (1 + hits) / (1 + n)


def _matching_rows(a: Evaluation, b: Evaluation) -> np.ndarray:
    """The rows of `b` in the order of the users of `a`."""
    for field in ("candidates", "ties"):
        if getattr(a, field) != getattr(b, field):
            raise RamgnnError(
                f"the two evaluations differ in {field}: {getattr(a, field)!r} and {getattr(b, field)!r}; "
                "evaluate both in the same way"
            )
    if len(a.users) == 0 or not np.array_equal(np.sort(a.users), np.sort(b.users)):
        common = len(np.intersect1d(a.users, b.users))
        raise RamgnnError(
            f"a paired test needs the same users on both sides: {len(a.users)} and {len(b.users)} users, "
            f"{common} of them in common"
        )
    rows = np.argsort(b.users)[np.argsort(np.argsort(a.users))]
    if a.items is not None and b.items is not None and not np.array_equal(a.items, b.items[rows]):
        raise RamgnnError(
            f"the held-out items differ for {int((a.items != b.items[rows]).sum())} of {len(a.users)} users: "
            "the evaluations are of different splits, perhaps validation and test"
        )
    if None not in (a.data, b.data) and a.data != b.data:
        raise RamgnnError(
            "the two evaluations are of different data: the ids of users and items, or what the held-out items are "
            "ranked against, differ, such as by the seed of sampled negatives; evaluate both models on one data set"
        )
    return rows
