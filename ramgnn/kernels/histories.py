"""RCF's histories, compiled: which items of a history share which values with a target, and how they add up.

`ramgnn.baselines.rcf` says the same in PyTorch. There an entry is a row in each of many tensors, here a turn of a loop.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ramgnn.kernels.compiled import compiled, usable

MOST = 14.0  # of |x| in e^(2x): a product of three such is below the largest float32


# ---- who is related to whom -----------------------------------------------------------------------------------------


@compiled
def list_entries(u, i, first, size, items, item_first, item_count, item_value, type_of, key, key_item, key_place):
    """Row, item, value and type of the entries of pairs (u, i), as `ramgnn.baselines.rcf.RCF.entries` has them."""
    n_values, n_pairs = len(type_of), len(u)
    begins = np.zeros(n_pairs + 1, np.int64)
    longest, n = 0, 0
    for b in range(n_pairs):
        begins[b + 1] = begins[b] + item_count[i[b]]
        longest = max(longest, size[u[b]])
        n += size[u[b]]
    low, high = np.empty(begins[-1], np.int64), np.empty(begins[-1], np.int64)
    for b in range(n_pairs):  # every value of i, looked up among those of the user's items
        for m in range(item_count[i[b]]):
            wanted = u[b] * n_values + item_value[item_first[i[b]] + m]
            at = np.searchsorted(key, wanted)
            end = at
            while end < len(key) and key[end] == wanted:
                end += 1
            low[begins[b] + m], high[begins[b] + m] = at, end
            n += end - at
    row, item = np.empty(n, np.int64), np.empty(n, np.int64)
    value, kind = np.empty(n, np.int64), np.empty(n, np.int64)
    related = np.zeros(longest, np.bool_)
    n = 0
    for b in range(n_pairs):
        related[: size[u[b]]] = False
        for m in range(begins[b], begins[b + 1]):
            for at in range(low[m], high[m]):
                related[key_place[at]] = True
        for place in range(size[u[b]]):  # those that share nothing are in t_0
            j = items[first[u[b]] + place]
            if not related[place] and j != i[b]:
                row[n], item[n], value[n], kind[n] = b, j, -1, 0
                n += 1
        for m in range(begins[b], begins[b + 1]):
            v = item_value[item_first[i[b]] + m - begins[b]]
            for at in range(low[m], high[m]):
                if key_item[at] != i[b]:
                    row[n], item[n], value[n], kind[n] = b, key_item[at], v, type_of[v]
                    n += 1
    return row[:n], item[:n], value[:n], kind[:n]


# ---- the attention on them ------------------------------------------------------------------------------------------


def logits(a: Tensor, b: Tensor, c: Tensor, w: Tensor, i: Tensor, j: Tensor, v: Tensor, t: Tensor) -> Tensor:
    """w_t · tanh(a_i + b_j + c_v) of each entry, without c_v where v is -1: ``(e,)``.

    Args:
        a, b: ``(n_items, h)``; c: ``(n_values, h)``; w: ``(n_types, h)``.
        i, j, v, t: ``(e,)`` rows of these.
    """
    largest = max((float(x.detach().abs().max()) for x in (a, b, c) if x.numel()), default=0.0)
    if usable(a) and a.dtype == torch.float32 and largest < MOST:
        return _Logits.apply(a, b, c, w, i, j, v, t)
    typed = (v >= 0).nonzero()[:, 0]
    inner = torch.nn.functional.embedding(j, b) + torch.nn.functional.embedding(i, a)
    inner = inner.index_add(0, typed, torch.nn.functional.embedding(v[typed], c))
    # one product for all types and a choice among them: a row of w for each entry would be read and added up again
    return (inner.tanh() @ w.T).gather(1, t[:, None])[:, 0]


class _Logits(torch.autograd.Function):
    """`logits` by loops; nothing is kept for the backward pass but the tables, for tanh is as soon made again.

    tanh x = 1 - 2 / (e^(2x) + 1), and e^(2x) is the product of three numbers that stand in tables, so that no
    exponential is computed in the loop.
    """

    @staticmethod
    def forward(ctx, a, b, c, w, i, j, v, t):
        kept = *((2 * x.detach()).exp_() for x in (a, b, c)), w.detach(), i, j, v, t
        ctx.save_for_backward(*kept)
        found = np.empty(len(i), np.float32)
        logits_loop(*(x.numpy() for x in kept), found)
        return torch.from_numpy(found)

    @staticmethod
    def backward(ctx, gradient):
        gradients = [torch.zeros_like(x) for x in ctx.saved_tensors[:4]]
        arrays = [x.numpy() for x in (*ctx.saved_tensors, gradient.contiguous(), *gradients)]
        logits_backward_loop(*arrays)
        return (*gradients, None, None, None, None)


@compiled
def logits_loop(a, b, c, w, i, j, v, t, found):
    """`logits` into `found`, of tables of e^(2x)."""
    one, two = np.float32(1), np.float32(2)
    for e in range(len(i)):
        ie, je, ve, te, total = i[e], j[e], v[e], t[e], np.float32(0)
        if ve < 0:
            for h in range(a.shape[1]):
                total += w[te, h] * (one - two / (a[ie, h] * b[je, h] + one))
        else:
            for h in range(a.shape[1]):
                total += w[te, h] * (one - two / (a[ie, h] * b[je, h] * c[ve, h] + one))
        found[e] = total


@compiled
def logits_backward_loop(a, b, c, w, i, j, v, t, gradient, to_a, to_b, to_c, to_w):
    """What the gradients of all logits add to those of a, b, c and w."""
    one, two = np.float32(1), np.float32(2)
    inner = np.empty(a.shape[1], np.float32)
    for e in range(len(i)):
        ie, je, ve, te, g = i[e], j[e], v[e], t[e], gradient[e]
        for h in range(a.shape[1]):
            exponential = a[ie, h] * b[je, h] if ve < 0 else a[ie, h] * b[je, h] * c[ve, h]
            tanh = one - two / (exponential + one)
            to_w[te, h] += g * tanh
            inner[h] = g * w[te, h] * (one - tanh * tanh)
        for h in range(a.shape[1]):
            to_a[ie, h] += inner[h]
        for h in range(a.shape[1]):
            to_b[je, h] += inner[h]
        if ve >= 0:
            for h in range(a.shape[1]):
                to_c[ve, h] += inner[h]


# ---- what they add up to --------------------------------------------------------------------------------------------


def weighted_sums(share: Tensor, q: Tensor, item: Tensor, slot: Tensor, n_slots: int) -> Tensor:
    """The sum of share · q_item over the entries of each slot, which are sorted by slot: ``(n_slots, d)``.

    Args:
        share: ``(e,)``; q: ``(n_items, d)``; item, slot: ``(e,)`` whose row, and where to.
    """
    if usable(q) and q.dtype == share.dtype == torch.float32:
        return _WeightedSums.apply(share, q, item, slot, n_slots)
    starts = torch.searchsorted(slot, torch.arange(n_slots, device=q.device))
    return torch.nn.functional.embedding_bag(item, q, starts, mode="sum", per_sample_weights=share)


class _WeightedSums(torch.autograd.Function):
    """`weighted_sums` by loops."""

    @staticmethod
    def forward(ctx, share, q, item, slot, n_slots):
        kept = share.detach(), q.detach(), item, slot
        ctx.save_for_backward(*kept)
        sums = np.zeros((n_slots, q.shape[1]), np.float32)
        sums_loop(*(x.numpy() for x in kept), sums)
        return torch.from_numpy(sums)

    @staticmethod
    def backward(ctx, gradient):
        gradients = [torch.zeros_like(x) for x in ctx.saved_tensors[:2]]
        sums_backward_loop(*(x.numpy() for x in (*ctx.saved_tensors, gradient.contiguous(), *gradients)))
        return (*gradients, None, None, None)


@compiled
def sums_loop(share, q, item, slot, sums):
    """`weighted_sums` into `sums`, which are zeros."""
    for e in range(len(item)):
        j, s, weight = item[e], slot[e], share[e]
        for h in range(q.shape[1]):
            sums[s, h] += weight * q[j, h]


@compiled
def sums_backward_loop(share, q, item, slot, gradient, to_share, to_q):
    """What the gradient of the sums is worth to the shares and to q."""
    for e in range(len(item)):
        j, s, weight, total = item[e], slot[e], share[e], np.float32(0)
        for h in range(q.shape[1]):
            total += gradient[s, h] * q[j, h]
        to_share[e] = total
        for h in range(q.shape[1]):
            to_q[j, h] += weight * gradient[s, h]


# ---- the whole catalogue --------------------------------------------------------------------------------------------


def shares(tables: Tensor, rows: Tensor, gamma: Tensor, empty: Tensor, alpha: float) -> Tensor:
    """What each item j of a history counts for each candidate i: Σ_t γ_t x_tji / (Σ_j x_tji + empty_it)^α.

    Args:
        tables: ``(t, n, n_items)`` x, the exponentials; rows: ``(h,)`` those of the history.
        gamma: ``(t,)``; empty: ``(n_items, t)``.

    Returns:
        ``(h, n_items)``.
    """
    totals = empty.T.clone(memory_format=torch.contiguous_format)  # is added to, below
    if usable(tables) and tables.dtype == torch.float32:
        totals_loop(tables.numpy(), rows.numpy(), totals.numpy())
        factor, found = gamma[:, None] * totals.pow(-alpha), tables.new_zeros(len(rows), tables.shape[2])
        shares_loop(tables.numpy(), rows.numpy(), factor.numpy(), found.numpy())
        return found
    factor = gamma[:, None] * (totals + torch.stack([table[rows].sum(0) for table in tables])).pow(-alpha)
    found = tables.new_zeros(len(rows), tables.shape[2])
    for table, one in zip(tables, factor, strict=True):
        found.addcmul_(table[rows], one)
    return found


@compiled
def totals_loop(tables, rows, totals):
    """The sums over the history, added to `totals` ``(t, n_items)``."""
    for t in range(tables.shape[0]):
        for row in range(len(rows)):
            j = rows[row]
            for i in range(tables.shape[2]):
                totals[t, i] += tables[t, j, i]


@compiled
def shares_loop(tables, rows, factor, found):
    """The weighted sums over types, added to `found` ``(h, n_items)``."""
    for row in range(len(rows)):
        j = rows[row]
        for t in range(tables.shape[0]):
            for i in range(tables.shape[2]):
                found[row, i] += tables[t, j, i] * factor[t, i]
