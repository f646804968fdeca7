"""The model in a run folder that can be asked."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

from ramgnn import runs
from ramgnn.cli.importing import imported
from ramgnn.cli.typed import flag
from ramgnn.errors import DataError, RamgnnError
from ramgnn.fitted import FittedModel
from ramgnn.locks import is_held
from ramgnn.runs.folder import BEFORE, FILES, FIX, RUN, SERVED, WEIGHTS
from ramgnn.runs.started import warn_if_stopped
from ramgnn.visible import visible_lines

MOST = 5  # runs that are named


def load_model(folder: str, evaluated: bool = False, reasons: bool = True) -> FittedModel:
    """The model in a run folder that recommends; with `evaluated` the one that the metrics are of.

    Args:
        reasons: False where nothing but scores and similar items are asked for, which may spare the import of PyTorch.

    Raises:
        RamgnnError: there is none, or its training was stopped before there was anything to score with.
    """
    check_run(folder)
    if not (evaluated or reasons) and (vectors := runs.load_vectors(folder)) is not None:
        return vectors
    loading = imported("ramgnn.runs.loading")
    with warnings.catch_warnings(record=True) as noted:
        warnings.simplefilter("always", UserWarning)
        model = loading.load(folder) if evaluated else loading.load_serving(folder)
        if model.scorer is not None:
            warn_if_stopped(folder, model)
    for warning in (x for x in noted if issubclass(x.category, UserWarning)):
        print(f"ramgnn: {visible_lines(str(warning.message))}", file=sys.stderr)
    if model.scorer is None and not model.interrupted:
        raise DataError("the weights have no recommender", file=Path(folder) / WEIGHTS, fix=FIX)
    if model.scorer is None:
        again = f"go on with it: {_resume(folder)}" if runs.unfinished(folder) else "train again"
        raise RamgnnError(f"{folder} was stopped during {model.interrupted}, before there was a recommender; {again}")
    return model


def check_run(folder: str) -> None:
    """Refuse what holds no run, before it is read.

    Raises:
        RamgnnError: a run was started there and is not finished.
        DataError: there is none; names those that lie in the folder, beside it, or in ``runs``.
    """
    path = Path(folder)
    if (path / RUN).exists():
        return
    if runs.unfinished(path):
        if is_held(path):
            raise RamgnnError(f"{folder} holds a training that still goes on; wait until it has ended")
        raise RamgnnError(f"{folder} holds a run that was stopped; go on with it: {_resume(folder)}")
    if any((path / name).exists() for name in FILES):  # what is left of a run
        return
    if (path.parent / RUN).exists():  # a file in a run
        found = [str(path.parent)]
    else:
        found = next(filter(None, map(_runs_in, (path, path.parent, Path("runs")))), [])
    fix = f"name a run that there is: {', '.join(found[:MOST])}{', …' * (len(found) > MOST)}"
    raise DataError(
        "there is no such file",
        file=path / RUN,
        expected="a run folder that was written to its end; check its name",
        fix=fix if found else "check the path, or train first: ramgnn train",
    )


def _runs_in(folder: Path) -> list[str]:
    """The run folders in a folder, those that were trained last first."""
    try:
        inside = (p for p in folder.glob(f"*/{RUN}") if p.parent.name not in (SERVED, BEFORE))
        return [str(p.parent) for p in sorted(inside, key=lambda p: -p.stat().st_mtime)]
    except (OSError, ValueError):  # the latter of a name that no file can have
        return []


def _resume(folder: str) -> str:
    return f"ramgnn train {flag('--resume', folder)}"
