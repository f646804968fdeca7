"""Groups of test users by the time that passed, and results within them."""

import json

import numpy as np
import pytest

from ramgnn.errors import RamgnnError
from ramgnn.evaluation import SESSIONS
from ramgnn.experiments import data, groups
from ramgnn.experiments.statistics import compare, mean_gain
from ramgnn.experiments.store import Result, Store, fingerprint_test
from tests.test_next_session import frames


def test_stored_groups_are_those_of_the_stored_runs():
    run = Store().get("ml-100k", "popularity", 0)
    parts = {group: groups.within([run], group)[0] for group in SESSIONS}
    assert sum(len(part.ranks) for part in parts.values()) == len(run.ranks)
    assert [len(part.ranks) for part in parts.values()] == np.bincount(groups.groups("ml-100k")).tolist()
    whole = sum(len(x.ranks) * mean_gain([x], "NDCG@10") for x in parts.values()) / len(run.ranks)
    assert whole == pytest.approx(run.metrics()["NDCG@10"])
    assert compare([parts["later"]], [parts["later"]], "NDCG@10").difference == 0
    with pytest.raises(RamgnnError, match="different test users"):
        compare([parts["later"]], [parts["same time"]], "NDCG@10")


def test_other_users_are_refused():
    run = Store().get("ml-100k", "popularity", 0)
    with pytest.raises(RamgnnError, match="other test users"):
        groups.within([Result("ml-100k", "made up", 0, run.ranks, "another")], "later")
    with pytest.raises(RamgnnError, match="no groups are stored"):
        groups.groups("movietweetings")


def test_what_is_written_is_what_the_data_say(tmp_path, monkeypatch):
    """One user waits 20 seconds, one has two things in a second, one comes back after two hours."""
    dataset = frames([[0, 5, 5], [0, 3, 10_000]])
    monkeypatch.setattr(data, "load", lambda name: dataset)
    groups.main(["made up"], tmp_path / "groups.json")
    found = json.loads((tmp_path / "groups.json").read_text())["made up"]
    assert found["test_fingerprint"] == fingerprint_test(dataset)
    assert [SESSIONS[int(code)] for code in found["groups"]] == ["same time", "same time", "later"]
