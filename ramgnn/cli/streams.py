"""Standard output and standard error for text of other people's making, in whatever encoding they have.

While a command runs, both show control characters as escapes, write a character that their encoding lacks as an escape
too, and say in one line that they cannot be written to. JSON and CSV go past that as UTF-8, by `write_data`.
"""

from __future__ import annotations

import io
import os
import re
import select
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, TextIO

from ramgnn.errors import RamgnnError, RamgnnWarning
from ramgnn.visible import visible, visible_stream

# where a progress bar goes: back to the beginning of its line, or up and down by lines
_BAR = re.compile(r"\r|\n*(\x1b\[A)*\Z")


class CannotPrint(RamgnnError):
    """Standard output cannot be written to."""


class Shown:
    """A stream of text that shows what it is given.

    Args:
        stream: where it goes to; what is not said here is asked of it.
        bars: whether progress bars are drawn there, which move the cursor.
    """

    def __init__(self, stream: TextIO, bars: bool = False) -> None:
        self.stream, self.bars = stream, bars

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)

    def write(self, text: str) -> int:
        """Write text, every character of it to be seen."""
        bar = _BAR.match(text) if self.bars else None
        shown = bar[0] + visible(text[bar.end() :]) if bar else visible_stream(text)
        if encoding := getattr(self.stream, "encoding", None):
            shown = shown.encode(encoding, "backslashreplace").decode(encoding)
        with _one_line():
            buffer = getattr(self.stream, "buffer", None)
            if isinstance(buffer, io.RawIOBase):  # without a buffer (PYTHONUNBUFFERED) a write may be cut short
                _send(buffer, shown.replace("\n", os.linesep).encode(encoding or "utf-8", "backslashreplace"))
            else:
                self.stream.write(shown)
        return len(text)

    def writelines(self, lines: Iterator[str]) -> None:
        """Write several pieces of text."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Send off what has been written."""
        with _one_line():
            self.stream.flush()

    def write_data(self, text: str) -> None:
        """Write text as UTF-8, whatever the encoding of the stream."""
        if (buffer := getattr(self.stream, "buffer", None)) is None:
            self.stream.write(text)
            return
        with _one_line():
            self.stream.flush()
            _send(buffer, text.encode("utf-8", "backslashreplace"))
            buffer.flush()


def _send(buffer: BinaryIO, data: bytes) -> None:
    """Write all of it: a raw file, or a pipe that does not wait, takes a part at a time."""
    left = memoryview(data)
    while left:
        try:
            n = buffer.write(left)
        except BlockingIOError as error:
            n = error.characters_written
        if not n:  # nothing was taken: wait until something will be
            select.select([], [buffer], [], 1.0)
        left = left[n or 0 :]


@contextmanager
def shown() -> Iterator[None]:
    """Within this context `sys.stdout` and `sys.stderr` are `Shown`; what goes to a closed one goes nowhere."""
    before = sys.stdout, sys.stderr
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        sys.stdout, sys.stderr = (
            Shown(nowhere if stream is None else stream, bars)
            for stream, bars in zip(before, (False, True), strict=True)
        )
        try:
            yield
        finally:
            sys.stdout, sys.stderr = before


def write_data(text: str) -> None:
    """Write to standard output for a program to read: UTF-8, and what is there unchanged."""
    if sys.stdout is None:
        return
    getattr(sys.stdout, "write_data", sys.stdout.write)(text)


def discard() -> None:
    """Send what is still to be written to standard output nowhere, so that Python does not complain at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def _one_line() -> Iterator[None]:
    """A disk that is full is an error like others; a reader that has gone away is for `ramgnn.cli.main`."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise CannotPrint(f"cannot write to standard output: {error.strerror}") from None


@contextmanager
def warnings_in_words() -> Iterator[None]:
    """Show the package's own warnings as a line of ours, above a progress bar and once among several processes."""
    before = warnings.showwarning

    def show(message, category, filename, lineno, file=None, line=None) -> None:
        if not issubclass(category, RamgnnWarning):
            before(message, category, filename, lineno, file, line)
        elif os.environ.get("RANK", "0") == "0":
            from tqdm import tqdm

            tqdm.write(f"ramgnn: {visible(str(message))}", file=sys.stderr)

    warnings.showwarning = show
    try:
        yield
    finally:
        warnings.showwarning = before
