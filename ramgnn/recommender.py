"""The recommender: embeddings with attributes, propagation on the interaction graph, BPR. Eq. 18–23."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm import tqdm

from ramgnn.config import FinetuneConfig
from ramgnn.datasets.base import RecDataset
from ramgnn.encoder import Embeddings
from ramgnn.errors import RamgnnError
from ramgnn.graph import MultiRelationalGraph


class InteractionGraph:
    """Who interacted with what, as two lists of neighbours: the items of each user, and the users of each item.

    Args:
        users, items: ``(n,)`` the training interactions, sorted by user.
        n_users, n_items: sizes.
        norm: ``"symmetric"`` divides an edge by √(deg u · deg i), as LightGCN does; ``"mean"`` by the degree of the
            receiving node, which is the mean of Eq. 19 and 21.
    """

    def __init__(self, users: Tensor, items: Tensor, n_users: int, n_items: int, norm: str) -> None:
        by_item = torch.argsort(items, stable=True)
        self.norm = norm
        self.items_of = (items, _starts(users, n_users))
        self.users_of = (users[by_item], _starts(items, n_items))
        self.by_item = by_item
        degrees = (torch.bincount(users, minlength=n_users), torch.bincount(items, minlength=n_items))
        self.user_degree, self.item_degree = (d.clamp(min=1).float().unsqueeze(1) for d in degrees)

    def without(self, dropped: Tensor) -> InteractionGraph:
        """The graph without the interactions where `dropped` ``(n,)`` is True; nothing is sorted again."""
        rest = copy.copy(self)
        rest.items_of, user_degree = _thin(*self.items_of, ~dropped)
        rest.users_of, item_degree = _thin(*self.users_of, ~dropped[self.by_item])
        rest.user_degree, rest.item_degree = (d.clamp(min=1).float().unsqueeze(1) for d in (user_degree, item_degree))
        return rest

    def users_from(self, x: Tensor) -> Tensor:
        """Aggr over N(u), Eq. 19: ``(n_items, d)`` to ``(n_users, d)``."""
        return self._aggregate(x, self.items_of, self.users_of, self.item_degree, self.user_degree)

    def items_from(self, x: Tensor) -> Tensor:
        """Aggr over N(i), Eq. 21: ``(n_users, d)`` to ``(n_items, d)``."""
        return self._aggregate(x, self.users_of, self.items_of, self.user_degree, self.item_degree)

    def _aggregate(self, x: Tensor, of: Lists, back: Lists, giving: Tensor, receiving: Tensor) -> Tensor:
        """Sums over neighbours, with the norm applied to rows before and after instead of to edges."""
        if self.norm == "mean":
            return _Sum.apply(x, *of, *back) / receiving.to(x.dtype)
        return _Sum.apply(x * giving.to(x.dtype).rsqrt(), *of, *back) * receiving.to(x.dtype).rsqrt()


Lists = tuple[Tensor, Tensor]  # neighbours of all nodes one after the other, and where those of each node begin


def _starts(groups: Tensor, n: int) -> Tensor:
    """Where each of n groups begins once sorted: ``(n,)``."""
    count = torch.bincount(groups, minlength=n)
    return count.cumsum(0) - count


def _thin(neighbours: Tensor, starts: Tensor, keep: Tensor) -> tuple[Lists, Tensor]:
    """Neighbour lists with only the entries to keep, and how many each node has left."""
    before = torch.zeros(len(keep) + 1, dtype=torch.int64, device=keep.device)
    torch.cumsum(keep, 0, out=before[1:])
    first = before[starts]
    return (neighbours[keep], first), torch.cat([first, before[-1:]]).diff()


class _Sum(torch.autograd.Function):
    """Sums of rows over neighbour lists; the backward pass is the same over the lists of the other side."""

    @staticmethod
    def forward(ctx, x: Tensor, neighbours: Tensor, starts: Tensor, back: Tensor, back_starts: Tensor) -> Tensor:
        ctx.back = back, back_starts
        return F.embedding_bag(neighbours, x, starts, mode="sum")

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, None, None, None, None]:
        back, starts = ctx.back
        return F.embedding_bag(back, gradient.contiguous(), starts, mode="sum"), None, None, None, None


class SideEmbedding(nn.Module):
    """x^(0) = W_3 (e ‖ e_v), Eq. 18 and 20, for users or for items.

    A node has several values or none: the values of each type are averaged and the types concatenated (reading R9),
    so the width is that of e plus that of e_v for each type. W_3 begins as the identity on e with small weights on
    the rest, so that training starts from what pre-training found.
    """

    def __init__(self, graph: MultiRelationalGraph | None, start: Embeddings, dim: int, values: bool) -> None:
        super().__init__()
        self.nodes = nn.Embedding.from_pretrained(start.nodes.clone(), freeze=False)
        self.with_values = values and graph is not None
        width = start.nodes.shape[1]
        if self.with_values:
            self.values = nn.Embedding.from_pretrained(start.values.clone(), freeze=False)
            # the values of each node and type stand next to each other in the order by node
            bag = graph.node * graph.n_types + graph.type
            self.register_buffer("value", graph.value[graph.by_node], persistent=False)
            self.register_buffer("first", _starts(bag, graph.n_nodes * graph.n_types), persistent=False)
            width += graph.n_types * start.values.shape[1]
        self.w3 = nn.Linear(width, dim, bias=False)
        nn.init.normal_(self.w3.weight, std=0.1 * width**-0.5)
        with torch.no_grad():
            self.w3.weight[:, : start.nodes.shape[1]] += torch.eye(dim, start.nodes.shape[1])

    def forward(self) -> Tensor:
        """``(n, dim)``."""
        parts = [self.nodes.weight]
        if self.with_values:
            mean = F.embedding_bag(self.value, self.values.weight, self.first, mode="mean")
            parts.append(mean.view(len(parts[0]), -1))
        return self.w3(torch.cat(parts, 1))


class PrintedStep(nn.Module):
    """σ(W_4 (Aggr ⊕ x)), the step of Eq. 19 and 21 as printed (reading R10)."""

    def __init__(self, dim: int, combine: str) -> None:
        super().__init__()
        self.combine = combine
        self.w4 = nn.Linear(2 * dim if combine == "concat" else dim, dim, bias=False)
        nn.init.xavier_uniform_(self.w4.weight)

    def forward(self, aggregated: Tensor, x: Tensor) -> Tensor:
        """``(n, dim)`` twice to ``(n, dim)``."""
        joined = torch.cat([aggregated, x], 1) if self.combine == "concat" else aggregated + x
        return F.leaky_relu(self.w4(joined))


class Recommender(nn.Module):
    """The GNN on the interaction graph.

    Args:
        dataset: its training interactions are the graph.
        config: the settings.
        user, item: start values of each side and the graph with its attributes (None: no attributes).
        dim: d.
    """

    def __init__(
        self,
        dataset: RecDataset,
        config: FinetuneConfig,
        user: tuple[Embeddings, MultiRelationalGraph | None],
        item: tuple[Embeddings, MultiRelationalGraph | None],
        dim: int,
    ) -> None:
        super().__init__()
        self.config, self.n_users, self.n_items = config, dataset.n_users, dataset.n_items
        with_values = config.values == "mean"
        self.user = SideEmbedding(user[1], user[0], dim, with_values and user[1] is not None)
        self.item = SideEmbedding(item[1], item[0], dim, with_values and item[1] is not None)
        steps = config.layers if config.propagation == "printed" else 0
        self.user_steps = nn.ModuleList(PrintedStep(dim, config.combine) for _ in range(steps))
        self.item_steps = nn.ModuleList(PrintedStep(dim, config.combine) for _ in range(steps))
        self.register_buffer("users", torch.tensor(dataset.train["user"].to_numpy()), persistent=False)
        self.register_buffer("items", torch.tensor(dataset.train["item"].to_numpy()), persistent=False)
        self._whole: InteractionGraph | None = None

    def interactions(self, dropped: Tensor | None = None) -> InteractionGraph:
        """The graph of all training interactions, or of those where `dropped` is False."""
        if self._whole is None or self._whole.user_degree.device != self.users.device:
            norm = "symmetric" if self.config.propagation == "linear" else "mean"
            self._whole = InteractionGraph(self.users, self.items, self.n_users, self.n_items, norm)
        return self._whole if dropped is None else self._whole.without(dropped)

    def forward(self, graph: InteractionGraph | None = None) -> tuple[Tensor, Tensor]:
        """Final x_u ``(n_users, d)`` and x_i ``(n_items, d)``; Eq. 18–21 stacked and read out (reading R11)."""
        return self.propagate(self.user(), self.item(), graph or self.interactions())

    def propagate(self, x_u: Tensor, x_i: Tensor, graph: InteractionGraph) -> tuple[Tensor, Tensor]:
        """The layers after the start embeddings x^(0) of both sides."""
        users, items = [x_u], [x_i]
        for layer in range(self.config.layers):
            from_items, from_users = graph.users_from(x_i), graph.items_from(x_u)
            if self.config.propagation == "linear":
                x_u, x_i = from_items, from_users
            else:
                x_u, x_i = self.user_steps[layer](from_items, x_u), self.item_steps[layer](from_users, x_i)
            users.append(x_u)
            items.append(x_i)
        return self._read(users), self._read(items)

    def _read(self, layers: list[Tensor]) -> Tensor:
        """One embedding out of those of all layers."""
        if self.config.readout == "last":
            return layers[-1]
        return torch.stack(layers).mean(0) if self.config.readout == "mean" else torch.cat(layers, 1)

    @torch.no_grad()
    def final(self) -> FinalEmbeddings:
        """The final embeddings, detached, to score with."""
        x_u, x_i = self()
        return FinalEmbeddings(x_u.detach(), x_i.detach())


@dataclass(frozen=True)
class FinalEmbeddings:
    """x_u and x_i after training; all that scoring needs.

    Attributes:
        users: ``(n_users, d)``; items: ``(n_items, d)``.
    """

    users: Tensor
    items: Tensor

    def __call__(self, users: np.ndarray) -> Tensor:
        """ŷ_ui = x_i · x_u, Eq. 22, for a block of users: ``(b, n_items)``."""
        return self.users[torch.as_tensor(users, device=self.users.device)] @ self.items.T


# ---- losses, Eq. 23 -------------------------------------------------------------------------------------------------


def bpr_loss(positive: Tensor, negative: Tensor) -> Tensor:
    """The mean of −ln σ(ŷ_ui − ŷ_uj), Eq. 23 with a prediction on both sides of the minus (reading R12).

    Args:
        positive: ``(b,)`` ŷ_ui; negative: ``(b, n)`` ŷ_uj of the sampled negatives.
    """
    return F.softplus(negative - positive.unsqueeze(1)).mean()


def softmax_loss(scores: Tensor, target: Tensor) -> Tensor:
    """Multinomial cross-entropy over the catalogue: the mean over users of −Σ_i p_i log softmax(ŷ_u)_i.

    Args:
        scores: ``(b, n_items)``; target: ``(b, n_items)`` 1 for training items, else 0.

    Every interaction weighs the same: the sum over a user's items is not divided by their number, but the whole by
    the number of interactions in the batch.
    """
    return -(F.log_softmax(scores, 1) * target).sum() / target.sum().clamp(min=1)


# ---- training -------------------------------------------------------------------------------------------------------


@dataclass
class Finetuned:
    """The result of `finetune`.

    Attributes:
        model: the recommender; final: its embeddings at the best epoch.
        best_epoch: the epoch `final` is from.
        history: one dictionary per epoch: epoch, loss, seconds and, where validated, the metric.
        interrupted: True when Ctrl-C ended it early.
    """

    model: Recommender
    final: FinalEmbeddings
    best_epoch: int
    history: list[dict[str, Any]] = field(default_factory=list)
    interrupted: bool = False

    def history_dict(self) -> dict[str, Any]:
        """The history as plain values, for JSON."""
        return {"best_epoch": self.best_epoch, "interrupted": self.interrupted, "epochs": self.history}


def random_start(dim: int, n_nodes: int, graph: MultiRelationalGraph | None, generator: torch.Generator) -> Embeddings:
    """Embeddings without pre-training, drawn as those of LightGCN: normal, standard deviation 0.1."""
    n_values, n_types = (graph.n_values, graph.n_types) if graph is not None else (0, 0)
    draw = [torch.randn(n, dim, generator=generator) * 0.1 for n in (n_nodes, n_types, n_values)]
    return Embeddings(*draw)


def finetune(
    model: Recommender,
    config: FinetuneConfig,
    seed: int = 0,
    validate: Callable[[FinalEmbeddings], float] | None = None,
    epochs: int | None = None,
    progress: bool = True,
    name: str = "fine-tuning",
) -> Finetuned:
    """Train the recommender.

    Args:
        model: the recommender; its device is used.
        validate: a metric of the final embeddings, larger is better, computed every `config.every` epochs; the best
            epoch's embeddings are returned, and training stops after `config.patience` validations without a gain.
        epochs: how many to train instead of `config.epochs`, for retraining without validation.

    Raises:
        RamgnnError: the loss is not finite.
    """
    device = model.users.device
    generator = torch.Generator(device=device).manual_seed(seed)
    optimiser = _Optimiser(model, config)
    result = Finetuned(model, model.final(), 0)
    best, since = -float("inf"), 0
    epochs = config.epochs if epochs is None else epochs
    bar = tqdm(range(1, epochs + 1), desc=name, disable=not progress, unit="epoch")
    try:
        for epoch in bar:
            started = time.perf_counter()
            run = _softmax_epoch if config.loss == "softmax" else _bpr_epoch
            loss = run(model, config, optimiser, generator)
            if not abs(loss) < float("inf"):
                raise RamgnnError(f"{name}: the loss is {loss} in epoch {epoch}; try a lower finetune.lr")
            row: dict[str, Any] = {"epoch": epoch, "loss": loss}
            shown = f"loss {loss:.4f}"
            if validate is not None and (epoch % config.every == 0 or epoch == epochs):
                final = optimiser.average.final()
                row["validation"] = validate(final)
                if row["validation"] > best:
                    best, since, result.best_epoch, result.final = row["validation"], 0, epoch, final
                else:
                    since += 1
                shown += f", validation {row['validation']:.4f}, best {best:.4f} at {result.best_epoch}"
            row["seconds"] = time.perf_counter() - started
            result.history.append(row)
            bar.set_postfix_str(shown)
            if since >= config.patience:
                break
    except KeyboardInterrupt:
        result.interrupted = True
        bar.close()
        tqdm.write(f"{name}: stopped by you after {len(result.history)} epochs; what was reached is kept")
    if validate is None or not result.best_epoch:
        result.final, result.best_epoch = optimiser.average.final(), len(result.history)
    return result


class _Optimiser:
    """Adam, and the running average of the parameters.

    Late in training the parameters wander about a good place from batch to batch; the average stays there, so that
    the number of epochs matters less than without it.
    """

    def __init__(self, model: Recommender, config: FinetuneConfig) -> None:
        self.adam = torch.optim.Adam(model.parameters(), lr=config.lr)
        self.running = (
            AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(config.average)) if config.average else None
        )
        self.model = model

    @property
    def average(self) -> Recommender:
        """The recommender with averaged parameters."""
        return self.running.module if self.running is not None else self.model

    def step(self, loss: Tensor) -> None:
        """One step downhill."""
        self.adam.zero_grad()
        loss.backward()
        self.adam.step()
        if self.running is not None:
            self.running.update_parameters(self.model)


def _graph(model: Recommender, config: FinetuneConfig, generator: torch.Generator) -> InteractionGraph:
    """The interaction graph, with a share of its edges left out where the settings say so."""
    if config.edge_dropout == 0:
        return model.interactions()
    chance = torch.rand(len(model.users), generator=generator, device=model.users.device)
    return model.interactions(chance < config.edge_dropout)


def _penalty(config: FinetuneConfig, *rows: Tensor) -> Tensor:
    """λ_2 ‖Θ_2‖² of Eq. 23 on the embeddings that the batch uses, before propagation, per row."""
    return config.l2 * sum((x**2).sum() for x in rows) / len(rows[0])


def _softmax_epoch(
    model: Recommender, config: FinetuneConfig, optimiser: _Optimiser, generator: torch.Generator
) -> float:
    """One pass over the users with the softmax loss."""
    device, n_items = model.users.device, model.n_items
    start = torch.zeros(model.n_users + 1, dtype=torch.int64, device=device)
    torch.cumsum(torch.bincount(model.users, minlength=model.n_users), 0, out=start[1:])
    order = torch.randperm(model.n_users, generator=generator, device=device)
    total = weight = 0.0
    for batch in order.split(config.batch):
        size = start[batch + 1] - start[batch]
        if int(size.sum()) == 0:
            continue
        row = torch.arange(len(batch), device=device).repeat_interleave(size)
        within = torch.arange(len(row), device=device) - (size.cumsum(0) - size)[row]
        own = model.items[start[batch][row] + within]
        columns = torch.arange(n_items, device=device)
        if n_items > config.softmax_sample:
            # all positives of the batch, and a uniform sample of the rest
            sample = torch.randint(n_items, (config.softmax_sample,), generator=generator, device=device)
            columns = torch.cat([own, sample]).unique()
        target = torch.zeros(len(batch), len(columns), device=device)
        target[row, torch.searchsorted(columns, own)] = 1
        start_u, start_i = model.user(), model.item()
        x_u, x_i = model.propagate(start_u, start_i, _graph(model, config, generator))
        scores = x_u[batch] @ x_i[columns].T / config.temperature
        loss = softmax_loss(scores, target)
        optimiser.step(loss + _penalty(config, start_u[batch], start_i[columns]))
        total, weight = total + float(loss.detach()) * len(row), weight + len(row)
    return total / max(weight, 1)


def _bpr_epoch(model: Recommender, config: FinetuneConfig, optimiser: _Optimiser, generator: torch.Generator) -> float:
    """One pass over the interactions with BPR; negatives are never training items of the user."""
    device, n_items = model.users.device, model.n_items
    known = torch.sort(model.users * n_items + model.items)[0]
    order = torch.randperm(len(model.users), generator=generator, device=device)
    total = 0.0
    for batch in order.split(config.batch):
        u, i = model.users[batch], model.items[batch]
        j = sample_negatives(u, known, n_items, config.negatives, generator)
        start_u, start_i = model.user(), model.item()
        x_u, x_i = model.propagate(start_u, start_i, _graph(model, config, generator))
        own = F.embedding(u, x_u)
        loss = bpr_loss((own * F.embedding(i, x_i)).sum(1), torch.einsum("bd,bnd->bn", own, F.embedding(j, x_i)))
        rows = (F.embedding(u, start_u), F.embedding(i, start_i), F.embedding(j[:, 0], start_i))
        optimiser.step(loss + _penalty(config, *rows) / 2)
        total += float(loss.detach()) * len(batch)
    return total / len(order)


def sample_negatives(users: Tensor, known: Tensor, n_items: int, n: int, generator: torch.Generator) -> Tensor:
    """Items drawn uniformly that are not training items of the user, ``(b, n)``.

    Args:
        users: ``(b,)``; known: sorted ``user * n_items + item`` of all training interactions.

    A draw that hits a training item is drawn again, up to a hundred times; a user who has nearly every item may then
    keep one.
    """
    drawn = torch.randint(n_items, (len(users), n), generator=generator, device=users.device)
    for _ in range(100):
        key = users.unsqueeze(1) * n_items + drawn
        place = torch.searchsorted(known, key).clamp(max=len(known) - 1)
        hit = known[place] == key
        if not bool(hit.any()):
            break
        again = torch.randint(n_items, (int(hit.sum()),), generator=generator, device=users.device)
        drawn[hit] = again
    return drawn
