"""Chapter 00, quick start."""

from __future__ import annotations

import numpy as np

from ramgnn.exercises.checking import Exercise, Step, array, near

SCORES = np.array([0.1, 0.9, 0.4, 0.8, 0.7, -0.2, 0.3])


def _list(f, known, n) -> list[int]:
    return [int(i) for i in array(f(SCORES.copy(), np.array(known, int), n))]


EXERCISES = (
    Exercise(
        "00.2",
        "a function best(scores, known, n) that gives back n item numbers",
        "function",
        (
            Step("nothing is known", lambda f: _list(f, [], 2) == [1, 3],
                 "the two highest of the scores .1, .9, .4, .8, .7, -.2, .3 belong to items 1 and 3."),
            Step("the best one is known", lambda f: _list(f, [1], 2) == [3, 4],
                 "an item that the viewer knows must not be on the list, and the list must still have n items."),
            Step("all but items with low scores are known", lambda f: _list(f, [1, 2, 3, 4, 6], 2) == [0, 5],
                 "a score below zero can be the best one left. Which number did you give the known items?"),
            Step("another length", lambda f: _list(f, [0], 4) == [1, 3, 4, 2],
                 "n is an argument, and the list goes from the best to the worst."),
        ),
    ),
    Exercise(
        "00.3",
        "a function interval(hits) that gives back two numbers, low and high",
        "function",
        (
            Step("everybody is hit", lambda f: near(f(np.ones(50)), [1, 1]), "without chance both ends are the mean."),
            Step("the mean lies between", lambda f: np.all(np.diff([
                array(f(np.arange(400) % 4 == 0))[0], 0.25, array(f(np.arange(400) % 4 == 0))[1]]) > 0),
                 "low has to be below the mean of the hits, high above it."),
            Step("how wide it is", lambda f: near(
                np.ptp(array(f(np.arange(400) % 4 == 0))), 2 * 1.96 * (0.25 * 0.75 / 400) ** 0.5, 0.15),
                 "a share p of n viewers has a standard error of √(p (1 − p) / n), and 95 % lie within 1.96 of those "
                 "on each side. Whether you compute it so or by drawing, the width should be near that."),
            Step("more viewers", lambda f: near(
                np.ptp(array(f(np.arange(1600) % 4 == 0))), 2 * 1.96 * (0.25 * 0.75 / 1600) ** 0.5, 0.15),
                 "four times as many viewers should halve the width."),
        ),
    ),
)  # fmt: skip
