"""Who had what: the graph of interactions that the recommender sums over, and items that a user did not have."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from ramgnn.kernels.sums import Lists, sum_over_lists
from ramgnn.ragged import offsets, repeat_index


@dataclass(frozen=True, eq=False)
class InteractionGraph:
    """The interactions as two lists of neighbours: the items of each user, and the users of each item.

    Everything else is computed from these fields when it is first asked for, so that it is right for `without` too.

    Attributes:
        norm: ``"symmetric"`` divides an edge by √(deg u · deg i), as LightGCN does; ``"mean"`` by the degree of the
            receiving node, which is the mean of Eq. 19 and 21.
        items_of: ``(n,)`` the items of one user after the other, and ``(n_users,)`` where those of each begin.
        users_of: ``(n,)`` the users of one item after the other, and ``(n_items,)`` where those of each begin.
        user_count: ``(n_users,)`` the items of each user; item_count: ``(n_items,)`` the users of each item, counted.
    """

    norm: str
    items_of: Lists
    users_of: Lists
    user_count: Tensor
    item_count: Tensor

    @classmethod
    def from_pairs(cls, users: Tensor, items: Tensor, n_users: int, n_items: int, norm: str) -> InteractionGraph:
        """The graph of some interactions.

        Args:
            users, items: ``(n,)`` the interactions, sorted by user.
            n_users, n_items: sizes.
            norm: see above.
        """
        by_item = torch.argsort(items, stable=True)
        user_count, item_count = torch.bincount(users, minlength=n_users), torch.bincount(items, minlength=n_items)
        # int32: half the memory to read, and as many as two thousand million interactions
        items_of = (items.int(), offsets(user_count)[:-1].int())
        users_of = (users[by_item].int(), offsets(item_count)[:-1].int())
        return cls(norm, items_of, users_of, user_count, item_count)

    def __deepcopy__(self, memo: dict) -> InteractionGraph:
        """Itself: nothing in it ever changes, so a copy of a model shares it with the model."""
        return self

    @cached_property
    def user_degree(self) -> Tensor:
        """deg u to divide by: ``(n_users, 1)`` float, at least 1."""
        return self.user_count.clamp(min=1).float().unsqueeze(1)

    @cached_property
    def item_degree(self) -> Tensor:
        """deg i to divide by: ``(n_items, 1)`` float, at least 1."""
        return self.item_count.clamp(min=1).float().unsqueeze(1)

    @cached_property
    def by_item(self) -> Tensor:
        """``(n,)`` the positions in `items_of` of the interactions in the order of `users_of`."""
        return torch.argsort(self.items_of[0], stable=True).int()

    @cached_property
    def known(self) -> Tensor:
        """``(n,)`` user · n_items + item of all interactions, sorted: what `sample_negatives` searches."""
        items = self.items_of[0]
        return torch.sort(repeat_index(self.user_count, len(items)) * len(self.item_count) + items)[0]

    def without(self, dropped: Tensor) -> InteractionGraph:
        """The graph without the interactions where `dropped` ``(n,)`` is True; nothing is sorted again."""
        items_of, user_count = _thin(*self.items_of, ~dropped)
        users_of, item_count = _thin(*self.users_of, ~dropped[self.by_item])
        return InteractionGraph(self.norm, items_of, users_of, user_count, item_count)

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
