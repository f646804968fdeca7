"""Common wrong answers to the exercises of chapter 01."""

import numpy as np


def _by_hand(rows, held_out):
    return rows.drop(held_out.index), held_out


WRONG = {
    "01.2": [
        ("rank of the mean", lambda ranks, k: 1 / ranks.mean(), "What is their mean"),
        ("no list", lambda ranks, k: (1 / ranks).mean(), "adds nothing"),
        ("mean of the hits", lambda ranks, k: (1 / ranks[ranks <= k]).mean(), "still counts in the mean"),
        ("strictly below k", lambda ranks, k: np.where(ranks < k, 1 / ranks, 0).mean(), "place k itself"),
        ("k is ten", lambda ranks, k: np.where(ranks <= 10, 1 / ranks, 0).mean(), "k is an argument"),
        ("one number each", lambda ranks, k: np.where(ranks <= k, 1 / ranks, 0), "What is their mean"),
    ],
    "01.3": [
        ("the last in the table", lambda r: _by_hand(r, r.drop_duplicates("user", keep="last")),
         "need not come in the order of time"),
        ("the first", lambda r: _by_hand(r, r.loc[r.groupby("user")["time"].idxmin()]),
         "need not come in the order of time"),
        ("train keeps all", lambda r: (r, r.loc[r.groupby("user")["time"].idxmax()]), "each once"),
        ("one row in all", lambda r: _by_hand(r, r.loc[[r["time"].idxmax()]]), "one row for each user"),
    ],
    "01.4": [
        ("all places", lambda lists, n: lists.size / n, "not fifteen"),
        ("one list", lambda lists, n: lists.shape[1] / n, "four of four"),
        ("a number of items", lambda lists, n: len(np.unique(lists)), "five equal lists"),
    ],
}  # fmt: skip
