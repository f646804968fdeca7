"""What the book asks of Sphinx beyond its settings: pages that load nothing from elsewhere, and little of anything."""

from __future__ import annotations

import html
import importlib
import importlib.util
import json
import re
import shutil
from pathlib import Path

from docutils import nodes
from docutils.statemachine import StringList
from sphinx import addnodes
from sphinx.util.docutils import SphinxDirective

# What MathJax can ask for with the settings in _config.yml; the other nine tenths of the package stay behind.
MATHJAX = ("startup.js", "core.js", "input/tex.js", "output/chtml.js", "a11y/assistive-mml.js")
MATHJAX_FOLDERS = ("input/tex/extensions", "output/chtml/fonts")
ICON = re.compile(r'(?:"([\w-]+)"|\b(\w+)):\[\d+,\d+,\[([^\]]*)\],"[0-9a-f]+",(?:"[^"]*"|\[[^\]]*\])\],?')
BARS = re.compile(r"\|(?=\S)([^|`]*\S)\|")
PAGES = (
    "api_face",
    "api_data",
    "api_model",
    "api_kernels",
    "api_baselines",
    "api_evaluation",
    "api_tools",
)  # in the order of the data's way
PUNCTUATION = re.compile(r"[.,;:?!)]+")
SEVERAL = re.compile(r"^(\s+)(\w+(?:, \w+)+):(?=\s)")
ROW = re.compile(r"<tr[ >].*?</tr>", re.DOTALL)
CELL = re.compile(r"<(t[hd])>(.*?)</\1>", re.DOTALL)


def copy_mathjax(app, exception) -> None:
    """Copy MathJax from the `sphinx-mathjax-offline` package beside the pages.

    The package's own extension copies all 24 MB of it.
    """
    if exception is not None or app.builder.format != "html":
        return
    package = importlib.util.find_spec("sphinx-mathjax-offline")
    if package is None:
        raise RuntimeError("the package sphinx-mathjax-offline is missing; `make site` installs it")
    source = Path(package.submodule_search_locations[0], "static", "mathjax")
    target = Path(app.outdir, "_static", "mathjax")
    for name in MATHJAX:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, target / name)
    for name in MATHJAX_FOLDERS:
        shutil.copytree(source / name, target / name, dirs_exist_ok=True)


def keep_icons(script: str, names: set[str]) -> str:
    """The icon script with only the icons in `names`, by name or alias."""

    def keep(match: re.Match) -> str:
        own = {match[1] or match[2], *re.findall(r'"([\w-]+)"', match[3])}
        return match[0] if own & names else ""

    return ICON.sub(keep, script)


def slim_icons(app, exception) -> None:
    """Cut the theme's 1.5 MB of icons, which every page loads, down to those that the pages show."""
    if exception is not None or app.builder.format != "html":
        return
    out = Path(app.outdir)
    script = out / "_static" / "scripts" / "fontawesome.js"
    if not script.is_file():
        return
    places = [*out.rglob("*.html"), *out.glob("_static/*.js"), *out.glob("_static/scripts/*theme.js")]
    shown = {name for place in places for name in re.findall(r"\bfa-([a-z0-9-]+)", place.read_text(encoding="utf-8"))}
    script.write_text(keep_icons(script.read_text(encoding="utf-8"), shown), encoding="utf-8")
    for unused in out.glob("_static/**/*.map"):
        unused.unlink()


def drop_unused(app, pagename, templatename, context, doctree) -> None:
    """Leave out sphinx-thebe, which names a remote host on every page, and MathJax where there is no formula.

    Sphinx loads MathJax on the front page too when any page below it has a formula.
    """
    unused = ["sphinx-thebe", "THEBE_JS_URL"]
    if 'class="math' not in (context.get("body") or ""):
        unused += ["mathjax/", "window.MathJax"]

    def used(file: object) -> bool:
        text = f"{getattr(file, 'filename', file)} {getattr(file, 'attributes', {}).get('body') or ''}"
        return not any(word in text for word in unused)

    for kind in ("script_files", "css_files"):
        context[kind] = [file for file in context.get(kind, ()) if used(file)]


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


def parsed(directive: SphinxDirective, lines: list[str], source: str) -> list[nodes.Node]:
    """Lines of Markdown, headings included, as the nodes that a directive puts in its place."""
    container = nodes.Element()
    directive.state.nested_parse(StringList(lines, source=source), directive.content_offset, container, 1)
    return container.children


class ReadingsDirective(SphinxDirective):
    """All readings of the package, a section each, so that the page cannot say anything else than the code."""

    def run(self) -> list[nodes.Node]:
        from ramgnn import readings

        configs = {"default": readings.default().to_dict(), "as printed": readings.as_printed().to_dict()}
        text = []
        for one in readings.READINGS:
            text += [f"({one.id.lower()})=", f"## {one.id}, {one.place}", ""]
            text += [f"*Printed:* {formulas(one.printed)}.", "", f"*Problem:* {formulas(one.problem)}.", ""]
            stage, _, name = one.setting.partition(".")
            text += [f"*Setting:* `{one.setting}`." if name else "*Setting:* none; it is a choice of data.", ""]
            text += ["| choice | what it does | taken by |", "| --- | --- | --- |"]
            for value, meaning in one.choices.items():
                taken = [who for who, config in configs.items() if name and config[stage][name] == value]
                text.append(f"| `{value}` | {formulas(meaning)} | {', '.join(taken) or ('both' if not name else '')} |")
            text.append("")
        return parsed(self, text, "ramgnn.readings")


TERM = re.compile(r"(?<![\w$`])([A-Za-zα-ωŷ])_([A-Za-z0-9]+)(?![\w`])")


def formulas(text: str) -> str:
    """Symbols with an index, which docstrings write as ``e_j``, as formulas."""
    return TERM.sub(lambda m: "$" + m[1].replace("ŷ", r"\hat y") + "_{" + m[2] + "}$", text)


EXERCISE = re.compile(r"^\*\*(\d\d\.\d+) ([\w ]+)\.\*\* ", re.MULTILINE)


def exercises_of(notebook: dict) -> list[str]:
    """The exercises of a chapter as Markdown, each with its solution folded below it; without the stubs."""
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
    whole = "\n\n".join(text).split("\n**Where to go next", 1)[0]
    first = EXERCISE.search(whole)
    return [whole[first.start() :]] if first else []


class ExercisesDirective(SphinxDirective):
    """The exercises of every chapter that is in the book, straight from the notebooks."""

    def run(self) -> list[nodes.Node]:
        text = []
        for path in sorted((Path(self.env.srcdir) / "notebooks").glob("*.ipynb")):
            self.env.note_dependency(str(path))
            name = f"notebooks/{path.stem}"
            found = exercises_of(json.loads(path.read_text(encoding="utf-8"))) if name in self.env.found_docs else []
            if found:
                text += [f"## {{doc}}`/{name}`", "", *found[0].splitlines(), ""]
        return parsed(self, text, "notebooks")


HEADLINE = ("ram-gnn", "ram-gnn as printed", "lightgcn", "ease", "popularity")


def headline() -> list[str]:
    """A few rows of Table III as measured, as a Markdown table; those that have no runs yet are left out."""
    from ramgnn.experiments.statistics import summarise
    from ramgnn.experiments.store import Store
    from ramgnn.experiments.tables import TOGETHER, printed_cells, short, table

    store, one, metrics = Store(), table("table3"), ("HR@10", "NDCG@10")
    printed, rows = printed_cells(one, "ml-100k"), {row.model: row for row in one.rows}
    text = ["| | runs | HR@10 | the paper's | NDCG@10 | the paper's |", "| --- " + "| ---: " * 5 + "|"]
    for model in HEADLINE:
        runs = store.results("ml-100k", [model])
        if not runs:
            continue
        line = [rows[model].label, str(len(runs))]
        for metric in metrics:
            found = summarise(runs, metric)
            low, high = (short(x) for x in found.both)
            theirs = printed.get((rows[model].printed, metric), "")
            line += [f"{short(found.mean)} [{low},{TOGETHER}{high}]", theirs.removeprefix("0")]
        text.append("| " + " | ".join(line) + " |")
    return text


class HeadlineDirective(SphinxDirective):
    """The table of `headline`, straight from the stored runs."""

    def run(self) -> list[nodes.Node]:
        return parsed(self, headline(), "stored runs")


def modules(page: Path) -> list[str]:
    """The modules that a page of the package describes, as a Markdown list with the first paragraph of each."""
    text = page.read_text(encoding="utf-8")
    lead = re.search(r"^# .+\n\n(.+)$", text, re.MULTILINE)[1]
    found = [f"## {{doc}}`/book/{page.stem}`", "", lead, ""]
    for name in re.findall(r"automodule:: (\S+)", text):
        said = " ".join((importlib.import_module(name).__doc__ or "").split("\n\n")[0].split())
        found.append(f"- {{mod}}`{name.removeprefix('ramgnn.')} <{name}>`: {said}")
    return [*found, ""]


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
            entries.append(f'<li><a href="../slides/{Path(name).name}.html">{Path(name).name[:2]} {title}</a></li>')
        return [nodes.raw("", f"<ul>{''.join(entries)}</ul>", format="html")]


def setup(app) -> dict:
    app.add_directive("decks", DecksDirective)
    app.add_directive("headline", HeadlineDirective)
    app.add_directive("modules", ModulesDirective)
    app.add_directive("readings", ReadingsDirective)
    app.add_directive("exercises", ExercisesDirective)
    app.connect("autodoc-process-docstring", plain_bars, priority=400)  # before napoleon, which has 500
    app.connect("doctree-read", plain_figures)
    app.connect("doctree-read", plain_solutions)
    app.connect("doctree-read", plain_names)
    app.connect("doctree-read", plain_tables)
    app.connect("doctree-read", keep_together)
    app.connect("html-page-context", drop_unused, priority=900)
    app.connect("build-finished", copy_mathjax)
    app.connect("build-finished", slim_icons)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
