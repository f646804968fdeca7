"""The main job on a small data set: stages, seeds, interruption, run folders, reasons."""

from __future__ import annotations

import json
import os
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from ramgnn import api, runs, training
from ramgnn.config import Config, FinetuneConfig
from ramgnn.datasets.base import Relation
from ramgnn.errors import DataError, RamgnnError
from ramgnn.evaluation import Evaluation, evaluate
from ramgnn.explain import Explainer
from ramgnn.readings import ablation
from ramgnn.training import fit
from tests.small import reseal, small_config, small_dataset


def small(**changes) -> Config:
    return Config(
        pretrain=small_config(epochs=3),
        finetune=FinetuneConfig(layers=2, batch=6, epochs=6, every=1, patience=3, lr=0.02),
        **changes,
    )


@pytest.fixture(scope="module")
def fitted():
    return fit(small_dataset(), small(), progress=False)


def test_every_stage_leaves_its_history(fitted):
    assert set(fitted.seconds) == {"pre-training items", "pre-training users", "validation", "fine-tuning"}
    assert len(fitted.item.history) == len(fitted.user.history) == 3
    assert fitted.validation.best_epoch == len(fitted.finetuned.history)
    assert fitted.interrupted is None
    json.dumps(fitted.history())


def test_the_test_items_are_never_looked_at(fitted):
    """Other held-out items, the same training: nothing may change."""
    data = small_dataset()
    other = replace(data, test=data.test.assign(item=(data.test["item"] + 1) % data.n_items))
    again = fit(other, small(), progress=False)
    assert torch.equal(again.final.items, fitted.final.items)


def test_a_seed_repeats_exactly_and_another_does_not(fitted):
    again = fit(small_dataset(), small(), progress=False)
    assert torch.equal(again.final.users, fitted.final.users)
    other = fit(small_dataset(), small(seed=1), progress=False)
    assert not torch.equal(other.final.users, fitted.final.users)


def test_retraining_uses_all_training_interactions(fitted):
    assert len(fitted.finetuned.model.users) == len(fitted.dataset.train)


def test_epochs_given_skip_validation():
    result = fit(small_dataset(), small(), epochs=2, progress=False)
    assert result.validation is None
    assert len(result.finetuned.history) == 2


@pytest.mark.parametrize("which", ["single", "rns", "attention"])
def test_ablations_train(which):
    result = fit(small_dataset(), ablation(small(), which), epochs=2, progress=False)
    assert (result.item is None) == (which == "single")
    assert bool(torch.isfinite(result.final.users).all())


@pytest.mark.parametrize("side", ["user", "item"])
def test_a_side_without_attributes_starts_at_random(side):
    data = replace(small_dataset(), **{f"{side}_relations": ()})
    result = fit(data, small(), epochs=1, progress=False)
    assert result.pretrained(side) is None
    assert result.pretrained("user" if side == "item" else "item") is not None


def test_derived_attributes_are_derived_again_for_validation():
    seen = []

    def derive(view):
        seen.append(len(view.train))
        return (Relation.from_lists("activity", [[str(len(view.history(u)))] for u in range(view.n_users)], True),)

    plain = replace(small_dataset(), user_relations=())
    data = replace(plain, derive_users=derive, user_relations=derive(plain))
    fit(data, small(), progress=False)
    assert seen == [len(plain.train), len(plain.validation().train)]
    assert seen[1] < seen[0]


def test_interruption_ends_the_stage_and_later_ones(monkeypatch, tmp_path):
    real = training.finetune

    def interrupted(*arguments, **named):
        result = real(*arguments, **named)
        result.interrupted = True
        return result

    monkeypatch.setattr(training, "finetune", interrupted)
    result = fit(small_dataset(), small(), progress=False)
    assert result.interrupted == "validation"
    assert result.finetuned is None
    assert result.final is not None
    runs.save(tmp_path / "run", result)
    again = runs.load(tmp_path / "run", small_dataset())
    assert again.interrupted == "validation"
    assert torch.equal(again.final.items, result.final.items)


# ---- run folders ----------------------------------------------------------------------------------------------------


def test_a_run_comes_back_whole(fitted, tmp_path):
    evaluation = evaluate(fitted.final, fitted.dataset)
    runs.save(tmp_path / "run", fitted, evaluation=evaluation)
    assert {p.name for p in (tmp_path / "run").iterdir()} == {
        "run.json", "history.json", "metrics.json", "weights.safetensors", "dataset.json", "dataset.safetensors",
    }  # fmt: skip
    again = runs.load(tmp_path / "run", small_dataset())
    assert again.config == fitted.config
    assert again.history() == fitted.history()
    assert np.array_equal(evaluate(again.final, again.dataset).ranks, evaluation.ranks)
    stored = Evaluation.from_json((tmp_path / "run" / "metrics.json").read_text())
    assert np.array_equal(stored.ranks, evaluation.ranks)
    assert torch.equal(again.item.embeddings().nodes, fitted.item.embeddings().nodes)
    description = runs.describe(tmp_path / "run")
    assert description["provenance"]["versions"]["torch"] == torch.__version__
    assert description["dataset"]["name"] == "small"


def test_random_neighbours_are_those_of_training_after_loading(tmp_path):
    """The sampler ``random`` has no scores to sample by again; what it drew goes with the run."""
    config = small()
    trained = fit(small_dataset(), replace(config, pretrain=replace(config.pretrain, sampler="random")), progress=False)
    runs.save(tmp_path, trained)
    torch.manual_seed(1)
    again = runs.load(tmp_path)
    assert torch.equal(again.item.random_scores, trained.item.random_scores)
    assert torch.equal(again.item.attention()[1], trained.item.attention()[1])
    assert torch.equal(again.item.embeddings().nodes, trained.item.embeddings().nodes)
    assert str(again.explain("u0", "i1")) == str(trained.explain("u0", "i1"))


def test_other_data_is_refused(fitted, tmp_path):
    runs.save(tmp_path, fitted)
    with pytest.raises(DataError, match="is not the one this run was trained on"):
        runs.load(tmp_path, small_dataset(seed=1))


@pytest.mark.parametrize(
    ("name", "harm"),
    [(name, harm) for name in ("run.json", "history.json", "weights.safetensors") for harm in ("missing", "cut")
     if (name, harm) != ("history.json", "missing")],
)  # fmt: skip
def test_a_broken_run_says_which_file(fitted, tmp_path, name, harm):
    runs.save(tmp_path, fitted)
    if harm == "missing":
        (tmp_path / name).unlink()
    else:
        whole = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError) as error:
        runs.load(tmp_path, small_dataset())
    assert name in str(error.value)
    assert "train" in str(error.value)


def test_an_unwritable_folder_is_named(fitted, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RamgnnError, match="cannot write to .*file"):
        runs.save(tmp_path / "file", fitted)


def test_without_its_history_a_run_recommends_and_says_what_is_lost(fitted, tmp_path):
    runs.save(tmp_path, fitted)
    (tmp_path / "history.json").unlink()
    with pytest.warns(UserWarning, match=r"history.json is missing: the run recommends, but its losses, thresholds"):
        again = runs.load(tmp_path)
    assert torch.equal(again.final.items, fitted.final.items) and torch.equal(again.final.users, fitted.final.users)
    # products of equal matrices may differ in the last bit by where in memory they lie
    pd.testing.assert_frame_equal(again.recommend("u3"), fitted.recommend("u3"), rtol=1e-6)
    assert again.explain("u3", "i0").item_reasons == () and again.interrupted is None


def _changed(path, keys, value):
    """Let a JSON file have another value under some keys, one within the other; no such key for a value of None."""
    content = json.loads(path.read_text())
    *outer, last = keys
    part = content
    for key in outer:
        part = part[key]
    if value is None:
        del part[last]
    else:
        part[last] = value
    path.write_text(json.dumps(content))
    reseal(path.parent)


@pytest.mark.parametrize(
    ("name", "keys", "value", "said"),
    [
        ("run.json", ["model"], None, "the key 'model' is missing"),
        ("run.json", ["model"], ["ram-gnn"], "'model' is a list"),
        ("run.json", ["fingerprint"], None, "the key 'fingerprint' is missing"),
        ("run.json", ["config"], [1], "'config' is a list"),
        ("run.json", ["config", "pretrain"], None, "the key 'config.pretrain' is missing"),
        ("run.json", ["config", "pretrain", "dims"], 3, "settings that this version does not know"),
        ("run.json", ["encoders"], "both", "'encoders' is text"),
        ("run.json", ["encoders", "item"], [], "'encoders.item' is a list"),
        ("run.json", ["encoders", "item", "name"], None, "the key 'encoders.item.name' is missing"),
        ("run.json", ["seconds"], True, "'seconds' is true or false"),
        ("history.json", ["item"], None, "the key 'item' is missing"),
        ("history.json", ["item", "k"], 5, "'item.k' is a whole number"),
        ("history.json", ["user", "epochs", 0, "loss"], "low", "'user.epochs.0.loss' is text"),
        ("history.json", ["finetune", "best_epoch"], 1.5, "'finetune.best_epoch' is a number"),
        ("dataset.json", ["item", "ids"], 3, "'item.ids' is a whole number"),
        ("dataset.json", ["user", "relations", 0, "name"], None, "the key 'user.relations.0.name' is missing"),
    ],
)
def test_a_file_of_a_run_that_has_another_shape_is_a_clear_error(fitted, tmp_path, name, keys, value, said):
    runs.save(tmp_path, fitted)
    _changed(tmp_path / name, keys, value)
    with pytest.raises(DataError) as found:
        runs.load(tmp_path)
    assert said in str(found.value) and str(tmp_path / name) in str(found.value) and "to mend it: " in str(found.value)


@pytest.mark.parametrize("name", ["run.json", "history.json", "dataset.json"])
@pytest.mark.parametrize("content", ["[]", "3", "null", '"text"'])
def test_a_file_of_a_run_that_is_no_object_is_a_clear_error(fitted, tmp_path, name, content):
    runs.save(tmp_path, fitted)
    (tmp_path / name).write_text(content)
    with pytest.raises(DataError, match=name):
        runs.load(tmp_path)


def test_all_files_of_a_run_have_the_mode_that_the_umask_gives(fitted, tmp_path):
    for mask, mode in ((0o022, 0o644), (0o007, 0o660)):
        before = os.umask(mask)
        try:
            runs.save(tmp_path / str(mask), fitted, evaluation=evaluate(fitted.final, fitted.dataset))
        finally:
            os.umask(before)
        modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / str(mask)).iterdir()}
        assert len(modes) == 6 and set(modes.values()) == {mode}, modes


def test_a_baselines_run_of_another_shape_is_a_clear_error(tmp_path):
    runs.save(tmp_path, api.fit(small_dataset(), "mf", {"dim": 4}, epochs=2, progress=False))
    whole = (tmp_path / "run.json").read_text()
    for keys, value, said in (
        (["settings"], None, "the key 'settings' is missing"),
        (["values"], [], "'values' is a list"),
        (["epochs"], "two", "'epochs' is text"),
    ):
        _changed(tmp_path / "run.json", keys, value)
        with pytest.raises(DataError, match=said):
            runs.load(tmp_path)
        (tmp_path / "run.json").write_text(whole)
    (tmp_path / "history.json").write_text('{"losses": 3}')
    reseal(tmp_path)
    with pytest.raises(DataError, match="'losses' is a whole number"):
        runs.load(tmp_path)
    (tmp_path / "history.json").unlink()
    with pytest.warns(UserWarning, match="its losses are lost"):
        assert runs.load(tmp_path).losses == ()


def test_nothing_is_pickled(fitted, tmp_path):
    runs.save(tmp_path, fitted)
    for path in tmp_path.iterdir():
        assert not path.read_bytes().startswith((b"\x80", b"PK"))


# ---- reasons --------------------------------------------------------------------------------------------------------


def test_recommendations_leave_out_what_the_user_had(fitted):
    explainer = Explainer(fitted)
    for user in range(fitted.dataset.n_users):
        recommended = explainer.recommend(user, 5)
        scores = [score for _, score in recommended]
        assert scores == sorted(scores, reverse=True)
        assert not {item for item, _ in recommended} & set(fitted.dataset.had(user).tolist())
    assert len(explainer.recommend(0, 10**6)) == fitted.dataset.n_items - len(fitted.dataset.had(0))


def test_reasons_are_shared_values_with_the_attention_of_the_model(fitted):
    explainer, data = Explainer(fitted), fitted.dataset
    graph = fitted.item.graph
    kept, alpha = fitted.item.attention()
    for user in range(3):
        item, score = explainer.recommend(user, 1)[0]
        explanation = explainer.explain(user, item)
        assert explanation.score == pytest.approx(score)
        assert explanation.rank == 1
        history = set(data.had(user).tolist())
        expected = set()
        for j in history:
            expected |= {graph.value_labels[v] for _, v in graph.shared(item, j)}
        assert {r.value for r in explanation.item_reasons} == expected
        for r in explanation.item_reasons:
            total = sum(
                float(a)
                for h, m, a in zip(kept.head, kept.incidence, alpha, strict=True)
                if h == item and graph.value_labels[graph.value[m]] == r.value
            )
            assert r.attention == pytest.approx(total)
            assert {x.node for x in r.via} <= history
        assert [r.attention for r in explanation.item_reasons] == sorted(
            (r.attention for r in explanation.item_reasons), reverse=True
        )
        had = {u for part in (data.train, data.test) for u in part[part["item"] == item]["user"]}
        for r in explanation.user_reasons:
            assert {x.node for x in r.via} <= had


def test_attention_of_a_node_sums_to_one(fitted):
    explainer = Explainer(fitted)
    for item in range(5):
        assert sum(a for *_, a, _ in explainer.neighbours("item", item)) == pytest.approx(1)


def test_without_pretraining_there_are_scores_and_no_reasons():
    result = fit(small_dataset(), ablation(small(), "single"), epochs=1, progress=False)
    explanation = Explainer(result).explain(0, 1)
    assert explanation.item_reasons == ()
    assert explanation.similar


def test_an_explanation_as_text_is_a_few_lines_for_a_reader(fitted):
    item = fitted.dataset.item_ids[Explainer(fitted).recommend(3, 1)[0][0]]
    why = fitted.explain("u3", item, 2)
    text = str(why)
    lines = text.splitlines()
    assert lines[0] == f"{item} for user u3: score {why.score:.4f}, rank 1"
    assert "shared with what the user had" in text and "nearest of the user's items after training" in text
    for reason in (*why.item_reasons, *why.user_reasons):
        assert f"{reason.attention:.3f}" in text and f"{reason.type}: {reason.value}" in text
        assert all(node.label in text for node in reason.via)
        assert str(reason).startswith(f"{reason.attention:.3f}  {reason.type}: {reason.value}  ")
        assert "\n" not in str(reason)
    assert max(map(len, lines)) < 120 and repr(why).startswith("Explanation(")
    had = fitted.dataset.item_ids[fitted.dataset.history(3)[0]]
    assert "(had already)" in str(fitted.explain("u3", had))


def test_an_explanation_without_pretraining_says_so():
    found = fit(small_dataset(), ablation(small(), "single"), epochs=1, progress=False)
    text = str(found.explain("u0", "i1"))
    assert "no pre-training, so no attention to give reasons from" in text and "shared with" not in text
