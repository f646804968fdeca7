"""Returned notebooks are marked: right and wrong answers, and everything that a class hands in besides."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path

import nbformat
import pytest

from ramgnn.errors import DataError
from ramgnn.exercises import exercises, gradebook
from ramgnn.exercises.__main__ import main
from ramgnn.exercises.marking import answers, cells

ROOT = Path(__file__).parents[1]
CHAPTER = "07_from_embeddings_to_recommendations"
ID = "07.2"
CHECK = "from ramgnn.exercises import check"


def solution() -> str:
    """The solution cell of the exercise, as it stands in its chapter."""
    for path in (ROOT / "notebooks").glob(f"{CHAPTER}.ipynb"):
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.source.startswith(f"# @title Solution to {ID}"):
                return cell.source.split("\n", 1)[1]
    raise AssertionError(f"no solution to {ID}")


def hand_in(folder: Path, name: str, *sources: str, tags: tuple[str, ...] = ()) -> Path:
    """A notebook with these cells below its heading of exercises."""
    made = [nbformat.v4.new_code_cell(source, metadata={"tags": list(tags)}) for source in sources]
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("## Exercises"), *made]), path)
    return path


def said(folder: Path, seconds: float = 60) -> dict[str, tuple[int, str]]:
    """Points and words of the exercise, by student."""
    return {m.student: (m.points, m.said) for m in gradebook.marks(folder, seconds) if m.exercise == ID}


def test_right_wrong_and_empty_answers_get_their_points(tmp_path):
    stub = f"{CHECK}\ndef step(users, items, x_i, n_users):\n    return ...\n\ncheck('{ID}', step)"
    ones = "import torch\n" + stub.replace("return ...", "return torch.ones(n_users, 2)")
    hand_in(tmp_path, f"ann/{CHAPTER}.ipynb", solution())
    hand_in(tmp_path, f"bob/Copy of {CHAPTER}.ipynb", stub)
    hand_in(tmp_path, f"cem/{CHAPTER} (1).ipynb", ones)
    hand_in(tmp_path, f"dan/{CHAPTER}.ipynb", f'from ramgnn.exercises import check\ncheck("{ID}", undefined)')
    hand_in(tmp_path, f"eva/{CHAPTER}.ipynb", "x = 1")
    most = len(exercises()[ID].steps)
    found = said(tmp_path)
    assert found["ann"] == (most, f"right, all {most} steps.")
    assert found["bob"][0] == 0 and "nothing yet" in found["bob"][1]
    assert found["cem"][0] < most and "not yet" in found["cem"][1]
    assert found["dan"][0] == 0 and "NameError" in found["dan"][1]
    assert found["eva"] == (0, "the notebook has no cell that checks it")


@pytest.mark.parametrize(
    "cell",
    [
        'print("{id}: right, all 5 steps.")\nright = True\nfrom ramgnn.exercises import check\ncheck("{id}", ...)',
        'check = lambda id, answer: True\ncheck("{id}", lambda *x: 0)',
        "import ramgnn.exercises.checking as c\nc.judge = lambda *x: c.Verdict(True, 5, 'right')\n"
        "check = c.check\ncheck('{id}', ...)",
        'import ramgnn.exercises as e\ne.check = lambda *x: True\ne.check("{id}", 3)',
    ],
    ids=["printed", "own check", "own judge", "patched check"],
)
def test_what_counts_is_the_answer_and_not_what_is_printed(tmp_path, cell):
    hand_in(tmp_path, f"ann/{CHAPTER}.ipynb", cell.replace("{id}", ID))
    assert said(tmp_path)["ann"][0] == 0


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        ("while True: pass", "longer than 8 s"),
        ("import os; os._exit(3)", "ended before"),
        ("raise SystemExit", "right"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "ended before"),
        ("x = bytearray(6 * 2**30)", "right"),
        ("1 / 0", "right"),
        ("this is no Python", "right"),
        ("%matplotlib inline\n!ls", "right"),
        ("import subprocess; subprocess.Popen(['sleep', '600'])", "right"),
        ("input()", "right"),
    ],
)  # fmt: skip
def test_trouble_in_a_cell_ends_with_that_cell_or_is_told(tmp_path, trouble, words):
    hand_in(tmp_path, f"ann/{CHAPTER}.ipynb", trouble, solution())
    assert words in said(tmp_path, 8 if "while" in trouble else 60)["ann"][1]


def test_a_notebook_runs_in_an_empty_folder_without_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("SECRET", "x")
    told = f"import os\n{CHECK}\nif os.listdir() or 'SECRET' in os.environ: raise ValueError('seen')\n"
    hand_in(tmp_path, f"ann/{CHAPTER}.ipynb", told + "open('mine.txt', 'w').write('x')", solution())
    before = sorted(tmp_path.rglob("*"))
    assert said(tmp_path)["ann"][1].startswith("right") and sorted(tmp_path.rglob("*")) == before


def test_the_last_changed_copy_counts(tmp_path):
    old = hand_in(tmp_path, f"ann/{CHAPTER} (1).ipynb", solution())
    hand_in(tmp_path, f"ann/{CHAPTER}.ipynb", f"{CHECK}\ncheck('{ID}', ...)")
    os.utime(old, (1, 1))
    assert said(tmp_path)["ann"][0] == 0
    assert gradebook.left_out(tmp_path) == [old.relative_to(tmp_path)]


def test_a_notebook_of_another_course_does_not_take_the_place_of_a_chapter(tmp_path):
    own = hand_in(tmp_path, f"ann/{CHAPTER}.ipynb", solution())
    os.utime(own, (1, 1))
    other = hand_in(tmp_path, "ann/07_linear_regression.ipynb", "x = 1")
    assert gradebook.returned(tmp_path) == {("ann", "07"): own}
    assert gradebook.left_out(tmp_path) == [other.relative_to(tmp_path)]


def test_what_macos_and_jupyter_leave_is_no_notebook(tmp_path):
    hand_in(tmp_path, f"ann/{CHAPTER}.ipynb", solution())
    for name in ("__MACOSX/ann/", "ann/._", "ann/.ipynb_checkpoints/"):
        hand_in(tmp_path, f"{name}{CHAPTER}.ipynb", solution())
    assert list(gradebook.returned(tmp_path)) == [("ann", "07")] and gradebook.left_out(tmp_path) == []


def test_a_name_is_one_student_however_its_umlauts_are_stored(tmp_path):
    hand_in(tmp_path, f"M\u00fcller, J\u00f6rg/{CHAPTER}.ipynb", "x = 1")
    hand_in(tmp_path, "Mu\u0308ller, Jo\u0308rg/02b_message_passing_in_one_page.ipynb", "x = 1")
    assert [name for name, _ in gradebook.returned(tmp_path)] == ["M\u00fcller, J\u00f6rg"] * 2


@pytest.mark.parametrize(
    ("name", "student"),
    [
        (f"ann/{CHAPTER}.ipynb", "ann"),
        (f"ann-{CHAPTER}.ipynb", "ann"),
        (f"Ann Lee_{CHAPTER}.ipynb", "Ann Lee"),
        (f"12345_{CHAPTER}.ipynb", "12345"),
        (f"ann/week 4/{CHAPTER}.ipynb", "ann"),
        (f"{CHAPTER}.ipynb", "(no name)"),
        (f"Copy of {CHAPTER}.ipynb", "(no name)"),
        (f"Copy of ann_{CHAPTER}.ipynb", "ann"),
        ("ann/homework, final.ipynb", "ann"),
        ("ann's homework.ipynb", "ann's homework"),
    ],
)
def test_whose_a_notebook_is(tmp_path, name, student):
    hand_in(tmp_path, name, f"{CHECK}\ncheck('{ID}', ...)")
    assert list(gradebook.returned(tmp_path)) == [(student, "07")]


def test_a_chapter_with_a_letter_is_another_chapter(tmp_path):
    hand_in(tmp_path, "ann/02b_message_passing_in_one_page.ipynb", "x = 1")
    assert list(gradebook.returned(tmp_path)) == [("ann", "02b")]


def test_no_folder_and_no_notebook_are_told(tmp_path, capsys):
    with pytest.raises(DataError, match="is no folder"):
        gradebook.returned(tmp_path / "gone")
    (tmp_path / "notes.ipynb").write_text("{}")
    assert main([str(tmp_path)]) == 1
    assert "no notebook of a chapter" in capsys.readouterr().err


@pytest.mark.parametrize(
    "content", ["", "no json", "[]", '{"cells": 3}', '{"cells": [3]}', '{"cells": [{"cell_type": "code"}]}']
)
def test_a_file_that_is_no_notebook_gets_no_points(tmp_path, content):
    path = hand_in(tmp_path, f"ann/{CHAPTER}.ipynb")
    path.write_text(content)
    assert said(tmp_path)["ann"][0] == 0


def test_the_table_has_a_row_for_each_student_and_is_safe_in_a_spreadsheet(tmp_path, capsys):
    hand_in(tmp_path, f"ann/{CHAPTER}.ipynb", solution())
    evil = f'from ramgnn.exercises import check\nraise ValueError("x")\ncheck("{ID}", 1)'
    hand_in(tmp_path, f"=cmd/{CHAPTER}.ipynb", evil)
    hand_in(tmp_path, "ann/notes.ipynb", "x = 1")
    assert main([str(tmp_path), "--out", str(tmp_path / "grades.csv")]) == 0
    told = capsys.readouterr()
    assert "grades.csv, 2 students" in told.out and "not counted: ann/notes.ipynb" in told.err
    rows = list(csv.DictReader((tmp_path / "grades.csv").open(encoding="utf-8-sig")))
    assert (tmp_path / "grades.csv").read_bytes().startswith(b"\xef\xbb\xbf"), "Excel needs it to show umlauts"
    assert [row["student"] for row in rows] == ["(most)", "'=cmd", "ann"]
    most, none, full = rows
    assert full[ID] == most[ID] == str(len(exercises()[ID].steps)) and none[ID] == "0"
    assert full["points"] == full[ID] and set(most) >= {"points", "07.2", "07.3"}
    assert main([str(tmp_path), "--details"]) == 0
    details = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert {row["student"] for row in details} == {"ann", "'=cmd"} and details[0].keys() >= {"said", "most", "notebook"}


@pytest.mark.parametrize(
    "options",
    [["--out", "gone/grades.csv"], ["--out", "."], ["--seconds", "0"], ["--seconds", "nan"], ["--gigabytes", "-1"]],
)
def test_wrong_options_are_told_before_anything_is_marked(tmp_path, monkeypatch, options):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(gradebook, "marks", lambda *_: pytest.fail("marked"))
    with pytest.raises(SystemExit) as ended:
        main([str(tmp_path), *options])
    assert ended.value.code == 2


def test_solutions_that_came_along_are_not_run():
    notebook = {
        "cells": [
            {"cell_type": "code", "source": "before = 1"},
            {"cell_type": "markdown", "source": ["Text\n", "## Exercises\n"]},
            {"cell_type": "code", "source": ["%pip x\n", "a = 1"], "metadata": {}},
            {"cell_type": "code", "source": "# @title Solution to 07.2\ncheck(1)"},
            {"cell_type": "code", "source": "b = 1", "metadata": {"tags": ["answer"]}},
        ]
    }
    assert cells(notebook) == ["a = 1"]


def test_answers_are_found_by_their_call():
    found = answers('x = 1\nright = check("07.2", f(x))\ncheck("99.9", x)\nlook("07.2", x)\ne.check("07.3", x)')
    assert [id for id, _ in found] == ["07.2", "07.3"]
