"""``ramgnn data``: list, describe and check data sets. And which data set the options of a command mean."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ramgnn import datasets
from ramgnn.advice import option
from ramgnn.advice import options as advised
from ramgnn.cli.printing import aligned, print_json, text_table
from ramgnn.cli.typed import dataset_flags
from ramgnn.datasets.naming import at_home
from ramgnn.errors import RamgnnError
from ramgnn.visible import visible

if TYPE_CHECKING:  # imported where they are needed, so that `data list` answers at once
    from ramgnn.datasets.base import RecDataset
    from ramgnn.datasets.source import Source

_TABLE_OPTIONS = ("user_column", "item_column", "time_column", "title_column")
_TABLE_OPTIONS += ("rating_column", "min_rating", "time_format", "missing", "split")
_MARKS = ("quote", "escape")  # each a character, or none
NONE = "none"  # in place of a file: there is no such table


# ---- which data set --------------------------------------------------------------------------------------------------


def source(args: Namespace) -> Source:
    """The data set that the options name.

    Raises:
        RamgnnError: own tables and a named data set are both given, or an option has no value.
    """
    from ramgnn.datasets.source import Source

    options = dict(assignment(text, "option", "age=value") for text in args.option)
    if "split" in options and options["split"] is None:
        options["split"] = "none"  # a word of its own here
    name = getattr(args, "name", None)
    if name is not None and args.data is not None and name != args.data:
        raise RamgnnError(f"both {name!r} and --data {args.data} are given; leave one out")
    name = args.data if name is None else name
    if name == "":
        raise RamgnnError("the name of the data set is empty; is a variable of the shell not set?")
    tables = {"interactions": args.interactions, "items": args.items, "users": args.users}
    without = args.items == NONE and not Path(NONE).exists()
    if without:
        tables["items"] = None
    own = _of_tables(args)
    if any(tables.values()) or name == "tables":
        if name not in (None, "tables"):
            raise _both(name, {key: path for key, path in tables.items() if path})
        name = "tables"
        own |= {key: _absolute(path) for key, path in tables.items() if path}
        own |= {"items": None} if without else {}
    elif name is not None and datasets.is_path(name):
        name = _absolute(at_home(name))
    elif own:
        key = next(iter(own))
        raise RamgnnError(
            f"{option(key, own[key])} is about your own tables, and the data set is {name or 'movietweetings'}; "
            "leave it out, or give --interactions FILE, or --data FOLDER"
        )
    for key in options.keys() & own.keys():
        if str(options[key]) != str(own[key]):
            raise RamgnnError(
                f"both --option {key}={options[key]} and {option(key, own[key])} are given; leave one out"
            )
    item_relations, user_relations = _names(args.item_relations), _names(args.user_relations)
    if name == "tables" or (name is not None and datasets.is_path(name)):
        # read nothing else; one that was named stays, whatever it joins
        named = {"item_relations": item_relations, "user_relations": user_relations}
        own |= {key: names for key, names in named.items() if names is not None}
    return Source(name or "movietweetings", options | own, item_relations, user_relations)


def _absolute(path: str | Path) -> str:
    """A path from the root on; links that lead in a circle are left to whoever opens them.

    Raises:
        RamgnnError: it is counted from a folder that is gone.
    """
    try:
        return str(Path(path).resolve())
    except RuntimeError:  # a circle of links
        return os.path.abspath(path)
    except FileNotFoundError:
        raise RamgnnError("the current folder does not exist any more; change to one that does") from None


def _both(name: str, tables: dict[str, str]) -> RamgnnError:
    """The error where a data set and tables are named; a folder may be meant to say where the tables lie."""
    if not datasets.is_path(name):
        return RamgnnError(f"both the data set {name!r} and your own tables are given; leave one out")
    inside = {key: Path(name) / path for key, path in tables.items()}
    paths = {key: str(inside[key] if inside[key].exists() else path) for key, path in tables.items()}
    return RamgnnError(
        f"both the folder {name!r} and files are given, and a folder's tables are found by their names; leave the "
        f"files out, or name them without the folder: {advised(paths)}"
    )


def _of_tables(args: Namespace) -> dict[str, Any]:
    """The options that were typed about tables of one's own, as `ramgnn.datasets.tables.load` takes them."""
    own = {key: value for key in _TABLE_OPTIONS if (value := getattr(args, key)) is not None}
    if args.separator:
        own["separator"] = _separator(args.separator)
    own |= {key: None if value == "none" else value for key in _MARKS if (value := getattr(args, key)) is not None}
    if args.no_header:
        own["header"] = False
    if args.bins:
        own["bins"] = dict(_bin(text) for text in args.bins)
    return own


def _names(text: str | None) -> list[str] | None:
    """Relation types from ``A,B``; None, for all of them, from None, and no name from an empty text."""
    return None if text is None else [name for name in text.split(",") if name]


def assignment(text: str, kind: str, example: str) -> tuple[str, Any]:
    """Name and value from ``NAME=VALUE``.

    Args:
        text: what was typed.
        kind, example: for the message: ``"option"`` and ``"age=value"``.

    Raises:
        RamgnnError: there is no ``=``.
    """
    name, equals, value = text.partition("=")
    if not equals:
        raise RamgnnError(f"cannot read the {kind} {text!r}; expected NAME=VALUE, as in {example}")
    return name, plain_value(value)


def plain_value(text: str) -> Any:
    """Text as the whole number, number, truth value or text that it is."""
    if text.lower() in ("true", "false", "none"):
        return {"true": True, "false": False, "none": None}[text.lower()]
    if "_" in text or text.lower().lstrip("+-") in ("nan", "inf", "infinity"):  # numbers to Python, names to people
        return text
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text


def _bin(text: str) -> tuple[str, Any]:
    column, equals, width = text.rpartition("=")
    if not equals or not column:
        raise RamgnnError(f"cannot read the band {text!r}; expected COLUMN=WIDTH, as in year=10 or price=q5")
    return column, plain_value(width)


def _separator(texts: list[str]) -> str | None | dict[str, str | None]:
    """What divides values: a character for all columns, or one for each column that is named.

    Raises:
        RamgnnError: both were typed, or several for all columns.
    """
    columns: dict[str, str | None] = {}
    for text in texts:
        column, equals, mark = text.rpartition("=")
        if not mark and equals and column.endswith("="):  # the mark is "=" itself
            column, mark = column[:-1], "="
        if column and mark and columns.setdefault(column, _mark(mark)) != _mark(mark):
            raise RamgnnError(
                f"the separator of {column!r} is given twice: {', '.join(map(repr, texts))}; leave one out"
            )
    if not columns and len(set(texts)) == 1:
        return _mark(texts[0])
    if len(columns) < len(set(texts)):
        raise RamgnnError(
            f"cannot read the separators {', '.join(map(repr, texts))}; expected one for all columns, as in ';', or "
            "one for each of several, as in --separator genre=, --separator studio=none"
        )
    return columns


def _mark(text: str) -> str | None:
    r"""A character as typed: ``none`` for none, ``\t`` and ``\n`` for a tab and a new line."""
    return {"none": None, r"\t": "\t", r"\n": "\n"}.get(text, text)


# ---- the commands ----------------------------------------------------------------------------------------------------


def show_list(args: Namespace) -> None:
    """Print the names of the data sets. Imports neither NumPy nor pandas nor PyTorch."""
    names = datasets.names()
    if args.json:
        return print_json(names)
    width = max(map(len, names))
    for name, line in names.items():
        print(f"{name:<{width}}  {line}")


def show_info(args: Namespace) -> None:
    """Describe one data set."""
    from ramgnn.graph import MultiRelationalGraph

    dataset = source(args).load()
    graphs = {
        side: MultiRelationalGraph.from_dataset(dataset, side) for side in ("item", "user") if dataset.relations(side)
    }
    if args.json:
        return print_json(
            {
                "name": dataset.name, "users": dataset.n_users, "items": dataset.n_items,
                "train": len(dataset.train), "test": len(dataset.test), "split": dataset.split,
                "time": dataset.time_kind,
                "relations": {side: g.counts().reset_index().to_dict("records") for side, g in graphs.items()},
                "notes": dataset.notes, "licence": dataset.licence, "citation": dataset.citation,
                "source": dataset.source,
            }
        )  # fmt: skip
    print_summary(dataset)
    for side, graph in graphs.items():
        print(f"\n{side} graph: {graph.n_incidences:,} incidences stand for {graph.n_edges():,} directed edges")
        print(text_table(graph.counts().reset_index()))
    for title, text in (("source", dataset.source), ("licence", dataset.licence), ("citation", dataset.citation)):
        if text:
            print(f"\n{title}: {visible(text)}")


def check(args: Namespace) -> None:
    """Read a data set, show what each column was taken for, and say whether everything fits together."""
    from ramgnn import readings
    from ramgnn.datasets.frames.notes import decisions, doubts

    dataset = source(args).load().check()
    columns = [asdict(decision) for decision in decisions(dataset.notes)]
    if args.json:
        return print_json(
            {"ok": True, "name": dataset.name, "users": dataset.n_users, "items": dataset.n_items,
             "train": len(dataset.train), "test": len(dataset.test), "columns": columns}
            | noted(dataset)
        )  # fmt: skip
    if columns:
        head = ("table", "column", "read as", "decided", "how its cells were read")
        print("\n".join(aligned([head, *(tuple(column.values()) for column in columns)])), end="\n\n")
    print_summary(dataset)
    n_doubts = len(doubts(dataset.notes))
    if not n_doubts:
        n_out = len(dataset.left_out_users)
        without = f"; {n_out:,} user{' was' if n_out == 1 else 's were'} left out, see the notes" if n_out else ""
        print(f"\nwell: every id, value and pair fits{without}")
    else:
        print(f"\nread, with {n_doubts} {'doubt' if n_doubts == 1 else 'doubts'}: see the notes marked so")
    if args.interactions and not args.items and not any(text.startswith("items=") for text in args.option):
        from ramgnn.datasets.tables import items_beside  # which was read

        args.items = str(items_beside(args.interactions))
    print(f"next: ramgnn train {dataset_flags(args)}".rstrip())
    if readings.for_data(dataset).recommender == "temporal":
        print("      takes the model with a clock, since the data say when; --config default has none")


def print_doubts(dataset: RecDataset) -> None:
    """Print the notes that somebody should look at, to standard error, where nothing else is told."""
    from ramgnn.datasets.frames.notes import doubts

    for note in doubts(dataset.notes):
        print(_note_line(note), file=sys.stderr)


def noted(dataset: RecDataset) -> dict[str, list[str]]:
    """Notes and doubts for JSON."""
    from ramgnn.datasets.frames.notes import doubts

    return {"notes": list(dataset.notes), "doubts": doubts(dataset.notes)}


def print_summary(dataset: RecDataset) -> None:
    """Print sizes, split and notes, those that somebody should look at first as doubts."""
    sizes = f"{dataset.n_users:,} users, {dataset.n_items:,} items, {len(dataset.train):,} training interactions"
    print(f"{visible(dataset.name)}: {sizes}")
    ranked = "all items" if dataset.negatives is None else f"{dataset.negatives.shape[1]} sampled negatives"
    print(f"held out: {len(dataset.test):,} ({dataset.split}), ranked against {ranked}")
    for note in dataset.notes:
        print(_note_line(note))


def _note_line(note: str) -> str:
    from ramgnn.datasets.frames.notes import is_doubt

    return f"note{' (doubt)' if is_doubt(note) else ''}: {visible(note)}"
