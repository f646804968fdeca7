"""CompGCN: neighbours composed with the vectors of their relations."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ramgnn.baselines.encoders.base import Encoder, EncoderSettings, Groups, batch_norm, linear, register_encoder
from ramgnn.composition import combine, compose, restore, transform
from ramgnn.graph import MultiRelationalGraph


@register_encoder("compgcn")
class CompGCN(Encoder):
    """h_i' = tanh(BN(⅔ W_N Σ_{(j, n)} φ(h_j, z_n) / √(c_i c_j) + ⅓ W_S φ(h_i, z_self))), z' = W_rel z.

    Vashishth, Sanyal, Nitin and Talukdar, "Composition-based multi-relational graph convolutional networks", ICLR
    2020. φ is a difference (TransE, which the paper that compares with it names), a product or a correlation. There is
    a z for each value, from the table e_n that RAM-GNN has, and c_i counts all neighbours of i, of all types together,
    as in the authors' code: a genre with a thousand members outweighs a director with three. Dropout, 0.1 there, is on
    the messages.

    The original gives edges, their inverses and the node itself a matrix and a third of the sum each. Here an edge is
    its own inverse: two matrices would see the same messages, so they are one, with two thirds. W_S and z_self belong
    to a layer.
    """

    DROPOUT = 0.1
    HAS_RELATION_VECTORS = True

    def __init__(self, graph: MultiRelationalGraph, settings: EncoderSettings) -> None:
        super().__init__(graph, settings)
        d, n = settings.dim, settings.layers
        self.layers = nn.ModuleList(CompGCNLayer(d, settings.composition, self.dropout) for _ in range(n))
        self.of_relation = nn.ModuleList(linear(d) for _ in range(n - 1))  # W_rel

    def encode(self, groups: Groups, relation: Tensor | None) -> Tensor:
        """All layers: ``(n_nodes, d)``."""
        x, z = self.nodes.weight, relation
        for n, layer in enumerate(self.layers):
            z = self.of_relation[n - 1](z) if n else z
            x = layer(x, z, groups)
        return x


class CompGCNLayer(nn.Module):
    """One layer."""

    def __init__(self, dim: int, composition: str, dropout: nn.Dropout) -> None:
        super().__init__()
        self.composition, self.dropout = composition, dropout
        self.of_neighbours, self.of_self = linear(dim), linear(dim)  # W_N, W_S
        self.loop = nn.Parameter(torch.randn(1, dim) * dim**-0.5)  # z_self
        self.norm = batch_norm(dim)

    def forward(self, x: Tensor, z: Tensor, groups: Groups) -> Tensor:
        """``(n_nodes, d)`` nodes and ``(n_values, d)`` relations to ``(n_nodes, d)``."""
        scale = groups.degree.sum(1, keepdim=True).clamp(min=1).to(x.dtype).rsqrt()
        neighbours = self.of_neighbours(scale * composed_neighbours(x, z, scale, groups, self.composition))
        looped = x - self.loop if self.composition == "sub" else compose(x, self.loop, self.composition)
        return torch.tanh(self.norm(self.dropout(neighbours) * 2 / 3 + self.of_self(looped) / 3))


def composed_neighbours(x: Tensor, z: Tensor, scale: Tensor, groups: Groups, composition: str) -> Tensor:
    """Σ s_j φ(x_j, z_v) over the values v of each node and the other nodes j of each: ``(n_nodes, d)``.

    Args:
        x: ``(n_nodes, d)``; z: ``(n_values, d)``; scale: ``(n_nodes, 1)`` s, a constant.

    With G_v the sum of s_j x_j over all of v, a product or correlation gives φ(G_v, z_v) − φ(s_i x_i, z_v) for each v,
    since φ is linear in both. A difference takes as many z_v away as the s_j of the others add up to.
    """
    x = x * scale
    if composition == "sub":
        others = (groups.to_values(scale)[groups.value] - scale[groups.node])[:, 0]
        return groups.neighbours(x) - groups.to_nodes(z, others)
    d, x, z = x.shape[1], transform(x, composition), transform(z, composition)
    total = groups.to_nodes(combine(groups.to_values(x), z, composition))
    return restore(total - combine(x, groups.to_nodes(z), composition), d, composition)
