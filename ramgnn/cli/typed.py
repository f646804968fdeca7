"""What is to be typed on a shell: options and commands that can be pasted, whatever stands in an id or a path."""

from __future__ import annotations

import shlex
from argparse import Action, ArgumentParser, Namespace
from collections.abc import Mapping
from functools import cache
from typing import Any

from ramgnn.cli import options
from ramgnn.visible import visible


def flag(name: str, value: object) -> str:
    """A long option with its value, as in ``--user 'Ann B'``; ``--user=-1`` where the value looks like an option."""
    text = str(value)
    return f"{name}={quoted(text)}" if text.startswith("-") else f"{name} {quoted(text)}"


def quoted(text: str) -> str:
    r"""Text as one word for a shell; ``$'\x1b'`` where it has characters that a terminal does not show."""
    if visible(text) == text:
        return shlex.quote(text)
    letters = (_bytes(c) if visible(c) != c else f"\\{c}" if c in "\\'" else c for c in text)
    return f"$'{''.join(letters)}'"


def _bytes(character: str) -> str:
    r"""A character as its bytes in UTF-8, each as bash and zsh write it: ``\xc2\x9b``."""
    return "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", "surrogateescape"))


def on_shell(name: str, *value: Any) -> str:
    """An option of a data set as the command line takes it: `ramgnn.advice.words` of the shell.

    Args:
        name: what Python calls it.
        value: at most one; without it, the option alone.
    """
    flags = _flags()
    if name not in flags:
        if value == (False,) and f"no_{name}" in flags:
            return flags[f"no_{name}"]
        return f"--option {quoted(f'{name}={_text(value[0])}')}" if value else f"--option {name}=…"
    if not value:
        return flags[name]
    if isinstance(value[0], Mapping):
        pairs = (f"{key}={_text(each)}" for key, each in value[0].items())
        return f"{flags[name]} {' '.join(map(quoted, pairs))}"
    if name == "missing":  # one for each value, for a comma may be part of it
        return " ".join(flag(flags[name], each) for each in value[0])
    return flag(flags[name], _text(value[0]))


def _text(value: object) -> str:
    """A value as the command line reads it."""
    if isinstance(value, (list, tuple)):
        return ",".join(map(str, value))
    return "none" if value is None else str(value).replace("\t", r"\t")


def dataset_flags(args: Namespace) -> str:
    """The options that say which data set was meant and how it is read, as they are typed for another command."""
    words = [flag("--data", args.name)] if getattr(args, "name", None) else []
    for action in _actions():
        value, option = getattr(args, action.dest), action.option_strings[0]
        if value == action.default:
            continue
        if action.nargs == 0:
            words.append(option)
        elif action.nargs == "+":
            words.append(" ".join([option, *map(quoted, value)]))
        elif isinstance(value, list):
            words += [flag(option, each) for each in value]
        else:
            words.append(flag(option, value))
    return " ".join(words)


@cache
def _actions() -> tuple[Action, ...]:
    """The options of data sets."""
    parser = ArgumentParser(add_help=False)
    options.dataset(parser)
    return tuple(parser._actions)


@cache
def _flags() -> dict[str, str]:
    """The options of data sets that have a word of their own, by the name that Python has for them."""
    return {action.dest: action.option_strings[0] for action in _actions()}
