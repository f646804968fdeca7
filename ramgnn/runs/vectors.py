"""Final vectors alone: what recommends and compares items without PyTorch, whose import takes longer than the answer.

Only a run in which everything is as it was written is read this way. Whatever else there is, `ramgnn.runs.loading`
reads, and says what is wrong with it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import numpy as safetensors

from ramgnn.datasets.base import RecDataset
from ramgnn.fitted import FittedModel
from ramgnn.runs.checking import check_own_sum
from ramgnn.runs.folder import HISTORY, RUN, WEIGHTS, read_config
from ramgnn.runs.reading import describe, read_data, read_history, served_folder

PLAIN = {"name": "ram-gnn", "settings": None}  # what ``run.json`` says of the encoder of RAM-GNN


@dataclass(frozen=True, eq=False)
class FinalVectors:
    """x_u and x_i after training, as arrays.

    Attributes:
        users: ``(n_users, d)`` float32; items: ``(n_items, d)`` float32.
    """

    users: np.ndarray
    items: np.ndarray

    def __call__(self, users: np.ndarray) -> np.ndarray:
        """ŷ_ui = x_i · x_u, Eq. 22, for a block of users: ``(b, n_items)`` float32."""
        return self.users[users] @ self.items.T

    def user_embeddings(self) -> np.ndarray:
        """x_u of all users: ``(n_users, d)``."""
        return self.users

    def item_embeddings(self) -> np.ndarray:
        """x_i of all items: ``(n_items, d)``."""
        return self.items


@dataclass(repr=False)
class VectorModel(FittedModel):
    """A RAM-GNN of which the final vectors alone were read: it recommends and compares items, and has no reasons.

    Attributes:
        dataset: the data; name: of the model; scorer: the final vectors.
    """

    dataset: RecDataset
    name: str
    scorer: FinalVectors


def load_vectors(folder: str | os.PathLike) -> VectorModel | None:
    """The model of a run that recommends, by its final vectors; None where `ramgnn.runs.load_serving` is to be asked.

    That is for everything but a RAM-GNN, trained to its end, whose files all pass every check of what they hold.
    """
    try:
        return _read(Path(folder))
    except Exception:  # whatever it is, it is met once more where it is told
        return None


def _read(folder: Path) -> VectorModel | None:
    """`load_vectors`, where anything may go wrong."""
    metadata = describe(folder)
    check_own_sum(metadata, folder / RUN)
    if (served := served_folder(folder, metadata)) is not None:
        folder, metadata = served, describe(served)
        check_own_sum(metadata, folder / RUN)
    if metadata["model"] != "ram-gnn" or metadata["interrupted"] is not None or not (folder / HISTORY).exists():
        return None
    if read_config(metadata["config"], folder / RUN).recommender != "gnn":
        return None  # it scores by more than two tables
    dataset = read_data(folder, metadata)
    history = read_history(folder, metadata, dataset)
    tensors = safetensors.load_file(folder / WEIGHTS)
    if not (_fit_data(metadata["encoders"], history, dataset) and _are_final(tensors, dataset)):
        return None
    return VectorModel(dataset, "ram-gnn", FinalVectors(tensors["final.users"], tensors["final.items"]))


def _fit_data(encoders: dict[str, Any], history: dict[str, Any], dataset: RecDataset) -> bool:
    """Whether each encoder is RAM-GNN's own, on a graph with the relation types of the data, and was fine-tuned."""
    types = {side: [r.name for r in dataset.relations(side)] for side in ("item", "user")}
    pretrained = all(
        encoder == PLAIN and types.get(side) and history[side]["types"] == types[side]
        for side, encoder in encoders.items()
    )
    return pretrained and "finetune" in history


def _are_final(tensors: dict[str, np.ndarray], dataset: RecDataset) -> bool:
    """Whether the weights are finite numbers, with one final vector for each user and item and no product too large."""
    users, items = tensors["final.users"], tensors["final.items"]
    d = users.shape[-1]
    fit = users.shape == (dataset.n_users, d) and items.shape == (dataset.n_items, d)
    if not fit or users.dtype != np.float32 or items.dtype != np.float32:
        return False
    largest = d * float(np.abs(users).max()) * float(np.abs(items).max())  # no score is larger
    finite = all(np.isfinite(x).all() for x in tensors.values() if x.dtype.kind == "f")
    return finite and largest < float(np.finfo(np.float32).max)
