"""``ramgnn recommend``: the best items for one user, for several or for all; printed, or written to a file."""

from __future__ import annotations

import io
import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TextIO

import pandas as pd
from tqdm import tqdm

from ramgnn.cli import output
from ramgnn.cli.printing import as_json, item_rows, items_table, print_as_json, print_json
from ramgnn.cli.saved import load_model
from ramgnn.cli.streams import write_data
from ramgnn.datasets.base import RecDataset
from ramgnn.errors import DataError
from ramgnn.fitted import FittedModel
from ramgnn.matching import find, indices, left_out_message, nearest, told_apart
from ramgnn.visible import in_short, visible

LONGEST = 100_000  # characters of a line of a file of ids


def recommend(args: Namespace) -> None:
    """The best items for one user, for several or for all; printed, or written to a file."""
    if args.out:
        output.check(args.out, args.overwrite)
    typed = _read_ids(args.users) if args.users else []
    model = load_model(args.run, reasons=args.reasons)
    if args.had:
        return _recommend_by_items(model, args)
    users, n_skipped = _users(args, typed, model.dataset)
    shown = model.dataset.user_ids if users is None else users
    blocks = _blocks(model, users, args)
    if args.out:
        n_rows = 0
        with output.table_writer(args.out) as write:
            for frame in blocks:
                write(frame)
                n_rows += len(frame)
        if args.json:
            return print_json({"out": args.out, "users": len(shown), "rows": n_rows, "skipped": n_skipped})
        print(f"{n_rows:,} recommendations for {len(shown):,} users in {visible(args.out)}")
    elif args.json:
        single = args.user is not None and len(args.user) == 1
        _print_as_json(model, blocks, shown, args.reasons, single)
    elif args.all:
        _print_csv(blocks)
    else:
        _print_tables(model, blocks, shown, args.reasons)


def _print_csv(blocks: Iterator[pd.DataFrame]) -> None:
    """One table as CSV: as in a file for whoever reads it on, and with escapes for whoever looks at it."""
    looked_at = sys.stdout is not None and sys.stdout.isatty()
    for n, frame in enumerate(blocks):
        if looked_at:
            frame = frame.assign(
                **{name: frame[name].map(visible) for name in ("user", "item", "title") if name in frame}
            )
        write_data(output.as_csv(frame, header=n == 0))


def _recommend_by_items(model: FittedModel, args: Namespace) -> None:
    """The best items for somebody new, by the items that they had."""
    dataset = model.dataset
    had = [dataset.item_ids[i] for i in indices(dataset, "item", args.had)]
    frame = model.recommend(n=min(args.n, dataset.n_items), exclude_seen=not args.include_seen, had=had)
    if args.out:
        with output.table_writer(args.out) as write:
            write(frame)
    rows = item_rows(frame, "score")
    if args.reasons:
        _add_reasons(model, rows, had=had)
    if args.json:
        return print_json({"had": had, "items": rows} | ({"out": args.out} if args.out else {}))
    if args.out:
        return print(f"{len(rows):,} recommendations in {visible(args.out)}")
    names = told_apart(dataset, "item")
    labels = [visible(names[i]) for i in indices(dataset, "item", had)]
    print(f"for somebody who had {in_short(labels)}:")
    print(items_table(rows) if rows else "they have had every item")


def _read_ids(path: str) -> list[tuple[int, str]]:
    """The ids in a file, or on standard input where `path` is ``-``, each with its line number; no blank lines.

    Both are read as UTF-8, whatever encoding the locale or the terminal has.

    Raises:
        DataError: the file cannot be read or has no ids.
    """
    file = "standard input" if path == "-" else path
    try:
        with _standard_input() if path == "-" else open(path, encoding="utf-8-sig") as stream:
            lines = []
            while line := stream.readline(LONGEST):  # never a whole device or file without line ends
                if len(line) == LONGEST:
                    raise DataError(
                        f"the line has {LONGEST:,} characters or more",
                        file=file,
                        line=len(lines) + 1,
                        expected="one user id a line",
                        fix="check what this file is",
                    )
                lines.append(line)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text in UTF-8"
        fix = "save it as UTF-8" if isinstance(error, UnicodeDecodeError) else None
        raise DataError(f"cannot be read: {reason}", file=file, expected="one user id a line", fix=fix) from None
    ids = [(number, line.strip()) for number, line in enumerate(lines, 1) if line.strip()]
    if not ids:
        raise DataError("there are no ids", file=file, expected="one user id a line")
    return ids


@contextmanager
def _standard_input() -> Iterator[TextIO]:
    """Standard input as UTF-8.

    Raises:
        DataError: it is closed.
    """
    if sys.stdin is None:
        raise DataError("it is closed", file="standard input", expected="one user id a line")
    if (raw := getattr(sys.stdin, "buffer", None)) is None:  # a stream of text that a program has put there
        yield sys.stdin
        return
    text = io.TextIOWrapper(raw, encoding="utf-8-sig")
    try:
        yield text
    finally:
        text.detach()


def _users(args: Namespace, typed: list[tuple[int, str]], dataset: RecDataset) -> tuple[list[str] | None, int]:
    """The ids of the users that are asked about, each once, and how many unknown ones were left out.

    Args:
        args: of `recommend`.
        typed: the ids of ``--users`` with their line numbers.
        dataset: the data of the run.

    Returns:
        None for all users.

    Raises:
        RamgnnError: a user is unknown, or all are that were not to be skipped.
    """
    if args.all:
        return None, 0
    if args.user:
        return list(dict.fromkeys(dataset.user_ids[find(dataset, "user", text)] for text in args.user)), 0
    file = "standard input" if args.users == "-" else args.users
    known = set(dataset.user_ids)
    unknown = [(number, user) for number, user in typed if user not in known]
    if unknown and not args.skip_unknown:
        number, user = unknown[0]
        if user in dataset.left_out_users:
            raise DataError(left_out_message(user), file=file, line=number, fix="or leave it out: --skip-unknown")
        near = nearest(user, dataset.user_ids)
        raise DataError(
            f"no user {user!r}" + (f"; did you mean {', '.join(map(repr, near))}?" if near else ""),
            file=file,
            line=number,
            expected=f"an id of the data, such as {dataset.user_ids[0]!r}",
            fix="correct it, or give --skip-unknown to leave out unknown ids"
            + (f" ({len(unknown):,} of {len(typed):,} here)" if len(unknown) > 1 else ""),
        )
    if len(unknown) == len(typed):
        raise DataError("all ids are unknown", file=file, expected=f"ids of the data, such as {dataset.user_ids[0]!r}")
    if unknown:
        print(f"{len(unknown):,} unknown id{'s' if len(unknown) > 1 else ''} left out", file=sys.stderr)
    return list(dict.fromkeys(user for _, user in typed if user in known)), len(unknown)


def _blocks(model: FittedModel, users: list[str] | None, args: Namespace) -> Iterator[pd.DataFrame]:
    """The recommendations in blocks of users, with a progress bar where somebody can see it."""
    total = model.dataset.n_users if users is None else len(users)
    to_terminal = args.out is None and sys.stdout.isatty()  # what is printed there and a bar would mix
    n = min(args.n, model.dataset.n_items)  # a row of n is kept for each user
    hidden = args.quiet or args.json or to_terminal or not sys.stderr.isatty()
    with tqdm(total=total, desc="recommending", unit="user", disable=hidden) as bar:
        for frame in model.recommend_blocks(users, n=n, exclude_seen=not args.include_seen):
            yield frame
            bar.update(frame["user"].nunique())


def _by_user(blocks: Iterator[pd.DataFrame], users: Sequence[str]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Each user in turn with the rows to show, see `item_rows`.

    Blocks have their users in the order of `users`; whoever has had every item is in no block and gets no rows.
    """
    groups = ((str(user), group) for frame in blocks for user, group in frame.groupby("user", sort=False))
    user_of_group, group = next(groups, (None, None))
    for user in users:
        if user != user_of_group:
            yield user, []
            continue
        yield user, item_rows(group, "score")
        user_of_group, group = next(groups, (None, None))


def _print_tables(model: FittedModel, blocks: Iterator[pd.DataFrame], users: Sequence[str], reasons: bool) -> None:
    """A table for each user."""
    dataset = model.dataset
    index_of = {user: index for index, user in enumerate(dataset.user_ids)}
    names = told_apart(dataset, "user")
    for n, (user, rows) in enumerate(_by_user(blocks, users)):
        if reasons:
            _add_reasons(model, rows, user=user)
        label, n_items = visible(names[index_of[user]]), len(dataset.had(index_of[user]))
        print("\n" * (n > 0) + f"for user {label}, who had {n_items} items:")
        none_left = f"{label} has had every item" if n_items == dataset.n_items else "no item is left to recommend"
        print(items_table(rows) if rows else none_left)


def _print_as_json(
    model: FittedModel, blocks: Iterator[pd.DataFrame], users: Sequence[str], reasons: bool, single: bool
) -> None:
    """A list with an object for each user, written one by one; the object alone when `single`."""
    for n, (user, rows) in enumerate(_by_user(blocks, users)):
        if reasons:
            _add_reasons(model, rows, user=user)
        record = {"user": user, "items": rows}
        if single:
            return print_json(record)
        print_as_json(("," if n else "[") + "\n" + as_json(record))
    print_as_json("\n]\n")


def _add_reasons(model: FittedModel, rows: list[dict[str, Any]], **whom: Any) -> None:
    """Add one reason to each row, for a ``user`` or for somebody who ``had`` some items."""
    for row in rows:
        row["reason"] = model.explain(item=row["item"], n=1, **whom).short
