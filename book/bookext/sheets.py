"""Numbers and tables as the sheets for the board write them."""

from __future__ import annotations

from collections.abc import Sequence


def short(x: float, digits: int = 2) -> str:
    """A number without the zero before its point."""
    text = f"{x:.{digits}f}"
    return text.replace("0.", ".", 1) if text.lstrip("-").startswith("0.") else text


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    """A Markdown table, its first column to the left and the others in the middle."""
    lines = [head, ["---", *[":---:"] * (len(head) - 1)], *rows]
    return ["", *("| " + " | ".join(map(str, line)) + " |" for line in lines), ""]
