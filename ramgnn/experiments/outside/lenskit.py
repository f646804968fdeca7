"""LensKit: popularity, item-kNN, EASE and ALS."""

from __future__ import annotations

import numpy as np

from ramgnn.datasets.base import RecDataset
from ramgnn.evaluation import Scorer
from ramgnn.experiments.outside.check import Check, need

SCORERS = {
    "popularity": ("lenskit.basic", "PopScorer"),
    "itemknn": ("lenskit.knn", "ItemKNNScorer"),
    "ease": ("lenskit.knn", "EASEScorer"),
    "als": ("lenskit.als", "ImplicitMFScorer"),
}


def fit(view: RecDataset, check: Check, seed: int, ours: Scorer) -> Scorer:
    """One of LensKit's scorers, asked for each user with the user's history; what it has no score for scores 0."""
    module, name = SCORERS[check.baseline]
    kind, data = getattr(need(module, "lenskit"), name), need("lenskit.data", "lenskit")
    options = need("lenskit.training", "lenskit").TrainingOptions(rng=seed)
    pairs = view.train[["user", "item"]].rename(columns={"user": "user_id", "item": "item_id"})
    scorer = kind(**dict(check.theirs))
    scorer.train(data.from_interactions_df(pairs), options)
    everything = data.ItemList(item_ids=np.arange(view.n_items))

    def score(users: np.ndarray) -> np.ndarray:
        rows = []
        for user in users.tolist():
            had = data.ItemList(item_ids=view.history(user))
            query = data.RecQuery(user_id=user, user_items=had)
            found = scorer(everything) if check.baseline == "popularity" else scorer(query, everything)
            scores = np.zeros(view.n_items)
            scores[np.asarray(found.ids(), np.int64)] = np.nan_to_num(found.scores())
            rows.append(scores)
        return np.stack(rows)

    return score
