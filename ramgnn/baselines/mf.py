"""MF-BPR: one vector per user and item, trained on pairs. The baseline that all others add something to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ramgnn.baselines import fitting
from ramgnn.baselines.registry import register
from ramgnn.datasets.base import RecDataset


@dataclass(frozen=True)
class Settings:
    """Those of the authors of RCF, whose code Table III's split comes from.

    Attributes:
        dim: the width d of all embeddings.
        lr: Adagrad's learning rate.
        l2: λ, on all rows of both tables in every step.
        batch: pairs a step.
        epochs: how many.
        std: of the normal start values.
    """

    dim: int = 64
    lr: float = 0.05
    l2: float = 1e-4
    batch: int = 512
    epochs: int = 50
    std: float = 0.05


LEAST = {"dim": 1, "lr": 0, "l2": 0, "batch": 1, "epochs": 0, "std": 0}


@register("mf", settings=Settings, least=LEAST)
class MF(fitting.Model):
    """ŷ_ui = p_u · q_i, with Σ −ln σ(ŷ_ui − ŷ_uj) + λ/2 (‖P‖² + ‖Q‖²) for each batch of pairs.

    Rendle, Freudenthaler, Gantner and Schmidt-Thieme, "BPR: Bayesian personalized ranking from implicit feedback",
    UAI 2009. The loss is the *sum* over the batch, as in RCF's code: with a mean, the same λ would weigh 512 times as
    much. The penalty of whole tables is Adagrad's weight decay, which has the same gradient.
    """

    def __init__(self, dataset: RecDataset, settings: Settings) -> None:
        super().__init__(dataset)
        self.settings = settings
        self.p = nn.Embedding(self.n_users, settings.dim)
        self.q = nn.Embedding(self.n_items, settings.dim)
        for table in (self.p, self.q):
            nn.init.normal_(table.weight, std=settings.std)
        self.optimiser = torch.optim.Adagrad(
            self.parameters(), lr=settings.lr, weight_decay=settings.l2, initial_accumulator_value=1e-8
        )

    def epoch(self, generator: torch.Generator) -> float:
        """Each training interaction once, in random order, with one negative."""
        total = 0.0
        for batch in self.draw_pairs(self.settings.batch, generator):
            u, i = self.users[batch], self.items[batch]
            j = self.draw_negatives(u, generator)[:, 0]
            difference = (self.p(u) * (self.q(j) - self.q(i))).sum(1)  # ŷ_uj − ŷ_ui
            loss = F.softplus(difference).sum()
            self.optimiser.zero_grad()
            loss.backward()
            self.optimiser.step()
            total += float(loss.detach())
        return total / len(self.users)

    @torch.no_grad()
    def scores(self, users: np.ndarray) -> Tensor:
        """``(b, n_items)``."""
        return self.p(fitting.index(users, self)) @ self.q.weight.T

    def user_embeddings(self) -> Tensor:
        """p_u of all users: ``(n_users, d)``."""
        return self.p.weight

    def item_embeddings(self) -> Tensor:
        """q_i of all items: ``(n_items, d)``."""
        return self.q.weight


def fit(
    dataset: RecDataset, settings: Settings | None = None, seed: int = 0, epochs: int | None = None,
    progress: bool = False, device: str = "cpu",
) -> MF:  # fmt: skip
    """Train it; `epochs` stands in for those of the settings."""
    return fitting.fit(MF, dataset, settings or Settings(), seed, epochs, progress, device)
