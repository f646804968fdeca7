"""How options add up: a list grows with each, a single value is given once, and nothing silently replaces another."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any, NoReturn

PATHS = ("FILE", "FOLDER", "RUN")  # what help calls the options that take a path


class Parser(argparse.ArgumentParser):
    """A parser that takes options in full and refuses one that is given twice with different values.

    Attributes:
        given: what was typed, by the name of the option; an option left at its default is not in it.
    """

    given: dict[str, Any]

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter, **kwargs)
        self.given = {}
        for name in (None, "store"):
            self.register("action", name, Once)

    def parse_known_args(self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None):
        """As `argparse` has it."""
        self.given = {}
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        """End with status 2 and what is wrong, which a list of all options would hide."""
        self.exit(2, f"{self.prog}: {message}\n  {self.prog} --help lists the options\n")

    def unknown(self, arguments: Sequence[str]) -> None:
        """End with what may have been meant.

        Args:
            arguments: what no option is called.
        """
        known = [option for option in self._option_string_actions if option.startswith("--")]
        near = {text: get_close_matches(text.partition("=")[0], known, n=1) for text in arguments}
        meant = [f"; did you mean {near[text][0]}?" for text in arguments if near[text]]
        self.error(f"unrecognized arguments: {' '.join(arguments)}{''.join(meant[:1])}")


def _note(parser: argparse.ArgumentParser, action: argparse.Action, option: str | None, value: Any) -> None:
    """Refuse a second value of an option of one value.

    Raises:
        argparse.ArgumentError: there was another one.
    """
    given = parser.given
    if option is not None and given.setdefault(action.dest, value) != value:
        raise argparse.ArgumentError(action, f"given as {given[action.dest]!r} and as {value!r}; expected one of them")


class Once(argparse.Action):
    """One value; the same once more changes nothing."""

    def __call__(self, parser, namespace, values, option_string=None) -> None:
        """Keep the value."""
        if values == "" and self.metavar in PATHS:
            raise argparse.ArgumentError(self, "the path is empty")
        _note(parser, self, option_string, values)
        setattr(namespace, self.dest, values)


class OnceOrNot(argparse.BooleanOptionalAction):
    """``--refit`` or ``--no-refit``."""

    def __call__(self, parser, namespace, values, option_string=None) -> None:
        """Keep which of both it was."""
        _note(parser, self, option_string, not option_string.startswith("--no-"))
        super().__call__(parser, namespace, values, option_string)


class Adding(argparse.Action):
    """Several values, each once, in the order in which they were typed; more of them where the option comes again."""

    def __call__(self, parser, namespace, values, option_string=None) -> None:
        """Add the values to those of before; the first ones replace the default."""
        before = parser.given.get(self.dest, [])
        parser.given[self.dest] = list(dict.fromkeys([*before, *values]))
        setattr(namespace, self.dest, parser.given[self.dest])


class AddingPairs(Adding):
    """Several ``NAME=VALUE``, each name with one value."""

    def __call__(self, parser, namespace, values, option_string=None) -> None:
        """Add the pairs to those of before."""
        super().__call__(parser, namespace, values, option_string)
        value_of: dict[str, str] = {}
        for text in parser.given[self.dest]:
            name, equals, value = text.rpartition("=") if self.dest == "bins" else text.partition("=")
            if equals and value_of.setdefault(name, value) != value:
                raise argparse.ArgumentError(
                    self, f"{name!r} is given as {value_of[name]!r} and as {value!r}; expected one of them"
                )
