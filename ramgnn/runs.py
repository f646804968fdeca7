"""A run folder: what was trained, on what, how, how well; weights as safetensors, the rest as JSON, never pickle::

    run.json               what it is: model, settings, data, versions; written last, so a folder with it is complete
    weights.safetensors    all parameters, or the arrays of a closed form
    history.json           losses, thresholds and so on, epoch by epoch
    metrics.json           the rank of every held-out item, where it was evaluated
    dataset.*              the data it was trained on: ids, labels, interactions, attributes

So a run answers on another machine, without the files that the data came from.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from ramgnn.baselines import registry
from ramgnn.baselines.encoders import EncoderSettings
from ramgnn.baselines.encoders.pretraining import encoder_class
from ramgnn.baselines.fitted import FittedBaseline, restore_scorer, scorer_state
from ramgnn.config import Config
from ramgnn.datasets import saved
from ramgnn.datasets.base import RecDataset
from ramgnn.datasets.source import Source
from ramgnn.encoder import RAMGNN
from ramgnn.errors import DataError, RamgnnError
from ramgnn.evaluation import Evaluation
from ramgnn.files import make_folder, part_of, read_json, write_json, write_text
from ramgnn.finetuned import Finetuned, FinetuneEpoch
from ramgnn.fitted import FittedModel
from ramgnn.pretrained import Epoch, Pretrained
from ramgnn.provenance import provenance
from ramgnn.recommender import FinalEmbeddings
from ramgnn.training import SIDES, Fitted, graph_of, seed_of

WEIGHTS, RUN, HISTORY, RANKS = "weights.safetensors", "run.json", "history.json", "metrics.json"
CHECKPOINTS = "checkpoint"
FORMAT = 2


# ---- saving ----------------------------------------------------------------------------------------------------------


def save(
    folder: str | os.PathLike,
    fitted: FittedModel,
    source: Source | None = None,
    evaluation: Evaluation | None = None,
) -> Path:
    """Write a run folder.

    Args:
        folder: made when it is not there; a run already in it is replaced, file by file.
        fitted: RAM-GNN, with whatever encoder, or a baseline.
        source: how to load the same data again; by the data set's name alone when not given.
        evaluation: the ranks of the test users.

    Raises:
        RamgnnError: the folder cannot be written to, or the model has a state that cannot be saved.
    """
    tensors, about, history = _contents(fitted)
    folder = make_folder(Path(folder))
    (folder / RUN).unlink(missing_ok=True)
    part = part_of(folder / WEIGHTS)
    save_file({name: x.detach().cpu().contiguous().clone() for name, x in tensors.items()}, part)
    os.replace(part, folder / WEIGHTS)
    write_json(folder / HISTORY, history)
    saved.write(folder, fitted.dataset)
    (folder / RANKS).unlink(missing_ok=True)  # those of a model that was here before
    if evaluation is not None:
        save_evaluation(folder, evaluation)
    about = {"format": FORMAT, "dataset": (source or Source(fitted.dataset.name)).to_dict()} | about
    write_json(folder / RUN, about | {"fingerprint": fingerprint(fitted.dataset), "provenance": provenance()})
    return folder


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
                settings = pretrained.encoder_settings
                encoders[side] = {"name": pretrained.encoder, "settings": settings and asdict(settings)}
        if fitted.final is not None:
            tensors |= {"final.users": fitted.final.users, "final.items": fitted.final.items}
        about = {"model": "ram-gnn", "encoders": encoders, "config": fitted.config.to_dict()}
        about |= {"interrupted": fitted.interrupted, "seconds": fitted.seconds}
        return tensors, about, fitted.history()
    if isinstance(fitted, FittedBaseline):
        tensors, values = scorer_state(fitted.scorer)
        about = {"model": fitted.name, "settings": fitted.settings, "values": values, "seed": fitted.seed}
        about |= {"epochs": fitted.epochs, "interrupted": fitted.interrupted, "seconds": fitted.seconds}
        return tensors, about, {"losses": list(fitted.losses)}
    raise RamgnnError(
        f"a {type(fitted).__name__} cannot be saved; what ramgnn.fit gives back can, and a scorer of your own once it "
        "is registered with ramgnn.baselines.register"
    )


def save_evaluation(folder: str | os.PathLike, evaluation: Evaluation) -> None:
    """Write the ranks of an evaluation into a run folder."""
    write_text(Path(folder) / RANKS, evaluation.to_json() + "\n")


# ---- loading ---------------------------------------------------------------------------------------------------------


def describe(folder: str | os.PathLike) -> dict[str, Any]:
    """What ``run.json`` says.

    Raises:
        DataError: the folder is no complete run.
    """
    folder = Path(folder)
    about = _read(folder / RUN)
    if about.get("format") != FORMAT:
        raise DataError(
            f"this run has format {about.get('format')!r}", file=folder / RUN, expected=str(FORMAT), fix="train again"
        )
    return about


def load(folder: str | os.PathLike, dataset: RecDataset | None = None, device: str = "cpu") -> FittedModel:
    """Read a run folder back.

    Args:
        dataset: the data, when it is at hand; otherwise the copy in the folder is read.

    Raises:
        DataError: a file is missing or broken, or the data are not those that the run was trained on.
        NotFoundError: the run is of a baseline or an encoder of somebody's own whose module has not been imported.
    """
    folder = Path(folder)
    about = describe(folder)
    dataset = saved.read(folder) if dataset is None else dataset
    if (digits := fingerprint(dataset)) != about["fingerprint"]:
        raise DataError(
            f"the data set {dataset.name!r} is not the one this run was trained on",
            file=folder / RUN,
            expected=f"fingerprint {about['fingerprint']}, found {digits}",
            fix="give the same files and options as in training, or train again",
        )
    try:
        tensors = load_file(folder / WEIGHTS, device=device)
    except (OSError, SafetensorError) as error:
        raise DataError(f"cannot read the weights: {error}", file=folder / WEIGHTS, fix="train again") from None
    history = _read(folder / HISTORY)
    if about["model"] == "ram-gnn":
        return _ram_gnn(dataset, about, tensors, history, device)
    baseline = registry.get(about["model"])
    scorer = restore_scorer(baseline, dataset, about["settings"], tensors, about["values"], device)
    return FittedBaseline(
        dataset, about["model"], scorer, about["settings"], about["seed"], about["epochs"], tuple(history["losses"]),
        about["seconds"], about["interrupted"],
    )  # fmt: skip


def _ram_gnn(
    dataset: RecDataset, about: dict[str, Any], tensors: dict[str, Tensor], history: dict[str, Any], device: str
) -> Fitted:
    """RAM-GNN as it was, from its weights and history."""
    config = Config.from_dict(about["config"] | {"device": device})
    fitted = Fitted(dataset, config, seconds=about["seconds"], interrupted=about["interrupted"])
    for side, encoder in about["encoders"].items():
        state = {k.removeprefix(f"{side}."): x for k, x in tensors.items() if k.startswith(f"{side}.")}
        setattr(fitted, side, _pretrained(dataset, side, config, encoder, state, history[side], device))
    if "final.users" in tensors:
        final = FinalEmbeddings(tensors["final.users"], tensors["final.items"])
        for stage, attribute in (("validation", "validation"), ("finetune", "finetuned")):
            if stage in history:
                stored = history[stage]
                epochs = [FinetuneEpoch(**epoch) for epoch in stored["epochs"]]
                done = Finetuned(None, final, stored["best_epoch"], epochs, stored["interrupted"])
                setattr(fitted, attribute, done)
    return fitted


def _pretrained(
    dataset: RecDataset,
    side: str,
    config: Config,
    encoder: dict[str, Any],
    state: dict[str, Tensor],
    history: dict[str, Any],
    device: str,
) -> Pretrained:
    """Pre-training on one side as it was."""
    full_graph = graph = graph_of(dataset, side).to(device)
    settings, kind = None, RAMGNN if encoder["name"] == "ram-gnn" else encoder_class(encoder["name"])
    if encoder["settings"] is not None:
        settings = EncoderSettings(**encoder["settings"])
        graph = kind.graph_for(full_graph, settings, side) if hasattr(kind, "graph_for") else full_graph
    pretraining = config.pretrain if settings is None else settings.pretraining()
    try:
        with torch.random.fork_rng(devices=[]):  # start values are drawn, and replaced at once
            model = kind(graph, pretraining if settings is None else settings).to(device)
        model.load_state_dict(state)
    except (RuntimeError, TypeError, AttributeError) as error:  # somebody's own encoder, changed since
        raise DataError(
            f"the stored weights are not those of the encoder {encoder['name']!r}: {str(error).splitlines()[0]}",
            fix="load them with the code that they were saved with, or train again",
        ) from None
    epochs = [Epoch(**e) for e in history["epochs"]]
    return Pretrained(
        model, graph, pretraining, history["k"], epochs, history["stopped"], history["interrupted"],
        tuple(history["types"]), encoder=encoder["name"], encoder_settings=settings, seed=seed_of(config, side),
        full_graph=full_graph if settings is not None else None,
    )  # fmt: skip


# ---- a run that has begun --------------------------------------------------------------------------------------------


def begin(
    folder: str | os.PathLike, dataset: RecDataset, config: Config, source: Source, epochs: int | None = None
) -> Path:
    """Note in a run folder what is being trained, before training; returns the folder for checkpoints.

    Checkpoints that are there from an earlier run are removed.
    """
    checkpoints = Path(folder) / CHECKPOINTS
    clear(folder)
    about = {"format": FORMAT, "dataset": source.to_dict(), "fingerprint": fingerprint(dataset)}
    write_json(make_folder(checkpoints) / RUN, about | {"config": config.to_dict(), "epochs": epochs})
    return checkpoints


def unfinished(folder: str | os.PathLike) -> bool:
    """Whether a run was begun in the folder and not ended."""
    return (Path(folder) / CHECKPOINTS / RUN).exists()


def begun(folder: str | os.PathLike) -> tuple[Source, Config, int | None, str]:
    """What `begin` noted: data, settings, number of epochs and the fingerprint of the data.

    Raises:
        RamgnnError: nothing was begun there, or it has ended.
    """
    folder = Path(folder)
    if not unfinished(folder):
        state = "holds a run that has ended" if (folder / RUN).exists() else "holds no run"
        raise RamgnnError(f"{folder} {state}, so there is nothing to resume; train without --resume")
    about = _read(folder / CHECKPOINTS / RUN)
    return Source(**about["dataset"]), Config.from_dict(about["config"]), about["epochs"], about["fingerprint"]


def clear(folder: str | os.PathLike) -> None:
    """Remove the checkpoints of a run that has ended."""
    shutil.rmtree(Path(folder) / CHECKPOINTS, ignore_errors=True)


def fingerprint(dataset: RecDataset) -> str:
    """Sixteen hex digits that change with users and items, with the training and test pairs and with the attributes."""
    digest = hashlib.sha256(json.dumps([dataset.user_ids, dataset.item_ids]).encode())
    for frame in (dataset.train, dataset.test):
        digest.update(np.ascontiguousarray(frame[["user", "item"]].to_numpy(np.int64)).tobytes())
    for side in SIDES:
        for r in dataset.relations(side):
            digest.update(json.dumps([r.name, *r.labels]).encode())
            digest.update(np.asarray(r.nodes, np.int64).tobytes() + np.asarray(r.values, np.int64).tobytes())
    return digest.hexdigest()[:16]


def _read(path: Path) -> Any:
    """JSON of a run folder, or a clear error."""
    return read_json(path, "a folder that `ramgnn train --out FOLDER` wrote to its end; check its name", "train again")
