"""SIGTERM, which `kill` and batch systems send, stops a command as Ctrl-C does; only the exit status is another."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ramgnn.cli.checks import INTERRUPTED

TERMINATED = 128 + signal.SIGTERM  # 143, as shells have it


class Terminated(KeyboardInterrupt):
    """What SIGTERM raises: whatever keeps what was reached at Ctrl-C keeps it then too."""


class Stops:
    """Remembers whether SIGTERM came, since a loop that keeps what it reached does not let the exception through."""

    terminated = False

    def __call__(self, *_) -> None:
        """The handler of the signal."""
        self.terminated = True
        raise Terminated

    def status(self, status: int) -> int:
        """The exit status of a command that ended with `status`."""
        return TERMINATED if self.terminated and status == INTERRUPTED else status


@contextmanager
def stops() -> Iterator[Stops]:
    """Within, SIGTERM stops like Ctrl-C, unless the program around has a handler of its own or runs other threads."""
    handler = Stops()
    is_ours = (
        threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    )
    if is_ours:
        signal.signal(signal.SIGTERM, handler)
    try:
        yield handler
    finally:
        if is_ours:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
