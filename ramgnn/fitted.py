"""What every fitted model answers, by original ids: recommend, score, similar items, explain."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from ramgnn import arguments
from ramgnn.datasets.base import RecDataset
from ramgnn.errors import RamgnnError
from ramgnn.matching import find, indices
from ramgnn.newcomers import NewcomerMap, newcomer_scores
from ramgnn.scores import ScoreError, Scorer, as_array, below_infinity, best, checked_scores
from ramgnn.visible import visible

if TYPE_CHECKING:
    from ramgnn.explanation import Explanation

MAX_SCORES = 2**22  # scores held at once: 16 MiB in float32


class FittedModel:
    """A trained model with the data it was trained on; the same questions for RAM-GNN and for every baseline.

    Users and items are named by their ids, as they came with the data, or by labels such as ``"Alien (1979)"``.

    Attributes:
        dataset: the data.
        name: of the model.
        scorer: takes an array of b user indices and gives ``(b, n_items)`` scores; see `ramgnn.scores`. It
            is what `ramgnn.evaluate` measures.
        served: the same model trained once more with the held-out items in, which answers the questions in its place;
            None where nothing is held out or it was not asked for.
    """

    dataset: RecDataset
    name: str
    scorer: Scorer | None
    served: FittedModel | None = None
    interrupted: str | bool | None = None

    def to_be_refitted(self, refit: bool | None) -> bool:
        """Whether to train once more on everything: as `refit` says, by default for data that somebody brought.

        Never where nothing is held out, or Ctrl-C ended the training.
        """
        wanted = self.dataset.own if refit is None else refit
        return wanted and not self.interrupted and len(self.dataset.test) > 0

    def __repr__(self) -> str:
        data = self.dataset
        served = ", trained once more on everything to recommend" if self.served is not None else ""
        sizes = f"{data.n_users:,} users, {data.n_items:,} items"
        return visible(f"<{type(self).__name__} {self.name} on {data.name}: {sizes}{served}>")

    def recommend(
        self, users: Any = None, n: int = 10, exclude_seen: bool = True, *, had: Any = None, reasons: bool = False
    ) -> pd.DataFrame:
        """The `n` best items for one user, several, or all; or for somebody new, by what they had.

        Args:
            users: an id or a label, a list of them, or None for everybody.
            n: how many items for each user; fewer where there are not so many left.
            exclude_seen: leave out what the user has had, the held-out item too.
            had: instead of users: the items that somebody new has had, by id or label, oldest first.
            reasons: say of each row why, in a few words; `explain` says more.

        Returns:
            One row for each recommendation, the best first: columns ``user`` (not with `had`), ``rank`` from 1,
            ``item``, ``title`` where items have labels of their own, ``score``, and ``reason`` where it is asked for.
            Of equal scores the item that is first in the data comes first.

        Raises:
            NotFoundError: there is no such user or item; carries near matches.
            RamgnnError: the model cannot recommend to somebody new, or has no reasons to give.
        """
        reasons = arguments.true_or_false("reasons", reasons)
        if had is not None:
            found = self._recommend_to_newcomer(users, n, exclude_seen, had)
        else:
            found = pd.concat(list(self.recommend_blocks(users, n, exclude_seen)), ignore_index=True)
        if reasons:
            whom = ({"had": had} if had is not None else {"user": user} for user in found.get("user", found["rank"]))
            rows = zip(found["item"], whom, strict=True)
            found["reason"] = [self.explain(item=item, n=1, **who).short for item, who in rows]
        return found

    def recommend_blocks(self, users: Any = None, n: int = 10, exclude_seen: bool = True) -> Iterator[pd.DataFrame]:
        """`recommend`, a block of users at a time: for more users than fit into memory at once."""
        if self.served is not None:
            return self.served.recommend_blocks(users, n, exclude_seen)
        n, exclude_seen = self._length(n), arguments.true_or_false("exclude_seen", exclude_seen)
        rows = self._indices("user", users)  # before the first block is asked for, so that mistakes show at once
        return (self._as_frame(block, n, exclude_seen) for block in self._blocks(rows) or [rows])

    def _blocks(self, users: np.ndarray) -> list[np.ndarray]:
        """Users, by index, in blocks whose scores fit into memory."""
        step = max(1, MAX_SCORES // max(self.dataset.n_items, 1))
        return [users[start : start + step] for start in range(0, len(users), step)]

    def _as_frame(self, users: np.ndarray, n: int, exclude_seen: bool) -> pd.DataFrame:
        """The recommendations for some users, by index, as `recommend` gives them."""
        items, scores = self.top_items(users, n, exclude_seen)
        there = items >= 0
        row, place = np.nonzero(there)
        item = items[there]
        columns = {"user": self.dataset.brought_ids("user", users[row]), "rank": place + 1}
        columns |= {"item": self.dataset.brought_ids("item", item)} | self._titles(item) | {"score": scores[there]}
        return pd.DataFrame(columns)

    def _recommend_to_newcomer(self, users: Any, n: int, exclude_seen: bool, had: Any) -> pd.DataFrame:
        """The `n` best items for somebody who had these, as `recommend` gives them."""
        if users is not None:
            raise RamgnnError("users and had are both given: had is for somebody new; leave one out")
        if self.served is not None:
            return self.served._recommend_to_newcomer(None, n, exclude_seen, had)
        n, items = self._length(n), self._had(had)
        scores = newcomer_scores(self, [items])  # (1, n_items)
        if arguments.true_or_false("exclude_seen", exclude_seen):
            scores[0, items] = -np.inf
        found, values = best(scores, n)
        item = found[found >= 0]
        columns = {"rank": np.arange(1, len(item) + 1), "item": self.dataset.brought_ids("item", item)}
        return pd.DataFrame(columns | self._titles(item) | {"score": values[found >= 0]})

    def _had(self, had: Any) -> np.ndarray:
        """What somebody new has had, by index, each item once."""
        items = pd.unique(self._indices("item", had))
        if not len(items):
            raise RamgnnError("had is empty; give at least one item")
        return items

    def _titles(self, items: np.ndarray) -> dict[str, list[str]]:
        """A column of labels, where items have labels that are not their ids."""
        dataset = self.dataset
        if dataset.item_labels == dataset.item_ids:
            return {}
        return {"title": [dataset.item_labels[i] for i in items]}

    def top_items(self, users: np.ndarray, n: int, exclude_seen: bool = True) -> tuple[np.ndarray, np.ndarray]:
        """The `n` best items of some users, all by index: ``(b, n)`` items and ``(b, n)`` scores, best first.

        Where fewer are left the rest is -1 and NaN. Ties go by index.
        """
        scores = self.all_scores(users)
        if exclude_seen:
            scores[self.all_had[users].nonzero()] = -np.inf
        return best(scores, n)

    @cached_property
    def all_had(self) -> csr_matrix:
        """What each user has had, the held-out items and `RecDataset.seen` too: ``(n_users, n_items)``."""
        return self.dataset.matrix(held_out=True, seen=True)

    @cached_property
    def newcomer_map(self) -> NewcomerMap:
        """From what somebody new has had to an embedding; of a model with embeddings alone."""
        users, items = self.scorer.user_embeddings(), self.scorer.item_embeddings()
        return NewcomerMap.fit(as_array(users), as_array(items), self.dataset.matrix(held_out=True))

    def all_scores(self, users: np.ndarray) -> np.ndarray:
        """The scores of all items for some users, by index: ``(b, n_items)`` float64.

        Raises:
            RamgnnError: the training was stopped before there was anything to score with.
            ScoreError: the scores have the wrong shape, are not numbers, or are too large for one.
        """
        if self.scorer is None:
            raise RamgnnError("the training was stopped before there was a recommender to ask; train again")
        users = np.asarray(users, np.int64)
        scores = checked_scores(self.scorer(users), users, self.dataset, self.dataset.n_items)
        return below_infinity(as_array(scores), self.name)

    def score(self, users: Any = None, items: Any = None) -> pd.DataFrame:
        """How well items suit users: one row for each user, one column for each item.

        Args:
            users, items: an id or a label, a list of them, or None for all.

        Raises:
            NotFoundError: there is no such user or item; carries near matches.
        """
        if self.served is not None:
            return self.served.score(users, items)
        rows, columns = self._indices("user", users), self._indices("item", items)
        blocks = [self.all_scores(users)[:, columns] for users in self._blocks(rows)]
        scores = np.concatenate(blocks) if blocks else np.zeros((0, len(columns)))
        index = pd.Index(self.dataset.brought_ids("user", rows), name="user")
        return pd.DataFrame(scores, index, pd.Index(self.dataset.brought_ids("item", columns), name="item"))

    def similar_items(self, item: Any, n: int = 10) -> pd.DataFrame:
        """The `n` items most like one: columns ``rank``, ``item``, ``title`` (where items have labels), ``similarity``.

        Of a model whose scorer has `item_embeddings` the similarity is their cosine; of another one the correlation,
        over users, of the scores that it gives both items. It lies in [-1, 1].

        Raises:
            NotFoundError: there is no such item; carries near matches.
            RamgnnError: the model scores the item alike for all users, so nothing can be said.
        """
        if self.served is not None:
            return self.served.similar_items(item, n)
        n = self._length(n)
        index = find(self.dataset, "item", item)
        similarity = self._similarity(index)
        similarity[index] = -np.inf
        best = np.argsort(-similarity, kind="stable")[: min(n, len(similarity) - 1)]
        columns = {"rank": np.arange(1, len(best) + 1), "item": self.dataset.brought_ids("item", best)}
        return pd.DataFrame(columns | self._titles(best) | {"similarity": similarity[best]})

    def _similarity(self, item: int) -> np.ndarray:
        """The similarity of one item, by index, with all: ``(n_items,)`` float64."""
        if self.scorer is None:
            self.all_scores(np.zeros(0, np.int64))  # raises
        if not hasattr(self.scorer, "item_embeddings"):
            return self._score_correlation(item)
        x = as_array(self.scorer.item_embeddings())  # (n_items, d)
        if x.ndim != 2 or len(x) != self.dataset.n_items:
            raise ScoreError(
                f"item_embeddings of {self.name} gave back an array of shape {x.shape}; "
                f"expected ({self.dataset.n_items}, d), one row for each item"
            )
        norm = np.linalg.norm(x, axis=1)
        return x @ x[item] / np.maximum(norm * norm[item], 1e-300)

    def _score_correlation(self, item: int) -> np.ndarray:
        """The correlation of an item's scores with those of all items, over users: ``(n_items,)``."""
        n_users, n_items = self.dataset.n_users, self.dataset.n_items
        blocks = self._blocks(np.arange(n_users))
        mean = sum(self.all_scores(users).sum(0) for users in blocks) / n_users
        product, square = np.zeros(n_items), np.zeros(n_items)
        for users in blocks:
            centred = self.all_scores(users) - mean
            product += centred.T @ centred[:, item]
            square += np.square(centred).sum(0)
        spread = np.sqrt(square / n_users)
        if spread[item] <= 1e-12 * abs(mean[item]):
            raise RamgnnError(f"{self.name} scores this item alike for all users, so it cannot say what resembles it")
        return product / n_users / np.maximum(spread * spread[item], 1e-300)

    def explain(self, user: Any = None, item: Any = None, n: int = 5, *, had: Any = None) -> Explanation:
        """Why an item for a user, or for somebody new, with at most `n` items or people behind each reason.

        Args:
            user, item: ids or labels; had: instead of a user, the items that somebody new has had.

        Raises:
            NotFoundError: there is no such user or item; carries near matches.
            RamgnnError: the model has no reasons to give.
        """
        raise RamgnnError(f"{self.name} has no attention, so there are no reasons to give; RAM-GNN has them")

    def _indices(self, side: str, names: Any) -> np.ndarray:
        """Users or items by id or label, one or several, as indices; all for None."""
        if names is None:
            return np.arange(self.dataset.n_nodes(side))
        table = getattr(names, "ndim", 1) != 1 and not isinstance(names, np.generic)
        if table or isinstance(names, Mapping | Iterator | bytes | bytearray):
            raise arguments.wrong(f"{side}s", names, "an id or a label, a list of them, or None for all")
        if isinstance(names, str) or not isinstance(names, Collection):
            names = [names]
        return np.array(indices(self.dataset, side, list(names)), np.int64)

    def _length(self, n: int) -> int:
        """How many items a list is to have: no more than there are.

        Raises:
            RamgnnError: it is no whole number from 1 on.
        """
        if arguments.whole_number("n", n) < 1:
            raise RamgnnError(f"n is {n}; expected at least one item")
        return min(int(n), self.dataset.n_items)
