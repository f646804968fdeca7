"""GRU4Rec: a recurrent network reads the last items of a user, one after the other. What comes next, from its state."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ramgnn.baselines import fitting
from ramgnn.baselines.registry import register
from ramgnn.baselines.sequential import Sequential
from ramgnn.datasets.base import RecDataset


@dataclass(frozen=True)
class Settings:
    """Small, as data of this size ask for.

    Attributes:
        dim: d, of items and of states; layers: GRUs on top of each other; length: L, the last items that are read.
        dropout: of what goes into each GRU and of the states.
        lr: Adam's learning rate.
        l2: Adam's weight decay.
        batch: sequences a step.
        epochs: how many.
    """

    dim: int = 64
    layers: int = 1
    length: int = 50
    dropout: float = 0.3
    lr: float = 0.004
    l2: float = 0.0
    batch: int = 32
    epochs: int = 30


LEAST = {"dim": 1, "layers": 1, "length": 1, "lr": 0, "l2": 0, "batch": 1, "epochs": 0}


@register("gru4rec", settings=Settings, least=LEAST, shares=("dropout",))
class GRU4Rec(Sequential):
    """ŷ_ui = F_u · e_i with F_u the last state of a GRU that reads the user's last L items in order.

    Hidasi et al., "Session-based recommendations with recurrent neural networks", ICLR 2016. Theirs walks along whole
    sessions, many side by side, and carries the state from step to step; here pieces of L + 1 items stand for
    themselves, as SASRec's do. Theirs tells the next item from those of the other sessions in the batch, by BPR or
    TOP1; here the loss is the cross-entropy over the whole catalogue. Theirs has a matrix for items that go in and
    another, with a bias, for scores; here both are e_i, without a bias. And Adam takes the place of Adagrad.
    """

    def __init__(self, dataset: RecDataset, settings: Settings) -> None:
        super().__init__(dataset, settings)
        d = settings.dim
        self.items_and_none = nn.Embedding(self.n_items + 1, d, padding_idx=self.n_items)
        nn.init.normal_(self.items_and_none.weight, std=d**-0.5)
        with torch.no_grad():
            self.items_and_none.weight[self.n_items] = 0
        between = settings.dropout if settings.layers > 1 else 0.0
        self.gru = nn.GRU(d, d, settings.layers, batch_first=True, dropout=between)
        self.drop = nn.Dropout(settings.dropout)
        self.optimiser = torch.optim.Adam(self.parameters(), lr=settings.lr, weight_decay=settings.l2)

    def states(self, sequences: Tensor) -> Tensor:
        """F at each place of sequences of items, those without an item at the end: ``(b, L)`` to ``(b, L, d)``."""
        x = self.drop(self.items_and_none(sequences) * self.settings.dim**0.5)
        return self.drop(self.gru(x)[0])  # empty places stand last: they are read after all that counts


def fit(
    dataset: RecDataset, settings: Settings | None = None, seed: int = 0, epochs: int | None = None,
    progress: bool = False, device: str = "cpu",
) -> GRU4Rec:  # fmt: skip
    """Train it; `epochs` stands in for those of the settings."""
    return fitting.fit(GRU4Rec, dataset, settings or Settings(), seed, epochs, progress, device)
