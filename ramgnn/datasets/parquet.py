"""Tables in Parquet, with the optional package pyarrow."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from ramgnn.datasets import faults
from ramgnn.datasets.frames.table import HEAD, Origin, Table, first_repeated
from ramgnn.errors import DataError

if TYPE_CHECKING:
    import pyarrow

ENDINGS = (".parquet", ".pq")
MAGIC = b"PAR1"


def is_parquet(path: Path) -> bool:
    """Whether a file is Parquet by its first bytes, or a folder of parts by its name."""
    if path.is_dir():
        return path.name.lower().endswith(ENDINGS)
    if not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            return file.read(4) == MAGIC
    except OSError:  # which whoever reads it will tell
        return False


def parquet_table(path: Path) -> Table:
    """The table of a Parquet file, or of a folder ``NAME.parquet`` of parts; its cells are read when needed.

    Raises:
        DataError: pyarrow is not installed, the file cannot be read, or two columns have one name.
    """
    if importlib.util.find_spec("pyarrow") is None:
        raise DataError(
            "reading Parquet needs the package pyarrow, which is not installed",
            file=path,
            expected="pyarrow",
            fix="pip install 'ramgnn[parquet]', or export the table as CSV",
        )
    import pyarrow
    from pyarrow import dataset

    try:
        # folders such as country=NO say what a column holds
        parts = dataset.dataset(path, format="parquet", partitioning="hive" if path.is_dir() else None)
        names = [name for name in parts.schema.names if not re.fullmatch(r"__index_level_\d+__", name)]  # pandas'
        n_rows = parts.count_rows()
    except (OSError, pyarrow.ArrowException) as error:
        raise _broken(path, error) from None
    origin = Origin(path.name, labels=pd.RangeIndex(n_rows), parquet=path)
    if repeated := first_repeated(names):
        raise faults.repeated_column(repeated, **origin.at())

    def read(columns: Sequence[str], rows: int | None = None) -> pd.DataFrame:
        if not n_rows:
            raise DataError("there is no row in it", expected="at least one row", fix="export it again", **origin.at())
        columns = list(dict.fromkeys(columns))
        try:
            cells = parts.head(rows, columns=columns) if rows else parts.to_table(columns=columns)
            # texts that repeat are kept once, as categories
            for place, field in enumerate(cells.schema):
                if pyarrow.types.is_string(field.type) or pyarrow.types.is_large_string(field.type):
                    cells = cells.set_column(place, field.name, cells.column(place).dictionary_encode())
            frame = cells.to_pandas(
                ignore_metadata=True, self_destruct=True, split_blocks=True, types_mapper=_kept_whole(cells)
            )
        except (OSError, pyarrow.ArrowException) as error:
            raise _broken(path, error) from None
        return frame.set_axis(pd.RangeIndex(len(frame), name="place"))

    unfit = {name: what for name in names if (what := _unfit(parts.schema.field(name).type))}
    return Table(origin, tuple(names), read, unfit=unfit, head=lambda columns: read(columns, HEAD))


def _kept_whole(cells: pyarrow.Table) -> Callable[[pyarrow.DataType], object] | None:
    """What keeps whole numbers whole where cells are empty: as floats, which pandas makes of them, two ids are one."""
    import pyarrow.types as are

    gaps = {field.type for field, x in zip(cells.schema, cells.columns, strict=True) if x.null_count}
    kinds = {kind: pd.array([], dtype=str(kind).replace("i", "I").replace("uI", "UI")).dtype for kind in gaps
             if are.is_integer(kind)}  # fmt: skip
    return kinds.get if kinds else None


def _unfit(kind: pyarrow.DataType) -> str | None:
    """What stands in a column of this type, where that is no value and no list of values."""
    import pyarrow.types as are

    if are.is_dictionary(kind):
        return _unfit(kind.value_type)
    if are.is_binary(kind) or are.is_large_binary(kind) or are.is_fixed_size_binary(kind) or are.is_binary_view(kind):
        return "bytes"
    if are.is_map(kind):
        return "maps"
    if are.is_nested(kind):
        if hasattr(kind, "value_type"):
            inner = "lists" if are.is_nested(kind.value_type) and hasattr(kind.value_type, "value_type") else None
            return f"lists of {inner}" if (inner := inner or _unfit(kind.value_type)) else None
        return "records of several fields"
    return None


def _broken(path: Path, error: Exception) -> DataError:
    return DataError(
        f"the Parquet file cannot be read: {str(error).splitlines()[0]}",
        file=path,
        expected="a whole Parquet file",
        fix="download or export the file again",
    )
