"""KKBox, a music service: your own Kaggle files, RCF's processed files, or a sample.

Nothing of it may be passed on, so nothing of it is here: the files are yours. Three forms are read.

- ``kaggle``: ``train.csv``, ``songs.csv`` and ``members.csv`` of the competition, plain, gzipped or as the ``.7z``
  archives that Kaggle serves, prepared as RCF did (Xin et al., SIGIR 2019): only listens with ``target=1``, only songs
  with genre, artist, composer and lyricist, the last song of each user held out. Kaggle's rows are in order of time
  but carry no time, so the place in the file is the order.
- ``rcf``: RCF's ``auxiliary-mapping.txt``, ``train.txt`` and ``test.txt`` with numbers for ids. There is nothing about
  users in it. Where ``train.txt`` is missing, `item_relations_only` still gives the graph of the songs.
- ``subset``: a sample of listens in four ``.tsv.gz`` files with attributes for a part of the songs. Its rows are sorted
  by id, so there is no order in time and the held-out song of each user is drawn by seed.

Relation types of songs: genre, artist, composer, lyricist (and person in the subset, language if asked). Relation types
of users: age, city, gender.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from ramgnn.datasets.base import RecDataset, Relation, interactions, leave_last_out, with_negatives
from ramgnn.datasets.reading import read_chunks, read_table
from ramgnn.errors import DataError

COMPETITION = "kkbox-music-recommendation-challenge"
LICENCE = (
    "The rules of Kaggle's competition kkbox-music-recommendation-challenge (WSDM Cup 2018) do not allow the data to "
    "be passed on. Read them before you use it."
)
CITATION = (
    "KKBOX, WSDM Cup 2018: Music Recommendation Challenge (Kaggle). The preparation follows X. Xin, X. He, Y. Zhang, "
    "Y. Zhang and J. Jose, Relational Collaborative Filtering: Modeling Multiple Item Relations for Recommendation, "
    "SIGIR 2019."
)
NEGATIVES = 999
AGES = range(10, 81)  # `bd` runs from -43 to 1,051, and 0 stands for unknown
RELATIONS = {"genre": "genre_ids", "artist": "artist_name", "composer": "composer", "lyricist": "lyricist"}
DIVIDERS = {"genre": "|", "artist": "|", "composer": "|、", "lyricist": "|、", "person": "", "language": ""}
RCF_COLUMNS = ["song", "genres", "singer", "composer", "lyricist"]
# the file that shows which form a folder holds, and where to look below the root, in this order: the cut of Kaggle's
# files comes after the subset, which is the better data set
MARKS = {"kaggle": "train.csv", "subset": "interactions.tsv", "rcf": "auxiliary-mapping.txt"}
PLACES = (
    ("kaggle", "."),
    ("kaggle", "kaggle"),
    ("subset", "."),
    ("subset", "subset"),
    ("rcf", "."),
    ("kaggle", "kaggle-head"),
    ("rcf", "rcf"),
)
SUFFIXES = ("", ".gz", ".7z")


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


def load(
    root: str | os.PathLike | None = None,
    form: str | None = None,
    *,
    negatives: int | str | None = "auto",
    seed: int = 0,
    age: str = "decade",
    people: str = "split",
    language: bool = False,
    min_user: int = 2,
    progress: bool = True,
) -> RecDataset:
    """Load KKBox from the folder `root`.

    Args:
        root: the folder with the files, or the one above with folders ``kaggle``, ``subset``, ``kaggle-head`` or
            ``rcf`` in it; None is ``$RAMGNN_DATA/kkbox``.
        form: ``"kaggle"``, ``"subset"`` or ``"rcf"``; None takes the first of these that is there.
        negatives: how many sampled songs to rank a held-out one against; ``"auto"`` is 999, or as many as the smallest
            choice of a user allows (noted); None ranks against all songs.
        seed: for the negatives and, in the subset, the held-out songs.
        age: ``"decade"`` ("20-29") or ``"value"`` ("27"); ages outside 10-80 are no value either way.
        people: ``"split"`` divides artists, composers and lyricists at their separators; ``"whole"`` takes a field as
            one value, as RCF did. Genres are always divided.
        language: add the language of a song as a relation type (not in ``rcf``).
        min_user: users with fewer songs are left out, since none could be held out (not in ``rcf``).
        progress: show bars.

    Raises:
        DataError: files are missing or not as Kaggle or RCF wrote them, or a user has too few songs for `negatives`.
    """
    _one_of("form", form, (None, *MARKS))
    _one_of("age", age, ("decade", "value"))
    _one_of("people", people, ("split", "whole"))
    if not (negatives in ("auto", None) or (isinstance(negatives, int) and negatives > 0)):
        raise DataError(f"negatives={negatives!r}", expected="a number above 0, 'auto' or None", fix="pass one of them")
    folder, form = find(root, form)
    if form == "kaggle":
        dataset = _kaggle(folder, age, people, language, min_user, progress)
    elif form == "subset":
        dataset = _subset(folder, age, people, language, min_user, seed, progress)
    else:
        dataset = _rcf(folder, progress)
    return _negatives(dataset, negatives, seed).check()


def find(root: str | os.PathLike | None = None, form: str | None = None) -> tuple[Path, str]:
    """The folder that holds KKBox and its form, ``"kaggle"``, ``"subset"`` or ``"rcf"``.

    Raises:
        DataError: there is none; the message says which files to get and where to put them.
    """
    if root is None and (data := os.environ.get("RAMGNN_DATA")):
        root = Path(data) / "kkbox"
    for f, place in PLACES if root is not None else ():
        folder = Path(root) / place
        if form in (None, f) and any((folder / f"{MARKS[f]}{suffix}").exists() for suffix in SUFFIXES):
            return folder, f
    wanted = " or ".join(mark for f, mark in MARKS.items() if form in (None, f))
    raise DataError(
        f"there are no files of KKBox ({wanted} was looked for)"
        + (f" in {root}" if root is not None else "; RAMGNN_DATA is not set and no root was given"),
        expected="train.csv, songs.csv and members.csv of Kaggle's competition, plain or as .7z",
        fix=f"sign in to Kaggle, accept the rules of {COMPETITION}, download train.csv.7z, songs.csv.7z and "
        "members.csv.7z, put them into one folder and pass it as root, or into kkbox/kaggle under the folder that the "
        "environment variable RAMGNN_DATA names; the rules do not allow anyone to pass the files on",
    )


def item_relations_only(
    root: str | os.PathLike | None = None, progress: bool = True
) -> tuple[tuple[str, ...], tuple[Relation, ...]]:
    """Song ids and relation types of RCF's ``auxiliary-mapping.txt``: the graph of the songs without any listens."""
    folder, _ = find(root, "rcf")
    path = _file(folder, MARKS["rcf"])
    with _plain(path, progress) as plain:
        table = read_table(plain, columns=RCF_COLUMNS, sep="|", quote=None, progress=progress)
    songs = table["song"].str.strip()
    _no_repeats(songs, path, "song")
    relations = tuple(
        Relation.from_lists(name, (_parts(cell, ",") for cell in table[column]))
        for name, column in zip(RELATIONS, RCF_COLUMNS[1:], strict=True)
    )
    return tuple(songs), relations


# ---- Kaggle's files


def _kaggle(folder: Path, age: str, people: str, language: bool, min_user: int, progress: bool) -> RecDataset:
    notes: list[str] = []
    train, songs, members = (_file(folder, f"{name}.csv") for name in ("train", "songs", "members"))
    with _plain(songs, progress) as plain:
        known = _complete_songs(plain, language, progress, notes)
    with _plain(train, progress) as plain:
        listens = _liked(plain, known.index, progress, notes)
    listens = _frequent(listens, min_user, notes)
    known = known.loc[list(listens.song_ids)]
    with _plain(members, progress) as plain:
        profiles = _profiles(plain, listens.user_ids, None, progress, notes)
    train_rows, test = leave_last_out(interactions(listens.user, listens.song))
    return RecDataset(
        name="kkbox",
        user_ids=listens.user_ids,
        item_ids=listens.song_ids,
        user_labels=listens.user_ids,
        item_labels=listens.song_ids,
        train=train_rows,
        test=test,
        item_relations=_song_relations(known, people, language, notes),
        user_relations=_user_relations(profiles, age, notes),
        time_kind="order",
        split="leave the last out by the order of Kaggle's train.csv",
        licence=LICENCE,
        citation=CITATION,
        source=f"Kaggle, {COMPETITION}: train.csv, songs.csv, members.csv (your own copy)",
        notes=tuple(notes),
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
    _no_repeats(table["song_id"], path, "song")
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
        mine = target == "1"
        liked += int(mine.sum())
        for who, what in zip(
            chunk["msno"].to_numpy(object)[mine], chunk["song_id"].to_numpy(object)[mine], strict=True
        ):
            number = complete.get(what)
            if number is None:
                continue
            if number < 0:
                number = complete[what] = len(order)
                order.append(what)
            user.append(users.setdefault(who, len(users)))
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


# ---- the sample


def _subset(
    folder: Path, age: str, people: str, language: bool, min_user: int, seed: int, progress: bool
) -> RecDataset:
    notes: list[str] = []
    # these files were written without quoting: a quote in them is part of a name
    reading = {"sep": "\t", "quote": None, "progress": progress}
    path = _file(folder, "interactions.tsv")
    rows = read_table(path, ["msno", "song_id"], (), **reading)
    user, user_ids = pd.factorize(rows["msno"])
    song, song_ids = pd.factorize(rows["song_id"])
    listens = Listens(user, song, tuple(user_ids), tuple(song_ids))
    listens = _frequent(listens, min_user, notes)
    # a random place for each row makes every held-out song a random one, in validation too
    mixed = np.random.default_rng(seed).permutation(len(listens.user))
    train, test = leave_last_out(interactions(listens.user[mixed], listens.song[mixed]))

    songs_path = _file(folder, "songs.tsv")
    columns = ["song_id", *RELATIONS.values(), *(["language"] if language else [])]
    songs = read_table(songs_path, columns, (), **reading)
    _no_repeats(songs["song_id"], songs_path, "song")
    songs = songs.set_index("song_id").reindex(list(listens.song_ids)).fillna("")
    credits = read_table(_file(folder, "song_person.tsv"), ["song_id", "person"], (), **reading)
    named = credits.groupby("song_id")["person"].agg(list).to_dict()
    person = Relation.from_lists("person", ([p.strip() for p in named.get(s, ())] for s in listens.song_ids))
    profiles = _profiles(_file(folder, "users.tsv"), listens.user_ids, reading, progress, notes)
    with_any = (songs != "").any(axis=1).to_numpy() | np.isin(np.arange(len(songs)), person.nodes)
    notes.append(
        f"{int(with_any.sum()):,} of {len(songs):,} songs have attributes; the others are known by their listeners only"
    )
    notes.append(
        "person is what song_person.tsv gives (artists, composers and lyricists in one), beside the four of songs.tsv"
    )
    return RecDataset(
        name="kkbox",
        user_ids=listens.user_ids,
        item_ids=listens.song_ids,
        user_labels=listens.user_ids,
        item_labels=listens.song_ids,
        train=train,
        test=test,
        item_relations=(*_song_relations(songs, people, language, notes), person),
        user_relations=_user_relations(profiles, age, notes),
        time_kind="none",
        split=f"one song of each user drawn at random with seed {seed}, since the file has no order in time",
        licence=LICENCE,
        citation=CITATION,
        source=f"a sample of Kaggle, {COMPETITION}: interactions, songs, song_person and users (your own copy)",
        notes=tuple(notes),
    )


# ---- RCF's files


def _rcf(folder: Path, progress: bool) -> RecDataset:
    if not any((folder / f"train.txt{suffix}").exists() for suffix in SUFFIXES):
        raise DataError(
            "the listens are missing: there is no such file",
            file=folder / "train.txt",
            expected="RCF's train.txt with a user and a song on each line, separated by a tab",
            fix="add train.txt, or use kkbox.item_relations_only(root) for the graph of the songs alone, or Kaggle's "
            "own files (form='kaggle')",
        )
    songs, relations = item_relations_only(folder, progress)
    index = {song: number for number, song in enumerate(songs)}
    parts = {}
    for part in ("train", "test"):
        path = _file(folder, f"{part}.txt")
        with _plain(path, progress) as plain:
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


# ---- what the forms share


def _frequent(listens: Listens, min_user: int, notes: list[str]) -> Listens:
    """Each pair of user and song once, its first time, and only users with at least `min_user` songs."""
    pairs = listens.user * len(listens.song_ids) + listens.song
    first = np.sort(np.unique(pairs, return_index=True)[1])
    if (repeats := len(pairs) - len(first)) > 0:
        notes.append(f"{repeats:,} rows repeat a user's song; the first of each was kept")
    user, song = listens.user[first], listens.song[first]
    sizes = np.bincount(user, minlength=len(listens.user_ids))
    enough = sizes[user] >= min_user
    if (few := int((sizes < min_user).sum())) > 0:
        notes.append(f"{few:,} of {len(sizes):,} users have fewer than {min_user} songs and were left out")
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


def _song_relations(songs: pd.DataFrame, people: str, language: bool, notes: list[str]) -> tuple[Relation, ...]:
    """Genre, artist, composer, lyricist and perhaps language of the songs, one row each."""
    made = []
    for name, column in RELATIONS.items():
        dividers = DIVIDERS[name] if people == "split" or name == "genre" else ""
        made.append(Relation.from_lists(name, (_parts(cell, dividers) for cell in songs[column])))
    if language:
        # "3.0" in the original is "3" in copies that were saved again
        codes = songs["language"].str.strip().str.removesuffix(".0")
        made.append(Relation.from_lists("language", ([code] for code in codes)))
    artist = made[list(RELATIONS).index("artist")]
    if "Various Artists" in artist.labels:
        n = int((artist.values == artist.labels.index("Various Artists")).sum())
        notes.append(f"{n:,} songs have the artist 'Various Artists', which is nobody but joins them all the same")
    return tuple(made)


def _parts(cell: str, dividers: str) -> list[str]:
    """The values of a cell, without spaces around them; `dividers` are single characters."""
    parts = re.split(f"[{re.escape(dividers)}]", cell) if dividers else [cell]
    return [part.strip() for part in parts]


def _profiles(
    path: Path, user_ids: Sequence[str], reading: dict | None, progress: bool, notes: list[str]
) -> pd.DataFrame:
    """City, age and gender of the users, in their order; empty for those who are not listed."""
    reading = reading or {"sep": ",", "progress": progress}
    members = read_table(path, ["msno", "city", "bd", "gender"], (), **reading)
    _no_repeats(members["msno"], path, "user")
    whole = members["bd"].str.strip().str.fullmatch(r"-?\d+|")
    if not whole.all():
        at = members.index[~whole][0]
        raise DataError(
            f"the age {members['bd'][at]!r} is no number",
            file=path,
            line=int(at),
            expected="a whole number in the column 'bd'",
            fix="use the file as Kaggle serves it",
        )
    found = members.set_index("msno").reindex(list(user_ids))
    if missing := int(found["city"].isna().sum()):
        notes.append(f"{missing:,} users are not in {path.name}; they have no attributes")
    return found.fillna("")


def _user_relations(profiles: pd.DataFrame, age: str, notes: list[str]) -> tuple[Relation, ...]:
    """Age, city and gender."""
    years = [int(text) if text else 0 for text in profiles["bd"].str.strip()]
    ages = [_age(year, age) for year in years]
    none = sum(label == "" for label in ages)
    notes.append(
        f"{none:,} of {len(ages):,} users have no age from {AGES.start} to {AGES.stop - 1}, so no value for it"
    )
    return (
        Relation.from_lists("age", ([label] for label in ages)),
        Relation.from_lists("city", ([text.strip()] for text in profiles["city"])),
        Relation.from_lists("gender", ([text.strip()] for text in profiles["gender"])),
    )


def _age(years: int, how: str) -> str:
    """The label of an age: "20-29" or "27", or nothing for what cannot be an age."""
    if years not in AGES:
        return ""
    return str(years) if how == "value" else f"{years // 10 * 10}-{years // 10 * 10 + 9}"


def _negatives(dataset: RecDataset, wanted: int | str | None, seed: int) -> RecDataset:
    """The data set with sampled negatives; "auto" draws 999 or as many as every user allows."""
    if wanted is None:
        return dataset
    n = NEGATIVES
    if wanted == "auto":
        tested = dataset.test["user"].to_numpy()
        history = np.bincount(dataset.train["user"], minlength=dataset.n_users)[tested]
        n = min(NEGATIVES, dataset.n_items - int(history.max()) - 1)
        if n < 1:
            note = "a user knows every song, so that held-out songs are ranked against all songs, not sampled ones"
            return replace(dataset, notes=(*dataset.notes, note))
        if n < NEGATIVES:
            note = f"there are too few songs for {NEGATIVES} negatives per user; {n} are drawn, so ranks are easier"
            dataset = replace(dataset, notes=(*dataset.notes, note))
    else:
        n = int(wanted)
    return with_negatives(dataset, n, seed)


def _no_repeats(ids: pd.Series, path: Path, what: str) -> None:
    """An error when an id stands on two lines."""
    if (again := ids.duplicated()).any():
        name = ids[again].iloc[0]
        raise DataError(
            f"the {what} {name!r} stands on lines {', '.join(map(str, ids.index[ids == name][:5]))}",
            file=path,
            line=int(ids.index[again][0]),
            expected=f"one line per {what}",
            fix="use the file as it was published",
        )


# ---- files


def _file(folder: Path, name: str) -> Path:
    """`name` in `folder`, plain, gzipped or as a 7z archive."""
    for suffix in SUFFIXES:
        if (path := folder / f"{name}{suffix}").exists():
            return path
    kaggle = name in ("train.csv", "songs.csv", "members.csv")
    raise DataError(
        "there is no such file",
        file=folder / name,
        expected=f"{name}, or {name}{'.7z' if kaggle else '.gz'}",
        fix=f"download it from Kaggle's {COMPETITION} into that folder" if kaggle else "add it to that folder",
    )


@contextmanager
def _plain(path: Path, progress: bool) -> Iterator[Path]:
    """The file itself, or the one table of a 7z archive, unpacked into a temporary folder while it is read."""
    if path.suffix != ".7z":
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="ramgnn-") as folder:
        yield _unpack(path, Path(folder), progress)


def _unpack(path: Path, folder: Path, progress: bool) -> Path:
    """Unpack the archive `path` that holds one table into `folder`."""
    try:
        import py7zr
    except ModuleNotFoundError:
        raise DataError(
            "7z archives need the package py7zr, which is not installed",
            file=path,
            fix=f"pip install 'ramgnn[kkbox]', or unpack the archive yourself into {path.name.removesuffix('.7z')}",
        ) from None
    try:
        with py7zr.SevenZipFile(path) as archive:
            members = [member for member in archive.list() if not member.is_directory]
    except Exception as error:  # a damaged archive raises a dozen kinds, other ones in other versions of py7zr
        raise _damaged(path, error) from None
    if len(members) != 1:
        raise DataError(
            f"the archive holds {len(members)} files: {', '.join(m.filename for m in members[:5])}",
            file=path,
            expected=f"one file, {path.name.removesuffix('.7z')}, as in Kaggle's archives",
            fix="use the archive as Kaggle serves it",
        )
    size = int(members[0].uncompressed)
    if (free := shutil.disk_usage(folder).free) < size:
        raise DataError(
            f"unpacked it needs {size / 1e9:.1f} GB and {folder.parent} has {free / 1e9:.1f} GB left",
            file=path,
            fix="make room, or set TMPDIR to a folder with more",
        )
    try:
        with (
            tqdm(total=size, unit="B", unit_scale=True, desc=f"unpacking {path.name}", disable=not progress) as bar,
            py7zr.SevenZipFile(path) as archive,
        ):
            archive.extractall(folder, callback=_bar_callback(bar))
    except OSError as error:
        what = f"it could not be unpacked into {folder.parent}: {error}"
        raise DataError(what, file=path, fix="set TMPDIR to a folder with room for it") from None
    except Exception as error:
        raise _damaged(path, error) from None
    return folder / members[0].filename


def _bar_callback(bar: tqdm) -> object:
    """What py7zr calls while it unpacks, moving `bar`."""
    from py7zr.callbacks import ExtractCallback

    class Bar(ExtractCallback):
        def report_start_preparation(self) -> None:
            pass

        def report_start(self, processing_file_path: str, processing_bytes: str) -> None:
            pass

        def report_update(self, decompressed_bytes: str) -> None:
            bar.update(int(decompressed_bytes))

        def report_end(self, processing_file_path: str, wrote_bytes: str) -> None:
            bar.update(bar.total - bar.n)

        def report_warning(self, message: str) -> None:
            pass

        def report_postprocess(self) -> None:
            pass

    return Bar()


def _damaged(path: Path, error: Exception) -> DataError:
    return DataError(
        f"the archive is cut off or damaged ({type(error).__name__}: {error})".replace(": )", ")"),
        file=path,
        expected="a whole 7z archive",
        fix="download it again, and compare its size with the one that Kaggle shows",
    )


def _one_of(option: str, given: object, choices: Iterable[object]) -> None:
    if given not in choices:
        raise DataError(f"{option}={given!r}", expected=" or ".join(map(repr, choices)), fix="pass one of them")
