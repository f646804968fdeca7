"""FISM: a user is the items he or she took, so a user needs no parameters of his or her own."""

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
from ramgnn.ragged import offsets, ragged_arange, repeat_index


@dataclass(frozen=True)
class Settings:
    """Those of the authors of RCF.

    Attributes:
        dim: the width d of all embeddings.
        alpha: the history is divided by its size to the power of α.
        lr: Adagrad's learning rate.
        l2: λ, on both tables in every step.
        targets: interactions of one user in a step, at most.
        users: so many users' targets make a step; 1 in RCF's code.
        epochs: how many.
        std: of the normal start values.
    """

    dim: int = 64
    alpha: float = 0.5
    lr: float = 0.05
    l2: float = 1e-4
    targets: int = 80
    users: int = 8
    epochs: int = 50
    std: float = 0.05


LEAST = {"dim": 1, "alpha": 0, "lr": 0, "l2": 0, "targets": 1, "users": 1, "epochs": 0, "std": 0}


@register("fism", settings=Settings, least=LEAST)
class FISM(fitting.Model):
    """ŷ_ui = |S|^-α (Σ_{j ∈ S} q_j) · p_i with S the user's history, without i in training.

    Kabbur, Ning and Karypis, "FISM: Factored item similarity models for top-N recommender systems", KDD 2013, as RCF
    runs it: no biases, and Σ −ln σ(ŷ_ui − ŷ_uj) + λ/2 (‖P‖² + ‖Q‖²) for each batch. The negative j is scored against
    the same reduced history as i: otherwise the model could tell the two by the history's length. A user with a single
    item has no history left to learn from and is skipped in training. Σ_j q_j is one sum over lists for the users of a
    step, from which q_i is subtracted row by row, so a step costs its users' interactions.
    """

    def __init__(self, dataset: RecDataset, settings: Settings) -> None:
        super().__init__(dataset)
        self.settings = settings
        self.p = nn.Embedding(self.n_items, settings.dim)
        self.q = nn.Embedding(self.n_items, settings.dim)
        for table in (self.p, self.q):
            nn.init.normal_(table.weight, std=settings.std)
        self.optimiser = torch.optim.Adagrad(
            self.parameters(), lr=settings.lr, weight_decay=settings.l2, initial_accumulator_value=1e-8
        )

    def history(self, users: Tensor) -> Tensor:
        """Σ_j q_j over the whole history of each user: ``(b, d)``."""
        size = self.size[users]
        rows = ragged_arange(self.first[users], size)
        return F.embedding_bag(self.items[rows], self.q.weight, offsets(size)[:-1], mode="sum")

    def epoch(self, generator: torch.Generator) -> float:
        """Up to `targets` interactions of each user, drawn anew, with one negative each."""
        total, pairs = 0.0, 0
        order = self.draw_some(self.settings.targets, generator).sort()[0]
        begin = torch.searchsorted(self.users[order], torch.arange(self.n_users + 1, device=order.device))
        able = (self.size > 1).nonzero()[:, 0]
        able = able[torch.randperm(len(able), generator=generator, device=able.device)]
        for users in able.split(self.settings.users):
            count = begin[users + 1] - begin[users]
            row = repeat_index(count)
            i = self.items[order[ragged_arange(begin[users], count, len(row))]]
            j = self.draw_negatives(users[row], generator)[:, 0]
            others = self.history(users)[row] - self.q(i)
            norm = (self.size[users] - 1).to(others.dtype).pow(-self.settings.alpha)[row]
            loss = F.softplus((others * (self.p(j) - self.p(i))).sum(1) * norm).sum()
            self.optimiser.zero_grad()
            loss.backward()
            self.optimiser.step()
            total, pairs = total + float(loss.detach()), pairs + len(i)
        return total / max(pairs, 1)

    @torch.no_grad()
    def scores(self, users: np.ndarray) -> Tensor:
        """``(b, n_items)``; users without a history score 0 everywhere."""
        chosen = fitting.index(users, self)
        norm = self.size[chosen].clamp(min=1).to(self.q.weight.dtype).pow(-self.settings.alpha)
        return (self.history(chosen) * norm[:, None]) @ self.p.weight.T

    @torch.no_grad()
    def newcomer_scores(self, had: Sequence[np.ndarray]) -> Tensor:
        """The same of people who were not in training: ``(b, n_items)``.

        Args:
            had: for each of b people the indices of the items they had, oldest first.
        """
        size = torch.tensor([len(items) for items in had], device=self.items.device)
        items = torch.as_tensor(np.concatenate(had), device=self.items.device)
        total = F.embedding_bag(items, self.q.weight, offsets(size)[:-1], mode="sum")  # (b, d)
        return (total * size.to(total.dtype).pow(-self.settings.alpha)[:, None]) @ self.p.weight.T

    def item_embeddings(self) -> Tensor:
        """p_i of all items: ``(n_items, d)``."""
        return self.p.weight


def fit(
    dataset: RecDataset, settings: Settings | None = None, seed: int = 0, epochs: int | None = None,
    progress: bool = False, device: str = "cpu",
) -> FISM:  # fmt: skip
    """Train it; `epochs` stands in for those of the settings."""
    return fitting.fit(FISM, dataset, settings or Settings(), seed, epochs, progress, device)
