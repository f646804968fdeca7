"""MovieLens-100K with the split and the attributes of the RCF authors.

The ratings, titles, dates and viewers are GroupLens's; genres, directors and actors come from the files published with
RCF (Relational Collaborative Filtering), as does the split that the paper is compared on. None of it may be passed on,
so it is downloaded at first use, checked, and kept in the cache; or local copies are used, laid out as ::

    ml-100k/      u.data u.item u.user
    rcf-ml100k/   train.txt test.txt auxiliary-mapping.txt
                  rcf_genre_id_to_name.tsv rcf_director_id_to_name.tsv rcf_actor_id_to_name.tsv  (or auxiliary.txt)
"""

from __future__ import annotations

import csv
import os
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from ramgnn.advice import option
from ramgnn.datasets.base import RecDataset, Relation
from ramgnn.datasets.ml100k import files
from ramgnn.datasets.ml100k.files import TYPES, Folders
from ramgnn.datasets.split import interactions
from ramgnn.errors import DataError

__all__ = ["clean", "load"]

# Ids that are no value: "N/A", and the empty name among the actors.
JUNK = {"genre": {24}, "director": {125}, "actor": {395, 396}}
# Ids whose names differ by a stray space only: second id -> first id.
SAME = {
    "genre": {},
    "director": {948: 42},
    "actor": {
        1092: 934, 1101: 31, 1189: 244, 1553: 259, 2269: 866, 2474: 1555, 3291: 38, 3358: 976, 3624: 320, 3785: 2768,
        3924: 3835,
    },
}  # fmt: skip


def load(
    attributes: str = "cleaned",
    age: str = "decade",
    year: str = "release",
    names: bool = True,
    root: str | os.PathLike | None = None,
    progress: bool = True,
) -> RecDataset:
    """MovieLens-100K: 943 users, 1,674 films, 99,031 training and 943 test interactions.

    Args:
        attributes: ``"cleaned"``: without the value "N/A" and the empty name, and with ids merged whose names differ
            by a stray space; ``"as_published"``: the RCF authors' ids as they are, "N/A" being a director of 25 films.
        age: ``"decade"`` (10-19, 20-29, ...) or ``"value"`` (years).
        year: ``"release"``: of the release date in ``u.item``, mostly the one in the United States, as the paper's
            "released years"; ``"title"``: the year in the title, when the film was made. They differ for 190 of
            1,682 films, Return of the Jedi (1983; shown again in 1997) being one.
        names: look for the names of genres, directors and actors; without them the ids are shown ("director 42").
        root: a folder of local copies; otherwise ``$RAMGNN_DATA`` is looked into, then the cache, then the network.
        progress: show a bar while downloading.

    Raises:
        DataError: an option has another value, a local copy is missing or changed, or nothing can be downloaded.
    """
    for name, value, allowed in (
        ("attributes", attributes, ("cleaned", "as_published")),
        ("age", age, ("decade", "value")),
        ("year", year, ("release", "title")),
    ):
        if value not in allowed:
            raise DataError(f"ml-100k has no {option(name, value)}", expected=" or ".join(map(repr, allowed)))
    folders = files.find(root, names, progress)
    mapping = _read(folders.rcf / "auxiliary-mapping.txt", "|", ["item", *TYPES])
    films = _read(folders.raw / "u.item", "|", ["item", "title", "date"], encoding="latin-1").set_index("item")
    films = films.loc[mapping["item"]]
    people = _read(folders.raw / "u.user", "|", ["user", "age", "gender", "occupation"])
    train, test, n_dropped = _split(folders, list(people["user"]), list(mapping["item"]))

    cleaned = attributes == "cleaned"
    ids = {kind: [[int(v) for v in cell.split(",")] for cell in mapping[kind]] for kind in TYPES}
    attribute = [_relation(kind, ids[kind], folders.names and folders.names[kind], cleaned) for kind in TYPES]
    years = [_year(title, date, year) for title, date in zip(films["title"], films["date"], strict=True)]
    ages = [f"{int(a) // 10 * 10}-{int(a) // 10 * 10 + 9}" if age == "decade" else a for a in people["age"]]
    genders = people["gender"].map({"M": "male", "F": "female"})

    return RecDataset(
        name="ml-100k",
        user_ids=tuple(people["user"]),
        item_ids=tuple(mapping["item"]),
        user_labels=tuple(people["user"]),
        item_labels=tuple(films["title"]),
        train=train,
        test=test,
        item_relations=(*attribute, Relation.from_lists("year", [[y] for y in years])),
        user_relations=(
            Relation.from_lists("age", [[a] for a in ages]),
            Relation.from_lists("gender", [[g] for g in genders]),
            Relation.from_lists("occupation", [[o] for o in people["occupation"]]),
        ),
        time_kind="seconds",
        split="the RCF authors' split: each user's latest rating is held out",
        licence=files.LICENCE,
        citation=files.CITATION,
        source=f"{files.ZIP_URLS[0]} and {files.RCF_URL}",
        notes=(
            f"{n_dropped} ratings of the 8 films without attributes are not in the RCF authors' files.",
            "Every rating counts as an interaction, whatever its stars.",
            *_notes(ids, cleaned),
            "The year is that of the release date." if year == "release" else "The year is the one in the title.",
            *([folders.no_names] if folders.no_names else []),
        ),
    ).check()


def _read(path: Path, sep: str, columns: Sequence[str], encoding: str = "utf-8") -> pd.DataFrame:
    """The first columns of a table without a header, as text; quotes are ordinary characters."""
    return pd.read_csv(
        path,
        sep=sep,
        header=None,
        names=list(columns),
        usecols=range(len(columns)),
        dtype=str,
        keep_default_na=False,
        quoting=csv.QUOTE_NONE,
        encoding=encoding,
    )


def _split(folders: Folders, users: list[str], items: list[str]) -> tuple[pd.DataFrame, pd.DataFrame, int]:
    """RCF's train and test with the times of ``u.data`` and ties in its order; and how many ratings are in neither."""
    rated = _read(folders.raw / "u.data", "\t", ["user", "item", "stars", "time"])
    user = rated["user"].map({u: i for i, u in enumerate(users)})
    item = rated["item"].map({i: n for n, i in enumerate(items)})
    pair = rated["user"] + "\t" + rated["item"]
    parts = []
    for name in ("train.txt", "test.txt"):
        rows = _read(folders.rcf / name, "\t", ["user", "item"])
        rows_of_part = pair.isin(rows["user"] + "\t" + rows["item"])
        parts.append(interactions(user[rows_of_part], item[rows_of_part], rated["time"][rows_of_part].astype("int64")))
    return parts[0], parts[1], len(rated) - len(parts[0]) - len(parts[1])


def _relation(kind: str, ids: list[list[int]], names: Sequence[str] | None, cleaned: bool) -> Relation:
    """The relation of one type from RCF's ids, ``ids[item] = [value, ...]``."""
    n_values = 1 + max(v for values in ids for v in values)
    shown = list(names) if names else [f"{kind} {v}" for v in range(n_values)]
    if cleaned:
        return Relation.from_lists(kind, ([shown[v] for v in values] for values in clean(kind, ids)))
    counts = Counter(shown)
    labels = [f"{name or 'no name'} (id {v})" if counts[name] > 1 or not name else name for v, name in enumerate(shown)]
    nodes = np.repeat(np.arange(len(ids)), [len(values) for values in ids])
    return Relation(kind, nodes, np.array([v for values in ids for v in values], np.int64), tuple(labels))


def clean(kind: str, ids: Iterable[Iterable[int]]) -> list[list[int]]:
    """RCF's ids without those that are no value, and with one id for names that differ by stray spaces."""
    return [[SAME[kind].get(v, v) for v in values if v not in JUNK[kind]] for values in ids]


def _year(title: str, date: str, year: str) -> str:
    """The year of the release date or of the title; the other one where it is missing."""
    released, made = date[-4:], re.findall(r"\((\d{4})\)", title)
    return (released or (made or [""])[-1]) if year == "release" else (made or [released])[-1]


def _notes(ids: dict[str, list[list[int]]], cleaned: bool) -> list[str]:
    """What cleaning did, or what was left in the data without it."""
    notes = []
    for kind in TYPES:
        junk = sum(any(v in JUNK[kind] for v in values) for values in ids[kind])
        done = "is left out" if cleaned else "counts as a value"
        notes.append(f'"N/A" or an empty name stands as {kind} of {junk} films and {done}.')
        if SAME[kind]:
            done = "merged" if cleaned else "kept apart"
            notes.append(f"Ids of type {kind} whose names differ by a stray space only: {len(SAME[kind])}, {done}.")
    return notes
