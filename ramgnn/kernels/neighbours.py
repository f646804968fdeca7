"""The sampled neighbours, held as windows of sorted incidences: two numbers for each incidence, however large k is.

In a group of nodes that share a value, sorted by score, the k nearest of a node stand in one window around it. How the
windows are found is in `ramgnn.kernels.windows`; what the encoder sums over are the `Windows` of one type below.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from scipy.sparse import csr_matrix
from torch import Tensor

from ramgnn import distributed
from ramgnn.graph import MultiRelationalGraph
from ramgnn.ragged import inverse_permutation, offsets, ragged_arange, repeat_index, segment_sum


@dataclass(frozen=True)
class Windows:
    """The sampled neighbours of one relation type as lists of positions, for the sums of the encoder.

    A position is the index of an incidence among those of the type in the order of (value, score); heads and tails are
    both numbered like that, and nodes by their rank in the order of scores. Windows next to each other then ask for
    table rows next to each other, however large the graph is, and the sums run at the speed of the processor's cache.

    Attributes:
        rank: ``(m_t,)`` the node at each position; value: ``(m_t,)`` its value.
        positions: ``(m_t,)`` which of all positions these are: those of the type that are not alone in their group;
            with several processes the shard of this one.
        values: the values that these are of.
        tail: ``(e_t,)`` the positions that each position adds up; tail_ptr: ``(m_t + 1,)`` where those of one begin.
        head: ``(e_t,)`` the same edges by tail: the positions that add each one up; head_ptr: ``(m_t + 1,)``.
        by_node: ``(m_t,)`` the positions by node; node_ptr: ``(n_nodes + 1,)``.
        group_ptr: where the positions of each value of this type begin, and where the last end.
    """

    rank: Tensor
    value: Tensor
    positions: Tensor
    values: slice
    tail: Tensor
    tail_ptr: Tensor
    head: Tensor
    head_ptr: Tensor
    by_node: Tensor
    node_ptr: Tensor
    group_ptr: Tensor


@dataclass(frozen=True)
class SampledNeighbours:
    """The sampled neighbours, N_kt(i) for every node i and type t: a list of edges, as Eq. 6–8 and 12 run over them.

    Edge number n goes from the node ``head[n]`` to the incidence ``incidence[n]`` at its tail, ``distance[n]`` away.
    `of` gives those of one node. The list is worked out when it is asked for.

    What is held is less. With incidences in the order of (value, score), the sampled neighbours of a head through one
    of its values stand around the head itself without a gap: a start and a size say which.

    Attributes:
        graph: the graph.
        scores: ``(n_nodes,)`` of Eq. 9, by which the neighbours were chosen.
        order: ``(n_nodes,)`` the nodes by (score, index); rank: ``(n_nodes,)`` its inverse.
        sorted_incidence: ``(m,)`` the incidences in the order of (value, score).
        start, size: ``(m,)`` the neighbours of the incidence at position p are the incidences at positions ``start[p]``
            to ``start[p] + size[p]`` without p itself, `size[p]` of them.
    """

    graph: MultiRelationalGraph
    scores: Tensor
    order: Tensor
    rank: Tensor
    sorted_incidence: Tensor
    start: Tensor
    size: Tensor

    @property
    def n_types(self) -> int:
        """Number of relation types."""
        return self.graph.n_types

    @property
    def incidence(self) -> Tensor:
        """``(e,)`` tail incidences, those of one head and type next to each other, heads in order."""
        return self.edges[0]

    @property
    def ptr(self) -> Tensor:
        """``(n_nodes * n_types + 1,)`` where those of head i and type t begin, at ``ptr[i * n_types + t]``."""
        return self.edges[1]

    @property
    def distance(self) -> Tensor:
        """``(e,)`` the distance of each, Eq. 9."""
        return self.edges[2]

    @property
    def head_ptr(self) -> Tensor:
        """``(n_nodes + 1,)`` where the neighbours of each head begin."""
        return self.ptr[:: self.n_types]

    @property
    def head(self) -> Tensor:
        """``(e,)`` the head of each edge to a sampled neighbour."""
        return repeat_index(self.head_ptr.diff(), len(self.incidence))

    @property
    def head_type(self) -> Tensor:
        """``(m,)`` head and type of the window at each position, as one number: ``i * n_types + t``."""
        return self.graph.node[self.sorted_incidence] * self.n_types + self.graph.type

    @cached_property
    def counts(self) -> Tensor:
        """``(n_nodes, n_types)`` how many edges to sampled neighbours each node has of each type."""
        graph = self.graph
        return segment_sum(self.size, self.head_type, graph.n_nodes * graph.n_types).view(-1, graph.n_types)

    @cached_property
    def edges(self) -> tuple[Tensor, Tensor, Tensor]:
        """`incidence`, `ptr` and `distance`: one entry per edge, by head and type, then by value and score."""
        graph = self.graph
        here = inverse_permutation(self.sorted_incidence)[graph.by_node]
        tails = self.sorted_incidence[window_indices(here, self.start[here], self.size[here])]
        heads = graph.node[graph.by_node].repeat_interleave(self.size[here], output_size=len(tails))
        distance = (self.scores[heads] - self.scores[graph.node[tails]]).abs()  # Eq. 9
        return tails, offsets(self.counts.flatten()), distance

    @cached_property
    def _windows(self) -> dict[int, Windows]:
        return {}

    def windows(self, relation_type: int) -> Windows:
        """The sampled neighbours of one type as lists of positions, this process's shard of them; worked out once."""
        if relation_type not in self._windows:
            self._windows[relation_type] = _list_windows(self, relation_type)
        return self._windows[relation_type]

    def without(self, relation_type: int) -> SampledNeighbours:
        """The same neighbours less those of one type."""
        stays = self.graph.type != relation_type
        here = torch.arange(len(self.sorted_incidence), device=stays.device)
        return replace(self, start=torch.where(stays, self.start, here), size=self.size * stays)

    def of(self, node: int, relation_type: int | None = None) -> Tensor:
        """The tail incidences of the sampled neighbours of one node, of one type or of all."""
        first = node * self.n_types + (relation_type or 0)
        last = first + (self.n_types if relation_type is None else 1)
        return self.incidence[self.ptr[first] : self.ptr[last]]


def list_edges(
    graph: MultiRelationalGraph, neighbours: SampledNeighbours | None, masked_type: int | None = None
) -> tuple[Tensor, Tensor]:
    """The edges that messages run along: ``(E,)`` heads and ``(E,)`` tail incidences; all of them without a sampler.

    Raises:
        RamgnnError: there are more than `MultiRelationalGraph.edges` lists.
    """
    head, tail = graph.edges() if neighbours is None else (neighbours.head, neighbours.incidence)
    if masked_type is None:
        return head, tail
    sends = graph.type[tail] != masked_type
    return head[sends], tail[sends]


def window_indices(here: Tensor, start: Tensor, size: Tensor) -> Tensor:
    """The positions ``start`` to ``start + size`` without ``here``, of one window after the other."""
    before = here - start
    first = torch.stack([start, here + 1], 1).flatten()
    count = torch.stack([before, size - before], 1).flatten()
    return ragged_arange(first, count, int(size.sum()))


def _list_windows(neighbours: SampledNeighbours, t: int) -> Windows:
    """The windows of type t as lists of positions, both ways round."""
    graph = neighbours.graph
    values = _local_values(graph, t)
    first, last = int(graph.value_ptr[values.start]), int(graph.value_ptr[values.stop])
    # whoever is alone in a group sends no message and gets none: it is left out, and the others move up
    several = graph.group_size[graph.value[first:last]] > 1
    positions = several.nonzero()[:, 0] + first
    moved_up = torch.arange(last - first, device=positions.device) - (several.cumsum(0) - 1) + first
    rank = neighbours.rank[graph.node[neighbours.sorted_incidence[positions]]]
    here = torch.arange(len(positions), device=positions.device)
    size = neighbours.size[positions]
    tail = window_indices(here, neighbours.start[positions] - moved_up[several], size).int()
    tail_ptr = offsets(size).int()
    head, head_ptr = transpose_csr(tail, tail_ptr, len(positions))
    in_group = torch.bincount(graph.value[positions] - values.start, minlength=values.stop - values.start)
    return Windows(
        rank=rank.int(),
        value=graph.value[positions].int(),
        positions=positions,
        values=values,
        tail=tail,
        tail_ptr=tail_ptr,
        head=head,
        head_ptr=head_ptr,
        by_node=torch.argsort(rank, stable=True).int(),
        node_ptr=offsets(torch.bincount(rank, minlength=graph.n_nodes)).int(),
        group_ptr=offsets(in_group).int(),
    )


def _local_values(graph: MultiRelationalGraph, t: int) -> slice:
    """The values of type t whose groups this process works on: about as many incidences as every other process has.

    Groups are not cut, so windows are not either.
    """
    first, last = (int(x) for x in torch.searchsorted(graph.value_type, torch.tensor([t, t + 1]).to(graph.node)))
    begin, n = graph.value_ptr[first : last + 1], int(graph.type_ptr[t + 1] - graph.type_ptr[t])
    shard = distributed.shard(n)
    bounds = torch.tensor([shard.start, shard.stop]).to(begin) + begin[0]
    low, high = (first + int(x) for x in torch.searchsorted(begin, bounds))
    return slice(low, last if shard.stop == n else high)


def transpose_csr(index: Tensor, ptr: Tensor, n: int) -> tuple[Tensor, Tensor]:
    """Lists of tails by head turned into lists of heads by tail: ``(e,)`` and ``(n + 1,)``, heads in order.

    On the CPU SciPy does it by counting, several times faster than a sort.
    """
    if index.device.type == "cpu":
        ones = np.ones(len(index), np.int8)
        turned = csr_matrix((ones, index.numpy(), ptr.numpy()), shape=(len(ptr) - 1, n)).tocsc()
        return torch.from_numpy(turned.indices), torch.from_numpy(turned.indptr)
    size = ptr.diff()
    head = torch.arange(len(size), dtype=ptr.dtype, device=ptr.device).repeat_interleave(size, output_size=len(index))
    return head[torch.sort(index, stable=True)[1]], offsets(torch.bincount(index, minlength=n)).int()
