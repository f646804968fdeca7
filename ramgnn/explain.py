"""Why an item: the values it shares with what the user had, the attention each has, and the films behind it.

Attention belongs to pre-training: α_jn of Eq. 7 says how much of the item's embedding comes from neighbours through
each value. The recommender goes on from those embeddings, so a reason says what the start of the score was made of,
not an exact share of the score.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ramgnn.pretrain import Pretrained
from ramgnn.sampler import Selection
from ramgnn.training import Fitted


@dataclass(frozen=True)
class Via:
    """A node behind a reason: one of the user's films, or a person like the user who had the item.

    Attributes:
        node: its index; label: what a reader sees.
        kept: whether the sampler keeps it as a neighbour through this value.
        similarity: cosine of the final embeddings, in [-1, 1].
    """

    node: int
    label: str
    kept: bool
    similarity: float


@dataclass(frozen=True)
class Reason:
    """A shared attribute value.

    Attributes:
        type, value: names of the relation type and the value.
        attention: α summed over the neighbours kept through this value; the values of one node sum to 1.
        via: the nodes that share it, kept ones first, then the most similar.
    """

    type: str
    value: str
    attention: float
    via: tuple[Via, ...]


@dataclass(frozen=True)
class Explanation:
    """Why `item` for `user`.

    Attributes:
        user, item: indices; user_label, item_label: what a reader sees.
        score: ŷ_ui, Eq. 22; rank: among the items the user has not had, 1 is best.
        seen: whether the user had the item in training.
        item_reasons: values that the item shares with the user's own items, most attention first.
        user_reasons: values that the user shares with others who had the item, most attention first.
        similar: the user's items closest to this one by final embeddings, whatever they share.
    """

    user: int
    item: int
    user_label: str
    item_label: str
    score: float
    rank: int
    seen: bool
    item_reasons: tuple[Reason, ...]
    user_reasons: tuple[Reason, ...]
    similar: tuple[Via, ...]


@dataclass(frozen=True)
class Side:
    """One side's graph with its attention, computed once and asked often."""

    pretrained: Pretrained
    kept: Selection
    alpha: Tensor

    @classmethod
    def of(cls, pretrained: Pretrained | None) -> Side | None:
        """The final selection and the last layer's attention."""
        return cls(pretrained, *pretrained.attention()) if pretrained is not None else None

    def by_value(self, node: int) -> dict[int, float]:
        """The attention of each value of a node, the largest first; zero for a value without a kept neighbour."""
        graph = self.pretrained.graph
        found = {v: 0.0 for v in graph.value[graph.incidences_of(node)].tolist()}
        bag = slice(int(self.kept.head_ptr[node]), int(self.kept.head_ptr[node + 1]))
        for m, a in zip(self.kept.incidence[bag].tolist(), self.alpha[bag].tolist(), strict=True):
            found[int(graph.value[m])] += a
        return dict(sorted(found.items(), key=lambda x: -x[1]))

    def kept_through(self, node: int) -> set[tuple[int, int]]:
        """The kept neighbours of a node as ``(neighbour, value)``."""
        graph = self.pretrained.graph
        own = self.kept.of(node)
        return set(zip(graph.node[own].tolist(), graph.value[own].tolist(), strict=True))


class Explainer:
    """Answers questions about a trained recommender.

    Args:
        fitted: a trained recommender; without pre-training there are no reasons, only scores.
    """

    def __init__(self, fitted: Fitted) -> None:
        self.fitted, self.dataset = fitted, fitted.dataset
        self.item, self.user = Side.of(fitted.item), Side.of(fitted.user)
        self.matrix = self.dataset.matrix()
        self.by_item = self.matrix.tocsc()

    def recommend(self, user: int, n: int = 10, exclude_seen: bool = True) -> list[tuple[int, float]]:
        """The `n` items with the highest ŷ_ui as ``(item, score)``, best first; ties by index."""
        scores = self.scores(user)
        if exclude_seen:
            scores[self.dataset.history(user)] = -np.inf
        best = np.argsort(-scores, kind="stable")[:n]
        return [(int(i), float(scores[i])) for i in best if np.isfinite(scores[i])]

    def scores(self, user: int) -> np.ndarray:
        """ŷ_ui for every item, ``(n_items,)``."""
        return self.fitted.final(np.array([user]))[0].double().cpu().numpy()

    def explain(self, user: int, item: int, most: int = 5) -> Explanation:
        """Why `item` for `user`, with at most `most` nodes behind each reason."""
        scores = self.scores(user)
        history = self.dataset.history(user)
        others = np.setdiff1d(np.arange(self.dataset.n_items), history)
        score = scores[item]
        final = self.fitted.final
        people = self.by_item.indices[self.by_item.indptr[item] : self.by_item.indptr[item + 1]]
        like_item = _cosine(final.items, item)
        similar = [j for j in history[np.argsort(-like_item[history], kind="stable")] if j != item][:most]
        return Explanation(
            user=user,
            item=item,
            user_label=self.dataset.user_labels[user],
            item_label=self.dataset.item_labels[item],
            score=float(score),
            rank=1 + int((scores[others[others != item]] > score).sum()),
            seen=bool(np.isin(item, history)),
            item_reasons=self._reasons(self.item, item, history, like_item, self.dataset.item_labels, most),
            user_reasons=self._reasons(
                self.user, user, people, _cosine(final.users, user), self.dataset.user_labels, most
            ),
            similar=tuple(Via(int(j), self.dataset.item_labels[j], False, float(like_item[j])) for j in similar),
        )

    @staticmethod
    def _reasons(
        side: Side | None, node: int, others: np.ndarray, similarity: np.ndarray, labels: tuple[str, ...], most: int
    ) -> tuple[Reason, ...]:
        """Values that a node shares with the others."""
        if side is None:
            return ()
        graph, kept, found = side.pretrained.graph, side.kept_through(node), []
        for v, attention in side.by_value(node).items():
            group = graph.node[graph.value_ptr[v] : graph.value_ptr[v + 1]].cpu().numpy()
            shared = [int(j) for j in np.intersect1d(group, others) if j != node]
            if shared:
                shared.sort(key=lambda j: ((j, v) not in kept, -similarity[j], j))
                via = tuple(Via(j, labels[j], (j, v) in kept, float(similarity[j])) for j in shared[:most])
                found.append(Reason(graph.types[graph.value_type[v]], graph.value_labels[v], attention, via))
        return tuple(found)

    def neighbours(self, side: str, node: int) -> list[tuple[int, str, str, float, float]]:
        """The kept neighbours of a node as ``(neighbour, type, value, attention, distance)``, most attention first."""
        of = {"item": self.item, "user": self.user}[side]
        if of is None:
            return []
        graph = of.pretrained.graph
        bag = slice(int(of.kept.head_ptr[node]), int(of.kept.head_ptr[node + 1]))
        rows = []
        columns = (of.kept.incidence[bag].tolist(), of.alpha[bag].tolist(), of.kept.distance[bag].tolist())
        for m, a, d in zip(*columns, strict=True):
            v = int(graph.value[m])
            rows.append((int(graph.node[m]), graph.types[graph.value_type[v]], graph.value_labels[v], a, d))
        return sorted(rows, key=lambda row: (-row[3], row[0]))


def _cosine(table: Tensor, row: int) -> np.ndarray:
    """Cosine similarity of one row with all: ``(n,)``."""
    unit = F.normalize(table.detach(), dim=1)
    with torch.no_grad():
        return (unit @ unit[row]).cpu().numpy()
