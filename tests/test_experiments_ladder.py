"""The ladder: its ends are our two configurations, each rung is one change, and every reading has its place."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ramgnn import readings
from ramgnn.config import STAGES
from ramgnn.experiments import ladder
from ramgnn.experiments.models import RamGnn
from ramgnn.experiments.store import Result, Store
from ramgnn.experiments.tuning import run_trial

SPECS = {spec.name: spec for spec in ladder.specs(300, 20)}
FREE = {*ladder.SPACE, "finetune.epochs", "finetune.combine"}  # tuned, or without a meaning in linear propagation


def settings(name: str) -> dict[str, object]:
    """All settings of a model, flat."""
    config = SPECS[name].configured({}, 0).to_dict()
    return {f"{stage}.{key}": value for stage in STAGES for key, value in config[stage].items()}


def differing(a: dict, b: dict) -> set[str]:
    return {key for key in a if a[key] != b[key]} - FREE


def flat(config) -> dict[str, object]:
    found = config.to_dict()
    return {f"{stage}.{key}": value for stage in STAGES for key, value in found[stage].items()}


def test_the_ends_are_the_two_configurations():
    assert not differing(settings(ladder.BOTTOM), flat(readings.as_printed()))
    assert not differing(settings(ladder.TOP), flat(readings.default()))


@pytest.mark.parametrize("order", ["up", "down"])
def test_each_rung_is_one_change(order):
    models = ladder.names(order)
    assert len(models) == len(ladder.RUNGS) + 1
    for a, b, rung in zip(models, models[1:], ladder.rungs(order), strict=False):
        assert differing(settings(a), settings(b)) == set(rung.settings), rung.name
    assert differing(settings(ladder.aside(ladder.ASIDE[0])), settings(ladder.TOP)) == {"pretrain.softmax"}


def test_every_reading_with_a_setting_has_its_place():
    placed = {rung.name for rung in (*ladder.RUNGS, *ladder.ASIDE)}
    assert {r.id for r in readings.READINGS if r.setting} <= placed
    table = readings.table()
    for rung in ladder.ASIDE:  # alike in both configurations
        assert table.loc[rung.name, "default"] == table.loc[rung.name, "as_printed"]
        assert list(rung.settings.values())[0] != table.loc[rung.name, "default"]


def test_the_settings_of_both_ends_are_tried_before_the_search(monkeypatch):
    tried = []
    monkeypatch.setattr(RamGnn, "validate", lambda self, data, given, seed, report: (tried.append(given) or 0.5, 3))
    spec, earlier = SPECS["ladder up 3"], []
    for number in range(3):
        earlier.append(run_trial(spec, None, number, earlier))
    assert tried[0]["finetune.lr"] == readings.as_printed().finetune.lr and tried[1] == ladder.OURS
    assert tried[2] not in tried[:2]
    default = flat(readings.default())
    assert all(default[key] == value for key, value in ladder.OURS.items())


def test_what_a_change_is_worth_comes_with_its_interval(tmp_path):
    store, rng = Store(tmp_path), np.random.default_rng(0)
    rows = {name: 0.2 for name in [*ladder.names("up"), *map(ladder.aside, ladder.ASIDE)]}
    rows |= dict.fromkeys(ladder.names("up")[8:], 0.5)  # R10 is the eighth change
    for name, share in rows.items():
        for seed in range(3):
            ranks = np.where(rng.random(300) < share, 1.0, 90.0)
            store.put(Result("toy", name, seed, ranks, "same", {}, {}, 1, 1.0, {}, {}))
    table = ladder.worth(store, "toy", n=500)
    assert table.loc["R10", "up"].startswith("+0.") and "[+0." in table.loc["R10", "up"]
    assert (table["down"] == "").all()  # the two ends are there, nothing between
    assert table.loc["R2", "aside"].startswith("-0.")
    heights = ladder.heights(store, "toy", "up")
    assert list(heights.index) == ["as printed", *(r.name for r in ladder.RUNGS)]
    assert heights.loc["R12", "mean"] > heights.loc["R1", "mean"] + 0.2


def test_the_page_of_readings_says_what_each_is_worth():
    from book.bookext.directives import worth_of

    rows = {"R7": ["similarity", "+0.0100 [0.001, 0.02]", "", ""], "R2": ["softmax", "", "", "-0.1 [-0.2, 0.0]"]}
    table = pd.DataFrame({**rows, "R1": ["width", "", "", ""]}, ["what", "up", "down", "aside"]).T
    (line,) = worth_of("R7", table)
    assert "(similarity): +0.0100 [0.001, 0.02] on the way up." in line
    assert "where the other choice is taken" in worth_of("R2", table)[0]
    assert worth_of("R1", table) == worth_of("R13", table) == []
