"""The files of a run folder, and the fingerprint that says whether data are those of a run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from ramgnn.config import Config
from ramgnn.datasets import saved
from ramgnn.errors import DataError, RamgnnError
from ramgnn.files import check_keys, read_json

WEIGHTS, RUN, HISTORY, RANKS = "weights.safetensors", "run.json", "history.json", "metrics.json"
CHECKPOINTS = "checkpoint"
SERVED = "served"  # the run folder, within a run folder, of the model that was trained once more on everything
BEFORE = "run_before"  # where the run that is being replaced is kept until the new one is done
RANDOM_SCORES = "sampler.random_scores"  # among the weights, behind the name of the side
FORMAT = 3
FIX = "train again"
FILES = (WEIGHTS, HISTORY, RANKS, saved.TEXT, saved.ARRAYS)  # those beside `RUN`
LOCK = ".lock"  # stays where something was trained
STAGES = ("item", "user", "validation", "validation-user", "finetune", "all", "all-user")  # each with a checkpoint
OURS = {RUN, *FILES, "made-for.json", *(f"{stage}.safetensors" for stage in STAGES)}  # what lies in a folder of ours
CHECKED = (WEIGHTS, HISTORY, saved.TEXT)  # whose SHA-256 stands in ``run.json``; that of the arrays stands in the text


def read(path: Path) -> Any:
    """The content of one of the JSON files, or a clear error."""
    return read_json(path, "a run folder that was written to its end; check its name", FIX)


def unfinished(folder: str | os.PathLike) -> bool:
    """Whether a run was started in the folder and not finished."""
    return (Path(folder) / CHECKPOINTS / RUN).exists()


def check_ours(folder: Path, *names: str) -> None:
    """Refuse a run folder in which one of these folders, which are to be removed, holds what no run has put there.

    Hidden files, which the system lays everywhere and an unfinished file is too, go with the folder.

    Raises:
        RamgnnError: there is something of somebody else's.
    """
    for part in (folder / name for name in names):
        if part.is_symlink() or not part.is_dir():
            continue
        with suppress(OSError):  # which removing it then tells
            for path in sorted(part.iterdir()):
                if path.is_dir() or not (path.name in OURS or path.name.startswith(".")):
                    raise RamgnnError(
                        f"{part} is to be removed and holds {path.name!r}, which is not of a run; choose another folder"
                    )


def read_config(stored: dict[str, Any], path: Path) -> Config:
    """The settings that stand in the file `path` under the key ``config``.

    Raises:
        DataError: a part is missing, or there are settings that this version does not have.
    """
    check_keys(stored, {"pretrain": dict, "finetune": dict}, path, FIX, "config")
    with known_settings("config", path):
        config = Config.from_dict(stored)
    try:  # a loss of somebody's own is not needed to recommend, so its module need not be there
        replace(config, finetune=replace(config.finetune, loss=str(config.finetune.loss) and "softmax")).validate()
    except RamgnnError as error:
        raise DataError(f"'config' has an impossible setting: {error}", file=path, fix=FIX) from None
    return config


@contextmanager
def known_settings(key: str, path: Path) -> Iterator[None]:
    """Settings of a name that this version does not have, read from under `key` of the file `path`, are a clear error.

    Raises:
        DataError: there are such settings.
    """
    try:
        yield
    except TypeError as error:  # of a dataclass that is given a name it does not have
        raise DataError(
            f"{key!r} has settings that this version does not know: {error}",
            file=path,
            fix="load it with the version that wrote it, or train again",
        ) from None
