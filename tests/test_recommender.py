"""The recommender's equations by loops, its losses by hand, its sampling by counting."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from ramgnn import finetune as module
from ramgnn.config import FinetuneConfig
from ramgnn.encoder import Embeddings
from ramgnn.errors import RamgnnError
from ramgnn.finetune import batch_size, finetune
from ramgnn.graph import MultiRelationalGraph
from ramgnn.interactions import InteractionGraph, sample_negatives
from ramgnn.kernels import losses as kernels
from ramgnn.kernels.losses import pairwise_gradient, softmax_gradient
from ramgnn.losses import bpr_loss, listwise_l2_penalty, pairwise_l2_penalty, softmax_loss
from ramgnn.pretrained import random_embeddings
from ramgnn.recommender import AttributedEmbedding, Recommender
from tests.small import films, small_dataset

D = 6


def build(seed=0, **changes):
    """A recommender in float64 on the small data set."""
    data = small_dataset()
    config = FinetuneConfig(**({"layers": 2, "batch": 5} | changes))
    generator = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    graphs = {side: MultiRelationalGraph.from_dataset(data, side) for side in ("user", "item")}
    sides = {s: (random_embeddings(D, data.n_nodes(s), g, generator), g) for s, g in graphs.items()}
    return data, Recommender(data, config, sides["user"], sides["item"], D).double()


@pytest.mark.equation(18, 20)
@pytest.mark.parametrize("side", ["item", "user"])
def test_start_embedding_is_w3_of_node_and_mean_values_per_type(side):
    data, model = build()
    graph, embedding = MultiRelationalGraph.from_dataset(data, side), getattr(model, side)
    got = embedding()
    for i in range(graph.n_nodes):
        parts = [embedding.nodes.weight[i]]
        for t in range(graph.n_types):
            values = [v for v in graph.value[graph.incidences_of(i)].tolist() if graph.value_type[v] == t]
            rows = [embedding.values.weight[v] for v in values]
            parts.append(torch.stack(rows).mean(0) if rows else torch.zeros(D, dtype=torch.float64))
        assert torch.allclose(got[i], embedding.w3.weight @ torch.cat(parts), atol=1e-12)


def test_nodes_without_values_and_no_values_at_all():
    graph, start = films(), Embeddings(torch.randn(5, D), torch.randn(2, 3), torch.randn(5, 3))
    with_values, without = AttributedEmbedding(graph, start, D, True), AttributedEmbedding(graph, start, D, False)
    assert with_values.w3.weight.shape == (D, D + 2 * 3)
    assert [name for name, _ in without.named_parameters()] == ["nodes.weight"]
    assert torch.equal(without(), without.nodes.weight)
    assert bool(torch.isfinite(with_values()).all())


@pytest.mark.equation(19, 21)
@pytest.mark.parametrize("combine", ["sum", "concat"])
def test_propagation_as_printed_by_loops(combine):
    data, model = build(propagation="printed", combine=combine, readout="last", layers=2)
    pairs = list(zip(data.train["user"], data.train["item"], strict=True))
    x_u, x_i = model.user(), model.item()
    for layer in range(2):
        new_u, new_i = [], []
        for u in range(data.n_users):
            neighbours = [x_i[i] for v, i in pairs if v == u]
            aggr = torch.stack(neighbours).mean(0) if neighbours else torch.zeros(D, dtype=torch.float64)
            joined = torch.cat([aggr, x_u[u]]) if combine == "concat" else aggr + x_u[u]
            out = model.user_steps[layer].w4.weight @ joined
            new_u.append(torch.where(out > 0, out, 0.01 * out))
        for i in range(data.n_items):
            neighbours = [x_u[u] for u, j in pairs if j == i]
            aggr = torch.stack(neighbours).mean(0) if neighbours else torch.zeros(D, dtype=torch.float64)
            joined = torch.cat([aggr, x_i[i]]) if combine == "concat" else aggr + x_i[i]
            out = model.item_steps[layer].w4.weight @ joined
            new_i.append(torch.where(out > 0, out, 0.01 * out))
        x_u, x_i = torch.stack(new_u), torch.stack(new_i)
    got = model(InteractionGraph.from_pairs(model.users, model.items, data.n_users, data.n_items, "mean"))
    assert torch.allclose(got[0], x_u, atol=1e-10)
    assert torch.allclose(got[1], x_i, atol=1e-10)


@pytest.mark.equation(19, 21, 22)
@pytest.mark.parametrize("readout", ["last", "mean", "concat"])
def test_linear_propagation_against_the_dense_matrix(readout):
    data, model = build(readout=readout, layers=3)
    model = model.float()
    a = torch.from_numpy(data.matrix().toarray())
    norm = a / (a.sum(1, keepdim=True).clamp(min=1) * a.sum(0, keepdim=True).clamp(min=1)).sqrt()
    users, items = [model.user()], [model.item()]
    for _ in range(3):
        users, items = [*users, norm @ items[-1]], [*items, norm.T @ users[-1]]
    read = {"last": lambda x: x[-1], "mean": lambda x: sum(x) / 4, "concat": lambda x: torch.cat(x, 1)}[readout]
    x_u, x_i = model()
    assert torch.allclose(x_u, read(users), atol=1e-5)
    assert torch.allclose(x_i, read(items), atol=1e-5)
    final = model.final()
    block = final(np.array([3, 1]))
    for row, u in enumerate((3, 1)):
        for i in range(data.n_items):
            score = float(x_u[u].detach() @ x_i[i].detach())
            assert float(block[row, i]) == pytest.approx(score, abs=1e-5)


def test_linear_propagation_is_pygs_lightgcn():
    from torch_geometric.nn.models import LightGCN

    data, model = build(values="none", layers=3)
    model = model.float()
    peer = LightGCN(data.n_users + data.n_items, D, num_layers=3)
    with torch.no_grad():
        peer.embedding.weight.copy_(torch.cat([model.user(), model.item()]))
    edges = torch.stack([model.users, model.items + data.n_users])
    expected = peer.get_embedding(torch.cat([edges, edges.flip(0)], 1))
    assert torch.allclose(torch.cat(model()), expected, atol=1e-5)


@pytest.mark.parametrize("norm", ["symmetric", "mean"])
def test_gradient_of_propagation_against_finite_differences(norm):
    graph = InteractionGraph.from_pairs(torch.tensor([0, 0, 1]), torch.tensor([0, 2, 2]), 2, 3, norm)
    x = torch.randn(3, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(graph.users_from, (x,))
    y = torch.randn(2, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(graph.items_from, (y,))


@pytest.mark.parametrize("norm", ["symmetric", "mean"])
def test_dropping_interactions_is_building_the_graph_without_them(norm):
    generator = torch.Generator().manual_seed(0)
    data = small_dataset()
    users, items = (torch.tensor(data.train[c].to_numpy()) for c in ("user", "item"))
    whole = InteractionGraph.from_pairs(users, items, data.n_users, data.n_items, norm)
    for share in (0.0, 0.5, 1.0):
        dropped = torch.rand(len(users), generator=generator) < share
        rest = whole.without(dropped)
        anew = InteractionGraph.from_pairs(users[~dropped], items[~dropped], data.n_users, data.n_items, norm)
        x, y = torch.randn(data.n_items, 3), torch.randn(data.n_users, 3)
        assert torch.allclose(rest.users_from(x), anew.users_from(x), atol=1e-6)
        assert torch.allclose(rest.items_from(y), anew.items_from(y), atol=1e-6)


def test_everything_in_a_graph_without_some_interactions_is_its_own():
    """Counts, orders and pairs as in a graph built anew, also after dropping twice; the whole graph stays as it is."""
    data = small_dataset()
    users, items = (torch.tensor(data.train[c].to_numpy()) for c in ("user", "item"))
    sizes = data.n_users, data.n_items
    whole = InteractionGraph.from_pairs(users, items, *sizes, "symmetric")
    by_item, known = whole.by_item.clone(), whole.known.clone()
    dropped = torch.arange(len(users)) % 3 == 0
    kept = ~dropped
    again = torch.arange(int(kept.sum())) % 4 == 0
    for rest, u, i in (
        (whole.without(dropped), users[kept], items[kept]),
        (whole.without(dropped).without(again), users[kept][~again], items[kept][~again]),
    ):
        anew = InteractionGraph.from_pairs(u, i, *sizes, "symmetric")
        for name in ("user_count", "item_count", "user_degree", "item_degree", "by_item", "known"):
            assert getattr(rest, name).tolist() == getattr(anew, name).tolist(), name
        for name in ("items_of", "users_of"):
            assert [x.tolist() for x in getattr(rest, name)] == [x.tolist() for x in getattr(anew, name)], name
        assert rest.norm == "symmetric"
    assert torch.equal(whole.by_item, by_item) and torch.equal(whole.known, known)
    assert known.tolist() == sorted((users * data.n_items + items).tolist())


def test_the_averaged_model_shares_the_graph_and_nothing_that_is_trained():
    _, model = build()
    optimiser = module.AveragedAdam(model, model.config)
    assert optimiser.averaged is not model
    assert optimiser.averaged.interactions() is model.interactions()
    for mine, averaged in zip(model.parameters(), optimiser.averaged.parameters(), strict=True):
        assert mine.data_ptr() != averaged.data_ptr() and torch.equal(mine, averaged)


def test_a_subclass_may_override_propagate_and_not_forward():
    class Doubled(Recommender):
        """Twice the final embeddings."""

        def propagate(self, x_u, x_i, graph):
            return tuple(2 * x for x in super().propagate(x_u, x_i, graph))

    data, model = build()
    sides = [(random_embeddings(D, n, None, torch.Generator().manual_seed(0)), None) for n in (12, 20)]
    plain, doubled = (finetune(kind(data, model.config, *sides, D), model.config, epochs=1, progress=False)
                      for kind in (Recommender, Doubled))  # fmt: skip
    assert plain.history[0].loss != doubled.history[0].loss
    with pytest.raises(RamgnnError, match="Unused overrides forward of Recommender, which training does not call"):

        class Unused(Recommender):
            def forward(self, graph=None):
                return self.user(), self.item()


@pytest.mark.equation(23)
def test_bpr_by_hand():
    positive, negative = torch.tensor([2.0, 0.0]), torch.tensor([[1.0, 3.0], [0.0, -1.0]])
    terms = [-math.log(1 / (1 + math.exp(-x))) for x in (2 - 1, 2 - 3, 0 - 0, 0 + 1)]
    assert float(bpr_loss(positive, negative)) == pytest.approx(sum(terms) / 4)


@pytest.mark.equation(23)
def test_as_printed_bpr_falls_without_end():
    """What the repaired loss does not: −ln σ(y − ŷ) is the smaller, the lower the prediction of a positive."""
    printed = [-math.log(1 / (1 + math.exp(-(1 - y)))) for y in (1.0, 0.0, -5.0, -20.0)]
    assert printed == sorted(printed, reverse=True)
    assert bpr_loss(torch.tensor([5.0]), torch.tensor([[0.0]])) < bpr_loss(torch.tensor([-5.0]), torch.tensor([[0.0]]))


def test_softmax_loss_by_hand():
    scores, target = torch.tensor([[1.0, 2.0, 0.5], [0.0, 0.0, 0.0]]), torch.tensor([[1.0, 0, 1.0], [0, 1.0, 0]])
    row = [math.exp(x) for x in (1.0, 2.0, 0.5)]
    expected = -(math.log(row[0] / sum(row)) + math.log(row[2] / sum(row)) + math.log(1 / 3)) / 3
    assert float(softmax_loss(scores, target)) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("loss", [bpr_loss, softmax_loss])
def test_gradient_of_the_losses(loss):
    x = torch.randn(3, 4, dtype=torch.float64, requires_grad=True)
    if loss is bpr_loss:
        assert torch.autograd.gradcheck(lambda x: loss(x[:, 0], x[:, 1:]), (x,))
    else:
        assert torch.autograd.gradcheck(lambda x: loss(x, torch.eye(3, 4, dtype=torch.float64)), (x,))


def neighbour_lists(n_users):
    """Positions and training items of all users as `softmax_gradient` wants them: some have none, some several."""
    items = [torch.randperm(9)[: n % 4] for n in range(n_users)]
    return torch.cat([torch.full((len(x),), n) for n, x in enumerate(items)]), torch.cat(items)


@pytest.mark.parametrize("users", [1, 3, 7])
@pytest.mark.parametrize("temperature", [1.0, 0.3])
def test_softmax_gradient_in_blocks_is_that_of_the_loss(users, temperature):
    torch.manual_seed(0)
    x_u, x_i = (torch.randn(n, D, dtype=torch.float64, requires_grad=True) for n in (7, 9))
    row, items = neighbour_lists(7)
    target = torch.zeros(7, 9, dtype=torch.float64)
    target[row, items] = 1
    expected = softmax_loss(x_u @ x_i.T / temperature, target)
    expected.backward()
    kernel_of = softmax_gradient(x_u.detach(), x_i.detach(), row, items, temperature, max_scores=users * 9)
    for a, b in zip(kernel_of, (expected.detach(), x_u.grad, x_i.grad), strict=True):
        assert torch.allclose(a, b, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("pairs", [1, 3, 11])
@pytest.mark.parametrize("negatives", [1, 3])
def test_bpr_gradient_in_blocks_is_that_of_the_loss(pairs, negatives):
    torch.manual_seed(0)
    x_u, x_i = (torch.randn(n, D, dtype=torch.float64, requires_grad=True) for n in (7, 9))
    u, i, j = torch.randint(7, (11,)), torch.randint(9, (11,)), torch.randint(9, (11, negatives))
    expected = bpr_loss((x_u[u] * x_i[i]).sum(1), (x_u[u].unsqueeze(1) * x_i[j]).sum(2))
    expected.backward()
    kernel_of = pairwise_gradient(x_u.detach(), x_i.detach(), u, i, j, max_scores=pairs * (2 + negatives) * D)
    for a, b in zip(kernel_of, (expected.detach(), x_u.grad, x_i.grad), strict=True):
        assert torch.allclose(a, b, rtol=1e-12, atol=1e-14)


def test_softmax_gradient_of_scores_that_float32_cannot_exponentiate():
    x_u, x_i = torch.tensor([[100.0], [-100.0]]), torch.tensor([[9.0], [0.0], [-9.0]])
    loss, of_u, of_i = softmax_gradient(x_u, x_i, torch.tensor([0, 1]), torch.tensor([2, 2]))
    assert float(loss) == pytest.approx((1800 + 0) / 2)
    assert of_u[:, 0].tolist() == pytest.approx([9.0, 0.0])  # (9 − (−9)) / 2 for the wrong one, nothing for the other
    assert of_i[:, 0].tolist() == pytest.approx([50.0, 0.0, -50.0])


@pytest.mark.equation(23)
@pytest.mark.parametrize(
    "changes",
    [{"layers": 1}, {"readout": "concat"}, {"propagation": "printed", "readout": "last"}, {"values": "none"},
     {"edge_dropout": 0.5}, {"negatives": 3}],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("loss", ["softmax", "bpr"])
def test_a_step_leaves_the_gradient_of_loss_and_penalty(loss, changes, monkeypatch):
    """The whole loss with the penalty in one piece of autograd, against a step in blocks of two users or pairs."""
    data, model = build(loss=loss, l2=0.5, temperature=0.7, **changes)
    config, batch = model.config, torch.tensor([3, 0, 5, 8, 11])
    monkeypatch.setattr(kernels, "MAX_SCORES", 2 * (data.n_items if loss == "softmax" else 3 * D))
    step = module.listwise_step if loss == "softmax" else module.pairwise_step
    loss_of_step, size_of_step = step(model, config, batch, torch.Generator().manual_seed(1))
    gradient = [p.grad.clone() for p in model.parameters()]

    model.zero_grad()
    generator = torch.Generator().manual_seed(1)  # the same draws once more: negatives first, then what is dropped
    start_u, start_i = model.user(), model.item()
    if loss == "softmax":
        x_u, x_i = model.propagate(start_u, start_i, module.dropped_graph(model, config, generator))
        target = torch.from_numpy(data.matrix().toarray())[batch].double()
        expected, size = softmax_loss(x_u[batch] @ x_i.T / 0.7, target), int(target.sum())
        penalty = 0.5 * ((start_u[batch] ** 2).sum() + (start_i**2).sum()) / 5
    else:
        u, i, size = model.users[batch], model.items[batch], 5
        j = sample_negatives(u, model.interactions().known, data.n_items, config.negatives, generator)
        x_u, x_i = model.propagate(start_u, start_i, module.dropped_graph(model, config, generator))
        expected = bpr_loss((x_u[u] * x_i[i]).sum(1), (x_u[u].unsqueeze(1) * x_i[j]).sum(2))
        rows = (start_u[u], start_i[i], start_i[j[:, 0]])
        penalty = 0.5 * sum((x**2).sum() for x in rows) / 5 / 2
    (expected + penalty).backward()
    assert float(loss_of_step) == pytest.approx(float(expected.detach()), rel=1e-12)
    assert size_of_step == size
    for a, b in zip(gradient, model.parameters(), strict=True):
        assert torch.allclose(a, b.grad, rtol=1e-9, atol=1e-12)


@pytest.mark.equation(23)
def test_penalties_by_hand():
    start_u, start_i = torch.tensor([[1.0, 2.0], [3.0, 0.0], [5.0, 5.0]]), torch.tensor([[2.0], [1.0], [3.0]])
    assert float(listwise_l2_penalty(0.5, start_u[[1, 0]], start_i, 2)) == pytest.approx(0.5 * (9 + 5 + 4 + 1 + 9) / 2)
    u, i, j = torch.tensor([0, 0, 1]), torch.tensor([1, 2, 1]), torch.tensor([[0, 2], [0, 2], [0, 2]])
    squares = (5 + 1 + 4) + (5 + 9 + 4) + (9 + 1 + 4)  # of u, i and the first j of each pair
    assert float(pairwise_l2_penalty(0.5, start_u, start_i, u, i, j, 3)) == pytest.approx(0.5 * squares / (2 * 3))


def test_how_many_users_a_step_takes():
    assert [batch_size(FinetuneConfig(batch=5), n) for n in (3, 10**6)] == [5, 5]
    automatic = FinetuneConfig(batch=None)
    assert [batch_size(automatic, n) for n in (3, 943, 2048, 24_613)] == [64, 64, 64, 770]
    assert math.ceil(24_613 / 770) <= module.MAX_STEPS


def test_users_without_training_interactions_take_no_part():
    data, model = build(batch=1)
    train = data.train[data.train["user"] != 4].reset_index(drop=True)
    sides = {
        s: (random_embeddings(D, data.n_nodes(s), None, torch.Generator().manual_seed(0)), None)
        for s in ("user", "item")
    }
    model = Recommender(replace(data, train=train), model.config, sides["user"], sides["item"], D)
    before = model.user.nodes.weight[4].detach().clone()
    result = finetune(model, model.config, epochs=2, progress=False)
    assert math.isfinite(result.history[-1].loss)
    assert torch.equal(model.user.nodes.weight[4], before)


def test_negatives_are_never_training_items():
    users = torch.tensor([0, 0, 1]).repeat(500)
    known = torch.tensor([0 * 5 + 0, 0 * 5 + 1, 0 * 5 + 2, 1 * 5 + 4])
    drawn = sample_negatives(users, known, 5, 3, torch.Generator().manual_seed(0))
    assert set(drawn[users == 0].flatten().tolist()) == {3, 4}
    assert set(drawn[users == 1].flatten().tolist()) == {0, 1, 2, 3}


@pytest.mark.parametrize(
    "changes",
    [{}, {"loss": "bpr"}, {"propagation": "printed", "readout": "last"}, {"edge_dropout": 0.5}, {"values": "none"},
     {"propagation": "printed", "combine": "concat"}, {"layers": 0}, {"negatives": 3, "loss": "bpr"}],
    ids=str,
)  # fmt: skip
def test_every_choice_learns_the_training_pairs(changes):
    data, model = build(lr=0.03, epochs=40, **changes)
    result = finetune(model.float(), model.config, progress=False)
    assert result.history[-1].loss < result.history[0].loss
    scores = result.final(np.arange(data.n_users))
    positive = torch.from_numpy(data.matrix().toarray()) > 0
    assert float(scores[positive].mean()) > float(scores[~positive].mean())


def test_validation_picks_the_best_epoch_and_stops():
    _, model = build(every=1, patience=3, epochs=50)
    values = iter([0.1, 0.3, 0.2, 0.2, 0.2, 0.9])
    seen = []

    def validate(final):
        seen.append(final.users.clone())
        return next(values)

    result = finetune(model.float(), model.config, validate=validate, progress=False)
    assert result.best_epoch == 2
    assert len(result.history) == 5
    assert [epoch.validation for epoch in result.history] == [0.1, 0.3, 0.2, 0.2, 0.2]
    assert torch.equal(result.final.users, seen[1])


def test_the_history_as_json_leaves_out_what_was_not_validated():
    _, model = build(every=2, patience=9, epochs=3)
    result = finetune(model.float(), model.config, validate=lambda final: 0.5, progress=False)
    keys = [list(epoch) for epoch in result.history_dict()["epochs"]]
    assert keys == [["epoch", "loss", "seconds"], ["epoch", "loss", "validation", "seconds"], keys[1]]


def test_same_seed_same_embeddings():
    both = [finetune(m.float(), m.config, seed=3, epochs=3, progress=False).final.items for _, m in (build(), build())]
    assert torch.equal(*both)


def test_ctrl_c_keeps_what_was_reached(monkeypatch, capsys):
    _, model = build()
    real, calls = module.train_epoch, []

    def epoch(*arguments):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(module, "train_epoch", epoch)
    result = finetune(model.float(), model.config, progress=False)
    assert result.interrupted
    assert result.best_epoch == 2
    assert "fine-tuning: stopped by you after 2 epochs; what was reached is kept" in capsys.readouterr().out


def test_a_diverged_loss_says_what_to_do(monkeypatch):
    _, model = build()
    monkeypatch.setattr(module, "train_epoch", lambda *_: float("inf"))
    with pytest.raises(RamgnnError, match="the loss is inf in epoch 1; try a lower finetune.lr"):
        finetune(model.float(), model.config, progress=False)
