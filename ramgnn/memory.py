"""How the C library treats memory that is given back."""

from __future__ import annotations

import ctypes
import sys

# of <malloc.h>, glibc
M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4


def keep() -> bool:
    """Tell glibc to keep freed memory for the next table of this process instead of giving it back to the system.

    Otherwise every tensor above 32 MiB is fresh memory each time, and the system clears it page by page at its first
    use. On graphs with millions of incidences that is most of an epoch. Peak memory grows by what is lost between
    tables of different sizes. Changes the whole process, so the command line calls it and the library does not.

    Returns:
        True when it was done; False with another C library, where nothing happens.
    """
    if not sys.platform.startswith("linux"):
        return False
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "gnu_get_libc_version"):
        return False
    return bool(libc.mallopt(M_MMAP_MAX, 0) and libc.mallopt(M_TRIM_THRESHOLD, 2**31 - 1))
