"""Every reading is a setting, every setting a checked one."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from ramgnn import datasets, paper, readings
from ramgnn.config import CHOICES, LEAST, Config, FinetuneConfig, PretrainConfig
from ramgnn.errors import NotFoundError, RamgnnError
from ramgnn.evaluation import rank_test


def test_readings_name_settings_and_their_choices():
    assert [r.id for r in readings.READINGS] == [f"R{n}" for n in range(1, 18)]
    for r in readings.READINGS:
        assert r.printed and r.problem and r.place and r.choices
        if r.setting:
            stage, key = r.setting.split(".")
            assert set(r.choices) == set(CHOICES[stage][key]), r.id


def test_configurations_choose_what_the_table_says():
    table = readings.table()
    assert table.loc["R5", "as_printed"] == "raw"
    assert table.loc["R6", "as_printed"] == "printed"
    assert table.loc["R7", "as_printed"] == "mlp"
    assert table.loc["R10", "as_printed"] == "printed"
    assert table.loc["R12", "as_printed"] == "bpr"
    for name in readings.CONFIGS:
        config = readings.named(name)
        assert config.name == name
        assert config.validate() is config
        assert Config.from_dict(config.to_dict()) == config


def test_without_a_setting_both_configurations_take_the_first_choice():
    table = readings.table()
    for r in readings.READINGS:
        if not r.setting:
            assert table.loc[r.id, "default"] == table.loc[r.id, "as_printed"] == next(iter(r.choices))


def test_protocol_is_that_of_the_files_and_table_2_is_swapped():
    """R16 and R17 say what the code does: equal scores share their average place, KKBox's users are its test users."""
    toy = datasets.load("toy")
    constant = rank_test(lambda users: np.zeros((len(users), toy.n_items)), toy)
    assert (constant > 1).all() and "average place" in readings.reading("R16").choices["as in RCF's files"]
    assert paper.USERS["kkbox"] == paper.table2().loc["kkbox", "items"] == 24_613
    assert "24,613 users" in readings.reading("R17").choices["exchanged"]
    with pytest.raises(NotFoundError, match="R99"):
        readings.reading("R99")


def test_checks_know_every_setting_by_name():
    for stage, kind in (("pretrain", PretrainConfig), ("finetune", FinetuneConfig)):
        names = {f.name: f.type for f in fields(kind)}
        assert set(CHOICES[stage]) | set(LEAST[stage]) <= set(names)
        free = set(names) - set(CHOICES[stage]) - set(LEAST[stage])
        assert free <= {"attention", "edge_dropout", "ema_decay"}, "a setting nothing checks"


def test_settings_from_text():
    config = Config().override(
        ["pretrain.dim=32", "finetune.loss=bpr", "pretrain.attention=false", "pretrain.k_max=9", "seed=4"]
    )
    assert config.pretrain.dim == 32
    assert config.finetune.loss == "bpr"
    assert config.pretrain.attention is False
    assert config.pretrain.k_max == 9
    assert config.seed == 4
    assert Config().override(["pretrain.k_max=none"]).pretrain.k_max is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("pretrain.dim", "expected NAME=VALUE"),
        ("pretrain.dims=3", "did you mean 'pretrain.dim'"),
        ("other.dim=3", "no setting 'other.dim'"),
        ("pretrain.dim=many", "expected a whole number"),
        ("pretrain.lr=fast", "expected a number"),
        ("finetune.loss=hinge", "finetune.loss is 'hinge'; expected bpr or softmax"),
        ("pretrain.dim=7", "needs an even number"),
        ("pretrain.k=0", "pretrain.k is 0; expected at least 1"),
        ("finetune.edge_dropout=1", "expected 0 up to below 1"),
    ],
)
def test_bad_settings_are_named(text, message):
    with pytest.raises((RamgnnError, NotFoundError)) as found:
        Config().override([text])
    assert message in str(found.value)


def test_ablations():
    base = readings.default()
    assert readings.ablation(base, "full") == base
    assert readings.ablation(base, "single").finetune.start == "random"
    assert readings.ablation(base, "rns").pretrain.attention is False
    assert readings.ablation(base, "attention").pretrain.sampler == "none"
    for asked in (readings.ablation, lambda _, name: readings.named(name)):
        with pytest.raises(NotFoundError):
            asked(base, "nothing")
