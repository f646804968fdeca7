"""Training the recommender with a clock: the weights of the paths first, then the attention, epoch after epoch."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from torch import Tensor

from ramgnn import distributed
from ramgnn.checkpoint import Checkpoint
from ramgnn.config import Config
from ramgnn.datasets.base import RecDataset
from ramgnn.errors import RamgnnError
from ramgnn.evaluation import ndcg, rank_test
from ramgnn.events import next_events, nothing_comes_next, training_events
from ramgnn.finetune import AveragedAdam, finetune
from ramgnn.finetuned import Finetuned
from ramgnn.temporal import paths
from ramgnn.temporal.clock import TemporalGNN, train_epoch
from ramgnn.temporal.kinds import EASE, NEXT, PEOPLE, SOON, Kind
from ramgnn.temporal.scorer import Temporal

MOST_ITEMS = 6000  # of a catalogue whose n × n matrix for EASE is inverted


def train(
    dataset: RecDataset,
    config: Config,
    content: Tensor | None = None,
    epochs: int | None = None,
    progress: bool = True,
    name: str = "fine-tuning",
    checkpoint: Checkpoint | None = None,
    report: Callable[[int, float], None] | None = None,
    validate: bool = False,
    model: Callable[..., TemporalGNN] = TemporalGNN,
) -> Finetuned:
    """Train it on a data set.

    Args:
        content: ``(n_items, d)`` e_i from pre-training, for items that nobody had and, where the settings say so, as
            the start of x_i; None where there is no pre-training.
        epochs: how many; `config.temporal.epochs` at most when None.
        validate: whether NDCG@10 on the held-out items of `dataset`, which is a validation view then, says which epoch
            is the best; report: told epoch and metric of each validation, and may raise to end the training.
        model: makes the attention, from what `TemporalGNN` takes.
        progress, name, checkpoint: as in `ramgnn.finetune.finetune`.

    Raises:
        RamgnnError: the data have no times, nobody has two things, or several processes train together.
        DivergedError: a number is not finite.
    """
    if distributed.size() > 1:
        raise RamgnnError("the recommender with a clock is trained by one process; start it without torchrun")
    settings = config.temporal
    events = training_events(dataset, settings.context)
    if not len(events):
        raise nothing_comes_next(dataset)
    start = content if settings.start == "pretrained" else None
    gnn = model(dataset.n_items, config.pretrain.dim, settings, start, config.seed)
    gnn = gnn.to(distributed.device_of(config.device))
    by_paths = _no_paths(dataset)
    if settings.share < 1:
        by_paths = paths.fit(dataset, kinds(dataset), config.seed, progress=progress)
    epochs = epochs if settings.share else 0  # what counts nothing is not trained

    def epoch(model: TemporalGNN, _: object, optimiser: AveragedAdam, generator: torch.Generator) -> float:
        return train_epoch(model.train(), events, optimiser, generator)

    known = _scores_of(by_paths) if validate else None

    def metric(final: Temporal) -> float:
        def scorer(users: np.ndarray) -> Tensor:
            asked = next_events(dataset, users, settings.context)
            return final.joined(final.gnn.of_events(asked).double(), known[users].to(final.gnn.items.device))

        value = ndcg(rank_test(final if known is None else scorer, dataset), 10)
        if report is not None:
            report(min(settings.every * (1 + len(seen)), settings.epochs), value)
        seen.append(value)
        return value

    seen: list[float] = []
    return finetune(
        gnn, settings, config.seed, metric if validate else None, epochs, progress, name, checkpoint, epoch,
        partial(Temporal.of, paths=by_paths, share=settings.share, content=content),
    )  # fmt: skip


def _scores_of(by_paths: paths.Paths) -> Tensor | None:
    """What paths say of everybody: ``(n_users, n_items)``, which is the same in every epoch; None where it is large."""
    n_users, n_items = by_paths.dataset.n_users, by_paths.dataset.n_items
    return torch.from_numpy(by_paths.scores(np.arange(n_users))) if n_users * n_items <= paths.MOST_NUMBERS else None


def kinds(dataset: RecDataset) -> tuple[Kind, ...]:
    """The kinds of path that are counted: without EASE where the catalogue is large."""
    return (PEOPLE, NEXT, SOON, *([EASE] if dataset.n_items <= MOST_ITEMS else []))


def _no_paths(dataset: RecDataset) -> paths.Paths:
    return paths.Paths(dataset, (), np.zeros(1), np.ones(0))


def untrained(dataset: RecDataset, config: Config, content: bool) -> Temporal:
    """What `train` gives before any training, all weights 0 that can be: to be filled with what a run has kept.

    Args:
        content: whether there was pre-training.
    """
    found, share = kinds(dataset), config.temporal.share
    gnn = TemporalGNN(dataset.n_items, config.pretrain.dim, config.temporal)
    empty = paths.Paths(dataset, found, np.zeros(1 + len(found)), np.ones(len(found)))
    e = torch.zeros(dataset.n_items, config.pretrain.dim) if content else None
    return Temporal.of(gnn, empty if share < 1 else _no_paths(dataset), share, e)
