"""Chapter 08, against eight recommenders."""

from __future__ import annotations

import numpy as np

from ramgnn.exercises.checking import Exercise, Step, array, near, value

A, B = np.array([1.0, 0.5, 0.0]), np.array([0.0, 0.5, 1.0])


def _difference(f, a: list, b: list, picks: list) -> np.ndarray:
    """What the reader's function gives for gains of two models and drawn users."""
    return array(value(f(np.array(a, float), np.array(b, float), np.array(picks))))


EXERCISES = (
    Exercise(
        "08.2",
        "a function differences(gain_a, gain_b, picks) that gives back one number for each row of picks",
        "function",
        (
            Step("everybody once", lambda f: near(_difference(f, [1, 1, 0], [0, 1, 0], [[0, 1, 2]]), [1 / 3]),
                 "A gains 1 + 1 + 0, B 0 + 1 + 0, from three users. What are the two means, and A's less B's?"),
            Step("one number for each row", lambda f: _difference(f, A, B, [[0, 1, 2], [2, 1, 0]]).shape == (2,),
                 "picks has two rows, so two numbers are wanted. Over which axis is the mean?"),
            Step("a user who is drawn twice", lambda f: near(_difference(f, [3, 0, 0], [0, 0, 0], [[0, 0, 2]]), [2]),
                 "a user who stands in a row twice counts twice in it, and one who does not counts not at all."),
            Step("the same users for both", lambda f: near(
                _difference(f, A, B, [[0, 0, 0], [2, 2, 2], [0, 2, 1]]), [1, -1, 0]),
                 "in the first row only user 0 was drawn: A has 1 there and B 0. Do both get the users of that row?"),
            Step("as many draws as you like", lambda f: near(
                _difference(f, [1, 0], [0, 0], [[0, 1]] * 500), [0.5] * 500),
                 "500 rows give 500 numbers."),
        ),
    ),
    Exercise(
        "08.3",
        "a function holm(p) that gives back one corrected p for each p, in their order",
        "function",
        (
            Step("a single p", lambda f: near(f([0.03]), [0.03]),
                 "with one comparison there is nothing to correct."),
            Step("the smallest of three", lambda f: near(array(f([0.01, 0.5, 0.6]))[0], 0.03),
                 "the smallest p is multiplied by the number of all comparisons."),
            Step("the second smallest", lambda f: near(array(f([0.01, 0.02, 0.9]))[1], 0.04),
                 "once the smallest is dealt with, how many comparisons are left? That is the factor of the next."),
            Step("in the order they came", lambda f: near(f([0.9, 0.01, 0.02]), [0.9, 0.03, 0.04]),
                 "the corrected p of each comparison belongs where its own p stood."),
            Step("never below an earlier one", lambda f: near(f([0.01, 0.011, 0.012]), [0.03, 0.03, 0.03]),
                 "0.012 times 1 is less than what 0.01 got. A larger p may not end up with a smaller corrected one."),
            Step("never above 1", lambda f: near(f([0.4, 0.6, 0.7]), [1, 1, 1]), "a p is at most 1."),
        ),
    ),
)  # fmt: skip
