"""Parts of one's own: baselines, encoders, losses and equations that a reader brings, and what is refused."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.sparse import csr_matrix
from torch import nn

import ramgnn
from ramgnn import training
from ramgnn.baselines import fitting, mf, registry
from ramgnn.baselines.encoders.base import ENCODERS, Encoder, EncoderSettings, linear, register_encoder
from ramgnn.config import Config
from ramgnn.encoder import RAMGNN, RAMLayer
from ramgnn.errors import DataError, NotFoundError, RamgnnError
from ramgnn.finetune import finetune
from ramgnn.graph import MultiRelationalGraph
from ramgnn.inspection import evaluating
from ramgnn.losses import LISTWISE, PAIRWISE, listwise_loss, pairwise_loss
from ramgnn.pretrain import pretrain
from ramgnn.pretrained import attention_of_layers
from ramgnn.ragged import segment_sum
from tests.small import small_dataset
from tests.test_face import FAST, ROOT


@pytest.fixture
def own_names():
    """What a test registers is gone after it."""
    tables = (registry._BASELINES, ENCODERS, PAIRWISE, LISTWISE)
    before = [dict(table) for table in tables]
    yield
    for table, old in zip(tables, before, strict=True):
        table.clear()
        table.update(old)


@pytest.mark.parametrize("number", range(4))
def test_the_page_about_parts_of_ones_own_runs_as_it_stands(number, tmp_path, own_names, monkeypatch):
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "book" / "own_parts.md").read_text(encoding="utf-8"), re.S)
    assert len(blocks) == 4
    monkeypatch.chdir(tmp_path)
    exec(compile("import tqdm\n" + blocks[number], f"block {number}", "exec"), {"__name__": f"block{number}"})


class Slow(Encoder):
    """One matrix."""

    def __init__(self, graph, settings):
        super().__init__(graph, settings)
        self.w = linear(settings.dim)

    def encode(self, groups, relation=None):
        return torch.tanh(self.w(self.nodes.weight + groups.neighbours(self.nodes.weight)))


class Ours(RAMGNN):
    """RAM-GNN with one more parameter."""

    def __init__(self, graph, config):
        super().__init__(graph, config)
        self.gain = nn.Parameter(torch.ones(()))

    def forward(self, graph, neighbours, masked_type=None):
        return self.gain * super().forward(graph, neighbours, masked_type)


@pytest.mark.parametrize("kind", [Slow, Ours])
def test_an_encoder_of_ones_own_is_trained_saved_resumed_and_explained_or_refused(kind, tmp_path, own_names):
    register_encoder("own")(kind)
    data = small_dataset()
    options = {"settings": FAST, "encoder": "own", "epochs": 2, "progress": False}
    model = ramgnn.fit(data, **options, checkpoints=tmp_path / "checkpoints")
    again = ramgnn.fit(data, **options, checkpoints=tmp_path / "checkpoints")
    assert again.item.resumed > 0 and isinstance(again.item.model, kind)
    assert torch.equal(again.final.items, model.final.items)
    ramgnn.save(model, tmp_path / "run")
    loaded = ramgnn.load_run(tmp_path / "run")
    assert isinstance(loaded.item.model, kind) and loaded.name == "own"
    pd.testing.assert_frame_equal(loaded.recommend(), model.recommend())
    assert torch.equal(loaded.item.embeddings().nodes, model.item.embeddings().nodes)
    assert torch.equal(loaded.item.embeddings().values, model.item.embeddings().values)
    if kind is Ours:
        assert loaded.explain("u1", "i2") == model.explain("u1", "i2")
    else:
        with pytest.raises(RamgnnError, match="'own' has no attention"):
            loaded.explain("u1", "i2")
    del ENCODERS["own"]
    with pytest.raises(NotFoundError, match="once its module, with @register_encoder, is imported"):
        ramgnn.load_run(tmp_path / "run")
    register_encoder("own")(Ours if kind is Slow else Slow)
    with pytest.raises(DataError, match="not those of the encoder 'own'"):
        ramgnn.load_run(tmp_path / "run")


@dataclass(frozen=True, eq=False)
class Constant:
    """Scores that are the same for everybody, with one field of each kind that can be saved."""

    row: np.ndarray
    factor: float

    def __call__(self, users):
        return np.tile(self.factor * self.row, (len(users), 1))


def test_a_baseline_of_ones_own_travels_and_says_what_is_missing(tmp_path, own_names):
    @registry.register("own")
    def fit(dataset, factor: float = 2.0) -> Constant:
        return Constant(np.arange(dataset.n_items, dtype=float), factor)

    model = ramgnn.fit(small_dataset(), "own", {"factor": 3}, progress=False)
    ramgnn.save(model, tmp_path)
    pd.testing.assert_frame_equal(ramgnn.load_run(tmp_path).recommend(), model.recommend())
    with pytest.raises(RamgnnError, match="taken by"):
        registry.register("ease")(fit)
    del registry._BASELINES["own"]
    with pytest.raises(NotFoundError, match="known once its module is imported"):
        ramgnn.load_run(tmp_path)

    @registry.register("own")
    def without_a_word(dataset, factor=2.0):
        return Constant(np.arange(dataset.n_items), factor)

    with pytest.raises(RamgnnError, match="annotate its function"):
        ramgnn.load_run(tmp_path)


def test_what_cannot_be_saved_says_so_and_leaves_nothing(tmp_path, own_names):
    @registry.register("own")
    def fit(dataset):
        return lambda users: np.zeros((len(users), dataset.n_items))

    model = ramgnn.fit(small_dataset(), "own", progress=False)
    with pytest.raises(RamgnnError, match="make it a dataclass of arrays"):
        ramgnn.save(model, tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("listwise", [False, True])
def test_a_loss_of_ones_own_trains_as_the_package_s_does(listwise, own_names):
    """BPR and softmax again, written by a user: the plain way gives what the kernels give."""
    if listwise:
        listwise_loss("own")(lambda scores, target: LISTWISE["softmax"](scores, target))
    else:
        pairwise_loss("own")(lambda positive, negative: PAIRWISE["bpr"](positive, negative))
    both = []
    for name in ("softmax" if listwise else "bpr", "own"):
        settings = FAST | {"finetune.loss": name, "finetune.start": "random"}
        both.append(ramgnn.fit(small_dataset(), settings=settings, epochs=3, progress=False).final.items)
    torch.testing.assert_close(both[0], both[1], atol=1e-5, rtol=1e-4)


@dataclass(frozen=True, eq=False)
class OfEveryKind:
    """Scores of a tensor, an array and a sparse matrix."""

    users: torch.Tensor
    items: np.ndarray
    history: csr_matrix
    factor: float = 1.0

    def __call__(self, users):
        return self.factor * (self.users[torch.as_tensor(users)].numpy() @ self.items.T + self.history[users].toarray())

    def item_embeddings(self):
        return self.items


def test_a_scorer_comes_back_with_fields_of_the_kinds_that_they_had(tmp_path, own_names):
    @registry.register("own")
    def fit(dataset) -> OfEveryKind:
        rng = np.random.default_rng(0)
        x_u, x_i = (rng.random((n, 3), np.float32) for n in (dataset.n_users, dataset.n_items))
        return OfEveryKind(torch.from_numpy(x_u), x_i, dataset.matrix())

    model = ramgnn.fit(small_dataset(), "own", progress=False)
    ramgnn.save(model, tmp_path)
    again = ramgnn.load_run(tmp_path)
    assert isinstance(again.scorer.users, torch.Tensor) and isinstance(again.scorer.items, np.ndarray)
    assert isinstance(again.scorer.history, csr_matrix) and again.scorer.factor == 1.0
    pd.testing.assert_frame_equal(again.recommend(), model.recommend())
    pd.testing.assert_frame_equal(again.similar_items("i3"), model.similar_items("i3"))


@pytest.mark.parametrize("listwise", [False, True])
@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda difference: difference, r"a tensor of shape \(.*\)"),
        (lambda difference: difference.mean().item(), "a float"),
        (lambda difference: difference.detach().mean(), "a tensor without a gradient"),
        (lambda difference: None, "a NoneType"),
    ],
    ids=["no scalar", "float", "no gradient", "nothing"],
)
def test_a_loss_that_training_cannot_follow_is_refused_before_pretraining(
    listwise, change, problem, own_names, monkeypatch
):
    if listwise:
        listwise_loss("own")(lambda scores, target: change(scores - target))
    else:
        pairwise_loss("own")(lambda positive, negative: change(negative - positive.unsqueeze(1)))
    message = f"the loss own returns {problem}; expected a scalar tensor"
    config = Config().override(FAST | {"finetune.loss": "own"})
    model = training.build(small_dataset(), config, {"user": None, "item": None}, {"user": None, "item": None})
    with pytest.raises(RamgnnError, match=message):
        finetune(model, config.finetune, progress=False)
    monkeypatch.setattr(training, "pretrain", None)
    with pytest.raises(RamgnnError, match=message):
        training.fit(small_dataset(), config, progress=False)


# ---- what is refused, and what is not ignored ------------------------------------------------------------------------


def pretrained(model: type[RAMGNN], sampler: str, epochs: int):
    """Pre-training of a model of one's own on the items."""
    graph = MultiRelationalGraph.from_dataset(small_dataset(), "item")
    config = Config().override({"pretrain.dim": 8, "pretrain.epochs": epochs, "pretrain.sampler": sampler}).pretrain
    return pretrain(graph, config, progress=False, build=lambda graph: model(graph, config))


class FirstTypeOnly(RAMLayer):
    """All attention on the first relation type."""

    def weights(self, a, head, relation_type, graph):
        first = (relation_type == 0).to(a.dtype)
        return first / segment_sum(first, head, graph.n_nodes)[head].clamp(min=1)


class FirstTypeGNN(RAMGNN):
    """RAM-GNN with such layers."""

    layer_class = FirstTypeOnly


@pytest.mark.parametrize("sampler", ["rns", "none"])
def test_the_history_of_attention_is_that_of_ones_own_equation_7(sampler):
    result = pretrained(FirstTypeGNN, sampler, epochs=1)
    for share in result.history[-1].attention_by_type:
        assert share == [1.0] + [0.0] * (result.graph.n_types - 1)


class EqualLogits(RAMLayer):
    """Eq. 6 as a method: the same logit for everybody."""

    def attention(self, e_j, e_n):
        return e_j.new_zeros(e_j.shape[:-1])


class EqualGNN(RAMGNN):
    """RAM-GNN with such layers."""

    layer_class = EqualLogits


@pytest.mark.parametrize("sampler", ["rns", "none"])
def test_equation_6_may_be_a_method(sampler):
    result = pretrained(EqualGNN, sampler, epochs=2)
    neighbours, alpha = result.attention()
    size = torch.bincount(neighbours.head, minlength=result.graph.n_nodes)[neighbours.head]
    torch.testing.assert_close(alpha, 1 / size.double())
    e = result.model(result.graph, result.neighbours())
    torch.testing.assert_close(e, result.model.over_edges(result.graph, result.neighbours()))


class NormalisedGNN(RAMGNN):
    """A forward of one's own: layers start from embeddings of unit length, by name, and see no neighbour's scale."""

    def forward(self, graph, neighbours, masked_type=None):
        e, relation = nn.functional.normalize(self.nodes.weight), self.relations(graph.value_type)
        for layer in self.layers:
            e = layer(relation=relation, e=e, graph=graph, neighbours=neighbours, masked_type=masked_type)
        return e


class LayerlessGNN(RAMGNN):
    """A forward that does without the layers."""

    def forward(self, graph, neighbours, masked_type=None):
        return self.nodes.weight + 0


@pytest.mark.parametrize("sampler", ["rns", "none"])
def test_attention_is_that_of_what_ones_own_forward_hands_to_the_layers(sampler):
    graph = MultiRelationalGraph.from_dataset(small_dataset(), "item")
    config = Config().override({"pretrain.dim": 8, "pretrain.epochs": 2, "pretrain.sampler": sampler}).pretrain
    result = pretrain(graph, config, progress=False, build=lambda graph: NormalisedGNN(graph, config))
    model, neighbours = result.model, result.neighbours()
    plain = RAMGNN(graph, config)
    plain.load_state_dict(model.state_dict())
    with torch.no_grad():
        plain.nodes.weight.copy_(nn.functional.normalize(model.nodes.weight))
        for own, expected in zip(model.logits(graph, neighbours), plain.logits(graph, neighbours), strict=True):
            torch.testing.assert_close(own, expected)
    assert attention_of_layers(model, graph, neighbours) == attention_of_layers(plain, graph, neighbours)
    assert not any(layer._forward_pre_hooks for layer in model.layers)


def test_a_forward_that_does_without_its_layers_is_refused_before_training(monkeypatch):
    graph = MultiRelationalGraph.from_dataset(small_dataset(), "item")
    config = Config().override({"pretrain.dim": 8, "pretrain.epochs": 2}).pretrain
    monkeypatch.setattr("ramgnn.pretrain.step", lambda *_, **__: pytest.fail("a step was taken"))
    with pytest.raises(RamgnnError, match=r"LayerlessGNN\.forward does not call layer 1 of its 2"):
        pretrain(graph, config, progress=False, build=lambda graph: LayerlessGNN(graph, config))


class DroppingLayer(RAMLayer):
    """Eq. 6 with dropout."""

    def attention(self, e_j, e_n):
        return nn.functional.dropout((e_j * e_n).sum(-1), 0.5, self.training)


class DroppingGNN(RAMGNN):
    """RAM-GNN with such layers."""

    layer_class = DroppingLayer


def test_attention_and_embeddings_are_without_dropout_and_leave_the_modes_as_they_were():
    graph = MultiRelationalGraph.from_dataset(small_dataset(), "item")
    config = Config().override({"pretrain.dim": 8, "pretrain.epochs": 2, "pretrain.sampler": "none"}).pretrain
    result = pretrain(graph, config, progress=False, build=lambda graph: DroppingGNN(graph, config))
    model = result.model
    assert model.training
    model.layers[0].eval()  # a part that its owner has frozen
    before = [module.training for module in model.modules()]
    for ask in (lambda: result.attention(0)[1], lambda: result.embeddings().nodes):
        assert torch.equal(ask(), ask())
        assert [module.training for module in model.modules()] == before
    assert result.history[-1].attention_by_type == attention_of_layers(model, graph, None)
    with pytest.raises(KeyError), evaluating(model):
        raise KeyError
    assert [module.training for module in model.modules()] == before


@pytest.mark.parametrize("changed", [{"seed": 1}, {"epochs": 3}, {"settings": FAST | {"pretrain.lr": 0.5}}])
def test_checkpoints_of_another_training_are_refused(changed, tmp_path):
    options = {"settings": FAST, "epochs": 1, "progress": False, "checkpoints": tmp_path}
    ramgnn.fit(small_dataset(), **options)
    with pytest.raises(RamgnnError, match="are of another training"):
        ramgnn.fit(small_dataset(), **options | changed)
    with pytest.raises(RamgnnError, match=r"another training \(data differ\)"):
        ramgnn.fit(small_dataset(n_users=9), **options)


def test_a_checkpoint_for_another_number_of_epochs_is_refused(tmp_path):
    options = {"settings": FAST, "progress": False, "checkpoints": tmp_path}
    ramgnn.fit(small_dataset(), epochs=2, **options)
    for noted in tmp_path.glob("*.json"):  # only the checkpoints are left to say it
        noted.unlink()
    with pytest.raises(RamgnnError, match=r"another training: epochs differ"):
        ramgnn.fit(small_dataset(), epochs=1, **options)


def test_what_an_encoder_has_in_common_with_ram_gnn_follows_the_settings():
    settings = FAST | {"pretrain.lr": 0.123, "pretrain.layers": 1, "pretrain.epochs": 1}
    model = ramgnn.fit(small_dataset(), settings=settings, encoder="compgcn", epochs=1, progress=False)
    used = model.item.encoder_settings
    assert (used.dim, used.lr, used.layers, used.epochs) == (8, 0.123, 1, 1)
    assert len(model.item.history) == 1


def test_settings_that_nobody_would_read_are_refused(own_names):
    register_encoder("own")(Ours)
    with pytest.raises(RamgnnError, match="leave out encoder_settings"):
        ramgnn.fit(small_dataset(), encoder="own", encoder_settings=EncoderSettings(), progress=False)
    with pytest.raises(RamgnnError, match="'gcn' would not be used"):
        ramgnn.fit(small_dataset(), settings={"finetune.start": "random"}, encoder="gcn", progress=False)


@pytest.mark.parametrize("model", ["ram-gnn", "mf"])
def test_fewer_than_no_epochs_are_refused(model):
    with pytest.raises(RamgnnError, match="epochs is -1; expected 0 or more"):
        ramgnn.fit(small_dataset(), model, epochs=-1, progress=False)


def test_the_names_of_the_package_s_own_parts_are_taken(own_names):
    for name in ("ram-gnn", "rgcn"):
        with pytest.raises(RamgnnError, match=f"the name '{name}' is that of an encoder of this package"):
            register_encoder(name)(Slow)
    for register, name in ((pairwise_loss, "bpr"), (listwise_loss, "bpr"), (pairwise_loss, "softmax")):
        with pytest.raises(RamgnnError, match=f"the name '{name}' is that of a loss of this package"):
            register(name)(lambda positive, negative: positive.sum())
    with pytest.raises(RamgnnError, match="'ram-gnn'"):
        registry.register("ram-gnn")(lambda dataset: None)


def test_a_decorator_without_brackets_says_so():
    for decorator, name in ((registry.register, "register"), (pairwise_loss, "pairwise_loss")):
        with pytest.raises(RamgnnError, match=re.escape(f'@{name} needs a name in brackets; write @{name}("name")')):

            @decorator
            def own(dataset):
                return None

    for decorator in (registry.register, listwise_loss):
        with pytest.raises(RamgnnError, match=r"the name given to @\w+ is 3; expected text"):
            decorator(3)


def test_the_least_values_of_a_baseline_of_ones_own(own_names):
    @registry.register("own", least={"n": 1}, shares=("dropout",))
    def fit(dataset, n: int = 2, dropout: float = 0.5) -> Constant:
        return Constant(np.arange(dataset.n_items, dtype=float), n)

    assert ramgnn.fit(small_dataset(), "own", {"n": "3"}, progress=False).settings == {"n": 3}
    for settings, word in (
        ({"n": 0}, "n is 0; expected at least 1"),
        ({"dropout": 1}, "dropout is 1.0; expected 0 up"),
    ):
        with pytest.raises(RamgnnError, match=word):
            ramgnn.fit(small_dataset(), "own", settings, progress=False)
    with pytest.raises(RamgnnError, match="own has no setting 'm'; its settings are n, dropout"):
        registry.register("own", least={"m": 1})(fit)


class Wrong(fitting.Model):
    """A model whose scores have the wrong shape."""

    def __init__(self, dataset, settings):
        super().__init__(dataset)
        self.x = nn.Parameter(torch.zeros(()))

    def epoch(self, generator):
        raise AssertionError("it was trained")

    def scores(self, users):
        return self.x.detach().expand(len(users), 3)


def test_a_baseline_that_gives_back_no_scores_is_refused_at_once(own_names):
    data = small_dataset()
    for given, word in (
        (None, "'own' gave back None; has it a `return`"), (3.0, "'own' gave back a float"),
        (lambda users: None, r"baseline 'own': .* shape \(\) for 1 users; expected \(1, 20\)"),
        (lambda users: np.zeros((len(users), 3)), r"baseline 'own': .* shape \(1, 3\)"),
        (lambda users: np.full((len(users), 20), "x"), "baseline 'own': .* expected numbers"),
    ):  # fmt: skip

        def fit(dataset, given=given):
            return given

        registry.register("own")(fit)
        with pytest.raises(RamgnnError, match=word):
            ramgnn.fit(data, "own", progress=False)
    registry.register("own model", settings=mf.Settings)(Wrong)
    with pytest.raises(RamgnnError, match=r"baseline 'own model': .* shape \(1, 3\)"):
        ramgnn.fit(data, "own model", progress=False)


def test_an_encoder_registered_without_a_name_is_refused():
    with pytest.raises(RamgnnError, match="needs a name in brackets"):
        register_encoder(Slow)


def test_an_eq_7_with_parameters_is_trained_recorded_and_explained(own_names):
    class Sharper(RAMLayer):
        def __init__(self, config):
            super().__init__(config)
            self.slope = nn.Linear(1, 1)

        def weights(self, a, head, relation_type, graph):
            return super().weights(self.slope(a.unsqueeze(1)).squeeze(1), head, relation_type, graph)

    class Model(RAMGNN):
        layer_class = Sharper

    register_encoder("own")(Model)
    fitted = ramgnn.fit(small_dataset(), settings=FAST, encoder="own", epochs=1, progress=False)
    assert fitted.item.attention()[1].dtype == torch.float64 and fitted.explain("u1", "i2")


def test_a_layer_with_a_forward_of_its_own_is_refused():
    with pytest.raises(RamgnnError, match="overrides forward"):
        type("Other", (RAMLayer,), {"forward": lambda self, *arguments: None})


def test_equal_weights_switch_off_an_eq_6_that_is_a_method():
    class Layer(RAMLayer):
        def attention(self, e_j, e_n):
            return e_j.sum(-1)

    assert Layer(Config().pretrain).attention is not None and not list(Layer(Config().pretrain).children())[1:]
    assert Layer(Config().override({"pretrain.attention": False}).pretrain).attention is None


class Unscored(nn.Module):
    """An encoder without the scores of Eq. 9."""

    relations = None

    def __init__(self, graph):
        super().__init__()
        self.nodes = nn.Embedding(graph.n_nodes, 4)

    def forward(self, graph, neighbours, masked_type=None):
        return self.nodes.weight

    def similarity_logits(self, e, i, j):
        return (e[i].unsqueeze(1) * e[j]).sum(2)


def test_an_encoder_without_scores_needs_no_sampler():
    graph = MultiRelationalGraph.from_dataset(small_dataset(), "item")
    config = Config().override({"pretrain.dim": 4, "pretrain.epochs": 2}).pretrain
    with pytest.raises(RamgnnError, match=r"Unscored has no `score` for the sampler; set pretrain\.sampler=none"):
        pretrain(graph, config, progress=False, build=Unscored)
    without = Config().override({"pretrain.dim": 4, "pretrain.epochs": 2, "pretrain.sampler": "none"}).pretrain
    assert pretrain(graph, without, progress=False, build=Unscored).history[-1].attention_by_type == []


def test_a_run_saved_over_another_one_does_not_keep_its_ranks(tmp_path):
    model = ramgnn.fit(small_dataset(), "ease", progress=False)
    ramgnn.save(model, tmp_path, evaluation=ramgnn.evaluate(model))
    assert (tmp_path / "metrics.json").exists()
    ramgnn.save(ramgnn.fit(small_dataset(), "popularity", progress=False), tmp_path)
    assert not (tmp_path / "metrics.json").exists()


def test_an_evaluation_of_other_data_is_not_saved_with_a_run(tmp_path):
    model = ramgnn.fit(small_dataset(), "ease", progress=False)
    for other in (small_dataset(n_users=6), small_dataset(seed=1)):
        evaluation = ramgnn.evaluate(ramgnn.fit(other, "ease", progress=False))
        with pytest.raises(RamgnnError, match=r"which are not the 12 of 'small', .*; pass ramgnn\.evaluate\(model\)"):
            ramgnn.save(model, tmp_path / "run", evaluation=evaluation)
    assert not (tmp_path / "run").exists()


def test_the_epochs_reported_while_validating_are_those_that_were_validated():
    data = small_dataset()
    config = Config().override(FAST | {"finetune.epochs": 5, "finetune.every": 2})
    told = []
    none = {"user": None, "item": None}
    view = data.validation()
    result = training.finetune_validated(
        view, config, none, none, progress=False, report=lambda epoch, value: told.append(epoch)
    )
    assert told == [row.epoch for row in result.history if row.validation is not None] == [2, 4, 5]


# ---- what is no part at all ------------------------------------------------------------------------------------------


class WithoutEncode(Encoder):
    """It does not say how."""


class ThreeRows(Encoder):
    """Too few rows."""

    def encode(self, groups, relation=None):
        return self.nodes.weight[:3]


class Nothing(Encoder):
    """It forgets to return."""

    def encode(self, groups, relation=None):
        groups.neighbours(self.nodes.weight)


@pytest.mark.parametrize(
    ("kind", "problem"),
    [
        (WithoutEncode, r"WithoutEncode has no encode\(self, groups, relation\), which gives \(n_nodes, d\)"),
        (ThreeRows, r"the encoder ThreeRows gives back a tensor of shape \(3, 8\); expected \(20, d\)"),
        (Nothing, r"the encoder Nothing gives back None; expected \(20, d\) numbers"),
    ],
)
def test_an_encoder_that_gives_back_no_embeddings_is_refused(kind, problem, own_names):
    register_encoder("own")(kind)
    with pytest.raises(RamgnnError, match=problem):
        ramgnn.fit(small_dataset(), settings=FAST, encoder="own", progress=False)


class Margin(nn.Module):
    """A loss with a parameter."""

    def __init__(self):
        super().__init__()
        self.margin = nn.Parameter(torch.ones(()))

    def forward(self, positive, negative):
        return (self.margin - positive.unsqueeze(1) + negative).clamp(min=0).mean()


@pytest.mark.parametrize(
    ("decorator", "part", "problem"),
    [
        (pairwise_loss, 3, "the loss 'own' is 3; expected a function of scores"),
        (listwise_loss, None, "the loss 'own' is None; expected a function of scores"),
        (pairwise_loss, Margin(), "the loss 'own' has parameters, which no optimiser would train"),
        (
            register_encoder,
            lambda graph, settings: None,
            "<lambda> is no encoder; make it a subclass of Encoder or RAMGNN",
        ),
        (register_encoder, 3, "3 is no encoder; make it"),
        (register_encoder, nn.Linear, "Linear is no encoder; make it"),
        (registry.register, 3, "the baseline 'own' is 3; expected a function of a data set, or a class"),
    ],
)
def test_what_is_no_part_of_its_kind_is_not_registered(decorator, part, problem, own_names):
    with pytest.raises(RamgnnError, match=problem):
        decorator("own")(part)


@pytest.mark.parametrize("off", [torch.no_grad, torch.inference_mode])
@pytest.mark.parametrize("model", ["ram-gnn", "mf"])
def test_training_without_gradients_is_refused_and_asking_is_not(model, off):
    settings = FAST if model == "ram-gnn" else None
    with off():
        with pytest.raises(RamgnnError, match=r"gradients are off, so nothing can be trained; .* torch\.no_grad\(\)"):
            ramgnn.fit(small_dataset(), model, settings, progress=False)
        assert len(ramgnn.fit(small_dataset(), "ease", progress=False).recommend("u1", n=3)) == 3
