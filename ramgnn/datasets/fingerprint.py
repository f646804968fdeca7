"""A few digits by which data are known again."""

from __future__ import annotations

import hashlib
import json

import numpy as np

from ramgnn.datasets.base import RecDataset


def fingerprint(dataset: RecDataset) -> str:
    """Sixteen hex digits that change with users and items, with the training and test pairs and with the attributes."""
    digest = hashlib.sha256(json.dumps([dataset.user_ids, dataset.item_ids]).encode())
    for frame in (dataset.train, dataset.test):
        digest.update(np.ascontiguousarray(frame[["user", "item"]].to_numpy(np.int64)).tobytes())
    for side in ("item", "user"):
        for r in dataset.relations(side):
            digest.update(json.dumps([r.name, *r.labels]).encode())
            digest.update(np.asarray(r.nodes, np.int64).tobytes() + np.asarray(r.values, np.int64).tobytes())
    return digest.hexdigest()[:16]
