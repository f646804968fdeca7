"""A folder as people have it on disk, recognised by what lies in it.

- MovieLens as GroupLens gives it out: 100K (``u.data``), 1M and 10M (``ratings.dat``), latest and 20M to 32M
  (``ratings.csv``, ``movies.csv``);
- RecBole's atomic files: ``NAME.inter`` and, where there are, ``NAME.item`` and ``NAME.user``;
- two or three tables, CSV or Parquet, whose names say which is which: ``ratings.csv``, ``movies.csv``, ``users.csv``.

The names may be in capital letters. What is not UTF-8 needs ``encoding``, but for films and other attributes of a known
form, which are taken for CP1252 or Latin-1 without it.

The notes of the data set say what was recognised, from what, which file is what, and what was converted.
"""

from __future__ import annotations

import inspect
import os
from dataclasses import fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from ramgnn.advice import OPEN, option
from ramgnn.advice import options as several
from ramgnn.datasets import tables
from ramgnn.datasets.base import RecDataset
from ramgnn.datasets.folders import movielens, named, recbole
from ramgnn.datasets.folders.found import Found, from_here, others, say, visible
from ramgnn.datasets.frames.build import Options, build
from ramgnn.datasets.naming import at_home
from ramgnn.datasets.opened import codec_of
from ramgnn.errors import DataError, NotFoundError

__all__ = ["Found", "load", "options", "recognise"]

FORMS = (movielens.raw, movielens.dat, movielens.csv)  # besides RecBole's, whose files may have quotes
FILES = ("interactions", "items", "users")  # options of `tables.load` that a folder answers by itself
COLUMNS = {  # option: the field of `Columns` that it sets
    "user_column": "user", "item_column": "item", "time_column": "time", "title_column": "title",
    "item_relations": "item_relations", "user_relations": "user_relations",
    "rating_column": "rating",
}  # fmt: skip
# what reads the kinds of files that are read here as no table
READERS = dict.fromkeys((".xlsx", ".xls", ".ods"), "pandas.read_excel")
READERS |= {".json": "pandas.read_json"} | dict.fromkeys((".jsonl", ".ndjson"), "pandas.read_json(…, lines=True)")
LOOKED_FOR = (
    "MovieLens (u.data; ratings.dat and movies.dat; ratings.csv and movies.csv), RecBole (NAME.inter), or tables, CSV "
    "or Parquet, called interactions, ratings or events, with items, movies or products and users beside them"
)


def load(path: str | os.PathLike, *, progress: bool = True, **options: Any) -> RecDataset:
    """Load the data set in a folder.

    Args:
        path: the folder, or one of several ``.inter`` files in it.
        progress: show a bar of bytes for each large file.
        options: those of `tables.load` without the three files. Where the form says how a file is written, options
            of reading but ``encoding`` are refused.

    Raises:
        NotFoundError: there is no such folder.
        DataError: nothing in it is recognised, two files could be the same table, or a file is not as expected.
    """
    folder = _existing(path)
    name = options.pop("name", None) or f"{folder.name}/"
    if options.get("encoding") is not None:
        codec_of(options["encoding"])
    found = recognise(folder, progress, options.get("encoding"), options.get("quote", recbole.AUTO))
    if not isinstance(found, Found):
        data = tables.load(**{"items": None} | found, name=name, progress=progress, **options)
        roles = {role: found.get(role) for role in FILES}
        form = say("tables", "by their names", roles, others(folder, *found.values()))
        first, *rest = data.notes
        return replace(data, notes=(first, form, *rest), source=f"your own tables in {folder.name}/")
    return _load_found(found, folder, name, **options)


def options() -> list[str]:
    """The names of the options that `load` takes."""
    return [name for name in inspect.signature(tables.load).parameters if name not in FILES]


def recognise(
    path: str | os.PathLike, progress: bool = False, encoding: str | None = None, quote: str | None = recbole.AUTO
) -> Found | dict[str, Path]:
    """What lies in a folder: a known form, or tables by role; nothing large is read.

    Raises:
        DataError: nothing is recognised, or two files could be the same table.
    """
    folder = Path(path)
    if folder.is_file():
        if folder.suffix.lower() == ".inter":
            return recbole.of_file(folder, progress, encoding, quote)
        raise _file(folder)
    for form in FORMS:
        if (found := form(folder, progress, encoding)) is not None:
            return found
    if (found := recbole.atomic(folder, progress, encoding, quote)) is not None:
        return found
    if (found := named.tables(folder)) is not None:
        return found
    raise _nothing(folder)


def _load_found(found: Found, folder: Path, name: str, **options: Any) -> RecDataset:
    """The data set of a known form, whose columns may be named otherwise."""
    choices = {f.name for f in fields(Options)}
    allowed = {*choices, *COLUMNS, "encoding"} | ({"quote"} if found.form == recbole.FORM else set())
    for word, value in options.items():
        if word not in allowed:
            raise DataError(
                f"{option(word, value)} does not go with {found.form}, whose files are written in one way",
                file=folder,
                expected=f"options among {', '.join(map(option, sorted(allowed)))}",
                fix=f"leave {option(word)} out",
            )
    chosen = {COLUMNS[word]: value for word, value in options.items() if word in COLUMNS and value is not None}
    data = build(
        found.interactions,
        found.items,
        found.users,
        replace(found.named, **chosen),
        Options(**{word: value for word, value in options.items() if word in choices}),
        name=name,
        source=f"{found.form}, in {folder.name}/",
    )
    first, *rest = data.notes  # the first says which column was taken for what
    return replace(data, notes=(first, str(found), *rest, *found.notes))


# ---- what is no such folder


def _existing(path: str | os.PathLike) -> Path:
    """The folder or file.

    Raises:
        NotFoundError: there is none; names what lies beside.
    """
    folder = at_home(path)
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
        fix=f"name the folder it lies in, or the file: {option('interactions', str(path))}",
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
        fix=f"name {from_here(inside[0])}" if inside else _way_out(folder),
    )


def _way_out(folder: Path) -> str:
    """What to do about a folder in which nothing is recognised: name its tables, or write them anew."""
    if files := named.likely(folder):
        paths = {role: str(from_here(path)) for role, path in files.items()}
        return f"name the files instead of the folder: {several(paths)}, if these are the tables"
    kinds = [path.suffix.lower() for path in visible(folder) if path.suffix.lower() in READERS]
    if kinds:
        return (
            f"export the tables as CSV (UTF-8) or Parquet, for {kinds[0]} is not read; or read them with "
            f"{READERS[kinds[0]]} and hand the frames to ramgnn.from_frames"
        )
    return f"name the files: {several({'interactions': OPEN, 'items': OPEN})}"
