"""A data set in a folder: arrays as safetensors, text as JSON, never pickle.

A run whose data came as data frames keeps them this way, for they could not be loaded again. ::

    dataset.safetensors   train and test (user, item, time), seen, negatives, nodes and values of each relation
    dataset.json          ids, labels, names of values, split, notes, licence, …, and the SHA-256 of the arrays
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from safetensors import SafetensorError, safe_open
from safetensors import numpy as safetensors

from ramgnn import arguments
from ramgnn.datasets.base import COLUMNS, RecDataset, Relation
from ramgnn.datasets.saved_checks import FIX, PLAIN, check_arrays, check_kind, check_text
from ramgnn.errors import DataError
from ramgnn.files import check_size, make_folder, open_file, parse_json, replacing, sha256

ARRAYS, TEXT = "dataset.safetensors", "dataset.json"
FORMAT = 1
LARGEST_TEXT = 2**32  # bytes of `TEXT`: some ten million ids and titles


def write(folder: str | os.PathLike, dataset: RecDataset) -> None:
    """Write a data set into a folder, which is made when it is not there.

    Both files are written beside their places before either is moved there, the JSON last: a folder that has one is
    complete, and where something cannot be written what is there already stays.

    Raises:
        RamgnnError: the folder cannot be written to.
    """
    folder = Path(arguments.path("folder", folder, "the folder to write to"))
    arrays = _arrays(arguments.instance("dataset", dataset, RecDataset, "a data set"))
    packed = safetensors.save(arrays)
    text = _text(dataset) | {"sha256": hashlib.sha256(packed).hexdigest()}
    with replacing(make_folder(folder) / TEXT) as text_part, replacing(folder / ARRAYS) as arrays_part:
        arrays_part.write_bytes(packed)
        text_part.write_bytes(json.dumps(text, indent=1, ensure_ascii=False).encode("utf-8") + b"\n")


def read(folder: str | os.PathLike) -> RecDataset:
    """Read a data set back, equal in everything but `derive_users`.

    That is a function, and None after reading: user attributes that were derived are those of the training
    interactions, and `RecDataset.validation` does not derive them again.

    Raises:
        DataError: a file is missing or broken, or the two do not belong together.
    """
    folder = Path(arguments.path("folder", folder, "a folder that `write` wrote"))
    text = _read_text(folder / TEXT)
    check_text(text, folder / TEXT)
    arrays = _read_arrays(folder / ARRAYS, text.get("sha256"))
    check_arrays(text, arrays, folder / ARRAYS)
    try:
        return _dataset(text, arrays).check()
    except (KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"something is missing or of another kind: {error}",
            file=folder / TEXT,
            expected="a file as it was written",
            fix=FIX,
        ) from None


def _arrays(dataset: RecDataset) -> dict[str, np.ndarray]:
    """Everything that is an array, by name."""
    arrays = {
        f"{part}.{column}": frame[column].to_numpy()
        for part, frame in (("train", dataset.train), ("test", dataset.test))
        for column in COLUMNS
    }
    if len(dataset.seen):
        arrays["seen"] = dataset.seen
    if dataset.negatives is not None:
        arrays["negatives"] = dataset.negatives
    for side in ("item", "user"):
        for number, r in enumerate(dataset.relations(side)):
            arrays |= {f"{side}.{number}.nodes": r.nodes, f"{side}.{number}.values": r.values}
            if r.planted is not None:
                arrays[f"{side}.{number}.planted"] = r.planted
    return {name: np.ascontiguousarray(array) for name, array in arrays.items()}


def _text(dataset: RecDataset) -> dict[str, Any]:
    """Everything else, ready for JSON; labels that are the ids are None."""
    text: dict[str, Any] = {"format": FORMAT} | {name: getattr(dataset, name) for name in PLAIN}
    text |= {"notes": dataset.notes, "left_out_users": dataset.left_out_users}
    for side, ids, labels in (
        ("item", dataset.item_ids, dataset.item_labels),
        ("user", dataset.user_ids, dataset.user_labels),
    ):
        text[side] = {
            "ids": ids,
            "labels": None if labels == ids else labels,
            "relations": [
                {
                    "name": r.name,
                    "derived": bool(r.derived),  # numpy's own truth values and numbers are no JSON
                    "importance": None if r.importance is None else float(r.importance),
                    "labels": r.labels,
                }
                for r in dataset.relations(side)
            ],
        }
    return text


def _dataset(text: dict[str, Any], arrays: dict[str, np.ndarray]) -> RecDataset:
    """The inverse of `_arrays` and `_text`."""
    fields: dict[str, Any] = {name: text[name] for name in PLAIN}
    for side in ("item", "user"):
        ids, labels = tuple(text[side]["ids"]), text[side]["labels"]
        fields |= {f"{side}_ids": ids, f"{side}_labels": ids if labels is None else tuple(labels)}
        fields[f"{side}_relations"] = tuple(
            Relation(
                r["name"],
                arrays[f"{side}.{number}.nodes"],
                arrays[f"{side}.{number}.values"],
                tuple(r["labels"]),
                r["derived"],
                r["importance"],
                arrays.get(f"{side}.{number}.planted"),
            )
            for number, r in enumerate(text[side]["relations"])
        )
    for part in ("train", "test"):
        fields[part] = pd.DataFrame({column: arrays[f"{part}.{column}"] for column in COLUMNS})
    fields |= {name: tuple(text[name]) for name in ("notes", "left_out_users")}
    if "seen" in arrays:
        fields["seen"] = arrays["seen"]
    return RecDataset(**fields, negatives=arrays.get("negatives"))


def _read_text(path: Path) -> dict[str, Any]:
    """The JSON of a data set."""
    check_size(path, LARGEST_TEXT, FIX)
    content = _read_bytes(path)
    try:
        text = parse_json(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise DataError(f"cannot be read: {error}", file=path, expected="JSON", fix=FIX) from None
    version = text.get("format") if isinstance(text, dict) else None
    if version != FORMAT:
        fix = "read it with the version of ramgnn that wrote it, or write it again"
        raise DataError(f"the data set has format {version!r}", file=path, expected=str(FORMAT), fix=fix)
    return text


def _read_arrays(path: Path, expected: str | None) -> dict[str, np.ndarray]:
    """The arrays of a data set, which must have the SHA-256 that is expected; they are read only then."""
    with _reading(path):
        try:  # a file of gigabytes that is none of ours is told by its header, and not read to its end
            with open_file(path), safe_open(path, "np") as stored:
                for name in stored.keys():  # noqa: SIM118
                    check_kind(name, stored.get_slice(name).get_dtype(), path)
                found = sha256(path)
        except SafetensorError as error:
            found = f"no whole file of safetensors: {error}"
    if found != expected:
        raise DataError(
            f"the file was changed, cut short, or belongs to another {TEXT}",
            file=path,
            expected=f"the SHA-256 {expected}, as {TEXT} says, found {found}",
            fix=FIX,
        )
    try:
        return safetensors.load(_read_bytes(path))
    except SafetensorError as error:
        raise DataError(f"cannot be read: {error}", file=path, expected="safetensors", fix=FIX) from None


def _read_bytes(path: Path) -> bytes:
    with _reading(path), open_file(path) as stream:
        return stream.read()


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """What goes wrong while a file is read is a clear error.

    Raises:
        DataError: something did.
    """
    try:
        yield
    except FileNotFoundError:
        raise DataError(
            "there is no such file",
            file=path,
            expected=f"a folder with {TEXT} and {ARRAYS}, written to its end",
            fix="check the folder's name, or write the data set again",
        ) from None
    except OSError as error:
        raise DataError(f"cannot be read: {error.strerror}", file=path, fix=FIX) from None
