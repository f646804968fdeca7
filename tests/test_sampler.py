"""Distance, top-k, average neighbour distance and the bandit, each against the plainest reading."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ramgnn.datasets.base import Relation
from ramgnn.errors import DivergedError
from ramgnn.graph import MultiRelationalGraph
from ramgnn.sampler import (
    Bandit,
    NodeScore,
    average_neighbour_distance,
    distance,
    has_converged,
    largest_thresholds,
    random_pair_distance,
    rank_transform,
    reward,
    similarity,
    top_k,
)
from tests.small import edge_list, films, graphs


@pytest.mark.equation(9, 10)
def test_distance_and_similarity_are_those_of_the_equations():
    torch.manual_seed(0)
    score = NodeScore(4).double()
    e = torch.randn(6, 4, dtype=torch.float64)
    first, _, last = score.mlp
    for i in range(6):
        for j in range(6):
            scalar = []
            for x in (e[i], e[j]):
                hidden = first.weight @ x + first.bias
                hidden = torch.where(hidden > 0, hidden, 0.01 * hidden)
                scalar.append(1 / (1 + torch.exp(-(last.weight @ hidden + last.bias))))
            d = (scalar[0] - scalar[1]).abs().sum()
            got = score(e)
            assert float(distance(got[i], got[j])) == pytest.approx(float(d), abs=1e-12)
            assert float(similarity(got[i], got[j])) == pytest.approx(1 - float(d), abs=1e-12)
            assert 0 <= d < 1


def kept_by_brute_force(graph, scores, k, per="type"):
    """All edges of each head and type (or value) sorted by the documented order, the first k."""
    s = scores.float()
    order = sorted(range(graph.n_nodes), key=lambda i: (float(s[i]), i))
    rank = {node: place for place, node in enumerate(order)}
    bags = {}
    for i, t, v, j, m in edge_list(graph):
        key = (float((s[i] - s[j]).abs()), abs(rank[i] - rank[j]), rank[j] > rank[i], m)
        bags.setdefault((i, t) if per == "type" else (i, t, v), []).append((key, m))
    kept = {}
    for bag, found in bags.items():
        kept.setdefault(bag[:2], set()).update(m for _, m in sorted(found)[: k[bag[1]]])
    return kept


@pytest.mark.equation(12)
@pytest.mark.parametrize("per", ["type", "value"])
@given(
    graph=graphs(),
    levels=st.integers(1, 30),
    k=st.lists(st.integers(1, 9), min_size=3, max_size=3),
    seed=st.integers(0, 999),
)
@settings(max_examples=120, deadline=None)
def test_top_k_equals_brute_force_ties_included(per, graph, levels, k, seed):
    scores = torch.from_numpy(np.random.default_rng(seed).integers(levels, size=graph.n_nodes) / 7.0)
    k = k[: graph.n_types]
    kept = top_k(graph, scores, k, per)
    expected = kept_by_brute_force(graph, scores, k, per)
    for i in range(graph.n_nodes):
        for t in range(graph.n_types):
            own = kept.of(i, t).tolist()
            assert len(own) == len(set(own))
            assert set(own) == expected.get((i, t), set())
    gaps = (scores.float()[kept.head] - scores.float()[graph.node[kept.incidence]]).abs()
    assert torch.equal(gaps, kept.distance)


def test_k_beyond_the_group_takes_everything():
    graph = films()
    kept = top_k(graph, torch.rand(5), [100, 100])
    assert len(kept.incidence) == graph.n_edges()


def test_thresholds_differ_by_type():
    n = 12
    relations = [Relation(name, np.arange(n), np.zeros(n, np.int64), ("v",)) for name in ("a", "b")]
    kept = top_k(MultiRelationalGraph.from_relations(n, relations), torch.linspace(0, 1, n), [2, 5])
    assert kept.ptr.diff().view(n, 2).tolist() == [[2, 5]] * n


def test_equal_scores_go_to_the_nearest_index():
    relation = Relation("a", np.arange(7), np.zeros(7, np.int64), ("v",))
    graph = MultiRelationalGraph.from_relations(7, [relation])
    kept = top_k(graph, torch.full((7,), 0.5), [2])
    assert sorted(graph.node[kept.of(3)].tolist()) == [2, 4]
    assert sorted(graph.node[kept.of(0)].tolist()) == [1, 2]


def test_bad_scores_and_thresholds_are_refused():
    graph = films()
    with pytest.raises(DivergedError, match="1 of 5 node scores are not finite"):
        top_k(graph, torch.tensor([0.1, 0.2, float("nan"), 0.3, 0.4]), [1, 1])
    with pytest.raises(ValueError, match="expected 2 thresholds of at least 1"):
        top_k(graph, torch.rand(5), [1, 0])
    with pytest.raises(ValueError, match="expected 2 thresholds"):
        top_k(graph, torch.rand(5), [1])


@pytest.mark.equation(12)
@given(graph=graphs(), k=st.integers(1, 5), seed=st.integers(0, 999))
@settings(max_examples=40, deadline=None)
def test_average_neighbour_distance_by_loops(graph, k, seed):
    scores = torch.from_numpy(np.random.default_rng(seed).random(graph.n_nodes)).float()
    kept = top_k(graph, scores, [k] * graph.n_types)
    found = {over: average_neighbour_distance(kept, over).tolist() for over in ("nodes", "edges")}
    for t in range(graph.n_types):
        means, every = [], []
        for i in range(graph.n_nodes):
            own = [abs(float(scores[i]) - float(scores[j])) for j in graph.node[kept.of(i, t)].tolist()]
            means += [np.mean(own)] if own else []
            every += own
        assert found["nodes"][t] == pytest.approx(np.mean(means) if means else 0, abs=1e-6)
        assert found["edges"][t] == pytest.approx(np.mean(every) if every else 0, abs=1e-6)
    half = average_neighbour_distance(kept, unit=2.0).tolist()
    assert half == pytest.approx([x / 2 for x in found["nodes"]])


@given(st.lists(st.floats(0, 1, width=32), min_size=2, max_size=30))
@settings(max_examples=50, deadline=None)
def test_random_pair_distance_is_the_mean_over_pairs(values):
    pairs = [abs(a - b) for i, a in enumerate(values) for j, b in enumerate(values) if i != j]
    assert random_pair_distance(torch.tensor(values)) == pytest.approx(np.mean(pairs), abs=1e-6)


def test_rank_transform_spreads_evenly():
    assert rank_transform(torch.tensor([0.51, 0.50, 0.52, 0.50])).tolist() == [0.5, 0.0, 0.75, 0.25]


@pytest.mark.equation(12, 13)
@given(graph=graphs(), seed=st.integers(0, 999))
@settings(max_examples=40, deadline=None)
def test_for_fixed_scores_a_larger_threshold_never_lowers_the_distance(graph, seed):
    """What Section 2 of the audit says: only drift of the scores can earn a second +1."""
    scores = torch.from_numpy(np.random.default_rng(seed).random(graph.n_nodes)).float()
    for k in range(1, 6):
        now, more = (average_neighbour_distance(top_k(graph, scores, [x] * graph.n_types)) for x in (k, k + 1))
        assert bool((more >= now - 1e-7).all())


@pytest.mark.equation(13)
@pytest.mark.parametrize(("before", "now", "expected"), [(0.5, 0.4, 1), (0.5, 0.5, 1), (0.4, 0.5, -1), (0.0, 0.0, 1)])
def test_reward(before, now, expected):
    assert reward(before, now) == expected


@pytest.mark.equation(14)
def test_termination_as_printed_takes_a_run_of_minus_one_for_convergence():
    down = [-1] * 11
    assert has_converged(down, 2, "printed")  # the sum of eleven is -11, at most 2
    assert not has_converged(down[:10], 2, "printed")  # γ > 10
    assert not has_converged(down, 2, "absolute")
    assert not has_converged([1] * 11, 2, "printed")
    # eleven terms have an odd sum: 7 × +1 and 4 × -1 is 3, not yet; 6 and 5 is 1
    assert not has_converged([1] * 7 + [-1] * 4, 2, "printed")
    assert has_converged([1] * 6 + [-1] * 5, 2, "printed")


@pytest.mark.equation(14)
def test_termination_by_the_absolute_sum_of_ten():
    assert has_converged([1, -1] * 5, 2, "absolute")
    assert has_converged([1] * 6 + [-1] * 4, 2, "absolute")
    assert not has_converged([1] * 7 + [-1] * 3, 2, "absolute")
    assert not has_converged([-1] * 7 + [1] * 3, 2, "absolute")
    assert not has_converged([1, -1] * 4, 2, "absolute")  # only eight
    assert has_converged([1] * 50 + [1, -1] * 5, 2, "absolute")  # the last ten count


@pytest.mark.equation(13, 14)
def test_bandit_by_hand():
    bandit = Bandit([5], [100], step=2, rule="absolute")
    assert bandit.update([0.5]) == [None]  # nothing to compare with
    assert bandit.k == [5]
    assert bandit.update([0.4]) == [1]
    assert bandit.k == [7]
    assert bandit.update([0.45]) == [-1]
    assert bandit.k == [5]
    for value in [0.44, 0.45] * 4:
        bandit.update([value])
    assert bandit.rewards == [[1, -1] * 5]
    assert bandit.stopped == [10]
    assert bandit.converged
    before = list(bandit.k)
    assert bandit.update([0.1]) == [None]  # at rest for good
    assert bandit.k == before


def test_types_come_to_rest_one_by_one():
    bandit = Bandit([5, 5], [100, 100], rule="absolute")
    bandit.update([1.0, 1.0])
    for n in range(10):
        bandit.update([1.0 + n % 2 * 0.1, 1.0 - n * 0.01])
    assert bandit.stopped[0] == 10
    assert bandit.stopped[1] is None
    assert not bandit.converged
    frozen = bandit.k[0]
    bandit.update([0.0, 0.0])
    assert bandit.k[0] == frozen


def test_thresholds_stay_within_their_bounds():
    low = Bandit([5], [100], rule="absolute")
    low.update([0.0])
    for n in range(1, 20):
        low.update([float(n)])
    assert low.k == [1]
    high = Bandit([5], [8], rule="absolute")
    for n in range(20):
        high.update([-float(n)])
    assert high.k == [8]
    assert Bandit([5], [3]).k == [3]


def test_largest_threshold_is_the_most_neighbours_of_a_node():
    graph = films()
    most = [0, 0]
    for i in range(graph.n_nodes):
        for t in range(2):
            most[t] = max(most[t], sum(1 for e in edge_list(graph) if e[0] == i and e[1] == t))
    assert largest_thresholds(graph) == most


@given(graph=graphs(), k=st.integers(1, 6), seed=st.integers(0, 999), levels=st.integers(1, 30))
@settings(max_examples=60, deadline=None)
def test_windows_list_the_same_edges_by_head_and_by_tail(graph, k, seed, levels):
    scores = torch.from_numpy(np.random.default_rng(seed).integers(levels, size=graph.n_nodes) / 7.0)
    kept = top_k(graph, scores, [k] * graph.n_types)
    assert kept.counts.sum() == len(kept.incidence)
    for t in range(graph.n_types):
        w = kept.windows(t)
        expected = {(i, int(m)) for i in range(graph.n_nodes) for m in kept.of(i, t)}
        place = kept.sorted_incidence[w.positions]
        by_head, by_tail = set(), set()
        for p in range(len(place)):
            head = int(graph.node[place[p]])
            by_head |= {(head, int(place[q])) for q in w.tail[w.tail_ptr[p] : w.tail_ptr[p + 1]]}
            heads = graph.node[place[w.head[w.head_ptr[p] : w.head_ptr[p + 1]].long()]]
            by_tail |= {(int(i), int(place[p])) for i in heads}
        assert by_head == by_tail == expected
        assert torch.equal(graph.node[place], kept.order[w.rank.long()])
        assert torch.equal(graph.value[place], w.value.long())
        for r in range(graph.n_nodes):
            own = place[w.by_node[w.node_ptr[r] : w.node_ptr[r + 1]].long()]
            assert set(own.tolist()) == {
                int(m)
                for m in graph.incidences_of(int(kept.order[r]))
                if int(graph.type[m]) == t and int(graph.group_size[graph.value[m]]) > 1
            }


@pytest.mark.equation(12)
@given(graph=graphs(), seed=st.integers(0, 999))
@settings(max_examples=40, deadline=None)
def test_average_neighbour_distance_by_other_scores(graph, seed):
    """By the ranks of the same scores the windows stay sorted; by other scores every edge is looked at."""
    rng = np.random.default_rng(seed)
    scores, other = (torch.from_numpy(rng.random(graph.n_nodes)).float() for _ in range(2))
    kept = top_k(graph, scores, [3] * graph.n_types)
    for by in (rank_transform(scores), other):
        got = average_neighbour_distance(kept, scores=by).tolist()
        for t in range(graph.n_types):
            means = []
            for i in range(graph.n_nodes):
                own = [abs(float(by[i]) - float(by[j])) for j in graph.node[kept.of(i, t)].tolist()]
                means += [np.mean(own)] if own else []
            assert got[t] == pytest.approx(np.mean(means) if means else 0, abs=1e-5)
