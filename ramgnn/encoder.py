"""RAM-GNN, Eq. 4 and 15: compose, attend, add the neighbours up, combine with the node itself, layer on layer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from ramgnn.arguments import wrong
from ramgnn.attention import (
    SIGMAS,
    RelationAttention,
    attention_weights,
    softmax_groups,
    types_present,
    weighted_message,
)
from ramgnn.config import PretrainConfig
from ramgnn.graph import MultiRelationalGraph
from ramgnn.inspection import is_unchanged, layer_inputs, refuse_overridden
from ramgnn.kernels.attention import attention_sum, can_run, incidence_logits
from ramgnn.kernels.neighbours import SampledNeighbours, list_edges
from ramgnn.pairs import cosine_logit
from ramgnn.ragged import segment_sum
from ramgnn.sampler import NodeScore, similarity_logit

PUT_TOGETHER = ("forward", "sum_over_edges")  # of a layer, which only put its equations together
EQUATIONS = "override weights, message or update, or replace attention"
# what `RAMGNN.stack` runs a layer with: from the layer, e_i^(l-1) and e_n to e_i^(l)
RunLayer = Callable[["RAMLayer", Tensor, Tensor], Tensor]


class RelationEmbedding(nn.Module):
    r"""The embedding of a relation from its type and its value (reading R1).

    .. math:: e_n = [e_t \mathbin\Vert e_v] \tag{4}

    With ``halves``, e_t and e_v have d/2 entries each and are concatenated. With ``projection`` both have d and a
    matrix brings the concatenation back to d. With ``sum`` both have d and are added.
    """

    def __init__(self, graph: MultiRelationalGraph, dim: int, relation: str) -> None:
        super().__init__()
        width = dim // 2 if relation == "halves" else dim
        self.relation = relation
        self.types = nn.Embedding(graph.n_types, width)
        self.values = nn.Embedding(graph.n_values, width)
        self.project = nn.Linear(2 * dim, dim, bias=False) if relation == "projection" else None
        for table in (self.types, self.values):
            nn.init.normal_(table.weight, std=dim**-0.5)

    def forward(self, value_type: Tensor) -> Tensor:
        """e_n, Eq. 4: ``(n_values,)`` the type of each value, to ``(n_values, d)``."""
        e_t, e_v = self.types(value_type), self.values.weight  # (n_values, d_t), (n_values, d_v)
        if self.relation == "sum":
            return e_t + e_v
        e_n = torch.cat([e_t, e_v], 1)  # (n_values, d_t + d_v)
        return e_n if self.project is None else self.project(e_n)


class RAMLayer(nn.Module):
    r"""One layer: the aggregated messages of a node's neighbours, joined with the node itself.

    .. math:: e_i^{(l)} = \sigma\Big(\Big[\sum_{(j, n) \in N(i)} \alpha_{jn} W_{val}\, \varphi(e_j^{(l-1)}, e_n)\Big]
       \oplus e_i^{(l-1)}\Big) \tag{15}

    The paper prints e_n^(l-1), but no equation updates it, so e_n is the same in every layer. Its Aggr is the sum, with
    α inside it; ⊕ adds, or concatenates and projects (reading R8).

    To change an equation in a subclass, override `attention` (Eq. 6), which may be a module or a method, `weights`
    (Eq. 7), `message` (Eq. 8) or `update` (Eq. 15). Training, the history of attention and explanations then use yours:
    with another Eq. 6 at the cost of a row for each incidence, with another Eq. 7 or 8 edge by edge, which is for small
    graphs; another module `w_val` runs so, too. The setting ``attention=False`` switches off any Eq. 6: `attention` is
    then None, so a subclass that only changes it asks first whether there is one.

    Raises:
        RamgnnError: where a subclass with another `forward` or `sum_over_edges` is defined.
    """

    def __init__(self, config: PretrainConfig) -> None:
        super().__init__()
        d = config.dim
        self.config = config
        if not config.attention:
            self.attention = None  # equal weights, whatever Eq. 6 a subclass has
        elif not callable(getattr(type(self), "attention", None)):  # a subclass may have Eq. 6 as a method
            self.attention = RelationAttention(d, config.sigma)
        self.w_val = nn.Linear(d, d, bias=False)
        self.join = nn.Linear(2 * d, d, bias=False) if config.combine == "concat" else None
        self.sigma = SIGMAS[config.sigma]

    def __init_subclass__(cls, **options) -> None:
        super().__init_subclass__(**options)
        refuse_overridden(cls, RAMLayer, *PUT_TOGETHER, instead=EQUATIONS)

    def forward(
        self,
        e: Tensor,
        relation: Tensor,
        graph: MultiRelationalGraph,
        neighbours: SampledNeighbours | None,
        masked_type: int | None = None,
    ) -> Tensor:
        """One layer.

        Args:
            e: ``(n_nodes, d)``; relation: ``(n_values, d)`` e_n.
            neighbours: the sampled neighbours, or None for all.
            masked_type: a relation type whose messages are left out.

        Returns:
            ``(n_nodes, d)``.
        """
        if can_run(self, RAMLayer):
            aggregated = attention_sum(self, e, relation, graph, neighbours, masked_type)  # (n_nodes, d), without edges
        else:
            aggregated = self.sum_over_edges(e, relation, graph, *list_edges(graph, neighbours, masked_type))
        return self.update(aggregated, e)

    def sum_over_edges(
        self, e: Tensor, relation: Tensor, graph: MultiRelationalGraph, head: Tensor, tail: Tensor
    ) -> Tensor:
        """Σ α_jn W_val φ(e_j, e_n), edge by edge, as the paper writes it: ``(n_nodes, d)``.

        Args:
            head: ``(E,)`` the node at the head of each edge; tail: ``(E,)`` the incidence (j, n) at its tail.
        """
        value = graph.value[tail]
        e_j, e_n = e[graph.node[tail]], relation[value]  # (E, d), (E, d)
        a = self.attention(e_j, e_n) if self.attention is not None else e_j.new_zeros(len(e_j))  # (E,)  Eq. 6
        alpha = self.weights(a, head, graph.value_type[value], graph)  # (E,)  Eq. 7
        return segment_sum(self.message(alpha, e_j, e_n), head, graph.n_nodes)  # Eq. 8, and the sum of Eq. 15

    def weights(self, a: Tensor, head: Tensor, relation_type: Tensor, graph: MultiRelationalGraph) -> Tensor:
        """α_jn of each edge, Eq. 7: ``(E,)`` logits, heads and types to ``(E,)``, which sum to 1 for each head.

        With one softmax for each relation type (reading R2) the types that a head has neighbours of are averaged.
        """
        group = softmax_groups(head, relation_type, graph.n_types, self.config.softmax)
        alpha = attention_weights(a, group, graph.n_nodes * graph.n_types)  # (E,), summing to 1 in each group
        if self.config.softmax == "type":
            alpha = alpha / types_present(head, relation_type, graph.n_nodes, graph.n_types)[head]
        return alpha

    def message(self, alpha: Tensor, e_j: Tensor, e_n: Tensor) -> Tensor:
        """The message of each edge, Eq. 8: ``(E,)``, ``(E, d)`` and ``(E, d)`` to ``(E, d)``."""
        return weighted_message(alpha, e_j, e_n, self.w_val, self.config.composition)

    def update(self, aggregated: Tensor, e: Tensor) -> Tensor:
        """σ(aggregated ⊕ e_i), Eq. 15: ``(n_nodes, d)`` twice to ``(n_nodes, d)``."""
        if self.join is not None:
            return self.sigma(self.join(torch.cat([aggregated, e], 1)))  # (n_nodes, 2d) to (n_nodes, d)
        return self.sigma(aggregated + e)


class RAMGNN(nn.Module):
    """The whole encoder: embeddings of nodes, types and values, and a stack of layers.

    A subclass may override `stack`, or `forward` as long as it calls the `layers`: the history of attention and
    explanations follow either. One whose `forward` does without the layers must override `logits` as well.

    Attributes:
        nodes: the table of e_i^(0), ``(n_nodes, d)``.
        relations: e_t and e_v, Eq. 4.
        layers: the stack of Eq. 15.
        score: the MLP of Eq. 9, on e^(0).
        similarity_mlp: the second MLP that Eq. 16 needs when its similarity is read as the scalar one (reading R7).
        layer_class: what the layers are; a subclass may have another one.
    """

    layer_class: type[RAMLayer] = RAMLayer

    def __init__(self, graph: MultiRelationalGraph, config: PretrainConfig) -> None:
        super().__init__()
        self.config = config
        self.nodes = nn.Embedding(graph.n_nodes, config.dim)
        nn.init.normal_(self.nodes.weight, std=config.dim**-0.5)
        self.relations = RelationEmbedding(graph, config.dim, config.relation)
        self.layers = nn.ModuleList(_new_layer(self.layer_class, config) for _ in range(config.layers))
        self.score = NodeScore(config.dim)
        self.similarity_mlp = NodeScore(config.dim) if config.similarity == "mlp" else None
        self.scale = nn.Parameter(torch.tensor(5.0)) if config.similarity == "inner" else None
        self.shift = nn.Parameter(torch.tensor(-2.0)) if config.similarity == "inner" else None

    def forward(
        self, graph: MultiRelationalGraph, neighbours: SampledNeighbours | None, masked_type: int | None = None
    ) -> Tensor:
        """Final embeddings ``(n_nodes, d)``, Eq. 15 stacked; without the messages of one type, if it is masked."""
        return _last(self.stack(graph, lambda layer, e, relation: layer(e, relation, graph, neighbours, masked_type)))

    def stack(self, graph: MultiRelationalGraph, run: RunLayer) -> Iterator[tuple[Tensor, Tensor]]:
        """What goes into each layer, e_i^(l-1) and e_n, and at last what comes out of the top one, e_i^(L) and e_n.

        Args:
            run: one layer, from the layer, e_i^(l-1) and e_n to e_i^(l).

        Yields:
            ``(n_nodes, d)`` and ``(n_values, d)``; a layer is run when what follows it is asked for.
        """
        e, relation = self.nodes.weight, self.relations(graph.value_type)  # (n_nodes, d), (n_values, d)
        yield e, relation
        for layer in self.layers:
            e = run(layer, e, relation)
            yield e, relation

    def over_edges(
        self, graph: MultiRelationalGraph, neighbours: SampledNeighbours | None, masked_type: int | None = None
    ) -> Tensor:
        """The layers edge by edge, without kernels: the version to read, and to test `RAMGNN.forward` against.

        A `forward` of a subclass's own has no such version.
        """
        head, tail = list_edges(graph, neighbours, masked_type)

        def run(layer: RAMLayer, e: Tensor, relation: Tensor) -> Tensor:
            return layer.update(layer.sum_over_edges(e, relation, graph, head, tail), e)

        return _last(self.stack(graph, run))

    def logits(self, graph: MultiRelationalGraph, neighbours: SampledNeighbours | None) -> list[Tensor]:
        """Eq. 6 of what each layer gets, ``attention(e[graph.node], relation[graph.value])``: ``(m,)`` for each layer.

        Raises:
            RamgnnError: a subclass does not call all of its layers, or hands them other neighbours than it was given.
        """
        if is_unchanged(self, RAMGNN, "forward", "stack"):
            inputs = self.stack(graph, lambda layer, e, relation: layer(e, relation, graph, neighbours))
        else:
            inputs = layer_inputs(self, self.layers, graph, neighbours, None)
        # the layers first: when they have come to an end, the output of the last one is not asked for
        pairs = zip(self.layers, inputs, strict=False)
        return [incidence_logits(layer.attention, e, relation, graph) for layer, (e, relation) in pairs]

    def similarity_logits(self, e: Tensor, i: Tensor, j: Tensor) -> Tensor:
        """The logit of "i and j are neighbours" for Eq. 16 (reading R7): ``(b, c)``.

        Args:
            e: ``(n_nodes, d)`` final embeddings; i: ``(b,)`` heads; j: ``(b, c)`` tails of each.

        The inner product is taken of embeddings of unit length, with a learned scale and shift; the scalar reading
        takes s = 1 - d of Eq. 10.
        """
        if self.similarity_mlp is None:
            return cosine_logit(e, i, j, self.scale, self.shift)
        return similarity_logit(self.similarity_mlp(e), i, j)


def _new_layer(layer_class: type[RAMLayer], config: PretrainConfig) -> RAMLayer:
    """A layer; with ``attention=False`` without the Eq. 6 that a subclass has set or changed."""
    if not (isinstance(layer_class, type) and issubclass(layer_class, RAMLayer)):
        raise wrong("layer_class", layer_class, "a subclass of ramgnn.encoder.RAMLayer")
    if config.attention:
        return layer_class(config)
    try:
        layer = layer_class(config)
    except AttributeError:  # it may change an attention that is not there: made with one, which is then taken away
        layer = layer_class(replace(config, attention=True))
    layer.attention = None
    return layer


def _last(stack: Iterator[tuple[Tensor, Tensor]]) -> Tensor | None:
    """The embeddings that come last; those before them are not held."""
    if not isinstance(stack, Iterator):
        raise wrong("what `stack` gives back", stack, "pairs that it yields: e and relation")
    last = None
    for e, _ in stack:
        last = e
    return last


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
