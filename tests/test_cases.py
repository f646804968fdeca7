"""The small inputs in ``tests/cases``: each is read as it was meant, or refused with what to type; shell and Python."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from brought import advised

import ramgnn
from ramgnn.cli import main
from ramgnn.datasets.frames.notes import is_doubt
from ramgnn.errors import DataError

CASES = Path(__file__).parent / "cases"
NAMES = sorted(path.name for path in CASES.iterdir() if path.is_dir())
SMALL = ["pretrain.dim=8", "pretrain.epochs=2", "finetune.epochs=2", "finetune.every=1"]
FILES = {"tsvquote": {"items": "items.tsv"}}
# what Python has to be told for the cases that cannot be read without
TOLD = {
    "tsvquote": {"quote": None},
    "backslash": {"escape": "\\"},
    "nan_ids": {"unknown": "drop"},
    "dcolon": {"header": False, "user_column": "1", "item_column": "2", "time_column": "4"},
}
BROKEN = {*TOLD, "commatitle"}


def paths(case: str) -> dict[str, str]:
    """The files of a case, by the names that `ramgnn.load` and the command line have for them."""
    names = {"interactions": "rows.csv", "items": "items.csv", "users": "users.csv"} | FILES.get(case, {})
    found = {part: CASES / case / name for part, name in names.items()}
    return {part: str(path) for part, path in found.items() if path.exists()}


def typed(case: str) -> list[str]:
    return [word for part, path in paths(case).items() for word in (f"--{part}", path)]


def loaded(case: str, **options) -> ramgnn.RecDataset:
    return ramgnn.load("tables", **paths(case), **(TOLD.get(case, {}) | options), progress=False)


def shell(capsys, *words: str) -> tuple[int, str, str]:
    capsys.readouterr()
    status = main(list(words))
    out, err = capsys.readouterr()
    assert "Traceback" not in out + err
    return status, out, err


def asked(capsys, *words: str) -> str:
    status, out, err = shell(capsys, *words)
    assert status == 0, err
    return out


def refused(case: str) -> DataError:
    """The error of Python, in whose words nothing is the shell's."""
    with pytest.raises(DataError) as caught:
        ramgnn.load("tables", **paths(case), progress=False)
    assert "--" not in str(caught.value).replace("--u", "")
    return caught.value


def values(data, side: str, name: str) -> list[list[str]]:
    """What each item or user has of an attribute."""
    relation = next(r for r in data.relations(side) if r.name == name)
    return [sorted(own) for own in relation.lists(data.n_nodes(side))]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Trains a case once, and gives its run folder and what was printed."""
    folder, made = tmp_path_factory.mktemp("runs"), {}

    def trained(capsys, case: str) -> tuple[str, str]:
        if case not in made:
            out = str(folder / case)
            said = asked(capsys, "train", *typed(case), "--set", *SMALL, "--out", out, "--quiet", "--no-baselines")
            made[case] = out, said
        return made[case]

    return trained


def test_every_case_is_here():
    assert len(NAMES) == 19
    assert sum(path.stat().st_size for path in CASES.rglob("*.?sv")) < 200_000


@pytest.mark.parametrize("case", [name for name in NAMES if name not in BROKEN])
def test_what_can_be_read_is_read_the_same_from_shell_and_python(capsys, case):
    data = loaded(case)
    report = json.loads(asked(capsys, "data", "check", *typed(case), "--json"))
    shape = (data.n_users, data.n_items, len(data.train), len(data.test))
    assert shape == (24, 16, 360 if case == "all_seen" else 81, 24)
    assert tuple(report[name] for name in ("users", "items", "train", "test")) == shape
    assert len(report["notes"]) == len(data.notes) and len(report["doubts"]) == sum(map(is_doubt, data.notes))
    assert {r.name for r in data.item_relations} == {"genre", "year"}


@pytest.mark.parametrize("case", sorted(TOLD))
def test_what_cannot_be_read_says_what_to_type_and_that_helps(capsys, case):
    status, _, err = shell(capsys, "data", "check", *typed(case))
    assert status == 1 and "to mend it:" in err and paths(case)["interactions"].rpartition("/")[0] in err
    report = json.loads(asked(capsys, "data", "check", *typed(case), *advised(err), "--json"))
    data = loaded(case)
    assert [report["users"], report["train"]] == [data.n_users, len(data.train)]
    error = refused(case)
    assert error.fix and error.line
    for name in TOLD[case]:
        assert f"{name}=" in error.fix


def test_base_reads_and_trains(capsys, run):
    folder, said = run(capsys, "base")
    assert "well: every id, value and pair fits" in asked(capsys, "data", "check", *typed("base"))
    command = shlex.split(re.search(r"next: (.*)", said)[1])
    assert command[0] == "ramgnn" and "for user u00, who had 6 items" in asked(capsys, *command[1:], "--reasons")
    assert not any(is_doubt(note) for note in loaded("base").notes)


def test_who_had_every_item_is_offered_nothing(capsys, run):
    folder, _ = run(capsys, "all_seen")
    out = asked(capsys, "recommend", "--run", folder, "--user", "u00", "--reasons")
    assert "u00 has had every item" in out
    report = json.loads(asked(capsys, "recommend", "--run", folder, "--user", "u00", "--json"))
    assert report == {"user": "u00", "items": []}
    assert asked(capsys, "recommend", "--run", folder, "--all") == "user,rank,item,title,score\n"
    model = ramgnn.load_run(folder)
    assert model.recommend("u00").empty
    assert len(model.recommend("u00", n=16, exclude_seen=False)) == 16
    assert "(had already)" in asked(capsys, "explain", "--run", folder, "--user", "u00", "--item", "i15")


def test_missing_values_are_no_values(capsys, run):
    data = loaded("missing")
    wrong = {"?", r"\N", "NULL", "nan"}
    for r in (*data.item_relations, *data.user_relations):
        assert not wrong & set(r.labels)
    shown = asked(capsys, "data", "check", *typed("missing"))
    for count in (
        "8 of 16 cells of genre in items.csv are missing (?)",
        r"10 of 16 cells of year in items.csv are missing (\N)",
        "12 of 24 cells of city in users.csv are missing (NULL)",
        "12 of 24 cells of age in users.csv are missing (nan)",
    ):
        assert count in data.notes and count in shown
    assert values(data, "item", "genre")[1] == [] and values(data, "user", "age")[1] == []
    folder, _ = run(capsys, "missing")
    model = ramgnn.load_run(folder)
    for user in data.user_ids:
        out = asked(capsys, "recommend", "--run", folder, "--user", user, "--reasons", "-n", "16")
        out += str(model.explain(user, "i01"))  # an item without a genre or a year
        assert not any(sign in out for sign in wrong)


@pytest.mark.parametrize("case", ["list_comma", "list_python"])
def test_several_values_in_a_cell_are_found(capsys, case):
    data = loaded(case)
    genres = values(data, "item", "genre")
    assert genres[0] == ["Comedy", "Drama"] and genres[3] == ["Comedy", "Romance"]
    assert {x for own in genres for x in own} == {"Action", "Comedy", "Drama", "Romance"}
    assert set(map(len, genres)) == {2} and set(map(len, values(data, "item", "year"))) == {1}
    out = asked(capsys, "data", "check", *typed(case))
    assert "8 different cells, 4 different values" in out
    whole = re.search(r"--separator \S+", out)[0]
    report = json.loads(asked(capsys, "data", "check", *typed(case), *shlex.split(whole), "--json"))
    assert any(column["column"] == "genre" and "8 values" in str(column) for column in report["columns"])
    assert len(next(r for r in loaded(case, separator={"genre": None}).item_relations if r.name == "genre").labels) == 8


def test_a_comma_in_the_name_of_a_firm_divides_nothing(tmp_path):
    lines = (CASES / "list_comma" / "items.csv").read_text().splitlines()
    firms = ("Pixar, Inc.", "Ghibli", "Toho Co., Ltd.", "Gaumont")
    lines = [lines[0] + ",studio", *(f'{line},"{firms[n % 4]}"' for n, line in enumerate(lines[1:]))]
    (tmp_path / "items.csv").write_text("\n".join(lines) + "\n")
    data = ramgnn.load("tables", **(paths("list_comma") | {"items": str(tmp_path / "items.csv")}), progress=False)
    assert sorted({x for own in values(data, "item", "studio") for x in own}) == sorted(firms)
    assert values(data, "item", "genre")[0] == ["Comedy", "Drama"]


@pytest.mark.parametrize(
    ("case", "shown"), [("time_compact", "20170714 = 2017-07-14"), ("time_dmy", "14/07/2017 = 2017-07-14")]
)
def test_dates_are_dates(capsys, case, shown):
    data, base = loaded(case), loaded("base")
    assert any(shown in note for note in data.notes)
    assert shown in asked(capsys, "data", "check", *typed(case))
    days = np.sort(np.concatenate([data.train["time"], data.test["time"]]))
    seconds = np.sort(np.concatenate([base.train["time"], base.test["time"]]))
    assert data.time_kind == base.time_kind
    np.testing.assert_array_equal(days, seconds // 86400 * 86400)


def test_literal_quotes(capsys):
    error = refused("tsvquote")
    assert error.file == paths("tsvquote")["items"] and error.line == 5 and "quote=None" in error.fix
    assert "--quote none" in shell(capsys, "data", "check", *typed("tsvquote"))[2]
    assert any('"' in title for title in loaded("tsvquote").item_labels)


def test_backslashes_before_quotes(capsys):
    error = refused("backslash")
    assert error.file == paths("backslash")["items"] and error.line == 2
    assert r"--escape '\'" in shell(capsys, "data", "check", *typed("backslash"))[2]
    assert loaded("backslash").item_labels[0] == 'He said "Title 0" twice'


def test_ratings_that_are_not_read_are_said(capsys):
    out = asked(capsys, "data", "check", *typed("ratings"))
    assert "doubt" in out and "are not used" in out
    advice = re.search(r"--min-rating \d", out)[0]
    assert advice == "--min-rating 4"
    kept = json.loads(asked(capsys, "data", "check", *typed("ratings"), *advice.split(), "--json"))
    rows = [line.split(",") for line in (CASES / "ratings" / "rows.csv").read_text().splitlines()[1:]]
    liked = Counter(user for user, _, rating, _ in rows if int(rating) >= 4)
    assert kept["train"] + kept["test"] == sum(n for n in liked.values() if n > 1)  # one alone is left out, with a note
    note = next(note for note in loaded("ratings").notes if is_doubt(note))
    assert "min_rating=4" in note
    data = loaded("ratings", min_rating=4)
    assert len(data.train) == kept["train"] and not any(is_doubt(note) for note in data.notes)


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "cp1252", "latin-1", "utf-16", "koi8-r"])
def test_titles_in_four_scripts_are_printed_in_any_encoding(capsys, run, encoding):
    folder, _ = run(capsys, "uni")
    env = os.environ | {"PYTHONIOENCODING": encoding, "OMP_NUM_THREADS": "1"}
    call = [sys.executable, "-m", "ramgnn", "recommend", "--run", folder, "--user", "u00", "--reasons", "-n", "16"]
    done = subprocess.run(call, env=env, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr
    shown = done.stdout.decode(encoding)
    titles = {title for title in loaded("uni").item_labels if title in shown}
    assert "i07" in shown or titles
    assert len(shown.splitlines()) == 12
    if encoding in ("utf-8", "utf-16"):
        assert len(titles) >= 10


def test_titles_in_four_scripts_are_printed_in_the_plainest_locale(capsys, run):
    folder, _ = run(capsys, "uni")
    env = os.environ | {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "OMP_NUM_THREADS": "1"}
    env.pop("PYTHONIOENCODING", None)
    for command in (["recommend", "--user", "u00", "--json"], ["explain", "--user", "u00", "--item", "i00"]):
        call = [sys.executable, "-m", "ramgnn", command[0], "--run", folder, *command[1:]]
        done = subprocess.run(call, env=env, capture_output=True, timeout=120)
        assert done.returncode == 0, done.stderr
        if command[-1] == "--json":
            items = json.loads(done.stdout.decode("utf-8"))["items"]
            assert {row["title"] for row in items} <= set(loaded("uni").item_labels)


@pytest.mark.parametrize("case", ["dash", "space"])
def test_every_printed_command_can_be_pasted(capsys, run, case, tmp_path):
    _, said = run(capsys, case)
    user = loaded(case).user_ids[0]
    command = re.search(r"next: (.*)", said)[1]
    words = subprocess.run(["sh", "-c", f"printf '%s\\0' {command}"], capture_output=True, text=True).stdout.split("\0")
    assert words[0] == "ramgnn" and words[-1] == ""
    assert f"for user {user}, who had 6 items" in asked(capsys, *words[1:-1])
    advice = asked(capsys, "data", "check", *typed(case))
    again = re.search(r"next: (.*)", advice)[1]
    words = subprocess.run(["sh", "-c", f"printf '%s\\0' {again}"], capture_output=True, text=True).stdout.split("\0")
    assert words[:2] == ["ramgnn", "train"]
    assert paths(case)["users"] in words


def test_a_user_called_nan_is_nobody(capsys):
    error = refused("nan_ids")
    assert error.file == paths("nan_ids")["interactions"] and error.line == 2 and "'nan'" in str(error)
    data = loaded("nan_ids")
    assert "nan" not in data.user_ids and any("'nan' 15 times" in note for note in data.notes)
    assert len(data.train) + len(data.test) == 90


@pytest.mark.parametrize("case", ["semi", "dcolon"])
def test_other_separators_give_the_same_data(capsys, case):
    data, base = loaded(case), loaded("base")
    assert data.user_ids == base.user_ids and data.item_labels == base.item_labels
    for part in ("train", "test"):
        assert getattr(data, part).equals(getattr(base, part))
    assert values(data, "item", "genre") == values(base, "item", "genre")


def test_an_unquoted_comma_is_named_with_its_line(capsys):
    error = refused("commatitle")
    assert error.file == paths("commatitle")["items"] and error.line == 6
    assert "5 fields" in str(error) and "quotes around the field that contains ','" in error.fix
    status, _, err = shell(capsys, "data", "check", *typed("commatitle"))
    assert status == 1 and '"Title 4, the film"' in err


def test_items_with_one_title_are_told_apart_by_id(capsys, run):
    folder, _ = run(capsys, "titles_dup")
    status, _, err = shell(capsys, "explain", "--run", folder, "--user", "u00", "--item", "Same")
    assert status == 1 and "fits 6 items" in err and all(f"(id i0{n})" in err for n in range(6))
    assert "Same (id i01) for user u00" in asked(capsys, "explain", "--run", folder, "--user", "u00", "--item", "i01")
    out = asked(capsys, "recommend", "--run", folder, "--user", "u00", "-n", "16", "--include-seen")
    assert all(f"i0{n} Same" in out for n in range(6))


def test_ids_that_became_decimals_are_matched(capsys):
    data, base = loaded("float_ids"), loaded("base")
    assert data.user_ids[:3] == ("0", "1", "2") and data.n_users == 24
    assert values(data, "user", "city") == values(base, "user", "city")
    assert any("0.0" in note and "whole numbers" in note for note in data.notes)
