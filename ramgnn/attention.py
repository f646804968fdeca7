"""Relation-level attention, Eq. 6–8, as a ratio of two bag-sums.

The logit a_jn of Eq. 6 does not depend on the head i. So exp(a_jn) and exp(a_jn) times the message are computed once
per incidence (j, n), and for each head one sum over its kept incidences gives the numerator and the denominator of
the softmax. Nothing here has a row per edge but the list of kept indices itself.

`attend` says it in ten lines, for any logits. `attend_windows` is what the encoder trains with: the same, type by
type, with a backward pass by hand. `attend_all` needs no sampler.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ramgnn import distributed
from ramgnn.composition import combine, combine_backward, transform, transform_backward
from ramgnn.graph import MultiRelationalGraph
from ramgnn.sampler import Selection, Windows

SIGMAS = {"tanh": torch.tanh, "leaky_relu": F.leaky_relu, "sigmoid": torch.sigmoid}
# back through each activation, from the gradient and the value that it gave
BACKWARD = {
    "tanh": torch.ops.aten.tanh_backward,
    "leaky_relu": lambda gradient, z: torch.ops.aten.leaky_relu_backward(gradient, z, 0.01, True),
    "sigmoid": torch.ops.aten.sigmoid_backward,
}
WIDEST = 60.0  # exp(-60) against the largest weight is still a normal float32, so the shared maximum is safe

BLOCK = 8192  # incidences worked on at a time: 2 MB of 64 floats each


class RelationAttention(nn.Module):
    """Logits of Eq. 6: how much relation n of tail j matters.

    Args:
        dim: the width d.
        sigma: the activation σ of Eq. 6.
    """

    def __init__(self, dim: int, sigma: str = "tanh") -> None:
        super().__init__()
        self.name = sigma
        self.sigma = SIGMAS[sigma]
        self.key = nn.Linear(dim, dim, bias=False)  # W_key
        self.query = nn.Linear(dim, dim)  # W_qry and b
        self.p = nn.Parameter(torch.empty(dim))
        nn.init.normal_(self.p, std=dim**-0.5)

    def forward(self, tail: Tensor, relation: Tensor, node: Tensor, value: Tensor) -> Tensor:
        """a_jn for each incidence, Eq. 6.

        Args:
            tail: ``(n_nodes, d)`` embeddings e_j.
            relation: ``(n_values, d)`` embeddings e_n.
            node, value: ``(m,)`` which of them each incidence joins.

        Returns:
            ``(m,)``.
        """
        # the products are taken before the rows are spread over incidences: n + n_values rows instead of 2m
        return self.sigma(F.embedding(node, self.key(tail)) + F.embedding(value, self.query(relation))) @ self.p

    def widest(self, tail: Tensor, relation: Tensor, node: Tensor, value: Tensor) -> float:
        """How far apart two logits can be at most, or are where σ has no bounds."""
        if self.name != "leaky_relu":
            return float(self.p.detach().abs().sum()) * (2 if self.name == "tanh" else 1)
        with torch.no_grad():
            logits = self(tail, relation, node, value)
            return float(logits.max() - logits.min()) if len(logits) else 0.0


def attend_windows(
    e: Tensor,
    relation: Tensor,
    attention: RelationAttention | None,
    kept: Selection,
    types: Sequence[int],
    operator: str,
    over: str = "all",
) -> Tensor:
    """The sum over kept neighbours of α_jn φ(e_j, e_n), Eq. 3, 6, 7 and the inner part of Eq. 15, in one piece.

    Args:
        e: ``(n_nodes, d)`` e_j; relation: ``(n_values, d)`` e_n.
        attention: of Eq. 6; None for equal weights.
        kept: the kept neighbours.
        types: the relation types that send messages.
        operator, over: φ; what the softmax of Eq. 7 runs over, see `attend`.

    Returns:
        ``(n_nodes, c)``, before `restore`; zero for a head without neighbours.

    One type is worked on after the other, with one row per incidence of that type; nothing has a row per edge. The
    backward pass is written out below: it makes messages and logits again instead of keeping them, and its sums run
    over the same windows by tail. The logits must lie within `WIDEST` of each other, which the caller sees to.
    """
    weights, sigma = (None, None, None, None), None
    if attention is not None:
        weights = attention.key.weight, attention.query.weight, attention.query.bias, attention.p
        sigma = attention.name
    return _WindowAttention.apply(e, relation, *weights, kept, tuple(types), operator, sigma, over)


class _WindowAttention(torch.autograd.Function):
    """`attend_windows`, with a backward pass by hand.

    From the first line of either pass to the last, nodes go by their rank, so that sums touch rows side by side.
    """

    @staticmethod
    def forward(ctx, e, relation, w_key, w_query, b, p, kept, types, operator, sigma, over):
        tail, rel, key, query = _tables(kept, e, relation, w_key, w_query, b, operator)
        logits = {t: _logits(kept.windows(t), key, query, p, sigma, e.dtype) for t in types}  # Eq. 6
        del key, query
        highest = e.new_full((), -torch.inf)
        for x in logits.values():
            highest = torch.maximum(highest, x.max()) if len(x) else highest
        distributed.add_up(highest, largest=True)
        weight = {t: x.sub_(highest).exp_() for t, x in logits.items()}

        groups, c = [types] if over == "all" else [(t,) for t in types], tail.shape[1]
        totals = []
        for group in groups:
            total = tail.new_zeros(len(tail), _width(c))
            for t in group:
                total += _window_sum(kept.windows(t), weight[t], tail, rel, operator)
            distributed.add_up(total)
            totals.append(total)
        bottoms = [total[:, c : c + 1].clone() for total in totals]
        found = [x[:, :c] / bottom.where(bottom > 0, 1) for x, bottom in zip(totals, bottoms, strict=True)]  # Eq. 7, 8
        # one over the types that a head has neighbours of, where the softmax runs over each and they are averaged
        share = 1 / sum((x > 0).to(e.dtype) for x in bottoms).clamp(min=1) if over == "type" and types else None
        result = sum(found, torch.zeros_like(tail) if len(found) != 1 else 0)
        result = result if share is None else result * share
        ctx.save_for_backward(e, relation, w_key, w_query, b, p)
        ctx.kept, ctx.groups, ctx.operator, ctx.sigma, ctx.weight = kept, groups, operator, sigma, weight
        ctx.found, ctx.bottoms, ctx.share = found, bottoms, share
        return F.embedding(kept.rank, result)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient):
        e, relation, w_key, w_query, b, p = ctx.saved_tensors
        kept, operator = ctx.kept, ctx.operator
        tail, rel, key, query = tables = _tables(kept, e, relation, w_key, w_query, b, operator)
        c = tail.shape[1]
        d_tail, d_rel, d_key, d_query, d_p = (torch.zeros_like(x) if x is not None else None for x in (*tables, p))
        gradient = F.embedding(kept.order, gradient.contiguous())
        distributed.add_up(gradient)
        if ctx.share is not None:
            gradient *= ctx.share
        for group, found, bottom in zip(ctx.groups, ctx.found, ctx.bottoms, strict=True):
            # of top / bottom: towards the numerator 1 / bottom, towards the denominator -found / bottom
            d_total = tail.new_zeros(len(tail), _width(c))
            torch.mul(gradient, torch.where(bottom > 0, 1 / bottom, 0), out=d_total[:, :c])
            d_total[:, c] = -torch.einsum("nc,nc->n", d_total[:, :c], found)
            for t in group:
                w, weight = kept.windows(t), ctx.weight[t]
                d_logit = _back_to_messages(w, weight, d_total, tail, rel, d_tail, d_rel, operator)
                if p is not None:
                    _back_to_logits(w, d_logit, key, query, p, d_key, d_query, d_p, ctx.sigma)
        d_e = F.embedding(kept.rank, transform_backward(d_tail, e.shape[1], operator))
        d_relation = transform_backward(d_rel, e.shape[1], operator)
        if p is None:
            return d_e, d_relation, *[None] * 9
        d_key = F.embedding(kept.rank, d_key)
        d_weights = d_key.T @ e, d_query.T @ relation, d_query.sum(0), d_p
        return d_e.addmm_(d_key, w_key), d_relation.addmm_(d_query, w_query), *d_weights, *[None] * 5


def _tables(
    kept: Selection,
    e: Tensor,
    relation: Tensor,
    w_key: Tensor | None,
    w_query: Tensor | None,
    b: Tensor | None,
    operator: str,
) -> tuple[Tensor, Tensor, Tensor | None, Tensor | None]:
    """What is worked out once per node (by rank) or value: transformed e_j and e_n, W_key e_j, W_qry e_n + b."""
    e = F.embedding(kept.order, e)
    tail, rel = transform(e, operator), transform(relation, operator)
    return (tail, rel, None, None) if w_key is None else (tail, rel, e @ w_key.T, F.linear(relation, w_query, b))


def _width(c: int) -> int:
    """Columns of a table of messages and weights: c + 1 made up to a multiple of eight, which is summed faster."""
    return (c + 8) // 8 * 8


def _blocks(w: Windows) -> Iterator[slice]:
    """The places of one type in blocks, whose rows stay in the processor's cache from one operation to the next."""
    return (slice(first, first + BLOCK) for first in range(0, len(w.rank), BLOCK))


def _inner(w: Windows, b: slice, key: Tensor, query: Tensor, sigma: str) -> Tensor:
    """σ(W_key e_j + W_qry e_n + b) of the incidences in a block: ``(b, d)``."""
    return SIGMAS[sigma](F.embedding(w.rank[b], key).add_(F.embedding(w.value[b], query)))


def _logits(
    w: Windows, key: Tensor | None, query: Tensor | None, p: Tensor | None, sigma: str, dtype: torch.dtype
) -> Tensor:
    """a_jn of each incidence of one type, Eq. 6: ``(m_t,)``; zero without attention."""
    if p is None or len(w.rank) == 0:
        return torch.zeros(len(w.rank), dtype=dtype, device=w.rank.device)
    return torch.cat([_inner(w, b, key, query, sigma) @ p for b in _blocks(w)])


def _window_sum(w: Windows, weight: Tensor, tail: Tensor, relation: Tensor, operator: str) -> Tensor:
    """The sums of weight · φ(e_j, e_n) and of weight over each head's window: ``(n_nodes, c + 1)``, and zeros."""
    c = tail.shape[1]
    table = tail.new_zeros(len(w.rank), _width(c))
    table[:, c] = weight
    for b in _blocks(w):
        message = combine(F.embedding(w.rank[b], tail), F.embedding(w.value[b], relation), operator)  # Eq. 3
        torch.mul(message, weight[b].unsqueeze(1), out=table[b, :c])
    return _by_head(w, table)


def _back_to_messages(
    w: Windows,
    weight: Tensor,
    d_total: Tensor,
    tail: Tensor,
    relation: Tensor,
    d_tail: Tensor,
    d_relation: Tensor,
    operator: str,
) -> Tensor:
    """Back through `_window_sum`: adds to `d_tail` and `d_relation`, returns the gradient of the logits ``(m_t,)``."""
    c = tail.shape[1]
    d_table = _bag_sum(w.head, F.embedding(w.rank, d_total), w.head_ptr)
    d_logit, d_y = d_table[:, c] * weight, tail.new_empty(len(w.rank), c)
    for b in _blocks(w):
        x, y = F.embedding(w.rank[b], tail), F.embedding(w.value[b], relation)
        d_message = d_table[b, :c] * weight[b].unsqueeze(1)
        d_x, d_y[b] = combine_backward(d_message, x, y, operator)
        # the weight is the exponential of the logit; of a product φ(x, y), its gradient times φ is that of x times x
        by = (d_message, combine(x, y, operator)) if operator == "add" else (d_x, x)
        d_logit[b] += torch.einsum("mc,mc->m", *by)
        d_table[b, :c] = d_x  # in the place of what came in
    _add_by_value(d_relation, d_y, w)
    d_tail += _bag_sum(w.own, d_table, w.own_ptr)[:, :c]
    return d_logit


def _back_to_logits(
    w: Windows,
    d_logit: Tensor,
    key: Tensor,
    query: Tensor,
    p: Tensor,
    d_key: Tensor,
    d_query: Tensor,
    d_p: Tensor,
    sigma: str,
) -> None:
    """Back through `_logits`: adds to `d_key`, `d_query` and `d_p`. What σ gave is made again, not kept."""
    d_inner = key.new_empty(len(w.rank), len(p))
    for b in _blocks(w):
        inner = _inner(w, b, key, query, sigma)
        d_p += d_logit[b] @ inner
        d_inner[b] = BACKWARD[sigma](torch.outer(d_logit[b], p), inner)
    _add_by_value(d_query, d_inner, w)
    d_key += _bag_sum(w.own, d_inner, w.own_ptr)


def _bag_sum(index: Tensor, table: Tensor, ptr: Tensor) -> Tensor:
    """Sums of rows of the table, one for each stretch of `index`: ``(len(ptr) - 1, c)``."""
    if len(index) == 0:
        return table.new_zeros(len(ptr) - 1, table.shape[1])
    return F.embedding_bag(index, table, ptr, mode="sum", include_last_offset=True)


def _by_head(w: Windows, table: Tensor) -> Tensor:
    """The rows of each head's windows added up, by window and then by head: ``(n_nodes, c)``."""
    return _bag_sum(w.own, _bag_sum(w.tail, table, w.tail_ptr), w.own_ptr)


def _add_by_value(target: Tensor, rows: Tensor, w: Windows) -> None:
    """Add rows, one per place, to those of their values; the values of a type and their places stand in order."""
    every = torch.arange(len(rows), dtype=w.group_ptr.dtype, device=rows.device)
    target[w.values] += _bag_sum(every, rows, w.group_ptr)


def attend(logits: Tensor, messages: Tensor, kept: Selection, over: str = "all") -> Tensor:
    """The sum over kept neighbours of α_jn times the message, Eq. 7 and the inner part of Eq. 15.

    Args:
        logits: ``(m,)`` a_jn, Eq. 6.
        messages: ``(m, c)`` one per incidence.
        kept: the kept neighbours of each head.
        over: what the softmax of Eq. 7 runs over (reading R2): ``"all"`` kept neighbours of a head, or those of each
            ``"type"``, in which case the types are averaged.

    Returns:
        ``(n_nodes, c)``; zero for a head without neighbours.
    """
    ptr = kept.head_ptr if over == "all" else kept.ptr
    if kept.incidence.numel() == 0:
        return messages.new_zeros(len(kept.head_ptr) - 1, messages.shape[1])
    if float(logits.detach().max() - logits.detach().min()) <= WIDEST:
        weight = (logits - logits.detach().max()).exp().unsqueeze(1)
        table = torch.cat([weight * messages, weight], 1)
        total = F.embedding_bag(kept.incidence, table, ptr[:-1], mode="sum")
        top, bottom = total[:, :-1], total[:, -1:]
    else:
        # logits so far apart that a head's own maximum must be used: one scalar per kept edge, no row
        weight, bottom, _ = _exponentials(logits[kept.incidence], ptr)
        top = F.embedding_bag(kept.incidence, messages, ptr[:-1], mode="sum", per_sample_weights=weight)
        bottom = bottom.unsqueeze(1)
    result = top / bottom.where(bottom > 0, torch.ones_like(bottom))
    if over == "type":
        present = (kept.ptr.diff() > 0).view(-1, kept.n_types)
        result = result.view(-1, kept.n_types, result.shape[1]).sum(1) / present.sum(1, keepdim=True).clamp(min=1)
    return result


def attend_all(logits: Tensor, messages: Tensor, graph: MultiRelationalGraph, hidden: int | None = None) -> Tensor:
    """`attend` over *every* neighbour, without a sampler: the sum over a node's values of the group's sum less itself.

    Args:
        logits: ``(m,)``; messages: ``(m, c)``; graph: the graph they are incidences of.
        hidden: a relation type whose edges are left out.

    Returns:
        ``(n_nodes, c)``. Works for a genre of 36,000 songs as well: the cost is that of the incidences.

    "Less itself" must not take a large number from one that is hardly larger. So the incidence with the largest logit
    of each group gets a sum of its own, over the rest; whoever is not it has that largest one left in the difference.
    """
    if len(logits) == 0:
        return messages.new_zeros(graph.n_nodes, messages.shape[1])
    value, a = graph.value, logits.detach()
    first = _largest(a, value, graph.n_values)
    second = _largest(a.masked_fill(first, -torch.inf), value, graph.n_values)
    scale = torch.stack([_of_group(a.masked_fill(~x, -torch.inf), value, graph.n_values) for x in (first, second)])
    scale = scale.where(scale > -torch.inf, 0)  # of a group of none, or of one
    sums = []
    for part, largest in ((torch.ones_like(first), scale[0]), (~first, scale[1])):
        weight = (logits - largest[value]).where(part, logits.new_tensor(-torch.inf)).exp().unsqueeze(1)
        table = torch.cat([weight * messages, weight], 1)
        group = torch.zeros(graph.n_values, table.shape[1], dtype=table.dtype, device=table.device)
        sums.append((table, group.index_add(0, value, table)[value]))
    (own, whole), (_, rest) = sums
    others = torch.where(first.unsqueeze(1), rest, whole - own)
    counted = graph.group_size[value] > 1  # alone in the group: no neighbour
    if hidden is not None:
        counted &= graph.type != hidden
    height = torch.where(first, scale[1][value], scale[0][value]).masked_fill(~counted, -torch.inf)
    top = _of_group(height, graph.node, graph.n_nodes)  # one scale per head, for the groups that it is in
    share = (height - top.where(top > -torch.inf, 0)[graph.node]).exp().unsqueeze(1)
    total = torch.zeros(graph.n_nodes, others.shape[1], dtype=others.dtype, device=others.device)
    total = total.index_add(0, graph.node, (others * share).where(counted.unsqueeze(1), 0))
    top, bottom = total[:, :-1], total[:, -1:]
    return top / bottom.where(bottom > 0, torch.ones_like(bottom))


def _of_group(x: Tensor, group: Tensor, n: int) -> Tensor:
    """The largest x of each of n groups, ``(n,)``; -inf for an empty one."""
    return x.new_full((n,), -torch.inf).scatter_reduce(0, group, x, "amax")


def _largest(x: Tensor, group: Tensor, n: int) -> Tensor:
    """``(m,)`` True for one entry of each group that has its largest x; False everywhere in a group of -inf."""
    at_top = (x == _of_group(x, group, n)[group]) & (x > -torch.inf)
    place = torch.arange(len(x), device=x.device)
    chosen = place.new_full((n,), len(x)).scatter_reduce(0, group, place.where(at_top, len(x)), "amin")
    return place == chosen[group]


def weights(logits: Tensor, kept: Selection, over: str = "all") -> Tensor:
    """α_jn of Eq. 7 for every kept edge, to look at: ``(e,)``, summing to 1 for each head (or head and type).

    This one has an entry per edge; the encoder never calls it while it trains.
    """
    ptr = kept.head_ptr if over == "all" else kept.ptr
    weight, total, bag = _exponentials(logits.detach()[kept.incidence].double(), ptr)
    return weight / total[bag]


def _exponentials(own: Tensor, ptr: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """exp(a − the bag's largest a) of each entry ``(e,)``, their sums ``(n_bags,)`` and the bag of each ``(e,)``."""
    bag = torch.arange(len(ptr) - 1, device=ptr.device).repeat_interleave(ptr.diff())
    most = _of_group(own.detach(), bag, len(ptr) - 1)
    weight = (own - most[bag]).exp()
    return weight, weight.new_zeros(len(ptr) - 1).index_add(0, bag, weight), bag


def mass(logits: Tensor, kept: Selection, over: str = "all") -> Tensor:
    """How much attention each relation type gets: ``(n_types,)``, summing to 1.

    Args:
        logits: ``(m,)`` a_jn of each incidence, Eq. 6.
        kept: the kept neighbours.
        over: what the softmax of Eq. 7 runs over (reading R2), see `attend`.

    The weights of each head are summed by type, and averaged over the heads that have a neighbour.
    """
    if over == "type":  # each type of a head has a total of one
        share = (kept.counts > 0).double()
    elif len(logits) == 0:
        return logits.new_zeros(kept.n_types, dtype=torch.float64)
    else:
        weight = (logits.detach().double() - logits.detach().max()).exp().unsqueeze(1)[kept.place]
        windows = [kept.windows(t) for t in range(kept.n_types)]
        share = torch.cat([_by_head(w, weight[w.places]) for w in windows], 1)
        distributed.add_up(share)
    share = share / share.sum(1, keepdim=True).clamp(min=1e-300)
    return share.sum(0) / share.sum().clamp(min=1e-300)
