"""A short run of the fuzzer on each target, what it has found, and that it finds what it should."""

from __future__ import annotations

import json
import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from ramgnn import api, runs
from ramgnn.checkpoint import Checkpoint
from ramgnn.config import Config
from ramgnn.datasets import saved
from ramgnn.datasets.source import Source
from ramgnn.errors import DataError, RamgnnError
from ramgnn.experiments.store import Result, Store, Trial
from tests.fuzz import tables
from tests.fuzz.checkpoints import mend_started
from tests.fuzz.loop import fuzz
from tests.fuzz.runs import mend_sums
from tests.fuzz.small import SETTINGS
from tests.fuzz.targets import TARGETS
from tests.small import small_dataset

SECONDS = 12  # for each target; more by hand: python -m tests.fuzz --seconds 600 --seed 3


@pytest.mark.parametrize("name", TARGETS)
def test_nothing_is_found_in_a_short_run(tmp_path, name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = fuzz(TARGETS[name](tmp_path / "base"), 16, SECONDS, None, tmp_path / "failures")
    assert not found.failures, "\n".join(map(str, [found.failures, *(tmp_path / "failures").glob("*/story.txt")]))
    assert found.outcomes["refused"] and found.outcomes["same"]


def test_a_silent_change_is_found(tmp_path, monkeypatch):
    """Two titles that change places, a row that is lost: the second reader sees both."""
    readers = {name: getattr(tables, name) for name in ("load", "from_frames")}

    def two_titles(data):
        first, second, *rest = data.item_labels
        return replace(data, item_labels=(second, first, *rest))

    def one_row_less(data):
        return replace(data, train=data.train.iloc[1:])

    for wrong in (two_titles, one_row_less):
        for name, read in readers.items():
            monkeypatch.setattr(tables, name, lambda *a, _wrong=wrong, _read=read, **o: _wrong(_read(*a, **o)))
        found = fuzz(TARGETS["tables"](tmp_path), 16, 60, 40, tmp_path)
        assert not found.outcomes["same"] and found.failures


# ---- run folders -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def fitted():
    return api.fit(small_dataset(), settings=SETTINGS, epochs=1, refit=True, progress=False)


def _edit(path, keys, value):
    content = json.loads(path.read_text())
    part = content
    for key in keys[:-1]:
        part = part[key]
    part[keys[-1]] = value
    path.write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("keys", "value"),
    [(["config", "pretrain", "topk"], "value"), (["seconds", "fine-tuning"], 3.0), (["provenance", "date"], "today"),
     (["dataset", "name"], "toy"), (["interrupted"], "validation")],
)  # fmt: skip
def test_any_change_of_what_a_run_says_of_itself_is_found(fitted, tmp_path, keys, value):
    runs.save(tmp_path, fitted)
    _edit(tmp_path / "run.json", keys, value)
    for load in (runs.load, runs.load_serving):
        with pytest.raises(DataError, match="run.json: the file was changed after it was written"):
            load(tmp_path)


@pytest.mark.parametrize("harm", ["gone", "link", "another", "stray"])
def test_the_model_that_serves_is_the_one_that_was_saved_with_the_run(fitted, tmp_path, harm):
    run, served = tmp_path / "run", tmp_path / "run" / "served"
    runs.save(run, fitted if harm != "stray" else fitted.served)
    served.rename(tmp_path / "aside") if served.exists() else None
    if harm == "link":
        served.symlink_to(tmp_path / "aside", target_is_directory=True)
    elif harm in ("another", "stray"):
        runs.save(served, api.fit(small_dataset(), "popularity", refit=False))
    for load in (runs.load, runs.load_serving):
        with pytest.raises(DataError):
            load(run)


def test_a_served_model_of_other_people_is_refused(fitted, tmp_path):
    other = replace(small_dataset(), user_ids=tuple(f"x{n}" for n in range(12)))
    runs.save(tmp_path, fitted)
    runs.save(tmp_path / "served", api.fit(other, settings=SETTINGS, epochs=1, refit=False, progress=False))
    mend_sums(tmp_path)
    with pytest.raises(DataError, match="other users than the run"):
        runs.load(tmp_path)


@pytest.mark.parametrize(
    ("keys", "value", "said"),
    [
        (["config", "seed"], "3", "impossible setting"),
        (["config", "pretrain", "sigma"], "none", "impossible setting"),
        (["config", "pretrain", "k"], 0, "impossible setting"),
        (["config", "pretrain", "lr"], True, "impossible setting"),
        (["config", "pretrain", "dim"], 10_000, "dim is 10000, and the weights hold"),
        (["config", "pretrain", "dim"], 10**12, "expected at most 16,384"),
        (["config", "pretrain", "layers"], 10**9, "expected at most 1,000"),
    ],
)  # fmt: skip
def test_impossible_settings_of_a_careful_stranger_are_refused(fitted, tmp_path, keys, value, said):
    runs.save(tmp_path, fitted.served)
    _edit(tmp_path / "run.json", keys, value)
    mend_sums(tmp_path)
    with pytest.raises(DataError, match=said):
        runs.load(tmp_path)


@pytest.mark.parametrize(
    ("keys", "value", "said"),
    [
        (["item", "k"], [3], "is not a list of 2"), (["item", "k", 0], 10**30, "a whole number from 1 on"),
        (["item", "types"], ["x", "y"], "some of"),
        (["item", "epochs", 0, "reward"], ["up", None], "is not a list of 2"),
        (["finetune", "epochs", 0, "more"], 1, "is unknown"), (["finetune", "best_epoch"], -1, "from 0 on"),
    ],
)  # fmt: skip
def test_impossible_histories_of_a_careful_stranger_are_refused(fitted, tmp_path, keys, value, said):
    runs.save(tmp_path, fitted.served)
    _edit(tmp_path / "history.json", keys, value)
    mend_sums(tmp_path)
    with pytest.raises(DataError, match=said):
        runs.load(tmp_path)


def test_a_folder_in_place_of_a_file_is_a_clear_error(fitted, tmp_path):
    for name in ("history.json", "weights.safetensors", "dataset.json", "dataset.safetensors", "run.json"):
        runs.save(tmp_path / name, fitted.served)
        (tmp_path / name / name).unlink()
        (tmp_path / name / name).mkdir()
        with pytest.raises(DataError, match=name):
            runs.load(tmp_path / name)


# ---- data of a run ---------------------------------------------------------------------------------------------------

ARRAYS = {
    "test.user as floats": lambda x: x | {"test.user": x["test.user"].float()},
    "train.item as floats": lambda x: x | {"train.item": x["train.item"].float()},
    "test.item is one number": lambda x: x | {"test.item": x["test.item"][0]},
    "test.item too short": lambda x: x | {"test.item": x["test.item"][1:]},
    "item.0.values too short": lambda x: x | {"item.0.values": x["item.0.values"][1:]},
    "item.0.nodes below 0": lambda x: x | {"item.0.nodes": x["item.0.nodes"] - 1},
    "train.user below 0": lambda x: x | {"train.user": x["train.user"] - 1},
    "no train.time": lambda x: {name: y for name, y in x.items() if name != "train.time"},
    "negatives beyond": lambda x: x | {"negatives": torch.full((len(x["test.user"]), 2), 99)},
}


@pytest.mark.parametrize("harm", ARRAYS)
def test_arrays_of_another_kind_are_a_clear_error(tmp_path, harm):
    saved.write(tmp_path, small_dataset())
    path = tmp_path / saved.ARRAYS
    save_file({name: x.clone() for name, x in ARRAYS[harm](load_file(path)).items()}, path)
    mend_sums(tmp_path)
    with pytest.raises(DataError, match=saved.ARRAYS):
        saved.read(tmp_path)


@pytest.mark.parametrize(
    ("keys", "value", "said"),
    [
        (["user", "ids", 3], {"": None}, "'user.ids' has .* in it"), (["user", "ids", 3], "u1", "names one twice"),
        (["item", "labels"], ["one"], "1 labels for 20 ids"), (["item_id_dtype"], "int64", "which the ids are not"),
        (["notes"], [3], "'notes' has 3 in it"), (["item", "relations", 1, "name"], "genre", "one name twice"),
        (["item", "relations", 0, "labels"], [None], "has None in it"),
    ],
)  # fmt: skip
def test_text_of_another_kind_is_a_clear_error(tmp_path, keys, value, said):
    saved.write(tmp_path, small_dataset())
    _edit(tmp_path / saved.TEXT, keys, value)
    with pytest.raises(DataError, match=said):
        saved.read(tmp_path)


# ---- baselines -------------------------------------------------------------------------------------------------------

STATES = {
    "an index beyond": ("itemknn", lambda x: x | {"similarity.indices": x["similarity.indices"] + 10**6}),
    "half precision": ("itemknn", lambda x: x | {"similarity.data": x["similarity.data"].half()}),
    "one row less": ("ease", lambda x: {name: y[1:] if y.dim() == 2 else y for name, y in x.items()}),
    "another type": ("mf", lambda x: {name: y.double() for name, y in x.items()}),
}


@pytest.mark.parametrize("harm", STATES)
def test_a_state_that_no_such_baseline_has_is_refused(tmp_path, harm):
    model, change = STATES[harm]
    settings = {"dim": 4, "epochs": 1} if model == "mf" else {}
    runs.save(tmp_path, api.fit(small_dataset(), model, settings, progress=False, refit=False))
    path = tmp_path / runs.WEIGHTS
    save_file({name: x.contiguous().clone() for name, x in change(load_file(path)).items()}, path)
    mend_sums(tmp_path)
    with pytest.raises(RamgnnError, match="the stored state is not that of"):
        runs.load(tmp_path)


# ---- runs that were started ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("key", "value"), [("epochs", 7), ("refit", True), ("dataset", None)])
def test_any_change_of_what_was_noted_before_training_is_found(tmp_path, key, value):
    runs.start_run(tmp_path, small_dataset(), Config(), Source("toy"))
    path = tmp_path / runs.CHECKPOINTS / runs.RUN
    _edit(path, [key] if value is not None else [key, "name"], value or "movietweetings")
    with pytest.raises(DataError, match="the file was changed after it was written"):
        runs.read_started(tmp_path)


def test_a_path_that_is_none_is_refused(tmp_path):
    """A run of somebody else may say anything; sums made right do not make it so."""
    runs.start_run(tmp_path, small_dataset(), Config(), Source("toy"))
    path = tmp_path / runs.CHECKPOINTS / runs.RUN
    _edit(path, ["dataset", "options"], {"interactions": -1})
    mend_started(tmp_path / runs.CHECKPOINTS)
    with pytest.raises(DataError, match="'dataset.options.interactions' is a whole number"):
        runs.read_started(tmp_path)


def test_changed_titles_beside_checkpoints_are_found(tmp_path):
    runs.start_run(tmp_path, replace(small_dataset(), own=True), Config(), Source("toy"))
    _edit(tmp_path / runs.CHECKPOINTS / saved.TEXT, ["item", "labels"], [f"other {n}" for n in range(20)])
    with pytest.raises(DataError, match="dataset.json: the file was changed"):
        runs.read_started(tmp_path)


@pytest.mark.parametrize("content", [{"made_for": "é", "state": {}}, {"made_for": {}, "state": [1]}])
def test_a_checkpoint_that_says_nothing_is_refused(tmp_path, monkeypatch, content):
    checkpoint = Checkpoint(tmp_path / "item.safetensors", {"seed": 1})
    dumps = json.dumps
    with monkeypatch.context() as patch:
        patch.setattr("ramgnn.checkpoint.json.dumps", lambda _: dumps(content))
        checkpoint.save({"x": torch.ones(2)}, {})
    with pytest.raises(DataError, match="it does not say what it is of"):
        checkpoint.load()


# ---- stored results --------------------------------------------------------------------------------------------------


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path)
    store.put(Result("toy", "mf", 0, np.array([1.0, 2.5, 30.0]), "0" * 16))
    store.put_trial("toy", "mf", Trial(0, {}, 0.1, 1, "complete", 1.0, {}, ((1, 0.1),)), {})
    return store


@pytest.mark.parametrize(
    ("keys", "value", "said"),
    [(["model"], "mfx", "this is a result of mfx on toy, seed 0"), (["seed"], 1, "mf on toy, seed 1"),
     (["n_test"], 4, "do not belong together"), (["metrics", "HR@10"], 1.0, "do not belong together"),
     (["metrics", "HR@10"], "high", "do not belong together"),
     (["ranks"], "eJxjYGBgAAAABAAB", "do not belong together")],
)  # fmt: skip
def test_a_result_that_contradicts_itself_is_refused(store, keys, value, said):
    assert len(store.results("toy")) == 1
    _edit(store.place("toy", "mf") / "0.json", keys, value)
    with pytest.raises(DataError, match=said):
        store.results("toy")


@pytest.mark.parametrize("step", [3.0, [1], [1, "a"], [1, None], "ab"])
def test_steps_of_another_kind_are_refused(store, step):
    _edit(store.place("toy", "mf") / "trials.json", ["trials", 0, "steps"], [step])
    with pytest.raises(DataError, match=r"'trials.0.steps.0' is .*trials.json|trials.json: 'trials.0.steps.0' is"):
        store.trials("toy", "mf")


def test_files_that_no_result_is_called_by_are_left_alone(store):
    for name in ("²³", "007", "x", "٣"):
        (store.place("toy", "mf") / f"{name}.json").write_text("{")
    assert store.seeds("toy", "mf") == [0]
