"""A made-up library whose readers' tastes are known: for data that comes as files, and for judging what is found in it.

800 readers, 400 books. Each reader has two favourite subjects and follows four authors. What is borrowed is a book
that is well known, about a favourite subject, by an author who is followed. The year of a book and the town of a reader
have nothing to do with it, except that people in the fourth town borrow less. `Library.write` spoils the tables the way
it happens in practice; `clean` mends them.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

N_BOOKS, N_READERS, N_AUTHORS = 400, 800, 60
NEW = 40  # books and readers of yesterday: they have no loan
SUBJECTS = (
    "Crime", "Fantasy", "History", "Travel", "Cooking", "Poetry", "Science", "Art", "Music", "Garden", "Sport",
    "Romance",
)  # fmt: skip
TOWNS = ("Oldbridge", "Hillside", "Saltmarsh", "Farholm")
FAMILIES = ("Abel", "Bosk", "Carr", "Dahl", "Eide", "Falk", "Gray", "Holm", "Iven", "Jost", "Kerr", "Lund")
FIRST = (
    "Silent", "Second", "Last", "Hidden", "Burning", "Long", "Broken", "Quiet", "Golden", "Lost", "Winter", "Empty",
    "Crooked", "Distant", "Early", "Hollow", "Narrow", "Painted", "Restless", "Northern",
)  # fmt: skip
THEN = (
    "Harbour", "Garden", "Letter", "Season", "River", "Orchard", "Kitchen", "Witness", "Map", "Bridge", "House",
    "Stair", "Summer", "Lantern", "Road", "Island", "Mirror", "Voice", "Tower", "Market",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Library:
    """The truth, and the tables without a flaw. Readers and books are numbered from 0, as in their ids.

    Attributes:
        about: ``(n_books, 12)`` bool, which book is about which subject.
        author: ``(n_books,)`` who wrote it; names: ``(60,)`` their names.
        favourite: ``(n_readers, 2)`` subjects; follows: ``(n_readers, 4)`` authors.
        usual: ``(n_readers, 3)`` subjects that are usual at the reader's age.
        town: ``(n_readers,)`` number of the town.
        likes: ``(n_readers, n_books)`` bool, about a favourite subject.
        by_author: ``(n_readers, n_books)`` bool, by an author who is followed.
        taste: ``(n_readers, n_books)``: the larger, the likelier to be borrowed; minus infinity for new books.
        drawn: ``(n_readers, n_books)`` the order in which each reader would choose.
        new: ``(40,)`` books that nobody has had; the last 40 readers have no loan either.
        loans, books, readers: the tables.
        rng: what draws the flaws.
    """

    about: np.ndarray
    author: np.ndarray
    names: np.ndarray
    favourite: np.ndarray
    follows: np.ndarray
    usual: np.ndarray
    town: np.ndarray
    likes: np.ndarray
    by_author: np.ndarray
    taste: np.ndarray
    drawn: np.ndarray
    new: np.ndarray
    loans: pd.DataFrame
    books: pd.DataFrame
    readers: pd.DataFrame
    rng: np.random.Generator

    def write(self, folder: str | os.PathLike) -> None:
        """Write ``loans.csv``, ``books.csv`` and ``readers.csv`` with the usual flaws; call it once.

        Empty cells, a 0 for an age, *unknown* for an author, two spellings, ids in capitals, loans that stand twice.
        """
        loans, books, readers = self.loans.copy(), self.books.copy(), self.readers.copy()

        def spoil(table: pd.DataFrame, name: str, share: float, change: str | Callable) -> None:
            cells = table[name].astype(str)
            some = self.rng.random(len(table)) < share
            table[name] = cells.where(~some, change(cells) if callable(change) else change)

        spoil(books, "author", 0.12, "unknown")
        spoil(books, "subject", 0.1, lambda cells: cells.str.lower())
        spoil(books, "subject", 0.05, lambda cells: cells.str.replace("|", " | ") + " ")
        spoil(books, "year", 0.05, "")
        spoil(readers, "age", 0.1, "0")
        spoil(readers, "town", 0.3, "unknown")
        spoil(readers, "town", 0.05, lambda cells: cells + " ")
        spoil(loans, "book_id", 0.01, lambda cells: cells.str.upper())
        loans = pd.concat([loans, loans.sample(60, random_state=0).assign(date="2024-12-31")])
        Path(folder).mkdir(parents=True, exist_ok=True)
        for name, table in {"loans": loans, "books": books, "readers": readers}.items():
            table.to_csv(Path(folder) / f"{name}.csv", index=False)


def make(seed: int = 16) -> Library:
    """Draw books, readers and loans."""
    rng = np.random.default_rng(seed)
    home = rng.integers(12, size=N_AUTHORS)  # the main subject of each author
    author = rng.integers(N_AUTHORS, size=N_BOOKS)
    about = np.zeros((N_BOOKS, 12), bool)
    for subject in (home[author], rng.integers(12, size=N_BOOKS)):
        about[np.arange(N_BOOKS), subject] = True
    new = np.arange(N_BOOKS - NEW, N_BOOKS)

    age = rng.integers(16, 86, N_READERS)
    town = rng.choice(4, N_READERS, p=[0.45, 0.3, 0.15, 0.1])
    usual = (age[:, None] // 20 * 3 + np.arange(3)) % 12  # three subjects of each age
    favourite = rng.integers(12, size=(N_READERS, 2))
    typical = rng.random(N_READERS) < 0.7
    favourite[typical, 0] = usual[typical, rng.integers(3, size=typical.sum())]
    close = (home == favourite[:, :1]) | (home == favourite[:, 1:])
    follows = np.argsort(-2.3 * close - rng.gumbel(size=close.shape))[:, :4]

    likes = about[:, favourite].any(2).T
    by_author = (author == follows[:, :, None]).any(1)
    taste = 2.5 * likes + 2 * by_author - 0.4 * np.log(rng.permutation(N_BOOKS) + 5)
    taste[:, new] = -np.inf  # what is not there cannot be borrowed
    drawn = np.argsort(-taste - rng.gumbel(size=taste.shape))
    seldom, often = 2 + rng.poisson(1.5, N_READERS), 4 + rng.poisson(5, N_READERS)
    n_loans = np.where(town == 3, seldom, often)
    n_loans[-NEW:] = 0  # joined yesterday

    rows = [(f"c{u:03}", f"b{b:03}") for u, n in enumerate(n_loans) for b in drawn[u, :n]]
    loans = pd.DataFrame(rows, columns=["card", "book_id"])
    loans["date"] = np.datetime64("2023-01-02") + rng.integers(700, size=len(loans))
    loans["date"] = loans["date"].astype(str)
    loans = loans.sort_values("date", kind="stable", ignore_index=True)
    readers = pd.DataFrame({"card": [f"c{i:03}" for i in range(N_READERS)]})
    readers["age"], readers["town"] = age, np.array(TOWNS)[town]
    names = np.array([f"{a}. {name}" for a in "ABEKM" for name in FAMILIES])
    books = pd.DataFrame({"book_id": [f"b{i:03}" for i in range(N_BOOKS)]})
    books["title"] = [f"The {a} {b}" for b in THEN for a in FIRST]
    books["subject"] = ["|".join(np.array(SUBJECTS)[own]) for own in about]
    books["author"], books["year"] = names[author], rng.integers(1950, 2024, N_BOOKS)
    books["language"] = np.where(rng.random(N_BOOKS) < 0.92, "English", "French")
    books["shelf"] = [f"S{i}" for i in rng.permutation(N_BOOKS)]
    return Library(about, author, names, favourite, follows, usual, town, likes, by_author, taste, drawn, new,
                   loans, books, readers, rng)  # fmt: skip


def one_spelling(cell: str) -> str:
    """The values of a cell without spaces around them, each with one capital."""
    return "|".join(part.strip().capitalize() for part in cell.split("|"))


def clean(raw: str | os.PathLike, folder: str | os.PathLike) -> None:
    """Mend the tables that `Library.write` wrote: ids and subjects in one spelling, what is not known left empty."""
    read = {name: pd.read_csv(Path(raw) / f"{name}.csv", dtype=str, keep_default_na=False)
            for name in ("loans", "books", "readers")}  # fmt: skip
    read["loans"]["book_id"] = read["loans"]["book_id"].str.lower()
    read["books"] = read["books"].drop(columns=["language", "shelf"])
    read["books"]["subject"] = read["books"]["subject"].map(one_spelling)
    read["books"]["author"] = read["books"]["author"].replace("unknown", "")
    read["readers"]["town"] = read["readers"]["town"].str.strip().replace("unknown", "")
    read["readers"]["age"] = read["readers"]["age"].replace("0", "")
    Path(folder).mkdir(parents=True, exist_ok=True)
    for name, table in read.items():
        table.to_csv(Path(folder) / f"{name}.csv", index=False)
