"""Common wrong answers to the exercises of chapter 02b."""

import numpy as np


def _printed(A, H, W, own=True, mean=True, relu_each=False, inside=True, safe=True):
    total = 0
    for r in W:
        degree = A[r].sum(1, keepdims=True)
        heard = A[r] @ H / (np.maximum(degree, 1) if safe else degree) if mean else A[r] @ H
        sent = (heard + H) @ W[r] if own and inside else heard @ W[r] + (H if own else 0)
        total = total + (np.maximum(sent, 0) if relu_each else sent)
    return np.maximum(total, 0)


def _divided(A, H, W):
    with np.errstate(invalid="ignore"):
        return _printed(A, H, W, safe=False)


def _power(A, layers):
    return np.linalg.matrix_power(A + np.eye(len(A)), layers)


def _row(A):
    A = A + np.eye(len(A))
    return A / A.sum(1, keepdims=True)


def _without_self(A):
    d = np.maximum(A.sum(1), 1)
    return A / np.sqrt(np.outer(d, d))


WRONG = {
    "02b.2": [
        ("neighbours only", lambda A, layers: A.sum(1), "itself"),
        ("one layer whatever is asked", lambda A, layers: A.sum(1) + 1, "neighbours of neighbours"),
        ("ways, not nodes", lambda A, layers: _power(A, layers).sum(1), "counts once"),
        ("exactly so many steps away", lambda A, layers: (np.linalg.matrix_power(A, layers) > 0).sum(1), "itself"),
        ("never less than two", lambda A, layers: np.maximum((_power(A, layers) > 0).sum(1), 2), "knows itself"),
    ],
    "02b.3": [
        ("without the node itself", _without_self, "A \\+ I is all ones"),
        ("rows that sum to 1", _row, "between them"),
        ("the product, no root", lambda A: _without_root(A), "both row sums are 2"),
        ("degrees without the node itself", lambda A: (A + np.eye(len(A))) / np.maximum(1, A.sum(1)), "row sums are 2"),
    ],
    "02b.4": [
        ("no own vector", lambda A, H, W: _printed(A, H, W, own=False), "plus the node's own vector"),
        ("sum over neighbours", lambda A, H, W: _printed(A, H, W, mean=False), "as a mean"),
        ("own vector outside", lambda A, H, W: _printed(A, H, W, inside=False), "passes through W_r"),
        ("ReLU for each relation", lambda A, H, W: _printed(A, H, W, relu_each=True), "ReLU once"),
        ("division by zero", _divided, "mean over nobody"),
    ],
}  # fmt: skip


def _without_root(A):
    A = A + np.eye(len(A))
    return A / np.outer(A.sum(1), A.sum(1))
