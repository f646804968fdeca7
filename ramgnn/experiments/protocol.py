"""How everything was measured, read from the store: effort, search spaces, chosen settings, and claims by data sets.

``python -m ramgnn.experiments.protocol`` judges all claims anew and keeps the verdicts, which the book shows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from tqdm import tqdm

from ramgnn.experiments.effort import effort_of
from ramgnn.experiments.lineup import line_up
from ramgnn.experiments.models import ModelSpec
from ramgnn.experiments.store import FOLDER, Store, best
from ramgnn.experiments.tuning import first_settings
from ramgnn.experiments.verdicts import judge
from ramgnn.files import check_keys, read_json, write_json

DATA = {"ml-100k": "MovieLens-100K", "movietweetings": "MovieTweetings", "kkbox": "KKBox, the sample"}
VERDICTS, FIX = FOLDER / "verdicts.json", "write it again: python -m ramgnn.experiments.protocol"
OURS = {"ram-gnn": "tuned", "ram-gnn as printed": "as printed"}


def spent(store: Store, dataset_name: str) -> pd.DataFrame:
    """What was spent on each model that has trials on a data set: a row each, columns as `effort_of` has them."""
    rows = {name: effort_of(spec, store, dataset_name) for name, spec in line_up(dataset_name).items()}
    return pd.DataFrame({name: row for name, row in rows.items() if row}).T


def everybody() -> dict[str, ModelSpec]:
    """All models by name, as they are run on the first data set that has them."""
    found: dict[str, ModelSpec] = {}
    for dataset_name in DATA:
        found = line_up(dataset_name) | found
    return found


def searched(store: Store, spec: ModelSpec) -> pd.DataFrame:
    """The search space of a model and what was chosen: a row for each setting.

    Columns: ``searched``, its bounds; ``first``, the value of the first trial, which is the published one; and a
    column for each data set with trials.
    """
    first = first_settings(spec)
    table = {name: {"searched": str(space), "first": value(first[name])} for name, space in spec.space.items()}
    for dataset_name, label in DATA.items():
        chosen = best(store.trials(dataset_name, spec.name))
        for name in table if chosen is not None else ():
            table[name][label] = value(chosen.settings.get(name, ""))
    return pd.DataFrame(table).T


def value(x: Any) -> str:
    """A setting as short text."""
    return f"{x:.3g}" if isinstance(x, float) else str(x)


# ---- claims ---------------------------------------------------------------------------------------------------------


def judged(store: Store, datasets: Sequence[str] = tuple(DATA), progress: bool = False) -> dict[str, Any]:
    """Every claim on every data set, for both models that stand for RAM-GNN, and of which runs that is said."""
    rows = []
    for dataset_name, ours in tqdm([(d, o) for d in datasets for o in OURS], unit="set", disable=not progress):
        for one in judge(store, dataset_name, ours, blind=True):
            words = {"claim": one.claim, "text": one.text, "place": one.place, "verdict": one.verdict, "why": one.why}
            rows.append({"data": dataset_name, "ours": ours} | words)
    return {"runs": fingerprint(store), "verdicts": rows}


def fingerprint(store: Store) -> str:
    """Sixteen hex digits that change with any stored run or trial."""
    digest = hashlib.sha256()
    for path in sorted(store.folder.glob("*/*/*.json")):
        digest.update(path.relative_to(store.folder).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def read(path: Path = VERDICTS) -> dict[str, Any]:
    """What `main` wrote.

    Raises:
        DataError: it is not there or cannot be read.
    """
    found = read_json(path, "the stored verdicts", FIX)
    check_keys(found, {"runs": str, "verdicts": list}, path, FIX)
    return found


def claimed(found: dict[str, Any]) -> pd.DataFrame:
    """Each claim by data set and by who stands for RAM-GNN: the verdict in a word, a row for each claim.

    Columns: ``claim``, ``place``, and for each data set and model one such as ``MovieLens-100K, tuned``.
    """
    rows: dict[str, dict[str, str]] = {}
    for one in found["verdicts"]:
        row = rows.setdefault(one["claim"], {"claim": one["text"], "place": one["place"]})
        row[f"{DATA[one['data']]}, {OURS[one['ours']]}"] = one["verdict"]
    return pd.DataFrame(rows).T.fillna("–")


def main() -> None:
    """Judge all claims from the stored runs, which takes minutes, and keep the verdicts for the book."""
    write_json(VERDICTS, judged(Store(), progress=True))


if __name__ == "__main__":
    main()
