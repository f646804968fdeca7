"""The protocol and the claims, as they are read from the store."""

from __future__ import annotations

import numpy as np
import pytest

from book.bookext import protocol as page
from ramgnn.errors import DataError
from ramgnn.experiments import protocol
from ramgnn.experiments.lineup import model_spec
from ramgnn.experiments.store import Result, Store, Trial
from ramgnn.experiments.verdicts import MISSING


@pytest.fixture
def store(tmp_path) -> Store:
    """MF with four trials, one of them pruned and one failed, and two runs; popularity with one of both."""
    store = Store(tmp_path)
    for number, state, value in ((0, "complete", 0.1), (1, "pruned", 0.05), (2, "complete", 0.2), (3, "failed", 0.0)):
        settings = {"lr": 0.01 * (number + 1), "l2": 0.001, "batch": 512, "std": 0.01}
        store.put_trial("ml-100k", "mf", Trial(number, settings, value, 7, state, 900.0, {}, ((7, value),)), {})
    store.put_trial("ml-100k", "popularity", Trial(0, {}, 0.05, 0, "complete", 1.0, {}), {})
    for seed in (0, 1):
        ranks = np.array([1.0, 2.0, 30.0])
        store.put(Result("ml-100k", "mf", seed, ranks, "f", {}, {}, 7, 450.0, {}, {}))
    return store


def test_effort_is_counted(store):
    spent = protocol.spent(store, "ml-100k")
    assert list(spent.index) == ["mf", "popularity"]
    row = spent.loc["mf"]
    assert (row["trials"], row["pruned"], row["failed"], row["epochs"], row["runs"]) == (4, 1, 1, 7, 2)
    assert row["hours"] == 1.25 and spent.loc["popularity", "cap"] == "–"
    assert protocol.spent(store, "kkbox").empty


def test_spaces_stand_beside_what_was_chosen(store):
    found = protocol.searched(store, model_spec("mf", "toy"))
    assert list(found.columns) == ["searched", "first", "MovieLens-100K"]
    assert found.loc["lr", "MovieLens-100K"] == "0.03" and "to" in found.loc["lr", "searched"]
    text = "\n".join(page.lines(store))
    assert "| mf | 4 | 4 | 1 | 1 | 7 |" in text and "### mf\n" in text and "### rcf" not in text


def test_claims_stand_by_data_set_and_model(store):
    found = protocol.judged(store, ["ml-100k"])
    assert {x["ours"] for x in found["verdicts"]} == set(protocol.OURS)
    assert {x["verdict"] for x in found["verdicts"]} == {MISSING}
    text = "\n".join(page.claims(found))
    assert "MovieLens-100K, as printed" in text and "- **RQ1.1**, not measured yet: no runs of ram-gnn" in text


def test_the_fingerprint_changes_with_any_run(store):
    before = protocol.fingerprint(store)
    assert protocol.fingerprint(store) == before
    store.put(Result("ml-100k", "mf", 2, np.array([1.0, 2.0, 3.0]), "f", {}, {}, 7, 450.0, {}, {}))
    assert protocol.fingerprint(store) != before


def test_the_verdicts_in_the_book_are_of_the_runs_that_are_stored():
    found = protocol.read()
    assert found["runs"] == protocol.fingerprint(Store()), protocol.FIX
    frame = protocol.claimed(found)
    assert len(frame) >= 15 and list(frame.columns[:2]) == ["claim", "place"] and len(frame.columns) == 8


def test_without_the_verdicts_the_remedy_is_named(tmp_path):
    with pytest.raises(DataError, match="python -m ramgnn.experiments.protocol"):
        protocol.read(tmp_path / "verdicts.json")
