"""The made-up library: its truth, its flaws, and what mending leaves."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ramgnn import datasets
from ramgnn.experiments import library


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("library")
    library.make().write(place / "raw")
    library.clean(place / "raw", place / "clean")
    return place


def test_the_same_seed_draws_the_same_library():
    one, other = library.make(), library.make()
    assert one.loans.equals(other.loans) and (one.drawn == other.drawn).all()
    assert not one.loans.equals(library.make(seed=17).loans)


def test_taste_is_what_is_said():
    lib = library.make()
    assert (lib.about.sum(1) <= 2).all() and lib.about.any(1).all()
    reader, book = 17, int(np.flatnonzero(lib.by_author[17])[0])
    assert lib.author[book] in lib.follows[reader]
    assert lib.likes[reader, book] == lib.about[book, lib.favourite[reader]].any()
    borrowed = {(int(c[1:]), int(b[1:])) for c, b in zip(lib.loans["card"], lib.loans["book_id"], strict=True)}
    assert np.mean([lib.likes[at] for at in borrowed]) > 2 * lib.likes.mean()
    assert np.mean([lib.by_author[at] for at in borrowed]) > 3 * lib.by_author.mean()
    assert not {b for _, b in borrowed} & set(lib.new.tolist())
    per_reader = np.bincount([c for c, _ in borrowed], minlength=library.N_READERS)
    assert not per_reader[-library.NEW :].any()
    assert per_reader[lib.town == 3].mean() < per_reader[lib.town == 0].mean() / 2


def test_raw_tables_have_flaws_and_clean_ones_have_none(folder):
    raw, clean = (
        {
            n: pd.read_csv(folder / w / f"{n}.csv", dtype=str, keep_default_na=False)
            for n in ("loans", "books", "readers")
        }
        for w in ("raw", "clean")
    )
    assert (raw["books"]["author"] == "unknown").any() and (raw["readers"]["age"] == "0").any()
    assert raw["loans"]["book_id"].str.isupper().any() and raw["loans"].duplicated(["card", "book_id"]).any()
    assert raw["readers"]["town"].nunique() > 5
    assert not (clean["books"]["author"] == "unknown").any() and not (clean["readers"]["age"] == "0").any()
    assert not clean["loans"]["book_id"].str.isupper().any() and clean["readers"]["town"].nunique() == 5  # one is empty
    parts = clean["books"]["subject"].str.split("|").explode()
    assert set(parts) == set(library.SUBJECTS)


def test_clean_tables_are_loaded(folder):
    files = {"interactions": "loans", "items": "books", "users": "readers"}
    data = datasets.load(
        "tables", **{kind: str(folder / "clean" / f"{name}.csv") for kind, name in files.items()},
        user_column="card", duplicates="first", min_user=0, bins={"year": 10, "age": 10},
    )  # fmt: skip
    assert (data.n_users, data.n_items) == (library.N_READERS, library.N_BOOKS)
    assert [r.n_values for r in data.item_relations] == [12, 60, 8]
    assert [r.n_values for r in data.relations("user")] == [8, 4]
