"""Where a data set comes from: its name, the loader's options and the relation types in use, as plain values."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ramgnn import datasets
from ramgnn.datasets.naming import is_none
from ramgnn.errors import NotFoundError

if TYPE_CHECKING:
    from ramgnn.datasets.base import RecDataset

TABLES = ("interactions", "items", "users")  # options of `ramgnn.datasets.tables` that are paths


@dataclass(frozen=True)
class Source:
    """All that is needed to load the same data again.

    Attributes:
        name: what `datasets.load` calls it: its name, or the absolute path of its folder.
        options: what it is loaded with.
        item_relations, user_relations: the relation types in use; None for all, ``["none"]`` or no name for none.
    """

    name: str
    options: dict[str, Any] = field(default_factory=dict)
    item_relations: list[str] | None = None
    user_relations: list[str] | None = None

    def load(self, progress: bool | None = None) -> RecDataset:
        """Load the data set with those relation types; `progress` as in `datasets.load`.

        Raises:
            RamgnnError: the name is ``"frames"``: data frames cannot be loaded again, so hand in the data set.
            NotFoundError: there is no such data set, or it has no such option.
        """
        if "progress" in self.options:  # what is shown is no part of what the data are
            raise NotFoundError(f"option of data set {self.name!r} called", "progress")
        dataset = datasets.load(self.name, progress=progress, **self.options)
        named = {"item": self.item_relations, "user": self.user_relations}
        for side, names in named.items():
            if names is not None and is_none(names, [relation.name for relation in dataset.relations(side)]):
                named[side] = []
        return dataset.select(**named)

    def relative_to(self, folder: Path) -> Source:
        """The same with the paths of tables as seen from a folder: together with its tables it may be moved."""
        return self._with_paths(lambda path: os.path.relpath(path, folder.resolve()))

    def seen_from(self, folder: Path) -> Source:
        """The inverse of `relative_to`: the paths of tables as they are to be opened."""
        return self._with_paths(lambda path: os.path.normpath(folder.resolve() / path))

    def _with_paths(self, change: Callable[[str], str]) -> Source:
        """The same with the paths of tables changed; one that cannot be (on another drive) stays."""
        options = dict(self.options)
        for name in options.keys() & set(TABLES):
            if options[name] is not None:  # there is no such table
                with suppress(ValueError):
                    options[name] = change(options[name])
        name = self.name
        if datasets.is_path(name):
            with suppress(ValueError):
                name = change(name)
        return replace(self, name=name, options=options)

    @property
    def label(self) -> str:
        """The name, or that of the folder, for names of files."""
        if not datasets.is_path(self.name):
            return self.name
        path = Path(self.name)
        return path.stem if path.suffix.lower() == ".inter" else path.name

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)
