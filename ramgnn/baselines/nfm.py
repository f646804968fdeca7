"""NFM: the pairs of a factorisation machine, kept as a vector and put through a small network."""

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

BLOCK = 2**13  # pairs of user and item that are scored at once: their rows stay in the processor's cache


@dataclass(frozen=True)
class Settings:
    """Those of the authors, but for the loss and, with it, the learning rate.

    Attributes:
        dim: d; hidden: width of the one hidden layer.
        lr: Adagrad's learning rate.
        l2: λ, on all parameters, as weight decay; the authors' is 0.
        pool_dropout, hidden_dropout: share dropped after pooling and after the hidden layer.
        norm: batch normalisation after pooling and in the hidden layer.
        batch: pairs a step.
        epochs: how many.
        std: of the normal start values.
    """

    dim: int = 64
    hidden: int = 64
    lr: float = 0.05
    l2: float = 0.0
    pool_dropout: float = 0.5
    hidden_dropout: float = 0.2
    norm: bool = True
    batch: int = 1024
    epochs: int = 100
    std: float = 0.01


LEAST = {"dim": 1, "hidden": 1, "lr": 0, "l2": 0, "batch": 1, "epochs": 0, "std": 0}


@register("nfm", settings=Settings, least=LEAST, shares=("pool_dropout", "hidden_dropout"))
class NFM(fitting.Model):
    """ŷ_ui = Σ_f w_f + h · MLP(½ ((Σ v_f)² − Σ v_f²)) over the features of user and item; mean of −ln σ(ŷ_ui − ŷ_uj).

    He and Chua, "Neural factorization machines for sparse predictive analytics", SIGIR 2017. They predict ratings with
    a squared loss; ranking takes BPR, as KGAT does for its NFM. Features are those of `ramgnn.baselines.fm`. Positive
    and negative of a pair are normalised in one batch: in two, the statistics alone would tell them apart. The authors
    can start from a trained FM; here the start is random, one step less to go wrong. A full ranking runs the network
    for every user and item, so it costs n_users · n_items · d²; a ranking among sampled candidates runs it for these.
    """

    def __init__(self, dataset: RecDataset, settings: Settings) -> None:
        super().__init__(dataset)
        self.settings = settings
        self.sides = nn.ModuleDict({side: Features(dataset, side) for side in ("user", "item")})
        self.v = nn.ModuleDict({side: nn.Embedding(x.size, settings.dim) for side, x in self.sides.items()})
        self.w = nn.ModuleDict({side: nn.Embedding(x.size, 1) for side, x in self.sides.items()})
        for side in self.sides:
            nn.init.normal_(self.v[side].weight, std=settings.std)
            nn.init.zeros_(self.w[side].weight)
        self.network = nn.Sequential(
            nn.BatchNorm1d(settings.dim) if settings.norm else nn.Identity(),
            nn.Dropout(settings.pool_dropout),
            nn.Linear(settings.dim, settings.hidden),
            nn.BatchNorm1d(settings.hidden) if settings.norm else nn.Identity(),
            nn.ReLU(inplace=True),
            nn.Dropout(settings.hidden_dropout),
            nn.Linear(settings.hidden, 1, bias=False),
        )
        self.optimiser = torch.optim.Adagrad(
            self.parameters(), lr=settings.lr, weight_decay=settings.l2, initial_accumulator_value=1e-8
        )

    def parts(self, side: str, nodes: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Σ v_f, Σ v_f² and Σ w_f of the features of some nodes."""
        return sums((self.v[side], self.w[side]), self.sides[side], nodes)

    def score(self, user: tuple[Tensor, Tensor, Tensor], item: tuple[Tensor, Tensor, Tensor]) -> Tensor:
        """ŷ ``(…,)`` from the parts of both sides, ``(…, d)`` and ``(…,)``; what fits together is added as usual."""
        total, squares, weight = (a + b for a, b in zip(user, item, strict=True))
        pairs = 0.5 * (total.square() - squares)
        return weight + self.network(pairs.flatten(0, -2)).view_as(weight)

    def epoch(self, generator: torch.Generator) -> float:
        """Each training interaction once, with one negative."""
        total = 0.0
        for batch in self.draw_pairs(self.settings.batch, generator):
            u, i = self.users[batch], self.items[batch]
            j = self.draw_negatives(u, generator)[:, 0]
            user = tuple(torch.cat([x, x]) for x in self.parts("user", u))
            positive, negative = self.score(user, self.parts("item", torch.cat([i, j]))).chunk(2)
            loss = F.softplus(negative - positive).mean()
            self.optimiser.zero_grad()
            loss.backward()
            self.optimiser.step()
            total += float(loss.detach()) * len(u)
        return total / len(self.users)

    def scores(self, users: np.ndarray) -> Tensor:
        """``(b, n_items)``."""
        return self._in_blocks(users, self.n_items)

    def score_pairs(self, users: np.ndarray, items: np.ndarray | Tensor) -> Tensor:
        """``(b,)`` users and ``(b, n)`` items to ``(b, n)``."""
        items = torch.as_tensor(items, dtype=torch.int64, device=self.users.device)
        return self._in_blocks(users, items.shape[1], items)

    @torch.no_grad()
    def _in_blocks(self, users: np.ndarray, n: int, items: Tensor | None = None) -> Tensor:
        """ŷ ``(b, n)`` of users and their n items, or all items, in blocks of users.

        The network is in evaluation mode, whatever the model's mode is.
        """
        mode = self.network.training
        self.network.eval()
        every = self.parts("item", self.sides["item"].every())
        parts = [every[2].new_zeros(0, n)]
        for rows in torch.arange(len(users)).split(max(1, BLOCK // max(n, 1))):
            user = self.parts("user", fitting.index(users, self)[rows])
            item = every if items is None else tuple(x[items[rows]] for x in every)
            parts.append(self.score(tuple(x.unsqueeze(1) for x in user), item))
        self.network.train(mode)
        return torch.cat(parts)


def fit(
    dataset: RecDataset, settings: Settings | None = None, seed: int = 0, epochs: int | None = None,
    progress: bool = False, device: str = "cpu",
) -> NFM:  # fmt: skip
    """Train it; `epochs` stands in for those of the settings."""
    return fitting.fit(NFM, dataset, settings or Settings(), seed, epochs, progress, device)
