"""Folders as people have them on disk: each form is recognised, shown and read; what is wrong is named."""

from __future__ import annotations

import gzip
import json
import re
import sys
import tracemalloc
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from ramgnn import datasets
from ramgnn.cli import main
from ramgnn.datasets import folders, tables
from ramgnn.datasets.folders import movielens, ratings
from ramgnn.datasets.source import Source
from ramgnn.errors import DataError, NotFoundError

# user, item, rating, time: the same in every form
ROWS = [
    (1, 10, 5, 978300760), (1, 20, 3, 978302109), (1, 30, 4, 978301968), (2, 10, 2, 978300275), (2, 30, 5, 978824291),
    (2, 40, 4, 978302268), (3, 20, 4, 978302039), (3, 40, 1, 978300719), (3, 10, 4, 978302268),
]  # fmt: skip
FILMS = [
    (10, "Toy Story (1995)", "Animation|Comedy"),
    (20, "Cité des enfants perdus, La (1995)", "Adventure|Sci-Fi"),
    (30, "Heat, The (1986)", "Action|Comedy"),
    (40, "Nameless", ""),
]
TRAIN = [("1", "10"), ("1", "30"), ("2", "10"), ("2", "40"), ("3", "40"), ("3", "20")]
TEST = [("1", "20"), ("2", "30"), ("3", "10")]


def write(folder, **files):
    """A folder with these files; a dot in a name is written as two underscores."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        path = folder / name.replace("__", ".")
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def lines(sep, rows=ROWS, header=""):
    return header + "".join(sep.join(map(str, row)) + "\n" for row in rows)


def raw(folder, **changes):
    flags = {"Animation": 3, "Comedy": 5, "Adventure": 2, "Sci-Fi": 15, "Action": 1, "": 0}
    items = []
    for film, title, genres in FILMS:
        cells = ["0"] * 19
        for genre in genres.split("|"):
            cells[flags[genre]] = "1"
        date = "01-Jan-1990" if title == "Nameless" else "12-Feb-1996"
        items.append("|".join([str(film), title, date, "", "http://us.imdb.com/M/title?x", *cells]))
    files = {
        "u__data": lines("\t"),
        "u__item": "\n".join(items).encode("latin-1"),
        "u__user": "1|24|M|technician|85711\n2|53|F|other|94043\n3|23|M|technician|32067\n",
        "u__genre": "\n".join(f"{name}|{n}" for n, name in enumerate(movielens.RAW_GENRES)) + "\n\n",
        "u__info": "3 users\n4 items\n",
    }
    return write(folder, **{name: text for name, text in (files | changes).items() if text is not None})


def dat(folder, **changes):
    files = {
        "ratings__dat": lines("::"),
        "movies__dat": lines("::", FILMS).encode("latin-1"),
        "users__dat": "1::F::1::10::48067\n2::M::56::16::70072\n3::M::56::10::55117\n",
        "README": "about",
    }
    return write(folder, **{name: text for name, text in (files | changes).items() if text is not None})


def csv(folder, **changes):
    films = "".join(f'{film},"{title}",{genres or "(no genres listed)"}\n' for film, title, genres in FILMS)
    files = {
        "ratings__csv": lines(",", header="userId,movieId,rating,timestamp\n"),
        "movies__csv": "movieId,title,genres\n" + films,
        "tags__csv": "userId,movieId,tag,timestamp\n1,10,fun,978300760\n",
        "links__csv": "movieId,imdbId,tmdbId\n10,0114709,862\n",
    }
    return write(folder, **{name: text for name, text in (files | changes).items() if text is not None})


def atomic(folder, **changes):
    films = [
        (film, title, title[-5:-1] if "(" in title else "", genres.replace("|", " ")) for film, title, genres in FILMS
    ]
    files = {
        "small__inter": lines("\t", header="user_id:token\titem_id:token\trating:float\ttimestamp:float\n"),
        "small__item": lines(
            "\t", films, "item_id:token\tmovie_title:token_seq\trelease_year:float\tclass:token_seq\n"
        ),
        "small__user": "user_id:token\tage:token\tgender:token\n1\t24\tM\n2\t53\tF\n3\t24\tM\n",
    }
    return write(folder, **{name: text for name, text in (files | changes).items() if text is not None})


def common(folder, **changes):
    films = "".join(f'{film},"{title}",{genres}\n' for film, title, genres in FILMS)
    files = {
        "ratings__csv": lines(",", header="user,book,stars,date\n"),
        "Books__csv": "book,title,genres\n" + films,
        "users__csv": "user,city\n1,Oslo\n2,Rome\n3,Oslo\n",
    }
    return write(folder, **{name: text for name, text in (files | changes).items() if text is not None})


FORMS = {"raw": raw, "dat": dat, "csv": csv, "atomic": atomic, "common": common}


def load(path, **options):
    return datasets.load(str(path), progress=False, **options)


def pairs(data, frame):
    return [(data.user_ids[u], data.item_ids[i]) for u, i in zip(frame["user"], frame["item"], strict=True)]


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_interactions_items_and_genres(form, tmp_path):
    data = load(FORMS[form](tmp_path / "data"))
    assert data.name == "data/"
    assert pairs(data, data.train) == TRAIN
    assert pairs(data, data.test) == TEST
    assert data.train["time"].tolist()[0] == 978300760
    assert data.time_kind == "seconds"
    assert data.item_labels == tuple(title for _, title, _ in FILMS)
    genre = data.item_relations[-1 if form == "atomic" else 0]
    assert genre.lists(4) == [genres.split("|") if genres else [] for _, _, genres in FILMS]
    assert len(data.user_relations) == {"raw": 2, "dat": 3, "csv": 0, "atomic": 2, "common": 1}[form]
    assert data.notes[1].startswith("recognised as ")


@pytest.mark.parametrize("form", ["raw", "dat", "csv", "atomic"])
def test_the_year_is_an_attribute(form, tmp_path):
    data = load(FORMS[form](tmp_path))
    last = {"raw": ["1990"]}.get(form, [])  # of the date, where the title has none
    name = "release_year" if form == "atomic" else "year"
    assert data.relation("item", name).lists(4) == [["1995"], ["1995"], ["1986"], last]


@pytest.mark.parametrize(
    "form, words",
    [
        ("raw", ["MovieLens-100K (u.data is there)", "users = u.user", "not read: u.info"]),
        ("dat", ["as .dat files", "interactions = ratings.dat", "items = movies.dat", "not read: README"]),
        ("csv", ["as CSV files", "items = movies.csv", "users = none", "not read: links.csv, tags.csv"]),
        ("atomic", ["RecBole", "interactions = small.inter", "items = small.item", "users = small.user"]),
        ("common", ["by their names", "interactions = ratings.csv", "items = Books.csv", "users = users.csv"]),
    ],
)
def test_what_was_recognised_is_shown(form, words, tmp_path, capsys):
    assert main(["data", "check", "--data", str(FORMS[form](tmp_path))]) == 0
    shown = capsys.readouterr().out
    for word in words:
        assert word in shown


@pytest.mark.parametrize("form", FORMS)
def test_min_rating_keeps_the_liked(form, tmp_path):
    data = load(FORMS[form](tmp_path), min_rating=4, min_user=0)
    liked = {(str(u), str(i)) for u, i, stars, _ in ROWS if stars >= 4}
    assert {*pairs(data, data.train), *pairs(data, data.test)} == liked
    assert any("3 of 9 lines of" in note for note in data.notes)
    assert any("min_rating=4 keeps what was rated 4 or more" in note for note in load(FORMS[form](tmp_path)).notes)
    with pytest.raises(DataError, match="they go from 1 to 5"):
        load(FORMS[form](tmp_path), min_rating=5.5)


# ---- MovieLens


def test_codes_of_movielens_1m_become_words(tmp_path):
    data = load(dat(tmp_path))
    assert [r.name for r in data.user_relations] == ["gender", "age", "occupation"]
    assert data.relation("user", "age").lists(3) == [["under 18"], ["56 and over"], ["56 and over"]]
    assert data.relation("user", "occupation").lists(3)[0] == ["K-12 student"]
    assert load(dat(tmp_path), user_relations="zip").relation("user", "zip").labels == ("48067", "70072", "55117")


def test_movielens_10m_has_no_users_and_is_utf8(tmp_path):
    data = load(dat(tmp_path, users__dat=None, movies__dat=lines("::", FILMS)))
    assert data.item_labels[1] == "Cité des enfants perdus, La (1995)"
    assert data.user_relations == ()


def test_movielens_100k_without_its_smaller_files(tmp_path):
    full, bare = load(raw(tmp_path / "a")), load(raw(tmp_path / "b", u__user=None, u__genre=None))
    assert bare.item_relations[0].labels == full.item_relations[0].labels
    assert bare.user_relations == ()
    only = load(raw(tmp_path / "c", u__item=None))
    assert only.item_relations == () and pairs(only, only.test) == TEST


def test_extra_columns_of_movielens(tmp_path):
    rows = "".join(f"{u},{i},x,{s},{t}\n" for u, i, s, t in ROWS)
    films = "movieId,title,genres,studio\n10,A (1995),Drama,Pixar\n20,B,Drama,Pixar\n30,C,War,Fox\n40,D,War,\n"
    data = load(csv(tmp_path, ratings__csv="userId,movieId,device,rating,timestamp\n" + rows, movies__csv=films))
    assert pairs(data, data.test) == TEST
    assert [r.name for r in data.item_relations] == ["genres", "studio"]


@pytest.mark.parametrize(
    "title, found",
    [
        ("Toy Story (1995)", "1995"),
        ("Sum of All Fears, The (Expert (2001) Version) (2002) ", "2002"),
        ("Fawlty Towers (1975–1979)", "1975"),
        ("Show (2011- )", "2011"),
        ("Time Masters (Les Maîtres du temps) (1982) (V)", "1982"),
        ("2001: A Space Odyssey", ""),
        ("Babylon 5", ""),
    ],
)
def test_years_in_titles(title, found):
    assert movielens.year(title) == found


def test_films_without_a_genre_are_counted(tmp_path):
    notes = load(csv(tmp_path)).notes
    assert any("1 films of movies.csv have no genre: '(no genres listed)'" in note for note in notes)


def test_a_gzipped_file_and_other_line_ends(tmp_path):
    expected = load(csv(tmp_path / "a"))
    text = lines(",", header="userId,movieId,rating,timestamp\n").replace("\n", "\r\n")
    packed = csv(tmp_path / "b", ratings__csv=None, ratings__csv__gz=gzip.compress(text.encode()))
    pd.testing.assert_frame_equal(load(packed).train, expected.train)
    quoted = text.replace("1,10,", '"1","10",')
    pd.testing.assert_frame_equal(load(csv(tmp_path / "c", ratings__csv="﻿" + quoted)).train, expected.train)


@pytest.mark.parametrize("form", [raw, dat, csv, atomic])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "latin-1"])
def test_titles_in_the_encoding_that_the_file_has(form, encoding, tmp_path):
    """A spreadsheet writes CP1252; GroupLens's older files are Latin-1."""
    folder = form(tmp_path)
    name = {raw: "u.item", dat: "movies.dat", csv: "movies.csv"}.get(form, "small.item")
    title = "Cité des “enfants” perdus, La (1995)" if encoding != "latin-1" else "Cité des \x81 perdus, La (1995)"
    text = (folder / name).read_bytes().decode(movielens.encoding_of(folder / name))
    (folder / name).write_bytes(text.replace(FILMS[1][1], title).encode(encoding))
    assert load(folder).item_labels[1] == title


# ---- what is wrong with ratings


@pytest.mark.parametrize("piece", [1 << 25, 64])
@pytest.mark.parametrize("form, name", [("raw", "u.data"), ("dat", "ratings.dat"), ("csv", "ratings.csv")])
@pytest.mark.parametrize(
    "line, words",
    [
        ("1{0}10{0}5", "3 fields"),
        ("1{0}10{0}5{0}978300760{0}7", "5 fields"),
        ("{0}10{0}5{0}978300760", "the user is empty"),
        ("1{0} {0}5{0}978300760", "the item is empty"),
        ("1{0}10{0}5{0}", "'timestamp' is empty"),
        ("1{0}10{0}5{0}yesterday", "'yesterday' in column 'timestamp' is no time"),
        ("1{0}10{0}5{0}978300760000", "'978300760000' in column 'timestamp' is no time"),
        ("1{0}10{0}5{0}-1", "is no time"),
        ("1{0}10{0}5{0}9783", "a time does not fit: '9783'"),  # cut off
        ("1{0}10{0}5{0}9223372036854775808", "is no time"),
        ("1{0}10{0}5{0}99999999999999999999", "is no time"),
        ("1{0}10{0}five{0}978300760", "'five' in column 'rating' is no number"),
        ("1{0}10{0}nan{0}978300760", "'nan' in column 'rating' is no number"),
        ("1{0}10{0}\0{0}978300760", "NUL"),
    ],
)
def test_a_wrong_line_is_named(form, name, line, words, piece, tmp_path, monkeypatch):
    monkeypatch.setattr(ratings, "PIECE", piece)
    folder = FORMS[form](tmp_path)
    sep = {"raw": "\t", "dat": "::", "csv": ","}[form]
    text = (folder / name).read_text().splitlines()
    text.insert(7, line.format(sep))
    # a line that is too short beside one that is too long has as many separators as two that are right
    (folder / name).write_text("\n".join([*text, sep.join("12345")]) + "\n" if "5 f" in words else "\n".join(text))
    with pytest.raises(DataError) as caught:
        load(folder, min_rating=1)
    assert (caught.value.file, caught.value.line) == (str(folder / name), 8)
    assert words in str(caught.value) and caught.value.expected and caught.value.fix


@pytest.mark.parametrize("form, name", [("raw", "u.data"), ("dat", "ratings.dat"), ("csv", "ratings.csv")])
def test_too_short_beside_too_long_is_found(form, name, tmp_path):
    folder = FORMS[form](tmp_path)
    sep = {"raw": "\t", "dat": "::", "csv": ","}[form]
    text = (folder / name).read_text()
    (folder / name).write_text(text + sep.join("11555") + "\n" + sep.join("115") + "\n")
    with pytest.raises(DataError, match="5 fields") as caught:
        load(folder)
    assert caught.value.line == text.count("\n") + 1


@pytest.mark.parametrize(
    "form, name",
    [("raw", "u.data"), ("dat", "ratings.dat"), ("csv", "ratings.csv"), ("atomic", "small.inter"),
     ("common", "ratings.csv")],
)  # fmt: skip
def test_times_that_a_spreadsheet_rounded_are_refused(form, name, tmp_path):
    folder = FORMS[form](tmp_path)
    (folder / name).write_text(re.sub(r"978\d{6}", "9.78E+08", (folder / name).read_text()))
    with pytest.raises(DataError, match=r"'9.78E\+08'.* is no time") as caught:
        load(folder)
    assert caught.value.line == (2 if form in ("csv", "atomic", "common") else 1)
    assert "a spreadsheet has rounded the numbers" in caught.value.fix


@pytest.mark.parametrize("form, name", [("csv", "ratings.csv"), ("atomic", "small.inter"), ("tokens", "small.inter")])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_header_among_the_ratings(form, name, mark, tmp_path):
    folder = FORMS.get(form, atomic)(tmp_path)
    text = (folder / name).read_text()
    if form == "tokens":
        text = "".join("\t".join(line.split("\t")[:2]) + "\n" for line in text.splitlines())
    (folder / name).write_text(text + mark + text)
    with pytest.raises(DataError, match="the header stands here again") as caught:
        load(folder)
    assert caught.value.line == text.count("\n") + 1


@pytest.mark.parametrize("gap", ["", "\n"])
def test_ids_are_text_and_lines_are_kept_over_pieces(gap, tmp_path, monkeypatch):
    monkeypatch.setattr(ratings, "PIECE", 50)
    blank = {"": [2, 3, 4], "\n": [2, 3, 5]}[gap]
    text = f"userId,movieId,rating,timestamp\n007,10,5,978300760\n7,10,5,978300760\n{gap}007,20,5,978300761\n"
    form = ratings.Ratings(write(tmp_path, r__csv=text) / "r.csv", movielens.CSV_RATINGS, ",", header_line=1, quote='"')
    rows = ratings.read_ratings(form, ["userId", "timestamp", "rating"])
    assert list(rows["userId"]) == ["007", "7", "007"]
    assert list(rows.index) == blank
    assert rows["timestamp"].tolist() == [978300760, 978300760, 978300761]


def test_times_soon_after_1970_are_times_all_the_same(tmp_path):
    data = load(dat(tmp_path, ratings__dat=lines("::", [(u, i, s, t - 978300000) for u, i, s, t in ROWS])))
    assert data.time_kind == "seconds" and pairs(data, data.test) == TEST


def test_plain_and_careful_reading_agree(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    columns = rng.integers(1, 50, 500), rng.integers(1, 80, 500), rng.integers(1, 11, 500) / 2, 10**9 + np.arange(500)
    rows = zip(*columns, strict=True)
    form = ratings.Ratings(write(tmp_path, r__dat=lines("::", rows)) / "r.dat", movielens.RATINGS, "::")
    fast = ratings.read_ratings(form, list(movielens.RATINGS))

    def refuse(*_):
        raise ratings._NotPlain
        yield

    monkeypatch.setattr(ratings, "_plain_pieces", refuse)
    careful = ratings.read_ratings(form, list(movielens.RATINGS))
    for column in movielens.RATINGS:
        assert fast[column].tolist() == careful[column].tolist()
    assert fast.index.tolist() == careful.index.tolist()


def test_a_rating_of_an_unknown_film_is_named_with_its_line(tmp_path):
    folder = csv(tmp_path, ratings__csv=lines(",", [*ROWS, (3, 99, 5, 978300760)], "userId,movieId,rating,timestamp\n"))
    with pytest.raises(DataError, match="'99' .line 11.") as caught:
        load(folder)
    assert caught.value.line == 11
    assert len(load(folder, unknown="drop").train) == len(TRAIN)


def test_a_film_rated_twice(tmp_path):
    folder = dat(tmp_path, ratings__dat=lines("::", [*ROWS, (3, 10, 1, 978300000)]))
    with pytest.raises(DataError, match="lines 9 and 10 .user '3', item '10'."):
        load(folder)
    first, last = load(folder, duplicates="first"), load(folder, duplicates="last")
    assert pairs(first, first.test)[2] == ("3", "20")
    assert pairs(last, last.test) == TEST


def test_options_of_tables_apply(tmp_path):
    data = load(dat(tmp_path), split="random", seed=3, item_relations="genres", bins=None, negatives=1, name="mine")
    assert data.name == "mine" and data.time_kind == "none"
    assert [r.name for r in data.item_relations] == ["genres"]
    assert data.negatives.shape == (3, 1)
    with pytest.raises(DataError, match="sep=.* does not go with MovieLens"):
        load(dat(tmp_path), sep=",")
    with pytest.raises(NotFoundError, match="did you mean 'min_user'"):
        load(dat(tmp_path), min_users=3)


# ---- RecBole


def test_atomic_files_without_times_or_users(tmp_path):
    rows = "user_id:token\titem_id:token\n" + "".join(f"{u}\t{i}\n" for u, i, _, _ in ROWS)
    data = load(atomic(tmp_path, small__inter=rows, small__user=None))
    assert data.time_kind == "order" and data.user_relations == ()
    assert pairs(data, data.test) == [("1", "30"), ("2", "40"), ("3", "10")]
    with pytest.raises(DataError, match="no column looks like ratings"):
        load(tmp_path, min_rating=4)


def test_types_of_atomic_files_decide(tmp_path):
    items = (
        "item_id:token\tstudio:token\tprice:float\tvector:float_seq\ttags:token_seq\n"
        "10\tA|B, Inc.\t5.0\t0.1 0.2\tx y\n20\tA|B, Inc.\t5\t0.1 0.2\ty\n30\t\t7.5\t0.3 0.4\t\n40\t\t7.5\t\tx\n"
    )
    data = load(atomic(tmp_path, small__item=items))
    assert [r.name for r in data.item_relations] == ["studio", "price", "tags"]
    assert data.relation("item", "studio").labels == ("A|B, Inc.",)
    assert data.relation("item", "tags").lists(4) == [["x", "y"], ["y"], [], ["x"]]
    assert data.relation("item", "price").n_values == 2
    broken = items.replace("\t7.5\t0.3", "\tcheap\t0.3")
    with pytest.raises(DataError, match="'cheap' in column 'price' is no number") as caught:
        load(atomic(tmp_path, small__item=broken))
    assert caught.value.line == 4


def test_quotes_that_pandas_wrote_into_atomic_files(tmp_path, capsys):
    """A quote is a letter there, unless each cell that has one is written as a program quotes."""
    titles = ['Der "rote" Baron; eine Reise', "Heat", "Emma", '"Ja"']
    frame = pd.DataFrame({"item_id:token": [10, 20, 30, 40], "title:token_seq": titles, "class:token": list("xyxy")})
    text = frame.to_csv(index=False, sep="\t", lineterminator="\n")
    folder = atomic(tmp_path, small__item=text, small__user=None)
    data = load(folder)
    assert data.item_labels == tuple(titles)
    assert any("2 cells of column 'title' of small.item stand in quotes" in note for note in data.notes)
    assert load(folder, quote='"').item_labels == tuple(titles)
    assert load(folder, quote=None).item_labels[0] == '"Der ""rote"" Baron; eine Reise"'
    assert main(["data", "check", "--data", str(folder), "--quote", '"']) == 0
    assert main(["data", "check", "--data", str(folder)]) == 0
    assert "--quote none keeps them" in capsys.readouterr().out
    letters = text.replace('"Der ""rote"" Baron; eine Reise"', "Der rote Baron").replace('"""Ja"""', '"Ja"')
    assert load(atomic(tmp_path, small__item=letters, small__user=None)).item_labels[3] == '"Ja"'
    for name in ("small.inter", "small.item"):
        rows = pd.read_csv(folder / name, sep="\t", dtype=str)
        rows.to_csv(folder / name, sep="\t", index=False, quoting=1)
    assert main(["data", "check", "--data", str(folder)]) == 1
    assert "pass --quote '\"', since the header stands in quotes" in capsys.readouterr().err
    assert main(["data", "check", "--data", str(folder), "--quote", '"']) == 0


def test_atomic_times_that_are_places_in_a_sequence(tmp_path):
    rows = [(u, i, s, n) for n, (u, i, s, _) in enumerate(ROWS)]
    header = "user_id:token\titem_id:token\trating:float\ttimestamp:float\n"
    data = load(atomic(tmp_path, small__inter=lines("\t", rows, header)))
    assert data.time_kind == "order"


def test_a_header_without_types_and_two_inter_files(tmp_path):
    with pytest.raises(DataError, match="'user_id' has no type"):
        load(atomic(tmp_path / "a", small__inter="user_id\titem_id:token\n1\t10\n"))
    folder = atomic(tmp_path / "b")
    write(folder, other__inter="user_id:token\titem_id:token\n1\t10\n1\t20\n")
    with pytest.raises(DataError, match="other.inter, small.inter") as caught:
        load(folder)
    assert str(folder / "other.inter") in caught.value.fix
    data = load(folder / "small.inter")
    assert pairs(data, data.test) == TEST


# ---- tables by their names, and Parquet


def test_two_candidates_are_named(tmp_path):
    folder = write(common(tmp_path), **{"Book-Events__csv": "user,book\n1,10\n"})
    with pytest.raises(DataError, match="Book-Events.csv, ratings.csv") as caught:
        load(folder)
    assert "interactions=" in caught.value.fix


@pytest.mark.parametrize("name", ["interactions.csv", "BX-Book-Ratings.csv", "UserEvents.tsv", "events.csv.gz"])
def test_names_of_interactions(name, tmp_path):
    text = lines(",", header="user,book,stars,date\n")
    text = gzip.compress(text.encode()) if name.endswith("gz") else text.replace(",", "\t" if "tsv" in name else ",")
    data = load(common(tmp_path, ratings__csv=None, **{name.replace(".", "__"): text}))
    assert pairs(data, data.test) == TEST


def test_nothing_is_recognised(tmp_path):
    write(tmp_path / "odd", notes__txt="hello", **{"picture__png": "x"})
    with pytest.raises(DataError, match="there lies notes.txt, picture.png") as caught:
        load(tmp_path / "odd")
    assert "u.data" in caught.value.expected and "NAME.inter" in caught.value.expected
    dat(tmp_path / "outer" / "ml-1m")
    with pytest.raises(DataError) as caught:
        load(tmp_path / "outer")
    assert str(tmp_path / "outer" / "ml-1m") in caught.value.fix


@pytest.mark.parametrize("with_users", [True, False])
def test_parquet(with_users, tmp_path):
    pytest.importorskip("pyarrow")
    rows = pd.DataFrame(ROWS, columns=["user_id", "item_id", "rating", "time"])
    items = pd.DataFrame(FILMS, columns=["item_id", "title", "genres"])
    items["genres"] = items["genres"].map(lambda text: text.split("|") if text else [])
    rows.to_parquet(tmp_path / "interactions.parquet")
    items.to_parquet(tmp_path / "items.parquet")
    if with_users:
        pd.DataFrame({"user_id": [1, 2, 3], "city": ["Oslo", None, "Oslo"]}).to_parquet(tmp_path / "users.parquet")
    data = load(tmp_path)
    assert pairs(data, data.test) == TEST and data.user_id_dtype == "int64"
    assert data.relation("item", "genres").lists(4)[0] == ["Animation", "Comedy"]
    alone = tables.load(tmp_path / "interactions.parquet", tmp_path / "items.parquet", progress=False)
    pd.testing.assert_frame_equal(alone.train, data.train)
    rows.loc[2, "user_id"] = None
    rows.to_parquet(tmp_path / "interactions.parquet")
    with pytest.raises(DataError, match="interactions.parquet, row 2: the user is empty"):
        load(tmp_path)
    (tmp_path / "items.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(DataError, match="cannot be read"):
        load(tmp_path)


def test_parquet_in_parts_with_texts_and_dates(tmp_path):
    pytest.importorskip("pyarrow")
    folder = tmp_path / "interactions.parquet"
    folder.mkdir()
    rows = pd.DataFrame([(f"u{u}", f"i{i}", s, t) for u, i, s, t in ROWS], columns=["user_id", "item_id", "s", "time"])
    rows["time"] = pd.to_datetime(rows["time"], unit="s")
    for n, part in enumerate((rows[:4], rows[4:])):
        part.to_parquet(folder / f"part-{n}.parquet")
    data = load(tmp_path)
    assert pairs(data, data.test) == [(f"u{u}", f"i{i}") for u, i in TEST]
    assert data.train["time"].tolist()[0] == ROWS[0][3]


def test_without_pyarrow_the_remedy_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    write(tmp_path, interactions__parquet=b"PAR1")
    with pytest.raises(DataError, match="needs the package pyarrow") as caught:
        load(tmp_path)
    assert "ramgnn[parquet]" in caught.value.fix


# ---- names that are paths


def test_a_path_that_is_not_there(tmp_path, monkeypatch):
    dat(tmp_path / "ml-1m")
    with pytest.raises(NotFoundError) as caught:
        load(tmp_path / "ml-2m")
    assert caught.value.near == [str(tmp_path / "ml-1m")]
    monkeypatch.chdir(tmp_path)
    assert datasets.load("ml-1m", progress=False).n_users == 3  # no separator, but it is there
    with pytest.raises(NotFoundError) as caught:
        datasets.load("ml-1n")
    assert "ml-1m" in caught.value.near
    assert not datasets.is_path("ml-100k") and datasets.is_path("./ml-100k")


def test_files_that_are_no_folder(tmp_path):
    folder = write(tmp_path, ml__zip=b"PK", rows__csv="user,item\n")
    with pytest.raises(DataError, match="this is an archive"):
        load(folder / "ml.zip")
    with pytest.raises(DataError, match="this is a file"):
        load(folder / "rows.csv")


def test_a_run_knows_its_folder(tmp_path, monkeypatch, capsys):
    dat(tmp_path / "ml-1m")
    monkeypatch.chdir(tmp_path)
    options = ["--min-rating", "2", "--user-column", "user_id", "--model", "popularity", "--quiet"]
    assert main(["train", "--data", "ml-1m", *options]) == 0
    run = tmp_path / "runs" / "ml-1m-popularity-0"
    source = Source(**json.loads((run / "run.json").read_text())["dataset"]).seen_from(run)
    assert source.name == str(tmp_path / "ml-1m") and source.label == "ml-1m"
    assert source.options == {"min_rating": 2, "user_column": "user_id"}
    monkeypatch.chdir("/")
    assert source.load(False).n_users == 3
    capsys.readouterr()
    assert main(["evaluate", "--run", str(run)]) == 0
    assert "HR" in capsys.readouterr().out


def test_advice_of_the_shell_is_in_its_words(tmp_path, capsys):
    folder = write(common(tmp_path), events__csv="user,book\n1,10\n")
    assert main(["data", "check", "--data", str(folder)]) == 1
    text = capsys.readouterr().err
    assert f"--interactions {folder / 'events.csv'}" in text and "interactions=" not in text


def test_recognising_reads_nothing_large(tmp_path):
    found = folders.recognise(dat(tmp_path, ratings__dat="nonsense"))
    assert "as .dat files" in str(found)


def test_times_beyond_next_year_are_none():
    assert ratings.end_of_time() > datetime.now(UTC).timestamp() + 365 * 86400


def test_a_row_of_ratings_takes_few_bytes(tmp_path, monkeypatch):
    n = 200_000
    rng = np.random.default_rng(0)
    rows = zip(
        np.arange(n) // 100, np.arange(n) % 997, rng.integers(1, 11, n) / 2, rng.integers(10**9, 1.5e9, n), strict=True
    )
    films = "movieId,title,genres\n" + "".join(f"{i},Film {i} (1999),Drama\n" for i in range(997))
    folder = csv(tmp_path, ratings__csv=lines(",", rows, "userId,movieId,rating,timestamp\n"), movies__csv=films)
    monkeypatch.setattr(ratings, "PIECE", 1 << 20)
    tracemalloc.start()
    try:
        data = load(folder)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(data.train) + len(data.test) == n
    assert peak < 100 * n + (6 << 20)  # 32 million rows at 100 bytes are 3.2 GB


@pytest.mark.parametrize("form", FORMS)
def test_what_was_rated_low_counts_as_had(form, tmp_path):
    data = load(FORMS[form](tmp_path), min_rating=4, min_user=0)
    rated = {(str(u), str(i)) for u, i, _, _ in ROWS if str(u) in data.user_ids and str(i) in data.item_ids}
    found = {(user, data.item_ids[i]) for n, user in enumerate(data.user_ids) for i in data.had(n)}
    assert found == rated and len(data.seen)
