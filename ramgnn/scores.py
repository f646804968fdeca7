"""What gives scores, and the checks of what it gives back; it may be of PyTorch or not, so that is not imported here.

A *scorer* is anything that takes an array of b users and gives back ``(b, n_items)`` scores, as a NumPy array or as a
torch tensor on any device; a higher score is a better place.

Where scores are expensive, from a network that is run for each pair for example, a scorer may also have a method
``score_pairs(users, items)``: from ``(b,)`` users and ``(b, n)`` items to ``(b, n)`` scores, equal to those that the
call gives for the same pairs. Where the candidates are a sample, only their scores are computed then.

Where scores are products with a vector for each item, a scorer may also have a method ``item_embeddings()``: these
vectors, ``(n_items, d)``. The similarity of two items is then their cosine (`FittedModel.similar_items`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ramgnn.datasets.base import RecDataset
from ramgnn.errors import RamgnnError

if TYPE_CHECKING:
    from torch import Tensor

Scorer = Callable[[np.ndarray], "np.ndarray | Tensor"]


class ScoreError(RamgnnError, ValueError):
    """A scorer gave back something that cannot be ranked."""


def as_array(x: Any) -> np.ndarray:
    """A tensor or an array as a float64 array of its own."""
    return np.array(x.detach().cpu().numpy() if is_tensor(x) else x, np.float64)


def is_tensor(x: Any) -> bool:
    """Whether something is a tensor of PyTorch."""
    return hasattr(x, "detach")


def below_infinity(scores: np.ndarray, name: str) -> np.ndarray:
    """The scores that something is recommended by, as they are; those of -infinity are of items that never are.

    Raises:
        ScoreError: one is +infinity or no number, as products of weights that are too large are.
    """
    if not (scores < np.inf).all():
        raise ScoreError(f"{name} gives scores that are no finite numbers: its weights are too large; train again")
    return scores


def checked_scores(values: object, users: np.ndarray, dataset: RecDataset, width: int) -> np.ndarray | Tensor:
    """What a scorer gave back for `users`, ``(b, width)``: a tensor as it is, anything else as an array.

    Raises:
        ScoreError: it has another shape, or holds something that is no number.
    """
    scores = values if is_tensor(values) else np.asarray(values)
    if tuple(scores.shape) != (len(users), width):
        raise ScoreError(
            f"the scorer gave back an array of shape {tuple(scores.shape)} for {len(users)} users; "
            f"expected ({len(users)}, {width}), one score for each user and item"
        )
    if not is_tensor(scores) and scores.dtype.kind not in "fiub":
        raise ScoreError(f"the scorer gave back {scores.dtype} values; expected numbers")
    if (bad := _not_numbers(scores)) is not None:
        rows = bad.any(1)
        first = users[int(np.argmax(rows))]
        raise ScoreError(
            f"{int(bad.sum())} of {bad.size} scores are NaN, for {int(rows.sum())} of {len(rows)} users, "
            f"the first of them {dataset.user_ids[first]!r} (index {first}); a NaN has no rank. "
            "Training may have diverged: try a lower learning rate"
        )
    return scores


def _not_numbers(scores: np.ndarray | Tensor) -> np.ndarray | None:
    """Where scores are NaN, of the same shape; None where none is.

    A NaN makes the sum NaN, and a sum is faster than a test of every cell; infinities may make one without any.
    """
    scores = scores.detach() if is_tensor(scores) else scores
    with np.errstate(over="ignore", invalid="ignore"):
        if not np.isnan(float(scores.sum())):
            return None
    bad = scores.isnan().cpu().numpy() if is_tensor(scores) else np.isnan(scores)
    return bad if bad.any() else None


def best(scores: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """The columns and the values of the n largest entries of each row that are above -inf: ``(b, n)`` each.

    Where a row has fewer the rest is -1 and NaN.
    """
    n_left = min(n, scores.shape[1])
    items = np.full((len(scores), n), -1)
    values = np.full((len(scores), n), np.nan)
    if len(scores) and n_left:
        items[:, :n_left] = _largest(scores, n_left)
        values[:, :n_left] = np.take_along_axis(scores, items[:, :n_left], 1)
        absent = values == -np.inf
        items[absent], values[absent] = -1, np.nan
    return items, values


def _largest(scores: np.ndarray, n: int) -> np.ndarray:
    """The columns of the n largest entries of each row, largest first, ties by column: ``(b, n)``."""
    if n >= scores.shape[1]:
        return np.argsort(-scores, axis=1, kind="stable")[:, :n]
    chosen = np.argpartition(-scores, n - 1, axis=1)[:, :n]
    chosen.sort(axis=1)
    least = np.take_along_axis(scores, chosen, 1).min(1, keepdims=True)
    order = np.argsort(-np.take_along_axis(scores, chosen, 1), axis=1, kind="stable")
    chosen = np.take_along_axis(chosen, order, 1)
    # where more entries are as large as the last one than there are places, a full sort decides among them by column
    for row in np.flatnonzero((scores >= least).sum(1) > n):
        chosen[row] = np.argsort(-scores[row], kind="stable")[:n]
    return chosen
