"""The run folder of ``ramgnn train``: who holds it, what is not replaced, what becomes of it where training stops."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ramgnn import distributed, runs
from ramgnn.cli import checks
from ramgnn.cli.typed import flag
from ramgnn.errors import DivergedError, RamgnnError
from ramgnn.locks import locked
from ramgnn.runs import before
from ramgnn.runs.folder import BEFORE
from ramgnn.runs.started import give_up, has_checkpoints
from ramgnn.scores import ScoreError
from ramgnn.visible import visible


@contextmanager
def held(folder: Path, args: Namespace) -> Iterator[None]:
    """Hold a run folder while something is trained in it; of several processes of one run the first one does.

    Raises:
        RamgnnError: another process trains there, it holds a run that is not to be replaced or none that can be
            resumed, or it cannot be written to.
    """
    if int(os.environ.get("RANK", "0")) > 0:
        yield
        return
    checks.folder(folder)
    if not (args.resume or args.overwrite):
        try:
            before.check_no_run_of_ours(folder)
        except RamgnnError as error:
            raise RamgnnError(f"{error} with --out, or give --overwrite if that may go") from None
    with locked(folder):
        before.recover(folder)
        if args.resume:
            runs.read_started(folder)  # once more, for another process may have ended it meanwhile
        elif args.overwrite:
            before.check_replaceable(folder)
        else:
            _refuse_to_overwrite(folder)
        yield


def _refuse_to_overwrite(folder: Path) -> None:
    """Refuse a folder that holds a run, complete or not."""
    if runs.unfinished(folder):
        raise RamgnnError(
            f"{folder} holds a run that was stopped: continue it with {flag('--resume', folder)}, or give --overwrite "
            "to begin again, or --out another folder"
        )
    if (folder / runs.RUN).exists():
        raise RamgnnError(f"{folder} holds a run already; give --overwrite to replace it, or --out another folder")


def how_to_resume(folder: Path) -> str:
    """What to type to go on."""
    if not runs.unfinished(folder):
        return "nothing had been trained yet"
    kept = f", and until it is done the run that it replaces, in {visible(folder / BEFORE)}" * before.is_kept(folder)
    processes = os.environ.get("LOCAL_WORLD_SIZE", "1")
    start = f"torchrun --nproc-per-node {processes} -m ramgnn" if processes != "1" else "ramgnn"
    return f"what was reached is kept{kept}; continue with: {start} train {flag('--resume', folder)}"


@contextmanager
def given_up(folder: Path, is_new: bool) -> Iterator[None]:
    """A training that cannot go on leaves nothing, and the run that it was to replace is put back.

    Args:
        folder: the run folder; of several processes of one run the first one clears it.
        is_new: whether the training began now: then an error before its first checkpoint ends it as well.
    """
    try:
        yield
    except Exception as error:  # going on would end in the same place
        ends = isinstance(error, DivergedError | ScoreError) or (is_new and not has_checkpoints(folder))
        if ends and distributed.rank() == 0 and give_up(folder):
            print(f"ramgnn: the run that was in {visible(folder)} before is back in its place", file=sys.stderr)
        raise
