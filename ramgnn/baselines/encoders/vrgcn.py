"""VR-GCN: a vector for each relation, added or subtracted along the edge."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from ramgnn.baselines.encoders.base import Encoder, EncoderSettings, Groups, linear, register_encoder
from ramgnn.graph import MultiRelationalGraph


@register_encoder("vrgcn")
class VRGCN(Encoder):
    """h_i' = σ(W 1/c_i (Σ_{j: i is head} (h_j − r) + Σ_{j: i is tail} (h_j + r)) + W_0 h_i), r' = W_r r.

    Ye, Li, Fang, Zang and Wang, "A vectorized relational graph convolutional network for multi-relational network
    alignment", IJCAI 2019; its code was not published. σ is ReLU between layers and nothing after the last, so that
    cosines of final embeddings can be negative; c_i counts the neighbours; W_0 keeps apart a node from its neighbours
    and is ours. r is one vector for each value, of the table e_n that RAM-GNN has. Dropout is on the input of layers;
    none is published.

    "Shares a value" has no direction. Were both of a pair head and tail in turn, as the printed formula has it with
    edges listed both ways, every +r would meet its −r and the relations would be gone. The paper that compares with
    it does not say what it did. Two ways out, `EncoderSettings.roles`:

    * ``"index"``: of a pair, the node with the lower index is the head. Both roles exist, but which is whose means
      nothing: of group members a below and b above i, r enters as (a − b) r.
    * ``"head"``: every node is the head of its own edges, h_j − r: the group's r enters for each neighbour.

    Either way r enters by a count, so no edge is listed.
    """

    HAS_RELATION_VECTORS = True

    def __init__(self, graph: MultiRelationalGraph, settings: EncoderSettings) -> None:
        super().__init__(graph, settings)
        d = settings.dim
        self.w0 = nn.ModuleList(linear(d) for _ in range(settings.layers))  # W_0
        self.weights = nn.ModuleList(linear(d) for _ in range(settings.layers))
        self.of_relation = nn.ModuleList(linear(d) for _ in range(settings.layers - 1))  # W_r

    def encode(self, groups: Groups, relation: Tensor | None) -> Tensor:
        """All layers: ``(n_nodes, d)``."""
        x, r = self.nodes.weight, relation
        degree = groups.degree.sum(1, keepdim=True).clamp(min=1)
        signs = signed_counts(groups, self.settings.roles)
        for n, (w0, w) in enumerate(zip(self.w0, self.weights, strict=True)):
            if n:
                x, r = F.relu(x), self.of_relation[n - 1](r)
            x = self.dropout(x)
            x = w0(x) + w((groups.neighbours(x) + groups.to_nodes(r, signs)) / degree)
        return x


def signed_counts(groups: Groups, roles: str) -> Tensor:
    """How often +r less how often −r stands in the sum of a node, for each of its values: ``(m,)``."""
    others = groups.size[groups.value] - 1
    return -others if roles == "head" else groups.before - (others - groups.before)
