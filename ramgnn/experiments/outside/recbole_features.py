"""RecBole's models that read attributes: FM and NFM, with one feature a field.

RecBole averages the values of a field that has several, and its sums of pairs leave out the pairs within a field, where
ours takes each value as a feature of its own. So the two are compared on the attributes that have one value a node, on
which both are the same function. "As RecBole trains it" is the cross-entropy of single interactions; "with our loss" is
RecBole's function of user and item under BPR, which parts the function from the loss.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ramgnn.datasets.base import RecDataset
from ramgnn.evaluation import Scorer
from ramgnn.experiments.outside.check import Check, need
from ramgnn.experiments.outside.recbole import Interactions, build, pointwise, train

BLOCK = 2**16  # pairs of user and item that are scored at once


def single_valued(view: RecDataset) -> RecDataset:
    """The data with those attributes alone that no node has two values of."""
    names = {
        side: [x.name for x in view.relations(side) if len(np.unique(x.nodes)) == len(x.nodes)]
        for side in ("item", "user")
    }
    return view.select(**names)


class Described(Interactions):
    """With the attributes of users and items as fields; value 0 of each is "none".

    Attributes:
        columns: by field the token of each user or item, the padding first; by field whether it is the user's.
    """

    def __init__(self, view: RecDataset) -> None:
        super().__init__(view)
        token = need("recbole.utils", "recbole").FeatureType.TOKEN
        self.columns: dict[str, tuple[str, Tensor]] = {}
        for side in ("user", "item"):
            self.columns[f"{side}_id"] = side, torch.arange(view.n_nodes(side) + 1)
            for relation in view.relations(side):
                column = torch.zeros(view.n_nodes(side) + 1, dtype=torch.int64)
                column[torch.from_numpy(relation.nodes) + 1] = torch.from_numpy(relation.values) + 1
                name = f"{side} {relation.name}"
                self.columns[name], self.sizes[name] = (side, column), relation.n_values + 1
        self.field2type = dict.fromkeys(self.columns, token)

    def describe(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """A batch of users and items with the fields of both."""
        return batch | {name: column[batch[f"{side}_id"]] for name, (side, column) in self.columns.items()}


def all_pairs(model: nn.Module, data: Described) -> Scorer:
    """Scores of all items from the model's ``forward``: its ``predict`` is the same behind a logistic function, which
    makes large scores equal in single precision."""
    n = data.view.n_items

    @torch.no_grad()
    def score(users: np.ndarray) -> Tensor:
        parts = []
        for some in torch.from_numpy(users).split(max(1, BLOCK // n)):
            batch = {"user_id": some.repeat_interleave(n) + 1, "item_id": torch.arange(n).repeat(len(some)) + 1}
            parts.append(model(data.describe(batch)).view(len(some), n))
        return torch.cat(parts)

    return score


def fit(view: RecDataset, check: Check, seed: int, ours: Scorer) -> Scorer:
    """FM or NFM: trained with its own loss, trained with ours, or with our weights."""
    data, name = Described(view), check.baseline.upper()
    model = build(f"context_aware_recommender.{check.baseline}", name, check, data, seed)
    if name == "NFM" and check.theirs["activation"] == "relu":
        layers = model.mlp_layers.mlp_layers
        layers[-1] = nn.ReLU()  # RecBole has no setting for it
    if check.kind == "weights":
        copy_weights(model, ours, data)
        return all_pairs(model.eval(), data)
    pairs = check.theirs["loss"] == "bpr"

    def bpr(batch: dict[str, Tensor]) -> Any:
        positive, negative = model(data.describe(batch)).chunk(2)
        return F.softplus(negative - positive).mean()

    train(
        model, view, check, seed, pointwise,
        bpr if pairs else lambda batch: model.calculate_loss(data.describe(batch)),
    )  # fmt: skip
    return all_pairs(model, data)


@torch.no_grad()
def copy_weights(model: nn.Module, ours: Any, data: Described) -> None:
    """Put our vectors, weights and network into RecBole's model; what is only padding is zero."""
    linear = ours.w if isinstance(ours.w, nn.ModuleDict) else {"item": ours.w}
    vectors, weights = [], []
    for side in ("user", "item"):
        sizes = [data.view.n_nodes(side), *(r.n_values for r in data.view.relations(side))]
        table = ours.v[side].weight
        single = linear[side].weight if side in linear else table.new_zeros(len(table), 1)
        for all_rows, rows in ((vectors, table), (weights, single)):
            for part in rows.split(sizes):  # a field's rows, after its row of padding
                all_rows.append(F.pad(part, (0, 0, 1, 0)))
    model.token_embedding_table.embedding.weight.copy_(torch.cat(vectors))
    model.first_order_linear.token_embedding_table.embedding.weight.copy_(torch.cat(weights))
    model.first_order_linear.bias.zero_()
    if hasattr(model, "mlp_layers"):
        first, _, linear_layer, second, _, _, last = ours.network
        model.bn.load_state_dict(first.state_dict())
        model.mlp_layers.mlp_layers[1].load_state_dict(linear_layer.state_dict())
        model.mlp_layers.mlp_layers[2].load_state_dict(second.state_dict())
        model.predict_layer.load_state_dict(last.state_dict())
