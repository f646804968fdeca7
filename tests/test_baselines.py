"""Popularity and EASE: against counting, against column-wise ridge regression, and on MovieLens-100K."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ramgnn import evaluation
from ramgnn.baselines import ease, get, popularity
from ramgnn.errors import RamgnnError
from tests.small import small_dataset

needs_data = pytest.mark.skipif(
    not os.environ.get("RAMGNN_DATA"), reason="MovieLens-100K may not be copied into the project: set RAMGNN_DATA"
)


def test_popularity_counts():
    dataset = small_dataset()
    counts = [int((dataset.train["item"] == i).sum()) for i in range(dataset.n_items)]
    model = popularity.fit(dataset)
    users = np.array([3, 0, 3])
    assert model(users).tolist() == [counts] * 3
    assert model.scores(users[:0]).shape == (0, dataset.n_items)
    assert len(set(counts)) > 1


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.1, 500))
def test_ease_is_ridge_regression_column_by_column(seed, l2):
    dataset = small_dataset(n_users=15, n_items=9, seed=seed)
    x = dataset.matrix().toarray().astype(float)
    weights = np.zeros((9, 9))
    for j in range(9):
        rest = [i for i in range(9) if i != j]
        others = x[:, rest]
        weights[rest, j] = np.linalg.solve(others.T @ others + l2 * np.eye(8), others.T @ x[:, j])
    model = ease.fit(dataset, l2=l2)
    assert (np.diag(model.weights) == 0).all()
    np.testing.assert_allclose(model.weights, weights, atol=1e-6)
    users = np.array([4, 4, 0])
    np.testing.assert_allclose(model(users), x[users] @ weights, atol=1e-5)
    assert model(users).dtype == np.float32


def test_ease_weights_are_a_constrained_minimum():
    """Any small change with a zero diagonal makes the objective larger."""
    dataset = small_dataset(n_users=20, n_items=8, seed=3)
    x, b = dataset.matrix().toarray().astype(float), ease.fit(dataset, l2=2.0).weights.astype(float)

    def objective(w):
        return ((x - x @ w) ** 2).sum() + 2.0 * (w**2).sum()

    rng = np.random.default_rng(0)
    for _ in range(50):
        step = rng.normal(size=b.shape) * 0.01
        np.fill_diagonal(step, 0)
        assert objective(b + step) > objective(b)


def test_ease_knows_nothing_of_an_unseen_item():
    dataset = small_dataset()
    wider = replace(dataset, item_ids=(*dataset.item_ids, "new"), item_labels=(*dataset.item_labels, "new"))
    assert (ease.fit(wider)(np.arange(dataset.n_users))[:, -1] == 0).all()


def test_ease_options():
    dataset = small_dataset()
    for l2 in (0, -1, float("nan")):
        with pytest.raises(RamgnnError, match="l2"):
            ease.fit(dataset, l2=l2)
    with pytest.raises(RamgnnError, match=r"EASE on 20 items needs about 0\.0 GB .* limit of 1e-09 GB"):
        ease.fit(dataset, max_gb=1e-9)


@pytest.mark.parametrize("name", ["popularity", "ease"])
def test_baselines_do_not_look_at_the_test_rows(name):
    dataset = small_dataset()
    users = np.arange(dataset.n_users)
    blind = replace(dataset, test=dataset.test.iloc[:0])
    assert (get(name).fits(dataset)(users) == get(name).fits(blind)(users)).all()


@pytest.fixture(scope="module")
def movielens():
    from ramgnn import datasets

    return datasets.load("ml-100k")


@needs_data
def test_popularity_on_movielens(movielens):
    """Values measured by others on the same split, with optimistic ties; counts are often equal, so ties matter."""
    model = popularity.fit(movielens)
    found = {ties: evaluation.evaluate(model, movielens, ties).metrics() for ties in evaluation.TIES}
    names = ["HR@10", "MRR@10", "NDCG@10", "HR@20", "MRR@20", "NDCG@20"]
    others = dict(zip(names, [0.0838, 0.0305, 0.0427, 0.1273, 0.0334, 0.0536], strict=True))
    assert found["optimistic"] == pytest.approx(others, abs=0.00006)
    assert found["average"]["HR@10"] == pytest.approx(0.0838, abs=0.00006)
    for name in ("MRR@10", "NDCG@10"):
        assert found["pessimistic"][name] < found["average"][name] < found["optimistic"][name]


@needs_data
def test_ease_on_movielens(movielens):
    """Values measured by others on the same split, and hit rates by group of session."""
    found = evaluation.evaluate(ease.fit(movielens, l2=100.0), movielens)
    names = ["HR@10", "MRR@10", "NDCG@10", "HR@20", "MRR@20", "NDCG@20"]
    expected = dict(zip(names, [0.1506, 0.0564, 0.0782, 0.2259, 0.0617, 0.0972], strict=True))
    assert found.metrics() == pytest.approx(expected, abs=0.00006)
    groups = found.by(evaluation.session_groups(movielens), (10,))
    assert groups.loc["same time", "users"] == 416
    assert groups["HR@10"].tolist() == pytest.approx([0.224, 0.099, 0.048], abs=0.0005)


@needs_data
def test_validation_settings_of_ease_on_movielens(movielens):
    """On the validation items EASE stands where others measured it, so the derived split is theirs."""
    view = movielens.validation()
    found = evaluation.evaluate(ease.fit(view), view).metrics((10,))
    assert found["NDCG@10"] == pytest.approx(0.0876, abs=0.0005)
