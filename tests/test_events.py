"""Events and their contexts against what the definition says, item by item."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ramgnn.datasets.base import RecDataset
from ramgnn.datasets.split import interactions
from ramgnn.errors import RamgnnError
from ramgnn.events import next_events, training_events
from tests.small import small_dataset


def dataset(rows: list[tuple[int, int, int]], n_users: int = 4, n_items: int = 9) -> RecDataset:
    """Of users, items and times; an item of a user that comes again is left out."""
    frame = pd.DataFrame(rows, columns=["user", "item", "time"]).drop_duplicates(["user", "item"])
    ids = {side: tuple(f"{side}{n}" for n in range(size)) for side, size in (("u", n_users), ("i", n_items))}
    return replace(
        small_dataset(), user_ids=ids["u"], item_ids=ids["i"], user_labels=ids["u"], item_labels=ids["i"],
        train=interactions(frame["user"], frame["item"], frame["time"]),
        test=interactions([], [], []), item_relations=(), user_relations=(), time_kind="seconds",
    )  # fmt: skip


def expected(data: RecDataset, user: int, target: int | None, most: int) -> dict[int, float]:
    """The context by its definition: item and rank."""
    rows = data.train[data.train["user"] == user]
    time = dict(zip(rows["item"].tolist(), rows["time"].tolist(), strict=True))
    until = time[target] if target is not None else np.inf
    before = {i: t for i, t in time.items() if t <= until and i != target}
    kept: dict[int, int] = {}
    for t in sorted(set(before.values()), reverse=True):
        group = {i: x for i, x in before.items() if x == t}
        if kept and len(kept) + len(group) > most:
            break
        kept |= group
    return {
        i: sum(y > t for y in kept.values()) + (sum(y == t for y in kept.values()) - 1) / 2 for i, t in kept.items()
    }


rows = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 8), st.integers(0, 5)), max_size=40)


@given(rows, st.integers(1, 8))
@settings(max_examples=200, deadline=None)
def test_contexts_are_those_of_the_definition(given_rows, most):
    data = dataset(given_rows)
    events = training_events(data, most)
    item, rank = events.contexts(np.arange(len(events)))
    assert item.shape == rank.shape and ((item < 0) == np.isnan(rank)).all()
    for e in range(len(events)):
        there = item[e] >= 0
        found = dict(zip(item[e][there].tolist(), rank[e][there].tolist(), strict=True))
        assert found == expected(data, events.user[e], events.target[e], most)
    with_context = sum(
        ((r.user == data.train["user"]) & (data.train["time"] <= r.time)).sum() > 1 for r in data.train.itertuples()
    )
    assert len(events) == with_context


@given(rows, st.integers(1, 8))
@settings(max_examples=100, deadline=None)
def test_what_comes_next_has_all_of_a_history_before_it(given_rows, most):
    data = dataset(given_rows)
    events = next_events(data, np.array([3, 0, 2, 1]), most)
    item, rank = events.contexts(np.arange(4))
    for e, user in enumerate((3, 0, 2, 1)):
        there = item[e] >= 0
        assert dict(zip(item[e][there].tolist(), rank[e][there].tolist(), strict=True)) == expected(
            data, user, None, most
        )
    row, had = events.had(np.arange(4))
    for e, user in enumerate((3, 0, 2, 1)):
        assert sorted(had[row == e]) == sorted(data.train["item"][data.train["user"] == user])


@given(rows)
@settings(max_examples=100, deadline=None)
def test_what_somebody_had_is_all_at_or_before_the_event(given_rows):
    data = dataset(given_rows)
    events = training_events(data, 3)
    row, had = events.had(np.arange(len(events)))
    for e in range(len(events)):
        of_user = data.train[data.train["user"] == events.user[e]]
        time = of_user["time"][of_user["item"] == events.target[e]].item()
        before = of_user["item"][(of_user["time"] <= time) & (of_user["item"] != events.target[e])]
        assert sorted(had[row == e]) == sorted(before)


@given(rows, st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_the_order_within_a_tie_is_not_used(given_rows, random):
    """Tied rows shuffled: the same contexts, as sets of items with ranks, for the same users and targets."""
    data = dataset(given_rows)
    shuffled = data.train.sample(frac=1, random_state=random.randrange(10**6)) if len(data.train) else data.train
    other = replace(data, train=interactions(shuffled["user"], shuffled["item"], shuffled["time"]))

    def told(one: RecDataset) -> dict:
        events = training_events(one, 4)
        item, rank = events.contexts(np.arange(len(events)))
        return {
            (events.user[e], events.target[e]): sorted(
                zip(item[e].tolist(), np.nan_to_num(rank[e]).tolist(), strict=True)
            )
            for e in range(len(events))
        }

    assert told(data) == told(other)


def test_the_example_of_the_docstring():
    data = dataset([(0, n, t) for n, t in enumerate((1, 2, 2, 2, 5))])
    events = training_events(data)
    item, rank = events.contexts(np.flatnonzero(events.target == 2))
    assert dict(zip(item[0].tolist(), rank[0].tolist(), strict=True)) == {0: 2.0, 1: 0.5, 3: 0.5}


def test_data_without_times_are_refused():
    with pytest.raises(RamgnnError, match="does not say when"):
        training_events(replace(small_dataset(), time_kind="none"))
