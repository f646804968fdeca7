"""Chapter 09, against five encoders."""

from __future__ import annotations

import numpy as np

from ramgnn.exercises.checking import Exercise, Step, array, near, value

TURN = np.array([[0.0, 1.0], [1.0, 0.0]])
ONE = np.eye(2)


def _step(f, x: list, neighbours: list, self_matrix: np.ndarray, type_matrices: list) -> np.ndarray:
    """What the reader's step of R-GCN gives."""
    return array(value(f(np.array(x, float), neighbours, self_matrix.copy(), np.array(type_matrices, float))))


def _weights(f, adjacency: list) -> np.ndarray:
    """What the reader's weights of GCN are."""
    return array(value(f(np.array(adjacency, float))))


def _untouched(f) -> bool:
    """Whether the adjacency that was handed in is as it was."""
    adjacency = np.array([[0.0, 1.0], [1.0, 0.0]])
    f(adjacency)
    return near(adjacency, [[0, 1], [1, 0]])


EXERCISES = (
    Exercise(
        "09.2",
        "a function rgcn(x, neighbours, own, typed) that gives back an array of the shape of x",
        "function",
        (
            Step("a node alone", lambda f: near(_step(f, [[1, 2]], [[[]]], TURN, [ONE]), [[2, 1]]),
                 "a node without neighbours keeps x[i] @ own, nothing added. What is the mean of an empty list?"),
            Step("one neighbour", lambda f: near(
                _step(f, [[1, 0], [0, 3]], [[[1], []]], ONE, [TURN]), [[4, 0], [0, 3]]),
                 "node 0 has one neighbour, [0, 3]. Times the matrix of the type it is [3, 0]; node 0 adds [1, 0]."),
            Step("the mean, not the sum", lambda f: near(
                _step(f, [[0, 0], [2, 0], [4, 0]], [[[1, 2], [], []]], ONE, [ONE]), [[3, 0], [2, 0], [4, 0]]),
                 "two neighbours under one type, [2, 0] and [4, 0]: their mean is added."),
            Step("each type its own mean", lambda f: near(
                _step(f, [[0, 0], [2, 0], [4, 0]], [[[1], [], []], [[2], [], []]], ONE, [ONE, ONE]),
                [[6, 0], [2, 0], [4, 0]]),
                 "one neighbour under each of two types: two means of one row each, added. They share no denominator."),
            Step("each type its own matrix", lambda f: near(
                _step(f, [[0, 0], [2, 0], [4, 0]], [[[1], [], []], [[2], [], []]], ONE, [ONE, TURN]),
                [[2, 4], [2, 0], [4, 0]]),
                 "the second type's matrix exchanges the two numbers; the first one's does nothing."),
            Step("from the old rows", lambda f: near(
                _step(f, [[1, 0], [3, 0]], [[[1], [0]]], ONE, [ONE]), [[4, 0], [4, 0]]),
                 "both nodes hear each other. Node 1 must hear what node 0 was *before* this step."),
        ),
    ),
    Exercise(
        "09.3",
        "a function gcn_weights(adjacency) that gives back a square array",
        "function",
        (
            Step("a node alone", lambda f: near(_weights(f, [[0]]), [[1]]),
                 "a node without neighbours has itself: A + I is 1, and so is its row sum."),
            Step("two that are joined", lambda f: near(_weights(f, [[0, 1], [1, 0]]), [[0.5, 0.5], [0.5, 0.5]]),
                 "both rows of A + I sum to 2. What is 1/√2 times 1 times 1/√2?"),
            Step("a row of three", lambda f: near(
                _weights(f, [[0, 1, 0], [1, 0, 1], [0, 1, 0]]),
                [[1 / 2, 1 / 6**0.5, 0], [1 / 6**0.5, 1 / 3, 1 / 6**0.5], [0, 1 / 6**0.5, 1 / 2]]),
                 "the ends have a row sum of 2, the middle of 3. Both ends of an edge bring a factor of their own."),
            Step("edges that count twice", lambda f: near(
                _weights(f, [[0, 2], [2, 0]]), [[1 / 3, 2 / 3], [2 / 3, 1 / 3]]),
                 "two shared values make an entry of 2: it counts in the row sum, and stays 2 in A + I."),
            Step("the reader's matrix is left alone", _untouched,
                 "the matrix that was handed in has changed. Add I to a copy of it."),
        ),
    ),
)  # fmt: skip
