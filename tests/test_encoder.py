"""Attention and the layer: against loops over edges, against the MessagePassing version, against finite differences."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ramgnn.composition import OPERATORS, compose
from ramgnn.datasets.base import Relation
from ramgnn.encoder import RAMGNN, Embeddings
from ramgnn.graph import MultiRelationalGraph
from ramgnn.kernels import attention as kernel
from ramgnn.kernels import losses, window_lists
from ramgnn.kernels.attention import attend, attend_all, sampled_attention_by_type
from ramgnn.sampler import every_neighbour, largest_thresholds, top_k
from tests.small import edge_list, films, graphs, random_graph, small_config, weights


def build(graph, seed=0, **changes):
    """A model in float64."""
    torch.manual_seed(seed)
    return RAMGNN(graph, small_config(**changes)).double()


def kept_of(graph, k=2, seed=0):
    """Some neighbours."""
    return top_k(graph, torch.from_numpy(np.random.default_rng(seed).random(graph.n_nodes)), [k] * graph.n_types)


@pytest.mark.equation(4)
@pytest.mark.parametrize("relation", ["halves", "projection", "sum"])
def test_relation_embedding(relation):
    graph = films()
    relations = build(graph, relation=relation).relations
    e_n = relations(graph.value_type)
    assert e_n.shape == (graph.n_values, 8)
    for v in range(graph.n_values):
        e_t, e_v = relations.types.weight[graph.value_type[v]], relations.values.weight[v]
        if relation == "halves":
            assert len(e_t) == len(e_v) == 4
            expected = torch.cat([e_t, e_v])
        elif relation == "sum":
            expected = e_t + e_v
        else:
            expected = relations.project.weight @ torch.cat([e_t, e_v])
        assert torch.allclose(e_n[v], expected)


@pytest.mark.equation(6)
@pytest.mark.parametrize("sigma", ["tanh", "leaky_relu", "sigmoid"])
def test_logit_is_that_of_the_equation(sigma):
    graph = films()
    model = build(graph, sigma=sigma)
    attention, e, e_n = model.layers[0].attention, model.nodes.weight, model.relations(graph.value_type)
    got = attention(e[graph.node], e_n[graph.value])
    for m in range(graph.n_incidences):
        j, n = int(graph.node[m]), int(graph.value[m])
        inner = attention.key.weight @ e[j] + attention.query.weight @ e_n[n] + attention.query.bias
        if sigma == "leaky_relu":
            inner = torch.where(inner > 0, inner, 0.01 * inner)
        else:
            inner = torch.tanh(inner) if sigma == "tanh" else 1 / (1 + torch.exp(-inner))
        assert float(got[m].detach()) == pytest.approx(float((attention.p @ inner).detach()), abs=1e-12)


@pytest.mark.equation(7)
@pytest.mark.parametrize("over", ["all", "type"])
def test_weights_are_a_softmax_over_what_the_reading_says(over):
    graph, rng = films(), np.random.default_rng(1)
    kept = kept_of(graph, k=2)
    logits = torch.from_numpy(rng.normal(size=graph.n_incidences))
    alpha = weights(logits, kept, over)
    for i in range(graph.n_nodes):
        groups = [None] if over == "all" else range(graph.n_types)
        for t in groups:
            own = kept.of(i, t).tolist()
            total = sum(math.exp(logits[m]) for m in own)
            first = int(kept.ptr[i * graph.n_types + (t or 0)])
            for n, m in enumerate(own):
                assert float(alpha[first + n]) == pytest.approx(math.exp(logits[m]) / total)


@pytest.mark.equation(7, 8)
@pytest.mark.parametrize("over", ["all", "type"])
@given(graph=graphs(), k=st.integers(1, 4), spread=st.sampled_from([0.5, 5.0, 300.0]), seed=st.integers(0, 999))
@settings(max_examples=50, deadline=None)
def test_ratio_of_sums_equals_weighted_sum(over, graph, k, spread, seed):
    """Also when logits are so far apart that a shared maximum would lose a head's weights."""
    rng = np.random.default_rng(seed)
    kept = kept_of(graph, k, seed)
    logits = torch.from_numpy(rng.normal(size=graph.n_incidences) * spread)
    messages = torch.from_numpy(rng.normal(size=(graph.n_incidences, 3)))
    alpha = weights(logits, kept, over)
    expected = torch.zeros(graph.n_nodes, 3, dtype=torch.float64)
    for i in range(graph.n_nodes):
        own = slice(int(kept.head_ptr[i]), int(kept.head_ptr[i + 1]))
        for m, a in zip(kept.incidence[own].tolist(), alpha[own].tolist(), strict=True):
            expected[i] += a * messages[m]
        if over == "type":
            expected[i] /= max(1, sum(len(kept.of(i, t)) > 0 for t in range(graph.n_types)))
    assert torch.allclose(attend(logits, messages, kept, over), expected, atol=1e-9)


def test_large_logits_stay_finite_in_float32():
    graph = films()
    kept = every_neighbour(graph)
    logits = torch.linspace(-1e4, 1e4, graph.n_incidences)
    messages = torch.randn(graph.n_incidences, 4)
    got = attend(logits, messages, kept)
    exact = attend(logits.double(), messages.double(), kept)
    assert bool(torch.isfinite(got).all())
    assert torch.allclose(got.double(), exact, atol=1e-5)
    assert float(got.abs().sum()) > 0


@given(graph=graphs(), seed=st.integers(0, 999), spread=st.sampled_from([0.0, 1.0, 30.0, 1e4]))
@settings(max_examples=60, deadline=None)
def test_attention_over_every_neighbour_needs_no_edge(graph, seed, spread):
    """Equal logits, ordinary ones, and such that a head's own weight would swallow those of its neighbours."""
    rng = np.random.default_rng(seed)
    logits = torch.from_numpy(rng.normal(size=graph.n_incidences) * spread).requires_grad_()
    messages = torch.from_numpy(rng.normal(size=(graph.n_incidences, 3))).requires_grad_()
    found = []
    for run in (lambda: attend(logits, messages, every_neighbour(graph)), lambda: attend_all(logits, messages, graph)):
        out = run()
        loss = out.square().sum() + 0 * (logits.sum() + messages.sum())
        gradients = torch.autograd.grad(loss, (logits, messages))
        found.append([out, *gradients])
    for listed, summed in zip(*found, strict=True):
        assert torch.allclose(summed, listed, atol=1e-9)


def test_attention_over_every_neighbour_keeps_small_weights_in_float32():
    """Three nodes share a value, the logit of the first is far above the others': they still have each other."""
    relation = Relation("a", np.arange(3), np.zeros(3, np.int64), ("v",))
    graph = MultiRelationalGraph.from_relations(3, [relation])
    messages = torch.eye(3)
    got = attend_all(torch.tensor([40.0, 0.0, 0.0]), messages, graph)
    assert torch.allclose(got, torch.tensor([[0.0, 0.5, 0.5], [1.0, 0, 0], [1.0, 0, 0]]), atol=1e-6)


@pytest.mark.equation(3, 8, 15)
@pytest.mark.parametrize("combine", ["sum", "concat"])
@pytest.mark.parametrize("operator", OPERATORS)
def test_one_layer_by_loops(operator, combine):
    graph = films()
    model = build(graph, composition=operator, combine=combine, layers=1)
    layer, e, e_n = model.layers[0], model.nodes.weight, model.relations(graph.value_type)
    kept = kept_of(graph, k=2)
    logits = layer.attention(e[graph.node], e_n[graph.value])
    expected = []
    for i in range(graph.n_nodes):
        own = kept.of(i).tolist()
        total = sum(torch.exp(logits[m]) for m in own) if own else 1.0
        neighbours = torch.zeros(8, dtype=torch.float64)
        for m in own:
            alpha = torch.exp(logits[m]) / total
            neighbours = neighbours + alpha * (
                layer.w_val.weight @ compose(e[graph.node[m]], e_n[graph.value[m]], operator)
            )
        joined = neighbours + e[i] if combine == "sum" else layer.join.weight @ torch.cat([neighbours, e[i]])
        expected.append(torch.tanh(joined))
    assert torch.allclose(model(graph, kept), torch.stack(expected), atol=1e-12)


@pytest.mark.equation(15)
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("softmax", ["all", "type"])
@pytest.mark.parametrize("operator", OPERATORS)
def test_kernels_equal_the_sum_over_edges_forward_and_gradient(operator, softmax, layers):
    graph = random_graph(40, 3, 6, 3, seed=layers)
    model = build(graph, composition=operator, softmax=softmax, layers=layers)
    for kept in (kept_of(graph, k=3), None, every_neighbour(graph)):
        found = []
        for run in (lambda kept=kept: model(graph, kept), lambda kept=kept: model.over_edges(graph, kept)):
            model.zero_grad()
            out = run()
            out.square().mul(torch.arange(1.0, 9.0)).sum().backward()
            found.append((out.detach(), {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}))
        assert torch.allclose(found[0][0], found[1][0], rtol=1e-5, atol=1e-12)
        assert found[0][1].keys() == found[1][1].keys()
        for name, gradient in found[0][1].items():
            assert torch.allclose(gradient, found[1][1][name], rtol=1e-5, atol=1e-10), name


@pytest.mark.parametrize("operator", OPERATORS)
def test_gradient_of_the_encoder_against_finite_differences(operator):
    graph = films()
    model = build(graph, composition=operator, layers=2, dim=4)
    kept = kept_of(graph, k=2)
    names = [n for n, _ in model.named_parameters() if not n.startswith(("score", "scale", "shift"))]
    start = tuple(dict(model.named_parameters())[n].detach().clone().requires_grad_() for n in names)

    def run(*values):
        return torch.func.functional_call(model, dict(zip(names, values, strict=True)), (graph, kept))

    assert torch.autograd.gradcheck(run, start, atol=1e-6)


def test_a_node_without_neighbours_keeps_itself():
    graph = random_graph(3, 1, 1, 1, seed=0)
    model = build(graph, layers=1)
    kept = top_k(graph, torch.rand(3), [1])
    out = model(graph, kept)
    alone = [i for i in range(3) if len(kept.of(i)) == 0]
    for i in alone:
        assert torch.allclose(out[i], torch.tanh(model.nodes.weight[i]))


def test_equal_weights_without_attention():
    graph = films()
    model = build(graph, attention=False)
    assert not any("attention" in n for n, _ in model.named_parameters())
    kept = every_neighbour(graph)
    alpha = weights(model.logits(graph, kept)[0], kept)
    for i in range(5):
        own = alpha[kept.head == i]
        assert torch.allclose(own, torch.full_like(own, 1 / len(own)))


def test_attention_by_type_sums_to_one_and_counts_heads_equally():
    graph = films()
    kept = every_neighbour(graph)
    got = sampled_attention_by_type(torch.zeros(graph.n_incidences), kept)
    shares = np.zeros(2)
    heads = [i for i in range(5) if len(kept.of(i))]
    for i in heads:
        edges = [e for e in edge_list(graph) if e[0] == i]
        for t in range(2):
            shares[t] += sum(e[1] == t for e in edges) / len(edges)
    assert got.tolist() == pytest.approx((shares / len(heads)).tolist())


def test_rescaled_keeps_directions():
    start = Embeddings(torch.randn(5, 4), torch.randn(2, 2), torch.randn(7, 2))
    got = start.rescaled(0.1)
    assert float(got.nodes.square().mean().sqrt()) == pytest.approx(0.1, rel=1e-5)
    assert torch.allclose(torch.cosine_similarity(got.nodes, start.nodes), torch.ones(5))
    assert start.rescaled(0) is start


def test_every_neighbour_is_the_largest_threshold():
    graph = films()
    assert len(every_neighbour(graph).incidence) == graph.n_edges()
    assert largest_thresholds(graph) == [1, 4]


@pytest.mark.equation(3, 15)
@pytest.mark.parametrize("softmax", ["all", "type"])
@pytest.mark.parametrize("sigma", ["tanh", "leaky_relu", "sigmoid"])
@pytest.mark.parametrize("dim", [4, 5])
def test_gradient_of_every_activation_and_of_odd_widths(monkeypatch, dim, sigma, softmax):
    """The backward pass by hand, in blocks of three incidences, against finite differences."""
    monkeypatch.setattr(window_lists, "BLOCK", 3)
    graph = films()
    model = build(graph, composition="corr", relation="sum", sigma=sigma, softmax=softmax, layers=2, dim=dim)
    kept = kept_of(graph, k=2)
    names = [n for n, _ in model.named_parameters() if not n.startswith(("score", "scale", "shift"))]
    start = tuple(dict(model.named_parameters())[n].detach().clone().requires_grad_() for n in names)

    def run(*values):
        return torch.func.functional_call(model, dict(zip(names, values, strict=True)), (graph, kept, 0))

    assert torch.autograd.gradcheck(run, start, atol=1e-6)


@pytest.mark.equation(7, 8)
@pytest.mark.parametrize("softmax", ["all", "type"])
@given(graph=graphs(), k=st.integers(1, 4), seed=st.integers(0, 999), hidden=st.sampled_from([None, 0]))
@settings(max_examples=40, deadline=None)
def test_windows_attend_as_the_plain_way_does(softmax, graph, k, seed, hidden):
    """Any graph: nodes without values, types without edges, values of one node, several values of a type."""
    model = build(graph, seed, softmax=softmax, layers=2)
    kept = kept_of(graph, k, seed)
    weight = torch.randn(graph.n_nodes, 8, dtype=torch.float64)
    found = []
    for max_spread in (60.0, -1.0):  # with -1 the layer takes the way of far-apart logits, by autograd
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(kernel, "MAX_LOGIT_SPREAD", max_spread)
            model.zero_grad()
            out = model(graph, kept, hidden)
            (out * weight).sum().backward()
        gradients = {n: p.grad for n, p in model.named_parameters() if p.grad is not None}
        found.append((out.detach(), {n: g.clone() for n, g in gradients.items()}))
    assert torch.allclose(found[0][0], found[1][0], atol=1e-10)
    for name, gradient in found[0][1].items():
        other = found[1][1].get(name)
        assert torch.allclose(gradient, other if other is not None else torch.zeros_like(gradient), atol=1e-9), name


def test_logits_far_apart_take_the_exact_way_in_float32():
    """With p so large that one maximum cannot serve all heads, the layer still equals the edge list."""
    graph = random_graph(40, 2, 6, 2, seed=3)
    model = build(graph, layers=1).float()
    with torch.no_grad():
        model.layers[0].attention.p.mul_(3e3)
    kept = kept_of(graph, k=3)
    spread = kernel.logit_spread(model.layers[0].attention, model.nodes.weight, None, graph)
    assert spread > kernel.MAX_LOGIT_SPREAD
    expected = model.double().over_edges(graph, kept)
    got = model.float()(graph, kept)
    assert bool(torch.isfinite(got).all())
    assert torch.allclose(got.double(), expected, atol=1e-3)


def test_float32_is_as_good_as_float64_to_one_part_in_a_hundred_thousand():
    graph = random_graph(300, 3, 12, 3, seed=5)
    model = build(graph, layers=2, dim=64)
    kept = kept_of(graph, k=37)
    exact = model.over_edges(graph, kept)
    assert float((model.float()(graph, kept).double() - exact).norm() / exact.norm()) < 1e-5


@given(seed=st.integers(0, 999), block=st.integers(1, 7))
@settings(max_examples=25, deadline=None)
def test_inner_products_in_blocks(seed, block):
    rng = torch.Generator().manual_seed(seed)
    e = torch.randn(9, 4, dtype=torch.float64, generator=rng, requires_grad=True)
    i, j = torch.randint(9, (6,), generator=rng), torch.randint(9, (6, 3), generator=rng)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(losses._InnerProducts, "BLOCK", block)
        assert torch.allclose(losses.inner_products(e, i, j), (e[i].unsqueeze(1) * e[j]).sum(2))
        assert torch.autograd.gradcheck(lambda x: losses.inner_products(x, i, j), (e,))


def test_attention_by_type_of_windows_is_that_of_the_edges():
    graph = random_graph(40, 3, 6, 3, seed=1)
    kept = kept_of(graph, k=3)
    logits = torch.randn(graph.n_incidences)
    for over in ("all", "type"):
        alpha = weights(logits, kept, over)
        share = torch.zeros(graph.n_nodes, 3, dtype=torch.float64)
        share.index_put_((kept.head, graph.type[kept.incidence]), alpha, accumulate=True)
        share = share / share.sum(1, keepdim=True).clamp(min=1e-12)
        expected = share.sum(0) / share.sum()
        assert sampled_attention_by_type(logits, kept, over).tolist() == pytest.approx(expected.tolist(), abs=1e-6)
