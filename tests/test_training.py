"""The main job on a small data set: stages, seeds, interruption, run folders, reasons."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from ramgnn import runs, training
from ramgnn.config import Config, FinetuneConfig
from ramgnn.datasets.base import Relation
from ramgnn.errors import DataError, RamgnnError
from ramgnn.evaluation import Evaluation, evaluate
from ramgnn.explain import Explainer
from ramgnn.readings import ablation
from ramgnn.training import fit
from tests.small import small_config, small_dataset


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


def test_other_data_is_refused(fitted, tmp_path):
    runs.save(tmp_path, fitted)
    with pytest.raises(DataError, match="is not the one this run was trained on"):
        runs.load(tmp_path, small_dataset(seed=1))


@pytest.mark.parametrize("name", ["run.json", "history.json", "weights.safetensors"])
@pytest.mark.parametrize("harm", ["missing", "cut"])
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
        assert not {item for item, _ in recommended} & set(fitted.dataset.history(user).tolist())
    assert len(explainer.recommend(0, 10**6)) == fitted.dataset.n_items - len(fitted.dataset.history(0))


def test_reasons_are_shared_values_with_the_attention_of_the_model(fitted):
    explainer, data = Explainer(fitted), fitted.dataset
    graph = fitted.item.graph
    kept, alpha = fitted.item.attention()
    for user in range(3):
        item, score = explainer.recommend(user, 1)[0]
        explanation = explainer.explain(user, item)
        assert explanation.score == pytest.approx(score)
        assert explanation.rank == 1
        history = set(data.history(user).tolist())
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
        had = set(data.train[data.train["item"] == item]["user"])
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
