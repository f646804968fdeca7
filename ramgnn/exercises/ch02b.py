"""Chapter 02b, message passing in one page."""

from __future__ import annotations

import numpy as np

from ramgnn.exercises.checking import Exercise, Step, array, near, value

CHAIN = np.array([[0, 1, 0, 0], [1, 0, 1, 0], [0, 1, 0, 1], [0, 0, 1, 0]])
STAR = np.array([[0, 1, 1, 1], [1, 0, 0, 0], [1, 0, 0, 0], [1, 0, 0, 0]])
ALONE = np.zeros((2, 2), int)
H = np.array([[2.0, 0.0], [0.0, 4.0], [1.0, 1.0], [3.0, -1.0]])
W = {"a": np.array([[1.0, 0.0], [0.0, 1.0]]), "b": np.array([[0.0, 1.0], [-1.0, 0.0]])}


def _printed(A, H, W):
    """The first line of Eq. 2: mean, addition, ReLU."""
    total = np.zeros((len(H), next(iter(W.values())).shape[1]))
    for r in W:
        total += (A[r] @ H / np.maximum(A[r].sum(1, keepdims=True), 1) + H) @ W[r]
    return np.maximum(total, 0)


def _sent(f, A, W) -> np.ndarray:
    return array(f({r: a.copy() for r, a in A.items()}, H.copy(), {r: w.copy() for r, w in W.items()}))


def _is(f, A, W) -> bool:
    return near(_sent(f, A, W), _printed(A, H, W))


EXERCISES = (
    Exercise(
        "02b.2",
        "a function reach(A, layers) that gives back one count for each node",
        "function",
        (
            Step("one layer on a chain", lambda f: near(f(CHAIN, 1), [2, 3, 3, 2]),
                 "after one layer a node has heard from itself and from its neighbours: 2 at an end, 3 in the middle."),
            Step("two layers on a chain", lambda f: near(f(CHAIN, 2), [3, 4, 4, 3]),
                 "two layers reach the neighbours of neighbours. Each node counts once, however many ways lead to it."),
            Step("two layers on a star", lambda f: near(f(STAR, 2), [4, 4, 4, 4]),
                 "a leaf hears from the other leaves through the middle."),
            Step("nobody to hear from, and no layer",
                 lambda f: near(f(ALONE, 3), [1, 1]) and near(f(CHAIN, 0), [1, 1, 1, 1]),
                 "a node without neighbours, or before the first layer, knows itself: 1."),
        ),
    ),
    Exercise(
        "02b.3",
        "a function gcn_weights(A) that gives back a matrix of the same shape",
        "function",
        (
            Step("two nodes and one edge", lambda f: near(f(np.array([[0, 1], [1, 0]])), np.full((2, 2), 0.5)),
                 "A + I is all ones, both row sums are 2, so each entry is 1 / √(2 · 2)."),
            Step("a star, whose degrees differ",
                 lambda f: near(array(f(STAR))[0], [1 / 4, *[1 / np.sqrt(8)] * 3]),
                 "the middle has d = 4 and a leaf d = 2: the entry between them is 1 / √(4 · 2)."),
            Step("both directions weigh the same", lambda f: near(array(f(STAR)), array(value(f(STAR))).T),
                 "the matrix is symmetric: divide by both degrees, not by that of the row alone."),
            Step("a node without neighbours", lambda f: near(f(ALONE), np.eye(2)),
                 "with itself as its only neighbour it keeps its vector: 1 on the diagonal."),
        ),
    ),
    Exercise(
        "02b.4",
        "a function rgcn_printed(A, H, W) that gives back one row for each node",
        "function",
        (
            Step("one relation with the identity as its matrix", lambda f: _is(f, {"a": CHAIN}, {"a": W["a"]}),
                 "with W_r = I each row is the mean of the neighbours plus the node's own vector, negatives set to 0. "
                 "Do neighbours come as a mean, and is the node itself not among them?"),
            Step("another matrix", lambda f: _is(f, {"b": CHAIN}, {"b": W["b"]}),
                 "the own vector is joined before the matrix comes, so it passes through W_r too; ReLU is last."),
            Step("two relations", lambda f: _is(f, {"a": CHAIN, "b": STAR}, W),
                 "add what all relations send, then apply ReLU once. The own vector comes once for each relation."),
            Step("a relation without edges", lambda f: _is(f, {"a": np.zeros((4, 4), int), "b": STAR}, W),
                 "the mean over nobody is zero, not a division by zero; the own vector is still added."),
        ),
    ),
)  # fmt: skip
