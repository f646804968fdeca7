"""The outside checks: what is stored follows from its ranks, nothing is left out, and a tolerance can be missed."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from ramgnn import baselines
from ramgnn.baselines.encoders import ENCODERS
from ramgnn.datasets.base import RecDataset
from ramgnn.errors import DataError, RamgnnError
from ramgnn.evaluation import metrics
from ramgnn.experiments import data, outside
from ramgnn.experiments.outside import __main__ as runner
from ramgnn.experiments.outside import check, lineup, lineup_trained, stored
from ramgnn.experiments.outside.check import Check, compare
from ramgnn.experiments.store import fingerprint_test, unpack
from tests.small import small_dataset

FILES = sorted(stored.FOLDER.glob("*.json"))


def ranks(hits: int, n: int = 1000) -> np.ndarray:
    """So many first places, the rest far down."""
    found = np.full(n, 500.0)
    found[:hits] = 1.0
    return found


def agrees(theirs: list[int], ours: list[int], kind: str) -> bool:
    return all(x.agrees for x in compare([ranks(x) for x in theirs], [ranks(x) for x in ours], kind))


# ---- what is stored -------------------------------------------------------------------------------------------------


def test_the_table_has_a_row_for_each_stored_check():
    table = outside.table()
    assert len(table) == len(FILES) > 0
    assert set(table["verdict"]) <= {"agrees", "differs"}
    for name in ("NDCG@10", "HR@10"):
        difference = table[f"{name} theirs"] - table[f"{name} ours"]
        np.testing.assert_allclose(table[f"{name} difference"], difference, atol=1e-12)
    within = (table["NDCG@10 difference"].abs() <= table["NDCG@10 tolerance"]) & (
        table["HR@10 difference"].abs() <= table["HR@10 tolerance"]
    )
    assert not (table["verdict"] == "agrees")[~within].any()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_metrics_of_a_stored_check_follow_from_its_ranks(path):
    content = json.loads(path.read_text())
    for side in ("theirs", "ours"):
        of_seeds = [metrics(unpack(text)) for text in content["ranks"][side]]
        assert len(of_seeds) == len(content["seeds"])
        for name, said in content["metrics"][side].items():
            assert said["mean"] == pytest.approx(np.mean([x[name] for x in of_seeds]), abs=1e-12)
    assert stored.get(path).agrees == content["agrees"]


def test_stored_checks_are_those_of_the_lineup_with_all_seeds():
    """A check that was changed since is to be made again."""
    known = {x.name: x for x in lineup.checks()}
    assert len(known) == len(lineup.checks())
    for path in FILES:
        wanted, made = known[path.stem], stored.get(path)
        assert made.seeds == list(wanted.seeds) and made.differences == list(wanted.differences)
        assert runner.made_before(wanted, path) is not None


def test_every_check_ranks_the_last_training_items():
    try:
        view = data.load("ml-100k").validation()
    except RamgnnError as error:
        pytest.skip(f"MovieLens-100K is not here: {error}")
    for made in outside.all_made():
        assert made.test_fingerprint == fingerprint_test(view)


def test_every_baseline_and_encoder_has_a_library_or_code_that_was_read():
    covered = {x.baseline for x in outside.all_made()} | {x.model for x in outside.CODE_READ}
    assert covered >= set(baselines.names()) | {name for name in ENCODERS if ENCODERS[name].__module__[:6] == "ramgnn"}


def test_code_that_was_read_says_where_it_is():
    for x in outside.CODE_READ:
        assert x.differences and bool(x.where) == x.read


# ---- tolerances -----------------------------------------------------------------------------------------------------


def test_a_training_may_lie_a_hundredth_of_hits_away():
    assert agrees([104, 104, 104], [100, 100, 100], "trained")
    assert not agrees([111, 111, 111], [100, 100, 100], "trained")


def test_two_standard_errors_are_allowed_where_they_are_more():
    apart = compare([ranks(x) for x in (100, 130, 160)], [ranks(x) for x in (100, 100, 100)], "trained")
    assert apart[0].metric == "HR@10" and apart[0].allowed == pytest.approx(2 * 0.03 / 3**0.5)
    assert apart[0].agrees and apart[0].theirs - apart[0].ours == pytest.approx(0.03)


@pytest.mark.parametrize("kind", ["closed form", "weights"])
def test_where_nothing_is_drawn_one_user_is_too_many(kind):
    assert agrees([100], [100], kind) and not agrees([101], [100], kind)


def test_only_what_has_a_tolerance_is_judged_in_a_training():
    found = {x.metric: x for x in compare([ranks(100)], [ranks(100)], "trained")}
    assert found["HR@20"].allowed is None and found["HR@20"].agrees


# ---- making them ----------------------------------------------------------------------------------------------------


def popular(view: RecDataset, check: Check, seed: int, ours: object) -> object:
    """A library of one's own: what ours gives, or the other way round."""
    return ours if check.theirs["right"] else lambda users: -ours(users)


def made_up(**changes) -> Check:
    usual = {"kind": "closed form", "seeds": (0, 1), "theirs": {"right": True}}
    return Check(**{"baseline": "popularity", "library": "numpy", "fit": popular} | usual | changes)


def test_a_check_is_made_once_and_goes_on_where_it_stopped(tmp_path):
    dataset, runs = small_dataset(), []

    def counted(view, check, seed, ours):
        runs.append(seed)
        return popular(view, check, seed, ours)

    one = made_up(fit=counted, seeds=(0,))
    assert runner.make(one, dataset, tmp_path).agrees
    assert runner.make(replace(one, seeds=(0, 1)), dataset, tmp_path).seeds == [0, 1]
    assert runs == [0, 1]
    said = replace(one, seeds=(0, 1), differences=("none",))
    assert runner.make(said, dataset, tmp_path).differences == ["none"] and runs == [0, 1]
    assert stored.get(tmp_path / "popularity--numpy.json").differences == ["none"]
    runner.make(replace(said, theirs={"right": True, "k": 1}), dataset, tmp_path)
    assert runs == [0, 1, 0, 1]


def test_a_library_that_does_something_else_differs(tmp_path):
    made = runner.make(made_up(theirs={"right": False}), small_dataset(), tmp_path)
    assert not made.agrees
    assert list(stored.table(tmp_path)["verdict"]) == ["differs"]


def test_a_stored_check_whose_metrics_were_changed_is_refused(tmp_path):
    runner.make(made_up(), small_dataset(), tmp_path)
    path = tmp_path / "popularity--numpy.json"
    content = json.loads(path.read_text())
    content["metrics"]["theirs"]["HR@10"]["mean"] += 0.01
    path.write_text(json.dumps(content))
    with pytest.raises(DataError, match="does not follow"):
        stored.get(path)


def test_the_test_items_are_never_learned_from():
    dataset = small_dataset()
    view = made_up().view(dataset)
    pairs = set(map(tuple, view.train[["user", "item"]].to_numpy().tolist()))
    assert not pairs & set(map(tuple, dataset.test[["user", "item"]].to_numpy().tolist()))


def test_a_library_that_is_not_there_is_named():
    with pytest.raises(RamgnnError, match="pip install nosuchlibrary"):
        check.need("nosuchlibrary.models", "nosuchlibrary")


def test_earlier_items_that_are_left_out_are_not_ranked():
    view = small_dataset()
    last = lineup_trained.last_items(view, 2)
    assert last.train.groupby("user").size().max() == 2
    had = (view.matrix(seen=True) != last.matrix(seen=True)).nnz
    assert had == 0
    for user in range(view.n_users):
        assert last.history(user).tolist() == view.history(user)[-2:].tolist()
