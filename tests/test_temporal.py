"""The recommender with a clock as somebody meets it: trained, saved, resumed, asked, explained."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

import ramgnn
from ramgnn import readings
from ramgnn.cli import main
from ramgnn.config import Config
from ramgnn.datasets.base import Relation
from ramgnn.errors import DataError, RamgnnError
from ramgnn.events import events_of, next_events
from ramgnn.explanation import Lead
from ramgnn.runs.folder import RUN, WEIGHTS
from ramgnn.temporal import training
from ramgnn.temporal.cold import LIFT, RIDGE, attribute_features
from ramgnn.temporal.kinds import EASE
from tests.small import reseal, small_dataset

FEW = {"pretrain.dim": 8, "pretrain.epochs": 1, "temporal.epochs": 4, "temporal.batch": 16, "temporal.lr": 0.02}


def fitted(data=None, **arguments):
    return ramgnn.fit(data or small_dataset(), settings=FEW, config="temporal", progress=False, **arguments)


@pytest.fixture(scope="module")
def model():
    return fitted()


def everybody(model):
    return model.scorer(np.arange(model.dataset.n_users))


# ---- what it says ----------------------------------------------------------------------------------------------------


def test_it_recommends_nothing_that_somebody_had(model):
    frame = model.recommend(n=20)
    had = {
        (u, i)
        for table in (model.dataset.train, model.dataset.test)
        for u, i in zip(table.user, table.item, strict=True)
    }
    ids = {(model.dataset.user_ids[u], model.dataset.item_ids[i]) for u, i in had}
    assert not ids & set(zip(frame["user"], frame["item"], strict=True))
    assert frame.groupby("user")["score"].apply(lambda x: x.is_monotonic_decreasing).all()


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_the_score_is_the_weighted_sum(model, share):
    one = replace(model.scorer, share=share)
    attention, paths = one.parts(next_events(model.dataset, np.arange(5)))
    torch.testing.assert_close(one(np.arange(5)), share * attention + (1 - share) * paths)


def test_somebody_new_with_the_history_of_a_user_has_the_scores_of_the_gnn(model):
    history = model.dataset.history(3)
    known, _ = model.scorer.parts(next_events(model.dataset, np.array([3])))
    new, _ = model.scorer.parts(events_of([np.asarray(history)]))
    torch.testing.assert_close(known, new)


def test_the_order_of_what_somebody_new_had_matters(model):
    forth, back = (model.scorer.newcomer_scores([np.array(x)]) for x in ([1, 2, 3, 4], [4, 3, 2, 1]))
    assert not torch.allclose(forth, back)


@pytest.mark.parametrize("user", range(4))
def test_the_parts_of_a_reason_add_up_to_the_score(model, user):
    event = next_events(model.dataset, np.array([user]))
    had = set(model.dataset.train["item"][model.dataset.train["user"] == user])
    scores = model.scorer(np.array([user]))[0]
    for item in set(range(model.dataset.n_items)) - had:
        assert model.scorer.sources(event, item).score == pytest.approx(float(scores[item]), abs=1e-5)


def test_what_leads_to_an_item_adds_up_to_its_feature(model):
    paths = model.scorer.paths
    for event in (next_events(model.dataset, np.array([2])), events_of([np.array([4, 1, 7])])):
        had = set(event.item[event.first[0] : event.end[0]].tolist())
        features = paths.features(event, np.zeros(1, int))[:, 0]
        for number, kind in enumerate(paths.kinds, 1):
            for item in set(range(model.dataset.n_items)) - had:
                j, amount = paths.through(event, kind, item)
                assert set(j.tolist()) <= had
                assert max(amount.sum(), 0) == pytest.approx(features[number, item], abs=1e-9)


def test_leaving_a_thing_out_is_what_the_network_says_without_it(model):
    had = [3, 9, 5]
    event = events_of([np.array(had)])
    left_out = dict(model.scorer.sources(event, 7).left_out)
    full = model.scorer.gnn.of_events(event)[0, 7]
    for j in had:
        item = torch.tensor([[x if x != j else -1 for x in had]])
        rank = torch.tensor([[r if x != j else torch.nan for x, r in zip(had, (2.0, 1.0, 0.0), strict=True)]])
        lost = model.scorer.share * float(full - model.scorer.gnn(item, rank)[0, 7])
        assert left_out[j] == pytest.approx(lost, abs=1e-5)


def test_an_explanation_names_paths_and_adds_up(model):
    user = model.dataset.user_ids[0]
    first = model.recommend(user, 1)["item"][0]
    found = model.explain(user, first)
    assert sum(lead.points for lead in found.leads) + sum(found.rest.values()) == pytest.approx(found.score, abs=1e-5)
    assert "the attention with a clock" in str(found) and "no attention to give" not in str(found)
    for lead in found.leads:
        assert lead.label in str(found)
        for text in lead.shared:
            name, value = text.split(": ")
            lists = next(r for r in model.dataset.item_relations if r.name == name).lists(model.dataset.n_items)
            assert value in lists[lead.node] and value in lists[found.item]


def test_a_list_comes_with_its_reasons(model):
    had = [model.dataset.item_labels[i] for i in (3, 5, 1)]
    rows = model.recommend(had=had, n=3, reasons=True)
    assert list(rows.columns)[-1] == "reason"
    for item, reason in zip(rows["item"], rows["reason"], strict=True):
        assert reason == model.explain(item=item, had=had, n=1).short
    user = model.dataset.user_ids[:2]
    several = model.recommend(user, n=2, reasons=True)
    assert several["reason"][2] == model.explain(user[1], several["item"][2], n=1).short
    with pytest.raises(RamgnnError, match="reasons"):
        model.recommend(had=had, reasons="yes")


def test_a_short_reason_names_a_value_and_says_of_what_kind_a_code_is():
    assert Lead("taken soon after", 3, "Annie Hall", 1.0, ("cast: Woody Allen", "year: 1977")).rarest == "Woody Allen"
    assert Lead("taken soon after", 3, "Annie Hall", 1.0, ("year: 1977",)).rarest == "year: 1977"


def test_a_value_with_a_name_comes_before_a_code():
    data = small_dataset()
    relation = Relation(
        "maker", np.array([0, 1, 0, 1, 2, 3, 4]), np.array([0, 0, 1, 1, 1, 2, 3]), ("Q12", "Anna", "x", "y")
    )
    explainer = fitted(replace(data, item_relations=(relation,)), epochs=1).explainer
    assert explainer._shared(0, 1) == ("maker: Anna", "maker: Q12")


# ---- training --------------------------------------------------------------------------------------------------------


def test_a_seed_decides_everything():
    one, two, other = (fitted(seed=s) for s in (0, 0, 1))
    assert torch.equal(everybody(one), everybody(two))
    assert not torch.equal(everybody(one), everybody(other))


def test_items_that_nobody_had_are_scored_like_what_they_resemble():
    model = with_a_cold_item()
    y, cold = everybody(model).numpy(), model.scorer.cold
    assert cold.cold.tolist() == [4]
    f, warm = cold.features, [i for i in range(model.dataset.n_items) if i != 4]
    gram = sum(np.outer(f[i], f[i]) for i in warm) + RIDGE * np.eye(f.shape[1])
    for row in y:
        known = row[warm]
        weight = np.linalg.inv(gram) @ sum(f[i] * (row[i] - known.mean()) for i in warm)
        assert row[4] == pytest.approx(known.mean() + f[4] @ weight + LIFT * known.std())
    attention, paths = model.scorer.parts(next_events(model.dataset, np.arange(model.dataset.n_users)))
    untouched = model.scorer.share * attention + (1 - model.scorer.share) * paths
    np.testing.assert_array_equal(y[:, warm], untouched.numpy()[:, warm])


def test_the_reasons_of_an_item_that_nobody_had_add_up():
    model = with_a_cold_item()
    user = model.dataset.user_ids[0]
    found = model.explain(user, model.dataset.item_ids[4])
    assert sum(lead.points for lead in found.leads) + sum(found.rest.values()) == pytest.approx(found.score, abs=1e-5)
    assert "new to the model" in str(found)


def test_without_attributes_a_cold_item_stays_as_it_is():
    data = replace(small_dataset(), item_relations=())
    model = fitted(replace(data, train=data.train[data.train["item"] != 4].reset_index(drop=True)), epochs=1)
    assert model.scorer.content is None and everybody(model).isfinite().all()


def with_a_cold_item():
    data = small_dataset()
    data = replace(data, train=data.train[data.train["item"] != 4].reset_index(drop=True))
    return fitted(data, epochs=1)


def test_attribute_features_by_hand():
    data = small_dataset()
    x, parts = np.zeros((data.n_items, 0)), []
    for relation in data.item_relations:
        lists = relation.lists(data.n_items)
        block = np.array([[(v in own) * np.log(data.n_items / sum(v in o for o in lists)) for v in relation.labels]
                          for own in lists])  # fmt: skip
        block = block[:, [1 < sum(v in o for o in lists) < data.n_items for v in relation.labels]]
        parts.append(block / np.linalg.norm(block, axis=1, keepdims=True).clip(1e-12))
    x = np.concatenate(parts, 1)
    found = attribute_features(data)
    np.testing.assert_allclose(found @ found.T, (x @ x.T) / np.outer(*[np.linalg.norm(x, axis=1)] * 2), atol=1e-9)


def test_it_starts_from_pretraining_where_asked():
    settings = FEW | {"temporal.start": "pretrained"}
    model = ramgnn.fit(small_dataset(), settings=settings, config="temporal", progress=False, epochs=0)
    x, y = model.scorer.items, model.item.embeddings().nodes
    torch.testing.assert_close(x / x.norm(), y / y.norm())
    assert model.user is None


def test_training_goes_on_where_it_was_stopped(tmp_path, monkeypatch):
    whole = fitted(epochs=4)
    real, calls = training.train_epoch, []

    def stopped(*arguments):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(training, "train_epoch", stopped)
    assert fitted(epochs=4, checkpoints=tmp_path).interrupted == "fine-tuning"
    monkeypatch.setattr(training, "train_epoch", real)
    again = fitted(epochs=4, checkpoints=tmp_path)
    assert again.finetuned.resumed == 2
    assert torch.equal(everybody(whole), everybody(again))


def test_what_serves_knows_the_held_out_items():
    model = fitted(refit=True, epochs=1)
    assert model.served.scorer.dataset is model.served.dataset
    assert len(model.served.dataset.train) == len(model.dataset.train) + len(model.dataset.test)
    frame = model.recommend(n=5)
    held_out = {
        (model.dataset.user_ids[u], model.dataset.item_ids[i])
        for u, i in zip(model.dataset.test["user"], model.dataset.test["item"], strict=True)
    }
    assert not held_out & set(zip(frame["user"], frame["item"], strict=True))


def test_a_large_catalogue_does_without_ease(monkeypatch):
    monkeypatch.setattr(training, "MOST_ITEMS", 19)
    assert EASE not in fitted(epochs=1).scorer.paths.kinds


# ---- saved and read --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("refit", [True, False])
def test_a_run_says_what_the_model_said(tmp_path, refit):
    model = fitted(epochs=2, refit=refit)
    ramgnn.save(model, tmp_path / "run")
    read = ramgnn.load_run(tmp_path / "run")
    assert torch.equal(everybody(model), everybody(read))
    assert model.recommend(n=3).equals(read.recommend(n=3))
    user, item = model.dataset.user_ids[1], model.recommend(model.dataset.user_ids[1], 1)["item"][0]
    assert str(model.explain(user, item)) == str(read.explain(user, item))
    assert (read.served is not None) == refit


def change(folder, edit):
    tensors = load_file(folder / WEIGHTS)
    edit(tensors)
    save_file(tensors, folder / WEIGHTS)
    reseal(folder)


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (lambda t: t.pop("final.gnn.items"), "gnn.items"),
        (lambda t: t.update({"final.gnn.bias": t["final.gnn.bias"][:3].clone()}), "gnn.bias"),
        (lambda t: t.update({"final.paths.weight": t["final.paths.weight"] * torch.nan}), "no finite numbers"),
        (lambda t: t.update({"final.more": torch.zeros(2)}), "more"),
        (lambda t: t.update({"final.gnn.sharpness": torch.tensor(8.0).double()}), "sharpness"),
    ],
)
def test_a_forged_run_is_refused(tmp_path, model, edit, says):
    folder = ramgnn.save(model, tmp_path / "run")
    change(folder, edit)
    with pytest.raises(DataError, match=says):
        ramgnn.load_run(folder)


def test_a_run_that_asks_for_too_much_memory_is_refused(tmp_path, model):
    folder = ramgnn.save(model, tmp_path / "run")
    content = json.loads((folder / RUN).read_text())
    content["config"]["temporal"]["memories"] = 10**9
    (folder / RUN).write_text(json.dumps(content))
    reseal(folder)
    with pytest.raises(DataError, match="memories"):
        ramgnn.load_run(folder)


def test_runs_from_before_there_was_a_clock_are_read():
    stored = Config().to_dict()
    del stored["temporal"], stored["recommender"]
    assert Config.from_dict(stored) == Config()


# ---- what cannot be --------------------------------------------------------------------------------------------------


def test_data_without_times_are_refused():
    with pytest.raises(RamgnnError, match="does not say when"):
        fitted(replace(small_dataset(), time_kind="none"))


def test_unknown_names_of_settings_and_configurations():
    with pytest.raises(RamgnnError, match="temporal"):
        ramgnn.fit(small_dataset(), config="temporl")
    with pytest.raises(RamgnnError, match="temporal.memories"):
        ramgnn.fit(small_dataset(), config="temporal", settings={"temporal.memorys": 3})


@pytest.mark.parametrize(
    "setting", ["share=1.5", "share=-.1", "item_dropout=1", "memories=0", "lr=nan", "start=warm", "batch=0"]
)
def test_impossible_settings_are_refused(setting):
    with pytest.raises(RamgnnError, match=setting.split("=")[0]):
        Config().override([f"temporal.{setting}"])
    with pytest.raises(RamgnnError, match="gnn or temporal"):
        Config().override(["recommender=clock"])


def test_another_encoder_can_say_what_items_resemble():
    assert fitted(encoder="gcn", epochs=0).scorer.content is not None


def test_what_the_name_stands_for():
    assert readings.named("temporal").recommender == "temporal"
    assert readings.named("default").recommender == "gnn"


# ---- on the command line ---------------------------------------------------------------------------------------------


def test_the_command_line(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    options = [x for name, value in FEW.items() for x in ("--set", f"{name}={value}")]
    assert main(["train", "--data", "toy", "--config", "temporal", "--quiet", "--out", "run", *options]) == 0
    assert main(["recommend", "--run", "run", "--had", "Titanic (1997)", "-n", "2", "--reasons"]) == 0
    out = capsys.readouterr().out
    assert "Titanic (1997)" in out
    assert main(["evaluate", "--run", "run"]) == 0


# ---- which model is trained where nobody says which ----------------------------------------------------------------


def own_tables(folder, times=True):
    rng = np.random.default_rng(0)
    rows = [
        f"u{u},i{i},{1_600_000_000 + 86_400 * (10 * u + n)}"
        for u in range(9)
        for n, i in enumerate(rng.permutation(12)[:7])
    ]
    lines = ["user,item,time", *rows] if times else ["user,item", *(row.rpartition(",")[0] for row in rows)]
    (folder / "rows.csv").write_text("\n".join(lines) + "\n")
    return [
        "train",
        "--interactions",
        str(folder / "rows.csv"),
        "--items",
        "none",
        "--epochs",
        "1",
        "--out",
        str(folder / "run"),
    ]


@pytest.mark.parametrize(
    ("times", "more", "expected"),
    [
        (True, [], "temporal"),
        (False, [], "gnn"),
        (True, ["--config", "default"], "gnn"),
        (True, ["--set", "finetune.lr=.01"], "gnn"),
        (True, ["--set", "temporal.lr=.01"], "temporal"),
        (True, ["--ablation", "rns"], "gnn"),
    ],
)
def test_own_data_with_times_get_a_clock(tmp_path, capsys, times, more, expected):
    assert main([*own_tables(tmp_path, times), *more]) == 0
    assert ("the model with a clock is trained" in capsys.readouterr().out) == (expected == "temporal")
    assert json.loads((tmp_path / "run" / RUN).read_text())["config"]["recommender"] == expected


def test_what_is_chosen_for_data():
    own = replace(small_dataset(), own=True, time_kind="seconds")
    assert readings.for_data(replace(own, own=False)).recommender == "gnn"
    assert readings.for_data(own).recommender == "temporal"
    assert readings.for_data(own, ["finetune.lr"]).recommender == "gnn"
    for kind in ("none", "order"):
        assert readings.for_data(replace(own, time_kind=kind)).recommender == "gnn"
    assert ramgnn.fit(own, settings=FEW, epochs=0, progress=False).config.recommender == "temporal"


def test_no_ablation_of_the_model_with_a_clock(capsys):
    assert main(["train", "--data", "toy", "--config", "temporal", "--ablation", "rns"]) == 1
    assert "no clock" in capsys.readouterr().err


def test_without_an_order_there_is_no_clock():
    own = replace(small_dataset(), own=True, time_kind="seconds")
    assert readings.for_data(own).recommender == "temporal"
    assert readings.for_data(replace(own, train=own.train.assign(time=5))).recommender == "gnn"
    two = own.train.groupby("user").head(2).reset_index(drop=True)
    assert readings.for_data(replace(own, train=two)).recommender == "gnn"
