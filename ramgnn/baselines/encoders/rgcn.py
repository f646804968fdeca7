"""R-GCN: a matrix for each relation type."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ramgnn.baselines.encoders.base import Encoder, EncoderSettings, Groups, linear, register_encoder
from ramgnn.graph import MultiRelationalGraph


@register_encoder("rgcn")
class RGCN(Encoder):
    """h_i' = σ(W_0 h_i + Σ_t 1/c_it Σ_{j ∈ N_t(i)} W_t h_j), σ = ReLU between layers and nothing after the last.

    Schlichtkrull, Kipf, Bloem, van den Berg, Titov and Welling, "Modeling relational data with graph convolutional
    networks", ESWC 2018. A relation is a type here, not a value: thousands of values would need as many matrices, and
    with at most a handful of types the bases that tie such matrices together have nothing to save. c_it counts the
    neighbours of i under t. The authors drop edges (0.2); no edge is ever listed here, so dropout is on the sum of the
    messages instead.
    """

    DROPOUT = 0.2

    def __init__(self, graph: MultiRelationalGraph, settings: EncoderSettings) -> None:
        super().__init__(graph, settings)
        d = settings.dim
        self.w0 = nn.ModuleList(linear(d) for _ in range(settings.layers))  # W_0
        self.typed = nn.ParameterList(torch.empty(graph.n_types, d, d) for _ in range(settings.layers))  # W_t
        for matrices in self.typed:
            for w in matrices:
                nn.init.xavier_uniform_(w)

    def encode(self, groups: Groups, relation: Tensor | None = None) -> Tensor:
        """All layers: ``(n_nodes, d)``."""
        x = self.nodes.weight
        for n, (w0, typed) in enumerate(zip(self.w0, self.typed, strict=True)):
            x = F.relu(x) if n else x
            messages = groups.means_by_type(x).flatten(1) @ typed.flatten(0, 1)  # the sum over types
            x = w0(x) + self.dropout(messages)
        return x
