"""Why an item comes next: what each path from each thing that somebody had adds to its score.

The score is a sum, so it can be told what it is made of. The paths are told one by one. The attention with a clock sees
all of a history at once; what a thing is worth to it is told by leaving that thing out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from ramgnn.events import Events
from ramgnn.temporal.clock import contexts

if TYPE_CHECKING:
    from ramgnn.temporal.scorer import Temporal

OFTEN, ATTENTION, ANY = "how often it is taken at all", "the attention with a clock", "what every new item has"
RESEMBLES = "new to the model, and resembles"


@dataclass(frozen=True)
class Step:
    """One path.

    Attributes:
        words: what is so, "taken soon after"; item: what it leads from; points: of the score.
    """

    words: str
    item: int
    points: float


@dataclass(frozen=True)
class Sources:
    """What the score of one item is made of.

    Attributes:
        steps: the paths, the largest first.
        rest: points that come from elsewhere, by name.
        left_out: what somebody had, and how many points the attention would lose without it, the most first.
    """

    steps: tuple[Step, ...]
    rest: dict[str, float]
    left_out: tuple[tuple[int, float], ...] = ()

    @property
    def score(self) -> float:
        """y_ui, which the parts add up to."""
        return sum(step.points for step in self.steps) + sum(self.rest.values())


def sources(model: Temporal, event: Events, item: int) -> Sources:
    """What the score of an item is made of at one event.

    Args:
        event: a single one, of somebody who has not had the item; see `ramgnn.events`.
    """
    if item in model.cold.cold:
        return _of_cold(model, event, item)
    paths, share = model.paths, 1 - model.share
    features = paths.features(event, np.zeros(1, np.int64), np.array([[item]]))[:, 0, 0]  # (1 + kinds,)
    steps = []
    for kind, f, weight, scale in zip(paths.kinds, features[1:], paths.weight[1:], paths.scale, strict=True):
        j, amount = paths.through(event, kind, item)
        points = share * weight * np.log1p(f / scale)
        if points:
            steps += [Step(kind.words, int(k), float(points * x / f)) for k, x in zip(j, amount, strict=True) if x]
    bias = float(model.gnn.bias[item])
    y, without = _left_out(model, event, item)
    known = share * float(paths.weight[0] * np.log1p(features[0])) + model.share * bias
    left_out = sorted(((j, model.share * (y - x)) for j, x in without), key=lambda pair: -pair[1])
    rest = {OFTEN: known, ATTENTION: model.share * (y - bias)}
    return Sources(_largest_first(steps), rest, tuple(left_out))


def _of_cold(model: Temporal, event: Events, item: int) -> Sources:
    """The same of an item that nobody has had: what it resembles."""
    y = model.of_events(event)[0].cpu().numpy()
    known = y[model.cold.warm]
    points = model.cold.resembles(item) * (y - known.mean())
    steps = [Step(RESEMBLES, int(j), float(points[j])) for j in np.flatnonzero(points)]
    return Sources(_largest_first(steps), {ANY: float(y[item] - points.sum())})


def _largest_first(steps: list[Step]) -> tuple[Step, ...]:
    return tuple(sorted(steps, key=lambda step: -step.points))


@torch.no_grad()
def _left_out(model: Temporal, event: Events, item: int) -> tuple[float, list[tuple[int, float]]]:
    """y_GNN of an item, and what it would be without each of the things in the context."""
    there, rank = contexts(event, np.zeros(1, np.int64), model.gnn.items)  # (1, L)
    rows = 1 + there.shape[1]
    missing = torch.zeros(rows, there.shape[1], dtype=torch.bool, device=there.device)
    missing[1:].fill_diagonal_(True)
    y = model.gnn(there.expand(rows, -1), rank.expand(rows, -1).masked_fill(missing, torch.nan))[:, item].tolist()
    return y[0], list(zip(there[0].tolist(), y[1:], strict=True))
