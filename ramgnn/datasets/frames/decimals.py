"""Numbers in cells, also with a decimal comma as many spreadsheets write them: ``18,90`` and ``1.234,50``."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

MOST, HALF = 0.9, 0.5  # share of a column's different cells that have to be numbers, for it to be one of numbers
# with three figures behind it, a comma may divide thousands, unless another cell shows what it does
COMMA = re.compile(r"[+-]?(?:\d+|\d{1,3}(?:\.\d{3})+),(?:\d{1,2}|\d{4,})|[+-]?0,\d+")
NUMBER = re.compile(r"[+-]?(?:\d+|\d{1,3}(?:\.\d{3})+)(?:,\d+)?")
SEVERAL = re.compile(r"\d+(?:,\s*\d+){2,}")  # 7,8,9 is a list, and so may 7,8 be in its column


def to_numbers(texts: Sequence[str]) -> np.ndarray:
    """``(k,)`` finite numbers, NaN for what is none."""
    numbers = np.full(len(texts), np.nan)
    for place, text in enumerate(texts):
        try:
            numbers[place] = np.nan if "_" in text else float(text)  # Python reads 4_5 as 45
        except ValueError:
            continue
    return np.where(np.isfinite(numbers), numbers, np.nan)


def with_comma(texts: Sequence[str], share: float = MOST) -> str:
    """A cell that shows that a column holds numbers with a decimal comma, or "" where it does not.

    Args:
        texts: its different cells, without those that are missing.
        share: how many of them have to be numbers.
    """
    example = next((text for text in texts if COMMA.fullmatch(text)), "")
    if not example or any(map(SEVERAL.fullmatch, texts)):
        return ""
    plain = to_numbers([text for text in texts if not NUMBER.fullmatch(text)])
    return example if np.isnan(plain).sum() <= (1 - share) * len(texts) else ""


def read_numbers(texts: Sequence[str], share: float = MOST) -> tuple[np.ndarray, str]:
    """``(k,)`` finite numbers, NaN for what is none, and a cell that shows a decimal comma, or ""; see `with_comma`."""
    example = with_comma(texts, share)
    if not example:
        return to_numbers(texts), ""
    dots = [text.replace(".", "").replace(",", ".") if NUMBER.fullmatch(text) else text for text in texts]
    return to_numbers(dots), example
