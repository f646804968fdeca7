"""What each reading is worth: from the letter of the paper to our defaults, one change a rung, in two orders.

Up the ladder readings change in the order of the paper's equations, and what is no reading at all (depth, dropout, the
running average) comes last; down it they change in the opposite order. Each rung has the same small budget: the
settings of both ends are tried, and some more. Readings that both configurations take alike are varied singly, at the
upper end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from ramgnn import readings
from ramgnn.experiments.models import RamGnn
from ramgnn.experiments.spaces import Real, Space
from ramgnn.experiments.statistics import DRAWS, Comparison, by_model, compare, summarise
from ramgnn.experiments.store import Store

TRIALS, RUNS = 6, 5  # of each rung


@dataclass(frozen=True)
class Rung:
    """One change.

    Attributes:
        name: the reading's id, or a word for what is none.
        words: what changes, from the paper's to ours.
        settings: with which.
    """

    name: str
    words: str
    settings: dict[str, Any]


RUNGS = (
    Rung("R1", "width of e_n: a projection of 2d to d, then halves of d", {"pretrain.relation": "halves"}),
    Rung("R5", "rewards: raw distances, then relative ones", {"pretrain.reward": "relative"}),
    Rung("R6", "termination: as printed, then the absolute sum", {"pretrain.stop": "absolute"}),
    Rung("R8", "⊕ of Eq. 15: concatenation, then a sum", {"pretrain.combine": "sum"}),
    Rung("σ", "σ of Eq. 6 and 15: LeakyReLU, then tanh", {"pretrain.sigma": "tanh"}),
    Rung("R7", "similarity: the scalar MLP, then an inner product", {"pretrain.similarity": "inner"}),
    Rung("R15", "edges asked for: those seen, then hidden ones", {"pretrain.target": "hidden"}),
    Rung("R10", "propagation: σ and W_4, then linear", {"finetune.propagation": "linear"}),
    Rung("R11", "readout: the last layer, then the mean of all", {"finetune.readout": "mean"}),
    Rung("R12", "loss: BPR, then a softmax over the catalogue",
         {"finetune.loss": "softmax", "finetune.temperature": 0.3, "finetune.batch": None}),
    Rung("depth", "steps of propagation: four, then one", {"finetune.layers": 1}),
    Rung("dropout", "edges left out in training: none, then .3", {"finetune.edge_dropout": 0.3}),
    Rung("average", "parameters: the last, then their running average", {"finetune.ema_decay": 0.99}),
)  # fmt: skip
ASIDE = (
    Rung("R2", "softmax: over all neighbours, or type by type", {"pretrain.softmax": "type"}),
    Rung("R3", "loss of Eq. 11 and 16: cross-entropy, or its positive half", {"pretrain.loss": "positives"}),
    Rung("R4", "average distance: over nodes, or over edges", {"pretrain.and_over": "edges"}),
    Rung("R9", "values in Eq. 18 and 20: their mean, or none", {"finetune.values": "none"}),
    Rung("R14", "k_t neighbours: of a type, or of each value", {"pretrain.topk": "value"}),
)
SPACE: Space = {
    "pretrain.lr": Real(0.001, 0.05),
    "pretrain.weight_decay": Real(1e-5, 1.0),
    "finetune.lr": Real(0.0005, 0.02),
    "finetune.l2": Real(1e-6, 0.1),
}
_DEFAULT = readings.default().to_dict()
OURS = {name: _DEFAULT[stage][key] for name in SPACE for stage, key in [name.split(".")]}
BOTTOM, TOP = "ladder bottom", "ladder top"


def names(order: str) -> list[str]:
    """The models from the bottom to the top, ``"up"`` in the paper's order, ``"down"`` in the opposite one."""
    return [BOTTOM, *(f"ladder {order} {n}" for n in range(1, len(RUNGS))), TOP]


def rungs(order: str) -> tuple[Rung, ...]:
    """What changes between each two models of `names`."""
    return RUNGS if order == "up" else RUNGS[::-1]


def specs(epochs: int, warm_up: int) -> list[RamGnn]:
    """All models of the ladder, those at its side too.

    Args:
        epochs: the most that validation can choose; warm_up: epochs before a trial may be stopped.
    """
    base = RamGnn(
        name=BOTTOM, config="as_printed", space=SPACE, starts=(OURS,), warm_up=warm_up,
        overrides={"finetune.epochs": epochs},
    )  # fmt: skip
    found = {}
    for order in ("up", "down"):
        changed = dict(base.overrides)
        for name, rung in zip(names(order), (None, *rungs(order)), strict=True):
            changed |= rung.settings if rung else {}
            found[name] = replace(base, name=name, overrides=dict(changed))
    top = found[TOP]
    return [*found.values(), *(replace(top, name=aside(r), overrides=top.overrides | r.settings) for r in ASIDE)]


def aside(rung: Rung) -> str:
    """The model that differs from the top in one reading."""
    return f"ladder aside {rung.name}"


def worth(store: Store, dataset_name: str, metric: str = "NDCG@10", n: int = DRAWS) -> pd.DataFrame:
    """What each change gives: its difference with an interval, in both orders; of the readings aside, at the top.

    Columns ``what``, ``up`` and ``down``, the change upwards by either order as text, and ``aside``, what the other
    choice gives; empty where runs are missing.
    """
    rows = {r.name: {"what": r.words, "up": "", "down": "", "aside": ""} for r in (*RUNGS, *ASIDE)}
    for order in ("up", "down"):
        for rung, one in zip(rungs(order), steps(store, dataset_name, names(order), metric, n), strict=True):
            rows[rung.name][order] = said(one)
    runs = by_model(store.results(dataset_name, [TOP, *map(aside, ASIDE)]))
    for rung in ASIDE:
        if TOP in runs and aside(rung) in runs:
            rows[rung.name]["aside"] = said(compare(runs[aside(rung)], runs[TOP], metric, n))
    return pd.DataFrame(rows).T


def steps(
    store: Store, dataset_name: str, models: Sequence[str], metric: str, n: int = DRAWS
) -> list[Comparison | None]:
    """Each model against the one before it; None where runs are missing."""
    runs = by_model(store.results(dataset_name, models))
    return [
        compare(runs[b], runs[a], metric, n) if a in runs and b in runs else None
        for a, b in zip(models, models[1:], strict=False)
    ]


def heights(store: Store, dataset_name: str, order: str, metric: str = "NDCG@10") -> pd.DataFrame:
    """The mean of each model with its interval over users and runs, from the bottom to the top: a row each."""
    runs = by_model(store.results(dataset_name, names(order)))
    rows = {}
    for name, rung in zip(names(order), (None, *rungs(order)), strict=True):
        if name in runs:
            one = summarise(runs[name], metric)
            rows[rung.name if rung else "as printed"] = [one.mean, *one.both]
    return pd.DataFrame(rows, ["mean", "low", "high"]).T


def said(one: Comparison | None) -> str:
    """A difference with its interval; nothing where there is none."""
    return "" if one is None else f"{one.difference:+.4f} {one.interval}"
