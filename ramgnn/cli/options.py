"""Options that several commands have, in groups."""

from __future__ import annotations

import os
from argparse import ArgumentParser, ArgumentTypeError
from argparse import _ArgumentGroup as ArgumentGroup  # what `add_argument_group` returns; it has no public name
from collections.abc import Callable
from math import isfinite

from ramgnn.cli.actions import Adding, AddingPairs

DIGITS = 19  # of a whole number that is typed: the largest seed has as many


def whole(what: str, least: int, most: int | None = None) -> Callable[[str], int]:
    """What reads a whole number for `argparse` and refuses one out of bounds.

    Args:
        what: what the number is, in the message: ``"a number of items"``.
        least, most: the bounds, both allowed.
    """
    expected = f"{least} or more" if most is None else f"{least} to {most}"

    def read(text: str) -> int:
        number = text.lstrip("0") or text[:1]  # int() refuses thousands of digits, leading zeros among them
        is_long = len(number) > DIGITS
        if is_long or not text.isdecimal() or int(number) < least or (most is not None and int(number) > most):
            shown = repr(text) if len(text) <= 2 * DIGITS else f"{text[:DIGITS]!r}… ({len(text):,} characters)"
            digits = f", in {DIGITS} digits at most" * (is_long and text.isdecimal() and most is None)
            raise ArgumentTypeError(f"{shown} is not {what}; expected {expected}{digits}")
        return int(number)

    return read


def id_text(argument: str) -> str:
    """An id or a title as it was typed, also where the locale has no letters for it and hands over bytes instead."""
    try:
        return os.fsencode(argument).decode("utf-8")
    except UnicodeError:
        return argument


def how_many(sub: ArgumentParser | ArgumentGroup, default: int, what: str = "how many") -> None:
    """``-n``, from 1 on."""
    kind = whole("a number of items", 1)
    sub.add_argument("-n", type=kind, default=default, help=f"{what} (default: {default})")


def item(sub: ArgumentParser | ArgumentGroup, required: bool = False) -> None:
    """One item."""
    sub.add_argument("--item", type=id_text, required=required, help="id, or title or part of it")


def user(sub: ArgumentParser | ArgumentGroup, required: bool = False) -> None:
    """One user."""
    sub.add_argument("--user", type=id_text, required=required, help="id or name")


def had(sub: ArgumentParser | ArgumentGroup) -> None:
    """Somebody who was not there in training, by what they had."""
    text = "somebody new: the items that they had, by id or title, oldest first"
    sub.add_argument("--had", type=id_text, nargs="+", action=Adding, metavar="ITEM", help=text)


def number(text: str) -> int | float:
    """A finite number, for `argparse`."""
    try:
        value = float("nan" if "_" in text else text)  # Python reads 1_0 as 10
    except ValueError:
        value = float("nan")
    if not isfinite(value):
        raise ArgumentTypeError(f"{text!r} is not a number")
    return int(value) if value.is_integer() else value


def output(sub: ArgumentParser, quiet: bool = False) -> ArgumentGroup:
    """``--json`` and, where there is a progress bar, ``--quiet``."""
    group = sub.add_argument_group("output")
    group.add_argument("--json", action="store_true", help="print JSON and nothing else on standard output")
    if quiet:
        group.add_argument(
            "--quiet",
            action="store_true",
            help="no progress bars and no notes; doubts about the data go to standard error",
        )
    return group


def saved_run(sub: ArgumentParser) -> None:
    """The run that is asked."""
    sub.add_argument("--run", required=True, metavar="FOLDER", help="a folder that train wrote")


def results_folder(sub: ArgumentParser) -> None:
    """Where the runs of the experiments are stored."""
    sub.add_argument("--out", metavar="FOLDER", help="the folder of results (default: the package's own)")


def metrics(sub: ArgumentParser) -> ArgumentGroup:
    """At which k and with which ties the metrics are computed."""
    group = sub.add_argument_group("metrics")
    group.add_argument(
        "--at", type=whole("a cut-off", 1), nargs="+", action=Adding, default=[10, 20], metavar="K",
        help="cut-offs (default: 10 20)",
    )  # fmt: skip
    group.add_argument(
        "--ties", default="average", choices=["average", "optimistic", "pessimistic"],
        help="how equal scores rank; optimistic as in RCF's code (default: average)",
    )  # fmt: skip
    return group


def dataset(sub: ArgumentParser) -> None:
    """A data set by name, a folder, or tables of one's own; read by `ramgnn.cli.data.source`."""
    named = sub.add_argument_group("data")
    named.add_argument(
        "--data", metavar="NAME",
        help="a data set (`ramgnn data list` names them), or a folder with MovieLens, RecBole's atomic files, or "
        "tables as CSV or Parquet",
    )  # fmt: skip
    named.add_argument(
        "--option", nargs="+", action=AddingPairs, default=[], metavar="NAME=VALUE",
        help="options of its loader; of your own tables sep=';', encoding=cp1252, duplicates=first, unknown=drop, "
        "min_user=5, …",
    )  # fmt: skip
    named.add_argument("--item-relations", metavar="A,B", help="only these attributes of items, by name; none for none")
    named.add_argument("--user-relations", metavar="A,B", help="only these attributes of users, by name; none for none")
    tables = sub.add_argument_group(
        "your own tables, or those in a folder",
        "--interactions, --items and --users name files instead of --data; the others go with a folder of tables too",
    )
    tables.add_argument(
        "--interactions", metavar="FILE", help="who had what: user, item and, if known, time (CSV or Parquet)"
    )
    tables.add_argument("--items", metavar="FILE", help="items with their attributes; none: there is no such table")
    tables.add_argument("--users", metavar="FILE", help="users with their attributes")
    tables.add_argument("--user-column", metavar="NAME", help="column of user ids (otherwise guessed and shown)")
    tables.add_argument("--item-column", metavar="NAME", help="column of item ids")
    tables.add_argument("--time-column", metavar="NAME", help="column of times")
    tables.add_argument("--title-column", metavar="NAME", help="column of item names to show")
    tables.add_argument(
        "--separator", action="append", metavar="[COLUMN=]CHAR",
        help="between several values in one cell, of all columns or of one; none for one value a cell (default: found "
        "out for each column, and shown); may be given for several columns",
    )  # fmt: skip
    tables.add_argument(
        "--missing", action="append", metavar="VALUE", help="says that nothing is known, as NULL and ? do; repeatable"
    )
    tables.add_argument("--rating-column", metavar="NAME", help="column of ratings")
    tables.add_argument("--min-rating", type=number, metavar="N", help="keep what was rated N or more")
    tables.add_argument(
        "--time-format", metavar="FORM",
        help="how times are written: dayfirst, monthfirst, seconds, milliseconds, microseconds, order, or as in "
        "%%d.%%m.%%Y %%H:%%M",
    )  # fmt: skip
    tables.add_argument(
        "--split", metavar="HOW",
        help="hold out the last item of each user (last, the default), a random one, or none: only to recommend",
    )  # fmt: skip
    tables.add_argument(
        "--quote",
        metavar="CHAR",
        help="around fields (default: \", and found out in RecBole's files); none where quotes are letters",
    )
    tables.add_argument("--escape", metavar="CHAR", help="before a quote inside a field, such as \\ (default: none)")
    tables.add_argument("--no-header", action="store_true", help="no names of columns: they are called 1, 2, …")
    tables.add_argument(
        "--bins", nargs="+", action=AddingPairs, default=[], metavar="COLUMN=N",
        help="bands of width N, or qN quantiles",
    )  # fmt: skip
