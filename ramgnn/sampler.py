"""The Reinforced Neighbour Sampler, Eq. 9–14: how far apart, which k nearest, and how large k should be.

The distance of Eq. 9 compares two scalars. In a group of nodes that share a value, sorted by that scalar, the k
nearest of a node therefore stand in one window around it, which a binary search finds; no edge is ever listed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import torch
from scipy.sparse import csr_matrix
from torch import Tensor, nn

from ramgnn import distributed
from ramgnn.errors import DivergedError
from ramgnn.graph import MultiRelationalGraph


class NodeScore(nn.Module):
    """σ(MLP(e)) of Eq. 9: one scalar in (0, 1) for each node."""

    def __init__(self, dim: int, hidden: int = 32) -> None:
        super().__init__()
        self.mlp = nn.Sequential(nn.Linear(dim, hidden), nn.LeakyReLU(), nn.Linear(hidden, 1))

    def forward(self, e: Tensor) -> Tensor:
        """``(n, d)`` embeddings to ``(n,)`` scores."""
        return torch.sigmoid(self.mlp(e).squeeze(-1))


def distance(a: Tensor, b: Tensor) -> Tensor:
    """d(e_i, e_j) of Eq. 9, from the two scores; in [0, 1)."""
    return (a - b).abs()


def similarity(a: Tensor, b: Tensor) -> Tensor:
    """s(e_i, e_j) = 1 - d(e_i, e_j), Eq. 10; in (0, 1]."""
    return 1 - distance(a, b)


def similarity_logit(scores: Tensor, i: Tensor, j: Tensor) -> Tensor:
    """The logit of s(e_i, e_j), which the cross-entropies of Eq. 11 and 16 take.

    Args:
        scores: ``(n,)`` of Eq. 9; i: ``(b,)`` heads; j: ``(b, c)`` tails of each.

    Returns:
        ``(b, c)``, finite: s is kept a millionth away from 0 and 1.
    """
    s = similarity(scores.index_select(0, i).unsqueeze(1), scores.index_select(0, j.flatten()).view_as(j))
    return torch.logit(s.clamp(1e-6, 1 - 1e-6))


@dataclass(frozen=True)
class Windows:
    """The kept neighbours of one relation type as lists of places, for the sums of the encoder.

    Incidences go by their place among those of the type in the order of (value, score), heads and tails alike, and
    nodes by their rank in the order of scores. Windows next to each other then ask for table rows next to each other,
    however large the graph is, which is what makes the sums run at the speed of the processor's cache.

    Attributes:
        rank: ``(m_t,)`` the node at each place; value: ``(m_t,)`` its value.
        places: ``(m_t,)`` which of all places these are: those of the type that are not alone in their group; with
            several processes a share of those.
        values: the values that these are of.
        tail: ``(e_t,)`` the places that each place adds up, ``tail_ptr``: ``(m_t + 1,)`` where those of a place begin.
        head: ``(e_t,)`` the same edges by tail: the places that add each place up, ``head_ptr``: ``(m_t + 1,)``.
        own: ``(m_t,)`` the places by node, ``own_ptr``: ``(n_nodes + 1,)``.
        group_ptr: where the places of each value of this type begin, and where the last end.
    """

    rank: Tensor
    value: Tensor
    places: Tensor
    values: slice
    tail: Tensor
    tail_ptr: Tensor
    head: Tensor
    head_ptr: Tensor
    own: Tensor
    own_ptr: Tensor
    group_ptr: Tensor


@dataclass(frozen=True)
class Selection:
    """The neighbours that the sampler keeps, N_kt(i) for every node i and type t, as windows.

    The incidences are put in the order of (value, score); there, what a head keeps of one of its values stands around
    the head itself without a gap. So two numbers per incidence say everything, however large k is. The lists of edges
    below are worked out when they are asked for.

    Attributes:
        graph: the graph.
        scores: ``(n_nodes,)`` of Eq. 9, that the choice was made by.
        order: ``(n_nodes,)`` the nodes by (score, index); rank: ``(n_nodes,)`` its inverse.
        place: ``(m,)`` the incidences in the order of (value, score).
        start, size: ``(m,)`` for the incidence at place p the neighbours are at ``start[p]`` to ``start[p] + size[p]``
            without p itself, `size[p]` of them.
    """

    graph: MultiRelationalGraph
    scores: Tensor
    order: Tensor
    rank: Tensor
    place: Tensor
    start: Tensor
    size: Tensor

    @property
    def n_types(self) -> int:
        """Number of relation types."""
        return self.graph.n_types

    @property
    def incidence(self) -> Tensor:
        """``(e,)`` tail incidences, those of one head and type next to each other, heads in order."""
        return self.edges[0]

    @property
    def ptr(self) -> Tensor:
        """``(n_nodes * n_types + 1,)`` where those of head i and type t begin, at ``ptr[i * n_types + t]``."""
        return self.edges[1]

    @property
    def distance(self) -> Tensor:
        """``(e,)`` the distance of each, Eq. 9."""
        return self.edges[2]

    @property
    def head_ptr(self) -> Tensor:
        """``(n_nodes + 1,)`` where the neighbours of each head begin."""
        return self.ptr[:: self.n_types]

    @property
    def head(self) -> Tensor:
        """``(e,)`` the head of each kept edge."""
        size = self.head_ptr.diff()
        return torch.arange(len(size), device=size.device).repeat_interleave(size, output_size=len(self.incidence))

    @property
    def bag(self) -> Tensor:
        """``(m,)`` which head and type the window at each place is of, ``i * n_types + t``."""
        return self.graph.node[self.place] * self.n_types + self.graph.type

    @cached_property
    def counts(self) -> Tensor:
        """``(n_nodes, n_types)`` how many edges each node keeps of each type."""
        graph = self.graph
        return _count(self.bag, self.size, graph.n_nodes * graph.n_types).view(-1, graph.n_types)

    @cached_property
    def edges(self) -> tuple[Tensor, Tensor, Tensor]:
        """`incidence`, `ptr` and `distance`: one entry per kept edge, by head and type, then by value and score."""
        graph = self.graph
        where = torch.empty_like(self.place)
        where[self.place] = torch.arange(len(self.place), device=where.device)
        here = where[graph.by_node]
        tails = self.place[_around(here, self.start[here], self.size[here])]
        heads = graph.node[graph.by_node].repeat_interleave(self.size[here], output_size=len(tails))
        gap = (self.scores[heads] - self.scores[graph.node[tails]]).abs()
        return tails, _pointers(self.counts.flatten()), gap

    @cached_property
    def _windows(self) -> dict[int, Windows]:
        return {}

    def windows(self, type: int) -> Windows:
        """The kept neighbours of one type as lists of places, this process's share of them; worked out once."""
        if type not in self._windows:
            self._windows[type] = self._list_windows(type)
        return self._windows[type]

    def _list_windows(self, t: int) -> Windows:
        graph = self.graph
        values = _own_values(graph, t)
        first, last = int(graph.value_ptr[values.start]), int(graph.value_ptr[values.stop])
        # whoever is alone in a group sends no message and gets none
        several = graph.group_size[graph.value[first:last]] > 1
        places = several.nonzero()[:, 0] + first
        fewer = torch.arange(last - first, device=places.device) - (several.cumsum(0) - 1) + first  # and so stand lower
        rank = self.rank[graph.node[self.place[places]]]
        here = torch.arange(len(places), device=places.device)
        size = self.size[places]
        tail = _around(here, self.start[places] - fewer[several], size).int()
        tail_ptr = _pointers(size).int()
        head, head_ptr = _turn(tail, tail_ptr, len(places))
        return Windows(
            rank=rank.int(),
            value=graph.value[places].int(),
            places=places,
            values=values,
            tail=tail,
            tail_ptr=tail_ptr,
            head=head,
            head_ptr=head_ptr,
            own=torch.argsort(rank, stable=True).int(),
            own_ptr=_pointers(torch.bincount(rank, minlength=graph.n_nodes)).int(),
            group_ptr=_pointers(
                torch.bincount(graph.value[places] - values.start, minlength=values.stop - values.start)
            ).int(),
        )

    def without(self, type: int) -> Selection:
        """The same neighbours less those of one type."""
        stays = self.graph.type != type
        here = torch.arange(len(self.place), device=stays.device)
        return replace(self, start=torch.where(stays, self.start, here), size=self.size * stays)

    def of(self, node: int, type: int | None = None) -> Tensor:
        """The tail incidences kept for one node, of one type or of all."""
        first = node * self.n_types + (type or 0)
        last = first + (self.n_types if type is None else 1)
        return self.incidence[self.ptr[first] : self.ptr[last]]


def _own_values(graph: MultiRelationalGraph, t: int) -> slice:
    """The values of type t whose groups this process works on: about as many incidences as every other has.

    Groups are not cut, so windows are not either.
    """
    first, last = (int(x) for x in torch.searchsorted(graph.value_type, torch.tensor([t, t + 1]).to(graph.node)))
    begin, n = graph.value_ptr[first : last + 1], int(graph.type_ptr[t + 1] - graph.type_ptr[t])
    share = distributed.part(n)
    bounds = torch.tensor([share.start, share.stop]).to(begin) + begin[0]
    low, high = (first + int(x) for x in torch.searchsorted(begin, bounds))
    return slice(low, last if share.stop == n else high)


def _turn(index: Tensor, ptr: Tensor, n: int) -> tuple[Tensor, Tensor]:
    """Lists of tails by head turned into lists of heads by tail: ``(e,)`` and ``(n + 1,)``, heads in order.

    On the CPU SciPy does it by counting, several times faster than a sort.
    """
    if index.device.type == "cpu":
        ones = np.ones(len(index), np.int8)
        turned = csr_matrix((ones, index.numpy(), ptr.numpy()), shape=(len(ptr) - 1, n)).tocsc()
        return torch.from_numpy(turned.indices), torch.from_numpy(turned.indptr)
    size = ptr.diff()
    head = torch.arange(len(size), dtype=ptr.dtype, device=ptr.device).repeat_interleave(size, output_size=len(index))
    return head[torch.sort(index, stable=True)[1]], _pointers(torch.bincount(index, minlength=n)).int()


def _pointers(sizes: Tensor) -> Tensor:
    """Where groups of these sizes begin, and where the last one ends: ``(len(sizes) + 1,)``."""
    ptr = torch.zeros(len(sizes) + 1, dtype=torch.int64, device=sizes.device)
    torch.cumsum(sizes, 0, out=ptr[1:])
    return ptr


def _count(bag: Tensor, size: Tensor, n: int) -> Tensor:
    """The sizes of each of n bags added up: ``(n,)``."""
    return torch.zeros(n, dtype=torch.int64, device=size.device).index_add_(0, bag, size)


def _around(here: Tensor, start: Tensor, size: Tensor) -> Tensor:
    """The places ``start`` to ``start + size`` without ``here``, of one window after the other."""
    before = here - start
    first = torch.stack([start, here + 1], 1).flatten()
    count = torch.stack([before, size - before], 1).flatten()
    total = int(size.sum())
    shift = (first - (count.cumsum(0) - count)).repeat_interleave(count, output_size=total)
    return shift.add_(torch.arange(total, device=here.device))


def top_k(graph: MultiRelationalGraph, scores: Tensor, k: Sequence[int], per: str = "type") -> Selection:
    """The exact k_t nearest neighbours of every node under every relation type.

    An edge counts once per shared value: a film with the same two actors fills two places. Nearest is by
    ``|score_i - score_j|`` in float32; of equal distances the node that stands closer in the order of (score, index)
    comes first, then the lower one, then the lower value. The result is therefore the same on every machine.

    Args:
        graph: the graph.
        scores: ``(n_nodes,)`` scalars of Eq. 9.
        k: one threshold per type, each at least 1.
        per: ``"type"`` keeps k_t edges per type; ``"value"`` keeps k_t for each value of the node (reading R14).

    Raises:
        DivergedError: a score is not finite.
        ValueError: `k` does not fit the types.

    The cost is O(m log m + m log k) for m incidences, whatever the number of edges.
    """
    if len(k) != graph.n_types or min(k) < 1:
        raise ValueError(f"k is {list(k)}; expected {graph.n_types} thresholds of at least 1")
    scores = scores.detach().float()
    if not bool(torch.isfinite(scores).all()):
        bad = int((~torch.isfinite(scores)).sum())
        raise DivergedError(f"{bad} of {len(scores)} node scores are not finite; try a lower learning rate")
    order = torch.argsort(scores, stable=True)
    rank = torch.empty_like(order)
    rank[order] = torch.arange(len(order), device=scores.device)
    # sort every value group by rank; the groups themselves stay where they are
    place = torch.argsort(graph.value * graph.n_nodes + rank[graph.node])
    limit = torch.as_tensor(k, device=scores.device)[graph.type]
    start, size = _nearest(graph, place, limit, scores, rank)
    if per == "type":
        _share(graph, place, limit, scores, rank, start, size)
    return Selection(graph, scores, order, rank, place, start, size)


def _nearest(
    graph: MultiRelationalGraph, place: Tensor, limit: Tensor, scores: Tensor, rank: Tensor
) -> tuple[Tensor, Tensor]:
    """The windows of the nearest in each value group, by binary search: start and size, ``(m,)`` each."""
    first, last = graph.value_ptr[graph.value], graph.value_ptr[graph.value + 1] - 1
    size = torch.minimum(last - first, limit)  # how many neighbours there are to take
    start = first.clone()
    here = (size < last - first).nonzero()[:, 0]  # in the other groups all are taken
    by_place = graph.node[place]
    s, r = scores[by_place], rank[by_place]
    own_s, own_r, n, last = s[here], r[here], size[here], last[here]
    # leftmost start of a window of n + 1 places around `here`, by binary search on "is the place left of the
    # window's end still nearer than the one right after it"
    low, high = torch.maximum(first[here], here - n), torch.minimum(here, last - n)
    for _ in range(int(n.max()).bit_length() if len(n) else 0):
        middle = (low + high) // 2
        beyond = torch.minimum(middle + n + 1, last)
        left, right = (own_s - s.take(middle)).abs(), (s.take(beyond) - own_s).abs()
        move = (left > right) | ((left == right) & ((own_r - r.take(middle)).abs() > (r.take(beyond) - own_r).abs()))
        move &= low < high
        low, high = torch.where(move, middle + 1, low), torch.where(move | (low >= high), high, middle)
    start[here] = low
    return start, size


def _share(
    graph: MultiRelationalGraph, place: Tensor, limit: Tensor, scores: Tensor, rank: Tensor, start: Tensor, size: Tensor
) -> None:
    """Let the values that a node has of one type share k_t places: the nearest of all its windows stay, in place.

    What stays of a window is a smaller window, since within a group nobody is kept before somebody nearer.
    """
    bag = graph.node[place] * graph.n_types + graph.type
    found = _count(bag, size, graph.n_nodes * graph.n_types)
    rows = (found[bag] > limit).nonzero()[:, 0]
    if len(rows) == 0:
        return
    tail = _around(rows, start[rows], size[rows])
    row = torch.arange(len(rows), device=bag.device).repeat_interleave(size[rows], output_size=len(tail))
    head_node, tail_node = graph.node[place[rows]][row], graph.node[place[tail]]
    gap, apart = (scores[head_node] - scores[tail_node]).abs(), rank[head_node] - rank[tail_node]
    key = (gap.view(torch.int32).long() << 32) + 2 * apart.abs() + (apart < 0)
    own = bag[rows][row]
    by = torch.argsort(place[tail], stable=True)
    by = by[torch.argsort(key[by], stable=True)]
    by = by[torch.argsort(own[by], stable=True)]
    begin = _pointers(torch.bincount(own, minlength=len(found)))[own[by]]
    by = by[torch.arange(len(by), device=by.device) - begin < limit[rows[row[by]]]]
    size[rows] = torch.bincount(row[by], minlength=len(rows))
    start[rows] = rows.scatter_reduce(0, row[by], tail[by], "amin")


def average_neighbour_distance(
    selection: Selection, over: str = "nodes", unit: float | None = None, scores: Tensor | None = None
) -> Tensor:
    """AND of Eq. 12 for each type.

    Args:
        selection: the kept neighbours.
        over: ``"nodes"`` averages over the neighbours of each node, then over the nodes that have any (reading R4);
            ``"edges"`` averages over all kept edges.
        unit: what to divide by; the mean distance of random pairs makes it relative (reading R5).
        scores: ``(n_nodes,)`` to take the distances by, when not those that the choice was made by.

    Returns:
        ``(n_types,)``; 0 for a type that keeps no edge.

    In a window of sorted scores the distances to its middle add up to a difference of running sums, so no edge is
    looked at; with other scores, in another order, all are.
    """
    scores = selection.scores if scores is None else scores.detach()
    graph, size = selection.graph, selection.counts
    total = torch.zeros(size.numel(), dtype=torch.float64, device=size.device)
    if bool((scores[selection.order].diff() >= 0).all()):
        s = scores[graph.node[selection.place]].double()
        running = torch.cat([s.new_zeros(1), s.cumsum(0)])
        here = torch.arange(len(s), device=s.device)
        first, last = selection.start, selection.start + selection.size
        left = s * (here - first) - (running[:-1] - running[first])
        right = (running[last + 1] - running[1:]) - s * (last - here)
        total.index_add_(0, selection.bag, left + right)
    else:
        bag = torch.arange(size.numel(), device=size.device).repeat_interleave(size.flatten())
        apart = (scores[selection.head] - scores[graph.node[selection.incidence]]).abs()
        total.index_add_(0, bag, apart.double())
    total = total.view_as(size)
    if over == "edges":
        found = total.sum(0) / size.sum(0).clamp(min=1)
    else:
        found = (total / size.clamp(min=1)).sum(0) / (size > 0).sum(0).clamp(min=1)
    return found / unit if unit else found


def random_pair_distance(scores: Tensor) -> float:
    """The mean of ``|score_i - score_j|`` over all pairs i ≠ j, from the sorted scores in O(n log n)."""
    s = torch.sort(scores.detach().double())[0]
    n = len(s)
    weight = 2 * torch.arange(n, device=s.device, dtype=torch.float64) - (n - 1)
    return float((weight * s).sum() * 2 / (n * (n - 1))) if n > 1 else 0.0


def rank_transform(scores: Tensor) -> Tensor:
    """Scores replaced by their rank, divided by n: spread evenly over [0, 1) whatever the training did."""
    order = torch.argsort(scores.detach(), stable=True)
    rank = torch.empty_like(order)
    rank[order] = torch.arange(len(order), device=scores.device)
    return rank / len(order)


def reward(previous: float, current: float) -> int:
    """f_r of Eq. 13: +1 when the average neighbour distance did not grow, else -1."""
    return 1 if previous >= current else -1


def has_converged(rewards: Sequence[int], step: int, rule: str = "absolute") -> bool:
    """The termination condition, Eq. 14, after the rewards so far.

    Args:
        rewards: all rewards of one type, oldest first.
        step: ε, which is also the change of a threshold.
        rule: ``"printed"``: more than ten rewards, and the sum of the last eleven, γ - 10 to γ, is at most ε.
            ``"absolute"``: at least ten rewards, and the absolute sum of the last ten is at most ε (reading R6).
    """
    if rule == "printed":
        return len(rewards) > 10 and sum(rewards[-11:]) <= step
    return len(rewards) >= 10 and abs(sum(rewards[-10:])) <= step


@dataclass
class Bandit:
    """The Bernoulli bandit that moves one threshold per relation type up or down by ε.

    Attributes:
        k: the thresholds k_t now.
        k_max: the largest number of neighbours a node has under each type.
        step: ε.
        rule: the termination rule, see `has_converged`.
        rewards: all rewards of each type.
        last: the average neighbour distance of the iteration before, per type.
        stopped: the iteration at which each type came to rest, or None.
        iterations: how often it compared.
    """

    k: list[int]
    k_max: list[int]
    step: int = 2
    rule: str = "absolute"
    rewards: list[list[int]] = field(default_factory=list)
    last: list[float] | None = None
    stopped: list[int | None] = field(default_factory=list)
    iterations: int = 0

    def __post_init__(self) -> None:
        """Start with empty histories and thresholds within their bounds."""
        self.rewards = self.rewards or [[] for _ in self.k]
        self.stopped = self.stopped or [None] * len(self.k)
        self.k = [max(1, min(k, most)) for k, most in zip(self.k, self.k_max, strict=True)]

    def update(self, distances: Sequence[float]) -> list[int | None]:
        """Compare with the iteration before, move each threshold that is not at rest, and return the rewards.

        A threshold never leaves [1, k_max]. The first iteration has nothing to compare with and moves nothing.
        """
        given: list[int | None] = [None] * len(self.k)
        if self.last is not None:
            self.iterations += 1
            for t, now in enumerate(distances):
                if self.stopped[t] is None:
                    given[t] = reward(self.last[t], now)
                    self.rewards[t].append(given[t])
                    self.k[t] = max(1, min(self.k[t] + self.step * given[t], self.k_max[t]))
                    if has_converged(self.rewards[t], self.step, self.rule):
                        self.stopped[t] = len(self.rewards[t])
        self.last = [float(x) for x in distances]
        return given

    @property
    def converged(self) -> bool:
        """True when every type has come to rest."""
        return all(s is not None for s in self.stopped)

    def rested(self, iterations: int) -> bool:
        """True when every type has been at rest for so many iterations."""
        return self.converged and self.iterations - max(self.stopped) >= iterations


def largest_thresholds(graph: MultiRelationalGraph) -> list[int]:
    """The most neighbours any node has under each type, at least 1: beyond it a threshold changes nothing."""
    return [max(1, int(graph.degrees(t).max())) for t in range(graph.n_types)]
