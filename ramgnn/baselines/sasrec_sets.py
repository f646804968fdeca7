"""SASRec on sets: attention over what a user had, where things of one time share a place and none is had later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ramgnn.baselines import fitting, sasrec
from ramgnn.baselines.registry import register
from ramgnn.datasets.base import RecDataset
from ramgnn.events import Events, events_of, next_events, nothing_comes_next, training_events
from ramgnn.loop import dropout_from
from ramgnn.temporal.clock import contexts, next_loss


@dataclass(frozen=True)
class Settings(sasrec.Settings):
    """As those of SASRec; `batch` is events a step, and `length` how many things a context has at most."""

    batch: int = 256
    epochs: int = 20


class Block(nn.Module):
    """Attention and a feed-forward layer, each after a normalisation and added to what went in, as in SASRec.

    Args:
        dim: d; heads: of the attention; dropout: of its weights and of everything that is added.
    """

    def __init__(self, dim: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.attention = nn.MultiheadAttention(dim, heads, dropout, batch_first=True)
        self.feed = nn.Sequential(nn.Linear(dim, dim), nn.ReLU(), nn.Dropout(dropout), nn.Linear(dim, dim))
        self.drop = nn.Dropout(dropout)

    def forward(self, x: Tensor, all: Tensor, empty: Tensor) -> Tensor:
        """What becomes of some places that look at all of a context.

        Args:
            x: ``(b, m, d)`` the places that look; all: ``(b, L, d)`` those that are looked at.
            empty: ``(b, L)`` whether there is nothing at a place, so that nobody looks at it.

        Returns:
            ``(b, m, d)``.
        """
        x = x + self.drop(self.look(self.norm1(x), self.norm1(all), empty))
        return x + self.drop(self.feed(self.norm2(x)))

    def look(self, x: Tensor, all: Tensor, empty: Tensor) -> Tensor:
        """What `nn.MultiheadAttention` gives, at a fraction of its cost for the few places that ask: ``(b, m, d)``.

        Keys and values are linear in what is looked at, so x_q · W_k x_j is (W_kᵀ x_q) · x_j, and the mean of W_v x_j
        is W_v times the mean. The bias of keys is the same for all j and does nothing.
        """
        parts, (b, m, d), h = self.attention, x.shape, self.attention.num_heads
        of_query, of_key, of_value = parts.in_proj_weight.view(3, h, d // h, d)  # (h, d / h, d) each
        bias = parts.in_proj_bias.view(3, h, 1, d // h)
        query = x.unsqueeze(1) @ of_query.mT + bias[0]  # (b, h, m, d / h)
        query = (query @ of_key).reshape(b, h * m, d) * (d // h) ** -0.5
        logits = torch.bmm(query, all.mT).masked_fill(empty.unsqueeze(1), -torch.inf)  # (b, h m, L)
        alpha = F.dropout(logits.softmax(-1), parts.dropout, self.training)
        mean = torch.bmm(alpha, all).view(b, h, m, d)
        seen = mean @ of_value.mT + bias[2]  # (b, h, m, d / h)
        return parts.out_proj(seen.transpose(1, 2).reshape(b, m, d))


@register("sasrec sets", settings=Settings, least=sasrec.LEAST, shares=("dropout",))
class SASRecSets(fitting.Model):
    """ŷ_ui = F_ut · e_i with F_ut what attention makes of a learned query beside the things that u had at or before t.

    `ramgnn.baselines.sasrec` where ties are sets: one event for each training interaction, and the loss is the softmax
    over the items not had before, as `ramgnn.temporal.clock` has it. A context holds nothing later than its event, so
    nothing is masked. A thing stands at the place r_j, how many things of the context came later, ties averaged; a rank
    that is no whole number lies halfway between two places. Ranks beyond the last place, which there are where one time
    has more than L things, get the last one.
    """

    def __init__(self, dataset: RecDataset, settings: Settings) -> None:
        super().__init__(dataset)
        sasrec.check_heads(settings)
        self.settings, d = settings, settings.dim
        self.events = training_events(dataset, settings.length)
        if not len(self.events):
            raise nothing_comes_next(dataset)
        self.latest = next_events(dataset, np.arange(self.n_users), settings.length)
        self.e, self.places = nn.Embedding(self.n_items, d), nn.Embedding(settings.length, d)
        self.query = nn.Parameter(torch.empty(d))
        for table in (self.e.weight, self.places.weight, self.query):
            nn.init.normal_(table, std=d**-0.5)
        self.blocks = nn.ModuleList(Block(d, settings.heads, settings.dropout) for _ in range(settings.layers))
        self.norm, self.drop = nn.LayerNorm(d), nn.Dropout(settings.dropout)
        self.optimiser = torch.optim.Adam(self.parameters(), lr=settings.lr, weight_decay=settings.l2)

    def place(self, rank: Tensor) -> Tensor:
        """The embeddings of ranks, whole or halfway between two: ``(b, L)`` to ``(b, L, d)``."""
        p, last = self.places.weight, self.settings.length - 1
        halfway = (p + torch.cat([p[1:], p[-1:]])) / 2
        table = torch.stack([p, halfway], 1).flatten(0, 1)  # (2 L, d): places 0, ½, 1, 1½, …
        return F.embedding((2 * rank.clamp(max=last)).long(), table)

    def states(self, item: Tensor, rank: Tensor) -> Tensor:
        """F of contexts: items, -1 where there is nothing, and ranks, ``(b, L)`` each, to ``(b, d)``."""
        e = self.e.weight * self.settings.dim**0.5
        x = F.embedding(item.clamp(min=0), e) + self.place(rank.nan_to_num(0.0))
        x = self.drop(torch.cat([x, self.query.expand(len(x), 1, -1)], 1))  # (b, L + 1, d)
        empty = F.pad(item < 0, (0, 1))  # the query is always there
        for block in self.blocks[:-1]:
            x = block(x, x, empty)
        return self.norm(self.blocks[-1](x[:, -1:], x, empty)[:, 0])  # what becomes of the query is all that counts

    def epoch(self, generator: torch.Generator) -> float:
        """Each event once, in random order."""
        total, device = 0.0, self.e.weight.device
        order = torch.randperm(len(self.events), generator=generator, device=device).cpu()
        with dropout_from(generator):
            for batch in order.split(self.settings.batch):
                which = batch.numpy()
                state = self.states(*contexts(self.events, which, self.e.weight))
                loss = next_loss(state @ self.e.weight.T, self.events, which)
                self.optimiser.zero_grad()
                loss.backward()
                self.optimiser.step()
                total += float(loss.detach()) * len(which)
        return total / len(self.events)

    def scores(self, users: np.ndarray) -> Tensor:
        """``(b, n_items)``; for a user without a history, what the query says alone."""
        return self._scores(self.latest, np.asarray(users, np.int64))

    def newcomer_scores(self, had: Sequence[np.ndarray]) -> Tensor:
        """The same of people who were not in training: ``(b, n_items)``.

        Args:
            had: for each of b people the indices of the items they had, oldest first.
        """
        return self._scores(events_of(had, self.settings.length), np.arange(len(had)))

    @torch.no_grad()
    def _scores(self, events: Events, which: np.ndarray) -> Tensor:
        """What follows some contexts: ``(b, n_items)``."""
        mode = self.training
        self.eval()
        state = self.states(*contexts(events, which, self.e.weight))
        self.train(mode)
        return state @ self.e.weight.T

    def item_embeddings(self) -> Tensor:
        """e_i of all items: ``(n_items, d)``."""
        return self.e.weight


def fit(
    dataset: RecDataset, settings: Settings | None = None, seed: int = 0, epochs: int | None = None,
    progress: bool = False, device: str = "cpu",
) -> SASRecSets:  # fmt: skip
    """Train it; `epochs` stands in for those of the settings."""
    return fitting.fit(SASRecSets, dataset, settings or Settings(), seed, epochs, progress, device)
