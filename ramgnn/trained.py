"""A trained RAM-GNN: what `ramgnn.training.fit` gives back, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from ramgnn import arguments
from ramgnn.advice import GO_ON
from ramgnn.config import Config
from ramgnn.datasets.base import RecDataset
from ramgnn.errors import RamgnnError
from ramgnn.explain import Explainer
from ramgnn.explanation import Explanation
from ramgnn.finetuned import Finetuned
from ramgnn.fitted import FittedModel
from ramgnn.graph import MultiRelationalGraph
from ramgnn.matching import find
from ramgnn.newcomers import newcomer_scores
from ramgnn.pretrained import Pretrained
from ramgnn.recommender import FinalEmbeddings

SIDES = ("item", "user")


def graph_of(dataset: RecDataset, side: str) -> MultiRelationalGraph | None:
    """The graph of one side, or None when the data has no attributes there."""
    return MultiRelationalGraph.from_dataset(dataset, side) if dataset.relations(side) else None


def seed_of(config: Config, side: str) -> int:
    """The seed that the graph of one side is pre-trained with."""
    return 2 * config.seed + SIDES.index(side)


@dataclass(repr=False)
class Fitted(FittedModel):
    """A trained RAM-GNN and everything that led to it.

    Attributes:
        dataset: the data; config: the settings.
        item, user: pre-training on each graph; None without such a graph or with a random start.
        validation: fine-tuning on `dataset.validation()`, which chose the number of epochs; None when it was given.
        finetuned: fine-tuning on all training interactions; None when interrupted before.
        seconds: wall time by stage.
        interrupted: the stage that Ctrl-C ended, or None.
        served: the same model trained once more, on everything; see `ramgnn.training.train_on_everything`.
    """

    dataset: RecDataset
    config: Config
    item: Pretrained | None = None
    user: Pretrained | None = None
    validation: Finetuned | None = None
    finetuned: Finetuned | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    interrupted: str | None = None
    served: Fitted | None = None

    @property
    def name(self) -> str:
        """What it is called in tables: the name of its encoder."""
        return next((p.encoder for p in (self.item, self.user) if p is not None), "ram-gnn")

    @property
    def final(self) -> FinalEmbeddings | None:
        """The final embeddings to score with; those of validation when the last stage was never started."""
        last = self.finetuned or self.validation
        return last.final if last else None

    @property
    def scorer(self) -> FinalEmbeddings | None:
        """What gives scores: the same as `final`."""
        return self.final

    def explain(self, user: Any = None, item: Any = None, n: int = 5, *, had: Any = None) -> Explanation:
        """Why an item for a user, or for somebody new: shared values with their attention, and what stands near."""
        arguments.whole_number("n", n, 1)
        if item is None or (user is None) == (had is None):
            raise RamgnnError("explain takes an item, and a user or, for somebody new, what they had")
        if self.served is not None:
            return self.served.explain(user, item, n, had=had)
        item = find(self.dataset, "item", item)
        if had is None:
            return self.explainer.explain(find(self.dataset, "user", user), item, n)
        items = self._had(had)
        return self.explainer.explain_to_newcomer(items, newcomer_scores(self, [items])[0], item, n)

    def all_scores(self, users: np.ndarray) -> np.ndarray:
        """The scores of users by index, see `FittedModel.all_scores`.

        Raises:
            RamgnnError: the training was stopped before there was anything to score with.
        """
        if self.scorer is None:
            raise RamgnnError(f"the training was stopped before there was a recommender to ask; {GO_ON}")
        return super().all_scores(users)

    @cached_property
    def explainer(self) -> Explainer:
        """Answers questions about reasons and neighbours by index; made at the first question."""
        if self.final is None:
            self.all_scores(np.zeros(0, np.int64))  # says why there is nothing to explain
        return Explainer(self)

    def pretrained(self, side: str) -> Pretrained | None:
        """Pre-training on the graph of ``side`` ``"item"`` or ``"user"``."""
        return {"item": self.item, "user": self.user}[side]

    def history(self) -> dict[str, Any]:
        """All histories as plain values, for JSON."""
        stages = {"item": self.item, "user": self.user, "validation": self.validation, "finetune": self.finetuned}
        histories: dict[str, Any] = {name: done.history_dict() for name, done in stages.items() if done is not None}
        return histories | {"seconds": self.seconds, "interrupted": self.interrupted}
