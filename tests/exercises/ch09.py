"""Common wrong answers to the exercises of chapter 09."""

import warnings

import numpy as np


def _step(mean=True, one_mean=False, in_place=False, own=True, first=False):
    def rgcn(x, neighbours, w, typed):
        found = x if in_place else x @ w if own else np.zeros_like(x)
        for i in range(len(x)):
            js = [j for lists in neighbours for j in lists[i]]
            for t, lists in enumerate(neighbours):
                if len(lists[i]):
                    total = x[list(lists[i])].sum(0) @ typed[0 if first else t]
                    found[i] = found[i] + total / (len(js) if one_mean else len(lists[i]) if mean else 1)
        return found

    return rgcn


def _empty(x, neighbours, own, typed):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return x @ own + sum(
            np.array([x[np.array(js, int)].mean(0) @ w for js in lists])
            for lists, w in zip(neighbours, typed, strict=True)
        )


def _from_new(x, neighbours, own, typed):
    found = x @ own
    for lists, w in zip(neighbours, typed, strict=True):
        for i, js in enumerate(lists):
            if len(js):
                found[i] += found[list(js)].mean(0) @ w
    return found


def _gcn(power=-0.5, both=True, loops=True, binary=False, touch=False):
    def weights(a):
        if touch:
            a += np.eye(len(a))
        m = (a > 0).astype(float) if binary else a
        m = m if touch else m + np.eye(len(m)) if loops else m
        with np.errstate(divide="ignore", invalid="ignore"):
            scale = m.sum(1) ** power
            return scale[:, None] * m * (scale if both else 1)

    return weights


def _degree_without_self(a):
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = a.sum(1) ** -0.5
        return scale[:, None] * (a + np.eye(len(a))) * scale


WRONG = {
    "09.2": [
        ("an empty mean", _empty, "mean of an empty list"),
        ("without own", _step(own=False), "keeps x"),
        ("own left out", _step(in_place=True), "keeps x"),
        ("sums", _step(mean=False), "their mean is added"),
        ("one mean over all types", _step(one_mean=True), "share no denominator"),
        ("one matrix for all", _step(first=True), "exchanges the two numbers"),
        ("from new rows", _from_new, r"\*before\* this step"),
    ],
    "09.3": [
        ("no self-loops", _gcn(loops=False), "has itself"),
        ("degree without itself", _degree_without_self, "has itself"),
        ("rows only", _gcn(power=-1.0, both=False), "Both ends of an edge"),
        ("one factor", _gcn(both=False), "1/√2 times 1"),
        ("whole inverse", _gcn(power=-1.0), "1/√2 times 1"),
        ("edges count once", _gcn(binary=True), "stays 2"),
        ("changes what it got", _gcn(touch=True), "copy"),
    ],
}
