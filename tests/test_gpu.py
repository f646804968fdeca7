"""The same on a GPU: every layer, loss and sampler against the CPU in float64, and the whole way from the command line.

Skipped where there is no CUDA device. Random numbers differ between devices and sums on a GPU are added up in no fixed
order, so whole trainings are compared by what they learn, and single steps by their numbers.
"""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from ramgnn import runs
from ramgnn.baselines import fitting
from ramgnn.baselines.encoders import ENCODERS, EncoderSettings, pretrain_encoder
from ramgnn.checkpoint import Checkpoint
from ramgnn.cli import main
from ramgnn.composition import OPERATORS
from ramgnn.config import Config, FinetuneConfig
from ramgnn.datasets import planted
from ramgnn.encoder import RAMGNN
from ramgnn.evaluation import rank_test
from ramgnn.explain import Explainer
from ramgnn.graph import MultiRelationalGraph
from ramgnn.interactions import InteractionGraph, sample_negatives
from ramgnn.kernels.pairs import PositiveSampler
from ramgnn.pairs import sample_pairs
from ramgnn.pretrain import gnn_loss, masked_types_in_turn, pretrain, similarity_loss
from ramgnn.pretrained import sample_neighbours
from ramgnn.readings import named
from ramgnn.sampler import average_neighbour_distance, rank_transform, top_k
from ramgnn.training import fit
from tests.small import random_graph, small_config, small_dataset
from tests.test_baselines_trained import EPOCHS, QUICK, TRAINED, blocks

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
GRAPH = random_graph(60, 3, 9, 3, 4)


def both(config):
    """A model in float64 and its copy on the GPU, with their graphs."""
    torch.manual_seed(1)
    here, there = RAMGNN(GRAPH, config).double(), RAMGNN(GRAPH, config).double()
    there.load_state_dict(here.state_dict())
    return (here, GRAPH), (there.cuda(), GRAPH.to("cuda"))


def loss_of(model, graph, pairs, k, masked):
    """L_final with its gradients on the parameters, and the embeddings."""
    kept = sample_neighbours(model, graph, model.config, k)
    e = model(graph, kept, masked)
    pairs = type(pairs)(*(x.to(e.device) for x in (pairs.head, pairs.tail, pairs.weight.double(), pairs.relation_type)))
    loss = gnn_loss(model, e, pairs) + similarity_loss(model.score(model.nodes.weight), pairs)
    loss.backward()
    return e.detach(), loss.detach()


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("softmax", ["all", "type"])
@pytest.mark.parametrize("sampler", ["rns", "none"])
def test_a_step_of_pre_training_has_the_same_numbers(operator, softmax, sampler):
    config = small_config(composition=operator, softmax=softmax, sampler=sampler, similarity="mlp", layers=2)
    pairs = sample_pairs(GRAPH, config, torch.Generator().manual_seed(0))
    (here, graph), (there, on_gpu) = both(config)
    for masked in (None, next(masked_types_in_turn(GRAPH, config))):
        here.zero_grad(), there.zero_grad()
        found = [loss_of(m, g, pairs, [3, 2, 4], masked) for m, g in ((here, graph), (there, on_gpu))]
        for a, b in zip(*found, strict=True):
            assert b.is_cuda
            assert torch.allclose(a, b.cpu(), rtol=1e-9, atol=1e-11)
        for (name, p), q in zip(here.named_parameters(), there.parameters(), strict=True):
            assert (p.grad is None) == (q.grad is None), name
            if p.grad is not None:
                assert torch.allclose(p.grad, q.grad.cpu(), rtol=1e-8, atol=1e-11), name


@pytest.mark.parametrize("sigma", ["tanh", "leaky_relu", "sigmoid"])
@pytest.mark.parametrize("relation", ["halves", "projection", "sum"])
def test_every_activation_and_relation_embedding(sigma, relation):
    (here, graph), (there, on_gpu) = both(small_config(sigma=sigma, relation=relation))
    a, b = (m(g, sample_neighbours(m, g, m.config, [2, 2, 2])) for m, g in ((here, graph), (there, on_gpu)))
    assert torch.allclose(a, b.cpu(), rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("per", ["type", "value"])
def test_the_sampler_keeps_the_same_neighbours(per):
    scores = torch.rand(GRAPH.n_nodes, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    here, there = (top_k(g, s, [1, 3, 50], per) for g, s in ((GRAPH, scores), (GRAPH.to("cuda"), scores.cuda())))
    assert torch.equal(here.incidence, there.incidence.cpu())
    assert torch.equal(here.ptr, there.ptr.cpu())
    for s in (scores, rank_transform(scores)):
        a = average_neighbour_distance(here, "edges", None, s)
        b = average_neighbour_distance(there, "edges", None, s.cuda())
        assert torch.allclose(a, b.cpu(), rtol=1e-12)


def test_pairs_and_negatives_are_what_they_should_be():
    graph, generator = GRAPH.to("cuda"), torch.Generator("cuda").manual_seed(0)
    pairs = sample_pairs(graph, small_config(positives=3), generator, PositiveSampler.from_graph(graph))
    for head, tail, t in zip(pairs.head.tolist(), pairs.tail[:, 0].tolist(), pairs.relation_type.tolist(), strict=True):
        assert head != tail
        assert t in {x for x, _ in GRAPH.shared(head, tail)}
    dataset = small_dataset()
    users = torch.tensor(dataset.train["user"].to_numpy()).cuda()
    known = torch.sort(users * dataset.n_items + torch.tensor(dataset.train["item"].to_numpy()).cuda())[0]
    drawn = sample_negatives(users, known, dataset.n_items, 4, generator)
    assert not torch.isin(users.unsqueeze(1) * dataset.n_items + drawn, known).any()


@pytest.mark.parametrize("norm", ["symmetric", "mean"])
def test_propagation_has_the_same_numbers(norm):
    dataset = small_dataset()
    users, items = (torch.tensor(dataset.train[x].to_numpy()) for x in ("user", "item"))
    x = torch.randn(dataset.n_items, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    found = []
    for device in ("cpu", "cuda"):
        graph = InteractionGraph.from_pairs(users.to(device), items.to(device), dataset.n_users, dataset.n_items, norm)
        own = x.clone().to(device).requires_grad_()
        dropped = torch.arange(len(users), device=device) % 3 == 0
        (graph.users_from(own).pow(2).sum() + graph.without(dropped).users_from(own).pow(3).sum()).backward()
        found.append((graph.users_from(own).detach().cpu(), own.grad.cpu()))
    for a, b in zip(*found, strict=True):
        assert torch.allclose(a, b, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", ["default", "as_printed"])
@pytest.mark.parametrize("loss", ["softmax", "bpr"])
def test_both_stages_learn_and_come_back_from_a_folder(name, loss, tmp_path):
    config = named(name)
    config = replace(
        config, device="cuda",
        pretrain=replace(config.pretrain, dim=16, epochs=6, steps=2),
        finetune=replace(config.finetune, epochs=8, every=2, loss=loss),
    )  # fmt: skip
    fitted = fit(small_dataset(n_users=40, n_items=60), config, None, progress=False)
    assert fitted.final.users.is_cuda
    losses = [e.loss for e in fitted.finetuned.history]
    assert np.isfinite(losses).all()
    runs.save(tmp_path, fitted)
    again = runs.load(tmp_path, dataset=fitted.dataset)
    mine, theirs = Explainer(fitted), Explainer(again)
    assert np.allclose(mine.scores(3), theirs.scores(3), atol=1e-5)
    for item, _ in mine.recommend(3, 3):
        a, b = mine.explain(3, item), theirs.explain(3, item)
        assert [r.value for r in a.item_reasons] == [r.value for r in b.item_reasons]
    assert mine.neighbours("item", 0)


def test_a_checkpoint_goes_on_where_it_was(tmp_path):
    place = Checkpoint(tmp_path / "item.safetensors")
    whole = pretrain(GRAPH, small_config(epochs=6), 0, "cuda", False)
    pretrain(GRAPH, small_config(epochs=3), 0, "cuda", False, checkpoint=place)
    rest = pretrain(GRAPH, small_config(epochs=6), 0, "cuda", False, checkpoint=place)
    assert rest.resumed == 3
    assert [e.loss for e in rest.history] == pytest.approx([e.loss for e in whole.history], rel=1e-3)


def test_the_gpu_recommends_as_well_as_the_cpu():
    data = planted.load(scale=0.2)
    config = replace(Config(), finetune=FinetuneConfig(epochs=20))
    found = []
    for device in ("cpu", "cuda"):
        fitted = fit(data, replace(config, device=device), None, progress=False)
        found.append(max(e.validation for e in fitted.validation.history if e.validation is not None))
    assert found[1] == pytest.approx(found[0], rel=0.1)


def test_from_the_command_line(tmp_path, capsys):
    folder = str(tmp_path / "run")
    small = ["--set", "pretrain.dim=16", "pretrain.epochs=3", "finetune.epochs=4"]
    assert main(["train", "--data", "toy", *small, "--device", "cuda", "--quiet", "--json", "--out", folder]) == 0
    assert json.loads((tmp_path / "run" / runs.RUN).read_text())["config"]["device"] == "cuda"
    capsys.readouterr()
    assert main(["evaluate", "--run", folder]) == 0
    assert main(["recommend", "--run", folder, "--user", "Ada", "-n", "2", "--reasons"]) == 0
    assert "held-out" in capsys.readouterr().out


@pytest.mark.parametrize("name", TRAINED)
def test_a_baseline_scores_alike_and_learns(name):
    """The same start on both devices, so the same scores; then training on the GPU finds the block of every user."""
    (kind, known), data = TRAINED[name], blocks()
    settings, users = known(**QUICK[name]), np.array([7, 0, 7, 3])
    here, there = (fitting.start(kind, data, settings, 1, device)[0].eval() for device in ("cpu", "cuda"))
    a, b = here(users), there(users)
    assert b.is_cuda
    torch.testing.assert_close(a, b.cpu(), atol=1e-4, rtol=1e-4)
    if hasattr(here, "score_pairs"):
        items = np.random.default_rng(0).integers(data.n_items, size=(4, 6))
        a, b = here.score_pairs(users, items), there.score_pairs(users, items)
        torch.testing.assert_close(a, b.cpu(), atol=1e-4, rtol=1e-4)
    model = fitting.fit(kind, data, settings, 0, EPOCHS.get(name, 25), False, "cuda")
    assert rank_test(model, data).mean() < 6


@pytest.mark.parametrize("kind", ENCODERS)
def test_an_encoder_lowers_its_loss(kind):
    graph = MultiRelationalGraph.from_dataset(small_dataset(), "item")
    options = EncoderSettings(dim=8, epochs=15, steps=2, negatives=2, weight_decay=0.0, dropout=0.0)
    found = pretrain_encoder(graph, kind, options, "item", 3, "cuda", False)
    losses = [e.loss for e in found.history]
    assert sum(losses[-3:]) < sum(losses[:3])
    assert found.embeddings().nodes.is_cuda and found.embeddings().values.is_cuda
