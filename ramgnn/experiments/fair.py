"""The fair line-up: nobody untuned, cut or capped.

Beside the capped one: as printed has a space of its own, its variants take its settings over; RCF and KGPolicy train on
all interactions in an epoch; validation chooses among 500 epochs and waits 20 for everybody; LightGCN gets what
RAM-GNN's recommender has; and the rows that carry a claim are searched three times.
"""

from __future__ import annotations

from dataclasses import replace

from ramgnn.experiments import in_time, ladder
from ramgnn.experiments.models import ModelSpec, RamGnn, TrainedBaseline
from ramgnn.experiments.spaces import SPACES

CAP, PATIENCE, WARM_UP = 500, 20, 20  # epochs
CUT = ("rcf", "kgpolicy")
CLAIMED = ("ram-gnn", "ram-gnn as printed", "lightgcn", "lightgcn softmax", "rcf", "compgcn", "ease")


def _fair(spec: ModelSpec) -> ModelSpec:
    """The same row with everybody's cap and patience."""
    if isinstance(spec, TrainedBaseline):
        every = 1 if spec.name in CUT else spec.every
        whole = {"per_user": None} if spec.name in CUT else {}
        return replace(
            spec, epochs=CAP, every=every, patience=PATIENCE // every, warm_up=WARM_UP, overrides=spec.overrides | whole
        )
    if isinstance(spec, RamGnn) and spec.config == "temporal":
        return replace(spec, overrides=spec.overrides | {"temporal.epochs": CAP, "temporal.patience": PATIENCE})
    if isinstance(spec, RamGnn):
        spec = replace(spec, overrides=spec.overrides | {"finetune.epochs": CAP}, warm_up=WARM_UP)
        if spec.name == "ram-gnn as printed":
            return replace(spec, space=SPACES["as printed"])
        if spec.config == "as_printed":
            spec = replace(spec, inherits_from="ram-gnn as printed")
        if spec.ablation == "single":
            rest = {k: x for k, x in spec.overrides.items() if k != "finetune.init_std"}
            return replace(spec, alike=True, overrides=rest)
    return spec


def _again(spec: ModelSpec, search: int) -> ModelSpec:
    """The same row, searched once more."""
    return replace(spec, name=f"{spec.name} search {search + 1}", search=search)


def _like_ours(softmax: ModelSpec, name: str, **overrides) -> ModelSpec:
    """LightGCN with parts of RAM-GNN's recommender."""
    space = SPACES["lightgcn softmax dropout"]
    return replace(softmax, name=name, space=space, overrides=softmax.overrides | overrides)


def fair_line_up(capped: dict[str, ModelSpec]) -> dict[str, ModelSpec]:
    """The models of the capped line-up without their caps, and what that one lacks, by name."""
    softmax = capped["lightgcn softmax"]
    rows = (
        *capped.values(),
        _like_ours(softmax, "lightgcn softmax dropout"),
        _like_ours(softmax, "lightgcn like ours", ema_decay=0.99),
        *in_time.ROWS,
    )
    fair = {spec.name: _fair(spec) for spec in rows}
    again = [_again(fair[name], search) for name in CLAIMED for search in (1, 2)]
    return fair | {spec.name: spec for spec in (*ladder.specs(CAP, WARM_UP), *again)}
