"""Paths in time: a recommender with a handful of weights, each of which says something.

A path leads from a thing that somebody had, j, to one that they have not had, i: it was taken by the same people, next
to it, soon after it. There are as many kinds of path as there are such sentences, and the score of i adds them up:

    y_ui = θ_0 log(1 + n_i) + Σ_t θ_t log(1 + F_t(u, i) / ε_t),      F_t(u, i) = Σ_j 2^(−r_j / h_t) S_t(j, i)

where n_i is how many people had i, r_j how many things ago u had j, and S_t(j, i) how much of a path of kind t leads
from j to i. What u did themselves is never counted in S, neither in training nor later: an event that the weights are
learned from must look like one that is still to come.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from scipy import sparse
from scipy.optimize import minimize

from ramgnn.baselines.ease import inverse_gram
from ramgnn.datasets.base import RecDataset
from ramgnn.events import Events, next_events, training_events
from ramgnn.interactions import sample_negatives

FARTHEST = 6.0  # decay lengths; pairs farther apart weigh less than 1/400 and are not counted


@dataclass(frozen=True)
class Kind:
    """A kind of path.

    Attributes:
        name: for tables; words: for a sentence, "taken soon after …".
        reach: Δ_0 in exp(−Δ / Δ_0), what a pair that is Δ places apart counts; infinite: every pair counts 1.
        half_life: h, how many things ago something counts half; infinite: all of a history counts 1.
        ordered: whether only pairs count in which j came before i, or together with it.
    """

    name: str
    words: str
    reach: float = np.inf
    half_life: float = np.inf
    ordered: bool = False


PEOPLE = Kind("people", "taken by the same people as")
NEXT = Kind("next", "taken next to", reach=6.0, half_life=2.0)
SOON = Kind("soon", "taken soon after", reach=3.0, half_life=2.0, ordered=True)
AFTER = Kind("after", "taken after", reach=10.0, half_life=6.0, ordered=True)
EASE = Kind("ease", "foretold, among all that was had, by")
KINDS = (PEOPLE, NEXT, SOON, AFTER, EASE)


# ---- S: how much of a path leads from j to i ------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Sequences:
    """All interactions in order: ``(n,)`` each, sorted by user and time.

    Attributes:
        user, item: who and what.
        position: which one of the user's it is; things of one time share the middle of their places.
    """

    user: np.ndarray
    item: np.ndarray
    position: np.ndarray


def pairs(all: Sequences, kind: Kind) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """The places of j and of i in pairs of one user, and what each pair counts; a portion of them at a time."""
    farthest = FARTHEST * kind.reach
    for step in range(1, len(all.user)):  # pairs that are so many rows apart
        early = np.flatnonzero(all.user[step:] == all.user[:-step])
        late = early + step
        apart = all.position[late] - all.position[early]
        near = apart <= farthest
        if not near.any():
            break
        early, late, apart = early[near], late[near], apart[near]
        weight = np.exp(-apart / kind.reach)
        yield early, late, weight
        back = apart == 0 if kind.ordered else slice(None)
        yield late[back], early[back], weight[back]


def table(all: Sequences, kind: Kind, n_items: int) -> sparse.csr_array:
    """S before it is divided by anything: ``(n_items, n_items)``, from j to i."""
    total = sparse.csr_array((n_items, n_items), dtype=np.float64)
    waiting, n = [], 0
    for j, i, weight in pairs(all, kind):
        waiting.append((all.item[j], all.item[i], weight))
        n += len(j)
        if n > 2**23:
            total, waiting, n = total + _summed(waiting, n_items), [], 0
    return (total + _summed(waiting, n_items)).tocsr() if waiting else total


def _summed(parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]], n_items: int) -> sparse.csr_array:
    j, i, weight = (np.concatenate(x) for x in zip(*parts, strict=True))
    return sparse.coo_array((weight, (j, i)), shape=(n_items, n_items)).tocsr()


# ---- F: how much leads to i from all that somebody had --------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Paths:
    """The model.

    Attributes:
        dataset: what it was counted on.
        kinds: of path; tables: S of each before it is divided, for EASE the inverse P.
        count: ``(n_items,)`` how many people had each.
        weight: θ, ``(1 + kinds,)``, that of log(1 + n_i) first; scale: ε, ``(kinds,)``.
    """

    dataset: RecDataset
    kinds: tuple[Kind, ...]
    tables: tuple[sparse.csr_array | np.ndarray, ...]
    count: np.ndarray
    weight: np.ndarray
    scale: np.ndarray

    def scores(self, users: np.ndarray) -> np.ndarray:
        """y of all items: ``(b, n_items)``."""
        features = self.features(next_events(self.dataset, users), np.arange(len(users)))
        return combine(features, self.weight, self.scale)

    __call__ = scores

    def features(self, events: Events, which: np.ndarray) -> np.ndarray:
        """n_i and F_t of all items at some events, counted without the user: ``(1 + kinds, b, n_items)``.

        Right for items that the user never had, and for the target of an event.
        """
        b, rows = len(which), np.arange(len(which))
        target = events.target[which]
        asked = target >= 0
        count = np.tile(self.count.astype(float), (b, 1))
        count[rows[asked], target[asked]] -= 1
        found = [count]
        for kind, s in zip(self.kinds, self.tables, strict=True):
            row, at, weight = context(events, which, kind)
            item = events.item[at]
            if kind is EASE:
                found.append(self._foretold(events.user[which], row, item, s))
                continue
            weight = weight / np.sqrt(np.maximum(self.count[item] - 1, 1))  # the others who had j
            led = np.asarray((sparse.csr_array((weight, (row, item)), shape=(b, self.dataset.n_items)) @ s).todense())
            own = weight * pair_weight(events.position(at), events.position(events.own[which])[row], kind)
            led[rows[asked], target[asked]] -= np.bincount(row, own, b)[asked]
            found.append(np.maximum(led, 0) / np.sqrt(np.maximum(count, 1)))
        return np.stack(found)

    def _foretold(self, user: np.ndarray, row: np.ndarray, item: np.ndarray, inverse: np.ndarray) -> np.ndarray:
        """EASE fitted without the user, of what they had: ``(b, n_items)``.

        (A - x xᵀ)⁻¹ = P + P x xᵀ P / (1 - xᵀ P x), with P = A⁻¹ (Sherman and Morrison), and B_ji = -P_ji / P_ii.
        """
        had = sparse.csr_array((np.ones(len(row)), (row, item)), shape=(len(user), len(inverse)))
        everything = self.dataset.matrix()[user]
        spread = everything @ inverse  # P x
        left = 1 - np.asarray(everything.multiply(spread).sum(1)).reshape(-1, 1)
        numerator = had @ inverse + np.asarray(had.multiply(spread).sum(1)).reshape(-1, 1) * spread / left
        return np.maximum(-numerator / (np.diag(inverse) + spread**2 / left), 0)


def context(events: Events, which: np.ndarray, kind: Kind) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What counts of what somebody had before some events: row, place and 2^(−r / h), ``(n,)`` each."""
    if np.isinf(kind.half_life):
        row, at = events.places_had(which)
        return row, at, np.ones(len(row))
    at, rank = events.places(which)
    row, column = np.nonzero(at >= 0)
    return row, at[row, column], 2.0 ** (-rank[row, column] / kind.half_life)


def pair_weight(early: np.ndarray, late: np.ndarray, kind: Kind) -> np.ndarray:
    """What pairs count whose places are given, 0 for those too far apart."""
    apart = late - early
    return np.where(apart <= FARTHEST * kind.reach, np.exp(-apart / kind.reach), 0.0)


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
    l2: float = 300.0, most: int = 50,
) -> Paths:  # fmt: skip
    """Count the paths and learn θ from the last events of each user, among items that they never had.

    Args:
        dataset: with times; seed: of the drawn items.
        last: events of each user; negatives: items drawn for each.
        l2: EASE's λ; most: things in a context, see `ramgnn.events`.

    Raises:
        RamgnnError: the data have no times.
    """
    everything, n = sequences(dataset), dataset.n_items
    tables = tuple(inverse_gram(dataset, l2) if kind is EASE else table(everything, kind, n) for kind in kinds)
    count = np.bincount(everything.item, minlength=n)
    start = Paths(dataset, kinds, tables, count, np.ones(1 + len(kinds)), np.ones(len(kinds)))
    events = training_events(dataset, most)
    which = np.flatnonzero(_from_the_end(events) < last)
    known = torch.from_numpy(np.sort(everything.user * n + everything.item))
    generator = torch.Generator().manual_seed(seed)
    unseen = sample_negatives(torch.from_numpy(events.user[which]), known, n, negatives, generator)
    candidates = np.column_stack([events.target[which], unseen.numpy()])
    features = np.empty((1 + len(kinds), *candidates.shape))
    for part in np.array_split(np.arange(len(which)), max(1, len(which) // 256)):
        whole = start.features(events, which[part])
        features[:, part] = np.take_along_axis(whole, candidates[None, part], 2)
    targets = features[1:, :, 0]
    scale = np.array([np.quantile(x[x > 0], 0.2) if (x > 0).any() else 1.0 for x in targets])
    weight = conditional_logit(logarithms(features, scale))
    return Paths(dataset, kinds, tables, count, weight, scale)


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


def sequences(dataset: RecDataset) -> Sequences:
    """All training interactions in order."""
    events = next_events(dataset, np.arange(dataset.n_users))
    places = np.arange(len(events.item))
    user = dataset.train["user"].to_numpy()
    return Sequences(user, events.item, events.position(places))


def _from_the_end(events: Events) -> np.ndarray:
    """How many events of the same user come after each."""
    counts = np.bincount(events.user)
    return np.cumsum(counts)[events.user] - 1 - np.arange(len(events))
