"""Chapter 05, how many neighbours."""

from __future__ import annotations

from ramgnn.exercises.checking import Exercise, Step, near, value

THREE = [0.0, 0.25, 1.0]


def _average(f, scores, groups, k) -> float:
    return float(value(f(list(scores), [list(g) for g in groups], k)))


def _move(f, *arguments) -> float:
    return float(value(f(*arguments)))


EXERCISES = (
    Exercise(
        "05.2",
        "a function average_distance(scores, groups, k) that gives back one number",
        "function",
        (
            Step("one group of three, where each node keeps both others",
                 lambda f: near(_average(f, THREE, [[0, 1, 2]], 5), 2 / 3),
                 "scores 0, .25 and 1: node 0 has the distances .25 and 1, node 1 has .25 and .75. "
                 "Is each of them positive, and is a node no neighbour of itself?"),
            Step("the same group with k = 1", lambda f: near(_average(f, THREE, [[0, 1, 2]], 1), 1.25 / 3),
                 "with k = 1 each node keeps the one that is nearest to it, and no other."),
            Step("a node that is alone", lambda f: near(_average(f, [*THREE, 0.9], [[0, 1], [2], [3]], 2), 0.25),
                 "a node without neighbours has no average; it is not 0, and does not enter the mean over nodes."),
            Step("nodes with different numbers of neighbours",
                 lambda f: near(_average(f, [*THREE, 0.0, 0.1], [[0, 1, 2], [3, 4]], 2), 2.2 / 5),
                 "each node counts once in the mean, whether it keeps one neighbour or two."),
            Step("a node with two values, k = 1",
                 lambda f: near(_average(f, [*THREE, 0.5], [[0, 1], [0, 2, 3]], 1), 1.5 / 4),
                 "k belongs to the type: all values of a node share its places."),
            Step("two nodes that share two values",
                 lambda f: near(_average(f, THREE, [[0, 1, 2], [0, 1]], 2), 1.375 / 3),
                 "an edge is a shared value, so a neighbour that shares two values takes two places."),
        ),
    ),
    Exercise(
        "05.3",
        "a function move(k, before, now, step, most) that gives back the new threshold",
        "function",
        (
            Step("the distance fell", lambda f: near(_move(f, 5, 0.5, 0.4, 2, 100), 7),
                 "from k = 5, step 2: the average fell from .5 to .4, which is a success. "
                 "Where does a success move the threshold?"),
            Step("the distance grew", lambda f: near(_move(f, 5, 0.4, 0.5, 2, 100), 3),
                 "from k = 5, step 2: the average grew from .4 to .5. Which way is that?"),
            Step("the distance stayed", lambda f: near(_move(f, 5, 0.4, 0.4, 2, 100), 7),
                 "look at Eq. 13 once more: what does it say of two equal averages?"),
            Step("another step", lambda f: near(_move(f, 5, 0.5, 0.4, 3, 100), 8),
                 "the step is an argument; is a 2 written somewhere in your function?"),
            Step("near the lower end", lambda f: near(_move(f, 2, 0.4, 0.5, 2, 100), 1),
                 "a threshold of 0 or less keeps no node. What is the lowest that is allowed?"),
            Step("near the upper end", lambda f: near(_move(f, 7, 0.5, 0.4, 2, 8), 8),
                 "7 and a step of 2, but at most 8: how far can it go?"),
        ),
    ),
)  # fmt: skip
