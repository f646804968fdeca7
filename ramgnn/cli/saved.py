"""The model in a run folder that can be asked."""

from __future__ import annotations

import sys
import warnings

from ramgnn import runs
from ramgnn.errors import RamgnnError
from ramgnn.fitted import FittedModel


def load_model(folder: str, evaluated: bool = False) -> FittedModel:
    """The model in a run folder that recommends; with `evaluated` the one that the metrics are of.

    Raises:
        RamgnnError: there is none, or its training was stopped before there was anything to score with.
    """
    with warnings.catch_warnings(record=True) as noted:
        warnings.simplefilter("always", UserWarning)
        model = runs.load(folder) if evaluated else runs.load_serving(folder)
    for warning in (x for x in noted if issubclass(x.category, UserWarning)):
        print(f"ramgnn: {warning.message}", file=sys.stderr)
    if model.scorer is None:
        raise RamgnnError(
            f"{folder} was stopped during {model.interrupted}, before there was a recommender; train again"
        )
    return model
