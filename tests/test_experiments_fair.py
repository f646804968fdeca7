"""The fair line-up: one cap and one patience for everybody, nobody cut, the letter tuned, starts alike."""

from __future__ import annotations

import pytest

from ramgnn.experiments.fair import CAP, CLAIMED, PATIENCE
from ramgnn.experiments.lineup import FAIR
from ramgnn.experiments.models import ClosedForm
from ramgnn.experiments.tuning import first_settings


@pytest.mark.parametrize("name", FAIR)
def test_nobody_is_untuned_cut_or_capped(name):
    spec = FAIR[name]
    assert spec.budget() == ((0, 0) if isinstance(spec, ClosedForm) else (CAP, PATIENCE))
    assert spec.settings({}).get("per_user") is None
    assert spec.space or spec.inherits_from or name in ("popularity", "ram-gnn default")
    assert not spec.inherits_from or FAIR[spec.inherits_from].space
    assert set(first_settings(spec)) == set(spec.space)


def test_rows_that_carry_a_claim_are_searched_three_times_with_seeds_of_their_own():
    for name in CLAIMED:
        searches = [FAIR[n].search for n in (name, f"{name} search 2", f"{name} search 3")]
        assert searches == [0, 1, 2] and FAIR[f"{name} search 2"].space == FAIR[name].space


@pytest.mark.parametrize("name", ["single", "as printed single"])
def test_a_random_start_is_as_long_as_the_pretrained_one_of_the_whole(name):
    for scale in (0.03, 0.3):
        config = FAIR[name].configured({"finetune.scale": scale}, 0)
        assert config.finetune.init_std == scale and config.finetune.start == "random"
