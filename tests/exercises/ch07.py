"""Common wrong answers to the exercises of chapter 07."""

import numpy as np
import torch


def _table(users, items, x_i, n_users):
    table = torch.zeros(n_users, len(x_i))
    table[users, items] = 1
    return table


def _mean(users, items, x_i, n_users):
    table = _table(users, items, x_i, n_users)
    return table @ x_i / table.sum(1, keepdim=True)


def _no_guard(users, items, x_i, n_users):
    table = _table(users, items, x_i, n_users)
    return table @ (x_i / table.sum(0)[:, None].sqrt()) / table.sum(1, keepdim=True).sqrt()


def _no_root(users, items, x_i, n_users):
    table = _table(users, items, x_i, n_users)
    return table @ (x_i / table.sum(0)[:, None].clamp(min=1)) / table.sum(1, keepdim=True).clamp(min=1)


def _users_only(users, items, x_i, n_users):
    table = _table(users, items, x_i, n_users)
    return table @ x_i / table.sum(1, keepdim=True).clamp(min=1).sqrt()


def _as_many_as_seen(users, items, x_i, n_users):
    table = _table(users, items, x_i, int(users.max()) + 1)
    d_i = table.sum(0)[:, None].clamp(min=1)
    return table @ (x_i / d_i.sqrt()) / table.sum(1, keepdim=True).clamp(min=1).sqrt()


def _next_free(known, n_items, rng):
    drawn = []
    for own in known:
        j = rng.integers(n_items)
        while j in own:
            j = (j + 1) % n_items
        drawn.append(j)
    return drawn


def _nobody_knows(known, n_items, rng):
    everything = {j for own in known for j in own}
    free = sorted(set(range(n_items)) - everything) or [-1]
    return rng.choice(free, len(known))


def _one_for_all(known, n_items, rng):
    start = int(rng.integers(n_items))
    return [next(j % n_items for j in range(start, start + n_items) if j % n_items not in own) for own in known]


def _again_once(known, n_items, rng):
    drawn = rng.integers(n_items, size=len(known))
    again = rng.integers(n_items, size=len(known))
    return [b if a in own else a for a, b, own in zip(drawn, again, known, strict=True)]


def _never_the_last(known, n_items, rng):
    free = [[j for j in range(n_items - 1) if j not in own] or [n_items - 1] for own in known]
    return np.array([rng.choice(x) for x in free])


WRONG = {
    "07.2": [
        ("sum", lambda u, i, x, n: _table(u, i, x, n) @ x, "neither the sum nor the mean"),
        ("mean", _mean, "neither the sum nor the mean|divided by 0"),
        ("no root", _no_root, "neither the sum nor the mean"),
        ("only the viewer's degree", _users_only, "whoever asks"),
        ("division by zero", _no_guard, "arrives as it is|divided by 0"),
        ("only viewers who occur", _as_many_as_seen, "there are n_users rows"),
        ("the other way", lambda u, i, x, n: x, "Which rows of x_i"),
    ],
    "07.3": [
        ("any item", lambda known, n, rng: rng.integers(n, size=len(known)), "the row's own list came up"),
        ("drawn again once only", _again_once, "the row's own list came up"),
        ("one number", lambda known, n, rng: rng.integers(n), "three rows need three numbers"),
        ("nobody knows it", _nobody_knows, "not known to this one"),
        ("never the last", _never_the_last, "about a quarter"),
        ("the same for all", _one_for_all, "not known to this one|fifty rows"),
        ("the next free one", _next_free, "about a quarter"),
        ("the first free one", lambda known, n, rng: [min(set(range(n)) - set(own)) for own in known],
         "not known to this one|fifty rows"),
    ],
}  # fmt: skip
