"""The sample of listens in four ``.tsv.gz`` files; its rows have no order in time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from ramgnn.datasets.base import RecDataset, Relation
from ramgnn.datasets.kkbox.attributes import RELATIONS, read_profiles, song_relations, user_relations
from ramgnn.datasets.kkbox.files import COMPETITION, file_in
from ramgnn.datasets.kkbox.listens import Listens, check_no_repeats, dataset_of, frequent
from ramgnn.datasets.reading import read_table
from ramgnn.datasets.split import interactions, leave_last_out


def load_subset(
    folder: Path, age: str, people: str, language: bool, min_user: int, seed: int, progress: bool
) -> RecDataset:
    """The data set of the four files in `folder`; the options are those of `ramgnn.datasets.kkbox.load`."""
    notes: list[str] = []
    # these files were written without quoting: a quote in them is part of a name
    reading = {"sep": "\t", "quote": None, "progress": progress}
    path = file_in(folder, "interactions.tsv")
    rows = read_table(path, ["msno", "song_id"], (), **reading)
    user, user_ids = pd.factorize(rows["msno"])
    song, song_ids = pd.factorize(rows["song_id"])
    listens = Listens(user, song, tuple(user_ids), tuple(song_ids))
    listens = frequent(listens, min_user, notes)
    # a random place for each row makes every held-out song a random one, in validation too
    mixed = np.random.default_rng(seed).permutation(len(listens.user))
    divided = leave_last_out(interactions(listens.user[mixed], listens.song[mixed]))

    songs_path = file_in(folder, "songs.tsv")
    columns = ["song_id", *RELATIONS.values(), *(["language"] if language else [])]
    songs = read_table(songs_path, columns, (), **reading)
    check_no_repeats(songs["song_id"], songs_path, "song")
    songs = songs.set_index("song_id").reindex(list(listens.song_ids)).fillna("")
    credits = read_table(file_in(folder, "song_person.tsv"), ["song_id", "person"], (), **reading)
    named = credits.groupby("song_id")["person"].agg(list).to_dict()
    person = Relation.from_lists("person", ([p.strip() for p in named.get(s, ())] for s in listens.song_ids))
    profiles = read_profiles(file_in(folder, "users.tsv"), listens.user_ids, reading, progress, notes)
    with_any = (songs != "").any(axis=1).to_numpy() | np.isin(np.arange(len(songs)), person.nodes)
    notes.append(
        f"{int(with_any.sum()):,} of {len(songs):,} songs have attributes; the others are known by their listeners only"
    )
    notes.append(
        "person is what song_person.tsv gives (artists, composers and lyricists in one), beside the four of songs.tsv"
    )
    relations = (*song_relations(songs, people, language, notes), person), user_relations(profiles, age, notes)
    return dataset_of(
        listens,
        divided,
        relations,
        notes,
        time_kind="none",
        split=f"one song of each user drawn at random with seed {seed}, since the file has no order in time",
        source=f"a sample of Kaggle, {COMPETITION}: interactions, songs, song_person and users (your own copy)",
    )
