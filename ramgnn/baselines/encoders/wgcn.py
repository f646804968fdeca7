"""W-GCN: one number for each relation type, the encoder of SACN."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ramgnn.baselines.encoders.base import Encoder, EncoderSettings, Groups, batch_norm, linear, register_encoder
from ramgnn.graph import MultiRelationalGraph


@register_encoder("wgcn")
class WGCN(Encoder):
    """H' = tanh(BN((α_0 H + Σ_t α_t A_t H) W)), with a scalar α_t per type and layer, and α_0 for the node itself.

    Shang, Tang, Huang, Bi, He and Zhou, "End-to-end structure-aware convolutional networks for knowledge base
    completion", AAAI 2019. Dropout, 0.25 there, follows each layer. Two of its traits are changed:

    * Its A_t holds ones, and the sum over neighbours is taken as it is. A node has thousands of neighbours of one
      genre and two of one director, so one α would have to be a thousand times the other: here A_t is divided by the
      number of neighbours, row by row, and α_t compares types rather than the sizes of their groups.
    * Its α start as N(0, 1), so that it is random whether a neighbour is added or subtracted. Here they start at 1.

    A bias before batch normalisation does nothing and is left out.
    """

    DROPOUT = 0.25

    def __init__(self, graph: MultiRelationalGraph, settings: EncoderSettings) -> None:
        super().__init__(graph, settings)
        self.layers = nn.ModuleList(WGCNLayer(graph.n_types, settings.dim) for _ in range(settings.layers))

    def encode(self, groups: Groups, relation: Tensor | None = None) -> Tensor:
        """All layers: ``(n_nodes, d)``."""
        x = self.nodes.weight
        for layer in self.layers:
            x = self.dropout(layer(x, groups))
        return x


class WGCNLayer(nn.Module):
    """One layer."""

    def __init__(self, n_types: int, dim: int) -> None:
        super().__init__()
        self.alpha = nn.Parameter(torch.ones(n_types))
        self.alpha_self = nn.Parameter(torch.ones(()))
        self.w = linear(dim)
        self.norm = batch_norm(dim)

    def forward(self, x: Tensor, groups: Groups) -> Tensor:
        """``(n_nodes, d)`` to the same."""
        neighbours = torch.einsum("ntd,t->nd", groups.means_by_type(x), self.alpha)
        return torch.tanh(self.norm(self.w(self.alpha_self * x + neighbours)))
