"""Common wrong answers to the exercises of chapter 15."""

import numpy as np


def _centred(scores, place, k):
    return place - k // 2, k + 1


def _clipped(scores, place, k):
    first, last = max(0, place - k // 2), min(len(scores), place + k // 2 + 1)
    return first, last - first


def _right(scores, place, k, most=True, itself=True):
    low = high = place
    while high - low < k and (not most or high - low < len(scores) - 1):
        left = scores[place] - scores[low - 1] if low > 0 else np.inf
        right = scores[high + 1] - scores[place] if high + 1 < len(scores) else np.inf
        low, high = (low - 1, high) if left < right else (low, high + 1)
    return low, high - low + itself


def _softmax(logits, messages, tails, shift):
    rows = []
    for own in tails:
        with np.errstate(all="ignore"):
            weight = np.exp(logits[own] - shift(logits))
            rows.append(weight @ messages[own] / weight.sum())
    return np.stack(rows)


WRONG = {
    "15.2": [
        ("half to each side", _centred, "The two nearest to 4"),
        ("half to each side, clipped", _clipped, "The two nearest to 4"),
        ("without itself", lambda s, p, k: _right(s, p, k, itself=False), "holds the film itself"),
        ("runs off the end", lambda s, p, k: (0, k + 1) if k >= len(s) else _right(s, p, k), "six neighbours at most"),
        ("first and last", lambda s, p, k: (_right(s, p, k)[0], sum(_right(s, p, k)) - 1), "The two nearest to 4"),
    ],
    "15.3": [
        ("all tails", lambda a, m, t: _softmax(a, m, [slice(None)] * len(t), lambda a: a.max()), "its own tails"),
        ("sum without the ratio", lambda a, m, t: np.stack([np.exp(a[o]) @ m[o] for o in t]), "divided by their sum"),
        ("no shift", lambda a, m, t: _softmax(a, m, t, lambda a: 0.0), "infinite"),
        ("fixed shift", lambda a, m, t: _softmax(a, m, t, lambda a: 1000.0), "own tails|0/0 is no number"),
        ("largest of all", lambda a, m, t: _softmax(a, m, t, lambda a: a.max()), "Whose largest"),
    ],
}  # fmt: skip
