"""Odd tables that people brought, or made to break the reading, each with its right value."""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd
import pytest

import ramgnn
from ramgnn.datasets import tables
from ramgnn.datasets.frames.notes import is_doubt
from ramgnn.errors import DataError, RamgnnError


def write(folder, text, name="f.csv"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def frames(times, n_users=3, **options):
    rows = [(user, item, time) for user in "abc"[:n_users] for item, time in times]
    frame = pd.DataFrame(rows, columns=["user", "item", "time"])
    return ramgnn.from_frames(frame, **options)


def held_out(data):
    return {data.item_ids[i] for i in data.test["item"]}


def test_a_quote_that_joins_two_rows_is_a_doubt(tmp_path):
    path = write(tmp_path, 'user_id,item_id\na,m1\na,m2\nb,"m1\nb,m3"\nb,m2\nc,m1\nc,m3\nc,m2\n')
    assert any(is_doubt(n) and "line end inside, first 'm1\\nb,m3'" in n for n in tables.load(path, None).notes)
    assert tables.load(path, None, quote=None).n_items == 5  # with the quotes as letters


def test_a_title_over_two_lines_is_a_doubt(tmp_path):
    interactions = write(tmp_path, "user,item\n" + "".join(f"u{u},i{i}\n" for u in range(3) for i in range(3)))
    items = write(tmp_path, 'item,title,genre\ni0,"Weird,War\nStories",x\ni1,B,x\ni2,C,y\n', "items.csv")
    notes = tables.load(interactions, items).notes
    assert any(is_doubt(note) and "'Weird,War\\nStories'" in note for note in notes)


def test_four_fields_or_more_on_each_of_two_lines_are_refused(tmp_path):
    path = write(tmp_path, 'user,item,date,note\na,p,2020-01-01,"fine\na,q,2020-01-02,good"\nb,p,2020-01-01,x\n')
    with pytest.raises(DataError, match="each line between would be a row"):
        tables.load(path, None)


def test_the_day_of_the_month_is_no_time():
    frame = pd.DataFrame(
        [
            (u, i, *d)
            for u in "ab"
            for i, d in (("first", (2021, 1, 31)), ("mid", (2022, 5, 20)), ("last", (2024, 6, 1)))
        ],
        columns=["user", "item", "year", "month", "day"],
    )
    data = ramgnn.from_frames(frame)
    assert held_out(data) == {"last"} and "leave the last out by the order of the rows" in data.split


def test_a_year_of_two_figures_is_refused():
    with pytest.raises(DataError, match="is no time"):
        frames([("p", "0012-05-24"), ("q", "0011-05-23")])
    early = frames([("p", datetime.datetime(1, 1, 1)), ("q", datetime.datetime(1, 1, 2))])
    assert any(is_doubt(note) and "before 1900" in note for note in early.notes)


def test_of_equal_times_the_one_that_is_held_out_is_named():
    data = frames([("w", 2019), ("x", 2020), ("y", 2020), ("z", 2020)])
    assert held_out(data) == {"x"}
    assert "3 of 3 users have several rows at their latest time; the one that stands first among them is held out" in (
        "\n".join(data.notes)
    )
    assert not any("several rows at" in note for note in frames([("w", 2019), ("x", 2020)]).notes)


@pytest.mark.parametrize("time", ["٢٠٢٤-٠٥-٠١", "２０２４-05-01", "1 May ٢٠٢٤"])
def test_other_digits_are_refused_in_words(time):
    with pytest.raises(DataError, match="is no time"):
        frames([("p", time), ("q", time)])


@pytest.mark.parametrize("dtype", ["Int64", "int64[pyarrow]"])
def test_an_empty_time_among_integers(dtype):
    if "pyarrow" in dtype:
        pytest.importorskip("pyarrow")
    times = pd.array([1_500_000_000, None, 1_500_000_001, 1_500_000_002], dtype=dtype)
    frame = pd.DataFrame({"user": list("aabb"), "item": list("pqpq"), "time": times})
    with pytest.raises(DataError, match="the time is empty"):
        ramgnn.from_frames(frame)
    data = ramgnn.from_frames(frame, unknown="drop", min_user=1)
    assert len(data.train) + len(data.test) == 3
    user, item = data.user_ids.index("a"), data.item_ids.index("q")
    assert item in data.had(user)


def test_a_path_that_is_too_long_is_refused():
    with pytest.raises(RamgnnError, match="too long a path, of 5,000 characters"):
        ramgnn.load_run("x" * 5000)


def test_a_listed_id_of_minus_one_is_an_item():
    rows = [(u, i) for u in "ab" for i in ("1", "2", "-1")]
    items = pd.DataFrame({"item": ["1", "2", "3", "-1", "x9"], "genre": list("aabba")})
    data = ramgnn.from_frames(pd.DataFrame(rows, columns=["user", "item"]), items, unknown="drop")
    assert "-1" in data.item_ids and len(data.train) + len(data.test) == 6


def test_underscores_make_no_numbers():
    rows = pd.DataFrame({"user": list("aabb"), "item": list("pqpq"), "rating": ["4_5", "3", "5", "4"]})
    with pytest.raises(DataError, match="'4_5' .* is no number"):
        ramgnn.from_frames(rows, min_rating=3, min_user=1)


def test_without_a_header_the_file_says_what_its_own_items_are(tmp_path):
    genre = {i: ["Jazz", "Pop", "Rock"][i % 3] for i in range(1, 13)}
    order = np.random.default_rng(0)
    lines = [
        f"{u},{i},{genre[i]},2020-01-{k + 1:02d}\n"
        for u in range(1, 13)
        for k, i in enumerate(order.permutation(np.arange(1, 13))[:6])
    ]
    path = write(tmp_path, "".join(lines))
    data = tables.load(
        path, path, header=False, user_column="1", item_column="2", time_column="4", item_relations=["3"],
        duplicates="first",
    )  # fmt: skip
    relation = data.relation("item", "3")
    said = {data.item_ids[n]: relation.labels[v] for n, v in zip(relation.nodes, relation.values, strict=True)}
    assert said == {str(i): genre[i] for i in range(1, 13)}


@pytest.mark.parametrize(
    ("cells", "liked"),
    [
        ([True, False, True, True], 3),
        (["True", "False", "True", ""], 2),
        (["up", "down", "up", "up"], 3),
        (["★★★★★", "★", "★★★★", "★★"], 2),
    ],
)
def test_ratings_in_words_are_a_doubt_and_can_be_used(cells, liked):
    frame = pd.DataFrame({"user": list("aabb"), "item": list("pqrs"), "rating": cells})
    doubts = [note for note in ramgnn.from_frames(frame).notes if is_doubt(note)]
    assert any("every row counts as liked" in note for note in doubts)
    least = 4 if "★" in cells[0:1] or "★★★★★" in cells else 1
    frame = pd.concat([frame, frame.assign(user="c")])  # who has them all
    data = ramgnn.from_frames(frame, min_rating=least)
    assert len(data.history(data.user_ids.index("c"))) + 1 == liked


def test_ratings_in_other_words_are_told_and_not_all_missing():
    frame = pd.DataFrame({"user": list("aabb"), "item": list("pqrs"), "rating": ["good", "bad", "good", "fair"]})
    assert any("are no numbers, such as" in n for n in ramgnn.from_frames(frame).notes)
    with pytest.raises(DataError, match="'good'") as error:
        ramgnn.from_frames(frame, min_rating=1)
    assert "missing" not in str(error.value)


def test_serial_days_with_a_decimal_comma():
    data = frames([("x", "43950,10"), ("y", "43001,5"), ("z", "43943,84")], time_column="time")
    assert held_out(data) == {"x"} and any("decimal comma" in note for note in data.notes)


def test_no_time_column_at_all():
    data = frames([("x", "2020-01-03"), ("y", "2020-01-01")], time_column="none")
    assert held_out(data) == {"y"} and data.split.endswith("the order of the rows")


def test_whole_numbers_among_gaps_are_written_as_such():
    items = pd.DataFrame({"item": list("pqrs"), "year": ["1994.0", "1994.0", "", "2001.0"]})
    data = ramgnn.from_frames(pd.DataFrame({"user": list("aabb"), "item": list("pqrs")}), items)
    assert set(data.relation("item", "year").labels) == {"1994", "2001"}


def test_values_without_what_nobody_sees():
    items = pd.DataFrame({"item": list("pqrs"), "studio": ["Pathé\u200b", "Pathé", "\ufeffÉclair", "Éclair"]})
    data = ramgnn.from_frames(pd.DataFrame({"user": list("aabb"), "item": list("pqrs")}), items)
    assert set(data.relation("item", "studio").labels) == {"Pathé", "Éclair"}


def test_what_a_column_that_joins_nothing_may_be_for():
    n = 60
    items = pd.DataFrame({"item": [f"i{k}" for k in range(n)], "kind": ["a", "b"] * (n // 2)})
    items["Bezeichnung"], items["Preis"] = [f"Ding {k}" for k in range(n)], [f"{k},5" for k in range(n)]
    rows = pd.DataFrame({"user": ["a", "a", "b", "b"], "item": ["i1", "i2", "i3", "i4"]})
    notes = "\n".join(ramgnn.from_frames(rows, items).notes)
    assert "title_column='Bezeichnung' if it says what the items are called" in notes
    assert "bins={'Preis': 'q5'} would join numbers that are near" in notes
