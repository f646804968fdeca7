"""GCN: one relation type, and every node the weighted mean of its neighbours and itself."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from ramgnn.baselines.encoders.base import Encoder, EncoderSettings, Groups, linear, register_encoder
from ramgnn.datasets.base import Relation
from ramgnn.graph import MultiRelationalGraph


@register_encoder("gcn")
class GCN(Encoder):
    """H' = σ(D̃^-½ (A + I) D̃^-½ H W), σ = ReLU between layers and nothing after the last; no bias.

    Kipf and Welling, "Semi-supervised classification with graph convolutional networks", ICLR 2017. Dropout, 0.5
    there, is on the input of each layer.

    It has no notion of relations: the paper keeps one type for each graph and does not say which. Here the graph that
    it is trained on, and that its loss draws pairs from, has that one type (`EncoderSettings.item_type`, `user_type`).
    Where every node has one value of the type, a group of neighbours is a clique with itself: all of it comes out with
    the very same embedding after one layer, whatever went in.
    """

    DROPOUT = 0.5

    def __init__(self, graph: MultiRelationalGraph, settings: EncoderSettings) -> None:
        super().__init__(graph, settings)
        self.weights = nn.ModuleList(linear(settings.dim) for _ in range(settings.layers))

    @classmethod
    def graph_for(cls, graph: MultiRelationalGraph, settings: EncoderSettings, side: str) -> MultiRelationalGraph:
        """The graph of one relation type, that of the settings."""
        return single_type(graph, settings.item_type if side == "item" else settings.user_type)

    def encode(self, groups: Groups, relation: Tensor | None = None) -> Tensor:
        """All layers: ``(n_nodes, d)``."""
        x = self.nodes.weight
        for n, w in enumerate(self.weights):
            x = propagate(w(self.dropout(F.relu(x) if n else x)), groups)
        return x


def propagate(x: Tensor, groups: Groups) -> Tensor:
    """D̃^-½ (A + I) D̃^-½ x, ``(n_nodes, c)`` to the same: rows are scaled before and after the sum."""
    scale = (groups.degree.sum(1, keepdim=True) + 1).to(x.dtype).rsqrt()
    x = x * scale
    return (groups.neighbours(x) + x) * scale


def single_type(graph: MultiRelationalGraph, name: str | None) -> MultiRelationalGraph:
    """The graph with one of its relation types only; by default the one with most edges.

    Raises:
        NotFoundError: it has no such type.
    """
    if name is None:
        name = max(graph.types, key=graph.n_edges)
    t = graph.type_index(name)
    rows = slice(int(graph.type_ptr[t]), int(graph.type_ptr[t + 1]))
    values = (graph.value_type == t).nonzero()[:, 0].cpu()
    labels = tuple(graph.value_labels[v] for v in values.tolist())
    node, value = graph.node[rows].cpu().numpy(), (graph.value[rows].cpu() - int(values.min())).numpy()
    relation = Relation(name, node, value, labels)
    return MultiRelationalGraph.from_relations(graph.n_nodes, [relation], graph.node_labels).to(graph.node.device)
