"""What every loader returns: interactions, attributes as relation types, a split and where it all comes from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from ramgnn.datasets.faults import check_texts
from ramgnn.datasets.negatives import with_negatives
from ramgnn.datasets.split import COLUMNS, interactions, leave_last_out
from ramgnn.errors import DataError, NotFoundError
from ramgnn.visible import visible


@dataclass(frozen=True)
class Relation:
    """One relation type t: which node has which attribute values.

    A film with three genres has three rows. Two nodes with the same value are neighbours in the graph.

    Attributes:
        name: the type, for example ``"director"``.
        nodes: ``(m,)`` int64, the node of each row.
        values: ``(m,)`` int64, an index into `labels`.
        labels: the names of the values.
        derived: True when the values were computed from training interactions instead of being published.
        importance: the share of rows that follow taste, known for planted data only.
        planted: ``(m,)`` bool, which rows follow taste, known for planted data only.
    """

    name: str
    nodes: np.ndarray
    values: np.ndarray
    labels: tuple[str, ...]
    derived: bool = False
    importance: float | None = None
    planted: np.ndarray | None = None

    @classmethod
    def from_lists(cls, name: str, lists: Iterable[Iterable[str]], derived: bool = False) -> Relation:
        """Build a relation from one list of values per node; repeats within a node and empty strings are dropped.

        Labels are numbered in order of first appearance.
        """
        index: dict[str, int] = {}
        nodes, values = [], []
        for node, node_values in enumerate(lists):
            for value in dict.fromkeys(str(v) for v in node_values):
                if value:
                    nodes.append(node)
                    values.append(index.setdefault(value, len(index)))
        return cls(name, np.array(nodes, np.int64), np.array(values, np.int64), tuple(index), derived)

    def __repr__(self) -> str:
        return f"<Relation {visible(self.name)}: {self.n_values:,} values in {len(self.nodes):,} rows>"

    @property
    def n_values(self) -> int:
        """Number of distinct values."""
        return len(self.labels)

    def lists(self, n_nodes: int) -> list[list[str]]:
        """The values of each node as names, one list per node, in stored order."""
        lists: list[list[str]] = [[] for _ in range(n_nodes)]
        for node, value in zip(self.nodes.tolist(), self.values.tolist(), strict=True):
            lists[node].append(self.labels[value])
        return lists


@dataclass(frozen=True)
class RecDataset:
    """Users, items, what users did, what is known of both, and a split.

    Attributes:
        name: the name it was loaded by.
        user_ids, item_ids: the ids of the source, as text; position is the index used everywhere else.
        user_labels, item_labels: what a reader sees (a film's title); the ids where there is nothing better.
        train: columns ``user, item, time`` (int64), sorted by user and time, ties in the order of the source.
        test: the same columns, at most one row per user: the held-out item.
        item_relations, user_relations: the attributes.
        time_kind: ``"seconds"`` since 1970, ``"order"`` (0, 1, 2, … per user) or ``"none"``.
        split: one sentence that says how train and test were divided.
        negatives: ``(n_test, n_negatives)`` item indices to rank the held-out item against, row by row with
            `test`; None means that it is ranked against every item outside the user's training set.
        negatives_seed: the seed `negatives` were drawn with.
        licence, citation, source: what a user of the data must know, one paragraph each.
        notes: sentences about what was dropped, cleaned or derived.
        derive_users: computes `user_relations` from training interactions, for data without user attributes;
            `validation` calls it again so that nothing held out leaks into them.
        user_id_dtype, item_id_dtype: ``"int64"`` where they came so in a data frame, else ``"str"``; see `brought_ids`.
        own: whether somebody brought the data; a data set that the package knows by name is not.
        left_out_users: ids of users of the tables who are no part of the data: they had too few interactions, say.
        seen: ``(k, 2)`` user and item of interactions that are not learned from, for their ratings are low: nobody
            is recommended what they have had. In no order, and some may stand twice.
    """

    name: str
    user_ids: tuple[str, ...]
    item_ids: tuple[str, ...]
    user_labels: tuple[str, ...]
    item_labels: tuple[str, ...]
    train: pd.DataFrame
    test: pd.DataFrame
    item_relations: tuple[Relation, ...]
    user_relations: tuple[Relation, ...] = ()
    time_kind: str = "seconds"
    split: str = "leave the last out"
    negatives: np.ndarray | None = None
    negatives_seed: int | None = None
    licence: str = ""
    citation: str = ""
    source: str = ""
    notes: tuple[str, ...] = ()
    derive_users: Callable[[RecDataset], tuple[Relation, ...]] | None = field(default=None, compare=False)
    user_id_dtype: str = "str"
    item_id_dtype: str = "str"
    own: bool = False
    left_out_users: tuple[str, ...] = ()
    seen: np.ndarray = field(default_factory=lambda: np.zeros((0, 2), np.int32), compare=False)

    def __repr__(self) -> str:
        held_out = f"{len(self.train):,} interactions and {len(self.test):,} held out"
        lines = [f"<RecDataset {visible(self.name)}: {self.n_users:,} users, {self.n_items:,} items, {held_out}"]
        for side in ("item", "user"):
            attributes = ", ".join(f"{visible(r.name)} ({r.n_values:,} values)" for r in self.relations(side))
            lines.append(f"  {side}s: {attributes or 'no attributes'}")
        return "\n".join(lines) + ">"

    @property
    def n_users(self) -> int:
        """Number of users."""
        return len(self.user_ids)

    @property
    def n_items(self) -> int:
        """Number of items."""
        return len(self.item_ids)

    def relation(self, side: str, name: str) -> Relation:
        """The relation type `name` of ``side`` ``"item"`` or ``"user"``.

        Raises:
            NotFoundError: there is no such type.
        """
        relations = {r.name: r for r in self.relations(side)}
        if name not in relations:
            raise NotFoundError(f"{side} relation", name, sorted(relations))
        return relations[name]

    def relations(self, side: str) -> tuple[Relation, ...]:
        """All relation types of ``side`` ``"item"`` or ``"user"``."""
        return {"item": self.item_relations, "user": self.user_relations}[side]

    def n_nodes(self, side: str) -> int:
        """Number of nodes of ``side`` ``"item"`` or ``"user"``."""
        return {"item": self.n_items, "user": self.n_users}[side]

    def brought_ids(self, side: str, indices: Sequence[int] | np.ndarray) -> np.ndarray:
        """The ids of some users or items as they were brought, which may have been as integers.

        Args:
            side: ``"item"`` or ``"user"``.
            indices: ``(n,)`` indices.

        Returns:
            ``(n,)`` int64 or, for ids that are text, object.
        """
        ids, dtype = {"item": (self.item_ids, self.item_id_dtype), "user": (self.user_ids, self.user_id_dtype)}[side]
        texts = [ids[i] for i in np.asarray(indices, np.int64).tolist()]
        return np.array([int(text) for text in texts], np.int64) if dtype == "int64" else np.array(texts, object)

    def select(self, item: Sequence[str] | None = None, user: Sequence[str] | None = None) -> RecDataset:
        """A copy with only the named relation types, in the order given; None keeps all of that side."""
        return replace(
            self,
            item_relations=self.item_relations if item is None else tuple(self.relation("item", n) for n in item),
            user_relations=self.user_relations if user is None else tuple(self.relation("user", n) for n in user),
        )

    def matrix(self, held_out: bool = False, seen: bool = False) -> csr_matrix:
        """Training interactions as a ``(n_users, n_items)`` sparse matrix of ones (float32).

        Args:
            held_out: the held-out ones too: all that a user liked.
            seen: those of `RecDataset.seen` too; with both it is everything that a user has had.
        """
        pairs = [frame[["user", "item"]].to_numpy() for frame in (self.train, *([self.test] if held_out else []))]
        pairs += [self.seen] if seen else []
        user, item = np.concatenate(pairs).T  # (n,), (n,)
        matrix = csr_matrix((np.ones(len(user), np.float32), (user, item)), shape=(self.n_users, self.n_items))
        matrix.data[:] = 1.0  # an interaction that stands twice counts once
        return matrix

    def history(self, user: int) -> np.ndarray:
        """Item indices of the user's training interactions, oldest first; `had` has the held-out one too."""
        rows = self.train["user"].to_numpy()
        start, stop = np.searchsorted(rows, [user, user + 1])
        return self.train["item"].to_numpy()[start:stop]

    def had(self, user: int, seen: bool = True) -> np.ndarray:
        """Item indices of all that the user has had, oldest first, then the held-out item, then those of `seen`.

        Args:
            seen: False for what the user liked alone.
        """
        held_out = self.test["item"].to_numpy()[self.test["user"].to_numpy() == user]
        liked = np.concatenate([self.history(user), held_out])
        return pd.unique(np.append(liked, self.seen[self.seen[:, 0] == user, 1])) if seen else liked

    def validation(self) -> RecDataset:
        """The same data one step earlier: the held-out item of each user is the last *training* item.

        Settings are chosen on this one, so that the test set is looked at once. Users with a single training item
        stay in training and are not ranked. Derived user attributes are derived again, and sampled negatives are
        drawn again with the same seed.
        """
        train, held_out = leave_last_out(self.train)
        view = replace(
            self, train=train, test=held_out, split=f"validation, the last training item; test: {self.split}"
        )
        if self.derive_users is not None:
            view = replace(view, user_relations=self.derive_users(view))
        if self.negatives is not None:
            view = with_negatives(view, self.negatives.shape[1], self.negatives_seed or 0)
        return view

    def everything(self) -> RecDataset:
        """The same data with nothing held out, which a model that serves people learns from.

        Derived user attributes are derived again.
        """
        both = pd.concat([self.train, self.test])
        view = replace(
            self, train=interactions(both["user"], both["item"], both["time"]), test=self.test.iloc[:0],
            split="nothing is held out", negatives=None, negatives_seed=None,
        )  # fmt: skip
        if self.derive_users is not None:
            view = replace(view, user_relations=self.derive_users(view))
        return view

    def summary(self) -> pd.DataFrame:
        """One row per relation type: side, type, values, incidences, nodes without a value, largest group."""
        rows = []
        for side in ("item", "user"):
            for r in self.relations(side):
                sizes = np.bincount(r.values, minlength=r.n_values) if len(r.values) else np.zeros(1, int)
                rows.append(
                    {
                        "side": side,
                        "type": r.name,
                        "values": r.n_values,
                        "incidences": len(r.nodes),
                        "without": self.n_nodes(side) - len(np.unique(r.nodes)),
                        "largest group": int(sizes.max()),
                        "derived": r.derived,
                    }
                )
        return pd.DataFrame(rows)

    def check(self) -> RecDataset:
        """Return self when everything fits together.

        Raises:
            DataError: what does not fit, and where.
        """
        if len(self.train) == 0:
            raise DataError(f"data set {self.name!r} has no training interactions", fix="give it more rows")
        for part, frame in (("train", self.train), ("test", self.test)):
            if list(frame.columns) != COLUMNS:
                raise DataError(f"{self.name}.{part} has columns {list(frame.columns)}", expected=str(COLUMNS))
            for column, size in (("user", self.n_users), ("item", self.n_items)):
                indices = frame[column]
                if len(indices) and (indices.min() < 0 or indices.max() >= size):
                    raise DataError(f"{self.name}.{part}.{column} goes outside 0..{size - 1}")
        pairs = np.concatenate([part["user"] * self.n_items + part["item"] for part in (self.train, self.test)])
        pairs.sort()
        if (twice := int((pairs[1:] == pairs[:-1]).sum())) > 0:
            raise DataError(f"{twice} pairs of user and item stand twice in {self.name}", expected="each pair once")
        if len(self.seen) and (self.seen.min() < 0 or (self.seen.max(0) >= (self.n_users, self.n_items)).any()):
            raise DataError(f"{self.name}.seen goes outside its users or items")
        if self.test["user"].duplicated().any():
            raise DataError(f"{self.name}.test has several rows for one user", expected="one held-out item per user")
        if not self.train["user"].is_monotonic_increasing:
            raise DataError(f"{self.name}.train is not sorted by user")
        check_texts((self.item_ids, self.item_labels, self.user_ids, self.user_labels), self.name)
        for side in ("item", "user"):
            check_texts([r.labels for r in self.relations(side)], f"{self.name}, an attribute of {side}s,")
            for r in self.relations(side):
                pairs = pd.DataFrame({"node": r.nodes, "value": r.values})
                if len(pairs) and (pairs["node"].max() >= self.n_nodes(side) or pairs["value"].max() >= r.n_values):
                    raise DataError(f"{side} relation {r.name!r} points outside its nodes or values")
                if pairs.duplicated().any():
                    raise DataError(f"{side} relation {r.name!r} has the same value twice for one node")
        if self.negatives is not None and len(self.negatives) != len(self.test):
            raise DataError(f"{len(self.negatives)} rows of negatives for {len(self.test)} test rows")
        return self
