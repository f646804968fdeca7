"""The experiment with hidden items: what is hidden, how it is ranked, and that what is done is not done again."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from ramgnn.datasets.base import Relation
from ramgnn.datasets.split import interactions
from ramgnn.experiments import cold
from ramgnn.experiments.store import unpack
from tests.small import small_dataset


@pytest.fixture(scope="module")
def hidden():
    return cold.Hidden.of(small_dataset(), 0)


def test_what_is_hidden_is_nowhere_in_training(hidden):
    data = small_dataset()
    assert len(hidden.items) == data.n_items // cold.SHARE
    assert not set(hidden.items) & set(hidden.dataset.train["item"])
    assert hidden.had.sum() == len(data.train)
    for user, target in zip(hidden.users, hidden.targets, strict=True):
        own = [i for i in data.history(user) if i in set(hidden.items)]
        assert target == own[-1]
    assert set(hidden.users) == set(data.train["user"][data.train["item"].isin(hidden.items)])


def test_ranks_are_those_of_a_count(hidden):
    y = np.random.default_rng(1).integers(0, 4, hidden.had.shape).astype(float)
    for among in ("hidden", "all"):
        for user, target, rank in zip(hidden.users, hidden.targets, hidden.ranks(y, among), strict=True):
            asked = hidden.items if among == "hidden" else range(y.shape[1])
            rivals = [y[user, i] for i in asked if i != target and not hidden.had[user, i]]
            own = y[user, target]
            assert rank == 1 + sum(x > own for x in rivals) + sum(x == own for x in rivals) / 2
    test = hidden.dataset.test
    assert len(hidden.warm_ranks(y)) == (~test["item"].isin(hidden.items)).sum()


def test_ridge_is_that_of_the_normal_equations(hidden):
    f = cold.attribute_features(hidden.dataset)
    warm = [i for i in range(len(f)) if i not in hidden.items]
    r = hidden.dataset.matrix().toarray()
    w = np.linalg.inv(f[warm].T @ f[warm] + 2.0 * np.eye(f.shape[1])) @ f[warm].T @ r[:, warm].T
    np.testing.assert_allclose(cold.ridge(hidden, 2.0), (f @ w).T, atol=1e-9)


def test_content_knn_is_the_mean_of_the_nearest(hidden, monkeypatch):
    monkeypatch.setattr(cold, "NEAREST", 2)
    f, y = cold.attribute_features(hidden.dataset), cold.nearest(hidden)
    for user in range(4):
        for item in range(len(f)):
            cosines = sorted((f[item] @ f[j] for j in hidden.dataset.history(user)), reverse=True)
            assert y[user, item] == pytest.approx(np.mean(cosines[:2]))


def test_what_is_chosen_is_what_finds_most(monkeypatch):
    found = {0.5: 3.0, 2.0: 1.0}  # with 2 the targets stand first
    monkeypatch.setattr(
        cold, "CHOICES", {"made up": (lambda hidden, x: _with_targets_at(hidden, found[x]), (0.5, 2.0))}
    )
    best, tried = cold.chosen(small_dataset())
    assert best == {"made up": 2.0} and tried["made up"]["2.0"] > tried["made up"]["0.5"]


def _with_targets_at(hidden, place):
    y = np.zeros(hidden.had.shape)
    y[hidden.users, hidden.targets] = 1.0 if place == 1 else -1.0
    return y


def test_a_net_carries_factors_over_to_what_has_the_same_attributes(monkeypatch):
    """Items of two kinds, users of two kinds: a hidden item is scored like the others of its kind."""
    rng = np.random.default_rng(0)
    kind, likes = np.arange(20) % 2, np.arange(12) % 2
    user, item = np.nonzero((kind[None] == likes[:, None]) & (rng.random((12, 20)) < 0.8))
    data = replace(
        small_dataset(), train=interactions(user, item), test=small_dataset().test.iloc[:0],
        item_relations=(Relation.from_lists("kind", [[f"k{k}"] for k in kind]),),
    )  # fmt: skip
    hidden = cold.Hidden.of(data, 0)
    y = cold.dropout_net(hidden, 1e-3)
    for i in hidden.items:
        assert y[likes == kind[i], i].min() > y[likes != kind[i], i].max()
    assert np.array_equal(y, cold.dropout_net(hidden, 1e-3))


def test_it_goes_on_where_it_was_stopped(tmp_path, monkeypatch):
    calls = []
    monkeypatch.setattr(cold.datasets, "load", lambda name: small_dataset())
    monkeypatch.setattr(cold, "pretrain_side", _no_pretraining)
    monkeypatch.setattr(cold, "_epochs", lambda hidden, config: 1)
    monkeypatch.setattr(cold, "chosen", lambda dataset: (dict.fromkeys(cold.CHOICES, 1.0), {}))
    real = cold.run
    monkeypatch.setattr(cold, "run", lambda *arguments: calls.append(1) or real(*arguments))
    cold.execute("small", 1, tmp_path)
    cold.execute("small", 2, tmp_path)
    assert len(calls) == 2
    stored = json.loads((tmp_path / "small" / f"{cold.FIRST + 1}.json").read_text())
    assert {"popularity", "content kNN", "ridge on attributes", "ram-gnn in time"} <= stored["methods"].keys()
    for method in stored["methods"].values():
        assert len(unpack(method["hidden"]["ranks"])) == stored["targets"]
    neither, both = (stored["methods"][f"ram-gnn in time{x}"] for x in (", neither", ""))
    assert neither["hidden"] != both["hidden"]


def _no_pretraining(graph, side, config, progress):
    class Done:
        @staticmethod
        def embeddings():
            import torch

            return type("E", (), {"nodes": torch.randn(graph.n_nodes, 4, generator=torch.Generator().manual_seed(0))})

    return Done
