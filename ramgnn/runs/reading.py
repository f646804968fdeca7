"""What reading a run folder begins with: what it is, the data it was trained on, its history. PyTorch is not needed."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from ramgnn.datasets import saved
from ramgnn.datasets.base import RecDataset
from ramgnn.datasets.fingerprint import fingerprint
from ramgnn.errors import DataError, RamgnnWarning
from ramgnn.files import check_keys
from ramgnn.locks import is_held
from ramgnn.runs.checking import COPY, SUM, check_history, check_sums
from ramgnn.runs.folder import FIX, FORMAT, HISTORY, RUN, SERVED, WEIGHTS, read
from ramgnn.runs.sizes import check_weights
from ramgnn.visible import visible

# what is read of ``run.json``, each key with the kinds of its value
RAM_GNN = {"encoders": dict, "config": dict, "seconds": dict, "interrupted": (str, type(None))}
BASELINE = {"settings": dict, "values": dict, "seed": int, "epochs": int, "seconds": float, "interrupted": bool}
TRIES, PAUSE = 40, 0.05  # how often, and after how many seconds, a run that is being replaced is read again
Run = TypeVar("Run")


def settled(folder: Path, read: Callable[[], Run]) -> Run:
    """What is read of a run folder; once more where it was replaced meanwhile, so that two runs were met in one.

    Raises:
        DataError: what `read` raises of a run that stays as it is, or the run is replaced again and again.
    """
    for _ in range(TRIES):
        before = _state(folder)
        try:
            return read()
        except DataError:
            if _state(folder) == before and (before is not None or not is_held(folder)):
                raise
        time.sleep(PAUSE)
    raise DataError(
        "the run is just being replaced", file=folder, expected="a run that stays", fix="ask once more in a moment"
    )


def _state(folder: Path) -> tuple[int, int, int] | None:
    """What changes whenever the run is another one; None while there is none."""
    try:
        found = (folder / RUN).stat()
    except (OSError, ValueError):
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def describe(folder: str | os.PathLike) -> dict[str, Any]:
    """What ``run.json`` says.

    Raises:
        DataError: the folder is no complete run, or the file has not what is read of it.
    """
    path = Path(folder) / RUN
    metadata = read(path)
    check_keys(metadata, {}, path, FIX)
    if metadata.get("format") != FORMAT:
        raise DataError(f"this run has format {metadata.get('format')!r}", file=path, expected=str(FORMAT), fix=FIX)
    check_keys(metadata, {"model": str, "fingerprint": str, "sha256": dict}, path, FIX)
    check_keys(metadata, RAM_GNN if metadata["model"] == "ram-gnn" else BASELINE, path, FIX)
    check_keys(metadata, {SUM: str}, path, FIX)
    return metadata


def served_folder(folder: Path, metadata: dict[str, Any]) -> Path | None:
    """The folder of the model that recommends in place of the evaluated one; None where there is none.

    Raises:
        DataError: it is missing, is a link, or is not the one that was saved with the run.
    """
    name, served = f"{SERVED}/{RUN}", folder / SERVED
    if name not in metadata["sha256"] and not served.exists():
        return None
    if served.is_symlink() or not (served / RUN).is_file():
        raise DataError(
            "the model that recommends is missing", file=served, expected="a folder, as it was written", fix=COPY
        )
    check_sums(folder, metadata["sha256"], name)
    return served


def read_data(folder: Path, metadata: dict[str, Any], dataset: RecDataset | None = None) -> RecDataset:
    """The data of a run: the copy in the folder, or `dataset` when it is at hand; the weights are whole then, too.

    Raises:
        DataError: a file is missing or broken, the data are not those that the run was trained on, or the weights are
            far more than such a model has.
    """
    check_sums(folder, metadata["sha256"], saved.TEXT)  # before anything in it is read
    dataset = saved.read(folder) if dataset is None else dataset
    if (found := fingerprint(dataset)) != metadata["fingerprint"]:
        raise DataError(
            f"the data set {dataset.name!r} is not the one this run was trained on",
            file=folder / RUN,
            expected=f"fingerprint {metadata['fingerprint']}, found {found}",
            fix="give the same files and options as in training, or train again",
        )
    check_weights(folder / WEIGHTS, metadata, dataset)  # before gigabytes are hashed
    check_sums(folder, metadata["sha256"], WEIGHTS)
    return dataset


def read_history(folder: Path, metadata: dict[str, Any], dataset: RecDataset) -> dict[str, Any] | None:
    """What ``history.json`` says, checked as far as it is read; None, with a warning, when it is missing.

    Raises:
        DataError: it is no history of such a run.
    """
    path = folder / HISTORY
    if not path.exists():
        lost = "losses" if metadata["model"] != "ram-gnn" else "losses, thresholds and, with them, reasons"
        warnings.warn(
            visible(f"{path} is missing: the run recommends, but its {lost} are lost"), RamgnnWarning, stacklevel=3
        )
        return None
    history = read(path)
    if metadata["model"] != "ram-gnn":
        check_keys(history, {"losses": list}, path, FIX)
        losses = {str(number): loss for number, loss in enumerate(history["losses"])}
        check_keys(losses, dict.fromkeys(losses, float), path, FIX, "losses")
    else:
        check_history(history, metadata["encoders"], dataset, path)
    check_sums(folder, metadata["sha256"], HISTORY)
    return history
