"""Your own tables: what is read is what was meant, and each fault is named with file, line and remedy."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ramgnn.datasets import tables
from ramgnn.datasets.frames.bins import bin_labels
from ramgnn.errors import DataError

INTERACTIONS = """user_id,item_id,rating,date
ann,m1,4,2024-05-01
ann,007,5,2024-05-03
bob,m1,3,2024-01-03T12:00:00Z
bob,m2,3,2024-01-01
bob,007,1,2024-01-02
ann,m2,2,2024-05-02
"""
ITEMS = """item_id,title,genre,year
m1,Alien,Horror|Sci-Fi,1979
007,Dr. No,Action,1962
m2,Aliens,Sci-Fi| Action |Sci-Fi,1986
m9,Gremlins,Horror,1984
"""
USERS = """user_id,age,city
ann,31,Oslo
bob,38,Oslo
eve,64,Rome
"""


@pytest.fixture
def files(tmp_path):
    """A function that writes the three tables, with changes, and gives the options that read them."""

    def write(interactions=INTERACTIONS, items=ITEMS, users=None, **options):
        own = {"interactions": tmp_path / "interactions.csv", "items": tmp_path / "items.csv"}
        own["interactions"].write_text(interactions, encoding="utf-8")
        own["items"].write_text(items, encoding="utf-8")
        if users is not None:
            own["users"] = tmp_path / "people.csv"
            own["users"].write_text(users, encoding="utf-8")
        return {**own, "progress": False, **options}

    return write


def refused(options, file, *words, line=None):
    """The error, which names the file, the line if there is one, what was expected and what to do."""
    with pytest.raises(DataError) as caught:
        tables.load(**options)
    error = caught.value
    assert error.file == (str(options[file]) if file else None)
    assert error.line == line
    assert error.expected and error.fix
    for word in words:
        assert word in str(error)
    return error


def pairs(dataset, frame):
    return [(dataset.user_ids[u], dataset.item_ids[i]) for u, i in zip(frame["user"], frame["item"], strict=True)]


def test_three_tables(files):
    data = tables.load(**files(users=USERS, min_user=0))
    assert data.name == "tables"
    assert data.user_ids == ("ann", "bob", "eve")
    assert data.item_ids == ("m1", "007", "m2", "m9")
    assert data.item_labels == ("Alien", "Dr. No", "Aliens", "Gremlins")
    assert data.time_kind == "seconds"
    assert pairs(data, data.train) == [("ann", "m1"), ("ann", "m2"), ("bob", "m2"), ("bob", "007")]
    assert pairs(data, data.test) == [("ann", "007"), ("bob", "m1")]
    noon = datetime(2024, 1, 3, 12, tzinfo=UTC).timestamp()
    assert data.test["time"].tolist()[1] == noon
    assert [r.name for r in data.item_relations] == ["genre"]  # no two films are of one year
    assert data.relation("item", "genre").lists(4) == [
        ["Horror", "Sci-Fi"],
        ["Action"],
        ["Sci-Fi", "Action"],
        ["Horror"],
    ]
    assert data.relation("user", "city").lists(3) == [["Oslo"], ["Oslo"], ["Rome"]]
    assert data.negatives is None
    data.validation().check()


def test_cold_items_stay_and_are_noted(files):
    data = tables.load(**files())
    assert "m9" in data.item_ids
    assert any("1 of 4 items have no interaction" in note for note in data.notes)


def test_columns_that_join_nothing_or_everything(files):
    items = "item_id,same,own,some,blank\nm1,x,a,s,\n007,x,b,s,\nm2,x,c,t,\n"
    data = tables.load(**files(items=items))
    assert [r.name for r in data.item_relations] == ["some"]
    notes = "\n".join(data.notes)
    assert "'same' of items.csv: every row has the value 'x'" in notes
    assert "'own' of items.csv: no two rows share a value" in notes
    assert "'blank' of items.csv: it is empty" in notes
    named = tables.load(**files(items=items, item_relations=["own", "same"]))
    assert [r.name for r in named.item_relations] == ["own", "same"]
    assert sum("stays, since it was named" in note for note in named.notes) == 2


def test_relations_may_be_one_string(files):
    assert [r.name for r in tables.load(**files(item_relations="genre, year")).item_relations] == ["genre", "year"]


def test_no_relation_left_is_noted(files):
    data = tables.load(**files(items="item_id\nm1\n007\nm2\n"))
    assert data.item_relations == ()
    assert any("no graph of the items" in note for note in data.notes)


def test_without_separator_a_cell_is_one_value(files):
    data = tables.load(**files(separator=None, item_relations=["genre"]))
    assert data.relation("item", "genre").labels[0] == "Horror|Sci-Fi"


# ---- which column is what


@pytest.mark.parametrize(
    "header, user, item, time",
    [
        ("user,item,time", "user", "item", "time"),
        ("userId,movieId,timestamp", "userId", "movieId", "timestamp"),
        ("Customer ID,Product-ID,Date", "Customer ID", "Product-ID", "Date"),
        ("ts,uid,song_id", "uid", "song_id", "ts"),
        ("rating,item_id,user_id", "user_id", "item_id", None),
    ],
)
def test_columns_are_guessed(files, header, user, item, time):
    own = files(f"{header}\n1,1,1\n", f"{item},genre\n1,x\n")
    found = tables.guess(own["interactions"], own["items"])
    assert (found.user, found.item, found.time, found.item_id) == (user, item, time, item)
    assert {"user", "item", "time", "item_id"} <= set(found.guessed)


def test_the_guess_can_be_shown(files):
    own = files(users=USERS)
    found = tables.guess(own["interactions"], own["items"], own["users"], user_column="user_id")
    assert found.left_out == (("interactions.csv", "rating"),)
    assert ("interactions.csv", "user", "user_id", "given") in found.rows()
    assert ("interactions.csv", "time", "date", "guessed") in found.rows()
    assert ("people.csv", "relations", "age, city", "guessed") in found.rows()
    assert "not read: rating (interactions.csv)" in str(found)
    assert any("user = user_id, item = item_id, time = date" in note for note in tables.load(**own).notes)


def test_columns_may_be_named(files):
    own = files(
        "who,what,n\na,1,2\na,2,1\nb,1,1\nb,2,2\n",
        "id,what it is,kind\n1,One,x\n2,Two,x\n3,Three,y\n",
        user_column="who",
        item_column="what",
        time_column="n",
        title_column="what it is",
    )
    data = tables.load(**own)
    assert pairs(data, data.test) == [("a", "1"), ("b", "2")]
    assert data.item_labels == ("One", "Two", "Three")
    assert data.time_kind == "order"


def test_no_column_for_the_user(files):
    error = refused(files("a,item_id\n1,2\n"), "interactions", "no column looks like the user: 'a'", line=1)
    assert "user_column=" in error.fix
    refused(files(items="a,b\n1,2\n"), "items", "no column looks like the item", line=1)
    refused(files(users="a,b\n1,2\n"), "users", "no column looks like the user", line=1)


def test_one_column_for_two_things(files):
    refused(files(user_column="item_id"), "interactions", "no column looks like the item", line=1)
    refused(files(user_column="item_id", item_column="item_id"), "interactions", "stands for two things", line=1)
    refused(files(time_column="user_id"), "interactions", "stands for two things", line=1)


@pytest.mark.parametrize(
    "option, file", [("user_column", "interactions"), ("time_column", "interactions"), ("title_column", "items")]
)
def test_a_named_column_that_is_missing(files, option, file):
    refused(files(**{option: "titel"}), file, "no column 'titel'", line=1)


def test_a_named_relation_that_is_missing(files):
    refused(files(item_relations=["genres"]), "items", "did you mean 'genre'", line=1)
    with pytest.raises(DataError, match="no table of users"):
        tables.load(**files(user_relations=["age"]))


def test_users_beside_that_were_not_named(files):
    own = files()
    (own["items"].parent / "users.csv").write_text(USERS)
    assert any("users.csv lies beside" in note for note in tables.load(**own).notes)


# ---- times


@pytest.mark.parametrize(
    "cells, kind, seconds",
    [
        (["1714521600", "1714521601", "1714521602"], "seconds", 1714521600),
        (["1714521600123", "1714521601000", "1714521602000"], "seconds", 1714521600),
        (["1714521600.7", "1714521601.2", "1714521602"], "seconds", 1714521600),
        (["2024-05-01", "2024-05-01T00:00:01", "2024-05-01 02:00:02.5+02:00"], "seconds", 1714521600),
        (["20240501", "20240502", "20240503"], "seconds", 1714521600),
        (["1960-01-01", "1970-01-01", "1980-01-01"], "seconds", -315619200),
        (["5", "17", "100"], "order", 0),
        (["-0.5", "0.25", "1e3"], "order", 0),
    ],
)
def test_times(files, cells, kind, seconds):
    shuffled = [2, 0, 1]
    rows = "".join(f"a,{'xyz'[i]},{cells[i]}\n" for i in shuffled)
    data = tables.load(**files("user,item,time\n" + rows, "item,g\nx,1\ny,1\nz,2\n"))
    assert data.time_kind == kind
    assert pairs(data, data.train) == [("a", "x"), ("a", "y")]
    assert pairs(data, data.test) == [("a", "z")]
    assert data.train["time"].iloc[0] == seconds
    if kind == "order":
        assert data.train["time"].tolist() + data.test["time"].tolist() == [0, 1, 2]


def test_without_a_time_the_rows_are_in_order(files):
    data = tables.load(**files("user,item\na,y\nb,x\na,x\nb,z\na,z\n", "item,g\nx,1\ny,1\nz,2\n"))
    assert pairs(data, data.train) == [("a", "y"), ("a", "x"), ("b", "x")]
    assert pairs(data, data.test) == [("a", "z"), ("b", "z")]
    assert data.time_kind == "order"
    assert "order of the rows" in data.split


@pytest.mark.parametrize(
    "cells, line, word",
    [
        (["2024-05-01", "", "2024-05-02"], 3, "empty"),
        (["2024-05-01", "03/04/2017", "2024-05-02"], 3, "'03/04/2017' is no time"),
        (["1714521600", "17", "yesterday"], 4, "'yesterday' is no time"),
        (["2024-02-31", "2024-05-01", "2024-05-01"], 2, "'2024-02-31' is no time"),
    ],
)
def test_bad_times(files, cells, line, word):
    rows = "".join(f"a,{item},{cell}\n" for item, cell in zip("xyz", cells, strict=True))
    refused(files("user,item,time\n" + rows, "item,g\nx,1\ny,1\nz,2\n"), "interactions", word, "2024-05-01", line=line)


# ---- bins


@pytest.mark.parametrize(
    "numbers, how, labels",
    [
        (["1990", "1999", "2000", ""], 10, [["1990-1999"], ["1990-1999"], ["2000-2009"], []]),
        (["3", "4", "-1", "5"], "2", [["2-3"], ["4-5"], ["-2 to -1"], ["4-5"]]),
        (["7", "7", "8", "9"], 1, [["7"], ["7"], ["8"], ["9"]]),
        (["9.99", "10.5", "0", "3"], 10, [["0 to 10"], ["10 to 20"], ["0 to 10"], ["0 to 10"]]),
        (["0.1", "0.6", "0.7", "0.2"], 0.5, [["0 to 0.5"], ["0.5 to 1"], ["0.5 to 1"], ["0 to 0.5"]]),
        (["1", "2", "30", "400"], "q2", [["1-2"], ["1-2"], ["30-400"], ["30-400"]]),
        (["5", "5", "5", "5"], "q4", [["5"]] * 4),
        (["1|11", "12", "2", "3"], 10, [["0-9", "10-19"], ["10-19"], ["0-9"], ["0-9"]]),
    ],
)
def test_bins(files, numbers, how, labels):
    items = "item_id,n\n" + "".join(f"{i},{n}\n" for i, n in zip(["m1", "007", "m2", "m9"], numbers, strict=True))
    data = tables.load(**files(items=items, item_relations=["n"], bins={"n": how}))
    assert data.relation("item", "n").lists(4) == labels


@given(st.lists(st.integers(-10_000, 10_000), min_size=1, max_size=30), st.integers(1, 500))
def test_bins_hold_their_numbers(values, width):
    for value, label in zip(values, bin_labels(np.array(values, float), width, "n"), strict=True):
        low, high = (int(end) for end in (label.split(" to ") if " to " in label else (label.rsplit("-", 1) * 2)[:2])) \
            if not label.lstrip("-").isdigit() else (int(label), int(label))  # fmt: skip
        assert low <= value <= high and high - low == width - 1 and low % width == 0


def test_bad_bins(files):
    error = refused(files(bins={"genre": 10}), "items", "'Horror' in column 'genre' is no number", line=2)
    assert "bins" in error.fix
    refused(files(bins={"yaer": 10}), None, "did you mean 'year'")
    for how in ("five", 0, -1, "q1", None, True, np.True_):
        refused(files(bins={"year": how}), None, "are no bins")


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("how", [1e-320, "1e-300", 1e-8, 5e-324])
def test_bins_that_are_too_narrow(files, how):
    refused(files(bins={"year": how}), None, f"{how!r} are no bins for column 'year'", "too narrow for numbers such as")


def test_users_are_binned_too_and_many_numbers_are_noted(files):
    data = tables.load(**files(users=USERS, min_user=0, bins={"age": 10}))
    assert data.relation("user", "age").lists(3) == [["30-39"], ["30-39"], ["60-69"]]
    items = ITEMS + "".join(f"x{i},T,Horror,{i // 2}\n" for i in range(120))
    assert any("bins={'year': 10}" in note for note in tables.load(**files(items=items)).notes)


# ---- ids


def test_ids_are_text_without_spaces_around(files):
    data = tables.load(**files(INTERACTIONS.replace("bob,007", " bob , 007 ")))
    assert data.n_users == 2 and "007" in data.item_ids and "7" not in data.item_ids


def test_an_item_that_is_not_listed(files):
    wrong = INTERACTIONS + "ann,m3,1,2024-06-01\nbob,m3,1,2024-06-01\nbob,zz,1,2024-06-01\n"
    error = refused(files(wrong), "interactions", "2 items", "'m3' (line 8)", "'zz' (line 10)", line=8)
    assert "unknown='drop'" in error.fix and "3 interactions" in error.fix
    data = tables.load(**files(wrong, unknown="drop"))
    assert len(data.train) + len(data.test) == 6
    assert any("3 interactions of 2 items not in items.csv were dropped" in note for note in data.notes)


def test_a_user_that_is_not_listed(files):
    own = files(users=USERS.replace("bob", "rob"))
    refused(own, "interactions", "1 user of", "'bob' (line 4)", "people.csv has 'rob'", line=4)
    assert tables.load(**own, unknown="drop").user_ids == ("ann",)


def test_no_id_in_common(files):
    own = files(items="item_id,g\n1,x\n2,x\n", unknown="drop")
    refused(own, "interactions", "no item of it is in items.csv", "'1', '2' there")


def test_an_empty_id(files):
    refused(files(INTERACTIONS + " ,m1,1,2024-01-01\n"), "interactions", "the user is empty", line=8)
    refused(files(items=ITEMS + ",No id,x,1\n"), "items", "the item is empty", line=6)


# ---- repeats


def test_a_pair_that_stands_twice(files):
    again = INTERACTIONS + "ann,m1,1,2024-06-01\n"
    error = refused(files(again), "interactions", "lines 2 and 8", "'ann'", "'m1'", line=8)
    assert "duplicates='first'" in error.fix
    first, last = (tables.load(**files(again, duplicates=keep)) for keep in ("first", "last"))
    assert pairs(first, first.test)[0] == ("ann", "007")
    assert pairs(last, last.test)[0] == ("ann", "m1")
    assert any("1 row repeated a pair" in note for note in last.notes)


def test_first_and_last_are_by_time(files):
    again = INTERACTIONS + "ann,m1,1,1999-01-01\n"
    data = tables.load(**files(again, duplicates="first"))
    assert data.train["time"].iloc[0] == datetime(1999, 1, 1, tzinfo=UTC).timestamp()


def test_an_item_that_stands_twice(files):
    again = ITEMS + "m1,Alien 2,Comedy,1980\n"
    error = refused(files(items=again), "items", "the item 'm1' stands on several lines: 2, 6", line=6)
    assert "joined by" in error.fix
    assert tables.load(**files(items=again, duplicates="last")).item_labels[-1] == "Alien 2"
    assert tables.load(**files(items=again, duplicates="first")).item_labels[0] == "Alien"
    refused(files(users=USERS + "ann,1,Bonn\n"), "users", "the user 'ann' stands on several lines", line=5)


# ---- users and split


def test_users_with_too_few_interactions(files):
    more = INTERACTIONS + "eve,m1,1,2024-01-01\n"
    data = tables.load(**files(more))
    assert data.user_ids == ("ann", "bob")
    assert any(
        "1 of 3 users has fewer than 2 interactions and was left out; min_user=1 keeps" in note for note in data.notes
    )
    assert "eve" in tables.load(**files(more, min_user=1)).user_ids
    kept = tables.load(**files(more, min_user=1))
    assert "eve" in kept.user_ids and len(kept.test) == 2
    assert tables.load(**files(more, users=USERS + "zoe,1,Rome\n", min_user=0)).user_ids == ("ann", "bob", "eve", "zoe")
    refused(files(min_user=9), None, "no user has 9 interactions (the most is 3)")
    refused(files("user,item\na,m1\nb,m2\n"), None, "no user has 2 interactions")


def test_random_split_is_drawn_by_seed(files):
    rows = "user,item\n" + "".join(f"u{u},i{i}\n" for u in range(20) for i in range(8))
    items = "item,g\n" + "".join(f"i{i},{i % 2}\n" for i in range(8))
    one, same, other = (tables.load(**files(rows, items, split="random", seed=s)) for s in (1, 1, 2))
    assert one.test.equals(same.test) and not one.test.equals(other.test)
    assert one.time_kind == "none" and "seed 1" in one.split
    assert one.test["item"].nunique() > 4, "without the draw it would be the last item for all"
    assert len(one.check().test) == 20


def test_negatives(files):
    rows = "user,item\n" + "".join(f"u{u},i{i}\n" for u in range(4) for i in range(3))
    items = "item,g\n" + "".join(f"i{i},{i % 2}\n" for i in range(9))
    data = tables.load(**files(rows, items, negatives=6))
    assert sorted(data.negatives[0].tolist()) == [3, 4, 5, 6, 7, 8]
    with pytest.raises(DataError, match="6 items to draw 7 negatives"):
        tables.load(**files(rows, items, negatives=7))
    for many in (10**9, 10**30):
        with pytest.raises(DataError, match="6 items to draw 1,000,000,000.* negatives.*\n.*draw at most 6 negatives"):
            tables.load(**files(rows, items, negatives=many))
    assert tables.load(**files(rows, items, negatives=6, split="none")).negatives.shape == (0, 6)


@pytest.mark.parametrize("option", ["duplicates", "unknown", "split"])
def test_unknown_choices(files, option):
    refused(files(**{option: "perhaps"}), None, f"{option}='perhaps'")


# ---- the faults of reading, through the front door


@pytest.mark.parametrize("file", ["interactions", "items", "users"])
@pytest.mark.parametrize(
    "content, word, line",
    [
        (b"", "is empty", None),
        (b"user_id,item_id,date\n", "only a header", None),
        (b"user_id,item_id,date\na,b\n", "2 fields", 2),
        (b"user_id,item_id,date\nAm\xe9lie,m1,2024-01-01\n", "not utf-8", 2),
        (b"user_id,item_id,date\na,b\0,2024-01-01\n", "NUL", 2),
        (None, "no such file", None),
    ],
)
def test_faults_of_each_file(files, file, content, word, line):
    own = files(users=USERS)
    own[file].unlink()
    if content is not None:
        own[file].write_bytes(content)
    with pytest.raises(DataError) as caught:
        tables.load(**own)
    assert caught.value.file == str(own[file])
    assert caught.value.line == line
    assert word in str(caught.value) and caught.value.fix


def test_wrong_separator(files):
    own = files(sep=";")
    refused(own, "interactions", "only one column", "pass sep=','", line=1)
    semicolons = {"interactions": INTERACTIONS.replace(",", ";"), "items": ITEMS.replace(",", "\t")}
    assert tables.load(**files(**semicolons)).n_items == 4  # each file has its own, found in its header


@pytest.mark.parametrize("side", ["interactions", "items", "users"])
def test_rows_without_a_cell_are_told_of(files, side):
    texts = {"interactions": INTERACTIONS, "items": ITEMS, "users": USERS}
    n = texts[side].splitlines()[0].count(",")
    texts[side] += f"{',' * n}\n" * 2
    data = tables.load(**files(**texts))
    assert len(data.train) + len(data.test) == 6 and data.n_items == 4
    last = texts[side].count("\n")
    name = {"interactions": "interactions.csv", "items": "items.csv", "users": "people.csv"}[side]
    note = f"2 lines of {name} are empty in every column and were left out (lines {last - 1}, {last})"
    assert note in data.notes
