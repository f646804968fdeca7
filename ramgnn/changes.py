"""Changes to settings, as they are typed or written: NAME=VALUE, by kind and by name."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import fields
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from ramgnn import arguments
from ramgnn.errors import NotFoundError, RamgnnError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def assignments(changes: Sequence[str] | Mapping[str, Any]) -> list[tuple[str, Any, str]]:
    """Changes as ``(name, value, text)``; a value given as text is text still."""
    example = "as in {'pretrain.dim': 32} or ['pretrain.dim=32']"
    if isinstance(changes, Mapping):
        for name in changes:
            arguments.instance("the name of a setting", name, str, f"text, {example}")
        return [(name, value, f"{name}={value}") for name, value in changes.items()]
    if isinstance(changes, str):
        changes = [changes]
    rows = []
    for text in arguments.instance("changes", changes, Iterable, f"settings, {example}"):
        arguments.instance("a change", text, str, f"text, {example}")
        name, equals, value = text.partition("=")
        if not equals:
            raise RamgnnError(f"cannot read the setting {text!r}; expected NAME=VALUE, as in pretrain.dim=32")
        rows.append((name, value, text))
    return rows


def kinds_of(part: DataclassInstance, but: Collection[str] = ()) -> dict[str, str]:
    """The kind of each setting, as `arguments.read_setting` takes it: ``"int | None"``; a choice among words is one.

    Args:
        but: names of fields that are left out.
    """
    kinds = {f.name: arguments.annotation(f.type) for f in fields(part) if f.name not in but}
    return {name: "str" if kind.startswith("Literal") else kind for name, kind in kinds.items()}


def check_kind(name: str, value: Any, kind: str) -> None:
    """Refuse a value of another kind, which a setting has that was written in code and not by `Config.override`."""
    kinds = kind.split(" | ")
    if set(kinds) <= set(arguments.KINDS) and not arguments.is_of_kind(value, kinds):
        raise arguments.wrong(name, value, " or ".join(arguments.KINDS[k] for k in kinds))
    if not arguments.is_finite(value):
        raise arguments.wrong(name, value, "a finite number")


def no_setting(name: str, names: Sequence[str]) -> NotFoundError:
    """The error for a setting that is not there: those of that name in a stage, those that resemble it, or all."""
    same = [known for known in names if known.rpartition(".")[2] == name.rpartition(".")[2]]
    near = same or get_close_matches(name, names, 3, 0.5)
    return NotFoundError("setting", name, near, None if near else f"the settings are {', '.join(names)}")
