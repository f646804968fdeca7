"""Eq. 19 with a clock: what somebody had counts by how long ago it was, in memories of several lengths."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ramgnn.config import TemporalConfig
from ramgnn.events import Events
from ramgnn.loop import dropout_from

if TYPE_CHECKING:
    from ramgnn.finetune import AveragedAdam

MOST_EVENTS = 4096  # whose contexts are rows of vectors at once
LENGTHS = (1.0, 100.0)  # τ of the shortest and of the longest memory before training


class ClockLayer(nn.Module):
    r"""The mean over N(u) of Eq. 19 becomes K means, each with a memory of its own length τ_k.

    .. math:: h_k = \sum_{j \in N(u)} \alpha_{jk} x_j, \qquad \alpha_{jk} = \mathrm{softmax}_j(-r_j / \tau_k)
    .. math:: x_{ut} = \mathrm{LN}\big(V\,[h_1 \Vert \dots \Vert h_K] + \mathrm{MLP}\,[h_1 \Vert \dots \Vert h_K]\big)

    with r_j how many things ago u had j. A short memory is the last thing alone, an endless one is the mean of Eq. 19.

    Args:
        dim: d; memories: K; dropout: of what goes into V and the MLP, and inside it.
    """

    def __init__(self, dim: int, memories: int, dropout: float) -> None:
        super().__init__()
        self.log_length = nn.Parameter(torch.linspace(*np.log(LENGTHS), memories))  # (K,) log τ_k
        self.v = nn.Linear(memories * dim, dim, bias=False)
        self.mlp = nn.Sequential(nn.Linear(memories * dim, dim), nn.GELU(), nn.Dropout(dropout), nn.Linear(dim, dim))
        self.drop, self.norm = nn.Dropout(dropout), nn.LayerNorm(dim)

    def forward(self, x: Tensor, rank: Tensor, more: Tensor | float = 0.0) -> Tensor:
        """x_ut.

        Args:
            x: ``(b, L, d)`` x_j of each context; rank: ``(b, L)`` r_j, NaN where there is nothing.
            more: ``(b, K, L)`` what else counts beside -r_j / τ_k.

        Returns:
            ``(b, d)``; of an empty context what the weights make of zeros.
        """
        h = torch.bmm(self.attention(rank, more), x).flatten(1)  # (b, K, L) and (b, L, d) to (b, K d)
        h = self.drop(h)
        return self.norm(self.v(h) + self.mlp(h))

    def attention(self, rank: Tensor, more: Tensor | float = 0.0) -> Tensor:
        """α_jk of ranks ``(b, L)``: ``(b, K, L)``; 0 where there is nothing."""
        there = ~rank.isnan().unsqueeze(1)  # (b, 1, L)
        logits = -rank.nan_to_num(0.0).unsqueeze(1) / self.log_length.exp().unsqueeze(1)  # (b, K, L)
        return _softmax(logits + more, there)


def _softmax(logits: Tensor, there: Tensor) -> Tensor:
    """Softmax over the last axis where there is something, 0 elsewhere; all 0 where there is nothing at all."""
    least = torch.finfo(logits.dtype).min
    return torch.softmax(logits.masked_fill(~there, least), -1) * there


class TemporalGNN(nn.Module):
    r"""What somebody takes next: every item at once, by the state that `ClockLayer` makes of what they had.

    .. math:: y_{ui} = c\, x_{ut}^\top x_i / \sqrt d + b_i

    Args:
        n_items: of the catalogue.
        dim: d.
        config: the settings.
        start: ``(n_items, d)`` x_i to begin with, from pre-training; None draws them.
        seed: of the start values.
    """

    def __init__(
        self, n_items: int, dim: int, config: TemporalConfig, start: Tensor | None = None, seed: int = 0
    ) -> None:
        super().__init__()
        self.config = config
        with torch.random.fork_rng([]):
            torch.manual_seed(seed)
            x = torch.randn(n_items, dim) if start is None else start.clone()
            self.clock = ClockLayer(dim, config.memories, config.dropout)
        x *= config.scale / x.square().mean().sqrt().clamp(min=1e-12)
        self.items = nn.Parameter(x)  # (n_items, d)
        self.bias = nn.Parameter(torch.zeros(n_items))  # (n_items,) b_i
        self.sharpness = nn.Parameter(torch.tensor(8.0))  # c

    def state(self, item: Tensor, rank: Tensor) -> Tensor:
        """x_ut of some contexts: ``(b, L)`` items, -1 where there is nothing, and ranks, to ``(b, d)``."""
        return self.clock(F.embedding(item.clamp(min=0), self.vectors()), rank)  # what is not there has the weight 0

    def vectors(self) -> Tensor:
        """x_i of all items: ``(n_items, d)``."""
        return self.items

    def forward(self, item: Tensor, rank: Tensor) -> Tensor:
        """y of all items for some contexts: ``(b, n_items)``."""
        return self.scored(self.state(item, rank))

    def scored(self, state: Tensor) -> Tensor:
        """y of all items for some states: ``(b, d)`` to ``(b, n_items)``."""
        return torch.addmm(self.bias, state * (self.sharpness / self.items.shape[1] ** 0.5), self.vectors().T)

    def at(self, events: Events, which: np.ndarray, item: Tensor, rank: Tensor) -> Tensor:
        """The same for contexts whose events are given: a model may ask more of these than what was had, and when."""
        return self(item, rank)

    @torch.no_grad()
    def of_events(self, events: Events) -> Tensor:
        """y of all items at some events: ``(e, n_items)``."""
        which = np.arange(len(events))
        return self.at(events, which, *contexts(events, which, self.items))

    @torch.no_grad()
    def states(self, events: Events) -> Tensor:
        """x_ut at some events: ``(e, d)``."""
        parts = np.array_split(np.arange(len(events)), len(events) // MOST_EVENTS + 1)
        return torch.cat([self.state(*contexts(events, part, self.items)) for part in parts])


def contexts(events: Events, which: np.ndarray, like: Tensor) -> tuple[Tensor, Tensor]:
    """Items ``(b, L)`` and ranks ``(b, L)`` of the contexts of some events as tensors, on the device of another."""
    item, rank = events.contexts(which)
    return torch.from_numpy(item).to(like.device), torch.from_numpy(rank).to(like)


def train_epoch(model: TemporalGNN, events: Events, optimiser: AveragedAdam, generator: torch.Generator) -> float:
    """Each event once, in random order; the mean of -log p(target) among items not had before."""
    config, total, device = model.config, 0.0, model.items.device
    order = torch.randperm(len(events), generator=generator, device=device).cpu()
    with dropout_from(generator):
        for batch in order.split(config.batch):
            which = batch.numpy()
            item, rank = contexts(events, which, model.items)
            lost = torch.rand(item.shape, generator=generator, device=device) < config.item_dropout
            rank = rank.masked_fill(lost, torch.nan)
            loss = next_loss(model.at(events, which, item, rank), events, which)
            optimiser.adam.zero_grad()
            loss.backward()
            optimiser.step()
            total += float(loss.detach()) * len(which)
    return total / max(len(events), 1)


def next_loss(y: Tensor, events: Events, which: np.ndarray) -> Tensor:
    """The mean of -log p(target) among items not had before.

    Args:
        y: ``(b, n_items)`` of all items at some events; what was had before becomes -infinity in it.
    """
    row, had = (torch.from_numpy(x).to(y.device) for x in events.had(which))
    y.detach()[row, had] = -torch.inf  # in place: what has the probability 0 has the gradient 0
    return F.cross_entropy(y, torch.from_numpy(events.target[which]).to(y.device))
