"""KGPolicy: matrix factorisation whose negatives are found by walking over a knowledge graph."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ramgnn.baselines import fitting, mf
from ramgnn.baselines.registry import register
from ramgnn.datasets.base import RecDataset
from ramgnn.errors import RamgnnError
from ramgnn.interactions import InteractionGraph
from ramgnn.kernels.walks import leaky_logits
from ramgnn.ragged import offsets

if TYPE_CHECKING:
    from torch_geometric.nn import SAGEConv


@dataclass(frozen=True)
class Settings:
    """Those of the authors, but for the number of epochs and the size of the walks.

    Attributes:
        dim: d of the recommender and the sampler; hidden: of the sampler's middle layer.
        lr: Adam's learning rate of the recommender; sampler_lr: of the sampler.
        l2: λ, on the rows of a batch, half the sum of squares.
        steps: how often the walk is repeated, each time from the negative found last.
        fan: neighbours that the first hop chooses among, drawn anew each epoch, and random items beside them.
        keep: how many the second hop keeps, of which the recommender's highest is taken.
        pretrain_epochs: of MF-BPR, whose vectors the recommender begins with.
        per_user: interactions of each user that an epoch trains on, drawn anew; None: all, as the authors do, which
            costs five times as much.
        batch: pairs a step.
        epochs: how many, after pre-training.
    """

    dim: int = 64
    hidden: int = 32
    lr: float = 1e-3
    sampler_lr: float = 1e-3
    l2: float = 1e-5
    steps: int = 2
    fan: int = 8
    keep: int = 4
    pretrain_epochs: int = 20
    per_user: int | None = 20
    batch: int = 1024
    epochs: int = 50


LEAST = {
    "dim": 1, "hidden": 1, "lr": 0, "sampler_lr": 0, "l2": 0, "steps": 1, "fan": 1, "keep": 1, "pretrain_epochs": 0,
    "per_user": 1, "batch": 1, "epochs": 0,
}  # fmt: skip


@register("kgpolicy", settings=Settings, least=LEAST)
class KGPolicy(fitting.Model):
    """ŷ_ui = p_u · q_i with BPR, the negative j found by a policy on the graph of users, items and attribute values.

        P(n | u, i) = softmax over candidates n of  x_u · LeakyReLU(x_i ∘ x_n)

    where x are the vectors of two GraphSAGE layers. From the positive item, the first hop goes to a neighbour in the
    graph, the second from there to items, of which the recommender takes the one that it scores highest. That the
    negative is hard and yet plausible is rewarded with p_u · q_j + q_i · q_j less the batch's mean, by REINFORCE. Wang,
    Xu, He, Cao, Wang and Chua, "Reinforced negative sampling over knowledge graph for recommendation", WWW 2020.

    Decisions. The authors' code takes the most probable candidate; here hops are *drawn* from P in training, as the
    method says and REINFORCE needs. The baseline is the batch's mean reward (theirs is its sum, while rewards are per
    sample). There is no discount, since theirs is computed and not used. The recommender begins with vectors of
    MF-BPR, as theirs does by default. A negative that is a training item of the user is replaced by a random one.
    Values of users' attributes are nodes too. Each node's neighbours are drawn to `fan` places once an epoch, so a
    step costs batch · fan whatever the degrees are.
    """

    def __init__(self, dataset: RecDataset, settings: Settings) -> None:
        super().__init__(dataset)
        from torch_geometric.nn import SAGEConv  # takes a second to import, and only this model needs it

        if settings.keep > 2 * settings.fan:
            raise RamgnnError(f"keep is {settings.keep}; expected at most {2 * settings.fan}, twice fan")
        self.settings, d = settings, settings.dim
        start = torch.initial_seed() % 2**31
        pretrained, generator = fitting.start(mf.MF, dataset, mf.Settings(dim=d), start)
        if fitting.train(pretrained, generator, settings.pretrain_epochs, name="MF").interrupted:
            raise KeyboardInterrupt  # there is no model yet that could be kept
        self.p = nn.Embedding.from_pretrained(pretrained.p.weight.detach().clone(), freeze=False)
        self.q = nn.Embedding.from_pretrained(pretrained.q.weight.detach().clone(), freeze=False)
        self._index(dataset)
        self.x = nn.Embedding(self.n_nodes, d)
        nn.init.xavier_uniform_(self.x.weight)
        self.layers = nn.ModuleList([SAGEConv(d, settings.hidden), SAGEConv(settings.hidden, d)])
        self.optimiser = torch.optim.Adam([*self.p.parameters(), *self.q.parameters()], lr=settings.lr)
        sampler = [*self.x.parameters(), *self.layers.parameters()]
        self.sampler_optimiser = torch.optim.Adam(sampler, lr=settings.sampler_lr)

    @classmethod
    def untrained(cls, dataset: RecDataset, settings: Settings) -> KGPolicy:
        """Without the pre-training of MF, whose vectors would be replaced at once."""
        return cls(dataset, replace(settings, pretrain_epochs=0))

    def _index(self, dataset: RecDataset) -> None:
        """Nodes: items, users, values of items, values of users. Edges in both directions, by source."""
        n = self.n_items + self.n_users
        left, right = [self.items], [self.users + self.n_items]
        for side, first in (("item", 0), ("user", self.n_items)):
            for relation in dataset.relations(side):
                left.append(torch.from_numpy(relation.nodes) + first)
                right.append(torch.from_numpy(relation.values) + n)
                n += relation.n_values
        a, b = torch.cat(left), torch.cat(right)
        source, target = torch.cat([a, b]), torch.cat([b, a])
        order = torch.argsort(source, stable=True)
        degree = torch.bincount(source, minlength=n)
        buffers = {"target": target[order], "degree": degree, "begin": offsets(degree)[:-1]}
        for name, x in buffers.items():
            self.register_buffer(name, x, persistent=False)
        self.n_nodes = n

    def draw_neighbours(self, generator: torch.Generator) -> Tensor:
        """`fan` neighbours of each node, with replacement: ``(n_nodes, fan)``; a node without any is its own."""
        share = torch.rand(self.n_nodes, self.settings.fan, generator=generator, device=self.degree.device)
        place = (share * self.degree[:, None]).long().clamp(max=(self.degree - 1).clamp(min=0)[:, None])
        drawn = self.target[(self.begin[:, None] + place).clamp(max=len(self.target) - 1)]
        alone = torch.arange(self.n_nodes, device=drawn.device)[:, None].expand_as(drawn)
        return torch.where(self.degree[:, None] > 0, drawn, alone)

    def drawn_graph(self, neighbours: Tensor) -> InteractionGraph:
        """From each node to its drawn neighbours ``(n_nodes, fan)``, over which vectors are averaged."""
        n, fan = neighbours.shape
        nodes = torch.arange(n, device=neighbours.device).repeat_interleave(fan)
        return InteractionGraph.from_pairs(nodes, neighbours.flatten(), n, n, "mean")

    def vectors(self, drawn: InteractionGraph) -> Tensor:
        """x of all nodes, of unit length: ``(n_nodes, d)``. Two layers of GraphSAGE, W_1 mean_j x_j + b + W_2 x_i."""

        def sage(layer: SAGEConv, x: Tensor) -> Tensor:
            return layer.lin_l(drawn.users_from(x)) + layer.lin_r(x)

        x = F.leaky_relu(sage(self.layers[0], self.x.weight))
        return F.normalize(sage(self.layers[1], x), dim=1)

    def probabilities(self, x: Tensor, u: Tensor, i: Tensor, candidates: Tensor) -> Tensor:
        """log P of the candidates ``(b, c)``: ``(b, c)``."""
        return leaky_logits(x[u + self.n_items], x[i], x, candidates).log_softmax(1)

    def walk(
        self, x: Tensor, neighbours: Tensor, u: Tensor, i: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """A negative for each pair, and the log-probability of the walk that found it: ``(b,)`` each."""
        b, fan, rows = len(u), self.settings.fan, torch.arange(len(u), device=u.device)
        random = torch.randint(self.n_items, (2, b, fan), generator=generator, device=u.device)
        first = torch.cat([neighbours[i], random[0]], 1)
        log_p = self.probabilities(x, u, i, first)
        chosen = torch.multinomial(log_p.detach().exp(), 1, generator=generator)[:, 0]
        middle, walked = first[rows, chosen], log_p[rows, chosen]
        second = torch.cat([neighbours[middle], random[1]], 1)
        log_p = self.probabilities(x, u, middle, second)
        kept = torch.multinomial(log_p.detach().exp() + 1e-12, self.settings.keep, generator=generator)
        nodes = second.gather(1, kept)
        items = torch.randint(self.n_items, nodes.shape, generator=generator, device=u.device)
        items = torch.where(nodes < self.n_items, nodes, items)
        with torch.no_grad():
            best = torch.einsum("bd,bcd->bc", self.p(u), self.q(items)).argmax(1)
        return items[rows, best], walked + log_p.gather(1, kept)[rows, best]

    def epoch(self, generator: torch.Generator) -> float:
        """Up to `per_user` interactions of each user, with the negatives of their walks."""
        neighbours, total = self.draw_neighbours(generator), 0.0
        drawn = self.drawn_graph(neighbours)
        chosen = self.draw_some(self.settings.per_user, generator)
        for batch in chosen.split(self.settings.batch):
            u, i = self.users[batch], self.items[batch]
            x, negatives, log_p = self.vectors(drawn), [], []
            at = i
            for _ in range(self.settings.steps):
                at, walked = self.walk(x, neighbours, u, at, generator)
                negatives.append(at)
                log_p.append(walked)
            j = self._replaced(u, at, generator)
            self._learn_policy(u, i, negatives, log_p)
            total += self._learn_ranking(u, i, j) * len(u)
        return total / len(chosen)

    def _learn_policy(self, u: Tensor, i: Tensor, negatives: list[Tensor], log_p: list[Tensor]) -> None:
        """One step of REINFORCE for the sampler."""
        loss = 0.0
        for j, walked in zip(negatives, log_p, strict=True):
            with torch.no_grad():
                reward = (self.p(u) * self.q(j)).sum(1) + (self.q(i) * self.q(j)).sum(1)
            loss = loss - ((reward - reward.mean()) * walked).mean()
        self.sampler_optimiser.zero_grad()
        loss.backward()
        self.sampler_optimiser.step()

    def _learn_ranking(self, u: Tensor, i: Tensor, j: Tensor) -> float:
        """One step of BPR for the recommender; the mean loss."""
        p, q_i, q_j = self.p(u), self.q(i), self.q(j)
        loss = F.softplus((p * (q_j - q_i)).sum(1)).mean()
        penalty = self.settings.l2 * (p.square().sum() + q_i.square().sum() + q_j.square().sum()) / 2
        self.optimiser.zero_grad()
        (loss + penalty).backward()
        self.optimiser.step()
        return float(loss.detach())

    def _replaced(self, u: Tensor, j: Tensor, generator: torch.Generator) -> Tensor:
        """The negatives, with a random one in place of a training item."""
        key = u * self.n_items + j
        place = torch.searchsorted(self.known, key).clamp(max=len(self.known) - 1)
        return torch.where(self.known[place] == key, self.draw_negatives(u, generator)[:, 0], j)

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
) -> KGPolicy:  # fmt: skip
    """Train it; `epochs` stands in for those of the settings."""
    return fitting.fit(KGPolicy, dataset, settings or Settings(), seed, epochs, progress, device)
