"""Builds the site strictly: every warning is an error, and the old site stays until the new one is complete."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import yaml

from book.tools import slides

ROOT = Path(__file__).parents[2]

# the builder's own front door is one bare line: no title, no language, no link to follow where redirects are off
INDEX = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>To the book</title>
<meta http-equiv="refresh" content="0; url={first}">
<link rel="icon" href="_static/favicon.svg">
</head>
<body><p><a href="{first}">To the book</a></p></body>
</html>
"""


def first_page(source: Path) -> str:
    """The address of the page that the table of contents names as its root."""
    root = yaml.safe_load((source / "_toc.yml").read_text(encoding="utf-8"))["root"]
    return f"{Path(root).with_suffix('').as_posix()}.html"


def build(source: Path, output: Path) -> tuple[bool, str]:
    """Build the book that lies in `source` and put its pages into `output`.

    Returns:
        whether it worked, and what the builder said.
    """
    scratch = output.with_name(output.name + ".part")
    shutil.rmtree(scratch, ignore_errors=True)
    command = [str(Path(sys.executable).with_name("jupyter-book")), "build", str(source)]
    command += ["--path-output", str(scratch), "--all", "-W", "-n", "--keep-going"]
    # one hash seed, so that two builds of the same book are the same
    done = subprocess.run(command, text=True, capture_output=True, env={**os.environ, "PYTHONHASHSEED": "0"})
    pages = scratch / "_build" / "html"
    log = re.sub(r"\x1b\[[\d;]*m", "", done.stdout + done.stderr)  # without colours
    if done.returncode != 0 or not (pages / "index.html").is_file():
        return False, log
    (pages / "index.html").write_text(INDEX.format(first=first_page(source)), encoding="utf-8")
    slides.make(source, pages / "slides")
    (pages / ".nojekyll").touch()  # GitHub Pages would leave out folders whose name begins with _
    shutil.rmtree(output, ignore_errors=True)
    os.replace(pages, output)
    shutil.rmtree(scratch)
    return True, log


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Build the site.")
    parser.add_argument(
        "--source", type=Path, default=ROOT, help="the folder with _config.yml (default: the repository)"
    )
    parser.add_argument("--output", type=Path, default=ROOT / "_build" / "html")
    options = parser.parse_args(arguments)
    begun = time.perf_counter()
    print("building the site …", flush=True)
    worked, log = build(options.source.absolute(), options.output.absolute())
    if not worked:
        print(log, file=sys.stderr)
        warnings = [line for line in log.splitlines() if "WARNING" in line or "ERROR" in line]
        print(
            f"\nthe site was not built; {len(warnings)} warnings, which count as errors:"
            if warnings
            else "\nthe site was not built; the builder failed as shown above",
            *warnings,
            sep="\n  ",
            file=sys.stderr,
        )
        return 1
    print(f"built in {time.perf_counter() - begun:.1f} s: {options.output.absolute() / 'index.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
