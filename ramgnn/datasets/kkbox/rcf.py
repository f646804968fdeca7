"""RCF's processed files: numbers for ids, and nothing about users."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd

from ramgnn.advice import option
from ramgnn.datasets.base import RecDataset, Relation
from ramgnn.datasets.kkbox.archives import plain_file
from ramgnn.datasets.kkbox.attributes import RELATIONS, split_cell
from ramgnn.datasets.kkbox.files import CITATION, LICENCE, MARKS, SUFFIXES, file_in, find
from ramgnn.datasets.kkbox.listens import check_no_repeats
from ramgnn.datasets.naming import file_called
from ramgnn.datasets.reading import read_table
from ramgnn.datasets.split import interactions
from ramgnn.errors import DataError

COLUMNS = ["song", "genres", "singer", "composer", "lyricist"]


def item_relations_only(
    root: str | os.PathLike | None = None, progress: bool = True
) -> tuple[tuple[str, ...], tuple[Relation, ...]]:
    """Song ids and relation types of RCF's ``auxiliary-mapping.txt``: the graph of the songs without any listens."""
    folder, _ = find(root, "rcf")
    path = file_in(folder, MARKS["rcf"])
    with plain_file(path, progress) as plain:
        table = read_table(plain, columns=COLUMNS, sep="|", quote=None, progress=progress)
    songs = table["song"].str.strip()
    check_no_repeats(songs, path, "song")
    relations = tuple(
        Relation.from_lists(name, (split_cell(cell, ",") for cell in table[column]))
        for name, column in zip(RELATIONS, COLUMNS[1:], strict=True)
    )
    return tuple(songs), relations


def load_rcf(folder: Path, progress: bool) -> RecDataset:
    """The data set of RCF's three files in `folder`."""
    if not any(file_called(folder, f"train.txt{suffix}") for suffix in SUFFIXES):
        raise DataError(
            "the listens are missing: there is no such file",
            file=folder / "train.txt",
            expected="RCF's train.txt with a user and a song on each line, separated by a tab",
            fix="add train.txt, or use kkbox.item_relations_only(root) for the graph of the songs alone, or Kaggle's "
            f"own files ({option('form', 'kaggle')})",
        )
    songs, relations = item_relations_only(folder, progress)
    index = {song: number for number, song in enumerate(songs)}
    parts = {}
    for part in ("train", "test"):
        path = file_in(folder, f"{part}.txt")
        with plain_file(path, progress) as plain:
            rows = read_table(plain, columns=["user", "song"], sep="\t", quote=None, progress=progress)
        if (strange := ~rows["song"].isin(index)).any():
            raise DataError(
                f"{int(strange.sum()):,} rows have songs without attributes, first {rows['song'][strange].iloc[0]!r}",
                file=path,
                line=int(rows.index[strange][0]),
                expected=f"songs that {MARKS['rcf']} lists",
                fix="use the files of one release of RCF",
            )
        if (again := rows.duplicated(["user"] if part == "test" else ["user", "song"])).any():
            raise DataError(
                f"user {rows['user'][again].iloc[0]} stands twice"
                + ("" if part == "test" else f" with song {rows['song'][again].iloc[0]}"),
                file=path,
                line=int(rows.index[again][0]),
                expected="one held-out song per user" if part == "test" else "each pair once",
                fix="use the file as RCF published it",
            )
        parts[part] = rows
    ids = pd.Index(pd.unique(pd.concat([parts["train"]["user"], parts["test"]["user"]])))
    train, test = (
        interactions(ids.get_indexer(rows["user"]), [index[s] for s in rows["song"]]) for rows in parts.values()
    )
    sizes = np.bincount(train["user"], minlength=len(ids))
    return RecDataset(
        name="kkbox",
        user_ids=tuple(ids),
        item_ids=songs,
        user_labels=tuple(ids),
        item_labels=songs,
        train=train,
        test=test.assign(time=sizes[test["user"]]),
        item_relations=relations,
        time_kind="order",
        split="as published by RCF: one held-out song per user; the order of the lines stands for time",
        licence="RCF states no licence and asks to be cited. " + LICENCE,
        citation=CITATION,
        source="the processed files of the authors of RCF (your own copy)",
        notes=("RCF's files say nothing about users and have numbers for names, so there is no graph of the users",),
    )
