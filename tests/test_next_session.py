"""The split by sessions, against a walk through each user's rows."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ramgnn
from ramgnn.errors import NotFoundError, RamgnnError
from ramgnn.experiments import data
from ramgnn.experiments.next_session import LEAST, next_session
from ramgnn.experiments.runner import Plan, execute
from ramgnn.experiments.store import Store

TIMES = st.lists(st.lists(st.integers(0, 40), min_size=2, max_size=12), min_size=1, max_size=4)


def frames(times: list[list[int]]):
    """Somebody who comes back, and others, each with things of their own at these times."""
    rows = [(f"u{u}", f"i{n}", 10**9 + t) for u, ts in enumerate([[0, 1, 2, 30, 30], *times]) for n, t in enumerate(ts)]
    return ramgnn.from_frames(pd.DataFrame(rows, columns=["user", "item", "time"]))


@given(TIMES, st.integers(0, 3))
def test_nothing_of_the_last_session_is_learned_from(times, seed):
    dataset = frames(times)
    view = next_session(dataset, gap=10, seed=seed).check()
    everything = pd.concat([dataset.train, dataset.test])
    tested = dict(zip(view.test["user"], view.test[["item", "time"]].to_numpy(), strict=True))
    for user, rows in everything.groupby("user"):
        rows = rows.sort_values("time", kind="stable")
        last = [rows["time"].iloc[-1]]  # walk back until there is a gap
        for time in reversed(rows["time"].tolist()[:-1]):
            if last[0] - time > 10:
                break
            last = [time, *last]
        before, session = rows.iloc[: -len(last)], rows.iloc[-len(last) :]
        kept = view.train[view.train["user"] == user]
        if len(before) < LEAST:
            assert user not in tested and len(kept) == len(rows)
            continue
        assert sorted(kept["item"]) == sorted(before["item"])
        item, time = tested[user]
        assert time == session["time"].min() and item in set(session["item"][session["time"] == time])
        assert set(view.seen[view.seen[:, 0] == user, 1]) == set(session["item"]) - {item}
    assert view.test.equals(next_session(dataset, gap=10, seed=seed).test)


def test_of_several_things_at_the_beginning_one_is_drawn():
    tied = {int(next_session(frames([]), gap=10, seed=seed).test["item"].iloc[0]) for seed in range(20)}
    assert len(tied) == 2


def test_without_times_or_a_second_session_there_is_no_such_split():
    with pytest.raises(RamgnnError, match="nobody in data set"):
        next_session(frames([]), gap=10**6)
    with pytest.raises(RamgnnError, match="no clock times"):
        next_session(ramgnn.load("movietweetings"))
    with pytest.raises(NotFoundError):
        data.load("movietweetings next session")


def test_settings_are_those_that_were_chosen_on_the_other_split(tmp_path, monkeypatch):
    """No trial of its own, and the run has the settings and epochs of the trials there."""
    monkeypatch.setitem(data.NEXT_SESSION, "toy next session", "toy")
    monkeypatch.setattr(data, "next_session", lambda dataset: dataset)
    store = Store(tmp_path)
    with pytest.raises(RamgnnError, match="'mf' is to be tuned on toy first"):
        Plan("toy next session", ("mf",), (0,), 1).missing(store)
    assert not execute(Plan("toy", ("mf",), (), 1), store, 1, False)
    plan = Plan("toy next session", ("mf",), (0, 1), 1)
    assert [(t.trial, t.seed) for t in plan.missing(store)] == [(None, 0), (None, 1)]
    from ramgnn.experiments import runner

    spec = runner.model_spec("mf", "toy")
    run = runner.run_tuned(store, "toy next session", data.load("toy next session"), spec, 0)
    assert (run.data, run.tuned) == ("toy next session", store.trials("toy", "mf")[0].settings)
    store.put(run)
    assert [t.seed for t in plan.missing(store)] == [1] and np.isfinite(run.ranks).all()
