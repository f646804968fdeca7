"""Attention over sampled neighbours in one piece, with a backward pass by hand: what RAM-GNN trains with.

Equals `ramgnn.encoder.RAMLayer.sum_over_edges` before W_val. The logit a_jn of Eq. 6 does not depend on the head i. So
exp(a_jn) and exp(a_jn) times the message are computed once for each incidence (j, n), and for each head one sum over
its window gives numerator and denominator of the softmax. Nothing has a row for each edge.

Nodes are numbered by their rank in the order of scores, from the first line of either pass to the last, so that sums
read table rows side by side. And the backward pass makes messages and logits a second time instead of keeping them:
memory traffic costs more than arithmetic. The sums themselves are those of `ramgnn.kernels.window_lists` or, on a large
graph and with a compiler, those of `ramgnn.kernels.sliding`: the same functions, without lists.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from ramgnn import distributed
from ramgnn.attention import RelationAttention
from ramgnn.composition import transform
from ramgnn.kernels import sliding, window_lists
from ramgnn.kernels.neighbours import SampledNeighbours
from ramgnn.kernels.window_lists import Operands


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


def in_full(method: Callable[..., Any]) -> Callable[..., Any]:
    """Without autocast, which would give the matrix products in here another type than the tables have."""

    @wraps(method)
    def call(ctx, *given: Any) -> Any:
        kind = given[0].device.type
        if not torch.is_autocast_enabled(kind):
            return method(ctx, *given)
        with torch.autocast(kind, enabled=False):
            return method(ctx, *(x.float() if isinstance(x, Tensor) and x.is_floating_point() else x for x in given))

    return call


class _WindowAttention(torch.autograd.Function):
    """`attend_windows`, with a backward pass by hand."""

    @staticmethod
    @in_full
    def forward(ctx, e, relation, w_key, w_query, b, p, neighbours, relation_types, operator, sigma, softmax_over):
        windows = {t: neighbours.windows(t) for t in relation_types}
        given = _operands(neighbours, e, relation, w_key, w_query, b, p, sigma, operator)
        sums = sliding if sliding.slides(windows.values(), given) else window_lists
        given = sums.prepared(given)
        logits = {t: sums.logits(w, given) if p is not None else e.new_zeros(len(w.rank)) for t, w in windows.items()}
        highest = e.new_full((), -torch.inf)
        for a in logits.values():
            highest = torch.maximum(highest, a.max()) if len(a) else highest
        distributed.all_reduce(highest, largest=True)
        weight = {t: a.sub_(highest).exp_() for t, a in logits.items()}

        # one softmax for all types together, or one for each
        groups = [relation_types] if softmax_over == "all" else [(t,) for t in relation_types]
        tail, c = given.tail, given.tail.shape[1]
        totals = []
        for group in groups:
            room = sums.zeros(tail, _width(c), windows.values())
            for t in group:
                sums.add_windows(windows[t], weight[t], given, room)
            total = room[: len(tail)]
            distributed.all_reduce(total)
            totals.append(total)
        denominators = [total[:, c : c + 1].clone() for total in totals]
        means = [total[:, :c] / d.where(d > 0, 1) for total, d in zip(totals, denominators, strict=True)]  # Eq. 7, 8
        type_fraction = None  # one over the types that a head has neighbours of, where the types are averaged
        if softmax_over == "type" and relation_types:
            type_fraction = 1 / sum((d > 0).to(e.dtype) for d in denominators).clamp(min=1)
        result = means[0] if len(means) == 1 else sum(means, torch.zeros_like(tail))
        result = result if type_fraction is None else result * type_fraction
        ctx.save_for_backward(e, relation, w_key, w_query, b, p)
        ctx.neighbours, ctx.groups, ctx.operator, ctx.sigma, ctx.weight = neighbours, groups, operator, sigma, weight
        ctx.means, ctx.denominators, ctx.type_fraction, ctx.sums = means, denominators, type_fraction, sums
        return F.embedding(neighbours.rank, result)

    @staticmethod
    @torch.autograd.function.once_differentiable
    @in_full
    def backward(ctx, gradient):
        e, relation, w_key, w_query, b, p = ctx.saved_tensors
        neighbours, operator, sums = ctx.neighbours, ctx.operator, ctx.sums
        windows = {t: neighbours.windows(t) for group in ctx.groups for t in group}
        given = sums.prepared(_operands(neighbours, e, relation, w_key, w_query, b, p, ctx.sigma, operator))
        n, n_values, c = len(given.tail), len(given.relation), given.tail.shape[1]

        def room(x: Tensor | None) -> Tensor | None:
            return None if x is None else sums.zeros(x, x.shape[1], windows.values())

        d_tail, d_rel, d_key, d_query = map(room, (given.tail, given.relation, given.key, given.query))
        d_p = None if p is None else torch.zeros_like(p)
        gradient = F.embedding(neighbours.order, gradient.contiguous())
        distributed.all_reduce(gradient)
        if ctx.type_fraction is not None:
            gradient *= ctx.type_fraction
        for group, mean, denominator in zip(ctx.groups, ctx.means, ctx.denominators, strict=True):
            # of numerator / denominator: 1 / denominator towards the one, -mean / denominator towards the other
            d_total = gradient.new_empty(n, _width(c))
            d_total[:, c + 1 :] = 0
            torch.mul(gradient, torch.where(denominator > 0, 1 / denominator, 0), out=d_total[:, :c])
            d_total[:, c] = -torch.einsum("nc,nc->n", d_total[:, :c], mean)
            d_bounds = sums.bounds(d_total)
            for t in group:
                d_logit = sums.back_to_messages(windows[t], ctx.weight[t], d_total, d_bounds, given, d_tail, d_rel)
                if p is not None:
                    sums.back_to_logits(windows[t], d_logit, given, d_key, d_query, d_p)
        d_e = F.embedding(neighbours.rank, transform_backward(d_tail[:n], e.shape[1], operator))
        d_relation = transform_backward(d_rel[:n_values], e.shape[1], operator)
        if p is None:
            return d_e, d_relation, *[None] * 9
        d_key, d_query = F.embedding(neighbours.rank, d_key[:n]), d_query[:n_values]
        d_weights = d_key.T @ e, d_query.T @ relation, d_query.sum(0), d_p
        return d_e.addmm_(d_key, w_key), d_relation.addmm_(d_query, w_query), *d_weights, *[None] * 5


def _operands(
    neighbours: SampledNeighbours,
    e: Tensor,
    relation: Tensor,
    w_key: Tensor | None,
    w_query: Tensor | None,
    b: Tensor | None,
    p: Tensor | None,
    sigma: str | None,
    operator: str,
) -> Operands:
    """What is worked out once per node (by rank) or value: transformed e_j and e_n, W_key e_j, W_qry e_n + b."""
    e = F.embedding(neighbours.order, e)
    key, query = (None, None) if w_key is None else (e @ w_key.T, F.linear(relation, w_query, b))
    return Operands(transform(e, operator), transform(relation, operator), key, query, p, sigma, operator)


def _width(c: int) -> int:
    """Columns of a table of messages and weights: c + 1 made up to a multiple of eight, which is summed faster."""
    return (c + 8) // 8 * 8


def transform_backward(gradient: Tensor, d: int, operator: str) -> Tensor:
    """The gradient towards ``(n, d)`` embeddings from that of what `ramgnn.composition.transform` made of them.

    The frequencies 1 to (d - 1) / 2 stand for two each in the inverse transform, and for one each in the gradient.
    `gradient` is overwritten.
    """
    if operator != "corr":
        return gradient
    if len(gradient) == 0:
        return gradient.new_zeros(0, d)
    each = gradient.new_ones(gradient.shape[1])
    each[2 : (d + 1) // 2 * 2] = 0.5
    spectrum = torch.view_as_complex(gradient.mul_(each).unflatten(-1, (-1, 2)))
    return torch.fft.irfft(spectrum, n=d, norm="forward")
