"""Chapter 01, recommending from interactions."""

from __future__ import annotations

import numpy as np

from ramgnn.exercises.checking import Exercise, Step, near, value

RANKS = np.array([1.0, 3.0, 4.0, 11.0, 2.0, 30.0])


def _last_out(f) -> tuple[list, list]:
    """What a split keeps and holds out of three people's shuffled rows."""
    import pandas as pd

    rows = pd.DataFrame({
        "user": [0, 1, 0, 2, 1, 0, 2], "item": [5, 6, 7, 5, 8, 6, 9], "time": [30, 10, 10, 50, 20, 20, 40],
    })  # fmt: skip
    train, test = value(f(rows.copy()))
    pair = [sorted(zip(x["user"].tolist(), x["item"].tolist(), strict=True)) for x in (train, test)]
    return pair[0], pair[1]


def _coverage(f, lists, n) -> float:
    return float(value(f(np.array(lists), n)))


EXERCISES = (
    Exercise(
        "01.2",
        "a function mrr(ranks, k) that gives back one number",
        "function",
        (
            Step("ranks within the list", lambda f: near(f(np.array([1.0, 2.0, 4.0]), 10), 1.75 / 3),
                 "for ranks 1, 2 and 4 the reciprocals are 1, 1/2 and 1/4. What is their mean?"),
            Step("a rank beyond the list", lambda f: near(f(np.array([1.0, 11.0]), 10), 0.5),
                 "an item that is not on the list of k adds nothing, but its user still counts in the mean."),
            Step("a rank that is just on the list", lambda f: near(f(np.array([10.0]), 10), 0.1),
                 "place k itself is still on the list."),
            Step("a list of another length", lambda f: near(f(RANKS, 3), (1 + 1 / 3 + 1 / 2) / 6),
                 "k is an argument; is a 10 written somewhere in your function?"),
        ),
    ),
    Exercise(
        "01.3",
        "a function split(rows) that gives back two tables, train and test",
        "function",
        (
            Step("one row of each user is held out", lambda f: [u for u, _ in _last_out(f)[1]] == [0, 1, 2],
                 "the test table should have one row for each user."),
            Step("nothing is lost and nothing is in both tables",
                 lambda f: sorted(_last_out(f)[0] + _last_out(f)[1])
                 == [(0, 5), (0, 6), (0, 7), (1, 6), (1, 8), (2, 5), (2, 9)],
                 "train and test together should be all the rows, each once."),
            Step("the row that is held out is the latest", lambda f: _last_out(f)[1] == [(0, 5), (1, 8), (2, 5)],
                 "rows need not come in the order of time; look at the column `time`."),
        ),
    ),
    Exercise(
        "01.4",
        "a function coverage(lists, n_items) that gives back a share from 0 to 1",
        "function",
        (
            Step("everybody is shown the same three of ten", lambda f: near(_coverage(f, [[0, 1, 2]] * 5, 10), 0.3),
                 "five equal lists of three items show three items, not fifteen."),
            Step("all items are shown", lambda f: near(_coverage(f, [[0, 1], [2, 3]], 4), 1.0),
                 "two lists that share nothing show four of four items."),
            Step("some items on several lists", lambda f: near(_coverage(f, [[0, 1], [1, 2], [2, 3]], 8), 0.5),
                 "an item on two lists counts once."),
        ),
    ),
)  # fmt: skip
