"""The sums over windows by lists of positions, in blocks that stay in the processor's cache.

`ramgnn.kernels.sliding` gives the same without lists where there is a compiler.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from ramgnn import distributed
from ramgnn.attention import SIGMAS
from ramgnn.composition import combine
from ramgnn.kernels.neighbours import SampledNeighbours, Windows
from ramgnn.kernels.sums import bag_sum

BLOCK = 8192  # incidences worked on at a time: 2 MB of 64 floats each, which stays in the processor's cache

# back through each activation, from the gradient and the value that it gave
SIGMAS_BACKWARD = {
    "tanh": torch.ops.aten.tanh_backward,
    "leaky_relu": lambda gradient, z: torch.ops.aten.leaky_relu_backward(gradient, z, 0.01, True),
    "sigmoid": torch.ops.aten.sigmoid_backward,
}


@dataclass(frozen=True)
class Operands:
    """What the sums of one layer are made of.

    Attributes:
        tail: ``(n_nodes, c)`` e_j by rank; relation: ``(n_values, c)`` e_n; both as `ramgnn.composition.transform` has
            them.
        key: ``(n_nodes, d)`` W_key e_j by rank; query: ``(n_values, d)`` W_qry e_n + b; p: ``(d,)``; None without
            attention.
        sigma: σ; operator: φ.
    """

    tail: Tensor
    relation: Tensor
    key: Tensor | None
    query: Tensor | None
    p: Tensor | None
    sigma: str | None
    operator: str


def prepared(given: Operands) -> Operands:
    """What is worked out once for all relation types."""
    return given


def zeros(like: Tensor, width: int, windows: Sequence[Windows]) -> Tensor:
    """Room for what is added up, a row for each row of `like`; there may be more rows behind them."""
    return like.new_zeros(len(like), width)


def bounds(x: Tensor) -> Tensor | None:
    """What is to be known of the rows that are added up."""
    return None


def logits(w: Windows, given: Operands) -> Tensor:
    """a_jn of each incidence of one type, as `RelationAttention`: ``(m_t,)``."""
    if len(w.rank) == 0:
        return given.tail.new_zeros(0)
    return torch.cat([_activation(w, block, given) @ given.p for block in _blocks(w)])


def add_windows(w: Windows, weight: Tensor, given: Operands, total: Tensor) -> None:
    """Add the sums of weight · φ(e_j, e_n) and of weight over each head's window to `total`: ``(n_nodes, > c)``."""
    c = given.tail.shape[1]
    table = given.tail.new_zeros(len(w.rank), total.shape[1])
    table[:, c] = weight
    for block in _blocks(w):
        torch.mul(combine(*_both(w, block, given), given.operator), weight[block].unsqueeze(1), out=table[block, :c])
    total += sum_by_head(w, table)


def back_to_messages(
    w: Windows, weight: Tensor, d_total: Tensor, d_bounds: Tensor | None, given: Operands, d_tail: Tensor,
    d_relation: Tensor,
) -> Tensor:  # fmt: skip
    """Back through `add_windows`: adds to `d_tail` and `d_relation`, returns the gradient of the logits ``(m_t,)``."""
    c, operator = given.tail.shape[1], given.operator
    d_table = bag_sum(w.head, F.embedding(w.rank, d_total), w.head_ptr)
    d_logit, d_y = d_table[:, c] * weight, d_table.new_empty(len(w.rank), c)
    for block in _blocks(w):
        x, y = _both(w, block, given)
        d_message = d_table[block, :c] * weight[block].unsqueeze(1)
        d_x, d_y[block] = combine_backward(d_message, x, y, operator)
        # the weight is the exponential of the logit; of a product φ(x, y), its gradient times φ is that of x times x
        factors = (d_message, combine(x, y, operator)) if operator == "add" else (d_x, x)
        d_logit[block] += torch.einsum("mc,mc->m", *factors)
        d_table[block, :c] = d_x  # takes the place of what came in
    _add_by_value(d_relation, d_y, w)
    d_tail += bag_sum(w.by_node, d_table, w.node_ptr)[:, :c]
    return d_logit


def back_to_logits(w: Windows, d_logit: Tensor, given: Operands, d_key: Tensor, d_query: Tensor, d_p: Tensor) -> None:
    """Back through `logits`: adds to `d_key`, `d_query` and `d_p`. What σ gave is made again, not stored."""
    d_activation = given.key.new_empty(len(w.rank), len(given.p))
    for block in _blocks(w):
        activation = _activation(w, block, given)
        d_p += d_logit[block] @ activation
        d_activation[block] = SIGMAS_BACKWARD[given.sigma](torch.outer(d_logit[block], given.p), activation)
    _add_by_value(d_query, d_activation, w)
    d_key += bag_sum(w.by_node, d_activation, w.node_ptr)


def sum_by_head(w: Windows, table: Tensor) -> Tensor:
    """The rows of each head's windows added up, by window and then by head: ``(m_t, c)`` to ``(n_nodes, c)``."""
    return bag_sum(w.by_node, bag_sum(w.tail, table, w.tail_ptr), w.node_ptr)


def weights_by_head(weight: Tensor, neighbours: SampledNeighbours) -> Tensor:
    """What the sampled neighbours of each head weigh, by type: ``(m,)`` by position to ``(n_nodes, n_types)``."""
    windows = [neighbours.windows(t) for t in range(neighbours.n_types)]
    total = torch.cat([sum_by_head(w, weight[w.positions].unsqueeze(1)) for w in windows], 1)
    distributed.all_reduce(total)
    return total[neighbours.rank]


def _blocks(w: Windows) -> Iterator[slice]:
    """The positions of one type in blocks, whose rows stay in the processor's cache from one operation to the next."""
    return (slice(first, first + BLOCK) for first in range(0, len(w.rank), BLOCK))


def _both(w: Windows, block: slice, given: Operands) -> tuple[Tensor, Tensor]:
    """e_j and e_n of the incidences in a block: ``(b, c)`` each."""
    return F.embedding(w.rank[block], given.tail), F.embedding(w.value[block], given.relation)


def _activation(w: Windows, block: slice, given: Operands) -> Tensor:
    """σ(W_key e_j + W_qry e_n + b) of the incidences in a block: ``(b, d)``."""
    key, query = F.embedding(w.rank[block], given.key), F.embedding(w.value[block], given.query)
    return SIGMAS[given.sigma](key.add_(query))


def _add_by_value(target: Tensor, rows: Tensor, w: Windows) -> None:
    """Add rows, one per position, to those of their values; values of a type and their positions stand in order."""
    every = torch.arange(len(rows), dtype=w.group_ptr.dtype, device=rows.device)
    target[w.values] += bag_sum(every, rows, w.group_ptr)


def combine_backward(gradient: Tensor, tail: Tensor, relation: Tensor, operator: str) -> tuple[Tensor, Tensor]:
    """The gradients of `ramgnn.composition.combine` towards both sides, from that of its result; ``(m, c)`` each."""
    if operator == "add":
        return gradient, gradient
    if operator == "mult":
        return gradient * relation, gradient * tail
    g, x, y = (torch.view_as_complex(v.unflatten(-1, (-1, 2))) for v in (gradient, tail, relation))
    # of conj(x)·y: towards x it is conj(g)·y, towards y it is g·x
    return torch.view_as_real(g.conj_physical().mul_(y)).flatten(-2), torch.view_as_real(g * x).flatten(-2)
