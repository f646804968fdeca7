"""The result store: one small JSON file a run, and one with the trials of each model; the book reads these.

    FOLDER/DATA/MODEL/trials.json     what was tried on validation, and what it gave
    FOLDER/DATA/MODEL/SEED.json       one run on all training data: settings, metrics, the rank of every test user

Files are moved into place whole, so a reader never sees half of one, and what is there is done.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ramgnn.datasets.base import RecDataset
from ramgnn.errors import DataError
from ramgnn.evaluation import metrics
from ramgnn.files import check_keys, make_folder, read_json, write_json

FORMAT = 1
FOLDER = Path(__file__).parent / "results"
FIX = "delete it and run again"
SEARCHED = re.compile(r" search [2-9]$")  # ends the name of a model that was searched once more
SEED = re.compile("0|[1-9][0-9]{0,18}")  # what a result is named by
# what is read of the two kinds of file, each key with the kinds of its value
TRIAL = {
    "number": int, "settings": dict, "value": (float, type(None)), "epochs": int, "state": str, "seconds": float,
    "provenance": dict, "steps": list,
}  # fmt: skip
RESULT = {
    "data": str, "model": str, "seed": int, "ranks": str, "test_fingerprint": str, "settings": dict, "tuned": dict,
    "epochs": int, "seconds": float, "provenance": dict, "history": dict,
}  # fmt: skip


@dataclass(frozen=True)
class Trial:
    """One set of settings, trained without each user's last training item and measured on these items.

    Attributes:
        number: from 0; settings: what was tried.
        value: the best NDCG@10 over epochs; epochs: when it was reached. NaN and 0 where training failed.
        state: ``"complete"``, ``"pruned"`` (stopped early, behind the others) or ``"failed"``.
        seconds: processor time, which is the wall time on an idle machine, for there is one thread.
        provenance: versions, commit, machine, date.
        steps: ``(epoch, NDCG@10)`` as training went.
    """

    number: int
    settings: dict[str, Any]
    value: float
    epochs: int
    state: str
    seconds: float
    provenance: dict[str, Any]
    steps: tuple[tuple[int, float], ...] = ()


@dataclass(frozen=True, eq=False)
class Result:
    """One stored run.

    Attributes:
        data, model, seed: what was run.
        ranks: ``(n_test,)`` float64, the rank of each held-out item, ties at their average place.
        test_fingerprint: equal for results that can be compared user by user.
        settings: those of the model, with everything that was left at its default.
        tuned: the part of them that the trials found; with it the run can be made again.
        epochs: how many were trained; 0 for models in closed form.
        seconds: processor time of training and evaluation, with one thread.
        provenance: versions, commit, machine, date.
        history: what else the run left, such as thresholds by epoch.
    """

    data: str
    model: str
    seed: int
    ranks: np.ndarray
    test_fingerprint: str
    settings: dict[str, Any] = field(default_factory=dict)
    tuned: dict[str, Any] = field(default_factory=dict)
    epochs: int = 0
    seconds: float = 0.0
    provenance: dict[str, Any] = field(default_factory=dict)
    history: dict[str, Any] = field(default_factory=dict)

    @property
    def row(self) -> str:
        """The model, whichever search found its settings."""
        return SEARCHED.sub("", self.model)

    def metrics(self, ks: Sequence[int] = (10, 20)) -> dict[str, float]:
        """HR, MRR and NDCG at each k."""
        return metrics(self.ranks, ks)


class Store:
    """A folder of results.

    Args:
        folder: where; the results that come with the package by default.
    """

    def __init__(self, folder: str | os.PathLike = FOLDER) -> None:
        self.folder = Path(folder)

    def place(self, dataset_name: str, model: str) -> Path:
        """The folder of one model on one data set."""
        return self.folder / dataset_name / model.replace(" ", "_")

    def has(self, dataset_name: str, model: str, seed: int) -> bool:
        """Whether that run is stored."""
        return (self.place(dataset_name, model) / f"{seed}.json").exists()

    def seeds(self, dataset_name: str, model: str) -> list[int]:
        """The seeds that are stored, ascending."""
        stems = (x.stem for x in self.place(dataset_name, model).glob("*.json"))
        return sorted(int(stem) for stem in stems if SEED.fullmatch(stem))

    def models(self, dataset_name: str) -> list[str]:
        """The models with runs or trials, by name."""
        return sorted(x.name.replace("_", " ") for x in (self.folder / dataset_name).glob("*") if x.is_dir())

    def put(self, result: Result) -> None:
        """Write one run."""
        content = asdict(result) | {"ranks": pack(result.ranks), "n_test": len(result.ranks)}
        content = {"format": FORMAT} | content | {"metrics": result.metrics()}
        _write(self.place(result.data, result.model) / f"{result.seed}.json", content)

    def get(self, dataset_name: str, model: str, seed: int) -> Result:
        """Read one run.

        Raises:
            DataError: it is not there or cannot be read.
        """
        path = self.place(dataset_name, model) / f"{seed}.json"
        content = _read(path, RESULT | {"n_test": int, "metrics": dict})
        place = (dataset_name, model, seed)
        if (content["data"], content["model"], content["seed"]) != place:
            found = f"{content['model']} on {content['data']}, seed {content['seed']}"
            raise DataError(
                f"this is a result of {found}", file=path, expected="{1} on {0}, seed {2}".format(*place), fix=FIX
            )
        try:
            ranks = unpack(content["ranks"])
        except (ValueError, zlib.error) as error:
            raise DataError(f"the ranks cannot be read: {error}", file=path, fix=FIX) from None
        result = Result(**{name: content[name] for name in RESULT} | {"ranks": ranks})
        if len(ranks) != content["n_test"] or (ranks < 1).any() or not _alike(result.metrics(), content["metrics"]):
            raise DataError("the ranks, their number and the metrics do not belong together", file=path, fix=FIX)
        return result

    def results(self, dataset_name: str, models: Iterable[str] | None = None) -> list[Result]:
        """All runs of some models, by model and seed, those of their further searches too; of all when not said."""
        there = self.models(dataset_name)
        chosen = there if models is None else [m for x in models for m in (x, *searched(x, there))]
        return [self.get(dataset_name, model, seed) for model in chosen for seed in self.seeds(dataset_name, model)]

    def trials(self, dataset_name: str, model: str) -> list[Trial]:
        """What was tried so far, in the order of the numbers.

        Raises:
            DataError: the file cannot be read.
        """
        path = self.place(dataset_name, model) / "trials.json"
        if not path.exists():
            return []
        rows = _read(path, {"trials": list})["trials"]
        for number, row in enumerate(rows):
            check_keys(row, TRIAL, path, FIX, f"trials.{number}")
            for place, step in enumerate(row["steps"]):
                if not (isinstance(step, list) and len(step) == 2 and all(type(x) in (int, float) for x in step)):
                    where = f"trials.{number}.steps.{place}"
                    raise DataError(f"{where!r} is {step!r:.40}", file=path, expected="[epoch, NDCG@10]", fix=FIX)
        values = [float("nan") if row["value"] is None else row["value"] for row in rows]
        steps = [tuple(map(tuple, row["steps"])) for row in rows]
        return [
            Trial(**{name: row[name] for name in TRIAL} | {"value": value, "steps": step})
            for row, value, step in zip(rows, values, steps, strict=True)
        ]

    def hours(self, dataset_name: str) -> float:
        """What all trials and runs on a data set took, in hours of one processor core."""
        tried = (trial for model in self.models(dataset_name) for trial in self.trials(dataset_name, model))
        return sum(x.seconds for x in [*tried, *self.results(dataset_name)]) / 3600

    def put_trial(self, dataset_name: str, model: str, trial: Trial, space: dict[str, str]) -> None:
        """Add one trial; `space` says in words what was searched."""
        trials = [x for x in self.trials(dataset_name, model) if x.number != trial.number] + [trial]
        rows = [asdict(x) | {"value": x.value if x.value == x.value else None} for x in trials]
        rows.sort(key=lambda row: row["number"])
        content = {
            "format": FORMAT,
            "data": dataset_name,
            "model": model,
            "metric": "NDCG@10 on validation",
            "space": space,
        }
        _write(self.place(dataset_name, model) / "trials.json", content | {"trials": rows})


def searched(model: str, names: Iterable[str]) -> list[str]:
    """Those of the names that are further searches of a model."""
    return sorted(name for name in names if name != model and SEARCHED.sub("", name) == model)


def best(trials: Sequence[Trial]) -> Trial | None:
    """The trial with the highest value, the first of several; None when none was completed."""
    complete = [x for x in trials if x.state == "complete"]
    return max(complete, key=lambda x: (x.value, -x.number), default=None)


def _alike(metrics: dict[str, float], stored: dict[str, Any]) -> bool:
    """Whether metrics are those that were stored, perhaps by a machine that rounds otherwise."""
    numbers = all(type(x) in (int, float) for x in stored.values())
    return numbers and metrics.keys() == stored.keys() and all(abs(x - stored[k]) < 1e-9 for k, x in metrics.items())


def fingerprint_test(dataset: RecDataset) -> str:
    """Sixteen hex digits that change with the test rows and with what they are ranked against."""
    digest = hashlib.sha256(np.ascontiguousarray(dataset.test[["user", "item"]].to_numpy(np.int64)).tobytes())
    if dataset.negatives is not None:
        digest.update(np.ascontiguousarray(dataset.negatives, dtype=np.int64).tobytes())
    return digest.hexdigest()[:16]


def pack(ranks: np.ndarray) -> str:
    """Ranks as text: twice each as a 32-bit number (an average rank may end in .5), compressed, in base 64."""
    doubled = np.asarray(ranks, np.float64) * 2
    if not (doubled == doubled.round()).all():
        raise ValueError("ranks must be whole or end in .5")
    return base64.b64encode(zlib.compress(doubled.astype("<u4").tobytes(), 9)).decode()


def unpack(text: str) -> np.ndarray:
    """The inverse of `pack`: ``(n,)`` float64."""
    return np.frombuffer(zlib.decompress(base64.b64decode(text)), "<u4") / 2.0


def _write(path: Path, content: dict[str, Any]) -> None:
    make_folder(path.parent)
    write_json(path, content)


def _read(path: Path, keys: dict[str, Any]) -> dict[str, Any]:
    if not path.exists():
        raise DataError("there is no such result", file=path, fix="run it: python -m ramgnn run --help")
    content = read_json(path, "a stored result", FIX)
    check_keys(content, keys, path, FIX)
    return content
