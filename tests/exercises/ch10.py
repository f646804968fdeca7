"""Common wrong answers to the exercises of chapter 10."""

import numpy as np


def _rms(x):
    return np.sqrt((x**2).mean())


def _rows(x, like):
    return x / np.linalg.norm(x, axis=1, keepdims=True) * _rms(like)


def _no_guard(x, like):
    with np.errstate(divide="ignore", invalid="ignore"):
        return x * (_rms(like) / _rms(x))


WRONG = {
    "10.2": [
        ("two numbers", lambda n, a, b, both: (a - n, both - b), "in this order"),
        ("alone against b", lambda n, a, b, both: (a - b, both - b, both - a), "only A is on in the one"),
        ("beside a", lambda n, a, b, both: (a - n, both - a, both - a - b + n), "B is on in both corners"),
        ("interplay turned", lambda n, a, b, both: (a - n, both - b, (a - n) - (both - b)), "effect alone"),
        ("no sign", lambda n, a, b, both: (a - n, both - b, abs(both - b - a + n)), "an interplay has a sign"),
    ],
    "10.3": [
        ("mean absolute value", lambda x, like: x * like.mean() / x.mean(), "Square first"),
        ("sum of squares", lambda x, like: x * np.linalg.norm(like) / max(np.linalg.norm(x), 1e-9), "not their sum"),
        ("row by row", _rows, "one factor for the whole matrix|Square first"),
        ("no guard", _no_guard, "not as nan"),
        ("no root", lambda x, like: x * (like**2).mean() / max((x**2).mean(), 1e-9), "Square first"),
        ("like itself", lambda x, like: like, "as many as x"),
    ],
}
