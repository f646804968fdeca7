"""Tables III to VI and Figure 4 as measured here, the paper's numbers beside them and labelled as the paper's."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ramgnn import paper
from ramgnn.errors import NotFoundError
from ramgnn.experiments.lineup import line_up
from ramgnn.experiments.statistics import METRICS, TOGETHER, summarise, user_gains
from ramgnn.experiments.store import Result, Store, best

MISSING = "–"


@dataclass(frozen=True)
class Row:
    """One row: who it is, what the reader calls it, and the paper's row for it, if there is one.

    Attributes:
        group: 0 for who the paper has, 1 for ours, 2 for references that the paper has not.
    """

    model: str
    label: str
    printed: str = ""
    group: int = 0


@dataclass(frozen=True)
class Table:
    """What a table holds.

    Attributes:
        name: on the command line; title: above it.
        number: the paper's, as `ramgnn.paper` knows it; empty for a figure.
        rows: in the order shown; metrics: the columns.
        seeds: how many runs of each.
    """

    name: str
    title: str
    number: str
    rows: tuple[Row, ...]
    metrics: tuple[str, ...] = METRICS
    seeds: int = 5


OURS = (
    Row("ram-gnn", "RAM-GNN, tuned like all", "RAM-GNN", 1),
    Row("ram-gnn default", "RAM-GNN, default", group=1),
    Row("ram-gnn as printed", "RAM-GNN, as printed", group=1),
)
AT_20 = ("HR@20", "MRR@20", "NDCG@20")

TABLES = {
    t.name: t
    for t in (
        Table(
            "table3", "Table III: against eight recommenders, and references", "III",
            (
                Row("mf", "MF-BPR", "MF-BPR"), Row("fm", "FM", "FM"), Row("nfm", "NFM", "NFM"),
                Row("fism", "FISM", "FISM"), Row("cke", "CKE", "CKE"), Row("lightgcn", "LightGCN", "LightGCN"),
                Row("kgpolicy", "KGPolicy", "KGPolicy"), Row("rcf", "RCF", "RCF"), *OURS,
                Row("popularity", "popularity", group=2), Row("itemknn", "item-kNN", group=2),
                Row("ease", "EASE", group=2), Row("als", "ALS", group=2),
                Row("lightgcn softmax", "LightGCN, softmax", group=2),
                Row("lightgcn softmax dropout", "LightGCN, softmax, dropout", group=2),
                Row("lightgcn like ours", "LightGCN, all of our recommender", group=2),
                Row("itemknn recent", "item-kNN, decayed in time", group=2),
                Row("sasrec", "SASRec, knows the order", group=2),
            ),
            seeds=10,
        ),
        Table(
            "table4", "Table IV: other encoders in RAM-GNN's place", "IV",
            (
                Row("gcn genre", "GCN, genre", "GCN"), Row("gcn director", "GCN, director", "GCN"),
                Row("gcn actor", "GCN, actor", "GCN"), Row("gcn year", "GCN, year", "GCN"),
                Row("gcn cast", "GCN, cast", "GCN"), Row("gcn person", "GCN, person", "GCN"),
                Row("rgcn", "R-GCN", "R-GCN"), Row("wgcn", "W-GCN", "W-GCN"), Row("vrgcn", "VR-GCN", "VR-GCN"),
                Row("compgcn", "CompGCN, sub", "CompGCN"), Row("compgcn corr", "CompGCN, corr"), OURS[0],
            ),
            seeds=10,
        ),
        Table(
            "table5", "Table V: compositions", "V",
            (Row("add", "add", "add"), Row("mult", "mult", "mul"), Row("corr", "corr", "corr")), AT_20,
        ),
        Table(
            "table6", "Table VI: dimensions", "VI",
            tuple(Row(f"d={d}", f"d = {d}", str(d)) for d in (20, 40, 60, 80, 100)), AT_20,
        ),
        Table(
            "figure4", "Figure 4: what each part does", "",
            (
                Row("single", "Single: no pre-training"), Row("rns", "RAM-RNS: sampler only"),
                Row("attention", "RAM-rel: attention only"), Row("ram-gnn", "RAM-GNN", group=1),
                Row("neither", "equal weights, every neighbour", group=2),
                Row("by lot", "neighbours by lot", group=2), Row("untrained", "pre-trained for 0 epochs", group=2),
                Row("as printed single", "as printed, Single"), Row("as printed rns", "as printed, RAM-RNS"),
                Row("as printed attention", "as printed, RAM-rel"),
                Row("ram-gnn as printed", "as printed, RAM-GNN", group=1),
            ),
            AT_20,
        ),
        Table(
            "figure5", "Figure 5: runs whose thresholds it shows", "",
            (
                Row("ram-gnn as printed", "as printed"), Row("as printed repaired", "as printed, R5 and R6 repaired"),
                Row("ram-gnn default", "default"),
            ),
            AT_20,
        ),
    )
}  # fmt: skip


def table(name: str) -> Table:
    """The table of that name.

    Raises:
        NotFoundError: there is none.
    """
    if name not in TABLES:
        raise NotFoundError("table", name, sorted(TABLES))
    return TABLES[name]


def rows_on(one: Table, dataset_name: str) -> list[Row]:
    """The rows that can be run on a data set."""
    specs = line_up(dataset_name)
    return [r for r in one.rows if r.model in specs]


def runs_of(row: Row, one: Table, store: Store, dataset_name: str) -> list[Result]:
    """The stored runs that a row of the table shows: of each search at most as many as the table has seeds."""
    found = searches_of(store.results(dataset_name, [row.model]))
    return [run for runs in found.values() for run in runs[: one.seeds]]


def searches_of(results: Sequence[Result]) -> dict[str, list[Result]]:
    """The runs of a row by the search that found their settings, the first search first."""
    return {name: [r for r in results if r.model == name] for name in dict.fromkeys(r.model for r in results)}


def luck(one: Table, store: Store, dataset_name: str, metric: str) -> pd.DataFrame:
    """How much a metric moves when the search for settings is made again: a row for each that was searched repeatedly.

    Columns: the mean over the runs of each search, such as ``search 1``; ``spread of searches``, the standard deviation
    of these means; and ``spread of runs``, that of runs with the same settings.
    """
    rows = {}
    for row in rows_on(one, dataset_name):
        found = searches_of(runs_of(row, one, store, dataset_name))
        if len(found) > 1:
            means = [user_gains(runs, metric).mean(1) for runs in found.values()]
            each = {f"search {n}": x.mean() for n, x in enumerate(means, 1)}
            inside = [x.var(ddof=1) for x in means if len(x) > 1]  # not of what does not depend on the seed
            spreads = np.std([x.mean() for x in means], ddof=1), np.mean(inside) ** 0.5 if inside else math.nan
            rows[row.label] = each | dict(zip(("spread of searches", "spread of runs"), spreads, strict=True))
    return pd.DataFrame(rows).T


def cells(one: Table, store: Store, dataset_name: str, decimals: int = 3) -> tuple[list[str], list[list[str]], int]:
    """Head, rows and the number of runs that are missing; those of further searches stand behind a plus.

    A cell says the mean over seeds, ± their standard deviation where there are several, and in brackets the 95 %
    interval over users, seeds and searches; beside each metric stands what the paper prints.
    """
    head, lines, missing = ["", "seeds"], [], 0
    printed, specs = printed_cells(one, dataset_name), line_up(dataset_name)
    for metric in one.metrics:
        head += [metric, *(["paper's " + metric] if printed else [])]
    for row in rows_on(one, dataset_name):
        results = runs_of(row, one, store, dataset_name)
        n_seeds = one.seeds if specs[row.model].seeded else 1
        first = sum(r.model == row.model for r in results)
        missing += max(0, n_seeds - first)
        more = len(results) - first
        line = [row.label, f"{first} of {n_seeds}" if first < n_seeds else str(first) + (f" + {more}" if more else "")]
        for metric in one.metrics:
            line.append(_cell(summarise(results, metric), decimals) if results else MISSING)
            if printed:
                line.append(printed.get((row.printed, metric), MISSING))
        lines.append(line)
    return head, lines, missing


def _cell(summary, decimals: int) -> str:
    low, high = (short(x, decimals) for x in summary.both)
    spread = f" ±{short(summary.sd, decimals)}" if summary.n > 1 else ""
    return f"{short(summary.mean, decimals)}{spread} [{low},{TOGETHER}{high}]"


def short(x: float, decimals: int = 3) -> str:
    """A number without a zero before its point, as the book writes it."""
    text = f"{x:.{decimals}f}"
    return text.replace("0.", ".", 1) if text.lstrip("-").startswith("0.") else text


def best_after(
    one: Table, store: Store, dataset_name: str, numbers: Sequence[int] = (5, 10, 20, 40), least: int = 21
) -> pd.DataFrame:
    """The best value on validation after so many trials, of the rows that had at least `least`.

    A row that stays below the paper's number gets more trials than the others; whether they after anything stands here.
    """
    after = {}
    for row in rows_on(one, dataset_name):
        trials = store.trials(dataset_name, row.model)
        if len(trials) >= least:
            first = [best(trials[:n]) for n in numbers]
            after[row.label] = [one.value if one else math.nan for one in first]
    return pd.DataFrame(after, list(numbers)).rename_axis("trials").T


def printed_cells(one: Table, dataset_name: str) -> dict[tuple[str, str], str]:
    """The paper's cells of that table and data set, as text."""
    return {(c.row, c.metric): c.text for c in paper.PRINTED if (c.table, c.data) == (one.number, dataset_name)}


# ---- forms ----------------------------------------------------------------------------------------------------------


def as_frame(head: Sequence[str], lines: Sequence[Sequence[str]]) -> pd.DataFrame:
    """A table of pandas with the rows' labels as index, for a notebook; its cells are text, as everywhere."""
    return pd.DataFrame(lines, columns=list(head)).set_index(head[0])


def as_text(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Columns for a terminal."""
    widths = [max(len(line[c]) for line in [head, *lines]) for c in range(len(head))]
    return "\n".join(
        "  ".join(x.ljust(w) for x, w in zip(line, widths, strict=True)).rstrip() for line in [head, *lines]
    )


def as_markdown(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """A table of GitHub's Markdown."""

    def line(parts: Sequence[str]) -> str:
        return "| " + " | ".join(x.replace("|", "\\|") for x in parts) + " |"

    rule = "|" + "|".join([" --- "] + [" ---: "] * (len(head) - 1)) + "|"
    return "\n".join([line(head), rule, *map(line, lines)])


def as_latex(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """A tabular for booktabs."""
    marks = {"&": r"\&", "%": r"\%", "_": r"\_", "#": r"\#", "±": r"$\pm$", "–": "--"}

    def line(parts: Sequence[str]) -> str:
        return " & ".join("".join(marks.get(c, c) for c in x) for x in parts) + r" \\"

    top = [r"\begin{tabular}{l" + "r" * (len(head) - 1) + "}", r"\toprule", line(head), r"\midrule"]
    return "\n".join([*top, *map(line, lines), r"\bottomrule", r"\end{tabular}"])


def as_csv(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Comma-separated values."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([head, *lines])
    return out.getvalue().rstrip("\n")


def plain(text: str) -> str:
    """With common spaces only: what a terminal or a file shows is searched and parsed."""
    return text.replace(TOGETHER, " ")


def spaced(form: Callable[[Sequence[str], Sequence[Sequence[str]]], str]) -> Callable[..., str]:
    """A form with common spaces only."""
    return lambda head, lines: plain(form(head, lines))


FORMATS = {
    "text": spaced(as_text), "markdown": spaced(as_markdown), "latex": spaced(as_latex), "csv": spaced(as_csv),
}  # fmt: skip
