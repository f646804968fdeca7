"""Fine-tuning the recommender on the user–item interactions, Eq. 23, for as many epochs as validation says."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from ramgnn import distributed
from ramgnn.checkpoint import Checkpoint, named, restore_training, training_tensors, under
from ramgnn.config import FinetuneConfig
from ramgnn.errors import NotFoundError
from ramgnn.interactions import InteractionGraph, sample_negatives
from ramgnn.kernels.losses import listwise_gradient, pairwise_gradient
from ramgnn.kernels.ragged import ragged_arange, repeat_index
from ramgnn.loop import EarlyStopping, check_loss, run_epochs
from ramgnn.losses import LISTWISE, PAIRWISE
from ramgnn.recommender import FinalEmbeddings, Recommender

MAX_STEPS = 32  # optimiser steps an epoch when `batch` is not given, so that large data do not propagate too often


@dataclass
class Finetuned:
    """The result of `finetune`.

    Attributes:
        model: the recommender; final: its embeddings at the best epoch.
        best_epoch: the epoch `final` is from.
        history: one dictionary per epoch: epoch, loss, seconds and, where validated, the metric.
        interrupted: True when Ctrl-C ended it early.
        resumed: how many of the epochs came from a checkpoint.
    """

    model: Recommender
    final: FinalEmbeddings
    best_epoch: int
    history: list[dict[str, Any]] = field(default_factory=list)
    interrupted: bool = False
    resumed: int = 0

    def history_dict(self) -> dict[str, Any]:
        """The history as plain values, for JSON."""
        return {"best_epoch": self.best_epoch, "interrupted": self.interrupted, "epochs": self.history}


def finetune(
    model: Recommender,
    config: FinetuneConfig,
    seed: int = 0,
    validate: Callable[[FinalEmbeddings], float] | None = None,
    epochs: int | None = None,
    progress: bool = True,
    name: str = "fine-tuning",
    checkpoint: Checkpoint | None = None,
) -> Finetuned:
    """Train the recommender.

    Args:
        model: the recommender; its device is used.
        validate: a metric of the final embeddings, larger is better, computed every `config.every` epochs; the best
            epoch's embeddings are returned, and training stops after `config.patience` validations without a gain.
        epochs: how many to train instead of `config.epochs`, for retraining without validation.
        checkpoint: written after each epoch; training goes on from it when there is one.

    Raises:
        DivergedError: the loss is not finite.
    """
    device = model.users.device
    generator = torch.Generator(device=device).manual_seed(seed)
    optimiser = AveragedAdam(model, config)
    result, stopping = Finetuned(model, model.final(), 0), EarlyStopping(config.patience)
    if checkpoint is not None and (stored := checkpoint.load()) is not None:
        _restore(*stored, result, optimiser, generator, stopping)
    done = result.resumed = len(result.history)
    epochs = config.epochs if epochs is None else epochs

    def train(epoch: int) -> str:
        started = time.perf_counter()
        distributed.same_start(model)
        loss = train_epoch(model, config, optimiser, generator)
        check_loss(loss, name, epoch, "finetune.lr")
        row: dict[str, Any] = {"epoch": epoch, "loss": loss}
        shown = f"loss {loss:.4f}"
        if validate is not None and (epoch % config.every == 0 or epoch == epochs):
            final = optimiser.averaged.final()
            row["validation"] = distributed.from_first(lambda: validate(final), device)
            if stopping.update(epoch, row["validation"]):
                result.best_epoch, result.final = epoch, final
            shown += f", validation {row['validation']:.4f}, best {stopping.best:.4f} at {result.best_epoch}"
        row["seconds"] = time.perf_counter() - started
        result.history.append(row)
        return shown

    result.interrupted = run_epochs(
        train, epochs, name=name, done=done, finished=lambda: stopping.finished, progress=progress,
        save=None if checkpoint is None else lambda: _save(checkpoint, result, optimiser, generator, stopping),
    )  # fmt: skip
    if validate is None or not result.best_epoch:
        result.final, result.best_epoch = optimiser.averaged.final(), len(result.history)
    return result


class AveragedAdam:
    """Adam, and the running average of the parameters.

    Late in training the parameters wander about a good place from batch to batch; the average stays there, so that
    the number of epochs matters less than without it.
    """

    def __init__(self, model: Recommender, config: FinetuneConfig) -> None:
        self.adam = torch.optim.Adam(model.parameters(), lr=config.lr)
        decay = config.ema_decay
        self.running = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(decay)) if decay else None
        self.model = model

    @property
    def averaged(self) -> Recommender:
        """The recommender with averaged parameters."""
        return self.running.module if self.running is not None else self.model

    def step(self) -> None:
        """One Adam step with the current gradients."""
        self.adam.step()
        if self.running is not None:
            self.running.update_parameters(self.model)


def batch_size(config: FinetuneConfig, n: int) -> int:
    """How many of n users (listwise losses) or training pairs (pairwise ones) one optimiser step takes.

    It is `config.batch` where that is given, else 64, or as many as make at most `MAX_STEPS` steps an epoch.
    """
    return config.batch or max(64, math.ceil(n / MAX_STEPS))


def train_epoch(
    model: Recommender, config: FinetuneConfig, optimiser: AveragedAdam, generator: torch.Generator
) -> float:
    """One pass over the users (listwise losses) or the training pairs; the mean loss per interaction or pair.

    Raises:
        NotFoundError: no loss is registered under `config.loss`.
    """
    if config.loss in LISTWISE:
        step, rows = listwise_step, torch.bincount(model.users, minlength=model.n_users).nonzero()[:, 0]
    elif config.loss in PAIRWISE:
        step, rows = pairwise_step, torch.arange(len(model.users), device=model.users.device)
    else:
        raise NotFoundError("loss", config.loss, [*PAIRWISE, *LISTWISE], hint="register it with ramgnn.losses")
    order = rows[torch.randperm(len(rows), generator=generator, device=rows.device)]
    total = torch.zeros((), device=rows.device)
    weight = 0
    for batch in order.split(batch_size(config, len(rows))):
        optimiser.adam.zero_grad()
        loss, size = step(model, config, batch, generator)
        distributed.all_reduce_gradients(model.parameters())
        distributed.all_reduce(loss)
        optimiser.step()
        total, weight = total + loss * size, weight + size
    return float(total) / max(weight, 1)


def listwise_step(
    model: Recommender, config: FinetuneConfig, users: Tensor, generator: torch.Generator
) -> tuple[Tensor, int]:
    """A loss over the whole catalogue for some users, and its gradient, left on the parameters.

    Args:
        users: ``(b,)``, each with at least one training item.

    Returns:
        The mean loss per interaction, without the penalty, and the number of interactions. Of several processes each
        takes a shard of the users; the losses and the gradients then have to be added up.
    """
    start_u, start_i = model.user(), model.item()  # x^(0): (n_users, d), (n_items, d)
    x_u, x_i = model.propagate(start_u, start_i, dropped_graph(model, config, generator))
    shard = users[distributed.shard(len(users))]  # (s,)
    row, item = _training_items(model.interactions(), shard)  # (n,), (n,)
    size = int(model.interactions().user_count[users].sum())
    fraction = len(item) / size
    loss, grad_u, grad_i = listwise_gradient(
        LISTWISE[config.loss], x_u.detach()[shard], x_i.detach(), row, item, config.temperature
    )  # (), (s, d), (n_items, d)
    grad_x_u = torch.zeros_like(x_u).index_copy_(0, shard, grad_u)
    penalty = ((start_u[shard] ** 2).sum() + (start_i**2).sum() / distributed.size()) * config.l2 / len(users)
    torch.autograd.backward([x_u, x_i, penalty], [grad_x_u.mul_(fraction), grad_i.mul_(fraction), None])
    return loss * fraction, size


def pairwise_step(
    model: Recommender, config: FinetuneConfig, pairs: Tensor, generator: torch.Generator
) -> tuple[Tensor, int]:
    """A loss over some training pairs and drawn negatives, Eq. 23, and its gradient, left on the parameters.

    Args:
        pairs: ``(b,)`` positions in the training interactions.

    Returns:
        The mean loss per pair, without the penalty, and the number of pairs. Of several processes each takes a shard of
        the pairs; the losses and the gradients then have to be added up.
    """
    u, i = model.users[pairs], model.items[pairs]  # (b,), (b,)
    j = sample_negatives(u, model.known(), model.n_items, config.negatives, generator)  # (b, negatives)
    shard = distributed.shard(len(pairs))
    u, i, j = u[shard], i[shard], j[shard]
    fraction = len(u) / len(pairs)
    start_u, start_i = model.user(), model.item()  # x^(0): (n_users, d), (n_items, d)
    x_u, x_i = model.propagate(start_u, start_i, dropped_graph(model, config, generator))
    loss, grad_x_u, grad_x_i = pairwise_gradient(x_u.detach(), x_i.detach(), u, i, j, loss=PAIRWISE[config.loss])
    # ‖·‖² of the rows of u, i and the first j: each row counts as often as it is in the batch
    n_u, n_i = torch.bincount(u, minlength=len(x_u)), torch.bincount(torch.cat([i, j[:, 0]]), minlength=len(x_i))
    penalty = config.l2 * ((n_u * (start_u**2).sum(1)).sum() + (n_i * (start_i**2).sum(1)).sum()) / (2 * len(pairs))
    torch.autograd.backward([x_u, x_i, penalty], [grad_x_u.mul_(fraction), grad_x_i.mul_(fraction), None])
    return loss * fraction, len(pairs)


def dropped_graph(model: Recommender, config: FinetuneConfig, generator: torch.Generator) -> InteractionGraph:
    """The interaction graph, with a fraction of its edges left out where the settings say so."""
    if config.edge_dropout == 0:
        return model.interactions()
    chance = torch.rand(len(model.users), generator=generator, device=model.users.device)
    return model.interactions(chance < config.edge_dropout)


def _training_items(graph: InteractionGraph, users: Tensor) -> tuple[Tensor, Tensor]:
    """The training items of some users one after the other: ``(n,)`` the row in `users` of each, and ``(n,)`` items."""
    items, starts = graph.items_of
    size = graph.user_count[users]
    row = repeat_index(size)
    return row, items[ragged_arange(starts[users], size, len(row))].long()


def _save(
    checkpoint: Checkpoint,
    result: Finetuned,
    optimiser: AveragedAdam,
    generator: torch.Generator,
    stopping: EarlyStopping,
) -> None:
    """Write everything that the next epoch depends on, and the best embeddings so far."""
    tensors = training_tensors(result.model, optimiser.adam, generator)
    if optimiser.running is not None:
        tensors |= named("average", optimiser.running.state_dict())
    if result.best_epoch:
        tensors |= {"final.users": result.final.users, "final.items": result.final.items}
    checkpoint.save(tensors, {"history": result.history, "best": stopping.best, "since": stopping.without_gain,
                              "best_epoch": result.best_epoch})  # fmt: skip


def _restore(
    tensors: dict[str, Tensor],
    state: dict[str, Any],
    result: Finetuned,
    optimiser: AveragedAdam,
    generator: torch.Generator,
    stopping: EarlyStopping,
) -> None:
    """Put everything where `_save` left it."""
    restore_training(tensors, result.model, optimiser.adam, generator)
    if optimiser.running is not None:
        optimiser.running.load_state_dict(under("average", tensors))
    result.history, result.best_epoch = state["history"], state["best_epoch"]
    stopping.best, stopping.without_gain, stopping.best_epoch = state["best"], state["since"], state["best_epoch"]
    if result.best_epoch:
        device = result.model.users.device
        result.final = FinalEmbeddings(tensors["final.users"].to(device), tensors["final.items"].to(device))
