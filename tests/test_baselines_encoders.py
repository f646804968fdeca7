"""The five encoders: closed sums over cliques against PyG's layers and against loops over edges."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch_geometric.nn import GCNConv, RGCNConv

from ramgnn import readings, training
from ramgnn.baselines.encoders import ENCODERS, EncoderSettings, pretrain_encoder, pretrainer
from ramgnn.baselines.encoders.base import Groups
from ramgnn.baselines.encoders.compgcn import composed_neighbours
from ramgnn.baselines.encoders.gcn import propagate, single_type
from ramgnn.baselines.encoders.vrgcn import signed_counts
from ramgnn.composition import compose
from ramgnn.errors import NotFoundError, RamgnnError
from ramgnn.graph import MultiRelationalGraph
from tests.small import edge_list, films, graphs, random_graph, small_dataset

SMALL = EncoderSettings(dim=8, epochs=2, steps=2, negatives=2)


def edges_of(graph: MultiRelationalGraph) -> tuple[torch.Tensor, torch.Tensor]:
    """PyG's edge index, tail to head, and the type of each edge."""
    rows = torch.tensor(edge_list(graph)).reshape(-1, 5)
    return rows[:, [3, 0]].T, rows[:, 1]


@settings(max_examples=25, deadline=None)
@given(graphs(12))
def test_sums_over_neighbours_are_those_over_edges(graph):
    x = torch.randn(graph.n_nodes, 3, dtype=torch.float64, requires_grad=True)
    groups, expected = Groups(graph), torch.zeros(graph.n_nodes, 3, dtype=torch.float64)
    means = torch.zeros(graph.n_nodes, graph.n_types, 3, dtype=torch.float64)
    count = torch.zeros(graph.n_nodes, graph.n_types)
    for i, t, _, j, _ in edge_list(graph):
        expected[i] += x[j].detach()
        means[i, t] += x[j].detach()
        count[i, t] += 1
    torch.testing.assert_close(groups.neighbours(x), expected)
    assert (groups.degree == count).all()
    torch.testing.assert_close(groups.means_by_type(x), means / count.clamp(min=1).unsqueeze(2))
    if graph.n_incidences:
        assert torch.autograd.gradcheck(groups.neighbours, (x,)) and torch.autograd.gradcheck(
            groups.means_by_type, (x,)
        )


@settings(max_examples=20, deadline=None)
@given(graphs(10), st.integers(0, 2))
def test_a_hidden_type_leaves_no_message(graph, hidden):
    x = torch.randn(graph.n_nodes, 2)
    expected = torch.zeros_like(x)
    for i, t, _, j, _ in edge_list(graph):
        if t != hidden:
            expected[i] += x[j]
    torch.testing.assert_close(Groups(graph, hidden).neighbours(x), expected, atol=1e-5, rtol=1e-5)


def test_gcn_is_pyg_s_layer():
    graph = films()
    layer = GCNConv(4, 4, bias=False, add_self_loops=True)
    x = torch.randn(5, 4, requires_grad=True)
    # PyG adds up parallel edges, which two shared values make
    ours, theirs = propagate(x @ layer.lin.weight.T, Groups(graph)), layer(x, edges_of(graph)[0])
    torch.testing.assert_close(ours, theirs)
    gradients = (torch.autograd.grad(y.square().sum(), x)[0] for y in (ours, theirs))
    torch.testing.assert_close(*gradients)


def test_rgcn_is_pyg_s_layer():
    graph = random_graph(12, 3, 4, 2, 5)
    model = ENCODERS["rgcn"](graph, replace(SMALL, dim=4, layers=1)).eval()
    layer = RGCNConv(4, 4, graph.n_types, aggr="mean", bias=False)
    with torch.no_grad():
        layer.weight.copy_(model.typed[0])
        layer.root.copy_(model.w0[0].weight.T)
    torch.testing.assert_close(model(graph), layer(model.nodes.weight, *edges_of(graph)))


def test_wgcn_weighs_the_types():
    graph = random_graph(12, 3, 4, 2, 6)
    model = ENCODERS["wgcn"](graph, replace(SMALL, dim=4, layers=1)).eval()
    layer, x = model.layers[0], model.nodes.weight
    nn.init.normal_(layer.alpha)
    total, count = torch.zeros(12, 3, 4), torch.zeros(12, 3, 1)
    for i, t, _, j, _ in edge_list(graph):
        total[i, t] += x[j].detach()
        count[i, t] += 1
    inner = layer.alpha_self * x + (layer.alpha[:, None] * total / count.clamp(min=1)).sum(1)
    torch.testing.assert_close(model(graph), torch.tanh(layer.norm(layer.w(inner))))


@pytest.mark.parametrize("roles", ["index", "head"])
def test_vrgcn_adds_and_subtracts_the_relation(roles):
    graph = random_graph(12, 2, 3, 2, 7)
    model = ENCODERS["vrgcn"](graph, replace(SMALL, dim=4, layers=1, roles=roles)).eval()
    x, r = model.nodes.weight.detach(), model.relations(graph.value_type).detach()
    total, count = torch.zeros(12, 4), torch.zeros(12, 1)
    for i, _, v, j, _ in edge_list(graph):
        total[i] += x[j] - r[v] if roles == "head" or i < j else x[j] + r[v]
        count[i] += 1
    expected = model.w0[0](x) + model.weights[0](total / count.clamp(min=1))
    torch.testing.assert_close(model(graph), expected)
    if roles == "index":  # over a whole group every +r has its -r
        value = graph.value
        assert (torch.zeros(graph.n_values).index_add(0, value, signed_counts(Groups(graph), roles).float()) == 0).all()


@pytest.mark.parametrize("composition", ["sub", "mult", "corr"])
def test_compgcn_composes_along_every_edge(composition):
    graph = random_graph(12, 2, 3, 2, 8)
    x, z = torch.randn(12, 5, requires_grad=True), torch.randn(graph.n_values, 5, requires_grad=True)
    scale = torch.rand(12, 1)
    expected = torch.zeros(12, 5)
    for i, _, v, j, _ in edge_list(graph):
        message = x[j] - z[v] if composition == "sub" else compose(x[None, j], z[None, v], composition)[0]
        expected = expected.index_add(0, torch.tensor([i]), (scale[j] * message)[None])
    ours = composed_neighbours(x, z, scale, Groups(graph), composition)
    torch.testing.assert_close(ours, expected, atol=1e-5, rtol=1e-5)
    for at in (x, z):
        gradients = (torch.autograd.grad(y.square().sum(), at, retain_graph=True)[0] for y in (ours, expected))
        torch.testing.assert_close(*gradients, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("kind", ENCODERS)
def test_pre_training_lowers_the_loss_and_repeats(kind):
    data = small_dataset()
    graph = MultiRelationalGraph.from_dataset(data, "item")
    options = replace(SMALL, epochs=15, weight_decay=0.0, dropout=0.0)
    one, same = (pretrain_encoder(graph, kind, options, "item", 3, progress=False) for _ in range(2))
    losses = [e.loss for e in one.history]
    assert sum(losses[-3:]) < sum(losses[:3])
    assert torch.equal(one.embeddings().nodes, same.embeddings().nodes)
    assert one.embeddings().values.shape == (graph.n_values, 4)  # half of d, as RAM-GNN's


@pytest.mark.parametrize("kind", ENCODERS)
def test_the_same_recommender_follows(kind):
    config = readings.default().override(["pretrain.dim=8", "finetune.epochs=2", "finetune.every=1"])
    fitted = training.fit(small_dataset(), config, progress=False, pretrainer=pretrainer(kind, SMALL))
    assert fitted.final.items.shape == (20, 8) and fitted.validation.best_epoch in (1, 2)
    assert fitted.item.history_dict()["epochs"][0]["epoch"] == 1


def test_gcn_takes_one_type():
    graph = films()
    only = single_type(graph, "actor")
    assert only.types == ("actor",) and only.n_edges() == graph.n_edges("actor")
    assert [only.values_of(n) for n in range(5)] == [
        [x for x in graph.values_of(n) if x[0] == "actor"] for n in range(5)
    ]
    assert single_type(graph, None).types == ("actor",)  # it has more edges
    with pytest.raises(NotFoundError, match="genre"):
        single_type(graph, "genre")


def test_impossible_settings_say_so():
    for bad, message in (({"composition": "add"}, "composition"), ({"dropout": 1.0}, "dropout"), ({"lr": -1.0}, "lr")):
        with pytest.raises(RamgnnError, match=message):
            replace(SMALL, **bad).validate()
    with pytest.raises(NotFoundError, match="gat"):
        pretrain_encoder(films(), "gat", SMALL, "item")
