"""Makes an HTML deck of each chapter from its own headings, equations, figures and tables, to show without a network.

A section becomes a slide with its first sentences and its equations, and one more for each figure or short table in it,
with the sentence that reads it. Arrow keys, Page Up and Page Down, Home and End move; printing gives a page a slide.
Formulas are set by the MathJax that the site brings along, so a deck lies in the folder ``slides`` of the site.
"""

from __future__ import annotations

import base64
import html
import re
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin

ENDS = ("Quiz", "Exercises")  # what a lecture does not show
PICTURES = ("image/svg+xml", "image/png")  # the first that is there
ROWS = 9  # of a table that fits on a slide
WORDS = 45  # of text on a slide

CSS = """
:root { color-scheme: light dark; --ink: #1b1b1b; --ground: #ffffff; --soft: #5f6b76; --line: #1f83c4; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e8e8; --ground: #121212; --soft: #a8b3bd; } }
* { box-sizing: border-box; }
html { scroll-snap-type: y mandatory; }
body { margin: 0; color: var(--ink); background: var(--ground); font: 1.5rem/1.45 system-ui, sans-serif; }
section { height: 100vh; padding: 4vh 6vw 7vh; scroll-snap-align: start; display: flex; flex-direction: column;
  justify-content: center; gap: 2.2vh; position: relative; overflow: hidden auto; }
h1 { font-size: 3rem; margin: 0; } h2 { font-size: 2rem; margin: 0; border-bottom: 3px solid var(--line); }
p, ul, table { margin: 0; } li { margin: 0.6vh 0; }
img { max-width: 100%; max-height: 62vh; object-fit: contain; align-self: center; }
table { border-collapse: collapse; align-self: center; font-size: 1.2rem; font-variant-numeric: tabular-nums; }
th, td { padding: 0.25em 0.8em; text-align: right; border-bottom: 1px solid var(--soft); }
.scroll { overflow-x: auto; align-self: center; max-width: 100%; } code { font-size: 0.9em; }
mjx-container { position: relative; } mjx-assistive-mml { max-height: 1px; }
footer { position: absolute; right: 6vw; bottom: 2.5vh; color: var(--soft); font-size: 1rem; }
@media (max-width: 700px) { body { font-size: 1.05rem; } h1 { font-size: 1.9rem; } h2 { font-size: 1.4rem; }
  section { height: auto; min-height: 100vh; } }
@media print { html { scroll-snap-type: none; } section { height: 100vh; break-after: page; } }
"""

MOVE = """
const all = [...document.querySelectorAll("section")];
const here = () => all.findIndex(s => s.getBoundingClientRect().bottom > innerHeight / 2);
const go = n => all[Math.max(0, Math.min(all.length - 1, n))].scrollIntoView();
addEventListener("keydown", e => {
  const step = {ArrowRight: 1, ArrowDown: 1, PageDown: 1, " ": 1, ArrowLeft: -1, ArrowUp: -1, PageUp: -1}[e.key];
  if (step) { e.preventDefault(); go(here() + step); }
  if (e.key === "Home") { e.preventDefault(); go(0); }
  if (e.key === "End") { e.preventDefault(); go(all.length - 1); }
});
"""


@dataclass
class Slide:
    """One slide: its heading and the HTML below it."""

    heading: str
    parts: list[str] = field(default_factory=list)


def markdown() -> MarkdownIt:
    """Plain Markdown with formulas, which are left to MathJax."""

    def formula(content: str, options: dict) -> str:
        left, right = (r"\[", r"\]") if options["display_mode"] else (r"\(", r"\)")
        return f"{left}{html.escape(content)}{right}"

    return MarkdownIt("commonmark").enable("table").use(dollarmath_plugin, renderer=formula, allow_labels=False)


def sentences(paragraph: str, words: int = WORDS) -> str:
    """The first sentences of a paragraph that together have at most so many words, but at least one."""
    flat = " ".join(paragraph.split())
    split = re.split(r"(?<=[.?!])\s+(?=[A-Z*$`])", flat)
    kept = split[:1]
    for sentence in split[1:]:
        if len(" ".join([*kept, sentence]).split()) > words:
            break
        kept.append(sentence)
    return " ".join(kept).rstrip(":") + ("." if flat.endswith(":") and len(kept) == len(split) else "")


def equations(text: str) -> list[str]:
    """The displayed formulas of a text."""
    return [f"$${x}$$" for x in re.findall(r"\$\$(.+?)\$\$", text, re.DOTALL)]


def paragraphs(text: str) -> list[str]:
    """Running text only: no headings, formulas, tables, lists or folded parts, nor what ends a formula's sentence."""
    text = re.sub(r"<details>.*?</details>|\$\$.+?\$\$", "", text, flags=re.DOTALL)
    parts = [p.strip() for p in re.split(r"\n\s*\n", text)]
    return [p for p in parts if p and not p[0].islower() and not re.match(r"#|\||[-*] |\d+\. |```|\*\*", p)]


def links_off(text: str) -> str:
    """Links to other pages as plain text; a deck has no place to go."""
    return re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", text)


def shown(cell: nbformat.NotebookNode) -> list[str]:
    """The figures and short tables of a code cell as HTML."""
    parts = []
    alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
    for output in cell.get("outputs", []):
        data = output.get("data", {})
        kind = next((k for k in PICTURES if k in data), None)
        if kind is not None:
            vector = kind == "image/svg+xml"
            picture = base64.b64encode(data[kind].encode()).decode() if vector else data[kind].replace("\n", "")
            parts.append(f'<img alt="{html.escape(alt, quote=True)}" src="data:{kind};base64,{picture}">')
        elif "text/html" in data and data["text/html"].count("<tr") <= ROWS + 1:
            table = re.search(r"<table.*?</table>", data["text/html"], re.DOTALL)
            parts += [f'<div class="scroll">{table[0]}</div>'] if table else []
    return parts


def slides(notebook: nbformat.NotebookNode) -> list[Slide]:
    """The deck of a chapter."""
    md = markdown()
    opening = next(c.source for c in notebook.cells if c.cell_type == "markdown" and c.source.startswith("# "))
    title = re.match(r"# (.+)", opening)[1]
    goals = re.search(r"\*\*When you are through.*?\n\n((?:[-*] .+\n?(?:  .+\n?)*)+)", opening)
    lead = goals[1] if goals else " ".join(map(sentences, paragraphs(opening)[:1]))
    deck = [Slide(title, [md.render(links_off(lead))])]
    section, waiting = None, None
    for cell in notebook.cells:
        if {"exercise", "solution", "colab"} & set(cell.metadata.get("tags", [])):
            continue
        if cell.cell_type == "code":
            waiting = [*(waiting or []), *shown(cell)] if section else None
            continue
        text = links_off(cell.source)
        for n, part in enumerate(re.split(r"^##+ (.+)$", text, flags=re.MULTILINE)):
            if n % 2:
                section = None if part in ENDS else part
                if section:
                    deck.append(Slide(section))
                continue
            if section is None:
                continue
            running_text = paragraphs(part)
            for content in waiting or []:
                reads = md.render(sentences(running_text[0])) if running_text else ""
                deck.append(Slide(section, [content, reads]))
            waiting = None
            slide = next(s for s in reversed(deck) if s.heading == section)
            if not slide.parts:
                lists = re.findall(r"(?:^[-*] .+\n?(?:^  .+\n?)*)+", part, re.MULTILINE)
                slide.parts += [md.render(sentences(running_text[0]))] if running_text else []
                slide.parts += [md.render(sentences_of_list(x)) for x in lists[:1]]
            for formula in equations(part):
                if any("<img" in x for x in slide.parts):  # a picture fills its slide
                    slide = Slide(section)
                    deck.append(slide)
                slide.parts.append(md.render(formula))
    return [s for s in deck if s.parts]


def sentences_of_list(text: str) -> str:
    """A list with the first sentence of each entry."""
    entries = re.findall(r"^[-*] (.+(?:\n  .+)*)", text, re.MULTILINE)
    return "\n".join(f"- {sentences(entry, 25)}" for entry in entries)


def page(deck: list[Slide], mathjax: str = "../_static/mathjax/startup.js") -> str:
    """The deck as one HTML page."""
    title, body = html.escape(deck[0].heading), []
    for n, slide in enumerate(deck, 1):
        level = "h1" if n == 1 else "h2"
        heading = markdown().renderInline(slide.heading)
        parts = "\n".join(slide.parts)
        body.append(
            f"<section>\n<{level}>{heading}</{level}>\n{parts}\n<footer>{title} · {n} / {len(deck)}</footer></section>"
        )
    setting = (
        'window.MathJax = {loader: {load: ["core", "input/tex", "output/chtml", "a11y/assistive-mml"]}, '
        'options: {enableMenu: false}, tex: {macros: {R: "\\\\mathbb{R}"}}};'
    )
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{title}</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<link rel="icon" href="../_static/favicon.svg">\n<style>{CSS}</style>\n<script>{setting}</script>\n'
        f'<script async src="{mathjax}"></script>\n</head>\n<body>\n<article>\n'
        + "\n".join(body)
        + f"\n</article>\n<script>{MOVE}</script>\n"
        "</body>\n</html>\n"
    )


def make(book: Path, target: Path) -> list[Path]:
    """Write the deck of each chapter that the table of contents of a book lists into `target`; returns the files."""
    target.mkdir(parents=True, exist_ok=True)
    written = []
    listed = re.findall(r"file: (notebooks/\w+)", (book / "_toc.yml").read_text(encoding="utf-8"))
    for path in (book / f"{name}.ipynb" for name in listed):
        written.append(target / f"{path.stem}.html")
        written[-1].write_text(page(slides(nbformat.read(path, as_version=4))), encoding="utf-8")
    return written
