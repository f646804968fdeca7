"""The whole of training: build both graphs, pre-train on each, fine-tune for as many epochs as validation chose."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor
from tqdm import tqdm

from ramgnn import distributed
from ramgnn.checkpoint import Checkpoint
from ramgnn.config import Config
from ramgnn.datasets.base import RecDataset
from ramgnn.datasets.fingerprint import fingerprint
from ramgnn.encoder import Embeddings
from ramgnn.errors import RamgnnError
from ramgnn.evaluation import ndcg, rank_test
from ramgnn.finetune import finetune
from ramgnn.finetuned import Finetuned
from ramgnn.graph import MultiRelationalGraph
from ramgnn.kernels.losses import try_loss
from ramgnn.loop import check_gradients, check_weights
from ramgnn.pretrain import pretrain
from ramgnn.pretrained import Pretrained, random_embeddings
from ramgnn.recommender import FinalEmbeddings, Recommender
from ramgnn.trained import SIDES, Fitted, graph_of, seed_of


class Pretrainer(Protocol):
    """What pre-trains one graph for `fit`: `pretrain_side`, or another encoder's (`ramgnn.baselines.encoders`)."""

    def __call__(
        self,
        graph: MultiRelationalGraph,
        side: str,
        config: Config,
        progress: bool = True,
        checkpoint: Checkpoint | None = None,
    ) -> Pretrained:
        """Pre-train on the graph of ``side`` ``"item"`` or ``"user"``."""


def fit(
    dataset: RecDataset,
    config: Config,
    epochs: int | None = None,
    progress: bool = True,
    checkpoints: str | os.PathLike | None = None,
    pretrainer: Pretrainer | None = None,
) -> Fitted:
    """Train on a data set.

    Both graphs are pre-trained; the recommender is fine-tuned without each user's last training item, NDCG@10 on
    those items says after how many epochs to stop; then it is trained again on all training interactions for that
    many. The test items are never used.

    Args:
        epochs: fine-tune for so many epochs instead, without validation.
        progress: show bars.
        checkpoints: a folder; each stage writes a checkpoint into it after every epoch, and a call with the same data,
            settings and folder goes on from there, to the same numbers as if it had never been stopped.
        pretrainer: what pre-trains a graph instead of `pretrain_side`; another encoder, say.

    Ctrl-C ends the stage it falls in; later stages are not started, and what was reached is returned.

    Raises:
        RamgnnError: a setting is impossible, a loss of one's own does not return a scalar with a gradient, or gradients
            are off.
    """
    config.validate()
    if epochs is not None and epochs < 0:
        raise RamgnnError(f"epochs is {epochs}; expected 0 or more")
    check_gradients()
    device = distributed.device_of(config.device)
    try_loss(config.finetune.loss, dataset.n_items, config.finetune.negatives, device)
    pretrainer = pretrainer or pretrain_side
    fitted = Fitted(dataset, config)
    graphs = {side: graph_of(dataset, side) for side in SIDES}
    for side in sides_of(config):
        if graphs[side] is not None:
            checkpoint = _checkpoint(checkpoints, side, dataset, config)
            run = pretrainer, graphs[side], side, config, progress, checkpoint
            setattr(fitted, side, _timed(fitted, f"pre-training {side}s", *run))
            if fitted.interrupted:
                return fitted
    if epochs is None:
        fitted.validation = _timed(fitted, "validation", _validate, fitted, graphs, pretrainer, progress, checkpoints)
        if fitted.interrupted:
            return fitted
        epochs = fitted.validation.best_epoch
    fitted.finetuned = _timed(
        fitted, "fine-tuning", train_recommender, fitted, graphs, epochs, progress, "fine-tuning",
        _checkpoint(checkpoints, "finetune", dataset, config, epochs),
    )  # fmt: skip
    return fitted


def sides_of(config: Config) -> tuple[str, ...]:
    """The sides whose graphs are pre-trained on. Where there is a clock, users are nothing but what they had."""
    if config.recommender == "temporal":
        return ("item",)
    return SIDES if config.finetune.start == "pretrained" else ()


def train_recommender(
    fitted: Fitted,
    graphs: dict[str, MultiRelationalGraph | None],
    epochs: int,
    progress: bool,
    name: str,
    checkpoint: Checkpoint | None,
) -> Finetuned:
    """The second stage: for so many epochs on the data of `fitted`, from what it was pre-trained to."""
    dataset, config = fitted.dataset, fitted.config
    if config.recommender == "temporal":
        from ramgnn.temporal import training as temporal  # with SciPy's optimiser, for which others need not wait

        return temporal.train(dataset, config, _content(fitted.item), epochs, progress, name, checkpoint)
    model = build(dataset, config, graphs, {side: fitted.pretrained(side) for side in SIDES})
    return finetune(model, config.finetune, config.seed, None, epochs, progress, name, checkpoint)


def _content(pretrained: Pretrained | None) -> Tensor | None:
    """e_i of all items: ``(n_items, d)``, or None without pre-training."""
    return None if pretrained is None else pretrained.embeddings().nodes.detach()


def train_on_everything(
    fitted: Fitted,
    progress: bool = True,
    checkpoints: str | os.PathLike | None = None,
    pretrainer: Pretrainer | None = None,
) -> None:
    """Train the recommender once more, now with the held-out items in, and note it in `fitted.served`.

    The settings and the number of epochs are those of `fitted`, so it costs one more fine-tuning. Pre-training is taken
    over, since it does not read interactions; only where user attributes are derived from these are they derived anew
    and pre-trained on. What the metrics were measured on stays as it is.

    Args:
        fitted: trained to its end; `fitted.interrupted` says whether Ctrl-C ended this stage.
        progress, checkpoints, pretrainer: as in `fit`.
    """
    config, dataset = fitted.config, fitted.dataset.everything()
    served = Fitted(dataset, config, fitted.item, fitted.user)
    graphs = {side: graph_of(dataset, side) for side in SIDES}
    if dataset.derive_users is not None and fitted.user is not None:
        checkpoint = _checkpoint(checkpoints, "all-user", dataset, config)
        run = pretrainer or pretrain_side, graphs["user"], "user", config, progress, checkpoint
        served.user = _timed(fitted, "pre-training users on everything", *run)
        if fitted.interrupted:
            return
    epochs, stage = fitted.finetuned.best_epoch, "fine-tuning on everything"
    served.finetuned = _timed(
        fitted, stage, train_recommender, served, graphs, epochs, progress, stage,
        _checkpoint(checkpoints, "all", dataset, config, epochs),
    )  # fmt: skip
    if not fitted.interrupted:
        fitted.served = served


def _checkpoint(
    folder: str | os.PathLike | None, stage: str, dataset: RecDataset, config: Config, epochs: int | None = None
) -> Checkpoint | None:
    """The checkpoint of one stage, which says what it is of and, where given, how long; None without a folder."""
    if folder is None:
        return None
    settings = config.to_dict()
    made_for = {"stage": stage, "data": fingerprint(dataset), "seed": settings.pop("seed")}
    del settings["device"], settings["name"]  # neither changes what is trained
    long = {} if epochs is None else {"epochs": epochs}
    return Checkpoint(Path(folder) / f"{stage}.safetensors", made_for | long | settings)


def pretrain_side(
    graph: MultiRelationalGraph,
    side: str,
    config: Config,
    progress: bool = True,
    checkpoint: Checkpoint | None = None,
) -> Pretrained:
    """Pre-train RAM-GNN on the graph of one side."""
    device = distributed.device_of(config.device)
    return pretrain(graph, config.pretrain, seed_of(config, side), device, progress, f"{side}s", checkpoint)


def build(
    dataset: RecDataset,
    config: Config,
    graphs: dict[str, MultiRelationalGraph | None],
    pretrained: dict[str, Pretrained | None],
) -> Recommender:
    """The recommender with its start values: those of pre-training, random where there is none.

    Raises:
        DivergedError: what pre-training left is too large, or no numbers.
    """
    generator = torch.Generator().manual_seed(config.seed)
    torch.manual_seed(config.seed)
    device = distributed.device_of(config.device)
    sides: dict[str, tuple[Embeddings, MultiRelationalGraph | None]] = {}
    for side in ("user", "item"):
        graph = graphs[side].to(device) if graphs[side] is not None else None
        if pretrained[side] is not None:
            start = pretrained[side].embeddings()
            tables = (start.nodes, start.types, start.values)
            check_weights((x.square().sum() for x in tables), f"pre-training {side}s", "pretrain.lr")
            start = start.rescaled(config.finetune.scale)
        else:
            n_nodes, std = dataset.n_nodes(side), config.finetune.init_std
            start = random_embeddings(config.pretrain.dim, n_nodes, graph, generator, std)
        sides[side] = (start, graph)
    return Recommender(dataset, config.finetune, sides["user"], sides["item"], config.pretrain.dim).to(device)


def finetune_validated(
    view: RecDataset,
    config: Config,
    graphs: dict[str, MultiRelationalGraph | None],
    pretrained: dict[str, Pretrained | None],
    progress: bool = True,
    checkpoint: Checkpoint | None = None,
    report: Callable[[int, float], None] | None = None,
) -> Finetuned:
    """Fine-tune on a validation view; NDCG@10 on its held-out items says which epoch is the best.

    Args:
        view: `RecDataset.validation` of a data set.
        report: told epoch and metric of each validation; may raise to end the training.
    """
    if config.recommender == "temporal":
        from ramgnn.temporal import training as temporal

        content = _content(pretrained["item"])
        return temporal.train(view, config, content, None, progress, "validation", checkpoint, report, validate=True)
    model = build(view, config, graphs, pretrained)
    epoch = 0

    def validate(final: FinalEmbeddings) -> float:
        nonlocal epoch
        epoch = min(epoch + config.finetune.every, config.finetune.epochs)  # the last epoch is always validated
        value = ndcg(rank_test(final, view), 10)
        if report is not None:
            report(epoch, value)
        return value

    return finetune(model, config.finetune, config.seed, validate, None, progress, "validation", checkpoint)


def _validate(
    fitted: Fitted,
    graphs: dict[str, MultiRelationalGraph | None],
    pretrainer: Pretrainer,
    progress: bool,
    checkpoints: str | os.PathLike | None,
) -> Finetuned:
    """Fine-tune on the validation view; derived attributes, and pre-training on them, are made without its items."""
    config, view = fitted.config, fitted.dataset.validation()
    pretrained = {side: fitted.pretrained(side) for side in SIDES}
    if view.derive_users is not None:
        graphs = graphs | {"user": graph_of(view, "user")}
        if pretrained["user"] is not None:
            checkpoint = _checkpoint(checkpoints, "validation-user", view, config)
            pretrained["user"] = pretrainer(graphs["user"], "user", config, progress, checkpoint)
            if pretrained["user"].interrupted:
                raise KeyboardInterrupt  # half-trained: nothing may be validated with it
    checkpoint = _checkpoint(checkpoints, "validation", view, config)
    return finetune_validated(view, config, graphs, pretrained, progress, checkpoint)


def _timed(fitted: Fitted, stage: str, run, *arguments):
    """Run one stage, note its wall time and whether Ctrl-C ended it."""
    started = time.perf_counter()
    try:
        result = run(*arguments)
    except KeyboardInterrupt:  # between two bars
        fitted.interrupted = stage
        tqdm.write(f"{stage}: stopped by you")
        return None
    before = sum(epoch.seconds for epoch in result.history[: result.resumed])  # in a process before this one
    fitted.seconds[stage] = round(time.perf_counter() - started + before, 3)
    if result.interrupted:
        fitted.interrupted = stage
    return result
