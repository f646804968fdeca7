"""The rows of the models that know the time: RAM-GNN with a clock, its parts, and their rivals."""

from __future__ import annotations

from typing import Any

from ramgnn.experiments.lineup import WITH_TIME
from ramgnn.experiments.models import ModelSpec, RamGnn
from ramgnn.experiments.spaces import SPACES

NAME = "ram-gnn in time"
WARM_UP = 4  # epochs before a trial may be stopped: it has converged after some ten


def _part(name: str, **overrides: Any) -> ModelSpec:
    """RAM-GNN with a clock with one thing changed, and the settings that tuning found for all of it."""
    changed = {f"temporal.{key}": x for key, x in overrides.items()}
    return RamGnn(
        name=f"{NAME} {name}", config="temporal", inherits_from=NAME, overrides=changed, datasets=WITH_TIME,
        warm_up=WARM_UP,
    )  # fmt: skip


ROWS: tuple[ModelSpec, ...] = (
    RamGnn(name=NAME, config="temporal", space=SPACES["in time"], datasets=WITH_TIME, warm_up=WARM_UP),
    _part("attention", share=1.0),
    _part("paths", share=0.0),
    _part("pretrained", start="pretrained"),
    _part("attention pretrained", share=1.0, start="pretrained"),
    _part("one memory", memories=1),
)
