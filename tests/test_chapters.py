"""What every chapter has: its opening and end, texts for its pictures, times that are measured, two editions."""

from __future__ import annotations

import base64
import io
import json
import re
import zipfile
from pathlib import Path

import matplotlib.pyplot as plt
import nbformat
import pytest

from book.bookext import boards, directives, game
from book.tools import editions, minutes, slides

ROOT = Path(__file__).parents[1]
CHAPTERS = sorted((ROOT / "notebooks").glob("*.ipynb"))
NAMES = [path.stem for path in CHAPTERS]


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def prose(notebook: nbformat.NotebookNode) -> str:
    return "\n".join(c.source for c in notebook.cells if c.cell_type == "markdown")


@pytest.mark.parametrize("path", CHAPTERS, ids=NAMES)
def test_opening_and_end_are_there(path):
    text = prose(read(path))
    for part in ("**When you are through, you will be able to**", "- *Before you start:*", "- *What we build:*"):
        assert text.count(part) == 1, part
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    for part in ("Recap", "What could go wrong", "Exercises"):
        assert part in headings, part
    assert len(re.findall(r"^# ", text, re.MULTILINE)) == 1


@pytest.mark.parametrize("path", CHAPTERS, ids=NAMES)
def test_minutes_are_those_that_are_counted(path):
    notebook = read(path)
    found = minutes.LINE.findall(prose(notebook))
    assert len(found) == 1 and found[0] in {minutes.line(notebook, words) for _, words in minutes.STEPS}


@pytest.mark.parametrize("path", CHAPTERS, ids=NAMES)
def test_every_picture_says_what_is_seen(path):
    said = []
    for cell in read(path).cells:
        pictures = [o for o in cell.get("outputs", []) if any(k.startswith("image/") for k in o.get("data", {}))]
        alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
        if pictures:
            assert len(pictures) == 1, "one picture a cell, so that its text belongs to it"
            assert len(alt.split()) >= 12 and alt.rstrip().endswith("."), alt
            said.append(alt)
        elif cell.cell_type == "markdown":
            assert not re.search(r"!\[\s*\]|<img(?![^>]*alt=)", cell.source), "a picture without a text"
    assert len(said) == len(set(said))


@pytest.mark.parametrize("path", CHAPTERS, ids=NAMES)
def test_pictures_have_no_ground_of_their_own(path):
    """A white ground is a white card on a dark page."""
    for cell in read(path).cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if "image/svg+xml" in data:
                grounds = re.findall(r'<g id="patch_\d+">\s*<path [^>]*?style="([^"]*)"', data["image/svg+xml"])
                assert grounds and grounds[0].startswith("fill: none"), cell.id
            elif "image/png" in data:
                pixels = plt.imread(io.BytesIO(base64.b64decode(data["image/png"])))
                assert pixels.shape[2] == 4 and pixels[0, 0, 3] == pixels[-1, -1, 3] == 0, cell.id


@pytest.mark.parametrize("path", CHAPTERS, ids=NAMES)
def test_nothing_shows_raw_in_colab(path):
    """Markdown that only the book understands is a line of noise elsewhere."""
    assert not re.search(r"^(:::|```\{)|\{[a-z:]+\}`", prose(read(path)), re.MULTILINE)


@pytest.mark.parametrize("path", CHAPTERS, ids=NAMES)
def test_cells_are_short_and_narrow(path):
    for cell in read(path).cells:
        if cell.cell_type == "code" and not {"colab", "solution"} & set(cell.metadata.get("tags", [])):
            lines = [x for x in cell.source.splitlines() if x.strip()]
            assert len(lines) <= 16 and all(len(x) <= 88 for x in lines), cell.source


def quizzes(text: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """Questions of the quiz with their choices: what is offered, and what is said to it."""
    part = re.search(r"^## Quiz\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    if part is None:
        return []
    found = re.split(r"^\*\*\d\. ", part[1], flags=re.MULTILINE)[1:]
    choice = re.compile(r"<details><summary>(.*?)</summary>\n\n(.*?)\n\n</details>", re.DOTALL)
    return [(one.splitlines()[0], choice.findall(one)) for one in found]


@pytest.mark.parametrize("path", CHAPTERS, ids=NAMES)
def test_quiz_has_one_right_choice_and_a_word_to_each(path):
    for question, choices in quizzes(prose(read(path))):
        assert len(choices) >= 3, question
        assert sum(said.startswith("Right") for _, said in choices) == 1, question
        assert all(len(said.split()) >= 8 for _, said in choices), question


def test_minutes_count_what_is_seen():
    cells = [
        nbformat.v4.new_markdown_cell("word " * 360 + "<details>" + "more " * 900 + "</details>"),
        nbformat.v4.new_code_cell("x = 1\n\n" * 12),
        nbformat.v4.new_code_cell("x = 1\n" * 500, metadata={"tags": ["solution"]}),
        nbformat.v4.new_code_cell("x = 1\n" * 500, metadata={"tags": ["hide-input"]}),
    ]
    notebook = nbformat.v4.new_notebook(cells=cells)
    assert minutes.to_read(notebook) == 3
    assert minutes.line(notebook, minutes.to_run(33)) == (
        "- *Time:* 3 minutes to read, about half a minute to run on two cores."
    )


def test_students_get_no_solutions_and_instructors_get_all(tmp_path):
    source = tmp_path / "notebooks"
    source.mkdir()
    stub = nbformat.v4.new_code_cell("def f(): ...", metadata={"tags": ["exercise"]}, execution_count=1)
    stub.outputs = [nbformat.v4.new_output("stream", text="01.2: nothing")]
    hidden = {"tags": ["solution", "hide-cell"], "cellView": "form", "jupyter": {"source_hidden": True}}
    cells = [
        nbformat.v4.new_markdown_cell(
            "Think.\n\n<details><summary>Hint</summary>\n\nhere\n\n</details>\n"
            "<details><summary>Solution</summary>\n\nsecret\n\n</details>\n\nMore."
        ),
        stub,
        nbformat.v4.new_code_cell("secret = 1", metadata=hidden),
        nbformat.v4.new_code_cell("secret = 2", metadata={"tags": ["answer", "hide-cell"]}),
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), source / "01_a.ipynb")
    zips = editions.make(source, tmp_path / "out")
    student, instructor = (read(tmp_path / "out" / name / "01_a.ipynb") for name in editions.EDITIONS)
    assert "secret" not in nbformat.writes(student) and "here" in student.cells[0].source
    assert student.cells[0].source.endswith("More.") and student.cells[1].outputs == []
    assert "<details open><summary>Solution" in instructor.cells[0].source
    assert instructor.cells[2].metadata == {"tags": ["solution"]} and len(instructor.cells) == 4
    assert instructor.cells[3].metadata == {"tags": ["answer"]}
    exam = ["exam_1.md", "exam_with_solutions_1.md"]
    assert [sorted(zipfile.ZipFile(z).namelist()) for z in zips] == [["01_a.ipynb"], ["01_a.ipynb", *exam]]


# ---- the teaching guide ---------------------------------------------------------------------------------------------


def guide() -> str:
    return (ROOT / "book" / "teaching.md").read_text(encoding="utf-8")


def test_each_lesson_takes_90_minutes_and_has_a_sheet_or_a_game():
    lessons = re.split(r"^### Week ", guide().split("### Labs")[0], flags=re.MULTILINE)[1:]
    assert len(lessons) == 8
    for lesson in lessons:
        times = [(int(a), int(b)) for a, b in re.findall(r"^\| (\d+)–(\d+) \|", lesson, re.MULTILINE)]
        assert [a for a, _ in times] == [0, *[b for _, b in times[:-1]]] and times[-1][1] == 90
        sheets = re.findall(r"```{board} (\w+)", lesson)
        assert (sheets and set(sheets) <= set(boards.BOARDS)) or "bandit_game.md" in lesson
    assert set(re.findall(r"{board} (\w+)", guide())) == set(boards.BOARDS) - {"05"}


def test_labs_and_lessons_name_code_exercises_that_there_are():
    code = set(re.findall(r"\*\*(\d\d\w?\.\d) Code", "\n".join(prose(read(path)) for path in CHAPTERS)))
    named = set(re.findall(r"\b\d\d[a-z]?\.\d\b", guide().split("## Eight lessons")[1].split("## One day")[0]))
    assert named and named <= code


def test_the_game_never_leaves_its_tables():
    rows = [["round", *[".50"] * 10], ["round", *[".40"] * 10], ["round", *[".30"] * 10]]
    assert game.walked(rows, 5) == [5, 7, 9] and game.walked(rows, 19) == [19, 19, 19]
    assert game.walked(rows[::-1], 1) == [1, 1, 1] and game.walked([*rows[:2], rows[0]], 5) == [5, 7, 5]


@pytest.mark.parametrize(
    ("chapter", "lines"),
    [
        (
            "01",
            ["Ranks Ada 1.5, Ben 1.5, Chloe 5, Dev 2.5, Elif 4.5, Finn 3.5. HR@2 = .33, MRR@2 = .22, NDCG@2 = .25."],
        ),
        ("02", ["| genre | 8 | 19 | 46 | 6 |", "| actor | 13 | 22 | 26 | 4 |", "58 incidences, 86 arrows"]),
        ("02b", ["| Titanic | 4 | (8 + 4 + 2) / 3 | 4.67 | 4.22 | 3.40 | 3.50 |"]),
        ("03", ["| `corr` | 2, 1, 4, 3 |", "$(4, 1, 2, 3)$", "2, 3, 4, 1.)"]),
        ("04", ["| the first louder by ln 2 | .50 | .25 | .25 | .50 |"]),
        ("06", ["| tanh of each | (.96, .76) |", "| 2 | .88 | .13 | 2.13 | ∞ |"]),
        ("07", ["| The Terminator | 2 | 1/√(3 · 2) | .41 |", "Ada .74, Ben .41, Chloe .00, Dev .29"]),
        ("08", ["| draws of 27 | 8 | 12 | 6 | 1 |", "| corrected | .004 | .036 | .060 | .060 |", "2 stand"]),
    ],
)
def test_sheets_say_what_comes_out_by_hand(chapter, lines):
    text = "\n".join(boards.BOARDS[chapter]())
    assert [line for line in lines if line not in text] == []


# ---- slides ---------------------------------------------------------------------------------------------------------


def test_a_deck_has_the_headings_equations_and_figures_of_its_chapter():
    text = (
        "# A title\n\nAbout it.\n\n**When you are through, you will be able to**\n\n- do *this*;\n- do that.\n\n"
        "## First\n\nOne sentence with $x$. And [a link](other.ipynb) more:\n\n$$ x = y^2 \\tag{6} $$\n\nAfter it.\n"
    )
    picture = nbformat.v4.new_code_cell("plot()", metadata={"mystnb": {"image": {"alt": 'a "curve"'}}})
    vector = nbformat.v4.new_code_cell("draw()", metadata={"mystnb": {"image": {"alt": "a line"}}})
    picture.outputs = [nbformat.v4.new_output("display_data", data={"image/png": "AAAA\n"})]
    vector.outputs = [nbformat.v4.new_output("display_data", data={"image/svg+xml": "<svg>é</svg>"})]
    table = nbformat.v4.new_code_cell("frame")
    rows = "<tr><td>1</td></tr>"
    table.outputs = [
        nbformat.v4.new_output("execute_result", data={"text/html": f"<div><table>{rows * 30}</table></div>"})
    ]
    cells = [
        nbformat.v4.new_markdown_cell(text), picture, nbformat.v4.new_markdown_cell("It rises. Then it falls."), table,
        vector, nbformat.v4.new_markdown_cell("Too long to show.\n\n## Quiz\n\n**1. Who?**"),
    ]  # fmt: skip
    deck = slides.slides(nbformat.v4.new_notebook(cells=cells))
    assert [s.heading for s in deck] == ["A title", "First", "First", "First"]
    drawn = re.search(r'alt="a line" src="data:image/svg\+xml;base64,(\w+=*)"', deck[3].parts[0])
    assert base64.b64decode(drawn[1]).decode() == "<svg>é</svg>"
    assert "<em>this</em>" in deck[0].parts[0] and deck[0].parts[0].count("<li>") == 2
    assert re.sub("</?span[^>]*>", "", deck[1].parts[0]) == "<p>One sentence with \\(x\\). And a link more.</p>\n"
    assert re.search(r"\\\[\s*x = y\^2 \\tag\{6\}\s*\\\]", deck[1].parts[1])
    assert 'alt="a &quot;curve&quot;"' in deck[2].parts[0] and "It rises. Then it falls." in deck[2].parts[1]
    page = slides.page(deck)
    assert page.count("<section>") == 4 and "4 / 4" in page and "http" not in page


@pytest.mark.parametrize("path", CHAPTERS, ids=NAMES)
def test_every_figure_of_a_chapter_is_on_its_slides(path):
    deck = slides.slides(read(path))
    figures = sum(
        bool({"image/png", "image/svg+xml"} & set(o.get("data", {})))
        for c in read(path).cells
        for o in c.get("outputs", [])
    )
    assert slides.page(deck).count("<img ") == figures
    equations = set(re.findall(r"\\tag\{(\d+)\}", prose(read(path))))
    assert equations <= set(re.findall(r"\\tag\{(\d+)\}", slides.page(deck)))


@pytest.mark.parametrize("path", CHAPTERS, ids=NAMES)
def test_exercises_are_on_the_page_of_all_exercises(path):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    told = "\n".join(directives.exercises_of(notebook))
    ids = re.findall(r"^\*\*(\d\d[a-z]?\.\d+) ", prose(read(path)).split("## Exercises", 1)[1], re.MULTILINE)
    assert ids and all(f"**{id} " in told for id in ids)
    assert "Where to go next" not in told and not re.search(r"\]\((\d\d\w*_|\.\./book)", told)
    for cell in notebook["cells"]:
        if {"solution", "answer"} & set(cell["metadata"].get("tags", [])):
            assert "".join(cell["source"]).splitlines()[-1] in told


@pytest.mark.parametrize("path", CHAPTERS, ids=NAMES)
def test_the_title_has_the_number_and_other_chapters_are_links(path):
    text = prose(read(path))
    assert re.search(r"^# (.+)$", text, re.MULTILINE)[1].startswith(f"{path.name.split('_')[0]}. ")
    bare = re.sub(r"\[[^\]]*\]\([^)]*\)|`[^`]*`", "", text)
    assert not re.findall(r"[Cc]hapters? \d\d\w?\b[^\n]{0,30}", bare)


@pytest.mark.parametrize("path", CHAPTERS, ids=NAMES)
def test_plotting_code_is_folded(path):
    """Whoever reads the page sees the figure; the code for it is one click away."""
    for cell in read(path).cells:
        drawn = any({"image/png", "image/svg+xml"} & set(o.get("data", {})) for o in cell.get("outputs", []))
        if drawn and len(cell.source.splitlines()) > 5:
            assert {"hide-input", "hide-cell"} & set(cell.metadata.get("tags", [])), cell.source
