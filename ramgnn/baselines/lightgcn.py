"""LightGCN: free embeddings, averaged over neighbours in the graph of interactions, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ramgnn.baselines import fitting
from ramgnn.baselines.registry import register
from ramgnn.config import FinetuneConfig
from ramgnn.datasets.base import RecDataset
from ramgnn.errors import RamgnnError
from ramgnn.finetune import AveragedAdam, train_epoch
from ramgnn.losses import LISTWISE, PAIRWISE
from ramgnn.pretrained import random_embeddings
from ramgnn.recommender import FinalEmbeddings, Recommender


@dataclass(frozen=True)
class Settings:
    """Those of the authors.

    Attributes:
        dim: the width d of all embeddings.
        layers: L, propagation steps.
        lr: Adam's learning rate.
        l2: λ, on the embeddings before propagation of the nodes in a batch.
        batch: pairs a step (``bpr``) or users a step (``softmax``).
        loss: ``"bpr"``, the paper's, or ``"softmax"`` over the whole catalogue.
        temperature: scores are divided by it in the softmax.
        edge_dropout: share of interactions left out of each propagation in training; not in the paper.
        ema_decay: decay, per step, of a running average of the embeddings that scores are computed with; not in the
            paper.
        epochs: how many; the authors train for 1,000 on larger data.
    """

    dim: int = 64
    layers: int = 3
    lr: float = 0.001
    l2: float = 1e-4
    batch: int = 2048
    loss: str = "bpr"
    temperature: float = 1.0
    edge_dropout: float = 0.0
    ema_decay: float = 0.0
    epochs: int = 100


LEAST = {"dim": 1, "layers": 0, "lr": 0, "l2": 0, "batch": 1, "temperature": 1e-6, "epochs": 0}


@register("lightgcn", settings=Settings, least=LEAST, shares=("edge_dropout", "ema_decay"))
class LightGCN(fitting.Model):
    """ŷ_ui = x_u · x_i with x the mean over l = 0 … L of E^(l) = D^-½ A D^-½ E^(l-1).

        mean of −ln σ(ŷ_ui − ŷ_uj) + λ/2 (‖e_u‖² + ‖e_i‖² + ‖e_j‖²) / B

    over a batch of B pairs, the penalty on E^(0). He, Deng, Wang, Li, Zhang and Wang, "LightGCN: Simplifying and
    powering graph convolution network for recommendation", SIGIR 2020. Start values are normal with a standard
    deviation of .1, as in the authors' PyTorch code; every pair is drawn once an epoch, where theirs draws users
    uniformly. It is RAM-GNN's recommender (`ramgnn.recommender`) without attributes and pre-training; that one's edge
    dropout and running average of the parameters are there to be switched on, for a rival like for like. Each step
    propagates once: on large data larger batches cost less.
    """

    def __init__(self, dataset: RecDataset, settings: Settings) -> None:
        super().__init__(dataset)
        self.settings = settings
        if settings.loss not in (known := (*PAIRWISE, *LISTWISE)):
            raise RamgnnError(f"loss is {settings.loss!r}; expected {' or '.join(known)}")
        self.config = FinetuneConfig(
            start="random", values="none", layers=settings.layers, propagation="linear", readout="mean",
            loss=settings.loss, temperature=settings.temperature, negatives=1, edge_dropout=settings.edge_dropout,
            batch=settings.batch, lr=settings.lr, l2=settings.l2, ema_decay=settings.ema_decay,
        )  # fmt: skip
        generator = torch.Generator().manual_seed(torch.initial_seed())
        sides = [(random_embeddings(settings.dim, n, None, generator), None) for n in (self.n_users, self.n_items)]
        self.recommender = Recommender(dataset, self.config, *sides, settings.dim)
        self.optimiser = AveragedAdam(self.recommender, self.config)
        if settings.ema_decay:
            self.averaged = self.optimiser.averaged  # a part of the model: moved, saved and read back with it
        self._final = None

    def epoch(self, generator: torch.Generator) -> float:
        """Each training interaction once, or each user once with the softmax."""
        self._final = None
        return train_epoch(self.recommender, self.config, self.optimiser, generator)

    def final(self) -> FinalEmbeddings:
        """x of all users and items, propagated once after each epoch."""
        if self._final is None:
            self._final = (self.averaged if self.settings.ema_decay else self.recommender).final()
        return self._final

    def scores(self, users: np.ndarray) -> Tensor:
        """``(b, n_items)``."""
        return self.final()(users)

    def user_embeddings(self) -> Tensor:
        """x_u of all users: ``(n_users, d)``."""
        return self.final().users

    def item_embeddings(self) -> Tensor:
        """x_i of all items: ``(n_items, d)``."""
        return self.final().items


def fit(
    dataset: RecDataset, settings: Settings | None = None, seed: int = 0, epochs: int | None = None,
    progress: bool = False, device: str = "cpu",
) -> LightGCN:  # fmt: skip
    """Train it; `epochs` stands in for those of the settings."""
    return fitting.fit(LightGCN, dataset, settings or Settings(), seed, epochs, progress, device)
