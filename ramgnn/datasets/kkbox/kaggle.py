"""Kaggle's own files: ``train.csv``, ``songs.csv`` and ``members.csv``, prepared as RCF did."""

from __future__ import annotations

from array import array
from pathlib import Path

import numpy as np
import pandas as pd

from ramgnn.datasets.base import RecDataset
from ramgnn.datasets.kkbox.archives import plain_file
from ramgnn.datasets.kkbox.attributes import RELATIONS, read_profiles, song_relations, user_relations
from ramgnn.datasets.kkbox.files import COMPETITION, file_in
from ramgnn.datasets.kkbox.listens import Listens, check_no_repeats, dataset_of, frequent
from ramgnn.datasets.reading import read_chunks
from ramgnn.datasets.split import interactions, leave_last_out
from ramgnn.errors import DataError


def load_kaggle(folder: Path, age: str, people: str, language: bool, min_user: int, progress: bool) -> RecDataset:
    """The data set of Kaggle's three files in `folder`; the options are those of `ramgnn.datasets.kkbox.load`."""
    notes: list[str] = []
    train, songs, members = (file_in(folder, f"{name}.csv") for name in ("train", "songs", "members"))
    with plain_file(songs, progress) as plain:
        known = _complete_songs(plain, language, progress, notes)
    with plain_file(train, progress) as plain:
        listens = _liked(plain, known.index, progress, notes)
    listens = frequent(listens, min_user, notes)
    known = known.loc[list(listens.song_ids)]
    with plain_file(members, progress) as plain:
        profiles = read_profiles(plain, listens.user_ids, None, progress, notes)
    relations = song_relations(known, people, language, notes), user_relations(profiles, age, notes)
    return dataset_of(
        listens,
        leave_last_out(interactions(listens.user, listens.song)),
        relations,
        notes,
        time_kind="order",
        split="leave the last out by the order of Kaggle's train.csv",
        source=f"Kaggle, {COMPETITION}: train.csv, songs.csv, members.csv (your own copy)",
    )


def _complete_songs(path: Path, language: bool, progress: bool, notes: list[str]) -> pd.DataFrame:
    """The songs that have all four attributes, by id."""
    columns = ["song_id", *RELATIONS.values(), *(["language"] if language else [])]
    kept, n = [], 0
    for chunk in read_chunks(path, columns, (), ",", progress=progress):
        n += len(chunk)
        full = np.logical_and.reduce([chunk[c].str.strip() != "" for c in RELATIONS.values()])
        kept.append(chunk[full])
    table = pd.concat(kept)
    check_no_repeats(table["song_id"], path, "song")
    notes.append(f"{len(table):,} of {n:,} songs have genre, artist, composer and lyricist; the others were left out")
    return table.set_index("song_id")


def _liked(path: Path, songs: pd.Index, progress: bool, notes: list[str]) -> Listens:
    """The rows of ``train.csv`` with ``target=1`` and one of `songs`, as integers."""
    complete = {song: -1 for song in songs}  # the index of a song once somebody listened to it
    users: dict[str, int] = {}
    order: list[str] = []
    user, song = array("q"), array("q")
    n = liked = 0
    for chunk in read_chunks(path, ["msno", "song_id", "target"], (), ",", progress=progress):
        n += len(chunk)
        target = chunk["target"].to_numpy(object)
        if (odd := (target != "1") & (target != "0")).any():
            raise DataError(
                f"the target is {target[odd][0]!r}",
                file=path,
                line=int(chunk.index[odd][0]),
                expected="0 or 1 in the column 'target'",
                fix="use train.csv as Kaggle serves it (test.csv has no target)",
            )
        is_liked = target == "1"
        liked += int(is_liked.sum())
        for user_id, song_id in zip(
            chunk["msno"].to_numpy(object)[is_liked], chunk["song_id"].to_numpy(object)[is_liked], strict=True
        ):
            number = complete.get(song_id)
            if number is None:
                continue
            if number < 0:
                number = complete[song_id] = len(order)
                order.append(song_id)
            user.append(users.setdefault(user_id, len(users)))
            song.append(number)
    notes.append(f"{liked:,} of {n:,} rows have target=1; {len(user):,} of these are of songs with all four attributes")
    if not len(user):
        raise DataError(
            "no row has target=1 and a song with all four attributes",
            file=path,
            expected="train.csv and songs.csv of the same download",
            fix="check that both files are whole",
        )
    return Listens(np.array(user, np.int64), np.array(song, np.int64), tuple(users), tuple(order))
