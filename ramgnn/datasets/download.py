"""Files from the network: fetched once, checked, never half there.

A file is downloaded into a folder of its own beside its final place, checked, and only then moved there by one rename.
So a file that stands under its name in the cache is complete, and it is checked again whenever it is used.
"""

from __future__ import annotations

import logging
import os
import shutil
import sys
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import pooch
import requests  # what pooch downloads with

from ramgnn.advice import option
from ramgnn.datasets.naming import at_home
from ramgnn.errors import DataError

ABANDONED = 24 * 3600  # seconds after which an unfinished download that nobody writes to is removed


def cache_folder() -> Path:
    """Where downloads are kept: ``$RAMGNN_CACHE``, or the user's cache folder of the operating system."""
    return at_home(os.environ.get("RAMGNN_CACHE") or pooch.os_cache("ramgnn")).absolute()


def local_folder() -> Path | None:
    """The folder of local copies, ``$RAMGNN_DATA``; None when it is not set.

    Raises:
        DataError: it is set and there is no such folder.
    """
    value = os.environ.get("RAMGNN_DATA")
    if not value:
        return None
    folder = at_home(value)
    if not folder.is_dir():
        raise DataError(
            "the environment variable RAMGNN_DATA names a folder that is not there",
            file=folder,
            fix="set it to the folder of your local copies, or unset it to download",
        )
    return folder


def matches(path: Path, sha256: str | None) -> bool:
    """Whether there is a file at `path` with that SHA-256; None asks only for the file."""
    return path.is_file() and (sha256 is None or pooch.file_hash(str(path)) == sha256)


def checked(path: Path, sha256: str) -> Path:
    """Return `path` when the file there has that SHA-256.

    Raises:
        DataError: there is no such file, or it has other bytes.
    """
    if not path.is_file():
        raise DataError(
            "there is no such file",
            file=path,
            fix=f"put it there, or leave out {option('root')} and RAMGNN_DATA to download it",
        )
    if (actual := pooch.file_hash(str(path))) != sha256:
        raise DataError(
            f"the file has the SHA-256 {actual}: it was changed, cut short, or its line ends were converted",
            file=path,
            expected=f"the SHA-256 {sha256}",
            fix=f"replace it with the original, or leave out {option('root')} and RAMGNN_DATA to download it",
        )
    return path


def fetch(
    name: str,
    urls: Sequence[str],
    sha256: str | None,
    folder: Path,
    progress: bool = True,
    *,
    check: Callable[[Path], None] | None = None,
    attempts: int = 3,
    pause: float = 1.0,
    timeout: float = 30.0,
) -> Path:
    """The file `name` in `folder`, downloaded from the first of `urls` that gives the right bytes.

    A server that answers "busy" or "broken" (429, 5xx) is asked again; a missing file, a cut connection, a refused
    certificate or wrong bytes lead to the next source. A file that is there with the right bytes is not downloaded
    again; one with wrong bytes is replaced, and a message says so.

    Args:
        sha256: what the file must have; None where it is not known, then `check` should say what is right.
        check: is given the path of the download and raises DataError when its content is wrong.
        attempts: how often one source is asked when it is busy or broken.
        pause: seconds before the second attempt, doubled with each.
        timeout: seconds without an answer after which a source counts as down.

    Raises:
        DataError: no source gave the file, or it cannot be written; says what happened with each source.
    """
    path = folder / name
    if path.is_file():
        if (wrong := _wrong(path, sha256, check)) is None:
            return path
        print(f"ramgnn: {path} is not what it should be ({wrong}); getting it again", file=sys.stderr)
    failures = []
    for url in urls:
        try:
            _download(url, path, sha256, progress, check, attempts, pause, timeout)
            return path
        except _CannotWrite:
            raise  # another source would not help
        except requests.RequestException as error:
            failures.append(f"{url}\n      {_reason(error)}")
        except DataError as error:
            failures.append(f"{url}\n      {error.what}")
        except ValueError:  # how pooch says it
            failures.append(f"{url}\n      gave a file with a wrong checksum")
    raise DataError(
        "\n    ".join([f"could not download {name}; the sources tried were", *failures]),
        expected=f"a file with the SHA-256 {sha256}" if sha256 else None,
        fix=f"connect to the network and try again, or put the file by hand at {path}, "
        "or set the environment variable RAMGNN_DATA to a folder of local copies",
    )


def extract(archive: Path, members: Mapping[str, str], folder: Path) -> Path:
    """Unpack the named members of a zip archive into `folder` (their last path part becomes the file name).

    Files that are there with the right SHA-256 are left alone. Every other one is checked before it gets its name.

    Args:
        members: path inside the archive -> SHA-256.

    Raises:
        DataError: the archive is damaged, lacks a member, or a member has other bytes.
    """
    missing = {m: s for m, s in members.items() if not matches(folder / Path(m).name, s)}
    if not missing:
        return folder
    redo = f"delete {archive} and load again"
    try:
        with zipfile.ZipFile(archive) as opened, _workplace(folder) as place:
            for member, sha256 in missing.items():
                new = place / Path(member).name
                new.write_bytes(opened.read(member))
                if not matches(new, sha256):
                    raise DataError(
                        f"{member} in the archive has the SHA-256 {pooch.file_hash(str(new))}",
                        file=archive,
                        expected=f"the SHA-256 {sha256}",
                        fix=redo,
                    )
            for member in missing:
                os.replace(place / Path(member).name, folder / Path(member).name)
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise DataError(f"the archive is damaged: {error}", file=archive, expected="a zip archive", fix=redo) from error
    except KeyError as error:
        raise DataError(
            f"the archive lacks a file: {error.args[0]}", file=archive, expected=", ".join(members), fix=redo
        ) from error
    return folder


def say_once(key: str, text: str, folder: Path) -> bool:
    """Print `text` to stderr unless it was printed before for this folder; True when it was printed now.

    A file ``shown-KEY.txt`` with the text remembers it.
    """
    record = folder / f"shown-{key}.txt"
    if record.exists():
        return False
    print(text, file=sys.stderr)
    with _workplace(folder) as place:
        (place / record.name).write_text(text + "\n", encoding="utf-8")
        os.replace(place / record.name, record)
    return True


def _download(
    url: str,
    path: Path,
    sha256: str | None,
    progress: bool,
    check: Callable[[Path], None] | None,
    attempts: int,
    pause: float,
    timeout: float,
) -> None:
    """One source, asked again while it is busy or broken."""
    downloader = pooch.HTTPDownloader(progressbar=progress, timeout=timeout)
    for attempt in range(attempts):
        try:
            with _workplace(path.parent) as place, _quiet():
                got = Path(pooch.retrieve(url, sha256, fname=path.name, path=place, downloader=downloader))
                if check is not None:
                    check(got)
                os.replace(got, path)
            return
        except requests.HTTPError as error:
            status = error.response.status_code
            if attempt == attempts - 1 or (status < 500 and status != 429):
                raise
            print(f"ramgnn: {url} answered {status}, asking again", file=sys.stderr)
            time.sleep(pause * 2**attempt)


def _wrong(path: Path, sha256: str | None, check: Callable[[Path], None] | None) -> str | None:
    """What is wrong with a file that is there already, None when nothing is."""
    if not matches(path, sha256):
        return "wrong checksum"
    try:
        if check is not None:
            check(path)
    except DataError as error:
        return error.what
    return None


def _reason(error: requests.RequestException) -> str:
    """What happened, in a few words."""
    if isinstance(error, requests.HTTPError):
        return f"answered {error.response.status_code} {error.response.reason}".rstrip()
    words = {
        requests.exceptions.SSLError: "its certificate was refused",
        requests.Timeout: "did not answer in time",
        requests.exceptions.ChunkedEncodingError: "the connection was cut in the middle",
        requests.ConnectionError: "could not be reached (no network, or the server is down)",
    }
    return next((text for kind, text in words.items() if isinstance(error, kind)), str(error))


class _CannotWrite(DataError):
    """The cache folder cannot be written."""


def _remove_abandoned(folder: Path) -> None:
    """Remove what a download that was killed left behind: folders that nobody has written to for a day."""
    for place in folder.glob(".unfinished-*"):
        with suppress(OSError):
            if not place.is_symlink() and time.time() - place.stat().st_mtime > ABANDONED:
                shutil.rmtree(place)


@contextmanager
def _workplace(folder: Path) -> Iterator[Path]:
    """A folder for unfinished files beside the finished ones, gone at the end whatever happens."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(folder)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".unfinished-") as place:
            yield Path(place)
    except requests.RequestException:
        raise  # an OSError too, and not about the folder
    except OSError as error:
        raise _CannotWrite(
            f"cannot be written: {error.strerror or error}",
            file=folder,
            expected="a folder that can be written to, with room for the files",
            fix="make room, or set the environment variable RAMGNN_CACHE to another folder",
        ) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Without pooch's own messages, which name the temporary place."""
    logger = pooch.get_logger()
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(level)
