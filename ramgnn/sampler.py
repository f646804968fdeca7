"""The Reinforced Neighbour Sampler, Eq. 9–14: how far apart, which k nearest, and how large k should be.

The distance of Eq. 9 compares two scalars. In a group of nodes that share a value, sorted by that scalar, the k
nearest of a node therefore stand in one window around it, which a binary search finds; no edge is ever listed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional as F

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
    s = similarity(scores[i].unsqueeze(1), F.embedding(j, scores.unsqueeze(1)).squeeze(2))
    return torch.logit(s.clamp(1e-6, 1 - 1e-6))


@dataclass(frozen=True)
class Selection:
    """The neighbours that the sampler keeps: N_kt(i) for every node i and type t.

    Attributes:
        incidence: ``(e,)`` tail incidences, those of one head and type next to each other, heads in order.
        ptr: ``(n_nodes * n_types + 1,)`` where those of head i and type t begin, at ``ptr[i * n_types + t]``.
        distance: ``(e,)`` the distance of each, Eq. 9.
        n_types: number of relation types.
    """

    incidence: Tensor
    ptr: Tensor
    distance: Tensor
    n_types: int

    @property
    def head_ptr(self) -> Tensor:
        """``(n_nodes + 1,)`` where the neighbours of each head begin."""
        return self.ptr[:: self.n_types]

    @property
    def head(self) -> Tensor:
        """``(e,)`` the head of each kept edge."""
        size = self.head_ptr.diff()
        return torch.arange(len(size), device=size.device).repeat_interleave(size, output_size=len(self.incidence))

    def without(self, type: int) -> Selection:
        """The same neighbours less those of one type."""
        size = self.ptr.diff().view(-1, self.n_types).clone()
        bag_type = torch.arange(self.n_types, device=size.device).repeat(len(size))
        keep = bag_type.repeat_interleave(size.flatten(), output_size=len(self.incidence)) != type
        size[:, type] = 0
        ptr = torch.zeros_like(self.ptr)
        torch.cumsum(size.flatten(), 0, out=ptr[1:])
        return Selection(self.incidence[keep], ptr, self.distance[keep], self.n_types)

    def of(self, node: int, type: int | None = None) -> Tensor:
        """The tail incidences kept for one node, of one type or of all."""
        first = node * self.n_types + (type or 0)
        last = first + (self.n_types if type is None else 1)
        return self.incidence[self.ptr[first] : self.ptr[last]]


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
        ValueError: a score is not finite, or `k` does not fit the types.
    """
    if len(k) != graph.n_types or min(k) < 1:
        raise ValueError(f"k is {list(k)}; expected {graph.n_types} thresholds of at least 1")
    scores = scores.detach().float()
    if not bool(torch.isfinite(scores).all()):
        raise ValueError(f"{int((~torch.isfinite(scores)).sum())} node scores are not finite; training has diverged")
    device = scores.device
    order = torch.argsort(scores, stable=True)
    rank = torch.empty_like(order)
    rank[order] = torch.arange(len(order), device=device)

    found, heads, gaps = [], [], []
    sizes = torch.zeros(graph.n_nodes, graph.n_types, dtype=torch.int64, device=device)
    for t in range(graph.n_types):
        incidence, head, gap = _nearest(graph, t, int(k[t]), scores, rank, per)
        found.append(incidence)
        heads.append(head)
        gaps.append(gap)
        sizes[:, t] = torch.bincount(head, minlength=graph.n_nodes)
    ptr = torch.zeros(graph.n_nodes * graph.n_types + 1, dtype=torch.int64, device=device)
    torch.cumsum(sizes.flatten(), 0, out=ptr[1:])
    # within a type the edges stand by head already, so each one's place is its bag's start plus its place in the bag
    total = int(ptr[-1])
    incidence = torch.empty(total, dtype=torch.int64, device=device)
    gap = torch.empty(total, dtype=torch.float32, device=device)
    for t in range(graph.n_types):
        bag = heads[t] * graph.n_types + t
        first = sizes[:, t].cumsum(0) - sizes[:, t]
        place = ptr[bag] + torch.arange(len(bag), device=device) - first[heads[t]]
        incidence[place] = found[t]
        gap[place] = gaps[t]
    return Selection(incidence, ptr, gap, graph.n_types)


def _nearest(
    graph: MultiRelationalGraph, t: int, k: int, scores: Tensor, rank: Tensor, per: str
) -> tuple[Tensor, Tensor, Tensor]:
    """Kept edges of one type as tail incidence, head and distance, sorted by head."""
    rows = slice(int(graph.type_ptr[t]), int(graph.type_ptr[t + 1]))
    node, value = graph.node[rows], graph.value[rows]
    device = node.device
    # sort every value group by rank; the groups themselves stay where they are
    by_rank = torch.argsort(value * graph.n_nodes + rank[node])
    s, r = scores[node[by_rank]], rank[node[by_rank]]
    first = graph.value_ptr[value] - rows.start
    last = graph.value_ptr[value + 1] - rows.start - 1
    here = torch.arange(len(node), device=device)
    span = torch.clamp(last - first, max=k)  # how many neighbours there are to take

    # leftmost start of a window of span + 1 places around `here`, by binary search on "is the place left of the
    # window's end still nearer than the one right after it"
    low, high = torch.maximum(first, here - span), torch.minimum(here, last - span)
    for _ in range(int(span.max()).bit_length() if len(span) else 0):
        middle = (low + high) // 2
        beyond = torch.minimum(middle + span + 1, last)
        left, right = (s - s[middle]).abs(), (s[beyond] - s).abs()
        move = (left > right) | ((left == right) & ((r - r[middle]).abs() > (r[beyond] - r).abs()))
        move &= low < high
        low, high = torch.where(move, middle + 1, low), torch.where(move | (low >= high), high, middle)

    total = int(span.sum())
    head_place = here.repeat_interleave(span, output_size=total)
    within = torch.arange(total, device=device) - (span.cumsum(0) - span)[head_place]
    tail_place = low[head_place] + within
    tail_place += tail_place >= head_place  # step over the head itself
    gap = (s[head_place] - s[tail_place]).abs()
    head, tail = node[by_rank][head_place], by_rank[tail_place] + rows.start

    # sort by head; heads with several values also need the best k of their windows' union
    several = torch.bincount(node, minlength=graph.n_nodes)[head] > 1
    apart = rank[head] - rank[graph.node[tail]]
    key = torch.zeros_like(head)
    key[several] = (gap.view(torch.int32).long() << 32)[several] | (2 * apart.abs() + (apart < 0).long())[several]
    order = torch.argsort(tail, stable=True) if bool(several.any()) else here[:0]
    if len(order):
        order = order[torch.argsort(key[order], stable=True)]
        order = order[torch.argsort(head[order], stable=True)]
    else:
        order = torch.argsort(head, stable=True)
    head, tail, gap = head[order], tail[order], gap[order]
    if per == "type" and len(head):
        start = torch.zeros(graph.n_nodes + 1, dtype=torch.int64, device=device)
        torch.cumsum(torch.bincount(head, minlength=graph.n_nodes), 0, out=start[1:])
        keep = torch.arange(len(head), device=device) - start[head] < k
        head, tail, gap = head[keep], tail[keep], gap[keep]
    return tail, head, gap


def average_neighbour_distance(selection: Selection, over: str = "nodes", unit: float | None = None) -> Tensor:
    """AND of Eq. 12 for each type.

    Args:
        selection: the kept neighbours with their distances.
        over: ``"nodes"`` averages over the neighbours of each node, then over the nodes that have any (reading R4);
            ``"edges"`` averages over all kept edges.
        unit: what to divide by; the mean distance of random pairs makes it relative (reading R5).

    Returns:
        ``(n_types,)``; 0 for a type that keeps no edge.
    """
    size = selection.ptr.diff().view(-1, selection.n_types)
    bag = torch.arange(size.numel(), device=size.device).repeat_interleave(size.flatten())
    total = torch.zeros(size.numel(), dtype=torch.float64, device=size.device)
    total = total.index_add_(0, bag, selection.distance.double()).view_as(size)
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
    """

    k: list[int]
    k_max: list[int]
    step: int = 2
    rule: str = "absolute"
    rewards: list[list[int]] = field(default_factory=list)
    last: list[float] | None = None
    stopped: list[int | None] = field(default_factory=list)

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


def largest_thresholds(graph: MultiRelationalGraph) -> list[int]:
    """The most neighbours any node has under each type, at least 1: beyond it a threshold changes nothing."""
    return [max(1, int(graph.degrees(t).max())) for t in range(graph.n_types)]
