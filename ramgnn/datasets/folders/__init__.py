"""A folder as people have it on disk, recognised by what lies in it.

- MovieLens as GroupLens gives it out: 100K (``u.data``), 1M and 10M (``ratings.dat``), latest and 20M to 32M
  (``ratings.csv``, ``movies.csv``);
- RecBole's atomic files: ``NAME.inter`` and, where there are, ``NAME.item`` and ``NAME.user``;
- two or three tables, CSV or Parquet, whose names say which is which: ``ratings.csv``, ``movies.csv``, ``users.csv``.

The notes of the data set say what was recognised, from what, which file is what, and what was converted.
"""

from __future__ import annotations

import inspect
import os
from dataclasses import fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import pandas as pd

from ramgnn.datasets import tables
from ramgnn.datasets.base import RecDataset
from ramgnn.datasets.folders import movielens, named, recbole
from ramgnn.datasets.folders.found import Found, others, say, visible
from ramgnn.datasets.frames.build import Options, build
from ramgnn.datasets.frames.columns import Columns
from ramgnn.datasets.frames.table import Table
from ramgnn.errors import DataError, NotFoundError

__all__ = ["Found", "load", "options", "recognise"]

FORMS = (movielens.raw, movielens.dat, movielens.csv, recbole.atomic)
FILES = ("interactions", "items", "users")  # options of `tables.load` that a folder answers by itself
COLUMNS = {  # option: the field of `Columns` that it sets
    "user_column": "user", "item_column": "item", "time_column": "time", "title_column": "title",
    "item_relations": "item_relations", "user_relations": "user_relations",
}  # fmt: skip
LOOKED_FOR = (
    "MovieLens (u.data; ratings.dat and movies.dat; ratings.csv and movies.csv), RecBole (NAME.inter), or tables, CSV "
    "or Parquet, called interactions, ratings or events, with items, movies or products and users beside them"
)


def load(path: str | os.PathLike, *, progress: bool = True, **options: Any) -> RecDataset:
    """Load the data set in a folder.

    Args:
        path: the folder, or one of several ``.inter`` files in it.
        progress: show a bar of bytes for each large file.
        options: those of `tables.load` without the three files, and ``min_rating``: interactions with a lower rating
            are left out. Where the form says how a file is written, options of reading are refused.

    Raises:
        NotFoundError: there is no such folder.
        DataError: nothing in it is recognised, two files could be the same table, or a file is not as expected.
    """
    folder = _existing(path)
    name = options.pop("name", None) or f"{folder.name}/"
    found = recognise(folder, progress)
    if not isinstance(found, Found):
        data = tables.load(**{"items": None} | found, name=name, progress=progress, **options)
        roles = {role: found.get(role) for role in FILES}
        form = say("tables", "by their names", roles, others(folder, *found.values()))
        return replace(data, notes=(form, *data.notes), source=f"your own tables in {folder}")
    return _load_found(found, folder, name, **options)


def options() -> list[str]:
    """The names of the options that `load` takes."""
    known = [name for name in inspect.signature(tables.load).parameters if name not in FILES]
    return list(dict.fromkeys([*known, "min_rating"]))


def recognise(path: str | os.PathLike, progress: bool = False) -> Found | dict[str, Path]:
    """What lies in a folder: a known form, or tables by role; nothing large is read.

    Raises:
        DataError: nothing is recognised, or two files could be the same table.
    """
    folder = Path(path)
    if folder.is_file():
        if folder.suffix == ".inter":
            return recbole.of_file(folder, progress)
        raise _file(folder)
    for form in FORMS:
        if (found := form(folder, progress)) is not None:
            return found
    if (found := named.tables(folder)) is not None:
        return found
    raise _nothing(folder)


def _load_found(
    found: Found, folder: Path, name: str, *, min_rating: float | None = None, **options: Any
) -> RecDataset:
    """The data set of a known form, whose columns may be named otherwise and whose rows may be chosen."""
    choices = {f.name for f in fields(Options)}
    columns = {f.name: f"{f.name}_column" if f.type == "str | None" else f.name for f in fields(Columns)}
    allowed = {*choices, *columns.values()}
    for option in options:
        if option not in allowed:
            raise DataError(
                f"{option}={options[option]!r} does not go with {found.form}, whose files are written in one way",
                file=folder,
                expected=f"options among {', '.join(sorted(allowed))}",
                fix=f"leave {option} out",
            )
    chosen = {COLUMNS[option]: value for option, value in options.items() if option in COLUMNS and value is not None}
    interactions = found.interactions
    if min_rating is not None:
        interactions = liked(interactions, found.rating, min_rating, found.notes)
    elif found.rating is not None:
        found.notes.append(f"every row counts, whatever its {found.rating}; min_rating=4 keeps those of 4 or more")
    data = build(
        interactions,
        found.items,
        found.users,
        replace(found.named, **chosen),
        Options(**{option: value for option, value in options.items() if option in choices}),
        name=name,
        source=f"{found.form}, in {folder}",
    )
    return replace(data, notes=(str(found), *data.notes, *found.notes))


def liked(table: Table, rating: str | None, min_rating: float, notes: list[str]) -> Table:
    """The interactions with a rating of at least `min_rating`; how many these are is added to the notes.

    Raises:
        DataError: there is no column of ratings, or no rating is high enough.
    """
    if rating is None:
        raise DataError(
            "there is no column of ratings", expected="a column rating", fix="leave min_rating out",
            **table.origin.at_header(),
        )  # fmt: skip

    def read(columns: list[str]) -> pd.DataFrame:
        rows = table.read([*columns, rating])
        high = (rows[rating] >= min_rating).to_numpy()
        if not high.any():
            raise DataError(
                f"no {rating} reaches {min_rating:g}; the highest is {rows[rating].max():g}",
                expected=f"some of {min_rating:g} or more",
                fix="pass a lower min_rating",
                **table.origin.at(),
            )
        notes.append(
            f"{int(high.sum()):,} of {len(rows):,} rows have a {rating} of {min_rating:g} or more and were kept"
        )
        return rows.loc[high, list(dict.fromkeys(columns))]

    return replace(table, read=read)


# ---- what is no such folder


def _existing(path: str | os.PathLike) -> Path:
    """The folder or file.

    Raises:
        NotFoundError: there is none; names what lies beside.
    """
    folder = Path(path).expanduser()
    if folder.exists():
        return folder.resolve()
    beside = [p.name for p in visible(folder.parent) if p.is_dir()] if folder.parent.is_dir() else []
    near = [str(folder.parent / name) for name in get_close_matches(folder.name, beside, cutoff=0.5)]
    missing = "" if folder.parent.is_dir() else f"there is no folder {str(folder.parent)!r} either"
    raise NotFoundError("folder", path, near, hint=missing or "check the path")


def _file(path: Path) -> DataError:
    if path.suffix.lower() in (".zip", ".gz", ".7z", ".tar", ".tgz"):
        return DataError("this is an archive", file=path, expected="a folder", fix="unpack it and name the folder")
    return DataError(
        "this is a file",
        file=path,
        expected="a folder",
        fix=f"name the folder it lies in, or the files: interactions='{path}'",
    )


def _nothing(folder: Path) -> DataError:
    """Says what was looked for and what lies there, with folders below that would do."""
    below = [path for path in visible(folder) if path.is_dir()]
    inside = []
    for path in below[:20]:
        try:
            recognise(path)
            inside.append(path)
        except DataError:
            continue
    lies = [path.name + ("/" if path.is_dir() else "") for path in visible(folder)]
    shown = ", ".join(lies[:12]) + (", …" if len(lies) > 12 else "") if lies else "nothing"
    return DataError(
        f"no data set is recognised in this folder; there lies {shown}",
        file=folder,
        expected=LOOKED_FOR,
        fix=f"name {inside[0]}" if inside else "name the files: interactions='…', items='…'",
    )
