"""Paths in time against their definition, counted on data from which the user was really taken out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ramgnn.errors import RamgnnError
from ramgnn.events import next_events, training_events
from ramgnn.temporal import kinds, paths
from ramgnn.temporal.kinds import EASE, KINDS, NEXT, PEOPLE, SOON
from tests.test_events import dataset

L2 = 2.0
rows = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 8), st.integers(0, 5)), min_size=4, max_size=40)


def by_definition(data, user, had, rank, target, kind):
    """F of each item by loops over everybody else; NaN for what the user had, which nobody asks for."""
    others = data.train[data.train["user"] != user]
    n = np.bincount(others["item"], minlength=data.n_items)
    context = {i: 2.0 ** (-r / kind.half_life) for i, r in zip(had, rank, strict=True)}
    found = np.zeros(data.n_items)
    if kind is EASE:
        x = np.zeros((data.n_users, data.n_items))
        x[others["user"], others["item"]] = 1
        p = np.linalg.inv(x.T @ x + L2 * np.eye(data.n_items))
        b = -p / np.diag(p)
        return np.maximum(sum((b[j] for j in context), found), 0)
    position = {}
    for _, group in others.groupby("user"):
        for place in group.itertuples():
            same = [k for k, t in enumerate(group["time"]) if t == place.time]
            position[place.user, place.item] = np.mean(same)
    for j, weight in context.items():
        for i in range(data.n_items):
            for v in range(data.n_users):
                if i != j and (v, i) in position and (v, j) in position:
                    apart = position[v, i] - position[v, j]
                    if (apart >= 0 or not kind.ordered) and abs(apart) <= kinds.FARTHEST * kind.reach:
                        found[i] += weight * np.exp(-abs(apart) / kind.reach) / np.sqrt(max(n[j], 1) * max(n[i], 1))
    return found


def model_of(data):
    return paths.Paths(data, KINDS, np.ones(1 + len(KINDS)), np.ones(len(KINDS)), L2)


@given(rows)
@settings(max_examples=60, deadline=None)
def test_features_are_those_of_data_without_the_user(given_rows):
    data = dataset(given_rows)
    model = model_of(data)
    for events in (training_events(data, 5), next_events(data, np.arange(data.n_users), 5)):
        which = np.arange(len(events))
        found = model.features(events, which)
        items, ranks = events.contexts(which)
        row, had = events.had(which)
        for e in range(len(events)):
            user, target = events.user[e], events.target[e]
            mine = data.train.loc[data.train["user"] == user, "item"]
            asked = [i for i in range(data.n_items) if i == target or i not in set(mine)]
            others = data.train[data.train["user"] != user]
            assert found[0, e, asked].tolist() == [(others["item"] == i).sum() for i in asked]
            there = items[e] >= 0
            for kind, f in zip(KINDS, found[1:, e], strict=True):
                whole = np.isinf(kind.half_life)
                context = (had[row == e], np.zeros((row == e).sum())) if whole else (items[e][there], ranks[e][there])
                np.testing.assert_allclose(
                    f[asked], by_definition(data, user, *context, target, kind)[asked], atol=1e-8, err_msg=kind.name
                )


@given(rows, st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_order_within_a_tie_and_the_time_of_the_event_are_not_used(given_rows, seed):
    shuffled = [given_rows[k] for k in np.random.default_rng(seed).permutation(len(given_rows))]
    first = {(u, i): t for u, i, t in reversed(given_rows)}  # the rows that `dataset` keeps
    one = dataset([(u, i, t) for (u, i), t in first.items()])
    two = dataset([(u, i, first[u, i]) for u, i, _ in shuffled])
    users = np.arange(one.n_users)
    x = model_of(one).features(next_events(one, users), users)
    assert np.array_equal(x, model_of(two).features(next_events(two, users), users))
    events, again = training_events(one), training_events(two)
    assert np.array_equal(events.target, again.target)
    which = np.arange(len(events))
    assert np.array_equal(model_of(one).features(events, which), model_of(two).features(again, which))


def test_the_weights_make_targets_likely():
    """A plain logit in one feature, where the best weight is known, and a gradient against finite differences."""
    x = np.zeros((1, 30, 2))
    x[0, :20, 0] = 1  # 20 of 30 events take what has the feature, 10 what has not
    x[0, 20:, 1] = 1
    assert paths.conditional_logit(x) == pytest.approx([np.log(2)], abs=1e-4)


@given(rows)
@settings(max_examples=40, deadline=None)
def test_rows_counted_for_one_user_are_those_of_all(given_rows):
    data = dataset(given_rows)
    everybody = np.arange(data.n_users)
    at_once = model_of(data).scores(everybody)
    one_by_one = model_of(data)
    for u in everybody:
        np.testing.assert_allclose(one_by_one.scores(everybody[[u]])[0], at_once[u], rtol=1e-12)


def test_other_weights_count_nothing_anew():
    data = dataset([(u, i, i) for u in range(3) for i in range(4)])
    model = model_of(data)
    before = model.scores(np.arange(3))
    other = model.weighed(model.weight * 2, model.scale)
    assert other.counts is model.counts
    np.testing.assert_allclose(other.scores(np.arange(3)), 2 * before)


def test_what_follows_is_found():
    """Everybody takes 0, 1, 2, … in a circle of their own beginning: what comes next is the next one."""
    data = dataset([(u, (u + t) % 9, t) for u in range(9) for t in range(6)], n_users=9)
    model = paths.fit(data, (PEOPLE, NEXT, SOON), negatives=8)
    assert model.scores(np.arange(9)).shape == (9, 9)
    unseen = np.array([[(u + 6) % 9, (u + 7) % 9, (u + 8) % 9] for u in range(9)])
    scores = np.take_along_axis(model.scores(np.arange(9)), unseen, 1)
    assert (scores.argmax(1) == 0).all()


def test_data_without_times_are_refused():
    with pytest.raises(RamgnnError, match="a model with a clock needs that"):
        paths.fit(replace(dataset([(0, 1, 2), (0, 2, 3)]), time_kind="none"))
