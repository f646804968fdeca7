"""Paths in time: a recommender with a handful of weights, each of which says something.

A path leads from a thing that somebody had, j, to one that they have not had, i: it was taken by the same people, next
to it, soon after it. There are as many kinds of path as there are such sentences, and the score of i adds them up:

    y_ui = θ_0 log(1 + n_i) + Σ_t θ_t log(1 + F_t(u, i) / ε_t),      F_t(u, i) = Σ_j 2^(−r_j / h_t) S_t(j, i)

where n_i is how many people had i, r_j how many things ago u had j, and S_t(j, i) how much of a path of kind t leads
from j to i. What u did themselves is never counted in S, neither in training nor later: an event that the weights are
learned from must look like one that is still to come.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from scipy import sparse
from scipy.optimize import minimize
from tqdm import tqdm

from ramgnn.datasets.base import RecDataset
from ramgnn.events import Events, events_of, next_events, training_events
from ramgnn.interactions import sample_negatives
from ramgnn.temporal.counts import Counts
from ramgnn.temporal.kinds import KINDS, Kind, pair_weight

MOST_NUMBERS = 2**24  # of one kind held at once: 128 MiB


@dataclass(frozen=True, eq=False)
class Paths:
    """The model.

    Attributes:
        dataset: what is counted.
        kinds: of path.
        weight: θ, ``(1 + kinds,)``, that of log(1 + n_i) first; scale: ε, ``(kinds,)``.
        l2: λ of the kind that foretells.
    """

    dataset: RecDataset
    kinds: tuple[Kind, ...]
    weight: np.ndarray
    scale: np.ndarray
    l2: float = 300.0

    @cached_property
    def counts(self) -> Counts:
        """Who had what, and what leads from where to where."""
        return Counts(self.dataset, self.l2)

    def weighed(self, weight: np.ndarray, scale: np.ndarray) -> Paths:
        """The same with other θ and ε; nothing is counted anew."""
        other = replace(self, weight=weight, scale=scale)
        vars(other)["counts"] = self.counts  # where the cached property keeps it
        return other

    def scores(self, users: np.ndarray) -> np.ndarray:
        """y of all items: ``(b, n_items)``."""
        return self.of_events(next_events(self.dataset, users))

    __call__ = scores

    def newcomer_scores(self, had: Sequence[np.ndarray]) -> np.ndarray:
        """The same of people who are not in the data: ``(b, n_items)``.

        Args:
            had: for each of b people the indices of the items they had, oldest first.
        """
        return self.of_events(events_of(had))

    def of_events(self, events: Events) -> np.ndarray:
        """y of all items at some events: ``(e, n_items)``."""
        y = np.empty((len(events), self.dataset.n_items))
        for part in blocks(len(events), self.dataset.n_items):
            y[part] = combine(self.features(events, part), self.weight, self.scale)
        return y

    def features(self, events: Events, which: np.ndarray, candidates: np.ndarray | None = None) -> np.ndarray:
        """n_i and F_t at some events, counted without the user: ``(1 + kinds, b, n_items)``, or ``(1 + kinds, b, c)``.

        Right for items that the user never had, and for the target of an event.

        Args:
            candidates: ``(b, c)`` the items to give them of; all when None.
        """
        target, rows = events.target[which], np.arange(len(which))
        of_target = np.zeros((len(which), self.dataset.n_items), bool)
        of_target[rows[target >= 0], target[target >= 0]] = True
        others = self.counts.takers - of_target  # (b, n_items)
        found = [others, *(self._led(events, which, kind, others) for kind in self.kinds)]
        if candidates is not None:
            found = [np.take_along_axis(x, candidates, 1) for x in found]
        return np.stack(found)

    def through(self, event: Events, kind: Kind, item: int) -> tuple[np.ndarray, np.ndarray]:
        """From which items it leads to one item at a single event, and how much from each: ``(n,)`` and ``(n,)``.

        What leads there adds up to F_t, where that is above 0.
        """
        row, at, weight = context(event, np.zeros(1, np.int64), kind)
        j, user = event.item[at], int(event.user[0])
        if kind.by == "regression":
            everything = self.counts.matrix[[max(user, 0)]] * (user >= 0)
            spread = (everything @ self.counts.inverse)[0]  # (n_items,)
            left = 1 - float((everything @ spread)[0])
            led = -(self.counts.inverse[j, item] + spread[j] * spread[item] / left)
            return j, led / (self.counts.inverse[item, item] + spread[item] ** 2 / left)
        own = user >= 0
        if kind.by == "people":
            both = (self.counts.matrix[:, [item]].T @ self.counts.matrix[:, j]).toarray()[0]
            both -= own * self.counts.matrix[[max(user, 0)], [item]]
        else:
            both = self.counts.places(kind, j)[j, np.full(len(j), item)]
        return j, weight * both / np.sqrt(np.maximum(self.counts.takers[j] - own, 1) * max(self.counts.takers[item], 1))

    # ---- F of one kind ----------------------------------------------------------------------------------------------

    def _led(self, events: Events, which: np.ndarray, kind: Kind, others: np.ndarray) -> np.ndarray:
        """F_t of all items: ``(b, n_items)``.

        Args:
            others: ``(b, n_items)`` n_i without the user.
        """
        row, at, weight = context(events, which, kind)
        item, user = events.item[at], events.user[which]
        if kind.by == "regression":
            return self._foretold(user, self._had(row, item, np.ones(len(row)), len(which)))
        n_j = self.counts.takers[item] - (user[row] >= 0)  # the others who had j
        weight = weight / np.sqrt(np.maximum(n_j, 1))
        had = self._had(row, item, weight, len(which))
        if kind.by == "people":
            led = self._by_people(user, had)
        else:
            led = (had @ self.counts.places(kind, item)).toarray()
            # the user's own pairs with the target are taken off
            target, own = events.target[which], events.own[which]
            own_pair = weight * pair_weight(events.position(at), events.position(own)[row], kind)
            asked = np.flatnonzero(target >= 0)
            led[asked, target[asked]] -= np.bincount(row, own_pair, len(which))[asked]
        return np.maximum(led, 0) / np.sqrt(np.maximum(others, 1))

    def _had(self, row: np.ndarray, item: np.ndarray, weight: np.ndarray, b: int) -> sparse.csr_array:
        return sparse.csr_array((weight, (row, item)), shape=(b, self.dataset.n_items))

    def _by_people(self, user: np.ndarray, had: sparse.csr_array) -> np.ndarray:
        """Through whom it leads from j to i, the user aside: ``(b, n_items)``."""
        through = (had @ self.counts.matrix.T).toarray()  # (b, n_users)
        inside = np.flatnonzero(user >= 0)
        through[inside, user[inside]] = 0
        return through @ self.counts.matrix

    def _foretold(self, user: np.ndarray, had: sparse.csr_array) -> np.ndarray:
        """Σ_j B_ji of EASE fitted without the user: ``(b, n_items)``.

        (A - x xᵀ)⁻¹ = P + P x xᵀ P / (1 - xᵀ P x), with P = A⁻¹ (Sherman and Morrison), and B_ji = -P_ji / P_ii.
        """
        everything = self.counts.matrix[np.maximum(user, 0)] * (user >= 0)[:, None]  # x, (b, n_items)
        spread = everything @ self.counts.inverse  # P x
        left = 1 - np.asarray(everything.multiply(spread).sum(1)).reshape(-1, 1)
        numerator = had @ self.counts.inverse + np.asarray(had.multiply(spread).sum(1)).reshape(-1, 1) * spread / left
        return np.maximum(-numerator / (np.diag(self.counts.inverse) + spread**2 / left), 0)


def blocks(n: int, width: int) -> list[np.ndarray]:
    """0 to n - 1 in parts whose rows of that width fit into memory."""
    return np.array_split(np.arange(n), max(1, -(-n * width // MOST_NUMBERS)))


def context(events: Events, which: np.ndarray, kind: Kind) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What counts of what somebody had before some events: row, place and 2^(−r / h), ``(n,)`` each."""
    if np.isinf(kind.half_life):
        row, at = events.places_had(which)
        return row, at, np.ones(len(row))
    at, rank = events.places(which)
    row, column = np.nonzero(at >= 0)
    return row, at[row, column], 2.0 ** (-rank[row, column] / kind.half_life)


def combine(features: np.ndarray, weight: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """y from n_i and F_t, ``(1 + kinds, …)`` to ``(…)``."""
    return np.tensordot(weight, logarithms(features, scale), 1)


def logarithms(features: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """log(1 + n_i) and log(1 + F_t / ε_t)."""
    shape = (-1,) + (1,) * (features.ndim - 1)
    return np.log1p(features / np.append(1.0, scale).reshape(shape))


# ---- learning the weights -------------------------------------------------------------------------------------------


def fit(
    dataset: RecDataset, kinds: tuple[Kind, ...] = KINDS, seed: int = 0, last: int = 12, negatives: int = 300,
    l2: float = 300.0, most: int = 50, most_events: int = 5000, progress: bool = False,
) -> Paths:  # fmt: skip
    """Learn θ from the last events of each user, among items that they never had.

    Args:
        dataset: with times; seed: of the drawn items.
        last: events of each user; negatives: items drawn for each.
        l2: EASE's λ; most: things in a context, see `ramgnn.events`.
        most_events: of more, so many are drawn.
        progress: show a bar where there is so much to count that it is done in parts.

    Raises:
        RamgnnError: the data have no times.
    """
    events, n = training_events(dataset, most), dataset.n_items
    start = Paths(dataset, kinds, np.ones(1 + len(kinds)), np.ones(len(kinds)), l2)
    which = np.flatnonzero(_from_the_end(events) < last)
    if len(which) > most_events:
        which = np.sort(np.random.default_rng(seed).choice(which, most_events, replace=False))
    known = torch.from_numpy(np.sort(dataset.train["user"].to_numpy() * n + dataset.train["item"].to_numpy()))
    generator = torch.Generator().manual_seed(seed)
    unseen = sample_negatives(torch.from_numpy(events.user[which]), known, n, negatives, generator)
    candidates = np.column_stack([events.target[which], unseen.numpy()])
    features = np.empty((1 + len(kinds), *candidates.shape))
    parts = blocks(len(which), max(n, dataset.n_users))
    for part in tqdm(parts, desc="paths", leave=False, disable=not progress or len(parts) == 1):
        features[:, part] = start.features(events, which[part], candidates[part])
    targets = features[1:, :, 0]
    scale = np.array([np.quantile(x[x > 0], 0.2) if (x > 0).any() else 1.0 for x in targets])
    return start.weighed(conditional_logit(logarithms(features, scale)), scale)


def conditional_logit(x: np.ndarray) -> np.ndarray:
    """θ that makes the first of each row's choices most likely: ``(k, events, choices)`` to ``(k,)``.

        max_θ  Σ_e log softmax_c(θ · x_ec)  at c = 0, the target

    Convex; McFadden, "Conditional logit analysis of qualitative choice behavior", 1974.
    """

    def loss(theta: np.ndarray) -> tuple[float, np.ndarray]:
        y = np.tensordot(theta, x, 1)
        y -= y.max(1, keepdims=True)
        p = np.exp(y)
        p /= p.sum(1, keepdims=True)
        gradient = np.tensordot(x, p, 2) - x[:, :, 0].sum(1)
        return -np.log(p[:, 0]).sum() / len(y), gradient / len(y)

    return minimize(loss, np.zeros(len(x)), jac=True, method="L-BFGS-B").x


def _from_the_end(events: Events) -> np.ndarray:
    """How many events of the same user come after each."""
    counts = np.bincount(events.user)
    return np.cumsum(counts)[events.user] - 1 - np.arange(len(events))
