"""PyG's LightGCN and the package's recommender, trained for the same number of epochs on the same pairs."""

from __future__ import annotations

import time
import warnings
from dataclasses import replace

import torch
from torch import Tensor

from ramgnn.config import FinetuneConfig
from ramgnn.datasets import RecDataset
from ramgnn.finetune import finetune
from ramgnn.interactions import sample_negatives
from ramgnn.pretrained import random_embeddings
from ramgnn.recommender import FinalEmbeddings, Recommender
from ramgnn.training import graph_of
from tests.bench.jobs import Job


def ours(view: RecDataset, job: Job, defaults: bool = False) -> tuple[FinalEmbeddings, list[float]]:
    """`ramgnn.recommender.finetune` with BPR from a random start.

    Args:
        defaults: all else by the package's defaults: attributes, edge dropout, running average, learning rate and
            penalty; otherwise only what LightGCN has, with its learning rate, penalty and start values.

    Returns:
        The embeddings after the last epoch, and the seconds of each.
    """
    config = FinetuneConfig(
        start="random", layers=job.layers, loss="bpr", negatives=1, batch=job.batch, epochs=job.epochs
    )
    if not defaults:
        config = replace(
            config, values="none", propagation="linear", readout="mean", edge_dropout=0.0, ema_decay=0.0, lr=job.lr,
            l2=job.l2,
        )  # fmt: skip
    torch.manual_seed(job.repeat)
    generator = torch.Generator().manual_seed(job.repeat)
    sides = []
    for side, values in zip(("user", "item"), start(view, job), strict=True):
        graph = graph_of(view, side) if defaults else None
        drawn = random_embeddings(job.dim, view.n_nodes(side), graph, generator)
        sides.append((drawn if defaults else replace(drawn, nodes=values), graph))
    done = finetune(Recommender(view, config, *sides, job.dim), config, job.repeat, progress=False)
    return done.final, [epoch.seconds for epoch in done.history]


def start(view: RecDataset, job: Job) -> tuple[Tensor, Tensor]:
    """The start values of users and items that PyG's LightGCN draws with the seed of the job, for both models."""
    from torch_geometric.nn.models import LightGCN

    torch.manual_seed(job.repeat)
    drawn = LightGCN(view.n_users + view.n_items, job.dim, job.layers).embedding.weight.detach()
    return drawn[: view.n_users].clone(), drawn[view.n_users :].clone()


def theirs(view: RecDataset, job: Job, csr: bool) -> tuple[FinalEmbeddings, list[float]]:
    """`torch_geometric.nn.models.LightGCN` with its own BPR loss.

    Args:
        csr: give it the adjacency as a sparse CSR matrix with the normalisation computed once, the fastest form that
            it takes; otherwise as the edge index of its documentation.

    Returns:
        The embeddings after the last epoch, and the seconds of each.
    """
    from torch_geometric.nn.models import LightGCN

    users, items = (torch.tensor(view.train[side].to_numpy()) for side in ("user", "item"))
    n_users, n = view.n_users, view.n_users + view.n_items
    torch.manual_seed(job.repeat)
    generator = torch.Generator().manual_seed(job.repeat)
    adjacency = torch.stack([torch.cat([users, items + n_users]), torch.cat([items + n_users, users])])
    if csr:
        adjacency = _normalised(adjacency, n)
    model = LightGCN(n, job.dim, job.layers, normalize=not csr)
    optimiser = torch.optim.Adam(model.parameters(), lr=job.lr)
    known = torch.sort(users * view.n_items + items)[0]
    seconds = []
    for _ in range(job.epochs):
        started = time.perf_counter()
        for batch in torch.randperm(len(users), generator=generator).split(job.batch):
            u, i = users[batch], items[batch] + n_users
            j = sample_negatives(u, known, view.n_items, 1, generator)[:, 0] + n_users
            x = model.get_embedding(adjacency)
            # the penalty is that of `finetune`: l2 / 2 of each of the three embeddings
            loss = model.recommendation_loss(
                (x[u] * x[i]).sum(1), (x[u] * x[j]).sum(1), torch.cat([u, i, j]), lambda_reg=job.l2 / 2
            )
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        seconds.append(time.perf_counter() - started)
    with torch.no_grad():
        x = model.get_embedding(adjacency)
    return FinalEmbeddings(x[:n_users], x[n_users:]), seconds


def _normalised(edge_index: Tensor, n: int) -> Tensor:
    """D^-1/2 A D^-1/2 as a sparse CSR matrix, ``(n, n)``; A is symmetric."""
    from torch_geometric.nn.conv.gcn_conv import gcn_norm

    _, weight = gcn_norm(edge_index, None, n, add_self_loops=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # torch: CSR is in beta
        return torch.sparse_coo_tensor(edge_index, weight, (n, n)).coalesce().to_sparse_csr()
