"""Sums of distances between sorted scores: the distances to a point add up to a difference of running sums."""

from __future__ import annotations

import torch
from torch import Tensor

from ramgnn.kernels.neighbours import SampledNeighbours
from ramgnn.ragged import repeat_index, segment_sum


def distance_sums(neighbours: SampledNeighbours, scores: Tensor) -> Tensor:
    """Σ_j d(e_i, e_j) over the sampled neighbours of each head and type: ``(n_nodes, n_types)`` float64.

    Equals `ramgnn.sampler.neighbour_distance_sums`, which takes edge by edge. Where the
    neighbours are windows of these very scores no edge is looked at; with scores in another order all are.
    """
    graph, size = neighbours.graph, neighbours.counts
    total = torch.zeros(size.numel(), dtype=torch.float64, device=size.device)
    if bool((scores[neighbours.order].diff() >= 0).all()):
        s = scores[graph.node[neighbours.sorted_incidence]].double()
        running = torch.cat([s.new_zeros(1), s.cumsum(0)])
        here = torch.arange(len(s), device=s.device)
        first, last = neighbours.start, neighbours.start + neighbours.size
        left = s * (here - first) - (running[:-1] - running[first])
        right = (running[last + 1] - running[1:]) - s * (last - here)
        return total.index_add_(0, neighbours.head_type, left + right).view_as(size)
    head_type = repeat_index(size.flatten())
    distance = (scores[neighbours.head] - scores[graph.node[neighbours.incidence]]).abs()  # Eq. 9
    return segment_sum(distance.double(), head_type, size.numel()).view_as(size)


def mean_pair_distance(scores: Tensor) -> float:
    """The mean of ``|score_i - score_j|`` over all pairs i ≠ j, in O(n log n).

    In sorted order number i is the larger of i pairs and the smaller of n - 1 - i, so its score counts 2 i - (n - 1)
    times in the sum over all pairs.
    """
    s = torch.sort(scores.detach().double())[0]
    n = len(s)
    times = 2 * torch.arange(n, device=s.device, dtype=torch.float64) - (n - 1)
    return float((times * s).sum() * 2 / (n * (n - 1))) if n > 1 else 0.0
