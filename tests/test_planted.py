"""The generator: what is planted is there, and what is not, is not."""

from __future__ import annotations

import numpy as np
import pytest

from ramgnn import datasets
from ramgnn.datasets import planted
from ramgnn.errors import NotFoundError, RamgnnError
from ramgnn.graph import MultiRelationalGraph


def small(**changes):
    return planted.load(**({"scale": 0.3, "seed": 1} | changes))


def agreement(data, name) -> float:
    """Mean co-user cosine of pairs that share a value, over that of random pairs."""
    x = data.matrix().toarray()
    x = x / np.linalg.norm(x, axis=0).clip(1)
    close = x.T @ x
    r = data.relation("item", name)
    onehot = np.zeros((data.n_items, r.n_values))
    onehot[r.nodes, r.values] = 1
    share = onehot @ onehot.T
    np.fill_diagonal(share, 0)
    np.fill_diagonal(close, 0)
    return (close * share).sum() / share.sum() / (close.sum() / (len(close) * (len(close) - 1)))


def test_same_seed_same_data_other_seed_other():
    a, b, c = small(), small(), small(seed=2)
    assert a.train.equals(b.train)
    assert all(np.array_equal(x.values, y.values) for x, y in zip(a.item_relations, b.item_relations, strict=True))
    assert not a.train.equals(c.train)


def test_importance_shows_in_who_chooses_what():
    data = small(item_importance={"a": 1.0, "b": 0.5, "c": 0.0}, same_shape="actor", scale=0.5)
    found = [agreement(data, name) for name in "abc"]
    assert found[0] > found[1] > found[2]
    assert found[0] > 1.3
    assert found[2] == pytest.approx(1, abs=0.1)


def test_planted_rows_are_the_stated_share_and_group_sizes_do_not_depend_on_it():
    sizes = []
    for beta in (0.0, 0.3, 1.0):
        data = small(item_importance={"year": beta})
        r = data.relation("item", "year")
        assert r.importance == beta
        assert r.planted.mean() == pytest.approx(beta, abs=0.06)
        sizes.append(np.sort(np.bincount(r.values)))
    assert np.array_equal(sizes[0], sizes[1])
    assert np.array_equal(sizes[1], sizes[2])


@pytest.mark.parametrize("like", ["ml-100k", "movietweetings", "kkbox"])
def test_every_shape_has_its_types_and_size(like):
    shape = planted.SHAPES[like]
    data = datasets.load("planted", like=like, scale=0.05) if like == "kkbox" else planted.load(like=like, scale=0.5)
    factor = 0.05 if like == "kkbox" else 0.5
    assert data.n_items == round(shape.n_items * factor)
    assert data.n_users == round(shape.n_users * factor)
    assert [r.name for r in data.item_relations] == [t.name for t in shape.item_types]
    assert len(data.train) + len(data.test) == pytest.approx(shape.n_interactions * factor, rel=0.35)
    for r, t in zip(data.item_relations, shape.item_types, strict=True):
        assert len(np.unique(r.nodes)) == data.n_items
        # a node that was dealt a value twice has it once, which a value that most nodes have makes frequent
        assert 0.6 * t.rows <= len(r.nodes) / data.n_items <= t.rows + 0.01


@pytest.mark.parametrize(("like", "edges"), [
    ("ml-100k", {"genre": 1_833_382, "director": 2_416, "actor": 13_122, "year": 321_494}),
    ("movietweetings", {"director": 2_386, "genre": 519_198, "year": 81_316, "country": 601_978}),
])  # fmt: skip
def test_number_of_edges_is_that_of_the_real_data(like, edges):
    """Group sizes make the edges: within a factor of 1.6 of what was counted on the data set."""
    graph = MultiRelationalGraph.from_dataset(planted.load(like=like), "item")
    for name, count in edges.items():
        assert count / 1.6 < graph.n_edges(name) < count * 1.6, name


def test_importances_may_have_any_names_and_the_users_have_some_too():
    data = small(item_importance={"studio": 1.0, "colour": 0.2}, user_importance={"town": 0.5})
    assert [r.name for r in data.item_relations] == ["studio", "colour"]
    assert data.relation("user", "town").importance == 0.5
    assert MultiRelationalGraph.from_dataset(data, "user").n_edges() > 0


def test_negatives_on_demand():
    data = small(negatives=50)
    assert data.negatives.shape == (len(data.test), 50)


def test_bad_requests_are_named():
    with pytest.raises(NotFoundError, match="no shape 'netflix'"):
        planted.load(like="netflix")
    with pytest.raises(RamgnnError, match=r"importance of 'genre' is 1\.5; expected a number from 0 to 1"):
        planted.load(item_importance={"genre": 1.5})
    with pytest.raises(RamgnnError, match="too few"):
        planted.load(n_users=1, n_items=3)
    with pytest.raises(NotFoundError, match="relation type of the shape 'colour'"):
        planted.load(same_shape="colour")
