"""Pre-training on one graph: the losses, Eq. 11, 16 and 17, and the loop with the sampler and its bandit in it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from itertools import cycle, islice
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from ramgnn import distributed
from ramgnn.attention import attention_by_type
from ramgnn.checkpoint import Checkpoint, restore_training, training_tensors
from ramgnn.config import PretrainConfig
from ramgnn.encoder import RAMGNN, RAMLayer, list_edges
from ramgnn.errors import RamgnnError
from ramgnn.graph import MultiRelationalGraph
from ramgnn.kernels.attention import full_attention_by_type, is_unchanged, sampled_attention_by_type
from ramgnn.kernels.pairs import PositiveSampler
from ramgnn.loop import check_loss, run_epochs
from ramgnn.pairs import Pairs, sample_pairs
from ramgnn.pretrained import Epoch, GraphEncoder, Pretrained, sample_neighbours
from ramgnn.sampler import (
    Bandit,
    SampledNeighbours,
    average_neighbour_distance,
    largest_thresholds,
    random_pair_distance,
    rank_transform,
    similarity_logit,
)

# ---- losses ----------------------------------------------------------------------------------------------------------


def pair_loss(logit: Tensor, weight: Tensor, how: str = "bce") -> Tensor:
    """What Eq. 11 and 16 have in common, from logits of "these two are neighbours" (reading R3).

    Printed is −log(y·s), which is infinite for every negative. ``"bce"`` reads it as cross-entropy,
    −y log s − (1 − y) log(1 − s), with the negatives of a head averaged; ``"positives"`` keeps the terms that are
    finite, −log s at y = 1.

    Args:
        logit: ``(b, 1 + negatives)``, the positive first; weight: ``(b,)`` summing to 1.
    """
    positive = F.softplus(-logit[:, 0])  # (b,)  -log s
    if how == "positives":
        return (weight * positive).sum()
    negative = F.softplus(logit[:, 1:]).mean(1)  # (b,)  -log(1 - s)
    return (weight * (positive + negative)).sum() / 2


def similarity_loss(scores: Tensor, pairs: Pairs, how: str = "bce") -> Tensor:
    r"""The loss that trains the sampler's scores: it pulls the scores of neighbours together.

    .. math:: L_{sim} = \sum_{i, j} -\log\big(y_{ij}\, s(e_i, e_j)\big) \tag{11}

    Args:
        scores: ``(n_nodes,)`` of Eq. 9, of the embeddings e^(0); how: see `pair_loss`.
    """
    return pair_loss(similarity_logit(scores, pairs.head, pairs.tail), pairs.weight, how)


def gnn_loss(model: GraphEncoder, e: Tensor, pairs: Pairs, how: str = "bce") -> Tensor:
    r"""The loss that trains the network: it pulls the final embeddings of neighbours together.

    .. math:: L_{GNN} = \sum_{i, j} -\log\big(y_{ij}\, s(e_i^{(L)}, e_j^{(L)})\big) \tag{16}

    Args:
        model: says how alike two final embeddings are (reading R7).
        e: ``(n_nodes, d)`` final embeddings; how: see `pair_loss`.
    """
    return pair_loss(model.similarity_logits(e, pairs.head, pairs.tail), pairs.weight, how)


def final_loss(gnn: Tensor, sim: Tensor | None, sim_weight: float) -> Tensor:
    r"""The loss of pre-training; without its middle term once every threshold has converged, after iteration Γ.

    .. math:: L_{final} = L_{GNN} + \lambda_\gamma \sum_{\gamma=1}^{\Gamma} L_{sim}^{\gamma}
       + \lambda_1 \lVert\Theta_1\rVert \tag{17}

    Step γ takes its own term of the sum, and the norm is squared. The penalty is in the optimiser, as Adam's weight
    decay (`adam`): it has the same gradient.
    """
    return gnn if sim is None else gnn + sim_weight * sim


# ---- the loop --------------------------------------------------------------------------------------------------------


def pretrain(
    graph: MultiRelationalGraph,
    config: PretrainConfig,
    seed: int = 0,
    device: str | torch.device = "cpu",
    progress: bool = True,
    name: str = "graph",
    checkpoint: Checkpoint | None = None,
    build: Callable[[MultiRelationalGraph], GraphEncoder] | None = None,
) -> Pretrained:
    """Pre-train an encoder on one graph.

    In each epoch the sampler chooses neighbours once, `config.steps` optimiser steps follow, and the bandit compares
    the average neighbour distance with that of the epoch before. Once a type's bandit has converged its threshold is
    fixed, and when all are, L_sim leaves the loss: Γ in Eq. 17.

    Args:
        graph: the graph; config: the settings; seed: of initial values and of all sampling.
        progress: show a bar with loss and thresholds.
        name: what the bar is called.
        checkpoint: written after each epoch; training goes on from it when there is one.
        build: makes the encoder for a graph; `RAMGNN` with these settings by default.

    Raises:
        RamgnnError: the graph has a single node, or the encoder has no scores for the sampler to choose by.
        DivergedError: the loss is not finite.
    """
    if graph.n_nodes < 2:
        raise RamgnnError(f"{name}: a graph of one node has no pairs to learn from; leave out its attributes")
    torch.manual_seed(seed)
    model = (build(graph) if build is not None else RAMGNN(graph, config)).to(device)
    if config.sampler != "none" and not hasattr(model, "score"):
        raise RamgnnError(f"{type(model).__name__} has no `score` for the sampler; set pretrain.sampler=none")
    graph = graph.to(device)
    generator = torch.Generator(device=device).manual_seed(seed)
    optimiser = adam(model, config)
    k_max = largest_thresholds(graph)
    if config.k_max is not None:
        k_max = [min(k, config.k_max) for k in k_max]
    bandit = Bandit([config.k] * graph.n_types, k_max, config.step, config.stop)
    result = Pretrained(model, graph, config, list(bandit.k), [], list(bandit.stopped), types=graph.types, seed=seed)
    if checkpoint is not None and (stored := checkpoint.load()) is not None:
        bandit = _restore(*stored, result, optimiser, generator)
    done = result.resumed = len(result.history)
    masked_types = islice(masked_types_in_turn(graph, config), done * config.steps, None)
    positive_sampler = PositiveSampler.from_graph(graph, config.type_weight)
    has_score = hasattr(model, "score")  # without one there is nothing that L_sim could train

    def train_epoch(epoch: int) -> str:
        started = time.perf_counter()
        distributed.same_start(model)
        k = list(bandit.k)
        neighbours = sample_neighbours(model, graph, config, k, generator)
        distances = _distances(model, graph, neighbours, config)
        converged = bandit.converged or not has_score
        losses = [
            step(model, graph, neighbours, optimiser, config, generator, converged, next(masked_types),
                 positive_sampler)
            for _ in range(config.steps)
        ]  # fmt: skip
        rewards = bandit.update(distances) if config.sampler == "rns" else [None] * graph.n_types
        gnn, sim = (sum(x) / len(losses) for x in zip(*losses, strict=True))
        check_loss(gnn + sim, name, epoch, "pretrain.lr")
        with torch.no_grad():
            logits = model.logits(graph, neighbours) if result.has_attention else []
            layers = model.layers if result.has_attention else []
            attention = [_attention_by_type(*x, graph, neighbours) for x in zip(layers, logits, strict=True)]
        result.k, result.stopped = list(bandit.k), list(bandit.stopped)
        edges = _edges(graph, neighbours)
        loss, seconds = gnn + config.sim_weight * sim, time.perf_counter() - started
        result.history.append(Epoch(epoch, loss, gnn, sim, k, distances, rewards, attention, edges, seconds))
        thresholds = " ".join(f"{t}={k}" for t, k in zip(graph.types, result.k, strict=True))
        return f"loss {loss:.4f}, {thresholds}" if neighbours is not None else f"loss {loss:.4f}"

    result.interrupted = run_epochs(
        train_epoch, config.epochs, name=name, done=done,
        finished=lambda: config.stop_after_converged is not None and bandit.converged_for(config.stop_after_converged),
        save=None if checkpoint is None else lambda: _save(checkpoint, result, bandit, optimiser, generator),
        progress=progress, label=f"pre-training {name}",
    )  # fmt: skip
    return result


def step(
    model: GraphEncoder,
    graph: MultiRelationalGraph,
    neighbours: SampledNeighbours | None,
    optimiser: torch.optim.Optimizer,
    config: PretrainConfig,
    generator: torch.Generator,
    sampler_converged: bool,
    masked_type: int | None = None,
    positive_sampler: PositiveSampler | None = None,
) -> tuple[float, float]:
    """One optimiser step on L_final, Eq. 17; returns L_GNN and L_sim."""
    pairs = sample_pairs(graph, config, generator, positive_sampler)
    e = model(graph, neighbours, masked_type)  # (n_nodes, d)
    target_pairs = (pairs if masked_type is None else pairs.of_type(masked_type)).shard()
    gnn = gnn_loss(model, e, target_pairs, config.loss)  # Eq. 16
    sim = None
    if not sampler_converged:
        sim = similarity_loss(model.score(model.nodes.weight), pairs.shard(), config.loss)  # Eq. 11
    optimiser.zero_grad()
    final_loss(gnn, sim, config.sim_weight).backward()  # Eq. 17
    distributed.all_reduce_gradients(model.parameters())
    optimiser.step()
    losses = torch.stack([gnn.detach(), gnn.new_zeros(()) if sim is None else sim.detach()])
    distributed.all_reduce(losses)
    return tuple(losses.tolist())


def adam(model: GraphEncoder, config: PretrainConfig) -> torch.optim.Adam:
    """The optimiser of L_final, Eq. 17; the penalty λ_1 ‖Θ_1‖² / n_nodes is in it, as Adam's weight decay.

    The gradient is the same as that of a penalty in the loss, without five passes over all parameters. A parameter
    that the loss does not reach, as the scores once every bandit has converged, stays as it is.
    """
    decay = 2 * config.weight_decay / model.nodes.num_embeddings
    return torch.optim.Adam(model.parameters(), lr=config.lr, weight_decay=decay, fused=True)


def masked_types_in_turn(graph: MultiRelationalGraph, config: PretrainConfig) -> Iterator[int | None]:
    """The relation type that each optimiser step masks and predicts (reading R15), in turn; None for none."""
    with_edges = [t for t in range(graph.n_types) if graph.n_edges(t)]
    return cycle(with_edges if config.target == "hidden" and len(with_edges) > 1 else [None])


def _distances(
    model: GraphEncoder, graph: MultiRelationalGraph, neighbours: SampledNeighbours | None, config: PretrainConfig
) -> list[float]:
    """The average neighbour distances that the bandit compares, Eq. 12, of this epoch's neighbours."""
    if neighbours is None:
        return [0.0] * graph.n_types
    with torch.no_grad():
        scores = model.score(model.nodes.weight)
    if config.reward == "rank":
        scores = rank_transform(scores)
    unit = random_pair_distance(scores) if config.reward == "relative" else None
    return average_neighbour_distance(neighbours, config.and_over, unit, scores).tolist()


def _attention_by_type(
    layer: RAMLayer, logits: Tensor, graph: MultiRelationalGraph, neighbours: SampledNeighbours | None
) -> list[float]:
    """How much attention each type gets in a layer, of the sampled neighbours or of all."""
    if not is_unchanged(layer, RAMLayer, "weights"):  # somebody's own Eq. 7: edge by edge
        head, tail = list_edges(graph, neighbours)
        alpha = layer.weights(logits[tail].double(), head, graph.type[tail], graph)
        return attention_by_type(alpha, head, graph.type[tail], graph.n_nodes, graph.n_types).tolist()
    if neighbours is None:
        return full_attention_by_type(logits, graph, layer.config.softmax).tolist()
    return sampled_attention_by_type(logits, neighbours, layer.config.softmax).tolist()


def _edges(graph: MultiRelationalGraph, neighbours: SampledNeighbours | None) -> list[int]:
    """Edges to the neighbours of each type."""
    if neighbours is None:
        return [graph.n_edges(t) for t in range(graph.n_types)]
    return neighbours.counts.sum(0).tolist()


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
