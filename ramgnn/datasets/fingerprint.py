"""A few digits by which data are known again, and in words what two data sets differ in."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pandas as pd

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


def fingerprint_ranked(dataset: RecDataset) -> str:
    """Sixteen hex digits that change with everything that a rank depends on but the model.

    These are the ids of users and items, the held-out pairs, and what these are ranked against: the sampled negatives
    or, without such, every item but those that the user had.
    """
    digest = hashlib.sha256(json.dumps([dataset.user_ids, dataset.item_ids]).encode())
    digest.update(np.ascontiguousarray(dataset.test[["user", "item"]].to_numpy(np.int64)).tobytes())
    if dataset.negatives is not None:
        digest.update(b"negatives" + np.ascontiguousarray(dataset.negatives, np.int64).tobytes())
    else:
        had = dataset.matrix(seen=True)
        had.sort_indices()
        digest.update(b"had" + had.indptr.astype(np.int64).tobytes() + had.indices.astype(np.int64).tobytes())
    return digest.hexdigest()[:16]


def differences(a: RecDataset, b: RecDataset) -> tuple[list[str], list[str]]:
    """In words what two data sets differ in.

    Returns:
        What makes their metrics those of two different tasks, and what a model may read beside that: attributes,
        titles and times, which change neither what is learned to be liked nor what is ranked.
    """
    task = [f"the {side}s" for side in ("user", "item") if getattr(a, f"{side}_ids") != getattr(b, f"{side}_ids")]
    task += ["the training interactions"] * (not _same_pairs(a.train, b.train))
    task += ["the held-out items"] * (not _same_pairs(a.test, b.test))
    task += ["what users had and rated low"] * (not np.array_equal(_pairs_seen(a), _pairs_seen(b)))
    sampled = [x.negatives if x.negatives is not None else np.zeros((0, 0), np.int64) for x in (a, b)]
    task += ["the sampled items that held-out ones are ranked against"] * (not np.array_equal(*sampled))
    beside = []
    for side in ("user", "item"):
        if _values(a, side) != _values(b, side):
            beside.append(f"the attributes of {side}s")
        if getattr(a, f"{side}_labels") != getattr(b, f"{side}_labels"):
            beside.append(f"the titles of {side}s")
    if any(not np.array_equal(getattr(a, part)["time"], getattr(b, part)["time"]) for part in ("train", "test")):
        beside.append("the times of interactions")
    return task, beside


def _same_pairs(a: pd.DataFrame, b: pd.DataFrame) -> bool:
    return np.array_equal(a[["user", "item"]].to_numpy(), b[["user", "item"]].to_numpy())


def _pairs_seen(dataset: RecDataset) -> np.ndarray:
    """The pairs of `RecDataset.seen` in order, each once."""
    return np.unique(dataset.seen.astype(np.int64), axis=0)


def _values(dataset: RecDataset, side: str) -> list[tuple]:
    return [(r.name, r.labels, r.nodes.tolist(), r.values.tolist()) for r in dataset.relations(side)]
