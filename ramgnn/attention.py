"""Relation-level attention, Eq. 6–8: how much each neighbour contributes, through each value that is shared.

The functions below work edge by edge, as the paper writes them. `ramgnn.encoder.RAMLayer` puts them together; training
runs on kernels (`ramgnn.kernels.attention`) that give the same without a row for each edge.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ramgnn.composition import compose
from ramgnn.ragged import segment_max, segment_sum

SIGMAS = {"tanh": torch.tanh, "leaky_relu": F.leaky_relu, "sigmoid": torch.sigmoid}


class RelationAttention(nn.Module):
    r"""The attention logit: how much relation n of the neighbour j matters.

    .. math:: a_{jn} = p^\top \sigma(W_{key}\, e_j + W_{qry}\, e_n + b) \tag{6}

    Args:
        dim: the width d.
        sigma: the activation σ: ``tanh``, ``leaky_relu`` or ``sigmoid``.

    The head i does not enter: the logit of a neighbour is the same for every head. Its weight, Eq. 7, is not.
    """

    def __init__(self, dim: int, sigma: str = "tanh") -> None:
        super().__init__()
        self.sigma_name = sigma
        self.sigma = SIGMAS[sigma]
        self.key = nn.Linear(dim, dim, bias=False)  # W_key
        self.query = nn.Linear(dim, dim)  # W_qry and b
        self.p = nn.Parameter(torch.empty(dim))
        nn.init.normal_(self.p, std=dim**-0.5)

    def forward(self, e_j: Tensor, e_n: Tensor) -> Tensor:
        """a_jn, Eq. 6: ``(…, d)`` neighbours and ``(…, d)`` relations to ``(…)``."""
        hidden = self.sigma(self.key(e_j) + self.query(e_n))  # (…, d)
        return hidden @ self.p  # (…)


def attention_weights(a: Tensor, group: Tensor, n_groups: int) -> Tensor:
    r"""The attention weights: a softmax of the logits over the neighbours of each head.

    .. math:: \alpha_{jn} = \frac{\exp(a_{jn})}{\sum_{(j', n') \in N(i)} \exp(a_{j'n'})} \tag{7}

    Args:
        a: ``(E,)`` the logit of each edge, Eq. 6.
        group: ``(E,)`` which edges share a softmax: those of a head or, read another way, those of a head and a
            relation type (reading R2), see `softmax_groups`.
        n_groups: how many groups there are.

    Returns:
        ``(E,)``, summing to 1 in each group.
    """
    largest = segment_max(a.detach(), group, n_groups)  # (n_groups,), taken off so that no exponential overflows
    weight = (a - largest[group]).exp()  # (E,)
    return weight / segment_sum(weight, group, n_groups)[group]  # (E,)


def softmax_groups(head: Tensor, relation_type: Tensor, n_types: int, softmax_over: str) -> Tensor:
    """Which edges share a softmax (reading R2): ``(E,)`` heads and ``(E,)`` types to ``(E,)`` group numbers.

    Args:
        softmax_over: ``"all"`` neighbours of a head, or those of each ``"type"``.
    """
    return head if softmax_over == "all" else head * n_types + relation_type


def types_present(head: Tensor, relation_type: Tensor, n_nodes: int, n_types: int) -> Tensor:
    """How many relation types each head has neighbours of: ``(E,)`` heads and ``(E,)`` types to ``(n_nodes,)``."""
    present = softmax_groups(head, relation_type, n_types, "type").unique()
    return torch.bincount(present // n_types, minlength=n_nodes)


def weighted_message(alpha: Tensor, e_j: Tensor, e_n: Tensor, w_val: nn.Module, operator: str) -> Tensor:
    r"""The message of each edge: the neighbour composed with the relation, transformed, and weighted by attention.

    .. math:: m_{jn} = \alpha_{jn}\, W_{val}\, \varphi(e_j, e_n) \tag{8}

    Args:
        alpha: ``(E,)`` of Eq. 7; e_j, e_n: ``(E, d)``.
        w_val: W_val, ``(E, d)`` to ``(E, d)``; operator: φ, see `ramgnn.composition.compose`.

    Returns:
        ``(E, d)``.
    """
    return alpha.unsqueeze(1) * w_val(compose(e_j, e_n, operator))  # (E, 1) * (E, d)


def attention_by_type(alpha: Tensor, head: Tensor, relation_type: Tensor, n_nodes: int, n_types: int) -> Tensor:
    """How much attention each relation type gets: ``(n_types,)``, summing to 1.

    The weights of each head are summed by type, made to sum to 1, and averaged over the heads that have a neighbour.

    Args:
        alpha: ``(E,)`` of Eq. 7; head, relation_type: ``(E,)`` of each edge.
    """
    by_head = segment_sum(alpha, head * n_types + relation_type, n_nodes * n_types).view(n_nodes, n_types)
    return mean_share(by_head)


def mean_share(by_head: Tensor) -> Tensor:
    """Weights by head and type as the mean fraction of each type: ``(n_nodes, n_types)`` to ``(n_types,)``."""
    by_head = by_head / by_head.sum(1, keepdim=True).clamp(min=1e-300)
    return by_head.sum(0) / by_head.sum().clamp(min=1e-300)
