"""The graphs that are measured: items of a data set, a share of them, or several copies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import numpy as np

from ramgnn import datasets
from ramgnn.datasets import RecDataset, Relation, kkbox
from ramgnn.datasets.download import cache_folder, local_folder
from ramgnn.errors import DataError
from ramgnn.graph import MultiRelationalGraph

LESS = " less one value"  # behind the name of a data set
ML_100K = ("ml-100k/u.data", "rcf-ml100k/train.txt")  # a file of each folder that it is read from


def dataset(name: str) -> RecDataset:
    """A data set that is on this machine already.

    Raises:
        DataError: it is not; nothing is downloaded for a benchmark.
    """
    if name == "ml-100k":
        places = [p for p in (local_folder(), cache_folder()) if p is not None]
        if not all(any((place / file).is_file() for place in places) for file in ML_100K):
            raise DataError("no such data here", fix="set RAMGNN_DATA, or run `ramgnn data check ml-100k` once")
        return datasets.load(name, names=False)
    return datasets.load(name)


def items(name: str) -> tuple[int, tuple[Relation, ...]]:
    """Number of items and their relation types.

    Raises:
        DataError: the data are not on this machine.
    """
    if name != "kkbox":
        found = dataset(name)
        return found.n_items, found.item_relations
    try:
        kkbox.find(form="rcf")
    except DataError:
        raise DataError("no such data here", fix="set RAMGNN_DATA to a folder with kkbox/rcf") from None
    songs, relations = kkbox.item_relations_only(progress=False)
    return len(songs), relations


def first(n: int, relations: Sequence[Relation], share: float) -> tuple[int, tuple[Relation, ...]]:
    """The first `share` of n nodes, with the values that these have."""
    if not 0 < share <= 1:
        raise ValueError(f"share is {share}; expected above 0 and up to 1")
    if share == 1:
        return n, tuple(relations)
    fewer, kept = max(2, round(n * share)), []
    for r in relations:
        own = r.nodes < fewer
        used, values = np.unique(r.values[own], return_inverse=True)
        kept.append(Relation(r.name, r.nodes[own], values, tuple(r.labels[v] for v in used)))
    return fewer, tuple(kept)


def less_one_value(relations: Sequence[Relation]) -> tuple[Relation, ...]:
    """The relations without the value that most nodes have: a group of g makes g (g - 1) edges."""
    largest = max(relations, key=lambda r: np.bincount(r.values).max())
    value = np.bincount(largest.values).argmax()
    kept = largest.values != value
    return tuple(replace(r, nodes=r.nodes[kept], values=r.values[kept]) if r is largest else r for r in relations)


def replicate(n: int, relations: Sequence[Relation], copies: int, wiring: str) -> tuple[int, tuple[Relation, ...]]:
    """Every node `copies` times over.

    Args:
        n: number of nodes; relations: their attributes.
        wiring: ``"disjoint"``: each copy has values of its own, so groups stay as large and edges grow with the
            copies; ``"merged"``: the copies share the values, so a group of g becomes one of copies · g, and the edges
            grow with the square of the copies.
    """
    if wiring not in ("disjoint", "merged"):
        raise ValueError(f"wiring is {wiring!r}; expected disjoint or merged")
    many = []
    for r in relations:
        copy = np.repeat(np.arange(copies), len(r.nodes))
        nodes, values = np.tile(r.nodes, copies) + copy * n, np.tile(r.values, copies)
        labels = r.labels
        if wiring == "disjoint":
            values = values + copy * r.n_values
            labels = tuple(f"{label} #{c}" for c, label in product(range(copies), r.labels))
        many.append(replace(r, nodes=nodes, values=values, labels=labels, planted=None))
    return n * copies, tuple(many)


def load(name: str, share: float = 1.0, copies: int = 1, wiring: str = "disjoint") -> MultiRelationalGraph:
    """The item graph of a data set, of its first `share`, that `copies` times over.

    Args:
        name: of the data set; with `LESS` behind it the most frequent value is left out.

    Raises:
        DataError: the data are not on this machine.
    """
    n, relations = first(*items(name.removesuffix(LESS)), share)
    if name.endswith(LESS):
        relations = less_one_value(relations)
    if copies > 1:
        n, relations = replicate(n, relations, copies, wiring)
    return MultiRelationalGraph.from_relations(n, relations)
