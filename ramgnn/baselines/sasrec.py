"""SASRec: self-attention over the last items of a user. What comes next, from what came before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ramgnn.baselines import fitting
from ramgnn.baselines.registry import register
from ramgnn.datasets.base import RecDataset
from ramgnn.errors import RamgnnError
from ramgnn.kernels.losses import MAX_SCORES


@dataclass(frozen=True)
class Settings:
    """Small, as data of this size ask for.

    Attributes:
        dim: d; layers: blocks; heads: of attention in each; length: L, the last items that are looked at.
        dropout: of embeddings, attention and feed-forward layers.
        lr: Adam's learning rate.
        l2: Adam's weight decay.
        batch: sequences a step.
        epochs: how many.
    """

    dim: int = 64
    layers: int = 1
    heads: int = 1
    length: int = 50
    dropout: float = 0.3
    lr: float = 0.002
    l2: float = 0.0
    batch: int = 32
    epochs: int = 30


LEAST = {"dim": 1, "layers": 1, "heads": 1, "length": 1, "lr": 0, "l2": 0, "batch": 1, "epochs": 0}


@register("sasrec", settings=Settings, least=LEAST, shares=("dropout",))
class SASRec(fitting.Model):
    """ŷ_ui = F_u · e_i with F_u the last output of a causal transformer over the user's last L items.

    The loss is the cross-entropy over the catalogue of the next item at every position. Kang and McAuley,
    "Self-attentive sequential recommendation", ICDM 2018, draw one negative per position and use binary
    cross-entropy; with the whole catalogue the model is better and needs no sampling. Longer histories are cut into
    pieces of L + 1 from the end, so that every item is a target once an epoch. It knows the order in time, which the
    other models here do not, so it answers an easier question.
    """

    def __init__(self, dataset: RecDataset, settings: Settings) -> None:
        super().__init__(dataset)
        if dataset.time_kind == "none":
            raise RamgnnError(f"{dataset.name} has no order in time, and SASRec is about nothing else")
        if settings.dim % settings.heads:
            raise RamgnnError(f"dim is {settings.dim} and heads {settings.heads}; expected a multiple of heads for dim")
        self.settings, d = settings, settings.dim
        self.items_and_none = nn.Embedding(self.n_items + 1, d, padding_idx=self.n_items)
        self.places = nn.Embedding(settings.length, d)
        for table in (self.items_and_none, self.places):
            nn.init.normal_(table.weight, std=d**-0.5)
        with torch.no_grad():
            self.items_and_none.weight[self.n_items] = 0
        block = nn.TransformerEncoderLayer(d, settings.heads, d, settings.dropout, batch_first=True, norm_first=True)
        self.blocks = nn.TransformerEncoder(block, settings.layers, enable_nested_tensor=False)
        self.norm, self.drop = nn.LayerNorm(d), nn.Dropout(settings.dropout)
        inputs, targets, last = _sequences(dataset, settings.length)
        for name, x in {"inputs": inputs, "targets": targets, "last": last}.items():
            self.register_buffer(name, x, persistent=False)
        self.optimiser = torch.optim.Adam(self.parameters(), lr=settings.lr, weight_decay=settings.l2)

    def states(self, sequences: Tensor) -> Tensor:
        """F at each place of sequences of items, those without an item at the end: ``(b, L)`` to ``(b, L, d)``."""
        later = nn.Transformer.generate_square_subsequent_mask(sequences.shape[1], device=sequences.device)
        places = torch.arange(sequences.shape[1], device=sequences.device)
        x = self.drop(self.items_and_none(sequences) * self.settings.dim**0.5 + self.places(places))
        return self.norm(self.blocks(x, mask=later, is_causal=True))  # empty places stand last: nobody looks at them

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


def _sequences(dataset: RecDataset, length: int) -> tuple[Tensor, Tensor, Tensor]:
    """Inputs and next items ``(n, L)`` of all pieces, and the last L items of each user ``(n_users, L)``.

    Empty places hold n_items.
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
        raise RamgnnError(f"no user of {dataset.name} has two training items, so there is nothing that comes next")
    return torch.stack(inputs), torch.stack(targets), last


def fit(
    dataset: RecDataset, settings: Settings | None = None, seed: int = 0, epochs: int | None = None,
    progress: bool = False, device: str = "cpu",
) -> SASRec:  # fmt: skip
    """Train it; `epochs` stands in for those of the settings."""
    return fitting.fit(SASRec, dataset, settings or Settings(), seed, epochs, progress, device)
