"""CKE: an item is a free vector and an entity of a knowledge graph, learned together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ramgnn.baselines import fitting
from ramgnn.baselines.registry import register
from ramgnn.datasets.base import RecDataset
from ramgnn.errors import RamgnnError
from ramgnn.interactions import sample_negatives


@dataclass(frozen=True)
class Settings:
    """After KGAT's version, with the rates that data of this size need.

    Attributes:
        dim: d, of users, items and entities; relation_dim: of the spaces that relations live in.
        lr: Adam's learning rate.
        l2: λ, on the rows of a batch, squares summed and divided by its size.
        graph_weight: of the loss on the knowledge graph.
        batch: pairs a step; each step takes as large a share of the triples as of the pairs.
        epochs: how many.
    """

    dim: int = 64
    relation_dim: int = 64
    lr: float = 0.001
    l2: float = 1e-5
    graph_weight: float = 1.0
    batch: int = 1024
    epochs: int = 100


LEAST = {"dim": 1, "relation_dim": 1, "lr": 0, "l2": 0, "graph_weight": 0, "batch": 1, "epochs": 0}


@register("cke", settings=Settings, least=LEAST)
class CKE(fitting.Model):
    """ŷ_ui = u · (v_i + e_i), e_i the entity of item i in TransR.

        mean of −ln σ(ŷ_ui − ŷ_uj)  +  mean of −ln σ(f(h, r, t') − f(h, r, t)),    f = ‖h M_r + r − t M_r‖²

    with h M_r, t M_r and r of unit length, for triples (item, relation type, value) and a corrupted value t'. Zhang,
    Yuan, Lian, Xie and Ma, "Collaborative knowledge base embedding for recommender systems", KDD 2016; of its three
    parts only the structural one, as in the comparisons of others, since there are no texts and images here. The
    corrupted value is one of the same type that the item does not have: values of other types would be told apart by
    their type alone. M_r begins as the identity with some noise. A type with fewer than two values has nothing to
    corrupt and is left out. User attributes have no place in it.
    """

    def __init__(self, dataset: RecDataset, settings: Settings) -> None:
        super().__init__(dataset)
        if not dataset.item_relations:
            raise RamgnnError(f"{dataset.name} has no attributes of items, and CKE is about nothing else")
        self.settings, d, k = settings, settings.dim, settings.relation_dim
        heads, types, tails, begin, size, n = [], [], [], [], [], 0
        for t, relation in enumerate(dataset.item_relations):
            if relation.n_values > 1:
                heads.append(torch.from_numpy(relation.nodes))
                types.append(torch.full((len(relation.nodes),), t))
                tails.append(torch.from_numpy(relation.values) + n)
            begin.append(n)
            size.append(relation.n_values)
            n += relation.n_values
        if not heads:
            raise RamgnnError(f"no relation type of {dataset.name} has two values, so there is nothing to tell apart")
        head, type, tail = torch.cat(heads), torch.cat(types), torch.cat(tails)
        buffers = {
            "head": head,
            "relation": type,
            "tail": tail,
            "begin": torch.tensor(begin),
            "size": torch.tensor(size),
        }
        buffers["true"] = torch.sort(head * n + tail)[0]
        for name, x in buffers.items():
            self.register_buffer(name, x, persistent=False)
        self.n_values = n
        self.u, self.v = nn.Embedding(self.n_users, d), nn.Embedding(self.n_items, d)
        self.e, self.values = nn.Embedding(self.n_items, d), nn.Embedding(n, d)
        self.r = nn.Embedding(len(size), k)
        for table in (self.u, self.v, self.e, self.values, self.r):
            nn.init.xavier_normal_(table.weight)
        self.m = nn.Parameter(torch.eye(d, k).repeat(len(size), 1, 1) + 0.1 * d**-0.5 * torch.randn(len(size), d, k))
        self.optimiser = torch.optim.Adam(self.parameters(), lr=settings.lr)

    def corrupt(self, chosen: Tensor, generator: torch.Generator) -> Tensor:
        """For some triples a value of the same type that is not true of the item, up to twenty draws each."""
        type, head = self.relation[chosen], self.head[chosen]
        drawn = self.tail[chosen]
        wrong = torch.ones_like(drawn, dtype=torch.bool)
        for _ in range(20):
            share = torch.rand(int(wrong.sum()), generator=generator, device=drawn.device)
            of = type[wrong]
            drawn[wrong] = self.begin[of] + (share * self.size[of]).long().clamp(max=self.size[of] - 1)
            key = head * self.n_values + drawn
            place = torch.searchsorted(self.true, key).clamp(max=len(self.true) - 1)
            wrong = self.true[place] == key
            if not bool(wrong.any()):
                break
        return drawn

    def distance(self, head: Tensor, relation_type: Tensor, tail: Tensor) -> Tensor:
        """f(h, r, t) of triples: ``(b,)``; one matrix product for each relation type."""
        distances = head.new_zeros(len(head), dtype=self.m.dtype)
        for t in range(len(self.m)):
            rows = (relation_type == t).nonzero()[:, 0]
            if len(rows):
                h = F.normalize(self.e(head[rows]) @ self.m[t], dim=1)
                v = F.normalize(self.values(tail[rows]) @ self.m[t], dim=1)
                distances = distances.index_put((rows,), (h + F.normalize(self.r.weight[t], dim=0) - v).square().sum(1))
        return distances

    def graph_loss(self, chosen: Tensor, generator: torch.Generator) -> Tensor:
        """The mean of −ln σ(f(h, r, t') − f(h, r, t)) over some triples."""
        head, type = self.head[chosen], self.relation[chosen]
        true, false = self.tail[chosen], self.corrupt(chosen, generator)
        return F.softplus(self.distance(head, type, true) - self.distance(head, type, false)).mean()

    def epoch(self, generator: torch.Generator) -> float:
        """Each training interaction once with one negative, and each triple once beside them."""
        pairs = self.draw_pairs(self.settings.batch, generator)
        order = torch.randperm(len(self.head), generator=generator, device=self.head.device)
        total = 0.0
        for batch, triples in zip(pairs, order.tensor_split(len(pairs)), strict=True):
            u, i = self.users[batch], self.items[batch]
            j = sample_negatives(u, self.known, self.n_items, 1, generator)[:, 0]
            user, positive, negative = self.u(u), self.v(i) + self.e(i), self.v(j) + self.e(j)
            loss = F.softplus((user * (negative - positive)).sum(1)).mean()
            total += float(loss.detach()) * len(u)
            rows = user.square().sum() + positive.square().sum() + negative.square().sum()
            loss = loss + self.settings.l2 * rows / len(u)
            if len(triples):
                loss = loss + self.settings.graph_weight * self.graph_loss(triples, generator)
            self.optimiser.zero_grad()
            loss.backward()
            self.optimiser.step()
        return total / len(self.users)

    @torch.no_grad()
    def scores(self, users: np.ndarray) -> Tensor:
        """``(b, n_items)``."""
        return self.u(fitting.index(users, self)) @ (self.v.weight + self.e.weight).T

    def user_embeddings(self) -> Tensor:
        """u_u of all users: ``(n_users, d)``."""
        return self.u.weight

    def item_embeddings(self) -> Tensor:
        """v_i + e_i of all items: ``(n_items, d)``."""
        return self.v.weight + self.e.weight


def fit(
    dataset: RecDataset, settings: Settings | None = None, seed: int = 0, epochs: int | None = None,
    progress: bool = False, device: str = "cpu",
) -> CKE:  # fmt: skip
    """Train it; `epochs` stands in for those of the settings."""
    return fitting.fit(CKE, dataset, settings or Settings(), seed, epochs, progress, device)
