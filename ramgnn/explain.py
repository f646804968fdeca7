"""Why an item: the values it shares with what the user had, the attention each has, and the films behind it.

Attention belongs to pre-training: α_jn of Eq. 7 says how much of the item's embedding comes from neighbours through
each value. The recommender goes on from those embeddings, so a reason says what the start of the score was made of,
not an exact share of the score.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ramgnn.attended import SideAttention
from ramgnn.datasets.base import RecDataset
from ramgnn.events import Events, events_of, next_events
from ramgnn.explanation import CODE, Explanation, Lead, Reason, Via
from ramgnn.finetuned import Final
from ramgnn.matching import told_apart
from ramgnn.pretrained import Pretrained
from ramgnn.temporal.reasons import ATTENTION
from ramgnn.visible import in_short

MOST_SHARED = 3  # values that are named beside a path


class Explainable(Protocol):
    """What can be explained: a trained RAM-GNN (`ramgnn.trained.Fitted`).

    Attributes:
        dataset: the data; item, user: pre-training on each graph, or None.
        final: what is scored with; one with a clock has a method `sources` as well.
    """

    dataset: RecDataset
    item: Pretrained | None
    user: Pretrained | None
    final: Final

    def top_items(self, users: np.ndarray, n: int, exclude_seen: bool = True) -> tuple[np.ndarray, np.ndarray]:
        """The best items of some users and their scores, by index."""

    def all_scores(self, users: np.ndarray) -> np.ndarray:
        """The scores of all items for some users, by index."""


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
        found = self._explanation(user, label, item, had, liked, self.scores(user), user_reasons, most)
        return self._in_time(found, lambda: next_events(self.dataset, np.array([user])), most)

    def explain_to_newcomer(self, had: np.ndarray, scores: np.ndarray, item: int, most: int = 5) -> Explanation:
        """Why `item` for somebody who was not there in training.

        Args:
            had: the items that they had, oldest first; scores: ``(n_items,)`` of all items for them.
        """
        label = "who had " + in_short([self.names["item"][i] for i in had])
        once = np.unique(had)
        found = self._explanation(None, label, item, once, once, scores, (), most)
        return self._in_time(found, lambda: events_of([had]), most)

    def _in_time(self, found: Explanation, event: Callable[[], Events], most: int) -> Explanation:
        """The same with what a model with a clock says beside it; as it is where there is none."""
        if not hasattr(self.fitted.final, "sources"):
            return found
        sources, names = self.fitted.final.sources(event(), found.item), self.names["item"]
        first = (x for x in sources.steps[:most] if x.points > 0)
        leads = tuple(Lead(x.words, x.item, names[x.item], x.points, self._shared(x.item, found.item)) for x in first)
        by = "; ".join(names[j] for j, points in sources.left_out[:2] if points > 0)
        rest = {"other paths": sum(x.points for x in sources.steps) - sum(x.points for x in leads)}
        rest |= {name + f", most by {by}" * (bool(by) and name == ATTENTION): x for name, x in sources.rest.items()}
        return replace(found, leads=leads, rest=rest)

    def _shared(self, a: int, b: int) -> tuple[str, ...]:
        """The rarest values that two items have in common, as ``"genre: Drama"``; none that a quarter of all have.

        A value that is a code, such as ``Q241510`` or ``1979``, tells a reader less and comes after those with names.
        """
        found = []
        for relation in self.dataset.item_relations:
            both = np.intersect1d(*(relation.values[relation.nodes == node] for node in (a, b)))
            size = {v: int((relation.values == v).sum()) for v in both.tolist()}
            rare = (v for v, n in size.items() if n < self.dataset.n_items / 4)
            named = ((v, relation.labels[v]) for v in rare)
            found += [(bool(CODE.fullmatch(label)), size[v], f"{relation.name}: {label}") for v, label in named]
        return tuple(text for _, _, text in sorted(found)[:MOST_SHARED])

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
