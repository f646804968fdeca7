"""Chapter 03, composing neighbours with relations."""

from __future__ import annotations

import numpy as np

from ramgnn.exercises.checking import Exercise, Step, array, near

A, B = np.array([5.0, 1.0, 0.0, 2.0]), np.array([1.0, 0.0, 3.0, 3.0])
ODD = np.array([[1.0, 2.0, 0.0, -1.0, 3.0], [2.0, 0.5, 1.0, 0.0, -1.0]])
NO_ZERO = np.array([1.0, 2.0, 3.0, 4.0])  # neither in its entries nor in its frequencies


def _corr(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    d = len(a)
    return np.array([sum(a[i] * b[(i + k) % d] for i in range(d)) for k in range(d)])


def _conv(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    d = len(a)
    return np.array([sum(a[i] * b[(k - i) % d] for i in range(d)) for k in range(d)])


def _unbound(f, relation: np.ndarray, neighbour: np.ndarray) -> np.ndarray:
    """What comes back for the message of a neighbour."""
    return array(f(_corr(neighbour, relation), relation.copy()))


EXERCISES = (
    Exercise(
        "03.2",
        "a function corr(a, b) that gives back as many numbers as a has",
        "function",
        (
            Step("as many numbers come back as went in", lambda f: array(f(A.copy(), B.copy())).shape == (4,),
                 "there is one number for each k from 0 to d - 1, and nothing sticks out: what leaves at one end comes "
                 "in at the other."),
            Step("a correlation, not a convolution", lambda f: not near(f(A.copy(), B.copy()), _conv(A, B)),
                 "in your sums the two indices add up to k. In a correlation it is their difference that is k."),
            Step("which of the two is shifted, and to which side",
                 lambda f: not near(f(A.copy(), B.copy()), _corr(B, A)),
                 "these are the right numbers in another order. Write out k = 1: which entry of b stands beside a[0]?"),
            Step("the vectors of this chapter", lambda f: near(f(A.copy(), B.copy()), _corr(A, B)),
                 "work out k = 1 by hand, with all four products. Does the entry that is shifted out come back at the "
                 "other end?"),
            Step("five numbers", lambda f: near(f(*ODD.copy()), _corr(*ODD)),
                 "is a length written somewhere in your function?"),
        ),
    ),
    Exercise(
        "03.3",
        "a function unbind(message, relation) that gives back the neighbour",
        "function",
        (
            Step("a neighbour of four numbers, in its order",
                 lambda f: not near(_unbound(f, NO_ZERO, A), A[[0, 3, 2, 1]]),
                 "these are the right numbers in another order. What does the bar in the product of frequencies do to "
                 "the neighbour?"),
            Step("its frequencies, in their size",
                 lambda f: not near(_unbound(f, NO_ZERO, A), _corr(_corr(A, NO_ZERO), NO_ZERO)),
                 "the direction is roughly right, but each frequency comes back |ê_n|² times too large: enough to "
                 "recognise the neighbour, and not exact."),
            Step("the neighbour of this chapter", lambda f: near(_unbound(f, NO_ZERO, A), A),
                 "composed with the relation once more, what you give back should be the message. In which domain is "
                 "the message a product, and how is a product undone?"),
            Step("five numbers", lambda f: near(_unbound(f, ODD[1], ODD[0]), ODD[0]),
                 "four numbers and five have equally many frequencies. How does the way back know which it is?"),
        ),
    ),
)  # fmt: skip
