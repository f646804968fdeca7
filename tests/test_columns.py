"""What columns hold: missing values, several values in a cell, ratings, titles, bins; each decision shown."""

from __future__ import annotations

import json
import re
import shlex

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ramgnn.cli import main
from ramgnn.datasets import from_frames, tables
from ramgnn.datasets.frames import separators
from ramgnn.datasets.frames.bins import fitting_bins
from ramgnn.datasets.frames.literals import parts
from ramgnn.datasets.frames.notes import decisions, is_doubt
from ramgnn.errors import DataError

N = 16  # items of the small tables below


def rows(**columns):
    """Eight users with four of the items each."""
    frame = pd.DataFrame(
        {"user_id": np.repeat(np.arange(8), 4), "item_id": [(u + k) % N for u in range(8) for k in range(4)]}
    )
    return frame.assign(timestamp=1_500_000_000 + np.arange(32) * 1000, **columns)


def items(cells, name="genre"):
    """`N` items with one attribute, whose cells are repeated until there are enough."""
    return pd.DataFrame({"item_id": np.arange(N), name: (list(cells) * N)[:N]})


def read(cells, name="genre", **options):
    """The values of each item, the notes, and the note on that column or ""."""
    data = from_frames(rows(), items(cells, name), item_relations=[name], **options)
    return data.relation("item", name).lists(N), data.notes, " ".join(n for n in data.notes[2:] if name in n)


# ---- missing values


@pytest.mark.parametrize(
    "sign", ["?", "\\N", "NULL", "null", "nan", "NaN", "None", "N/A", "n/a", "NA", "-", "--", "", "  ", "#N/A"]
)
def test_what_is_missing_joins_nothing(sign):
    lists, _, note = read(["Crime", sign, "Drama", sign])
    assert lists == [["Crime"], [], ["Drama"], []] * 4
    assert note == f"8 of 16 cells of genre in items are missing ({sign.strip() or 'empty'})"


def test_several_signs_in_several_columns_are_counted_each():
    frame = items(["Crime", "?", "Drama", "NULL", ""]).assign(year=["1990", "\\N", "2000", "1990"] * 4)
    data = from_frames(rows(), frame)
    assert "9 of 16 cells of genre in items are missing (empty, ?, NULL)" in data.notes
    assert "4 of 16 cells of year in items are missing (\\N)" in data.notes
    assert {r.name: r.labels for r in data.item_relations} == {"genre": ("Crime", "Drama"), "year": ("1990", "2000")}


def test_na_is_namibia_among_countries():
    lists, notes, note = read(["DE", "FR", "NA", "US"])
    assert lists[2] == ["NA"] and "'NA' was taken as a value" in note and "missing=['NA']" in note
    assert read(["DE", "FR", "NA", "US"], missing=["NA"])[0][2] == []
    assert read(["DE", "NA", "NA", "US", "NA", "FR"])[0][1] == []  # more often than any country
    assert read(["Germany", "France", "NA"])[0][2] == []
    assert read(["1990", "2000", "NA", *["1980"] * 13])[0][2] == [], "no year, though it stands once"


@pytest.mark.parametrize(
    "cells, missing",
    [
        (["20", "-1", "30", "41"], True),
        (["0", "1", "2", "3", "4", "5", "-1"], True),
        (["20.5", "-1.0", "30"], True),
        (["0", "12", "-999"], True),
        (["1", "-1", "0"], False),  # votes
        (["1", "-1"], False),
        (["0", "-1"], False),  # a truth value
        (["-5", "-1", "3"], False),
        (["a", "-1", "3"], False),
    ],
)
def test_minus_one(cells, missing):
    lists, _, note = read(cells, "age")
    place = next(n for n, cell in enumerate(cells) if cell.startswith("-") and cell != "-5")
    assert (lists[place] == []) == missing
    assert ("missing" in note) or not missing


def test_missing_can_be_added():
    assert read(["Crime", "unknown"], missing=("unknown",))[0][1] == []
    assert read([1990, 0], missing=[0])[0][1] == []
    note = read(["Crime", "unknown"])[2]
    assert "'unknown' in column 'genre' of items stands in 8 rows" in note and "missing=['unknown']" in note
    with pytest.raises(DataError, match=r"missing=\['x'\]"):
        read(["Crime"], missing="x")


@pytest.mark.parametrize("side", ["user", "item"])
def test_missing_that_was_added_is_no_id(side):
    frame = rows().astype({f"{side}_id": str})
    frame.loc[[1, 6], f"{side}_id"] = "unknown"
    with pytest.raises(DataError, match=f"the {side} is 'unknown', which stands for a missing one"):
        from_frames(frame, missing=["unknown"])
    data = from_frames(frame, missing=["unknown"], unknown="drop")
    assert "unknown" not in getattr(data, f"{side}_ids") and len(data.train) + len(data.test) == 30
    assert "unknown" in getattr(from_frames(frame), f"{side}_ids")
    frame = items(["Crime", "Drama"]).assign(item_id=["unknown", *map(str, range(1, N))])
    listed = from_frames(rows()[lambda r: r["item_id"] > 0], frame, missing=["unknown"], unknown="drop")
    assert "unknown" not in listed.item_ids


def test_missing_numbers_are_not_binned():
    assert read(["1990", "?", "2001"], "year", bins={"year": 10})[0][:3] == [["1990-1999"], [], ["2000-2009"]]


def test_a_title_that_is_missing_is_the_id():
    frame = items(["Crime"]).assign(title=["?", "NULL", "NULL", "\\N", *[f"T{k}" for k in range(12)]])
    data = from_frames(rows(), frame)
    assert data.item_labels[:5] == ("0", "1", "2", "3", "T0")
    assert "4 of 16 titles of items are missing (?, NULL, \\N); the ids stand for them" in data.notes
    for sign in ("NULL", "?", "n/a", "-", "\\N", ""):
        data = from_frames(rows(), frame.assign(title=[sign, *[f"T{k}" for k in range(15)]]))
        assert data.item_labels[:2] == ("0", "T0")
        assert f"1 of 16 titles of items is missing ({sign or 'empty'}); the id stands for it" in data.notes


def test_a_value_that_joins_most_nodes_is_a_doubt():
    n = 200
    frame = pd.DataFrame(
        {"item_id": range(n), "cover": [f"http://x/{k // 2 if k % 3 else 'none'}.jpg" for k in range(n)]}
    )
    data = from_frames(rows(), frame)
    doubt = next(note for note in data.notes if is_doubt(note))
    assert "'http://x/none.jpg' of column 'cover' of items joins 67 of 200 items" in doubt
    assert "missing=['http://x/none.jpg']" in doubt
    assert not any(map(is_doubt, from_frames(rows(), frame, missing=["http://x/none.jpg"]).notes))
    assert not any(map(is_doubt, from_frames(rows(), items(["Crime", "Drama"])).notes))


# ---- several values in a cell


@pytest.mark.parametrize(
    "cells",
    [
        ["Comedy, Drama", "Action, Comedy", "Romance, Action", "Drama", "Drama, Romance"],
        ["Comedy;Drama", "Action; Comedy", "Romance;Action", "Drama", "Drama;Romance"],
        ["Comedy/Drama", "Action/Comedy", "Romance/Action", "Drama", "Drama/Romance"],
        ["Comedy|Drama", "Action|Comedy", "Romance| Action", "Drama", "Drama|Romance"],
        ["['Comedy', 'Drama']", "['Action', 'Comedy']", "['Romance', 'Action']", "['Drama']", "['Drama', 'Romance']"],
        ['["Comedy", "Drama"]', '["Action","Comedy"]', '["Romance", "Action"]', '["Drama"]', '["Drama", "Romance"]'],
        ["['Comedy' 'Drama']", "['Action' 'Comedy']", "['Romance'\n 'Action']", "['Drama']", "['Drama' 'Romance']"],
        ["[Comedy, Drama]", "[Action, Comedy]", "[Romance, Action]", "Drama", "[Drama, Romance]"],
        ["{Comedy,Drama}", "{Action,Comedy}", "{Romance,Action}", "{Drama}", "{Drama,Romance}"],
        [json.dumps([{"id": k, "name": x} for k, x in enumerate(pair.split())])
         for pair in ("Comedy Drama", "Action Comedy", "Romance Action", "Drama", "Drama Romance")],
    ],
)  # fmt: skip
def test_several_values(cells):
    lists, _, note = read(cells)
    assert lists[:5] == [
        ["Comedy", "Drama"],
        ["Action", "Comedy"],
        ["Romance", "Action"],
        ["Drama"],
        ["Drama", "Romance"],
    ]
    assert "5 different cells, 4 different values" in note and "separator={'genre': None}" in note
    assert read(cells, separator=None)[0][0] == [cells[0].strip()]
    assert read(cells, separator={"genre": None})[0][0] == [cells[0].strip()]


@pytest.mark.parametrize(
    "cells",
    [
        ["Pixar, Inc.", "Disney, Inc.", "Warner, Ltd.", "Pixar", "Disney"],
        ["Pixar, KK", "Disney, KK", "Pixar", "Disney", "Toho, KK"],  # a suffix that nobody has told it
        ["Tolkien, J.R.R.", "Rowling, J.K.", "Tolkien, Christopher", "Christie, Agatha", "King, Stephen"],
        ["Portland, OR", "Portland, ME", "Austin, TX", "Salem, OR", "Dallas, TX"],
        ["AC/DC", "Queen", "Guns N' Roses", "AC/DC"],
        ["1,234", "5,678", "1,234,567", "12"],
        ["3,5", "5,3", "3,3", "4,5"],
        ["stockton, california, usa", "portland, oregon, usa", "london, england, uk", "salem, oregon, usa"],
        ["14/07/2017", "15/07/2017", "14/08/2017"],
        ["16/9", "4/3", "9/16", "3/4"],
        ["http://a.org/x,y.jpg", "http://a.org/y,x.jpg", "http://a.org/x/y.jpg"],
        ["Matrix, The", "Jetty, The", "Matrix", "Jetty"],
        ["A boy, a dog and a train.", "A girl, a cat; and a bus.", "Snow, again.", "A boy, alone."],
    ],
)
def test_one_value(cells):
    lists, _, _ = read(cells)
    assert lists[: len(cells)] == [[cell] for cell in cells]


def test_a_suffix_stays_with_its_name():
    cells = ["Pixar, Inc., Disney", "Disney, Warner", "Warner, Pixar, Inc.", "Disney", "Warner, Disney"]
    assert read(cells)[0][:3] == [["Pixar, Inc.", "Disney"], ["Disney", "Warner"], ["Warner", "Pixar, Inc."]]
    assert read(cells, separator={"genre": ","})[0][0] == ["Pixar", "Inc.", "Disney"], "who says so is obeyed"


def test_each_column_is_divided_by_itself():
    frame = items(["Comedy, Drama", "Action, Comedy", "Drama, Action"]).assign(
        studio=(["Pixar, Inc.", "Disney, Inc."] * 8), tags=(["a;b", "b;c", "c;a"] * 6)[:N]
    )
    data = from_frames(rows(), frame)
    assert [r.labels for r in data.item_relations] == [
        ("Comedy", "Drama", "Action"), ("Pixar, Inc.", "Disney, Inc."), ("a", "b", "c")
    ]  # fmt: skip
    one = from_frames(rows(), frame, separator={"tags": None})
    assert one.relation("item", "tags").labels == ("a;b", "b;c", "c;a")
    assert one.relation("item", "genre").n_values == 3, "the others are found out as before"
    with pytest.raises(DataError, match="did you mean 'genre'"):
        from_frames(rows(), frame, separator={"gnere": ","})


def test_what_is_not_plain_is_offered():
    note = read(["Crime", "Crime, Drama", "Drama, War", "Love, Peace"])[2]
    assert "not divided at ','" in note and "separator={'genre': ','} would divide it" in note


def test_a_list_that_is_broken():
    with pytest.raises(DataError, match="is no whole list") as caught:
        read(["['a', 'b']", "['b', 'c']", "['c', 'a"])
    assert caught.value.row == "2" and "separator={'genre': None}" in caught.value.fix


def test_nothing_is_in_a_list():
    assert read(["['a', None, 'b']", "[]", "['b', 'nan']", "[]"])[0][:3] == [["a", "b"], [], ["b"]]


@pytest.mark.parametrize("separator", ["", 5, {"genre": ""}, ["|"], "comma", {"genre": "and"}])
def test_no_separator(separator):
    with pytest.raises(DataError, match="the separator is"):
        read(["a"], separator=separator)


words = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=5).filter(
    lambda w: w not in ("null", "nan", "u")
)
messy = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=6)


@given(st.lists(messy.filter(lambda w: w.strip() == w), max_size=5))
def test_lists_as_text_are_read_back(values):
    assert parts(repr(values)) == values
    assert parts(json.dumps(values)) == values
    assert parts(json.dumps(values, ensure_ascii=False)) == values


@settings(max_examples=60)
@given(st.lists(words, min_size=4, max_size=8, unique=True), st.sampled_from(separators.CANDIDATES), st.data())
def test_lists_of_a_few_values_are_found(values, mark, data):
    pairs = [(a, b) for a in values for b in values if a != b]
    chosen = data.draw(st.lists(st.sampled_from(pairs), min_size=len(values) * 2, max_size=40, unique=True))
    seen = [v for pair in chosen for v in pair]
    if all(v.isdecimal() for v in seen) or separators.SUFFIX.fullmatch(values[0]):
        return
    split = separators.guess([mark.join(pair) for pair in chosen])
    mixed = {v for a, _ in chosen for v in [a]} & {b for _, b in chosen}
    if len(mixed) == len(set(seen)) and all(seen.count(v) > 1 for v in seen):
        assert split.by == mark
    assert split.by in (mark, None)


# ---- ratings


def rated(**options):
    return from_frames(rows(rating=[1, 2, 3, 4] * 4 + [5, 4, 4, 5] * 4), items(["Crime", "Drama"]), **options)


def test_ratings_that_are_not_used_are_said_to_be_so():
    data = rated()
    doubt = next(note for note in data.notes if is_doubt(note))
    assert "'rating' of interactions (from 1 to 5) are not used" in doubt and "1 counts as much as 5" in doubt
    assert "min_rating=4 keeps" in doubt and "not read of interactions: rating" in data.notes
    assert len(data.train) + len(data.test) == 32


def test_min_rating():
    data = rated(min_rating=4, min_user=1)
    assert len(data.train) + len(data.test) == 20
    assert (
        "12 of 32 rows of interactions have a rating below 4 and were left out (column 'rating', from 1 to 5)"
        in data.notes
    )
    assert not any(map(is_doubt, data.notes))
    assert any("4 of 8 users have fewer than 2" in note for note in rated(min_rating=4).notes), "counted after ratings"
    assert len(rated(min_rating=4.5, min_user=1).train) == 4


def test_repeats_are_decided_before_ratings():
    """Somebody changed their mind: what of it counts is to be said, with ratings or without."""
    twice = pd.concat([rows(rating=[5] * 32), rows(rating=[1] * 32)], ignore_index=True)
    for options in ({}, {"min_rating": 3}):
        with pytest.raises(DataError, match="repeat a pair"):
            from_frames(twice, items(["a", "b"]), **options)
    assert len(from_frames(twice, items(["a", "b"]), min_rating=3, duplicates="first").test) == 8
    with pytest.raises(DataError, match="is 3 or more"):
        from_frames(twice, items(["a", "b"]), min_rating=3, duplicates="last")


def test_ratings_that_are_none(tmp_path):
    seen = rows(rating=["5", "good", "NULL", ""] + ["4"] * 28)
    with pytest.raises(DataError, match=r"'good' \(row 1\) in column 'rating' is no number"):
        from_frames(seen, items(["a", "b"]), min_rating=3)
    seen.to_csv(tmp_path / "rows.csv", index=False)
    items(["a", "b"]).to_csv(tmp_path / "items.csv", index=False)
    with pytest.raises(DataError) as caught:
        tables.load(tmp_path / "rows.csv", tmp_path / "items.csv", min_rating=3, progress=False)
    assert caught.value.line == 3
    data = from_frames(seen.replace("good", "2"), items(["a", "b"]), min_rating=3)
    assert any(
        "1 of 32 rows of interactions have a rating below 3" in n and "2 more have none" in n for n in data.notes
    )
    with pytest.raises(DataError, match=r"is 9 or more \(they go from 2 to 5\)"):
        from_frames(seen.replace("good", "2"), items(["a", "b"]), min_rating=9)
    with pytest.raises(DataError, match="no column looks like ratings"):
        from_frames(rows(), min_rating=4)
    for wrong in ("4", True, float("nan")):
        with pytest.raises(DataError, match="smallest rating"):
            rated(min_rating=wrong)


def test_a_few_words_among_ratings_hide_no_doubt(tmp_path, capsys):
    seen = rows(rating=["5", "gut", "1", "so, so"] + ["4", "2"] * 14)
    doubt = next(note for note in from_frames(seen, items(["a", "b"])).notes if is_doubt(note))
    assert "(from 1 to 5) are not used: every row counts as liked" in doubt
    assert "2 of the first 32 cells are no numbers: 'gut' (row 1), 'so, so' (row 3)" in doubt
    assert "min_rating=4, missing=['gut', 'so, so'] keeps" in doubt
    assert decisions(from_frames(seen, items(["a", "b"])).notes)[3].detail.startswith("from 1 to 5, and words: 2")
    assert "words" not in str(decisions(from_frames(seen, items(["a", "b"]), missing=["gut", "so, so"]).notes))
    seen.to_csv(tmp_path / "rows.csv", index=False)
    items(["a", "b"]).to_csv(tmp_path / "items.csv", index=False)
    files = ["--interactions", str(tmp_path / "rows.csv"), "--items", str(tmp_path / "items.csv")]
    assert main(["data", "check", *files]) == 0
    shown = capsys.readouterr().out
    assert "well" not in shown
    advice = re.search(r"(--min-rating \S+ --missing gut --missing 'so, so') keeps", shown)[1]
    assert main(["data", "check", *files, *shlex.split(advice)]) == 0
    capsys.readouterr()
    assert main(["data", "check", *files, "--min-rating", "2"]) == 1
    mended = re.search(r"pass (--missing .+) to count it as no rating", capsys.readouterr().err)[1]
    assert main(["data", "check", *files, "--min-rating", "2", *shlex.split(mended)]) == 0


@pytest.mark.parametrize(
    "name", ["rating", "Book-Rating", "stars", "Score", "user_rating", "star rating", "ratingValue"]
)
def test_the_column_of_ratings_is_guessed(name):
    data = from_frames(rows(**{name: [1, 5] * 16}), items(["a", "b"]), min_rating=4, min_user=1)
    assert len(data.train) + len(data.test) == 16
    assert (name, "rating", "guessed") in [(d.column, d.role, d.by) for d in decisions(data.notes)]


def test_what_only_sounds_like_ratings():
    assert not any(map(is_doubt, from_frames(rows(rating=["PG-13", "R"] * 16), items(["a", "b"])).notes))
    data = from_frames(
        rows(rating_date=["x", "y"] * 16, points=[1, 2, 3, 4] * 8), items(["a", "b"]), rating_column="points"
    )
    assert any("'points' of interactions (from 1 to 4)" in note for note in data.notes)
    data = from_frames(rows(weight=[1, 2, 3, 4] * 8), items(["a", "b"]))
    assert any("'weight' of interactions holds numbers from 1 to 4; if they are ratings" in note for note in data.notes)


# ---- titles and bins


@pytest.mark.parametrize(
    "name",
    [
        "Book-Title",
        "movie_title",
        "name",
        "track",
        "title",
        "original_title",
        "trackName",
        "product name",
        "primaryTitle",
    ],
)
def test_titles_are_found(name):
    frame = items(["a", "b"]).assign(**{name: [f"T{k}" for k in range(N)]})
    assert from_frames(rows(), frame).item_labels[3] == "T3"


@pytest.mark.parametrize(
    "numbers, bins",
    [
        (range(1920, 2021), (10, "q10")),
        (range(18, 90), (10, "q10")),
        (range(1000), (100, "q10")),
        (np.arange(60) / 20, ("q10",)),
        (np.geomspace(1, 1e6, 70).round(), ("q10",)),
    ],
)
def test_bins_fit_the_range(numbers, bins):
    assert fitting_bins(np.array(numbers, float)) == bins


@pytest.mark.parametrize("cells", [["18,90", "7,50", "12", "1.234,50"], ["1,5", "2,5", "4", "3,5"]])
def test_numbers_with_a_decimal_comma(cells):
    """They are numbers as others are: binned, and never to be divided at the comma."""
    numbers = [float(cell.replace(".", "").replace(",", ".")) for cell in cells]
    told = read(cells, "price")
    assert told[0][: len(cells)] == [[cell] for cell in cells] and "separator" not in told[2]
    binned = read(cells, "price", bins={"price": 5})[0]
    assert binned == read(numbers, "price", bins={"price": 5})[0]
    with pytest.raises(DataError, match="'cheap' in column 'price' is no number") as caught:
        read([*cells * 3, "cheap"], "price", bins={"price": 5})
    assert repr(cells[0]) in str(caught.value)


def test_many_numbers_with_a_decimal_comma_are_better_binned():
    prices = [f"{k % 60},{k % 10}0" for k in range(120)]
    frame = pd.DataFrame({"item_id": range(120), "price": prices})
    notes = from_frames(rows(), frame).notes
    note = next(note for note in notes if "different numbers" in note)
    assert "with a decimal comma such as '0,00'" in note and "bins={'price': 'q10'}" in note
    assert not any("divide" in note for note in notes)


def test_lists_of_numbers_are_no_decimals():
    assert "separator" in read(["1,5", "2,5,7", "1", "5,2", "7,1"])[2]


# ---- the command line


@pytest.fixture
def folder(tmp_path):
    """Tables as a spreadsheet exports them: day-first dates, commas between genres, NULLs and ratings."""
    seen = rows(rating=[1, 5, 4, 5] * 8)
    seen["timestamp"] = [f"{k % 28 + 1:02}/07/2017" for k in range(32)]
    seen.to_csv(tmp_path / "rows.csv", index=False)
    frame = items(["Comedy, Drama", "NULL", "Action, Comedy", "Drama, Action"]).assign(
        **{"Movie Title": [f"Film {k}" for k in range(N)]}, studio=(["Pixar, Inc.", "Toho, Inc."] * 8)
    )
    frame.to_csv(tmp_path / "items.csv", index=False)
    return ["--interactions", str(tmp_path / "rows.csv"), "--items", str(tmp_path / "items.csv")]


def test_check_shows_each_decision(folder, capsys):
    assert main(["data", "check", *folder]) == 0
    shown = capsys.readouterr().out
    for line in (
        r"rows.csv +timestamp +time +guessed +day/month/year, 01/07/2017 = 2017-07-01",
        r"rows.csv +rating +not used +guessed +from 1 to 5",
        r"items.csv +Movie Title +title +guessed",
        r"items.csv +genre +relation +guessed +3 values; cells divided at ',': 3 different cells, 3 .*4 of 16 missing",
        r"items.csv +studio +relation +guessed +2 values\n",
        r"--separator genre=none keeps the cells whole",
        r"note \(doubt\): .*--min-rating 5 keeps|note \(doubt\): .*--min-rating 4 keeps",
    ):
        assert re.search(line, shown), f"{line}\n{shown}"
    assert "well" not in shown and "1 doubt" in shown
    assert main(["data", "check", *folder, "--min-rating", "4"]) == 0
    assert "well: every id, value and pair fits" in capsys.readouterr().out


@pytest.mark.parametrize("word", ["none", ""])
@pytest.mark.parametrize("side", ["item", "user"])
def test_no_attributes_of_a_table(folder, tmp_path, capsys, side, word):
    """Neither is read of that table, also where there is none; a column that is called "none" is a column."""
    people = pd.DataFrame({"user_id": range(8), "age": [31, 32] * 4})
    people.to_csv(tmp_path / "people.csv", index=False)
    call = ["data", "check", *folder, "--users", str(tmp_path / "people.csv"), f"--{side}-relations", word, "--json"]
    assert main(call) == 0
    read_as = {(c["table"], c["role"]) for c in json.loads(capsys.readouterr().out)["columns"]}
    table, other = {"item": ("items.csv", "people.csv"), "user": ("people.csv", "items.csv")}[side]
    assert (table, "relation") not in read_as and (table, "not read") in read_as and (other, "relation") in read_as
    assert main(["data", "check", *folder, "--user-relations", word]) == 0
    capsys.readouterr()
    assert main(["data", "info", "toy", f"--{side}-relations", word, "--json"]) == 0
    assert side not in json.loads(capsys.readouterr().out)["relations"]
    files = {"interactions": folder[1], "items": folder[3], "users": tmp_path / "people.csv", "progress": False}
    for names in ([], "none", ["none"], ""):
        assert not tables.load(**files, **{f"{side}_relations": names}).relations(side)
    people.assign(none=["a", "b"] * 4).to_csv(tmp_path / "people.csv", index=False)
    assert [r.name for r in tables.load(**files, user_relations="none").user_relations] == ["none"]


def test_advice_is_typed_as_printed(folder, capsys):
    """Every option that a note names is taken, and changes what is read."""

    def check(*more):
        assert main(["data", "check", *folder, *more, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    report = check()
    advice = [a for note in report["notes"] for a in re.findall(r"(--(?:separator|min-rating|missing) \S+)", note)]
    assert {a.split()[0] for a in advice} == {"--separator", "--min-rating"}
    for one in advice:
        assert check(*shlex.split(one))["columns"] != report["columns"], one
    assert check("--min-rating", "4", "--missing", "Drama", "--missing", "Action")["doubts"] == []
    assert check("--separator", "genre=none", "--separator", "studio=,")["columns"] != report["columns"]
    assert main(["data", "check", *folder, "--separator", "genre=,", "--separator", ";"]) == 1
    assert "cannot read the separators" in capsys.readouterr().err


def test_a_refused_time_is_mended_as_the_error_says(folder, tmp_path, capsys):
    text = (tmp_path / "rows.csv").read_text()
    (tmp_path / "rows.csv").write_text(re.sub(r"\d\d/07/2017", "03/04/2017", text))
    assert main(["data", "check", *folder]) == 1
    error = capsys.readouterr().err
    options = re.findall(r"--time-format \S+", error)
    assert options == ["--time-format dayfirst", "--time-format monthfirst"]
    for option, day in zip(options, ("2017-04-03", "2017-03-04"), strict=True):
        assert main(["data", "check", *folder, *shlex.split(option)]) == 0
        assert f"03/04/2017 = {day}" in capsys.readouterr().out
