"""Draws an exam: questions with numbers by seed, each with the solution that goes with them and its points.

``python -m book.tools.exam --seed 7`` writes two files, the sheet for students and the one with solutions. Both are for
teachers: they are written beside the instructor's edition of the chapters and are on no page of the site. Where a
question has numbers, the seed gives them; the solution is computed with the same numbers, never typed.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from book.tools.exam_questions import MADE, Question

ROOT = Path(__file__).parents[2]
MINUTES_A_POINT = 2.5


def draw(seed: int, only: Sequence[str] = ()) -> list[Question]:
    """The questions with the numbers of a seed; with `only`, those about these chapters.

    Raises:
        ValueError: no question is about one of them.
    """
    made = [make(np.random.default_rng([seed, n])) for n, make in enumerate(MADE)]
    known = {chapter for q in made for chapter in q.chapters}
    if missing := [chapter for chapter in only if chapter not in known]:
        raise ValueError(f"no question about {', '.join(missing)}; there are some about {', '.join(sorted(known))}")
    return [q for q in made if not only or set(q.chapters) & set(only)]


def sheet(questions: Sequence[Question], seed: int, solved: bool) -> str:
    """The exam as Markdown, with or without solutions."""
    total = sum(q.worth for q in questions)
    kind = "Exam with solutions" if solved else "Exam"
    minutes = round(total * MINUTES_A_POINT / 5) * 5
    lines = [f"# {kind}, set {seed}", "", f"{len(questions)} questions, {total} points, about {minutes} minutes.", ""]
    for number, q in enumerate(questions, 1):
        lines += [f"## {number}. {q.title} ({q.worth} points)", "", q.text, ""]
        if solved:
            lines += [f"*Chapter {', '.join(q.chapters)}.*", "", q.solution, ""]
            lines += [f"- {points} point{'s' * (points > 1)}: {what}" for points, what in q.points] + [""]
    return "\n".join(lines)


def seed_number(text: str) -> int:
    """A seed from the command line.

    Raises:
        argparse.ArgumentTypeError: it is no whole number from 0 on.
    """
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"expected a whole number from 0 on, not {text}")
    return int(text)


def write(folder: Path, seed: int, only: Sequence[str] = ()) -> list[Path]:
    """Write both sheets; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    questions = draw(seed, only)
    paths = []
    for solved, name in ((False, "exam"), (True, "exam_with_solutions")):
        paths.append(folder / f"{name}_{seed}.md")
        paths[-1].write_text(sheet(questions, seed, solved), encoding="utf-8")
    return paths


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=seed_number, default=1, help="of the exam's numbers (default: %(default)s)")
    parser.add_argument(
        "--chapters", nargs="+", default=[], metavar="NN", help="only questions about these, as in 01 02b"
    )
    parser.add_argument("--output", type=Path, default=ROOT / "_build" / "editions" / "instructor")
    options = parser.parse_args(arguments)
    try:
        for path in write(options.output, options.seed, options.chapters):
            print(f"written: {path}")
    except ValueError as error:
        parser.error(str(error))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
