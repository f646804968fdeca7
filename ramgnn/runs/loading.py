"""Reading a run folder back."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from ramgnn.baselines import registry
from ramgnn.baselines.encoders import EncoderSettings
from ramgnn.baselines.encoders.pretraining import encoder_class
from ramgnn.baselines.fitted import FittedBaseline, restore_scorer
from ramgnn.config import Config
from ramgnn.datasets import saved
from ramgnn.datasets.base import RecDataset
from ramgnn.datasets.fingerprint import fingerprint
from ramgnn.encoder import RAMGNN
from ramgnn.errors import DataError
from ramgnn.files import check_keys, sha256
from ramgnn.finetuned import Finetuned, FinetuneEpoch
from ramgnn.fitted import FittedModel
from ramgnn.pretrained import Epoch, Pretrained
from ramgnn.recommender import FinalEmbeddings
from ramgnn.runs.folder import (
    FIX,
    FORMAT,
    HISTORY,
    RUN,
    SERVED,
    WEIGHTS,
    known_settings,
    read,
    read_config,
)
from ramgnn.trained import Fitted
from ramgnn.training import SIDES, graph_of, seed_of

# what is read of ``run.json`` and ``history.json``, each key with the kinds of its value
RAM_GNN = {"encoders": dict, "config": dict, "seconds": dict, "interrupted": (str, type(None))}
BASELINE = {"settings": dict, "values": dict, "seed": int, "epochs": int, "seconds": float, "interrupted": bool}
PRETRAINED = {"types": list, "k": list, "stopped": list, "interrupted": bool, "epochs": list}
FINETUNED = {"best_epoch": int, "interrupted": bool, "epochs": list}
EPOCH = {
    "epoch": int, "loss": float, "gnn_loss": float, "sim_loss": float, "k": list, "distance": list, "reward": list,
    "attention_by_type": list, "edges": list, "seconds": float,
}  # fmt: skip


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
    return metadata


def load(folder: str | os.PathLike, dataset: RecDataset | None = None, device: str = "cpu") -> FittedModel:
    """Read a run folder back, with the model that serves in place of the evaluated one, if there is one."""
    fitted = load_one(folder, dataset, device)
    if (served := Path(folder) / SERVED).is_dir():
        fitted.served = load_one(served, device=device)
    return fitted


def load_serving(folder: str | os.PathLike, device: str = "cpu") -> FittedModel:
    """The model of a run that recommends: the one that was trained once more on everything, where there is one."""
    describe(folder)
    served = Path(folder) / SERVED
    return load_one(served if served.is_dir() else folder, device=device)


def load_one(folder: str | os.PathLike, dataset: RecDataset | None = None, device: str = "cpu") -> FittedModel:
    """Read a run folder back, without the model that serves in its place.

    Without ``history.json`` the model recommends all the same, and a warning says what it cannot tell.

    Args:
        dataset: the data, when it is at hand; otherwise the copy in the folder is read.

    Raises:
        DataError: a file is missing or broken, or the data are not those that the run was trained on.
        NotFoundError: the run is of a baseline or an encoder of somebody's own whose module has not been imported.
    """
    folder = Path(folder)
    metadata = describe(folder)
    _check_sums(folder, metadata["sha256"], saved.TEXT, *([WEIGHTS] if (folder / WEIGHTS).exists() else []))
    dataset = saved.read(folder) if dataset is None else dataset
    if (found := fingerprint(dataset)) != metadata["fingerprint"]:
        raise DataError(
            f"the data set {dataset.name!r} is not the one this run was trained on",
            file=folder / RUN,
            expected=f"fingerprint {metadata['fingerprint']}, found {found}",
            fix="give the same files and options as in training, or train again",
        )
    try:
        tensors = load_file(folder / WEIGHTS, device=device)
    except (OSError, SafetensorError) as error:
        raise DataError(f"cannot read the weights: {error}", file=folder / WEIGHTS, fix=FIX) from None
    _check_finite(tensors, folder / WEIGHTS)
    history = _read_history(folder, metadata)
    if metadata["model"] == "ram-gnn":
        return _ram_gnn(folder, dataset, metadata, tensors, history, device)
    baseline = registry.get(metadata["model"])
    scorer = restore_scorer(baseline, dataset, metadata["settings"], tensors, metadata["values"], device)
    losses = () if history is None else tuple(history["losses"])
    return FittedBaseline(
        dataset, metadata["model"], scorer, metadata["settings"], metadata["seed"], metadata["epochs"], losses,
        metadata["seconds"], metadata["interrupted"],
    )  # fmt: skip


def _check_sums(folder: Path, sums: dict[str, Any], *names: str) -> None:
    """Do nothing when files are as they were written.

    Raises:
        DataError: one is not; a bit is flipped, say, or it belongs to another run.
    """
    for name in names:
        if (folder / name).exists() and (found := sha256(folder / name)) != sums.get(name):
            raise DataError(
                "the file was changed, cut short, or belongs to another run",
                file=folder / name,
                expected=f"the SHA-256 {sums.get(name)}, as {RUN} says, found {found}",
                fix="copy the folder again from where it was written, or train again",
            )


def _check_finite(tensors: dict[str, Tensor], path: Path) -> None:
    """Refuse weights that are no numbers, before something is recommended by them.

    Raises:
        DataError: one is infinite or not a number.
    """
    for name, x in tensors.items():
        if x.is_floating_point() and not x.isfinite().all():
            raise DataError(f"{name!r} holds values that are no finite numbers", file=path, fix=FIX)


def _check_final(final: FinalEmbeddings, dataset: RecDataset, path: Path) -> None:
    """Refuse final embeddings that are not one row for each user and item of the data.

    Raises:
        DataError: they are not.
    """
    d = final.users.shape[-1] if final.users.dim() else 0
    for side, x in (("user", final.users), ("item", final.items)):
        expected = (dataset.n_nodes(side), d)
        if tuple(x.shape) != expected or x.dtype != torch.float32:
            found = f"{tuple(x.shape)} {x.dtype}"
            raise DataError(f"'final.{side}s' is {found}", file=path, expected=f"{expected} torch.float32", fix=FIX)


def _read_history(folder: Path, metadata: dict[str, Any]) -> dict[str, Any] | None:
    """What ``history.json`` says, checked as far as it is read; None, with a warning, when it is missing."""
    path = folder / HISTORY
    if not path.exists():
        lost = "losses" if metadata["model"] != "ram-gnn" else "losses, thresholds and, with them, reasons"
        warnings.warn(f"{path} is missing: the run recommends, but its {lost} are lost", stacklevel=3)
        return None
    _check_sums(folder, metadata["sha256"], HISTORY)
    history = read(path)
    if metadata["model"] != "ram-gnn":
        check_keys(history, {"losses": list}, path, FIX)
        return history
    encoders = metadata["encoders"]
    check_keys(history, dict.fromkeys(encoders, dict), path, FIX)
    for side in encoders:
        check_keys(history[side], PRETRAINED, path, FIX, side)
        for number, epoch in enumerate(history[side]["epochs"]):
            check_keys(epoch, EPOCH, path, FIX, f"{side}.epochs.{number}")
    for stage in ("validation", "finetune"):
        if stage in history:
            check_keys(history[stage], FINETUNED, path, FIX, stage)
    return history


def _ram_gnn(
    folder: Path,
    dataset: RecDataset,
    metadata: dict[str, Any],
    tensors: dict[str, Tensor],
    history: dict[str, Any] | None,
    device: str,
) -> Fitted:
    """RAM-GNN as it was, from its weights and history."""
    path = folder / RUN
    config = read_config(metadata["config"] | {"device": device}, path)
    fitted = Fitted(dataset, config, seconds=metadata["seconds"], interrupted=metadata["interrupted"])
    for side, encoder in metadata["encoders"].items():
        if side not in SIDES:
            raise DataError(f"'encoders' has the side {side!r}", file=path, expected=" or ".join(SIDES), fix=FIX)
        check_keys(encoder, {"name": str, "settings": (dict, type(None))}, path, FIX, f"encoders.{side}")
        if history is None and encoder["settings"] is None:
            continue  # RAM-GNN's, and without the thresholds nobody knows which neighbours it sampled
        state = {k.removeprefix(f"{side}."): x for k, x in tensors.items() if k.startswith(f"{side}.")}
        noted = _no_history(dataset, side) if history is None else history[side]
        setattr(fitted, side, _pretrained(path, dataset, side, config, encoder, state, noted, device))
    if "final.users" in tensors:
        if "final.items" not in tensors:
            raise DataError("'final.items' is missing", file=folder / WEIGHTS, fix=FIX)
        final = FinalEmbeddings(tensors["final.users"], tensors["final.items"])
        _check_final(final, dataset, folder / WEIGHTS)
        if history is None:  # a run that was stopped in validation has the embeddings of that stage
            last = "validation" if metadata["interrupted"] == "validation" else "finetune"
            history = {last: {"best_epoch": 0, "epochs": [], "interrupted": metadata["interrupted"] is not None}}
        for stage, attribute in (("validation", "validation"), ("finetune", "finetuned")):
            if stage in history:
                stored = history[stage]
                epochs = [FinetuneEpoch(**epoch) for epoch in stored["epochs"]]
                done = Finetuned(None, final, stored["best_epoch"], epochs, stored["interrupted"])
                setattr(fitted, attribute, done)
    return fitted


def _no_history(dataset: RecDataset, side: str) -> dict[str, Any]:
    """What stands for the history of an encoder that samples no neighbours."""
    types = [r.name for r in dataset.relations(side)]
    return {"types": types, "k": [], "stopped": [], "interrupted": False, "epochs": []}


def _pretrained(
    path: Path,
    dataset: RecDataset,
    side: str,
    config: Config,
    encoder: dict[str, Any],
    state: dict[str, Tensor],
    history: dict[str, Any],
    device: str,
) -> Pretrained:
    """Pre-training on one side as it was."""
    if (full_graph := graph_of(dataset, side)) is None:
        raise DataError(f"there is an encoder of the {side} graph, but no {side} has attributes", file=path, fix=FIX)
    full_graph = graph = full_graph.to(device)
    settings, kind = None, RAMGNN if encoder["name"] == "ram-gnn" else encoder_class(encoder["name"])
    if encoder["settings"] is not None:
        with known_settings(f"encoders.{side}.settings", path):
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
    epochs = [Epoch(**{name: e[name] for name in EPOCH}) for e in history["epochs"]]
    return Pretrained(
        model, graph, pretraining, history["k"], epochs, history["stopped"], history["interrupted"],
        tuple(history["types"]), encoder=encoder["name"], encoder_settings=settings, seed=seed_of(config, side),
        full_graph=full_graph if settings is not None else None,
    )  # fmt: skip
