"""Common wrong answers to the exercises of chapter 07b."""

import numpy as np
from scipy.stats import t


def _ahead(epochs, a, b, level=None, strict=False, last=False):
    level = b[-1] if level is None else level
    found = [e for e, x in zip(epochs, a, strict=True) if (x > level if strict else x >= level)]
    return epochs[-1] - found[-1 if last else 0] if found else np.nan


def _validations(epochs, a, b):
    found = [n for n, x in enumerate(a) if x >= b[-1]]
    return len(epochs) - 1 - found[0] if found else np.nan


def _or_zero(epochs, a, b):
    found = _ahead(epochs, a, b)
    return 0 if np.isnan(found) else found


def _interval(x, factor, ddof=1, root=True):
    x = np.asarray(x, float)
    half = factor(len(x)) * x.std(ddof=ddof) / (np.sqrt(len(x)) if root else 1)
    return x.mean(), x.mean() - half, x.mean() + half


def _student(n):
    return t.ppf(0.975, n - 1)


WRONG = {
    "07b.2": [
        ("validations", _validations, "in epochs, not in"),
        ("more than b has", lambda e, a, b: _ahead(e, a, b, strict=True), "as much as b has is enough"),
        ("the last epoch", lambda e, a, b: _ahead(e, a, b, last=True), "in epoch 2 for the first time"),
        ("the best of b", lambda e, a, b: _ahead(e, a, b, level=max(b)), "not its largest"),
        ("zero where it never happens", _or_zero, "no such epoch"),
    ],
    "07b.3": [
        ("the mean alone", lambda x: np.mean(x), "mean, low and high"),
        ("the median", lambda x: (np.median(x), np.min(x), np.max(x)), "the sum of the differences"),
        ("the normal distribution", lambda x: _interval(x, lambda n: 1.96), "With two seeds t is"),
        ("another spread", lambda x: _interval(x, _student, ddof=0), "divided by n - 1"),
        ("no root of n", lambda x: _interval(x, _student, root=False), "t s / root n"),
        ("t of n", lambda x: _interval(x, lambda n: t.ppf(0.975, n)), "taken for n - 1"),
        ("one tail", lambda x: _interval(x, lambda n: t.ppf(0.95, n - 1)), "With two seeds t is"),
        ("always two seeds", lambda x: _interval(x, lambda n: t.ppf(0.975, 1)), "depends on the number"),
        ("ends swapped", lambda x: (lambda m, a, b: (m, b, a))(*_interval(x, _student)), "t s / root n"),
        ("lowest and highest", lambda x: (np.mean(x), np.min(x), np.max(x)), "t s / root n"),
    ],
}
