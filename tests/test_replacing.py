"""A run that is replaced while somebody reads it, and one that is read with data that say more than its own."""

from __future__ import annotations

import os
import threading
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import ramgnn
from ramgnn import runs
from ramgnn.errors import DataError, RamgnnError
from ramgnn.locks import is_held, locked
from ramgnn.runs import reading, saving
from tests.small import small_dataset


def contents(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file() and p.name != ".lock"}


def fitted(seed=0):
    """A model with one that serves in its place."""
    return ramgnn.fit(small_dataset(seed=seed), "ease", progress=False, refit=True)


# ---- while it is replaced --------------------------------------------------------------------------------------------


def test_readers_meet_a_whole_run_while_another_one_is_saved(tmp_path):
    models, ended, answers = [fitted(0), fitted(1)], threading.Event(), []
    ramgnn.save(models[0], tmp_path / "r")

    def ask():
        while not ended.is_set():
            try:
                answers.append(len(ramgnn.load_run(tmp_path / "r").recommend("u1", 3)))
            except Exception as error:
                answers.append(error)

    readers = [threading.Thread(target=ask) for _ in range(2)]
    for reader in readers:
        reader.start()
    for turn in range(15):
        ramgnn.save(models[turn % 2], tmp_path / "r")
    ended.set()
    for reader in readers:
        reader.join()
    assert set(answers) == {3} and len(answers) > 4


def test_nothing_of_the_run_before_goes_until_all_of_the_new_one_is_written(tmp_path, monkeypatch):
    runs.save(tmp_path, fitted(0))
    old, write = contents(tmp_path), saving.write_json

    def look(path, content):
        now = contents(tmp_path)
        assert {name: now.get(name) for name in old} == old
        write(path, content)

    monkeypatch.setattr(saving, "write_json", look)
    runs.save(tmp_path, fitted(1))
    assert contents(tmp_path) != old and not list(tmp_path.glob(".*.part"))


def test_what_a_killed_process_left_of_a_new_run_is_removed(tmp_path):
    runs.save(tmp_path, fitted(0))
    (tmp_path / ".run.json.0123abcd.part").mkdir()
    (tmp_path / ".run.json.0123abcd.part" / "weights.safetensors").write_bytes(b"half")
    runs.save(tmp_path, fitted(1))
    assert not list(tmp_path.glob(".*.part"))


def test_what_is_in_the_way_is_told_before_anything_goes(tmp_path):
    runs.save(tmp_path, fitted(0))
    (tmp_path / "metrics.json").mkdir()
    old = contents(tmp_path)
    with pytest.raises(RamgnnError, match="metrics.json: it is a folder; choose another folder"):
        runs.save(tmp_path, fitted(1))
    assert contents(tmp_path) == old


def test_a_run_that_stays_broken_is_told_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "PAUSE", "never")
    with pytest.raises(DataError, match="there is no such file"):
        ramgnn.load_run(tmp_path)
    runs.save(tmp_path, fitted())
    (tmp_path / "weights.safetensors").write_bytes(b"x")
    with pytest.raises(DataError, match="was changed"):
        ramgnn.load_run(tmp_path)


def test_a_run_that_is_replaced_again_and_again_is_told_as_such(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "PAUSE", 0)
    (tmp_path / "run.json").write_text("{}")

    def read():
        (tmp_path / "new").write_text("{}")
        os.replace(tmp_path / "new", tmp_path / "run.json")
        raise DataError("belongs to another run")

    with pytest.raises(DataError, match="just being replaced\n.*\n  to mend it: ask once more in a moment"):
        reading.settled(tmp_path, read)


def test_a_training_that_goes_on_is_told_from_one_that_was_stopped(tmp_path):
    (tmp_path / runs.CHECKPOINTS).mkdir()
    (tmp_path / runs.CHECKPOINTS / runs.RUN).write_text("{}")
    with locked(tmp_path):
        assert is_held(tmp_path)
        with pytest.raises(DataError, match="still goes on\n.*\n  to mend it: wait until it has ended"):
            ramgnn.load_run(tmp_path)
    assert not is_held(tmp_path) and not is_held(tmp_path / "nowhere")
    with pytest.raises(DataError, match="was stopped before its end\n.*\n  to mend it: go on with it"):
        ramgnn.load_run(tmp_path)


# ---- with data that say more -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("refit", [True, False])
def test_what_users_had_meanwhile_is_left_out(tmp_path, refit):
    rng = np.random.default_rng(0)
    rows = [(f"u{u}", f"i{i}", 3 + u % 3, n) for u in range(30) for n, i in enumerate(rng.permutation(40)[:12])]
    table = pd.DataFrame(rows, columns=["user_id", "item_id", "rating", "timestamp"])
    model = ramgnn.fit(ramgnn.from_frames(table, min_rating=3), "ease", progress=False, refit=refit)
    ramgnn.save(model, tmp_path / "r")
    best = ramgnn.load_run(tmp_path / "r").recommend("u4", 5)["item"].tolist()
    more = pd.concat([table, pd.DataFrame([("u4", best[0], 1, 99)], columns=table.columns)], ignore_index=True)
    now = ramgnn.load_run(tmp_path / "r", ramgnn.from_frames(more, min_rating=3))
    assert now.recommend("u4", 4)["item"].tolist() == best[1:]
    assert ramgnn.load_run(tmp_path / "r").recommend("u4", 5)["item"].tolist() == best


def test_titles_are_those_of_the_data_handed_in(tmp_path):
    data = small_dataset()
    ramgnn.save(ramgnn.fit(data, "ease", progress=False, refit=True), tmp_path / "r")
    named = replace(data, item_labels=tuple(f"Title {i}" for i in data.item_ids))
    assert ramgnn.load_run(tmp_path / "r", named).recommend("u1", 1)["title"][0].startswith("Title i")
