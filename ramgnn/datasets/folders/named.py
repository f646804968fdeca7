"""A folder of tables, CSV or Parquet, whose names say which is which: ratings.csv, movies.csv, users.csv."""

from __future__ import annotations

import re
from pathlib import Path

from ramgnn.advice import options
from ramgnn.datasets.folders.found import from_here, visible
from ramgnn.datasets.layout import read_layout
from ramgnn.datasets.parquet import is_parquet
from ramgnn.errors import DataError

ROLES = {
    "interactions": "interactions interaction ratings rating events event clicks views plays listens listenings likes "
    "purchases orders transactions sales loans checkins reviews watches history log logs behaviors rows",
    "items": "items item movies movie films film books book products product songs song tracks track articles article "
    "games game recipes apps courses artists news",
    "users": "users user people persons members member customers customer readers viewers listeners accounts visitors",
}
ENDINGS = re.compile(r"\.(?:(?:csv|tsv|tab|txt)(?:\.gz)?|parquet|pq)$", re.IGNORECASE)


def tables(folder: Path) -> dict[str, Path] | None:
    """The tables of a folder by role: ``"interactions"`` and, where there are, ``"items"`` and ``"users"``; or None.

    Raises:
        DataError: two files could be the same table.
    """
    candidates: dict[str, list[Path]] = {role: [] for role in ROLES}
    for path in visible(folder):
        if role := _role(path):
            candidates[role].append(path)
    if not candidates["interactions"]:
        return None
    for role, paths in candidates.items():
        if len(paths) > 1:
            example = options({r: str(from_here(p[0])) for r, p in candidates.items() if p})
            fix = f"keep one of them in the folder, or name the files: {example}"
            raise DataError(
                f"{len(paths)} files could be the table of {role}: {', '.join(path.name for path in paths)}",
                file=folder,
                expected=f"one table of {role}",
                fix=fix,
            )
    return {role: paths[0] for role, paths in candidates.items() if paths}


def likely(folder: Path) -> dict[str, Path]:
    """Which files of a folder may be meant by whoever names them: by role, the largest being the interactions."""
    files = [path for path in visible(folder) if ENDINGS.search(path.name) and _is_table(path)]
    found = {role: path for path in files if (role := _role(path))}
    rest = sorted((path for path in files if path not in found.values()), key=_size, reverse=True)
    roles = [role for role in ROLES if role not in found]
    found |= dict(zip(roles, rest, strict=False))
    return {role: found[role] for role in ROLES if role in found} if "interactions" in found else {}


def _size(path: Path) -> int:
    return path.stat().st_size


def _is_table(path: Path) -> bool:
    """Whether a file has columns; one in another encoding is told of when it is read."""
    if is_parquet(path):
        return True
    try:
        return path.is_file() and len(read_layout(path, encoding="latin-1").columns) > 1
    except DataError:
        return False


def _role(path: Path) -> str | None:
    """What a file is by the last word of its name: "BX-Book-Ratings.csv" holds interactions."""
    if not (ending := ENDINGS.search(path.name)):
        return None
    words = re.findall(r"[a-z0-9]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", path.name[: ending.start()]).casefold())
    return next((role for role, names in ROLES.items() if words and words[-1] in names.split()), None)
