"""RecBole's SASRec, which reads sequences, and its CKE, which reads a knowledge graph."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ramgnn.datasets.base import RecDataset
from ramgnn.evaluation import Scorer
from ramgnn.experiments.outside.check import Check
from ramgnn.experiments.outside.recbole import Interactions, build, full_sort, optimiser, pairwise, train


def sequences(view: RecDataset, length: int) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """RecBole's augmented samples, each user's every beginning with what came next, and each user's last items.

    Places after the last item hold 0.
    """
    rows, sizes, targets, last, last_sizes = [], [], [], [], []
    for user in range(view.n_users):
        items = (view.history(user) + 1).tolist()
        for end in range(1, len(items) + 1):
            piece = items[max(0, end - length) : end]
            if end < len(items):
                rows.append(piece + [0] * (length - len(piece)))
                sizes.append(len(piece))
                targets.append(items[end])
        last.append(piece + [0] * (length - len(piece)))
        last_sizes.append(len(piece))
    samples = {"item_id_list": torch.tensor(rows), "item_length": torch.tensor(sizes), "item_id": torch.tensor(targets)}
    return samples, {"item_id_list": torch.tensor(last), "item_length": torch.tensor(last_sizes)}


def sasrec(view: RecDataset, check: Check, seed: int, ours: Scorer) -> Scorer:
    """``SASRec``."""
    samples, last = sequences(view, check.theirs["MAX_ITEM_LIST_LENGTH"])
    model = build("sequential_recommender.sasrec", "SASRec", check, Interactions(view), seed)
    steps, generator = optimiser(model, dict(check.theirs)), torch.Generator().manual_seed(seed)
    for _ in range(check.epochs):
        model.train()
        order = torch.randperm(len(samples["item_id"]), generator=generator)
        for rows in order.split(check.theirs["train_batch_size"]):
            steps.zero_grad()
            model.calculate_loss({name: x[rows] for name, x in samples.items()}).backward()
            steps.step()
    model.eval()

    @torch.no_grad()
    def score(users: np.ndarray) -> Tensor:
        return model.full_sort_predict({name: x[torch.from_numpy(users)] for name, x in last.items()})[:, 1:]

    return score


class Graph(Interactions):
    """With the triples (item, relation type, value): items are the first entities, relation 0 is padding.

    Attributes:
        head, relation, tail: ``(n,)`` the triples; known: those that are true, as one sorted number each.
    """

    def __init__(self, view: RecDataset) -> None:
        super().__init__(view)
        first, heads, types, tails = view.n_items + 1, [], [], []
        for t, relation in enumerate(view.item_relations, 1):
            heads.append(torch.from_numpy(relation.nodes) + 1)
            types.append(torch.full((len(relation.nodes),), t))
            tails.append(torch.from_numpy(relation.values) + first)
            first += relation.n_values
        self.head, self.relation, self.tail = torch.cat(heads), torch.cat(types), torch.cat(tails)
        self.sizes |= {"entity_id": first, "relation_id": len(view.item_relations) + 1}
        self.true = torch.unique((self.head * self.sizes["relation_id"] + self.relation) * first + self.tail)

    def corrupt(self, rows: Tensor, generator: torch.Generator) -> Tensor:
        """For some triples any entity that makes them false, as RecBole's sampler does."""
        n = self.sizes["entity_id"]
        drawn, wrong = self.tail[rows].clone(), torch.ones(len(rows), dtype=torch.bool)
        while wrong.any():
            drawn[wrong] = torch.randint(1, n, (int(wrong.sum()),), generator=generator)
            key = (self.head[rows] * self.sizes["relation_id"] + self.relation[rows]) * n + drawn
            wrong = self.true[torch.searchsorted(self.true, key).clamp(max=len(self.true) - 1)] == key
        return drawn


def cke(view: RecDataset, check: Check, seed: int, ours: Scorer) -> Scorer:
    """``CKE``: a batch of pairs and as many triples beside it, drawn in turn from a shuffled list."""
    data, generator = Graph(view), torch.Generator().manual_seed(seed + 1)
    model = build("knowledge_aware_recommender.cke", "CKE", check, data, seed)
    order = torch.randperm(len(data.head), generator=generator)

    def batch_of(u: Tensor, i: Tensor, j: Tensor) -> dict[str, Tensor]:
        nonlocal order
        while len(order) < len(u):
            order = torch.cat([order, torch.randperm(len(data.head), generator=generator)])
        rows, order = order[: len(u)], order[len(u) :]
        triples = {"head_id": data.head[rows], "relation_id": data.relation[rows], "tail_id": data.tail[rows]}
        return pairwise(u, i, j) | triples | {"neg_tail_id": data.corrupt(rows, generator)}

    train(model, view, check, seed, batch_of)
    return full_sort(model)
