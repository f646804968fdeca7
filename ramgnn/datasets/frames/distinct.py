"""The different texts of a column and where they stand: what a column holds is decided on these, not on each row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ramgnn.datasets.frames.coded import different
from ramgnn.datasets.frames.table import SHOWN, Origin


@dataclass(frozen=True, eq=False)
class Distinct:
    """The ``k`` different texts of a column of ``n`` cells, in order of first appearance.

    Attributes:
        text: ``(k,)`` texts without spaces around them; two may be equal that differed by such spaces.
        codes: ``(n,)`` which of them stands in each row.
        places: ``(n,)`` the place of each row.
        column: the name of the column.
        origin: the table.
    """

    text: np.ndarray
    codes: np.ndarray
    places: np.ndarray
    column: str
    origin: Origin

    @property
    def counts(self) -> np.ndarray:
        """``(k,)`` in how many rows each text stands."""
        return np.bincount(self.codes, minlength=len(self.text))

    def places_of(self, some: np.ndarray) -> np.ndarray:
        """The places of the rows with one of `some` texts, ``(k,)`` bool."""
        return self.places[some[self.codes]]

    def show(self, some: np.ndarray) -> str:
        """The first few of `some` texts and where they stand: ``"'17' (line 4), 'x' (line 9)"``."""
        chosen = np.flatnonzero(some)
        parts = []
        for code in chosen[:SHOWN]:
            place = self.places[np.argmax(self.codes == code)]
            parts.append(f"{str(self.text[code])!r} ({self.origin.unit} {self.origin.show(place)})")
        return ", ".join(parts) + (", …" if len(chosen) > SHOWN else "")


def distinct(column: pd.Series, origin: Origin, name: str | None = None) -> Distinct:
    """The different texts of `column`, which is indexed by place and called `name` in messages.

    Raises:
        DataError: a cell is a list, a dictionary or bytes.
    """
    codes, texts = different(column, origin)
    stripped = np.array([str(text).strip() for text in texts], dtype=object)
    return Distinct(stripped, codes, column.index.to_numpy(), str(name or column.name), origin)


def examples(texts: list[str], shown: int = SHOWN) -> str:
    """The first few of some texts, joined by commas."""
    return ", ".join(texts[:shown]) + (", …" if len(texts) > shown else "")
