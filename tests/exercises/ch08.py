"""Common wrong answers to the exercises of chapter 08."""

import numpy as np


def _other_users(a, b, picks):
    return a[picks].mean(1) - b[picks[::-1]].mean(1)


def _bonferroni(p):
    return np.minimum(1, np.array(p) * len(p))


def _no_cap(p):
    order, found, highest = np.argsort(p), np.zeros(len(p)), 0.0
    for place, i in enumerate(order):
        highest = max(highest, p[i] * (len(p) - place))
        found[i] = highest
    return found


def _no_maximum(p):
    order, found = np.argsort(p), np.zeros(len(p))
    for place, i in enumerate(order):
        found[i] = min(1, p[i] * (len(p) - place))
    return found


def _sorted(p):
    return sorted(np.minimum(1, _no_cap(p)))


WRONG = {
    "08.2": [
        ("b less a", lambda a, b, picks: (b - a)[picks].mean(1), "A's less B's"),
        ("sums", lambda a, b, picks: (a - b)[picks].sum(1), "What are the two means"),
        ("one number", lambda a, b, picks: (a - b)[picks].mean(), "What are the two means"),
        ("over draws", lambda a, b, picks: (a - b)[picks].mean(0), "two means|Over which axis"),
        ("each once", lambda a, b, picks: np.array([(a - b)[np.unique(x)].mean() for x in picks]), "counts twice"),
        ("not drawn", lambda a, b, picks: np.full(len(picks), (a - b).mean()), "counts twice"),
        ("other users for b", _other_users, "Do both get the users of that row"),
    ],
    "08.3": [
        ("as they are", lambda p: p, "number of all comparisons"),
        ("Bonferroni", _bonferroni, "how many comparisons are left"),
        ("sorted", _sorted, "belongs where its own p stood"),
        ("no maximum", _no_maximum, "may not end up with a smaller"),
        ("no cap", _no_cap, "at most 1"),
    ],
}
