# ruff: noqa: E501
"""Sheets for the board, a lesson each: what to draw, and what comes out, computed from the toy films by the package."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import product

import numpy as np
import torch
from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from .directives import parsed
from .game import game
from .sheets import short, table

HIDDEN = "?"


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
    facts = [[graph.label(i).rpartition(" (")[0]] for i in range(graph.n_nodes)]
    for n in range(len(graph.types)):
        for i, fact in enumerate(facts):
            own = graph.value[(graph.node == i) & (graph.type == n)].tolist()
            fact.append(", ".join(graph.value_labels[v] for v in own))
    text = [
        "Write the eight films on the board, give each group one column of this table, and let it draw an arrow each way"
        " for every value that two films share. Then ask how many arrows a value makes that g films share. An *incidence*"
        " is one entry of the table: a film with one of its values."
    ]
    text += table(["film", *graph.types], facts)
    text += table(["type", "values", "incidences", "arrows", "largest group"], rows)
    text += [
        f"*What comes out.* {graph.n_incidences} incidences, {graph.n_edges()} arrows: a value of g films makes g (g − 1)."
    ]
    return text


def averaging() -> list[str]:
    """One step of averaging on four films, and many, over a chain and over a group."""
    graph = _films()
    titles = [graph.label(i).rpartition(" (")[0] for i in range(8)]
    labels = ["Revolutionary Road", "Titanic", "Apollo 13", "Forrest Gump"]
    x = np.array([8.0, 4.0, 2.0, 0.0])

    def joined(kind: str) -> np.ndarray:
        head, incidence = graph.edges(kind)
        with_itself = np.eye(8)
        with_itself[head, graph.node[incidence]] = 1
        keep = [titles.index(label) for label in labels]
        return with_itself[np.ix_(keep, keep)]

    chain, group = (a / a.sum(1, keepdims=True) for a in (joined("actor"), joined("genre")))
    columns = [np.linalg.matrix_power(chain, n) @ x for n in (1, 2, 30)] + [group @ x]
    sums = [f"({' + '.join(f'{v:g}' for v in x[row > 0])}) / {int((row > 0).sum())}" for row in chain]
    rows = [
        [label, f"{start:g}", told, *map(short, found)]
        for label, start, told, *found in zip(labels, x, sums, *columns, strict=True)
    ]
    text = [
        "Four dramas. Draw an arrow each way where two share an actor: a chain (DiCaprio and Winslet, then Paxton, then"
        " Hanks and Sinise). Start with the numbers in the second column; a film takes the mean of its own number and"
        " those of its neighbours. Then join all four, since all are dramas, and take one step."
    ]
    head = ["film", "start", "sum over actor", "one step", "two", "thirty", "genre, one step"]
    text += table(head, rows)
    text += [
        "*What comes out.* Over genre all films are equal after one step: over-smoothing in width. Over actor it takes"
        " many: in depth. Where they meet is no plain mean of the start: a film with more neighbours counts for more."
    ]
    return text


def correlation() -> list[str]:
    """Three compositions of four numbers."""
    from ramgnn.composition import compose

    e, r = torch.tensor([1.0, 2.0, 3.0, 4.0]), torch.tensor([0.0, 1.0, 0.0, 0.0])
    results = {name: compose(e, r, name).round().tolist() for name in ("add", "mult", "corr")}
    rows = [[f"`{name}`", ", ".join(f"{v:g}" for v in result)] for name, result in results.items()]
    circulant = [np.roll(e.int().numpy(), n).tolist() for n in range(4)]
    assert np.allclose(np.array(circulant) @ r.numpy(), results["corr"])
    written = ", ".join(f"$({', '.join(map(str, row))})$" for row in circulant)
    text = [
        "A neighbour $(1, 2, 3, 4)$ and a relation $(0, 1, 0, 0)$. For `corr` write the neighbour four times, each time"
        f" turned one place to the right: {written}. These rows are a matrix, called *circulant*; multiply it by the"
        " relation."
    ]
    text += table(["composition", "result"], rows)
    turned = ", ".join(f"{v:g}" for v in compose(r, e, "corr").round().tolist())
    text += [
        "*What to ask.* Which of the three notices when neighbour and relation change places? (Only `corr`: it becomes"
        f" {turned}.)"
    ]
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
        f"{data.user_labels[0]} has watched {n} films in training. How loudly does each speak in one"
        " linear step, where a film of a viewer has the weight $1 / \\sqrt{d_u\\, d_i}$?"
    ]
    text += table(["film", "viewers", "weight", ""], rows)
    users, items = data.train["user"].to_numpy(), data.train["item"].to_numpy()
    action = data.relation("item", "genre").lists(data.n_items)
    number = np.array([float("Action" in genres) for genres in action])
    weight = (np.bincount(users)[users] * degree[items]) ** -0.5
    after = np.bincount(users, weight * number[items])
    told = ", ".join(f"{name} {short(x)}" for name, x in zip(data.user_labels, after, strict=True))
    text += [
        "Now give every action film the number 1 and every other film 0, and add up what a viewer hears, one viewer a"
        " group.",
        "",
        f"*What comes out.* {told}.",
        "",
        "*What to ask.* Which film is loudest, and why might that be wise? Who likes action most, by these numbers?",
    ]
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
    text += [
        f"*What comes out.* In {counts[0]} of 27 draws no difference is seen, though A was never worse: three viewers"
        " decide nothing.",
        "",
        "Then four comparisons, sorted by p. Holm multiplies the smallest by 4, the next by 3 and so on, and lets none end"
        " below the one before it.",
    ]
    p = np.array([0.001, 0.012, 0.03, 0.04])
    raw = p * np.arange(4, 0, -1)
    rows = [
        ["times", *(f"{n} → {short(x, decimals=3)}" for n, x in zip(range(4, 0, -1), raw, strict=True))],
        ["corrected", *(short(x, decimals=3) for x in np.maximum.accumulate(raw))],
    ]
    text += table(["p", *(short(x, decimals=3) for x in p)], rows)
    return [*text, f"*What comes out.* All four are below .05; {(np.maximum.accumulate(raw) < 0.05).sum()} stand."]


def layer() -> list[str]:
    """One layer for one film, and what a pair costs."""
    own, messages = np.array([1.0, -1.0]), np.array([[2.0, 0.0], [0.0, 4.0], [4.0, 0.0]])
    weights = torch.softmax(torch.tensor([math.log(2), 0.0, 0.0]), 0).double().numpy()
    total, matrix = weights @ messages, np.array([[0.0, 1.0], [1.0, 0.0]])
    told = [
        ["weights of the messages", ", ".join(short(w) for w in weights)],
        ["weighted sum", _pair(total)],
        ["times the matrix", _pair(matrix @ total)],
        ["plus the film's own vector", _pair(matrix @ total + own)],
        ["tanh of each", _pair(np.tanh(matrix @ total + own))],
    ]
    text = [
        "A film with the vector $(1, -1)$ keeps three neighbours. Their messages are $(2, 0)$, $(0, 4)$ and $(4, 0)$, their"
        " logits $\\ln 2$, 0 and 0. The matrix of the layer changes the two numbers of a vector about. What does the film"
        " become?"
    ]
    text += table(["step", "comes out"], told)
    text += ["Then the loss. A pair has the logit $x$, and $s = 1 / (1 + e^{-x})$. What does it cost?"]
    costs = []
    for x in (0.0, 2.0):
        s = 1 / (1 + math.exp(-x))
        costs.append([f"{x:g}", short(s), short(-math.log(s)), short(-math.log(1 - s)), "∞"])
    text += table(["x", "s", "y = 1: −log s", "y = 0: −log (1 − s)", "y = 0, as printed: −log (0 · s)"], costs)
    text += [
        "*What to ask.* What does a pair cost of which nothing is known? Without the pairs with $y = 0$, which embeddings"
        " are best? (All the same.)"
    ]
    return text


def _pair(x: np.ndarray) -> str:
    return f"({', '.join(f'{v:g}' if v == round(v) else short(v) for v in x)})"


def _films():
    from ramgnn.datasets import load
    from ramgnn.graph import MultiRelationalGraph

    return MultiRelationalGraph.from_dataset(load("toy"), "item")


BOARDS: dict[str, Callable[[], list[str]]] = {
    "01": ranking, "02": edges, "02b": averaging, "03": correlation, "04": attention, "05": game, "06": layer, "07": propagation,
    "08": bootstrap,
}  # fmt: skip


class BoardDirective(SphinxDirective):
    """The sheet of a lesson: ``{board} 01``."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        return parsed(self, BOARDS[self.arguments[0]](), "book.bookext.boards")
