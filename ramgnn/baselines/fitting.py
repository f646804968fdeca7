"""What the trained baselines have in common: the training pairs, the loop over epochs, and when to stop."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from ramgnn.datasets.base import RecDataset
from ramgnn.interactions import sample_negatives
from ramgnn.loop import EarlyStopping, check_loss, check_weights, run_epochs
from ramgnn.ragged import offsets


class Model(nn.Module):
    """A baseline that is trained epoch by epoch. Subclasses say what an epoch is and how a user's items score.

    Attributes:
        n_users, n_items: sizes.
        users, items: ``(n,)`` the training interactions, sorted by user.
        size, first: ``(n_users,)`` how many each user has, and where they begin.
        known: ``(n,)`` user · n_items + item, sorted; what `draw_negatives` steps around.
    """

    def __init__(self, dataset: RecDataset) -> None:
        super().__init__()
        self.n_users, self.n_items = dataset.n_users, dataset.n_items
        pairs = {side: torch.tensor(dataset.train[side].to_numpy()) for side in ("user", "item")}
        self.register_buffer("users", pairs["user"], persistent=False)
        self.register_buffer("items", pairs["item"], persistent=False)
        size = torch.bincount(pairs["user"], minlength=self.n_users)
        self.register_buffer("size", size, persistent=False)
        self.register_buffer("first", offsets(size)[:-1], persistent=False)
        known = torch.sort(pairs["user"] * dataset.n_items + pairs["item"])[0]
        self.register_buffer("known", known, persistent=False)

    @classmethod
    def untrained(cls, dataset: RecDataset, settings: Any) -> Model:
        """A model whose parameters are about to be read from a file; skip what only training needs."""
        return cls(dataset, settings)

    def epoch(self, generator: torch.Generator) -> float:
        """Train for one epoch; the mean loss of a pair."""
        raise NotImplementedError

    def scores(self, users: np.ndarray) -> Tensor:
        """``(b, n_items)`` scores of a block of users; without gradients, in evaluation mode."""
        raise NotImplementedError

    def forward(self, users: np.ndarray) -> Tensor:
        """The same as `scores`: a model is a scorer of `ramgnn.evaluation`."""
        return self.scores(users)

    def draw_pairs(self, batch: int, generator: torch.Generator) -> list[Tensor]:
        """The positions of all training interactions in random order, in batches of at most `batch`."""
        order = torch.randperm(len(self.users), generator=generator, device=self.users.device)
        return list(order.split(batch))

    def draw_some(self, per_user: int | None, generator: torch.Generator) -> Tensor:
        """The positions of up to `per_user` training interactions of each user, drawn anew, in random order."""
        n, device = len(self.users), self.users.device
        order = torch.randperm(n, generator=generator, device=device)
        if per_user is None:
            return order
        by_user = order[torch.argsort(self.users[order], stable=True)]
        place = torch.arange(n, device=device) - self.first[self.users]
        kept = by_user[place < per_user]
        return kept[torch.randperm(len(kept), generator=generator, device=device)]

    def draw_negatives(self, users: Tensor, generator: torch.Generator, n: int = 1) -> Tensor:
        """``(b, n)`` items drawn uniformly that are not training items of the user."""
        return sample_negatives(users, self.known, self.n_items, n, generator)


def index(users: np.ndarray, model: Model) -> Tensor:
    """Users as a tensor on the model's device."""
    return torch.as_tensor(users, dtype=torch.int64, device=model.users.device)


AnyModel = TypeVar("AnyModel", bound=Model)


@dataclass
class History:
    """What `train` did.

    Attributes:
        losses: mean loss of each epoch.
        validation: ``(epoch, metric)`` of each validation.
        best: the best metric; best_epoch: its epoch. Without validation NaN and the last epoch.
        seconds: wall time.
        interrupted: True when Ctrl-C ended it early.
    """

    losses: list[float] = field(default_factory=list)
    validation: list[tuple[int, float]] = field(default_factory=list)
    best: float = math.nan
    best_epoch: int = 0
    seconds: float = 0.0
    interrupted: bool = False


def train(
    model: Model,
    generator: torch.Generator,
    epochs: int,
    validate: Callable[[Model], float] | None = None,
    every: int = 1,
    patience: int = 10,
    report: Callable[[int, float], None] | None = None,
    progress: bool = False,
    name: str = "training",
) -> History:
    """Train for so many epochs, or until validation has not gained for a while.

    Args:
        model: changed in place; with validation it ends some epochs after the best one, so retrain for `best_epoch`.
        epochs: at most.
        validate: a metric, larger is better, computed every `every` epochs and after the last.
        patience: stop after so many validations without a gain.
        report: told epoch and metric of each validation; may raise to end the training.

    Ctrl-C ends it and keeps what was reached.

    Raises:
        DivergedError: the loss is not finite, or the weights that are left are not.
    """
    history, stopping, started = History(), EarlyStopping(patience), time.perf_counter()

    def train_epoch(epoch: int) -> str:
        model.train()
        loss = model.epoch(generator)
        check_loss(loss, name, epoch, "lr")
        history.losses.append(loss)
        if validate is not None and (epoch % every == 0 or epoch == epochs):
            model.eval()
            metric = validate(model)
            history.validation.append((epoch, metric))
            stopping.update(epoch, metric)
            if report is not None:
                report(epoch, metric)
        return f"loss {loss:.4f}"

    history.interrupted = run_epochs(
        train_epoch, epochs, name=name, finished=lambda: stopping.finished, progress=progress
    )
    check_weights(model.parameters(), name, "lr")
    model.eval()
    history.best_epoch = stopping.best_epoch if validate is not None else len(history.losses)
    if stopping.best_epoch:
        history.best = stopping.best
    history.seconds = time.perf_counter() - started
    return history


def start(
    kind: type[AnyModel], dataset: RecDataset, settings: Any, seed: int, device: str = "cpu"
) -> tuple[AnyModel, torch.Generator]:
    """An untrained model and the generator that its training draws from, both from one seed, on one device.

    The model starts from the same numbers on every device; what is drawn afterwards differs between them.
    """
    torch.manual_seed(seed)
    model = kind(dataset, settings).to(device)
    for part in vars(model).values():
        if isinstance(part, torch.optim.Optimizer):
            part.load_state_dict(part.state_dict())  # Adagrad's sums exist already and have to follow the parameters
    return model, torch.Generator(device).manual_seed(seed)


def fit(
    kind: type[AnyModel], dataset: RecDataset, settings: Any, seed: int, epochs: int | None, progress: bool,
    device: str = "cpu",
) -> AnyModel:  # fmt: skip
    """A model trained for `epochs`, or for `settings.epochs` when None."""
    model, generator = start(kind, dataset, settings, seed, device)
    train(model, generator, settings.epochs if epochs is None else epochs, progress=progress, name=kind.__name__)
    return model
