"""What is to be typed on a shell: options and commands that can be pasted, whatever stands in an id or a path."""

from __future__ import annotations

import shlex
from argparse import ArgumentParser
from collections.abc import Mapping
from functools import cache
from typing import Any

from ramgnn.cli import options


def flag(name: str, value: object) -> str:
    """A long option with its value, as in ``--user 'Ann B'``; ``--user=-1`` where the value looks like an option."""
    text = str(value)
    return f"{name}={shlex.quote(text)}" if text.startswith("-") else f"{name} {shlex.quote(text)}"


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
        return f"--option {shlex.quote(f'{name}={_text(value[0])}')}" if value else f"--option {name}=…"
    if not value:
        return flags[name]
    if isinstance(value[0], Mapping):
        pairs = (f"{key}={_text(each)}" for key, each in value[0].items())
        return f"{flags[name]} {' '.join(map(shlex.quote, pairs))}"
    return flag(flags[name], _text(value[0]))


def _text(value: object) -> str:
    """A value as the command line reads it."""
    if isinstance(value, (list, tuple)):
        return ",".join(map(str, value))
    return "none" if value is None else str(value).replace("\t", r"\t")


@cache
def _flags() -> dict[str, str]:
    """The options of data sets that have a word of their own, by the name that Python has for them."""
    parser = ArgumentParser(add_help=False)
    options.dataset(parser)
    return {action.dest: action.option_strings[0] for action in parser._actions}
