"""The runner, the trials and the store, on six people and eight films."""

from __future__ import annotations

import json
import math
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ramgnn.errors import DataError, DivergedError, NotFoundError, RamgnnError
from ramgnn.evaluation import ScoreError
from ramgnn.experiments import data
from ramgnn.experiments.lineup import CAPPED, FAIR, line_up, model_spec
from ramgnn.experiments.models import TrainedBaseline
from ramgnn.experiments.runner import Plan, Task, execute, ready, run_tuned, run_with
from ramgnn.experiments.spaces import SPACES
from ramgnn.experiments.store import FOLDER, Result, Store, Trial, best, fingerprint_test, pack, unpack
from ramgnn.experiments.tuning import first_settings, run_trial

optuna = pytest.importorskip("optuna")


def result(model: str = "mf", seed: int = 0, ranks=(1.0, 2.5, 7.0)) -> Result:
    return Result("toy", model, seed, np.array(ranks), "f" * 16, {"lr": 0.1}, {"lr": 0.1}, 3, 1.5, {"commit": None}, {})


def trial(number: int, value: float, state: str = "complete") -> Trial:
    steps = ((1, 0.1), (2, value)) if state != "failed" else ()
    return Trial(number, {"lr": 0.1}, value, 3, state, 1.0, {}, steps)


# ---- the store ------------------------------------------------------------------------------------------------------


@given(st.lists(st.integers(2, 2 * 61_877).map(lambda n: n / 2), max_size=50))
def test_packed_ranks_come_back(ranks):
    assert unpack(pack(np.array(ranks))).tolist() == ranks


def test_ranks_that_are_no_average_of_places_are_refused():
    with pytest.raises(ValueError, match=r"end in \.5"):
        pack(np.array([1.25]))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"ranks": None}, "'ranks' is null"),
        ({"ranks": "AAAA"}, "the ranks cannot be read"),
        ({"seed": "0"}, "'seed' is text"),
        ({"tuned": []}, "'tuned' is a list"),
        ({"history": ...}, "the key 'history' is missing"),
    ],
)
def test_a_stored_run_of_another_shape_is_a_clear_error(tmp_path, change, said):
    store = Store(tmp_path)
    store.put(result())
    path = store.place("toy", "mf") / "0.json"
    content = json.loads(path.read_text()) | change
    path.write_text(json.dumps({key: x for key, x in content.items() if x is not ...}))
    with pytest.raises(DataError, match=said):
        store.get("toy", "mf", 0)
    path.write_text("[]")
    with pytest.raises(DataError, match="the content is a list"):
        store.get("toy", "mf", 0)


def test_stored_trials_of_another_shape_are_a_clear_error(tmp_path):
    store = Store(tmp_path)
    store.put_trial("toy", "mf", trial(0, 0.5), {})
    assert store.trials("toy", "mf") == [trial(0, 0.5)]
    path = store.place("toy", "mf") / "trials.json"
    whole = json.loads(path.read_text())
    for content, said in (
        ({}, "the key 'trials' is missing"),
        ({"trials": [3]}, "'trials.0' is a whole number"),
        ({"trials": [whole["trials"][0] | {"value": "high"}]}, "'trials.0.value' is text"),
    ):
        path.write_text(json.dumps(content))
        with pytest.raises(DataError, match=said):
            store.trials("toy", "mf")


def test_a_run_comes_back_from_the_store(tmp_path):
    store = Store(tmp_path)
    store.put(result("ram-gnn default", 3))
    found = store.get("toy", "ram-gnn default", 3)
    assert found.ranks.tolist() == [1.0, 2.5, 7.0] and found.settings == {"lr": 0.1} and found.epochs == 3
    assert store.seeds("toy", "ram-gnn default") == [3] and store.models("toy") == ["ram-gnn default"]
    assert [x.seed for x in store.results("toy")] == [3]
    written = json.loads((tmp_path / "toy/ram-gnn_default/3.json").read_text())
    assert written["metrics"] == result().metrics() and written["n_test"] == 3
    assert [x.name for x in tmp_path.rglob("*") if x.is_file()] == ["3.json"]


def test_results_that_are_missing_or_broken_say_so(tmp_path):
    store = Store(tmp_path)
    with pytest.raises(DataError, match="no such result"):
        store.get("toy", "mf", 0)
    store.put(result())
    (tmp_path / "toy/mf/0.json").write_text("{")
    with pytest.raises(DataError, match="cannot be read"):
        store.get("toy", "mf", 0)


def test_trials_come_back_and_the_best_is_the_first_of_equals(tmp_path):
    store, given_ = Store(tmp_path), [trial(0, 0.2), trial(1, 0.5), trial(2, math.nan, "failed"), trial(3, 0.5)]
    for x in given_:
        store.put_trial("toy", "mf", x, {"lr": "0.1 to 1"})
    found = store.trials("toy", "mf")
    assert [x.number for x in found] == [0, 1, 2, 3] and math.isnan(found[2].value)
    assert found[0].steps == ((1, 0.1), (2, 0.2))
    assert best(found).number == 1 and best([trial(0, 0.9, "pruned")]) is None
    store.put(result())
    assert store.hours("toy") * 3600 == pytest.approx(sum(x.seconds for x in given_) + result().seconds)


def test_the_fingerprint_is_that_of_the_test_rows_and_candidates():
    toy = data.load("toy")
    moved = replace(toy, test=toy.test.iloc[::-1].reset_index(drop=True))
    sampled = replace(toy, negatives=np.zeros((len(toy.test), 1), int))
    assert len({fingerprint_test(x) for x in (toy, moved, sampled)}) == 3
    assert fingerprint_test(toy) == fingerprint_test(replace(toy, train=toy.train.iloc[1:]))


# ---- who takes part -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [n for n, x in FAIR.items() if x.runs_on("toy")])
def test_every_model_knows_its_settings_and_begins_with_what_is_published(name):
    spec = model_spec(name, "toy")
    settings = spec.settings({})
    assert json.loads(json.dumps(settings)) == settings
    assert set(first_settings(spec)) <= set(spec.space)
    assert not spec.inherits_from or model_spec(spec.inherits_from, "toy").space


def test_a_variant_stands_above_what_was_tuned():
    config = model_spec("d=20", "toy").configured({"pretrain.dim": 64, "finetune.lr": 0.5}, 7)
    assert (config.pretrain.dim, config.finetune.lr, config.seed) == (20, 0.5, 7)
    with pytest.raises(NotFoundError, match="ram-gnn"):
        model_spec("ram-gn", "toy")


# ---- running --------------------------------------------------------------------------------------------------------


def test_trials_come_in_turn_then_seeds_then_variants():
    plan = Plan("toy", ("mf", "d=20"), (0, 1), trials=2)
    tasks = plan.missing(Store("/nowhere"))
    names = [str(t) for t in tasks]
    assert names == [
        "mf, trial 0", "mf, trial 1", "mf, seed 0", "mf, seed 1", "ram-gnn, trial 0", "ram-gnn, trial 1",
        "d=20, trial 0", "d=20, seed 0", "d=20, seed 1",
    ]  # fmt: skip
    assert [str(t) for t in ready(tasks, [])] == ["mf, trial 0", "ram-gnn, trial 0"]
    assert [str(t) for t in ready(tasks, [Task("toy", "mf", 0)])] == ["ram-gnn, trial 0"]
    rest = [t for t in tasks if t.model != "ram-gnn" and t.trial not in (0, 1) or t.model == "d=20"]
    assert [str(t) for t in ready(rest, [])] == ["mf, seed 0", "mf, seed 1", "d=20, trial 0"]


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A store after a run of three models, and the plan."""
    store = Store(tmp_path_factory.mktemp("results"))
    plan = Plan("toy", ("popularity", "ease", "mf"), (0, 1), trials=3)
    assert execute(plan, store, jobs=1, progress=False) == []
    return store, plan


def test_everything_is_there_and_nothing_is_done_twice(done):
    store, plan = done
    assert plan.missing(store) == []
    assert [(x.model, x.seed) for x in store.results("toy", plan.models)] == [
        ("popularity", 0), ("ease", 0), ("mf", 0), ("mf", 1)
    ]  # fmt: skip
    assert [len(store.trials("toy", m)) for m in plan.models] == [1, 3, 3]
    first = store.trials("toy", "mf")[0]
    assert first.settings == {k: model_spec("mf", "toy").settings({})[k] for k in SPACES["mf"]}
    before = (store.place("toy", "mf") / "1.json").stat().st_mtime_ns
    execute(plan, store, jobs=1, progress=False)
    assert (store.place("toy", "mf") / "1.json").stat().st_mtime_ns == before


def test_more_trials_with_a_better_one_ask_for_new_runs(done, tmp_path):
    """What was run with settings that are no longer the best would stand in a table as if it were tuned."""
    store, plan = done
    other = Store(shutil.copytree(store.folder, tmp_path / "copy"))
    more = replace(plan, models=("mf",), trials=4)
    assert [str(t) for t in more.missing(other)] == ["mf, trial 3"]
    top = best(other.trials("toy", "mf"))
    worse, better = (replace(top, number=3, value=top.value + x, epochs=top.epochs + 1) for x in (-0.1, 0.1))
    other.put_trial("toy", "mf", worse, {})
    assert more.missing(other) == []
    other.put_trial("toy", "mf", better, {})
    assert [str(t) for t in more.missing(other)] == ["mf, seed 0", "mf, seed 1"]


def test_a_stopped_study_goes_on_with_the_trials_it_would_have_made(done, tmp_path):
    """Trial 2 after a stop is trial 2 without one; and a run made again has the same ranks."""
    store, _ = done
    whole, other = store.trials("toy", "mf"), Store(tmp_path)
    for x in whole[:2]:
        other.put_trial("toy", "mf", x, {})
    again = run_trial(model_spec("mf", "toy"), data.load("toy"), 2, other.trials("toy", "mf"))
    assert (again.settings, again.value, again.epochs) == (whole[2].settings, whole[2].value, whole[2].epochs)
    kept = store.get("toy", "mf", 1)
    repeated = run_with("toy", data.load("toy"), model_spec("mf", "toy"), 1, kept.tuned, kept.epochs)
    assert repeated.ranks.tolist() == kept.ranks.tolist() and repeated.settings == kept.settings


def test_without_a_completed_trial_there_is_nothing_to_train_with(tmp_path):
    with pytest.raises(RamgnnError, match="no completed trial"):
        run_tuned(Store(tmp_path), "toy", data.load("toy"), model_spec("mf", "toy"), 0)


@pytest.mark.parametrize("error", [DivergedError("the loss is nan"), ScoreError("3 of 9 scores are NaN")])
def test_a_trial_that_diverges_is_a_failed_one(tmp_path, monkeypatch, error):
    def diverge(*arguments, **options):
        raise error

    monkeypatch.setattr(TrainedBaseline, "validate", diverge)
    found = run_trial(model_spec("mf", "toy"), data.load("toy"), 0, [])
    assert found.state == "failed" and math.isnan(found.value)


def test_an_error_that_settings_are_not_to_blame_for_is_no_trial(tmp_path, monkeypatch):
    def refuse(*arguments, **options):
        raise RamgnnError("no order in time")

    monkeypatch.setattr(TrainedBaseline, "validate", refuse)
    with pytest.raises(RamgnnError, match="no order in time"):
        run_trial(model_spec("mf", "toy"), data.load("toy"), 0, [])


@pytest.mark.parametrize("stage", ["validate", "run"])
@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("mf", "ramgnn.baselines.mf.MF.epoch"),
        ("kgpolicy", "ramgnn.baselines.mf.MF.epoch"),
        ("ram-gnn", "ramgnn.pretrain.check_loss"),
        ("ram-gnn", "ramgnn.finetune.train_epoch"),
        ("rgcn", "ramgnn.pretrain.check_loss"),
        ("single", "ramgnn.finetune.train_epoch"),
    ],
)
def test_half_a_run_is_none(name, place, stage, monkeypatch):
    """Every training takes Ctrl-C for "enough"; an experiment may not."""

    def stop(*arguments, **options):
        raise KeyboardInterrupt

    dataset, spec = data.load("toy"), model_spec(name, "toy")
    settings = {"pretrain.epochs": 1} if place.startswith("ramgnn.finetune") else {}
    monkeypatch.setattr(place, stop)
    with pytest.raises(KeyboardInterrupt):
        spec.validate(dataset, settings) if stage == "validate" else spec.run(dataset, settings, 0, 1)


@pytest.mark.parametrize("name", [x.name for x in CAPPED.values() if not x.runs_on("kkbox")])
def test_what_needs_an_order_or_a_type_is_not_planned_where_there_is_none(name):
    assert name not in line_up("kkbox")
    with pytest.raises(NotFoundError, match="model on kkbox"):
        Plan("kkbox", (name,), (0,)).specs()


def test_the_next_session_is_run_by_the_same_models():
    assert line_up("ml-100k next session") == line_up("ml-100k")


def test_a_trial_behind_the_others_is_stopped(tmp_path, monkeypatch):
    store, spec = Store(tmp_path), model_spec("mf", "toy")
    good = {k: spec.settings({})[k] for k in spec.space}
    for n in range(6):
        steps = tuple((e, 0.5) for e in range(1, 40))
        store.put_trial("toy", "mf", Trial(n, good, 0.5, 1, "complete", 1.0, {}, steps), {})

    def slow(spec, dataset, settings, seed, report):
        for epoch in range(1, 40):
            report(epoch, 0.01 * epoch / 40)
        return 0.01, 39

    monkeypatch.setattr(TrainedBaseline, "validate", slow)
    found = run_trial(spec, data.load("toy"), 6, store.trials("toy", "mf"))
    assert found.state == "pruned" and spec.warm_up <= len(found.steps) <= spec.warm_up + 2


def test_one_model_that_fails_does_not_end_the_others(tmp_path, capsys):
    """`ease` refuses its stored settings; popularity is done nevertheless."""
    store, plan = Store(tmp_path), Plan("toy", ("ease", "popularity"), (0,), trials=1)
    store.put_trial("toy", "ease", Trial(0, {"l2": -1.0}, 0.5, 0, "complete", 1.0, {}), {})
    failed = execute(plan, store, jobs=1, progress=False)
    assert [str(t) for t in failed] == ["ease, seed 0"] and store.has("toy", "popularity", 0)
    assert "l2 is -1.0" in capsys.readouterr().out


def test_the_results_of_the_package_can_be_read():
    store = Store(FOLDER)
    for name in ("ml-100k", "movietweetings", "kkbox"):
        for found in store.results(name):
            assert found.metrics() == pytest.approx(json.loads(
                (store.place(name, found.model) / f"{found.seed}.json").read_text())["metrics"])  # fmt: skip
            assert found.provenance["commit"] and "changes" not in found.provenance["commit"]


def test_a_worker_ends_when_whoever_started_it_is_killed():
    code = (
        "import os, time\n"
        "from concurrent.futures import ProcessPoolExecutor\n"
        "from multiprocessing import get_context\n"
        "from ramgnn.experiments.runner import _end_with_parent\n"
        "pool = ProcessPoolExecutor(1, mp_context=get_context('spawn'), initializer=_end_with_parent)\n"
        "print(pool.submit(os.getpid).result(), flush=True)\n"
        "pool.submit(time.sleep, 600).result()\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        worker = int(parent.stdout.readline())
        assert alive(worker)
        parent.kill()
    for _ in range(100):
        if not alive(worker):
            return
        time.sleep(0.1)
    os.kill(worker, signal.SIGKILL)
    pytest.fail("the worker went on without its parent")


def alive(pid: int) -> bool:
    """Whether a process is there and has not ended; one that has ended may wait for somebody to ask for its status."""
    status = Path(f"/proc/{pid}/status")
    if Path("/proc/self/status").exists():
        return status.exists() and "State:\tZ" not in status.read_text()
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
