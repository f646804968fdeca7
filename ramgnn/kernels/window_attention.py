"""Attention over sampled neighbours in one piece, with a backward pass by hand: what RAM-GNN trains with.

Equals `ramgnn.encoder.RAMLayer.sum_over_edges` before W_val. The logit a_jn of Eq. 6 does not depend on the head i. So
exp(a_jn) and exp(a_jn) times the message are computed once for each incidence (j, n), and for each head one sum over
its window gives numerator and denominator of the softmax. Nothing has a row for each edge.

Two things make it fast. Nodes are numbered by their rank in the order of scores, from the first line of either pass to
the last, so that sums read table rows side by side. And the backward pass makes messages and logits a second time
instead of keeping them: memory traffic costs more than arithmetic.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from ramgnn import distributed
from ramgnn.attention import SIGMAS, RelationAttention
from ramgnn.composition import combine, transform
from ramgnn.kernels.neighbours import SampledNeighbours, Windows
from ramgnn.kernels.sums import bag_sum

BLOCK = 8192  # incidences worked on at a time: 2 MB of 64 floats each, which stays in the processor's cache

# back through each activation, from the gradient and the value that it gave
SIGMAS_BACKWARD = {
    "tanh": torch.ops.aten.tanh_backward,
    "leaky_relu": lambda gradient, z: torch.ops.aten.leaky_relu_backward(gradient, z, 0.01, True),
    "sigmoid": torch.ops.aten.sigmoid_backward,
}


def attend_windows(
    e: Tensor,
    relation: Tensor,
    attention: RelationAttention | None,
    neighbours: SampledNeighbours,
    relation_types: Sequence[int],
    operator: str,
    softmax_over: str = "all",
) -> Tensor:
    """The sum over sampled neighbours of α_jn φ(e_j, e_n): Eq. 3, 6, 7 and the inner part of Eq. 15.

    Args:
        e: ``(n_nodes, d)`` e_j; relation: ``(n_values, d)`` e_n.
        attention: of Eq. 6; None for equal weights.
        neighbours: the sampled neighbours.
        relation_types: the types that send messages.
        operator: φ; softmax_over: what Eq. 7 runs over (reading R2), ``"all"`` or ``"type"``.

    Returns:
        ``(n_nodes, c)``, before `ramgnn.composition.restore`; zero for a head without neighbours.

    One maximum is subtracted from all logits, so they must lie within `ramgnn.kernels.attention.MAX_LOGIT_SPREAD` of
    each other, which the caller sees to.
    """
    parameters, sigma = (None, None, None, None), None
    if attention is not None:
        parameters = attention.key.weight, attention.query.weight, attention.query.bias, attention.p
        sigma = attention.sigma_name
    return _WindowAttention.apply(
        e, relation, *parameters, neighbours, tuple(relation_types), operator, sigma, softmax_over
    )


class _WindowAttention(torch.autograd.Function):
    """`attend_windows`, with a backward pass by hand."""

    @staticmethod
    def forward(ctx, e, relation, w_key, w_query, b, p, neighbours, relation_types, operator, sigma, softmax_over):
        tail, rel, key, query = _tables(neighbours, e, relation, w_key, w_query, b, operator)
        logits = {t: _logits(neighbours.windows(t), key, query, p, sigma, e.dtype) for t in relation_types}  # Eq. 6
        del key, query
        highest = e.new_full((), -torch.inf)
        for a in logits.values():
            highest = torch.maximum(highest, a.max()) if len(a) else highest
        distributed.all_reduce(highest, largest=True)
        weight = {t: a.sub_(highest).exp_() for t, a in logits.items()}

        # one softmax for all types together, or one for each
        groups = [relation_types] if softmax_over == "all" else [(t,) for t in relation_types]
        c = tail.shape[1]
        totals = []
        for group in groups:
            total = tail.new_zeros(len(tail), _width(c))
            for t in group:
                total += _window_sum(neighbours.windows(t), weight[t], tail, rel, operator)
            distributed.all_reduce(total)
            totals.append(total)
        denominators = [total[:, c : c + 1].clone() for total in totals]
        means = [total[:, :c] / d.where(d > 0, 1) for total, d in zip(totals, denominators, strict=True)]  # Eq. 7, 8
        type_fraction = None  # one over the types that a head has neighbours of, where the types are averaged
        if softmax_over == "type" and relation_types:
            type_fraction = 1 / sum((d > 0).to(e.dtype) for d in denominators).clamp(min=1)
        result = sum(means, torch.zeros_like(tail) if len(means) != 1 else 0)
        result = result if type_fraction is None else result * type_fraction
        ctx.save_for_backward(e, relation, w_key, w_query, b, p)
        ctx.neighbours, ctx.groups, ctx.operator, ctx.sigma, ctx.weight = neighbours, groups, operator, sigma, weight
        ctx.means, ctx.denominators, ctx.type_fraction = means, denominators, type_fraction
        return F.embedding(neighbours.rank, result)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient):
        e, relation, w_key, w_query, b, p = ctx.saved_tensors
        neighbours, operator = ctx.neighbours, ctx.operator
        tail, rel, key, query = tables = _tables(neighbours, e, relation, w_key, w_query, b, operator)
        c = tail.shape[1]
        d_tail, d_rel, d_key, d_query, d_p = (torch.zeros_like(x) if x is not None else None for x in (*tables, p))
        gradient = F.embedding(neighbours.order, gradient.contiguous())
        distributed.all_reduce(gradient)
        if ctx.type_fraction is not None:
            gradient *= ctx.type_fraction
        for group, mean, denominator in zip(ctx.groups, ctx.means, ctx.denominators, strict=True):
            # of numerator / denominator: 1 / denominator towards the one, -mean / denominator towards the other
            d_total = tail.new_zeros(len(tail), _width(c))
            torch.mul(gradient, torch.where(denominator > 0, 1 / denominator, 0), out=d_total[:, :c])
            d_total[:, c] = -torch.einsum("nc,nc->n", d_total[:, :c], mean)
            for t in group:
                w, weight = neighbours.windows(t), ctx.weight[t]
                d_logit = _back_to_messages(w, weight, d_total, tail, rel, d_tail, d_rel, operator)
                if p is not None:
                    _back_to_logits(w, d_logit, key, query, p, d_key, d_query, d_p, ctx.sigma)
        d_e = F.embedding(neighbours.rank, transform_backward(d_tail, e.shape[1], operator))
        d_relation = transform_backward(d_rel, e.shape[1], operator)
        if p is None:
            return d_e, d_relation, *[None] * 9
        d_key = F.embedding(neighbours.rank, d_key)
        d_weights = d_key.T @ e, d_query.T @ relation, d_query.sum(0), d_p
        return d_e.addmm_(d_key, w_key), d_relation.addmm_(d_query, w_query), *d_weights, *[None] * 5


def _tables(
    neighbours: SampledNeighbours,
    e: Tensor,
    relation: Tensor,
    w_key: Tensor | None,
    w_query: Tensor | None,
    b: Tensor | None,
    operator: str,
) -> tuple[Tensor, Tensor, Tensor | None, Tensor | None]:
    """What is worked out once per node (by rank) or value: transformed e_j and e_n, W_key e_j, W_qry e_n + b."""
    e = F.embedding(neighbours.order, e)
    tail, rel = transform(e, operator), transform(relation, operator)
    return (tail, rel, None, None) if w_key is None else (tail, rel, e @ w_key.T, F.linear(relation, w_query, b))


def _width(c: int) -> int:
    """Columns of a table of messages and weights: c + 1 made up to a multiple of eight, which is summed faster."""
    return (c + 8) // 8 * 8


def _blocks(w: Windows) -> Iterator[slice]:
    """The positions of one type in blocks, whose rows stay in the processor's cache from one operation to the next."""
    return (slice(first, first + BLOCK) for first in range(0, len(w.rank), BLOCK))


def _activation(w: Windows, block: slice, key: Tensor, query: Tensor, sigma: str) -> Tensor:
    """σ(W_key e_j + W_qry e_n + b) of the incidences in a block: ``(b, d)``."""
    return SIGMAS[sigma](F.embedding(w.rank[block], key).add_(F.embedding(w.value[block], query)))


def _logits(
    w: Windows, key: Tensor | None, query: Tensor | None, p: Tensor | None, sigma: str, dtype: torch.dtype
) -> Tensor:
    """a_jn of each incidence of one type, as `RelationAttention`: ``(m_t,)``; zero without attention."""
    if p is None or len(w.rank) == 0:
        return torch.zeros(len(w.rank), dtype=dtype, device=w.rank.device)
    return torch.cat([_activation(w, block, key, query, sigma) @ p for block in _blocks(w)])


def _window_sum(w: Windows, weight: Tensor, tail: Tensor, relation: Tensor, operator: str) -> Tensor:
    """The sums of weight · φ(e_j, e_n) and of weight over each head's window: ``(n_nodes, c + 1)``, and zeros."""
    c = tail.shape[1]
    table = tail.new_zeros(len(w.rank), _width(c))
    table[:, c] = weight
    for block in _blocks(w):
        message = combine(F.embedding(w.rank[block], tail), F.embedding(w.value[block], relation), operator)  # Eq. 3
        torch.mul(message, weight[block].unsqueeze(1), out=table[block, :c])
    return sum_by_head(w, table)


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
    d_table = bag_sum(w.head, F.embedding(w.rank, d_total), w.head_ptr)
    d_logit, d_y = d_table[:, c] * weight, tail.new_empty(len(w.rank), c)
    for block in _blocks(w):
        x, y = F.embedding(w.rank[block], tail), F.embedding(w.value[block], relation)
        d_message = d_table[block, :c] * weight[block].unsqueeze(1)
        d_x, d_y[block] = combine_backward(d_message, x, y, operator)
        # the weight is the exponential of the logit; of a product φ(x, y), its gradient times φ is that of x times x
        factors = (d_message, combine(x, y, operator)) if operator == "add" else (d_x, x)
        d_logit[block] += torch.einsum("mc,mc->m", *factors)
        d_table[block, :c] = d_x  # takes the place of what came in
    _add_by_value(d_relation, d_y, w)
    d_tail += bag_sum(w.by_node, d_table, w.node_ptr)[:, :c]
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
    """Back through `_logits`: adds to `d_key`, `d_query` and `d_p`. What σ gave is made again, not stored."""
    d_activation = key.new_empty(len(w.rank), len(p))
    for block in _blocks(w):
        activation = _activation(w, block, key, query, sigma)
        d_p += d_logit[block] @ activation
        d_activation[block] = SIGMAS_BACKWARD[sigma](torch.outer(d_logit[block], p), activation)
    _add_by_value(d_query, d_activation, w)
    d_key += bag_sum(w.by_node, d_activation, w.node_ptr)


def sum_by_head(w: Windows, table: Tensor) -> Tensor:
    """The rows of each head's windows added up, by window and then by head: ``(m_t, c)`` to ``(n_nodes, c)``."""
    return bag_sum(w.by_node, bag_sum(w.tail, table, w.tail_ptr), w.node_ptr)


def _add_by_value(target: Tensor, rows: Tensor, w: Windows) -> None:
    """Add rows, one per position, to those of their values; values of a type and their positions stand in order."""
    every = torch.arange(len(rows), dtype=w.group_ptr.dtype, device=rows.device)
    target[w.values] += bag_sum(every, rows, w.group_ptr)


def transform_backward(gradient: Tensor, d: int, operator: str) -> Tensor:
    """The gradient towards ``(n, d)`` embeddings from that of what `ramgnn.composition.transform` made of them.

    The frequencies 1 to (d - 1) / 2 stand for two each in the inverse transform, and for one each in the gradient.
    """
    if operator != "corr":
        return gradient
    if len(gradient) == 0:
        return gradient.new_zeros(0, d)
    spectrum = torch.view_as_complex(gradient.unflatten(-1, (-1, 2)).contiguous())
    spectrum[..., 1 : (d + 1) // 2] /= 2
    return torch.fft.irfft(spectrum, n=d, norm="forward")


def combine_backward(gradient: Tensor, tail: Tensor, relation: Tensor, operator: str) -> tuple[Tensor, Tensor]:
    """The gradients of `ramgnn.composition.combine` towards both sides, from that of its result; ``(m, c)`` each."""
    if operator == "add":
        return gradient, gradient
    if operator == "mult":
        return gradient * relation, gradient * tail
    g, x, y = (torch.view_as_complex(v.unflatten(-1, (-1, 2))) for v in (gradient, tail, relation))
    # of conj(x)·y: towards x it is conj(g)·y, towards y it is g·x
    return torch.view_as_real(g.conj_physical().mul_(y)).flatten(-2), torch.view_as_real(g * x).flatten(-2)
