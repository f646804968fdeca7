"""Somebody with a spreadsheet: from its export to recommendations by nothing but what the program prints."""

from __future__ import annotations

import random
import re
import shlex
from pathlib import Path

import pandas as pd
import pytest
from brought import advised

import ramgnn
from ramgnn.cli import main
from ramgnn.datasets import tables
from ramgnn.datasets.frames.notes import is_doubt
from ramgnn.errors import DataError
from tests.kills import SMALL

QUICK = ["--quiet", "--no-baselines", "--set", *(f"{name}={value}" for name, value in SMALL.items())]
STARS = ["1", "2", "3", "4,5", "5"]


def films(rng: random.Random) -> list[tuple[str, ...]]:
    """Id, title, genres and director of each film, some of them unknown."""
    genres, directors = ["Drama", "Comedy", "Romance", "Action"], ["Scott, Ridley", "Kurosawa", "Varda"]
    return [
        (
            f"F{n:02}",
            f"Film {n}",
            "NULL" if n % 7 == 0 else ", ".join(rng.sample(genres, rng.randint(1, 3))),
            "" if n % 5 == 0 else rng.choice(directors),
        )
        for n in range(30)
    ]


def write(path: Path, header: str, rows: list[tuple[str, ...]]) -> Path:
    """As a European spreadsheet saves it: semicolons, a mark of the encoding, and the line ends of Windows."""
    text = "".join(";".join(row) + "\r\n" for row in [tuple(header.split(";")), *rows])
    path.write_bytes(text.encode("utf-8-sig"))
    return path


def rated(rng: random.Random, described: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Customer, a film, its stars and the day, which is written first."""
    return [
        (f"C{c:02}", *film, rng.choice(STARS), f"{rng.randint(1, 28):02}/{rng.randint(1, 12):02}/2021")
        for c in range(30)
        for film in rng.sample(described, rng.randint(5, 12))
    ]


def said(capsys, *words: str, status: int = 0) -> str:
    capsys.readouterr()
    assert main(list(words)) == status
    out, err = capsys.readouterr()
    assert "Traceback" not in out + err
    return err if status else out


def follow(capsys, check: list[str]) -> str:
    """Take the advice in each doubt until there is none, train as is printed then, and recommend as is printed then."""
    for _ in range(4):
        shown = said(capsys, "data", "check", *check)
        doubts = [line for line in shown.splitlines() if line.startswith("note (doubt)")]
        if not doubts:
            break
        check += shlex.split(re.search(r"; (--\S+ (?:'[^']*'|\S+))", doubts[0])[1])
    assert "well: every id, value and pair fits" in shown
    train = shlex.split(re.search(r"next: ramgnn (.*)", shown)[1])
    trained = said(capsys, *train, *QUICK)
    recommended = said(capsys, *shlex.split(re.search(r"next: ramgnn (.*)", trained)[1]), "--reasons")
    assert "for user C" in recommended and not re.search("NULL|nan", recommended)
    return shown


def test_two_sheets(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = random.Random(0)
    described = films(rng)
    write(tmp_path / "films.csv", "Film ID;Title;Genres;Director", described)
    rows = [(c, film, stars, day) for c, film, *_, stars, day in rated(rng, described)]
    write(tmp_path / "ratings.csv", "Customer;Film ID;Rating;Rated on", rows)
    shown = follow(capsys, ["--interactions", "ratings.csv", "--items", "films.csv"])
    assert "time = Rated on" in shown and "day/month/year" in shown
    assert re.search(r"Genres +relation .* cells divided at ','", shown)
    assert re.search(r"Director +relation +guessed +3 values", shown)  # the comma in a name divides nothing
    assert "(NULL)" in shown and "have a rating below 4.5 and were left out" in shown
    assert "4,5 in column 'Rating' of ratings.csv is a number with a decimal comma" in shown


def test_one_sheet_that_holds_everything(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = random.Random(1)
    rows = [(c, title, genres, stars, day) for c, _, title, genres, _, stars, day in rated(rng, films(rng))]
    write(tmp_path / "sheet.csv", "Customer;Film;Genres;Rating;Rated on", rows)
    first = said(capsys, "data", "check", "sheet.csv", status=1)
    given = shlex.split(re.search(r"or the file: (.*)", first)[1])
    second = said(capsys, "data", "check", *given, status=1)
    assert "no table of items is named" in second
    shown = follow(capsys, given + advised(second))
    assert re.search(r"Genres +relation +given +4 values", shown)
    assert "not read of" not in shown
    assert len(re.findall("Rated on", shown.partition("\n\n")[0])) == 1


def test_no_table_of_items_in_python(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "pairs.csv", "user;item", [("a", "1"), ("a", "2")])
    with pytest.raises(DataError, match="no table of items is named, and there is no items.csv here") as caught:
        ramgnn.load("tables", interactions="pairs.csv")
    assert "items='FILE'" in caught.value.fix and "--" not in str(caught.value)


@pytest.mark.parametrize(
    "cells", [["14/07/2017", ""], ["2017-07-14", "?"], ["14 Jul 2017", "1 May 2018"], ["1500001000"]]
)
def test_dates_under_another_name_are_pointed_to(cells):
    frame = pd.DataFrame({"user": list("aabb"), "item": list("xyxy"), "Stored": (cells * 4)[:4]})
    note = next(note for note in ramgnn.from_frames(frame).notes if "'Stored'" in note and is_doubt(note))
    assert f"holds dates, such as {cells[0]}" in note and "time_column='Stored'" in note


def test_other_columns_are_no_dates(tmp_path):
    frame = pd.DataFrame(
        {"user": list("aabb"), "item": list("xyxy"), "shop": ["12/b", "3", "4", "5"], "gone": [None] * 4}
    )
    assert not any(is_doubt(note) for note in ramgnn.from_frames(frame).notes)
    dated = frame.assign(time=[1, 2, 3, 4], born=["1970-01-01"] * 4)  # there is a time already
    assert not any("holds dates" in note for note in ramgnn.from_frames(dated).notes)


@pytest.mark.parametrize(
    ("stars", "kept"), [(["4,5", "3,5", "5", "1"], ["4,5", "5"]), (["4.5", "3", "5", "4"], ["4.5", "5", "4"])]
)
def test_ratings_with_a_decimal_comma(stars, kept):
    frame = pd.DataFrame({"user": list("aaaa"), "item": list("wxyz"), "rating": stars})
    data = ramgnn.from_frames(frame, min_rating=4)
    assert len(data.train) + len(data.test) == len(kept)
    thousands = frame.assign(rating=["1,000", "2", "3", "4"])
    with pytest.raises(DataError, match="is no number"):
        ramgnn.from_frames(thousands, min_rating=4)


def test_items_are_looked_for_beside_the_interactions(tmp_path, monkeypatch, capsys):
    frame = pd.DataFrame({"user_id": [u for u in range(4) for _ in range(3)], "item_id": [0, 1, 2, 1, 2, 3] * 2})
    there, here = tmp_path / "there", tmp_path / "here"
    for folder, column in ((there, "genre"), (here, "colour")):
        folder.mkdir()
        pd.DataFrame({"item_id": range(4), column: ["a", "b"] * 2}).to_csv(folder / "items.csv", index=False)
    frame.to_csv(there / "rows.csv", index=False)
    frame.to_csv(tmp_path / "alone.csv", index=False)
    monkeypatch.chdir(here)
    data = tables.load(there / "rows.csv", progress=False)
    assert [r.name for r in data.item_relations] == ["genre"]
    assert any("items.csv lies beside rows.csv and was read as the table of items" in note for note in data.notes)
    assert tables.guess(there / "rows.csv").item_relations == ("genre",)
    given = tables.load(there / "rows.csv", "items.csv", progress=False)
    assert [r.name for r in given.item_relations] == ["colour"], "the one that was named"
    with pytest.raises(DataError, match="if the one in this folder is meant") as caught:
        tables.load(tmp_path / "alone.csv", progress=False)
    assert f"no table of items is named, and there is no items.csv in {tmp_path}" in str(caught.value)
    assert tables.load(tmp_path / "alone.csv", None, progress=False).item_relations == ()
    assert main(["data", "check", "--interactions", str(there / "rows.csv")]) == 0
    shown = capsys.readouterr().out
    assert f"next: ramgnn train --interactions {there / 'rows.csv'} --items {there / 'items.csv'}" in shown
