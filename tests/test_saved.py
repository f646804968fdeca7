"""A data set in a folder: what was written is read, and what is broken is named."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest

from ramgnn import datasets
from ramgnn.datasets import saved
from ramgnn.datasets.base import RecDataset, Relation
from ramgnn.datasets.negatives import with_negatives
from ramgnn.datasets.split import interactions, leave_last_out
from ramgnn.errors import DataError, RamgnnError
from tests.small import small_dataset


def assert_equal(one: RecDataset, other: RecDataset) -> None:
    """Equal to the last bit and type, but for `derive_users`."""
    for field in fields(RecDataset):
        a, b = getattr(one, field.name), getattr(other, field.name)
        if isinstance(a, pd.DataFrame):
            pd.testing.assert_frame_equal(a, b)
        elif isinstance(a, np.ndarray):
            np.testing.assert_array_equal(a, b, strict=True)
        elif field.name.endswith("_relations"):
            assert len(a) == len(b)
            for r, s in zip(a, b, strict=True):
                assert (r.name, r.labels, r.derived, r.importance) == (s.name, s.labels, s.derived, s.importance)
                for x, y in ((r.nodes, s.nodes), (r.values, s.values), (r.planted, s.planted)):
                    assert (x is None) == (y is None)
                    if x is not None:
                        np.testing.assert_array_equal(x, y, strict=True)
        elif field.name != "derive_users":
            assert a == b and type(a) is type(b), field.name


@pytest.mark.parametrize("name", ["toy", "movietweetings", "planted", "negatives", "no relations", "odd text"])
def test_what_is_written_is_read(tmp_path, name):
    data = {
        "toy": lambda: datasets.load("toy"),
        "movietweetings": lambda: datasets.load("movietweetings"),
        "planted": lambda: datasets.load("planted", scale=0.1),
        "negatives": lambda: with_negatives(small_dataset(), 5, 3),
        "no relations": lambda: replace(
            small_dataset(),
            item_relations=(),
            user_relations=(),
            user_id_dtype="int64",
            user_ids=tuple(map(str, range(12))),
            user_labels=tuple(map(str, range(12))),
        ),
        "odd text": lambda: replace(
            small_dataset(),
            item_labels=tuple(f"{x}\n\"'\\ \0 é 張惠妹" for x in range(20)),
            item_relations=(Relation.from_lists("空", [[]] * 20), Relation.from_lists("a/b.c", [["\U0001f600"]] * 20)),
        ),
    }[name]()
    saved.write(tmp_path / "run", data)
    again = saved.read(tmp_path / "run")
    assert_equal(data, again)
    assert again.derive_users is None
    assert sorted(p.name for p in (tmp_path / "run").iterdir()) == ["dataset.json", "dataset.safetensors"]
    assert again.summary().equals(data.summary())
    assert all(r.nodes.flags.writeable and r.values.flags.writeable for r in again.item_relations), "torch wants that"


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"item_labels": tuple(f"{x}\ud800" for x in range(20))}, "small has half a character in '0.ud800'"),
        (
            {"item_relations": (Relation.from_lists("a", [["\ud83d"]] * 20),)},
            "an attribute of items, has half a character",
        ),
    ],
)
def test_half_a_character_is_refused(changes, where):
    with pytest.raises(DataError, match=where):
        replace(small_dataset(), **changes).check()


def test_writing_again_replaces(tmp_path):
    saved.write(tmp_path, datasets.load("toy"))
    saved.write(tmp_path, small_dataset())
    assert_equal(small_dataset(), saved.read(tmp_path))


def test_a_fingerprint_stays(tmp_path):
    from ramgnn.runs import fingerprint

    data = datasets.load("toy")
    saved.write(tmp_path, data)
    assert fingerprint(saved.read(tmp_path)) == fingerprint(data)


def refused(folder, file, *words):
    with pytest.raises(DataError) as caught:
        saved.read(folder)
    error = caught.value
    assert error.file == str(folder / file) and error.fix
    for word in words:
        assert word in str(error)


def test_a_missing_file(tmp_path):
    refused(tmp_path / "nowhere", saved.TEXT, "no such file")
    saved.write(tmp_path, small_dataset())
    (tmp_path / saved.ARRAYS).unlink()
    refused(tmp_path, saved.ARRAYS, "no such file")


def test_broken_arrays(tmp_path):
    saved.write(tmp_path, small_dataset())
    path = tmp_path / saved.ARRAYS
    whole = path.read_bytes()
    for content in (b"", whole[:100], whole[:-1], whole[:-1] + bytes([whole[-1] ^ 1])):
        path.write_bytes(content)
        refused(tmp_path, saved.ARRAYS, "changed, cut short")
    path.write_bytes(b"nothing")
    text = json.loads((tmp_path / saved.TEXT).read_text(encoding="utf-8"))
    text["sha256"] = hashlib.sha256(b"nothing").hexdigest()
    (tmp_path / saved.TEXT).write_text(json.dumps(text), encoding="utf-8")
    refused(tmp_path, saved.ARRAYS, "no whole file of safetensors")


def test_broken_text(tmp_path):
    saved.write(tmp_path, small_dataset())
    path = tmp_path / saved.TEXT
    whole = path.read_bytes()
    for content in (b"", whole[: len(whole) // 2], b"\xff" + whole):
        path.write_bytes(content)
        refused(tmp_path, saved.TEXT, "cannot be read", "JSON")
    for content in (b"[]", b"{}", whole.replace(b'"format": 1', b'"format": 2')):
        path.write_bytes(content)
        refused(tmp_path, saved.TEXT, "format")
    for old, new, said in (
        (b'"notes"', b'"note"', "the key 'notes' is missing"),
        (b'"relations"', b'"relation"', "the key 'item.relations' is missing"),
        (b'"ids": [', b'"ids": 3, "x": [', "'item.ids' is a whole number"),
        (b'"derived": false', b'"derived": "no"', "'item.relations.0.derived' is text"),
    ):
        path.write_bytes(whole.replace(old, new))
        refused(tmp_path, saved.TEXT, said)
    text = json.loads(whole)
    text["item"]["ids"] = text["item"]["ids"][:-5]
    path.write_text(json.dumps(text), encoding="utf-8")
    with pytest.raises(DataError, match="goes outside"):
        saved.read(tmp_path)


@pytest.mark.parametrize("other", ["00", "-0", "+1", "1_0", "\u0661", "1\n", "1" * 19])
def test_ids_that_are_whole_numbers_are_written_in_one_way(tmp_path, other):
    """Otherwise two of them would be one when they are given back."""
    saved.write(tmp_path, replace(small_dataset(), item_ids=tuple(map(str, range(20))), item_id_dtype="int64"))
    assert saved.read(tmp_path).item_id_dtype == "int64"
    path = tmp_path / saved.TEXT
    text = json.loads(path.read_text(encoding="utf-8"))
    text["item"]["ids"][3] = other
    path.write_text(json.dumps(text), encoding="utf-8")
    refused(tmp_path, saved.TEXT, "'item_id_dtype' is 'int64', which the ids are not")


def test_arrays_of_another_data_set(tmp_path):
    for name in ("a", "b"):
        saved.write(tmp_path / name, small_dataset(seed=ord(name)))
    (tmp_path / "a" / saved.ARRAYS).replace(tmp_path / "b" / saved.ARRAYS)
    refused(tmp_path / "b", saved.ARRAYS, "belongs to another dataset.json")


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RamgnnError, match="cannot write to"):
        saved.write(tmp_path / "file", small_dataset())


def test_a_write_that_stops_leaves_no_half(tmp_path, monkeypatch):
    saved.write(tmp_path, small_dataset())
    real = saved.os.replace

    def stop(source, target):
        if str(target).endswith(saved.TEXT):
            raise KeyboardInterrupt
        real(source, target)

    monkeypatch.setattr(saved.os, "replace", stop)
    with pytest.raises(KeyboardInterrupt):
        saved.write(tmp_path, datasets.load("toy"))
    refused(tmp_path, saved.ARRAYS, "belongs to another dataset.json")


def test_a_million_interactions_are_read_fast(tmp_path):
    rng = np.random.default_rng(0)
    n = 100_000
    pairs = np.unique(rng.integers(n * n, size=1_000_000))
    train, test = leave_last_out(interactions(pairs // n, pairs % n, rng.integers(10**9, 2 * 10**9, size=len(pairs))))
    ids = tuple(map(str, range(n)))
    relation = Relation("genre", np.arange(n), rng.integers(50, size=n), tuple(map(str, range(50))))
    titles = tuple(f"Title number {i}" for i in range(n))
    data = RecDataset("large", ids, ids, ids, titles, train, test, (relation,), (relation,))
    saved.write(tmp_path, data)
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        again = saved.read(tmp_path)
        seconds.append(time.perf_counter() - start)
    print(f"read in {min(seconds):.2f} s")
    assert again.n_items == n
    assert min(seconds) < 1
