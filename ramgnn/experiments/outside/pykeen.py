"""PyKEEN: the layer of CompGCN, which PyTorch Geometric lacks."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ramgnn.baselines.encoders import CompGCN, Encoder, EncoderSettings
from ramgnn.baselines.encoders.base import Groups
from ramgnn.datasets.base import RecDataset
from ramgnn.evaluation import Scorer
from ramgnn.experiments.outside import encoders
from ramgnn.experiments.outside.check import Check, need

COMPOSITIONS = {
    "sub": "SubtractionCompositionModule",
    "mult": "MultiplicationCompositionModule",
    "corr": "CircularCorrelationCompositionModule",
}


class LibraryCompGCN(CompGCN):
    """CompGCN with ``CompGCNLayer``, for which every edge stands both ways, a relation being its own inverse."""

    def __init__(self, graph: Any, settings: EncoderSettings) -> None:
        super().__init__(graph, settings)
        dropout = self.dropout.p
        del self.layers, self.of_relation
        layer = need("pykeen.nn.representation", "pykeen").CompGCNLayer
        composition = getattr(need("pykeen.nn.compositions", "pykeen"), COMPOSITIONS[settings.composition])
        self.convs = nn.ModuleList(
            layer(settings.dim, dropout=dropout, composition=composition, activation=nn.Tanh)
            for _ in range(settings.layers)
        )

    def encode(self, groups: Groups, relation: Tensor | None) -> Tensor:
        """All layers: ``(n_nodes, d)``."""
        x, edges = self.nodes.weight, encoders.edges_of(groups)
        z = relation.repeat_interleave(2, 0)  # each relation, then its inverse
        for conv in self.convs:
            conv.bn.train()  # the batch is always the whole graph, so its statistics are always its own
            x, z = conv(x, z, edges.index, edges.value)
        return x


def copy_weights(library: Encoder, own: Encoder) -> None:
    """Our matrices into PyKEEN's layers; both directions of an edge have ours."""
    library.relations.load_state_dict(own.relations.state_dict())
    for n, (conv, layer) in enumerate(zip(library.convs, own.layers, strict=True)):
        for matrix in (conv.w_fwd, conv.w_bwd):
            matrix.copy_(layer.of_neighbours.weight.T)
        conv.w_loop.copy_(layer.of_self.weight.T)
        conv.self_loop.copy_(layer.loop)
        conv.bn.load_state_dict(layer.norm.state_dict(), strict=False)
        torch.nn.init.zeros_(conv.bias.bias)
        if n < len(own.of_relation):
            conv.w_rel.load_state_dict(own.of_relation[n].state_dict())


def compgcn(view: RecDataset, check: Check, seed: int, ours: Scorer) -> Scorer:
    """CompGCN with PyKEEN's layers, trained, or with our weights."""
    if check.kind == "weights":
        return encoders.with_our_weights(check, ours, LibraryCompGCN, copy_weights)
    return encoders.theirs(view, check, seed, LibraryCompGCN)
