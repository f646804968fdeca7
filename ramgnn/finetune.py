"""Fine-tuning the recommender on the user–item interactions, Eq. 23, for as many epochs as validation says."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from operator import methodcaller
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from ramgnn import distributed
from ramgnn.checkpoint import Checkpoint, check_like, named, restore_training, training_tensors, under
from ramgnn.config import FinetuneConfig, TemporalConfig
from ramgnn.errors import DivergedError, NotFoundError
from ramgnn.finetuned import Final, Finetuned, FinetuneEpoch
from ramgnn.interactions import InteractionGraph, sample_negatives
from ramgnn.kernels.losses import listwise_loss_of, pairwise_loss_of
from ramgnn.loop import EarlyStopping, check_loss, run_epochs, warm_average
from ramgnn.losses import LISTWISE, PAIRWISE, listwise_l2_penalty, pairwise_l2_penalty
from ramgnn.ragged import ragged_arange, repeat_index
from ramgnn.recommender import Recommender

MAX_STEPS = 32  # optimiser steps an epoch when `batch` is not given, so that large data do not propagate too often


# ---- the loop over epochs --------------------------------------------------------------------------------------------


def finetune(
    model: nn.Module,
    config: FinetuneConfig | TemporalConfig,
    seed: int = 0,
    validate: Callable[[Final], float] | None = None,
    epochs: int | None = None,
    progress: bool = True,
    name: str = "fine-tuning",
    checkpoint: Checkpoint | None = None,
    train: Callable[..., float] | None = None,
    final_of: Callable[..., Final] | None = None,
) -> Finetuned:
    """Train the recommender, or another model in its place.

    Args:
        model: the recommender; its device is used.
        validate: a metric of what the model has become, larger is better, computed every `config.every` epochs; the
            best epoch's is returned, and training stops after `config.patience` validations without a gain.
        epochs: how many to train instead of `config.epochs`, for retraining without validation.
        checkpoint: written after each epoch; training goes on from it when there is one.
        train: trains an epoch as `train_epoch` does, which is the default, and takes what that takes.
        final_of: what is kept of the model; by default what its method `final` gives.

    Raises:
        DivergedError: the loss is not finite, or the embeddings are too large to score with.
        NotFoundError: no loss is registered under `config.loss`.
        RamgnnError: the loss does not return a scalar with a gradient.
    """
    epochs = config.epochs if epochs is None else epochs
    train, final_of = train or train_epoch, final_of or methodcaller("final")
    device = next(model.parameters()).device
    generator = torch.Generator(device=device).manual_seed(seed)
    result = Finetuned(model, final_of(model), 0)
    optimiser, stopping = AveragedAdam(model, config), EarlyStopping(config.patience)
    settings = "temporal" if isinstance(config, TemporalConfig) else "finetune"

    def reached() -> Final:
        return _checked(final_of(optimiser.averaged), name, f"{settings}.lr")

    if checkpoint is not None and (stored := checkpoint.load()) is not None:
        with checkpoint.restoring():
            _restore(*stored, result, optimiser, generator, stopping)
    result.resumed = len(result.history)

    def train_and_validate(epoch: int) -> str:
        started = time.perf_counter()
        loss = train(model, config, optimiser, generator)
        check_loss(loss, name, epoch, f"{settings}.lr")
        row = FinetuneEpoch(epoch, loss)
        if validate is not None and (epoch % config.every == 0 or epoch == epochs):
            final = reached()
            row.validation = distributed.from_first(lambda: validate(final), device)
            if stopping.update(epoch, row.validation):
                result.best_epoch, result.final = epoch, final
        row.seconds = time.perf_counter() - started
        result.history.append(row)
        return _progress_line(row, stopping)

    result.interrupted = run_epochs(
        train_and_validate, epochs, name=name, done=result.resumed, finished=lambda: stopping.finished,
        save=None if checkpoint is None else lambda: _save(checkpoint, result, optimiser, generator, stopping),
        progress=progress,
    )  # fmt: skip
    if validate is None or not result.best_epoch:
        result.final, result.best_epoch = reached(), len(result.history)
    return result


def _checked(final: Final, name: str, learning_rate: str) -> Final:
    """The embeddings, where every score is a finite number: none is larger than the product of two lengths.

    Raises:
        DivergedError: they are too large, or no numbers.
    """
    longest = [float(x.double().norm(dim=1).max()) for x in (final.users, final.items) if len(x)]
    if not math.prod(longest) < torch.finfo(torch.float32).max:
        raise DivergedError(f"{name}: the embeddings are too large to score with; try a lower {learning_rate}")
    return final


def _progress_line(row: FinetuneEpoch, stopping: EarlyStopping) -> str:
    """What the bar shows after an epoch."""
    line = f"loss {row.loss:.4f}"
    if row.validation is None:
        return line
    return f"{line}, validation {row.validation:.4f}, best {stopping.best:.4f} at {stopping.best_epoch}"


class AveragedAdam:
    """Adam, and the running average of the parameters.

    Late in training the parameters wander about a good place from batch to batch; the average stays there, so that
    the number of epochs matters less than without it.
    """

    def __init__(self, model: nn.Module, config: FinetuneConfig | TemporalConfig) -> None:
        self.model, self.running = model, None
        self.adam = torch.optim.Adam(model.parameters(), lr=config.lr)
        if config.ema_decay:
            if isinstance(model, Recommender):
                model.interactions()  # made before the model is copied, so that the copy shares the graph with it
            warm = isinstance(config, TemporalConfig)
            average = warm_average(config.ema_decay) if warm else get_ema_multi_avg_fn(config.ema_decay)
            self.running = AveragedModel(model, multi_avg_fn=average)

    @property
    def averaged(self) -> nn.Module:
        """The model with averaged parameters."""
        return self.running.module if self.running is not None else self.model

    def step(self) -> None:
        """One Adam step with the current gradients."""
        self.adam.step()
        if self.running is not None:
            self.running.update_parameters(self.model)


# ---- one epoch, and one step -----------------------------------------------------------------------------------------


def train_epoch(
    model: Recommender, config: FinetuneConfig, optimiser: AveragedAdam, generator: torch.Generator
) -> float:
    """One pass over the users (listwise losses) or the training pairs; the mean loss per interaction or pair.

    Raises:
        NotFoundError: no loss is registered under `config.loss`.
        RamgnnError: the loss does not return a scalar with a gradient.
    """
    distributed.same_start(model)
    if config.loss in LISTWISE:
        step, rows = listwise_step, model.interactions().user_count.nonzero()[:, 0]
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


def batch_size(config: FinetuneConfig, n: int) -> int:
    """How many of n users (listwise losses) or training pairs (pairwise ones) one optimiser step takes.

    It is `config.batch` where that is given, else 64, or as many as make at most `MAX_STEPS` steps an epoch.
    """
    return config.batch or max(64, math.ceil(n / MAX_STEPS))


def listwise_step(
    model: Recommender, config: FinetuneConfig, users: Tensor, generator: torch.Generator
) -> tuple[Tensor, int]:
    """Eq. 23 over the whole catalogue for some users; its gradient is left on the parameters.

    Args:
        users: ``(b,)``, each with at least one training item.

    Returns:
        The mean loss per interaction, without the penalty, and the number of interactions. Of several processes each
        takes a shard of the users; the losses and the gradients then have to be added up.
    """
    graph, shard = model.interactions(), users[distributed.shard(len(users))]  # (s,)
    row, item = _training_items(graph, shard)  # (n,), (n,)
    size = int(graph.user_count[users].sum())
    start_u, start_i = model.user(), model.item()  # (n_users, d), (n_items, d)  Eq. 18, 20
    x_u, x_i = model.propagate(start_u, start_i, dropped_graph(model, config, generator))  # Eq. 19, 21
    loss = listwise_loss_of(LISTWISE[config.loss], x_u[shard], x_i, row, item, config.temperature)  # Eq. 22, 23
    loss = loss * (len(item) / size)
    penalty = listwise_l2_penalty(config.l2, start_u[shard], start_i, len(users))
    (loss + penalty).backward()
    return loss.detach(), size


def pairwise_step(
    model: Recommender, config: FinetuneConfig, pairs: Tensor, generator: torch.Generator
) -> tuple[Tensor, int]:
    """Eq. 23 over some training pairs and drawn negatives; its gradient is left on the parameters.

    Args:
        pairs: ``(b,)`` positions in the training interactions.

    Returns:
        The mean loss per pair, without the penalty, and the number of pairs. Of several processes each takes a shard of
        the pairs; the losses and the gradients then have to be added up.
    """
    u, i = model.users[pairs], model.items[pairs]  # (b,), (b,)
    j = sample_negatives(u, model.interactions().known, model.n_items, config.negatives, generator)  # (b, negatives)
    shard = distributed.shard(len(pairs))
    u, i, j = u[shard], i[shard], j[shard]  # (s,), (s,), (s, negatives)
    start_u, start_i = model.user(), model.item()  # (n_users, d), (n_items, d)  Eq. 18, 20
    x_u, x_i = model.propagate(start_u, start_i, dropped_graph(model, config, generator))  # Eq. 19, 21
    loss = pairwise_loss_of(PAIRWISE[config.loss], x_u, x_i, u, i, j)  # Eq. 22, 23
    loss = loss * (len(u) / len(pairs))
    penalty = pairwise_l2_penalty(config.l2, start_u, start_i, u, i, j, len(pairs))
    (loss + penalty).backward()
    return loss.detach(), len(pairs)


def dropped_graph(model: Recommender, config: FinetuneConfig, generator: torch.Generator) -> InteractionGraph:
    """The interaction graph, with a fraction of its edges left out where the settings say so."""
    if config.edge_dropout == 0:
        return model.interactions()
    uniform = torch.rand(len(model.users), generator=generator, device=model.users.device)  # (n,)
    return model.interactions().without(uniform < config.edge_dropout)


def _training_items(graph: InteractionGraph, users: Tensor) -> tuple[Tensor, Tensor]:
    """The training items of some users one after the other: ``(n,)`` the row in `users` of each, and ``(n,)`` items."""
    items, starts = graph.items_of
    size = graph.user_count[users]  # (b,)
    row = repeat_index(size)
    return row, items[ragged_arange(starts[users], size, len(row))].long()


# ---- checkpoints -----------------------------------------------------------------------------------------------------


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
        tensors |= named("final", result.final.tensors())
    checkpoint.save(tensors, {"history": result.history_dict()["epochs"], "best": stopping.best,
                              "since": stopping.n_without_gain, "best_epoch": result.best_epoch})  # fmt: skip


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
        check_like(optimiser.running.state_dict(), under("average", tensors))
        optimiser.running.load_state_dict(under("average", tensors))
    result.history = [FinetuneEpoch(**epoch) for epoch in state["history"]]
    result.best_epoch = best_epoch = int(state["best_epoch"])
    stopping.best, stopping.n_without_gain = float(state["best"]), int(state["since"])
    stopping.best_epoch = best_epoch
    if best_epoch:
        stored = under("final", tensors)
        check_like({name: x.cpu() for name, x in result.final.tensors().items()}, stored)
        result.final = result.final.with_tensors(stored)
