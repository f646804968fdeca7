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
from ramgnn.checkpoint import check_like
from ramgnn.config import Config
from ramgnn.datasets import saved
from ramgnn.datasets.base import RecDataset
from ramgnn.datasets.fingerprint import fingerprint
from ramgnn.encoder import RAMGNN
from ramgnn.errors import DataError
from ramgnn.files import check_keys
from ramgnn.finetuned import Finetuned, FinetuneEpoch
from ramgnn.fitted import FittedModel
from ramgnn.pretrained import Epoch, Pretrained
from ramgnn.recommender import FinalEmbeddings
from ramgnn.runs.checking import (
    COPY,
    EPOCH,
    SUM,
    check_final,
    check_finite,
    check_history,
    check_own_sum,
    check_sizes,
    check_sums,
)
from ramgnn.runs.folder import (
    FIX,
    FORMAT,
    HISTORY,
    RANDOM_SCORES,
    RUN,
    SERVED,
    WEIGHTS,
    known_settings,
    read,
    read_config,
)
from ramgnn.runs.sizes import check_weights
from ramgnn.trained import Fitted
from ramgnn.training import SIDES, graph_of, seed_of

# what is read of ``run.json``, each key with the kinds of its value
RAM_GNN = {"encoders": dict, "config": dict, "seconds": dict, "interrupted": (str, type(None))}
BASELINE = {"settings": dict, "values": dict, "seed": int, "epochs": int, "seconds": float, "interrupted": bool}


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


def load(folder: str | os.PathLike, dataset: RecDataset | None = None, device: str = "cpu") -> FittedModel:
    """Read a run folder back, with the model that serves in place of the evaluated one, if there is one."""
    fitted = load_one(folder, dataset, device)
    if (served := _served(Path(folder), describe(folder))) is not None:
        fitted.served = load_one(served, device=device)
        for side in ("user", "item"):
            if getattr(fitted.served.dataset, f"{side}_ids") != getattr(fitted.dataset, f"{side}_ids"):
                raise DataError(f"the model that recommends has other {side}s than the run", file=served, fix=COPY)
    return fitted


def load_serving(folder: str | os.PathLike, device: str = "cpu") -> FittedModel:
    """The model of a run that recommends: the one that was trained once more on everything, where there is one."""
    metadata = describe(folder)
    check_own_sum(metadata, Path(folder) / RUN)
    return load_one(_served(Path(folder), metadata) or folder, device=device)


def _served(folder: Path, metadata: dict[str, Any]) -> Path | None:
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
    check_sums(folder, metadata["sha256"], saved.TEXT)  # before anything in it is read
    dataset = saved.read(folder) if dataset is None else dataset
    if (found := fingerprint(dataset)) != metadata["fingerprint"]:
        raise DataError(
            f"the data set {dataset.name!r} is not the one this run was trained on",
            file=folder / RUN,
            expected=f"fingerprint {metadata['fingerprint']}, found {found}",
            fix="give the same files and options as in training, or train again",
        )
    check_weights(folder / WEIGHTS, metadata, dataset)
    check_sums(folder, metadata["sha256"], WEIGHTS)
    try:
        tensors = load_file(folder / WEIGHTS, device=device)
    except (OSError, SafetensorError) as error:
        raise DataError(f"cannot read the weights: {error}", file=folder / WEIGHTS, fix=FIX) from None
    check_finite(tensors, folder / WEIGHTS)
    history = _read_history(folder, metadata, dataset)
    if metadata["model"] == "ram-gnn":
        fitted = _ram_gnn(folder, dataset, metadata, tensors, history, device)
        check_own_sum(metadata, folder / RUN)
        return fitted
    baseline = registry.get(metadata["model"])
    check_sizes(baseline.check(metadata["settings"]), tensors, folder / RUN)
    check_own_sum(metadata, folder / RUN)
    scorer = restore_scorer(baseline, dataset, metadata["settings"], tensors, metadata["values"], device)
    losses = () if history is None else tuple(history["losses"])
    return FittedBaseline(
        dataset, metadata["model"], scorer, metadata["settings"], metadata["seed"], metadata["epochs"], losses,
        metadata["seconds"], metadata["interrupted"],
    )  # fmt: skip


def _read_history(folder: Path, metadata: dict[str, Any], dataset: RecDataset) -> dict[str, Any] | None:
    """What ``history.json`` says, checked as far as it is read; None, with a warning, when it is missing."""
    path = folder / HISTORY
    if not path.exists():
        lost = "losses" if metadata["model"] != "ram-gnn" else "losses, thresholds and, with them, reasons"
        warnings.warn(f"{path} is missing: the run recommends, but its {lost} are lost", stacklevel=3)
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
        check_final(final, dataset, folder / WEIGHTS)
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
    check_sizes(vars(pretraining), state, path)
    random_scores = state.pop(RANDOM_SCORES, None)
    if random_scores is not None and random_scores.shape != (graph.n_nodes,):
        raise DataError(
            f"{side}.{RANDOM_SCORES} has the shape {tuple(random_scores.shape)}",
            file=path.with_name(WEIGHTS), expected=f"({graph.n_nodes},)", fix=FIX,
        )  # fmt: skip
    try:
        with torch.random.fork_rng(devices=[]):  # start values are drawn, and replaced at once
            model = kind(graph, pretraining if settings is None else settings).to(device)
        check_like(model.state_dict(), state)
        model.load_state_dict(state)
    except (RuntimeError, TypeError, ValueError, AttributeError) as error:  # somebody's own encoder, changed since
        raise DataError(
            f"the stored weights are not those of the encoder {encoder['name']!r}: {str(error).splitlines()[0]}",
            fix="load them with the code that they were saved with, or train again",
        ) from None
    if (settings is None or history["k"]) and tuple(history["types"]) != graph.types:
        expected = f"the relation types {list(graph.types)}, found {history['types']}"
        raise DataError(
            f"the history of {side}s is of other data", file=path.with_name(HISTORY), expected=expected, fix=FIX
        )
    epochs = [Epoch(**{name: e[name] for name in EPOCH}) for e in history["epochs"]]
    return Pretrained(
        model, graph, pretraining, history["k"], epochs, history["stopped"], history["interrupted"],
        tuple(history["types"]), encoder=encoder["name"], encoder_settings=settings, seed=seed_of(config, side),
        full_graph=full_graph if settings is not None else None, random_scores=random_scores,
    )  # fmt: skip
