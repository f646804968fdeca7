"""Draws the headline of the front page and the README from the stored runs."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from book.bookext.headline import METRIC, rows

ROOT = Path(__file__).parents[2]
TITLE = "HR@10 on the paper's MovieLens-100K split: measured here, and as the paper prints it"


def draw(path: Path) -> None:
    """Write the picture as SVG; the same runs give the same file."""
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    from ramgnn import plots
    from ramgnn.experiments.tables import short

    found = rows()
    with plots.style():
        figure, ax = plt.subplots(figsize=(7.6, 0.9 + 0.52 * len(found)))
        printed = [float(row.printed) if row.printed else None for row in found]
        groups = [1 if row.label.startswith("RAM-GNN") else 0 for row in found]
        plots.forest([""] * len(found), [r.mean for r in found], [(r.low, r.high) for r in found], printed, groups, ax)
        beside = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points", "ha": "right", "va": "center"}
        for place, row in enumerate(found):
            ax.annotate(row.label, (0, place), xytext=(-9, 7), fontsize=11, weight="bold", **beside)
            ax.annotate(row.words, (0, place), xytext=(-9, -7), fontsize=9.5, **beside)
            ax.annotate(short(row.mean), (row.mean, place), xytext=(0, 7), textcoords="offset points", ha="center")
        ax.legend(loc="lower right")
        ax.set(xlabel=METRIC, xlim=(0.05, None), xticks=[0.05, 0.1, 0.15, 0.2])
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(path.name + ".part")
        figure.savefig(part, format="svg", metadata={"Date": None, "Title": TITLE})
    plt.close(figure)
    os.replace(part, path)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Draw the headline from the stored runs.")
    parser.add_argument("--into", type=Path, metavar="FILE", default=ROOT / "book" / "assets" / "headline.svg")
    options = parser.parse_args(arguments)
    draw(options.into)
    print(f"drew {options.into}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
