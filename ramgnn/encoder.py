"""RAM-GNN, Eq. 15: compose, attend, add the kept neighbours up, combine with the node itself, layer on layer."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ramgnn.attention import SIGMAS, WIDEST, RelationAttention, attend, attend_all, attend_windows
from ramgnn.composition import combine, restore, transform
from ramgnn.config import PretrainConfig
from ramgnn.graph import MultiRelationalGraph
from ramgnn.sampler import NodeScore, Selection, similarity_logit


class RelationEmbedding(nn.Module):
    """e_n, Eq. 4: the embedding of a relation from its type and its value (reading R1).

    With ``halves``, e_t and e_v have d/2 entries each and are concatenated. With ``projection`` both have d and a
    matrix brings the concatenation back to d. With ``sum`` both have d and are added.
    """

    def __init__(self, graph: MultiRelationalGraph, dim: int, how: str) -> None:
        super().__init__()
        width = dim // 2 if how == "halves" else dim
        self.how = how
        self.types = nn.Embedding(graph.n_types, width)
        self.values = nn.Embedding(graph.n_values, width)
        self.project = nn.Linear(2 * dim, dim, bias=False) if how == "projection" else None
        for table in (self.types, self.values):
            nn.init.normal_(table.weight, std=dim**-0.5)

    def forward(self, value_type: Tensor) -> Tensor:
        """``(n_values,)`` the type of each value, to ``(n_values, d)`` e_n."""
        e_t, e_v = self.types(value_type), self.values.weight
        if self.how == "sum":
            return e_t + e_v
        joined = torch.cat([e_t, e_v], 1)
        return joined if self.project is None else self.project(joined)


class RAMLayer(nn.Module):
    """One layer of Eq. 15: e_i ← σ(W_val Σ α_jn φ(e_j, e_n) ⊕ e_i), with α inside the sum (reading R8)."""

    def __init__(self, config: PretrainConfig) -> None:
        super().__init__()
        d = config.dim
        self.config = config
        self.attention = RelationAttention(d, config.sigma) if config.attention else None
        self.w_val = nn.Linear(d, d, bias=False)
        self.join = nn.Linear(2 * d, d, bias=False) if config.combine == "concat" else None
        self.sigma = SIGMAS[config.sigma]

    def logits(self, e: Tensor, relation: Tensor, graph: MultiRelationalGraph) -> Tensor:
        """``(m,)`` a_jn of Eq. 6; all zero, so all weights equal, without attention."""
        if self.attention is None:
            return e.new_zeros(graph.n_incidences)
        return self.attention(e, relation, graph.node, graph.value)

    def forward(
        self,
        e: Tensor,
        relation: Tensor,
        graph: MultiRelationalGraph,
        kept: Selection | None,
        hidden: int | None = None,
    ) -> Tensor:
        """One layer.

        Args:
            e: ``(n_nodes, d)``; relation: ``(n_values, d)`` e_n.
            kept: the kept neighbours, or None for all.
            hidden: a relation type whose messages are left out.

        Returns:
            ``(n_nodes, d)``.
        """
        total = self.aggregate(e, relation, graph, kept, hidden)
        # the inverse transform and W_val after the sum: once per head
        neighbours = self.w_val(restore(total, e.shape[1], self.config.composition))
        if self.join is not None:
            return self.sigma(self.join(torch.cat([neighbours, e], 1)))
        return self.sigma(neighbours + e)

    def aggregate(
        self, e: Tensor, relation: Tensor, graph: MultiRelationalGraph, kept: Selection | None, hidden: int | None
    ) -> Tensor:
        """Σ α_jn φ(e_j, e_n) over the neighbours of each head, Eq. 3–8, before `restore`: ``(n_nodes, c)``."""
        operator, over = self.config.composition, self.config.softmax
        if kept is not None and self._within_bounds(e, relation, graph):
            types = [t for t in range(graph.n_types) if t != hidden]
            return attend_windows(e, relation, self.attention, kept, types, operator, over)
        tail, rel = transform(e, operator), transform(relation, operator)
        logits = self.logits(e, relation, graph)
        messages = combine(F.embedding(graph.node, tail), F.embedding(graph.value, rel), operator)
        if kept is None:
            return attend_all(logits, messages, graph, hidden)
        return attend(logits, messages, kept if hidden is None else kept.without(hidden), over)

    def _within_bounds(self, e: Tensor, relation: Tensor, graph: MultiRelationalGraph) -> bool:
        """Whether one maximum serves the exponentials of all logits."""
        return self.attention is None or self.attention.widest(e, relation, graph.node, graph.value) <= WIDEST


class RAMGNN(nn.Module):
    """The whole encoder: embeddings of nodes, types and values, and a stack of layers.

    Attributes:
        nodes: the table of e_i^(0), ``(n_nodes, d)``.
        relations: e_t and e_v.
        layers: the stack of Eq. 15.
        score: the MLP of Eq. 9, on e^(0).
        head: the second MLP that Eq. 16 needs when its similarity is read as the scalar one.
    """

    def __init__(self, graph: MultiRelationalGraph, config: PretrainConfig) -> None:
        super().__init__()
        self.config = config
        self.nodes = nn.Embedding(graph.n_nodes, config.dim)
        nn.init.normal_(self.nodes.weight, std=config.dim**-0.5)
        self.relations = RelationEmbedding(graph, config.dim, config.relation)
        self.layers = nn.ModuleList(RAMLayer(config) for _ in range(config.layers))
        self.score = NodeScore(config.dim)
        self.head = NodeScore(config.dim) if config.similarity == "mlp" else None
        self.scale = nn.Parameter(torch.tensor(5.0)) if config.similarity == "inner" else None
        self.shift = nn.Parameter(torch.tensor(-2.0)) if config.similarity == "inner" else None

    def forward(self, graph: MultiRelationalGraph, kept: Selection | None, hidden: int | None = None) -> Tensor:
        """Final embeddings ``(n_nodes, d)``, Eq. 15 stacked; without the messages of the type `hidden`, if given."""
        e, relation = self.nodes.weight, self.relations(graph.value_type)
        for layer in self.layers:
            e = layer(e, relation, graph, kept, hidden)
        return e

    def logits(self, graph: MultiRelationalGraph, kept: Selection | None) -> list[Tensor]:
        """The attention logits of each layer, ``(m,)`` each."""
        e, relation, found = self.nodes.weight, self.relations(graph.value_type), []
        for layer, following in zip(self.layers, [*self.layers[1:], None], strict=True):
            found.append(layer.logits(e, relation, graph))
            if following is not None:  # the last layer's output is not asked for
                e = layer(e, relation, graph, kept)
        return found

    def similarity_logits(self, e: Tensor, i: Tensor, j: Tensor) -> Tensor:
        """The logit of "i and j are neighbours" for Eq. 16 (reading R7).

        Args:
            e: ``(n_nodes, d)`` final embeddings.
            i: ``(b,)`` heads; j: ``(b, c)`` tails of each.

        Returns:
            ``(b, c)``.

        The inner product is taken of embeddings of unit length, with a learned scale and shift; the scalar reading
        takes s = 1 - d of Eq. 10.
        """
        if self.head is None:
            return self.scale * inner_products(F.normalize(e, dim=1), i, j) + self.shift
        return similarity_logit(self.head(e), i, j)


def inner_products(e: Tensor, i: Tensor, j: Tensor) -> Tensor:
    """e_i · e_j for pairs of nodes, without holding a row for each pair.

    Args:
        e: ``(n_nodes, d)``; i: ``(b,)`` heads; j: ``(b, c)`` tails of each.

    Returns:
        ``(b, c)``.
    """
    return _InnerProducts.apply(e, i, j)


class _InnerProducts(torch.autograd.Function):
    """`inner_products`, in blocks; towards e, the gradient is two bag-sums with the gradients as weights."""

    BLOCK = 2048  # heads at a time: with six tails of 64 floats 3 MB, which stays in the processor's cache

    @staticmethod
    def forward(ctx, e, i, j):
        ctx.save_for_backward(e, i, j)
        blocks = zip(i.split(_InnerProducts.BLOCK), j.split(_InnerProducts.BLOCK), strict=True)
        found = [F.embedding(tail, e).mul_(F.embedding(head, e).unsqueeze(1)).sum(2) for head, tail in blocks]
        return torch.cat(found) if found else e.new_zeros(j.shape)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient):
        e, i, j = ctx.saved_tensors
        if j.numel() == 0:
            return torch.zeros_like(e), None, None
        gradient = gradient.contiguous()
        weight, tail = gradient.flatten(), j.flatten()
        towards_head = F.embedding_bag(j, e, mode="sum", per_sample_weights=gradient)
        by_tail = torch.sort(tail, stable=True)[1]
        count = torch.bincount(tail, minlength=len(e))
        head = i.repeat_interleave(j.shape[1])[by_tail]
        towards_tail = F.embedding_bag(head, e, count.cumsum(0) - count, mode="sum", per_sample_weights=weight[by_tail])
        return towards_tail.index_add_(0, i, towards_head), None, None


@dataclass(frozen=True)
class Embeddings:
    """What pre-training hands to the recommender.

    Attributes:
        nodes: ``(n_nodes, d)`` final node embeddings.
        types: ``(n_types, d_t)``; values: ``(n_values, d_v)``.
    """

    nodes: Tensor
    types: Tensor
    values: Tensor

    def rescaled(self, rms: float) -> Embeddings:
        """The same directions with a root mean square entry of `rms` in each table; 0 changes nothing."""
        if rms == 0:
            return self

        def scale(x: Tensor) -> Tensor:
            size = x.square().mean().sqrt()
            return x * (rms / size) if x.numel() and size > 0 else x

        return Embeddings(scale(self.nodes), scale(self.types), scale(self.values))
