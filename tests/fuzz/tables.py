"""Own tables, as files and as data frames: refused with a word on where and what, or read as they are."""

from __future__ import annotations

import gzip
import random
from pathlib import Path
from typing import Any

import pandas as pd

from ramgnn.datasets.frames import from_frames
from ramgnn.datasets.tables import load
from ramgnn.errors import RamgnnError
from tests.fuzz import reader, small
from tests.fuzz.loop import Wrong
from tests.fuzz.mutate import mutate_bytes

CELLS = (
    "", " ", "?", "\\N", "NULL", "nan", "NaN", "None", "NA", "N/A", "-", "-1", "0", "1", "1.0", "12.0", "007", "1e3",
    "1e999", "inf", "9" * 30, "-5", "3.5", "1,5", "٣", "é", "e\u0301", "電影", "🎬", "\u202eabc", "\x1b[31m", "\u200b",
    "\ufeffi1", "a,b", 'say "hi"', "'x'", "a|b", "a;b", "a/b", "Drama, Crime", "['Drama', 'Crime']", '["a"', "[]", "{}",
    "=1+1", "#x", "Pixar, Inc.", "two\nlines", "x" * 1000, "u1", "i1", " u1 ", "U1", "user_id", "true",
    "1500001000.5", "1500001000000", "1500001000", "150000100", "2017-07-14", "14/07/2017", "20170714", "2016-13-45",
    "2017-07-14T10:00:00Z", "32.12.2016", "9223372036854775807", "9223372036854775808", "1.5E+09", "0x10", "1_000",
)  # fmt: skip
FORMS = (None, "%Y-%m-%d %H:%M:%S", "%Y-%m-%d", "%d/%m/%Y", "%Y%m%d", "ms", "order")
OPTIONS: dict[str, tuple[Any, ...]] = {
    "duplicates": ("first", "last", "error", "none", 3), "unknown": ("drop", "drop", "error", None),
    "min_user": (0, 1, 2, 3, 100, -1, "2", 1.5), "split": ("last", "random", "none", "time"),
    "missing": (["Drama"], ["u1", "Title 3"], "Drama", [], 3), "bins": ({"year": 10}, {"age": "q2"}, {"genre": 2}, 3),
    "time_format": ("seconds", "milliseconds", "dayfirst", "%Y", "%Q", "order"), "negatives": (1, 3, 100, 0),
    "separator": ("|", None, ",", {"genre": "|"}, {"genre": None}, {"gnre": "|"}, "", 3), "seed": (1, -1, 2**64),
    "item_relations": (["genre"], "genre", ["genre", "genre"], ["nothing"], []),
    "title_column": ("title", "genre", "x"),
    "min_rating": (3, "x", float("nan")), "user_column": ("user_id", "item_id", "x"),
    "encoding": ("latin-1", "utf-16", "x"),
    "sep": (";", "\t", "", "abc", "\n"), "quote": (None, "'", "ab"), "escape": ("\\", '"', "x"),
    "header": (False, "yes"),
}  # fmt: skip
COLUMNS = {"user": "user_id", "item": "item_id", "time": "timestamp", "title": "title"}


class Tables:
    """Three tables, with cells, lines, bytes, headers or options otherwise."""

    name = "tables"

    def __init__(self, base: Path) -> None:
        self.story: list[str] = []

    def try_one(self, rng: random.Random, folder: Path) -> str:
        """Write the tables in some form, change something, read them."""
        tables = small.tables()
        options: dict[str, Any] = {"duplicates": "error", "unknown": "error", "min_user": 2, "split": "last"}
        options |= {"unknown": "drop"} if rng.random() < 0.5 else {}
        options |= {"duplicates": rng.choice(("first", "last"))} if rng.random() < 0.5 else {}
        self._times(rng, tables)
        for _ in range(rng.choice((0, 1, 1, 2, 3))):
            self._cell(rng, tables)
        if rng.random() < 0.15:
            self._header(rng, tables)
        given: dict[str, Any] = {}
        if rng.random() < 0.3:
            name = rng.choice(sorted(OPTIONS))
            given[name] = rng.choice(OPTIONS[name])
            self.story.append(f"option {name}={given[name]!r}")
        try:
            if rng.random() < 0.25:
                dataset, tables = self._frames(rng, tables, options | given)
            else:
                dataset, tables = self._files(rng, folder, tables, options, given)
        except RamgnnError as error:
            self.story.append(str(error))
            check_message(str(error), given)
            return small.refused(error)
        if tables is None:
            raise Wrong("what a second reader cannot read was accepted")
        if given.keys() & {"user_column", "encoding", "sep", "quote", "escape", "header", "title_column", "bins"}:
            return "read, with other options"
        said = {name: value for name, value in given.items() if name in ("time_format", "missing", "min_rating")}
        heads = {name: set(table[0]) for name, table in tables.items()}
        known = {"user_id", "item_id", "timestamp"} <= heads["rows"] and {"item_id", "title"} <= heads["items"]
        if not known or "user_id" not in heads["users"] or "min_rating" in said:
            return "read, with other columns"
        reader.check(dataset, tables, COLUMNS, options | {k: v for k, v in given.items() if k in options} | said)
        return "same"

    # ---- what is changed -------------------------------------------------------------------------------------------

    def _times(self, rng: random.Random, tables: dict[str, list[list[str]]]) -> None:
        """Times in another form."""
        form = rng.choice(FORMS)
        for n, row in enumerate(tables["rows"][1:]):
            seconds = int(row[2])
            if form == "ms":
                row[2] = str(seconds * 1000)
            elif form == "order":
                row[2] = str(n)
            elif form is not None:
                row[2] = pd.Timestamp(seconds, unit="s").strftime(form)
        self.story.append(f"times in the form {form}")

    def _cell(self, rng: random.Random, tables: dict[str, list[list[str]]]) -> None:
        name = rng.choice(sorted(tables))
        table = tables[name]
        place, column = rng.randrange(1, len(table)), rng.randrange(len(table[0]))
        kind = rng.choice(("cell", "cell", "cell", "column", "row", "copy", "swap"))
        if kind == "cell":
            table[place][column] = rng.choice(CELLS)
            self.story.append(f"{name}: cell {place}, {column} is {table[place][column]!r:.40}")
        elif kind == "column":
            for row in table[1:]:
                if rng.random() < 0.3:
                    row[column] = rng.choice(("", "?", "nan", row[column] + ".0", f" {row[column]} ", "-1", "Drama|"))
            self.story.append(f"{name}: many cells of column {column}")
        elif kind == "row":
            del table[place]
            self.story.append(f"{name}: row {place} removed")
        elif kind == "copy":
            table.insert(rng.randrange(1, len(table)), list(table[place]))
            self.story.append(f"{name}: row {place} repeated")
        else:
            other = rng.randrange(1, len(table))
            table[place], table[other] = table[other], table[place]
            self.story.append(f"{name}: rows {place} and {other} exchanged")

    def _header(self, rng: random.Random, tables: dict[str, list[list[str]]]) -> None:
        name = rng.choice(sorted(tables))
        head = tables[name][0]
        column = rng.randrange(len(head))
        old = head[column]
        head[column] = rng.choice(
            ("", " ", old.upper(), f" {old} ", head[0], "x", "item", "id", "user", old + "\ufeff")
        )
        self.story.append(f"{name}: the column {old} is called {head[column]!r}")

    # ---- files -----------------------------------------------------------------------------------------------------

    def _files(
        self, rng: random.Random, folder: Path, tables: dict[str, list[list[str]]], options: dict[str, Any],
        given: dict[str, Any],
    ) -> tuple[Any, dict[str, list[list[str]]] | None]:  # fmt: skip
        """The data set of files, and what a second reader finds in them."""
        form = reader.Form(
            rng.choice((",", ",", "\t", ";", "|")), rng.choice(("utf-8", "utf-8", "utf-16", "utf-8-sig"))
        )
        end, always = rng.choice(("\n", "\n", "\r\n")), rng.random() < 0.2
        paths, found = {}, {}
        harmed = rng.choice(sorted(tables)) if rng.random() < 0.4 else None
        for name, table in tables.items():
            text = "".join(form.sep.join(quoted(cell, form.sep, always) for cell in row) + end for row in table)
            content = text.encode(form.encoding)
            if name == harmed:
                content = self._harm(rng, name, content, form, end)
            found[name] = reader.rows_of(content, form)
            paths[name] = folder / f"{name}.csv"
            paths[name].write_bytes(gzip.compress(content) if rng.random() < 0.1 else content)
        as_written = {"encoding": form.encoding} | ({"sep": form.sep} if rng.random() < 0.6 else {})
        self.story.append(f"written with {form}")
        dataset = load(paths["rows"], paths["items"], paths["users"], progress=False, **as_written | options | given)
        whole = all(t is not None and t and all(len(row) == len(t[0]) for row in t) for t in found.values())
        if whole:
            found = {name: [[c.strip() for c in t[0]], *t[1:]] for name, t in found.items()}
        elif not given:
            raise Wrong("what a second reader cannot read was accepted")
        return dataset, found if whole else tables

    def _harm(self, rng: random.Random, name: str, content: bytes, form: reader.Form, end: str) -> bytes:
        """Bytes or lines of a file otherwise."""
        if rng.random() < 0.5:
            content, what = mutate_bytes(rng, content)
            self.story.append(f"{name}: {what}")
            return content
        lines = content.decode(form.encoding).split(end)
        at = rng.randrange(len(lines))
        kind = rng.choice(("gone", "twice", "blank", "more", "less", "quote", "header", "cut", "space", "other end"))
        if kind == "gone":
            del lines[at]
        elif kind in ("twice", "header"):
            lines.insert(at, lines[at if kind == "twice" else 0])
        elif kind == "blank":
            lines.insert(at, rng.choice(("", " ", form.sep)))
        elif kind == "more":
            lines[at] += form.sep + rng.choice(("", "x"))
        elif kind == "less":
            lines[at] = lines[at].rpartition(form.sep)[0]
        elif kind == "quote":
            place = rng.randrange(len(lines[at]) + 1)
            lines[at] = lines[at][:place] + '"' + lines[at][place:]
        elif kind == "cut":
            lines[-2:] = [lines[-2][: rng.randrange(1, len(lines[-2]) or 2)]]
        elif kind == "space":
            lines[at] = lines[at].replace(form.sep, form.sep + " ")
        else:
            lines[at] += rng.choice(("\r", "\x0b", "\u2028", "\x00", "\x1a"))
        self.story.append(f"{name}: line {at + 1}: {kind}")
        return end.join(lines).encode(form.encoding)

    # ---- data frames -----------------------------------------------------------------------------------------------

    def _frames(
        self, rng: random.Random, tables: dict[str, list[list[str]]], options: dict[str, Any]
    ) -> tuple[Any, dict[str, list[list[str]]]]:
        """The data set of data frames, of text or of what pandas makes of it, and the same as text."""
        for name in ("encoding", "sep", "quote", "escape", "header"):
            options.pop(name, None)
        frames, found = [], {}
        kinds = rng.choice(("text", "category", "numbers", "index"))
        self.story.append(f"data frames of {kinds}")
        for name, table in tables.items():
            frame = pd.DataFrame(table[1:], columns=table[0], dtype=object)
            if kinds == "category":
                frame = frame.astype("category")
            elif kinds == "numbers" and frame.columns.is_unique:
                for column in frame.columns:
                    numbers = pd.to_numeric(frame[column], errors="coerce")
                    if numbers.notna().all() and numbers.map(str).eq(frame[column]).all():
                        frame[column] = numbers
            elif kinds == "index":
                frame.index = range(5, 5 + len(frame))
            frames.append(frame)
            found[name] = [[cell.strip() for cell in table[0]], *table[1:]]
        return from_frames(*frames, **options), found


def quoted(cell: str, sep: str, always: bool) -> str:
    """A cell as it is written."""
    if always or sep in cell or any(mark in cell for mark in '"\n\r'):
        return '"' + cell.replace('"', '""') + '"'
    return cell


def check_message(text: str, given: dict[str, Any]) -> None:
    """Do nothing when a message says where it went wrong.

    Raises:
        Wrong: it does not.
    """
    places = ("rows.csv", "items.csv", "users.csv", "interactions", "items", "users", "data set")
    if not any(place in text for place in places) and not any(name in text for name in given):
        raise Wrong(f"a message that names no place: {text}")
