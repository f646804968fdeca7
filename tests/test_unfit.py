"""Columns whose cells are no values, bytes or records say: left out and named, and refused where they are needed."""

from __future__ import annotations

import pandas as pd
import pytest

import ramgnn
from ramgnn.datasets import tables
from ramgnn.errors import DataError
from tests.test_folders import FILMS, ROWS

ITEMS = pd.DataFrame({"item_id": [f[0] for f in FILMS], "title": [f[1] for f in FILMS], "kind": list("xxyy")})
PLAYS = pd.DataFrame(ROWS, columns=["user_id", "item_id", "rating", "time"])
CELLS = {
    "bytes": b"\x89PNG", "records of several fields": {"a": 1, "b": "x"}, "lists of bytes": [b"x"],
    "lists of records of several fields": [{"a": 1}], "lists of lists": [[1, 2], [3]],
}  # fmt: skip


def parquet(folder, plays=PLAYS, items=ITEMS, **options):
    pytest.importorskip("pyarrow")
    plays.to_parquet(folder / "interactions.parquet")
    items.to_parquet(folder / "items.parquet")
    return tables.load(folder / "interactions.parquet", folder / "items.parquet", progress=False, **options)


def with_cells(frame, column, cell):
    return frame.assign(**{column: pd.Series([cell] * (len(frame) - 1) + [None], dtype=object)})


@pytest.mark.parametrize("what", CELLS)
def test_a_column_of_parquet_that_holds_no_values_is_left_out(tmp_path, what):
    data = parquet(
        tmp_path,
        with_cells(PLAYS, "context", CELLS[what]).drop(columns="time"),  # dates are looked for in what is left
        with_cells(ITEMS, "picture", CELLS[what]),
        min_rating=1,
    )
    assert [r.name for r in data.item_relations] == ["kind"]
    for column, table in (("picture", "items"), ("context", "interactions")):
        said = f"column '{column}' of {table}.parquet holds {what} and is left out"
        assert sum(said in note for note in data.notes) == 1
    with pytest.raises(DataError, match=f"items.parquet: the column 'picture' holds {what}"):
        tables.load(
            tmp_path / "interactions.parquet", tmp_path / "items.parquet", progress=False, item_relations="picture"
        )


def test_maps_and_encoded_bytes_too(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet as files

    columns = {name: pyarrow.array(ITEMS[name]) for name in ITEMS}
    columns["tags"] = pyarrow.array([[("k", 1)]] * 4, pyarrow.map_(pyarrow.string(), pyarrow.int32()))
    columns["raw"] = pyarrow.array([b"a", b"a", b"b", b"b"]).dictionary_encode()
    PLAYS.to_parquet(tmp_path / "interactions.parquet")
    files.write_table(pyarrow.table(columns), tmp_path / "items.parquet")
    data = tables.load(tmp_path / "interactions.parquet", tmp_path / "items.parquet", progress=False)
    assert [r.name for r in data.item_relations] == ["kind"]
    assert any("'tags' of items.parquet holds maps" in note for note in data.notes)
    assert any("'raw' of items.parquet holds bytes" in note for note in data.notes)


@pytest.mark.parametrize("column", ["user_id", "item_id", "time", "rating"])
def test_a_column_that_is_needed_is_refused(tmp_path, column):
    plays = PLAYS.assign(**{column: [b"x"] * len(PLAYS)})
    with pytest.raises(DataError, match=f"interactions.parquet: the column '{column}' holds bytes"):
        parquet(tmp_path, plays, min_rating=1)
    if column == "rating":  # and nothing is asked of it
        assert any("'rating' of interactions.parquet holds bytes" in note for note in parquet(tmp_path, plays).notes)


def test_a_title_is_not_needed(tmp_path):
    data = parquet(tmp_path, items=ITEMS.assign(title=[b"x"] * 4))
    assert data.item_labels == data.item_ids
    with pytest.raises(DataError, match="the column 'title' holds bytes"):
        parquet(tmp_path, items=ITEMS.assign(title=[b"x"] * 4), title_column="title")


@pytest.mark.parametrize(("what", "cell"), [("bytes", b"x"), ("dictionaries", {"a": 1}), ("lists of lists", [[1]])])
def test_a_column_of_a_data_frame_too(what, cell):
    data = ramgnn.from_frames(PLAYS, with_cells(ITEMS, "picture", cell))
    assert [r.name for r in data.item_relations] == ["kind"]
    assert any(f"column 'picture' of items holds {what} and is left out" in note for note in data.notes)
    with pytest.raises(DataError, match=f"the column 'user_id' holds {what}"):
        ramgnn.from_frames(PLAYS.assign(user_id=[cell] * len(PLAYS)), ITEMS)


def test_one_such_cell_among_values_is_an_error():
    with pytest.raises(DataError, match="row 1: b'x' in column 'kind' is no single value"):
        ramgnn.from_frames(PLAYS, ITEMS.assign(kind=["x", b"x", "y", "y"]))
