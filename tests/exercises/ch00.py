"""Common wrong answers to the exercises of chapter 00."""

import numpy as np


def _zeroed(scores, known, n):
    scores[known] = 0
    return np.argsort(-scores)[:n]


def _removed(scores, known, n):
    return np.argsort(-np.delete(scores, known))[:n]


def _after(scores, known, n):
    return [i for i in np.argsort(-scores)[:n] if i not in known]


def _interval(hits, z=1.96, root=True):
    p, n = hits.mean(), len(hits)
    error = (p * (1 - p) / n) ** (0.5 if root else 1)
    return p - z * error, p + z * error


WRONG = {
    "00.2": [
        ("worst first", lambda scores, known, n: np.argsort(scores)[:n], "items 1 and 3"),
        ("known stay", lambda scores, known, n: np.argsort(-scores)[:n], "must not be on the list"),
        ("taken out afterwards", _after, "must still have n items"),
        ("known get zero", _zeroed, "a score below zero"),
        ("numbers move", _removed, "must not be on the list"),
        ("scores themselves", lambda scores, known, n: np.sort(scores)[::-1][:n], "items 1 and 3"),
    ],
    "00.3": [
        ("one standard error", lambda hits: _interval(hits, 1.0), "1.96 of those"),
        ("variance", lambda hits: _interval(hits, root=False), "standard error"),
        ("of single viewers", lambda hits: (hits.mean() - hits.std(), hits.mean() + hits.std()), "standard error"),
        ("high first", lambda hits: _interval(hits)[::-1], "low has to be below"),
    ],
}
