"""How sure: means over seeds with intervals over users and over seeds, and paired comparisons of many models.

A number has three sources of chance: who happened to be a test user, the seed of the training, and what a search for
settings happened to find. The bootstrap here draws them anew, users for all models together (so that comparisons are
paired), the others for each model by itself: searches where there are several, which brings their seeds along, else
seeds. Of n searches n - 1 are drawn, or their variance would come out too small by 1/n, and n is three.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from zlib import crc32

import numpy as np
from scipy import stats

from ramgnn.errors import RamgnnError
from ramgnn.evaluation import columns, gains, resampled
from ramgnn.experiments.store import Result

METRICS = columns((10, 20))  # the six of the tables
DRAWS = 10_000
TOGETHER = "\u00a0"  # no line break inside an interval


@dataclass(frozen=True)
class Summary:
    """One model and one metric.

    Attributes:
        metric, n: the metric and the number of seeds.
        mean, sd: over seeds; sd is NaN with one seed.
        users: 95 % interval over users, the seeds held fixed.
        seeds: 95 % interval over seeds, the users held fixed (Student's t); NaN with one seed.
        both: 95 % interval over both.
    """

    metric: str
    n: int
    mean: float
    sd: float
    users: tuple[float, float]
    seeds: tuple[float, float]
    both: tuple[float, float]


@dataclass(frozen=True)
class Comparison:
    """Two models on one metric.

    Attributes:
        a, b: the models; metric: the metric.
        difference: of the means over seeds, a less b; low, high: its 95 % interval over users and seeds.
        p: two-sided, from the same draws: twice the share of draws on the other side of zero.
        corrected: p after Holm's correction for all comparisons of a family; the same as p before.
        relative: the difference as a share of b, with its interval.
    """

    a: str
    b: str
    metric: str
    difference: float
    low: float
    high: float
    p: float
    corrected: float
    relative: tuple[float, float, float]

    @property
    def sign(self) -> int:
        """1 when a is better beyond chance (corrected p below .05), -1 when b is, else 0."""
        return int(np.sign(self.difference)) if self.corrected < 0.05 else 0

    @property
    def interval(self) -> str:
        """The interval of the difference as text that no line break parts."""
        return f"[{self.low:+.4f},{TOGETHER}{self.high:+.4f}]"


def by_model(results: Iterable[Result]) -> dict[str, list[Result]]:
    """Results by the name of their model, by seed; those of further searches with the others."""
    grouped: dict[str, list[Result]] = {}
    for result in sorted(results, key=lambda r: (len(r.model) > len(r.row), r.seed)):
        grouped.setdefault(result.row, []).append(result)
    return grouped


def user_gains(results: Sequence[Result], metric: str) -> np.ndarray:
    """What each user adds to a metric, ``(n_seeds, n_users)``.

    Raises:
        RamgnnError: there are no results, or they are of different test sets.
    """
    if not results:
        raise RamgnnError("there are no results to compute statistics of")
    if len({r.test_fingerprint for r in results}) > 1:
        names = ", ".join(sorted({f"{r.model} on {r.data}" for r in results}))
        raise RamgnnError(f"the results are of different test users or candidates and cannot be compared: {names}")
    name, _, k = metric.partition("@")
    return np.stack([gains(r.ranks, name, int(k)) for r in results])


def draws(results: Sequence[Result], metric: str, n: int = DRAWS, seed: int = 0, seeds: bool = True) -> np.ndarray:
    """The metric with users, and seeds or searches unless told otherwise, drawn anew: ``(n,)``.

    The users are the same for every model.
    """
    each, searches = user_gains(results, metric), by_search(results)
    rng = np.random.default_rng([seed, crc32(results[0].row.encode())])  # seeds of two models have no pairs
    drawn = []
    for times in resampled(each.shape[1], n, seed):
        if seeds and len(each) > 1:
            if len(searches) > 1:
                most = len(searches) - 1
                weight = rng.multinomial(most, np.full(len(searches), 1 / len(searches)), size=len(times)) / most
                weight = weight @ searches
            else:
                weight = rng.multinomial(len(each), np.full(len(each), 1 / len(each)), size=len(times)) / len(each)
            drawn.append(np.einsum("nu,ns,su->n", times, weight, each, optimize=True) / each.shape[1])
        else:
            drawn.append(times @ (searches.mean(0) @ each) / each.shape[1])
    return np.concatenate(drawn)


def by_search(results: Sequence[Result]) -> np.ndarray:
    """What each run counts within its search: ``(n_searches, n_runs)``, rows that add up to one."""
    models = [r.model for r in results]
    found = np.array([[name == model for name in models] for model in dict.fromkeys(models)], float)
    return found / found.sum(1, keepdims=True)


def mean_gain(results: Sequence[Result], metric: str) -> float:
    """The metric: the mean over users and runs, each search counting alike."""
    return float((by_search(results).mean(0) @ user_gains(results, metric)).mean())


def summarise(results: Sequence[Result], metric: str, n: int = 2000) -> Summary:
    """Mean, spread and intervals of the runs of one model."""
    means = user_gains(results, metric).mean(1)
    sd, half = float("nan"), float("nan")
    if len(means) > 1:
        sd = float(means.std(ddof=1))
        half = float(stats.t.ppf(0.975, len(means) - 1)) * sd / len(means) ** 0.5
    mean = mean_gain(results, metric)
    intervals = [tuple(np.percentile(draws(results, metric, n, seeds=x), [2.5, 97.5]).tolist()) for x in (False, True)]
    return Summary(metric, len(means), mean, sd, intervals[0], (mean - half, mean + half), intervals[1])


def compare(a: Sequence[Result], b: Sequence[Result], metric: str, n: int = DRAWS) -> Comparison:
    """a against b, on the same users."""
    user_gains([*a, *b], metric)  # refuses what cannot be compared
    return _compared(a, b, metric, draws(a, metric, n), draws(b, metric, n, seed=0))


def alike(
    a: Sequence[Result], b: Sequence[Result], metric: str, margin: float, n: int = DRAWS
) -> tuple[bool, tuple[float, float]]:
    """Whether two models are the same but for less than a margin that was stated beforehand, and what shows it.

    They are when the 90 % interval of their difference lies within it, which is two one-sided tests at .05. That a
    difference cannot be told from chance says nothing of the kind. Schuirmann, "A comparison of the two one-sided tests
    procedure and the power approach for assessing the equivalence of average bioavailability", 1987.

    Returns:
        The answer, and the interval.
    """
    user_gains([*a, *b], metric)
    low, high = np.percentile(draws(a, metric, n) - draws(b, metric, n), [5, 95]).tolist()
    return -margin < low and high < margin, (low, high)


def family(
    results: dict[str, list[Result]], pairs: Sequence[tuple[str, str]], metrics: Sequence[str], n: int = DRAWS
) -> list[Comparison]:
    """Many comparisons, with Holm's correction for all of them together.

    Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 1979. The
    smallest p that n draws can give is 2 / (n + 1), so n has to be larger than forty times the number of comparisons
    if one of them is to be told from chance. With 200 times their number a pair may have four draws on the other side
    of zero, so that a single unlucky one does not decide.
    """
    n = max(n, 200 * len(pairs) * len(metrics))
    comparisons = []
    for metric in metrics:
        names = dict.fromkeys(name for pair in pairs for name in pair)
        user_gains([r for name in names for r in results[name]], metric)
        drawn = {name: draws(results[name], metric, n, seed=0) for name in names}
        comparisons += [_compared(results[a], results[b], metric, drawn[a], drawn[b]) for a, b in pairs]
    return holm(comparisons)


def all_pairs(results: dict[str, list[Result]], metric: str, n: int = DRAWS) -> list[Comparison]:
    """Every model against every other, corrected for all pairs."""
    names = list(results)
    return family(results, [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]], [metric], n)


def holm(comparisons: Sequence[Comparison]) -> list[Comparison]:
    """The comparisons, in their order, with corrected p-values."""
    order = sorted(range(len(comparisons)), key=lambda i: comparisons[i].p)
    corrected, highest = [0.0] * len(comparisons), 0.0
    for place, i in enumerate(order):
        highest = max(highest, min(1.0, comparisons[i].p * (len(comparisons) - place)))
        corrected[i] = highest
    return [replace(c, corrected=p) for c, p in zip(comparisons, corrected, strict=True)]


def _compared(
    a: Sequence[Result], b: Sequence[Result], metric: str, draws_a: np.ndarray, draws_b: np.ndarray
) -> Comparison:
    mean_a, mean_b = (mean_gain(x, metric) for x in (a, b))
    difference = draws_a - draws_b
    low, high = np.percentile(difference, [2.5, 97.5])
    beyond = 1 + min(int((difference <= 0).sum()), int((difference >= 0).sum()))
    p = min(1.0, 2 * beyond / (len(difference) + 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.percentile(draws_a / draws_b - 1, [2.5, 97.5]) if (draws_b > 0).all() else (np.nan, np.nan)
    relative = (mean_a / mean_b - 1 if mean_b else float("nan"), float(share[0]), float(share[1]))
    return Comparison(a[0].row, b[0].row, metric, mean_a - mean_b, float(low), float(high), p, p, relative)
