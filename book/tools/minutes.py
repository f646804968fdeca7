"""How long a chapter takes: to read, counted from its words and code, and to run, measured when it ran."""

from __future__ import annotations

import math
import re

import nbformat

WORDS, LINES = 180, 12  # read in a minute: words of text, lines of code
LINE = re.compile(r"^- \*Time:\* .*$", re.MULTILINE)
FOLDED = re.compile(r"<details>.*?</details>", re.DOTALL)
UNSEEN = {"colab", "solution", "answer", "exercise", "hide-cell", "hide-input"}
STEPS = (
    (10, "a few seconds"), (22, "about 15 seconds"), (40, "about half a minute"), (75, "about a minute"),
    (105, "about a minute and a half"), (math.inf, "more than two minutes"),
)  # fmt: skip


def to_read(notebook: nbformat.NotebookNode) -> int:
    """Minutes to read, of what is seen: without set-up cells, stubs and solutions, and without what is folded."""
    words = lines = 0
    for cell in notebook.cells:
        if UNSEEN & set(cell.metadata.get("tags", [])):
            continue
        if cell.cell_type == "markdown":
            words += len(re.findall(r"\w+", FOLDED.sub("", cell.source)))
        else:
            lines += sum(bool(line.strip()) for line in cell.source.splitlines())
    return max(1, round(words / WORDS + lines / LINES))


def to_run(seconds: float) -> str:
    """Seconds in words that do not change with every run."""
    return next(words for most, words in STEPS if seconds < most)


def line(notebook: nbformat.NotebookNode, run: str) -> str:
    """The line that the opening of a chapter has."""
    minutes = to_read(notebook)
    return f"- *Time:* {minutes} minute{'s' * (minutes > 1)} to read, {run} to run on two cores."


def stamp(notebook: nbformat.NotebookNode, seconds: float) -> None:
    """Put the measured times into the opening of a chapter, if it has such a line."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and LINE.search(cell.source):
            cell.source = LINE.sub(line(notebook, to_run(seconds)), cell.source, count=1)
            return
