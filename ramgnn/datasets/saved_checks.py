"""Checks of a data set that is read from a folder, which may be a stranger's: kinds, shapes, ranges."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ramgnn.datasets.base import COLUMNS
from ramgnn.errors import DataError
from ramgnn.files import check_keys

# fields of `RecDataset` that are plain values and stand in the JSON under their own names
PLAIN = (
    "name", "time_kind", "split", "negatives_seed", "licence", "citation", "source", "user_id_dtype", "item_id_dtype",
    "own",
)  # fmt: skip
# the kinds of what is read of the JSON, of each of its sides and of each relation there
KEYS = dict.fromkeys(PLAIN, str) | {"negatives_seed": (int, type(None)), "notes": list, "item": dict, "user": dict}
KEYS |= {"own": bool, "left_out_users": list}
SIDE = {"ids": list, "labels": (list, type(None)), "relations": list}
RELATION = {"name": str, "derived": bool, "importance": (float, type(None)), "labels": list}
FIX = "copy the folder again from where it was written, or write it again"
NUMBERS = ("F64", "F32", "F16", "I64", "I32", "I16", "I8", "U8", "BOOL")  # kinds of them that are read
INT64 = re.compile("0|-?[1-9][0-9]{0,17}")  # ids that are integers, as Python writes them: no two are the same


def check_kind(name: str, kind: str, path: Path) -> None:
    """Refuse an array of numbers of a kind that nothing of ours has: complex ones, or of eight bits, say.

    Args:
        kind: as safetensors calls it.

    Raises:
        DataError: it is of such a kind.
    """
    if kind not in NUMBERS:
        raise DataError(f"{name!r} holds {kind}", file=path, expected=f"one of {', '.join(NUMBERS)}", fix=FIX)


def check_text(text: Any, path: Path) -> None:
    """Refuse what is not the JSON of a data set.

    Raises:
        DataError: a key is missing, a value is of another kind, or ids and labels do not fit each other.
    """
    check_keys(text, KEYS, path, FIX)
    _check_texts(text, "notes", path)
    _check_texts(text, "left_out_users", path)
    for side in ("item", "user"):
        part = text[side]
        check_keys(part, SIDE, path, FIX, side)
        _check_texts(part, "ids", path, side)
        if len(set(part["ids"])) < len(part["ids"]):
            raise DataError(f"'{side}.ids' names one twice", file=path, fix=FIX)
        if part["labels"] is not None:
            _check_texts(part, "labels", path, side)
            if len(part["labels"]) != len(part["ids"]):
                found = f"{len(part['labels'])} labels for {len(part['ids'])} ids"
                raise DataError(f"'{side}.labels' has {found}", file=path, fix=FIX)
        dtype = text[f"{side}_id_dtype"]
        if dtype not in ("str", "int64") or (dtype == "int64" and not all(map(INT64.fullmatch, part["ids"]))):
            raise DataError(f"'{side}_id_dtype' is {dtype!r}, which the ids are not", file=path, fix=FIX)
        names = []
        for number, relation in enumerate(part["relations"]):
            where = f"{side}.relations.{number}"
            check_keys(relation, RELATION, path, FIX, where)
            _check_texts(relation, "labels", path, where)
            names.append(relation["name"])
        if len(set(names)) < len(names):
            raise DataError(f"'{side}.relations' has one name twice", file=path, fix=FIX)


def _check_texts(content: Mapping[str, Any], key: str, path: Path, within: str = "") -> None:
    """A list of texts.

    Raises:
        DataError: something else is in it.
    """
    if other := [x for x in content[key] if not isinstance(x, str)]:
        where = f"{within}.{key}" if within else key
        raise DataError(f"{where!r} has {other[0]!r:.40} in it", file=path, expected="text alone", fix=FIX)


def check_arrays(text: Mapping[str, Any], arrays: Mapping[str, np.ndarray], path: Path) -> None:
    """Refuse arrays that are not those of a data set with this text.

    Raises:
        DataError: one is missing, or has another shape, type or range.
    """
    sizes = {side: len(text[side]["ids"]) for side in ("user", "item")}
    for part in ("train", "test"):
        n = None
        for column in COLUMNS:
            x = _array(arrays, f"{part}.{column}", (n,), np.int64, path)
            n = len(x)
            if column in sizes:
                _check_range(x, sizes[column], f"{part}.{column}", path)
    for side in ("item", "user"):
        for number, relation in enumerate(text[side]["relations"]):
            name = f"{side}.{number}"
            nodes = _array(arrays, f"{name}.nodes", (None,), np.int64, path)
            values = _array(arrays, f"{name}.values", nodes.shape, np.int64, path)
            _check_range(nodes, sizes[side], f"{name}.nodes", path)
            _check_range(values, len(relation["labels"]), f"{name}.values", path)
            if f"{name}.planted" in arrays:
                _array(arrays, f"{name}.planted", nodes.shape, np.bool_, path)
    if "seen" in arrays:
        seen = _array(arrays, "seen", (None, 2), None, path)
        for place, side in enumerate(("user", "item")):
            _check_range(seen[:, place], sizes[side], "seen", path)
    if "negatives" in arrays:
        n_test = len(arrays["test.user"])
        _check_range(_array(arrays, "negatives", (n_test, None), None, path), sizes["item"], "negatives", path)


def _array(
    arrays: Mapping[str, np.ndarray], name: str, shape: tuple[int | None, ...], dtype: type | None, path: Path
) -> np.ndarray:
    """The array of that name.

    Args:
        shape: what it has to have, None for any size; dtype: None for any whole numbers.

    Raises:
        DataError: it is missing, or has another shape or type.
    """
    if name not in arrays:
        raise DataError(f"the array {name!r} is missing", file=path, fix=FIX)
    x = arrays[name]
    fits = x.ndim == len(shape) and all(m is None or n == m for n, m in zip(x.shape, shape, strict=True))
    if not fits or (x.dtype != dtype if dtype is not None else x.dtype.kind != "i"):
        expected = f"{tuple('any' if m is None else m for m in shape)} {np.dtype(dtype or np.int64)}"
        raise DataError(f"{name!r} is {x.shape} {x.dtype}", file=path, expected=expected, fix=FIX)
    return x


def _check_range(x: np.ndarray, size: int, name: str, path: Path) -> None:
    if x.size and (x.min() < 0 or x.max() >= size):
        raise DataError(f"{name!r} goes outside 0..{size - 1}", file=path, fix=FIX)
