"""A result in a sentence is one that code printed: every such number is looked for in what its chapter shows.

What counts as a result: decimals with two digits or more behind the point, percentages with a decimal, and whole
numbers from a thousand on that are no years. Formulas, code and links are left out. A number may come from an output
or from code of its chapter, or from the paper's tables, and may be rounded.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import nbformat
import numpy as np
import pytest

from ramgnn import datasets, paper
from ramgnn.datasets.opened import FIELDS_LIMIT
from ramgnn.own_parts import MAX_EDGES

ROOT = Path(__file__).parents[1]
CHAPTERS = sorted((ROOT / "notebooks").glob("*.ipynb"))
NUMBER = re.compile(r"(?<![\w.,])(\d{1,3}(?:,\d{3})+|\d*\.\d+|\d+)(?![\w]|\.\d|,\d{3})(\s?%| percent)?")
LEFT_OUT = re.compile(
    r"```.*?```|`[^`]*`|\$\$.*?\$\$|\$[^$]*\$|<[^>]*>|\]\([^)]*\)|https?://\S+|arXiv:\S+|\b\d\d[a-z]?\.\d+\b(?! %)"
    r"|Eq\.\s*\(?\d+\)?|\bTable \w+|\bFigure \d+",
    re.DOTALL,
)
# chapters whose text quotes results that none of their cells prints yet; the test fails when one is clean and listed
NOT_YET: set[str] = set()
YEARS = range(1850, 2031)
ANY = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+\.\d+(?:e[-+]?\d+)?|\.\d+|\d+(?:e[-+]?\d+)?")


def results(text: str) -> list[tuple[str, float, int, bool]]:
    """The numbers of a text that claim something: as written, value, decimals, whether they are percentages."""
    found = []
    for number, percent in NUMBER.findall(LEFT_OUT.sub(" ", text)):
        decimals = len(number.partition(".")[2])
        value = float(number.replace(",", ""))
        if decimals >= 2 or (percent and decimals) or (decimals == 0 and value >= 1000 and value not in YEARS):
            found.append((number + percent, value, decimals, bool(percent)))
    return found


def values(text: str) -> np.ndarray:
    """Every number of an output or of code; spelt-out underscores of Python are no hindrance."""
    return np.array([float(x.replace(",", "")) for x in ANY.findall(re.sub(r"(?<=\d)_(?=\d)", "", text))])


def is_shown(value: float, decimals: int, percent: bool, shown: np.ndarray) -> bool:
    """Whether a number of a text is one that is shown, rounded to its digits."""
    at = np.concatenate([shown, shown * 100]) if percent else shown
    if decimals == 0:  # 87,000 stands for 86,712
        zeros = len(f"{value:.0f}") - len(f"{value:.0f}".rstrip("0"))
        return bool((np.abs(at - value) <= 0.5 * 10**zeros + 1e-9).any())
    return bool((np.abs(at - value) <= 0.5 * 10**-decimals + 1e-9).any())


@cache
def printed() -> np.ndarray:
    """Every number of the paper's tables."""
    tables = (paper.table2(), paper.table3(), paper.table4(), paper.table5(), paper.table6())
    return values(" ".join(table.to_csv() if hasattr(table, "to_csv") else repr(table) for table in tables))


def shown(notebook: nbformat.NotebookNode) -> np.ndarray:
    """What a chapter prints and what its code says."""
    texts = []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            texts.append(cell.source)
            for output in cell.outputs:
                texts += [
                    output.get("text", ""),
                    *(str(output.get("data", {}).get(f"text/{k}", "")) for k in ("plain", "html")),
                ]
    return np.concatenate([values(" ".join(texts)), printed()])


@pytest.mark.parametrize("path", CHAPTERS, ids=[p.stem for p in CHAPTERS])
def test_every_result_in_the_text_is_printed_by_a_cell(path):
    notebook = nbformat.read(path, as_version=4)
    there, missing = shown(notebook), []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            missing += [
                f"{number} in: {' '.join(cell.source.split())[:90]} …"
                for number, value, decimals, percent in results(cell.source)
                if not is_shown(value, decimals, percent, there)
            ]
    if path.stem in NOT_YET:
        assert missing, f"{path.stem} quotes nothing that is not printed any more: take it off NOT_YET"
        pytest.xfail(f"{len(missing)} results without a cell")
    assert not missing, "\n".join(missing)


def test_results_on_pages_are_those_of_code():
    """Pages have no cells: numbers come from directives, but for sizes of data and limits that the package has."""
    data = datasets.load("movietweetings")
    ratings = len(data.train) + len(data.test)
    sizes = np.array([data.n_users, data.n_items, ratings, FIELDS_LIMIT, MAX_EDGES], float)
    for path in [*(ROOT / "book").glob("*.md"), ROOT / "README.md"]:
        text = re.sub(r"[Pp]ython\)? (?:>= )?\d\.\d+|\d\.\d+ is the oldest|\d{8}", "", path.read_text(encoding="utf-8"))
        missing = [n for n, value, *rest in results(text) if not is_shown(value, *rest, sizes)]
        assert not missing, f"{path.name}: {', '.join(missing)}"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("HR@10 is .123, and 12.5 % of 87,000", [".123", "12.5 %", "87,000"]),
        ("in 1999 a film of 90 minutes, 3 of 8, exercise 02.12, Eq. (15)", []),
        ("`0.123` and $x = 0.25$ and [a link](0.333)", []),
        ("a version 2.13.0", []),
    ],
)
def test_what_is_a_result(text, found):
    assert [number for number, *_ in results(text)] == found


@pytest.mark.parametrize(
    ("number", "output", "right"),
    [
        (".12", "0.1234", True), (".13", "0.1234", False), ("12.3 %", "0.1234", True), ("12.3", "0.1234", False),
        ("87,000", "86712", True), ("86,000", "86712", False), ("1,234", "1_234", True), (".123", "[0.1231]", True),
    ],
)  # fmt: skip
def test_a_changed_digit_is_found(number, output, right):
    (_, value, decimals, percent), *_ = results(number) or [(number, float(number), 1, False)]
    assert is_shown(value, decimals, percent, values(output)) is right
