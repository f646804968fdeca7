"""From a scorer (`ramgnn.scores`) to the rank of every held-out item."""

from __future__ import annotations

import numpy as np
import torch
from scipy.sparse import csr_matrix
from torch import Tensor
from tqdm import tqdm

from ramgnn import arguments
from ramgnn.datasets.base import RecDataset
from ramgnn.errors import RamgnnError
from ramgnn.scores import Scorer, checked_scores

TIES = ("average", "optimistic", "pessimistic")
MAX_SCORES = 2**22  # scores held at once: 16 MiB in float32; larger blocks are slower, they leave the cache


@torch.no_grad()
def rank_test(
    score: Scorer, dataset: RecDataset, ties: str = "average", block: int = 1024, progress: bool = False
) -> np.ndarray:
    """The rank of each held-out item among its candidates, 1 is best.

    The candidates are all items that the user had not had, the held-out item among them: what is in the training set
    is left out, and so is what `RecDataset.seen` says was rated too low to be learned from. Where the data set has
    sampled `negatives`, the candidates are the held-out item and these. With g candidates above the held-out item and
    e others equal to it, the rank is

        1 + g + e / 2   ``"average"``, the mean place over all orders of the tied ones, which may end in .5;
        1 + g           ``"optimistic"``, what the published code of RCF computes: a constant scorer looks perfect;
        1 + g + e       ``"pessimistic"``.

    Args:
        score: the scorer.
        dataset: data set with `n_test` test rows.
        ties: one of the three above.
        block: how many users are scored at once; fewer where their scores would take more than 16 MiB.
        progress: show a progress bar.

    Returns:
        ``(n_test,)`` float64, row by row with ``dataset.test``.

    Raises:
        ScoreError: scores have the wrong shape or are not numbers.
        RamgnnError: `ties` is unknown or `block` below 1.
    """
    check_ties(ties)
    if not callable(score):
        raise arguments.wrong("score", score, "a function of b users to (b, n_items) scores")
    arguments.instance("dataset", dataset, RecDataset, "a data set")
    block = arguments.whole_number("block", block, 1)
    users, items = (dataset.test[column].to_numpy(copy=True) for column in ("user", "item"))  # pandas 3 lends read-only
    seen = dataset.matrix(seen=True) if dataset.negatives is None else None
    score_pairs = getattr(score, "score_pairs", None) if seen is None else None
    width = dataset.n_items if score_pairs is None else 1 + dataset.negatives.shape[1]
    tie_weight = {"average": 0.5, "optimistic": 0.0, "pessimistic": 1.0}[ties]
    step = min(block, max(1, MAX_SCORES // max(width, 1)))
    ranks = np.empty(len(users), np.float64)
    with tqdm(total=len(users), desc="ranking", unit="user", disable=not progress) as bar:
        for start in range(0, len(users), step):
            rows = slice(start, min(start + step, len(users)))
            if seen is not None:
                scores = _as_tensor(checked_scores(score(users[rows]), users[rows], dataset, width))  # (b, n_items)
                target = torch.as_tensor(items[rows], device=scores.device)[:, None]  # (b, 1)
                above, equal = _count_among_all(scores, target, seen[users[rows]])
            else:
                candidates = np.concatenate([items[rows, None], dataset.negatives[rows]], 1)  # (b, 1 + n_negatives)
                values = score(users[rows]) if score_pairs is None else score_pairs(users[rows], candidates)
                scores = _as_tensor(checked_scores(values, users[rows], dataset, width))
                if score_pairs is None:
                    columns = torch.as_tensor(candidates, dtype=torch.int64, device=scores.device)
                    scores = scores.gather(1, columns)
                above, equal = _count_among_sample(scores, candidates)
            ranks[rows] = 1.0 + above + tie_weight * equal
            bar.update(rows.stop - rows.start)
    return ranks


def _count_among_sample(scores: Tensor, candidates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How many candidates score above the held-out item, and how many the same.

    Args:
        scores: ``(b, 1 + n)``, the held-out item first.
        candidates: ``(b, 1 + n)`` their items; a sampled item that is the held-out one does not count.
    """
    target, sampled = scores[:, :1], scores[:, 1:]
    is_rival = torch.as_tensor(candidates[:, 1:] != candidates[:, :1], device=scores.device)
    above, equal = (sampled > target) & is_rival, (sampled == target) & is_rival
    return above.sum(1).cpu().numpy(), equal.sum(1).cpu().numpy()


def _count_among_all(scores: Tensor, target: Tensor, seen: csr_matrix) -> tuple[np.ndarray, np.ndarray]:
    """How many unseen items score above the held-out item, and how many the same.

    Args:
        scores: ``(b, n_items)``.
        target: ``(b, 1)`` the held-out items.
        seen: ``(b, n_items)`` what the users had before.
    """
    target_score = scores.gather(1, target)
    above = (scores > target_score).count_nonzero(1)
    equal = (scores == target_score).count_nonzero(1) - 1  # the held-out item equals itself
    # what the user has seen is subtracted cell by cell, so that the scorer's own array is left as it is
    row, column = (torch.as_tensor(x, dtype=torch.int64, device=scores.device) for x in seen.nonzero())
    is_rival = column != target[row, 0]
    row, column = row[is_rival], column[is_rival]
    seen_score = scores[row, column]
    above.index_add_(0, row, -(seen_score > target_score[row, 0]).long())
    equal.index_add_(0, row, -(seen_score == target_score[row, 0]).long())
    return above.cpu().numpy(), equal.cpu().numpy()


def _as_tensor(scores: np.ndarray | Tensor) -> Tensor:
    """Scores as a tensor: a tensor as it is, an array on the CPU."""
    if isinstance(scores, Tensor):
        return scores
    if scores.dtype.kind in "ub":  # torch cannot compare most kinds of unsigned numbers
        scores = scores.astype(np.int64)
    return torch.from_numpy(np.require(scores, requirements=["C", "W"]))  # torch wants writable memory


def check_ties(ties: str) -> None:
    """Refuse an unknown treatment of ties.

    Raises:
        RamgnnError: `ties` is not one of `TIES`.
    """
    if ties not in TIES:
        raise RamgnnError(f"ties is {ties!r}; expected one of {', '.join(map(repr, TIES))}")
