"""Checkpoints: what a stage of training needs to go on after it was killed, to the same numbers.

One file per stage, written beside its place and then moved there, so there is always a whole one. It is a safetensors
file: parameters, the optimiser's moments and the state of the random generator are its tensors, and everything else
(history, thresholds, rewards) is JSON in its header. No pickle.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from ramgnn import distributed
from ramgnn.errors import DataError, RamgnnError
from ramgnn.files import replacing


@dataclass(frozen=True)
class Checkpoint:
    """The checkpoint of one stage.

    Attributes:
        path: the file.
    """

    path: Path

    def save(self, tensors: dict[str, Tensor], state: dict[str, Any]) -> None:
        """Write tensors and plain values; of several processes only the first writes.

        Raises:
            RamgnnError: the file cannot be written.
        """
        if distributed.rank() > 0:
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            plain = {name: x.detach().cpu().contiguous() for name, x in tensors.items()}
            with replacing(self.path) as part:
                save_file(plain, part, metadata={"state": json.dumps(state)})
        except (OSError, SafetensorError) as error:
            raise RamgnnError(f"cannot write the checkpoint {self.path}: {error}; is the disk full?") from None

    def load(self) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
        """What was saved last, on the CPU; None when nothing was.

        Raises:
            DataError: the file is broken.
        """
        if not self.path.exists():
            return None
        try:
            with safe_open(self.path, "pt") as stored:
                state = json.loads(stored.metadata()["state"])
                return {name: stored.get_tensor(name) for name in stored.keys()}, state  # noqa: SIM118
        except (OSError, SafetensorError, ValueError, KeyError, TypeError) as error:
            raise DataError(
                f"the checkpoint cannot be read: {error}", file=self.path, fix="delete it; its stage then starts anew"
            ) from None


def training_tensors(
    model: torch.nn.Module, optimiser: torch.optim.Optimizer, generator: torch.Generator
) -> dict[str, Tensor]:
    """What every stage of training depends on: parameters, the moments of Adam, the state of the generator."""
    tensors = named("model", model.state_dict()) | named("adam", adam_tensors(optimiser))
    return tensors | {"generator": generator.get_state()}


def restore_training(
    tensors: dict[str, Tensor], model: torch.nn.Module, optimiser: torch.optim.Optimizer, generator: torch.Generator
) -> None:
    """Put back what `training_tensors` took out."""
    model.load_state_dict(under("model", tensors))
    restore_adam(optimiser, under("adam", tensors))
    generator.set_state(tensors["generator"])


def named(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The tensors with a prefix before their names."""
    return {f"{prefix}.{name}": x for name, x in tensors.items()}


def under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Those with that prefix, without it; the inverse of `named`."""
    return {name.removeprefix(f"{prefix}."): x for name, x in tensors.items() if name.startswith(f"{prefix}.")}


def adam_tensors(optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    """The moments and step counts of Adam by parameter and kind, ``"3.exp_avg"``."""
    state = optimiser.state_dict()["state"]
    return {f"{i}.{kind}": x for i, own in state.items() for kind, x in own.items()}


def restore_adam(optimiser: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    """Put back what `adam_tensors` took out."""
    state: dict[int, dict[str, Tensor]] = {}
    for name, x in tensors.items():
        i, kind = name.split(".")
        state.setdefault(int(i), {})[kind] = x
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})
