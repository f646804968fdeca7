"""The loop: try case after case of a target, count what became of them, keep what went wrong with how to repeat it.

A case is known by target, seed and number alone, so that each can be tried again by itself.
"""

from __future__ import annotations

import contextlib
import random
import shutil
import signal
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

SECONDS_A_CASE = 20


class Wrong(AssertionError):
    """A case was accepted, and gave something else than it has to."""


class Hang(BaseException):
    """A case took too long."""


class Target(Protocol):
    """What is fuzzed.

    Attributes:
        name: what it is called on the command line.
        story: what was done to the input of the last case, in words.
    """

    name: str
    story: list[str]

    def try_one(self, rng: random.Random, folder: Path) -> str:
        """Make one input in an empty folder and try it; returns what became of it, in one word.

        Raises:
            Wrong: it was read as something else than it is. Any other error is one that nobody should see.
        """


@dataclass
class Found:
    """What the cases of one target came to.

    Attributes:
        outcomes: how many cases ended how; failures: the numbers of those that went wrong, by the kind of failure.
    """

    outcomes: Counter[str] = field(default_factory=Counter)
    failures: dict[str, list[int]] = field(default_factory=dict)
    seconds: float = 0.0


def fuzz(
    target: Target, seed: int, seconds: float, most: int | None, keep: Path | None = None, first: int = 0
) -> Found:
    """Try cases until the time is up or there were enough.

    Args:
        most: how many cases at most; None for no bound.
        keep: where folders of failures go; None keeps none.
        first: the number of the first case.
    """
    found, started = Found(), time.monotonic()
    number = first
    while time.monotonic() - started < seconds and (most is None or number < first + most):
        failure = try_case(target, seed, number, found, keep)
        if failure is not None:
            found.failures.setdefault(failure, []).append(number)
        number += 1
    found.seconds = time.monotonic() - started
    return found


def try_case(target: Target, seed: int, number: int, found: Found, keep: Path | None) -> str | None:
    """One case; the kind of its failure, or None when all is well."""
    target.story = []
    with tempfile.TemporaryDirectory(prefix="fuzz-") as name:
        folder = Path(name)
        try:
            with at_most(SECONDS_A_CASE):
                found.outcomes[target.try_one(random.Random(f"{target.name} {seed} {number}"), folder)] += 1
            return None
        except (Exception, Hang) as error:
            kind = f"{type(error).__name__} in {_place(error)}"
            if isinstance(error, Wrong):
                kind = f"wrong: {str(error).splitlines()[0][:60]}"
            if keep is not None:
                _keep(keep / f"{target.name}-{seed}-{number}", folder, target, seed, number)
            return kind


@contextlib.contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """End what takes longer, where the system has an alarm."""

    def ring(*_: object) -> None:
        raise Hang(f"more than {seconds} s")

    if not hasattr(signal, "setitimer"):
        yield
        return
    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _place(error: BaseException) -> str:
    """The last line of the package in a traceback."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if f"{Path('ramgnn')}/" in f.filename] or frames
    return f"{'/'.join(Path(own[-1].filename).parts[-2:])}:{own[-1].lineno}"


def _keep(place: Path, folder: Path, target: Target, seed: int, number: int) -> None:
    """Keep the input of a case that went wrong, its traceback, and the command that repeats it."""
    if place.exists():
        shutil.rmtree(place)
    shutil.copytree(folder, place / "input", symlinks=True)
    command = f"python -m tests.fuzz --only {target.name} --seed {seed} --case {number}"
    text = "\n".join([command, "", *target.story, "", traceback.format_exc()])
    (place / "story.txt").write_bytes(text.encode("utf-8", "backslashreplace"))
