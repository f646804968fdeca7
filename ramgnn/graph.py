"""The multi-relational graph of Section III-A, held as incidences instead of edges.

Two nodes are neighbours when they share an attribute value, so a value that g nodes have makes g(g - 1) edges out of
g rows. Only the rows, the *incidences* m = (j, t, v), are stored: node j has value v of relation type t. Everything
that the model needs of an edge (i, t, v, j) is the head i and the incidence of its tail.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from ramgnn.datasets.base import RecDataset, Relation
from ramgnn.errors import NotFoundError, RamgnnError
from ramgnn.ragged import ragged_arange

if TYPE_CHECKING:
    import networkx as nx


@dataclass(frozen=True)
class Neighbour:
    """A neighbour of a node and why it is one.

    Attributes:
        node: its index.
        reasons: ``(type, value)`` index pairs that both nodes have, one for each edge between them.
    """

    node: int
    reasons: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class MultiRelationalGraph:
    """Nodes, relation types and values; edges are implied by shared values.

    Attributes:
        n_nodes: number of nodes.
        types: names of the relation types, ``n_types`` of them.
        value_labels: names of the values, ``n_values`` of them, those of a type next to each other.
        value_type: ``(n_values,)`` the type of each value.
        node, value: ``(m,)`` the incidences, sorted by (type, value, node); int64.
        value_ptr: ``(n_values + 1,)`` where the incidences of each value begin.
        type_ptr: ``(n_types + 1,)`` where the incidences of each type begin.
        by_node: ``(m,)`` the incidences in the order of their nodes, then (type, value).
        node_ptr: ``(n_nodes + 1,)`` where the incidences of each node begin in `by_node`.
        node_labels: what a reader sees; empty when not given.
    """

    n_nodes: int
    types: tuple[str, ...]
    value_labels: tuple[str, ...]
    value_type: Tensor
    node: Tensor
    value: Tensor
    value_ptr: Tensor
    type_ptr: Tensor
    by_node: Tensor
    node_ptr: Tensor
    node_labels: tuple[str, ...] = ()

    # ---- making one -------------------------------------------------------------------------------------------

    @classmethod
    def from_relations(
        cls, n_nodes: int, relations: Sequence[Relation], node_labels: Sequence[str] = ()
    ) -> MultiRelationalGraph:
        """Build the graph from attribute tables, one relation type each.

        Raises:
            RamgnnError: there is no relation type, or one names a node or value outside its range.
        """
        if not relations:
            raise RamgnnError("a graph needs at least one relation type, and this data has none on that side")
        for r in relations:
            if len(r.nodes) and not (0 <= r.nodes.min() and r.nodes.max() < n_nodes):
                raise RamgnnError(f"relation {r.name!r} names a node outside 0..{n_nodes - 1}")
            if len(r.values) and not (0 <= r.values.min() and r.values.max() < r.n_values):
                raise RamgnnError(f"relation {r.name!r} names a value outside 0..{r.n_values - 1}")
        first = np.cumsum([0, *[r.n_values for r in relations]])
        node = np.concatenate([r.nodes for r in relations])
        value = np.concatenate([r.values + offset for r, offset in zip(relations, first[:-1], strict=True)])
        order = np.lexsort((node, value))
        node, value = node[order], value[order]
        value_type = np.repeat(np.arange(len(relations)), [r.n_values for r in relations])
        value_ptr = np.searchsorted(value, np.arange(first[-1] + 1))
        by_node = np.lexsort((value, node))
        tensors = {
            "value_type": value_type,
            "node": node,
            "value": value,
            "value_ptr": value_ptr,
            "type_ptr": value_ptr[first],
            "by_node": by_node,
            "node_ptr": np.searchsorted(node[by_node], np.arange(n_nodes + 1)),
        }
        return cls(
            n_nodes=n_nodes,
            types=tuple(r.name for r in relations),
            value_labels=tuple(label for r in relations for label in r.labels),
            node_labels=tuple(node_labels),
            **{name: torch.from_numpy(np.ascontiguousarray(x, np.int64)) for name, x in tensors.items()},
        )

    @classmethod
    def from_dataset(cls, dataset: RecDataset, side: str) -> MultiRelationalGraph:
        """The item graph (``side="item"``) or the user graph (``side="user"``) of a data set."""
        labels = dataset.item_labels if side == "item" else dataset.user_labels
        return cls.from_relations(dataset.n_nodes(side), dataset.relations(side), labels)

    def to(self, device: str | torch.device) -> MultiRelationalGraph:
        """The same graph with its tensors on `device`."""
        moved = {f.name: x.to(device) for f in fields(self) if isinstance(x := getattr(self, f.name), Tensor)}
        return replace(self, **moved)

    # ---- counting, without an edge list -----------------------------------------------------------------------

    @property
    def n_types(self) -> int:
        """Number of relation types."""
        return len(self.types)

    @property
    def n_values(self) -> int:
        """Number of values over all types."""
        return len(self.value_labels)

    @property
    def n_incidences(self) -> int:
        """Number of stored rows m."""
        return len(self.node)

    @property
    def type(self) -> Tensor:
        """``(m,)`` the type of each incidence."""
        return self.value_type[self.value]

    @property
    def group_size(self) -> Tensor:
        """``(n_values,)`` how many nodes have each value."""
        return self.value_ptr.diff()

    def type_index(self, name: str | int) -> int:
        """The index of a relation type.

        Raises:
            NotFoundError: there is no such type.
        """
        if isinstance(name, int) and 0 <= name < self.n_types:
            return name
        if name not in self.types:
            raise NotFoundError("relation type", name, list(self.types))
        return self.types.index(name)

    def n_edges(self, relation_type: str | int | None = None) -> int:
        """Directed edges (i, t, v, j), i ≠ j, counted once per shared value: the sum of g(g - 1) over values."""
        g = self.group_size
        if relation_type is not None:
            g = g[self.value_type == self.type_index(relation_type)]
        return int((g * (g - 1)).sum())

    def degrees(self, relation_type: str | int) -> Tensor:
        """``(n_nodes,)`` how many edges of one type each node has."""
        t = self.type_index(relation_type)
        rows = slice(int(self.type_ptr[t]), int(self.type_ptr[t + 1]))
        degree = torch.zeros(self.n_nodes, dtype=torch.int64, device=self.node.device)
        return degree.index_add_(0, self.node[rows], self.group_size[self.value[rows]] - 1)

    def counts(self) -> pd.DataFrame:
        """One row per type: nodes with a value, values, incidences, directed edges, edges per node, largest group."""
        rows = []
        for t, name in enumerate(self.types):
            degree, g = self.degrees(t), self.group_size[self.value_type == t]
            rows.append(
                {
                    "type": name,
                    "nodes": len(self.node[self.type_ptr[t] : self.type_ptr[t + 1]].unique()),
                    "values": int((g > 0).sum()),
                    "incidences": int(g.sum()),
                    "edges": self.n_edges(t),
                    "median neighbours": float(degree.double().median()) if self.n_nodes else 0.0,
                    "most neighbours": int(degree.max()) if self.n_nodes else 0,
                    "largest group": int(g.max()) if len(g) else 0,
                }
            )
        return pd.DataFrame(rows).set_index("type")

    # ---- looking at edges, on demand --------------------------------------------------------------------------

    def edges(self, relation_type: str | int | None = None, limit: int = 5_000_000) -> tuple[Tensor, Tensor]:
        """All edges of one type (or of all) as ``head (e,)`` and ``tail incidence (e,)``.

        The tail node is ``graph.node[incidence]``, its value ``graph.value[incidence]``.

        Raises:
            RamgnnError: there are more than `limit` of them.
        """
        count = self.n_edges(relation_type)
        if count > limit:
            raise RamgnnError(
                f"{count:,} edges are more than the limit of {limit:,}; the model never needs the list: "
                "count them with counts(), look at a neighbourhood with neighbours(), or raise the limit"
            )
        types = range(self.n_types) if relation_type is None else [self.type_index(relation_type)]
        device = self.node.device
        rows = torch.cat([torch.arange(int(self.type_ptr[t]), int(self.type_ptr[t + 1]), device=device) for t in types])
        size = self.group_size[self.value[rows]]
        head = rows.repeat_interleave(size)
        tail = ragged_arange(self.value_ptr[self.value[rows]], size, len(head))
        keep = tail != head
        return self.node[head[keep]], tail[keep]

    def incidences_of(self, node: int) -> Tensor:
        """The incidences of one node, by type and value."""
        return self.by_node[self.node_ptr[node] : self.node_ptr[node + 1]]

    def values_of(self, node: int) -> list[tuple[str, str]]:
        """The node's attributes as ``(type name, value name)``."""
        values = self.value[self.incidences_of(node)].tolist()
        return [(self.types[self.value_type[v]], self.value_labels[v]) for v in values]

    def shared(self, i: int, j: int) -> list[tuple[int, int]]:
        """The ``(type, value)`` index pairs that two nodes share."""
        a = set(self.value[self.incidences_of(i)].tolist())
        return [(int(self.value_type[v]), v) for v in self.value[self.incidences_of(j)].tolist() if v in a]

    def neighbours(
        self, node: int, relation_type: str | int | None = None, limit: int | None = None
    ) -> list[Neighbour]:
        """The neighbours of a node with their reasons, those with the most shared values first, ties by index."""
        if not 0 <= node < self.n_nodes:
            raise NotFoundError("node", node, hint=f"nodes are numbered 0..{self.n_nodes - 1}")
        t_only = None if relation_type is None else self.type_index(relation_type)
        reasons: dict[int, list[tuple[int, int]]] = {}
        for v in self.value[self.incidences_of(node)].tolist():
            t = int(self.value_type[v])
            if t_only is None or t == t_only:
                for j in self.node[self.value_ptr[v] : self.value_ptr[v + 1]].tolist():
                    if j != node:
                        reasons.setdefault(j, []).append((t, v))
        neighbours = [Neighbour(j, tuple(pairs)) for j, pairs in reasons.items()]
        return sorted(neighbours, key=lambda x: (-len(x.reasons), x.node))[:limit]

    def label(self, node: int) -> str:
        """What a reader sees of a node."""
        return self.node_labels[node] if self.node_labels else str(node)

    def quadruplets(self, limit: int = 100_000) -> Iterator[tuple[str, str, str, str]]:
        """Edges as names (head, type, value, tail): the meta structure of Section III-A."""
        head, tail = self.edges(limit=limit)
        for i, m in zip(head.tolist(), tail.tolist(), strict=True):
            v = int(self.value[m])
            yield self.label(i), self.types[self.value_type[v]], self.value_labels[v], self.label(int(self.node[m]))

    # ---- other libraries --------------------------------------------------------------------------------------

    def to_networkx(self, nodes: Sequence[int] | int | None = None, limit: int = 20_000) -> nx.MultiGraph:
        """A neighbourhood to draw: the given nodes (one node: it and its neighbours; None: all) and their edges.

        Every shared value is one undirected edge with attributes ``type`` and ``value``; nodes carry ``label``.

        Raises:
            RamgnnError: it would have more than `limit` edges.
        """
        if isinstance(nodes, int):
            nodes = [nodes, *[x.node for x in self.neighbours(nodes)]]
        chosen = sorted(set(range(self.n_nodes) if nodes is None else nodes))
        mask = torch.zeros(self.n_nodes, dtype=torch.bool)
        mask[chosen] = True
        rows = mask[self.node.cpu()].nonzero()[:, 0]
        node, value = self.node.cpu()[rows].tolist(), self.value.cpu()[rows].tolist()
        groups: dict[int, list[int]] = {}
        for j, v in zip(node, value, strict=True):
            groups.setdefault(v, []).append(j)
        count = sum(len(g) * (len(g) - 1) // 2 for g in groups.values())
        if count > limit:
            raise RamgnnError(f"{count:,} edges are too many to draw (limit {limit:,}); choose fewer nodes")
        import networkx as nx  # takes a third of a second to import, and only drawing needs it

        drawn = nx.MultiGraph()
        drawn.add_nodes_from((j, {"label": self.label(j)}) for j in chosen)
        for v, members in groups.items():
            name, label = self.types[self.value_type[v]], self.value_labels[v]
            for a, i in enumerate(members):
                drawn.add_edges_from((i, j, {"type": name, "value": label}) for j in members[a + 1 :])
        return drawn
