"""Makes two editions of the chapters from the one source: without solutions for students, with all open to teach from.

In a chapter a solution is a code cell with the tag ``solution`` or ``answer``, or a block
``<details><summary>Solution</summary>`` in the text. Hints stay in both. An exam with its solutions lies beside the
instructor's edition (see `book.tools.exam`).
"""

from __future__ import annotations

import argparse
import re
import shutil
from pathlib import Path

import nbformat

from book.tools import exam
from book.tools.execute import chapters

ROOT = Path(__file__).parents[2]
SOLUTION = re.compile(r"<details>\s*<summary>Solution[^<]*</summary>.*?</details>\n*", re.DOTALL)


def tagged(cell: nbformat.NotebookNode, tag: str) -> bool:
    return tag in cell.metadata.get("tags", [])


def student(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Without solutions; the stubs of the exercises stay, with no output."""
    kept = []
    for cell in notebook.cells:
        if tagged(cell, "solution") or tagged(cell, "answer"):
            continue
        if cell.cell_type == "markdown":
            cell.source = SOLUTION.sub("", cell.source).rstrip()
        elif tagged(cell, "exercise"):
            cell.outputs, cell.execution_count = [], None
        kept.append(cell)
    notebook.cells = kept
    return notebook


def instructor(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """With every solution open."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = cell.source.replace("<details>", "<details open>")
        elif tagged(cell, "solution") or tagged(cell, "answer"):
            cell.metadata["tags"] = [t for t in cell.metadata["tags"] if not t.startswith("hide")]
            for key in ("cellView", "jupyter"):
                cell.metadata.pop(key, None)
    return notebook


EDITIONS = {"student": student, "instructor": instructor}


def make(source: Path, target: Path, seed: int = 1) -> list[Path]:
    """Write both editions of all chapters in `source` under `target`, and a zip of each; returns the zips.

    Args:
        seed: of the numbers in the exam, which lies with the instructor's edition.
    """
    zips = []
    for name, edit in EDITIONS.items():
        folder = target / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for path in chapters(source):
            notebook = edit(nbformat.read(path, as_version=4))
            (folder / path.name).write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")
        if edit is instructor:
            exam.write(folder, seed)
        zips.append(Path(shutil.make_archive(str(folder), "zip", folder)))
    return zips


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Make the student's and the instructor's edition of the chapters.")
    parser.add_argument("--output", type=Path, default=ROOT / "_build" / "editions")
    parser.add_argument("--seed", type=exam.seed_number, default=1, help="of the exam's numbers (default: %(default)s)")
    options = parser.parse_args(arguments)
    for path in make(ROOT / "notebooks", options.output, options.seed):
        print(f"written: {path}, and the folder of that name")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
