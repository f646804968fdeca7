"""Windows that slide against lists, and against float64 sums by loops where weights lie far apart."""

from __future__ import annotations

import os

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ramgnn.attention import RelationAttention
from ramgnn.composition import OPERATORS, combine
from ramgnn.kernels import sliding, sliding_loops, window_lists, windows
from ramgnn.kernels.window_attention import attend_windows
from ramgnn.kernels.window_lists import Operands
from tests.small import graphs, random_graph

pytest.importorskip("numba")

N = 60


@pytest.fixture(autouse=True)
def everything_slides(monkeypatch):
    monkeypatch.delenv("RAMGNN_COMPILED", raising=False)
    monkeypatch.setattr(sliding, "LEAST", 0)
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def sampled(k=3, seed=0, per="value", n=N, scores=None):
    graph = random_graph(n, 3, 5, 2, seed=seed)  # several values of a type
    scores = torch.randn(n, generator=torch.Generator().manual_seed(seed)) if scores is None else scores
    return graph, windows.nearest_windows(graph, scores, [k] * 3, per)


def numbers(graph, d=6, seed=0, sigma="tanh", spread=1.0):
    torch.manual_seed(seed)
    e, relation = (torch.randn(n, d, requires_grad=True) for n in (graph.n_nodes, graph.n_values))
    attention = RelationAttention(d, sigma)
    with torch.no_grad():
        attention.p *= spread / attention.p.abs().sum()
    return e, relation, attention


def layer(graph, kept, operator, sigma="tanh", over="all", spread=1.0, types=(0, 1, 2), dtype=torch.float32):
    """Value and gradients of the sums of a layer."""
    e, relation, attention = numbers(graph, sigma=sigma, spread=spread)
    e, relation = (x.detach().to(dtype).requires_grad_() for x in (e, relation))
    attention = attention.to(dtype)
    total = attend_windows(e, relation, attention, kept, types, operator, over)
    weight = torch.randn(total.shape, generator=torch.Generator().manual_seed(3)).to(dtype)
    (total * weight).sum().backward()
    return [total.detach(), *(x.grad for x in (e, relation, *attention.parameters()))]


def by_lists(monkeypatch, function):
    with monkeypatch.context() as patch:
        patch.setattr(sliding, "LEAST", 10**9)
        return function()


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("per", ["value", "type"])
@pytest.mark.parametrize("over", ["all", "type"])
@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("sigma", ["tanh", "leaky_relu", "sigmoid"])
def test_a_layer_equals_that_by_lists(monkeypatch, sigma, operator, over, per, threads):
    graph, kept = sampled(per=per)
    torch.set_num_threads(threads)
    slow = by_lists(monkeypatch, lambda: layer(graph, kept, operator, sigma, over, types=(0, 2)))
    for x, y in zip(layer(graph, kept, operator, sigma, over, types=(0, 2)), slow, strict=True):
        torch.testing.assert_close(x, y, rtol=1e-4, atol=1e-5 * float(y.abs().max()))


@given(st.integers(0, 10**6), st.integers(1, 80), st.integers(1, 4), st.sampled_from(["value", "type"]))
@settings(max_examples=30, deadline=None)
def test_any_graph_any_k_any_threads(seed, k, threads, per):
    """k beyond the groups, groups of one, equal scores."""
    scores = torch.from_numpy(np.random.default_rng(seed).integers(0, 9, N).astype(np.float32))
    graph, kept = sampled(k, seed, per, scores=scores)
    torch.set_num_threads(threads)
    with pytest.MonkeyPatch.context() as patch:
        slow = by_lists(patch, lambda: layer(graph, kept, "mult"))
        patch.setattr(sliding, "LEAST", 0)
        fast = layer(graph, kept, "mult")
    torch.set_num_threads(1)
    for x, y in zip(fast, slow, strict=True):
        torch.testing.assert_close(x, y, rtol=1e-4, atol=1e-5 * float(y.abs().max()) + 1e-12)


@pytest.mark.parametrize("spread", [5.0, 20.0, 59.0])
def test_logits_far_apart_lose_nothing(spread):
    """Against the same in float64, by lists."""
    graph, kept = sampled(k=7)
    exact = layer(graph, kept, "corr", spread=spread / 2, dtype=torch.float64)
    for x, y in zip(layer(graph, kept, "corr", spread=spread / 2), exact, strict=True):
        scale = float(y.abs().max())
        torch.testing.assert_close(x.double(), y, rtol=1e-4, atol=1e-5 * scale)


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("seed", range(4))
def test_weights_26_orders_of_magnitude_apart_in_one_window(operator, seed):
    """A running sum that had forgotten how small the rest is would give zeros, or noise."""
    graph, kept = sampled(k=5, seed=seed)
    generator = torch.Generator().manual_seed(seed)
    d = 4
    tail, relation = (torch.randn(n, d, generator=generator) for n in (graph.n_nodes, graph.n_values))
    for t in range(3):
        w = kept.windows(t)
        weight = (60 * torch.rand(len(w.rank), generator=generator) - 30).exp()
        given_ = sliding.prepared(Operands(tail, relation, None, None, None, None, operator))
        total = sliding.zeros(tail, d + 1, [w])
        sliding.add_windows(w, weight, given_, total)
        size = np.zeros(graph.n_nodes)
        expected = np.zeros((graph.n_nodes, d + 1))
        for h in range(len(w.rank)):
            for q in range(int(w.start[h]), int(w.start[h] + w.size[h]) + 1):
                if q != h:
                    message = combine(tail[w.rank[q]], relation[w.value[q]], operator) * weight[q]
                    expected[w.rank[h], :d] += message.double().numpy()
                    expected[w.rank[h], d] += float(weight[q])
                    size[w.rank[h]] += float(weight[q]) * float(tail[w.rank[q]].abs().max() + 1)
        wrong = np.abs(total[: graph.n_nodes].double().numpy() - expected).max(1)
        assert (wrong <= 1e-5 * size).all()


def test_gradients_far_apart_lose_nothing():
    graph, kept = sampled(k=5)
    generator = torch.Generator().manual_seed(1)
    tail, relation = (torch.randn(n, 4, generator=generator) for n in (graph.n_nodes, graph.n_values))
    d_total = torch.randn(graph.n_nodes, 5, generator=generator)
    d_total *= (60 * torch.rand(graph.n_nodes, 1, generator=generator) - 30).exp()
    for t in range(3):
        w, found = kept.windows(t), []
        weight = torch.rand(len(w.rank), generator=generator)
        for sums, dtype in ((sliding, torch.float32), (window_lists, torch.float64)):
            given_ = Operands(tail.to(dtype), relation.to(dtype), None, None, None, None, "mult")
            given_ = sums.prepared(given_)
            d_tail, d_relation = (sums.zeros(x, 4, [w]) for x in (given_.tail, given_.relation))
            d = d_total.to(dtype)
            sums.back_to_messages(w, weight.to(dtype), d, sums.bounds(d), given_, d_tail, d_relation)
            found.append(d_tail[: graph.n_nodes].double())
        row = found[1].abs().amax(1, keepdim=True)  # each node's own size, not that of the largest
        assert ((found[0] - found[1]).abs() <= 1e-4 * row + 1e-30).all()


def test_float64_goes_by_lists():
    graph, kept = sampled()
    assert not sliding.slides([kept.windows(0)], torch.zeros(1, dtype=torch.float64))
    assert sliding.slides([kept.windows(0)], torch.zeros(1))


def test_without_a_compiler_it_goes_by_lists_and_says_so_once(monkeypatch):
    _, kept = sampled()
    monkeypatch.setattr(sliding, "installed", lambda: False)
    monkeypatch.setattr(sliding, "usable", lambda x: False)
    sliding._advise.cache_clear()
    with pytest.warns(UserWarning, match="ramgnn\\[fast\\]"):
        assert not sliding.slides([kept.windows(0)], torch.zeros(1))
    assert not sliding.slides([kept.windows(0)], torch.zeros(1))  # no second time
    sliding._advise.cache_clear()


def test_no_list_is_made(monkeypatch):
    graph, kept = sampled()
    for name in ("tail", "_by_tail", "by_node"):
        monkeypatch.setattr(type(kept.windows(0)), name, property(lambda self: pytest.fail("a list")))
    layer(graph, kept, "add")


@given(st.integers(0, 10**6))
@settings(max_examples=30, deadline=None)
def test_positions_are_sorted_group_by_group(seed):
    rng = np.random.default_rng(seed)
    ptr = np.concatenate([[0], np.cumsum(rng.integers(0, 6, 7))]).astype(np.int32)
    keys = np.concatenate([rng.integers(a, b + 1, b - a) for a, b in zip(ptr, ptr[1:], strict=False)]).astype(np.int32)
    order = np.empty_like(keys)
    sliding_loops.order_by_loop(ptr, keys, order)
    expected = [a + np.argsort(keys[a:b], kind="stable") for a, b in zip(ptr, ptr[1:], strict=False)]
    assert order.tolist() == np.concatenate(expected).tolist()


@given(
    graphs(), st.lists(st.integers(1, 9), min_size=3, max_size=3), st.sampled_from(["value", "type"]),
    st.integers(0, 10**6),
)  # fmt: skip
@settings(max_examples=200, deadline=None)
def test_windows_found_by_loops_are_the_same_to_the_last_place(graph, k, per, seed):
    """Scores with many ties, among them all the same."""
    scores = torch.from_numpy(np.random.default_rng(seed).integers(0, seed % 7 + 1, graph.n_nodes) / 4)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(windows, "LEAST", 0)
        fast = windows.nearest_windows(graph, scores, k[: graph.n_types], per)
        patch.setattr(windows, "LEAST", 10**9)
        slow = windows.nearest_windows(graph, scores, k[: graph.n_types], per)
    for name in ("order", "rank", "sorted_incidence", "size"):
        assert torch.equal(getattr(fast, name), getattr(slow, name)), name
    some = slow.size > 0  # of a window of nobody it does not matter where it begins
    assert torch.equal(fast.start[some], slow.start[some])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_child_process_starts_its_own_threads():
    """One that took over its parent's pool would wait for threads that it does not have."""
    sliding._pool(2)
    child = os.fork()
    if child == 0:
        os._exit(sliding._pool.cache_info().currsize)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert sliding._pool.cache_info().currsize


@pytest.mark.parametrize("spread", [1.0, 60.0])
@pytest.mark.parametrize("per", ["value", "type"])
def test_weights_by_head_are_those_of_the_edges(spread, per):
    graph, kept = sampled(k=4, per=per)
    logits = spread * torch.randn(graph.n_incidences, generator=torch.Generator().manual_seed(1)).double()
    weight = (logits - logits.max()).exp()
    by_edge = torch.zeros(graph.n_nodes * graph.n_types, dtype=torch.float64)
    by_edge.index_add_(0, kept.head * graph.n_types + graph.type[kept.incidence], weight[kept.incidence])
    for sums in (sliding, window_lists):
        found = sums.weights_by_head(weight[kept.sorted_incidence], kept)
        torch.testing.assert_close(found, by_edge.view(found.shape), rtol=1e-12, atol=0)
