"""The rows of the models that know the time: RAM-GNN with a clock, its parts, and their rivals."""

from __future__ import annotations

from typing import Any

from ramgnn.experiments.data import WITH_TIME
from ramgnn.experiments.models import ClosedForm, ModelSpec, RamGnn, TrainedBaseline
from ramgnn.experiments.spaces import SPACES

NAME = "ram-gnn in time"
WITH_CLOCK = ("ml-100k",)  # where times are more than an order
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
    *(
        TrainedBaseline(name=name, baseline=name, space=SPACES[name], datasets=WITH_TIME)
        for name in ("gru4rec", "sasrec sets")
    ),
    ClosedForm(name="ease recent", baseline="ease recent", space=SPACES["ease recent"], datasets=WITH_TIME),
    ClosedForm(
        name="popularity recent", baseline="popularity recent", space=SPACES["popularity recent"], datasets=WITH_CLOCK
    ),
)
