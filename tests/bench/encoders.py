"""The encoder on an explicit edge list: the same parameters and losses, one row per edge."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from ramgnn.encoder import RAMGNN
from ramgnn.graph import MultiRelationalGraph
from ramgnn.message_passing import edge_forward
from ramgnn.sampler import Selection


@dataclass(frozen=True)
class EdgeList:
    """Edges as `edge_forward` takes them.

    Attributes:
        head: ``(e,)`` the head of each edge.
        incidence: ``(e,)`` the tail incidence of each.
    """

    head: Tensor
    incidence: Tensor


class EdgeListRAMGNN(RAMGNN):
    """`RAMGNN` with the plain layer of `ramgnn.message_passing` instead of the fast one."""

    def forward(self, graph: MultiRelationalGraph, kept: Selection | None, hidden: int | None = None) -> Tensor:
        """Final embeddings ``(n_nodes, d)``, over the kept edges or over all; less those of the type `hidden`."""
        if kept is None:
            return edge_forward(self, graph, every_edge(graph, hidden))
        return edge_forward(self, graph, kept if hidden is None else kept.without(hidden))


_listed: dict[int, tuple[MultiRelationalGraph, EdgeList]] = {}


def every_edge(graph: MultiRelationalGraph, hidden: int | None = None) -> EdgeList:
    """All edges, less those of one type; a graph is listed once, so that the time of a step is that of its layers."""
    if id(graph) not in _listed:
        _listed[id(graph)] = graph, EdgeList(*graph.edges(limit=graph.n_edges()))
    edges = _listed[id(graph)][1]
    if hidden is None:
        return edges
    keep = graph.type[edges.incidence] != hidden
    return EdgeList(edges.head[keep], edges.incidence[keep])
