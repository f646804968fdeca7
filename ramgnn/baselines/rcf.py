"""RCF: relational collaborative filtering. A user's history, grouped by how its items are related to the target.

The longest of the baselines, a little above three hundred lines: half of it keeps a model that looks at every pair of a
candidate and an item of the history within a laptop's memory, and is read together or not at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ramgnn.baselines import fitting
from ramgnn.baselines.registry import register
from ramgnn.datasets.base import RecDataset
from ramgnn.errors import RamgnnError
from ramgnn.kernels.compiled import usable
from ramgnn.kernels.histories import list_entries, logits, shares, weighted_sums
from ramgnn.ragged import offsets, ragged_arange, repeat_index

CHUNK = 2**22  # numbers in the rows of an attention table that are made at once


@dataclass(frozen=True)
class Settings:
    """Those of the authors' code, but for the number of targets.

    Attributes:
        dim: d; attention: width of the attention layers.
        alpha: item attention is divided by the sum of its exponentials to the power of α.
        relation_weight: of the loss on relations.
        dropout: before and after the hidden layer.
        lr: Adagrad's learning rate.
        l2: λ, on all parameters, as weight decay; the authors' is 0.
        per_user: interactions of each user that an epoch trains on, drawn anew; None: all. The authors take all: an
            epoch of all costs five times as much here, and 20 find the same.
        batch: pairs a step.
        epochs: how many.
        std: of the normal start values.
    """

    dim: int = 64
    attention: int = 32
    alpha: float = 0.5
    relation_weight: float = 0.01
    dropout: float = 0.5
    lr: float = 0.05
    l2: float = 0.0
    per_user: int | None = 20
    batch: int = 512
    epochs: int = 50
    std: float = 0.05


LEAST = {
    "dim": 1, "attention": 1, "alpha": 0, "relation_weight": 0, "lr": 0, "l2": 0, "per_user": 1, "batch": 1,
    "epochs": 0, "std": 0,
}  # fmt: skip


class Entries(NamedTuple):
    """What the histories of a batch of pairs (u, i) contain: one entry per item j and shared value, or one for t0.

    Attributes:
        row: ``(e,)`` the pair; item: ``(e,)`` j; value: ``(e,)`` the shared value, -1 for t0; type: ``(e,)`` t.
    """

    row: Tensor
    item: Tensor
    value: Tensor
    type: Tensor


@register("rcf", settings=Settings, least=LEAST, shares=("dropout",))
class RCF(fitting.Model):
    """ŷ_ui = h · ReLU(W (μ ∘ q_i) + b) with μ = p_u + Σ_t γ_t m_t over t_0 and the relation types t of items.

        m_t = Σ exp(a) q_j / (Σ exp(a))^α,     a = w_t · tanh(W_t1 q_i + W_t2 q_j + W_t3 e_v)
        γ   = softmax over t of  w' · ReLU(W' (p_u ∘ r_t) + b'')

    An item j of the history is in t once for each value v of that type that it shares with i, and in t_0, without
    W_t3 e_v, when it shares none at all. The loss is Σ −ln σ(ŷ_ui − ŷ_uj), and with a small weight the same of
    q_i · ((r_t + e_v) ∘ q_j) against a random j, for one related j of each type and positive pair. Xin, He, Zhang,
    Zhang and Jose, "Relational collaborative filtering: modeling multiple item relations for recommendation",
    SIGIR 2019.

    Decisions. In the authors' code every list but the longest of a batch has one empty place that takes part in the
    attention, so scores depend on who else is in the batch; here each list has exactly one, so a list may be empty and
    a score is a function of user and item. i is taken out of the history in training. A random j is not checked for
    being related after all. The relation types are all that the data set has for items, the year included.

    The attention of i on j does not depend on the user. So a full ranking needs one table of n_items · n_items
    exponentials for each type, made once for a block of users. In training nothing is ever listed but the history of
    each pair, found by looking up the values of i among those of the user's items: it costs what the histories hold,
    however many edges the item graph has. A ranking among sampled candidates does the same. A full ranking of KKBox's
    61,877 songs is out of reach.
    """

    def __init__(self, dataset: RecDataset, settings: Settings) -> None:
        super().__init__(dataset)
        if not dataset.item_relations:
            raise RamgnnError(f"{dataset.name} has no attributes of items, and RCF is about nothing else")
        self.settings = settings
        self.n_types = len(dataset.item_relations)
        self._index(dataset)
        d, a = settings.dim, settings.attention
        self.p, self.q = nn.Embedding(self.n_users, d), nn.Embedding(self.n_items, d)
        self.r, self.e = nn.Embedding(self.n_types + 1, d), nn.Embedding(self.n_values, d)
        types = self.n_types + 1
        self.w1, self.w2, self.w3 = (nn.Linear(d, types * a, bias=False) for _ in range(3))  # one below the other
        self.w = nn.Embedding(types, a)
        self.type_layer, self.type_score = nn.Linear(d, a), nn.Linear(a, 1, bias=False)
        self.hidden, self.h = nn.Linear(d, d), nn.Linear(d, 1, bias=False)
        for table in (self.p, self.q, self.r, self.e, self.w):
            nn.init.normal_(table.weight, std=settings.std)
        self.optimiser = torch.optim.Adagrad(
            self.parameters(), lr=settings.lr, weight_decay=settings.l2, initial_accumulator_value=1e-8
        )

    # ---- who is related to whom -------------------------------------------------------------------------------------

    def _index(self, dataset: RecDataset) -> None:
        """The values of each item, and the items of each user by value; type 0 is t_0."""
        items, values, types, n = [], [], [], 0
        for t, relation in enumerate(dataset.item_relations, 1):
            items.append(torch.from_numpy(relation.nodes))
            values.append(torch.from_numpy(relation.values) + n)
            types.append(torch.full((relation.n_values,), t))
            n += relation.n_values
        item, value = torch.cat(items), torch.cat(values)
        order = torch.argsort(item, stable=True)
        count = torch.bincount(item, minlength=self.n_items)
        self.n_values, self.n_of_type = n, [relation.n_values for relation in dataset.item_relations]
        own, place, _ = _stretches(offsets(count)[:-1], count, self.items)
        at = torch.arange(len(self.users)) - self.first[self.users]  # place in the user's history
        key = self.users[place] * n + value[order][own]
        by_key = torch.argsort(key, stable=True)
        buffers = {
            "type_of": torch.cat(types), "item_value": value[order], "item_first": offsets(count)[:-1],
            "item_count": count, "key": key[by_key],
            "key_item": self.items[place][by_key], "key_place": at[place][by_key],
        }  # fmt: skip
        for name, x in buffers.items():
            self.register_buffer(name, x, persistent=False)

    def entries(self, u: Tensor, i: Tensor) -> Entries:
        """The entries of the pairs of users and items, by pair and type; i itself is not among them."""
        if usable(u):
            index = (
                self.first, self.size, self.items, self.item_first, self.item_count, self.item_value, self.type_of,
                self.key, self.key_item, self.key_place,
            )  # fmt: skip
            return Entries(*map(torch.from_numpy, list_entries(*(x.numpy() for x in (u, i, *index)))))
        # every value of i, looked up among the values of the user's items
        position, row, _ = _stretches(self.item_first, self.item_count, i)
        key = u[row] * self.n_values + self.item_value[position]
        low, high = (torch.searchsorted(self.key, key, right=right) for right in (False, True))
        match, which, _ = _stretches(low, high - low)
        row, item, value = row[which], self.key_item[match], self.item_value[position][which]
        # the others are in t_0
        history, pair, starts = _stretches(self.first, self.size, u)
        related = torch.zeros(len(history), dtype=torch.bool, device=u.device)
        related[starts[row] + self.key_place[match]] = True
        rest = ~related & (self.items[history] != i[pair])
        other = item != i[row]
        row, item, value = row[other], item[other], value[other]
        none = torch.full((int(rest.sum()),), -1, device=u.device)
        row, item = torch.cat([pair[rest], row]), torch.cat([self.items[history][rest], item])
        value, type = torch.cat([none, value]), torch.cat([none + 1, self.type_of[value]])
        order = torch.argsort(row * (self.n_types + 1) + type, stable=True)
        return Entries(row[order], item[order], value[order], type[order])

    # ---- the score --------------------------------------------------------------------------------------------------

    def typed(self, layer: nn.Linear, x: Tensor) -> Tensor:
        """W_t x for every t: ``(n, d)`` to ``(n, n_types + 1, attention)``."""
        return layer(x).view(len(x), self.n_types + 1, self.settings.attention)

    def of_values(self) -> Tensor:
        """W_t3 e_v, of each value's own type t: ``(n_values, attention)``."""
        by_type = self.e.weight.split(self.n_of_type)
        layers = self.w3.weight.split(self.settings.attention)[1:]  # none for t_0, which has no values
        return torch.cat([e @ w.T for e, w in zip(by_type, layers, strict=True)])

    def logits(self, i: Tensor, entries: Entries) -> Tensor:
        """a of each entry: ``(e,)``."""
        width = self.n_types + 1
        a, b = (self.typed(layer, self.q.weight).flatten(0, 1) for layer in (self.w1, self.w2))  # a row for (i, t)
        head, tail = i[entries.row] * width + entries.type, entries.item * width + entries.type
        return logits(a, b, self.of_values(), self.w.weight, head, tail, entries.value, entries.type)

    def empty(self, i: Tensor) -> Tensor:
        """exp(a) of the empty place of each type: ``(b, n_types + 1)``."""
        return (self.typed(self.w1, self.q(i)).tanh() * self.w.weight).sum(2).exp()

    def type_attention(self, p: Tensor) -> Tensor:
        """γ: ``(b, d)`` to ``(b, n_types + 1)``."""
        inner = F.relu(self.type_layer(p.unsqueeze(1) * self.r.weight))
        return self.type_score(inner)[..., 0].softmax(1)

    def predict(self, mu: Tensor, q: Tensor) -> Tensor:
        """ŷ from μ and q_i, ``(…, d)`` each, to ``(…,)``."""
        drop = self.settings.dropout
        inner = F.dropout(mu * q, drop, self.training)
        return self.h(F.dropout(F.relu(self.hidden(inner)), drop, self.training))[..., 0]

    def pair_scores(self, u: Tensor, i: Tensor, entries: Entries) -> Tensor:
        """ŷ of pairs with their entries: ``(b,)``."""
        width = self.n_types + 1
        weight = self.logits(i, entries).exp()
        slot = entries.row * width + entries.type
        total = self.empty(i).flatten().index_add(0, slot, weight)
        share = weight * total.pow(-self.settings.alpha)[slot]
        message = weighted_sums(share, self.q.weight, entries.item, slot, len(u) * width)
        p = self.p(u)
        mu = p + (self.type_attention(p).unsqueeze(2) * message.view(len(u), width, self.settings.dim)).sum(1)
        return self.predict(mu, self.q(i))

    # ---- training ---------------------------------------------------------------------------------------------------

    def epoch(self, generator: torch.Generator) -> float:
        """Up to `per_user` interactions of each user with one negative each, in random order."""
        chosen = self.draw_some(self.settings.per_user, generator)
        total = 0.0
        for batch in chosen.split(self.settings.batch):
            u, i = self.users[batch], self.items[batch]
            j = self.draw_negatives(u, generator)[:, 0]
            both = torch.cat([i, j])
            entries = self.entries(torch.cat([u, u]), both)
            positive, negative = self.pair_scores(torch.cat([u, u]), both, entries).chunk(2)
            loss = F.softplus(negative - positive).sum()
            total += float(loss.detach())
            loss = loss + self.settings.relation_weight * self.relation_loss(i, entries, generator)
            self.optimiser.zero_grad()
            loss.backward()
            self.optimiser.step()
        return total / len(chosen)

    def relation_loss(self, i: Tensor, entries: Entries, generator: torch.Generator) -> Tensor:
        """Σ −ln σ of q_i · ((r_t + e_v) ∘ (q_j − q_j')), over one related entry of each type and positive pair."""
        related = ((entries.value >= 0) & (entries.row < len(i))).nonzero()[:, 0]
        slot = entries.row[related] * (self.n_types + 1) + entries.type[related]
        count = torch.unique_consecutive(slot, return_counts=True)[1]
        place = (torch.rand(len(count), generator=generator, device=i.device) * count).long().clamp(max=count - 1)
        some = related[offsets(count)[:-1] + place]
        random_item = torch.randint(self.n_items, (len(some),), generator=generator, device=i.device)
        head = self.q(i[entries.row[some]]) * (self.r(entries.type[some]) + self.e(entries.value[some]))
        return F.softplus((head * (self.q(random_item) - self.q(entries.item[some]))).sum(1)).sum()

    # ---- the whole catalogue ----------------------------------------------------------------------------------------

    @torch.no_grad()
    def scores(self, users: np.ndarray) -> Tensor:
        """``(b, n_items)``."""
        chosen = fitting.index(users, self)
        history, pair, starts = _stretches(self.first, self.size, chosen)
        known, local = torch.unique(self.items[history], return_inverse=True)
        q, alpha = self.q.weight, self.settings.alpha
        p = self.p(chosen)
        gamma, empty = self.type_attention(p), self.empty(torch.arange(self.n_items, device=q.device))
        tables, rows = torch.stack(self._tables(known)), []
        for n, (start, size) in enumerate(zip(starts.tolist(), self.size[chosen].tolist(), strict=True)):
            columns = local[start : start + size]
            share = shares(tables, columns, gamma[n], empty, alpha)  # of all types, so there is one product with q
            rows.append(self.predict(p[n] + share.T @ q[known[columns]], q))
        return torch.stack(rows) if rows else q.new_zeros(0, self.n_items)

    @torch.no_grad()
    def score_pairs(self, users: np.ndarray, items: np.ndarray | Tensor) -> Tensor:
        """``(b,)`` users and ``(b, n)`` items to ``(b, n)``, from the history of each pair, as in training."""
        chosen = fitting.index(users, self)
        items = torch.as_tensor(items, dtype=torch.int64, device=chosen.device)
        parts = [self.q.weight.new_zeros(0)]
        for u, size, candidates in zip(chosen, self.size[chosen].tolist(), items, strict=True):
            for i in candidates.split(max(1, CHUNK // (self.settings.dim * max(size, 1)))):
                same = u.expand(len(i))
                parts.append(self.pair_scores(same, i, self.entries(same, i)))
        return torch.cat(parts).view(items.shape)

    def _tables(self, known: Tensor) -> list[Tensor]:
        """exp(a) of all items on the `known` ones, summed over shared values: ``(n_known, n_items)`` for each t."""
        width, n, device = self.n_types + 1, len(known), known.device
        a, b = (self.typed(w, x).flatten(0, 1) for w, x in ((self.w1, self.q.weight), (self.w2, self.q(known))))
        c = self.of_values()

        def weights(i: Tensor, j: Tensor, value: Tensor, t: int) -> Tensor:
            """exp(a) of items i on known items j in type t, row by row."""
            return logits(a, b, c, self.w.weight, i * width + t, j * width + t, value, torch.full_like(i, t)).exp()

        local = torch.full((self.n_items,), -1, device=device)
        local[known] = torch.arange(n, device=device)
        every = torch.arange(self.n_items, device=device)
        order = torch.argsort(self.item_value, stable=True)
        item, value = every.repeat_interleave(self.item_count)[order], self.item_value[order]
        tails = local[item] >= 0  # the incidences of the known items, by value
        tail, tail_value = local[item][tails], value[tails]
        count = torch.bincount(tail_value, minlength=self.n_values)
        related = torch.zeros(n, self.n_items, dtype=torch.bool, device=device)
        tables = [c.new_zeros(n, self.n_items) for _ in range(width)]
        for t in range(1, width):
            of_type = self.type_of[value] == t
            for head, v in zip(item[of_type].split(2048), value[of_type].split(2048), strict=True):
                position, which, _ = _stretches(offsets(count)[:-1], count, v)
                i, j = head[which], tail[position]
                tables[t].view(-1).index_add_(0, j * self.n_items + i, weights(i, j, v[which], t))
                related[j, i] = True
        for rows in torch.arange(n, device=device).split(max(1, CHUNK // a.numel())):
            i, j = every.repeat(len(rows)), rows.repeat_interleave(self.n_items)
            tables[0][rows] = weights(i, j, torch.full_like(i, -1), 0).view(len(rows), self.n_items)
        tables[0][related] = 0
        for table in tables:  # nothing is related to itself
            table[torch.arange(n, device=device), known] = 0
        return tables


def _stretches(first: Tensor, count: Tensor, chosen: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
    """The stretches first … first + count of the chosen rows (all when None), one after the other.

    Returns:
        ``(e,)`` the positions; ``(e,)`` which of the chosen each belongs to; ``(b,)`` where each stretch begins.
    """
    if chosen is not None:
        first, count = first[chosen], count[chosen]
    which = repeat_index(count)
    return ragged_arange(first, count, len(which)), which, offsets(count)[:-1]


def fit(
    dataset: RecDataset, settings: Settings | None = None, seed: int = 0, epochs: int | None = None,
    progress: bool = False, device: str = "cpu",
) -> RCF:  # fmt: skip
    """Train it; `epochs` stands in for those of the settings."""
    return fitting.fit(RCF, dataset, settings or Settings(), seed, epochs, progress, device)
