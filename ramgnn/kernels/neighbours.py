"""The sampled neighbours, held as windows of sorted incidences: two numbers for each incidence, however large k is.

In a group of nodes that share a value, sorted by score, the k nearest of a node stand in one window around it. How the
windows are found is in `ramgnn.kernels.windows`; what the encoder sums over are the `Windows` of one type below.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from scipy.sparse import csr_matrix
from torch import Tensor

from ramgnn import distributed
from ramgnn.graph import MultiRelationalGraph
from ramgnn.kernels.sliding_loops import order_by_loop
from ramgnn.ragged import inverse_permutation, offsets, ragged_arange, repeat_index, segment_sum


@dataclass(frozen=True)
class Windows:
    """The sampled neighbours of one relation type, for the sums of the encoder: windows, and lists once asked for.

    A position is the index of an incidence among those of the type in the order of (value, score); heads and tails are
    both numbered like that, and nodes by their rank in the order of scores. Windows next to each other then ask for
    table rows next to each other, however large the graph is, and the sums run at the speed of the processor's cache.

    Attributes:
        rank: ``(m_t,)`` the node at each position; value: ``(m_t,)`` its value.
        positions: ``(m_t,)`` which of all positions these are: those of the type that are not alone in their group;
            with several processes the shard of this one.
        values: the values that these are of.
        start, size: ``(m_t,)`` the window of each: positions ``start`` to ``start + size`` without itself.
        group_ptr: where the positions of each value of this type begin, and where the last end.
        n_nodes, n_values: of the graph.
    """

    rank: Tensor
    value: Tensor
    positions: Tensor
    values: slice
    start: Tensor
    size: Tensor
    group_ptr: Tensor
    n_nodes: int
    n_values: int

    @cached_property
    def tail(self) -> Tensor:
        """``(e_t,)`` the positions that each position adds up."""
        here = torch.arange(len(self.rank), device=self.rank.device)
        return window_indices(here, self.start.long(), self.size.long()).int()

    @cached_property
    def tail_ptr(self) -> Tensor:
        """``(m_t + 1,)`` where those of one begin."""
        return offsets(self.size.long()).int()

    @cached_property
    def _by_tail(self) -> tuple[Tensor, Tensor]:
        return transpose_csr(self.tail, self.tail_ptr, len(self.rank))

    @property
    def head(self) -> Tensor:
        """``(e_t,)`` the same edges by tail: the positions that add each one up."""
        return self._by_tail[0]

    @property
    def head_ptr(self) -> Tensor:
        """``(m_t + 1,)`` where those of one begin."""
        return self._by_tail[1]

    @cached_property
    def by_node(self) -> Tensor:
        """``(m_t,)`` the positions by node."""
        return torch.argsort(self.rank, stable=True).int()

    @cached_property
    def node_ptr(self) -> Tensor:
        """``(n_nodes + 1,)`` where those of one node begin."""
        return offsets(torch.bincount(self.rank, minlength=self.n_nodes)).int()

    @cached_property
    def beginning_and_ending(self) -> tuple[Tensor, Tensor]:
        """``(m_t,)`` twice: the positions by where their windows begin, and by where they end, group by group."""
        group_ptr, found = self.group_ptr.numpy(), []
        for keys in (self.start, self.start + self.size):
            order = torch.empty_like(self.start)
            order_by_loop(group_ptr, keys.numpy(), order.numpy())
            found.append(order)
        return found[0], found[1]

    @cached_property
    def shares(self) -> dict[int, Any]:
        """How threads share the positions, by their number: kept here by `ramgnn.kernels.sliding.shares`."""
        return {}


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
    size = neighbours.size[positions]
    start = neighbours.start[positions] - moved_up[several]
    in_group = torch.bincount(graph.value[positions] - values.start, minlength=values.stop - values.start)
    return Windows(
        rank=rank.int(),
        value=graph.value[positions].int(),
        positions=positions,
        values=values,
        start=start.int(),
        size=size.int(),
        group_ptr=offsets(in_group).int(),
        n_nodes=graph.n_nodes,
        n_values=graph.n_values,
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
