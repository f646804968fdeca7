"""Your own data frames: the same as their files, whatever the cells are, and faults are named by frame and row."""

from __future__ import annotations

import csv
import datetime as dt
import uuid
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ramgnn
from ramgnn import datasets
from ramgnn.datasets import from_frames, tables
from ramgnn.datasets.source import Source
from ramgnn.errors import DataError, NotFoundError, RamgnnError
from ramgnn.matching import find
from tests.test_saved import assert_equal

NAN, NONE = float("nan"), None


def interactions(**columns):
    """Two users and three items, each user's last row being the last in time."""
    frame = pd.DataFrame(
        {
            "user_id": [1, 1, 1, 2, 2, 2],
            "item_id": [10, 7, 12, 12, 7, 10],
            "rating": [4, 5, 2, 3, 1, 3],
            "date": pd.to_datetime(
                ["2024-05-01", "2024-05-02", "2024-05-03", "2024-01-01", "2024-01-02", "2024-01-03"]
            ),
        },
        index=[3, 5, 17, 19, 23, 29],
    )
    return frame.assign(**columns)


def items(**columns):
    frame = pd.DataFrame(
        {
            "item_id": [10, 7, 12, 9],
            "title": ["Alien", "Dr. No", None, "Gremlins"],
            "genre": ["Horror|Sci-Fi", "Action", "Sci-Fi| Action |Sci-Fi", None],
            "year": [1979, 1962, 1979, 1984],
        }
    )
    return frame.assign(**columns)


def users():
    return pd.DataFrame({"user_id": [2, 1, 3], "age": [31.0, NAN, 31.0], "city": ["Oslo", "Oslo", "Rome"]})


def without_whole_floats(column):
    """The one difference: pandas makes floats of integers with gaps, and files would say 1979.0."""
    cells = [None if pd.isna(cell) else cell for cell in column]
    numbers = [cell for cell in cells if cell is not None]
    if numbers and all(isinstance(x, float) and x.is_integer() for x in numbers):
        return pd.Series([None if x is None else int(x) for x in cells], dtype="Int64", index=column.index)
    return column


def written(folder, frames, **options):
    """The data set of the same frames, written to files and read back."""
    files = {}
    for name, frame in frames.items():
        files[name] = folder / f"{name}.csv"
        frame.apply(without_whole_floats).to_csv(files[name], index=False, quoting=csv.QUOTE_ALL)
    return tables.load(**files, sep=",", progress=False, **options)


def assert_same(data, other):
    """Equal but for names, sources and what ids came as."""
    fields = ("name", "source", "notes", "user_id_dtype", "item_id_dtype")
    without_files = [note.replace(".csv", "") for note in other.notes]
    assert [n for n in data.notes if "came as floats" not in n] == without_files
    one, two = (vars(d) | dict.fromkeys(fields, "") for d in (data, other))
    assert_equal(type(data)(**one), type(data)(**two))


def pairs(data, frame):
    return [(data.user_ids[u], data.item_ids[i]) for u, i in zip(frame["user"], frame["item"], strict=True)]


def test_three_frames():
    data = from_frames(interactions(), items(), users(), min_user=0, item_relations=["genre", "year"])
    assert (data.name, data.time_kind, data.source) == ("frames", "seconds", "your own data frames")
    assert data.user_ids == ("1", "2", "3") and data.item_ids == ("10", "7", "12", "9")
    assert data.item_labels == ("Alien", "Dr. No", "12", "Gremlins")
    assert pairs(data, data.train) == [("1", "10"), ("1", "7"), ("2", "12"), ("2", "7")]
    assert pairs(data, data.test) == [("1", "12"), ("2", "10")]
    assert data.relation("item", "genre").lists(4) == [["Horror", "Sci-Fi"], ["Action"], ["Sci-Fi", "Action"], []]
    assert data.relation("item", "year").lists(4) == [["1979"], ["1962"], ["1979"], ["1984"]]
    assert data.relation("user", "age").lists(3) == [[], ["31"], ["31"]]
    assert any("columns of interactions: user = user_id, item = item_id, time = date" in note for note in data.notes)
    data.validation().check()


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"min_user": 0, "bins": {"year": 10, "age": "q2"}},
        {"split": "random", "seed": 4, "negatives": 1},
        {"item_relations": "genre, year", "user_relations": ["city"], "separator": None},
        {"title_column": "genre", "time_column": "rating", "duplicates": "first", "unknown": "drop"},
    ],
)
def test_the_same_as_files(tmp_path, options):
    frames = {"interactions": interactions(), "items": items(), "users": users()}
    assert_same(from_frames(**frames, **options), written(tmp_path, frames, **options))


text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=6)
# columns of one kind each, as pandas would hold them
KINDS = {
    "text": text,
    "integers": st.integers(-(10**6), 10**6),
    "floats": st.floats(-1e6, 1e6, width=32).map(float),
    "truth": st.booleans(),
    "dates": st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2030, 1, 1)).map(lambda d: d.replace(microsecond=0)),
    "days": st.dates(dt.date(1990, 1, 1), dt.date(2030, 1, 1)),
    "decimals": st.integers(-1000, 1000).map(lambda n: Decimal(n) / 8),
}


@st.composite
def columns(draw, n):
    """A column of one kind with gaps: as pandas makes it, as objects, nullable or as categories."""
    kind = draw(st.sampled_from(sorted(KINDS)))
    pool = draw(st.lists(KINDS[kind], min_size=1, max_size=4))
    cells = draw(st.lists(st.sampled_from([*pool, None]), min_size=n, max_size=n))
    dtype = draw(st.sampled_from([None, "object", "category", "nullable"]))
    if dtype == "nullable":
        dtype = {"text": "string", "integers": "Int64", "floats": "Float64", "truth": "boolean"}.get(kind)
    return pd.Series(cells, dtype=dtype)


@settings(deadline=None, max_examples=80)
@given(st.data())
def test_the_same_as_files_whatever_the_cells(tmp_path_factory, data):
    n = data.draw(st.integers(2, 6))
    ids = data.draw(st.sampled_from([list(range(n)), [f" i {k}" for k in range(n)], [k - 0.5 for k in range(n)]]))
    rows = [(u, i) for u in range(data.draw(st.integers(1, 3))) for i in data.draw(st.permutations(ids))[:3]]
    seen = pd.DataFrame(rows, columns=["user", "item"])
    if data.draw(st.booleans()):
        pool = KINDS[data.draw(st.sampled_from(["integers", "floats", "dates", "days"]))]
        seen["time"] = data.draw(st.lists(pool, min_size=len(seen), max_size=len(seen)))
        seen["time"] = seen["time"].astype(data.draw(st.sampled_from([seen["time"].dtype, "object"])))
    frames = {"interactions": seen, "items": pd.DataFrame({"item": ids})}
    for k in range(data.draw(st.integers(0, 3))):
        name = data.draw(st.sampled_from([f"c{k}", f" Column {k} "]))
        frames["items"][name] = data.draw(columns(n))
    if data.draw(st.booleans()):
        frames["items"]["title"] = data.draw(columns(n))
    seen["item"] = seen["item"].astype(data.draw(st.sampled_from([seen["item"].dtype, "object", "category"])))
    options = {"split": data.draw(st.sampled_from(["last", "random"]))}
    made = from_frames(**frames, **options)
    assert_same(made, written(tmp_path_factory.mktemp("same"), frames, **options))


def test_frames_stay_as_they_are():
    frames = [interactions(), items(genre=[["a"], ("b",), {"c"}, None]), users()]
    before = [frame.copy(deep=True) for frame in frames]
    data = from_frames(*frames, min_user=0)
    data.train.loc[:, "time"] = 0
    for relation in data.item_relations:
        relation.nodes[:] = 0
    for frame, copy in zip(frames, before, strict=True):
        pd.testing.assert_frame_equal(frame, copy)


# ---- ids

UUIDS = [uuid.UUID(int=k) for k in (10, 7, 12, 9)]


@pytest.mark.parametrize(
    "cells, dtype, expected, brought",
    [
        ([10, 7, 12, 9], "int64", ("10", "7", "12", "9"), "int64"),
        ([10, 7, 12, 9], "uint8", ("10", "7", "12", "9"), "int64"),
        ([10, 7, 12, 9], "Int64", ("10", "7", "12", "9"), "int64"),
        ([10, 7, 12, 9], "category", ("10", "7", "12", "9"), "int64"),
        ([10, 7, 12, 9], "object", ("10", "7", "12", "9"), "int64"),
        ([10, 7, 12, -9], "float64", ("10", "7", "12", "-9"), "int64"),
        ([10, 7, 12, 9], "Float64", ("10", "7", "12", "9"), "int64"),
        ([10.5, 7.5, 12.5, 9.5], "float64", ("10.5", "7.5", "12.5", "9.5"), "str"),
        (["010", "007", "12", " 9 "], None, ("010", "007", "12", "9"), "str"),
        (["a", "b", "c", "NA"], "string", ("a", "b", "c", "NA"), "str"),
        (["a", "b", "c", "d"], "category", ("a", "b", "c", "d"), "str"),
        ([10, "7", 12, "d"], "object", ("10", "7", "12", "d"), "str"),
        ([2**63, 7, 12, 9], "uint64", (str(2**63), "7", "12", "9"), "str"),
        (UUIDS, "object", tuple(map(str, UUIDS)), "str"),
    ],
)
def test_ids(cells, dtype, expected, brought):
    listed = items(item_id=pd.Series(cells, dtype=dtype))
    seen = interactions()
    by_old = dict(zip([10, 7, 12, 9], cells, strict=True))
    seen["item_id"] = pd.Series([by_old[i] for i in seen["item_id"]], index=seen.index, dtype=dtype)
    data = from_frames(seen, listed)
    assert data.item_ids == expected
    assert (data.item_id_dtype, data.user_id_dtype) == (brought, "int64")
    back = data.brought_ids("item", np.array([3, 0]))
    if brought == "int64":
        assert back.dtype == np.int64 and back.tolist() == [int(expected[3]), int(expected[0])]
    else:
        assert back.dtype == object and back.tolist() == [expected[3], expected[0]]
    assert data.brought_ids("user", []).dtype == np.int64
    assert pairs(data, data.test) == [("1", expected[2]), ("2", expected[0])]
    assert any("came as floats and were read as integers" in n for n in data.notes) == (
        str(dtype).lower() == "float64" and brought == "int64"
    )


def test_ids_that_are_integers_on_one_side_only():
    data = from_frames(interactions(), items().astype({"item_id": str}))
    assert data.item_id_dtype == "str" and data.brought_ids("item", [0]).tolist() == ["10"]
    assert datasets.load("toy").brought_ids("item", [2, 0]).tolist() == ["2", "0"]


def test_views_keep_what_the_ids_came_as():
    data = from_frames(interactions(), items())
    assert data.validation().brought_ids("item", [1]).tolist() == data.select(item=[]).brought_ids("item", [1]).tolist()


def test_the_index_may_hold_ids_and_times():
    plain = from_frames(interactions(), items(), users())
    seen, listed = interactions().set_index(["user_id", "item_id"]), items().set_index("item_id")
    assert_equal(from_frames(seen, listed, users().set_index("user_id")), plain)
    assert_equal(from_frames(interactions().set_index("date"), listed, users()), plain)
    named = {"item_column": "item_id", "user_column": "user_id"}
    assert_equal(from_frames(seen, listed, users(), **named), from_frames(interactions(), items(), users(), **named))
    # a column that looks like the id comes before an index that does
    both = listed.assign(movie_id=[1, 2, 3, 4]).rename_axis("film")
    with pytest.raises(DataError, match="not in items"):
        from_frames(interactions(), both)
    error = refused("items", None, interactions(), listed.rename_axis(None))
    assert "rename_axis('item_id')" in error.fix


def test_columns_called_by_numbers():
    seen = interactions().set_axis([0, 1, 2, 3], axis=1)
    data = from_frames(seen, items(), user_column=0, item_column=1, time_column=3)
    assert pairs(data, data.test) == [("1", "12"), ("2", "10")]


# ---- without items


def test_without_items():
    data = from_frames(interactions())
    assert data.item_ids == data.item_labels == ("10", "7", "12")
    assert data.item_relations == () and data.item_id_dtype == "int64"
    assert any("no table of items" in note for note in data.notes)
    few = pd.concat([interactions(), pd.DataFrame({"user_id": [5], "item_id": [77], "date": [pd.Timestamp("2024")]})])
    assert from_frames(few).item_ids == ("10", "7", "12"), "nobody who stays has 77"
    with pytest.raises(DataError, match="item relations are named, but no table of items"):
        from_frames(interactions(), item_relations=["genre"])
    with pytest.raises(DataError, match="a title column is named, but no table of items"):
        from_frames(interactions(), title_column="title")


# ---- cells of attributes


@pytest.mark.parametrize(
    "cells, dtype, lists",
    [
        ([["a", " b "], ("b",), {"c", "a"}, None], "object", [["a", "b"], ["b"], ["a", "c"], []]),
        ([np.array(["a", "b"]), frozenset("ba"), [], NAN], "object", [["a", "b"], ["a", "b"], [], []]),
        ([["a|b", None, NAN, pd.NA, pd.NaT, ""], "a|b", "c", "c"], "object", [["a|b"], ["a", "b"], ["c"], ["c"]]),
        ([[1979, 1980], [1979.0], 1979, None], "object", [["1979", "1980"], ["1979"], ["1979"], []]),
        ([[0.5, 2.0], 2.0, 2, None], "object", [["0.5", "2.0"], ["2.0"], ["2"], []]),
        ([1979, NAN, 1979, 1984], "float64", [["1979"], [], ["1979"], ["1984"]]),
        ([0.5, NAN, 2, 0.5], "float32", [["0.5"], [], ["2.0"], ["0.5"]]),
        ([1979, None, 1979, 1984], "Int64", [["1979"], [], ["1979"], ["1984"]]),
        ([True, False, None, True], "boolean", [["True"], ["False"], [], ["True"]]),
        ([True, False, False, True], "bool", [["True"], ["False"], ["False"], ["True"]]),
        (["x", None, "x|y", NAN], "category", [["x"], [], ["x", "y"], []]),
        (["x", pd.NA, "x", "NA"], "string", [["x"], [], ["x"], ["NA"]]),
        (["1", 1, 1.0, None], "object", [["1"], ["1"], ["1.0"], []]),
        (pd.to_datetime(["2024-05-01", None, "2024-05-01", "2024-05-02"]), None,
         [["2024-05-01"], [], ["2024-05-01"], ["2024-05-02"]]),
    ],
)  # fmt: skip
def test_cells_of_attributes(cells, dtype, lists):
    data = from_frames(interactions(), items(genre=pd.Series(cells, dtype=dtype)), item_relations=["genre"])
    assert data.relation("item", "genre").lists(4) == lists


def test_lists_are_lists_without_a_separator_too():
    listed = items(genre=[["a", "b|c"], "b|c", "a", None])
    data = from_frames(interactions(), listed, separator=None)
    assert data.relation("item", "genre").lists(4) == [["a", "b|c"], ["b|c"], ["a"], []]


def test_numbers_in_lists_are_binned():
    listed = items(year=[[1979, 1985], 1962, None, {1984}])
    data = from_frames(interactions(), listed, bins={"year": 10})
    assert data.relation("item", "year").lists(4) == [["1970-1979", "1980-1989"], ["1960-1969"], [], ["1980-1989"]]


# ---- times

DATES = pd.to_datetime(["2024-05-01", "2024-05-02", "2024-05-03 12:30:00.9", "2024-01-01", "2024-01-02", "2024-01-03"],
                       format="ISO8601")  # fmt: skip
SECONDS = [1714521600, 1714608000, 1714739400, 1704067200, 1704153600, 1704240000]


@pytest.mark.parametrize(
    "times",
    [
        DATES,
        DATES.tz_localize("UTC"),
        DATES.tz_localize("UTC").tz_convert("Asia/Tokyo"),
        DATES.as_unit("us"),
        DATES.to_pydatetime(),
        DATES.astype(str),
        DATES.tz_localize("UTC").tz_convert("America/New_York").astype(str),
        SECONDS,
        np.array(SECONDS, "int32"),
        pd.array(SECONDS, "Int64"),
        [s + 0.25 for s in SECONDS],
        [float(s) for s in SECONDS],
        [s * 1000 for s in SECONDS],
        [str(s) for s in SECONDS],
    ],
    ids=str,
)
def test_times(times):
    data = from_frames(interactions(date=times), items())
    assert data.time_kind == "seconds"
    assert [*data.train["time"], *data.test["time"]] == [SECONDS[k] for k in (0, 1, 3, 4, 2, 5)]


def test_times_that_are_only_an_order():
    data = from_frames(interactions(date=[0.5, 7, 8, 1, 2, 3]), items())
    assert data.time_kind == "order" and data.train["time"].tolist() == [0, 1, 0, 1]
    data = from_frames(interactions().drop(columns="date"), items())
    assert data.time_kind == "order" and "order of the rows" in data.split
    days = interactions(date=[dt.date(2024, 1, k) for k in (1, 2, 3, 1, 2, 3)])
    assert from_frames(days, items()).train["time"].tolist()[0] == 1704067200


# ---- faults


def refused(table, row, *frames, **options):
    """The error, which names the frame, the label of the row, and says what to do."""
    with pytest.raises(DataError) as caught:
        from_frames(*frames, **options)
    error = caught.value
    assert (error.file, error.line, error.table, error.row) == (None, None, table, row)
    place = table if row is None else f"{table}, row {row}"
    assert str(error).startswith(f"{place}: ") and error.expected and error.fix
    return error


def changed(frame, label, column, cell):
    frame = frame.astype({column: object})
    frame.at[label, column] = cell
    return frame


@pytest.mark.parametrize("cell", [None, NAN, pd.NA, "", "  "])
def test_an_empty_id(cell):
    error = refused("interactions", "17", changed(interactions(), 17, "item_id", cell), items())
    assert "the item is empty" in str(error) and error.expected == "the id of the item in every row"
    refused("items", "2", interactions(), changed(items(), 2, "item_id", cell))


def test_an_empty_time():
    seen = interactions()
    seen.loc[19, "date"] = pd.NaT
    assert "the time is empty" in str(refused("interactions", "19", seen, items()))
    assert "remove the row" in refused("interactions", "5", changed(interactions(), 5, "date", None), items()).fix
    error = refused("interactions", "3", interactions(date="yesterday"), items())
    assert "'yesterday' is no time" in str(error)


def test_an_item_that_is_not_listed():
    seen = changed(interactions(), 17, "item_id", 99)
    error = refused("interactions", "17", seen, items())
    assert "1 item of interactions is not in items: '99' (row 17); items has '9'" in str(error)
    assert len(from_frames(seen, items(), unknown="drop").train) == 3
    error = refused("interactions", None, seen, items(item_id=list("abcd")), unknown="drop")
    assert error.expected == "the same ids in both data frames"


def test_what_stands_twice():
    more = pd.concat([interactions(), interactions().loc[[5]].set_axis(["again"])])
    error = refused("interactions", "'again'", more, items())
    assert "rows 5 and 'again' (user '1', item '7')" in str(error)
    same_label = pd.concat([interactions(), interactions().loc[[5]]])
    error = refused("interactions", "5 (at position 6)", same_label, items())
    assert "rows 5 (at position 1) and 5 (at position 6)" in str(error)
    assert len(from_frames(more, items(), duplicates="last").test) == 2
    listed = pd.concat([items(), items().loc[[1]]], ignore_index=True)
    assert "stands in several rows: 1, 4" in str(refused("items", "4", interactions(), listed))
    by_id = listed.set_index("item_id")
    assert "stands in several rows" in str(refused("items", "7 (at position 4)", interactions(), by_id))


@pytest.mark.parametrize("column", ["title", "genre"])
def test_a_cell_that_is_no_value(column):
    cells = [b"x", "y", None, None] if column == "genre" else [["a"], None, None, None]
    error = refused("items", "0", interactions(), items(**{column: cells}))
    assert f"{cells[0]!r} in column {column!r} is no single value" in str(error)
    refused("items", "0", interactions(), items(genre=[{"id": 1}, "y", None, None]))
    refused("items", "1", interactions(), items(genre=["a", ["a", ["b"]], None, None]))
    refused("interactions", "5", changed(interactions(), 5, "item_id", [1, 2]), items())


def test_a_number_that_is_none():
    error = refused("items", "1", interactions(), items(year=[1979, "old", 1, 2]), bins={"year": 10})
    assert "'old' in column 'year' is no number" in str(error)


def test_a_label_of_several_levels():
    seen = interactions().set_index(["user_id", "item_id"], drop=False).rename_axis([None, None])
    seen["rating"] = ["x", 1, 2, 3, 4, 5]
    assert "'x' is no time" in str(refused("interactions", "(1, 10)", seen, items(), time_column="rating"))


def test_what_is_no_frame():
    assert "a str" in str(refused("interactions", None, "interactions.csv"))
    assert "a list" in str(refused("items", None, interactions(), [1]))
    assert "no row in it" in str(refused("interactions", None, interactions()[:0], items()))
    assert "no row in it" in str(refused("items", None, interactions(), items()[:0]))
    twice = interactions().set_axis(["user", "item", "x", " x"], axis=1)
    assert "two columns are called 'x'" in str(refused("interactions", None, twice))
    levels = interactions().set_axis(pd.MultiIndex.from_product([["a"], list("bcde")]), axis=1)
    assert "2 levels" in str(refused("interactions", None, levels))


def test_a_column_that_is_missing():
    error = refused("interactions", None, interactions(), items(), user_column="user")
    assert "did you mean 'user_id'" in str(error)
    refused("interactions", None, interactions().drop(columns="item_id"), items())
    refused("users", None, interactions(), items(), users().drop(columns="user_id"))
    with pytest.raises(DataError, match="pass users= as well"):
        from_frames(interactions(), items(), user_relations=["age"])


def test_frames_cannot_be_loaded_again():
    for load in (Source("frames").load, lambda: datasets.load("frames")):
        with pytest.raises(RamgnnError, match="hand it in as the data set"):
            load()
    assert "frames" not in datasets.names()


# ---- ids as they were brought ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ids", "ways"),
    [
        (["ann", "ann ", "ann", "bob", " bob", "bob"], ["2 ids of users", "only by spaces", "'ann '"]),
        ([1, "1", 1, 2, 2, 2], ["1 ids of users in interactions", "1 and '1'"]),
        (pd.Categorical(["a", "a ", "a", "b", "b", "b"]), ["1 id of users", "only by spaces", "'a '"]),
        (pd.Categorical([1, "1", 1, 2, 2, 2]), ["1 ids of users", "1 and '1'"]),
        ([" a", " a", " a", "b", "b", "b"], None),
        (["1", "1", "1", "2", "2", "2"], None),
        ([1.0, 1, 1, 2, 2, 2], None),
    ],
)
def test_ids_that_are_taken_for_one_are_noted(ids, ways):
    data = from_frames(interactions().assign(user_id=ids))
    assert data.n_users == 2
    notes = [note for note in data.notes if "only by spaces" in note or "taken for one" in note]
    assert len(notes) == (ways is not None)
    assert all(way in notes[0] for way in ways or ())


DAYS = ["2024-05-01", "2024-05-02", "2024-05-02"]


@pytest.mark.parametrize(
    "ids",
    [
        pd.to_datetime(DAYS),
        pd.to_datetime(["2024-05-01 00:00", "2024-05-02 12:30", "2024-05-02 12:30"]),
        pd.to_datetime(["2024-05-01", "2024-05-02 12:30:00.5", "2024-05-02 12:30:00.5"], format="mixed"),
        pd.to_datetime(["2024-05-01", "2024-05-02 12:30:00.000001", "2024-05-02 12:30:00.000001"], format="mixed"),
        pd.to_datetime(DAYS, utc=True),
        pd.Series(pd.to_datetime(DAYS)).astype("datetime64[s]"),
        np.array(DAYS, "datetime64[D]"),
        [dt.date(2024, 5, n) for n in (1, 2, 2)],
        [dt.datetime(2024, 5, n, 7) for n in (1, 2, 2)],
        pd.to_timedelta(["1D", "2D", "2D"]),
        [1.0, 2.5, 2.5],
        [1.0, 2.0, 2.0],
        [1e20, 2.0, 2.0],
        [uuid.UUID(int=n) for n in (1, 2, 2)],
        [Decimal("1.50"), Decimal("2"), Decimal("2")],
        [True, False, False],
        pd.Categorical(["a ", "b", "b"]),
        pd.PeriodIndex(["2024-01", "2024-02", "2024-02"], freq="M"),
    ],
    ids=str,
)
def test_every_id_is_found_by_what_was_brought(ids):
    """One by one as the frame gives them, in a list, and as an array of NumPy's."""
    column = pd.Series(ids)
    rows = pd.DataFrame({"user": column.repeat(2).reset_index(drop=True), "item": [1, 2, 1, 3, 4, 5]})
    data = from_frames(rows)
    model = ramgnn.fit(data, "popularity", progress=False)
    assert [find(data, "user", cell) for cell in column] == [0, 1, 1]
    assert model.recommend(column[0], 1)["user"].tolist() == list(data.brought_ids("user", [0]))
    for several in (list(column), column, column.to_numpy()):
        assert len(model.recommend(several, 1)) == 3
    if column.dtype.kind == "M":
        with pytest.raises(NotFoundError, match="a date stands for an id"):
            find(data, "user", pd.Timestamp("1999-01-01"))


def test_rows_without_a_cell_are_left_out():
    """As pandas.read_excel gives them; a row whose index is its id has something."""
    rows = pd.concat([interactions(), pd.DataFrame([{}], index=[99])])
    films = pd.concat([items(), pd.DataFrame([{}, {}])])
    data = from_frames(rows, films)
    assert data.n_items == from_frames(interactions(), items()).n_items and len(data.train) == 4
    assert "1 row of interactions is empty in every column and was left out (row 99)" in data.notes
    assert any("2 rows of items are empty in every column" in note for note in data.notes)
    by_index = items().set_index("item_id")
    assert (
        by_index.index.name
        and from_frames(interactions(), by_index.assign(title=NAN, genre=NAN, year=NAN)).n_items == data.n_items
    )
