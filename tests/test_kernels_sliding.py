"""Windows that slide against lists, and against float64 sums by loops where weights lie far apart."""

from __future__ import annotations

import os

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ramgnn.attention import RelationAttention
from ramgnn.composition import OPERATORS, combine, restore
from ramgnn.config import PretrainConfig
from ramgnn.datasets.base import Relation
from ramgnn.encoder import RAMLayer
from ramgnn.graph import MultiRelationalGraph
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


@pytest.fixture
def used(monkeypatch):
    """Whether each layer went by sliding windows."""
    asked, slides = [], sliding.slides
    monkeypatch.setattr(sliding, "slides", lambda *x: asked.append(slides(*x)) or asked[-1])
    return asked


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


def far_apart(graph, spread, operator):
    """A layer whose logits lie `spread` apart in one window: σ is 1 or -1 nearly everywhere, by the sign of e_j."""
    layer = RAMLayer(PretrainConfig(dim=6, composition=operator, softmax="all"))
    torch.manual_seed(0)
    e, relation = torch.randn(graph.n_nodes, 6), torch.randn(graph.n_values, 6)
    e = e.abs() * (1 - 2 * torch.randint(2, (len(e), 1)))  # a row has one sign
    with torch.no_grad():
        layer.w_val.weight.copy_(torch.eye(6))
        layer.attention.key.weight.copy_(8 * torch.eye(6))
        layer.attention.query.weight.mul_(0.1)
        layer.attention.p.fill_(spread / 12)
    return layer, e, relation


def widest(graph, kept, e, relation, attention):
    """The largest distance of two logits in one window."""
    a = attention(e[graph.node], relation[graph.value])[kept.sorted_incidence]  # by position
    ends = zip(kept.start.tolist(), (kept.start + kept.size).tolist(), strict=True)
    return max(float(a[s : e + 1].max() - a[s : e + 1].min()) for s, e in ends)


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("spread", [5.0, 20.0, 59.9])
def test_logits_far_apart_in_one_window_equal_the_readable_layer(spread, operator, used):
    """Against the same in float64, edge by edge, to 1e-5 of the size of each gradient."""
    graph, kept = sampled(k=7)
    layer, e, relation = far_apart(graph, spread, operator)
    with torch.no_grad():
        assert widest(graph, kept, e, relation, layer.attention) > 0.95 * spread
    found = []
    for dtype in (torch.float32, torch.float64):
        layer = layer.to(dtype)
        x, y = (v.detach().to(dtype, copy=True).requires_grad_() for v in (e, relation))
        if dtype == torch.float32:
            total = restore(attend_windows(x, y, layer.attention, kept, (0, 1, 2), operator), 6, operator)
            assert total.grad_fn is not None and used == [True]
        else:
            total = layer.sum_over_edges(x, y, graph, kept.head, kept.incidence)
        layer.zero_grad()
        weight = torch.randn(total.shape, generator=torch.Generator().manual_seed(3)).to(dtype)
        (total * weight).sum().backward()
        gradients = [v.grad.double().clone() for v in (x, y, *layer.attention.parameters())]
        found.append([total.detach().double(), *gradients])
    names = ["total", "e", "relation", *(name for name, _ in layer.attention.named_parameters())]
    for name, fast, exact in zip(names, *found, strict=True):
        # the gradient of p is a small difference of large parts here: in float32 lists lose as much of it
        assert (fast - exact).norm() <= (5e-5 if name == "p" else 1e-5) * exact.norm(), name


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


@pytest.mark.parametrize("sigma", ["tanh", "sigmoid", "leaky_relu"])
@pytest.mark.parametrize("size", [1.0, 20.0, 60.0, 300.0])
def test_large_keys_and_queries_of_opposite_sign_do_not_cancel_wrongly(size, sigma, used):
    """σ is taken of their sum, which may be small however large they are."""
    graph, kept = sampled(k=4)
    torch.manual_seed(0)
    e, relation = size + torch.randn(graph.n_nodes, 1), -size + torch.randn(graph.n_values, 1)
    layer = RAMLayer(PretrainConfig(dim=1, composition="add", softmax="all", relation="sum", sigma=sigma))
    with torch.no_grad():
        for weight in (layer.w_val.weight, layer.attention.key.weight, layer.attention.query.weight):
            weight.fill_(1)
        layer.attention.p.fill_(1)
        fast = attend_windows(e, relation, layer.attention, kept, (0, 1, 2), "add")
        exact = layer.double().sum_over_edges(e.double(), relation.double(), graph, kept.head, kept.incidence)
    most = {"tanh": 40, "sigmoid": 80, "leaky_relu": 1000}
    assert used == [size <= most[sigma]]
    assert (fast - exact).norm() <= 1e-5 * exact.norm()


@pytest.mark.parametrize("case", ["a heavy head", "many large ones"])
def test_small_sums_after_large_ones_lose_nothing(case):
    """What a sum was while it was large has cost digits that it needs when it is small."""
    k, d = 2000, 3
    m, rng = 3 * k, np.random.default_rng(0)
    graph = MultiRelationalGraph.from_relations(m, [Relation("t", np.arange(m), np.zeros(m, np.int64), ("v",))])
    kept = windows.nearest_windows(graph, torch.arange(float(m)), [k], "value")
    w = kept.windows(0)
    weight = rng.uniform(0.5, 1, m).astype(np.float32)
    if case == "a heavy head":  # beside which the others are small, and which is small beside the first
        weight *= 1.5e-11
        weight[0], weight[9 * k // 10] = 1.0, 1.1e-4
    else:
        weight[k:] *= 1e-8
    tail, relation = torch.from_numpy(rng.normal(size=(m, d)).astype(np.float32)), torch.zeros(1, d)
    tail[0] *= 0.1
    total = sliding.zeros(tail, d + 1, [w])
    given_ = sliding.prepared(Operands(tail, relation, None, None, None, None, "add"))
    sliding.add_windows(w, torch.from_numpy(weight), given_, total)
    heavy, x = weight.astype(float), np.c_[tail.double().numpy(), np.ones(m)]
    for h in [9 * k // 10, *range(0, m, 97)]:
        inside = np.arange(int(w.start[h]), int(w.start[h] + w.size[h]) + 1)
        inside = inside[inside != h]
        exact = heavy[inside] @ x[inside]
        bound = heavy[inside] @ np.abs(x[inside]).max(1)
        assert np.abs(total[h].double().numpy() - exact).max() <= 1.5e-7 * bound


def test_what_is_no_number_stays_where_it_is(monkeypatch):
    """NaN and infinity reach whom they reach by lists, in value and gradient."""
    graph, kept = sampled(k=3)
    w = kept.windows(0)
    tail, relation = torch.randn(N, 4), torch.randn(graph.n_values, 4)
    weight, d_total = torch.rand(len(w.rank)), torch.randn(N, 5)
    a, b = w.rank[[5, 25]].tolist()
    tail[a, 1], tail[b, 0], d_total[a, 2], d_total[b, 3] = torch.nan, torch.inf, torch.nan, -torch.inf
    found = []
    for sums in (sliding, window_lists):
        given_ = sums.prepared(Operands(tail, relation, None, None, None, None, "add"))
        total = sums.zeros(tail, 5, [w])
        sums.add_windows(w, weight, given_, total)
        d_tail, d_relation = (sums.zeros(x, 4, [w]) for x in (tail, relation))
        d_logit = sums.back_to_messages(w, weight, d_total, sums.bounds(d_total), given_, d_tail, d_relation)
        found.append([x.isfinite() for x in (total[:N], d_tail[:N], d_logit)])
    for fast, slow in zip(*found, strict=True):
        assert torch.equal(fast, slow) and not fast.all()


@pytest.mark.parametrize("per", ["value", "type"])
@pytest.mark.parametrize("threads", [2, 7, 64])
def test_threads_have_no_more_rows_of_their_own_than_there_are_positions(threads, per):
    """And each row behind the others is written by one stretch alone."""
    graph, kept = sampled(per=per)
    torch.set_num_threads(threads)
    for t in range(3):
        w = kept.windows(t)
        found, m = sliding.shares(w), len(w.rank)
        assert len(found.nodes) <= m and len(found.values) == len(found.begins) - 1
        ends = [*found.begins[1:], m]
        for rows in (found.row, found.value_row):
            written = [set(rows[a:b].tolist()) for a, b in zip(found.begins, ends, strict=True)]
            assert sum(map(len, written)) == len(set().union(*written))
        whose = torch.cat([torch.arange(N), found.nodes])
        assert torch.equal(whose[found.row.long()], w.rank.long())


def test_a_table_of_relations_may_have_more_rows(monkeypatch):
    graph, kept = sampled()
    torch.set_num_threads(3)
    e, relation, attention = numbers(graph)
    found = []
    for least in (0, 10**9):
        monkeypatch.setattr(sliding, "LEAST", least)
        longer = torch.cat([relation.detach(), torch.randn(5, 6)]).requires_grad_()
        attend_windows(e, longer, attention, kept, (0, 1, 2), "mult").square().sum().backward()
        found.append(longer.grad)
    torch.testing.assert_close(*found, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("threads", [1, 3, 64])
def test_fewer_incidences_than_threads(threads):
    graph = MultiRelationalGraph.from_relations(2, [Relation("t", np.arange(2), np.zeros(2, np.int64), ("v",))])
    kept = windows.nearest_windows(graph, torch.tensor([0.1, 0.7]), [1], "value")
    torch.set_num_threads(threads)
    assert len(sliding.shares(kept.windows(0)).begins) == min(threads, 2)
    for x in layer(graph, kept, "mult", types=(0,)):
        assert x.isfinite().all()


def some(x):
    return Operands(x, x, None, None, None, None, "add")


def test_other_numbers_than_float32_go_by_lists():
    graph, kept = sampled()
    for dtype in (torch.float64, torch.bfloat16):
        assert not sliding.slides([kept.windows(0)], some(torch.zeros(1, 1, dtype=dtype)))
    assert sliding.slides([kept.windows(0)], some(torch.zeros(1, 1)))


@pytest.mark.parametrize("least", [0, 10**9])
@pytest.mark.parametrize("forward", [False, True])
@pytest.mark.parametrize("backward", [False, True])
def test_autocast_changes_nothing_in_here(monkeypatch, forward, backward, least):
    graph, kept = sampled()
    monkeypatch.setattr(sliding, "LEAST", least)
    found = []
    for cast in ((False, False), (forward, backward)):
        e, relation, attention = numbers(graph)
        with torch.autocast("cpu", torch.bfloat16, enabled=cast[0]):
            total = attend_windows(e, relation, attention, kept, (0, 1, 2), "corr")
        with torch.autocast("cpu", torch.bfloat16, enabled=cast[1]):
            total.square().sum().backward()
        found.append([total.detach(), e.grad, relation.grad, attention.key.weight.grad])
    for x, y in zip(*found, strict=True):
        assert torch.equal(x, y)


@pytest.mark.parametrize("what", ["e", "relation", "bias"])
def test_what_is_no_number_goes_by_lists(what, used):
    graph, kept = sampled()
    e, relation, attention = numbers(graph)
    with torch.no_grad():
        {"e": e, "relation": relation, "bias": attention.query.bias}[what].view(-1)[0] = torch.nan
        attend_windows(e, relation, attention, kept, (0, 1, 2), "add")
    assert used == [False]


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
