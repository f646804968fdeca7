"""Common wrong answers to the exercises of chapter 04."""

import numpy as np


def _plain(x):
    w = np.exp(x)
    return w / w.sum()


def _less(shift):
    def softmax(x):
        w = np.exp(x - shift(x))
        return w / w.sum()

    return softmax


def _with_a_little(x):
    w = np.exp(x - x.max())
    return w / (w.sum() + 1e-3)


def _cut_off(x):
    w = np.exp(np.maximum(x - x.max(), -1.0))
    return w / w.sum()


def _in_place(x):
    x -= x.max()
    w = np.exp(x)
    return w / w.sum()


def _per_type(alpha, type, n_types):
    return np.array([alpha[type == t].mean() if (type == t).any() else 0.0 for t in range(n_types)])


def _count(alpha, type, n_types):
    return np.bincount(type, minlength=n_types) / len(type)


WRONG = {
    "04.2": [
        ("not divided", lambda x: np.exp(x - x.max()), "divided by their sum"),
        ("divided by the largest", lambda x: np.exp(x) / np.exp(x).max(), "divided by their sum"),
        ("logits divided", lambda x: (x + 1) / (x + 1).sum(), "exponentials are 1, 2 and 5"),
        ("powers of two", lambda x: 2.0**x / (2.0**x).sum(), "exponentials are 1, 2 and 5"),
        ("as it stands", _plain, "Which number can you take off"),
        ("clipped", lambda x: _plain(np.clip(x, -50, 50)), "Which number can you take off"),
        ("largest absolute value", _less(lambda x: np.abs(x).max()), "below zero"),
        ("never below zero", _less(lambda x: max(x.max(), 0)), "below zero"),
        ("mean taken off", _less(lambda x: x.mean()), "the largest logit that you take off"),
        ("least taken off", _less(lambda x: x.min()), "the largest logit that you take off"),
        ("a little in the denominator", _with_a_little, "divided by|sum to less"),
        ("cut off below", _cut_off, "exponentials are 1, 2 and 5"),
        ("in place", _in_place, "changes the array"),
    ],
    "04.3": [
        ("mean weight of an edge", _per_type, "what does each type get in all"),
        ("edges counted", _count, "what does each type get in all"),
        ("not divided by films", lambda a, t, n: np.bincount(t, a, n), "the mean over films"),
        ("divided by edges", lambda a, t, n: np.bincount(t, a, n) / len(a), "what does each type get in all"),
        ("always two films", lambda a, t, n: np.bincount(t, a, n) / (1 if len(a) < 4 else len(a) / 2),
         "each film counts the same"),
        ("only types that occur", lambda a, t, n: np.bincount(t, a)[np.unique(t)] / a.sum(), "a place for each"),
        ("as long as the last type", lambda a, t, n: np.bincount(t, a) / a.sum(), "a place for each"),
    ],
}  # fmt: skip
