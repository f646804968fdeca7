"""What was spent on each row of a table, trials, epochs and caps, so that a reader can judge if a race was fair."""

from __future__ import annotations

import pandas as pd

from ramgnn.experiments.lineup import MODELS
from ramgnn.experiments.models import ClosedForm, ModelSpec
from ramgnn.experiments.store import Store, best
from ramgnn.experiments.tables import MISSING, Table, rows_on

UNTUNED, CAPPED = "untuned", "stopped by its cap"


def effort(one: Table, store: Store, dataset_name: str) -> pd.DataFrame:
    """A row for each model: what was tuned, how often, how long, and whether something kept it short.

    Columns: ``settings`` tuned, ``trials``, how many of them were stopped early (``pruned``), ``epochs`` that
    validation chose, the most it could choose (``cap``), ``patience`` in epochs, ``runs``, and in ``mind`` what puts
    the row at a disadvantage: no tuning, a cap on the epochs that ended the chosen trial before its patience did, or
    epochs on a part of the interactions only.
    """
    rows = {}
    for row in rows_on(one, dataset_name):
        spec, trials = MODELS[row.model], store.trials(dataset_name, row.model)
        chosen = best(trials)
        if chosen is None:
            continue
        cap, patience = spec.budget()
        rows[row.label] = {
            "settings": len(spec.space),
            "trials": len(trials),
            "pruned": sum(t.state == "pruned" for t in trials),
            "epochs": chosen.epochs if cap else MISSING,
            "cap": cap or MISSING,
            "patience": patience or MISSING,
            "runs": len(store.seeds(dataset_name, row.model)),
            "mind": "; ".join(handicaps(spec, chosen.epochs)),
        }
    return pd.DataFrame(rows).T


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
