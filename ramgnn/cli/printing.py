"""Text tables and JSON for standard output."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ramgnn.cli.streams import write_data
from ramgnn.visible import visible, visible_json

if TYPE_CHECKING:  # `ramgnn data list` prints too and does without pandas
    import pandas as pd

    from ramgnn.evaluation import Evaluation


def text_table(frame: pd.DataFrame) -> str:
    """A frame as text: thousands separated, text to the left, ``-`` for NaN, each row on one line."""
    from pandas.api.types import is_integer_dtype, is_numeric_dtype

    shown = frame.rename(columns=visible)
    for name in shown:
        if is_integer_dtype(shown[name]):
            shown[name] = [f"{x:,}" for x in shown[name]]
        elif not is_numeric_dtype(shown[name]) and shown[name].dtype != bool:
            cells = [visible(x) for x in shown[name]]
            width = max([len(str(name)), *map(len, cells)])
            shown[name] = [cell.ljust(width) for cell in cells]
            shown = shown.rename(columns={name: str(name).ljust(width)})
    return shown.to_string(index=False, na_rep="-")


def aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Rows of text as lines with aligned columns, each on one line."""
    rows = [tuple(map(visible, row)) for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows]


def table_without_ids(frame: pd.DataFrame, label: str) -> str:
    """The same without the column ``id`` where ids and labels do not differ.

    Args:
        frame: with a column ``id``.
        label: the column of labels.
    """
    return text_table(frame if (frame["id"] != frame[label]).any() else frame.drop(columns="id"))


def item_rows(frame: pd.DataFrame, number: str) -> list[dict[str, Any]]:
    """Recommended or similar items as plain rows: rank, item, which is its id as text, title (or id) and a number.

    Args:
        frame: columns ``rank, item``, perhaps ``title``, and the number.
        number: ``"score"`` or ``"similarity"``.
    """
    titles = frame["title"] if "title" in frame else frame["item"]
    columns = (frame["rank"], frame["item"], titles, frame[number])
    return [
        {"rank": int(rank), "item": str(item), "title": str(title), number: round(float(value), 4)}
        for rank, item, title, value in zip(*columns, strict=True)
    ]


def items_table(rows: Sequence[dict[str, Any]]) -> str:
    """Recommended or similar items as a table, with what they are called below ``item``."""
    import pandas as pd

    return table_without_ids(pd.DataFrame(rows).rename(columns={"item": "id", "title": "item"}), "item")


def print_json(content: Any) -> None:
    """Print plain values, NumPy's and PyTorch's scalars among them, as JSON in UTF-8."""
    print_as_json(as_json(content, indent=1) + "\n")


def print_as_json(text: str) -> None:
    """Print JSON, or a part of it, in UTF-8; control characters in its strings as escapes."""
    write_data(visible_json(text))


def as_json(content: Any, indent: int | None = None) -> str:
    """Plain values as JSON text; on one line without `indent`, and null for what is no finite number."""
    return json.dumps(_plain(content), ensure_ascii=False, indent=indent, allow_nan=False)


def _plain(x: Any) -> Any:
    """Plain values for JSON, which has neither NaN nor infinity."""
    if isinstance(x, dict):
        return {key: _plain(value) for key, value in x.items()}
    if isinstance(x, (list, tuple)):
        return [_plain(value) for value in x]
    if x is None or isinstance(x, str | bool | int):
        return x
    if not isinstance(x, float) and hasattr(x, "item"):  # a scalar of NumPy or PyTorch
        return _plain(x.item())
    if isinstance(x, float):
        return float(x) if math.isfinite(x) else None
    raise TypeError(f"cannot write {type(x).__name__} as JSON")


def intervals(evaluation: Evaluation, ks: list[int]) -> dict[str, dict[str, float]]:
    """Value and bootstrap interval of each metric, rounded: ``{"HR@10": {"value": …, "low": …, "high": …}, …}``."""
    return {
        row["metric"]: {name: round(row[name], 5) for name in ("value", "low", "high")}
        for row in evaluation.table(ks).to_dict("records")
    }


def interval_text(interval: dict[str, float]) -> str:
    """A value with its interval, as in ``0.312 [0.290, 0.334]``."""
    return f"{interval['value']:.3f} [{interval['low']:.3f}, {interval['high']:.3f}]"


def ranking_text(evaluation: Evaluation) -> str:
    """How many held-out items were ranked, against what and how."""
    candidates = "all items that the user had not had" if evaluation.candidates == "all" else evaluation.candidates
    return f"{len(evaluation.users):,} held-out items, ranked against {candidates}; ties: {evaluation.ties}"
