"""Numbers in the outputs of a chapter that may differ a little between machines, cell by cell; a plugin for pytest.

Sums of floats depend on the processor and on the number of threads, and training magnifies that. Where a cell prints
such numbers, its metadata say how far they may be from the stored ones::

    "tolerance": {"absolute": 0.01, "relative": 0.05, "whole": 2}

A number with a decimal point is accepted when it is within the sum of the first two, a whole number when it is within
the third: a count is a count unless the cell says otherwise. Everything between the numbers has to be equal, but for
the width of spaces and lines, which follows the numbers. Where a trained model picks words, the titles of a list, say,
``{"words": true}`` asks only that there are as many lines. Cells without such an entry are compared as they stand.

All this holds on *other* machines: a chapter keeps the digits of the arithmetic that it was run with
(`ramgnn.provenance.arithmetic`), and where these are the same, every cell is compared as it stands. So a wrong result
cannot hide behind a tolerance. Used with ``pytest -p book.tools.tolerance --nbval``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any

NUMBER = re.compile(r"(?<![\w.])[-+−]?(?:\d+(?:,\d{3})*(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d+)?(?!\w)")
FILLING = re.compile(r"[─━│═]+|-{2,}|\s{2,}")  # what only makes columns as wide as their numbers
SPACES = re.compile(r"\s{2,}")


@dataclass(frozen=True)
class Tolerance:
    """How far a number may be from the stored one.

    Attributes:
        absolute: of a number with a decimal point, in its unit; relative: of such a number, as a share of it.
        whole: of a whole number.
        words: whether everything may differ.
    """

    absolute: float = 0.0
    relative: float = 0.0
    whole: float = 0.0
    words: bool = False

    def accepts(self, stored: str, now: str) -> bool:
        """Whether the second number may stand for the first."""
        if is_decimal(now) and not is_decimal(stored):  # a count has become something else
            return False
        x, y = self.value(stored), self.value(now)
        allowed = self.absolute + self.relative * abs(x) if is_decimal(stored) else self.whole
        return stored == now or abs(x - y) <= allowed * (1 + 1e-9)

    @staticmethod
    def value(number: str) -> float:
        """The number that a text says, with commas between thousands and a typographic minus."""
        return float(number.replace(",", "").replace("−", "-"))


def matches(stored: str, now: str, tolerance: Tolerance) -> bool:
    """Whether two texts are equal but for what is within the tolerance."""
    if tolerance.words:
        return len(stored.split("\n")) == len(now.split("\n")) and bool(stored.strip()) == bool(now.strip())
    found = numbers(stored, now)
    return found is not None and all(tolerance.accepts(a, b) for a, b in found)


def numbers(stored: str, now: str) -> list[tuple[str, str]] | None:
    """The numbers of two texts side by side, as they are written; None where more than numbers differs."""
    if _skeleton(stored) != _skeleton(now):
        return None
    return list(zip(NUMBER.findall(stored), NUMBER.findall(now), strict=True))


def is_decimal(number: str) -> bool:
    """Whether a number is written with a decimal point or an exponent."""
    return re.search(r"[.eE]", number) is not None


def _skeleton(text: str) -> str:
    """What is left of a text without its numbers and without what only fills columns."""
    return SPACES.sub(" ", FILLING.sub(" ", NUMBER.sub("\0", text))).strip()


def arithmetic() -> str:
    """How this machine rounds, with the number of threads that it has been told to use."""
    from ramgnn.provenance import arithmetic as digits

    return f"{digits()}, {os.environ.get('OMP_NUM_THREADS', 'all')} threads"


def is_same_machine(metadata: Mapping[str, Any]) -> bool:
    """Whether a chapter with this metadata was run where numbers are the same to the last bit."""
    return metadata.get("arithmetic") == arithmetic()


# ---- the plugin ------------------------------------------------------------------------------------------------------


def pytest_configure(config: Any) -> None:
    """Let nbval compare the cells with a tolerance by it."""
    from nbval.plugin import IPyNbCell

    if not hasattr(IPyNbCell.compare_outputs, "__wrapped__"):
        IPyNbCell.compare_outputs = _with_tolerance(IPyNbCell.compare_outputs)


def _with_tolerance(compare):
    """nbval's comparison, told the stored text wherever the new one is within the tolerance of the cell.

    Pictures are left out, whatever their format.
    """

    @wraps(compare)
    def compare_outputs(cell, test, ref, skip_compare=None):
        entry = cell.cell.metadata.get("tolerance")
        if entry is not None and len(test) == len(ref) and not is_same_machine(cell.parent.nb.metadata):
            tolerance = Tolerance(**entry)
            test = [_settle(cell, new, old, tolerance) for new, old in zip(test, ref, strict=True)]
        return compare(cell, test, ref, (*(skip_compare or cell.parent.skip_compare), "image/svg+xml"))

    return compare_outputs


def _settle(cell: Any, new: Any, old: Any, tolerance: Tolerance) -> Any:
    """The new output with the stored text in place of each of its own that is close enough."""
    new = type(new)(new)
    if "text" in new and "text" in old:
        new["text"] = _settle_text(cell, new["text"], old["text"], tolerance)
    if "data" in new and "data" in old:
        texts = {
            kind: _settle_text(cell, text, old["data"][kind], tolerance) if kind in old["data"] else text
            for kind, text in new["data"].items()
        }
        new["data"] = type(new["data"])(texts)
    return new


def _settle_text(cell: Any, new: Any, old: Any, tolerance: Tolerance) -> Any:
    if isinstance(new, str) and isinstance(old, str) and matches(cell.sanitize(old), cell.sanitize(new), tolerance):
        return old
    return new
