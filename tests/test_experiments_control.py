"""The positive control: its data, its table, and that what is done is not done again."""

from __future__ import annotations

from dataclasses import asdict, replace

import numpy as np
import pytest

from ramgnn.errors import DataError
from ramgnn.experiments import control
from ramgnn.experiments.control import Control, read, table
from ramgnn.experiments.models import RamGnn
from ramgnn.experiments.verdicts import HOLDS, OPEN
from ramgnn.files import write_json

LIGHT = {"pretrain.epochs": 1, "pretrain.dim": 4, "finetune.epochs": 2}


def one(importance: float, seed: int, gain: float, verdict: str) -> Control:
    return Control(importance, seed, 0.1 + gain, 0.1, gain, gain - 0.01, gain + 0.01, verdict)


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(control, "SIZES", {"n_users": 30, "n_items": 40, "n_interactions": 200})
    specs = (RamGnn(name="ram-gnn", overrides=LIGHT), RamGnn(name="single", ablation="single", overrides=LIGHT))
    monkeypatch.setattr(control, "MODELS", specs)


def test_relations_follow_taste_to_the_degree_asked_for(small):
    for importance in (0.0, 1.0):
        data = control.data_set(importance, 0)
        assert {r.importance for r in (*data.item_relations, *data.user_relations)} == {importance}
        planted = np.concatenate([r.planted for r in data.item_relations])
        assert planted.mean() == importance


def test_one_data_set_is_judged_like_a_real_one(small):
    found = control.control(1.0, 0, n_runs=2)
    assert found.difference == pytest.approx(found.pretrained - found.single)
    assert found.low <= found.difference <= found.high and (found.importance, found.seed) == (1.0, 0)
    assert replace(found, verdict="") == replace(control.control(1.0, 0, n_runs=2), verdict="")


def test_the_table_counts_how_often_it_holds():
    gains = [0.02, 0.03, 0.01]
    rows = [one(1.0, s, g, HOLDS if s else OPEN) for s, g in enumerate(gains)] + [one(0.0, 0, 0.001, OPEN)]
    found = table(rows)
    assert list(found.index) == [0.0, 1.0] and found.loc[1.0, "verdict holds"] == 2
    assert found.loc[1.0, "gain"] == pytest.approx(0.02) and found.loc[1.0, "error"] == pytest.approx(0.01 / 3**0.5)
    assert np.isnan(found.loc[0.0, "error"]) and found.loc[0.0, "data sets"] == 1


def test_what_is_done_is_not_done_again(tmp_path, monkeypatch, capsys):
    path = tmp_path / "control.json"
    assert read(path) == []
    done = [one(beta, 0, 0.01, OPEN) for beta in control.IMPORTANCE]
    write_json(path, {"control": [asdict(x) for x in done]})
    monkeypatch.setattr(control, "control", None)
    control.main(["--data-sets", "1", "--jobs", "1", "--out", str(path), "--quiet"])
    assert read(path) == done and "verdict holds" in capsys.readouterr().out


def test_a_file_that_cannot_be_read_says_what_to_do(tmp_path):
    path = tmp_path / "control.json"
    for text in ("[]", '{"control": [{"importance": 1.0}]}', "{"):
        path.write_text(text)
        with pytest.raises(DataError, match="python -m ramgnn.experiments.control"):
            read(path)


@pytest.mark.parametrize("option", ["--data-sets", "--runs", "--jobs"])
def test_numbers_below_one_are_refused(option, capsys):
    with pytest.raises(SystemExit):
        control.main([option, "0"])
    assert f"{option} is 0; expected at least 1" in capsys.readouterr().err
