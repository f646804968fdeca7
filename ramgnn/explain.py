"""Why an item: the values it shares with what the user had, the attention each has, and the films behind it.

Attention belongs to pre-training: α_jn of Eq. 7 says how much of the item's embedding comes from neighbours through
each value. The recommender goes on from those embeddings, so a reason says what the start of the score was made of,
not an exact share of the score.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ramgnn.datasets.base import RecDataset
from ramgnn.errors import RamgnnError
from ramgnn.matching import told_apart
from ramgnn.pretrained import Pretrained
from ramgnn.recommender import FinalEmbeddings
from ramgnn.sampler import SampledNeighbours
from ramgnn.visible import visible


class Explainable(Protocol):
    """What can be explained: a trained RAM-GNN (`ramgnn.trained.Fitted`).

    Attributes:
        dataset: the data; item, user: pre-training on each graph, or None.
        final: the final embeddings.
    """

    dataset: RecDataset
    item: Pretrained | None
    user: Pretrained | None
    final: FinalEmbeddings

    def top_items(self, users: np.ndarray, n: int, exclude_seen: bool = True) -> tuple[np.ndarray, np.ndarray]:
        """The best items of some users and their scores, by index."""

    def all_scores(self, users: np.ndarray) -> np.ndarray:
        """The scores of all items for some users, by index."""


@dataclass(frozen=True)
class Via:
    """A node behind a reason: one of the user's films, or a person like the user who had the item.

    Attributes:
        node: its index; label: what a reader sees.
        sampled: whether the sampler keeps it as a neighbour through this value.
        similarity: cosine of the final embeddings, in [-1, 1].
    """

    node: int
    label: str
    sampled: bool
    similarity: float


@dataclass(frozen=True)
class Reason:
    """A shared attribute value.

    Attributes:
        type, value: names of the relation type and the value.
        attention: α summed over the neighbours sampled through this value; the values of one node sum to 1.
        via: the nodes that share it, sampled ones first, then the most similar.
    """

    type: str
    value: str
    attention: float
    via: tuple[Via, ...]

    def __str__(self) -> str:
        return self.line().strip()

    def line(self, width: int = 0) -> str:
        """Attention, type and value, and the nodes behind it; type and value are filled up to `width`."""
        behind = "; ".join(f"{'* ' if node.sampled else ''}{visible(node.label)}" for node in self.via)
        return f"{self.attention:6.3f}  {self.name:<{width}}  {behind}"

    @property
    def name(self) -> str:
        """Type and value on one line."""
        return visible(f"{self.type}: {self.value}")


@dataclass(frozen=True)
class Explanation:
    """Why `item` for `user`.

    Attributes:
        user, item: indices, the user None for somebody new; user_label, item_label: what a reader sees.
        score: ŷ_ui, Eq. 22; rank: among the items the user has not had, 1 is best.
        seen: whether the user has had the item.
        item_reasons: values that the item shares with the user's own items, most attention first.
        user_reasons: values that the user shares with others who had the item, most attention first.
        similar: the user's items closest to this one by final embeddings, whatever they share.
        pretrained: whether the item graph was pre-trained; without that no value has attention.

    As text it is a few lines for a reader: ``print(model.explain(user, item))``.
    """

    user: int | None
    item: int
    user_label: str
    item_label: str
    score: float
    rank: int
    seen: bool
    item_reasons: tuple[Reason, ...]
    user_reasons: tuple[Reason, ...]
    similar: tuple[Via, ...]
    pretrained: bool = True

    def __str__(self) -> str:
        whom = f"{'somebody' if self.user is None else 'user'} {visible(self.user_label)}"
        place = f"score {self.score:.4f}, rank {self.rank}{' (had already)' * self.seen}"
        parts = [f"{visible(self.item_label)} for {whom}: {place}"]
        if not self.pretrained:
            parts[0] += "\nthis run has no pre-training, so no attention to give reasons from"
        elif self.item_reasons:
            title = "shared with what the user had (attention: share of the item's neighbours through this value)"
            parts.append("\n".join([title, *_lines(self.item_reasons)]))
        else:
            parts.append("it shares no attribute value with anything the user had")
        if self.user_reasons:
            title = "shared with people who had it (attention: share of the user's neighbours through this value)"
            parts.append("\n".join([title, *_lines(self.user_reasons)]))
        if self.similar:
            nearest = (f"  {node.similarity:6.3f}  {visible(node.label)}" for node in self.similar)
            parts.append("\n".join(["nearest of the user's items after training (cosine)", *nearest]))
        starred = any(via.sampled for reason in (*self.item_reasons, *self.user_reasons) for via in reason.via)
        return "\n\n".join([*parts, *["* kept by the sampler as a neighbour through this value"] * starred])


def _lines(reasons: tuple[Reason, ...]) -> list[str]:
    """One line for each reason, with the nodes behind them below each other."""
    width = max(len(r.name) for r in reasons)
    return [f"  {r.line(width)}" for r in reasons]


@dataclass(frozen=True)
class SideAttention:
    """One side's graph with its attention, computed once and asked often.

    Attributes:
        pretrained: the encoder and its graph.
        neighbours: the sampled neighbours; alpha: ``(E,)`` the last layer's α of each edge to them, Eq. 7.
    """

    pretrained: Pretrained
    neighbours: SampledNeighbours
    alpha: Tensor

    @classmethod
    def from_pretrained(cls, pretrained: Pretrained | None) -> SideAttention | None:
        """The final neighbours and the last layer's attention; None without pre-training.

        Raises:
            RamgnnError: the encoder has no attention.
        """
        if pretrained is None:
            return None
        if not pretrained.has_attention:
            raise RamgnnError(
                f"the encoder {pretrained.encoder!r} has no attention, so there are no reasons to give; "
                "a model trained with RAM-GNN's encoder has them"
            )
        return cls(pretrained, *pretrained.attention())

    def _edges_of(self, node: int) -> slice:
        return slice(int(self.neighbours.head_ptr[node]), int(self.neighbours.head_ptr[node + 1]))

    def by_value(self, node: int) -> dict[int, float]:
        """The attention of each value of a node, the largest first; zero for a value without a sampled neighbour."""
        graph, edges = self.pretrained.graph, self._edges_of(node)
        attention = {v: 0.0 for v in graph.value[graph.incidences_of(node)].tolist()}
        for m, a in zip(self.neighbours.incidence[edges].tolist(), self.alpha[edges].tolist(), strict=True):
            attention[int(graph.value[m])] += a
        return dict(sorted(attention.items(), key=lambda x: -x[1]))

    def sampled_through(self, node: int) -> set[tuple[int, int]]:
        """The sampled neighbours of a node as ``(neighbour, value)``."""
        graph = self.pretrained.graph
        incidence = self.neighbours.of(node)
        return set(zip(graph.node[incidence].tolist(), graph.value[incidence].tolist(), strict=True))

    def rows(self, node: int) -> list[tuple[int, str, str, float, float]]:
        """The sampled neighbours as ``(neighbour, type, value, attention, distance)``, most attention first."""
        graph, edges = self.pretrained.graph, self._edges_of(node)
        columns = (self.neighbours.incidence[edges], self.alpha[edges], self.neighbours.distance[edges])
        rows = []
        for m, a, d in zip(*(x.tolist() for x in columns), strict=True):
            v = int(graph.value[m])
            rows.append((int(graph.node[m]), graph.types[graph.value_type[v]], graph.value_labels[v], a, d))
        return sorted(rows, key=lambda row: (-row[3], row[0]))


class Explainer:
    """Answers questions about a trained recommender.

    Args:
        fitted: a trained recommender; without pre-training there are no reasons, only scores.
    """

    def __init__(self, fitted: Explainable) -> None:
        self.fitted, self.dataset = fitted, fitted.dataset
        self.item, self.user = (SideAttention.from_pretrained(x) for x in (fitted.item, fitted.user))
        self.names = {side: told_apart(self.dataset, side) for side in ("user", "item")}
        self.matrix = self.dataset.matrix(held_out=True)
        self.by_item = self.matrix.tocsc()

    def recommend(self, user: int, n: int = 10, exclude_seen: bool = True) -> list[tuple[int, float]]:
        """The `n` items with the highest ŷ_ui as ``(item, score)`` by index, best first."""
        items, scores = self.fitted.top_items(np.array([user]), n, exclude_seen)
        return [(int(i), float(score)) for i, score in zip(items[0], scores[0], strict=True) if i >= 0]

    def scores(self, user: int) -> np.ndarray:
        """ŷ_ui for every item, ``(n_items,)``."""
        return self.fitted.all_scores(np.array([user]))[0]

    def explain(self, user: int, item: int, most: int = 5) -> Explanation:
        """Why `item` for `user`, with at most `most` nodes behind each reason."""
        people = self.by_item.indices[self.by_item.indptr[item] : self.by_item.indptr[item + 1]]
        like_user = _cosine(self.fitted.final.users, user)
        user_reasons = self._reasons(self.user, user, people, like_user, self.names["user"], most)
        label, had = self.names["user"][user], self.dataset.had(user)
        liked = self.dataset.had(user, seen=False)
        return self._explanation(user, label, item, had, liked, self.scores(user), user_reasons, most)

    def explain_to_newcomer(self, had: np.ndarray, scores: np.ndarray, item: int, most: int = 5) -> Explanation:
        """Why `item` for somebody who was not there in training.

        Args:
            had: the items that they had, oldest first; scores: ``(n_items,)`` of all items for them.
        """
        label = "who had " + "; ".join(self.names["item"][i] for i in had)
        had = np.unique(had)
        return self._explanation(None, label, item, had, had, scores, (), most)

    def _explanation(
        self, user: int | None, label: str, item: int, had: np.ndarray, liked: np.ndarray, scores: np.ndarray,
        user_reasons: tuple[Reason, ...], most: int,
    ) -> Explanation:  # fmt: skip
        """What the item shares with those that somebody liked, and where it stands among what they have not had."""
        others = np.setdiff1d(np.arange(self.dataset.n_items), np.append(had, item))
        like_item = _cosine(self.fitted.final.items, item)
        similar = [j for j in liked[np.argsort(-like_item[liked], kind="stable")] if j != item][:most]
        return Explanation(
            user=user,
            item=item,
            user_label=label,
            item_label=self.names["item"][item],
            score=float(scores[item]),
            rank=1 + int((scores[others] > scores[item]).sum()),
            seen=bool(np.isin(item, had)),
            item_reasons=self._reasons(self.item, item, liked, like_item, self.names["item"], most),
            user_reasons=user_reasons,
            similar=tuple(Via(int(j), self.names["item"][j], False, float(like_item[j])) for j in similar),
            pretrained=self.item is not None,
        )

    @staticmethod
    def _reasons(
        side: SideAttention | None,
        node: int,
        others: np.ndarray,
        similarity: np.ndarray,
        labels: tuple[str, ...],
        most: int,
    ) -> tuple[Reason, ...]:
        """Values that a node shares with the others."""
        if side is None:
            return ()
        graph, sampled, reasons = side.pretrained.graph, side.sampled_through(node), []
        for v, attention in side.by_value(node).items():
            group = graph.node[graph.value_ptr[v] : graph.value_ptr[v + 1]].cpu().numpy()
            shared = [int(j) for j in np.intersect1d(group, others) if j != node]
            if shared:
                shared.sort(key=lambda j: ((j, v) not in sampled, -similarity[j], j))
                via = tuple(Via(j, labels[j], (j, v) in sampled, float(similarity[j])) for j in shared[:most])
                reasons.append(Reason(graph.types[graph.value_type[v]], graph.value_labels[v], attention, via))
        return tuple(reasons)

    def neighbours(self, side: str, node: int) -> list[tuple[int, str, str, float, float]]:
        """The sampled neighbours of a node as `SideAttention.rows`; none without pre-training on that side."""
        attention = {"item": self.item, "user": self.user}[side]
        return [] if attention is None else attention.rows(node)


def _cosine(table: Tensor, row: int) -> np.ndarray:
    """Cosine similarity of one row with all: ``(n,)``."""
    unit = F.normalize(table.detach(), dim=1)
    with torch.no_grad():
        return (unit @ unit[row]).cpu().numpy()
