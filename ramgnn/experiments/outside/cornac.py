"""Cornac: popularity, EASE and BPR."""

from __future__ import annotations

import numpy as np

from ramgnn.datasets.base import RecDataset
from ramgnn.evaluation import Scorer
from ramgnn.experiments.outside.check import Check, need


def fitted(view: RecDataset, name: str, settings: dict) -> Scorer:
    """One of Cornac's models, fitted; items without a training interaction, which it does not know, score 0."""
    models, data = need("cornac.models", "cornac"), need("cornac.data", "cornac")
    rows = [(u, i, 1.0) for u, i in view.train[["user", "item"]].itertuples(index=False)]
    train = data.Dataset.from_uir(rows, seed=settings.get("seed"))
    model = getattr(models, name)(verbose=False, **settings) if name != "MostPop" else models.MostPop()
    model.fit(train)
    items = np.fromiter(train.iid_map.keys(), np.int64)  # in the order of its own numbers

    def score(users: np.ndarray) -> np.ndarray:
        scores = np.zeros((len(users), view.n_items))
        for row, user in zip(scores, users.tolist(), strict=True):
            row[items] = np.asarray(model.score(train.uid_map[user])).ravel()
        return scores

    return score


def popularity(view: RecDataset, check: Check, seed: int, ours: Scorer) -> Scorer:
    """``MostPop``."""
    return fitted(view, "MostPop", {})


def ease(view: RecDataset, check: Check, seed: int, ours: Scorer) -> Scorer:
    """``EASE``."""
    return fitted(view, "EASE", dict(check.theirs))


def bpr(view: RecDataset, check: Check, seed: int, ours: Scorer) -> Scorer:
    """``BPR``."""
    return fitted(view, "BPR", dict(check.theirs) | {"max_iter": check.epochs, "seed": seed, "num_threads": 1})
