"""Files that are never half there: written beside their place and then moved, so that a reader sees all or nothing."""

from __future__ import annotations

import errno
import glob
import hashlib
import json
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from safetensors import SafetensorError

from ramgnn.errors import DataError, RamgnnError

NAMES_OF_KINDS = {
    dict: "an object", list: "a list", str: "text", int: "a whole number", float: "a number", bool: "true or false",
    type(None): "null",
}  # fmt: skip

LARGEST_JSON = 2**26  # bytes of a file that is read as JSON at once: hundreds of times what any of ours has
HALF = re.compile(r"\\u[dD][89a-fA-F]")  # half a character, escaped

# ---- writing ---------------------------------------------------------------------------------------------------------


def make_folder(folder: Path) -> Path:
    """The folder, made when it is not there.

    Raises:
        RamgnnError: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RamgnnError(f"cannot write to {folder}: {error.strerror}; choose another folder") from None
    return folder


def check_writable(folder: Path) -> None:
    """Do nothing when a folder is there and can be written to, or can be made; nothing is made yet.

    Raises:
        RamgnnError: it is a file, lies below one, or may not be written to.
    """
    for place in (folder.absolute(), *folder.absolute().parents):
        if place.exists():
            break
    if not place.is_dir():
        raise RamgnnError(f"cannot write to {folder}: {place} is a file; choose another folder")
    if not os.access(place, os.W_OK | os.X_OK):
        raise RamgnnError(f"cannot write to {folder}: no permission to write to {place}; choose another folder")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Where to write a file that is moved to `path` when all of it is there.

    It is written beside its place under a name that nobody knows before, so that no link that a stranger has laid in
    the folder is followed; a link at `path` is replaced and not followed. What is unfinished at an error is removed.
    The file has the mode that the umask gives, also where the library that writes it would keep it private.

    Args:
        path: the file's own place, in a folder that is there.

    Raises:
        RamgnnError: it cannot be written; what was there before is still there.
    """
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        try:
            mode = part.stat().st_mode
            yield part
            part.chmod(mode)
            os.replace(part, path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
    except (OSError, SafetensorError) as error:
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise RamgnnError(f"cannot write {path}: {reason}; what was there before is unchanged") from error


def write_bytes(path: Path, content: bytes) -> None:
    """Write a whole file."""
    with replacing(path) as part:
        part.write_bytes(content)


def write_text(path: Path, text: str) -> None:
    """Write a whole text file."""
    write_bytes(path, text.encode("utf-8"))


def write_json(path: Path, content: Any) -> None:
    """Write a whole JSON file; NaN is refused, since JSON has none."""
    write_text(path, json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def remove(path: Path) -> None:
    """Remove a file, a link (and not what it leads to) or a folder with all that is in it, where there is one.

    Raises:
        RamgnnError: it cannot be removed.
    """
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    except OSError as error:
        raise RamgnnError(f"cannot remove {path}: {error.strerror}") from None


def remove_parts(path: Path) -> None:
    """Remove what processes that were killed left unfinished of a file, see `replacing`.

    Raises:
        RamgnnError: something cannot be removed.
    """
    for part in path.parent.glob(f".{glob.escape(path.name)}.{'[0-9a-f]' * 8}.part"):
        remove(part)


# ---- reading ---------------------------------------------------------------------------------------------------------


def open_file(path: Path) -> BinaryIO:
    """A file to read, which may be a stranger's: a pipe would keep the reader waiting, and a device has no end.

    Raises:
        OSError: it is not there, may not be read, or is a folder, a pipe or a device.
    """
    flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
    descriptor = os.open(path, flags)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is a folder, a pipe or a device, and no file", str(path))
    return os.fdopen(descriptor, "rb")


def check_size(path: Path, most: int, fix: str) -> None:
    """Refuse a file of more bytes than one of its name can have, before it is read; one that is not there passes.

    Raises:
        DataError: it has more.
    """
    with suppress(OSError):  # which opening it tells
        if (size := path.stat().st_size) > most:
            raise DataError(f"the file has {size:,} bytes", file=path, expected=f"at most {most:,}", fix=fix)


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal.

    Raises:
        OSError: see `open_file`.
    """
    with open_file(path) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def parse_json(text: str) -> Any:
    """What a text of JSON says.

    Raises:
        ValueError: it is not JSON, or it escapes half a character (a lone surrogate), which no file can hold.
        RecursionError: it is nested too deep.
    """
    content = json.loads(text)
    if HALF.search(text):  # rare, and mostly two halves that belong together
        json.dumps(content, ensure_ascii=False).encode("utf-8")
    return content


def read_json(path: Path, missing: str, fix: str) -> Any:
    """The content of a JSON file.

    Args:
        missing: what was expected where there is no such file; fix: what to do when it cannot be read.

    Raises:
        DataError: it is not there or not JSON.
    """
    try:
        with open_file(path) as stream:
            content = stream.read(LARGEST_JSON + 1)
        if len(content) > LARGEST_JSON:
            raise ValueError(f"it has more than {LARGEST_JSON:,} bytes")
        return parse_json(content.decode("utf-8"))
    except FileNotFoundError:
        raise DataError("there is no such file", file=path, expected=missing, fix=fix) from None
    except PermissionError:
        raise DataError("the file may not be read", file=path, fix="ask for the permission to read it") from None
    except (OSError, ValueError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"cannot be read: {reason}", file=path, expected="JSON", fix=fix) from None


def check_keys(
    content: Any, keys: Mapping[str, type | tuple[type, ...]], file: Path, fix: str, within: str = ""
) -> None:
    """Do nothing when what was read from JSON is an object that has these keys, with values of these kinds.

    Other keys may be there as well. A whole number is a number too, and true is no number.

    Args:
        content: what was read.
        keys: by name the kind, or the kinds, that the value may be of.
        file: where it was read; fix: what to do when it is otherwise.
        within: the key that `content` is the value of, where it is not the whole file.

    Raises:
        DataError: it is no object, a key is missing, or a value is of another kind.
    """
    place = f"{within!r} " if within else "the content "
    if not isinstance(content, dict):
        raise DataError(f"{place}is {_kind(content)}", file=file, expected="an object", fix=fix)
    prefix = f"{within}." if within else ""
    for key, kinds in keys.items():
        kinds = kinds if isinstance(kinds, tuple) else (kinds,)
        expected = " or ".join(NAMES_OF_KINDS[kind] for kind in kinds)
        if key not in content:
            raise DataError(f"the key {prefix + key!r} is missing", file=file, expected=expected, fix=fix)
        allowed = (*kinds, int) if float in kinds else kinds
        value = content[key]
        if not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed):
            raise DataError(f"{prefix + key!r} is {_kind(value)}", file=file, expected=expected, fix=fix)


def _kind(value: Any) -> str:
    """What a value read from JSON is, in words."""
    return NAMES_OF_KINDS.get(type(value), type(value).__name__)
