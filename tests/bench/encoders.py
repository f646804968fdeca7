"""The encoder as one usually writes it: PyG's `MessagePassing` on an explicit edge list, one row for each edge."""

from __future__ import annotations

import torch
from torch import Tensor
from torch_geometric.nn import MessagePassing
from torch_geometric.utils import softmax

from ramgnn.attention import softmax_groups
from ramgnn.encoder import RAMGNN, RAMLayer
from ramgnn.graph import MultiRelationalGraph
from ramgnn.sampler import SampledNeighbours


class EdgeLayer(MessagePassing):
    """A `RAMLayer` whose sum over neighbours is PyG's; parameters and equations are the layer's own."""

    def __init__(self, layer: RAMLayer) -> None:
        super().__init__(aggr="add", node_dim=0)
        self.layer = layer

    def forward(
        self, e: Tensor, relation: Tensor, edges: Tensor, value: Tensor, relation_type: Tensor, n_types: int
    ) -> Tensor:
        """One layer.

        Args:
            e: ``(n_nodes, d)``; relation: ``(n_values, d)`` e_n.
            edges: ``(2, E)`` tail and head of each edge; value, relation_type: ``(E,)`` of each edge.

        Returns:
            ``(n_nodes, d)``.
        """
        tail, head = edges
        attention = self.layer.attention
        a = e.new_zeros(len(tail)) if attention is None else attention(e[tail], relation[value])  # Eq. 6
        groups = softmax_groups(head, relation_type, n_types, self.layer.config.softmax)
        alpha = softmax(a, groups, num_nodes=len(e) * n_types)  # Eq. 7
        total = self.propagate(edges, e=e, relation=relation[value], alpha=alpha, size=(len(e), len(e)))
        if self.layer.config.softmax == "type":
            present = torch.zeros(len(e), n_types, dtype=total.dtype, device=e.device)
            present[head, relation_type] = 1
            total = total / present.sum(1, keepdim=True).clamp(min=1)
        return self.layer.update(total, e)  # Eq. 15

    def message(self, e_j: Tensor, relation: Tensor, alpha: Tensor) -> Tensor:
        """α_jn W_val φ(e_j, e_n), Eq. 8, one row per edge."""
        return self.layer.message(alpha, e_j, relation)


class EdgeListRAMGNN(RAMGNN):
    """`RAMGNN` with PyG's sums instead of the kernels."""

    def forward(
        self, graph: MultiRelationalGraph, neighbours: SampledNeighbours | None, masked_type: int | None = None
    ) -> Tensor:
        """Final embeddings ``(n_nodes, d)``, from sampled neighbours or all; less the messages of one type."""
        head, incidence = every_edge(graph) if neighbours is None else (neighbours.head, neighbours.incidence)
        if masked_type is not None:
            sends = graph.type[incidence] != masked_type
            head, incidence = head[sends], incidence[sends]
        value = graph.value[incidence]
        edges = torch.stack([graph.node[incidence], head])
        e, relation = self.nodes.weight, self.relations(graph.value_type)
        for layer in self.layers:
            e = EdgeLayer(layer)(e, relation, edges, value, graph.value_type[value], graph.n_types)
        return e


_listed: dict[int, tuple[MultiRelationalGraph, tuple[Tensor, Tensor]]] = {}


def every_edge(graph: MultiRelationalGraph) -> tuple[Tensor, Tensor]:
    """All edges; a graph is listed once, so that the time of a step is that of its layers."""
    if id(graph) not in _listed:
        _listed[id(graph)] = graph, graph.edges(limit=graph.n_edges())
    return _listed[id(graph)][1]
