"""Pre-training on one graph: the losses, Eq. 11, 16 and 17, and the loop with the sampler and its bandit in it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from itertools import cycle, islice
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from ramgnn import distributed
from ramgnn.checkpoint import Checkpoint, check_bandit, restore_training, training_tensors
from ramgnn.config import PretrainConfig
from ramgnn.encoder import RAMGNN
from ramgnn.errors import RamgnnError
from ramgnn.graph import MultiRelationalGraph
from ramgnn.inspection import check_shape
from ramgnn.kernels.pairs import PositiveSampler
from ramgnn.loop import check_loss, run_epochs
from ramgnn.own_parts import check_encoder, is_own
from ramgnn.pairs import Pairs, sample_pairs
from ramgnn.pretrained import (
    Epoch,
    GraphEncoder,
    Pretrained,
    attention_of_layers,
    neighbour_distances,
    sample_neighbours,
    sampled_edges,
)
from ramgnn.sampler import Bandit, SampledNeighbours, largest_thresholds, similarity_logit

# ---- losses ----------------------------------------------------------------------------------------------------------


def pair_loss(logit: Tensor, weight: Tensor, loss: str = "bce") -> Tensor:
    r"""What is computed for Eq. 11 and 16, from logits of "these two are neighbours" (reading R3).

    Printed is −log y·s, read as −log(y·s), which is infinite for every negative, y = 0. With s the sigmoid of a logit,
    w the weight of a head i, j = 0 its neighbour and j = 1, …, n its negatives, ``"bce"`` takes the cross-entropy, with
    the negatives of a head averaged,

    .. math:: \sum_i \frac{w_i}{2} \Big(-\log s_{i0} - \frac{1}{n} \sum_{j=1}^{n} \log(1 - s_{ij})\Big),

    and ``"positives"`` the printed terms that are finite,

    .. math:: \sum_i -w_i \log s_{i0}.

    Args:
        logit: ``(b, 1 + negatives)``, the neighbour first; weight: ``(b,)`` summing to 1.
        loss: ``"bce"`` or ``"positives"``, as the setting.
    """
    positive = F.softplus(-logit[:, 0])  # (b,)  -log s
    if loss == "positives":
        return (weight * positive).sum()
    negative = F.softplus(logit[:, 1:]).mean(1)  # (b,)  -log(1 - s)
    return (weight * (positive + negative)).sum() / 2


def similarity_loss(scores: Tensor, pairs: Pairs, loss: str = "bce") -> Tensor:
    r"""The loss that trains the sampler's scores: it pulls the scores of neighbours together.

    .. math:: L_{sim} = \sum_{i, j} -\log\big(y_{ij}\, s(e_i, e_j)\big) \tag{11}

    Args:
        scores: ``(n_nodes,)`` of Eq. 9, of the embeddings e^(0).
        loss: what is computed of it, see `pair_loss`.
    """
    return pair_loss(similarity_logit(scores, pairs.head, pairs.tail), pairs.weight, loss)


def gnn_loss(model: GraphEncoder, e: Tensor, pairs: Pairs, loss: str = "bce") -> Tensor:
    r"""The loss that trains the network: it pulls the final embeddings of neighbours together.

    .. math:: L_{GNN} = \sum_{i, j} -\log\big(y_{ij}\, s(e_i^{(L)}, e_j^{(L)})\big) \tag{16}

    Args:
        model: says how alike two final embeddings are (reading R7).
        e: ``(n_nodes, d)`` final embeddings.
        loss: what is computed of it, see `pair_loss`.
    """
    return pair_loss(model.similarity_logits(e, pairs.head, pairs.tail), pairs.weight, loss)


def final_loss(gnn: Tensor, sim: Tensor | None, sim_weight: float) -> Tensor:
    r"""The loss of pre-training; without its middle term once every threshold has converged, after iteration Γ.

    .. math:: L_{final} = L_{GNN} + \lambda_\gamma \sum_{\gamma=1}^{\Gamma} L_{sim}^{\gamma}
       + \lambda_1 \lVert\Theta_1\rVert \tag{17}

    Γ is where the bandit has converged for every type. Without a bandit (``sampler`` is ``none``, ``fixed`` or
    ``random``) nothing converges, Γ never comes, and L_sim stays in the loss to the last step, where it goes on
    training the scores and e^(0). An encoder without scores has no L_sim at all.

    Step γ takes its own term of the sum; the norm is squared and divided by the number of nodes. The penalty is in the
    optimiser, as Adam's weight decay (`adam`): it has the same gradient.
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
    fixed, and when all are, L_sim leaves the loss: Γ in Eq. 17. With another sampler than ``rns`` it never leaves.

    Args:
        graph: the graph; config: the settings; seed: of initial values and of all sampling.
        progress: show a bar with loss and thresholds.
        name: what the bar is called.
        checkpoint: written after each epoch; training goes on from it when there is one.
        build: makes the encoder for a graph; `RAMGNN` with these settings by default.

    Raises:
        RamgnnError: the graph has one node, or the encoder no scores to sample by, or a part that `own_parts` refuses.
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
    if is_own(model):  # with a copy of the result: what is drawn here is not remembered
        check_encoder(model, graph, replace(result).neighbours(), next(masked_types_in_turn(graph, config)))
    if checkpoint is not None and (stored := checkpoint.load()) is not None:
        with checkpoint.restoring():
            bandit = _restore(*stored, result, bandit, optimiser, generator)
    done = result.resumed = len(result.history)
    masked_types = islice(masked_types_in_turn(graph, config), done * config.steps, None)
    positive_sampler = PositiveSampler.from_graph(graph, config.type_weight)
    training = Training(model, graph, config, name, bandit, optimiser, generator, masked_types, positive_sampler)

    def one_epoch(number: int) -> str:
        epoch = train_epoch(number, training)
        result.history.append(epoch)
        result.k, result.stopped = list(bandit.k), list(bandit.stopped)
        if config.sampler == "none":
            return f"loss {epoch.loss:.4f}"
        return f"loss {epoch.loss:.4f}, " + " ".join(f"{t}={k}" for t, k in zip(graph.types, result.k, strict=True))

    result.interrupted = run_epochs(
        one_epoch, config.epochs, name=name, done=done,
        finished=lambda: config.stop_after_converged is not None and bandit.converged_for(config.stop_after_converged),
        save=None if checkpoint is None else lambda: _save(checkpoint, result, bandit, optimiser, generator),
        progress=progress, label=f"pre-training {name}",
    )  # fmt: skip
    return result


@dataclass
class Training:
    """What the epochs of pre-training work on, and what each of them leaves to the next.

    Attributes:
        model, graph, config: what is trained, on what, and how; name: what it is called in messages.
        bandit: the thresholds and their rewards.
        optimiser, generator: Adam, and where all sampling comes from.
        masked_types: the relation type that each step masks, one after the other.
        positive_sampler: draws the positive pairs.
    """

    model: GraphEncoder
    graph: MultiRelationalGraph
    config: PretrainConfig
    name: str
    bandit: Bandit
    optimiser: torch.optim.Optimizer
    generator: torch.Generator
    masked_types: Iterator[int | None]
    positive_sampler: PositiveSampler


def train_epoch(number: int, training: Training) -> Epoch:
    """One epoch: sample neighbours, measure their distances, take the steps, move the thresholds, note it all.

    Raises:
        DivergedError: the loss is not finite.
    """
    started = time.perf_counter()
    model, graph, config, bandit = training.model, training.graph, training.config, training.bandit
    distributed.same_start(model)

    k = list(bandit.k)
    neighbours = sample_neighbours(model, graph, config, k, training.generator)
    distances = neighbour_distances(model, graph, neighbours, config)  # Eq. 12

    without_sim = bandit.converged or not hasattr(model, "score")  # no L_sim: after Γ, or nothing for it to train
    losses = [
        step(model, graph, neighbours, training.optimiser, config, training.generator, without_sim,
             next(training.masked_types), training.positive_sampler)
        for _ in range(config.steps)
    ]  # fmt: skip
    gnn, sim = (sum(x) / len(losses) for x in zip(*losses, strict=True))
    check_loss(gnn + sim, training.name, number, "pretrain.lr")

    rewards = bandit.update(distances) if config.sampler == "rns" else [None] * graph.n_types  # Eq. 13 and 14

    attention = attention_of_layers(model, graph, neighbours)
    edges, loss = sampled_edges(graph, neighbours), gnn + config.sim_weight * sim
    return Epoch(number, loss, gnn, sim, k, distances, rewards, attention, edges, time.perf_counter() - started)


def step(
    model: GraphEncoder,
    graph: MultiRelationalGraph,
    neighbours: SampledNeighbours | None,
    optimiser: torch.optim.Optimizer,
    config: PretrainConfig,
    generator: torch.Generator,
    without_sim: bool,
    masked_type: int | None = None,
    positive_sampler: PositiveSampler | None = None,
) -> tuple[float, float]:
    """One optimiser step on L_final, Eq. 17, or without L_sim on what is left of it; returns L_GNN and L_sim."""
    pairs = sample_pairs(graph, config, generator, positive_sampler)
    e = model(graph, neighbours, masked_type)  # (n_nodes, d)
    check_shape(f"the encoder {type(model).__name__}", e, graph.n_nodes, None)
    target_pairs = (pairs if masked_type is None else pairs.of_type(masked_type)).shard()
    gnn = gnn_loss(model, e, target_pairs, config.loss)  # Eq. 16
    sim = None
    if not without_sim:
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


def _save(
    checkpoint: Checkpoint,
    result: Pretrained,
    bandit: Bandit,
    optimiser: torch.optim.Optimizer,
    generator: torch.Generator,
) -> None:
    """Write everything that the next epoch depends on."""
    state = {"bandit": asdict(bandit), "history": [vars(e) for e in result.history]}
    checkpoint.save(training_tensors(result.model, optimiser, generator), state)


def _restore(
    tensors: dict[str, Tensor],
    state: dict[str, Any],
    result: Pretrained,
    fresh: Bandit,
    optimiser: torch.optim.Optimizer,
    generator: torch.Generator,
) -> Bandit:
    """Put model, optimiser, generator and history where `_save` left them; returns the bandit, as `fresh` was then."""
    bandit = Bandit(**state["bandit"])
    check_bandit(bandit, fresh)
    restore_training(tensors, result.model, optimiser, generator)
    result.history = [Epoch(**e) for e in state["history"]]
    result.k, result.stopped = list(bandit.k), list(bandit.stopped)
    return bandit
