"""Kaggle's 7z archives: unpacked into a temporary folder while their table is read."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tqdm import tqdm

from ramgnn.errors import DataError


@contextmanager
def plain_file(path: Path, progress: bool) -> Iterator[Path]:
    """The file itself, or the one table of a 7z archive, unpacked into a temporary folder while it is read."""
    if path.suffix.lower() != ".7z":
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="ramgnn-") as folder:
        yield _unpack(path, Path(folder), progress)


def _unpack(path: Path, folder: Path, progress: bool) -> Path:
    """Unpack the archive `path` that holds one table into `folder`."""
    try:
        import py7zr
    except ModuleNotFoundError:
        raise DataError(
            "7z archives need the package py7zr, which is not installed",
            file=path,
            fix=f"pip install 'ramgnn[kkbox]', or unpack the archive yourself into {path.name.removesuffix('.7z')}",
        ) from None
    try:
        with py7zr.SevenZipFile(path) as archive:
            members = [member for member in archive.list() if not member.is_directory]
    except Exception as error:  # a damaged archive raises a dozen kinds, other ones in other versions of py7zr
        raise _damaged(path, error) from None
    if len(members) != 1:
        raise DataError(
            f"the archive holds {len(members)} files: {', '.join(m.filename for m in members[:5])}",
            file=path,
            expected=f"one file, {path.name.removesuffix('.7z')}, as in Kaggle's archives",
            fix="use the archive as Kaggle serves it",
        )
    size = int(members[0].uncompressed)
    if (free := shutil.disk_usage(folder).free) < size:
        raise DataError(
            f"unpacked it needs {size / 1e9:.1f} GB and {folder.parent} has {free / 1e9:.1f} GB left",
            file=path,
            fix="make room, or set TMPDIR to a folder with more",
        )
    try:
        with (
            tqdm(total=size, unit="B", unit_scale=True, desc=f"unpacking {path.name}", disable=not progress) as bar,
            py7zr.SevenZipFile(path) as archive,
        ):
            archive.extractall(folder, callback=_bar_callback(bar))
    except OSError as error:
        what = f"it could not be unpacked into {folder.parent}: {error}"
        raise DataError(what, file=path, fix="set TMPDIR to a folder with room for it") from None
    except Exception as error:
        raise _damaged(path, error) from None
    return folder / members[0].filename


def _bar_callback(bar: tqdm) -> object:
    """What py7zr calls while it unpacks, moving `bar`."""
    from py7zr.callbacks import ExtractCallback

    class Bar(ExtractCallback):
        def report_start_preparation(self) -> None:
            pass

        def report_start(self, processing_file_path: str, processing_bytes: str) -> None:
            pass

        def report_update(self, decompressed_bytes: str) -> None:
            bar.update(int(decompressed_bytes))

        def report_end(self, processing_file_path: str, wrote_bytes: str) -> None:
            bar.update(bar.total - bar.n)

        def report_warning(self, message: str) -> None:
            pass

        def report_postprocess(self) -> None:
            pass

    return Bar()


def _damaged(path: Path, error: Exception) -> DataError:
    return DataError(
        f"the archive is cut off or damaged ({type(error).__name__}: {error})".replace(": )", ")"),
        file=path,
        expected="a whole 7z archive",
        fix="download it again, and compare its size with the one that Kaggle shows",
    )
