"""implicit: item-kNN. Its ALS is the one that ours calls, so that says nothing; for ALS see LensKit."""

from __future__ import annotations

import numpy as np

from ramgnn.datasets.base import RecDataset
from ramgnn.evaluation import Scorer
from ramgnn.experiments.outside.check import Check, need


def itemknn(view: RecDataset, check: Check, seed: int, ours: Scorer) -> Scorer:
    """``CosineRecommender``, with its own table of similarities and the sum that its scorer makes of it."""
    module = need("implicit.nearest_neighbours", "implicit")
    model, history = module.CosineRecommender(K=check.theirs["K"], num_threads=1), view.matrix().astype(np.float64)
    model.fit(history, show_progress=False)
    similarity = model.similarity.tolil()
    similarity.setdiag(0.0)  # an item is its own nearest neighbour there; it scores only what a user has had
    similarity = similarity.tocsr()
    if check.theirs.get("transposed"):
        similarity = similarity.T.tocsr()

    def score(users: np.ndarray) -> np.ndarray:
        return (history[users] @ similarity).toarray()

    return score
