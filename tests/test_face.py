"""`import ramgnn` and nothing else: data frames to recommendations, every model, runs."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

import ramgnn
from ramgnn.baselines import registry
from ramgnn.baselines.fitted import FittedBaseline
from ramgnn.datasets import toy
from ramgnn.errors import DataError, NotFoundError, RamgnnError
from ramgnn.evaluation import ScoreError
from tests.small import small_dataset, timed
from tests.test_baselines_trained import QUICK

ROOT = Path(__file__).parent.parent
FAST = {
    "pretrain.dim": 8, "pretrain.epochs": 3, "finetune.epochs": 4, "finetune.every": 1, "finetune.layers": 1,
}  # fmt: skip


def frames() -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """The toy films as a user would have them: integer ids for films, names for people."""
    rows = [(name, film, n) for name, *_, films in toy.VIEWERS for n, film in enumerate(films)]
    interactions = pd.DataFrame(rows, columns=["user_id", "movie_id", "time"])
    films = [(n, title, genres, directors) for n, (title, _, genres, directors, _) in enumerate(toy.FILMS)]
    items = pd.DataFrame(films, columns=["movie_id", "title", "genre", "director"])
    users = pd.DataFrame([v[:3] for v in toy.VIEWERS], columns=["user_id", "age", "gender"])
    return interactions, items, users


@pytest.fixture(scope="module")
def fitted():
    return ramgnn.fit(ramgnn.from_frames(*frames()), settings=FAST, epochs=3, progress=False)


# ---- the package -----------------------------------------------------------------------------------------------------


def test_importing_it_imports_nothing_heavy():
    code = "import ramgnn, sys; print([m for m in ('torch', 'numpy', 'pandas', 'scipy') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == "[]"


def test_everything_on_the_face_is_there_documented_and_listed():
    for name in ramgnn.__all__:
        assert (getattr(ramgnn, name).__doc__ or "").strip(), name
        assert name in dir(ramgnn)
    stub = (ROOT / "ramgnn" / "__init__.pyi").read_text()
    assert set(re.findall(r"import \w+ as (\w+)", stub)) == set(ramgnn.__all__)
    with pytest.raises(AttributeError, match="no attribute 'recomend'"):
        _ = ramgnn.recomend


def test_help_of_the_package_is_enough_to_begin():
    for word in ("from_frames", "fit(", "recommend(", "similar_items", "save", "load_run", "baselines.names"):
        assert word in ramgnn.__doc__


def test_what_the_help_names_beyond_the_face_is_there():
    """In a process of its own, in which nothing else has imported it."""
    named = sorted(set(re.findall(r"(?<!from )\bramgnn(?:\.\w+){2,}", ramgnn.__doc__)))
    assert "ramgnn.baselines.register" in named and "ramgnn.losses.pairwise_loss" in named
    for word in ("data.notes", "help(ramgnn.config.PretrainConfig)", "from ramgnn.baselines.encoders import ENCODERS"):
        assert word in ramgnn.__doc__
    imports = "from ramgnn.baselines.encoders import ENCODERS, register_encoder"
    code = "\n".join(["import ramgnn", *named, "ramgnn.losses.LISTWISE, ramgnn.losses.listwise_loss", imports])
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


# ---- answers ---------------------------------------------------------------------------------------------------------


def test_recommendations_come_with_the_ids_that_were_brought(fitted):
    everybody = fitted.recommend(n=3)
    assert list(everybody.columns) == ["user", "rank", "item", "title", "score"]
    assert everybody["item"].dtype == np.int64
    assert set(everybody["user"]) == {v[0] for v in toy.VIEWERS}
    interactions = frames()[0]
    had = set(zip(interactions.iloc[:, 0], interactions["movie_id"], strict=True))
    for _, own in everybody.groupby("user"):
        assert own["rank"].tolist() == list(range(1, len(own) + 1))
        assert own["score"].is_monotonic_decreasing
    assert not had & set(zip(everybody["user"], everybody["item"], strict=True))
    assert set(everybody["item"]) <= set(interactions["movie_id"]) | set(frames()[1]["movie_id"])
    one = fitted.recommend("Ada", n=3)
    pd.testing.assert_frame_equal(one, everybody[everybody["user"] == "Ada"].reset_index(drop=True))
    assert fitted.recommend(["Ben", "Ada"], 3)["user"].drop_duplicates().tolist() == ["Ben", "Ada"]


def test_blocks_are_the_whole(fitted, monkeypatch):
    whole = fitted.recommend(n=4)
    monkeypatch.setattr("ramgnn.fitted.MAX_SCORES", 2 * fitted.dataset.n_items)
    blocks = list(fitted.recommend_blocks(n=4))
    assert len(blocks) == 3
    pd.testing.assert_frame_equal(pd.concat(blocks, ignore_index=True), whole)
    pd.testing.assert_frame_equal(fitted.score(), fitted.score(None, None))


@pytest.mark.parametrize("n", [1, 5, 8, 100])
def test_the_best_are_those_of_a_full_sort_ties_by_index(n):
    class Ties(ramgnn.fitted.FittedModel):
        dataset, name = small_dataset(), "ties"
        scorer = staticmethod(lambda users: np.array([[(7 * i * (u + 1)) % 4 for i in range(20)] for u in users]))

    model = Ties()
    items, scores = model.top_items(np.arange(12), n, exclude_seen=True)
    for u in range(12):
        row = model.scorer([u])[0].astype(float)
        row[model.dataset.had(u)] = -np.inf
        expected = [i for i in np.argsort(-row, kind="stable") if np.isfinite(row[i])][:n]
        assert [i for i in items[u] if i >= 0] == expected
        assert scores[u][: len(expected)].tolist() == row[expected].tolist()
    assert len(model.recommend(n=n, exclude_seen=False)) == 12 * min(n, 20)


def test_scores_by_id_and_label(fitted):
    table = fitted.score(["Ada", "Finn"], ["Titanic", 3])
    assert table.index.tolist() == ["Ada", "Finn"] and table.columns.tolist() == [1, 3]
    best = fitted.recommend("Ada", 1)
    assert fitted.score("Ada", best["item"]).iloc[0, 0] == pytest.approx(best["score"][0])


def test_similar_items_are_by_cosine(fitted):
    found = fitted.similar_items("Titanic", 3)
    x = torch.nn.functional.normalize(fitted.served.final.items.double(), dim=1)
    cosine = (x @ x[1]).numpy()
    assert found["item"].tolist() == [i for i in np.argsort(-cosine, kind="stable") if i != 1][:3]
    assert found["similarity"].tolist() == pytest.approx(sorted(np.delete(cosine, 1), reverse=True)[:3])
    assert len(fitted.similar_items(1, 100)) == 7


def test_reasons_by_id_or_label(fitted):
    explanation = fitted.explain("Ada", "Titanic", 2)
    assert (explanation.user_label, explanation.item_label) == ("Ada", "Titanic")
    assert {r.type for r in explanation.item_reasons} <= {"genre", "director"}


@pytest.mark.parametrize("ask, word", [
    (lambda m: m.recommend("Adda"), "Adda"), (lambda m: m.recommend("Ada", 0), "at least one"),
    (lambda m: m.similar_items("Alien"), "Alien"), (lambda m: m.score("Ada", [1, 99]), "99"),
])  # fmt: skip
def test_questions_that_cannot_be_answered_say_why(fitted, ask, word):
    with pytest.raises(RamgnnError, match=word):
        ask(fitted)


# ---- every model -----------------------------------------------------------------------------------------------------


def settings_of(name: str) -> dict:
    return QUICK.get(name, {"factors": 4} if name == "als" else {})


@pytest.mark.parametrize("name", registry.names())
def test_the_same_words_for_every_baseline(name, tmp_path):
    """Fitted, asked, saved, loaded from another place, and asked again: the same answers."""
    data = timed(small_dataset(), name)
    epochs = 2 if registry.get(name).trained else None
    model = ramgnn.fit(data, name, settings_of(name), seed=3, epochs=epochs, progress=False)
    table = ramgnn.evaluate(model).table()
    assert table["metric"].tolist()[0] == "HR@10"
    ramgnn.save(model, tmp_path / "run")
    shutil.move(tmp_path / "run", tmp_path / "elsewhere")
    again = ramgnn.load_run(tmp_path / "elsewhere")
    assert (again.name, again.settings, again.seed, again.epochs) == (name, model.settings, 3, model.epochs)
    pd.testing.assert_frame_equal(again.recommend(n=5), model.recommend(n=5))
    assert again.score("u1", "i2").iloc[0, 0] == model.score("u1", "i2").iloc[0, 0]
    if name == "popularity":
        with pytest.raises(RamgnnError, match="alike for all users"):
            model.similar_items("i0")
    else:
        similar = model.similar_items("i0", 4)
        assert len(similar) == 4 and similar["similarity"].between(-1 - 1e-9, 1 + 1e-9).all()
    with pytest.raises(RamgnnError, match="no attention"):
        model.explain("u1", "i0")


def test_similarity_without_embeddings_is_the_correlation_of_scores():
    model = ramgnn.fit(small_dataset(), "ease", progress=False)
    found = model.similar_items("i3", 19).set_index("item")["similarity"]
    table = model.score()
    for item in found.index:
        assert found[item] == pytest.approx(np.corrcoef(table["i3"], table[item])[0, 1])


EMBEDDED = {
    "als": lambda s: s.items, "cke": lambda s: s.v.weight + s.e.weight, "fism": lambda s: s.p.weight,
    "fm": lambda s: s.item_parts(torch.arange(20))[0], "kgpolicy": lambda s: s.q.weight,
    "lightgcn": lambda s: s.recommender.final().items, "mf": lambda s: s.q.weight,
    "sasrec": lambda s: s.items_and_none.weight[:20], "gru4rec": lambda s: s.items_and_none.weight[:20],
    "sasrec sets": lambda s: s.e.weight,
}  # fmt: skip


@pytest.mark.parametrize("name", EMBEDDED)
def test_similarity_of_items_with_embeddings_is_their_cosine(name):
    if name == "als":
        pytest.importorskip("implicit")
    model = ramgnn.fit(small_dataset(), name, settings_of(name), epochs=None if name == "als" else 1, progress=False)
    x = torch.nn.functional.normalize(torch.as_tensor(EMBEDDED[name](model.scorer)).double(), dim=1).detach()
    found = model.similar_items("i3", 19).set_index("item")["similarity"]
    for item in found.index:
        assert found[item] == pytest.approx(float(x[3] @ x[int(item[1:])]), abs=1e-9)


def test_embeddings_of_another_shape_are_refused():
    class Odd:
        def __call__(self, users):
            return np.zeros((len(users), 8))

        def item_embeddings(self):
            return np.zeros(8)

    model = FittedBaseline(ramgnn.load("toy"), "odd", Odd(), {})
    with pytest.raises(ScoreError, match=r"item_embeddings of odd gave back .* shape \(8,\); expected \(8, d\)"):
        model.similar_items("0")


@pytest.mark.parametrize("arguments, error, word", [
    ({"model": "eese"}, NotFoundError, "'ease'"), ({"model": "rgcn"}, NotFoundError, "encoder='rgcn'"),
    ({"model": "ease", "settings": {"l3": 1}}, NotFoundError, "l2"),
    ({"model": "ease", "settings": {"l2": "much"}}, RamgnnError, "expected a number"),
    ({"model": "mf", "settings": {"dim": 2.5}}, RamgnnError, "a whole number"),
    ({"model": "ease", "epochs": 3}, RamgnnError, "leave out epochs"),
    ({"model": "mf", "encoder": "gcn"}, RamgnnError, "encoder goes with RAM-GNN alone"),
    ({"settings": {"pretrain.dmi": 8}}, NotFoundError, "pretrain.dim"),
    ({"settings": {"finetune.loss": "hing"}}, RamgnnError, "expected bpr or softmax"),
    ({"encoder": "gnc"}, NotFoundError, "'gcn'"),
])  # fmt: skip
def test_wrong_arguments_are_refused_before_anything_is_trained(arguments, error, word):
    with pytest.raises(error, match=re.escape(word)):
        ramgnn.fit(small_dataset(), **arguments, progress=False)


@pytest.mark.parametrize("row", [np.full(8, np.nan), np.ones(3)])
def test_scores_that_cannot_be_ranked_are_refused_by_every_question(row):
    model = FittedBaseline(ramgnn.load("toy"), "own", lambda users: np.tile(row, (len(users), 1)), {})
    for ask in (model.recommend, model.score, lambda: model.similar_items("0"), lambda: ramgnn.evaluate(model)):
        with pytest.raises(ScoreError):
            ask()


def test_other_people_are_no_test_of_a_model():
    model = ramgnn.fit(ramgnn.load("toy"), "ease", progress=False)
    with pytest.raises(RamgnnError, match="the data have other users"):
        ramgnn.evaluate(model, small_dataset(n_users=6, n_items=8))


def test_ranking_against_nobody_is_refused():
    interactions, items, _ = frames()
    with pytest.raises(DataError, match="negatives is 0; expected at least 1"):
        ramgnn.from_frames(interactions, items, negatives=0)


def test_two_models_are_compared_on_the_same_items():
    data = small_dataset()
    a, b = (ramgnn.fit(data, name, progress=False) for name in ("ease", "popularity"))
    table = ramgnn.compare(a, b, ks=(5,), n=200)
    assert table.index.tolist() == ["HR@5", "MRR@5", "NDCG@5"]
    assert (table["difference"] - (table["a"] - table["b"])).abs().max() < 1e-12
    with pytest.raises(RamgnnError, match="same users"):
        ramgnn.compare(a, ramgnn.fit(small_dataset(n_users=9), "ease", progress=False))
    with pytest.raises(RamgnnError, match="pass the data set"):
        ramgnn.evaluate(lambda users: users)


# ---- runs that travel ------------------------------------------------------------------------------------------------


def test_a_run_from_frames_answers_in_another_process_without_them(fitted, tmp_path):
    ramgnn.save(fitted, tmp_path / "run")
    code = textwrap.dedent("""
        import sys, ramgnn
        model = ramgnn.load_run(sys.argv[1])
        print(model.recommend("Ada", n=3).to_csv(index=False), end="")
        print(len(model.explain("Ada", "Titanic").item_reasons))
    """)
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "run")], capture_output=True, text=True, cwd=ROOT, check=True
    )
    expected = fitted.recommend("Ada", n=3).to_csv(index=False) + str(
        len(fitted.explain("Ada", "Titanic").item_reasons)
    )
    assert done.stdout.strip() == expected.strip()


def test_other_data_are_refused(fitted, tmp_path):
    ramgnn.save(fitted, tmp_path)
    with pytest.raises(DataError, match="is not the one this run was trained on"):
        ramgnn.load_run(tmp_path, small_dataset())
