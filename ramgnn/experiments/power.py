"""Could it have been seen? How often runs of this kind would find a difference of a given size, with so many users.

An experiment is simulated from stored runs. What each user adds to the difference of two models is moved so that its
mean is the difference that is asked about; then users are drawn anew, the means of both models get the chance that
their seeds bring, every comparison of the family is tested, and the p-values are corrected together, as in the tables.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from ramgnn import paper
from ramgnn.errors import RamgnnError
from ramgnn.experiments.statistics import user_gains
from ramgnn.experiments.store import Result

LEVEL = 0.05
SIMULATIONS = 1000


@dataclass(frozen=True)
class Gap:
    """A difference that is asked about: a less b on a metric."""

    a: str
    b: str
    metric: str
    difference: float


@dataclass(frozen=True)
class Power:
    """How often a family of differences would be seen.

    Attributes:
        users: so many take part.
        gaps: the differences; seen: how often each is found, with the sign that it has.
        all_seen: how often every one of them is.
        any_seen: how often at least one of them is.
    """

    users: int
    gaps: tuple[Gap, ...]
    seen: tuple[float, ...]
    all_seen: float
    any_seen: float


def printed_gaps(
    ours: str, rivals: Mapping[str, str], table: str, metrics: Sequence[str], data: str = "ml-100k"
) -> tuple[Gap, ...]:
    """The differences between RAM-GNN and others that a table of the paper prints.

    Args:
        ours: the model here that stands for the paper's RAM-GNN.
        rivals: model here: row in the paper.
        table: as in ``"III"``; data: ``"ml-100k"`` or ``"kkbox"``.
    """
    value = {(c.row, c.metric): c.value for c in paper.PRINTED if (c.table, c.data) == (table, data)}
    return tuple(
        Gap(ours, model, metric, value[paper.tables.OURS, metric] - value[row, metric])
        for model, row in rivals.items()
        for metric in metrics
        if (row, metric) in value
    )


def power(
    runs: Mapping[str, Sequence[Result]],
    gaps: Sequence[Gap],
    users: int | None = None,
    n_runs: int | None = None,
    n: int = SIMULATIONS,
    seed: int = 0,
) -> Power:
    """How often the gaps would be seen if they were the truth.

    Args:
        runs: stored runs by model; they say how much users and seeds differ.
        gaps: one family, corrected together.
        users: how many take part; as many as in the runs by default.
        n_runs: seeds of each model; as many as there are by default.
        n: simulated experiments; seed: of the simulation.

    Raises:
        RamgnnError: there are no gaps, or a model has no runs.
    """
    missing = sorted({x for g in gaps for x in (g.a, g.b)} - {name for name, found in runs.items() if found})
    if missing or not gaps:
        raise RamgnnError(f"no runs of {', '.join(missing)}" if missing else "there are no differences to look for")
    rng = np.random.default_rng(seed)
    moved, chance, spread = _differences(runs, gaps, n_runs, n, rng)  # (n_users, g), (n, g), (g,)
    n_there = len(moved)
    users = n_there if users is None else users
    seen = np.zeros((n, len(gaps)), bool)
    wanted = np.sign([g.difference for g in gaps])
    for start in range(0, n, 100):
        block = slice(start, min(start + 100, n))
        times = rng.multinomial(users, np.full(n_there, 1 / n_there), size=block.stop - start)  # (b, n_users)
        mean = times @ moved / users
        variance = times @ np.square(moved) / users - np.square(mean)
        difference = mean + chance[block]
        error = np.sqrt(variance / users + spread)
        p = 2 * stats.norm.sf(np.abs(difference) / np.maximum(error, 1e-12))
        seen[block] = (corrected(p) < LEVEL) & (np.sign(difference) == wanted)
    shares = tuple(seen.mean(0).tolist())
    return Power(users, tuple(gaps), shares, float(seen.all(1).mean()), float(seen.any(1).mean()))


def _differences(
    runs: Mapping[str, Sequence[Result]], gaps: Sequence[Gap], n_runs: int | None, n: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each gap: what users add when it is true, ``(n_users, g)``; the chance of seeds and its variance.

    The chance is ``(n, g)``, one draw for each model and metric of a simulated experiment, so that a lucky run of ours
    helps against every rival; its variance is ``(g,)``.
    """
    of_users, of_seeds, variance = {}, {}, {}
    for key in dict.fromkeys((x, g.metric) for g in gaps for x in (g.a, g.b)):
        each = user_gains(runs[key[0]], key[1])  # (n_seeds, n_users)
        of_users[key] = each.mean(0)
        n_seeds = len(each) if n_runs is None else n_runs
        variance[key] = each.mean(1).var(ddof=1) / n_seeds if len(each) > 1 else 0.0
        of_seeds[key] = rng.normal(0, variance[key] ** 0.5, n)
    pairs = [((g.a, g.metric), (g.b, g.metric)) for g in gaps]
    moved = [of_users[a] - of_users[b] for a, b in pairs]
    moved = [x - x.mean() + g.difference for x, g in zip(moved, gaps, strict=True)]
    chance = [of_seeds[a] - of_seeds[b] for a, b in pairs]
    return np.stack(moved, 1), np.stack(chance, 1), np.array([variance[a] + variance[b] for a, b in pairs])


def corrected(p: np.ndarray) -> np.ndarray:
    """Holm's correction of each row of ``(n, g)`` p-values, see `ramgnn.experiments.statistics.holm`."""
    n_tests = p.shape[1]
    order = np.argsort(p, 1)
    factors = np.arange(n_tests, 0, -1)
    stepped = np.minimum(1, np.maximum.accumulate(np.take_along_axis(p, order, 1) * factors, 1))
    found = np.empty_like(stepped)
    np.put_along_axis(found, order, stepped, 1)
    return found
