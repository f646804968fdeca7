"""Who writes to a run folder: one process at a time holds it, and others can tell that it is held."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ramgnn.errors import RamgnnError
from ramgnn.files import make_folder


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder, so that no second process writes a run to it; the system lets go of it when this process ends.

    Raises:
        RamgnnError: another process holds it, or it cannot be written to.
    """
    from filelock import FileLock, Timeout  # PyTorch brings it

    is_made = not folder.exists()
    path = make_folder(folder) / ".lock"
    is_new = not path.exists()
    try:
        if path.is_symlink():
            path.unlink()
        lock = FileLock(path)
        lock.acquire(timeout=0.3)  # longer than `is_held` has it for
    except Timeout:
        raise RamgnnError(
            f"another process is training or saving in {folder}; wait until it has ended, or choose another folder"
        ) from None
    except OSError as error:
        raise RamgnnError(f"cannot write to {folder}: {error.strerror} ({path.name}); choose another folder") from None
    try:
        yield
    except BaseException:
        if is_new:  # it says that a run was written here, and nothing came of that
            with suppress(OSError):
                path.unlink()
                if is_made:  # and it is empty, or it stays
                    folder.rmdir()
        raise
    finally:
        lock.release()


def is_held(folder: Path) -> bool:
    """Whether a process trains or saves in a folder just now, see `locked`; False where that cannot be told."""
    try:
        import fcntl
    except ImportError:  # of a system that has other locks
        return False
    try:
        descriptor = os.open(folder / ".lock", os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)  # let go of with the file
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False
