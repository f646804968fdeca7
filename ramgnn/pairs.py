"""Pairs of nodes for the losses of pre-training: neighbours, y = 1, and random nodes, y = 0; and how alike two are."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from ramgnn import distributed
from ramgnn.config import PretrainConfig
from ramgnn.graph import MultiRelationalGraph
from ramgnn.kernels.losses import inner_products
from ramgnn.kernels.pairs import PositiveSampler


@dataclass(frozen=True)
class Pairs:
    """Sampled pairs for the losses.

    Attributes:
        head: ``(b,)`` node indices.
        tail: ``(b, 1 + negatives)`` node indices: a neighbour of the head, y = 1, then random nodes, y = 0.
        weight: ``(b,)`` summing to 1.
        relation_type: ``(b,)`` the relation type that head and neighbour share.
    """

    head: Tensor
    tail: Tensor
    weight: Tensor
    relation_type: Tensor

    def shard(self) -> Pairs:
        """Those that this process works on."""
        rows = distributed.shard(len(self.head))
        return Pairs(self.head[rows], self.tail[rows], self.weight[rows], self.relation_type[rows])

    def of_type(self, relation_type: int) -> Pairs:
        """Those of one relation type, their weights scaled to sum to 1."""
        rows = self.relation_type == relation_type
        weight = self.weight[rows]
        weight = weight / weight.sum().clamp(min=1e-12)
        return Pairs(self.head[rows], self.tail[rows], weight, self.relation_type[rows])


def sample_pairs(
    graph: MultiRelationalGraph,
    config: PretrainConfig,
    generator: torch.Generator,
    positive_sampler: PositiveSampler | None = None,
) -> Pairs:
    """Positive and negative pairs for every node.

    For each node and each relation type under which it has a neighbour, a tail is drawn among its edges of that type,
    each equally likely, as `draw_positives` does with a list of them. Every positive comes with `negatives` tails drawn
    uniformly from all other nodes, so a negative may happen to be a neighbour, which is common where a value is;
    nothing is drawn again. With ``type_weight="equal"`` all relation types have the same total weight; with ``"edges"``
    one in proportion to their edges. Positives and negatives weigh the same.

    Args:
        positive_sampler: ``PositiveSampler.from_graph(graph, …)``, worked out once where pairs are drawn often.
    """
    sampler = positive_sampler or PositiveSampler.from_graph(graph, config.type_weight)
    group, neighbour = sampler.draw(graph, config.positives, generator)  # (b,), (b,)
    head, size = sampler.head[group], (len(group), config.negatives)
    negatives = torch.randint(graph.n_nodes - 1, size, generator=generator, device=head.device)  # (b, negatives)
    negatives += negatives >= head.unsqueeze(1)  # step over the head itself
    tail = torch.cat([neighbour.unsqueeze(1), negatives], 1)  # (b, 1 + negatives)
    return Pairs(head, tail, sampler.weight[group] / config.positives, sampler.relation_type[group])


def draw_positives(graph: MultiRelationalGraph, times: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """`PositiveSampler.draw` the plain way, for small graphs: an edge of each head and type, all equally likely.

    Returns:
        ``(n_groups · times,)`` the number of the group of each, a head with a type, and ``(n_groups · times,)`` tails.
    """
    head, tail = graph.edges()  # (E,), (E,)
    head_type = head * graph.n_types + graph.type[tail]  # (E,)
    order = torch.argsort(head_type, stable=True)  # (E,)  the edges, group by group
    _, size = torch.unique(head_type, return_counts=True)  # (n_groups,)
    group = torch.arange(len(size), device=size.device).repeat_interleave(times)  # (n_groups · times,)
    number = torch.rand(len(group), generator=generator, device=size.device, dtype=torch.float64) * size[group]
    edge = order[(size.cumsum(0) - size)[group] + number.long()]
    return group, graph.node[tail[edge]]


def cosine_logit(e: Tensor, i: Tensor, j: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """scale · cos(e_i, e_j) + shift: the inner product of embeddings of unit length as a logit (reading R7).

    Args:
        e: ``(n_nodes, d)`` final embeddings; i: ``(b,)`` heads; j: ``(b, c)`` tails of each.
        scale, shift: ``()``, learned.

    Returns:
        ``(b, c)``.
    """
    return scale * inner_products(F.normalize(e, dim=1), i, j) + shift
