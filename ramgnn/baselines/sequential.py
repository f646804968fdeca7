"""What models of what comes next have in common: pieces of histories, the loss at every place, and the scores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ramgnn.baselines import fitting
from ramgnn.datasets.base import RecDataset
from ramgnn.errors import RamgnnError
from ramgnn.events import nothing_comes_next
from ramgnn.kernels.losses import MAX_SCORES


class Sequential(fitting.Model):
    """ŷ_ui = F_u · e_i with F_u the state after the user's last L items. Subclasses say how a state is made.

    The loss is the cross-entropy over the catalogue of the next item at every place. Longer histories are cut into
    pieces of L + 1 from the end, so that every item is a target once an epoch.

    Attributes:
        settings: `length` and `batch` among them.
        inputs, targets: ``(n, L)`` items and what comes next; last: ``(n_users, L)`` the last items of each user.
        items_and_none: e_i, and zeros for an empty place, made by the subclass; optimiser: made by it too.

    Raises:
        RamgnnError: the data have no order, or nobody has two things.
    """

    items_and_none: nn.Embedding
    optimiser: torch.optim.Optimizer

    def __init__(self, dataset: RecDataset, settings: Any) -> None:
        super().__init__(dataset)
        if dataset.time_kind == "none":
            kind = type(self).__name__
            raise RamgnnError(f"{dataset.name} has no order in time, and {kind} is about nothing else")
        self.settings = settings
        inputs, targets, last = pieces(dataset, settings.length)
        for name, x in {"inputs": inputs, "targets": targets, "last": last}.items():
            self.register_buffer(name, x, persistent=False)

    def states(self, sequences: Tensor) -> Tensor:
        """F at each place of sequences of items, those without an item at the end: ``(b, L)`` to ``(b, L, d)``."""
        raise NotImplementedError

    def epoch(self, generator: torch.Generator) -> float:
        """Each sequence once, in random order."""
        total, count = 0.0, 0
        order = torch.randperm(len(self.inputs), generator=generator, device=self.inputs.device)
        for batch in order.split(self.settings.batch):
            has_next = self.targets[batch] < self.n_items
            state, target = self.states(self.inputs[batch])[has_next], self.targets[batch][has_next]
            self.optimiser.zero_grad()
            # blocks of places, so that their scores take no more than 32 MiB; each gives its share of the gradient
            detached = state.detach().requires_grad_()
            for part in torch.arange(len(state), device=state.device).split(max(1, MAX_SCORES // self.n_items)):
                scores = detached[part] @ self.items_and_none.weight[: self.n_items].T
                loss = F.cross_entropy(scores, target[part], reduction="sum") / len(state)
                loss.backward()
                total += float(loss.detach()) * len(state)
            state.backward(detached.grad)
            self.optimiser.step()
            count += len(state)
        return total / max(count, 1)

    @torch.no_grad()
    def scores(self, users: np.ndarray) -> Tensor:
        """``(b, n_items)``; for a user without a history, what follows the empty sequence."""
        return self._scores(self.last[fitting.index(users, self)])

    @torch.no_grad()
    def newcomer_scores(self, had: Sequence[np.ndarray]) -> Tensor:
        """The same of people who were not in training: ``(b, n_items)``.

        Args:
            had: for each of b people the indices of the items they had, oldest first.
        """
        sequences = torch.full((len(had), self.settings.length), self.n_items, device=self.last.device)
        for row, items in zip(sequences, had, strict=True):
            latest = torch.as_tensor(np.array(items[-len(row) :]), device=row.device)
            row[: len(latest)] = latest
        return self._scores(sequences)

    def _scores(self, sequences: Tensor) -> Tensor:
        """What follows each sequence: ``(b, length)`` items to ``(b, n_items)``."""
        mode = self.training
        self.eval()
        end = (sequences < self.n_items).sum(1).clamp(min=1) - 1
        state = self.states(sequences)[torch.arange(len(sequences), device=end.device), end]
        self.train(mode)
        return state @ self.items_and_none.weight[: self.n_items].T

    def item_embeddings(self) -> Tensor:
        """e_i of all items: ``(n_items, d)``."""
        return self.items_and_none.weight[: self.n_items]


def pieces(dataset: RecDataset, length: int) -> tuple[Tensor, Tensor, Tensor]:
    """Inputs and next items ``(n, L)`` of all pieces, and the last L items of each user ``(n_users, L)``.

    Empty places hold n_items.

    Raises:
        RamgnnError: nobody has two things.
    """
    inputs, targets, last = [], [], torch.full((dataset.n_users, length), dataset.n_items)
    for user in range(dataset.n_users):
        items = torch.tensor(dataset.history(user))
        last[user, : len(items[-length:])] = items[-length:]
        for end in range(len(items), 1, -length):
            piece = items[max(0, end - length - 1) : end]
            row = torch.full((2, length), dataset.n_items)
            row[0, : len(piece) - 1], row[1, : len(piece) - 1] = piece[:-1], piece[1:]
            inputs.append(row[0])
            targets.append(row[1])
    if not inputs:
        raise nothing_comes_next(dataset)
    return torch.stack(inputs), torch.stack(targets), last
