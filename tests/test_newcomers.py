"""Somebody new is served from what they had: the map against least squares, and answers as for somebody alike."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from ramgnn import api
from ramgnn.baselines import registry
from ramgnn.errors import NotFoundError, RamgnnError
from ramgnn.newcomers import RIDGE, NewcomerMap, newcomer_scores
from tests.small import small_dataset

BY_HISTORY = ["ease", "popularity", "itemknn", "fism", "sasrec", "sasrec sets", "gru4rec", "ease recent"]
BY_EMBEDDING = ["bpr-mf", "mf", "als", "lightgcn"]


@pytest.fixture(scope="module")
def fitted():
    config = {"pretrain.dim": 8, "pretrain.epochs": 2, "finetune.layers": 1, "finetune.batch": 8}
    return api.fit(small_dataset(), settings=config, epochs=2, refit=False, progress=False)


def test_the_map_is_that_of_least_squares():
    generator = np.random.default_rng(0)
    items, users = generator.normal(size=(7, 3)), generator.normal(size=(20, 3))
    had = csr_matrix(generator.random((20, 7)) < 0.4, dtype=float)
    there = [u for u in range(20) if had[u].nnz]
    x = np.array([[*items[had[u].indices].mean(0), 1.0] for u in there])
    ridge = RIDGE * np.square(x).sum() / x.shape[1]
    stacked = np.concatenate([x, np.sqrt(ridge) * np.eye(4)])  # the penalty as four further users
    expected = np.linalg.lstsq(stacked, np.concatenate([users[there], np.zeros((4, 3))]), rcond=None)[0]
    found = NewcomerMap.fit(users, items, had)
    np.testing.assert_allclose(found.weight, expected, rtol=1e-9)
    one, other = np.array([2, 5]), np.array([1])
    rows = [np.array([*items[h].mean(0), 1.0]) @ expected @ items.T for h in (one, other)]
    np.testing.assert_allclose(found.scores([one, other]), rows, rtol=1e-9)


def test_users_who_are_what_they_had_are_found_again():
    """Where embeddings of users are a linear map of what they had, newcomers score as users with the same history."""
    generator = np.random.default_rng(1)
    items, weight = generator.normal(size=(30, 4)), generator.normal(size=(5, 4))
    had = csr_matrix(generator.random((200, 30)) < 0.2, dtype=float)
    had = had[np.diff(had.indptr) > 0]
    means = (had @ items) / np.diff(had.indptr)[:, None]
    users = np.concatenate([means, np.ones((len(means), 1))], 1) @ weight
    scores = NewcomerMap.fit(users, items, had).scores([row.indices for row in had])
    np.testing.assert_allclose(scores, users @ items.T, atol=0.05)


@pytest.mark.parametrize("name", BY_HISTORY)
def test_a_model_by_history_scores_a_newcomer_as_the_user_with_that_history(name):
    data = small_dataset()
    model = api.fit(data, name, epochs=2 if registry.get(name).trained else None, refit=False, progress=False)
    order = data.train.sort_values("time", kind="stable")
    had = [order.loc[order["user"] == u, "item"].to_numpy() for u in range(data.n_users)]
    np.testing.assert_allclose(
        newcomer_scores(model, had), model.all_scores(np.arange(data.n_users)), rtol=1e-4, atol=1e-5
    )


def test_a_newcomer_gets_what_they_have_not(fitted):
    data = fitted.dataset
    had = list(data.item_ids[:3])
    frame = fitted.recommend(had=had, n=data.n_items)
    assert set(frame["item"]) == set(data.item_ids) - set(had)
    assert frame["rank"].tolist() == list(range(1, len(frame) + 1)) and frame["score"].is_monotonic_decreasing
    assert set(fitted.recommend(had=had, n=data.n_items, exclude_seen=False)["item"]) == set(data.item_ids)
    assert fitted.recommend(had=[*had, had[0]], n=3).equals(fitted.recommend(had=had, n=3))  # each once


def test_reasons_for_a_newcomer_are_shared_with_what_they_had(fitted):
    data = fitted.dataset
    had = np.array([0, 1, 4])
    names = [data.item_ids[i] for i in had]
    ranked = fitted.recommend(had=names, n=data.n_items)
    shared_any = False
    for rank, item in zip(ranked["rank"], ranked["item"], strict=True):
        why = fitted.explain(item=item, had=names)
        assert why.user is None and why.rank == rank and not why.seen and why.user_reasons == ()
        assert why.score == pytest.approx(ranked["score"][rank - 1])
        assert {node.node for reason in why.item_reasons for node in reason.via} <= set(had)
        assert {node.node for node in why.similar} == set(had)
        by_brute_force = {
            (relation.name, relation.labels[v])
            for relation in data.relations("item")
            for v in set(relation.values[relation.nodes == why.item])
            if set(relation.nodes[relation.values == v]) & set(had)
        }
        assert {(reason.type, reason.value) for reason in why.item_reasons} == by_brute_force
        shared_any |= bool(by_brute_force)
        assert str(why).startswith(f"{item} for somebody who had {'; '.join(names)}: score")
    assert shared_any
    assert fitted.explain(item=names[0], had=names).seen


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"had": []}, "had is empty"),
        ({"had": ["i0"], "users": "u0"}, "users and had are both given"),
        ({"had": "no such"}, "no item"),
    ],
)
def test_what_is_no_history(fitted, asked, said):
    with pytest.raises((RamgnnError, NotFoundError), match=said):
        fitted.recommend(**asked)


@pytest.mark.parametrize(
    "asked", [{"item": "i1"}, {"user": "u1"}, {"item": "i1", "user": "u1", "had": ["i2"]}, {"had": ["i2"]}]
)
def test_an_explanation_needs_an_item_and_somebody(fitted, asked):
    with pytest.raises(RamgnnError, match="explain takes an item"):
        fitted.explain(**asked)
    with pytest.raises(RamgnnError, match="had is empty"):
        fitted.explain(item="i1", had=[])
