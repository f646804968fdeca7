"""The graph as incidences, against pairs listed one by one."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given, settings

from ramgnn.datasets.base import Relation
from ramgnn.errors import NotFoundError, RamgnnError
from ramgnn.graph import MultiRelationalGraph
from tests.small import edge_list, films, graphs, random_graph


@given(graphs())
@settings(max_examples=60, deadline=None)
def test_counts_and_edges_are_those_of_the_pairs(graph):
    edges = edge_list(graph)
    assert graph.n_edges() == len(edges)
    head, tail = graph.edges()
    assert Counter(zip(head.tolist(), tail.tolist(), strict=True)) == Counter((e[0], e[4]) for e in edges)
    for t in range(graph.n_types):
        own = [e for e in edges if e[1] == t]
        assert graph.n_edges(t) == len(own) == int(graph.counts()["edges"].iloc[t])
        degree = Counter(e[0] for e in own)
        assert graph.degrees(t).tolist() == [degree[i] for i in range(graph.n_nodes)]


@given(graphs())
@settings(max_examples=40, deadline=None)
def test_neighbours_come_with_their_reasons(graph):
    edges = edge_list(graph)
    for i in range(graph.n_nodes):
        expected = {}
        for h, t, v, j, _ in edges:
            if h == i:
                expected.setdefault(j, set()).add((t, v))
        found = graph.neighbours(i)
        assert {x.node: set(x.reasons) for x in found} == expected
        assert [len(x.reasons) for x in found] == sorted((len(x.reasons) for x in found), reverse=True)
        for x in found:
            assert set(graph.shared(i, x.node)) == set(x.reasons)


def test_incidences_are_sorted_and_found_from_both_sides():
    graph = random_graph(30, 3, 5, 3, seed=4)
    key = graph.value * graph.n_nodes + graph.node
    assert bool((key.diff() > 0).all())
    assert bool((graph.type.diff() >= 0).all())
    for i in range(graph.n_nodes):
        assert set(graph.incidences_of(i).tolist()) == set((graph.node == i).nonzero()[:, 0].tolist())
    for v in range(graph.n_values):
        assert bool((graph.value[graph.value_ptr[v] : graph.value_ptr[v + 1]] == v).all())


def test_edge_list_is_refused_past_the_limit():
    graph = random_graph(20, 1, 1, 1, seed=0)
    with pytest.raises(RamgnnError, match=r"more than the limit of 3.*counts\(\)"):
        graph.edges(limit=3)
    with pytest.raises(RamgnnError, match="too many to draw"):
        graph.to_networkx(limit=3)


def test_a_large_group_is_counted_without_edges():
    n = 200_000
    relation = Relation("genre", np.arange(n), np.zeros(n, np.int64), ("pop",))
    graph = MultiRelationalGraph.from_relations(n, [relation])
    assert graph.n_edges("genre") == n * (n - 1)
    assert int(graph.degrees("genre").max()) == n - 1


def test_networkx_has_an_edge_per_shared_value():
    graph = films()
    drawn = graph.to_networkx()
    assert drawn.number_of_nodes() == 5
    assert drawn.number_of_edges() * 2 == graph.n_edges()
    assert {(e["type"], e["value"]) for e in drawn.get_edge_data(0, 1).values()} == {
        ("director", "a"), ("actor", "x"), ("actor", "y"),
    }  # fmt: skip
    around = graph.to_networkx(3)
    assert set(around.nodes) == {2, 3}


def test_names_and_quadruplets():
    graph = films()
    assert graph.values_of(0) == [("director", "a"), ("actor", "x"), ("actor", "y")]
    assert ("0", "director", "a", "1") in set(graph.quadruplets())
    assert graph.values_of(4) == [("actor", "x")]
    with pytest.raises(NotFoundError, match="no relation type 'studio'"):
        graph.type_index("studio")
    with pytest.raises(NotFoundError, match=r"0\.\.4"):
        graph.neighbours(9)


def test_bad_relations_are_refused():
    with pytest.raises(RamgnnError, match="at least one relation type"):
        MultiRelationalGraph.from_relations(3, [])
    with pytest.raises(RamgnnError, match="outside 0..2"):
        MultiRelationalGraph.from_relations(3, [Relation("a", np.array([3]), np.array([0]), ("x",))])
    with pytest.raises(RamgnnError, match="value outside"):
        MultiRelationalGraph.from_relations(3, [Relation("a", np.array([0]), np.array([1]), ("x",))])


def test_to_moves_every_tensor():
    graph = films().to("meta")
    assert graph.node.device == graph.value_ptr.device == graph.by_node.device == torch.device("meta")
