"""The recommender: embeddings with attributes, propagation on the interaction graph, BPR. Eq. 18–23."""

from __future__ import annotations

import copy
import math
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

from ramgnn import distributed
from ramgnn.checkpoint import Checkpoint, named, restore_training, training_tensors, under
from ramgnn.config import FinetuneConfig
from ramgnn.datasets.base import RecDataset
from ramgnn.encoder import Embeddings
from ramgnn.errors import check_loss
from ramgnn.graph import MultiRelationalGraph

MOST_SCORES = 2**23  # scores that the losses hold at once: 32 MiB in float32, 135 users with KKBox's 61,877 items
MOST_STEPS = 32  # optimiser steps an epoch when `batch` is not given, so that large data do not propagate too often


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
        # int32: half the memory to read, and as many as two thousand million interactions
        self.items_of = (items.int(), _starts(users, n_users).int())
        self.users_of = (users[by_item].int(), _starts(items, n_items).int())
        self.by_item = by_item.int()
        self.user_count = torch.bincount(users, minlength=n_users)
        degrees = (self.user_count, torch.bincount(items, minlength=n_items))
        self.user_degree, self.item_degree = (d.clamp(min=1).float().unsqueeze(1) for d in degrees)

    def __deepcopy__(self, memo: dict) -> InteractionGraph:
        """Itself: it never changes, so that copies of a model, as the running average keeps one, can share it."""
        return self

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
    before = torch.zeros(len(keep) + 1, dtype=starts.dtype, device=keep.device)
    torch.cumsum(keep, 0, dtype=before.dtype, out=before[1:])
    first = before[starts]
    return (neighbours.masked_select(keep), first), torch.cat([first, before[-1:]]).diff()


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
    the rest, so that training starts from what pre-training found. Where there are no values W_3 has nothing to join
    and is left out, which validates better: a matrix on free embeddings is a second set of parameters for the same.
    """

    def __init__(self, graph: MultiRelationalGraph | None, start: Embeddings, dim: int, values: bool) -> None:
        super().__init__()
        self.nodes = nn.Embedding.from_pretrained(start.nodes.clone(), freeze=False)
        self.with_values = values and graph is not None
        if self.with_values:
            self.values = nn.Embedding.from_pretrained(start.values.clone(), freeze=False)
            # the values of each node and type stand next to each other in the order by node
            bag = graph.node * graph.n_types + graph.type
            self.register_buffer("value", graph.value[graph.by_node], persistent=False)
            self.register_buffer("first", _starts(bag, graph.n_nodes * graph.n_types), persistent=False)
            width = start.nodes.shape[1] + graph.n_types * start.values.shape[1]
            self.w3 = nn.Linear(width, dim, bias=False)
            nn.init.normal_(self.w3.weight, std=0.1 * width**-0.5)
            with torch.no_grad():
                self.w3.weight[:, : start.nodes.shape[1]] += torch.eye(dim, start.nodes.shape[1])

    def forward(self) -> Tensor:
        """``(n, dim)``."""
        if not self.with_values:
            return self.nodes.weight
        mean = F.embedding_bag(self.value, self.values.weight, self.first, mode="mean")
        return self.w3(torch.cat([self.nodes.weight, mean.view(len(self.nodes.weight), -1)], 1))


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
        dim: the width d.
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
        self._known: Tensor | None = None

    def interactions(self, dropped: Tensor | None = None) -> InteractionGraph:
        """The graph of all training interactions, or of those where `dropped` is False."""
        if self._whole is None or self._whole.user_degree.device != self.users.device:
            norm = "symmetric" if self.config.propagation == "linear" else "mean"
            self._whole = InteractionGraph(self.users, self.items, self.n_users, self.n_items, norm)
        return self._whole if dropped is None else self._whole.without(dropped)

    def known(self) -> Tensor:
        """``(n,)`` user · n_items + item of all training interactions, sorted: what `sample_negatives` searches."""
        if self._known is None or self._known.device != self.users.device:
            self._known = torch.sort(self.users * self.n_items + self.items)[0]
        return self._known

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


def softmax_gradient(
    x_u: Tensor, x_i: Tensor, row: Tensor, own: Tensor, temperature: float = 1.0, most: int | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """`softmax_loss` of the scores x_u · x_i / temperature with its gradients, for a catalogue of any size.

    With p = softmax of a user's scores, m the number of the user's items and t = 1 for them, else 0, the gradient of
    −Σ_i t_i log p_i by the scores is m p − t. That is all the gradients of x_u and x_i need, so a block of users has
    its scores computed, turned into this in place, multiplied out, and overwritten by those of the next block. The
    loss is a sum over users: blocks change nothing but the rounding.

    Args:
        x_u: ``(b, d)`` users; x_i: ``(n_items, d)`` the whole catalogue; neither takes part in autograd.
        row, own: ``(n,)`` the training items `own` of these users, and the place of the user in `x_u`; each pair once,
            sorted by user.
        temperature: scores are divided by it.
        most: scores held at once; `MOST_SCORES`, 32 MiB in float32, by default.

    Returns:
        The loss, a scalar, and its gradients by x_u ``(b, d)`` and x_i ``(n_items, d)``.
    """
    b, n_items = len(x_u), len(x_i)
    block = max(1, min(b, (MOST_SCORES if most is None else most) // n_items))
    x_u = x_u / temperature
    size = torch.bincount(row, minlength=b)
    first = [0, *size.cumsum(0)[block - 1 :: block].tolist(), len(own)]  # where the pairs of each block begin
    loss, of_u, of_i = x_u.new_zeros(()), torch.empty_like(x_u), torch.zeros_like(x_i)
    memory = x_u.new_empty(block, n_items)  # the same for all blocks: fresh memory costs as much as the product
    for n, start in enumerate(range(0, b, block)):
        users = slice(start, min(start + block, b))
        pairs = slice(first[n], first[n + 1])
        at = row[pairs] - start, own[pairs]
        scores = torch.mm(x_u[users], x_i.T, out=memory[: users.stop - start])
        scores -= scores.amax(1, keepdim=True)
        positive = scores[at]
        total = scores.exp_().sum(1, keepdim=True)  # softmax = exp(scores) / total
        loss += (total.log()[at[0], 0] - positive).sum()
        scores *= size[users, None] / total
        scores[at] -= 1
        of_u[users] = scores @ x_i
        of_i.addmm_(scores.T, x_u[users])
    n = max(len(own), 1)
    return loss / n, of_u / (n * temperature), of_i / n


def bpr_gradient(
    x_u: Tensor, x_i: Tensor, u: Tensor, i: Tensor, j: Tensor, most: int | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """`bpr_loss` of the scores x_u · x_i with its gradients, by autograd on blocks of pairs.

    Args:
        x_u: ``(n_users, d)``; x_i: ``(n_items, d)``; neither takes part in autograd.
        u, i: ``(b,)`` users and items of the pairs; j: ``(b, n)`` sampled negatives.
        most: numbers held at once in the rows of a block's users and items; `MOST_SCORES` by default.

    Returns:
        The loss, a scalar, and its gradients by x_u and x_i.
    """
    x_u, x_i = x_u.detach().requires_grad_(), x_i.detach().requires_grad_()
    block = max(1, (MOST_SCORES if most is None else most) // ((2 + j.shape[1]) * x_u.shape[1]))
    loss = x_u.new_zeros(())
    for first in range(0, len(u), block):
        part = slice(first, first + block)
        own = F.embedding(u[part], x_u)
        positive = (own * F.embedding(i[part], x_i)).sum(1)
        negative = torch.einsum("bd,bnd->bn", own, F.embedding(j[part], x_i))
        share = bpr_loss(positive, negative) * (len(own) / len(u))
        share.backward()  # adds to the gradients of the blocks before
        loss += share.detach()
    return loss, *(torch.zeros_like(x) if x.grad is None else x.grad for x in (x_u, x_i))


# ---- training -------------------------------------------------------------------------------------------------------


@dataclass
class Finetuned:
    """The result of `finetune`.

    Attributes:
        model: the recommender; final: its embeddings at the best epoch.
        best_epoch: the epoch `final` is from.
        history: one dictionary per epoch: epoch, loss, seconds and, where validated, the metric.
        interrupted: True when Ctrl-C ended it early.
        resumed: how many of the epochs came from a checkpoint.
    """

    model: Recommender
    final: FinalEmbeddings
    best_epoch: int
    history: list[dict[str, Any]] = field(default_factory=list)
    interrupted: bool = False
    resumed: int = 0

    def history_dict(self) -> dict[str, Any]:
        """The history as plain values, for JSON."""
        return {"best_epoch": self.best_epoch, "interrupted": self.interrupted, "epochs": self.history}


def random_start(
    dim: int, n_nodes: int, graph: MultiRelationalGraph | None, generator: torch.Generator, spread: float = 0.1
) -> Embeddings:
    """Embeddings without pre-training: normal, with the standard deviation `spread`, by default that of LightGCN."""
    n_values, n_types = (graph.n_values, graph.n_types) if graph is not None else (0, 0)
    draw = [torch.randn(n, dim, generator=generator) * spread for n in (n_nodes, n_types, n_values)]
    return Embeddings(*draw)


def finetune(
    model: Recommender,
    config: FinetuneConfig,
    seed: int = 0,
    validate: Callable[[FinalEmbeddings], float] | None = None,
    epochs: int | None = None,
    progress: bool = True,
    name: str = "fine-tuning",
    checkpoint: Checkpoint | None = None,
) -> Finetuned:
    """Train the recommender.

    Args:
        model: the recommender; its device is used.
        validate: a metric of the final embeddings, larger is better, computed every `config.every` epochs; the best
            epoch's embeddings are returned, and training stops after `config.patience` validations without a gain.
        epochs: how many to train instead of `config.epochs`, for retraining without validation.
        checkpoint: written after each epoch; training goes on from it when there is one.

    Raises:
        DivergedError: the loss is not finite.
    """
    device = model.users.device
    generator = torch.Generator(device=device).manual_seed(seed)
    optimiser = Optimiser(model, config)
    result = Finetuned(model, model.final(), 0)
    best, since = -float("inf"), 0
    if checkpoint is not None and (found := checkpoint.load()) is not None:
        best, since = _restore(*found, result, optimiser, generator)
    done = result.resumed = len(result.history)
    epochs = config.epochs if epochs is None else epochs
    bar = tqdm(total=epochs, initial=done, desc=name, disable=not progress, unit="epoch")
    try:
        for epoch in range(done + 1, epochs + 1):
            if since >= config.patience:
                break
            started = time.perf_counter()
            distributed.same_start(model)
            loss = train_epoch(model, config, optimiser, generator)
            check_loss(loss, name, epoch, "finetune.lr")
            row: dict[str, Any] = {"epoch": epoch, "loss": loss}
            shown = f"loss {loss:.4f}"
            if validate is not None and (epoch % config.every == 0 or epoch == epochs):
                final = optimiser.average.final()
                row["validation"] = distributed.from_first(lambda final=final: validate(final), device)
                if row["validation"] > best:
                    best, since, result.best_epoch, result.final = row["validation"], 0, epoch, final
                else:
                    since += 1
                shown += f", validation {row['validation']:.4f}, best {best:.4f} at {result.best_epoch}"
            row["seconds"] = time.perf_counter() - started
            result.history.append(row)
            if checkpoint is not None:
                _save(checkpoint, result, optimiser, generator, best, since)
            bar.set_postfix_str(shown, False)
            bar.update()
    except KeyboardInterrupt:
        result.interrupted = True
        bar.close()
        tqdm.write(f"{name}: stopped by you after {len(result.history)} epochs; what was reached is kept")
    bar.close()
    if validate is None or not result.best_epoch:
        result.final, result.best_epoch = optimiser.average.final(), len(result.history)
    return result


def _save(
    checkpoint: Checkpoint,
    result: Finetuned,
    optimiser: Optimiser,
    generator: torch.Generator,
    best: float,
    since: int,
) -> None:
    """Write everything that the next epoch depends on, and the best embeddings so far."""
    tensors = training_tensors(result.model, optimiser.adam, generator)
    if optimiser.running is not None:
        tensors |= named("average", optimiser.running.state_dict())
    if result.best_epoch:
        tensors |= {"final.users": result.final.users, "final.items": result.final.items}
    state = {"history": result.history, "best": best, "since": since, "best_epoch": result.best_epoch}
    checkpoint.save(tensors, state)


def _restore(
    tensors: dict[str, Tensor],
    state: dict[str, Any],
    result: Finetuned,
    optimiser: Optimiser,
    generator: torch.Generator,
) -> tuple[float, int]:
    """Put everything where `_save` left it; returns the best validation so far and validations since."""
    restore_training(tensors, result.model, optimiser.adam, generator)
    if optimiser.running is not None:
        optimiser.running.load_state_dict(under("average", tensors))
    result.history, result.best_epoch = state["history"], state["best_epoch"]
    if result.best_epoch:
        device = result.model.users.device
        result.final = FinalEmbeddings(tensors["final.users"].to(device), tensors["final.items"].to(device))
    return state["best"], state["since"]


class Optimiser:
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

    def step(self) -> None:
        """One step downhill along the gradient that stands on the parameters."""
        self.adam.step()
        if self.running is not None:
            self.running.update_parameters(self.model)


def batch_size(config: FinetuneConfig, n: int) -> int:
    """How many of n users (softmax) or training pairs (BPR) one optimiser step takes.

    It is `config.batch` where that is given, else 64, or as many as make at most `MOST_STEPS` steps an epoch.
    """
    return config.batch or max(64, math.ceil(n / MOST_STEPS))


def train_epoch(model: Recommender, config: FinetuneConfig, optimiser: Optimiser, generator: torch.Generator) -> float:
    """One pass over the users (softmax) or the training pairs (BPR); the mean loss per interaction or pair."""
    if config.loss == "softmax":
        step, of = softmax_step, torch.bincount(model.users, minlength=model.n_users).nonzero()[:, 0]
    else:
        step, of = bpr_step, torch.arange(len(model.users), device=model.users.device)
    order = of[torch.randperm(len(of), generator=generator, device=of.device)]
    total = torch.zeros((), device=of.device)
    weight = 0
    for batch in order.split(batch_size(config, len(of))):
        optimiser.adam.zero_grad()
        loss, size = step(model, config, batch, generator)
        distributed.add_up_gradients(model.parameters())
        distributed.add_up(loss)
        optimiser.step()
        total, weight = total + loss * size, weight + size
    return float(total) / max(weight, 1)


def softmax_step(
    model: Recommender, config: FinetuneConfig, users: Tensor, generator: torch.Generator
) -> tuple[Tensor, int]:
    """The softmax loss of some users and its gradient, left on the parameters.

    Args:
        users: ``(b,)``, each with at least one training item.

    Returns:
        The mean loss per interaction, without the penalty, and the number of interactions. Of several processes each
        takes a share of the users; the losses and the gradients then have to be added up.
    """
    start_u, start_i = model.user(), model.item()
    x_u, x_i = model.propagate(start_u, start_i, _graph(model, config, generator))
    mine = users[distributed.part(len(users))]
    row, own = _neighbours(model.interactions().items_of, mine)
    size = int(model.interactions().user_count[users].sum())
    share = len(own) / size
    loss, of_u, of_i = softmax_gradient(x_u.detach()[mine], x_i.detach(), row, own, config.temperature)
    of_x_u = torch.zeros_like(x_u).index_copy_(0, mine, of_u)
    penalty = ((start_u[mine] ** 2).sum() + (start_i**2).sum() / distributed.size()) * config.l2 / len(users)
    torch.autograd.backward([x_u, x_i, penalty], [of_x_u.mul_(share), of_i.mul_(share), None])
    return loss * share, size


def bpr_step(
    model: Recommender, config: FinetuneConfig, pairs: Tensor, generator: torch.Generator
) -> tuple[Tensor, int]:
    """The BPR loss of some training pairs and its gradient, left on the parameters.

    Args:
        pairs: ``(b,)`` positions in the training interactions.

    Returns:
        The mean loss per pair, without the penalty, and the number of pairs. Of several processes each takes a share of
        the pairs; the losses and the gradients then have to be added up.
    """
    u, i = model.users[pairs], model.items[pairs]
    j = sample_negatives(u, model.known(), model.n_items, config.negatives, generator)
    mine = distributed.part(len(pairs))
    u, i, j = u[mine], i[mine], j[mine]
    share = len(u) / len(pairs)
    start_u, start_i = model.user(), model.item()
    x_u, x_i = model.propagate(start_u, start_i, _graph(model, config, generator))
    loss, of_x_u, of_x_i = bpr_gradient(x_u.detach(), x_i.detach(), u, i, j)
    # ‖·‖² of the rows of u, i and the first j: each row counts as often as it is in the batch
    n_u, n_i = torch.bincount(u, minlength=len(x_u)), torch.bincount(torch.cat([i, j[:, 0]]), minlength=len(x_i))
    penalty = config.l2 * ((n_u * (start_u**2).sum(1)).sum() + (n_i * (start_i**2).sum(1)).sum()) / (2 * len(pairs))
    torch.autograd.backward([x_u, x_i, penalty], [of_x_u.mul_(share), of_x_i.mul_(share), None])
    return loss * share, len(pairs)


def _graph(model: Recommender, config: FinetuneConfig, generator: torch.Generator) -> InteractionGraph:
    """The interaction graph, with a share of its edges left out where the settings say so."""
    if config.edge_dropout == 0:
        return model.interactions()
    chance = torch.rand(len(model.users), generator=generator, device=model.users.device)
    return model.interactions(chance < config.edge_dropout)


def _neighbours(lists: Lists, nodes: Tensor) -> tuple[Tensor, Tensor]:
    """The neighbours of some nodes, one after the other: the place in `nodes` that each belongs to, and the neighbour.

    Both are int64 and as long as all these neighbours together.
    """
    neighbours, starts = lists
    size = torch.diff(starts, append=starts.new_tensor([len(neighbours)]))[nodes].long()
    place = torch.arange(len(nodes), device=nodes.device).repeat_interleave(size)
    first = starts[nodes] - (size.cumsum(0) - size)
    return place, neighbours[first[place] + torch.arange(len(place), device=nodes.device)].long()


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
