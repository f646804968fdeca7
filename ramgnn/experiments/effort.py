"""What was spent on each row of a table, trials, epochs and caps, so that a reader can judge if a race was fair."""

from __future__ import annotations

import pandas as pd

from ramgnn.experiments.lineup import line_up
from ramgnn.experiments.models import ClosedForm, ModelSpec
from ramgnn.experiments.store import Store, best
from ramgnn.experiments.tables import MISSING, Table, rows_on

UNTUNED, CAPPED = "untuned", "stopped by its cap"


def effort(one: Table, store: Store, dataset_name: str) -> pd.DataFrame:
    """A row for each model of a table with the columns of `effort_of`, without ``failed`` and ``hours``."""
    specs = line_up(dataset_name)
    rows = {row.label: effort_of(specs[row.model], store, dataset_name) for row in rows_on(one, dataset_name)}
    frame = pd.DataFrame({label: row for label, row in rows.items() if row}).T
    return frame.drop(columns=["failed", "hours"], errors="ignore")


def effort_of(spec: ModelSpec, store: Store, dataset_name: str) -> dict[str, object]:
    """What was spent on a model; nothing where no trial was completed.

    Entries: ``settings`` tuned, ``trials``, how many of them were stopped early (``pruned``) and came to nothing
    (``failed``), ``epochs`` that validation chose, the most it could choose (``cap``), ``patience`` in epochs,
    ``runs``, ``hours`` of one processor core, and in ``mind`` what puts the model at a disadvantage: no tuning, a cap
    on the epochs that ended the chosen trial before its patience did, or epochs on a part of the interactions only.
    """
    trials = store.trials(dataset_name, spec.name)
    chosen = best(trials)
    if chosen is None:
        return {}
    cap, patience = spec.budget()
    runs = store.results(dataset_name, [spec.name])
    return {
        "settings": len(spec.space),
        "trials": len(trials),
        "pruned": sum(t.state == "pruned" for t in trials),
        "failed": sum(t.state == "failed" for t in trials),
        "epochs": chosen.epochs if cap else MISSING,
        "cap": cap or MISSING,
        "patience": patience or MISSING,
        "runs": len(runs),
        "hours": round(sum(x.seconds for x in (*trials, *runs)) / 3600, 2),
        "mind": "; ".join(handicaps(spec, chosen.epochs)),
    }


def handicaps(spec: ModelSpec, epochs: int) -> list[str]:
    """What keeps a model from showing what it can, in words; `epochs` are those of its chosen trial."""
    cap, patience = spec.budget()
    found = []
    if not spec.space and not spec.inherits_from and not isinstance(spec, ClosedForm):
        found.append(UNTUNED)
    if (per_user := spec.settings({}).get("per_user")) is not None:
        found.append(f"cut to {per_user} interactions a user an epoch")
    if cap and epochs + patience > cap:
        found.append(CAPPED)
    return found
