"""Pairs, losses and the loop."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace

import pytest
import torch

from ramgnn import pretrain as module
from ramgnn.encoder import RAMGNN
from ramgnn.errors import RamgnnError
from ramgnn.pairs import Pairs, sample_pairs
from ramgnn.pretrain import gnn_loss, pretrain, similarity_loss
from ramgnn.sampler import every_neighbour, top_k
from tests.small import edge_list, films, random_graph, small_config


def pairs_of(graph, seed=0, **changes):
    return sample_pairs(graph, small_config(**changes), torch.Generator().manual_seed(seed))


def test_positive_pairs_are_edges_each_equally_likely():
    graph = films()
    edges = {(i, t): [] for i, t, *_ in edge_list(graph)}
    for i, t, _, j, _ in edge_list(graph):
        edges[i, t].append(j)
    bags = sorted(edges)
    drawn = {bag: Counter() for bag in bags}
    rounds = 3000
    for seed in range(rounds // 100):
        pairs = pairs_of(graph, seed, positives=100)
        head, tail = pairs.head.tolist(), pairs.tail[:, 0].tolist()
        assert len(head) == 100 * len(bags)
        for n, (i, j) in enumerate(zip(head, tail, strict=True)):
            bag = bags[n // 100]
            assert bag[0] == i
            drawn[bag][j] += 1
    for bag, tails in edges.items():
        for j, times in Counter(tails).items():
            expected = times / len(tails)
            assert drawn[bag][j] / rounds == pytest.approx(expected, abs=4 * math.sqrt(0.25 / rounds))


def test_negatives_are_other_nodes():
    graph = random_graph(15, 2, 4, 2, seed=3)
    pairs = pairs_of(graph, negatives=4)
    assert pairs.tail.shape == (len(pairs.head), 5)
    assert bool((pairs.head.unsqueeze(1) != pairs.tail).all())
    assert float(pairs.weight.sum()) == pytest.approx(1)
    assert set(pairs.tail[:, 1:].flatten().tolist()) == set(range(15))


def test_relation_types_weigh_as_stated():
    graph = random_graph(40, 2, 3, 1, seed=1)
    bags = sorted({(i, t) for i, t, *_ in edge_list(graph)})
    types = torch.tensor([t for _, t in bags])
    shares = [graph.n_edges(t) / graph.n_edges() for t in range(2)]
    for type_weight, expected in (("equal", [0.5, 0.5]), ("edges", shares)):
        weight = pairs_of(graph, type_weight=type_weight).weight
        assert [float(weight[types == t].sum()) for t in range(2)] == pytest.approx(expected, rel=1e-5)


@pytest.mark.equation(11)
def test_similarity_loss_by_hand():
    scores = torch.tensor([0.2, 0.5, 0.9], dtype=torch.float64)
    pairs = Pairs(torch.tensor([0]), torch.tensor([[1, 2, 1]]), torch.ones(1).double(), torch.zeros(1).long())
    s1, s0 = 1 - 0.3, 1 - 0.7  # the positive, and the two negatives: a far one and a near one
    negatives = (math.log(1 - s0) + math.log(1 - s1)) / 2
    assert float(similarity_loss(scores, pairs)) == pytest.approx(-(math.log(s1) + negatives) / 2)
    assert float(similarity_loss(scores, pairs, "positives")) == pytest.approx(-math.log(s1))


@pytest.mark.equation(11)
def test_positives_alone_are_minimised_by_a_constant():
    pairs = pairs_of(films())
    constant = torch.full((5,), 0.3)
    spread = torch.linspace(0.1, 0.9, 5)
    assert float(similarity_loss(constant, pairs, "positives")) < float(similarity_loss(spread, pairs, "positives"))
    assert float(similarity_loss(constant, pairs, "positives")) == pytest.approx(0, abs=1e-5)


@pytest.mark.equation(16)
@pytest.mark.parametrize("similarity", ["inner", "mlp"])
def test_gnn_loss_is_cross_entropy_of_final_similarities(similarity):
    graph = films()
    torch.manual_seed(0)
    model = RAMGNN(graph, small_config(similarity=similarity)).double()
    e = model(graph, top_k(graph, torch.rand(5), [2, 2]))
    pairs = pairs_of(graph)
    got = gnn_loss(model, e, pairs)
    expected = 0.0
    rows = [
        (i, j, float(n == 0), w / 2 if n == 0 else w / 2 / (len(tails) - 1))
        for i, tails, w in zip(pairs.head.tolist(), pairs.tail.tolist(), pairs.weight.tolist(), strict=True)
        for n, j in enumerate(tails)
    ]
    for i, j, y, w in rows:
        if similarity == "inner":
            cosine = float(e[i] @ e[j] / e[i].norm() / e[j].norm())
            s = 1 / (1 + math.exp(-(float(model.scale) * cosine + float(model.shift))))
        else:
            a = model.similarity_mlp(e)
            s = 1 - abs(float(a[i]) - float(a[j]))
        s = min(max(s, 1e-6), 1 - 1e-6)
        expected += -w * (y * math.log(s) + (1 - y) * math.log(1 - s))
    assert float(got.detach()) == pytest.approx(expected, rel=1e-5)


@pytest.mark.equation(16)
def test_gnn_loss_reaches_every_parameter_of_the_encoder():
    graph = random_graph(30, 2, 5, 2, seed=0)
    model = RAMGNN(graph, small_config())
    e = model(graph, top_k(graph, torch.rand(30), [3, 3]))
    pairs = pairs_of(graph)
    gnn_loss(model, e, pairs).backward()
    for name, p in model.named_parameters():
        if not name.startswith("score"):  # the MLP of Eq. 9 is trained by L_sim alone
            assert p.grad is not None, name
            assert float(p.grad.abs().sum()) > 0, name


def test_hidden_types_take_turns_and_leave_their_messages_out():
    graph = random_graph(25, 3, 4, 2, seed=7)
    turns = module.masked_types_in_turn(graph, small_config(target="hidden"))
    assert [next(turns) for _ in range(4)] == [0, 1, 2, 0]
    assert next(module.masked_types_in_turn(graph, small_config(target="seen"))) is None
    torch.manual_seed(0)
    model = RAMGNN(graph, small_config(layers=1)).double()
    kept = top_k(graph, torch.rand(25), [3, 3, 3])
    for t in range(3):
        rest = kept.without(t)
        for i in range(25):
            assert len(rest.of(i, t)) == 0
            for other in {0, 1, 2} - {t}:
                assert torch.equal(rest.of(i, other), kept.of(i, other))
        assert torch.allclose(model(graph, kept, masked_type=t), model(graph, rest), atol=1e-12)
        # without a sampler the same follows from group sums
        listed = every_neighbour(graph).without(t)
        assert torch.allclose(model(graph, None, masked_type=t), model(graph, listed), atol=1e-10)
    pairs = pairs_of(graph)
    assert float(pairs.of_type(1).weight.sum()) == pytest.approx(1)
    assert set(pairs.of_type(1).relation_type.tolist()) == {1}


@pytest.mark.equation(17)
@pytest.mark.parametrize("settled", [False, True])
def test_final_loss_is_the_sum_of_its_parts(monkeypatch, settled):
    """One step of plain gradient descent on L_GNN + λ_γ L_sim + λ_1 ‖Θ‖², with L_sim only until the bandit rests."""
    graph = random_graph(20, 2, 4, 2, seed=2)
    config = small_config(sim_weight=0.7, weight_decay=0.3)
    torch.manual_seed(0)
    model = RAMGNN(graph, config).double()
    kept = top_k(graph, torch.rand(20), [3, 3])
    pairs = pairs_of(graph)
    monkeypatch.setattr(module, "sample_pairs", lambda *_: pairs)
    before = {n: p.detach().clone() for n, p in model.named_parameters()}
    e = model(graph, kept)
    loss = gnn_loss(model, e, pairs)
    if not settled:
        loss = loss + 0.7 * similarity_loss(model.score(model.nodes.weight), pairs)
    loss = loss + 0.3 * sum((p**2).sum() for p in model.parameters()) / 20
    model.zero_grad()
    gradient = torch.autograd.grad(loss, list(model.parameters()), allow_unused=True)
    # the penalty is the optimiser's weight decay, whose gradient is decay · θ
    (group,) = module.adam(model, config).param_groups
    descent = torch.optim.SGD(model.parameters(), lr=0.1, weight_decay=group["weight_decay"])
    module.step(model, graph, kept, descent, config, None, settled)
    for (name, p), g in zip(model.named_parameters(), gradient, strict=True):
        expected = before[name] - 0.1 * g
        if settled and name.startswith("score"):
            expected = before[name]  # nothing of the loss reaches the scores any more: they rest too
        assert torch.allclose(p, expected, atol=1e-10), name


def test_history_and_result():
    graph = random_graph(30, 2, 4, 2, seed=5)
    result = pretrain(graph, small_config(epochs=15), seed=1, progress=False)
    assert [e.epoch for e in result.history] == list(range(1, 16))
    assert result.history[0].k == [5, 5]
    assert result.history[0].reward == [None, None]
    for before, after in zip(result.history, result.history[1:], strict=False):
        for t in range(2):
            if after.reward[t] is not None:
                assert after.reward[t] == (1 if before.distance[t] >= after.distance[t] else -1)
    for e in result.history:
        assert sum(e.attention_by_type[0]) == pytest.approx(1)
        assert len(e.attention_by_type) == 2
    embeddings = result.embeddings()
    assert embeddings.nodes.shape == (30, 8)
    assert embeddings.types.shape == (2, 4)
    assert embeddings.values.shape == (graph.n_values, 4)
    kept, alpha = result.attention()
    assert len(alpha) == len(kept.incidence)
    assert result.history[-1].loss < result.history[0].loss


def test_same_seed_same_numbers_other_seed_others():
    graph = random_graph(30, 2, 4, 2, seed=5)
    runs = [pretrain(graph, small_config(epochs=4), seed, progress=False).embeddings().nodes for seed in (1, 1, 2)]
    assert torch.equal(runs[0], runs[1])
    assert not torch.equal(runs[0], runs[2])


@pytest.mark.parametrize(
    "changes",
    [
        {"composition": "add"}, {"composition": "mult"}, {"relation": "projection"}, {"relation": "sum"},
        {"softmax": "type"}, {"attention": False}, {"sampler": "none"}, {"sampler": "random"}, {"sampler": "fixed"},
        {"and_over": "edges"}, {"reward": "raw"}, {"reward": "rank"}, {"stop": "printed"}, {"topk": "value"},
        {"loss": "positives"}, {"similarity": "mlp"}, {"type_weight": "edges"}, {"target": "seen"},
        {"combine": "concat"}, {"sigma": "leaky_relu"}, {"layers": 1},
    ],
    ids=str,
)  # fmt: skip
def test_every_choice_trains(changes):
    graph = random_graph(25, 2, 4, 2, seed=7)
    result = pretrain(graph, small_config(epochs=12, steps=4, **changes), progress=False)
    assert len(result.history) == 12
    assert bool(torch.isfinite(result.embeddings().nodes).all())
    assert result.history[-1].loss < result.history[0].loss


def test_without_a_sampler_attention_by_type_is_that_of_all_edges():
    graph = random_graph(25, 2, 4, 2, seed=7)
    result = pretrain(graph, small_config(epochs=1, sampler="none"), progress=False)
    kept, alpha = result.attention(0)
    expected = torch.zeros(graph.n_types, dtype=torch.float64)
    expected.index_add_(0, graph.value_type[graph.value[kept.incidence]], alpha)
    assert result.history[0].attention_by_type[0] == pytest.approx((expected / expected.sum()).tolist(), abs=1e-6)


def test_random_neighbours_are_drawn_once():
    """Embeddings, attention and reasons are of the same neighbours, whatever was drawn in between."""
    graph = random_graph(25, 2, 4, 2, seed=7)
    config = small_config(epochs=1, sampler="random")
    one, other = (pretrain(graph, config, seed=3, progress=False) for _ in range(2))
    torch.manual_seed(5)
    nodes = one.embeddings().nodes  # as in every stored run, by PyTorch's own generator
    torch.manual_seed(5)
    drawn = top_k(graph, torch.rand(25), one.k)
    assert torch.equal(nodes, one.model(graph, drawn))
    assert torch.equal(one.neighbours().incidence, drawn.incidence)
    assert torch.equal(one.embeddings().nodes, nodes)
    # asked before any embedding, as after loading a run: by the seed, in every process
    first = other.neighbours().incidence
    torch.manual_seed(6)
    assert torch.equal(other.attention()[0].incidence, first)
    again = replace(other)
    torch.manual_seed(7)
    assert torch.equal(again.neighbours().incidence, first)


def test_ctrl_c_keeps_what_was_reached(monkeypatch, capsys):
    graph = random_graph(25, 2, 4, 2, seed=7)
    real, calls = module.step, []

    def step(*arguments, **named):
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return real(*arguments, **named)

    monkeypatch.setattr(module, "step", step)
    result = pretrain(graph, small_config(epochs=50), progress=False, name="items")
    assert result.interrupted
    assert len(result.history) == 3
    assert result.embeddings().nodes.shape == (25, 8)
    assert "items: stopped by you after 3 epochs; what was reached is kept" in capsys.readouterr().out


def test_a_diverged_loss_says_what_to_do(monkeypatch):
    monkeypatch.setattr(module, "step", lambda *_, **__: (float("nan"), 0.0))
    with pytest.raises(RamgnnError, match="the loss is nan in epoch 1; try a lower pretrain.lr"):
        pretrain(random_graph(25, 2, 4, 2, seed=7), small_config(), progress=False, name="items")
