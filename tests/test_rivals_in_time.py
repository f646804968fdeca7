"""Baselines that know the time: each against its definition, seeds, the order of ties, and what they refuse."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from ramgnn.baselines import ease, ease_recent, fitting, gru4rec, popularity, popularity_recent, registry, sasrec_sets
from ramgnn.baselines.fitted import fit_baseline
from ramgnn.datasets.base import RecDataset
from ramgnn.datasets.split import interactions
from ramgnn.errors import RamgnnError
from ramgnn.events import training_events
from ramgnn.experiments.lineup import FAIR
from ramgnn.temporal.clock import contexts
from tests.small import small_dataset
from tests.test_events import dataset, expected, rows

DAY = 86400
NAMES = ("gru4rec", "sasrec sets", "ease recent", "popularity recent")
LIGHT = {"gru4rec": {"dim": 4, "length": 5}, "sasrec sets": {"dim": 4, "length": 5, "batch": 8}}
TIED = [(0, 3, 0), (0, 1, 1), (0, 4, 1), (0, 2, 5), (1, 2, 2), (1, 5, 2), (1, 7, 4), (1, 0, 4), (2, 8, 3), (2, 1, 6)]


def scores(name: str, data: RecDataset, seed: int = 0, **changes) -> np.ndarray:
    """Of all users, after two epochs where there are any."""
    baseline = registry.get(name)
    chosen = LIGHT.get(name, {}) | changes
    scorer = fit_baseline(baseline, data, chosen, seed, 2 if baseline.trained else None).scorer
    return np.asarray(scorer(np.arange(data.n_users)))


def shuffled(data: RecDataset, seed: int) -> RecDataset:
    """The same with the rows of one time in another order."""
    train = data.train.sample(frac=1, random_state=seed)
    return replace(data, train=interactions(train["user"], train["item"], train["time"]))


# ---- what all of them owe --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES[1:])
def test_the_order_within_a_time_is_not_used(name):
    data = dataset(TIED)
    others = [shuffled(data, seed) for seed in range(4)]
    assert any(not other.train.equals(data.train) for other in others)
    for other in others:
        np.testing.assert_array_equal(scores(name, other), scores(name, data))


@pytest.mark.parametrize("name", NAMES)
def test_a_seed_decides_all_that_is_drawn(name):
    data = dataset(TIED)
    torch.manual_seed(1)
    one = scores(name, data, seed=5)
    torch.manual_seed(2)
    np.testing.assert_array_equal(scores(name, data, seed=5), one)
    assert registry.get(name).trained == (not np.array_equal(scores(name, data, seed=6), one))


def test_dropout_draws_from_the_generator():
    """Between two epochs somebody else draws, and nothing is changed."""
    found = []
    for draws in (0, 7):
        model, generator = fitting.start(sasrec_sets.SASRecSets, dataset(TIED), sasrec_sets.Settings(dim=4), 3)
        model.train()
        for _ in range(2):
            torch.rand(draws)
            before = torch.get_rng_state()
            model.epoch(generator)
            assert torch.equal(torch.get_rng_state(), before)
        found.append(model(np.arange(4)))
    assert torch.equal(*found)


@pytest.mark.parametrize("name", NAMES)
def test_data_without_times_are_refused(name):
    with pytest.raises(RamgnnError, match="no order in time|does not say when|no clock times"):
        scores(name, replace(small_dataset(), time_kind="none"))


@pytest.mark.parametrize("name", NAMES[:2])
def test_somebody_needs_two_things(name):
    with pytest.raises(RamgnnError, match="nothing that comes next"):
        scores(name, dataset([(0, 1, 0), (1, 2, 0)]))


@pytest.mark.parametrize("name", NAMES[:3])
def test_a_newcomer_scores_like_the_user_with_that_history(name):
    data = small_dataset()
    baseline = registry.get(name)
    scorer = fit_baseline(baseline, data, LIGHT.get(name, {}), 0, 2 if baseline.trained else None).scorer
    had = [data.history(u) for u in range(data.n_users)]
    found = np.asarray(scorer.newcomer_scores([*had, np.zeros(0, np.int64)]))
    np.testing.assert_allclose(found[:-1], np.asarray(scorer(np.arange(data.n_users))), rtol=1e-4, atol=1e-5)
    assert np.isfinite(found[-1]).all()


@pytest.mark.parametrize("name", NAMES)
def test_they_are_rows_of_the_fair_line_up_where_there_are_times(name):
    spec = FAIR[name]
    assert spec.runs_on("ml-100k") and not spec.runs_on("kkbox")
    assert spec.runs_on("movietweetings") == (name != "popularity recent")


# ---- GRU4Rec ---------------------------------------------------------------------------------------------------------


def test_gru4rec_reads_one_thing_after_the_other():
    """The state by the equations of a GRU, step by step; what stands after the last thing changes nothing."""
    model, _ = fitting.start(gru4rec.GRU4Rec, dataset(TIED), gru4rec.Settings(dim=4, length=5), 0)
    model.eval()
    e, gru = model.items_and_none.weight, model.gru
    h = torch.zeros(4)
    for item in (3, 1, 2):
        r_x, z_x, n_x = (gru.weight_ih_l0 @ (2 * e[item]) + gru.bias_ih_l0).split(4)
        r_h, z_h, n_h = (gru.weight_hh_l0 @ h + gru.bias_hh_l0).split(4)
        z, n = (z_x + z_h).sigmoid(), (n_x + (r_x + r_h).sigmoid() * n_h).tanh()
        h = (1 - z) * n + z * h
    found = model.newcomer_scores([np.array([3, 1, 2])])[0]
    torch.testing.assert_close(found, (e[:9] @ h).detach())
    assert torch.allclose(model.states(torch.tensor([[3, 1, 2, 9, 9]]))[0, 2], h)


def test_gru4rec_has_as_many_layers_as_are_asked_for():
    assert np.isfinite(scores("gru4rec", dataset(TIED), layers=2)).all()


# ---- SASRec on sets --------------------------------------------------------------------------------------------------


def sets(data: RecDataset, **changes) -> sasrec_sets.SASRecSets:
    """An untrained one whose parameters are all random, in evaluation mode."""
    chosen = sasrec_sets.Settings(**{"dim": 4, "length": 5, "dropout": 0.0} | changes)
    model, generator = fitting.start(sasrec_sets.SASRecSets, data, chosen, 0)
    for p in model.parameters():
        nn.init.normal_(p, std=0.5, generator=generator)
    return model.eval()


def by_pytorch(model: sasrec_sets.SASRecSets, had: dict[int, float]) -> torch.Tensor:
    """F of one context by PyTorch's own layers, every place through each of them."""
    d, heads, last = model.settings.dim, model.settings.heads, model.settings.length - 1
    x = []
    for item, rank in had.items():
        rank = min(rank, last)
        below, share = int(rank), rank - int(rank)
        place = (1 - share) * model.places.weight[below] + share * model.places.weight[min(below + 1, last)]
        x.append(d**0.5 * model.e.weight[item] + place)
    x = torch.stack([*x, model.query]).unsqueeze(0)
    for block in model.blocks:
        layer = nn.TransformerEncoderLayer(d, heads, d, 0.0, batch_first=True, norm_first=True)
        own = {"self_attn": block.attention, "norm1": block.norm1, "norm2": block.norm2}
        own |= {"linear1": block.feed[0], "linear2": block.feed[3]}
        for name, part in own.items():
            getattr(layer, name).load_state_dict(part.state_dict())
        x = layer(x)  # in training mode, so by the plain path
    return model.norm(x[0, -1])


@given(rows, st.integers(1, 6), st.sampled_from([(1, 1), (2, 1), (1, 2), (2, 2)]))
@settings(max_examples=25, deadline=None)
def test_sets_are_sasrec_without_a_mask_on_contexts_by_their_definition(given_rows, length, shape):
    layers, heads = shape
    data = dataset([*given_rows, (3, 0, 1), (3, 1, 1)])
    model = sets(data, length=length, layers=layers, heads=heads)
    found = model(np.arange(4))
    for user in range(4):
        state = by_pytorch(model, expected(data, user, None, length))
        torch.testing.assert_close(found[user], (model.e.weight @ state).detach(), rtol=1e-4, atol=1e-4)
    events = training_events(data, length)
    states = model.states(*contexts(events, np.arange(len(events)), model.e.weight))
    for n in range(min(len(events), 5)):
        had = expected(data, events.user[n], events.target[n], length)
        torch.testing.assert_close(states[n], by_pytorch(model, had), rtol=1e-4, atol=1e-4)


def test_things_of_one_time_share_a_place():
    model = sets(dataset(TIED))
    p = model.places.weight
    found = model.place(torch.tensor([[3.0, 1.5, 1.5, 0.0, 9.5]]))[0]
    torch.testing.assert_close(found, torch.stack([p[3], (p[1] + p[2]) / 2, (p[1] + p[2]) / 2, p[0], p[4]]))


def test_the_loss_is_among_items_not_had_before():
    data = dataset([(0, 3, 0), (0, 1, 1), (0, 2, 2)])
    model, generator = fitting.start(sasrec_sets.SASRecSets, data, sasrec_sets.Settings(dim=4, lr=0.0, dropout=0.0), 0)
    losses = []
    for had, target in (([3], 1), ([3, 1], 2)):
        y = model.newcomer_scores([np.array(had)])[0]
        left = [i for i in range(9) if i not in had]
        losses.append(float(y[left].logsumexp(0) - y[target]))
    assert model.epoch(generator) == pytest.approx(np.mean(losses), rel=1e-5)


def test_sets_learn_what_follows():
    """Everybody takes 0, 1, 2, … in a circle of their own beginning: what comes next is the next one."""
    data = dataset([(u, (u + t) % 9, t) for u in range(9) for t in range(6)], n_users=9)
    chosen = sasrec_sets.Settings(dim=16, length=5, lr=0.01, batch=8, dropout=0.1)
    scores = sasrec_sets.fit(data, chosen, epochs=30)(np.arange(9))
    unseen = np.array([[(u + 6) % 9, (u + 7) % 9, (u + 8) % 9] for u in range(9)])
    assert (scores.gather(1, torch.from_numpy(unseen)).argmax(1) == 0).all()


def test_heads_share_the_dimensions():
    with pytest.raises(RamgnnError, match="dim is 5 and heads 2"):
        scores("sasrec sets", dataset(TIED), dim=5, heads=2)


# ---- EASE, recent ----------------------------------------------------------------------------------------------------


def positions(data: RecDataset, user: int) -> dict[int, float]:
    """The place of each thing of a user, ties averaged."""
    times = data.train[data.train["user"] == user].set_index("item")["time"]
    return (times.rank(method="average") - 1).to_dict()


@given(rows, st.floats(0.3, 20), st.floats(0.2, 9), st.floats(0.5, 100))
@settings(max_examples=50, deadline=None)
def test_ease_recent_is_the_dense_formula(given_rows, reach, half_life, l2):
    data = dataset([*given_rows, (3, 0, 1), (3, 1, 1)])
    gram, weights = l2 * np.eye(9), np.zeros((4, 9))
    for user in range(4):
        place = positions(data, user)
        for j, at in place.items():
            weights[user, j] = 0.5 ** ((len(place) - 1 - at) / half_life)
            for i, other in place.items():
                if abs(at - other) <= 6 * reach:
                    gram[j, i] += np.exp(-abs(at - other) / reach)
    p = np.linalg.inv(gram)
    b = -p / np.diag(p)
    np.fill_diagonal(b, 0)
    model = ease_recent.fit(data, l2, reach, half_life)
    np.testing.assert_allclose(model.weights, b, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(model(np.arange(4)), weights @ b, rtol=1e-4, atol=1e-4)


def test_without_a_reach_and_a_half_life_it_is_ease():
    data = small_dataset()
    users = np.arange(data.n_users)
    np.testing.assert_allclose(ease_recent.fit(data, 5.0, 1e9, 1e9)(users), ease.fit(data, 5.0)(users), atol=1e-5)


def test_ease_recent_refuses_what_cannot_be():
    for bad in ({"l2": 0}, {"reach": 0}, {"half_life": 0}, {"reach": float("nan")}):
        with pytest.raises(RamgnnError, match="expected numbers above 0"):
            ease_recent.fit(small_dataset(), **bad)
    with pytest.raises(RamgnnError, match="needs about"):
        ease_recent.fit(small_dataset(), max_gb=1e-9)


# ---- popularity, recent ----------------------------------------------------------------------------------------------


@given(rows, st.floats(0.1, 30))
@settings(max_examples=100, deadline=None)
def test_popularity_recent_is_the_sum_over_others_at_or_before_the_last_time(given_rows, half_life):
    data = dataset([(u, i, t * DAY) for u, i, t in [*given_rows, (2, 0, 1)]])
    found = popularity_recent.fit(data, half_life)
    table = data.train
    exact = np.zeros((5, 9))
    for user in range(4):
        own = table["time"][table["user"] == user]
        last = own.max() if len(own) else table["time"].max()
        for row in table.itertuples():
            if row.user != user and row.time <= last:
                exact[user, row.item] += 0.5 ** ((last - row.time) / DAY / half_life)
    for row in table.itertuples():
        exact[4, row.item] += 0.5 ** ((table["time"].max() - row.time) / DAY / half_life)
    np.testing.assert_allclose(found(np.arange(4)), exact[:4], rtol=1e-9)
    np.testing.assert_allclose(found.newcomer_scores([np.array([1]), np.array([2])]), exact[[4, 4]], rtol=1e-9)
    assert found(np.arange(0)).shape == (0, 9)


def test_with_an_endless_half_life_and_one_last_time_it_is_popularity_among_others():
    data = dataset([(0, 1, 0), (0, 2, 9), (1, 1, 3), (1, 3, 9), (2, 1, 4), (2, 2, 9)])
    found = popularity_recent.fit(data, 1e12)(np.arange(3))
    np.testing.assert_allclose(found, popularity.fit(data)(np.arange(3)) - data.matrix()[:3].toarray())


def test_popularity_recent_needs_clock_times_and_a_half_life():
    with pytest.raises(RamgnnError, match="no clock times .*'order'"):
        popularity_recent.fit(small_dataset())
    for bad in (0, -1, float("nan")):
        with pytest.raises(RamgnnError, match="half_life is .*expected a number above 0"):
            popularity_recent.fit(dataset(TIED), bad)
