"""Relation-level attention, Eq. 6–8, as a ratio of two bag-sums.

The logit a_jn of Eq. 6 does not depend on the head i. So exp(a_jn) and exp(a_jn) times the message are computed once
per incidence (j, n), and for each head one sum over its kept incidences gives the numerator and the denominator of
the softmax. Nothing here has a row per edge but the list of kept indices itself.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ramgnn.graph import MultiRelationalGraph
from ramgnn.sampler import Selection

SIGMAS = {"tanh": torch.tanh, "leaky_relu": F.leaky_relu, "sigmoid": torch.sigmoid}
WIDEST = 60.0  # exp(-60) against the largest weight is still a normal float32, so the shared maximum is safe


class RelationAttention(nn.Module):
    """Logits of Eq. 6: how much relation n of tail j matters.

    Args:
        dim: d.
        sigma: the activation σ of Eq. 6.
    """

    def __init__(self, dim: int, sigma: str = "tanh") -> None:
        super().__init__()
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
    """
    weight = (logits - logits.detach().max()).exp().unsqueeze(1)
    table = torch.cat([weight * messages, weight], 1)
    group = torch.zeros(graph.n_values, table.shape[1], dtype=table.dtype, device=table.device)
    group = group.index_add(0, graph.value, table)
    others = group[graph.value] - table
    counted = graph.group_size[graph.value] > 1  # alone in the group: no neighbour, and no rounding for one
    if hidden is not None:
        counted &= graph.type != hidden
    others = others * counted.unsqueeze(1)
    total = torch.zeros(graph.n_nodes, table.shape[1], dtype=table.dtype, device=table.device)
    total = total.index_add(0, graph.node, others)
    top, bottom = total[:, :-1], total[:, -1:]
    return top / bottom.where(bottom > 0, torch.ones_like(bottom))


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
    most = own.new_full((len(ptr) - 1,), -torch.inf).scatter_reduce(0, bag, own.detach(), "amax")
    weight = (own - most[bag]).exp()
    return weight, weight.new_zeros(len(ptr) - 1).index_add(0, bag, weight), bag


def mass(alpha: Tensor, kept: Selection, graph: MultiRelationalGraph) -> Tensor:
    """How much attention each relation type gets: ``(n_types,)``, summing to 1.

    The weights of each head are summed by type, and averaged over the heads that have a neighbour.
    """
    types = graph.value_type[graph.value[kept.incidence]]
    total = alpha.new_zeros(graph.n_types).index_add(0, types, alpha)
    return total / total.sum().clamp(min=1e-12)
