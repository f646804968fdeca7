"""Data sets: `load(name)` gives a `RecDataset`, `from_frames` makes one of data frames, `names()` says which there are.

Importing this package imports neither numpy nor pandas: they come with the first data set.
"""

from __future__ import annotations

import inspect
import os
import sys
from difflib import get_close_matches
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ramgnn import arguments
from ramgnn.errors import NotFoundError, RamgnnError

if TYPE_CHECKING:
    from ramgnn.datasets.base import RecDataset, Relation
    from ramgnn.datasets.frames import from_frames

__all__ = ["RecDataset", "Relation", "from_frames", "load", "names"]

# name: (module, one line)
_LOADERS = {
    "toy": ("toy", "eight films and six viewers, small enough to check by hand"),
    "movietweetings": ("movietweetings", "41,161 ratings of 1,019 films from tweets, comes with the package"),
    "ml-100k": ("ml100k", "MovieLens-100K with the RCF authors' split and attributes, downloaded at first use"),
    "kkbox": ("kkbox", "songs of the KKBox music service, from your own Kaggle files"),
    "planted": ("planted", "made data in which the importance of each relation is known, at any size"),
    "tables": ("tables", "your own interactions.csv, items.csv and, if you have it, users.csv"),
}
_SEPARATORS = {os.sep, os.altsep or os.sep}
_LAZY = {"RecDataset": "base", "Relation": "base", "from_frames": "frames"}  # name: the module it is fetched from


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})


def names() -> dict[str, str]:
    """Every data set by name, with one line on each."""
    return {name: line for name, (_, line) in _LOADERS.items()}


def is_path(name: str | os.PathLike) -> bool:
    """Whether this is a path and not the name of a data set: it has a separator, or is there."""
    if not isinstance(name, str):
        return isinstance(name, os.PathLike)
    return name not in _LOADERS and (any(sep in name for sep in _SEPARATORS) or name == "~" or os.path.exists(name))


def load(name: str | os.PathLike = "movietweetings", /, *, progress: bool | None = None, **options: Any) -> RecDataset:
    """Load a data set by name, or from a folder.

    Args:
        name: one of `names()`, or the path of a folder with MovieLens, RecBole's atomic files, or tables as CSV or
            Parquet (`ramgnn.datasets.folders`). For a folder called like a data set write ``./ml-100k``.
        progress: show bars while reading large files; without it, where the standard error is a terminal.
        options: what the data set's own ``load`` takes, for example ``attributes="as_published"`` for ml-100k.

    Raises:
        NotFoundError: there is no such data set or folder, or it has no such option; the message names those it has.
        RamgnnError: the name is ``"frames"``, for data frames are not stored anywhere.
    """
    if isinstance(name, os.PathLike) and isinstance(path := os.fspath(name), str):
        name = os.path.join(os.curdir, path)  # a path, even where a data set is called like it
    if not isinstance(name, str):
        from_frame = "; a data frame becomes one by ramgnn.from_frames" if hasattr(name, "columns") else ""
        raise arguments.wrong("name", name, f"the name of a data set: {', '.join(_LOADERS)}{from_frame}")
    if progress is not None:
        arguments.true_or_false("progress", progress)
    if name == "frames":
        raise RamgnnError(
            "this data set was made of data frames, so it cannot be loaded by name\n"
            "  to mend it: make it again with from_frames(...) and hand it in as the data set"
        )
    if is_path(name):
        folders = import_module("ramgnn.datasets.folders")
        loader, known = partial(folders.load, name), folders.options()
    elif name in _LOADERS:
        loader = import_module(f"ramgnn.datasets.{_LOADERS[name][0]}").load
        known = list(inspect.signature(loader).parameters)
    else:
        hint = f"the data sets are {', '.join(_LOADERS)}; a folder of your own is named by its path"
        near = get_close_matches(str(name).lower(), dict.fromkeys([*_LOADERS, *_folders_here()]), cutoff=0.5)
        raise NotFoundError("data set", name, near, hint=hint)
    if "progress" in known:
        seen = sys.stderr is not None and sys.stderr.isatty()  # there is none where it was closed
        options["progress"] = seen if progress is None else progress
    for option in options:
        if option not in known:
            hint = f"its options are {', '.join(known)}" if known else "it has no options"
            raise NotFoundError(
                f"option of data set {name!r} called", option, get_close_matches(option, known), hint=hint
            )
    return loader(**options)


def _folders_here() -> list[str]:
    """The names of the folders in the current one."""
    try:
        return sorted(entry.name for entry in os.scandir() if entry.is_dir())
    except OSError:
        return []
