"""The checker of exercises, and every solution and common wrong answer of the chapters through it."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import nbformat
import numpy as np
import pytest

from ramgnn.errors import NotFoundError
from ramgnn.exercises import Exercise, Step, check, checking, exercises

ROOT = Path(__file__).parents[1]
CHAPTERS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def solutions() -> dict[str, str]:
    """The code of each solution cell, by the id of its exercise."""
    found = {}
    for path in CHAPTERS:
        for cell in nbformat.read(path, as_version=4).cells:
            if "solution" in cell.metadata.get("tags", []):
                found[re.match(r"# @title Solution to (\d\d[a-z]?\.\d+)\n", cell.source)[1]] = cell.source
    return found


def test_solutions_are_folded_in_the_book_in_colab_and_in_jupyter():
    for path in CHAPTERS:
        for cell in nbformat.read(path, as_version=4).cells:
            if "solution" in cell.metadata.get("tags", []):
                assert "hide-cell" in cell.metadata["tags"] and cell.metadata["cellView"] == "form"
                assert cell.metadata["jupyter"]["source_hidden"]
                assert cell.metadata["mystnb"]["code_prompt_show"] == "Solution"


def wrong_answers() -> list[tuple[str, str, object, str]]:
    """Exercise, what is wrong with the answer, the answer, and words that the hint must have."""
    found = []
    for path in sorted((ROOT / "tests" / "exercises").glob("ch*.py")):
        module = importlib.import_module(f"tests.exercises.{path.stem}")
        found += [(id, name, answer, words) for id, each in module.WRONG.items() for name, answer, words in each]
    return found


def spoken(capsys) -> str:
    """What was printed, without its line breaks."""
    return " ".join(capsys.readouterr().out.split())


# ---- the checker ----------------------------------------------------------------------------------------------------


@pytest.fixture
def made_up(monkeypatch):
    """An exercise: a function that doubles a number."""
    one = Exercise("99.1", "a function double(x)", "function", (
        Step("a whole number", lambda f: checking.near(f(2), 4), "two and two?"),
        Step("a number below zero", lambda f: checking.near(f(-1), -2), lambda f: f"you give {f(-1)}"),
    ))  # fmt: skip
    monkeypatch.setattr(checking, "exercises", lambda: {"99.1": one})


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda x: 2 * x, "right, all 2 steps"),
        (lambda x: abs(2 * x), "step 2 of 2, a number below zero: you give 2"),
        (lambda x: x, "step 1 of 2, a whole number: two and two?"),
        (lambda x: None, "returned nothing yet. The answer is a function double(x)"),
        (lambda x: ..., "returned nothing yet"),
        (None, "nothing to check yet. The answer is a function double(x)"),
        (..., "nothing to check yet"),
        (4, "this is an int; the answer is a function"),
        (lambda x: x[0], "your code raised TypeError"),
        (lambda: 1, "your code raised TypeError"),
    ],
)
def test_what_is_said(made_up, capsys, answer, said):
    assert check("99.1", answer) is said.startswith("right")
    assert said in spoken(capsys)


def test_an_error_names_the_line_it_comes_from(made_up, capsys):
    def double(x):
        return x / 0

    check("99.1", double)
    assert "ZeroDivisionError" in (said := spoken(capsys)) and "return x / 0" in said


def test_an_unknown_exercise_is_named():
    with pytest.raises(NotFoundError, match="no exercise '01.99'.*01.2"):
        check("01.99", 1)


def test_near_compares_shapes_lists_and_tensors():
    import torch

    assert checking.near([1, 2], np.array([1.0, 2.0])) and checking.near(torch.ones(2), [1, 1])
    assert not checking.near([1, 1], 1) and not checking.near(1.1, 1)


# ---- the exercises of the chapters ----------------------------------------------------------------------------------


def test_ids_say_where_they_are():
    for id, one in exercises().items():
        assert one.id == id and re.fullmatch(r"\d\d[a-z]?\.\d+", id) and one.steps
        assert (ROOT / "ramgnn" / "exercises" / f"ch{id.split('.')[0]}.py").is_file()


def test_every_exercise_has_a_solution_and_a_stub():
    assert solutions().keys() == exercises().keys()
    for path in CHAPTERS:
        cells = nbformat.read(path, as_version=4).cells
        stubs = [c for c in cells if "exercise" in c.metadata.get("tags", [])]
        own = [id for id in exercises() if path.name.split("_")[0] == id.split(".")[0]]
        assert [re.search(r'check\("(\d\d[a-z]?\.\d+)"', c.source)[1] for c in stubs] == own
        for cell in stubs:
            said = "".join(o.get("text", "") for o in cell.outputs)
            assert "nothing" in said, "a stub is stored without an answer"


@pytest.mark.parametrize("id", sorted(solutions()))
def test_solution_stands_alone_and_is_right(id, capsys, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "agg")
    space: dict = {}
    exec(compile(solutions()[id], f"solution {id}", "exec"), space)
    assert space["right"] is True and f"{id}: right" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("id", "name", "answer", "words"), wrong_answers(), ids=lambda x: x if isinstance(x, str) else ""
)
def test_wrong_answer_is_told_why(id, name, answer, words, capsys):
    assert check(id, answer) is False
    assert re.search(words, spoken(capsys))


def test_every_exercise_has_wrong_answers():
    assert {id for id, *_ in wrong_answers()} == set(exercises())
