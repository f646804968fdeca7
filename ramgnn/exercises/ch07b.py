"""Chapter 07b, what is pre-training worth?"""

from __future__ import annotations

import numpy as np

from ramgnn.exercises.checking import Exercise, Step, array, near


def _ends(f, differences: list) -> np.ndarray:
    """What is said about some differences: mean, low, high."""
    return array(f(differences))


EXERCISES = (
    Exercise(
        "07b.2",
        "a function ahead(epochs, a, b) that gives back a number of epochs, or NaN",
        "function",
        (
            Step("a curve that is ahead by two validations",
                 lambda f: near(f([0, 2, 4, 6], [0.2, 0.35, 0.4, 0.5], [0.0, 0.1, 0.2, 0.3]), 4),
                 "b ends at 0.3 in epoch 6; a has that in epoch 2 for the first time. The answer is in epochs, not in "
                 "validations."),
            Step("a value that is just reached", lambda f: near(f([0, 2, 4], [0.1, 0.3, 0.4], [0.1, 0.2, 0.3]), 2),
                 "what counts is reaching the value: as much as b has is enough."),
            Step("a curve that rises and falls again",
                 lambda f: near(f([0, 5, 10, 15], [0.1, 0.5, 0.2, 0.6], [0.0, 0.6, 0.1, 0.4]), 10),
                 "the value to reach is what b has at its end, not its largest; and the first epoch counts."),
            Step("a curve that never gets there", lambda f: near(f([0, 2, 4], [0.1, 0.1, 0.1], [0.0, 0.1, 0.2]),
                 np.nan), "then there is no such epoch: the answer is float('nan')."),
        ),
    ),
    Exercise(
        "07b.3",
        "a function interval(differences) that gives back three numbers: mean, low, high",
        "function",
        (
            Step("three numbers", lambda f: _ends(f, [1.0, 2.0, 3.0, 4.0]).shape == (3,),
                 "mean, low and high, in this order."),
            Step("the mean of four seeds", lambda f: near(_ends(f, [1.0, 2.0, 3.0, 6.0])[0], 3),
                 "the mean is the sum of the differences over their number."),
            Step("differences that are all alike", lambda f: near(_ends(f, [2.0, 2.0, 2.0]), [2, 2, 2]),
                 "where nothing varies the interval is a point."),
            Step("two seeds", lambda f: near(_ends(f, [0.0, 2.0])[2] - 1, 12.7062, 1e-4),
                 lambda f: f"half the width is t s / root n. With two seeds t is 12.71, s the root of 2, n = 2: 12.71; "
                           f"yours is {_ends(f, [0.0, 2.0])[2] - 1:.2f}. Is s divided by n - 1? Is t taken for n - 1?"),
            Step("eight seeds", lambda f: near(_ends(f, list(range(8))), [3.5, 1.45215, 5.54785], 1e-4),
                 "t depends on the number of seeds, and low lies as far below the mean as high above it."),
        ),
    ),
)  # fmt: skip
