"""Chapter 15, a graph of 1.4 billion edges."""

from __future__ import annotations

import numpy as np

from ramgnn.exercises.checking import Exercise, Step, array, near, value

LINE = np.array([0.0, 1.0, 1.5, 4.0, 4.5, 5.5, 9.0])  # sorted scores


def _window(f, place, k, line=LINE) -> set[int]:
    first, length = (int(x) for x in value(f(line.copy(), place, k)))
    return set(range(first, first + length))


def _attention(f, shift: float) -> np.ndarray:
    logits = np.array([0.0, 1.0, 2.0, 3.0]) + shift
    messages = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [2.0, -1.0]])
    return array(f(logits, messages, [[0, 1, 2], [2, 3]]))


THREE, TWO = (0.09003057, 0.24472847, 0.66524096), (0.26894142, 0.73105858)  # softmax of 0, 1, 2 and of 0, 1
RIGHT = np.array([[THREE[0] + THREE[2], THREE[1] + THREE[2]], [TWO[0] + 2 * TWO[1], TWO[0] - TWO[1]]])

EXERCISES = (
    Exercise(
        "15.2",
        "a function window(scores, place, k) that gives back two whole numbers, first and length",
        "function",
        (
            Step("somebody in the middle", lambda f: _window(f, 3, 2) == {3, 4, 5},
                 "the scores are 0, 1, 1.5, 4, 4.5, 5.5, 9. The two nearest to 4 are 4.5 and 5.5, and the window holds "
                 "the film itself as well."),
            Step("somebody at the end", lambda f: _window(f, 0, 2) == {0, 1, 2},
                 "there is nobody to the left of the first; the window can only grow to the right."),
            Step("more than there are", lambda f: _window(f, 2, 50) == set(range(7)),
                 "a group of seven has six neighbours at most."),
            Step("nobody", lambda f: _window(f, 4, 0) == {4}, "with k = 0 the window holds the film alone."),
            Step("everywhere on the line", lambda f: all(
                _distances(LINE, p, _window(f, p, k)) == _nearest(LINE, p, k) for p in range(7) for k in range(7)),
                 "compare with the slow way: sort all distances from one film, and take k of them."),
        ),
    ),
    Exercise(
        "15.3",
        "a function attend(logits, messages, tails) that gives back one row for each head",
        "function",
        (
            Step("small logits", lambda f: near(_attention(f, 0.0), RIGHT, 1e-5),
                 "the weights of a head are the exponentials of its own tails' logits, divided by their sum; head 0 "
                 "has the tails 0, 1 and 2."),
            Step("large logits", lambda f: near(_attention(f, 1000.0), RIGHT, 1e-5),
                 "e to the power of 1,000 is infinite. What can be subtracted from logits without changing a ratio?"),
            Step("logits far below zero", lambda f: near(_attention(f, -2000.0), RIGHT, 1e-5),
                 "e to the power of −2,000 is 0, and 0/0 is no number. Subtract the largest, not a fixed number."),
            Step("one head's logits far above another's", lambda f: near(
                array(f(np.array([0.0, 1.0, 2000.0]), np.eye(3), [[0, 1], [2]]))[0], [0.26894142, 0.73105858, 0], 1e-5),
                 "with the largest logit of all, head 0 becomes 0/0. Whose largest does each head need?"),
        ),
    ),
)  # fmt: skip


def _nearest(line: np.ndarray, place: int, k: int) -> list[float]:
    return sorted(np.abs(np.delete(line, place) - line[place]))[:k]


def _distances(line: np.ndarray, place: int, window: set[int]) -> list[float]:
    return sorted(abs(line[i] - line[place]) for i in window - {place})
