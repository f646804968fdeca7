"""What the model with a clock is asked: the sum of paths and attention.

    y_ui = a y_GNN(u, i) + (1 - a) y_paths(u, i)

Both are trained to give log-probabilities of what comes next, up to a number that is the same for all items. So their
weighted sum is the logarithm of a geometric mean: an item ranks high where neither of the two thinks little of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from ramgnn.checkpoint import named, under
from ramgnn.datasets.base import RecDataset
from ramgnn.events import Events, events_of, next_events
from ramgnn.temporal.clock import TemporalGNN
from ramgnn.temporal.cold import ColdItems, filled
from ramgnn.temporal.paths import Paths
from ramgnn.temporal.reasons import Sources, sources


@dataclass(frozen=True, eq=False)
class Temporal:
    """Both experts and what each counts.

    Attributes:
        dataset: what people had, in order.
        gnn: the attention with a clock; paths: the model with a handful of weights.
        share: a, in [0, 1].
        content: ``(n_items, d)`` e_i from pre-training, by which items are scored that nobody had; or None.
    """

    dataset: RecDataset
    gnn: TemporalGNN
    paths: Paths
    share: float
    content: Tensor | None = None

    @classmethod
    def of(cls, gnn: TemporalGNN, paths: Paths, share: float, content: Tensor | None = None) -> Temporal:
        """What a GNN in training is worth now, beside the paths; it may be trained on."""
        return cls(paths.dataset, deepcopy(gnn).eval().requires_grad_(False), paths, share, content)

    @cached_property
    def cold(self) -> ColdItems:
        """The items that nobody had, and what they resemble."""
        return ColdItems(self.dataset, self.content)

    def __call__(self, users: np.ndarray) -> Tensor:
        """y of all items for some users: ``(b, n_items)``."""
        return self.of_events(next_events(self.dataset, np.asarray(users), self.gnn.config.context))

    def newcomer_scores(self, had: Sequence[np.ndarray]) -> Tensor:
        """The same of people who were not there in training: ``(b, n_items)``.

        Args:
            had: for each of b people the indices of the items they had, oldest first.
        """
        return self.of_events(events_of(had, self.gnn.config.context))

    def of_events(self, events: Events) -> Tensor:
        """y of all items at some events: ``(e, n_items)`` float64."""
        return self.joined(*self.parts(events))

    def joined(self, attention: Tensor, paths: Tensor) -> Tensor:
        """y from y_GNN and y_paths, ``(e, n_items)`` each, with the items in it that nobody had."""
        y = self.summed(attention, paths)
        return filled(y, self.cold) if len(self.cold.cold) else y

    def summed(self, attention: Tensor, paths: Tensor) -> Tensor:
        """a y_GNN + (1 - a) y_paths."""
        return self.share * attention + (1 - self.share) * paths

    def parts(self, events: Events) -> tuple[Tensor, Tensor]:
        """y_GNN and y_paths at some events: ``(e, n_items)`` each, float64."""
        attention = self.gnn.of_events(events).double()
        return attention, torch.from_numpy(self.paths.of_events(events)).to(attention.device)

    def sources(self, event: Events, item: int) -> Sources:
        """What the score of an item is made of at a single event."""
        return sources(self, event, item)

    def to(self, device: str) -> Temporal:
        """The same with the attention on a device."""
        return replace(self, gnn=self.gnn.to(device))

    # ---- tables ------------------------------------------------------------------------------------------------------

    @cached_property
    def users(self) -> Tensor:
        """x_ut of all users at the end of what they had: ``(n_users, d)``."""
        return self.gnn.states(next_events(self.dataset, np.arange(self.dataset.n_users), self.gnn.config.context))

    @cached_property
    def items(self) -> Tensor:
        """x_i of all items: ``(n_items, d)``; of those that nobody had, what they resemble."""
        x = self.gnn.items.detach()
        if not len(self.cold.cold):
            return x
        return filled(x.T.double(), self.cold, lift=False).T.to(x)

    def item_embeddings(self) -> Tensor:
        """The same; by them items are compared."""
        return self.items

    def tensors(self) -> dict[str, Tensor]:
        """All numbers that training has found, by name."""
        numbers = {"weight": self.paths.weight, "scale": self.paths.scale}
        content = {} if self.content is None else {"content": self.content}
        paths = {f"paths.{name}": torch.from_numpy(x) for name, x in numbers.items()}
        return named("gnn", self.gnn.state_dict()) | paths | content

    def with_tensors(self, tensors: Mapping[str, Tensor]) -> Temporal:
        """The same with other numbers, which come to its device."""
        gnn = deepcopy(self.gnn)
        gnn.load_state_dict(under("gnn", tensors))
        weight, scale = (tensors[f"paths.{name}"].cpu().numpy() for name in ("weight", "scale"))
        return replace(self, gnn=gnn, paths=self.paths.weighed(weight, scale), content=tensors.get("content"))
