"""The loops of `ramgnn.kernels.sliding`, compiled: what stands there in words, incidence by incidence.

A *position* is an incidence in the order of (value, score). Nodes go by their rank: ``rank[j]`` is the row that
position j reads, and ``row[j]`` the one that it adds to, which is another where several threads would write to one.

What a running sum loses. It is kept in float64; each row that enters or leaves may lose 2^-53 of the largest sum since
it was begun. It is begun anew after max(`FRESH`, 16 k) rows, and as soon as it is below `TRUST` of its largest. The own
row of a head is in the sum and does not count; where what is left without it is below `TRUST` of the largest, the
others are added up one by one. So what is lost stays below max(FRESH, 16 k) · 2^-53 / TRUST of Σ w_j max|x_j| over the
neighbours: one part in 200 million, and with k = 20,000 one in three million. (Gradients of others that are added up
one by one are in float32, as they are by lists.) The worst case, weights that lie far apart everywhere, costs as much
as lists do. NaN and infinity stay where they are: a sum that has been one of them is begun anew.
"""

from __future__ import annotations

import numpy as np

from ramgnn.composition import OPERATORS
from ramgnn.kernels.compiled import compiled, prefetch

FRESH, TRUST = 4096, 1e-4
LINE = 16  # numbers of float32 in a cache line of 64 bytes
AHEAD = 6  # incidences before a row is read it is announced: enough to hide the way to memory; not searched for
ADD, MULT, CORR = range(len(OPERATORS))  # in the loops a number says which
TANH, SIGMOID, LEAKY = range(3)
SLOPE = 0.01  # of LeakyReLU below 0
HUGE = 1e30  # of e^(2x): there tanh x is 1, and 1 / (1 + HUGE) is not yet zero


@compiled
def order_by_loop(group_ptr, keys, order):
    """The positions in the order of their keys, group by group: keys lie from a group's begin to its end."""
    longest = 0
    for g in range(len(group_ptr) - 1):
        longest = max(longest, group_ptr[g + 1] - group_ptr[g])
    count = np.zeros(longest + 2, np.int64)
    for g in range(len(group_ptr) - 1):
        first, last = group_ptr[g], group_ptr[g + 1]
        count[: last - first + 2] = 0
        for h in range(first, last):
            count[keys[h] - first + 1] += 1
        for n in range(last - first + 1):
            count[n + 1] += count[n]
        for h in range(first, last):
            order[first + count[keys[h] - first]] = h
            count[keys[h] - first] += 1


@compiled
def window_sum_loop(
    rank, group_ptr, value, start, size, row, weight, largest, tail, relation, total, operator, first, last
):
    """`add_windows` for the heads from `first` to `last`."""
    c = tail.shape[1]
    running, others = np.zeros(c), np.zeros(c)  # Σ w_j x_j over the window; the same without the head
    g = np.searchsorted(group_ptr, first, side="right") - 1
    begin = end = first  # the rows that are in the running sums
    weights = bounds = most_weights = most_bounds = 0.0  # Σ w_j, Σ w_j max|x_j|, and the largest that they were
    rows = 0
    for h in range(first, last):
        while h >= group_ptr[g + 1]:
            g += 1
        if size[h] == 0:
            continue
        ahead, wanted = min(end + AHEAD, len(rank) - 1), min(h + AHEAD, len(rank) - 1)
        for n in range(0, c, LINE):
            prefetch(tail, rank[ahead], n)
            prefetch(total, row[wanted], n)
        s, e = start[h], start[h] + size[h] + 1
        moves = abs(s - begin) + abs(e - end)
        anew = moves > size[h] or rows + moves > max(FRESH, 16 * size[h]) or begin < group_ptr[g]
        for _ in range(2):  # a second time, from nothing, where too much was taken off
            if anew:
                begin = end = s
                weights = bounds = most_weights = most_bounds = 0.0
                rows = 0
                running[:] = 0
            while begin != s or end != e:
                if end < e:
                    q, sign, end = end, 1.0, end + 1
                elif begin > s:
                    q, sign, begin = begin - 1, 1.0, begin - 1
                elif begin < s:
                    q, sign, begin = begin, -1.0, begin + 1
                else:
                    q, sign, end = end - 1, -1.0, end - 1
                j = rank[q]
                x = sign * weight[q]
                weights += x
                bounds += x * largest[j]
                rows += 1
                most_weights, most_bounds = max(most_weights, weights), max(most_bounds, bounds)
                for n in range(c):
                    running[n] += x * tail[j, n]
            anew = not (weights >= TRUST * most_weights and bounds >= TRUST * most_bounds)  # so where one is NaN
            if not anew:
                break
        here, v, to = rank[h], value[h], row[h]
        x = np.float64(weight[h])
        left = weights - x
        if not (left >= TRUST * most_weights and bounds - x * largest[here] >= TRUST * most_bounds):
            # the head is nearly all of it, and does not count: the others are added up one by one
            others[:] = 0
            left = 0.0
            for q in range(s, e):
                if q != h:
                    j, x = rank[q], np.float64(weight[q])
                    left += x
                    for n in range(c):
                        others[n] += x * tail[j, n]
        else:
            for n in range(c):
                others[n] = running[n] - x * tail[here, n]
        total[to, c] += np.float32(left)
        if operator == ADD:
            for n in range(c):
                total[to, n] += np.float32(others[n] + left * relation[v, n])
        elif operator == MULT:
            for n in range(c):
                total[to, n] += np.float32(others[n] * relation[v, n])
        else:  # conj(x) · y of pairs that are a real and an imaginary part
            for n in range(c // 2):
                real, imaginary = np.float32(others[2 * n]), np.float32(others[2 * n + 1])
                total[to, 2 * n] += real * relation[v, 2 * n] + imaginary * relation[v, 2 * n + 1]
                total[to, 2 * n + 1] += real * relation[v, 2 * n + 1] - imaginary * relation[v, 2 * n]


@compiled
def window_gradient_loop(
    rank, group_ptr, value, start, size, row, value_row, by_start, by_end, weight, largest, d_total, tail, relation,
    d_logit, d_tail, d_relation, operator, part_first, part_last,
):  # fmt: skip
    """`back_to_messages` from `part_first` to `part_last`: the heads whose windows hold an incidence are added up."""
    c = tail.shape[1]
    running, d_message, d_value = np.zeros(c), np.zeros(c, np.float32), np.zeros(c, np.float32)
    farthest = 0
    for h in range(len(size)):
        farthest = max(farthest, size[h])
    for g in range(np.searchsorted(group_ptr, part_first, side="right") - 1, len(group_ptr) - 1):
        first, last = group_ptr[g], group_ptr[g + 1]
        if first >= part_last:
            break
        begun = ended = first
        bounds = most = to_weight = 0.0  # Σ max|d_total_h| over the heads, the largest that it was, and Σ of column c
        heads = rows = 0
        anew = first < part_first  # those before are another part's
        running[:] = 0
        d_value[:] = 0
        for j in range(max(first, part_first), min(last, part_last)):
            ahead, wanted = min(begun + AHEAD, last - 1), min(j + AHEAD, len(rank) - 1)
            for n in range(0, c, LINE):
                prefetch(d_total, rank[by_start[ahead]], n)
                prefetch(tail, rank[wanted], n)
                prefetch(d_tail, row[wanted], n)
            while True:
                if begun < last and start[by_start[begun]] <= j:
                    h, sign, begun = by_start[begun], 1, begun + 1
                elif ended < last and start[by_end[ended]] + size[by_end[ended]] < j:
                    h, sign, ended = by_end[ended], -1, ended + 1
                else:
                    break
                if size[h] == 0:
                    continue
                heads += sign
                if not anew:
                    i = rank[h]
                    rows += 1
                    bounds += sign * largest[i]
                    to_weight += sign * d_total[i, c]
                    most = max(most, bounds)
                    for n in range(c):
                        running[n] += sign * d_total[i, n]
            own = size[j] > 0  # then j is itself one of the heads
            if heads == own:
                continue
            if anew or rows > max(FRESH, 16 * farthest) or not bounds >= TRUST * most:
                running[:] = 0
                bounds = to_weight = 0.0
                rows = 0
                anew = False
                for h in range(max(first, j - farthest), min(last, j + farthest + 1)):
                    if size[h] > 0 and start[h] <= j <= start[h] + size[h]:
                        i = rank[h]
                        bounds += largest[i]
                        to_weight += d_total[i, c]
                        for n in range(c):
                            running[n] += d_total[i, n]
                most = bounds
            here, v, to, x = rank[j], value[j], row[j], weight[j]
            d_weight = to_weight
            if own and not bounds - largest[here] >= TRUST * most:  # the others one by one
                d_weight = 0.0
                d_message[:] = 0
                for h in range(max(first, j - farthest), min(last, j + farthest + 1)):
                    if h != j and size[h] > 0 and start[h] <= j <= start[h] + size[h]:
                        i = rank[h]
                        d_weight += d_total[i, c]
                        for n in range(c):
                            d_message[n] += d_total[i, n] * x
            elif own:
                d_weight -= d_total[here, c]
                for n in range(c):
                    d_message[n] = np.float32(running[n] - d_total[here, n]) * x
            else:
                for n in range(c):
                    d_message[n] = np.float32(running[n]) * x
            # the weight is the exponential of the logit; of a product φ(x, y) its gradient times φ is that of x times x
            found = np.float32(d_weight * x)
            if operator == ADD:
                for n in range(c):
                    d_tail[to, n] += d_message[n]
                    d_value[n] += d_message[n]
                    found += d_message[n] * (tail[here, n] + relation[v, n])
            elif operator == MULT:
                for n in range(c):
                    d_tail[to, n] += d_message[n] * relation[v, n]
                    d_value[n] += d_message[n] * tail[here, n]
                    found += d_message[n] * relation[v, n] * tail[here, n]
            else:
                for n in range(c // 2):
                    a, b = d_message[2 * n], d_message[2 * n + 1]
                    real, imaginary = tail[here, 2 * n], tail[here, 2 * n + 1]
                    d_real = a * relation[v, 2 * n] + b * relation[v, 2 * n + 1]
                    d_imaginary = a * relation[v, 2 * n + 1] - b * relation[v, 2 * n]
                    d_tail[to, 2 * n] += d_real
                    d_tail[to, 2 * n + 1] += d_imaginary
                    d_value[2 * n] += a * real - b * imaginary
                    d_value[2 * n + 1] += a * imaginary + b * real
                    found += d_real * real + d_imaginary * imaginary
            d_logit[j] = found
        if last > first:
            to = value_row[max(first, part_first)]
            for n in range(c):
                d_relation[to, n] += d_value[n]


@compiled
def logit_loop(rank, value, key, query, p, found, sigma, first, last):
    """`logits` of the incidences from `first` to `last`."""
    one, d = np.float32(1), len(p)
    two = np.float32(2) if sigma == TANH else one
    for j in range(first, last):
        for n in range(0, d, LINE):
            prefetch(key, rank[min(j + AHEAD, len(rank) - 1)], n)
        i, v, total = rank[j], value[j], np.float32(0)
        if sigma == LEAKY:
            for n in range(d):
                z = key[i, n] + query[v, n]
                total += p[n] * max(z, np.float32(SLOPE) * z)
        else:
            for n in range(d):
                total += p[n] * (one - two / (key[i, n] * query[v, n] + one))
        found[j] = total


@compiled
def logit_gradient_loop(rank, value, row, value_row, d_logit, key, query, p, d_key, d_query, sigma, first, last, d_p):
    """`back_to_logits` from `first` to `last`; what σ gave is made again, not stored."""
    one, d = np.float32(1), len(p)
    two, steepness = (np.float32(2), np.float32(4)) if sigma == TANH else (one, one)
    d_value, d_weight = np.zeros(d, np.float32), np.zeros(d)
    for j in range(first, last):
        ahead = min(j + AHEAD, len(rank) - 1)
        for n in range(0, d, LINE):
            prefetch(key, rank[ahead], n)
            prefetch(d_key, row[ahead], n)
        i, v, to, gradient = rank[j], value[j], row[j], d_logit[j]
        if sigma == LEAKY:
            for n in range(d):
                z = key[i, n] + query[v, n]
                slope = gradient if z > 0 else gradient * np.float32(SLOPE)
                d_weight[n] += slope * z
                d_key[to, n] += slope * p[n]
                d_value[n] += slope * p[n]
        else:
            for n in range(d):
                u = min(key[i, n] * query[v, n], np.float32(HUGE))
                r = one / (u + one)
                d_z = gradient * p[n] * steepness * (u * r) * r  # 1 - z² would lose digits where z is nearly 1
                d_weight[n] += gradient * (one - two * r)
                d_key[to, n] += d_z
                d_value[n] += d_z
        if j + 1 == last or value[j + 1] != v:  # the values stand in order, so each is written once
            for n in range(d):
                d_query[value_row[j], n] += d_value[n]
            d_value[:] = 0
    for n in range(d):
        d_p[n] += np.float32(d_weight[n])
