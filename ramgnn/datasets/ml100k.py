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
import hashlib
import os
import re
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ramgnn.datasets.base import RecDataset, Relation, interactions
from ramgnn.datasets.download import cache_folder, checked, extract, fetch, local_folder, matches, say_once
from ramgnn.errors import DataError

ZIP_URLS = (
    "https://files.grouplens.org/datasets/movielens/ml-100k.zip",
    "https://huggingface.co/datasets/Recommenders/MovieLens/resolve/main/ml-100k.zip",
)
ZIP_SHA256 = "50d2a982c66986937beb9ffb3aa76efe955bf3d5c6b761f4e3a7cd717c6a3229"
RAW = {  # the members are checked too
    "u.data": "06416e597f82b7342361e41163890c81036900f418ad91315590814211dca490",
    "u.item": "553841ebc7de3a0fd0d6b62a204ea30c1e651aacfb2814c7a6584ac52f2c5701",
    "u.user": "f120e114da2e8cf314fd28f99417c94ae9ddf1cb6db8ce0e4b5995d40e90e62c",
    "README": "4883b8cf340ed0059971b33f56ad3adc88a40792108ebca3d24aafc4c82e8b52",
}
RCF_URL = "https://raw.githubusercontent.com/xinxin-me/RCF/14f6615c29fbc74f52ad5d5994f0923069e19a11/ML100K/"
RCF = {
    "train.txt": "61ace0de1c714d2c2b61753b636d1018629088e373df4e7cb566594fa5fbc899",
    "test.txt": "4365d636430559a632664f76695b7c76cfefd456dfd5d1ee32beabb8539f1dbd",
    "auxiliary-mapping.txt": "ac7b931c8cae0ec49b75b8d5e199320a8f749994324c4f2de6ee6ce67eb2a3c1",
}
NAMES_URL = (
    "https://raw.githubusercontent.com/sunzhuntu/Recurrent-Knowledge-Graph-Embedding/"
    "e24252e4850d18aa70a7c8847dbe01819711b07d/data/ml/auxiliary.txt"
)
NAMES = {
    "rcf_genre_id_to_name.tsv": "c0e756c24efae243f713a2e077744dd69db979c32fe89f206a9182a4e443c730",
    "rcf_director_id_to_name.tsv": "b3a0a16edc26816c1b3fb3a11eed7e6e5bfd66c071750afe55ea92030c5a60a7",
    "rcf_actor_id_to_name.tsv": "21afff913c2cb0853bafd7cee6c48498a37eae17961da58cae2da12a6a0b1f52",
}
TYPES = ("genre", "director", "actor")  # the order of the columns in auxiliary-mapping.txt

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

LICENCE = """\
MovieLens-100K (c) GroupLens Research, University of Minnesota: for research; not to be passed on, and not for
commercial use without permission; say where it is from and do not suggest endorsement. Its README has the full terms.
The RCF files (split and attributes) state no licence; cite their authors."""
CITATION = (
    "F. Maxwell Harper and Joseph A. Konstan. The MovieLens Datasets: History and Context. ACM Transactions on "
    "Interactive Intelligent Systems 5(4), article 19, 2015. doi:10.1145/2827872. "
    "Split and attributes: Xin Xin, Xiangnan He, Yongfeng Zhang, Yongdong Zhang and Joemon Jose. Relational "
    "Collaborative Filtering: Modeling Multiple Item Relations for Recommendation. SIGIR 2019."
)


@dataclass(frozen=True)
class Files:
    """Where the checked files lie.

    Attributes:
        raw: the folder of ``u.data``, ``u.item`` and ``u.user``.
        rcf: the folder of ``train.txt``, ``test.txt`` and ``auxiliary-mapping.txt``.
        names: the names of the ids by type, ``{"genre": ("Animation", ...), ...}``; None when they are not at hand.
        no_names: why there are none.
    """

    raw: Path
    rcf: Path
    names: dict[str, tuple[str, ...]] | None
    no_names: str = ""


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
    for option, value, allowed in (
        ("attributes", attributes, ("cleaned", "as_published")),
        ("age", age, ("decade", "value")),
        ("year", year, ("release", "title")),
    ):
        if value not in allowed:
            raise DataError(f"ml-100k has no {option}={value!r}", expected=" or ".join(map(repr, allowed)))
    files = _find(root, names, progress)
    mapping = _read(files.rcf / "auxiliary-mapping.txt", "|", ["item", *TYPES])
    films = _read(files.raw / "u.item", "|", ["item", "title", "date"], encoding="latin-1").set_index("item")
    films = films.loc[mapping["item"]]
    people = _read(files.raw / "u.user", "|", ["user", "age", "gender", "occupation"])
    train, test, n_dropped = _split(files, list(people["user"]), list(mapping["item"]))

    cleaned = attributes == "cleaned"
    ids = {kind: [[int(v) for v in cell.split(",")] for cell in mapping[kind]] for kind in TYPES}
    attribute = [_relation(kind, ids[kind], files.names and files.names[kind], cleaned) for kind in TYPES]
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
        licence=LICENCE,
        citation=CITATION,
        source=f"{ZIP_URLS[0]} and {RCF_URL}",
        notes=(
            f"{n_dropped} ratings of the 8 films without attributes are not in the RCF authors' files.",
            "Every rating counts as an interaction, whatever its stars.",
            *_notes(ids, cleaned),
            "The year is that of the release date." if year == "release" else "The year is the one in the title.",
            *([files.no_names] if files.no_names else []),
        ),
    ).check()


def derive_names(text: str) -> tuple[str, dict[str, tuple[str, ...]]]:
    """Number the names of genres, directors and actors in order of first appearance, as RCF's file does.

    Args:
        text: lines ``id:1|genre:Animation,Comedy|director:John Lasseter|actors:Tom Hanks,Tim Allen``. Names are told
            apart as they stand, stray spaces included; lines without four parts are passed over.

    Returns:
        The text of ``auxiliary-mapping.txt``, by which one can see that the numbering is RCF's, and the names by type
        with stray spaces removed.
    """
    index: dict[str, dict[str, int]] = {kind: {} for kind in TYPES}
    lines = []
    for line in text.split("\n"):
        parts = [part.split(":")[1:2] for part in line.split("|")]
        if len(parts) != 1 + len(TYPES) or not all(parts):
            continue
        (item,), *cells = parts
        numbers = [
            ",".join(str(index[kind].setdefault(name, len(index[kind]))) for name in cell.split(","))
            for kind, (cell,) in zip(TYPES, cells, strict=True)
        ]
        lines.append("|".join([item, *numbers]) + "\n")
    return "".join(lines), {kind: tuple(" ".join(name.split()) for name in index[kind]) for kind in TYPES}


def _find(root: str | os.PathLike | None, names: bool, progress: bool) -> Files:
    """The files: local copies first, then the cache, then the network; all of them checked."""
    local = Path(root) if root is not None else local_folder()
    cache = cache_folder()

    def own(folder: str, first: str) -> bool:
        return root is not None or (local is not None and (local / folder / first).is_file())

    if own("ml-100k", "u.data"):
        raw = local / "ml-100k"
        for name in ("u.data", "u.item", "u.user"):
            checked(raw / name, RAW[name])
    else:
        raw = cache / "ml-100k"
        if not all(matches(raw / name, sha256) for name, sha256 in RAW.items()):
            say_once("licence-ml-100k", LICENCE, cache)
            archive = fetch("ml-100k.zip", ZIP_URLS, ZIP_SHA256, raw, progress)
            extract(archive, {f"ml-100k/{name}": sha256 for name, sha256 in RAW.items()}, raw)
    if own("rcf-ml100k", "train.txt"):
        rcf = local / "rcf-ml100k"
        for name, sha256 in RCF.items():
            checked(rcf / name, sha256)
    else:
        rcf = cache / "rcf-ml100k"
        if not all(matches(rcf / name, sha256) for name, sha256 in RCF.items()):
            say_once("licence-ml-100k", LICENCE, cache)
        for name, sha256 in RCF.items():
            fetch(name, [RCF_URL + name], sha256, rcf, progress)
    if not names:
        return Files(raw, rcf, None, "Genres, directors and actors are shown by number: names=False.")
    try:
        return Files(raw, rcf, _names(rcf, cache / "rcf-ml100k", root is None, progress))
    except DataError as error:  # the names are for readers only: the data set is the same without them
        why = f"Genres, directors and actors are shown by number, their names are not at hand: {error.what}"
        print(f"ramgnn: {why}", file=sys.stderr)
        return Files(raw, rcf, None, why)


def _names(rcf: Path, cache: Path, download: bool, progress: bool) -> dict[str, tuple[str, ...]]:
    """The names by type, from the three id-to-name files or from the file they were numbered from."""
    if all((rcf / name).is_file() for name in NAMES):
        tables = [checked(rcf / name, sha256) for name, sha256 in NAMES.items()]
        rows = [path.read_text(encoding="utf-8").rstrip("\n").split("\n") for path in tables]
        return {kind: tuple(row.split("\t")[1] for row in own) for kind, own in zip(TYPES, rows, strict=True)}
    path = rcf / "auxiliary.txt"
    if path.is_file() and rcf != cache:
        _same_numbers(path)
    elif download:
        path = fetch("auxiliary.txt", [NAMES_URL], None, cache, progress, check=_same_numbers)
    else:
        raise DataError(f"there is neither {', '.join(NAMES)} nor auxiliary.txt in {rcf}")
    return derive_names(path.read_text(encoding="utf-8"))[1]


def _same_numbers(path: Path) -> None:
    """Raise DataError unless numbering the names of `path` gives RCF's ``auxiliary-mapping.txt`` byte for byte."""
    try:
        found = hashlib.sha256(derive_names(path.read_text(encoding="utf-8"))[0].encode()).hexdigest()
    except UnicodeDecodeError:
        found = ""
    if found != RCF["auxiliary-mapping.txt"]:
        raise DataError("its names, numbered in order, do not give RCF's auxiliary-mapping.txt", file=path)


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


def _split(files: Files, users: list[str], items: list[str]) -> tuple[pd.DataFrame, pd.DataFrame, int]:
    """RCF's train and test with the times of ``u.data`` and ties in its order; and how many ratings are in neither."""
    rated = _read(files.raw / "u.data", "\t", ["user", "item", "stars", "time"])
    user = rated["user"].map({u: i for i, u in enumerate(users)})
    item = rated["item"].map({i: n for n, i in enumerate(items)})
    pair = rated["user"] + "\t" + rated["item"]
    parts = []
    for name in ("train.txt", "test.txt"):
        rows = _read(files.rcf / name, "\t", ["user", "item"])
        own = pair.isin(rows["user"] + "\t" + rows["item"])
        parts.append(interactions(user[own], item[own], rated["time"][own].astype("int64")))
    return parts[0], parts[1], len(rated) - len(parts[0]) - len(parts[1])


def _relation(kind: str, ids: list[list[int]], names: Sequence[str] | None, cleaned: bool) -> Relation:
    """The relation of one type from RCF's ids, ``ids[item] = [value, ...]``."""
    n_values = 1 + max(v for own in ids for v in own)
    shown = list(names) if names else [f"{kind} {v}" for v in range(n_values)]
    if cleaned:
        return Relation.from_lists(kind, ([shown[v] for v in own] for own in clean(kind, ids)))
    counts = Counter(shown)
    labels = [f"{name or 'no name'} (id {v})" if counts[name] > 1 or not name else name for v, name in enumerate(shown)]
    nodes = np.repeat(np.arange(len(ids)), [len(own) for own in ids])
    return Relation(kind, nodes, np.array([v for own in ids for v in own], np.int64), tuple(labels))


def clean(kind: str, ids: Iterable[Iterable[int]]) -> list[list[int]]:
    """RCF's ids without those that are no value, and with one id for names that differ by stray spaces."""
    return [[SAME[kind].get(v, v) for v in own if v not in JUNK[kind]] for own in ids]


def _year(title: str, date: str, year: str) -> str:
    """The year of the release date or of the title; the other one where it is missing."""
    released, made = date[-4:], re.findall(r"\((\d{4})\)", title)
    return (released or (made or [""])[-1]) if year == "release" else (made or [released])[-1]


def _notes(ids: dict[str, list[list[int]]], cleaned: bool) -> list[str]:
    """What cleaning did, or what was left in the data without it."""
    notes = []
    for kind in TYPES:
        junk = sum(any(v in JUNK[kind] for v in own) for own in ids[kind])
        done = "is left out" if cleaned else "counts as a value"
        notes.append(f'"N/A" or an empty name stands as {kind} of {junk} films and {done}.')
        if SAME[kind]:
            done = "merged" if cleaned else "kept apart"
            notes.append(f"Ids of type {kind} whose names differ by a stray space only: {len(SAME[kind])}, {done}.")
    return notes
