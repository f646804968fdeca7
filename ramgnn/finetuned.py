"""What fine-tuning leaves: final embeddings, the epoch that they are from, and a history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

import numpy as np
from torch import Tensor, nn


class Final(Protocol):
    """What is kept of a trained model to score with: final embeddings, or a model with a clock.

    Attributes:
        users: ``(n_users, d)``; items: ``(n_items, d)``, by which they are compared.
    """

    users: Tensor
    items: Tensor

    def __call__(self, users: np.ndarray) -> Tensor:
        """The scores of all items for some users: ``(b, n_items)``."""

    def tensors(self) -> dict[str, Tensor]:
        """All numbers in it, by name."""

    def with_tensors(self, tensors: Mapping[str, Tensor]) -> Final:
        """The same with other numbers, which come to its device; the inverse of `tensors`."""


@dataclass
class FinetuneEpoch:
    """What one epoch of fine-tuning left behind.

    Attributes:
        epoch: counted from 1.
        loss: the mean per interaction (listwise losses) or pair (pairwise ones), without the penalty.
        validation: the metric; None where the epoch was not validated.
        seconds: wall time.
    """

    epoch: int
    loss: float
    validation: float | None = None
    seconds: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """The epoch as plain values, for JSON; without `validation` where there is none."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass
class Finetuned:
    """The result of `finetune`.

    Attributes:
        model: the recommender; final: what is kept of it, as it was at the best epoch.
        best_epoch: the epoch `final` is from.
        history: one `FinetuneEpoch` each.
        interrupted: True when Ctrl-C ended it early.
        resumed: how many of the epochs came from a checkpoint.
    """

    model: nn.Module | None
    final: Final
    best_epoch: int
    history: list[FinetuneEpoch] = field(default_factory=list)
    interrupted: bool = False
    resumed: int = 0

    def history_dict(self) -> dict[str, Any]:
        """The history as plain values, for JSON."""
        epochs = [epoch.to_dict() for epoch in self.history]
        return {"best_epoch": self.best_epoch, "interrupted": self.interrupted, "epochs": epochs}
