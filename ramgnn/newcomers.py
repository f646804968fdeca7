"""People who were not there in training: what they had says where among the users they belong.

A user's embedding is trained, and somebody new has none. But the embeddings of users hang together with those of the
items they had: a linear map from the mean of these to the embedding of the user, fitted to all users that there are,
gives one to a newcomer. A model that scores by what somebody had (EASE, say) needs no such map: it has a method
``newcomer_scores(had)`` of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_matrix

from ramgnn.errors import RamgnnError
from ramgnn.scores import as_array, below_infinity

if TYPE_CHECKING:
    from ramgnn.fitted import FittedModel

RIDGE = 1e-3  # of the mean square of the inputs: enough for a solution where there are few users


def newcomer_scores(model: FittedModel, had: Sequence[np.ndarray]) -> np.ndarray:
    """The scores of all items for people who were not there in training: ``(b, n_items)`` float64.

    Args:
        model: a fitted model.
        had: for each of b people the indices of the items they had, at least one, oldest first.

    Raises:
        RamgnnError: the model scores neither by what somebody had nor by embeddings.
        ScoreError: see `below_infinity`.
    """
    scorer = model.scorer
    if hasattr(scorer, "newcomer_scores"):
        return below_infinity(as_array(scorer.newcomer_scores(had)), model.name)
    if hasattr(scorer, "user_embeddings") and hasattr(scorer, "item_embeddings"):
        return below_infinity(model.newcomer_map.scores(had), model.name)
    raise RamgnnError(
        f"{model.name} knows the people that it was trained on and nobody else; train it again with the new ones, or "
        "take a model that scores by what somebody had, such as ram-gnn or ease"
    )


@dataclass(frozen=True, eq=False)
class NewcomerMap:
    r"""From what somebody had to an embedding like those of the users in training.

    .. math:: x_u \approx W \Big[\frac{1}{|N(u)|} \sum_{i \in N(u)} x_i \mathbin\Vert 1\Big]

    Attributes:
        items: ``(n_items, d)`` x_i.
        weight: ``(d + 1, d)`` W, transposed.
    """

    items: np.ndarray
    weight: np.ndarray

    @classmethod
    def fit(cls, users: np.ndarray, items: np.ndarray, had: csr_matrix) -> NewcomerMap:
        """Fit the map by least squares, with a small ridge.

        Args:
            users: ``(n_users, d)`` x_u; items: ``(n_items, d)`` x_i, the final embeddings.
            had: ``(n_users, n_items)`` 1 where a user had an item; users without one are left out.
        """
        there = np.flatnonzero(np.diff(had.indptr))
        x = _with_one(_means(items, had[there]))  # (n, d + 1)
        gram = x.T @ x  # (d + 1, d + 1)
        ridge = RIDGE * np.trace(gram) / len(gram) * np.eye(len(gram))
        return cls(items, np.linalg.solve(gram + ridge, x.T @ users[there].astype(np.float64)))

    def scores(self, had: Sequence[np.ndarray]) -> np.ndarray:
        """x_u · x_i of newcomers: ``(b, n_items)`` float64.

        Args:
            had: for each of b newcomers the indices of the items, at least one.
        """
        size = [len(items) for items in had]
        rows = csr_matrix(
            (np.ones(sum(size)), np.concatenate(had), np.concatenate([[0], np.cumsum(size)])),
            shape=(len(had), len(self.items)),
        )
        return _with_one(_means(self.items, rows)) @ self.weight @ self.items.T.astype(np.float64)


def _means(items: np.ndarray, had: csr_matrix) -> np.ndarray:
    """The mean embedding of the items in each row: ``(n, d)`` float64."""
    return (had @ items.astype(np.float64)) / np.diff(had.indptr)[:, None]


def _with_one(x: np.ndarray) -> np.ndarray:
    """A column of ones behind the others: ``(n, d)`` to ``(n, d + 1)``."""
    return np.concatenate([x, np.ones((len(x), 1))], axis=1)
