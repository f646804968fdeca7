"""Figure 5: how thresholds, average neighbour distances and rewards go, run by run, and where the thresholds end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ramgnn import paper
from ramgnn.errors import RamgnnError
from ramgnn.experiments.store import Result, Store
from ramgnn.experiments.tables import Table, rows_on, runs_of


@dataclass(frozen=True)
class Trajectory:
    """What the sampler did for one relation type, in several runs of one model.

    Attributes:
        model, side, relation: whose; ``side`` is ``"user"`` or ``"item"``.
        k: ``(n_runs, n_epochs)`` the thresholds used.
        distance: ``(n_runs, n_epochs)`` average neighbour distances as the reward compares them, Eq. 12 and 13.
        reward: ``(n_runs, n_epochs)`` +1 or -1; NaN in the first epoch and once at rest.
        stopped: ``(n_runs,)`` after how many rewards the bandit came to rest; NaN where it did not.
    """

    model: str
    side: str
    relation: str
    k: np.ndarray
    distance: np.ndarray
    reward: np.ndarray
    stopped: np.ndarray


def trajectories(results: Sequence[Result], side: str) -> list[Trajectory]:
    """One for each relation type of a side, in the order of the types; none without a graph there.

    Args:
        results: runs of one model of ours, which keep these histories; of equally many epochs.

    Raises:
        RamgnnError: there are no results, or they keep no thresholds.
    """
    if not results:
        raise RamgnnError("there are no runs to take thresholds from")
    if not any(r.history.get("item") or r.history.get("user") for r in results):
        raise RamgnnError(f"the runs of {results[0].model!r} keep no thresholds: it has no sampler")
    parts = [r.history[side] for r in results if r.history.get(side)]
    all_types = []
    for t, name in enumerate(parts[0]["types"] if parts else ()):

        def each(key: str, t: int = t) -> np.ndarray:
            """One row a run, one column an epoch; None becomes NaN."""
            return np.array([[row[t] for row in part[key]] for part in parts], float)

        stopped = np.array([part["stopped"][t] for part in parts], float)
        all_types.append(Trajectory(results[0].model, side, name, each("k"), each("distance"), each("reward"), stopped))
    return all_types


def ends(one: Table, store: Store, dataset_name: str) -> tuple[list[str], list[list[str]]]:
    """Head and rows of a table of where thresholds begin, end and come to rest; the paper's ends beside them."""
    printed = {(x.side, x.relation): str(x.end) for x in paper.FIGURE5 if x.data == dataset_name}
    lines = []
    for row in rows_on(one, dataset_name):
        results = runs_of(row, one, store, dataset_name)
        for side in ("user", "item") if results else ():
            for x in trajectories(results, side):
                rest = x.stopped[np.isfinite(x.stopped)]
                at = f"{len(rest)} of {len(x.k)}" + (f", after {_range(rest)} rewards" if len(rest) else "")
                lines.append([row.label, side, x.relation, str(len(x.k)), _range(x.k[:, 0]), _range(x.k[:, -1]), at,
                              printed.get((side, x.relation), "")])  # fmt: skip
    return ["", "graph", "relation", "runs", "starts at", "ends at", "at rest", "paper's end"], lines


def _range(x: np.ndarray) -> str:
    """The least and the largest of whole numbers, or the one."""
    low, high = int(x.min()), int(x.max())
    return str(low) if low == high else f"{low} to {high}"
