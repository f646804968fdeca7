"""Who had what: the graph of interactions that the recommender sums over, and items that a user did not have."""

from __future__ import annotations

import copy

import torch
from torch import Tensor

from ramgnn.kernels.ragged import offsets
from ramgnn.kernels.sums import Lists, sum_over_lists


class InteractionGraph:
    """The interactions as two lists of neighbours: the items of each user, and the users of each item.

    Args:
        users, items: ``(n,)`` the training interactions, sorted by user.
        n_users, n_items: sizes.
        norm: ``"symmetric"`` divides an edge by √(deg u · deg i), as LightGCN does; ``"mean"`` by the degree of the
            receiving node, which is the mean of Eq. 19 and 21.
    """

    def __init__(self, users: Tensor, items: Tensor, n_users: int, n_items: int, norm: str) -> None:
        by_item = torch.argsort(items, stable=True)
        self.norm = norm
        self.user_count, item_count = torch.bincount(users, minlength=n_users), torch.bincount(items, minlength=n_items)
        # int32: half the memory to read, and as many as two thousand million interactions
        self.items_of = (items.int(), offsets(self.user_count)[:-1].int())
        self.users_of = (users[by_item].int(), offsets(item_count)[:-1].int())
        self.by_item = by_item.int()
        self.user_degree, self.item_degree = _degrees(self.user_count), _degrees(item_count)

    def __deepcopy__(self, memo: dict) -> InteractionGraph:
        """Itself: it never changes, so that copies of a model, as the running average keeps one, can share it."""
        return self

    def without(self, dropped: Tensor) -> InteractionGraph:
        """The graph without the interactions where `dropped` ``(n,)`` is True; nothing is sorted again."""
        rest = copy.copy(self)
        rest.items_of, user_count = _thin(*self.items_of, ~dropped)
        rest.users_of, item_count = _thin(*self.users_of, ~dropped[self.by_item])
        rest.user_degree, rest.item_degree = _degrees(user_count), _degrees(item_count)
        return rest

    def users_from(self, x: Tensor) -> Tensor:
        """Aggr over N(u), the items of each user, Eq. 19: ``(n_items, d)`` to ``(n_users, d)``."""
        return self._aggregate(x, self.items_of, self.users_of, self.item_degree, self.user_degree)

    def items_from(self, x: Tensor) -> Tensor:
        """Aggr over N(i), the users of each item, Eq. 21: ``(n_users, d)`` to ``(n_items, d)``."""
        return self._aggregate(x, self.users_of, self.items_of, self.user_degree, self.item_degree)

    def _aggregate(
        self, x: Tensor, lists: Lists, transposed: Lists, sender_degree: Tensor, receiver_degree: Tensor
    ) -> Tensor:
        """Sums over neighbours, with the norm applied to rows before and after the sum instead of to edges."""
        if self.norm == "mean":
            return sum_over_lists(x, lists, transposed) / receiver_degree.to(x.dtype)
        x = x * sender_degree.to(x.dtype).rsqrt()
        return sum_over_lists(x, lists, transposed) * receiver_degree.to(x.dtype).rsqrt()


def _degrees(count: Tensor) -> Tensor:
    """Counts as a column to divide by: ``(n,)`` to ``(n, 1)`` float, at least 1."""
    return count.clamp(min=1).float().unsqueeze(1)


def _thin(neighbours: Tensor, starts: Tensor, keep: Tensor) -> tuple[Lists, Tensor]:
    """Neighbour lists with only the entries to keep, and how many each node has left."""
    before = torch.zeros(len(keep) + 1, dtype=starts.dtype, device=keep.device)
    torch.cumsum(keep, 0, dtype=before.dtype, out=before[1:])
    first = before[starts]
    return (neighbours.masked_select(keep), first), torch.cat([first, before[-1:]]).diff()


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
        position = torch.searchsorted(known, key).clamp(max=len(known) - 1)
        hit = known[position] == key
        if not bool(hit.any()):
            break
        drawn[hit] = torch.randint(n_items, (int(hit.sum()),), generator=generator, device=users.device)
    return drawn
