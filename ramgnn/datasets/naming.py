"""Files found by their names, in capital letters too: RATINGS.DAT is what ratings.dat is. And what "none" names."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from pathlib import Path

from ramgnn.errors import DataError


def file_called(folder: Path, name: str) -> Path | None:
    """The file in a folder that has this name or, where there is none, has it in other letters; or None.

    Raises:
        DataError: several have it in other letters, and none as it is.
    """
    try:
        paths = sorted(path for path in folder.iterdir() if path.name.casefold() == name.casefold() and path.is_file())
    except OSError:  # there is no such folder, say, which whoever reads the file will tell
        return None
    if exact := [path for path in paths if path.name == name]:
        return exact[0]
    if len(paths) > 1:
        raise DataError(
            f"{len(paths)} files are called {name}, but for capital letters: {', '.join(path.name for path in paths)}",
            file=folder,
            expected=f"one file {name}",
            fix=f"keep one of them in the folder, or call the one that is meant {name}",
        )
    return paths[0] if paths else None


def at_home(path: str | os.PathLike) -> Path:
    """A path with ``~`` in its place; as it is where there is no such user."""
    return Path(os.path.expanduser(path))


def is_none(names: Sequence[str] | str, there: Collection[str]) -> bool:
    """Whether names of relation types say that none is to be used: there are none, or the word, which names nothing."""
    names = [names] if isinstance(names, str) else list(names)
    return not names or (len(names) == 1 and names[0].strip().casefold() in ("none", "") and names[0] not in there)
