"""The data sets of the experiments, each with the options it is always loaded with."""

from __future__ import annotations

from ramgnn.datasets.base import RecDataset
from ramgnn.datasets.source import Source
from ramgnn.errors import NotFoundError
from ramgnn.experiments.next_session import next_session

SOURCES = {
    "toy": Source("toy"),  # six people: to see in seconds that everything works
    "ml-100k": Source("ml-100k"),
    "movietweetings": Source("movietweetings"),
    "kkbox": Source("kkbox", {"form": "subset"}),  # the sample; the whole has more than a laptop's evening in it
}
WITH_TIME = ("toy", "ml-100k", "movietweetings")  # KKBox does not say when a song was heard
NEXT_SESSION = {"ml-100k next session": "ml-100k"}  # another split of the same data, see `next_session`


def tuned_on(name: str) -> str:
    """The data set on whose validation items the settings for this one are chosen."""
    return NEXT_SESSION.get(name, name)


def source(name: str) -> Source:
    """How one of them is loaded.

    Raises:
        NotFoundError: it is not one of them.
    """
    if tuned_on(name) not in SOURCES:
        raise NotFoundError("data set of the experiments", name, sorted([*SOURCES, *NEXT_SESSION]))
    return SOURCES[tuned_on(name)]


def load(name: str) -> RecDataset:
    """One of them; an unknown name raises as in `source`."""
    dataset = source(name).load(False)
    return next_session(dataset) if name in NEXT_SESSION else dataset
