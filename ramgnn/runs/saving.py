"""Writing a run folder."""

from __future__ import annotations

import os
import secrets
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.torch import save_file
from torch import Tensor

from ramgnn.baselines.fitted import FittedBaseline, scorer_state
from ramgnn.checkpoint import named
from ramgnn.datasets import saved
from ramgnn.datasets.base import RecDataset
from ramgnn.datasets.fingerprint import fingerprint
from ramgnn.datasets.source import Source
from ramgnn.errors import RamgnnError
from ramgnn.evaluation import Evaluation
from ramgnn.files import make_folder, remove_parts, replacing, sha256, write_json, write_text
from ramgnn.fitted import FittedModel
from ramgnn.provenance import provenance
from ramgnn.runs.checking import with_sum
from ramgnn.runs.folder import CHECKED, FILES, FORMAT, HISTORY, RANDOM_SCORES, RANKS, RUN, SERVED, WEIGHTS, check_ours
from ramgnn.trained import Fitted
from ramgnn.training import SIDES


def save(
    folder: str | os.PathLike,
    fitted: FittedModel,
    source: Source | None = None,
    evaluation: Evaluation | None = None,
) -> Path:
    """Write a run folder.

    All of it is written beside its place, in a hidden folder, and then moved there: whoever reads a run that is being
    replaced meets half of it for no longer than it takes to move a few files.

    Args:
        folder: made when it is not there; a run already in it is replaced.
        fitted: RAM-GNN, with whatever encoder, or a baseline; with the model that serves in its place, if there is one.
        source: how to load the same data again; by the data set's name alone when not given.
        evaluation: the ranks of the test users.

    Raises:
        RamgnnError: the folder cannot be written to, the model has a state that cannot be saved, or the evaluation is
            of other data.
    """
    if evaluation is not None:
        check_evaluated(evaluation, fitted.dataset)
    folder = make_folder(Path(folder))
    check_ours(folder, SERVED)
    remove_parts(folder / RUN)  # of a process that was killed
    part = folder / f".{RUN}.{secrets.token_hex(4)}.part"
    try:
        _write(make_folder(part), folder, fitted, source or Source(fitted.dataset.name), evaluation)
        _move(part, folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return folder


def _write(
    place: Path, folder: Path, fitted: FittedModel, source: Source | None, evaluation: Evaluation | None
) -> None:
    """Write all files of a run.

    Args:
        place: where to; folder: where they will lie.
    """
    tensors, metadata, history = _contents(fitted)
    if fitted.served is not None:
        served = fitted.served
        _write(make_folder(place / SERVED), folder / SERVED, served, Source(served.dataset.name), None)
    with replacing(place / WEIGHTS) as part:
        save_file({name: x.detach().cpu().contiguous().clone() for name, x in tensors.items()}, part)
    write_json(place / HISTORY, history)
    saved.write(place, fitted.dataset)
    if evaluation is not None:
        save_evaluation(place, evaluation)
    metadata = {"format": FORMAT, "dataset": source.relative_to(folder).to_dict()} | metadata
    names = [*CHECKED, *([f"{SERVED}/{RUN}"] if fitted.served is not None else [])]
    metadata |= {"fingerprint": fingerprint(fitted.dataset), "sha256": {name: sha256(place / name) for name in names}}
    write_json(place / RUN, with_sum(metadata | {"provenance": provenance()}))


def _move(part: Path, folder: Path) -> None:
    """Move a run that is all there to its place; what says that it is there goes first and comes last.

    Raises:
        RamgnnError: something is in the way, or cannot be moved.
    """
    for name in (RUN, *FILES):
        if (folder / name).is_dir() and not (folder / name).is_symlink():
            raise RamgnnError(f"cannot write {folder / name}: it is a folder; choose another folder")
    try:
        (folder / RUN).unlink(missing_ok=True)
        if os.path.lexists(folder / SERVED):
            os.replace(folder / SERVED, part / "before")  # removing it file by file would take longer
        for name in (*FILES, SERVED):
            if os.path.lexists(part / name):
                os.replace(part / name, folder / name)
            else:
                (folder / name).unlink(missing_ok=True)  # the ranks of a model that was here before
        os.replace(part / RUN, folder / RUN)
    except OSError as error:
        raise RamgnnError(f"cannot write to {folder}: {error.strerror}; choose another folder") from None


def _contents(fitted: FittedModel) -> tuple[dict[str, Tensor], dict[str, Any], dict[str, Any]]:
    """Weights, what ``run.json`` says, and the history of a model.

    Raises:
        RamgnnError: there is no way to save such a model.
    """
    if isinstance(fitted, Fitted):
        tensors: dict[str, Tensor] = {}
        encoders = {}
        for side in SIDES:
            if (pretrained := fitted.pretrained(side)) is not None:
                tensors |= {f"{side}.{name}": x for name, x in pretrained.model.state_dict().items()}
                if pretrained.random_scores is not None:
                    tensors[f"{side}.{RANDOM_SCORES}"] = pretrained.random_scores
                settings = pretrained.encoder_settings
                encoders[side] = {"name": pretrained.encoder, "settings": settings and asdict(settings)}
        if fitted.final is not None:
            tensors |= named("final", fitted.final.tensors())
        metadata = {"model": "ram-gnn", "encoders": encoders, "config": fitted.config.to_dict()}
        metadata |= {"interrupted": fitted.interrupted, "seconds": fitted.seconds}
        return tensors, metadata, fitted.history()
    if isinstance(fitted, FittedBaseline):
        tensors, values = scorer_state(fitted.scorer)
        metadata = {"model": fitted.name, "settings": fitted.settings, "values": values, "seed": fitted.seed}
        metadata |= {"epochs": fitted.epochs, "interrupted": fitted.interrupted, "seconds": fitted.seconds}
        return tensors, metadata, {"losses": list(fitted.losses)}
    raise RamgnnError(
        f"a {type(fitted).__name__} cannot be saved; what ramgnn.fit gives back can, and a scorer of your own once it "
        "is registered with ramgnn.baselines.register"
    )


def check_evaluated(evaluation: Evaluation, dataset: RecDataset) -> None:
    """Refuse ranks that are not those of the held-out items of a data set.

    Raises:
        RamgnnError: they are of others.
    """
    test = dataset.test.sort_values("user")
    order = np.argsort(evaluation.users)
    same = np.array_equal(evaluation.users[order], test["user"])
    if not same or (evaluation.items is not None and not np.array_equal(evaluation.items[order], test["item"])):
        raise RamgnnError(
            f"the evaluation has ranks of {len(evaluation.users)} held-out items, which are not the {len(test)} of "
            f"{dataset.name!r}, the data of the model; pass ramgnn.evaluate(model)"
        )


def save_evaluation(folder: str | os.PathLike, evaluation: Evaluation) -> None:
    """Write the ranks of an evaluation into a run folder."""
    write_text(Path(folder) / RANKS, evaluation.to_json() + "\n")
