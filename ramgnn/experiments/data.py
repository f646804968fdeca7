"""The data sets of the experiments, each with the options it is always loaded with."""

from __future__ import annotations

from ramgnn.datasets.base import RecDataset
from ramgnn.datasets.source import Source
from ramgnn.errors import NotFoundError

SOURCES = {
    "toy": Source("toy"),  # six people: to see in seconds that everything works
    "ml-100k": Source("ml-100k"),
    "movietweetings": Source("movietweetings"),
    "kkbox": Source("kkbox", {"form": "subset"}),  # the sample; the whole has more than a laptop's evening in it
}


def source(name: str) -> Source:
    """How one of them is loaded.

    Raises:
        NotFoundError: it is not one of them.
    """
    if name not in SOURCES:
        raise NotFoundError("data set of the experiments", name, sorted(SOURCES))
    return SOURCES[name]


def load(name: str) -> RecDataset:
    """One of them; an unknown name raises as in `source`."""
    return source(name).load(False)
