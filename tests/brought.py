"""Small tables as people bring them: 24 users, 16 items; each kind of file is made of the same rows."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

N_USERS, N_ITEMS = 24, 16


def rows() -> list[list[str]]:
    """User, item and time of each interaction; four to seven for each user."""
    rng = np.random.default_rng(16)
    made = []
    for u in range(N_USERS):
        for n, i in enumerate(rng.permutation(N_ITEMS)[: rng.integers(4, 8)]):
            made.append([f"u{u:02}", f"i{i:02}", str(1500001000 + 1000 * n + 4000 * u)])
    return made


def items() -> list[list[str]]:
    """Id, title, genre and year of each item."""
    genres, years = ("Crime", "Drama", "Comedy"), ("1980", "1990", "2000")
    return [[f"i{i:02}", f"Title {i}", genres[i % 3], years[i // 6]] for i in range(N_ITEMS)]


def users() -> list[list[str]]:
    """Id, city and age of each user."""
    return [[f"u{u:02}", ("Rome", "Oslo")[u % 2], str(30 + 10 * (u % 3))] for u in range(N_USERS)]


HEADERS = {
    "rows": ["user_id", "item_id", "timestamp"],
    "items": ["item_id", "title", "genre", "year"],
    "users": ["user_id", "city", "age"],
}


@dataclass
class Brought:
    """Three tables in a folder.

    Attributes:
        folder: where they are.
        names: of the files of rows, items and users.
    """

    folder: Path
    names: dict[str, str] = field(default_factory=lambda: {part: f"{part}.csv" for part in HEADERS})

    def write(self, part: str, text: str | bytes, name: str = "") -> Brought:
        """Write one of the files anew, perhaps under another name."""
        self.names[part] = name or self.names[part]
        content = text if isinstance(text, bytes) else text.encode()
        (self.folder / self.names[part]).write_bytes(content)
        return self

    def path(self, part: str) -> Path:
        return self.folder / self.names[part]

    @property
    def options(self) -> dict[str, object]:
        """What `tables.load` takes."""
        return {
            "interactions": self.path("rows"), "items": self.path("items"), "users": self.path("users"),
            "progress": False,
        }  # fmt: skip

    @property
    def arguments(self) -> list[str]:
        """What the command line takes."""
        parts = {"interactions": "rows", "items": "items", "users": "users"}
        return [word for name, part in parts.items() for word in (f"--{name}", str(self.path(part)))]


def lines(part: str, cells: list[list[str]], sep: str = ",", header: bool = True) -> str:
    """A table as text, without quotes."""
    return "".join(sep.join(row) + "\n" for row in ([HEADERS[part]] if header else []) + cells)


def brought(folder: Path) -> Brought:
    """The tables without anything special."""
    made = Brought(folder)
    for part, cells in (("rows", rows()), ("items", items()), ("users", users())):
        made.write(part, lines(part, cells))
    return made


def advised(text: str) -> list[str]:
    """The first options that a message on the shell says to pass, as a shell would split them."""
    return shlex.split(
        re.search(r"(?:pass|such as) (--.+?)(?:, or| \(| if | to leave| since | to keep| or |; |$)", text, re.M)[1]
    )
