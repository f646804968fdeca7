"""States the tolerances of the chapters' cells, from the same chapters run with other arithmetic.

Chapters are run again as copies, by `book.tools.execute --into FOLDER`, with other vector instructions or threads. Each
cell whose output then differs from the stored one gets an entry ``tolerance`` in its metadata (`book.tools.tolerance`):
`ROOM` times what was found, rounded up, or ``words`` where more than numbers differs. Other cells lose theirs. ::

    ATEN_CPU_CAPABILITY=default python -m book.tools.execute --into _build/plain
    OMP_NUM_THREADS=2 MKL_NUM_THREADS=2 python -m book.tools.execute --into _build/two
    python -m book.tools.tolerances _build/plain _build/two
"""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Callable, Iterator
from configparser import RawConfigParser
from pathlib import Path
from typing import Any

import nbformat

from book.tools.execute import ROOT, chapters
from book.tools.tolerance import Tolerance, is_decimal, numbers

ROOM = 3.0  # how many times the difference that was found a cell may differ by
MOST = 0.3  # a relative tolerance above this says little; the absolute one is taken
NOT_TEXT = {"image/png", "image/svg+xml", "application/pdf"}


def main(arguments: list[str] | None = None) -> None:
    """Compare the stored chapters with their copies and write what each cell needs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path, help="copies of the book, by book.tools.execute --into")
    parser.add_argument("--chapter", default="", help="only those whose name starts with it")
    args = parser.parse_args(arguments)
    clean = sanitizer(ROOT / "tests" / "nbval_sanitize.cfg")
    for path in chapters(ROOT / "notebooks", args.chapter):
        stored = nbformat.read(path, 4)
        copies = [nbformat.read(folder / "notebooks" / path.name, 4) for folder in args.folders]
        stated = 0
        for n, cell in enumerate(stored.cells):
            if cell.cell_type != "code":
                continue
            cell.metadata.pop("tolerance", None)
            entry = needed([(clean(a), clean(b)) for copy in copies for a, b in _pairs(cell, copy.cells[n])])
            if entry:
                cell.metadata["tolerance"] = entry
                stated += 1
                print(f"{path.stem}, cell {n}: {entry}")
        nbformat.write(stored, path)
        print(f"{path.stem}: {stated} cells with a tolerance")


def needed(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """The entry that lets each second text stand for the first; empty where all are equal."""
    absolute = relative = whole = 0.0
    for stored, now in pairs:
        if stored == now:
            continue
        found = numbers(stored, now)
        if found is None:
            return {"words": True}
        for a, b in found:
            difference = abs(Tolerance.value(a) - Tolerance.value(b))
            if is_decimal(a):
                absolute = max(absolute, difference)
                relative = max(relative, difference / abs(Tolerance.value(a)) if Tolerance.value(a) else math.inf)
            else:
                whole = max(whole, difference)
    entry = {"relative": _up(ROOM * relative)} if 0 < ROOM * relative <= MOST else {}
    if absolute and not entry:
        entry = {"absolute": _up(ROOM * absolute)}
    return entry | ({"whole": math.ceil(ROOM * whole)} if whole else {})


def _up(x: float) -> float:
    """Rounded up to one digit."""
    power = math.floor(math.log10(x))
    return round(math.ceil(x / 10**power - 1e-9) * 10**power, max(0, -power))


def _pairs(cell: Any, other: Any) -> Iterator[tuple[str, str]]:
    """The texts of the outputs of a cell and of its copy, one by one; a text against "" where kinds differ."""
    mine, theirs = _texts(cell), _texts(other)
    if [kind for kind, _ in mine] != [kind for kind, _ in theirs]:
        yield "words", ""
        return
    for (_, a), (_, b) in zip(mine, theirs, strict=True):
        yield a, b


def _texts(cell: Any) -> list[tuple[str, str]]:
    """Kind and text of each output; what is printed is one text."""
    printed = "".join(o.text for o in cell.outputs if o.output_type == "stream")
    shown = [
        (kind, text)
        for o in cell.outputs
        if "data" in o
        for kind, text in o.data.items()
        if kind not in NOT_TEXT and isinstance(text, str)
    ]
    return [("printed", printed), *shown]


def sanitizer(path: Path) -> Callable[[str], str]:
    """What nbval's sanitizer does to a text before it is compared."""
    config = RawConfigParser()
    config.read(path)
    rules = [(section["regex"], section.get("replace", "")) for name, section in config.items() if name != "DEFAULT"]

    def clean(text: str) -> str:
        for pattern, replacement in rules:
            text = re.sub(pattern, replacement, text)
        return text

    return clean


if __name__ == "__main__":
    main()
