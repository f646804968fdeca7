"""The windows of `ramgnn.kernels.windows` by loops, compiled: sorting, the nearest, what values share, sums of weights.

The first three are exact: they give the very windows that the sorts and searches in PyTorch give. `weight_loop` adds up
in float64.
"""

from __future__ import annotations

import numpy as np

from ramgnn.kernels.compiled import compiled


@compiled
def sort_loop(order, by_node, node_ptr, value, value_ptr, sorted_incidence):
    """The incidences in the order of (value, rank): node after node in order, each at the end of its groups."""
    filled = value_ptr.copy()
    for r in range(len(order)):
        for n in range(node_ptr[order[r]], node_ptr[order[r] + 1]):
            incidence = by_node[n]
            v = value[incidence]
            sorted_incidence[filled[v]] = incidence
            filled[v] += 1


@compiled
def search_loop(sorted_incidence, node, value_ptr, limit, scores, rank, start, size):
    """The window of the nearest of each position: along a group in order, windows only ever move to the right."""
    for v in range(len(value_ptr) - 1):
        first, last = value_ptr[v], value_ptr[v + 1] - 1
        begin = first
        for h in range(first, last + 1):
            n = min(last - first, limit[h])
            size[h] = n
            begin = max(begin, h - n)
            here = node[sorted_incidence[h]]
            while begin < h and begin + n < last:
                out, beyond = node[sorted_incidence[begin]], node[sorted_incidence[begin + n + 1]]
                left, right = scores[here] - scores[out], scores[beyond] - scores[here]  # Eq. 9
                if left > right or (left == right and rank[here] - rank[out] > rank[beyond] - rank[here]):
                    begin += 1
                else:
                    break
            start[h] = begin


@compiled
def merge_loop(sorted_incidence, head_order, head_ptr, node, limit, scores, rank, start, size):
    """Let the windows of a node and type share its k_t neighbours: the nearest of all of them are taken, one by one.

    Args:
        head_order: the positions by node and type; head_ptr: where those of each begin.
    """
    most = 0
    for g in range(len(head_ptr) - 1):
        most = max(most, head_ptr[g + 1] - head_ptr[g])
    low, high = np.empty(most, np.int64), np.empty(most, np.int64)
    for g in range(len(head_ptr) - 1):
        positions = head_order[head_ptr[g] : head_ptr[g + 1]]
        if len(positions) < 2:
            continue
        total = 0
        for n in range(len(positions)):
            total += size[positions[n]]
        k = limit[positions[0]]
        if total <= k:
            continue
        for n in range(len(positions)):
            low[n] = high[n] = positions[n]  # what is taken so far, the head itself at first
        here = node[sorted_incidence[positions[0]]]
        for _ in range(k):
            chosen, to_left, incidence = -1, False, 0
            nearest, apart = np.float32(np.inf), 0
            for n in range(len(positions)):
                h = positions[n]
                for left in (False, True):
                    q = low[n] - 1 if left else high[n] + 1
                    if q < start[h] or q > start[h] + size[h]:
                        continue
                    i = node[sorted_incidence[q]]
                    distance = abs(scores[here] - scores[i])
                    places = 2 * abs(rank[here] - rank[i]) + (rank[here] < rank[i])
                    nearer = distance < nearest or (distance == nearest and places < apart)
                    if nearer or (distance == nearest and places == apart and sorted_incidence[q] < incidence):
                        chosen, to_left, nearest, apart, incidence = n, left, distance, places, sorted_incidence[q]
            if to_left:
                low[chosen] -= 1
            else:
                high[chosen] += 1
        for n in range(len(positions)):
            start[positions[n]], size[positions[n]] = low[n], high[n] - low[n]


@compiled
def weight_loop(weight, start, size, head_type, total):
    """The weights of each window without its own position, added to `total` at its head and type."""
    for h in range(len(start)):
        found = 0.0
        for q in range(start[h], start[h] + size[h] + 1):
            if q != h:
                found += weight[q]
        total[head_type[h]] += found
