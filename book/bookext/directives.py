"""Directives that take parts of pages from code, chapters and stored runs, so that no page can say anything else."""

from __future__ import annotations

import html
import importlib
import json
import re
from pathlib import Path

import pandas as pd
from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

from ramgnn.experiments.tables import TOGETHER, short

from .headline import rows

PAGES = (
    "api_face",
    "api_data",
    "api_model",
    "api_kernels",
    "api_baselines",
    "api_evaluation",
    "api_tools",
)  # in the order of the data's way
EXERCISE = re.compile(r"^\*\*(\d\d[a-z]?\.\d+) ([\w (),]+)\.\*\* ", re.MULTILINE)
TERM = re.compile(r"(?<![\w$`])([A-Za-zα-ωŷ])_([A-Za-z0-9]+)(?![\w`])")


def parsed(directive: SphinxDirective, lines: list[str], source: str) -> list[nodes.Node]:
    """Lines of Markdown, headings included, as the nodes that a directive puts in its place."""
    container = nodes.Element()
    directive.state.nested_parse(StringList(lines, source=source), directive.content_offset, container, 1)
    return container.children


class ReadingsDirective(SphinxDirective):
    """All readings of the package, a section each, so that the page cannot say anything else than the code."""

    def run(self) -> list[nodes.Node]:
        from ramgnn import readings
        from ramgnn.experiments import ladder
        from ramgnn.experiments.store import Store

        worth = ladder.worth(Store(), "ml-100k", n=2000)
        configs = {"default": readings.default().to_dict(), "as printed": readings.as_printed().to_dict()}
        text = []
        for reading in readings.READINGS:
            text += [f"({reading.id.lower()})=", f"## {reading.id}, {reading.place}", ""]
            text += [f"*Printed:* {formulas(reading.printed)}.", "", f"*Problem:* {formulas(reading.problem)}.", ""]
            stage, _, name = reading.setting.partition(".")
            none = "none; it is a choice of data or of protocol"
            text += [f"*Setting:* {f'`{reading.setting}`' if name else none}.", ""]
            text += ["| choice | what it does | taken by |", "| --- | --- | --- |"]
            for value, meaning in reading.choices.items():
                taken = [label for label, config in configs.items() if name and config[stage][name] == value]
                if not name and value == next(iter(reading.choices)):
                    taken = ["both"]
                said = f"`{value}`" if name else value
                text.append(f"| {said} | {formulas(meaning)} | {', '.join(taken)} |")
            text += ["", *worth_of(reading.id, worth), ""]
        return parsed(self, text, "ramgnn.readings")


def worth_of(reading: str, worth: pd.DataFrame) -> list[str]:
    """What the ladder says of a reading, one line; nothing where it has not been run."""
    if reading not in worth.index or not any(found := worth.loc[reading, ["up", "down", "aside"]]):
        return []
    ways = {"up": "on the way up", "down": "on the way down", "aside": "where the other choice is taken"}
    said = [f"{found[way]} {words}" for way, words in ways.items() if found[way]]
    what = worth.loc[reading, "what"]
    return [f"*Worth* on MovieLens-100K, NDCG@10 with its 95 % interval ({what}): {'; '.join(said)}."]


def formulas(text: str) -> str:
    """Symbols with an index, which docstrings write as ``e_j``, as formulas."""
    return TERM.sub(lambda m: "$" + m[1].replace("ŷ", r"\hat y") + "_{" + m[2] + "}$", text)


def exercises_of(notebook: dict) -> list[str]:
    """The exercises of a chapter as one Markdown text, each with its solution folded below it; without the stubs.

    What a solution computes stands below it, folded too, with what it printed; for figures there is the chapter.
    """
    text, begun = [], False
    for cell in notebook["cells"]:
        source, tags = "".join(cell["source"]), cell["metadata"].get("tags", [])
        if cell["cell_type"] == "markdown":
            if "## Exercises" in source:
                begun, source = True, source.split("## Exercises", 1)[1]
            if begun:
                text.append(source)
        elif begun and "solution" in tags:
            code = source.split("\n", 1)[1]
            text.append(f"<details><summary>Solution</summary>\n\n```python\n{code}\n```\n\n</details>")
        elif begun and "answer" in tags:
            text.append(
                f"<details><summary>Computed</summary>\n\n```python\n{source}\n```\n\n{_said(cell)}\n\n</details>"
            )
    whole = re.split(r"\n(?:\*\*|#+ )?Where to go next", "\n\n".join(text), maxsplit=1)[0]
    whole = re.sub(r"\]\((?=\d\d\w*_[^)/]*\.ipynb)", "](../notebooks/", whole).replace("](../book/", "](")
    first = EXERCISE.search(whole)
    return [whole[first.start() :]] if first else []


def _said(cell: dict) -> str:
    """The text that a cell printed, as a block."""
    said = []
    for output in cell.get("outputs", []):
        found = output.get("text", output.get("data", {}).get("text/plain", ""))
        said.append(found if isinstance(found, str) else "".join(found))
    told = "".join(x for x in said if not x.startswith("<Figure")).rstrip()
    return f"```text\n{told}\n```" if told else "*A figure: see the chapter.*"


class ExercisesDirective(SphinxDirective):
    """The exercises of every chapter that is in the book, straight from the notebooks."""

    def run(self) -> list[nodes.Node]:
        text = []
        for path in sorted((Path(self.env.srcdir) / "notebooks").glob("*.ipynb")):
            self.env.note_dependency(str(path))
            name = f"notebooks/{path.stem}"
            if name in self.env.found_docs:
                for exercises in exercises_of(json.loads(path.read_text(encoding="utf-8"))):
                    text += [f"## {{doc}}`/{name}`", "", *exercises.splitlines(), ""]
        return parsed(self, text, "notebooks")


def headline() -> list[str]:
    """The models of the headline as a Markdown table, best explained in one line each."""
    text = ["| | what it is | runs | HR@10 | the paper's |", "| --- | --- | ---: | ---: | ---: |"]
    for row in rows():
        interval = f"[{short(row.low)},{TOGETHER}{short(row.high)}]"
        text.append(f"| {row.label} | {row.words} | {row.runs} | {short(row.mean)} {interval} | {row.printed} |")
    return text


class HeadlineDirective(SphinxDirective):
    """The table of `headline`, straight from the stored runs."""

    def run(self) -> list[nodes.Node]:
        return parsed(self, headline(), "stored runs")


def modules(page: Path) -> list[str]:
    """The modules that a page of the package describes, as a Markdown list with the first paragraph of each."""
    text = page.read_text(encoding="utf-8")
    lead = re.search(r"^# .+\n\n(.+)$", text, re.MULTILINE)[1]
    entries = [f"## {{doc}}`/book/{page.stem}`", "", lead, ""]
    for name in re.findall(r"automodule:: (\S+)", text):
        summary = " ".join((importlib.import_module(name).__doc__ or "").split("\n\n")[0].split())
        entries.append(f"- {{mod}}`{name.removeprefix('ramgnn.')} <{name}>`: {summary}")
    return [*entries, ""]


class ModulesDirective(SphinxDirective):
    """Where each module is described."""

    def run(self) -> list[nodes.Node]:
        text = []
        for path in (Path(self.env.srcdir, "book", f"{name}.md") for name in PAGES):
            self.env.note_dependency(str(path))
            text += modules(path)
        return parsed(self, text, "book")


class DecksDirective(SphinxDirective):
    """A list of the decks of slides, one for each chapter of the book; `book.tools.slides` writes them."""

    def run(self) -> list[nodes.Node]:
        entries = []
        for name in sorted(n for n in self.env.found_docs if n.startswith("notebooks/")):
            notebook = json.loads((Path(self.env.srcdir) / f"{name}.ipynb").read_text(encoding="utf-8"))
            text = "\n".join("".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == "markdown")
            title = html.escape(re.search(r"^# (.+)$", text, re.MULTILINE)[1])
            number = "" if title[0].isdigit() else f"{Path(name).name.split('_')[0]}. "
            entries.append(f'<li><a href="../slides/{Path(name).name}.html">{number}{title}</a></li>')
        return [nodes.raw("", f"<ul>{''.join(entries)}</ul>", format="html")]
