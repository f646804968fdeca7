# ruff: noqa: E501
"""Sheets for the board, a lesson each: what to draw, and what comes out, computed from the toy films by the package."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import product

import numpy as np
import torch
from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from .directives import parsed

HIDDEN = "?"


def short(x: float, digits: int = 2) -> str:
    """A number without the zero before its point."""
    text = f"{x:.{digits}f}"
    return text.replace("0.", ".", 1) if text.lstrip("-").startswith("0.") else text


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    """A Markdown table, its first column to the left and the others in the middle."""
    lines = [head, ["---", *[":---:"] * (len(head) - 1)], *rows]
    return ["", *("| " + " | ".join(map(str, line)) + " |" for line in lines), ""]


def ranking() -> list[str]:
    """Six viewers, eight films, a list by popularity: ranks and metrics."""
    import ramgnn
    from ramgnn import evaluation

    data = ramgnn.load("toy")
    films, viewers = [label.rpartition(" (")[0] for label in data.item_labels], data.user_labels
    cells = [["" for _ in films] for _ in viewers]
    for row in data.train.itertuples():
        cells[row.user][row.item] = "×"
    for row in data.test.itertuples():
        cells[row.user][row.item] = HIDDEN
    count = np.bincount(data.train["item"], minlength=len(films))
    ranks = ramgnn.evaluate(ramgnn.fit(data, "popularity")).ranks
    text = [
        f"Draw the table without its last row. A cross is a film watched, {HIDDEN} the last film of each viewer, which"
        " the recommender does not see. Let the class count the crosses, order each viewer's unseen films by them, and"
        " say at which rank the hidden film stands; ties share their mean rank."
    ]
    text += table(["", *films], [[n, *row] for n, row in zip(viewers, cells, strict=True)] + [["crosses", *count]])
    told = ", ".join(f"{n} {r:g}" for n, r in zip(viewers, ranks, strict=True))
    hr, mrr, ndcg = (short(f(ranks, 2)) for f in (evaluation.hit_rate, evaluation.mrr, evaluation.ndcg))
    return [*text, f"*What comes out.* Ranks {told}. HR@2 = {hr}, MRR@2 = {mrr}, NDCG@2 = {ndcg}."]


def edges() -> list[str]:
    """Incidences and edges of each relation type."""
    graph = _films()
    rows = []
    for n, name in enumerate(graph.types):
        sizes = graph.group_size[graph.value_type == n].tolist()
        rows.append([name, len(sizes), sum(sizes), sum(s * (s - 1) for s in sizes), max(sizes)])
    text = [
        "Write the eight films on the board, give each group one column of the table of facts (genre, director, actor,"
        " year), and let it draw an arrow each way for every value that two films share. Then ask how many arrows a value"
        " makes that g films share."
    ]
    text += table(["type", "values", "incidences", "arrows", "largest group"], rows)
    text += [f"*What comes out.* {graph.n_incidences} incidences, {graph.n_edges()} arrows."]
    return text


def averaging() -> list[str]:
    """One step of averaging on four films, and many."""
    graph = _films()
    names = [0, 1, 2, 3]
    head, incidence = graph.edges("director")
    tail = graph.node[incidence]
    joined = np.eye(4)
    for i, j in zip(head.tolist(), tail.tolist(), strict=True):
        if i in names and j in names:
            joined[i, j] = 1
    step = joined / joined.sum(1, keepdims=True)
    x = np.array([8.0, 4.0, 2.0, 0.0])
    later = np.linalg.matrix_power(step, 30) @ x
    labels = [graph.label(i).rpartition(" (")[0] for i in names]
    text = [
        "Four films, joined where they share a director, each with itself. Start with the numbers in the second column; a"
        " film takes the mean of its own number and those of its neighbours."
    ]
    rows = [
        [
            label,
            f"{a:g}",
            f"({' + '.join(f'{v:g}' for v in x[joined[i] > 0])}) / {int(joined[i].sum())}",
            short(b),
            short(c),
        ]
        for i, (label, a, b, c) in enumerate(zip(labels, x, step @ x, later, strict=True))
    ]
    text += table(["film", "start", "sum", "after one step", "after thirty"], rows)
    text += [
        "*What to ask.* Which films are equal after one step, and why do they stay so? What does a film alone hear?"
    ]
    return text


def correlation() -> list[str]:
    """Three compositions of four numbers."""
    from ramgnn.composition import compose

    e, r = torch.tensor([1.0, 2.0, 3.0, 4.0]), torch.tensor([0.0, 1.0, 0.0, 0.0])
    results = {name: compose(e, r, name).round().tolist() for name in ("add", "mult", "corr")}
    rows = [[f"`{name}`", ", ".join(f"{v:g}" for v in result)] for name, result in results.items()]
    text = [
        "A neighbour $(1, 2, 3, 4)$ and a relation $(0, 1, 0, 0)$. For `corr` write the four rotations of the neighbour"
        " below one another and multiply: the matrix that comes out is circulant."
    ]
    text += table(["composition", "result"], rows)
    text += ["*What to ask.* Which of the three notices when neighbour and relation change places?"]
    return text


def attention() -> list[str]:
    """Three neighbours, equal logits and one that is louder."""
    rows = []
    for name, logits in (("all equal", [0.0, 0.0, 0.0]), ("the first louder by ln 2", [math.log(2), 0.0, 0.0])):
        weights = torch.softmax(torch.tensor(logits), 0).tolist()
        rows.append([name, *(short(w) for w in weights), short(weights[1] + weights[2])])
    text = [
        "One neighbour through the director, two through the genre. Compute the softmax by hand ($e^{\\ln 2} = 2$), then"
        " add up the shares by type."
    ]
    text += table(["logits", "director", "genre", "genre", "share of genre"], rows)
    text += [
        "*What to ask.* In the first line genre has most of the attention. Is it important, or are there only two of it?"
    ]
    return text


def propagation() -> list[str]:
    """Weights of one propagation step for one viewer."""
    import ramgnn

    data = ramgnn.load("toy")
    seen = data.train[data.train["user"] == 0]["item"].tolist()
    degree = np.bincount(data.train["item"], minlength=data.n_items)
    n = len(seen)
    rows = [
        [data.item_labels[i].rpartition(" (")[0], degree[i], f"1/√({n} · {degree[i]})", short((n * degree[i]) ** -0.5)]
        for i in seen
    ]
    text = [
        f"{data.user_labels[0]} has watched {n} films in training. How loudly does each speak in one step of Eq. 19?"
    ]
    text += table(["film", "viewers", "weight", ""], rows)
    text += ["*What to ask.* Which film is loudest, and why might that be wise?"]
    return text


def bootstrap() -> list[str]:
    """Three viewers and all 27 draws."""
    a, b = [1, 1, 0], [0, 1, 0]
    difference = np.array(a) - np.array(b)
    means = [difference[list(draw)].mean() for draw in product(range(3), repeat=3)]
    values, counts = np.unique(np.round(means, 3), return_counts=True)
    text = [
        "Model A hits for viewers 1 and 2, model B for viewer 2. Draw three viewers with replacement, in all 27 ways, and"
        " count how often each mean difference A − B comes up."
    ]
    text += table(["mean difference", *(short(v) for v in values)], [["draws of 27", *counts]])
    told = f"*What comes out.* In {counts[0]} of 27 draws no difference is seen, though A was never worse."
    return [*text, f"{told} Three viewers decide nothing, and the 27 draws show by how much."]


def game() -> list[str]:
    """The bandit as a game: what the reader of distances reads out, and a sheet for each player."""
    rng = np.random.default_rng(5)
    types, rounds, ks = ("genre", "director", "actor", "year"), 10, range(1, 20, 2)
    text = ["## What the reader reads out", "", "Made-up distances: they grow with $k$ and wander from round to round."]
    for name, base, slope in zip(types, (0.10, 0.22, 0.16, 0.13), (0.012, 0.006, 0.009, 0.004), strict=True):
        walk = np.cumsum(rng.normal(0, 0.012, rounds))
        rows = [
            [f"round {n + 1}", *(short(max(0.01, base + slope * k + walk[n] + rng.normal(0, 0.004)), 2) for k in ks)]
            for n in range(rounds)
        ]
        text += ["", f"**{name}**", *table([f"*{name}*", *(f"k = {k}" for k in ks)], rows)]
    blank = "&nbsp;" * 12
    first = [1, 5, blank, "none", "none", 5]  # there is nothing to compare the first distance with
    text += ["## A sheet for each player", "", "My type: ______________ I begin at $k = 5$.", ""]
    head = ["round", "my $k$", "distance read out", "grown?", "reward", "next $k$"]
    return [*text, *table(head, [first, *([n, *[blank] * 5] for n in range(2, rounds + 1))])]


def _films():
    from ramgnn.datasets import load
    from ramgnn.graph import MultiRelationalGraph

    return MultiRelationalGraph.from_dataset(load("toy"), "item")


BOARDS: dict[str, Callable[[], list[str]]] = {
    "01": ranking, "02": edges, "02b": averaging, "03": correlation, "04": attention, "05": game, "07": propagation,
    "08": bootstrap,
}  # fmt: skip


class BoardDirective(SphinxDirective):
    """The sheet of a lesson: ``{board} 01``."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        return parsed(self, BOARDS[self.arguments[0]](), "book.bookext.boards")
