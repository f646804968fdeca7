"""Looking at a model without changing it: in evaluation mode, and what its `forward` hands to its layers."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from ramgnn.errors import RamgnnError


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """No dropout and no gradient inside; afterwards every part of the model is in the mode that it was in."""
    training = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        for module, mode in training:
            module.training = mode


def layer_inputs(model: nn.Module, layers: Iterable[nn.Module], *arguments: Any) -> list[tuple[Any, Any]]:
    """The first two arguments of each layer, as the `forward` of a model hands them over.

    Args:
        layers: parts of the model; where one is called several times, the last call counts.
        arguments: what the model is called with.

    Raises:
        RamgnnError: the model does not call one of them.
    """
    layers, given = list(layers), {}

    def record(layer: nn.Module, positional: tuple, named: dict[str, Any]) -> None:
        bound = inspect.signature(layer.forward).bind(*positional, **named)
        given[layer] = tuple(bound.arguments.values())[:2]  # in the order of the signature

    hooks = [layer.register_forward_pre_hook(record, with_kwargs=True) for layer in layers]
    try:
        model(*arguments)
    finally:
        for hook in hooks:
            hook.remove()
    for n, layer in enumerate(layers, 1):
        if layer not in given:
            raise RamgnnError(
                f"{type(model).__name__}.forward does not call layer {n} of its {len(layers)}, so attention would not "
                "be that of its embeddings; call all of self.layers, or override `logits` as well"
            )
    return [given[layer] for layer in layers]
