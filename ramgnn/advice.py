"""Options named in errors and notes, in the words of whoever reads them.

A message that says what to do writes ``f"pass {option('duplicates', 'first')} to keep one"``. From Python it reads
``pass duplicates='first' to keep one``; while the command line runs a command, ``pass --option duplicates=first``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

# what becomes of a training that was stopped before it could recommend
GO_ON = "go on with it, by ramgnn train --resume FOLDER or by the same ramgnn.fit with its checkpoints, or train again"
OPEN = "NAME"  # stands for a value that only the reader knows

Words = Callable[..., str]  # from the name of an option and, perhaps, its value to what is typed


def in_python(name: str, *value: Any) -> str:
    """``name='value'``, or the name alone where no value is given."""
    return f"{name}={value[0]!r}" if value else name


_words: ContextVar[tuple[Words, str]] = ContextVar("words", default=(in_python, ", "))


def option(name: str, *value: Any) -> str:
    """An option, as it is typed where the message is read.

    Args:
        name: what Python calls it.
        value: at most one; without it, the name alone.
    """
    say, _ = _words.get()
    return say(name, *value)


def options(values: Mapping[str, Any]) -> str:
    """Several options with their values, as they are typed one behind the other."""
    say, between = _words.get()
    return between.join(say(name, value) for name, value in values.items())


@contextmanager
def words(say: Words, between: str = " ") -> Iterator[None]:
    """Within this context `option` says what `say` says, and `options` puts `between` between them."""
    token = _words.set((say, between))
    try:
        yield
    finally:
        _words.reset(token)
