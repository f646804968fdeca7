"""Drawing neighbours from incidences: as if from a list of all edges, which is never made."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ramgnn.graph import MultiRelationalGraph
from ramgnn.ragged import offsets, segment_sum


@dataclass(frozen=True)
class PositiveSampler:
    """Draws a neighbour for every node under every relation type, each edge of the node and type equally likely.

    A group holds the edges of one node and type. They are numbered through the node's incidences, so a random number
    below the group's size is found again by a binary search in the cumulative degree.

    Attributes:
        head, relation_type: ``(n_groups,)`` of each group that is not empty.
        size: ``(n_groups,)`` its edges, counted once per shared value.
        offset: ``(n_groups,)`` where it begins in the cumulative degree.
        cumulative_degree: ``(m,)`` edges through the incidences so far, in the order of `graph.by_node`.
        weight: ``(n_groups,)`` in the losses, summing to 1.
    """

    head: Tensor
    relation_type: Tensor
    size: Tensor
    offset: Tensor
    cumulative_degree: Tensor
    weight: Tensor

    @classmethod
    def from_graph(cls, graph: MultiRelationalGraph, type_weight: str = "equal") -> PositiveSampler:
        """The groups of a graph.

        Args:
            type_weight: ``"equal"`` total weight for all relation types, or one in proportion to their ``"edges"``.
        """
        rows, n_types = graph.by_node, graph.n_types
        others = graph.group_size[graph.value[rows]] - 1  # neighbours through each incidence
        group = graph.node[rows] * n_types + graph.type[rows]
        degree = segment_sum(others, group, graph.n_nodes * n_types)
        filled = degree.nonzero()[:, 0]
        relation_type = filled % n_types
        type_share = 1 / torch.bincount(relation_type, minlength=n_types).clamp(min=1).double()
        if type_weight == "edges":
            type_share *= torch.tensor([graph.n_edges(t) for t in range(n_types)], device=rows.device)
        weight = type_share[relation_type].float()
        offset = offsets(degree)[:-1][filled]
        return cls(filled // n_types, relation_type, degree[filled], offset, others.cumsum(0), weight / weight.sum())

    def draw(self, graph: MultiRelationalGraph, times: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """`times` neighbours for each group: ``(n_groups · times,)`` the group of each, and the neighbour.

        Equals `ramgnn.pairs.draw_positives`, which draws from a list of all edges.
        """
        group = torch.arange(len(self.head), device=self.head.device)
        group = group.repeat_interleave(times) if times > 1 else group
        size = self.size[group]
        number = (torch.rand(len(group), generator=generator, device=size.device, dtype=torch.float64) * size).long()
        number = torch.minimum(number, size - 1) + self.offset[group]
        row = torch.searchsorted(self.cumulative_degree, number, right=True)
        incidence = graph.by_node[row]
        value = graph.value[incidence]
        start = graph.value_ptr[value]
        degree = graph.value_ptr[value + 1] - start - 1  # neighbours through this incidence
        within = number - (self.cumulative_degree[row] - degree)
        within += within >= incidence - start  # step over the head itself
        return group, graph.node[start + within]
