"""A run that was started and is not finished: what was noted before training, and its checkpoints."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from ramgnn.config import Config
from ramgnn.datasets.base import RecDataset
from ramgnn.datasets.source import Source
from ramgnn.errors import RamgnnError
from ramgnn.files import check_keys, make_folder, write_json
from ramgnn.runs.folder import CHECKPOINTS, FIX, FORMAT, RUN, fingerprint, read, read_config


def start_run(
    folder: str | os.PathLike, dataset: RecDataset, config: Config, source: Source, epochs: int | None = None
) -> Path:
    """Note in a run folder what is being trained, before training; returns the folder for checkpoints.

    Checkpoints that are there from an earlier run are removed.
    """
    checkpoints = Path(folder) / CHECKPOINTS
    clear_checkpoints(folder)
    metadata = {"format": FORMAT, "dataset": source.to_dict(), "fingerprint": fingerprint(dataset)}
    write_json(make_folder(checkpoints) / RUN, metadata | {"config": config.to_dict(), "epochs": epochs})
    return checkpoints


def unfinished(folder: str | os.PathLike) -> bool:
    """Whether a run was started in the folder and not finished."""
    return (Path(folder) / CHECKPOINTS / RUN).exists()


def read_started(folder: str | os.PathLike) -> tuple[Source, Config, int | None, str]:
    """What `start_run` noted: data, settings, number of epochs and the fingerprint of the data.

    Raises:
        RamgnnError: nothing was started there, or it has finished.
        DataError: what was noted cannot be read.
    """
    folder = Path(folder)
    if not unfinished(folder):
        state = "holds a run that has ended" if (folder / RUN).exists() else "holds no run"
        raise RamgnnError(f"{folder} {state}, so there is nothing to resume; train from the start")
    path = folder / CHECKPOINTS / RUN
    noted = read(path)
    kinds = {"dataset": dict, "config": dict, "epochs": (int, type(None)), "fingerprint": str}
    check_keys(noted, kinds, path, FIX)
    data, names = noted["dataset"], (list, type(None))
    check_keys(
        data, {"name": str, "options": dict, "item_relations": names, "user_relations": names}, path, FIX, "dataset"
    )
    source = Source(data["name"], data["options"], data["item_relations"], data["user_relations"])
    return source, read_config(noted["config"], path), noted["epochs"], noted["fingerprint"]


def clear_checkpoints(folder: str | os.PathLike) -> None:
    """Remove the checkpoints of a run that has finished."""
    shutil.rmtree(Path(folder) / CHECKPOINTS, ignore_errors=True)
