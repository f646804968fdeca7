"""Chapter 10, what each part does."""

from __future__ import annotations

import numpy as np

from ramgnn.exercises.checking import Exercise, Step, array, near, value


def _effects(f, *corners: float) -> np.ndarray:
    """The three numbers that the reader's function gives for four corners."""
    return array(value(f(*corners)))


def _scaled(f, x: list, like: list) -> np.ndarray:
    return array(value(f(np.array(x, float), np.array(like, float))))


EXERCISES = (
    Exercise(
        "10.2",
        "a function effects(neither, a, b, both) that gives back three numbers",
        "function",
        (
            Step("three numbers", lambda f: _effects(f, 0.0, 0.0, 0.0, 0.0).shape == (3,),
                 "the effect of A alone, that beside B, and the interplay, in this order."),
            Step("A alone", lambda f: near(_effects(f, 1.0, 3.0, 10.0, 20.0)[0], 2),
                 "only A is on in the one, nothing in the other: which two corners are that?"),
            Step("A beside B", lambda f: near(_effects(f, 1.0, 3.0, 10.0, 20.0)[1], 10),
                 "B is on in both corners, A in one of them only."),
            Step("the interplay", lambda f: near(_effects(f, 1.0, 3.0, 10.0, 20.0)[2], 8),
                 "by how much is the effect beside B larger than the effect alone?"),
            Step("parts that do the same work", lambda f: near(_effects(f, 0.0, 1.0, 1.0, 1.0), [1, 0, -1]),
                 "an interplay has a sign: here the second part adds nothing to the first."),
        ),
    ),
    Exercise(
        "10.3",
        "a function same_length(x, like) that gives back an array of the shape of x",
        "function",
        (
            Step("the shape of x", lambda f: _scaled(f, [[1, 2, 3]], [[1, 1], [1, 1]]).shape == (1, 3),
                 "like only says how long entries are; the result has as many as x."),
            Step("a matrix of ones", lambda f: near(_scaled(f, [[1, 1], [1, 1]], [[3, -3], [3, -3]]), [[3, 3], [3, 3]]),
                 "the root mean square of 3 and -3 is 3. Square first, then the mean, then the root."),
            Step("directions stay", lambda f: near(_scaled(f, [[1, 0], [0, 3]], [[5, 0], [0, 5]]),
                                                   np.array([[1, 0], [0, 3]]) * (12.5 / 2.5) ** 0.5),
                 "one factor for the whole matrix: rows that are longer than others stay longer."),
            Step("a matrix of another size", lambda f: near(_scaled(f, [[2.0]], [[1, 1], [1, 1], [1, 1]]), [[1]]),
                 "it is the mean of the squares that counts, not their sum."),
            Step("zeros", lambda f: near(_scaled(f, [[0, 0]], [[1, 1]]), [[0, 0]]),
                 "zeros cannot be made longer; they should come back as they are, not as nan."),
        ),
    ),
)  # fmt: skip
