"""Numbers of a chapter within a stated tolerance: what is let through, and that a wrong result is not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from book.tools.tolerance import Tolerance, arithmetic, matches, numbers
from book.tools.tolerances import needed, sanitizer

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    ("stored", "now", "tolerance", "right"),
    [
        ("NDCG 0.123", "NDCG 0.125", Tolerance(absolute=0.002), True),
        ("NDCG 0.123", "NDCG 0.126", Tolerance(absolute=0.002), False),
        ("NDCG 0.123", "HR 0.123", Tolerance(absolute=1), False),
        ("loss 2.00", "loss 2.09", Tolerance(relative=0.05), True),
        ("loss 2.00", "loss 2.11", Tolerance(relative=0.05), False),
        ("500 users", "501 users", Tolerance(relative=0.5, absolute=9), False),  # a count is a count
        ("1,234 edges", "1,235 edges", Tolerance(whole=1), True),
        ("a  9.99\nb 10.00", "a 10.00\nb 10.00", Tolerance(absolute=0.1), True),  # a column is as wide as its numbers
        ("−0.010", "0.010", Tolerance(absolute=0.02), True),
        ("-0.010", "0.010", Tolerance(absolute=0.01), False),
        ("x1 = 0.5", "x2 = 0.5", Tolerance(absolute=9, whole=9), False),  # a digit of a name is no number
        ("1e-07", "2e-07", Tolerance(absolute=1e-6), True),
        ("0.1 0.2", "0.1", Tolerance(absolute=1), False),
        ("best: Alien", "best: Heat", Tolerance(absolute=1, relative=1), False),
        ("nan", "0.1", Tolerance(absolute=1), False),
        ("best: Alien", "best: Heat, Jaws", Tolerance(words=True), True),
        ("best: Alien", "best: Heat\nJaws", Tolerance(words=True), False),
        ("best: Alien", "", Tolerance(words=True), False),
    ],
)
def test_numbers_within_the_tolerance_match_and_nothing_else(stored, now, tolerance, right):
    assert matches(stored, now, tolerance) is right
    assert matches(stored, stored, tolerance)


def test_numbers_stand_side_by_side_and_none_do_where_words_differ():
    assert numbers("a 2.0 b 4", "a 2.5 b 4") == [("2.0", "2.5"), ("4", "4")]
    assert numbers("a 2.0", "b 2.0") is None


@pytest.mark.parametrize(
    ("stored", "now", "entry"),
    [
        ("loss 2.00", "loss 2.01", {"relative": 0.02}),
        ("gap 0.001", "gap -0.001", {"absolute": 0.006}),  # a relative one would let everything through
        ("won 12 of 30", "won 13 of 30", {"whole": 3}),
        ("best: Alien", "best: Heat", {"words": True}),
        ("loss 2.00", "loss 2.00", {}),
        ("0.00", "0.01", {"absolute": 0.03}),
        ("rank 12, score 2.00", "rank 14, score 2.01", {"relative": 0.02, "whole": 6}),
    ],
)
def test_what_a_cell_needs_lets_its_copy_through_and_is_narrow(stored, now, entry):
    assert needed([(stored, stored), (stored, now)]) == entry
    assert matches(stored, now, Tolerance(**entry))


def test_texts_are_sanitized_as_nbval_does():
    clean = sanitizer(ROOT / "tests" / "nbval_sanitize.cfg")
    assert clean("x 10%|##| 1\nloss 0.12345678 in 3 s") == "loss 0.1234 in TIME"


def run_nbval(folder: Path, stored: str, code: str, tolerance: dict | None, arithmetic: str = "another") -> int:
    cell = new_code_cell(code, outputs=[new_output("stream", name="stdout", text=stored)], execution_count=1)
    if tolerance is not None:
        cell.metadata["tolerance"] = tolerance
    kernel = {"name": "python3", "display_name": "p", "language": "python"}
    book = new_notebook(cells=[cell], metadata={"kernelspec": kernel, "arithmetic": arithmetic})
    nbformat.write(book, folder / "one.ipynb")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "book.tools.tolerance", "--nbval",
               "--nbval-current-env", f"--rootdir={folder}", "-c", "/dev/null", str(folder)]  # fmt: skip
    return subprocess.run(command, cwd=ROOT, capture_output=True, check=False).returncode


@pytest.mark.parametrize(
    ("code", "tolerance", "status"),
    [
        ("print('NDCG 0.1249')", {"absolute": 0.002}, 0),
        ("print('NDCG 0.1249')", None, 1),
        ("print('NDCG 0.1349')", {"absolute": 0.002}, 1),  # one digit changed
        ("print('HR 0.1249')", {"absolute": 0.002}, 1),
    ],
)
def test_a_chapter_is_compared_by_the_tolerance_of_its_cell_and_a_changed_digit_is_caught(
    code, tolerance, status, tmp_path
):
    assert run_nbval(tmp_path, "NDCG 0.1234\n", code, tolerance) == status


def test_where_a_chapter_was_run_every_digit_counts(tmp_path):
    assert run_nbval(tmp_path, "NDCG 0.1234\n", "print('NDCG 0.1235')", {"absolute": 0.1}, arithmetic()) == 1


@pytest.mark.parametrize(
    ("stored", "now"),
    [
        ("model  HR  MRR\nfoo   0.5   -", "model  HR  MRR\nfoo    -   0.5"),  # the value is another metric's
        ("x - y", "x y"),
        ("n 3", "n 4.9"),  # a count has become something else
    ],
)
def test_what_is_no_number_and_no_filling_is_compared(stored, now):
    assert not matches(stored, now, Tolerance(absolute=0.5, relative=1.0, whole=2.0))


def test_a_heading_is_no_number():
    assert not matches("# heading", "1 heading", Tolerance(whole=2.0))
    assert matches("a  0.5\n---  ---", "a  0.55\n----  ----", Tolerance(absolute=0.1))
