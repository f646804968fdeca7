"""The model in a run folder that can be asked."""

from __future__ import annotations

from ramgnn import api
from ramgnn.errors import RamgnnError
from ramgnn.fitted import FittedModel


def load_model(folder: str) -> FittedModel:
    """The model in a run folder.

    Raises:
        RamgnnError: there is none, or its training was stopped before there was anything to score with.
    """
    model = api.load_run(folder)
    if model.scorer is None:
        raise RamgnnError(
            f"{folder} was stopped during {model.interrupted}, before there was a recommender; train again"
        )
    return model
