"""The attention of one side's graph after pre-training: how much of a node comes through each value it has."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from ramgnn.errors import RamgnnError
from ramgnn.pretrained import Pretrained
from ramgnn.sampler import SampledNeighbours


@dataclass(frozen=True)
class SideAttention:
    """One side's graph with its attention, computed once and asked often.

    Attributes:
        pretrained: the encoder and its graph.
        neighbours: the sampled neighbours; alpha: ``(E,)`` the last layer's α of each edge to them, Eq. 7.
    """

    pretrained: Pretrained
    neighbours: SampledNeighbours
    alpha: Tensor

    @classmethod
    def from_pretrained(cls, pretrained: Pretrained | None) -> SideAttention | None:
        """The final neighbours and the last layer's attention; None without pre-training.

        Raises:
            RamgnnError: the encoder has no attention.
        """
        if pretrained is None:
            return None
        if not pretrained.has_attention:
            raise RamgnnError(
                f"the encoder {pretrained.encoder!r} has no attention, so there are no reasons to give; "
                "a model trained with RAM-GNN's encoder has them"
            )
        return cls(pretrained, *pretrained.attention())

    def _edges_of(self, node: int) -> slice:
        return slice(int(self.neighbours.head_ptr[node]), int(self.neighbours.head_ptr[node + 1]))

    def by_value(self, node: int) -> dict[int, float]:
        """The attention of each value of a node, the largest first; zero for a value without a sampled neighbour."""
        graph, edges = self.pretrained.graph, self._edges_of(node)
        attention = {v: 0.0 for v in graph.value[graph.incidences_of(node)].tolist()}
        for m, a in zip(self.neighbours.incidence[edges].tolist(), self.alpha[edges].tolist(), strict=True):
            attention[int(graph.value[m])] += a
        return dict(sorted(attention.items(), key=lambda x: -x[1]))

    def sampled_through(self, node: int) -> set[tuple[int, int]]:
        """The sampled neighbours of a node as ``(neighbour, value)``."""
        graph = self.pretrained.graph
        incidence = self.neighbours.of(node)
        return set(zip(graph.node[incidence].tolist(), graph.value[incidence].tolist(), strict=True))

    def rows(self, node: int) -> list[tuple[int, str, str, float, float]]:
        """The sampled neighbours as ``(neighbour, type, value, attention, distance)``, most attention first."""
        graph, edges = self.pretrained.graph, self._edges_of(node)
        columns = (self.neighbours.incidence[edges], self.alpha[edges], self.neighbours.distance[edges])
        rows = []
        for m, a, d in zip(*(x.tolist() for x in columns), strict=True):
            v = int(graph.value[m])
            rows.append((int(graph.node[m]), graph.types[graph.value_type[v]], graph.value_labels[v], a, d))
        return sorted(rows, key=lambda row: (-row[3], row[0]))
