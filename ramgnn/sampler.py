"""The Reinforced Neighbour Sampler, Eq. 9–14: distances, the k nearest neighbours, and the choice of k."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from ramgnn.graph import MultiRelationalGraph
from ramgnn.kernels.distances import distance_sums, mean_pair_distance
from ramgnn.kernels.neighbours import SampledNeighbours
from ramgnn.kernels.windows import nearest_windows
from ramgnn.ragged import inverse_permutation, segment_sum

# ---- how far apart: Eq. 9 and 10 -------------------------------------------------------------------------------------


class NodeScore(nn.Module):
    """σ(MLP(e)) of Eq. 9: one scalar in (0, 1) for each node."""

    def __init__(self, dim: int, hidden: int = 32) -> None:
        super().__init__()
        self.mlp = nn.Sequential(nn.Linear(dim, hidden), nn.LeakyReLU(), nn.Linear(hidden, 1))

    def forward(self, e: Tensor) -> Tensor:
        """``(n, d)`` embeddings to ``(n,)`` scores."""
        return torch.sigmoid(self.mlp(e).squeeze(-1))  # (n, d) to (n, 1) to (n,)


def distance(a: Tensor, b: Tensor) -> Tensor:
    r"""How far apart two nodes are, from their scores; in [0, 1).

    .. math:: d(e_i, e_j) = \big\lVert\sigma(\mathrm{MLP}(e_i)) - \sigma(\mathrm{MLP}(e_j))\big\rVert_1 \tag{9}

    Args:
        a, b: scores of `NodeScore`, of the same shape.
    """
    return (a - b).abs()


def similarity(a: Tensor, b: Tensor) -> Tensor:
    r"""How alike two nodes are, from their scores; in (0, 1].

    .. math:: s(e_i, e_j) = 1 - d(e_i, e_j) \tag{10}
    """
    return 1 - distance(a, b)


def similarity_logit(scores: Tensor, i: Tensor, j: Tensor) -> Tensor:
    """The logit of s(e_i, e_j), which the cross-entropies of Eq. 11 and 16 take.

    Args:
        scores: ``(n,)`` of Eq. 9; i: ``(b,)`` heads; j: ``(b, c)`` tails of each.

    Returns:
        ``(b, c)``, finite: s is clamped to a millionth from 0 and 1.
    """
    s = similarity(scores.index_select(0, i).unsqueeze(1), scores.index_select(0, j.flatten()).view_as(j))  # (b, c)
    return torch.logit(s.clamp(1e-6, 1 - 1e-6))


# ---- which k nearest -------------------------------------------------------------------------------------------------


def top_k(graph: MultiRelationalGraph, scores: Tensor, k: Sequence[int], per: str = "type") -> SampledNeighbours:
    """The exact k_t nearest neighbours of every node under every relation type, N_kt(i).

    An edge counts once per shared value: a film with the same two actors counts for two. Nearest is by
    ``|score_i - score_j|`` in float32; of equal distances the node that stands closer in the order of (score, index)
    comes first, then the lower one, then the lower value. The result is therefore the same on every machine.

    Args:
        graph: the graph.
        scores: ``(n_nodes,)`` scalars of Eq. 9.
        k: one threshold per type, each at least 1.
        per: k_t edges for each ``"type"``, or for each ``"value"`` of the node (reading R14).

    Raises:
        DivergedError: a score is not finite.
        ValueError: `k` does not fit the types.

    `nearest_neighbours` says the same in a few lines, with a list of all edges; this needs none.
    """
    return nearest_windows(graph, scores, k, per)


def nearest_neighbours(
    graph: MultiRelationalGraph, scores: Tensor, k: Sequence[int], per: str = "type"
) -> tuple[Tensor, Tensor]:
    """`top_k` the plain way, for small graphs: sort the edges of each head and type by distance, take the first k_t.

    Returns:
        ``(E,)`` heads and ``(E,)`` tail incidences, sorted by head, type and tail incidence.
    """
    scores = scores.detach().float()
    rank = inverse_permutation(torch.argsort(scores, stable=True))  # (n_nodes,)  in the order of (score, index)
    head, tail = graph.edges()  # (E,), (E,)
    node, relation_type = graph.node[tail], graph.type[tail]
    d = distance(scores[head], scores[node])  # (E,)  Eq. 9
    group = (head, relation_type, graph.value[tail]) if per == "value" else (head, relation_type)
    keys = (*group, d, (rank[head] - rank[node]).abs(), rank[node] > rank[head], tail)  # what decides, in this order
    order = sorted(range(len(head)), key=lambda edge: tuple(key[edge].item() for key in keys))
    sampled, count = [], {}
    for edge in order:
        key = tuple(x[edge].item() for x in group)
        count[key] = count.get(key, 0) + 1
        if count[key] <= k[int(relation_type[edge])]:
            sampled.append(edge)
    sampled.sort(key=lambda edge: (int(head[edge]), int(relation_type[edge]), int(tail[edge])))
    return head[sampled], tail[sampled]


def largest_thresholds(graph: MultiRelationalGraph) -> list[int]:
    """The most neighbours any node has under each type, at least 1: beyond it a threshold changes nothing."""
    return [max(1, int(graph.degrees(t).max())) for t in range(graph.n_types)]


def every_neighbour(graph: MultiRelationalGraph) -> SampledNeighbours:
    """All edges as sampled neighbours, nearest unknown (distance 0); for small graphs."""
    zeros = torch.zeros(graph.n_nodes, device=graph.node.device)
    return top_k(graph, zeros, largest_thresholds(graph))


# ---- how far the neighbours are: Eq. 12 ------------------------------------------------------------------------------


def neighbour_distance_sums(neighbours: SampledNeighbours, scores: Tensor) -> Tensor:
    """The numerator of Eq. 12 the plain way, Σ_j d(e_i, e_j): ``(n_nodes, n_types)`` float64.

    `average_neighbour_distance` takes `ramgnn.kernels.distances.distance_sums`, which gives the same from windows.

    Args:
        neighbours: the sampled neighbours; scores: ``(n_nodes,)`` of Eq. 9.
    """
    graph, head, tail = neighbours.graph, neighbours.head, neighbours.incidence  # (E,), (E,)
    d = distance(scores[head], scores[graph.node[tail]]).double()  # (E,)  Eq. 9
    head_type = head * graph.n_types + graph.type[tail]  # (E,)
    return segment_sum(d, head_type, graph.n_nodes * graph.n_types).view(-1, graph.n_types)


def average_neighbour_distance(
    neighbours: SampledNeighbours, over: str = "nodes", unit: float | None = None, scores: Tensor | None = None
) -> Tensor:
    r"""The average neighbour distance of each relation type.

    .. math:: \mathit{AND}_t^{\gamma} = \operatorname{mean}_i \frac{\sum_{j} d(e_i, e_j)}{\lvert N_{k_t}(i)\rvert},
       \quad j \in N_{k_t}(i) \tag{12}

    Args:
        neighbours: the sampled neighbours.
        over: ``"nodes"`` averages over the neighbours of each node, then over the nodes that have any (reading R4);
            ``"edges"`` averages over all edges to sampled neighbours.
        unit: what to divide by; the mean distance of random pairs makes it relative (reading R5).
        scores: ``(n_nodes,)`` to take the distances by, when not those that the choice was made by.

    Returns:
        ``(n_types,)``; 0 for a type without neighbours.
    """
    scores = neighbours.scores if scores is None else scores.detach()
    total, count = distance_sums(neighbours, scores), neighbours.counts  # (n_nodes, n_types) each
    if over == "edges":
        average = total.sum(0) / count.sum(0).clamp(min=1)  # (n_types,)
    else:
        average = (total / count.clamp(min=1)).sum(0) / (count > 0).sum(0).clamp(min=1)  # (n_types,)
    return average / unit if unit else average


def random_pair_distance(scores: Tensor) -> float:
    """The mean distance, Eq. 9, of all pairs of different nodes, from ``(n_nodes,)`` scores: the unit of reading R5."""
    return mean_pair_distance(scores)


def rank_transform(scores: Tensor) -> Tensor:
    """Scores replaced by their rank, divided by n: spread evenly over [0, 1) whatever the training did."""
    return inverse_permutation(torch.argsort(scores.detach(), stable=True)) / len(scores)


# ---- how large k should be: Eq. 13 and 14 ----------------------------------------------------------------------------


def reward(previous: float, current: float) -> int:
    r"""+1 when the average neighbour distance did not grow, else -1.

    .. math:: f_r = +1 \text{ where } \mathit{AND}^{\gamma-1} \ge \mathit{AND}^{\gamma}, \text{ else } -1 \tag{13}
    """
    return 1 if previous >= current else -1


def has_converged(rewards: Sequence[int], step: int, rule: str = "absolute") -> bool:
    r"""Whether a threshold has converged, after the rewards so far.

    .. math:: \sum_{g = \gamma - 10}^{\gamma} f_r^{\,g} \le \varepsilon \quad \text{where } \gamma > 10 \tag{14}

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
        stopped: the iteration at which each type converged, or None.
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
        self.k = [max(1, min(k, k_max)) for k, k_max in zip(self.k, self.k_max, strict=True)]

    def update(self, distances: Sequence[float]) -> list[int | None]:
        """Compare with the iteration before, move each threshold that has not converged, and return the rewards.

        A threshold never leaves [1, k_max]. The first iteration has nothing to compare with and moves nothing.
        """
        rewards: list[int | None] = [None] * len(self.k)
        if self.last is not None:
            self.iterations += 1
            for t, now in enumerate(distances):
                if self.stopped[t] is None:
                    rewards[t] = reward(self.last[t], now)  # Eq. 13
                    self.rewards[t].append(rewards[t])
                    self.k[t] = max(1, min(self.k[t] + self.step * rewards[t], self.k_max[t]))
                    if has_converged(self.rewards[t], self.step, self.rule):  # Eq. 14
                        self.stopped[t] = len(self.rewards[t])
        self.last = [float(x) for x in distances]
        return rewards

    @property
    def converged(self) -> bool:
        """True when every type has converged."""
        return all(s is not None for s in self.stopped)

    def converged_for(self, iterations: int) -> bool:
        """True when every type converged so many iterations ago."""
        return self.converged and self.iterations - max(self.stopped) >= iterations
