"""Where a data set comes from: its name, the loader's options and the relation types in use, as plain values."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ramgnn import datasets

if TYPE_CHECKING:
    from ramgnn.datasets.base import RecDataset


@dataclass(frozen=True)
class Source:
    """All that is needed to load the same data again.

    Attributes:
        name: what `datasets.load` calls it: its name, or the absolute path of its folder.
        options: what it is loaded with.
        item_relations, user_relations: the relation types in use, None for all.
    """

    name: str
    options: dict[str, Any] = field(default_factory=dict)
    item_relations: list[str] | None = None
    user_relations: list[str] | None = None

    def load(self, progress: bool | None = None) -> RecDataset:
        """Load the data set with those relation types; `progress` as in `datasets.load`.

        Raises:
            RamgnnError: the name is ``"frames"``: data frames cannot be loaded again, so hand in the data set.
        """
        return datasets.load(self.name, progress=progress, **self.options).select(
            self.item_relations, self.user_relations
        )

    @property
    def label(self) -> str:
        """The name, or that of the folder, for names of files."""
        return Path(self.name).name.removesuffix(".inter") if datasets.is_path(self.name) else self.name

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)
