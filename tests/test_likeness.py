"""Ids that look like one are doubted, each difference by its name, with and without a table of items."""

from __future__ import annotations

import pandas as pd
import pytest

from ramgnn.datasets import from_frames
from ramgnn.datasets.frames.likeness import alike
from ramgnn.datasets.frames.notes import is_doubt


def doubts(ids, **options):
    """The doubts of a data set whose items have these ids, and its items."""
    rows = pd.DataFrame({"user_id": ["ann"] * len(ids) + ["bob"] * len(ids), "item_id": [*ids, *ids]})
    data = from_frames(rows, **options)
    return [note for note in data.notes if is_doubt(note)], set(data.item_ids)


@pytest.mark.parametrize(
    "ids, difference",
    [
        (["1", "01", "abc"], "zeros in front"),
        (["1", "1.0", "abc"], "a number written as 12.0 and as 12"),
        (["1000", "1e3", "abc"], "how a number is written"),
        (["7", "+7", "abc"], "how a number is written"),
        (["qr", "q\u200br"], "spaces or invisible characters"),
        (["qr", "\u200eqr"], "spaces or invisible characters"),
        (["a b", "ab"], "spaces or invisible characters"),
        (["Andr\u00e9", "Andre\u0301"], "how an accented letter is written"),
        (["x１", "x1"], "signs that stand for the same"),
        (["１", "①", "abc"], "signs that stand for the same"),
        (["Q r", "qr"], "several such ways"),
        (["qr", "QR"], "capitals"),
    ],
)
def test_each_difference_has_its_name(ids, difference):
    found, items = doubts(ids)
    assert len(found) == 1 and items == set(ids), found
    assert f"1 id of items in interactions differs from another only in {difference}" in found[0]
    assert "look like one id" in found[0] and "each stays an item of its own" in found[0]


def test_all_of_one_kind_are_counted():
    found, _ = doubts(["1", "01", "2", "02", "qr", "QR", "abc"])
    assert [" ".join(note.partition(": ")[2].split()[:2]) for note in found] == ["2 ids", "1 id"]


@pytest.mark.parametrize(
    "ids",
    [["1", "10", "100"], ["1.1", "1.10", "11"], ["u1", "u01"], ["e1", "1e"], ["12e4", "12e5"], ["NULL", "a", "b"]],
)
def test_others_are_no_likeness(ids):
    assert doubts(ids, unknown="drop")[0] == []


def test_what_is_dropped_is_doubted_where_it_looks_like_a_listed_id():
    rows = pd.DataFrame({"user_id": list("aaabbb"), "item_id": ["1", "x", "01", "1", "x", "zzz"]})
    films = pd.DataFrame({"item_id": ["1", "x", "y"]})
    data = from_frames(rows, films, unknown="drop", min_user=1)
    (note,) = (note for note in data.notes if "dropped" in note)
    assert is_doubt(note) and "look like one id: they differ only in zeros in front" in note
    data = from_frames(rows[rows["item_id"] != "01"], films, unknown="drop", min_user=1)
    (note,) = (note for note in data.notes if "dropped" in note)
    assert not is_doubt(note) and "look like" not in note


def test_a_circled_digit_is_no_accented_letter():
    assert "signs that stand for the same" in alike(pd.Series(["①"]), pd.Index(["1"]), "rows", "items")[0]
