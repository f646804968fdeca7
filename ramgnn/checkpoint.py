"""Checkpoints: what a stage of training needs to go on after it was killed, to the same numbers.

One file per stage, written beside its place and then moved there, so there is always a whole one. It is a safetensors
file: parameters, the optimiser's moments and the state of the random generator are its tensors, and everything else
(history, thresholds, rewards) is JSON in its header, beside what the training is of and a sum over all that. No pickle.

A checkpoint may have been made by a stranger: everything in it is checked before it is used.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from ramgnn import distributed
from ramgnn.errors import DataError, RamgnnError
from ramgnn.files import make_folder, open_file, parse_json, replacing

if TYPE_CHECKING:
    from ramgnn.sampler import Bandit


@dataclass(frozen=True)
class Checkpoint:
    """The checkpoint of one stage.

    Attributes:
        path: the file.
        made_for: what the training is of, as plain values: settings, seed, data. One of another training is refused.
    """

    path: Path
    made_for: Mapping[str, Any] = field(default_factory=dict)

    def save(self, tensors: dict[str, Tensor], state: dict[str, Any]) -> None:
        """Write tensors and plain values; of several processes only the first writes.

        Raises:
            RamgnnError: the file cannot be written.
        """
        if distributed.rank() > 0:
            return
        make_folder(self.path.parent)
        plain = {name: x.detach().cpu().contiguous() for name, x in tensors.items()}
        text = json.dumps({"made_for": self.made_for, "state": state})
        with replacing(self.path) as part:
            save_file(plain, part, metadata={"content": text, "sha256": _sum_of(plain, text)})

    def load(self) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
        """What was saved last, on the CPU; None when nothing was.

        Raises:
            DataError: the file is broken, or it is of another training.
        """
        if not self.path.exists():
            return None
        with self.restoring(), open_file(self.path), safe_open(self.path, "pt") as stored:
            metadata = stored.metadata()
            content = parse_json(metadata["content"])
            tensors = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
            if _sum_of(tensors, metadata["content"]) != metadata["sha256"]:
                raise ValueError("it was changed after it was written")
            made_for, state = content["made_for"], content["state"]
            if not isinstance(made_for, dict) or not isinstance(state, dict):
                raise ValueError("it does not say what it is of")
        # through JSON, where a tuple is a list
        expected = json.loads(json.dumps(self.made_for))
        if different := [name for name in expected if made_for.get(name) != expected[name]]:
            raise DataError(
                f"the checkpoint is of another training: {', '.join(different)} differ",
                file=self.path,
                fix="give another folder, or delete the checkpoint; its stage then starts anew",
            )
        return tensors, state

    @contextmanager
    def restoring(self) -> Iterator[None]:
        """What goes wrong while the content is put in its place is a clear error.

        Raises:
            DataError: something did.
        """
        try:
            yield
        except (OSError, SafetensorError, ArithmeticError, AttributeError, LookupError, RecursionError, RuntimeError,
                TypeError, ValueError) as error:  # fmt: skip
            if isinstance(error, RamgnnError):
                raise
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise DataError(
                f"the checkpoint cannot be read: {reason}", file=self.path, fix="delete it; its stage then starts anew"
            ) from None


def _sum_of(tensors: dict[str, Tensor], text: str) -> str:
    """A SHA-256 over all tensors, in the order of their names, and the text."""
    digest = hashlib.sha256(text.encode())
    for name in sorted(tensors):
        digest.update(f"{name} {tensors[name].dtype} {tuple(tensors[name].shape)}".encode())
        digest.update(tensors[name].contiguous().view(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def training_tensors(
    model: torch.nn.Module, optimiser: torch.optim.Optimizer, generator: torch.Generator
) -> dict[str, Tensor]:
    """What every stage of training depends on: parameters, the moments of Adam, the state of the generator."""
    tensors = named("model", model.state_dict()) | named("adam", adam_tensors(optimiser))
    return tensors | {"generator": generator.get_state()}


def restore_training(
    tensors: dict[str, Tensor], model: torch.nn.Module, optimiser: torch.optim.Optimizer, generator: torch.Generator
) -> None:
    """Put back what `training_tensors` took out.

    Raises:
        ValueError: something has another shape or type than it has to have, or is no finite number.
        RuntimeError: parameters are missing or have other shapes.
    """
    check_like(model.state_dict(), under("model", tensors))
    model.load_state_dict(under("model", tensors))
    restore_adam(optimiser, under("adam", tensors))
    generator.set_state(tensors["generator"])


def check_like(expected: Mapping[str, Tensor], tensors: Mapping[str, Tensor]) -> None:
    """Do nothing when tensors have the shapes and types of others of the same names, and finite numbers.

    Raises:
        ValueError: one has not.
    """
    for name, x in tensors.items():
        like = expected.get(name)
        if like is None or like.shape != x.shape or like.dtype != x.dtype:
            was = "nothing" if like is None else f"{tuple(like.shape)} {like.dtype}"
            raise ValueError(f"{name!r} is {tuple(x.shape)} {x.dtype}; expected {was}")
        if x.is_floating_point() and not x.isfinite().all():
            raise ValueError(f"{name!r} holds values that are no finite numbers")


def check_bandit(stored: Bandit, fresh: Bandit) -> None:
    """Do nothing when one bandit can be what became of another.

    Raises:
        ValueError: it cannot: it has other bounds, or a state that no bandit with these bounds has.
    """
    if (stored.k_max, stored.step, stored.rule) != (fresh.k_max, fresh.step, fresh.rule):
        raise ValueError("its bandit has other bounds, steps or rules")
    lists = stored.k, stored.rewards, stored.stopped, *([] if stored.last is None else [stored.last])
    whole = [*stored.k, stored.iterations, *(x for x in stored.stopped if x is not None)]
    if any(len(x) != len(fresh.k) for x in lists) or any(type(x) is not int for x in whole):
        raise ValueError("its bandit has a state for other relation types")
    if any(r not in (-1, 1) for rewards in stored.rewards for r in rewards):
        raise ValueError("its bandit has rewards that are neither +1 nor -1")


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
    """Put back what `adam_tensors` took out.

    A fused Adam writes where its moments lie without asking how long they are: their shapes are checked here.

    Raises:
        ValueError: a moment is not like its parameter, or is of none.
    """
    parameters = [p for group in optimiser.param_groups for p in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for name, x in tensors.items():
        i, kind = name.split(".")
        like = parameters[int(i)] if kind in ("exp_avg", "exp_avg_sq") else torch.zeros(())
        if kind not in ("exp_avg", "exp_avg_sq", "step") or int(i) < 0:
            raise ValueError(f"Adam has no {name!r}")
        check_like({name: like}, {name: x})
        state.setdefault(int(i), {})[kind] = x
    if any(len(moments) != 3 for moments in state.values()):
        raise ValueError("a moment of Adam is missing")
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})
