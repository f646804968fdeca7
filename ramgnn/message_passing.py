"""RAM-GNN's layer the plain way: PyG's `MessagePassing`, one row per edge.

This is the version to read beside the paper, and the oracle that the fast one in `ramgnn.encoder` is tested against.
It has the same parameters under the same names, so a state dictionary fits both. It lists every edge it is given:
use it on small graphs.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch_geometric.nn import MessagePassing
from torch_geometric.utils import softmax

from ramgnn.composition import compose
from ramgnn.encoder import RAMGNN, RAMLayer
from ramgnn.graph import MultiRelationalGraph
from ramgnn.sampler import Selection


class EdgeRAMLayer(MessagePassing):
    """Eq. 6–8 and 15 on an explicit edge list."""

    def __init__(self, layer: RAMLayer) -> None:
        super().__init__(aggr="add", node_dim=0)
        self.layer = layer

    def forward(self, e: Tensor, relation: Tensor, edges: Tensor, value: Tensor, type: Tensor, n_types: int) -> Tensor:
        """One layer.

        Args:
            e: ``(n_nodes, d)``; relation: ``(n_values, d)`` e_n.
            edges: ``(2, E)`` tail and head of each edge; value, type: ``(E,)`` of each edge.

        Returns:
            ``(n_nodes, d)``.
        """
        tail, head = edges
        a = self.logit(e[tail], relation[value])  # Eq. 6
        per_type = self.layer.config.softmax == "type"
        bag = head * n_types + type if per_type else head
        alpha = softmax(a, bag, num_nodes=len(e) * n_types)  # Eq. 7
        total = self.propagate(edges, e=e, relation=relation[value], alpha=alpha, size=(len(e), len(e)))
        if per_type:
            present = torch.zeros(len(e), n_types, dtype=total.dtype, device=e.device)
            present[head, type] = 1
            total = total / present.sum(1, keepdim=True).clamp(min=1)
        if self.layer.join is not None:
            return self.layer.sigma(self.layer.join(torch.cat([total, e], 1)))
        return self.layer.sigma(total + e)  # Eq. 15

    def logit(self, tail: Tensor, relation: Tensor) -> Tensor:
        """a_jn = pᵀ σ(W_key e_j + W_qry e_n + b), Eq. 6, ``(E,)``."""
        attention = self.layer.attention
        if attention is None:
            return tail.new_zeros(len(tail))
        return attention.sigma(attention.key(tail) + attention.query(relation)) @ attention.p

    def message(self, e_j: Tensor, relation: Tensor, alpha: Tensor) -> Tensor:
        """α_jn W_val φ(e_j, e_n), Eq. 8, one row per edge."""
        return alpha.unsqueeze(1) * self.layer.w_val(compose(e_j, relation, self.layer.config.composition))


def edge_forward(model: RAMGNN, graph: MultiRelationalGraph, kept: Selection | None = None) -> Tensor:
    """Final embeddings ``(n_nodes, d)`` by the plain layer, over the kept edges or, without them, over all."""
    head, tail = (kept.head, kept.incidence) if kept is not None else graph.edges()
    value = graph.value[tail]
    edges = torch.stack([graph.node[tail], head])
    e, relation = model.nodes.weight, model.relations(graph.value_type)
    for layer in model.layers:
        e = EdgeRAMLayer(layer)(e, relation, edges, value, graph.value_type[value], graph.n_types)
    return e
