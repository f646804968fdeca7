"""Common wrong answers to the exercises of chapter 14."""

import numpy as np


def _memory(vectors, rank, lengths, weigh):
    rows = [weigh(np.asarray(rank, float), float(length)) for length in lengths]
    return np.stack([w @ vectors for w in rows])


def _share(w):
    return w / w.sum()


WRONG = {
    "14.2": [
        ("counts what came before", lambda t: [sum(y < x for y in t) for x in t], "the last thing has the rank 0"),
        ("order of the rows", lambda t: list(range(len(t)))[::-1], "each gets their mean"),
        ("ties not counted", lambda t: [sum(y > x for y in t) for x in t], "each gets their mean"),
        ("ties counted whole", lambda t: [sum(y >= x for y in t) - 1 for x in t], "each gets their mean"),
        ("counts itself", lambda t: [sum(y > x for y in t) + sum(y == x for y in t) / 2 for x in t], "the rank 0"),
        ("takes them for sorted", lambda t: [2.0, 1.0, 0.0] if list(t) == [3, 5, 9] else [1.0] * 3 if len(t) == 3
         else [4.0, 2.0, 2.0, 2.0, 0.0], "need not be sorted"),
    ],
    "14.3": [
        ("wrong sign", lambda x, r, t: _memory(x, r, t, lambda r, t: _share(np.exp(np.minimum(r / t, 700)))),
         "the sign in the exponent"),
        ("no share", lambda x, r, t: _memory(x, r, t, lambda r, t: np.exp(-r / t)), "add up to 1"),
        ("powers of two", lambda x, r, t: _memory(x, r, t, lambda r, t: _share(2.0 ** (-r / t))), "the softmax"),
    ],
}  # fmt: skip
