"""Draws the paper's Figure 1 again, from the data set ``toy``, for the front page and the README."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
TITLE = "Eight films, joined by the genres, directors, actors and years that they share"


def draw(path: Path) -> None:
    """Write the figure as SVG; the same code gives the same file."""
    import matplotlib

    matplotlib.use("agg")
    from ramgnn import plots

    with plots.style():
        figure = plots.figure1().figure
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(path.name + ".part")
        figure.savefig(part, format="svg", metadata={"Date": None, "Title": TITLE})
    os.replace(part, path)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Draw Figure 1 again.")
    parser.add_argument("--into", type=Path, metavar="FILE", default=ROOT / "book" / "assets" / "figure1.svg")
    options = parser.parse_args(arguments)
    draw(options.into)
    print(f"drew {options.into}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
