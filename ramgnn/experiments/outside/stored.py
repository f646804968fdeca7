"""The outside checks that were made: one small JSON file each, read without any of the libraries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ramgnn.errors import DataError
from ramgnn.experiments import store
from ramgnn.experiments.outside.check import Comparison, compare
from ramgnn.files import check_keys, make_folder, read_json, write_json

FORMAT = 1
FOLDER = store.FOLDER / "outside"
KEYS = {
    "data": str, "baseline": str, "library": str, "version": str, "variant": str, "kind": str, "settings": dict,
    "theirs": dict, "epochs": int, "seeds": list, "differences": list, "ranks": dict, "metrics": dict,
    "tolerance": dict, "agrees": bool, "test_fingerprint": str, "seconds": float, "provenance": dict,
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Made:
    """One check that was made.

    Attributes:
        data, baseline, library, version, variant, kind, settings, theirs, epochs, differences: see `Check`.
        seeds: those that are done.
        theirs_ranks, ours_ranks: one array ``(n_test,)`` a seed.
        test_fingerprint: of what was ranked.
        seconds: processor time of both sides, all seeds.
        provenance: versions, commit, machine, date.
    """

    data: str
    baseline: str
    library: str
    version: str
    variant: str
    kind: str
    settings: dict[str, Any]
    theirs: dict[str, Any]
    epochs: int
    seeds: list[int]
    differences: list[str]
    theirs_ranks: list[np.ndarray]
    ours_ranks: list[np.ndarray]
    test_fingerprint: str
    seconds: float
    provenance: dict[str, Any]

    def comparisons(self) -> list[Comparison]:
        """Each metric of both sides."""
        return compare(self.theirs_ranks, self.ours_ranks, self.kind)

    @property
    def agrees(self) -> bool:
        """Whether every metric that is judged is within its tolerance."""
        return all(x.agrees for x in self.comparisons())

    @property
    def same_ranks(self) -> float:
        """The share of ranks that are the same on both sides."""
        both = zip(self.theirs_ranks, self.ours_ranks, strict=True)
        return float(np.mean([(a == b).mean() for a, b in both]))


def put(made: Made, path: Path) -> None:
    """Write one check."""
    found = made.comparisons()
    named = ("data", "baseline", "library", "version", "variant", "kind", "settings", "theirs", "epochs", "seeds")
    content = {"format": FORMAT} | {name: getattr(made, name) for name in named}
    content |= {
        "differences": made.differences,
        "tolerance": {x.metric: x.allowed for x in found if x.allowed is not None},
        "agrees": made.agrees,
        "metrics": {
            "theirs": {x.metric: {"mean": x.theirs, "sd": x.theirs_sd} for x in found},
            "ours": {x.metric: {"mean": x.ours, "sd": x.ours_sd} for x in found},
        },
        "ranks": {
            "theirs": [store.pack(x) for x in made.theirs_ranks],
            "ours": [store.pack(x) for x in made.ours_ranks],
        },
        "test_fingerprint": made.test_fingerprint,
        "seconds": made.seconds,
        "provenance": made.provenance,
    }
    make_folder(path.parent)
    write_json(path, content)


def get(path: Path) -> Made:
    """Read one check.

    Raises:
        DataError: it cannot be read, or its metrics do not follow from its ranks.
    """
    content = read_json(path, "a stored outside check", store.FIX)
    check_keys(content, KEYS, path, store.FIX)
    ranks = {side: [store.unpack(x) for x in content["ranks"][side]] for side in ("theirs", "ours")}
    named = {name: content[name] for name in Made.__dataclass_fields__ if name in content}
    made = Made(**named, theirs_ranks=ranks["theirs"], ours_ranks=ranks["ours"])
    for x in made.comparisons():
        said = {side: content["metrics"][side][x.metric]["mean"] for side in ("theirs", "ours")}
        if abs(said["theirs"] - x.theirs) > 1e-9 or abs(said["ours"] - x.ours) > 1e-9:
            raise DataError(f"{x.metric} does not follow from the ranks", file=path, fix=store.FIX)
    if content["agrees"] != made.agrees:
        raise DataError("the verdict does not follow from the ranks", file=path, fix=store.FIX)
    return made


def all_made(folder: Path = FOLDER) -> list[Made]:
    """Every stored check, by name."""
    return [get(path) for path in sorted(folder.glob("*.json"))]


def table(folder: Path = FOLDER) -> pd.DataFrame:
    """One row for each stored check: whose it is, both sides' metrics, the tolerance and the verdict.

    The columns are model, library, variant, kind, then for NDCG@10 and HR@10 theirs, ours, difference and tolerance,
    the share of equal ranks, the verdict (``"agrees"`` or ``"differs"``) and the differences in words.
    """
    return pd.DataFrame([row(x) for x in all_made(folder)], columns=COLUMNS)


def row(made: Made) -> dict[str, Any]:
    """One check as a row of the table."""
    cells: dict[str, Any] = {"model": made.baseline, "library": f"{made.library} {made.version}"}
    cells |= {"variant": made.variant, "kind": made.kind, "epochs": made.epochs, "seeds": len(made.seeds)}
    for x in made.comparisons():
        if x.metric in JUDGED:
            values = (x.theirs, x.theirs_sd, x.ours, x.ours_sd, x.theirs - x.ours, x.allowed)
            cells |= {f"{x.metric} {part}": value for part, value in zip(PARTS, values, strict=True)}
    verdict = "agrees" if made.agrees else "differs"
    return cells | {"same ranks": made.same_ranks, "verdict": verdict, "differences": "; ".join(made.differences)}


PARTS: Sequence[str] = ("theirs", "theirs sd", "ours", "ours sd", "difference", "tolerance")
JUDGED: Sequence[str] = ("NDCG@10", "HR@10")
COLUMNS: Sequence[str] = (
    "model", "library", "variant", "kind", "epochs", "seeds", *(f"{m} {p}" for m in JUDGED for p in PARTS),
    "same ranks", "verdict", "differences",
)  # fmt: skip
