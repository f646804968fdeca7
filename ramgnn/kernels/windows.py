"""The k nearest neighbours of every node without a list of edges: `ramgnn.sampler.top_k` is this.

Distance compares two scalars (Eq. 9). In a group of nodes that share a value, sorted by that scalar, the k nearest of a
node therefore stand in one window around it, which a binary search finds. The plain version, which sorts all edges, is
`ramgnn.sampler.nearest_neighbours`.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ramgnn.errors import DivergedError
from ramgnn.graph import MultiRelationalGraph
from ramgnn.kernels import window_loops
from ramgnn.kernels.compiled import LARGE, usable
from ramgnn.kernels.neighbours import SampledNeighbours, window_indices
from ramgnn.ragged import inverse_permutation, offsets, repeat_index, segment_sum

LEAST = LARGE  # incidences


def nearest_windows(graph: MultiRelationalGraph, scores: Tensor, k: Sequence[int], per: str) -> SampledNeighbours:
    """What `ramgnn.sampler.top_k` answers, in O(m log m + m log k) for m incidences, whatever the number of edges."""
    if len(k) != graph.n_types or min(k) < 1:
        raise ValueError(f"k is {list(k)}; expected {graph.n_types} thresholds of at least 1")
    scores = scores.detach().float()
    if not bool(torch.isfinite(scores).all()):
        bad = int((~torch.isfinite(scores)).sum())
        raise DivergedError(f"{bad} of {len(scores)} node scores are not finite; try a lower learning rate")
    order = torch.argsort(scores, stable=True)
    rank = inverse_permutation(order)
    if graph.n_incidences >= LEAST and usable(scores):
        return SampledNeighbours(graph, scores, order, rank, *_by_loops(graph, scores, order, rank, k, per))
    # sort every value group by rank; the groups themselves stay where they are
    sorted_incidence = torch.argsort(graph.value * graph.n_nodes + rank[graph.node])
    limit = torch.as_tensor(k, device=scores.device)[graph.type]
    start, size = _search_windows(graph, sorted_incidence, limit, scores, rank)
    if per == "type":
        _merge_windows(graph, sorted_incidence, limit, scores, rank, start, size)
    return SampledNeighbours(graph, scores, order, rank, sorted_incidence, start, size)


def _by_loops(
    graph: MultiRelationalGraph, scores: Tensor, order: Tensor, rank: Tensor, k: Sequence[int], per: str
) -> tuple[Tensor, Tensor, Tensor]:
    """The sorted incidences, the start and the size of the window of each: ``(m,)`` each; see `window_loops`."""
    found = [torch.empty_like(graph.node) for _ in range(3)]
    limit = torch.as_tensor(k)[graph.type]
    graph_node, value_ptr, s, r, limits = (x.numpy() for x in (graph.node, graph.value_ptr, scores, rank, limit))
    sorted_incidence, start, size = (x.numpy() for x in found)
    by_node = (x.numpy() for x in (order, graph.by_node, graph.node_ptr, graph.value))
    window_loops.sort_loop(*by_node, value_ptr, sorted_incidence)
    window_loops.search_loop(sorted_incidence, graph_node, value_ptr, limits, s, r, start, size)
    if per == "type":
        head_type = graph.node[found[0]] * graph.n_types + graph.type
        by_head = torch.argsort(head_type, stable=True).numpy()
        head_ptr = offsets(torch.bincount(head_type, minlength=graph.n_nodes * graph.n_types)).numpy()
        window_loops.merge_loop(sorted_incidence, by_head, head_ptr, graph_node, limits, s, r, start, size)
    return found[0], found[1], found[2]


def _search_windows(
    graph: MultiRelationalGraph, sorted_incidence: Tensor, limit: Tensor, scores: Tensor, rank: Tensor
) -> tuple[Tensor, Tensor]:
    """The windows of the nearest in each value group, by binary search: start and size, ``(m,)`` each."""
    first, last = graph.value_ptr[graph.value], graph.value_ptr[graph.value + 1] - 1
    size = torch.minimum(last - first, limit)  # how many neighbours there are to take
    start = first.clone()
    here = (size < last - first).nonzero()[:, 0]  # in the other groups all are taken
    node = graph.node[sorted_incidence]
    s, r = scores[node], rank[node]
    head_s, head_r, n, last = s[here], r[here], size[here], last[here]
    # the leftmost start of a window of n + 1 positions around `here`, by binary search on the question: is the node
    # just left of the window's end still nearer than the one just right of it?
    low, high = torch.maximum(first[here], here - n), torch.minimum(here, last - n)
    for _ in range(int(n.max()).bit_length() if len(n) else 0):
        middle = (low + high) // 2
        beyond = torch.minimum(middle + n + 1, last)
        left, right = (head_s - s.take(middle)).abs(), (s.take(beyond) - head_s).abs()  # Eq. 9
        move = (left > right) | ((left == right) & ((head_r - r.take(middle)).abs() > (r.take(beyond) - head_r).abs()))
        move &= low < high
        low, high = torch.where(move, middle + 1, low), torch.where(move | (low >= high), high, middle)
    start[here] = low
    return start, size


def _merge_windows(
    graph: MultiRelationalGraph,
    sorted_incidence: Tensor,
    limit: Tensor,
    scores: Tensor,
    rank: Tensor,
    start: Tensor,
    size: Tensor,
) -> None:
    """Let all values that a node has of one type share its k_t neighbours; changes `start` and `size` in place.

    The nearest of all its windows are sampled. What is left of a window is a smaller window, since within a group
    nobody is sampled before somebody nearer.
    """
    head_type = graph.node[sorted_incidence] * graph.n_types + graph.type  # (m,)
    total = segment_sum(size, head_type, graph.n_nodes * graph.n_types)
    rows = (total[head_type] > limit).nonzero()[:, 0]
    if len(rows) == 0:
        return
    tail = window_indices(rows, start[rows], size[rows])
    row = repeat_index(size[rows], len(tail))
    head_node, tail_node = graph.node[sorted_incidence[rows]][row], graph.node[sorted_incidence[tail]]
    distance, apart = (scores[head_node] - scores[tail_node]).abs(), rank[head_node] - rank[tail_node]  # Eq. 9
    # distance and rank in one sortable number: the bits of a positive float are in the order of the floats
    key = (distance.view(torch.int32).long() << 32) + 2 * apart.abs() + (apart < 0)
    edge_head_type = head_type[rows][row]
    by = torch.argsort(sorted_incidence[tail], stable=True)
    by = by[torch.argsort(key[by], stable=True)]
    by = by[torch.argsort(edge_head_type[by], stable=True)]
    begin = offsets(torch.bincount(edge_head_type, minlength=len(total)))[edge_head_type[by]]
    by = by[torch.arange(len(by), device=by.device) - begin < limit[rows[row[by]]]]
    size[rows] = torch.bincount(row[by], minlength=len(rows))
    start[rows] = rows.scatter_reduce(0, row[by], tail[by], "amin")
