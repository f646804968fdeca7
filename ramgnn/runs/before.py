"""The run that another one replaces: kept in the same folder until that one is done, and put back if it is given up.

It is kept by links to its files, all of them before the first is removed, so that at each moment one of the two places
holds the whole run, also where the process is killed. Nothing of ours writes into a file that is there, see
`ramgnn.files.replacing`, so what is written anew does not change what is kept.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ramgnn.errors import RamgnnError
from ramgnn.files import read_json, remove, remove_parts
from ramgnn.runs.folder import BEFORE, CHECKPOINTS, FILES, FIX, LOCK, RUN, SERVED, check_ours, unfinished

# what a run consists of; what says that one is there comes last, and is the first to be removed
SAVED = (*FILES, SERVED, RUN)
PARTS = (*FILES, SERVED, CHECKPOINTS, RUN)


def check_replaceable(folder: Path, parts: Sequence[str] = PARTS) -> None:
    """Refuse a folder whose run cannot be replaced without something of somebody else's.

    Raises:
        RamgnnError: there is something of somebody else's where a run has, or had, parts of its own.
    """
    check_ours(folder, *(name for name in (CHECKPOINTS, SERVED) if name in parts))
    place = folder / BEFORE
    if not place.is_dir() or place.is_symlink():
        return
    for path in sorted(place.iterdir()):
        if path.name not in PARTS and not path.name.startswith("."):
            raise RamgnnError(
                f"{place} is to be removed and holds {path.name!r}, which is not of a run; choose another folder"
            )
    check_ours(place, CHECKPOINTS, SERVED)


def check_no_run_of_ours(folder: Path) -> None:
    """Refuse a folder where no run was ever written, and yet there is what a run would remove or replace.

    Raises:
        RamgnnError: there is.
    """
    if _has_run(folder) or (folder / LOCK).exists():
        return  # what is there is ours
    if there := [name for name in (*FILES, SERVED, CHECKPOINTS, BEFORE) if os.path.lexists(folder / name)]:
        raise RamgnnError(f"{folder} holds {', '.join(there)}, which a run would replace; choose another folder")


def is_kept(folder: Path) -> bool:
    """Whether the run that the one in this folder replaces is kept there."""
    place = folder / BEFORE
    return place.is_dir() and not place.is_symlink() and _has_run(place)


def keep(folder: Path, parts: Sequence[str] = PARTS) -> None:
    """Keep the run that is in a folder, which stays where it is; where there is none, nothing is done.

    One that is kept already is not given up for one that never came to its end.

    Raises:
        RamgnnError: it cannot be kept.
    """
    place = folder / BEFORE
    if not _has_run(folder) or (is_kept(folder) and not _is_whole(folder)):
        return
    part = folder / f".{BEFORE}.{secrets.token_hex(4)}.part"
    try:
        remove_parts(place)
        part.mkdir()
        for name in parts:
            if os.path.lexists(folder / name):
                _link(folder / name, part / name)
        remove(place)
        os.replace(part, place)
    except OSError as error:
        raise RamgnnError(
            f"cannot keep the run in {folder} until the new one is done: {error.strerror}; nothing was changed, choose "
            "another folder"
        ) from None
    finally:
        shutil.rmtree(part, ignore_errors=True)


def put_back(folder: Path, parts: Sequence[str] = PARTS) -> bool:
    """Put the run that is kept in the place of the one that is given up; says whether one was kept.

    Raises:
        RamgnnError: something cannot be removed or moved.
    """
    if not is_kept(folder):
        return False
    if CHECKPOINTS in parts and not (folder / CHECKPOINTS).is_symlink():
        remove(folder / CHECKPOINTS / RUN)
    for name in reversed(parts):
        remove(folder / name)
    _move_back(folder)
    return True


def recover(folder: Path) -> None:
    """Put the run that is kept back where a process was killed before another one had begun in its place.

    Raises:
        RamgnnError: something cannot be removed or moved.
    """
    if is_kept(folder) and not _has_run(folder):
        check_replaceable(folder)
        _move_back(folder)


def forget(folder: Path) -> None:
    """Remove the run that is kept: the one that replaces it is done.

    Raises:
        RamgnnError: something cannot be removed.
    """
    if is_kept(folder):
        remove(folder / BEFORE)


@contextmanager
def replaced(folder: Path, stopped: bool = False) -> Iterator[None]:
    """Within, a run is saved in the place of the one in a folder, which is put back where that fails.

    Who calls this holds the folder, see `ramgnn.locks.locked`. What is saved and was stopped before its end does not
    cost the run before it: that one stays in `BEFORE`.

    Args:
        stopped: whether a training that was stopped is replaced as well.

    Raises:
        RamgnnError: there is something of somebody else's in the folder, or a training that was stopped.
    """
    parts = PARTS if stopped else SAVED
    check_replaceable(folder, parts)
    recover(folder)
    if unfinished(folder) and not stopped:
        raise RamgnnError(
            f"{folder} holds a run that was stopped, and going on with it would replace what is saved there; choose "
            f"another folder, or remove {folder / CHECKPOINTS}"
        )
    had_run = _has_run(folder)
    there = {name for name in parts if os.path.lexists(folder / name)}
    keep(folder, parts)
    try:
        yield
    except BaseException:
        if had_run:
            put_back(folder, parts)
        else:
            for name in reversed(parts):
                if name not in there:
                    remove(folder / name)
        raise
    if _is_whole(folder):
        forget(folder)


def _has_run(folder: Path) -> bool:
    """Whether there is a run in a folder, finished or not."""
    return (folder / RUN).is_file() or unfinished(folder)


def _is_whole(folder: Path) -> bool:
    """Whether there is a run in a folder that came to its end."""
    if unfinished(folder):
        return False
    try:
        metadata = read_json(folder / RUN, "", FIX)
    except RamgnnError:
        return False
    return isinstance(metadata, dict) and not metadata.get("interrupted")


def _link(source: Path, target: Path) -> None:
    """Make the same file or folder in a second place; a link stays one and is not followed.

    Raises:
        OSError: it cannot be made.
    """
    if source.is_dir() and not source.is_symlink():
        target.mkdir()
        for path in source.iterdir():
            _link(path, target / path.name)
        return
    try:
        os.link(source, target, follow_symlinks=False)
    except (OSError, NotImplementedError):  # of a file system that has no such links
        shutil.copy2(source, target, follow_symlinks=False)


def _move_back(folder: Path) -> None:
    """Move each part of the run that is kept to its own place; where this was killed before, the others."""
    place = folder / BEFORE
    try:
        for name in PARTS:
            if os.path.lexists(place / name):
                remove(folder / name)
                os.replace(place / name, folder / name)
    except OSError as error:
        raise RamgnnError(
            f"cannot put {place} back into {folder}: {error.strerror}; the run that was there is in it"
        ) from None
    remove(place)
