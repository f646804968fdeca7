"""RecBole: its models as they are, given the interactions without its files, splits and loaders.

RecBole numbers users, items and values from 1 and keeps 0 for padding, so each of its tables has one row more. Its
models ask a data set and a configuration for a few things only, and those stand here. Its own training loop is: shuffle
the interactions, take a batch, draw one negative for each, call ``calculate_loss``, step. `train` is the same loop.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from scipy.sparse import coo_matrix
from torch import Tensor, nn

from ramgnn.baselines.fitting import Model
from ramgnn.datasets.base import RecDataset
from ramgnn.evaluation import Scorer
from ramgnn.experiments.outside.check import Check, need

FIELDS = {
    "USER_ID_FIELD": "user_id", "ITEM_ID_FIELD": "item_id", "LABEL_FIELD": "label", "NEG_PREFIX": "neg_",
    "LIST_SUFFIX": "_list", "ITEM_LIST_LENGTH_FIELD": "item_length", "ENTITY_ID_FIELD": "entity_id",
    "RELATION_ID_FIELD": "relation_id", "HEAD_ENTITY_ID_FIELD": "head_id", "TAIL_ENTITY_ID_FIELD": "tail_id",
    "numerical_features": (),
}  # fmt: skip


class Configuration(dict):
    """RecBole's: what is not set is None, and it says what device to use."""

    device = torch.device("cpu")

    def __missing__(self, key: str) -> Any:
        return self.device if key == "device" else None


class Interactions:
    """As much of RecBole's data set as its models ask for; sizes count the padding row.

    Args:
        view: the data; only its training interactions and attributes are looked at.
    """

    def __init__(self, view: RecDataset) -> None:
        self.view = view
        self.sizes = {"user_id": view.n_users + 1, "item_id": view.n_items + 1}
        self.field2type: dict[str, Any] = {}

    def num(self, field: str) -> int:
        """How many tokens a field has."""
        return self.sizes[field]

    def fields(self, source: list | None = None) -> list[str]:
        """The fields that describe a user or an item."""
        return list(self.field2type)

    def inter_matrix(self, form: str = "coo", value_field: str | None = None) -> Any:
        """The training interactions, ``(n_users + 1, n_items + 1)``."""
        users, items = (self.view.train[side].to_numpy() + 1 for side in ("user", "item"))
        shape = self.sizes["user_id"], self.sizes["item_id"]
        return coo_matrix((np.ones(len(users), np.float32), (users, items)), shape=shape).asformat(form)

    def history_item_matrix(self) -> tuple[Tensor, Tensor, Tensor]:
        """Each user's items, padded with 0, ones of the same shape, and how many there are."""
        lists = [[], *((self.view.history(u) + 1).tolist() for u in range(self.view.n_users))]
        width = max(map(len, lists))
        items = torch.tensor([x + [0] * (width - len(x)) for x in lists])
        return items, (items > 0).float(), torch.tensor([len(x) for x in lists])


def build(module: str, name: str, check: Check, data: Interactions, seed: int) -> nn.Module:
    """One of RecBole's models with the settings of a check."""
    torch.manual_seed(seed)
    kind = getattr(need(f"recbole.model.{module}", "recbole"), name)
    return kind(Configuration(FIELDS | dict(check.theirs)), data)


def optimiser(model: nn.Module, theirs: dict[str, Any]) -> torch.optim.Optimizer:
    """As RecBole's trainer makes it: Adam, or Adagrad, with or without weight decay."""
    kind = {"adam": torch.optim.Adam, "adagrad": torch.optim.Adagrad}[theirs["learner"]]
    return kind(model.parameters(), lr=theirs["learning_rate"], weight_decay=theirs.get("weight_decay", 0.0))


Batch = Callable[[Tensor, Tensor, Tensor], dict[str, Tensor]]
Loss = Callable[[dict[str, Tensor]], Any]


def train(
    model: nn.Module, view: RecDataset, check: Check, seed: int, batch_of: Batch, loss_of: Loss | None = None
) -> None:
    """RecBole's training.

    Args:
        batch_of: from ``(b,)`` users, items and negatives, numbered from 0, to what the model's loss takes.
        loss_of: the loss of a batch; the model's own by default.
    """
    draws, generator = Model(view), torch.Generator().manual_seed(seed)
    steps, size = optimiser(model, dict(check.theirs)), check.theirs["train_batch_size"]
    size = size // 2 if batch_of is pointwise else size  # RecBole counts negatives as rows of their own
    for _ in range(check.epochs):
        model.train()
        for rows in draws.draw_pairs(size, generator):
            u, i = draws.users[rows], draws.items[rows]
            batch = batch_of(u, i, draws.draw_negatives(u, generator)[:, 0])
            loss = (loss_of or model.calculate_loss)(batch)
            loss = sum(loss) if isinstance(loss, tuple) else loss
            steps.zero_grad()
            loss.backward()
            steps.step()
    model.eval()


def pairwise(u: Tensor, i: Tensor, j: Tensor) -> dict[str, Tensor]:
    """A batch of pairs."""
    return {"user_id": u + 1, "item_id": i + 1, "neg_item_id": j + 1}


def pointwise(u: Tensor, i: Tensor, j: Tensor) -> dict[str, Tensor]:
    """A batch of positives and as many negatives, with labels."""
    label = torch.cat([torch.ones(len(u)), torch.zeros(len(u))])
    return {"user_id": torch.cat([u, u]) + 1, "item_id": torch.cat([i, j]) + 1, "label": label}


def full_sort(model: nn.Module) -> Scorer:
    """RecBole's own scores of all items, less the padding."""

    @torch.no_grad()
    def score(users: np.ndarray) -> Tensor:
        scores = model.full_sort_predict({"user_id": torch.from_numpy(users) + 1})
        return torch.as_tensor(np.asarray(scores)).view(len(users), -1)[:, 1:]

    return score


# ---- closed forms ----------------------------------------------------------------------------------------------------


def popularity(view: RecDataset, check: Check, seed: int, ours: Scorer) -> Scorer:
    """``Pop``, which counts a batch of different items at a time: an index that stands twice would count once."""
    model = build("general_recommender.pop", "Pop", check, Interactions(view), seed)
    for item in view.train["item"].to_numpy() + 1:
        model.calculate_loss({"item_id": torch.tensor([item])})
    return full_sort(model)


def ease(view: RecDataset, check: Check, seed: int, ours: Scorer) -> Scorer:
    """``EASE``."""
    return full_sort(build("general_recommender.ease", "EASE", check, Interactions(view), seed))


def itemknn(view: RecDataset, check: Check, seed: int, ours: Scorer) -> Scorer:
    """``ItemKNN``."""
    return full_sort(build("general_recommender.itemknn", "ItemKNN", check, Interactions(view), seed))


# ---- trained on pairs ------------------------------------------------------------------------------------------------


def bpr(view: RecDataset, check: Check, seed: int, ours: Scorer) -> Scorer:
    """``BPR``."""
    model = build("general_recommender.bpr", "BPR", check, Interactions(view), seed)
    train(model, view, check, seed, pairwise)
    return full_sort(model)


def lightgcn(view: RecDataset, check: Check, seed: int, ours: Scorer) -> Scorer:
    """``LightGCN``, with the method of SciPy's that it calls, ``dok_matrix._update``, which SciPy has no more."""
    from scipy.sparse import dok_matrix

    if not hasattr(dok_matrix, "_update"):
        dok_matrix._update = lambda self, cells: self._dict.update(cells)
    model = build("general_recommender.lightgcn", "LightGCN", check, Interactions(view), seed)
    train(model, view, check, seed, pairwise)
    return full_sort(model)


def fism(view: RecDataset, check: Check, seed: int, ours: Scorer) -> Scorer:
    """``FISM``, trained, or with our weights."""
    model = build("general_recommender.fism", "FISM", check, Interactions(view), seed)
    if check.kind == "weights":
        with torch.no_grad():
            model.item_src_embedding.weight[1:], model.item_dst_embedding.weight[1:] = ours.q.weight, ours.p.weight
    else:
        train(model, view, check, seed, pointwise)
    return full_sort(model)
