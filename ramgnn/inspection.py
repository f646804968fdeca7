"""Looking at a model without changing it: in evaluation mode, what goes into its layers, what is overridden."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

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


def is_unchanged(module: nn.Module, original: type[nn.Module], *methods: str) -> bool:
    """Whether methods of a module are those of the original class: neither overridden nor replaced."""
    replaced = any(name in vars(module) for name in methods)
    overridden = any(getattr(type(module), name) is not getattr(original, name) for name in methods)
    return not (replaced or overridden)


def refuse_overridden(cls: type, original: type, *methods: str, instead: str) -> None:
    """Refuse a subclass that overrides methods which only put others together.

    Args:
        instead: says what to override.

    Raises:
        RamgnnError: one of these methods is not that of the original class.
    """
    for name in methods:
        if getattr(cls, name) is not getattr(original, name):
            raise RamgnnError(
                f"{cls.__name__} overrides {name} of {original.__name__}, which only puts the equations together: "
                f"not every path calls it; {instead}"
            )


def layer_inputs(
    model: nn.Module, layers: Iterable[nn.Module], *arguments: Any, see: Callable[..., None] | None = None
) -> list[tuple[Any, Any]]:
    """The first two arguments of each layer, as a model really hands them over.

    Args:
        layers: parts of the model; where one is called several times, the last call counts.
        arguments: what the model is called with, and each layer behind its first two.
        see: is shown each layer with its arguments before it runs; may refuse them.

    Raises:
        RamgnnError: the model does not call one of the layers, or hands it something else behind its first two.
    """
    layers, given, name = list(layers), {}, type(model).__name__

    def record(layer: nn.Module, positional: tuple, named: dict[str, Any]) -> None:
        bound = inspect.signature(layer.forward).bind(*positional, **named)
        bound.apply_defaults()
        handed = bound.arguments  # in the order of the signature
        for (argument, got), expected in zip(list(handed.items())[2:], arguments, strict=True):
            if got is not expected and not (isinstance(got, int) and got == expected):
                raise RamgnnError(
                    f"{name}.forward hands layer {layers.index(layer) + 1} another `{argument}` than it was given, so "
                    "attention and reasons would not be those of its embeddings; hand on the one that it gets"
                )
        given[layer] = tuple(handed.values())[:2]
        if see is not None:
            see(layer, *handed.values())

    hooks = [layer.register_forward_pre_hook(record, with_kwargs=True) for layer in layers]
    try:
        model(*arguments)
    finally:
        for hook in hooks:
            hook.remove()
    for n, layer in enumerate(layers, 1):
        if layer not in given:
            raise RamgnnError(
                f"{name}.forward does not call layer {n} of its {len(layers)}, so attention would not be that of its "
                "embeddings; call all of self.layers, or override `logits` as well"
            )
    return [given[layer] for layer in layers]


def check_shape(name: str, x: Any, *shape: int | None) -> None:
    """Refuse what is no tensor of a shape; None stands for any number.

    Raises:
        RamgnnError: it is none.
    """
    expected = ", ".join("d" if n is None else str(n) for n in shape) + ("," if len(shape) == 1 else "")
    if not isinstance(x, Tensor):
        raise RamgnnError(
            f"{name} gives back {'None' if x is None else type(x).__name__}; expected ({expected}) numbers"
        )
    if x.ndim != len(shape) or any(n not in (None, size) for n, size in zip(shape, x.shape, strict=True)):
        raise RamgnnError(f"{name} gives back a tensor of shape {tuple(x.shape)}; expected ({expected})")
