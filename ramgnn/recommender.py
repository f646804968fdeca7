"""The recommender, Eq. 18–22: pre-trained embeddings, propagated over the user–item interactions, and multiplied."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ramgnn.config import FinetuneConfig
from ramgnn.datasets.base import RecDataset
from ramgnn.encoder import Embeddings
from ramgnn.errors import RamgnnError
from ramgnn.graph import MultiRelationalGraph
from ramgnn.interactions import InteractionGraph
from ramgnn.ragged import offsets


class AttributedEmbedding(nn.Module):
    r"""Initial embeddings: the pre-trained ones joined with those of the attribute values.

    .. math:: x_i^{(0)} = W_3\,(e_i \mathbin\Vert e_v) \tag{18}
    .. math:: x_u^{(0)} = W_3\,(e_u \mathbin\Vert e_v) \tag{20}

    A node has several values or none: the values of each type are averaged and the types concatenated (reading R9),
    so the width is that of e plus that of e_v for each type. The paper has one letter, W_3 of d × d′, for items and
    users; here each side has its own matrix, since the two have other types of values and so another d′. W_3 starts as
    the identity on e plus small random weights everywhere, so that training starts from what pre-training found.
    Without values W_3 is left out: it would only reparametrise free embeddings, and validation is better without it.
    """

    def __init__(self, graph: MultiRelationalGraph | None, start: Embeddings, dim: int, values: bool) -> None:
        super().__init__()
        self.nodes = nn.Embedding.from_pretrained(start.nodes.clone(), freeze=False)
        self.with_values = values and graph is not None
        if self.with_values:
            self.values = nn.Embedding.from_pretrained(start.values.clone(), freeze=False)
            # the values of each node and type stand next to each other in the order by node
            bag = graph.node * graph.n_types + graph.type
            size = torch.bincount(bag, minlength=graph.n_nodes * graph.n_types)
            self.register_buffer("value", graph.value[graph.by_node], persistent=False)
            self.register_buffer("first", offsets(size)[:-1], persistent=False)
            width = start.nodes.shape[1] + graph.n_types * start.values.shape[1]
            self.w3 = nn.Linear(width, dim, bias=False)
            nn.init.normal_(self.w3.weight, std=0.1 * width**-0.5)
            with torch.no_grad():
                self.w3.weight[:, : start.nodes.shape[1]] += torch.eye(dim, start.nodes.shape[1])

    def forward(self) -> Tensor:
        """x^(0), Eq. 18 and 20: ``(n, dim)``."""
        e = self.nodes.weight  # (n, d)
        if not self.with_values:
            return e
        e_v = F.embedding_bag(self.value, self.values.weight, self.first, mode="mean")  # (n * n_types, d_v)
        return self.w3(torch.cat([e, e_v.view(len(e), -1)], 1))  # (n, d + n_types * d_v) to (n, dim)


class PropagationLayer(nn.Module):
    r"""One step along the interactions as printed (reading R10).

    .. math:: x_u^{(l)} = \sigma\big(W_4\,(\mathrm{Aggr}_{i \in N(u)}\, x_i^{(l-1)} \oplus x_u^{(l-1)})\big) \tag{19}
    .. math:: x_i^{(l)} = \sigma\big(W_4\,(\mathrm{Aggr}_{u \in N(i)}\, x_u^{(l-1)} \oplus x_i^{(l-1)})\big) \tag{21}

    Aggr is the mean over neighbours (`InteractionGraph`), where Section II of the paper has a sum; under Eq. 21 the
    paper prints i ∈ N(u). σ is LeakyReLU; ⊕ adds or concatenates. The paper has one
    letter, W_4 of d × d, for all layers and both sides; here a `PropagationLayer` is one layer of one side and has its
    own W_4, of d × d where ⊕ adds and of d × 2d where it concatenates.
    """

    def __init__(self, dim: int, combine: str) -> None:
        super().__init__()
        self.combine = combine
        self.w4 = nn.Linear(2 * dim if combine == "concat" else dim, dim, bias=False)
        nn.init.xavier_uniform_(self.w4.weight)

    def forward(self, aggregated: Tensor, x: Tensor) -> Tensor:
        """The next x, Eq. 19 and 21: ``(n, dim)`` twice to ``(n, dim)``."""
        joined = torch.cat([aggregated, x], 1) if self.combine == "concat" else aggregated + x
        return F.leaky_relu(self.w4(joined))  # (n, dim) or (n, 2 dim) to (n, dim)


class Recommender(nn.Module):
    """The GNN on the interaction graph.

    A subclass may override `propagate` (Eq. 19 and 21) and `read_out`, and set other modules `user` and `item` (Eq. 18
    and 20), which give ``(n, d)`` without an argument. Training takes these steps one by one, since the penalty of
    Eq. 23 needs the start embeddings in between. `forward` only joins them, so it may not be overridden.
    `ramgnn.finetune.finetune` trains a subclass; `ramgnn.fit` builds this class.

    Args:
        dataset: its training interactions are the graph.
        config: the settings.
        user, item: start values of each side and the graph with its attributes (None: no attributes).
        dim: the width d.

    Raises:
        RamgnnError: where a subclass with another `forward` is defined.
    """

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if cls.forward is not Recommender.forward:
            raise RamgnnError(
                f"{cls.__name__} overrides forward of Recommender, which training does not call; override propagate, "
                "from start embeddings to final ones, or read_out"
            )

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
        self.user = AttributedEmbedding(user[1], user[0], dim, with_values and user[1] is not None)
        self.item = AttributedEmbedding(item[1], item[0], dim, with_values and item[1] is not None)
        steps = config.layers if config.propagation == "printed" else 0
        self.user_steps = nn.ModuleList(PropagationLayer(dim, config.combine) for _ in range(steps))
        self.item_steps = nn.ModuleList(PropagationLayer(dim, config.combine) for _ in range(steps))
        self.register_buffer("users", torch.tensor(dataset.train["user"].to_numpy()), persistent=False)
        self.register_buffer("items", torch.tensor(dataset.train["item"].to_numpy()), persistent=False)
        self._graph: InteractionGraph | None = None

    def interactions(self) -> InteractionGraph:
        """The graph of all training interactions; made when it is first asked for, on the device of the model."""
        if self._graph is None or self._graph.user_count.device != self.users.device:
            norm = "symmetric" if self.config.propagation == "linear" else "mean"
            self._graph = InteractionGraph.from_pairs(self.users, self.items, self.n_users, self.n_items, norm)
        return self._graph

    def forward(self, graph: InteractionGraph | None = None) -> tuple[Tensor, Tensor]:
        """Final x_u ``(n_users, d)`` and x_i ``(n_items, d)``; Eq. 18–21 stacked and read out (reading R11)."""
        return self.propagate(self.user(), self.item(), graph or self.interactions())

    def propagate(self, x_u: Tensor, x_i: Tensor, graph: InteractionGraph) -> tuple[Tensor, Tensor]:
        """The layers after the start embeddings x^(0) of both sides: ``(n_users, d)`` and ``(n_items, d)`` to the same.

        A linear step is LightGCN's, without W_4 and σ (reading R10).
        """
        users, items = [x_u], [x_i]
        for layer in range(self.config.layers):
            from_items, from_users = graph.users_from(x_i), graph.items_from(x_u)  # (n_users, d), (n_items, d)
            if self.config.propagation == "linear":
                x_u, x_i = from_items, from_users
            else:
                x_u, x_i = self.user_steps[layer](from_items, x_u), self.item_steps[layer](from_users, x_i)
            users.append(x_u)
            items.append(x_i)
        return self.read_out(users), self.read_out(items)

    def read_out(self, layers: list[Tensor]) -> Tensor:
        """One embedding out of x^(0) to x^(L) (reading R11): ``(n, d)`` each to ``(n, d)`` or ``(n, (L + 1) d)``.

        The last layer's, their mean, or all side by side.
        """
        if self.config.readout == "last":
            return layers[-1]
        return torch.stack(layers).mean(0) if self.config.readout == "mean" else torch.cat(layers, 1)

    @torch.no_grad()
    def final(self) -> FinalEmbeddings:
        """The final embeddings, detached, to score with."""
        x_u, x_i = self()
        return FinalEmbeddings(x_u.detach(), x_i.detach())


def scores(x_u: Tensor, x_i: Tensor) -> Tensor:
    r"""How well each item suits each user.

    .. math:: \hat y_{ui} = x_i^\top x_u \tag{22}

    Args:
        x_u: ``(b, d)``; x_i: ``(n_items, d)``.

    Returns:
        ``(b, n_items)``.
    """
    return x_u @ x_i.T


@dataclass(frozen=True)
class FinalEmbeddings:
    """x_u and x_i after training; all that scoring needs.

    Attributes:
        users: ``(n_users, d)``; items: ``(n_items, d)``.
    """

    users: Tensor
    items: Tensor

    def __call__(self, users: np.ndarray) -> Tensor:
        """ŷ_ui, Eq. 22, for a block of users: ``(b, n_items)``."""
        return scores(self.users[torch.as_tensor(users, device=self.users.device)], self.items)

    def tensors(self) -> dict[str, Tensor]:
        """Both, by name."""
        return {"users": self.users, "items": self.items}

    def with_tensors(self, tensors: Mapping[str, Tensor]) -> FinalEmbeddings:
        """Others, which come to the same device."""
        return FinalEmbeddings(tensors["users"].to(self.users.device), tensors["items"].to(self.items.device))

    def user_embeddings(self) -> Tensor:
        """x_u of all users: ``(n_users, d)``, from which `ramgnn.newcomers` learns where somebody new belongs."""
        return self.users

    def item_embeddings(self) -> Tensor:
        """x_i of all items: ``(n_items, d)``, by which `FittedModel.similar_items` compares them."""
        return self.items
