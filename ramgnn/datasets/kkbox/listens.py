"""Which user listened to which song: each pair once, users with enough songs, and the data set of these."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ramgnn.datasets.base import RecDataset, Relation
from ramgnn.datasets.kkbox.files import CITATION, LICENCE
from ramgnn.errors import DataError


@dataclass(frozen=True)
class Listens:
    """Which user listened to which song, in the order of the file.

    Attributes:
        user, song: ``(n,)`` int64 indices.
        user_ids, song_ids: the ids, in order of first appearance.
    """

    user: np.ndarray
    song: np.ndarray
    user_ids: tuple[str, ...]
    song_ids: tuple[str, ...]


def frequent(listens: Listens, min_user: int, notes: list[str]) -> Listens:
    """Each pair of user and song once, its first time, and only users with at least `min_user` songs."""
    pairs = listens.user * len(listens.song_ids) + listens.song
    first = np.sort(np.unique(pairs, return_index=True)[1])
    if (repeats := len(pairs) - len(first)) > 0:
        notes.append(f"{repeats:,} row{'s' * (repeats > 1)} repeated a user's song; the first of each was kept")
    user, song = listens.user[first], listens.song[first]
    sizes = np.bincount(user, minlength=len(listens.user_ids))
    enough = sizes[user] >= min_user
    if (few := int((sizes < min_user).sum())) > 0:
        have, were = ("has", "was") if few == 1 else ("have", "were")
        notes.append(f"{few:,} of {len(sizes):,} users {have} fewer than {min_user} songs and {were} left out")
    if not enough.any() or sizes.max() < 2:
        raise DataError(
            f"no user has {max(min_user, 2)} songs (the most is {sizes.max()})",
            expected="users with several songs each: one is held out, the rest is learned from",
            fix="use the whole files",
        )
    user, user_ids = pd.factorize(user[enough])
    song, song_ids = pd.factorize(song[enough])
    return Listens(
        user,
        song,
        tuple(listens.user_ids[u] for u in user_ids),
        tuple(listens.song_ids[s] for s in song_ids),
    )


def dataset_of(
    listens: Listens,
    divided: tuple[pd.DataFrame, pd.DataFrame],
    relations: tuple[tuple[Relation, ...], tuple[Relation, ...]],
    notes: list[str],
    *,
    time_kind: str,
    split: str,
    source: str,
) -> RecDataset:
    """KKBox from files of Kaggle: users and songs have no names, only ids.

    Args:
        listens: whose ids are those of the data set.
        divided: the training rows and the held-out ones.
        relations: of the songs, and of the users.
        notes, time_kind, split, source: as in `RecDataset`.
    """
    return RecDataset(
        name="kkbox",
        user_ids=listens.user_ids,
        item_ids=listens.song_ids,
        user_labels=listens.user_ids,
        item_labels=listens.song_ids,
        train=divided[0],
        test=divided[1],
        item_relations=relations[0],
        user_relations=relations[1],
        time_kind=time_kind,
        split=split,
        licence=LICENCE,
        citation=CITATION,
        source=source,
        notes=tuple(notes),
    )


def check_no_repeats(ids: pd.Series, path: Path, node: str) -> None:
    """An error when an id stands on two lines."""
    if (again := ids.duplicated()).any():
        name = ids[again].iloc[0]
        raise DataError(
            f"the {node} {name!r} stands on lines {', '.join(map(str, ids.index[ids == name][:5]))}",
            file=path,
            line=int(ids.index[again][0]),
            expected=f"one line per {node}",
            fix="use the file as it was published",
        )
