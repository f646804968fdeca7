"""The sums over windows that slide: for each head only the rows that enter and leave. Compiled, on the CPU.

In a group of nodes that share a value, in the order of their scores, the sampled neighbours of a head are a window
around it, and the window of the next head is mostly the same. Some two rows differ, on average; more of them where the
values of a node share its neighbours, which makes windows of different sizes, but fewer than there are in a window. So
a sum is kept, rows that enter are added to it and rows that leave are taken off: no list of edges, no row for an
incidence. What that may lose is said, and bounded, in `ramgnn.kernels.sliding_loops`.

Back from the sums it is the same again: the heads whose windows hold an incidence are those that have begun and not
ended. The functions are those of `ramgnn.kernels.window_lists`, by lists.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from functools import cache
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from ramgnn.composition import OPERATORS
from ramgnn.errors import RamgnnWarning
from ramgnn.kernels import sliding_loops, window_loops
from ramgnn.kernels.compiled import LARGE, how_to_install, installed, wanted
from ramgnn.kernels.neighbours import SampledNeighbours, Windows
from ramgnn.kernels.sliding_loops import LEAKY, SIGMOID, TANH
from ramgnn.kernels.window_lists import Operands

LEAST = LARGE  # incidences of a layer
MOST = 85.0  # of |2 key| and |2 query|: their exponentials are float32 numbers that are neither zero nor infinite
STEPS = {"tanh": 2, "sigmoid": 1}  # σ is a function of e^(step · x)
CODES = {"tanh": TANH, "sigmoid": SIGMOID, "leaky_relu": LEAKY}


def slides(windows: Collection[Windows], given: Operands) -> bool:
    """Whether the sums over these windows can run and pay.

    That takes float32 on the CPU, enough of them, a compiler, and keys and queries within `MOST`, see `Prepared`.
    """
    tensors = [x for name in fields(given) if isinstance(x := getattr(given, name.name), Tensor)]
    if sum(len(w.rank) for w in windows) < LEAST or any(x.dtype != torch.float32 for x in tensors):
        return False
    if not wanted(*tensors):
        return False
    if not installed():
        _advise()
        return False
    if given.sigma not in STEPS:
        return True
    far = [float(x.detach().abs().amax()) for x in (given.key, given.query) if x.numel()]
    return all(STEPS[given.sigma] * x <= MOST for x in far)  # not so where one of them is NaN


@cache
def _advise() -> None:
    """Say once what would make it faster."""
    text = f"on graphs of this size training is faster with a compiler: {how_to_install()}"
    warnings.warn(text, RamgnnWarning, stacklevel=2)


@dataclass(frozen=True)
class Prepared(Operands):
    """The operands with what the loops read instead of them.

    tanh x = 1 - 2 / (e^(2x) + 1), and the sigmoid is 1 - 1 / (e^x + 1). So `key` and `query` are exponentials, of a sum
    their product is taken, and no exponential is computed in a loop. Each must be a number of float32, hence `MOST`;
    their product may well be zero or infinite, for then σ is -1 (or 0) or 1 to the last bit. What σ gives is right to
    1e-7 of 1, not of itself: where all keys and queries are below some 1e-3, the gradient of p has fewer digits than by
    lists.

    Attributes:
        bounds: ``(n_nodes,)`` the largest number of each row of `tail`.
    """

    bounds: Tensor


def prepared(given: Operands) -> Prepared:
    """What is worked out once for all relation types."""
    values = {field.name: getattr(given, field.name) for field in fields(Operands)}
    values |= {name: x.detach() for name, x in values.items() if isinstance(x, Tensor)}
    if given.sigma in STEPS:
        values |= {name: (STEPS[given.sigma] * values[name]).exp_() for name in ("key", "query")}
    return Prepared(**values, bounds=bounds(given.tail))


def bounds(x: Tensor) -> Tensor:
    """The largest number of each row, without its sign: ``(n, c)`` to ``(n,)``."""
    x = x.detach()
    return torch.maximum(x.amax(1), -x.amin(1))


def zeros(like: Tensor, width: int, windows: Sequence[Windows]) -> Tensor:
    """Room for what is added up, a row for each row of `like`; behind them are rows for threads, see `Shares`."""
    more = max((shares(w).n_more for w in windows), default=0)
    return like.new_zeros(len(like) + more, width)


# ---- the four sums ---------------------------------------------------------------------------------------------------


def logits(w: Windows, given: Prepared) -> Tensor:
    """a_jn of each incidence of one type: ``(m_t,)``."""
    found = given.key.new_empty(len(w.rank))
    arrays = _arrays(w.rank, w.value, given.key, given.query, given.p, found)
    _at_once(w, lambda _, first, last: sliding_loops.logit_loop(*arrays, CODES[given.sigma], first, last))
    return found


def add_windows(w: Windows, weight: Tensor, given: Prepared, total: Tensor) -> None:
    """Add the sums of weight · φ(e_j, e_n) and of weight over each head's window to `total`: ``(≥ n_nodes, > c)``.

    The value is the same in all of a window, so φ is taken once of the sum of weight · e_j.
    """
    share = shares(w)
    arrays = _arrays(
        w.rank,
        w.group_ptr,
        w.value,
        w.start,
        w.size,
        share.row,
        weight,
        given.bounds,
        given.tail,
        given.relation,
        total,
    )
    operator = OPERATORS.index(given.operator)
    _at_once(w, lambda _, first, last: sliding_loops.window_sum_loop(*arrays, operator, first, last))
    gather(total, w.n_nodes, share.nodes)


def back_to_messages(
    w: Windows, weight: Tensor, d_total: Tensor, d_bounds: Tensor, given: Prepared, d_tail: Tensor, d_relation: Tensor
) -> Tensor:
    """Back through `add_windows`: adds to `d_tail` and `d_relation`, returns the gradient of the logits ``(m_t,)``.

    Args:
        d_total: ``(n_nodes, > c)``; d_bounds: ``(n_nodes,)`` the largest number of each of its rows.
    """
    share, d_logit = shares(w), torch.zeros_like(weight)
    arrays = _arrays(
        w.rank, w.group_ptr, w.value, w.start, w.size, share.row, share.value_row, *w.beginning_and_ending, weight,
        d_bounds, d_total, given.tail, given.relation, d_logit, d_tail, d_relation,
    )  # fmt: skip
    operator = OPERATORS.index(given.operator)
    _at_once(w, lambda _, first, last: sliding_loops.window_gradient_loop(*arrays, operator, first, last))
    gather(d_tail, w.n_nodes, share.nodes)
    gather(d_relation, w.n_values, share.values)
    return d_logit


def back_to_logits(w: Windows, d_logit: Tensor, given: Prepared, d_key: Tensor, d_query: Tensor, d_p: Tensor) -> None:
    """Back through `logits`: adds to `d_key`, `d_query` and `d_p`."""
    share = shares(w)
    arrays = _arrays(
        w.rank, w.value, share.row, share.value_row, d_logit, given.key, given.query, given.p, d_key, d_query
    )
    d_ps = np.zeros((len(share.begins), len(d_p)), np.float32)

    def work(part: int, first: int, last: int) -> None:
        sliding_loops.logit_gradient_loop(*arrays, CODES[given.sigma], first, last, d_ps[part])

    _at_once(w, work)
    d_p += torch.from_numpy(d_ps.sum(0))
    gather(d_key, w.n_nodes, share.nodes)
    gather(d_query, w.n_values, share.values)


def weights_by_head(weight: Tensor, neighbours: SampledNeighbours) -> Tensor:
    """What the sampled neighbours of each head weigh, by type: ``(m,)`` by position to ``(n_nodes, n_types)`` float64.

    Numbers are so cheap that each window is added up anew, and nothing is lost where weights lie far apart.
    """
    total = torch.zeros_like(neighbours.counts, dtype=torch.float64)
    arrays = _arrays(weight, neighbours.start, neighbours.size, neighbours.head_type, total.view(-1))
    window_loops.weight_loop(*arrays)
    return total


def _arrays(*tensors: Tensor) -> list[np.ndarray]:
    return [x.numpy() for x in tensors]


# ---- threads ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Shares:
    """How threads share the positions of a type so that no two of them ever write to one row.

    Each takes a stretch of positions. A node is in several stretches only if it has several values of the type, and a
    value only if its group is cut. Each stretch but the first has rows of its own for such as these, behind the others:
    there are never more of them than positions.

    Attributes:
        begins: where the stretches begin.
        row, value_row: ``(m_t,)`` which row each position adds to, among those of nodes and of values.
        nodes, values: ``(r,)`` and ``(n_stretches - 1,)`` whose the rows behind the others are.
    """

    begins: list[int]
    row: Tensor
    value_row: Tensor
    nodes: Tensor
    values: Tensor

    @property
    def n_more(self) -> int:
        """Rows behind the others."""
        return max(len(self.nodes), len(self.values))


def gather(table: Tensor, n: int, whose: Tensor) -> None:
    """Add the rows behind the first `n` of a table to those whose they are, and empty them."""
    behind = table[n : n + len(whose)]
    table.index_add_(0, whose, behind.clone())
    behind.zero_()


def shares(w: Windows) -> Shares:
    """How PyTorch's threads share the positions; worked out once."""
    n = torch.get_num_threads()
    if n not in w.shares:
        w.shares[n] = _shares(w, n)
    return w.shares[n]


def _shares(w: Windows, n: int) -> Shares:
    m = len(w.rank)
    n = max(1, min(n, m))  # nobody gets an empty stretch
    begins = [m * part // n for part in range(n)]
    several = torch.bincount(w.rank, minlength=w.n_nodes) > 1
    row, value_row, nodes, values = w.rank.clone(), w.value.clone(), [w.rank[:0].long()], []
    behind = w.n_nodes
    for part, (first, last) in enumerate(list(pairwise([*begins, m]))[1:]):
        shared = several[w.rank[first:last]]
        own, number = w.rank[first:last][shared].long().unique(return_inverse=True)
        row[first:last][shared] = (behind + number).int()
        nodes.append(own)
        behind += len(own)
        values.append(int(w.value[first]))  # whose group the stretch before may have begun
        value_row[first:last][w.value[first:last] == values[-1]] = w.n_values + part
    return Shares(begins, row, value_row, torch.cat(nodes), torch.tensor(values, dtype=torch.int64))


def _at_once(w: Windows, work: Callable[[int, int, int], None]) -> None:
    """Call ``work(part, first, last)`` for the stretch of each thread, at the same time."""
    begins = shares(w).begins
    ends = [*begins[1:], len(w.rank)]
    if len(begins) == 1:
        work(0, 0, len(w.rank))
    else:
        list(_pool(len(begins)).map(work, range(len(begins)), begins, ends))


@cache
def _pool(n: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(n, "sliding")


if hasattr(os, "register_at_fork"):  # a copy of the process has none of its threads
    os.register_at_fork(after_in_child=_pool.cache_clear)
