"""What pre-training needs of an encoder, and what it leaves: embeddings, thresholds, attention, and a history."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from ramgnn.attention import attention_by_type
from ramgnn.config import PretrainConfig
from ramgnn.encoder import Embeddings, RAMLayer, RelationEmbedding
from ramgnn.errors import RamgnnError
from ramgnn.graph import MultiRelationalGraph
from ramgnn.inspection import evaluating, is_unchanged
from ramgnn.kernels.attention import full_attention_by_type, sampled_attention_by_type
from ramgnn.kernels.neighbours import list_edges
from ramgnn.own_parts import check_weights
from ramgnn.sampler import (
    SampledNeighbours,
    average_neighbour_distance,
    every_neighbour,
    random_pair_distance,
    rank_transform,
    top_k,
)


class GraphEncoder(Protocol):
    """What `pretrain` trains: RAM-GNN, one of the five other encoders, or a `torch.nn.Module` with these parts.

    `pretrain` takes one through its argument `build`; for `ramgnn.fit` it has to be a subclass of
    `ramgnn.baselines.encoders.Encoder` or of `RAMGNN`.

    Attributes:
        nodes: the table of e_i^(0), ``(n_nodes, d)``.
        relations: embeddings of types and values, or None for an encoder without.

    A `score` as RAM-GNN has it, from ``(n_nodes, d)`` to ``(n_nodes,)``, is needed with a sampler only; `logits`, one
    tensor ``(m,)`` for each of its `layers`, with the `weights` of Eq. 7, only to say how much attention each relation
    type gets, and to explain.
    """

    nodes: nn.Embedding
    relations: RelationEmbedding | None

    def __call__(
        self, graph: MultiRelationalGraph, neighbours: SampledNeighbours | None, masked_type: int | None = None
    ) -> Tensor:
        """Final embeddings ``(n_nodes, d)``; without the messages of the masked relation type."""

    def similarity_logits(self, e: Tensor, i: Tensor, j: Tensor) -> Tensor:
        """The logit of "i and j are neighbours": ``(b,)`` heads and ``(b, c)`` tails to ``(b, c)``."""


@dataclass
class Epoch:
    """What one epoch of pre-training left behind; one entry per relation type where there are several.

    Attributes:
        epoch: counted from 1.
        loss, gnn_loss, sim_loss: L_final without the penalty, L_GNN and L_sim, means over the epoch's steps.
        k: thresholds used.
        distance: average neighbour distances, Eq. 12, as compared by the reward.
        reward: +1 or −1; None in the first epoch and for a type that has converged.
        attention_by_type: how much attention each type gets, ``(layers, n_types)``; no layer for an encoder without.
        edges: edges to sampled neighbours, per type.
        seconds: wall time.
    """

    epoch: int
    loss: float
    gnn_loss: float
    sim_loss: float
    k: list[int]
    distance: list[float]
    reward: list[int | None]
    attention_by_type: list[list[float]]
    edges: list[int]
    seconds: float


@dataclass
class Pretrained:
    """The result of `pretrain`.

    Attributes:
        model: the encoder.
        graph: the graph it was trained on.
        config: the settings of its training.
        k: the final thresholds.
        history: one `Epoch` each.
        stopped: the iteration at which the bandit converged for each type, or None.
        interrupted: True when Ctrl-C ended it early.
        types: names of the relation types.
        resumed: how many of the epochs came from a checkpoint.
        encoder: the name that the encoder is registered by; encoder_settings: its settings, where it has its own.
        seed: what it was trained with, and what embeddings of values are drawn with where the encoder has none.
        full_graph: the graph with all relation types, where the encoder was trained on a part of it.
        random_scores: ``(n_nodes,)``, what the sampler ``random`` drew in place of scores, once it has.
    """

    model: GraphEncoder
    graph: MultiRelationalGraph
    config: PretrainConfig
    k: list[int]
    history: list[Epoch]
    stopped: list[int | None]
    interrupted: bool = False
    types: tuple[str, ...] = field(default=())
    resumed: int = 0
    encoder: str = "ram-gnn"
    encoder_settings: Any = None
    seed: int = 0
    full_graph: MultiRelationalGraph | None = None
    random_scores: Tensor | None = field(default=None, repr=False, compare=False)

    def neighbours(self) -> SampledNeighbours | None:
        """The neighbours sampled by the final scores and thresholds; None when the sampler is off.

        The sampler ``random`` draws once: embeddings, attention and explanations are of the same neighbours.
        """
        return self._sampled(torch.Generator(self.graph.node.device).manual_seed(self.seed))

    def _sampled(self, generator: torch.Generator | None) -> SampledNeighbours | None:
        """As `neighbours`; the first call draws random scores, where there are any, and they are remembered.

        Args:
            generator: to draw from; None for PyTorch's own.
        """
        if self.config.sampler == "none":
            return None
        scores = self.random_scores
        if scores is None:
            with evaluating(self.model):
                scores = sampling_scores(self.model, self.config, generator)
        if self.config.sampler == "random":
            self.random_scores = scores
        return top_k(self.graph, scores, self.k, self.config.topk)

    def embeddings(self) -> Embeddings:
        """Final node embeddings and the embeddings of types and values, detached.

        An encoder without embeddings of values gets some that are drawn at random, and the recommender trains them: so
        every encoder is followed by the same recommender.
        """
        with evaluating(self.model):
            nodes = self.model(self.graph, self._sampled(None)).detach()  # PyTorch's own generator, as in stored runs
        relations = self.model.relations
        if relations is not None:
            return Embeddings(nodes, relations.types.weight.detach(), relations.values.weight.detach())
        generator = torch.Generator().manual_seed(self.seed)
        drawn = random_embeddings(nodes.shape[1] // 2, 0, self.full_graph or self.graph, generator)
        return Embeddings(nodes, drawn.types.to(nodes.device), drawn.values.to(nodes.device))

    @property
    def has_attention(self) -> bool:
        """Whether the encoder says how much each neighbour matters."""
        return hasattr(self.model, "logits")

    def attention(self, layer: int = -1) -> tuple[SampledNeighbours, Tensor]:
        """The sampled neighbours and α_jn, Eq. 7, of each edge to them: ``(E,)`` float64; without dropout.

        Without a sampler every edge is listed, so the graph must be small.

        Raises:
            RamgnnError: it is no finite number, for the weights of the encoder are too large.
        """
        with evaluating(self.model):
            neighbours = self.neighbours()
            logits = self.model.logits(self.graph, neighbours)[layer]
            neighbours = every_neighbour(self.graph) if neighbours is None else neighbours
            tail = neighbours.incidence
            alpha = _weights(self.model.layers[layer], logits[tail], neighbours.head, tail, self.graph)
            if not alpha.isfinite().all():
                raise RamgnnError("the attention is no finite number: the encoder's weights are too large; train again")
            return neighbours, alpha

    def history_dict(self) -> dict[str, Any]:
        """The history as plain values, for JSON."""
        return {
            "types": list(self.types),
            "k": self.k,
            "stopped": self.stopped,
            "interrupted": self.interrupted,
            "epochs": [asdict(e) for e in self.history],
        }


def sample_neighbours(
    model: GraphEncoder,
    graph: MultiRelationalGraph,
    config: PretrainConfig,
    k: list[int],
    generator: torch.Generator | None = None,
) -> SampledNeighbours | None:
    """The sampler's choice by the present scores or by random ones, or None for every neighbour."""
    if config.sampler == "none":
        return None
    return top_k(graph, sampling_scores(model, config, generator), k, config.topk)


def sampling_scores(model: GraphEncoder, config: PretrainConfig, generator: torch.Generator | None = None) -> Tensor:
    """What the sampler takes for the scores of nodes, ``(n_nodes,)``: those of Eq. 9, or random numbers."""
    scores = model.score(model.nodes.weight.detach())  # (n_nodes,)  Eq. 9
    if config.sampler == "random":
        scores = torch.rand(len(scores), generator=generator, device=scores.device)
    return scores


def neighbour_distances(
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


def sampled_edges(graph: MultiRelationalGraph, neighbours: SampledNeighbours | None) -> list[int]:
    """Edges to the neighbours of each type."""
    if neighbours is None:
        return [graph.n_edges(t) for t in range(graph.n_types)]
    return neighbours.counts.sum(0).tolist()


def attention_of_layers(
    model: GraphEncoder, graph: MultiRelationalGraph, neighbours: SampledNeighbours | None
) -> list[list[float]]:
    """How much attention each relation type gets, ``(layers, n_types)``, without dropout; nothing without attention.

    Args:
        neighbours: the sampled ones; None for all.
    """
    if not hasattr(model, "logits"):
        return []
    with evaluating(model):
        pairs = zip(model.layers, model.logits(graph, neighbours), strict=True)
        return [_attention_by_type(layer, logits, graph, neighbours).tolist() for layer, logits in pairs]


def _attention_by_type(
    layer: RAMLayer, logits: Tensor, graph: MultiRelationalGraph, neighbours: SampledNeighbours | None
) -> Tensor:
    """How much attention each type gets in a layer, from its logits ``(m,)``: ``(n_types,)``."""
    if not is_unchanged(layer, RAMLayer, "weights"):  # somebody's own Eq. 7: edge by edge
        head, tail = list_edges(graph, neighbours)
        alpha = _weights(layer, logits[tail], head, tail, graph)
        return attention_by_type(alpha, head, graph.type[tail], graph.n_nodes, graph.n_types)
    if neighbours is None:
        return full_attention_by_type(logits, graph, layer.config.softmax)
    return sampled_attention_by_type(logits, neighbours, layer.config.softmax)


def _weights(layer: RAMLayer, a: Tensor, head: Tensor, tail: Tensor, graph: MultiRelationalGraph) -> Tensor:
    """α_jn, Eq. 7, of edges with logits a: ``(E,)`` float64.

    A softmax of the package's own is computed in float64; somebody's own Eq. 7 gets what training gives it.

    Raises:
        RamgnnError: somebody's own Eq. 7 gives a head weights that do not sum to 1.
    """
    if is_unchanged(layer, RAMLayer, "weights"):
        return layer.weights(a.double(), head, graph.type[tail], graph).double()
    alpha = layer.weights(a, head, graph.type[tail], graph)
    check_weights(alpha, head, graph, layer)
    return alpha.double()


def random_embeddings(
    dim: int, n_nodes: int, graph: MultiRelationalGraph | None, generator: torch.Generator, std: float = 0.1
) -> Embeddings:
    """Embeddings without pre-training: normal, with the standard deviation `std`, by default that of LightGCN."""
    n_values, n_types = (graph.n_values, graph.n_types) if graph is not None else (0, 0)
    return Embeddings(*(torch.randn(n, dim, generator=generator) * std for n in (n_nodes, n_types, n_values)))
