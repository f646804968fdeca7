"""What the five encoders share: settings, tables, the similarity, and sums over neighbours without an edge list.

All nodes with one value are neighbours of each other, and a message is linear in the neighbour's embedding. So a sum
over the neighbours of node i is, for each of its values, the sum over all nodes that have the value, less i's own row.
A layer costs what the incidences cost, however many edges they stand for. An edge counts once per shared value, as
everywhere in this package.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import TypeVar

import torch
from torch import Tensor, nn

from ramgnn import arguments
from ramgnn.config import Config, PretrainConfig
from ramgnn.encoder import RAMGNN, RelationEmbedding
from ramgnn.errors import RamgnnError
from ramgnn.graph import MultiRelationalGraph
from ramgnn.kernels.sums import sum_over_lists
from ramgnn.pairs import cosine_logit
from ramgnn.ragged import offsets, segment_sum

COMPOSITIONS = ("sub", "mult", "corr")
ROLES = ("index", "head")
SHARED = ("dim", "layers", "lr", "weight_decay", "epochs", "steps", "negatives", "target")  # settings of RAM-GNN too


@dataclass(frozen=True)
class EncoderSettings:
    """Settings of pre-training with one of the five. Those shared with RAM-GNN have the same defaults.

    Attributes:
        dim: d; layers: how many.
        lr: Adam's learning rate.
        weight_decay: λ_1 of Eq. 17.
        dropout: the share of entries set to zero in training, where each encoder says; None for its published one.
        epochs, steps: epochs, and optimiser steps in each.
        negatives: random tails per positive.
        target: ``"hidden"`` predicts the edges of one type a step, without messages of that type; ``"seen"`` predicts
            those that messages run along (reading R15). GCN has a single type: always seen.
        composition: φ of CompGCN, ``sub`` (TransE, what the paper names), ``mult`` or ``corr``.
        roles: who is head and who is tail in VR-GCN: ``index``, or ``head``, see there.
        item_type, user_type: the relation type that GCN keeps on each side; None for the one with most edges.
    """

    dim: int = 64
    layers: int = 2
    lr: float = 0.01
    weight_decay: float = 0.1
    dropout: float | None = None
    epochs: int = 100
    steps: int = 4
    negatives: int = 5
    target: str = "hidden"
    composition: str = "sub"
    roles: str = "index"
    item_type: str | None = None
    user_type: str | None = None

    def validate(self) -> EncoderSettings:
        """Return self when every value is of its kind, every choice a known one and every number possible.

        Raises:
            RamgnnError: one is not.
        """
        for field in fields(self):
            value, kinds = getattr(self, field.name), arguments.annotation(field.type).split(" | ")
            if not arguments.is_of_kind(value, kinds):
                raise arguments.wrong(field.name, value, " or ".join(arguments.KINDS[kind] for kind in kinds))
        for name, allowed in (("composition", COMPOSITIONS), ("roles", ROLES)):
            if getattr(self, name) not in allowed:
                raise RamgnnError(f"{name} is {getattr(self, name)!r}; expected {' or '.join(allowed)}")
        if self.dropout is not None and not 0 <= self.dropout < 1:
            raise RamgnnError(f"dropout is {self.dropout}; expected 0 up to below 1")
        Config(pretrain=self.pretraining()).validate()
        return self

    @classmethod
    def shared_with(cls, config: PretrainConfig) -> EncoderSettings:
        """What RAM-GNN has too, from its settings; the rest at its default."""
        return cls(**{name: getattr(config, name) for name in SHARED})

    def pretraining(self) -> PretrainConfig:
        """The same for the loss and the optimiser of `ramgnn.pretrain`; there is no sampler."""
        return PretrainConfig(sampler="none", **{name: getattr(self, name) for name in SHARED})


class Groups:
    """The nodes of each value and the values of each node, to sum over in both directions.

    Args:
        graph: the graph.
        masked_type: a relation type to leave out; None for none.

    Attributes:
        node, value: ``(m,)`` the incidences, sorted by value, then node.
        size: ``(n_values,)`` how many nodes have each value.
        before: ``(m,)`` how many nodes of the same value have a lower index.
        values_per_node: ``(n_nodes, n_types)`` how many values each node has.
        degree: ``(n_nodes, n_types)`` how many neighbours, counted once per shared value.
    """

    def __init__(self, graph: MultiRelationalGraph, masked_type: int | None = None) -> None:
        rows = graph.type != masked_type if masked_type is not None else slice(None)
        self.shape = graph.n_nodes, graph.n_types
        self.node, self.value = graph.node[rows], graph.value[rows]
        head_type = self.node * graph.n_types + graph.value_type[self.value]
        self.by_node = torch.argsort(self.node, stable=True)  # and, within a node, by type and value
        self.size = torch.bincount(self.value, minlength=graph.n_values)
        per_head_type = torch.bincount(head_type, minlength=graph.n_nodes * graph.n_types)
        first, first_of_head_type = offsets(self.size)[:-1], offsets(per_head_type)[:-1]
        first_of_node = offsets(torch.bincount(self.node, minlength=graph.n_nodes))[:-1]
        self.before = torch.arange(len(self.node), device=self.node.device) - first[self.value]
        self.values_per_node = per_head_type.view(self.shape)
        self.degree = segment_sum(self.size[self.value] - 1, head_type, len(per_head_type)).view(self.shape)
        # lists to sum over, and where each begins: int32 is half the memory to read
        self._nodes_of = self.node.int(), first.int()
        self._head_types_of = head_type.int(), first.int()
        values = self.value[self.by_node].int()
        self._values_of, self._values_by_type = (values, first_of_node.int()), (values, first_of_head_type.int())

    def to_values(self, x: Tensor) -> Tensor:
        """``(n_nodes, c)`` to ``(n_values, c)``: the sum over the nodes of each value."""
        return sum_over_lists(x, self._nodes_of, self._values_of)

    def to_nodes(self, y: Tensor, weight: Tensor | None = None) -> Tensor:
        """``(n_values, c)`` to ``(n_nodes, c)``: the sum over the values of each node.

        Args:
            weight: ``(m,)`` a constant factor for each incidence; None for 1.
        """
        if weight is None:
            return sum_over_lists(y, self._values_of, self._nodes_of)
        weight = weight.to(y.dtype)
        return sum_over_lists(y, (*self._values_of, weight[self.by_node]), (*self._nodes_of, weight))

    def neighbours(self, x: Tensor) -> Tensor:
        """``(n_nodes, c)``: the sum of x over the neighbours of each node."""
        return self.to_nodes(self.to_values(x)) - self.values_per_node.sum(1, keepdim=True) * x

    def means_by_type(self, x: Tensor) -> Tensor:
        """``(n_nodes, n_types, c)``: the mean of x over the neighbours under each type; zero where there are none."""
        total = sum_over_lists(self.to_values(x), self._values_by_type, self._head_types_of).view(*self.shape, -1)
        return (total - self.values_per_node.unsqueeze(2) * x.unsqueeze(1)) / self.degree.clamp(min=1).unsqueeze(2)


class Encoder(nn.Module):
    """Node embeddings from a graph, in RAM-GNN's place: the same start table, similarity and loss, no sampler.

    Subclasses set `DROPOUT`, the published one, and `HAS_RELATION_VECTORS`, whether relations have vectors; they define
    `encode`, and `register_encoder` gives them a name. You can add your own.

    Attributes:
        nodes: the table of e_i^(0), ``(n_nodes, d)``.
        relations: RAM-GNN's e_n (reading R1, halves), one vector for each type and value; None without vectors.
        scale, shift: of the similarity (reading R7, inner).
    """

    DROPOUT = 0.0
    HAS_RELATION_VECTORS = False

    def __init__(self, graph: MultiRelationalGraph, settings: EncoderSettings) -> None:
        super().__init__()
        d = settings.dim
        self.settings = settings
        self.nodes = nn.Embedding(graph.n_nodes, d)
        nn.init.normal_(self.nodes.weight, std=d**-0.5)
        self.relations = RelationEmbedding(graph, d, "halves") if self.HAS_RELATION_VECTORS else None
        self.dropout = nn.Dropout(self.DROPOUT if settings.dropout is None else settings.dropout)
        self.scale = nn.Parameter(torch.tensor(5.0))
        self.shift = nn.Parameter(torch.tensor(-2.0))
        self._graph: MultiRelationalGraph | None = None
        self._groups: dict[int | None, Groups] = {}

    def encode(self, groups: Groups, relation: Tensor | None) -> Tensor:
        """All layers.

        Args:
            groups: what to sum over.
            relation: ``(n_values, d)`` e_n^(0), or None without vectors.

        Returns:
            ``(n_nodes, d)``.

        Raises:
            RamgnnError: a subclass does not say how.
        """
        raise RamgnnError(f"{type(self).__name__} has no encode(self, groups, relation), which gives (n_nodes, d)")

    def forward(self, graph: MultiRelationalGraph, neighbours: None = None, masked_type: int | None = None) -> Tensor:
        """Final embeddings ``(n_nodes, d)`` from all neighbours, without the messages of one type, if it is masked."""
        if self._graph is not graph:
            self._graph, self._groups = graph, {}
        if masked_type not in self._groups:
            self._groups[masked_type] = Groups(graph, masked_type)
        return self.encode(
            self._groups[masked_type], self.relations(graph.value_type) if self.HAS_RELATION_VECTORS else None
        )

    @classmethod
    def graph_for(cls, graph: MultiRelationalGraph, settings: EncoderSettings, side: str) -> MultiRelationalGraph:
        """The graph that the encoder is trained on, given all of one side's: that one, unless a subclass takes less."""
        return graph

    def similarity_logits(self, e: Tensor, i: Tensor, j: Tensor) -> Tensor:
        """The logit of "i and j are neighbours": ``(b,)`` heads and ``(b, c)`` tails to ``(b, c)``, as in RAM-GNN."""
        return cosine_logit(e, i, j, self.scale, self.shift)


ENCODERS: dict[str, type[Encoder | RAMGNN]] = {}
AnyEncoder = TypeVar("AnyEncoder", bound=type)


def register_encoder(name: str) -> Callable[[AnyEncoder], AnyEncoder]:
    """Give an encoder a name, by which `ramgnn.fit` and saved runs find it; of your own the last one of a name counts.

    An encoder is a subclass of `Encoder` or, with layers of your own and the sampler, of `ramgnn.encoder.RAMGNN`.

    Raises:
        RamgnnError: it is none, or the name is that of an encoder of this package, or none was given.
    """
    arguments.registered_name("register_encoder", name)

    def register(encoder: AnyEncoder) -> AnyEncoder:
        if not (isinstance(encoder, type) and issubclass(encoder, Encoder | RAMGNN)):
            named = getattr(encoder, "__name__", repr(encoder))
            raise RamgnnError(f"{named} is no encoder; make it a subclass of Encoder or RAMGNN")
        before = ENCODERS.get(name)
        of_package = before is not None and before.__module__.startswith("ramgnn.")
        if name == "ram-gnn" or (of_package and before.__qualname__ != encoder.__qualname__):
            raise RamgnnError(f"the name {name!r} is that of an encoder of this package; choose another one")
        ENCODERS[name] = encoder
        return encoder

    return register


def linear(dim: int) -> nn.Linear:
    """A square matrix without bias, started as Glorot and Bengio do."""
    matrix = nn.Linear(dim, dim, bias=False)
    nn.init.xavier_uniform_(matrix.weight)
    return matrix


def batch_norm(dim: int) -> nn.BatchNorm1d:
    """Batch normalisation where the batch is always the whole graph, so that nothing needs to be remembered of it."""
    return nn.BatchNorm1d(dim, track_running_stats=False)
