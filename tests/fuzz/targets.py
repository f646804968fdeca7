"""The four targets by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.fuzz.checkpoints import Checkpoints
from tests.fuzz.loop import Target
from tests.fuzz.results import Results
from tests.fuzz.runs import Runs
from tests.fuzz.tables import Tables

TARGETS: dict[str, Callable[[Path], Target]] = {
    "tables": Tables, "runs": Runs, "checkpoints": Checkpoints, "results": Results,
}  # fmt: skip
