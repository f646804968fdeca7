"""Chapter 07, from embeddings to recommendations."""

from __future__ import annotations

import numpy as np
import torch

from ramgnn.exercises.checking import Exercise, Step, array, near, value


def _step(f, users: list, items: list, x_i: list, n_users: int) -> np.ndarray:
    """What a propagation step gives for a few interactions."""
    return array(value(f(torch.tensor(users), torch.tensor(items), torch.tensor(x_i), n_users)))


def _drawn(f, known: list, n_items: int, seed: int = 0) -> np.ndarray:
    """What is drawn for each row."""
    return np.asarray(value(f(known, n_items, np.random.default_rng(seed)))).ravel()


def _even(f) -> bool:
    """Whether 600 draws from four free items give each of them 150 times, more or less."""
    count = np.bincount(_drawn(f, [[1, 2, 3]] * 600, 7), minlength=7)
    return bool((count[[0, 4, 5, 6]] > 100).all())


EXERCISES = (
    Exercise(
        "07.2",
        "a function step(users, items, x_i, n_users) that gives back a tensor with one row for each user",
        "function",
        (
            Step("one viewer, one film that nobody else knows",
                 lambda f: near(_step(f, [0], [1], [[9.0, 9.0], [1.0, 2.0]], 1), [[1, 2]]),
                 "both degrees are 1, so the film's vector arrives as it is. Which rows of x_i does the viewer get?"),
            Step("one viewer, four films that nobody else knows",
                 lambda f: near(_step(f, [0, 0, 0, 0], [0, 1, 2, 3], [[2.0], [2.0], [2.0], [2.0]], 1), [[4]]),
                 "d_u is 4 and each d_i is 1. What is the root of the product, and four times 2 divided by it? "
                 "It is neither the sum nor the mean."),
            Step("four viewers, one film",
                 lambda f: near(_step(f, [0, 1, 2, 3], [0, 0, 0, 0], [[2.0]], 4), [[1], [1], [1], [1]]),
                 "d_i is 4 and each d_u is 1. A film counts less the more viewers it has, whoever asks."),
            Step("a viewer without films, at the end", lambda f: near(_step(f, [0, 0], [0, 1], [[1.0], [1.0]], 2),
                 [[2**0.5], [0]]),
                 "there are n_users rows; whoever has no films gets zeros, and nothing is divided by 0."),
            Step("interactions in any order", lambda f: near(
                _step(f, [1, 0, 1], [0, 0, 1], [[2.0, 0.0], [0.0, 2.0]], 2), [[2**0.5, 0], [1, 2**0.5]], 1e-5),
                 "count d_u and d_i over all rows; each row has a weight of its own."),
        ),
    ),
    Exercise(
        "07.3",
        "a function negatives(known, n_items, rng) that gives back one item number for each row",
        "function",
        (
            Step("one number for each row", lambda f: _drawn(f, [[0], [1, 2], [3]], 9).shape == (3,),
                 "three rows need three numbers."),
            Step("nothing that the row knows", lambda f: all(
                _drawn(f, [[0, 1, 2], [2, 3, 4]] * 40, 5, seed)[n] not in [[0, 1, 2], [2, 3, 4]][n % 2]
                for seed in range(3) for n in range(80)),
                 "an item of the row's own list came up. What should happen with such a draw?"),
            Step("what others know may be drawn",
                 lambda f: {0, 1} <= set(_drawn(f, [[2], [0], [1]] * 60, 3)[::3].tolist()),
                 "an item that another row knows is not known to this one; and numbers go from 0 to n_items - 1."),
            Step("rows are drawn one by one", lambda f: len(set(_drawn(f, [[0]] * 50, 9).tolist())) > 4,
                 "fifty rows with the same list should not all get the same item or one of very few."),
            Step("each of the free items equally often", _even,
                 "of items 0 to 6, with 1, 2 and 3 known, each of the other four should come up in about a quarter "
                 "of the draws. Does one of them take the draws that hit a known item?"),
        ),
    ),
)  # fmt: skip
