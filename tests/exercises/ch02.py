"""Common wrong answers to the exercises of chapter 02."""

import numpy as np


def _matrix(groups, n):
    together = np.zeros((n, n))
    for group in groups:
        together[np.ix_(group, group)] += 1
    return together


def _reasons(groups, n):
    together = _matrix(groups, n)
    np.fill_diagonal(together, 0)
    return together.sum(1)


def _itself(groups, n):
    return (_matrix(groups, n) > 0).sum(1)


def _minus_one(groups, n):
    return _itself(groups, n) - 1


def _only_seen(groups, n):
    return np.array([x for x in _minus_one(groups, n) if x > 0])


WRONG = {
    "02.2": [
        ("pairs", lambda sizes: (sizes * (sizes - 1) / 2).sum(), "once in each direction"),
        ("squares", lambda sizes: (sizes**2).sum(), "head for two tails"),
        ("all in one", lambda sizes: sizes.sum() * (sizes.sum() - 1), "no edge"),
        ("32 bits", lambda sizes: (sizes * (sizes - 1)).sum(), "32 bits"),
    ],
    "02.3": [
        ("itself as well", _itself, "its own neighbour"),
        ("reasons", _reasons, "Two reasons, but one neighbour"),
        ("less one", _minus_one, "there are n films"),
        ("those alone left out", _only_seen, "should still have an entry"),
    ],
}
