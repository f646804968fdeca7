"""How docstrings, figures, formulas, solutions and tables are set."""

from __future__ import annotations

import html
import re

from docutils import nodes
from sphinx import addnodes

BARS = re.compile(r"\|(?=\S)([^|`]*\S)\|")
PUNCTUATION = re.compile(r"[.,;:?!)]+")
SEVERAL = re.compile(r"^(\s+)(\w+(?:, \w+)+):(?=\s)")
ROW = re.compile(r"<tr[ >].*?</tr>", re.DOTALL)
CELL = re.compile(r"<(t[hd])>(.*?)</\1>", re.DOTALL)


def plain_figures(app, doctree) -> None:
    """Mark every picture as fit for light and dark, so that the theme puts no filter and no white card over it."""
    for image in doctree.findall(nodes.image):
        if not {"only-light", "only-dark"} & set(image["classes"]):
            image["classes"].append("dark-light")


def plain_bars(app, what, name, obj, options, lines: list[str]) -> None:
    """Read docstrings as they are meant: ``|x|`` is a size, and ``a, b: text`` describes two things at once."""
    for i, line in enumerate(lines):
        if line.lstrip().startswith(("|", "+")):  # a table
            continue
        parts = re.split(r"(``.*?``)", line)
        parts[::2] = [BARS.sub(r"\\|\1\\|", part) for part in parts[::2]]
        lines[i] = SEVERAL.sub(lambda m: m[1] + m[2].replace(" ", "") + ":", "".join(parts))


def plain_solutions(app, doctree) -> None:
    """Leave out the line that titles a solution, which is meant for Colab only."""
    for block in doctree.findall(nodes.literal_block):
        code = block.astext()
        if code.startswith("# @title"):
            block.rawsource = code.split("\n", 1)[1].lstrip("\n")
            block.children = [nodes.Text(block.rawsource)]
            block.children[0].parent = block


def plain_names(app, doctree) -> None:
    """Put a space behind the commas between names that share a description; `plain_bars` took it out for napoleon."""
    for name in list(doctree.findall(lambda n: isinstance(n, nodes.strong | addnodes.literal_strong))):
        if name.astext() == ",":
            name.children = [nodes.Text(", ")]


def words_to_the_left(table: str) -> str:
    """A table of pandas with its columns of words marked, which the style sheet then sets to the left, not the right.

    A cell is one of words when it has more letters than digits; a column is when most of its cells are.
    """
    if "colspan" in table or "rowspan" in table:
        return table
    cells = [CELL.findall(row) for row in ROW.findall(table.split("<tbody>")[-1])]
    worded = [[_worded(text) for kind, text in row if kind == "td"] for row in cells]
    width = {len(row) for row in worded}
    if len(width) != 1:
        return table
    marked = [sum(column) > 0 for column in zip(*worded, strict=True)]

    def mark(row: re.Match) -> str:
        ahead = len(CELL.findall(row[0])) - len(marked)  # the cells of the index
        places = iter([False] * ahead + marked)
        return CELL.sub(lambda x: f'<{x[1]} class="words">{x[2]}</{x[1]}>' if next(places) else x[0], row[0])

    return ROW.sub(mark, table)


def _worded(cell: str) -> int:
    """1 for a cell of words, -1 for one of numbers, 0 for one of neither."""
    text = html.unescape(re.sub(r"<.*?>", "", cell))
    letters, digits = sum(map(str.isalpha, text)), sum(map(str.isdigit, text))
    if letters == digits == 0:
        return 0
    return 1 if letters > digits else -1


def plain_tables(app, doctree) -> None:
    """Set columns of words to the left in the tables that cells have put out."""
    for output in doctree.findall(nodes.raw):
        if "html" in output["format"] and 'class="dataframe"' in output.astext():
            text = words_to_the_left(output.astext())
            output.rawsource, output.children = text, [nodes.Text(text)]


def keep_together(app, doctree) -> None:
    """Let no line break part a formula from the comma or full stop behind it."""
    for formula in list(doctree.findall(nodes.math)):
        parent, place = formula.parent, formula.parent.index(formula)
        after = parent[place + 1] if place + 1 < len(parent) else None
        marks = PUNCTUATION.match(after.astext()) if isinstance(after, nodes.Text) else None
        if marks:
            parent[place + 1] = nodes.Text(after.astext()[marks.end() :])
            parent[place] = nodes.inline("", "", formula, nodes.Text(marks[0]), classes=["together"])
