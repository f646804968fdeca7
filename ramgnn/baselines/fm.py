"""FM: a factorisation machine over the user, the item and the attribute values of both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ramgnn.baselines import fitting
from ramgnn.baselines.features import Features, sums
from ramgnn.baselines.registry import register
from ramgnn.datasets.base import RecDataset


@dataclass(frozen=True)
class Settings:
    """After the FM that KGAT compares itself with, which ranks with attributes; the rates are those of plain BPR.

    Attributes:
        dim: the width d of all embeddings.
        lr: Adam's learning rate.
        l2: λ, on all vectors and weights, as Adam's weight decay; KGAT's code has none that reaches the items.
        batch: pairs a step.
        epochs: how many.
        std: of the normal start values.
    """

    dim: int = 64
    lr: float = 0.001
    l2: float = 1e-5
    batch: int = 1024
    epochs: int = 100
    std: float = 0.01


LEAST = {"dim": 1, "lr": 0, "l2": 0, "batch": 1, "epochs": 0, "std": 0}


@register("fm", settings=Settings, least=LEAST)
class FM(fitting.Model):
    """ŷ_ui = Σ_f w_f + Σ_{f<g} v_f · v_g over all features f, g of user and item; mean of −ln σ(ŷ_ui − ŷ_uj).

    Rendle, "Factorization machines", ICDM 2010. Pairs are summed as ½ ((Σ v)² − Σ v²). What belongs to the user alone
    cancels in BPR, and so does w_0; the item's own weights and pairs stay, and act as a popularity. Features: user,
    the user's attribute values, item, the item's. The relation type of a value plays no part.
    """

    def __init__(self, dataset: RecDataset, settings: Settings) -> None:
        super().__init__(dataset)
        self.settings = settings
        self.sides = nn.ModuleDict({side: Features(dataset, side) for side in ("user", "item")})
        self.v = nn.ModuleDict({side: nn.Embedding(x.size, settings.dim) for side, x in self.sides.items()})
        self.w = nn.Embedding(self.sides["item"].size, 1)
        nn.init.zeros_(self.w.weight)
        for table in self.v.values():
            nn.init.normal_(table.weight, std=settings.std)
        self.optimiser = torch.optim.Adam(self.parameters(), lr=settings.lr, weight_decay=settings.l2)

    def user_vectors(self, users: Tensor) -> Tensor:
        """Σ v_f over the features of users: ``(b, d)``."""
        return self.sides["user"].sum(self.v["user"].weight, users)

    def item_parts(self, items: Tensor) -> tuple[Tensor, Tensor]:
        """Σ v_f over the features of items, ``(b, d)``, and what an item adds for any user, ``(b,)``."""
        total, squares, weight = sums((self.v["item"], self.w), self.sides["item"], items)
        return total, weight + 0.5 * (total.square() - squares).sum(1)

    def epoch(self, generator: torch.Generator) -> float:
        """Each training interaction once, with one negative."""
        total = 0.0
        for batch in self.draw_pairs(self.settings.batch, generator):
            u, i = self.users[batch], self.items[batch]
            j = self.draw_negatives(u, generator)[:, 0]
            user = self.user_vectors(u)
            vectors, alone = self.item_parts(torch.cat([i, j]))
            positive, negative = ((x * user).sum(1) + y for x, y in zip(vectors.chunk(2), alone.chunk(2), strict=True))
            loss = F.softplus(negative - positive).mean()
            self.optimiser.zero_grad()
            loss.backward()
            self.optimiser.step()
            total += float(loss.detach()) * len(u)
        return total / len(self.users)

    @torch.no_grad()
    def scores(self, users: np.ndarray) -> Tensor:
        """``(b, n_items)``, less what is the same for all items of a user."""
        vectors, alone = self.item_parts(self.sides["item"].every())
        return self.user_vectors(fitting.index(users, self)) @ vectors.T + alone

    def item_embeddings(self) -> Tensor:
        """Σ v_f over the features of each item: ``(n_items, d)``."""
        return self.item_parts(self.sides["item"].every())[0]


def fit(
    dataset: RecDataset, settings: Settings | None = None, seed: int = 0, epochs: int | None = None,
    progress: bool = False, device: str = "cpu",
) -> FM:  # fmt: skip
    """Train it; `epochs` stands in for those of the settings."""
    return fitting.fit(FM, dataset, settings or Settings(), seed, epochs, progress, device)
