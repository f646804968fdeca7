"""``python -m ramgnn.exercises FOLDER``: a gradebook of returned notebooks."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from ramgnn.errors import RamgnnError
from ramgnn.exercises import gradebook
from ramgnn.files import write_text
from ramgnn.visible import visible


def main(arguments: list[str] | None = None) -> int:
    """Mark a folder and write or print the table."""
    parser = argparse.ArgumentParser(
        prog="python -m ramgnn.exercises",
        description=gradebook.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=Path, help="with the returned notebooks")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write CSV there instead of to standard output")
    parser.add_argument("--details", action="store_true", help="a row for each exercise, with what the checker says")
    parser.add_argument("--seconds", type=float, default=gradebook.SECONDS, help="for one notebook (%(default)g)")
    parser.add_argument(
        "--gigabytes", type=float, default=gradebook.GIGABYTES, help="of memory for one notebook (%(default)g)"
    )
    options = parser.parse_args(arguments)
    if not (options.seconds > 0 and options.gigabytes > 0):
        parser.error("--seconds and --gigabytes are above 0")
    if options.out is not None and (options.out.is_dir() or not options.out.parent.is_dir()):
        parser.error(f"--out {options.out}: name a file in a folder that exists")  # before an hour of marking
    try:
        found = list(gradebook.marks(options.folder, options.seconds, options.gigabytes))
        table = pd.DataFrame([asdict(mark) for mark in found]) if options.details else gradebook.gradebook(found)
        text = table.map(_harmless).to_csv(index=False)
        if options.out is None:
            print(text, end="")
        else:
            write_text(options.out, "\ufeff" + text)  # the mark by which Excel knows UTF-8, and so keeps umlauts
            print(f"written: {options.out}, {len({mark.student for mark in found})} students")
        for path in gradebook.left_out(options.folder):
            print(f"not counted: {visible(str(path))} (another copy counts, or it is no chapter)", file=sys.stderr)
    except RamgnnError as error:
        print(f"ramgnn.exercises: {error}", file=sys.stderr)
        return 1
    return 0


def _harmless(cell: Any) -> Any:
    """A cell whose text no spreadsheet takes for a formula, and no terminal for an order."""
    if not isinstance(cell, str):
        return cell
    return ("'" if cell[:1] in ("=", "+", "-", "@") else "") + visible(cell)


if __name__ == "__main__":
    raise SystemExit(main())
