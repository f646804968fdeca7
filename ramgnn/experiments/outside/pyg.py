"""PyTorch Geometric: LightGCN, and the layers of GCN and R-GCN. ramgnn depends on it, but uses none of these."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ramgnn.baselines.encoders import GCN, RGCN, Encoder, EncoderSettings
from ramgnn.baselines.encoders.base import Groups
from ramgnn.datasets.base import RecDataset
from ramgnn.evaluation import Scorer
from ramgnn.experiments.outside import encoders
from ramgnn.experiments.outside.check import Check, need


def lightgcn(view: RecDataset, check: Check, seed: int, ours: Scorer) -> Scorer:
    """``nn.LightGCN`` with our embeddings, in double precision."""
    kind, theirs = need("torch_geometric.nn", "torch-geometric").LightGCN, check.theirs
    n, own = view.n_users + view.n_items, ours.recommender
    users, items = (torch.from_numpy(view.train[side].to_numpy().copy()) for side in ("user", "item"))
    edges = torch.stack([torch.cat([users, items + view.n_users]), torch.cat([items + view.n_users, users])])
    model = kind(n, theirs["embedding_dim"], theirs["num_layers"]).double()
    with torch.no_grad():
        model.embedding.weight.copy_(torch.cat([own.user(), own.item()]))
        users, items = model.get_embedding(edges).split([view.n_users, view.n_items])

    def score(some: np.ndarray) -> Tensor:
        return users[torch.from_numpy(some)] @ items.T

    return score


# ---- encoders --------------------------------------------------------------------------------------------------------


class LibraryGCN(GCN):
    """GCN with ``GCNConv``, which adds the edge of a node to itself and divides by the degrees."""

    def __init__(self, graph: Any, settings: EncoderSettings) -> None:
        super().__init__(graph, settings)
        del self.weights
        conv = need("torch_geometric.nn", "torch-geometric").GCNConv
        self.convs = nn.ModuleList(conv(settings.dim, settings.dim, bias=False) for _ in range(settings.layers))

    def encode(self, groups: Groups, relation: Tensor | None = None) -> Tensor:
        """All layers: ``(n_nodes, d)``."""
        x, edges = self.nodes.weight, encoders.edges_of(groups)
        for n, conv in enumerate(self.convs):
            x = conv(self.dropout(F.relu(x) if n else x), edges.index)
        return x


class LibraryRGCN(RGCN):
    """R-GCN with ``RGCNConv`` and its mean over the neighbours of each type."""

    def __init__(self, graph: Any, settings: EncoderSettings) -> None:
        super().__init__(graph, settings)
        del self.w0, self.typed
        conv = need("torch_geometric.nn", "torch-geometric").RGCNConv
        d = settings.dim
        self.register_buffer("value_type", graph.value_type, persistent=False)
        self.convs = nn.ModuleList(conv(d, d, graph.n_types, bias=False) for _ in range(settings.layers))

    def encode(self, groups: Groups, relation: Tensor | None = None) -> Tensor:
        """All layers: ``(n_nodes, d)``."""
        x, edges = self.nodes.weight, encoders.edges_of(groups)
        for n, conv in enumerate(self.convs):
            x = conv(F.relu(x) if n else x, edges.index, self.value_type[edges.value])
        return x


def copy_gcn(library: Encoder, own: Encoder) -> None:
    """Our matrices into ``GCNConv``."""
    for conv, w in zip(library.convs, own.weights, strict=True):
        conv.lin.weight.copy_(w.weight)


def copy_rgcn(library: Encoder, own: Encoder) -> None:
    """Our matrices into ``RGCNConv``, which multiplies from the right."""
    for conv, w0, typed in zip(library.convs, own.w0, own.typed, strict=True):
        conv.root.copy_(w0.weight.T)
        conv.weight.copy_(typed)


LAYERS = {"gcn": (LibraryGCN, copy_gcn), "rgcn": (LibraryRGCN, copy_rgcn)}


def encoder(view: RecDataset, check: Check, seed: int, ours: Scorer) -> Scorer:
    """An encoder with PyG's layers, trained, or with our weights."""
    make, copy = LAYERS[check.baseline]
    if check.kind == "weights":
        return encoders.with_our_weights(check, ours, make, copy)
    return encoders.theirs(view, check, seed, make)
