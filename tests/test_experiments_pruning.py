"""Pruned trials made again: which, what comes of them, and how they are counted."""

from __future__ import annotations

import sys
from dataclasses import asdict

import pytest

from ramgnn.errors import DataError
from ramgnn.experiments import pruning
from ramgnn.experiments.lineup import model_spec
from ramgnn.experiments.pruning import Again, drawn, read, table
from ramgnn.experiments.store import Store, Trial
from ramgnn.experiments.tuning import first_settings
from ramgnn.files import write_json


def trial(number: int, state: str, value: float = 0.1) -> Trial:
    return Trial(number, first_settings(model_spec("mf", "toy")), value, 3, state, 1.0, {}, ((3, value),))


def test_the_lot_is_the_same_in_every_call_and_another_for_another_model():
    trials = [trial(n, "pruned" if n % 2 else "complete") for n in range(40)]
    first = [t.number for t in drawn(trials, "mf")]
    assert len(first) == pruning.EACH and all(n % 2 for n in first)
    assert first == [t.number for t in drawn(trials, "mf")] != [t.number for t in drawn(trials, "fm")]
    assert [t.number for t in drawn(trials[:4], "mf")] == [1, 3]


def test_a_trial_is_made_again_to_its_end():
    found = pruning.again("toy", "mf", trial(7, "pruned", 0.01), 2.0)
    assert found.whole >= 0 and found.epochs >= 1 and not found.would_have_won
    whole, epochs = model_spec("mf", "toy").validate(pruning.data.load("toy"), trial(7, "pruned").settings)
    assert (found.whole, found.epochs) == (whole, epochs)


def test_who_would_have_won_is_counted(tmp_path):
    found = [Again("toy", "mf", n, 0.1, whole, 0.3, 5) for n, whole in enumerate((0.2, 0.29, 0.31))]
    row = table(found).loc["mf"]
    assert row["made again"] == 3 and row["would have won"] == 1
    assert row["least behind"] == pytest.approx(0.01) and row["most behind"] == pytest.approx(-0.1)
    path = tmp_path / "pruning-toy.json"
    assert read(path) == []
    write_json(path, {"again": [asdict(x) for x in found]})
    assert read(path) == found
    path.write_text("[]")
    with pytest.raises(DataError, match="python -m ramgnn.experiments.pruning"):
        read(path)


def test_what_is_done_is_not_made_again(tmp_path, monkeypatch, capsys):
    store = Store(tmp_path)
    for one in (trial(0, "complete", 0.5), trial(1, "pruned"), trial(2, "pruned")):
        store.put_trial("toy", "mf", one, {})
    monkeypatch.setattr(sys, "argv", ["pruning", "--data", "toy", "--store", str(tmp_path), "--jobs", "1"])
    pruning.main()
    first = read(tmp_path / "pruning-toy.json")
    assert [x.number for x in first] == [1, 2] and "made again" in capsys.readouterr().out
    monkeypatch.setattr(pruning, "again", None)
    pruning.main()
    assert read(tmp_path / "pruning-toy.json") == first
