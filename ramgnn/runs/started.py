"""A run that was started and is not finished: what was noted before training, its data, and its checkpoints."""

from __future__ import annotations

import os
import secrets
import shlex
import shutil
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ramgnn.config import Config
from ramgnn.datasets import saved
from ramgnn.datasets.base import RecDataset
from ramgnn.datasets.fingerprint import fingerprint
from ramgnn.datasets.source import TABLES, Source
from ramgnn.errors import DataError, RamgnnError, RamgnnWarning
from ramgnn.files import check_keys, make_folder, remove, remove_parts, sha256, write_json
from ramgnn.locks import is_held
from ramgnn.runs import before
from ramgnn.runs.checking import SUM, check_own_sum, check_sums, with_sum
from ramgnn.runs.folder import (
    BEFORE,
    CHECKPOINTS,
    FILES,
    FIX,
    FORMAT,
    RUN,
    SERVED,
    STAGES,
    check_ours,
    read,
    read_config,
    unfinished,
)
from ramgnn.visible import visible

if TYPE_CHECKING:
    from ramgnn.fitted import FittedModel


@dataclass(frozen=True)
class Started:
    """What was noted before training.

    Attributes:
        source: where the data come from; config: all settings.
        epochs: of fine-tuning; None asks validation.
        fingerprint: that of the data.
        refit: whether to train once more on everything; None asks the data.
    """

    source: Source
    config: Config
    epochs: int | None
    fingerprint: str
    refit: bool | None


def start_run(
    folder: str | os.PathLike,
    dataset: RecDataset,
    config: Config,
    source: Source,
    epochs: int | None = None,
    refit: bool | None = None,
) -> Path:
    """Note in a run folder what is being trained, before training; returns the folder for checkpoints.

    What is there from an earlier run is kept aside, see `ramgnn.runs.before`, and removed from its place once all that
    is noted has been written. Data that somebody brought are kept beside the checkpoints, so that the training goes on
    without the tables; a data set with a name is loaded by it.

    Raises:
        RamgnnError: something cannot be written, and then the earlier run is as it was; or there are files of somebody
            else's in the way.
    """
    folder = make_folder(Path(folder))
    before.check_replaceable(folder)
    remove_parts(folder / CHECKPOINTS)
    metadata = {"format": FORMAT, "dataset": source.relative_to(folder).to_dict(), "epochs": epochs, "refit": refit}
    metadata |= {"fingerprint": fingerprint(dataset), "config": config.to_dict()}
    part = make_folder(folder / f".{CHECKPOINTS}.{secrets.token_hex(4)}.part")
    try:
        if dataset.own:
            saved.write(part, dataset)
        sums = {saved.TEXT: sha256(part / saved.TEXT)} if dataset.own else {}
        write_json(part / RUN, with_sum(metadata | {"sha256": sums}))
        before.keep(folder)
        try:
            clear_run(folder)
            os.replace(part, folder / CHECKPOINTS)
        except BaseException:
            before.put_back(folder)
            raise
    except OSError as error:
        raise RamgnnError(f"cannot write to {folder}: {error.strerror}; choose another folder") from None
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return folder / CHECKPOINTS


def give_up(folder: str | os.PathLike) -> bool:
    """Remove a training that cannot go on, and put the run back that it was to replace; says whether there was one.

    Raises:
        RamgnnError: something cannot be removed.
    """
    clear_checkpoints(folder)
    return before.put_back(Path(folder))


def has_checkpoints(folder: str | os.PathLike) -> bool:
    """Whether a training has got so far that there is something to go on from."""
    return any((Path(folder) / CHECKPOINTS / f"{stage}.safetensors").exists() for stage in STAGES)


def check_ended(folder: str | os.PathLike) -> None:
    """Refuse a folder in which a training was started and has left nothing yet but checkpoints.

    Raises:
        DataError: it is one; says how to go on.
    """
    if unfinished(folder) and not (Path(folder) / RUN).exists():
        state, fix = "was stopped before its end", _how_to_go_on(Path(folder))
        if is_held(Path(folder)):
            state, fix = "still goes on", "wait until it has ended"
        raise DataError(f"the training in this folder {state}", file=folder, expected="a run that has ended", fix=fix)


def warn_if_stopped(folder: str | os.PathLike, fitted: FittedModel) -> None:
    """Warn that a model is what a training had reached when it was stopped, and say how to go on."""
    if fitted.interrupted:
        what = "there is no recommender yet" if fitted.scorer is None else "it recommends by what was reached"
        how = f"; {_how_to_go_on(Path(folder))}" * unfinished(folder)
        warnings.warn(visible(f"{folder} was stopped {_when(fitted)}, {what}{how}"), RamgnnWarning, stacklevel=3)


def _when(fitted: FittedModel) -> str:
    """During which stage, or after how many epochs of a baseline."""
    if isinstance(fitted.interrupted, str):
        return f"during {fitted.interrupted}"
    return f"after {fitted.epochs} epochs" if hasattr(fitted, "epochs") else "before its end"


def _how_to_go_on(folder: Path) -> str:
    """What to type, on a shell and in Python, to go on with a training that was stopped."""
    called = f"from ramgnn.cli import main; main({['train', '--resume', str(folder)]})"
    kept = f"; the run that it replaces is in {folder / BEFORE} until then" * before.is_kept(folder)
    typed = f"ramgnn train --resume {shlex.quote(str(folder))}"
    return f"go on with it, nothing is lost: {typed}, or in Python: {called}{kept}"


def read_started(folder: str | os.PathLike) -> Started:
    """What `start_run` noted.

    Raises:
        RamgnnError: nothing was started there, or it has finished.
        DataError: what was noted cannot be read.
    """
    folder = Path(folder)
    if not unfinished(folder):
        state = "holds a run that has ended" if (folder / RUN).exists() else "holds no run"
        raise RamgnnError(f"{folder} {state}, so there is nothing to resume; train from the start")
    if (folder / CHECKPOINTS).is_symlink():
        raise DataError("this is a link, which leads out of the run folder", file=folder / CHECKPOINTS, fix=FIX)
    path = folder / CHECKPOINTS / RUN
    noted = read(path)
    kinds = {
        "format": int, "dataset": dict, "config": dict, "epochs": (int, type(None)), "fingerprint": str,
        "refit": (bool, type(None)), "sha256": dict, SUM: str,
    }  # fmt: skip
    check_keys(noted, kinds, path, FIX)
    if noted["format"] != FORMAT:
        raise DataError(f"this run has format {noted['format']!r}", file=path, expected=str(FORMAT), fix=FIX)
    data, names = noted["dataset"], (list, type(None))
    check_keys(
        data, {"name": str, "options": dict, "item_relations": names, "user_relations": names}, path, FIX, "dataset"
    )
    for key in ("item_relations", "user_relations"):
        named = {str(number): name for number, name in enumerate(data[key] or ())}
        check_keys(named, dict.fromkeys(named, str), path, FIX, f"dataset.{key}")
    paths = {name: (str, type(None)) for name in data["options"].keys() & set(TABLES)}
    check_keys(data["options"], paths, path, FIX, "dataset.options")
    source = Source(data["name"], data["options"], data["item_relations"], data["user_relations"]).seen_from(folder)
    config = read_config(noted["config"], path)
    check_own_sum(noted, path)
    check_sums(folder / CHECKPOINTS, noted["sha256"], saved.TEXT)
    return Started(source, config, noted["epochs"], noted["fingerprint"], noted["refit"])


def started_data(folder: str | os.PathLike, started: Started, progress: bool | None = None) -> RecDataset:
    """The data of a run that was started: those that lie beside its checkpoints, or loaded again.

    Raises:
        RamgnnError: they are not those that the run was started with.
    """
    checkpoints = Path(folder) / CHECKPOINTS
    is_kept = (checkpoints / saved.TEXT).exists()
    dataset = saved.read(checkpoints) if is_kept else started.source.load(progress)
    if fingerprint(dataset) != started.fingerprint:
        raise RamgnnError(
            f"the data are not those that the run in {folder} was started with; train from the start, without --resume"
        )
    return dataset


def clear_run(folder: Path) -> None:
    """Remove a run from a folder: its checkpoints, its files and the model that serves; other files stay.

    Raises:
        RamgnnError: something cannot be removed, or there are files of somebody else's where the checkpoints were.
    """
    check_ours(folder, CHECKPOINTS, SERVED)
    clear_checkpoints(folder)
    for name in (RUN, *FILES, SERVED):
        remove(folder / name)


def clear_checkpoints(folder: str | os.PathLike) -> None:
    """Remove the checkpoints of a run that has finished, and what killed processes left half-written beside it.

    Whoever stops it while it does so waits until it is done: half of the checkpoints are of no use to anybody.
    """
    try:
        _clear(Path(folder))
    except KeyboardInterrupt:
        _clear(Path(folder))
        raise


def _clear(folder: Path) -> None:
    checkpoints = folder / CHECKPOINTS
    if not checkpoints.is_symlink():
        remove(checkpoints / RUN)  # first what says that the run is unfinished, should this be killed half-way
    remove(checkpoints)
    for name in (RUN, *FILES, BEFORE):
        remove_parts(folder / name)
