"""Chapter 14, time matters."""

from __future__ import annotations

import numpy as np

from ramgnn.exercises.checking import Exercise, Step, array, near

EXERCISES = (
    Exercise(
        "14.2",
        "a function ranks(times) that gives back one number for each time",
        "function",
        (
            Step("one after the other", lambda f: near(array(f([3, 5, 9])), [2.0, 1.0, 0.0]),
                 "the last thing has the rank 0, the one before it 1."),
            Step("all at once", lambda f: near(array(f([7, 7, 7])), [1.0, 1.0, 1.0]),
                 "three things of one second take the places 0, 1 and 2; each gets their mean."),
            Step("ties among others", lambda f: near(array(f([1, 2, 2, 2, 5])), [4.0, 2.0, 2.0, 2.0, 0.0]),
                 "how many things came later, and how many others at the same time? Those count half."),
            Step("in any order", lambda f: near(array(f([5, 2, 1, 2, 2])), [0.0, 2.0, 4.0, 2.0, 2.0]),
                 "the times need not be sorted; compare each with all others."),
        ),
    ),
    Exercise(
        "14.3",
        "a function attend(vectors, rank, lengths) that gives back one row for each length",
        "function",
        (
            Step("a short memory", lambda f: near(array(f(np.eye(3), np.array([2.0, 1.0, 0.0]), [0.01])), [[0, 0, 1]]),
                 "with a very short memory only the last thing counts; is the sign in the exponent right?"),
            Step("an endless memory", lambda f: near(
                array(f(np.eye(3), np.array([2.0, 1.0, 0.0]), [1e12])), [[1 / 3] * 3], 1e-6),
                 "with an endless memory all count alike, as in Eq. 19; do the weights add up to 1?"),
            Step("two at a time", lambda f: near(
                array(f(np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([1.0, 0.0]), [1.0, 2.0])),
                [[0.26894142, 0.73105858], [0.37754067, 0.62245933]], 1e-6),
                 "a row for each length: the weights are the softmax of −r / τ, and multiply the vectors."),
        ),
    ),
)  # fmt: skip
