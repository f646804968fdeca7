"""Who gains? Results of the models that know the time, by how long after somebody's last interaction the next one came.

The groups of the test users are stored, since a reader of the book may not have the data:
``python -m ramgnn.experiments.groups`` writes them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ramgnn.errors import RamgnnError
from ramgnn.evaluation import SESSIONS, session_groups
from ramgnn.experiments import data, stored
from ramgnn.experiments.store import Result, fingerprint_test
from ramgnn.files import write_json

PLACE = Path(__file__).parent / "results" / "session_groups.json"
CLOCKED = ("ml-100k", *data.NEXT_SESSION)


def groups(name: str) -> np.ndarray:
    """``(n_test,)`` which of `SESSIONS` each test user is in, as a number.

    Raises:
        RamgnnError: the data set has no times in seconds, so there are no groups.
    """
    found = stored(PLACE.stem)
    if name not in found:
        raise RamgnnError(f"no groups are stored for {name!r}; there are those of {', '.join(found)}")
    return np.array([int(digit) for digit in found[name]["groups"]])


def within(results: Iterable[Result], group: str) -> list[Result]:
    """The same runs with the ranks of one group of users alone, to be compared among each other.

    Raises:
        RamgnnError: a run is of other test users than the groups.
    """
    cut = []
    for result in results:
        mine = stored(PLACE.stem)[result.data]
        if mine["test_fingerprint"] != result.test_fingerprint:
            raise RamgnnError(f"{result.model} on {result.data} has other test users than the stored groups")
        of_group = groups(result.data) == SESSIONS.index(group)
        mark = f"{result.test_fingerprint}, {group}"
        cut.append(replace(result, ranks=result.ranks[of_group], test_fingerprint=mark))
    return cut


def main(names: Sequence[str] = CLOCKED, place: Path = PLACE) -> None:
    """Write the groups of each data set."""
    found = {}
    for name in names:
        dataset = data.load(name)
        codes = "".join(map(str, session_groups(dataset).cat.codes))
        found[name] = {"test_fingerprint": fingerprint_test(dataset), "groups": codes}
    write_json(place, found)


if __name__ == "__main__":
    main()
