"""Text tables and JSON for standard output."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # `ramgnn data list` prints too and does without pandas
    import pandas as pd

    from ramgnn.evaluation import Evaluation


def text_table(frame: pd.DataFrame) -> str:
    """A frame as text: thousands separated, text columns to the left."""
    from pandas.api.types import is_integer_dtype, is_numeric_dtype

    shown = frame.copy()
    for name in shown:
        if is_integer_dtype(shown[name]):
            shown[name] = [f"{x:,}" for x in shown[name]]
        elif not is_numeric_dtype(shown[name]) and shown[name].dtype != bool:
            width = max([len(str(name)), *[len(str(x)) for x in shown[name]]])
            shown[name] = [str(x).ljust(width) for x in shown[name]]
            shown = shown.rename(columns={name: str(name).ljust(width)})
    return shown.to_string(index=False)


def aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Rows of text as lines with aligned columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows]


def table_without_ids(frame: pd.DataFrame, label: str) -> str:
    """The same without the column ``id`` where ids and labels do not differ.

    Args:
        frame: with a column ``id``.
        label: the column of labels.
    """
    return text_table(frame if (frame["id"] != frame[label]).any() else frame.drop(columns="id"))


def print_json(content: Any) -> None:
    """Print plain values, NumPy's and PyTorch's scalars among them, as JSON."""
    print(as_json(content, indent=1))


def as_json(content: Any, indent: int | None = None) -> str:
    """The same as text; on one line without `indent`."""
    return json.dumps(content, ensure_ascii=False, indent=indent, default=_plain_scalar)


def _plain_scalar(x: Any) -> Any:
    """NumPy and torch scalars as plain numbers."""
    if hasattr(x, "item"):
        return x.item()
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
    candidates = "all items outside the training set" if evaluation.candidates == "all" else evaluation.candidates
    return f"{len(evaluation.users):,} held-out items, ranked against {candidates}; ties: {evaluation.ties}"
