"""The loop over epochs that every training here runs in: bar, Ctrl-C, checkpoints, dropout, and when to stop."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor
from tqdm import tqdm

from ramgnn.errors import DivergedError, RamgnnError


def run_epochs(
    train_epoch: Callable[[int], str],
    epochs: int,
    *,
    name: str,
    done: int = 0,
    finished: Callable[[], bool] | None = None,
    save: Callable[[], None] | None = None,
    progress: bool = True,
    label: str | None = None,
) -> bool:
    """Train epoch after epoch.

    Args:
        train_epoch: trains one epoch, counted from 1, notes what is worth keeping, and returns what the bar shows.
        epochs: how many there are at most; done: how many of them are done already.
        name: of the training, in messages.
        finished: asked before each epoch whether to stop early.
        save: called after each epoch; writes a checkpoint.
        progress: show a bar; label: what stands before it, `name` by default.

    Returns:
        True when Ctrl-C ended it; what was reached until then is kept.

    Raises:
        RamgnnError: gradients are off.
        DivergedError: a number of a step goes beyond what 32 bits hold.
    """
    check_gradients()
    bar = tqdm(total=epochs, initial=done, desc=label or name, disable=not progress, unit="epoch")
    try:
        for epoch in range(done + 1, epochs + 1):
            if finished is not None and finished():
                break
            shown = train_epoch(epoch)
            done = epoch
            if save is not None:
                save()
            bar.set_postfix_str(shown, False)
            bar.update()
    except KeyboardInterrupt:
        bar.close()
        tqdm.write(f"{name}: stopped by you after {done} epochs; what was reached is kept")
        return True
    except RuntimeError as error:
        if "without overflow" not in str(error):  # what PyTorch says of a Python number that is no float32
            raise
        raise DivergedError(
            f"{name}: a step of epoch {done + 1} is beyond what 32-bit numbers hold; try a lower learning rate"
        ) from error
    finally:
        bar.close()
    return False


def check_gradients() -> None:
    """Refuse to train where PyTorch computes no gradients.

    Raises:
        RamgnnError: they are off.
    """
    if torch.is_inference_mode_enabled() or not torch.is_grad_enabled():
        raise RamgnnError("gradients are off, so nothing can be trained; call it outside of torch.no_grad()")


def check_loss(loss: float, name: str, epoch: int, learning_rate: str) -> None:
    """Do nothing while a loss is finite.

    Args:
        learning_rate: the name of the setting to lower when it is not.

    Raises:
        DivergedError: it is not.
    """
    if not math.isfinite(loss):
        raise DivergedError(f"{name}: the loss is {loss} in epoch {epoch}; try a lower {learning_rate}")


@torch.no_grad()
def check_weights(weights: Iterable[Tensor], name: str, learning_rate: str) -> None:
    """Do nothing while weights are finite; a loss is of the weights *before* a step, so the last step needs this.

    Args:
        learning_rate: the name of the setting to lower when they are not.

    Raises:
        DivergedError: they are not.
    """
    if any(x.is_floating_point() and not bool(x.isfinite().all()) for x in weights):
        raise DivergedError(f"{name}: the weights are no longer finite numbers; try a lower {learning_rate}")


@contextmanager
def dropout_from(generator: torch.Generator) -> Iterator[None]:
    """Dropout draws from the generator that all do, which has no say in it: it asks that of its device."""
    seed = int(torch.randint(2**62, (), generator=generator, device=generator.device))
    with torch.random.fork_rng([generator.device] if generator.device.type == "cuda" else []):
        torch.manual_seed(seed)
        yield


def warm_average(decay: float) -> Callable[[list[Tensor], list[Tensor], Tensor], None]:
    """A running average that forgets faster in the beginning, by min(decay, (1 + n) / (10 + n)) after n steps.

    Otherwise the start values would stay in it for 1 / (1 - decay) steps, which with little data are many epochs.
    """

    @torch.no_grad()
    def average(running: list[Tensor], current: list[Tensor], n: Tensor) -> None:
        kept = min(decay, (1 + int(n)) / (10 + int(n)))
        torch._foreach_lerp_(running, current, 1 - kept)

    return average


@dataclass
class EarlyStopping:
    """Remembers the best validation, and stops after too many without a gain.

    Attributes:
        patience: how many validations without a gain end the training.
        best: the best metric so far; best_epoch: its epoch, 0 before the first.
        n_without_gain: validations since then.
    """

    patience: int
    best: float = -math.inf
    best_epoch: int = 0
    n_without_gain: int = 0

    def update(self, epoch: int, metric: float) -> bool:
        """Note a validation; True when it is the best so far."""
        if metric > self.best:
            self.best, self.best_epoch, self.n_without_gain = metric, epoch, 0
            return True
        self.n_without_gain += 1
        return False

    @property
    def finished(self) -> bool:
        """True when there were `patience` validations without a gain."""
        return self.n_without_gain >= self.patience
