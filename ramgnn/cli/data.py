"""``ramgnn data``: list, describe and check data sets. And which data set the options of a command mean."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ramgnn import datasets
from ramgnn.cli.printing import print_json, text_table
from ramgnn.errors import RamgnnError

if TYPE_CHECKING:  # imported where they are needed, so that `data list` answers at once
    from ramgnn.datasets.base import RecDataset
    from ramgnn.datasets.source import Source

_TABLE_OPTIONS = ("user_column", "item_column", "time_column", "title_column", "separator")


# ---- which data set --------------------------------------------------------------------------------------------------


def source(args: Namespace) -> Source:
    """The data set that the options name.

    Raises:
        RamgnnError: own tables and a named data set are both given, or an option has no value.
    """
    from ramgnn.datasets.source import Source

    options = dict(assignment(text, "option", "age=value") for text in args.option)
    name = getattr(args, "name", None) or args.data
    tables = {"interactions": args.interactions, "items": args.items, "users": args.users}
    if any(tables.values()):
        if name not in (None, "tables"):
            raise RamgnnError(f"both the data set {name!r} and your own tables are given; leave one out")
        name = "tables"
        options |= {key: str(Path(path).resolve()) for key, path in tables.items() if path}
    elif name is not None and datasets.is_path(name):
        name = str(Path(name).expanduser().resolve())
    if name == "tables" or (name is not None and datasets.is_path(name)):
        options |= {key: value for key in _TABLE_OPTIONS if (value := getattr(args, key)) is not None}
        if args.bins:
            options["bins"] = dict(_bin(text) for text in args.bins)
    return Source(name or "movietweetings", options, _names(args.item_relations), _names(args.user_relations))


def _names(text: str | None) -> list[str] | None:
    """Relation types from ``A,B``; None, for all of them, from None."""
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
            print(f"\n{title}: {text}")


def check(args: Namespace) -> None:
    """Read a data set and say whether everything fits together."""
    dataset = source(args).load().check()
    if args.json:
        return print_json(
            {"ok": True, "name": dataset.name, "users": dataset.n_users, "items": dataset.n_items,
             "train": len(dataset.train), "test": len(dataset.test), "notes": dataset.notes}
        )  # fmt: skip
    print_summary(dataset)
    print("\nwell: every id, value and pair fits")


def print_summary(dataset: RecDataset) -> None:
    """Print sizes, split and notes."""
    sizes = f"{dataset.n_users:,} users, {dataset.n_items:,} items, {len(dataset.train):,} training interactions"
    print(f"{dataset.name}: {sizes}")
    ranked = "all items" if dataset.negatives is None else f"{dataset.negatives.shape[1]} sampled negatives"
    print(f"held out: {len(dataset.test):,} ({dataset.split}), ranked against {ranked}")
    for note in dataset.notes:
        print(f"note: {note}")
