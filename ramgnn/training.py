"""The whole of training: build both graphs, pre-train on each, fine-tune for as many epochs as validation chose."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from tqdm import tqdm

from ramgnn import arguments, distributed
from ramgnn.checkpoint import Checkpoint
from ramgnn.config import Config
from ramgnn.datasets.base import RecDataset
from ramgnn.encoder import Embeddings
from ramgnn.errors import RamgnnError
from ramgnn.evaluation import ndcg, rank_test
from ramgnn.explain import Explainer, Explanation
from ramgnn.finetune import finetune
from ramgnn.finetuned import Finetuned
from ramgnn.fitted import FittedModel
from ramgnn.graph import MultiRelationalGraph
from ramgnn.kernels.losses import try_loss
from ramgnn.matching import find
from ramgnn.pretrain import pretrain
from ramgnn.pretrained import Pretrained, random_embeddings
from ramgnn.recommender import FinalEmbeddings, Recommender

SIDES = ("item", "user")


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


@dataclass(repr=False)
class Fitted(FittedModel):
    """A trained RAM-GNN and everything that led to it.

    Attributes:
        dataset: the data; config: the settings.
        item, user: pre-training on each graph; None without such a graph or with a random start.
        validation: fine-tuning on `dataset.validation()`, which chose the number of epochs; None when it was given.
        finetuned: fine-tuning on all training interactions; None when interrupted before.
        seconds: wall time by stage.
        interrupted: the stage that Ctrl-C ended, or None.
    """

    dataset: RecDataset
    config: Config
    item: Pretrained | None = None
    user: Pretrained | None = None
    validation: Finetuned | None = None
    finetuned: Finetuned | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    interrupted: str | None = None

    @property
    def name(self) -> str:
        """What it is called in tables: the name of its encoder."""
        return next((p.encoder for p in (self.item, self.user) if p is not None), "ram-gnn")

    @property
    def final(self) -> FinalEmbeddings | None:
        """The final embeddings to score with; those of validation when the last stage was never started."""
        last = self.finetuned or self.validation
        return last.final if last else None

    @property
    def scorer(self) -> FinalEmbeddings | None:
        """What gives scores: the same as `final`."""
        return self.final

    def explain(self, user: Any, item: Any, n: int = 5) -> Explanation:
        """Why an item for a user: shared values with their attention, and what stands near (`ramgnn.explain`)."""
        arguments.whole_number("n", n, 1)
        user, item = find(self.dataset, "user", user), find(self.dataset, "item", item)
        return self.explainer.explain(user, item, n)

    @cached_property
    def explainer(self) -> Explainer:
        """Answers questions about reasons and neighbours by index; made at the first question."""
        if self.final is None:
            self.all_scores(np.zeros(0, np.int64))  # says why there is nothing to explain
        return Explainer(self)

    def pretrained(self, side: str) -> Pretrained | None:
        """Pre-training on the graph of ``side`` ``"item"`` or ``"user"``."""
        return {"item": self.item, "user": self.user}[side]

    def history(self) -> dict[str, Any]:
        """All histories as plain values, for JSON."""
        stages = {"item": self.item, "user": self.user, "validation": self.validation, "finetune": self.finetuned}
        histories: dict[str, Any] = {name: done.history_dict() for name, done in stages.items() if done is not None}
        return histories | {"seconds": self.seconds, "interrupted": self.interrupted}


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
        RamgnnError: a setting is impossible, or a loss of one's own does not return a scalar with a gradient.
    """
    config.validate()
    if epochs is not None and epochs < 0:
        raise RamgnnError(f"epochs is {epochs}; expected 0 or more")
    device = distributed.device_of(config.device)
    try_loss(config.finetune.loss, dataset.n_items, config.finetune.negatives, device)
    pretrainer = pretrainer or pretrain_side
    fitted = Fitted(dataset, config)
    graphs = {side: graph_of(dataset, side) for side in SIDES}
    if config.finetune.start == "pretrained":
        for side in SIDES:
            if graphs[side] is not None:
                checkpoint = _checkpoint(checkpoints, side)
                run = pretrainer, graphs[side], side, config, progress, checkpoint
                setattr(fitted, side, _timed(fitted, f"pre-training {side}s", *run))
                if fitted.interrupted:
                    return fitted
    if epochs is None:
        fitted.validation = _timed(fitted, "validation", _validate, fitted, graphs, pretrainer, progress, checkpoints)
        if fitted.interrupted:
            return fitted
        epochs = fitted.validation.best_epoch
    model = build(dataset, config, graphs, {side: fitted.pretrained(side) for side in SIDES})
    fitted.finetuned = _timed(
        fitted, "fine-tuning", finetune, model, config.finetune, config.seed, None, epochs, progress, "fine-tuning",
        _checkpoint(checkpoints, "finetune"),
    )  # fmt: skip
    return fitted


def _checkpoint(folder: str | os.PathLike | None, stage: str) -> Checkpoint | None:
    """The checkpoint of one stage; None without a folder."""
    return None if folder is None else Checkpoint(Path(folder) / f"{stage}.safetensors")


def graph_of(dataset: RecDataset, side: str) -> MultiRelationalGraph | None:
    """The graph of one side, or None when the data has no attributes there."""
    return MultiRelationalGraph.from_dataset(dataset, side) if dataset.relations(side) else None


def seed_of(config: Config, side: str) -> int:
    """The seed that the graph of one side is pre-trained with."""
    return 2 * config.seed + SIDES.index(side)


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
    """The recommender with its start values: those of pre-training, random where there is none."""
    generator = torch.Generator().manual_seed(config.seed)
    torch.manual_seed(config.seed)
    device = distributed.device_of(config.device)
    sides: dict[str, tuple[Embeddings, MultiRelationalGraph | None]] = {}
    for side in ("user", "item"):
        graph = graphs[side].to(device) if graphs[side] is not None else None
        if pretrained[side] is not None:
            start = pretrained[side].embeddings().rescaled(config.finetune.scale)
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
            checkpoint = _checkpoint(checkpoints, "validation-user")
            pretrained["user"] = pretrainer(graphs["user"], "user", config, progress, checkpoint)
    return finetune_validated(view, config, graphs, pretrained, progress, _checkpoint(checkpoints, "validation"))


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
