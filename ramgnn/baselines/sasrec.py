"""SASRec: self-attention over the last items of a user. What comes next, from what came before."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ramgnn.baselines import fitting
from ramgnn.baselines.registry import register
from ramgnn.baselines.sequential import Sequential
from ramgnn.datasets.base import RecDataset
from ramgnn.errors import RamgnnError


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


def check_heads(settings: Settings) -> None:
    """Refuse a width that heads cannot share.

    Raises:
        RamgnnError: it is no multiple of their number.
    """
    if settings.dim % settings.heads:
        raise RamgnnError(f"dim is {settings.dim} and heads {settings.heads}; expected a multiple of heads for dim")


@register("sasrec", settings=Settings, least=LEAST, shares=("dropout",))
class SASRec(Sequential):
    """ŷ_ui = F_u · e_i with F_u the last output of a causal transformer over the user's last L items.

    The loss is the cross-entropy over the catalogue of the next item at every position. Kang and McAuley,
    "Self-attentive sequential recommendation", ICDM 2018, draw one negative per position and use binary
    cross-entropy; with the whole catalogue the model is better and needs no sampling. It knows the order in time, which
    the static models here do not, so it answers an easier question.
    """

    def __init__(self, dataset: RecDataset, settings: Settings) -> None:
        super().__init__(dataset, settings)
        check_heads(settings)
        d = settings.dim
        self.items_and_none = nn.Embedding(self.n_items + 1, d, padding_idx=self.n_items)
        self.places = nn.Embedding(settings.length, d)
        for table in (self.items_and_none, self.places):
            nn.init.normal_(table.weight, std=d**-0.5)
        with torch.no_grad():
            self.items_and_none.weight[self.n_items] = 0
        block = nn.TransformerEncoderLayer(d, settings.heads, d, settings.dropout, batch_first=True, norm_first=True)
        self.blocks = nn.TransformerEncoder(block, settings.layers, enable_nested_tensor=False)
        self.norm, self.drop = nn.LayerNorm(d), nn.Dropout(settings.dropout)
        self.optimiser = torch.optim.Adam(self.parameters(), lr=settings.lr, weight_decay=settings.l2)

    def states(self, sequences: Tensor) -> Tensor:
        """F at each place of sequences of items, those without an item at the end: ``(b, L)`` to ``(b, L, d)``."""
        later = nn.Transformer.generate_square_subsequent_mask(sequences.shape[1], device=sequences.device)
        places = torch.arange(sequences.shape[1], device=sequences.device)
        x = self.drop(self.items_and_none(sequences) * self.settings.dim**0.5 + self.places(places))
        return self.norm(self.blocks(x, mask=later, is_causal=True))  # empty places stand last: nobody looks at them


def fit(
    dataset: RecDataset, settings: Settings | None = None, seed: int = 0, epochs: int | None = None,
    progress: bool = False, device: str = "cpu",
) -> SASRec:  # fmt: skip
    """Train it; `epochs` stands in for those of the settings."""
    return fitting.fit(SASRec, dataset, settings or Settings(), seed, epochs, progress, device)
