"""Folders whose files are called in capital letters or unknown names, or are not in UTF-8."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pandas as pd
import pytest

import ramgnn
from ramgnn import datasets
from ramgnn.cli import main
from ramgnn.datasets import folders, tables
from ramgnn.datasets.kkbox.files import file_in, find
from ramgnn.datasets.source import Source
from ramgnn.errors import DataError
from tests.test_folders import FORMS, ROWS, TEST, common, dat, load, pairs, write

# the file of interactions of each form, and where the ids of users stand in others
RATINGS = {
    "raw": "u.data", "dat": "ratings.dat", "csv": "ratings.csv", "atomic": "small.inter", "common": "ratings.csv",
}  # fmt: skip
USERS = {"raw": "u.user", "dat": "users.dat", "csv": None, "atomic": "small.user", "common": "users.csv"}


def renamed(folder, change):
    for path in list(folder.iterdir()):
        path.rename(path.with_name(change(path.name)))
    return folder


def with_names(folder, form, encoding="cp1252"):
    """User 3 is called Zoë, in an encoding that is not UTF-8."""
    FORMS[form](folder)
    for name in (RATINGS[form], USERS[form]):
        if name is not None:
            path = folder / name
            lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
            path.write_bytes("".join(f"Zoë{line[1:]}" if line[0] == "3" else line for line in lines).encode(encoding))
    return folder


# ---- names -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", [str.upper, str.title, lambda name: name.upper() + ".GZ"])
@pytest.mark.parametrize("form", FORMS)
def test_names_in_capital_letters(tmp_path, form, change):
    import gzip

    plain = load(FORMS[form](tmp_path / "plain"))
    folder = FORMS[form](tmp_path / "capital")
    if change("a").endswith(".GZ"):
        if form == "atomic":
            pytest.skip("atomic files are not looked for as gzip")
        for path in folder.iterdir():
            path.write_bytes(gzip.compress(path.read_bytes()))
    data = load(renamed(folder, change))
    pd.testing.assert_frame_equal(data.train, plain.train)
    assert data.item_labels == plain.item_labels and data.user_ids == plain.user_ids
    assert [r.name for r in data.item_relations] == [r.name for r in plain.item_relations]
    assert [r.name for r in data.user_relations] == [r.name for r in plain.user_relations]
    told = [next(note for note in d.notes if note.startswith("recognised as")) for d in (data, plain)]
    assert told[0].casefold().replace(".gz", "") == told[1].casefold()  # with the names that the files have


def test_parquet_in_capital_letters(tmp_path):
    pytest.importorskip("pyarrow")
    pd.DataFrame(ROWS, columns=["user_id", "item_id", "rating", "time"]).to_parquet(tmp_path / "RATINGS.PARQUET")
    data = load(tmp_path)
    assert pairs(data, data.test) == TEST


def test_of_two_names_the_exact_one_is_meant(tmp_path):
    dat(tmp_path)
    write(tmp_path, RATINGS__DAT="not read", Movies__Dat="neither")
    if len(list(tmp_path.iterdir())) < 6:
        pytest.skip("on this file system both are one file")
    data = load(tmp_path)
    assert pairs(data, data.test) == TEST
    assert any("not read: Movies.Dat, RATINGS.DAT, README" in note for note in data.notes)
    (tmp_path / "ratings.dat").rename(tmp_path / "Ratings.dat")
    with pytest.raises(DataError, match="2 files are called ratings.dat, but for capital letters") as caught:
        load(tmp_path)
    assert "RATINGS.DAT, Ratings.dat" in str(caught.value) and "call the one that is meant ratings.dat" in str(
        caught.value
    )


def test_two_atomic_files_that_differ_in_capital_letters(tmp_path):
    renamed(FORMS["atomic"](tmp_path), str.upper)
    write(tmp_path, small__inter=(tmp_path / "SMALL.INTER").read_bytes())
    if len(list(tmp_path.iterdir())) < 4:
        pytest.skip("on this file system both are one file")
    with pytest.raises(DataError, match="2 files of interactions: SMALL.INTER, small.inter"):
        load(tmp_path)
    data = load(tmp_path / "SMALL.INTER")
    assert pairs(data, data.test) == TEST and "SMALL.ITEM" in " ".join(data.notes)
    assert folders.recognise(tmp_path / "small.inter").items.origin.name == "SMALL.ITEM"
    assert Source(str(tmp_path / "SMALL.INTER")).label == "SMALL"


def test_tables_beside_the_one_that_is_named(tmp_path):
    renamed(common(tmp_path), lambda name: name.replace("Books", "items").upper())
    named = {"interactions": tmp_path / "RATINGS.CSV", "item_column": "book", "user_column": "user"}
    data = tables.load(**named, progress=False)
    assert any("ITEMS.CSV lies beside RATINGS.CSV and was read" in note for note in data.notes)
    assert any("USERS.CSV lies beside RATINGS.CSV and was not read" in note for note in data.notes)
    assert [r.name for r in data.item_relations] == ["genres"]


def test_kkbox_in_capital_letters(tmp_path):
    (tmp_path / "TRAIN.CSV").touch()
    assert find(tmp_path) == (tmp_path, "kaggle") and file_in(tmp_path, "train.csv").name == "TRAIN.CSV"


# ---- encodings -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1"])
@pytest.mark.parametrize("form", FORMS)
def test_what_is_said_of_an_encoding_works_when_typed(tmp_path, capsys, form, encoding):
    """On the command line and in Python."""
    folder = with_names(tmp_path / "data", form, encoding)
    with pytest.raises(DataError, match="is not utf-8") as caught:
        load(folder)
    assert "pass encoding='cp1252'" in caught.value.fix and "Zoë" in caught.value.fix
    assert load(folder, encoding="cp1252").user_ids[-1] == "Zoë"
    assert main(["data", "check", str(folder)]) == 1
    fix = capsys.readouterr().err.partition("to mend it: ")[2]
    typed = shlex.split(fix.partition("pass ")[2].partition(" (")[0])
    assert typed == ["--option", "encoding=cp1252"]
    assert main(["data", "check", str(folder), *typed]) == 0
    assert "3 users" in capsys.readouterr().out


def test_of_a_table_that_is_named(tmp_path, capsys):
    folder = with_names(tmp_path, "common")
    given = ["--interactions", str(folder / "ratings.csv"), "--items", str(folder / "Books.csv"), "--item-column=book"]
    assert main(["data", "check", *given]) == 1
    assert "pass --option encoding=cp1252 (as" in capsys.readouterr().err
    (folder / "Books.csv").write_bytes((folder / "Books.csv").read_text(encoding="utf-8").encode("cp1252"))
    assert main(["data", "check", *given, "--option", "encoding=cp1252"]) == 0


@pytest.mark.parametrize("form", ["raw", "dat", "csv", "atomic"])
def test_a_file_in_utf_8_beside_others_stays_what_it_is(tmp_path, form):
    data = load(with_names(tmp_path, form), encoding="cp1252")
    assert data.item_labels[1] == "Cité des enfants perdus, La (1995)"


def test_wide_encodings_and_none_at_all(tmp_path):
    folder = dat(tmp_path)
    for name in ("ratings.dat", "movies.dat", "users.dat"):
        text = (folder / name).read_bytes().decode("latin-1" if name == "movies.dat" else "utf-8")
        (folder / name).write_bytes(text.encode("utf-16"))
    with pytest.raises(DataError, match="pass encoding='utf-16'"):
        load(folder)
    data = load(folder, encoding="utf-16")
    assert pairs(data, data.test) == TEST and data.item_labels[1].startswith("Cité")
    with pytest.raises(DataError, match="there is no encoding 'no-such'"):
        load(folder, encoding="no-such")


def test_a_file_of_users_that_is_not_utf_8(tmp_path, capsys):
    run = str(tmp_path / "r")
    assert main(["train", "--data", "toy", "--model", "ease", "--quiet", "--out", run]) == 0
    (tmp_path / "users.txt").write_bytes("Zoë\n".encode("cp1252"))
    assert main(["recommend", "--run", run, "--users", str(tmp_path / "users.txt")]) == 1
    assert "to mend it: save it as UTF-8" in capsys.readouterr().err


# ---- a folder in which nothing is recognised


@pytest.fixture
def bookshop(tmp_path, monkeypatch):
    """A folder whose names say nothing, below the current one."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "mein laden"
    folder.mkdir()
    seen = "".join(f"u{u},b{(u + k) % 5},2024-01-0{k + 1}\n" for u in range(6) for k in range(3))
    (folder / "bestellungen.csv").write_text("user_id,item_id,date\n" + seen)
    (folder / "artikel.csv").write_text("item_id,genre\n" + "".join(f"b{k},{'xy'[k % 2]}\n" for k in range(5)))
    (folder / "liesmich.txt").write_text("nichts\n")
    return folder


def test_the_files_of_an_unknown_folder_are_named_as_they_are_typed(bookshop, capsys):
    assert main(["data", "check", "--data", "mein laden"]) == 1
    said = capsys.readouterr().err
    advice = re.search(r"name the files instead of the folder: (.+), if these are the tables", said)[1]
    assert advice == "--interactions 'mein laden/bestellungen.csv' --items 'mein laden/artikel.csv'"
    assert main(["data", "check", *shlex.split(advice)]) == 0


def test_a_folder_and_files_in_it(bookshop, capsys):
    files = ["--interactions", "bestellungen.csv", "--items", "artikel.csv"]
    assert main(["data", "check", "--data", "mein laden", *files]) == 1
    advice = re.search(r"name them without the folder: (.+)", capsys.readouterr().err)[1]
    assert main(["data", "check", *shlex.split(advice)]) == 0


@pytest.mark.parametrize("name, reader", [("a.xlsx", "pandas.read_excel"), ("a.jsonl", "pandas.read_json")])
def test_a_folder_of_files_that_are_no_tables(tmp_path, name, reader):
    (tmp_path / name).write_bytes(b"PK")
    with pytest.raises(DataError) as caught:
        datasets.load(str(tmp_path))
    fix = caught.value.fix
    assert f"export the tables as CSV (UTF-8) or Parquet, for .{name[2:]} is not read" in fix
    assert reader in fix and "interactions" not in fix


def test_a_path_object_is_a_path_even_where_a_data_set_is_called_so(tmp_path, monkeypatch):
    (tmp_path / "kkbox").mkdir()
    (tmp_path / "kkbox" / "ratings.csv").write_text(
        "userId,movieId,rating,timestamp\n1,1,4.0,964982703\n1,3,4.0,964981247\n2,1,5.0,964982224\n2,3,3.0,964983815\n"
    )
    (tmp_path / "kkbox" / "movies.csv").write_text("movieId,title,genres\n1,A (1990),Drama\n3,B (1991),Drama|War\n")
    monkeypatch.chdir(tmp_path)
    assert ramgnn.load(Path("kkbox")).n_items == ramgnn.load(tmp_path / "kkbox").n_items == 2
