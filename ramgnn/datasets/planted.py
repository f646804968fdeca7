"""Data whose truth is known: a seeded generator with relations that follow taste to a planted degree.

Every item and every user has a hidden taste vector. People choose items by popularity and taste. A relation type of
importance β gives its values so that a share β of its rows goes to nodes of like taste and the rest is dealt out at
random, with the same group sizes either way. A type of importance 1 says all about taste; one of importance 0 makes as
many edges and says nothing. Group sizes, values per node, popularity and activity are shaped like those of a named
data set, at any size.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from ramgnn.datasets.base import RecDataset, Relation
from ramgnn.datasets.negatives import with_negatives
from ramgnn.datasets.split import interactions, leave_last_out
from ramgnn.errors import NotFoundError, RamgnnError

QUANTILES = (0, 0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 0.995, 1)


@dataclass(frozen=True)
class TypeShape:
    """The shape of one relation type.

    Attributes:
        name: the type it is shaped like.
        values: number of values; with `per_node`, per node.
        rows: mean number of values of a node, at least 1.
        sizes: group sizes at `QUANTILES` of the values.
        per_node: whether the number of values grows with the number of nodes, as directors do and genres do not.
    """

    name: str
    values: float
    rows: float
    sizes: tuple[int, ...]
    per_node: bool = False


@dataclass(frozen=True)
class Shape:
    """The shape of a data set.

    Attributes:
        n_users, n_items: its real size, the default.
        n_interactions: its real number of interactions.
        popularity: exponent of item popularity over rank.
        activity: standard deviation of the logarithm of the number of interactions of a user.
        item_types, user_types: the relation types.
    """

    n_users: int
    n_items: int
    n_interactions: int
    popularity: float
    activity: float
    item_types: tuple[TypeShape, ...]
    user_types: tuple[TypeShape, ...]


SHAPES: dict[str, Shape] = {
    # counted on the data sets; popularity by least squares on log count over log rank of the more popular half
    "ml-100k": Shape(
        943, 1_674, 99_974, 0.67, 0.88,
        (TypeShape("genre", 25, 2.37, (1, 89, 205, 346, 584, 814, 895, 936, 976)),
         TypeShape("director", 0.688, 1.08, (1, 1, 2, 3, 4, 5, 6, 7, 12), True),
         TypeShape("actor", 2.35, 3.90, (1, 1, 2, 3, 5, 7, 8, 10, 18), True),
         TypeShape("year", 71, 1.0, (1, 5, 8, 24, 170, 258, 304, 328, 352))),
        (TypeShape("age", 8, 1.0, (1, 85, 186, 268, 300, 319, 326, 329, 332)),
         TypeShape("gender", 2, 1.0, (273, 472, 571, 630, 650, 662, 666, 668, 670)),
         TypeShape("occupation", 21, 1.0, (7, 28, 66, 95, 105, 160, 178, 187, 196))),
    ),
    "movietweetings": Shape(
        1_944, 1_019, 41_161, 0.79, 0.51,
        (TypeShape("director", 0.647, 1.13, (1, 1, 2, 3, 5, 7, 8, 9, 17), True),
         TypeShape("cast", 3.23, 11.66, (1, 3, 4, 7, 9, 11, 13, 15, 25), True),
         TypeShape("genre", 141, 3.34, (1, 5, 19, 52, 119, 194, 271, 341, 418)),
         TypeShape("year", 64, 1.0, (1, 4, 14, 38, 67, 128, 154, 171, 188)),
         TypeShape("country", 25, 1.0, (1, 3, 7, 32, 101, 454, 610, 688, 766)),
         TypeShape("language", 20, 1.0, (1, 3, 5, 14, 66, 590, 765, 853, 940))),
        (TypeShape("age", 8, 1.0, (1, 85, 186, 268, 300, 319, 326, 329, 332)),
         TypeShape("gender", 2, 1.0, (273, 472, 571, 630, 650, 662, 666, 668, 670))),
    ),
    "kkbox": Shape(
        24_613, 61_877, 2_170_690, 1.14, 1.35,
        (TypeShape("genre", 106, 1.05, (1, 27, 226, 661, 1642, 2654, 5920, 20491, 36407)),
         TypeShape("artist", 0.116, 1.0, (1, 2, 7, 19, 32, 64, 102, 141, 2678), True),
         TypeShape("composer", 0.290, 1.0, (1, 1, 3, 6, 12, 24, 37, 53, 414), True),
         TypeShape("lyricist", 0.279, 1.0, (1, 1, 3, 6, 12, 25, 40, 61, 404), True)),
        (TypeShape("age", 7, 1.0, (12, 1244, 2826, 5173, 6113, 6677, 6865, 6959, 7053)),
         TypeShape("city", 21, 1.0, (11, 289, 1467, 2634, 3395, 13025, 16235, 17840, 19445))),
    ),
}  # fmt: skip


def load(
    like: str = "ml-100k",
    scale: float = 1.0,
    n_users: int | None = None,
    n_items: int | None = None,
    n_interactions: int | None = None,
    item_importance: Mapping[str, float] | None = None,
    user_importance: Mapping[str, float] | None = None,
    same_shape: str | None = None,
    dim: int = 4,
    strength: float = 4.0,
    negatives: int | None = None,
    seed: int = 0,
    progress: bool = False,
) -> RecDataset:
    """A planted data set.

    Args:
        like: whose shape it has, one of ``ml-100k``, ``movietweetings``, ``kkbox``.
        scale: a factor on the real size; `n_users`, `n_items` and `n_interactions` override it one by one.
        item_importance, user_importance: β in [0, 1] per relation type. Any names may be used: a name of the shape
            keeps that type's group sizes, another takes those of the shape's types in turn. Without it the shape's
            own types get importances from 0.9 down to 0.1, evenly spaced, in an order drawn by `seed`.
        same_shape: give every item type the group sizes of this one type of the shape, so that types differ in
            importance alone.
        dim: width of the hidden taste vectors.
        strength: how much taste counts against popularity in what people choose.
        negatives: sample this many negatives per held-out item; None ranks against all items.
        seed: the same seed gives the same data.

    Raises:
        NotFoundError: an unknown shape. RamgnnError: an importance outside [0, 1] or too few users or items.
    """
    if like not in SHAPES:
        raise NotFoundError("shape", like, list(SHAPES))
    shape = SHAPES[like]
    users = n_users or max(2, round(shape.n_users * scale))
    items = n_items or max(2, round(shape.n_items * scale))
    rows = n_interactions or round(shape.n_interactions / shape.n_users * users)
    if users < 2 or items < 8:
        raise RamgnnError(f"{users} users and {items} items are too few to plant anything in; use at least 2 and 8")
    rng = np.random.default_rng(seed)
    item_taste = _unit(rng.normal(size=(items, dim)))
    user_taste = _unit(rng.normal(size=(users, dim)))
    item_types = _types(shape.item_types, item_importance, same_shape, rng)
    user_types = _types(shape.user_types, user_importance, None, rng)
    item_relations = tuple(_relation(name, s, beta, item_taste, rng) for name, s, beta in item_types)
    user_relations = tuple(_relation(name, s, beta, user_taste, rng) for name, s, beta in user_types)
    user, item = _choose(shape, user_taste, item_taste, rows, strength, rng, progress)
    train, test = leave_last_out(interactions(user, item))
    item_ids, user_ids = (tuple(f"{kind}{n}" for n in range(size)) for kind, size in (("i", items), ("u", users)))
    dataset = RecDataset(
        name="planted",
        user_ids=user_ids,
        item_ids=item_ids,
        user_labels=user_ids,
        item_labels=item_ids,
        train=train,
        test=test,
        item_relations=item_relations,
        user_relations=user_relations,
        time_kind="order",
        split="leave the last of a random order out",
        licence="none needed: generated",
        source=f"generated with seed {seed}, shaped like {like}",
        notes=tuple(f"importance of {r.name}: {r.importance:g}" for r in (*item_relations, *user_relations)),
    ).check()
    return dataset if negatives is None else with_negatives(dataset, negatives, seed)


def _unit(x: np.ndarray) -> np.ndarray:
    """Rows of length one."""
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def _types(
    shapes: tuple[TypeShape, ...], importance: Mapping[str, float] | None, same: str | None, rng: np.random.Generator
) -> list[tuple[str, TypeShape, float]]:
    """Name, shape and importance of each relation type."""
    by_name = {s.name: s for s in shapes}
    if importance is None:
        spread = np.linspace(0.9, 0.1, len(shapes)).round(3)
        importance = dict(zip(by_name, rng.permutation(spread).tolist(), strict=True))
    if same is not None and same not in by_name:
        raise NotFoundError("relation type of the shape", same, list(by_name))
    types = []
    for n, (name, beta) in enumerate(importance.items()):
        if not 0 <= beta <= 1:
            raise RamgnnError(f"the importance of {name!r} is {beta}; expected a number from 0 to 1")
        types.append((name, by_name[same] if same else by_name.get(name, shapes[n % len(shapes)]), float(beta)))
    return types


def _relation(name: str, shape: TypeShape, beta: float, taste: np.ndarray, rng: np.random.Generator) -> Relation:
    """Deal the values of one type out: a share `beta` of the rows by taste, the rest at random."""
    n = len(taste)
    extra = round(n * (shape.rows - 1))
    rows = np.concatenate([np.arange(n), rng.integers(n, size=extra)])  # some nodes have several values
    # a node's second value is that of a somewhat different taste, or it would be the first again
    row_taste = taste[rows] + 0.15 * rng.normal(size=(len(rows), taste.shape[1])) * (np.arange(len(rows)) >= n)[:, None]
    size = _group_sizes(shape, n, len(rows))
    n_values = len(size)
    # along an order in which neighbours are of like taste, each value takes a stretch as long as its group
    stretch = rng.permutation(n_values)
    value_along = np.repeat(stretch, size[stretch])
    value = np.empty(len(rows), np.int64)
    value[np.argsort(_taste_order(row_taste, rng))] = value_along
    planted = rng.random(len(rows)) < beta
    noise = np.flatnonzero(~planted)
    value[noise] = value[rng.permutation(noise)]
    pairs, first = np.unique(rows * n_values + value, return_index=True)  # a node has a value once
    label = tuple(f"{name} {v}" for v in range(n_values))
    return Relation(name, pairs // n_values, pairs % n_values, label, importance=beta, planted=planted[first])


def _group_sizes(shape: TypeShape, n: int, rows: int) -> np.ndarray:
    """Sizes of the groups, at least 1 each and `rows` in all, distributed as those of the shape."""
    n_values = min(max(1, round(shape.values * n)) if shape.per_node else int(shape.values), rows)
    place = (np.arange(n_values) + 0.5) / n_values if n_values > 1 else np.array([1.0])
    place[-1] = 1  # the largest group is part of the shape
    ideal = np.exp(np.interp(place, QUANTILES, np.log(shape.sizes)))
    ideal = ideal * rows / ideal.sum()
    size = np.maximum(1, np.floor(ideal)).astype(np.int64)
    while (over := size.sum() - rows) > 0:  # the least of one row may ask for too many
        large = np.flatnonzero(size > 1)[-over:]
        size[large] -= 1
    short = rows - size.sum()
    size[np.argsort(size - ideal, kind="stable")[:short]] += 1
    size[-1] += rows - size.sum()
    return size


def _taste_order(taste: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The place of each row along a line on which neighbours are of like taste.

    The rows are split in halves along random directions until the parts are small; a type of its own has directions
    of its own, so two types agree on who is alike and not on where the borders are.
    """
    place = np.zeros(len(taste), np.int64)
    parts = [np.arange(len(taste))]
    while parts:
        halves = []
        for part in parts:
            middle = len(part) // 2
            part = part[np.argsort(taste[part] @ rng.normal(size=taste.shape[1]), kind="stable")]
            place[part[middle:]] += middle
            halves += [half for half in (part[:middle], part[middle:]) if len(half) > 1]
        parts = halves
    return place


def _choose(
    shape: Shape, user_taste: np.ndarray, item_taste: np.ndarray, rows: int, strength: float,
    rng: np.random.Generator, progress: bool,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Who interacted with what, in random order: popularity and taste, without repeats (Gumbel top-k)."""
    n_users, n_items = len(user_taste), len(item_taste)
    activity = np.exp(rng.normal(0, shape.activity, n_users))
    count = np.clip(np.round(activity / activity.sum() * rows), 3, n_items // 2).astype(int)
    popularity = -shape.popularity * np.log(rng.permutation(n_items) + 1.0)
    users, items = [], []
    block = max(1, 4_000_000 // n_items)
    bar = tqdm(total=n_users, desc="planting interactions", unit="user", disable=not progress)
    for start in range(0, n_users, block):
        chunk = slice(start, min(start + block, n_users))
        score = popularity + strength * (user_taste[chunk] @ item_taste.T).astype(np.float32)
        score = score + rng.gumbel(size=score.shape).astype(np.float32)
        most = count[chunk].max()
        top = np.argpartition(-score, most - 1, axis=1)[:, :most]
        top = np.take_along_axis(top, np.argsort(-np.take_along_axis(score, top, 1), 1), 1)
        for row, user in enumerate(range(chunk.start, chunk.stop)):
            chosen = rng.permutation(top[row, : count[user]])
            users.append(np.full(len(chosen), user))
            items.append(chosen)
        bar.update(chunk.stop - chunk.start)
    bar.close()
    return np.concatenate(users), np.concatenate(items)
