"""Pre-training on one graph: the losses, Eq. 11, 16 and 17, and the loop with the sampler and its bandit in it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import cycle
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from tqdm import tqdm

from ramgnn.attention import mass, weights
from ramgnn.config import PretrainConfig
from ramgnn.encoder import RAMGNN, Embeddings
from ramgnn.errors import RamgnnError
from ramgnn.graph import MultiRelationalGraph
from ramgnn.sampler import (
    Bandit,
    Selection,
    average_neighbour_distance,
    largest_thresholds,
    random_pair_distance,
    rank_transform,
    similarity_logit,
    top_k,
)


@dataclass(frozen=True)
class Pairs:
    """Sampled pairs for the losses.

    Attributes:
        head: ``(b,)`` node indices.
        tail: ``(b, 1 + negatives)`` node indices: a neighbour of the head, y = 1, then random nodes, y = 0.
        weight: ``(b,)`` summing to 1.
        type: ``(b,)`` the relation type that head and neighbour share.
    """

    head: Tensor
    tail: Tensor
    weight: Tensor
    type: Tensor

    def of_type(self, type: int) -> Pairs:
        """Those of one relation type, their weights scaled to sum to 1."""
        own = self.type == type
        weight = self.weight[own]
        return Pairs(self.head[own], self.tail[own], weight / weight.sum().clamp(min=1e-12), self.type[own])


def sample_pairs(graph: MultiRelationalGraph, config: PretrainConfig, generator: torch.Generator) -> Pairs:
    """Positive and negative pairs, drawn from incidences and never from an edge list.

    For each node and each relation type under which it has a neighbour, one of its values is drawn in proportion to
    its group's other members, and a tail among them: so each edge of a node and type is equally likely. Every positive
    comes with `negatives` tails drawn uniformly from all other nodes. With ``type_weight="equal"`` all relation types
    have the same total weight; with ``"edges"`` one in proportion to their edges. Positives and negatives weigh the
    same.
    """
    device = graph.node.device
    rows = graph.by_node
    others = graph.group_size[graph.value[rows]] - 1  # neighbours through each incidence
    bag = graph.node[rows] * graph.n_types + graph.value_type[graph.value[rows]]
    # draw one neighbour per bag: a uniform number below the bag's total, located by the running sum
    running = others.cumsum(0)
    total = torch.zeros(graph.n_nodes * graph.n_types, dtype=torch.int64, device=device).index_add_(0, bag, others)
    bags = total.nonzero()[:, 0].repeat_interleave(config.positives)
    base = total.cumsum(0) - total
    drawn = (torch.rand(len(bags), generator=generator, device=device, dtype=torch.float64) * total[bags]).long()
    drawn = torch.minimum(drawn, total[bags] - 1) + base[bags]
    place = torch.searchsorted(running, drawn, right=True)
    incidence = rows[place]
    within = drawn - (running[place] - others[place])
    start = graph.value_ptr[graph.value[incidence]]
    within += within >= incidence - start  # step over the head itself
    head, type = bags // graph.n_types, bags % graph.n_types
    tail = graph.node[start + within]

    far = torch.randint(graph.n_nodes - 1, (len(head), config.negatives), generator=generator, device=device)
    far += far >= head.unsqueeze(1)
    count = torch.bincount(type, minlength=graph.n_types).clamp(min=1).double()
    share = torch.ones_like(count)
    if config.type_weight == "edges":
        share = torch.tensor([graph.n_edges(t) for t in range(graph.n_types)], device=device).double()
    weight = (share / count)[type].float()
    return Pairs(head, torch.cat([tail.unsqueeze(1), far], 1), weight / weight.sum(), type)


def pair_loss(logit: Tensor, weight: Tensor, how: str = "bce") -> Tensor:
    """Eq. 11 and Eq. 16 from the logits of s(e_i, e_j), ``(b, 1 + negatives)``, the positive first.

    Printed is −log(y·s), which is infinite for every negative. ``"bce"`` reads it as cross-entropy,
    −y log s − (1 − y) log(1 − s), with the negatives of a head averaged; ``"positives"`` keeps the terms that are
    finite, −log s at y = 1 (reading R3).
    """
    positive = F.softplus(-logit[:, 0])
    if how == "positives":
        return (weight * positive).sum()
    return (weight * (positive + F.softplus(logit[:, 1:]).mean(1))).sum() / 2


def similarity_loss(scores: Tensor, pairs: Pairs, how: str = "bce") -> Tensor:
    """L_sim, Eq. 11, from the node scores of Eq. 9: s = 1 − |score_i − score_j|."""
    return pair_loss(similarity_logit(scores, pairs.head, pairs.tail), pairs.weight, how)


@dataclass
class Epoch:
    """What one epoch of pre-training left behind; one entry per relation type where there are several.

    Attributes:
        epoch: counted from 1.
        loss, gnn_loss, sim_loss: L_final without the penalty, L_GNN and L_sim, means over the epoch's steps.
        k: thresholds used.
        distance: average neighbour distances, Eq. 12, as compared by the reward.
        reward: +1 or −1; None in the first epoch and for a type at rest.
        mass: attention mass per type and layer, ``(layers, n_types)``.
        edges: kept edges per type.
        seconds: wall time.
    """

    epoch: int
    loss: float
    gnn_loss: float
    sim_loss: float
    k: list[int]
    distance: list[float]
    reward: list[int | None]
    mass: list[list[float]]
    edges: list[int]
    seconds: float


@dataclass
class Pretrained:
    """The result of `pretrain`.

    Attributes:
        model: the encoder.
        graph: the graph it was trained on.
        k: the final thresholds.
        history: one `Epoch` each.
        stopped: the iteration at which the bandit came to rest for each type, or None.
        interrupted: True when Ctrl-C ended it early.
        types: names of the relation types.
    """

    model: RAMGNN
    graph: MultiRelationalGraph
    k: list[int]
    history: list[Epoch]
    stopped: list[int | None]
    interrupted: bool = False
    types: tuple[str, ...] = field(default=())

    def selection(self) -> Selection | None:
        """The neighbours kept by the final scores and thresholds; None when the sampler is off."""
        with torch.no_grad():
            return select(self.model, self.graph, self.k)

    def embeddings(self) -> Embeddings:
        """Final node embeddings and the embeddings of types and values, detached."""
        with torch.no_grad():
            nodes = self.model(self.graph, self.selection())
        relations = self.model.relations
        return Embeddings(nodes.detach(), relations.types.weight.detach(), relations.values.weight.detach())

    def attention(self, layer: int = -1) -> tuple[Selection, Tensor]:
        """The kept neighbours and α_jn, Eq. 7, of each: ``(e,)``.

        Without a sampler every edge is listed, so the graph must be small.
        """
        with torch.no_grad():
            kept = self.selection()
            logits = self.model.logits(self.graph, kept)[layer]
            if kept is None:
                kept = every_neighbour(self.graph)
            return kept, weights(logits, kept, self.model.config.softmax)

    def history_dict(self) -> dict[str, Any]:
        """The history as plain values, for JSON."""
        return {
            "types": list(self.types),
            "k": self.k,
            "stopped": self.stopped,
            "interrupted": self.interrupted,
            "epochs": [asdict(e) for e in self.history],
        }


def every_neighbour(graph: MultiRelationalGraph) -> Selection:
    """All edges as a selection, nearest unknown (distance 0); for small graphs."""
    zeros = torch.zeros(graph.n_nodes, device=graph.node.device)
    return top_k(graph, zeros, largest_thresholds(graph))


def select(model: RAMGNN, graph: MultiRelationalGraph, k: list[int], generator=None) -> Selection | None:
    """The sampler's choice by the present scores, by chance, or None for every neighbour."""
    if model.config.sampler == "none":
        return None
    scores = model.score(model.nodes.weight.detach())
    if model.config.sampler == "random":
        scores = torch.rand(len(scores), generator=generator, device=scores.device)
    return top_k(graph, scores, k, model.config.topk)


def pretrain(
    graph: MultiRelationalGraph,
    config: PretrainConfig,
    seed: int = 0,
    device: str | torch.device = "cpu",
    progress: bool = True,
    name: str = "graph",
) -> Pretrained:
    """Pre-train RAM-GNN on one graph.

    In each epoch the sampler chooses neighbours once, `config.steps` optimiser steps follow, and the bandit compares
    the average neighbour distance with that of the epoch before. Once a type's bandit is at rest its threshold is
    fixed, and when all are, L_sim leaves the loss: Γ in Eq. 17.

    Args:
        graph: the graph; config: the settings; seed: of initial values and of all sampling.
        progress: show a bar with loss and thresholds.
        name: what the bar is called.

    Raises:
        RamgnnError: the loss is not finite.
    """
    torch.manual_seed(seed)
    model = RAMGNN(graph, config).to(device)
    graph = graph.to(device)
    generator = torch.Generator(device=device).manual_seed(seed)
    optimiser = torch.optim.Adam(model.parameters(), lr=config.lr)
    most = largest_thresholds(graph)
    if config.k_max is not None:
        most = [min(m, config.k_max) for m in most]
    bandit = Bandit([config.k] * graph.n_types, most, config.step, config.stop)
    result = Pretrained(model, graph, list(bandit.k), [], list(bandit.stopped), types=graph.types)
    hidden = _hidden_types(graph, config)
    bar = tqdm(range(1, config.epochs + 1), desc=f"pre-training {name}", disable=not progress, unit="epoch")
    try:
        for epoch in bar:
            started = time.perf_counter()
            k = list(bandit.k)
            kept = select(model, graph, k, generator)
            distances = _distances(model, graph, kept, config)
            losses = [
                _step(model, graph, kept, optimiser, config, generator, bandit.converged, next(hidden))
                for _ in range(config.steps)
            ]
            rewards = bandit.update(distances) if config.sampler == "rns" else [None] * graph.n_types
            gnn, sim = (sum(x) / len(losses) for x in zip(*losses, strict=True))
            if not gnn + sim < float("inf"):
                raise RamgnnError(f"{name}: the loss is {gnn + sim} in epoch {epoch}; try a lower pretrain.lr")
            with torch.no_grad():
                shares = [_mass(x, graph, kept, config.softmax) for x in model.logits(graph, kept)]
            result.k, result.stopped = list(bandit.k), list(bandit.stopped)
            edges = _edges(graph, kept)
            loss = gnn + config.sim_weight * sim
            seconds = time.perf_counter() - started
            result.history.append(Epoch(epoch, loss, gnn, sim, k, distances, rewards, shares, edges, seconds))
            thresholds = " ".join(f"{t}={k}" for t, k in zip(graph.types, result.k, strict=True))
            bar.set_postfix_str(f"loss {loss:.4f}, {thresholds}" if kept is not None else f"loss {loss:.4f}")
    except KeyboardInterrupt:
        result.interrupted = True
        bar.close()
        tqdm.write(f"{name}: stopped by you after {len(result.history)} epochs; what was reached is kept")
    return result


def _hidden_types(graph: MultiRelationalGraph, config: PretrainConfig) -> Iterator[int | None]:
    """The relation type that each optimiser step hides and predicts (reading R15), in turn; None for none."""
    with_edges = [t for t in range(graph.n_types) if graph.n_edges(t)]
    return cycle(with_edges if config.target == "hidden" and len(with_edges) > 1 else [None])


def _step(
    model: RAMGNN,
    graph: MultiRelationalGraph,
    kept: Selection | None,
    optimiser: torch.optim.Optimizer,
    config: PretrainConfig,
    generator: torch.Generator,
    settled: bool,
    hidden: int | None = None,
) -> tuple[float, float]:
    """One optimiser step on L_final, Eq. 17; returns L_GNN and L_sim."""
    pairs = sample_pairs(graph, config, generator)
    e = model(graph, kept, hidden)
    asked = pairs if hidden is None else pairs.of_type(hidden)
    gnn = pair_loss(model.similarity_logits(e, asked.head, asked.tail), asked.weight, config.loss)
    sim = gnn.new_zeros(())
    if not settled:
        sim = similarity_loss(model.score(model.nodes.weight), pairs, config.loss)
    penalty = sum((p**2).sum() for p in model.parameters()) / len(e)
    optimiser.zero_grad()
    (gnn + config.sim_weight * sim + config.weight_decay * penalty).backward()
    optimiser.step()
    return float(gnn.detach()), float(sim.detach())


def _distances(
    model: RAMGNN, graph: MultiRelationalGraph, kept: Selection | None, config: PretrainConfig
) -> list[float]:
    """The average neighbour distances that the bandit compares, Eq. 12, of this epoch's neighbours."""
    if kept is None:
        return [0.0] * graph.n_types
    with torch.no_grad():
        scores = model.score(model.nodes.weight)
    if config.reward == "rank":
        scores = rank_transform(scores)
    tail = graph.node[kept.incidence]
    now = Selection(kept.incidence, kept.ptr, (scores[kept.head] - scores[tail]).abs(), kept.n_types)
    unit = random_pair_distance(scores) if config.reward == "relative" else None
    return average_neighbour_distance(now, config.and_over, unit).tolist()


def _mass(logits: Tensor, graph: MultiRelationalGraph, kept: Selection | None, over: str) -> list[float]:
    """Attention mass per type; without a sampler, from group sums."""
    if kept is not None:
        return mass(weights(logits, kept, over), kept, graph).tolist()
    weight = (logits - logits.max()).double().exp()
    group = weight.new_zeros(graph.n_values).index_add(0, graph.value, weight)
    others = group[graph.value] - weight
    bag = graph.node * graph.n_types + graph.type
    share = weight.new_zeros(graph.n_nodes * graph.n_types).index_add(0, bag, others).view(graph.n_nodes, -1)
    share = share / share.sum(1, keepdim=True).clamp(min=1e-300)
    return (share.sum(0) / share.sum().clamp(min=1e-300)).tolist()


def _edges(graph: MultiRelationalGraph, kept: Selection | None) -> list[int]:
    """Kept edges per type."""
    if kept is None:
        return [graph.n_edges(t) for t in range(graph.n_types)]
    return kept.ptr.diff().view(-1, graph.n_types).sum(0).tolist()
