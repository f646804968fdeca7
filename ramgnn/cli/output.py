"""Recommendations into files, block by block, so that no more than one block of users is in memory.

A file is written beside its place, under a name that ends in ``.part``, and moved there at the end: whoever finds it
under its own name finds all of it, even if the process was killed.
"""

from __future__ import annotations

import csv
import gzip
import importlib.util
import io
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TextIO

import pandas as pd
from pandas.api.types import is_numeric_dtype

from ramgnn.cli.checks import ending
from ramgnn.cli.printing import as_json
from ramgnn.cli.typed import flag
from ramgnn.errors import RamgnnError
from ramgnn.files import replacing

Write = Callable[[pd.DataFrame], None]


def check(path: str, overwrite: bool) -> None:
    """Refuse a file that cannot be written before anything is computed for it.

    Raises:
        RamgnnError: its folder is not there, it is a folder itself, it is there and `overwrite` is false, or it
            is to be Parquet and pyarrow is missing.
    """
    target = Path(path)
    if target.is_dir():
        raise RamgnnError(f"cannot write {path}: it is a folder; choose another --out")
    if os.path.lexists(target) and not overwrite:
        raise RamgnnError(f"{path} is there already; choose another --out, or give --overwrite to replace it")
    if not target.parent.is_dir():
        what = "is a file; choose" if target.parent.exists() else "does not exist; make it or choose"
        raise RamgnnError(f"cannot write {path}: the folder {target.parent} {what} another --out")
    if not os.access(target.parent, os.W_OK | os.X_OK):
        raise RamgnnError(f"cannot write {path}: no permission to write to {target.parent}; choose another --out")
    if ending(path) == ".parquet" and importlib.util.find_spec("pyarrow") is None:
        instead = f"{path[: -len('.parquet')]}.csv"
        raise RamgnnError(
            f"cannot write {path}: Parquet needs the package pyarrow; install it with: pip install pyarrow\n"
            f"  or write a table of text instead: {flag('--out', instead)}"
        )


@contextmanager
def table_writer(path: str) -> Iterator[Write]:
    """A function that appends frames with the same columns to a file of the kind that its ending says.

    Args:
        path: a file that ends in one of `ramgnn.cli.checks.ENDINGS`; replaced when it is there already.

    Raises:
        RamgnnError: the file cannot be written.
    """
    try:
        with replacing(Path(path)) as part, _WRITERS[ending(path)](part) as write:
            yield write
    except OSError as error:
        raise RamgnnError(f"cannot write {path}: {error.strerror or error}; choose another --out") from error


def as_csv(frame: pd.DataFrame, separator: str = ",", header: bool = True) -> str:
    """A frame as CSV; `header`: with the names of the columns."""
    # a lone carriage return ends a line for whoever reads, and yet pandas puts no quotes around it by itself
    texts = (frame[name] for name in frame if not is_numeric_dtype(frame[name]))
    returns = any(text.str.contains("\r", regex=False).any() for text in texts)
    quoting = csv.QUOTE_NONNUMERIC if returns else csv.QUOTE_MINIMAL
    return frame.to_csv(sep=separator, index=False, header=header, lineterminator="\n", quoting=quoting)


def csv_writer(stream: TextIO, separator: str = ",") -> Write:
    """A function that appends frames to an open text stream as CSV, with one header."""
    header = True

    def write(frame: pd.DataFrame) -> None:
        nonlocal header
        stream.write(as_csv(frame, separator, header))
        header = False

    return write


@contextmanager
def _csv(path: Path, separator: str = ",") -> Iterator[Write]:
    with open(path, "w", encoding="utf-8", errors="backslashreplace", newline="") as stream:
        yield csv_writer(stream, separator)


@contextmanager
def _csv_gz(path: Path) -> Iterator[Write]:
    # without a name and a time inside, the same recommendations are the same bytes
    with (
        open(path, "wb") as raw,
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as packed,
        io.TextIOWrapper(packed, encoding="utf-8", errors="backslashreplace", newline="") as stream,
    ):
        yield csv_writer(stream)


@contextmanager
def _jsonl(path: Path) -> Iterator[Write]:
    with open(path, "w", encoding="utf-8", errors="backslashreplace", newline="\n") as stream:
        yield lambda frame: stream.writelines(as_json(row) + "\n" for row in frame.to_dict("records"))


@contextmanager
def _parquet(path: Path) -> Iterator[Write]:
    import pyarrow as pa
    from pyarrow import parquet

    with ExitStack() as stack:
        writer: parquet.ParquetWriter | None = None

        def write(frame: pd.DataFrame) -> None:
            nonlocal writer
            if writer is None:
                # from the types and not from the values: a first block without rows must not decide what text is
                kinds = {
                    name: pa.from_numpy_dtype(frame[name].dtype) if is_numeric_dtype(frame[name]) else pa.string()
                    for name in frame
                }
                writer = stack.enter_context(parquet.ParquetWriter(path, pa.schema(kinds)))
            writer.write_table(pa.Table.from_pandas(frame, writer.schema, preserve_index=False))

        yield write


_WRITERS: dict[str, Callable[[Path], AbstractContextManager[Write]]] = {
    ".csv": _csv,
    ".tsv": partial(_csv, separator="\t"),
    ".csv.gz": _csv_gz,
    ".jsonl": _jsonl,
    ".parquet": _parquet,
}
