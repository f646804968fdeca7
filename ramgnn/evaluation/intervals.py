"""How much a metric depends on who happened to be in the test set: bootstrap intervals over users."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from numbers import Real

import numpy as np

from ramgnn import arguments
from ramgnn.errors import RamgnnError
from ramgnn.evaluation.metrics import METRICS, columns, gains, mean_gain

MAX_CACHED_COUNTS = 2**26  # counts of draws that are cached: 128 MiB, twenty thousand draws of three thousand users
MAX_BLOCK = 2**22  # numbers drawn at once


@dataclass(frozen=True)
class Interval:
    """A value and how far it moves when the users are drawn again."""

    value: float
    low: float
    high: float
    level: float = 0.95

    def __str__(self) -> str:
        return f"{self.value:.4f} [{self.low:.4f}, {self.high:.4f}]"


def bootstrap(
    ranks: np.ndarray, ks: int | Sequence[int] = (10, 20), n: int = 2000, level: float = 0.95, seed: int = 0
) -> dict[str, Interval]:
    """Percentile bootstrap intervals over users, one for each metric (Efron, 1979).

    Users are drawn with replacement `n` times, the same draws for all metrics. The interval says how much the number
    depends on who happened to be in the test set; it says nothing about other seeds of the training or other data.
    With one user low, value and high are the same; without users all are NaN.

    Args:
        ranks: ``(n_test,)`` ranks.
        ks: lengths of the list, one or several.
        n: number of draws.
        level: fraction of the draws inside the interval.
        seed: seed of the draws.

    Raises:
        RamgnnError: there is no draw, the level is not between 0 and 1, or a rank is none.
    """
    ks = arguments.cutoffs(ks)
    gain = np.stack([gains(ranks, metric, k) for k in ks for metric in METRICS], axis=1)  # (n_test, n_metrics)
    low, high = percentile_interval(gain, n, level, seed)
    values = [mean_gain(column) for column in gain.T]
    return {
        name: Interval(value, float(a), float(b), level)
        for name, value, a, b in zip(columns(ks), values, low, high, strict=True)
    }


def percentile_interval(gain: np.ndarray, n: int, level: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper end, ``(n_metrics,)`` each, of the bootstrap interval of the mean of ``(n_test, n_metrics)``."""
    arguments.instance("level", level, Real, "a number between 0 and 1")
    arguments.seed(seed)
    if arguments.whole_number("n", n) < 1 or not 0 < level < 1:
        raise RamgnnError(f"n is {n} and level {level}; expected at least 1 draw and a level between 0 and 1")
    n_users = len(gain)
    if n_users == 0:
        return np.full(gain.shape[1], np.nan), np.full(gain.shape[1], np.nan)
    # the mean over drawn users is a product with how often each was drawn: (draws, n_test) @ (n_test, n_metrics)
    means = [counts.astype(np.float64) @ gain / n_users for counts in resampled(n_users, n, seed)]
    tail = 50 * (1 - level)
    low, high = np.percentile(np.concatenate(means), [tail, 100 - tail], axis=0)
    return low, high


def resampled(size: int, n: int, seed: int) -> Iterator[np.ndarray]:
    """How often each of `size` users comes up in each of `n` draws with replacement: ``(draws, size)`` at a time.

    A comparison of many models asks for the same draws once for each of them, so the latest are cached unless they are
    too many.
    """
    draw = _cached_draws if n * size <= MAX_CACHED_COUNTS else _draws
    yield from (counts.astype(np.int64) for counts in draw(size, n, seed))


def _draws(size: int, n: int, seed: int) -> Iterator[np.ndarray]:
    rng = np.random.default_rng(seed)
    for draws in row_blocks(n, size):
        drawn = rng.integers(size, size=(draws, size)) + size * np.arange(draws)[:, None]
        yield np.bincount(drawn.ravel(), minlength=draws * size).reshape(draws, size)


@lru_cache(maxsize=2)
def _cached_draws(size: int, n: int, seed: int) -> tuple[np.ndarray, ...]:
    return tuple(counts.astype(np.uint16 if size < 2**16 else np.int64) for counts in _draws(size, n, seed))


def row_blocks(n: int, width: int) -> list[int]:
    """How many rows to take at a time, so that blocks of `n` rows of `width` numbers stay below `MAX_BLOCK` numbers."""
    rows = max(1, MAX_BLOCK // max(width, 1))
    return [rows] * (n // rows) + ([n % rows] if n % rows else [])
