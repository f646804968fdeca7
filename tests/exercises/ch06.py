"""Common wrong answers to the exercises of chapter 06."""

import numpy as np
import torch


def _exp_first(own, messages, logits, w):
    weight = logits.exp()
    return torch.tanh(w @ ((weight / weight.sum()) @ messages) + own)


def _branches(x, y):
    """Right in value; the branch that is not taken still has a gradient."""
    z = torch.where(y == 1, -x, x)
    return torch.where(z > 30, z, torch.log1p(torch.exp(z))).mean()


WRONG = {
    "06.2": [
        ("no activation", lambda o, m, a, w: w @ (torch.softmax(a, 0) @ m) + o, "What does σ do"),
        ("raw logits", lambda o, m, a, w: torch.tanh(w @ (a @ m) + o), "whatever its logit"),
        ("a sum without weights", lambda o, m, a, w: torch.tanh(w @ m.sum(0) + o), "add up to 1"),
        ("activation of each message", lambda o, m, a, w: w @ (torch.softmax(a, 0) @ torch.tanh(m)) + o,
         "not before it"),
        ("equal weights", lambda o, m, a, w: torch.tanh(w @ m.mean(0) + o), "Are the logits used"),
        ("without the film", lambda o, m, a, w: torch.tanh(w @ (torch.softmax(a, 0) @ m)), "inside σ"),
        ("the film outside", lambda o, m, a, w: torch.tanh(w @ (torch.softmax(a, 0) @ m)) + o, "inside σ"),
        ("transposed", lambda o, m, a, w: torch.tanh((torch.softmax(a, 0) @ m) @ w + o), "to the left"),
        ("the film through the matrix", lambda o, m, a, w: torch.tanh(w @ (torch.softmax(a, 0) @ m + o)),
         "acts on them alone"),
        ("exp overflows", _exp_first, "may be taken from all logits"),
    ],
    "06.3": [
        ("a sum", lambda x, y: torch.nn.functional.softplus(torch.where(y == 1, -x, x)).sum(), "Is it a mean"),
        ("two as base", lambda x, y: -torch.log2(torch.sigmoid(torch.where(y == 1, x, -x))).mean(), "natural log"),
        ("positives only", lambda x, y: (y * torch.nn.functional.softplus(-x)).mean(), "Is it a mean"),
        ("the wrong sign", lambda x, y: torch.nn.functional.softplus(torch.where(y == 1, x, -x)).mean(), "cost little"),
        ("negatives as positives", lambda x, y: torch.nn.functional.softplus(-x).mean(), "cost much"),
        ("through s", lambda x, y: -torch.log(torch.sigmoid(torch.where(y == 1, x, -x))).mean(),
         "without ever making s"),
        ("a small number added", lambda x, y: -torch.log(torch.sigmoid(torch.where(y == 1, x, -x)) + 1e-12).mean(),
         "without ever making s"),
        ("branches", _branches, "thrown away"),
        ("a plain number", lambda x, y: np.nan, "Is it a mean"),
    ],
}  # fmt: skip
