"""Every kernel against the plain function that it equals, in value and gradient; and layers of a user's own."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import ramgnn
from ramgnn.attention import RelationAttention, attention_by_type, attention_weights, weighted_message
from ramgnn.composition import compose
from ramgnn.datasets.base import Relation
from ramgnn.encoder import RAMGNN, RAMLayer
from ramgnn.errors import RamgnnError
from ramgnn.graph import MultiRelationalGraph
from ramgnn.kernels import attention as kernel
from ramgnn.kernels.distances import distance_sums, mean_pair_distance
from ramgnn.kernels.losses import listwise_loss_of, pairwise_gradient, pairwise_loss_of, softmax_gradient
from ramgnn.kernels.neighbours import list_edges
from ramgnn.kernels.pairs import PositiveSampler
from ramgnn.kernels.sums import bag_sum, sum_over_lists
from ramgnn.losses import bpr_loss, softmax_loss
from ramgnn.pairs import draw_positives
from ramgnn.pretrain import pretrain
from ramgnn.ragged import inverse_permutation, offsets, ragged_arange, repeat_index, segment_max, segment_sum
from ramgnn.sampler import distance, every_neighbour, nearest_neighbours, neighbour_distance_sums, top_k
from tests.small import films, graphs, random_graph, small_config, weights

PACKAGE = Path(ramgnn.__file__).parent


# ---- ragged lists and sums -------------------------------------------------------------------------------------------


@given(sizes=st.lists(st.integers(0, 5), max_size=8), seed=st.integers(0, 99))
def test_ragged_lists_are_those_of_a_loop(sizes, seed):
    size = torch.tensor(sizes, dtype=torch.int64)
    starts = torch.from_numpy(np.random.default_rng(seed).integers(0, 50, len(sizes)))
    assert offsets(size).tolist() == [sum(sizes[:n]) for n in range(len(sizes) + 1)]
    assert repeat_index(size).tolist() == [n for n, k in enumerate(sizes) for _ in range(k)]
    expected = [a + k for a, n in zip(starts.tolist(), sizes, strict=True) for k in range(n)]
    assert ragged_arange(starts, size).tolist() == expected


@given(n=st.integers(0, 12), seed=st.integers(0, 99))
def test_an_inverse_permutation_says_where_each_number_stands(n, seed):
    order = np.random.default_rng(seed).permutation(n).tolist()
    assert inverse_permutation(torch.tensor(order, dtype=torch.int64)).tolist() == [order.index(k) for k in range(n)]


@given(m=st.integers(0, 12), n=st.integers(1, 5), seed=st.integers(0, 99))
def test_segments_are_those_of_a_loop(m, n, seed):
    rng = np.random.default_rng(seed)
    x, segment = torch.from_numpy(rng.normal(size=m)), torch.from_numpy(rng.integers(0, n, m))
    for k in range(n):
        part = x[segment == k]
        assert float(segment_sum(x, segment, n)[k]) == pytest.approx(float(part.sum()))
        assert float(segment_max(x, segment, n)[k]) == (float(part.max()) if len(part) else -np.inf)


@pytest.mark.parametrize("weighted", [False, True])
def test_sum_over_lists_and_its_gradient(weighted):
    """Three lists over four rows, one of them empty; the transposed lists are those of the gradient."""
    pairs = [(0, 1), (0, 3), (2, 0), (2, 1), (2, 1)]
    x = torch.randn(4, 2, dtype=torch.float64, requires_grad=True)
    weight = torch.arange(1.0, 6.0, dtype=torch.float64) if weighted else torch.ones(5, dtype=torch.float64)
    node, neighbour = (torch.tensor(y) for y in zip(*pairs, strict=True))
    by_neighbour = torch.argsort(neighbour, stable=True)
    starts = (offsets(torch.bincount(node, minlength=3))[:-1], offsets(torch.bincount(neighbour, minlength=4))[:-1])
    lists, transposed = (neighbour, starts[0]), (node[by_neighbour], starts[1])
    if weighted:
        lists, transposed = (*lists, weight), (*transposed, weight[by_neighbour])

    def plain(x):
        return segment_sum(weight[:, None] * x[neighbour], node, 3)

    assert torch.allclose(sum_over_lists(x, lists, transposed), plain(x))
    assert torch.autograd.gradcheck(lambda x: sum_over_lists(x, lists, transposed), (x,))
    if not weighted:
        assert torch.allclose(bag_sum(neighbour, x.detach(), offsets(torch.bincount(node, minlength=3))), plain(x))


# ---- the sampler -----------------------------------------------------------------------------------------------------


@pytest.mark.equation(9)
@pytest.mark.parametrize("per", ["type", "value"])
@given(graph=graphs(12), k=st.integers(1, 4), seed=st.integers(0, 999), ties=st.booleans())
@settings(max_examples=40, deadline=None)
def test_windows_keep_what_sorting_all_edges_keeps(per, graph, k, seed, ties):
    rng = np.random.default_rng(seed)
    scores = torch.from_numpy(rng.integers(0, 3, graph.n_nodes) / 4 if ties else rng.random(graph.n_nodes))
    thresholds = [k] * graph.n_types
    head, tail = nearest_neighbours(graph, scores, thresholds, per)
    sampled = top_k(graph, scores, thresholds, per)
    both = [
        sorted(zip(h.tolist(), t.tolist(), strict=True)) for h, t in ((head, tail), (sampled.head, sampled.incidence))
    ]
    assert both[0] == both[1]


@pytest.mark.equation(9, 12)
@given(graph=graphs(12), k=st.integers(1, 4), seed=st.integers(0, 999), moved=st.booleans())
@settings(max_examples=40, deadline=None)
def test_sums_of_distances_are_those_of_the_edges(graph, k, seed, moved):
    """By the scores that the neighbours were chosen by, and by others, in another order."""
    rng = np.random.default_rng(seed)
    sampled = top_k(graph, torch.from_numpy(rng.random(graph.n_nodes)), [k] * graph.n_types)
    scores = torch.from_numpy(rng.random(graph.n_nodes)) if moved else sampled.scores.double()
    tail = sampled.incidence
    d = distance(scores[sampled.head], scores[graph.node[tail]])
    head_type = sampled.head * graph.n_types + graph.type[tail]
    plain = segment_sum(d, head_type, graph.n_nodes * graph.n_types).view(graph.n_nodes, graph.n_types)
    assert torch.allclose(distance_sums(sampled, scores), plain, atol=1e-9)
    assert torch.allclose(neighbour_distance_sums(sampled, scores), plain, atol=1e-9)


@given(graph=graphs(12), times=st.integers(1, 3), seed=st.integers(0, 999))
@settings(max_examples=40, deadline=None)
def test_positives_are_those_that_a_list_of_all_edges_would_give(graph, times, seed):
    draws = [
        draw(graph, times, torch.Generator().manual_seed(seed))
        for draw in (PositiveSampler.from_graph(graph).draw, draw_positives)
    ]
    for kernel_s, plain in zip(*draws, strict=True):
        assert torch.equal(kernel_s, plain)


@given(st.lists(st.floats(0, 1), max_size=8))
def test_mean_pair_distance_is_the_mean_over_pairs(values):
    s = torch.tensor(values, dtype=torch.float64)
    pairs = [distance(s[i], s[j]) for i in range(len(s)) for j in range(len(s)) if i != j]
    assert mean_pair_distance(s) == pytest.approx(float(sum(pairs)) / max(len(pairs), 1), abs=1e-12)


def test_every_edge_of_a_node_and_type_is_drawn_as_often_as_the_others():
    graph, generator = films(), torch.Generator().manual_seed(0)
    sampler = PositiveSampler.from_graph(graph)
    times = 4000
    group, neighbour = sampler.draw(graph, times, generator)
    head, tail = graph.edges()
    for n in range(len(sampler.head)):
        edges = (head == sampler.head[n]) & (graph.type[tail] == sampler.relation_type[n])
        expected = torch.bincount(graph.node[tail[edges]], minlength=graph.n_nodes) / edges.sum()
        drawn = torch.bincount(neighbour[group == n], minlength=graph.n_nodes) / times
        assert torch.allclose(drawn, expected, atol=0.04)
        assert not bool((drawn[expected == 0] > 0).any())


# ---- losses ----------------------------------------------------------------------------------------------------------


def score_tables(seed=0, users=4, items=6, d=3):
    rng = torch.Generator().manual_seed(seed)
    return [torch.randn(n, d, dtype=torch.float64, generator=rng, requires_grad=True) for n in (users, items)]


@pytest.mark.equation(23)
@pytest.mark.parametrize("max_scores", [1, 12, None])
def test_losses_in_blocks_are_the_plain_ones(max_scores):
    x_u, x_i = score_tables()
    row, item = torch.tensor([0, 0, 1, 3]), torch.tensor([1, 4, 2, 0])
    target = torch.zeros(4, 6, dtype=torch.float64).index_put_((row, item), torch.ones((), dtype=torch.float64))
    plain = softmax_loss(x_u @ x_i.T / 0.5, target)
    kernel_of = softmax_gradient(x_u.detach(), x_i.detach(), row, item, 0.5, max_scores)
    for a, b in zip((plain, *torch.autograd.grad(plain, (x_u, x_i))), kernel_of, strict=True):
        assert torch.allclose(a, b)
    u, i, j = row, item, torch.tensor([[0, 2], [3, 5], [0, 1], [2, 2]])
    plain = bpr_loss((x_u[u] * x_i[i]).sum(1), (x_u[u, None] * x_i[j]).sum(2))
    kernel_of = pairwise_gradient(x_u, x_i, u, i, j, max_scores)
    for a, b in zip((plain, *torch.autograd.grad(plain, (x_u, x_i))), kernel_of, strict=True):
        assert torch.allclose(a, b)


def test_a_listwise_loss_of_ones_own_is_differentiated_by_autograd():
    """The same loss under another name takes the plain way and gives the same."""
    x_u, x_i = score_tables()
    row, item = torch.tensor([0, 0, 1, 3]), torch.tensor([1, 4, 2, 0])
    own = listwise_loss_of(lambda scores, target: softmax_loss(scores, target), x_u, x_i, row, item, 0.5)
    kernel_of = listwise_loss_of(softmax_loss, x_u, x_i, row, item, 0.5)
    assert torch.allclose(own, kernel_of)
    for a, b in zip(*(torch.autograd.grad(loss, (x_u, x_i)) for loss in (own, kernel_of)), strict=True):
        assert torch.allclose(a, b)


@pytest.mark.equation(23)
def test_losses_with_kernels_take_part_in_autograd():
    """Gradients by finite differences, of the loss within a larger expression; and twice by the same graph."""
    row, item = torch.tensor([0, 0, 1, 3]), torch.tensor([1, 4, 2, 0])
    j = torch.tensor([[0, 2], [3, 5], [0, 1], [2, 2]])

    def listwise(x_u, x_i):
        return 3 * listwise_loss_of(softmax_loss, x_u.tanh(), x_i, row, item, 0.5) ** 2

    def pairwise(x_u, x_i):
        return 3 * pairwise_loss_of(bpr_loss, x_u.tanh(), x_i, row, item, j) ** 2

    for loss in (listwise, pairwise):
        tables = score_tables()
        assert torch.autograd.gradcheck(loss, tables)
        value = loss(*tables)
        for a, b in zip(*(torch.autograd.grad(value, tables, retain_graph=True) for _ in range(2)), strict=True):
            assert torch.equal(a, b)


# ---- attention -------------------------------------------------------------------------------------------------------


@pytest.mark.equation(7)
@pytest.mark.parametrize("softmax_over", ["all", "type"])
def test_attention_by_type_is_that_of_the_edges(softmax_over):
    graph = random_graph(30, 3, 5, 3, seed=1)
    logits = torch.randn(graph.n_incidences, dtype=torch.float64)
    sampled = top_k(graph, torch.rand(graph.n_nodes), [2, 2, 2])
    everyone = every_neighbour(graph)
    found = kernel.sampled_attention_by_type(logits, sampled, softmax_over)
    found_all = kernel.full_attention_by_type(logits, graph, softmax_over)
    for neighbours, got in ((sampled, found), (everyone, found_all)):
        alpha = weights(logits, neighbours, softmax_over)
        relation_type = graph.type[neighbours.incidence]
        expected = attention_by_type(alpha, neighbours.head, relation_type, graph.n_nodes, graph.n_types)
        assert torch.allclose(got, expected, atol=1e-12)


@pytest.mark.equation(7)
@pytest.mark.parametrize("spread", [1.0, 40.0, 1000.0])
def test_attention_by_type_over_everybody_keeps_small_weights(spread):
    """One logit of each value is far above the others; its own weight would swallow those of its neighbours."""
    relations = [Relation(name, np.arange(6), np.arange(6) % 2, ("v", "w")) for name in ("a", "b")]
    graph = MultiRelationalGraph.from_relations(6, relations)
    logits = torch.linspace(0, 1, 12, dtype=torch.float64)
    logits[[0, 9]] += spread
    everyone = every_neighbour(graph)
    alpha, relation_type = weights(logits, everyone), graph.type[everyone.incidence]
    expected = attention_by_type(alpha, everyone.head, relation_type, graph.n_nodes, graph.n_types)
    assert torch.allclose(kernel.full_attention_by_type(logits, graph), expected, rtol=1e-12, atol=0)


@pytest.mark.parametrize("softmax_over", ["all", "type"])
@pytest.mark.parametrize("masked_type", [None, 1])
def test_attending_to_everybody_is_attending_to_a_list_of_all(softmax_over, masked_type):
    graph = random_graph(30, 3, 5, 3, seed=2)
    logits = torch.randn(graph.n_incidences, dtype=torch.float64, requires_grad=True)
    messages = torch.randn(graph.n_incidences, 2, dtype=torch.float64, requires_grad=True)
    head, tail = list_edges(graph, None, masked_type)
    group = head if softmax_over == "all" else head * 3 + graph.type[tail]
    alpha = attention_weights(logits[tail], group, graph.n_nodes * 3)
    plain = segment_sum(alpha[:, None] * messages[tail], head, graph.n_nodes)
    if softmax_over == "type":
        present = torch.zeros(graph.n_nodes, 3, dtype=torch.float64)
        present[head, graph.type[tail]] = 1
        plain = plain / present.sum(1, keepdim=True).clamp(min=1)
    got = kernel.attend_all(logits, messages, graph, masked_type, softmax_over)
    for a, b in zip(
        *([x, *torch.autograd.grad(x.square().sum(), (logits, messages))] for x in (plain, got)), strict=True
    ):
        assert torch.allclose(a, b, atol=1e-10)


# ---- a layer of one's own --------------------------------------------------------------------------------------------


class SharperAttention(RelationAttention):
    """Another Eq. 6: the logit is squared."""

    def forward(self, e_j, e_n):
        return super().forward(e_j, e_n).square()


class SharperLayer(RAMLayer):
    """Has it in place of the package's."""

    def __init__(self, config):
        super().__init__(config)
        self.attention = SharperAttention(config.dim, config.sigma)


class EvenLayer(RAMLayer):
    """Another Eq. 7: no softmax, every neighbour counts the same, with the sum left as it is."""

    def weights(self, a, head, relation_type, graph):
        return torch.ones_like(a)


class LoudLayer(RAMLayer):
    """Another Eq. 8: messages go through tanh."""

    def message(self, alpha, e_j, e_n):
        return torch.tanh(weighted_message(alpha, e_j, e_n, self.w_val, self.config.composition))


class BentLayer(RAMLayer):
    """Another Eq. 15."""

    def update(self, aggregated, e):
        return torch.sin(aggregated + e)


def with_layers(layer_class, graph, **changes):
    kind = type("Own", (RAMGNN,), {"layer_class": layer_class})
    torch.manual_seed(0)
    return kind(graph, small_config(**changes)).double()


@pytest.mark.parametrize("neighbours", ["sampled", "every"])
@pytest.mark.parametrize("layer_class", [SharperLayer, EvenLayer, LoudLayer, BentLayer])
def test_what_a_subclass_overrides_counts_on_every_path(layer_class, neighbours):
    """Value and gradient are those of the equations as overridden, edge by edge, and not those of the package."""
    graph = random_graph(25, 2, 5, 2, seed=3)
    model, plain = with_layers(layer_class, graph), with_layers(RAMLayer, graph)
    sampled = top_k(graph, torch.rand(graph.n_nodes), [3, 3]) if neighbours == "sampled" else None
    for masked_type in (None, 0):
        out = model(graph, sampled, masked_type)
        expected = model.over_edges(graph, sampled, masked_type)
        assert torch.allclose(out, expected, atol=1e-12)
        assert not torch.allclose(out, plain(graph, sampled, masked_type), atol=1e-3)
        names, parameters = zip(*model.named_parameters(), strict=True)
        gradients = [torch.autograd.grad(x.square().sum(), parameters, allow_unused=True) for x in (out, expected)]
        for name, a, b in zip(names, *gradients, strict=True):
            zero = torch.zeros(())
            assert torch.allclose(zero if a is None else a, zero if b is None else b, atol=1e-10), name


def test_weights_of_ones_own_are_taken_as_they_are():
    """Also where the package averages over relation types (reading R2): that is part of its Eq. 7."""
    graph = random_graph(25, 3, 5, 2, seed=3)
    model = with_layers(EvenLayer, graph, softmax="type", layers=1)
    sampled, layer = top_k(graph, torch.rand(graph.n_nodes), [3, 3, 3]), model.layers[0]
    e, tail = model.nodes.weight, sampled.incidence
    e_n = model.relations(graph.value_type)[graph.value[tail]]
    messages = layer.w_val(compose(e[graph.node[tail]], e_n, model.config.composition))
    expected = layer.update(segment_sum(messages, sampled.head, graph.n_nodes), e)
    assert torch.allclose(model(graph, sampled), expected, atol=1e-12)


@pytest.mark.equation(7)
@pytest.mark.parametrize("softmax", ["all", "type"])
@pytest.mark.parametrize("sampler", ["rns", "none"])
def test_attention_sums_to_one_for_each_head(softmax, sampler):
    graph = random_graph(25, 3, 5, 2, seed=3)
    result = pretrain(graph, small_config(epochs=1, softmax=softmax, sampler=sampler), progress=False)
    neighbours, alpha = result.attention()
    total = segment_sum(alpha, neighbours.head, graph.n_nodes)
    some = torch.bincount(neighbours.head, minlength=graph.n_nodes) > 0
    assert torch.allclose(total[some], torch.ones_like(total[some]))


@pytest.mark.parametrize("harm", ["forward of one instance", "a hook", "σ", "another matrix"])
def test_what_is_changed_on_one_layer_counts_too(harm):
    graph = random_graph(25, 2, 5, 2, seed=3)
    model = with_layers(RAMLayer, graph, layers=1)
    sampled = top_k(graph, torch.rand(graph.n_nodes), [3, 3])
    before, attention = model(graph, sampled), model.layers[0].attention
    if harm == "forward of one instance":
        attention.forward = lambda e_j, e_n: e_j[:, 0] * 5
    elif harm == "a hook":
        attention.register_forward_hook(lambda module, inputs, a: a * 7)
    elif harm == "σ":
        attention.sigma = torch.sin
    else:
        model.layers[0].w_val = nn.Sequential(model.layers[0].w_val, nn.Tanh())
    assert torch.allclose(model(graph, sampled), model.over_edges(graph, sampled), atol=1e-12)
    assert not torch.allclose(model(graph, sampled), before, atol=1e-4)


def test_overriding_what_training_does_not_call_is_refused():
    with pytest.raises(RamgnnError, match="override weights, message or update"):
        type("Own", (RAMLayer,), {"sum_over_edges": lambda self: None})


class MeanLayer(RAMLayer):
    """Another Eq. 7: every neighbour counts the same."""

    def weights(self, a, head, relation_type, graph):
        return 1 / torch.bincount(head, minlength=graph.n_nodes)[head].to(a.dtype)


@pytest.mark.parametrize("layer_class", [SharperLayer, MeanLayer])
def test_an_encoder_of_ones_own_is_pre_trained_and_says_its_attention(layer_class):
    graph = random_graph(25, 2, 5, 2, seed=3)
    kind = type("Own", (RAMGNN,), {"layer_class": layer_class})
    config = small_config(epochs=2)
    result = pretrain(graph, config, progress=False, build=lambda graph: kind(graph, config))
    neighbours, alpha = result.attention()
    assert isinstance(result.model.layers[0], layer_class)
    assert len(alpha) == len(neighbours.incidence)
    if layer_class is MeanLayer:
        size = torch.bincount(neighbours.head)[neighbours.head]
        assert torch.equal(alpha, (1 / size).double())


# ---- the door --------------------------------------------------------------------------------------------------------


def test_every_kernel_file_is_named_on_the_door_and_none_is_needed_by_another_room_than_is_drawn():
    """The table in the docstring of `ramgnn.kernels` names each file."""
    text = ast.get_docstring(ast.parse((PACKAGE / "kernels" / "__init__.py").read_text(encoding="utf-8")))
    files = sorted(p.stem for p in (PACKAGE / "kernels").glob("*.py") if p.stem != "__init__")
    assert [name for name in files if name not in text] == []


def test_nothing_in_front_uses_the_words_of_speed():
    """`embedding_bag` and hand-written gradients stand behind the door; only means of values are taken by one."""
    front = ("attention", "sampler", "encoder", "pretrain", "pretrained", "losses", "finetune", "interactions", "pairs")
    for name in front:
        source = (PACKAGE / f"{name}.py").read_text(encoding="utf-8")
        assert "embedding_bag" not in source, name
        assert "autograd.Function" not in source, name
