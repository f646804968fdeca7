"""Files that are never half there: written beside their place and then moved, so that a reader sees all or nothing."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ramgnn.errors import DataError, RamgnnError


def make_folder(folder: Path) -> Path:
    """The folder, made when it is not there.

    Raises:
        RamgnnError: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RamgnnError(f"cannot write to {folder}: {error.strerror}; choose another folder with --out") from None
    return folder


def part_of(path: Path) -> Path:
    """Where a file is written before it is moved to `path`; of several processes each has its own."""
    return path.with_name(f"{path.name}.{os.getpid()}.part")


def write_text(path: Path, text: str) -> None:
    """Write a whole text file."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file beside its place, then move it there, so that a reader never sees half of one."""
    part = part_of(path)
    part.write_bytes(content)
    os.replace(part, path)


def write_json(path: Path, content: Any) -> None:
    """Write a whole JSON file; NaN is refused, since JSON has none."""
    write_text(path, json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Path, missing: str, fix: str) -> Any:
    """The content of a JSON file.

    Args:
        missing: what was expected where there is no such file; fix: what to do when it cannot be read.

    Raises:
        DataError: it is not there or not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError("there is no such file", file=path, expected=missing, fix=fix) from None
    except (OSError, ValueError) as error:
        raise DataError(f"cannot be read: {error}", file=path, expected="JSON", fix=fix) from None
