"""Reading a run folder back."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from ramgnn.checkpoint import check_like, under
from ramgnn.config import Config
from ramgnn.datasets.base import RecDataset
from ramgnn.encoder import RAMGNN
from ramgnn.errors import DataError, RamgnnError
from ramgnn.files import check_keys
from ramgnn.finetuned import Final, Finetuned, FinetuneEpoch
from ramgnn.fitted import FittedModel
from ramgnn.pretrained import Epoch, Pretrained
from ramgnn.recommender import FinalEmbeddings
from ramgnn.runs.checking import COPY, EPOCH, check_final, check_finite, check_own_sum, check_sizes
from ramgnn.runs.folder import FIX, HISTORY, RANDOM_SCORES, RUN, WEIGHTS, known_settings, read_config
from ramgnn.runs.reading import describe, read_data, read_history, served_folder, settled
from ramgnn.trained import SIDES, Fitted, graph_of, seed_of

# what building a model and filling it may end in where the code is not that which the weights are of
DIFFERENT = (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)


def load(folder: str | os.PathLike, dataset: RecDataset | None = None, device: str = "cpu") -> FittedModel:
    """Read a run folder back, with the model that serves in place of the evaluated one, if there is one.

    Args:
        dataset: the data, when it is at hand. What users have had and what items are called are then as it says, also
            of the model that serves: neither is learned from, and so neither need be as it was in training.
    """
    return settled(Path(folder), lambda: _load(folder, dataset, device))


def _load(folder: str | os.PathLike, dataset: RecDataset | None, device: str) -> FittedModel:
    """`load`, where the run may be replaced meanwhile."""
    fitted = load_one(folder, dataset, device)
    if (served := served_folder(Path(folder), describe(folder))) is not None:
        fitted.served = load_one(served, device=device)
        for side in ("user", "item"):
            if getattr(fitted.served.dataset, f"{side}_ids") != getattr(fitted.dataset, f"{side}_ids"):
                raise DataError(f"the model that recommends has other {side}s than the run", file=served, fix=COPY)
        if dataset is not None:
            now = {name: getattr(dataset, name) for name in ("seen", "item_labels", "user_labels")}
            fitted.served.dataset = replace(fitted.served.dataset, **now)
    return fitted


def load_serving(folder: str | os.PathLike, device: str = "cpu") -> FittedModel:
    """The model of a run that recommends: the one that was trained once more on everything, where there is one."""
    return settled(Path(folder), lambda: _load_serving(folder, device))


def _load_serving(folder: str | os.PathLike, device: str) -> FittedModel:
    """`load_serving`, where the run may be replaced meanwhile."""
    metadata = describe(folder)
    check_own_sum(metadata, Path(folder) / RUN)
    return load_one(served_folder(Path(folder), metadata) or folder, device=device)


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
    dataset = read_data(folder, metadata, dataset)
    try:
        tensors = load_file(folder / WEIGHTS, device=device)
    except (OSError, SafetensorError) as error:
        raise DataError(f"cannot read the weights: {error}", file=folder / WEIGHTS, fix=FIX) from None
    check_finite(tensors, folder / WEIGHTS)
    history = read_history(folder, metadata, dataset)
    if metadata["model"] == "ram-gnn":
        fitted = _ram_gnn(folder, dataset, metadata, tensors, history, device)
        check_own_sum(metadata, folder / RUN)
        return fitted
    return _baseline(folder, dataset, metadata, tensors, history, device)


def _baseline(
    folder: Path,
    dataset: RecDataset,
    metadata: dict[str, Any],
    tensors: dict[str, Tensor],
    history: dict[str, Any] | None,
    device: str,
) -> FittedModel:
    """A baseline as it was, from its weights and settings."""
    from ramgnn.baselines import registry  # a run of RAM-GNN needs none of it, and whoever asks it waits
    from ramgnn.baselines.fitted import FittedBaseline, restore_scorer

    baseline = registry.get(metadata["model"])
    check_sizes(baseline.check(metadata["settings"]), tensors, folder / RUN)
    check_own_sum(metadata, folder / RUN)
    scorer = restore_scorer(baseline, dataset, metadata["settings"], tensors, metadata["values"], device)
    losses = () if history is None else tuple(history["losses"])
    return FittedBaseline(
        dataset, metadata["model"], scorer, metadata["settings"], metadata["seed"], metadata["epochs"], losses,
        metadata["seconds"], metadata["interrupted"],
    )  # fmt: skip


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
    if stored := under("final", tensors):
        final = _final(folder, dataset, config, stored)
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


def _final(folder: Path, dataset: RecDataset, config: Config, stored: dict[str, Tensor]) -> Final:
    """What is scored with, from its numbers."""
    path = folder / WEIGHTS
    if config.recommender == "temporal":
        from ramgnn.temporal.training import untrained

        check_sizes(vars(config.pretrain) | vars(config.temporal), stored, folder / RUN)
        try:
            empty = untrained(dataset, config, "content" in stored)
            if missing := sorted(empty.tensors().keys() - stored.keys()):
                raise ValueError(f"{missing[0]!r} is missing")
            check_like(empty.tensors(), {name: x.cpu() for name, x in stored.items()})
        except RamgnnError as error:  # of data without times
            raise DataError(str(error), file=folder / RUN, fix=FIX) from None
        except ValueError as error:
            raise DataError(f"the recommender with a clock cannot be read: {error}", file=path, fix=FIX) from None
        return empty.to(config.device).with_tensors(stored)
    for name in ("users", "items"):
        if name not in stored:
            raise DataError(f"'final.{name}' is missing", file=path, fix=FIX)
    final = FinalEmbeddings(stored["users"], stored["items"])
    check_final(final, dataset, path)
    return final


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
    settings, kind = None, RAMGNN
    if encoder["name"] != "ram-gnn":
        from ramgnn.baselines.encoders.pretraining import encoder_class

        kind = encoder_class(encoder["name"])
    if encoder["settings"] is not None:
        from ramgnn.baselines.encoders import EncoderSettings

        with known_settings(f"encoders.{side}.settings", path):
            settings = EncoderSettings(**encoder["settings"])
        try:
            settings.validate()
        except RamgnnError as error:
            impossible = f"'encoders.{side}.settings' has an impossible setting: {error}"
            raise DataError(impossible, file=path, fix=FIX) from None
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
    except DIFFERENT as error:  # somebody's own encoder, changed since
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
