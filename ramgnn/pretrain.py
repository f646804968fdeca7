"""Pre-training on one graph: the losses, Eq. 11, 16 and 17, and the loop with the sampler and its bandit in it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import cycle, islice
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from tqdm import tqdm

from ramgnn import distributed
from ramgnn.attention import mass, weights
from ramgnn.checkpoint import Checkpoint, restore_training, training_tensors
from ramgnn.config import PretrainConfig
from ramgnn.encoder import RAMGNN, Embeddings
from ramgnn.errors import check_loss
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

    def part(self) -> Pairs:
        """Those that this process works on."""
        own = distributed.part(len(self.head))
        return Pairs(self.head[own], self.tail[own], self.weight[own], self.type[own])

    def of_type(self, type: int) -> Pairs:
        """Those of one relation type, their weights scaled to sum to 1."""
        own = self.type == type
        weight = self.weight[own]
        return Pairs(self.head[own], self.tail[own], weight / weight.sum().clamp(min=1e-12), self.type[own])


@dataclass(frozen=True)
class Bags:
    """What positive pairs are drawn from: a bag per node and relation type, with all its neighbours in it.

    Attributes:
        head, type: ``(n_bags,)`` of each bag that is not empty.
        size: ``(n_bags,)`` its neighbours, counted once per shared value; first: where it begins in the running count.
        running: ``(m,)`` neighbours through the incidences so far, in the order of `graph.by_node`.
        weight: ``(n_bags,)`` in the losses, summing to 1.
    """

    head: Tensor
    type: Tensor
    size: Tensor
    first: Tensor
    running: Tensor
    weight: Tensor

    @classmethod
    def of(cls, graph: MultiRelationalGraph, type_weight: str = "equal") -> Bags:
        """The bags of a graph; `type_weight` as in `PretrainConfig`."""
        rows, n_types = graph.by_node, graph.n_types
        others = graph.group_size[graph.value[rows]] - 1  # neighbours through each incidence
        bag = graph.node[rows] * n_types + graph.type[rows]
        total = torch.zeros(graph.n_nodes * n_types, dtype=torch.int64, device=rows.device).index_add_(0, bag, others)
        filled = total.nonzero()[:, 0]
        type = filled % n_types
        share = 1 / torch.bincount(type, minlength=n_types).clamp(min=1).double()
        if type_weight == "edges":
            share *= torch.tensor([graph.n_edges(t) for t in range(n_types)], device=rows.device)
        weight = share[type].float()
        first = (total.cumsum(0) - total)[filled]
        return cls(filled // n_types, type, total[filled], first, others.cumsum(0), weight / weight.sum())


def sample_pairs(
    graph: MultiRelationalGraph, config: PretrainConfig, generator: torch.Generator, bags: Bags | None = None
) -> Pairs:
    """Positive and negative pairs, drawn from incidences and never from an edge list.

    For each node and each relation type under which it has a neighbour, one of its values is drawn in proportion to
    its group's other members, and a tail among them: so each edge of a node and type is equally likely. Every positive
    comes with `negatives` tails drawn uniformly from all other nodes. With ``type_weight="equal"`` all relation types
    have the same total weight; with ``"edges"`` one in proportion to their edges. Positives and negatives weigh the
    same.

    Args:
        bags: `Bags.of` the graph, worked out once where pairs are drawn often.
    """
    bags = bags or Bags.of(graph, config.type_weight)
    device, times = graph.node.device, config.positives
    head, type, size, first, weight = (
        x.repeat_interleave(times) if times > 1 else x
        for x in (bags.head, bags.type, bags.size, bags.first, bags.weight / times)
    )
    # a uniform number below the bag's size, located by the running count
    drawn = (torch.rand(len(head), generator=generator, device=device, dtype=torch.float64) * size).long()
    drawn = torch.minimum(drawn, size - 1) + first
    place = torch.searchsorted(bags.running, drawn, right=True)
    incidence = graph.by_node[place]
    value = graph.value[incidence]
    start = graph.value_ptr[value]
    within = drawn - (bags.running[place] - (graph.value_ptr[value + 1] - start - 1))
    within += within >= incidence - start  # step over the head itself
    tail = graph.node[start + within]
    far = torch.randint(graph.n_nodes - 1, (len(head), config.negatives), generator=generator, device=device)
    far += far >= head.unsqueeze(1)
    return Pairs(head, torch.cat([tail.unsqueeze(1), far], 1), weight, type)


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
        resumed: how many of the epochs came from a checkpoint.
    """

    model: RAMGNN
    graph: MultiRelationalGraph
    k: list[int]
    history: list[Epoch]
    stopped: list[int | None]
    interrupted: bool = False
    types: tuple[str, ...] = field(default=())
    resumed: int = 0

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
    checkpoint: Checkpoint | None = None,
) -> Pretrained:
    """Pre-train RAM-GNN on one graph.

    In each epoch the sampler chooses neighbours once, `config.steps` optimiser steps follow, and the bandit compares
    the average neighbour distance with that of the epoch before. Once a type's bandit is at rest its threshold is
    fixed, and when all are, L_sim leaves the loss: Γ in Eq. 17.

    Args:
        graph: the graph; config: the settings; seed: of initial values and of all sampling.
        progress: show a bar with loss and thresholds.
        name: what the bar is called.
        checkpoint: written after each epoch; training goes on from it when there is one.

    Raises:
        DivergedError: the loss is not finite.
    """
    torch.manual_seed(seed)
    model = RAMGNN(graph, config).to(device)
    graph = graph.to(device)
    generator = torch.Generator(device=device).manual_seed(seed)
    optimiser = adam(model, config)
    most = largest_thresholds(graph)
    if config.k_max is not None:
        most = [min(m, config.k_max) for m in most]
    bandit = Bandit([config.k] * graph.n_types, most, config.step, config.stop)
    result = Pretrained(model, graph, list(bandit.k), [], list(bandit.stopped), types=graph.types)
    if checkpoint is not None and (found := checkpoint.load()) is not None:
        bandit = _restore(*found, result, optimiser, generator)
    done = result.resumed = len(result.history)
    hidden = islice(hidden_types(graph, config), done * config.steps, None)
    bags = Bags.of(graph, config.type_weight)
    bar = tqdm(total=config.epochs, initial=done, desc=f"pre-training {name}", disable=not progress, unit="epoch")
    try:
        for epoch in range(done + 1, config.epochs + 1):
            if config.after is not None and bandit.rested(config.after):
                break
            started = time.perf_counter()
            distributed.same_start(model)
            k = list(bandit.k)
            kept = select(model, graph, k, generator)
            distances = _distances(model, graph, kept, config)
            losses = [
                step(model, graph, kept, optimiser, config, generator, bandit.converged, next(hidden), bags)
                for _ in range(config.steps)
            ]
            rewards = bandit.update(distances) if config.sampler == "rns" else [None] * graph.n_types
            gnn, sim = (sum(x) / len(losses) for x in zip(*losses, strict=True))
            check_loss(gnn + sim, name, epoch, "pretrain.lr")
            with torch.no_grad():
                shares = [_mass(x, graph, kept, config.softmax) for x in model.logits(graph, kept)]
            result.k, result.stopped = list(bandit.k), list(bandit.stopped)
            edges = _edges(graph, kept)
            loss = gnn + config.sim_weight * sim
            seconds = time.perf_counter() - started
            result.history.append(Epoch(epoch, loss, gnn, sim, k, distances, rewards, shares, edges, seconds))
            if checkpoint is not None:
                _save(checkpoint, result, bandit, optimiser, generator)
            thresholds = " ".join(f"{t}={k}" for t, k in zip(graph.types, result.k, strict=True))
            bar.set_postfix_str(f"loss {loss:.4f}, {thresholds}" if kept is not None else f"loss {loss:.4f}", False)
            bar.update()
    except KeyboardInterrupt:
        result.interrupted = True
        bar.close()
        tqdm.write(f"{name}: stopped by you after {len(result.history)} epochs; what was reached is kept")
    bar.close()
    return result


def _save(
    checkpoint: Checkpoint,
    result: Pretrained,
    bandit: Bandit,
    optimiser: torch.optim.Optimizer,
    generator: torch.Generator,
) -> None:
    """Write everything that the next epoch depends on."""
    state = {"bandit": asdict(bandit), "history": [asdict(e) for e in result.history]}
    checkpoint.save(training_tensors(result.model, optimiser, generator), state)


def _restore(
    tensors: dict[str, Tensor],
    state: dict[str, Any],
    result: Pretrained,
    optimiser: torch.optim.Optimizer,
    generator: torch.Generator,
) -> Bandit:
    """Put model, optimiser, generator and history where `_save` left them; returns the bandit."""
    restore_training(tensors, result.model, optimiser, generator)
    bandit = Bandit(**state["bandit"])
    result.history = [Epoch(**e) for e in state["history"]]
    result.k, result.stopped = list(bandit.k), list(bandit.stopped)
    return bandit


def adam(model: RAMGNN, config: PretrainConfig) -> torch.optim.Adam:
    """The optimiser of L_final, Eq. 17; the penalty λ_1 ‖Θ_1‖² / n_nodes is in it, as Adam's weight decay.

    The gradient is the same as that of a penalty in the loss, without five passes over all parameters. A parameter
    that the loss does not reach, as the scores once every bandit is at rest, stays as it is.
    """
    decay = 2 * config.weight_decay / model.nodes.num_embeddings
    return torch.optim.Adam(model.parameters(), lr=config.lr, weight_decay=decay, fused=True)


def hidden_types(graph: MultiRelationalGraph, config: PretrainConfig) -> Iterator[int | None]:
    """The relation type that each optimiser step hides and predicts (reading R15), in turn; None for none."""
    with_edges = [t for t in range(graph.n_types) if graph.n_edges(t)]
    return cycle(with_edges if config.target == "hidden" and len(with_edges) > 1 else [None])


def step(
    model: RAMGNN,
    graph: MultiRelationalGraph,
    kept: Selection | None,
    optimiser: torch.optim.Optimizer,
    config: PretrainConfig,
    generator: torch.Generator,
    settled: bool,
    hidden: int | None = None,
    bags: Bags | None = None,
) -> tuple[float, float]:
    """One optimiser step on L_final, Eq. 17; returns L_GNN and L_sim."""
    pairs = sample_pairs(graph, config, generator, bags)
    e = model(graph, kept, hidden)
    asked = (pairs if hidden is None else pairs.of_type(hidden)).part()
    gnn = pair_loss(model.similarity_logits(e, asked.head, asked.tail), asked.weight, config.loss)
    sim = gnn.new_zeros(())
    if not settled:
        sim = similarity_loss(model.score(model.nodes.weight), pairs.part(), config.loss)
    optimiser.zero_grad()
    (gnn + config.sim_weight * sim).backward()
    distributed.add_up_gradients(model.parameters())
    optimiser.step()
    losses = torch.stack([gnn.detach(), sim.detach()])
    distributed.add_up(losses)
    return tuple(losses.tolist())


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
    unit = random_pair_distance(scores) if config.reward == "relative" else None
    return average_neighbour_distance(kept, config.and_over, unit, scores).tolist()


def _mass(logits: Tensor, graph: MultiRelationalGraph, kept: Selection | None, over: str) -> list[float]:
    """Attention mass per type; without a sampler, from group sums."""
    if kept is not None:
        return mass(logits, kept, over).tolist()
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
    return kept.counts.sum(0).tolist()
