"""Eq. 19 with a clock: what somebody had counts by how long ago it was, in memories of several lengths."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ramgnn.config import TemporalConfig
from ramgnn.datasets.base import RecDataset
from ramgnn.events import Events, events_of, next_events

RECENT = 2.0  # things; the memory that the questions q_k are asked of
LENGTHS = (1.0, 100.0)  # τ of the shortest and of the longest memory before training


class ClockLayer(nn.Module):
    r"""The mean over N(u) of Eq. 19 becomes K means, each with a memory of its own length τ_k.

    .. math:: h_k = \sum_{j \in N(u)} \alpha_{jk} x_j, \qquad
        \alpha_{jk} = \mathrm{softmax}_j\big(-r_j / \tau_k + q_k(m)^\top x_j / \sqrt d\big)
    .. math:: m = \sum_{j \in N(u)} \mathrm{softmax}_j(-r_j / 2)\, x_j
    .. math:: x_{ut} = \mathrm{LN}\big(V\,[h_1 \Vert \dots \Vert h_K] + \mathrm{MLP}\,[h_1 \Vert \dots \Vert h_K]\big)

    with r_j how many things ago u had j. Without the term of q_k it is a mean that only a clock weights; with it, what
    u had recently asks which of the rest belongs to it.

    Args:
        dim: d; memories: K; dropout: of what goes into the MLP and of what comes out.
    """

    def __init__(self, dim: int, memories: int, dropout: float) -> None:
        super().__init__()
        self.log_length = nn.Parameter(torch.linspace(*np.log(LENGTHS), memories))  # (K,) log τ_k
        self.question = nn.Linear(dim, memories * dim, bias=False)  # all q_k
        nn.init.zeros_(self.question.weight)  # the clock alone, to begin with
        self.v = nn.Linear(memories * dim, dim, bias=False)
        self.mlp = nn.Sequential(nn.Linear(memories * dim, dim), nn.GELU(), nn.Dropout(dropout), nn.Linear(dim, dim))
        self.drop, self.norm = nn.Dropout(dropout), nn.LayerNorm(dim)

    def forward(self, x: Tensor, rank: Tensor) -> Tensor:
        """x_ut.

        Args:
            x: ``(b, L, d)`` x_j of each context; rank: ``(b, L)`` r_j, NaN where there is nothing.

        Returns:
            ``(b, d)``; of an empty context what the weights make of zeros.
        """
        alpha = self.attention(x, rank)  # (b, K, L)
        h = torch.bmm(alpha, x).flatten(1)  # (b, K d)
        h = self.drop(h)
        return self.norm(self.v(h) + self.mlp(h))

    def attention(self, x: Tensor, rank: Tensor) -> Tensor:
        """α_jk: ``(b, K, L)``; 0 where there is nothing."""
        there = ~rank.isnan()  # (b, L)
        rank = rank.nan_to_num(0.0)
        recent = _softmax(-rank / RECENT, there).unsqueeze(1)  # (b, 1, L)
        m = torch.bmm(recent, x)  # (b, 1, d)
        q = self.question(m).view(len(x), -1, x.shape[2])  # (b, K, d)
        by_clock = -rank.unsqueeze(1) / self.log_length.exp().unsqueeze(1)  # (b, K, L)
        by_content = torch.bmm(q, x.transpose(1, 2)) / x.shape[2] ** 0.5  # (b, K, L)
        return _softmax(by_clock + by_content, there.unsqueeze(1))


def _softmax(logits: Tensor, there: Tensor) -> Tensor:
    """Softmax over the last axis where there is something, 0 elsewhere; all 0 where there is nothing at all."""
    least = torch.finfo(logits.dtype).min
    return torch.softmax(logits.masked_fill(~there, least), -1) * there


class TemporalGNN(nn.Module):
    r"""What somebody takes next: every item at once, by the state that `ClockLayer` makes of what they had.

    .. math:: y_{ui} = c\, x_{ut}^\top x_i / \sqrt d + b_i

    Args:
        dataset: with times.
        config: the settings.
        start: ``(n_items, d)`` x_i to begin with, from pre-training; None draws them.
        seed: of the start values.

    Raises:
        RamgnnError: the data have no times.
    """

    def __init__(self, dataset: RecDataset, config: TemporalConfig, start: Tensor | None = None, seed: int = 0) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.dataset, self.config, self.n_items = dataset, config, dataset.n_items
        d = config.dim if start is None else start.shape[1]
        x = torch.randn(dataset.n_items, d)
        x = x if start is None else start.clone()
        x *= config.scale / x.square().mean().sqrt().clamp(min=1e-12)
        self.items = nn.Parameter(x)  # (n_items, d)
        self.bias = nn.Parameter(torch.zeros(dataset.n_items))
        self.sharpness = nn.Parameter(torch.tensor(8.0))  # c
        self.clock = ClockLayer(d, config.memories, config.dropout)

    def state(self, item: Tensor, rank: Tensor) -> Tensor:
        """x_ut of some contexts: ``(b, L)`` items, -1 where there is nothing, and ranks, to ``(b, d)``."""
        x = F.embedding(item.clamp(min=0), self.items)
        return self.clock(x * (item >= 0).unsqueeze(2), rank)

    def forward(self, item: Tensor, rank: Tensor) -> Tensor:
        """y of all items for some contexts: ``(b, n_items)``."""
        x = self.state(item, rank) * (self.sharpness / self.items.shape[1] ** 0.5)
        return torch.addmm(self.bias, x, self.items.T)

    @torch.no_grad()
    def scores(self, users: np.ndarray) -> Tensor:
        """y of all items for some users: ``(b, n_items)``."""
        events = next_events(self.dataset, users, self.config.context)
        return self(*contexts(events, np.arange(len(users)), self.items))

    @torch.no_grad()
    def newcomer_scores(self, had: Sequence[np.ndarray]) -> Tensor:
        """The same for people who were not there in training: ``(b, n_items)``.

        Args:
            had: for each of b people the indices of the items that they had, oldest first, all at times of their own.
        """
        return self(*contexts(events_of(had, self.config.context), np.arange(len(had)), self.items))

    def item_embeddings(self) -> Tensor:
        """x_i of all items: ``(n_items, d)``."""
        return self.items.detach()


def contexts(events: Events, which: np.ndarray, like: Tensor) -> tuple[Tensor, Tensor]:
    """Items ``(b, L)`` and ranks ``(b, L)`` of the contexts of some events as tensors, on the device of another."""
    item, rank = events.contexts(which)
    return torch.from_numpy(item).to(like.device), torch.from_numpy(rank).to(like)


def train_epoch(
    model: TemporalGNN, events: Events, optimiser: torch.optim.Optimizer, generator: torch.Generator, step=None
) -> float:
    """Each event once, in random order; the mean of -log p(target) among items not had before."""
    config, total = model.config, 0.0
    order = torch.randperm(len(events), generator=generator)
    for batch in order.split(config.batch):
        which = batch.numpy()
        item, rank = contexts(events, which, model.items)
        lost = torch.rand(item.shape, generator=generator) < config.item_dropout
        rank = rank.masked_fill(lost.to(rank.device), torch.nan)
        y = model(item.masked_fill(rank.isnan(), -1), rank)  # (b, n_items)
        row, had = (torch.from_numpy(x).to(y.device) for x in events.had(which))
        y.detach()[row, had] = -torch.inf  # in place: what has the probability 0 has the gradient 0
        loss = F.cross_entropy(y, torch.from_numpy(events.target[which]).to(y.device))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if step is not None:
            step()
        total += float(loss.detach()) * len(which)
    return total / max(len(events), 1)
