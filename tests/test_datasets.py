"""The data sets: toy, movietweetings and ml-100k; and `load` itself."""

from __future__ import annotations

import hashlib
import os
import pickle
import subprocess
import sys
import zipfile
from collections import Counter
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ramgnn import datasets
from ramgnn.datasets import ml100k, movietweetings, toy
from ramgnn.datasets.base import Relation
from ramgnn.datasets.ml100k import files as ml100k_files
from ramgnn.datasets.split import interactions, leave_last_out
from ramgnn.errors import DataError, NotFoundError
from tests.test_download import closed_url, server  # noqa: F401  (a fixture)

DATA = Path(os.environ["RAMGNN_DATA"]).absolute() if os.environ.get("RAMGNN_DATA") else None


def needs(folder):
    there = DATA is not None and (DATA / folder).is_dir()
    return pytest.mark.skipif(not there, reason=f"RAMGNN_DATA has no {folder}: the data may not be in the repository")


def pairs(relation):
    """Directed pairs that share a value, counted once for each value."""
    sizes = np.bincount(relation.values)
    return int((sizes * (sizes - 1)).sum())


def values(dataset, side, name, node):
    return dataset.relation(side, name).lists(dataset.n_nodes(side))[node]


# load


def test_every_name_has_a_loader():
    assert list(datasets.names()) == ["toy", "movietweetings", "ml-100k", "kkbox", "planted", "tables"]
    for module, line in datasets._LOADERS.values():
        assert line and find_spec(f"ramgnn.datasets.{module}")


def test_names_need_no_numpy():
    code = "import sys; from ramgnn import datasets; from ramgnn.datasets.source import Source; datasets.names(); "
    code += "print({'numpy', 'pandas', 'torch'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], text=True, capture_output=True, check=True)
    assert done.stdout == "set()\n"
    assert {"RecDataset", "Relation", "from_frames"} <= set(dir(datasets))
    assert all(getattr(datasets, name) for name in datasets.__all__)
    with pytest.raises(AttributeError, match="no attribute 'lode'"):
        datasets.lode  # noqa: B018


def test_unknown_name():
    with pytest.raises(NotFoundError, match="did you mean 'ml-100k'") as caught:
        datasets.load("ML100k")
    assert "toy, movietweetings" in str(caught.value)
    with pytest.raises(NotFoundError):
        datasets.load("netflix prize")


def test_unknown_option():
    with pytest.raises(NotFoundError, match="did you mean 'attributes'") as caught:
        datasets.load("ml-100k", attribute="cleaned")
    assert "its options are attributes, age, year, names, root, progress" in str(caught.value)
    with pytest.raises(NotFoundError, match="it has no options"):
        datasets.load("toy", seed=1)


@pytest.mark.parametrize("option", [{"attributes": "raw"}, {"age": "year"}, {"year": "1994"}])
def test_ml100k_wrong_value_of_an_option(option):
    with pytest.raises(DataError, match="expected: '"):
        datasets.load("ml-100k", **option)


# toy


def edges(dataset, one, other):
    ids = {title.rsplit(" (")[0]: i for i, title in enumerate(dataset.item_labels)}
    found = set()
    for r in dataset.item_relations:
        own = r.lists(dataset.n_items)
        found |= {(r.name, v) for v in set(own[ids[one]]) & set(own[ids[other]])}
    return found


def test_toy_by_hand():
    d = datasets.load("toy")
    assert (d.n_users, d.n_items, len(d.train), len(d.test)) == (6, 8, 18, 6)
    assert edges(d, "True Lies", "Titanic") == {("director", "James Cameron"), ("actor", "Bill Paxton")}
    assert edges(d, "True Lies", "Forrest Gump") == {("year", "1994"), ("genre", "Comedy")}
    assert edges(d, "True Lies", "The Terminator") == {
        ("director", "James Cameron"),
        ("actor", "Arnold Schwarzenegger"),
        ("actor", "Bill Paxton"),
        ("genre", "Action"),
    }
    assert len([e for e in edges(d, "Titanic", "Revolutionary Road") if e[0] == "actor"]) == 2
    assert {r.name: pairs(r) for r in d.item_relations} == {
        "genre": 6 * 5 + 3 * 2 + 3 * 2 + 2 + 2,  # drama, romance, adventure, comedy, action
        "director": 3 * 2 + 2,
        "actor": 4 * 3 + 3 * 2 + 2 + 2 + 2 + 2,  # Paxton, Hanks, Schwarzenegger, DiCaprio, Winslet, Sinise
        "year": 3 * 2,
    }
    assert [d.item_labels[i] for i in d.history(0)] == ["The Terminator (1984)", "True Lies (1994)", "Apollo 13 (1995)"]
    assert d.item_labels[d.test["item"][0]] == "Titanic (1997)"
    assert set(d.train["item"]) | set(d.test["item"]) == set(range(8))


def test_toy_table_in_the_docstring_is_the_data():
    text = " ".join(toy.__doc__.split())
    for title, year, genres, directors, _ in toy.FILMS:
        assert f"{title} {year} {', '.join(genres)[:9]}" in text and directors[0] in text
    titles = [film[0] for film in toy.FILMS]
    for name, age, gender, occupation, films in toy.VIEWERS:
        assert f"{name} {age} {gender} {occupation} {', '.join(titles[i] for i in films)}" in text


def test_every_data_set_can_be_validated_and_pickled():
    for name in ("toy", "movietweetings"):
        d = datasets.load(name)
        assert d.licence and d.source and d.split and d.notes
        v = d.validation().check()
        assert len(v.train) == len(d.train) - d.n_users
        again = pickle.loads(pickle.dumps(d))
        pd.testing.assert_frame_equal(again.validation().train, v.train)


# movietweetings


@pytest.fixture(scope="module")
def tweets():
    return datasets.load("movietweetings")


def test_movietweetings_counts(tweets):
    assert (tweets.n_users, tweets.n_items, len(tweets.train), len(tweets.test)) == (1944, 1019, 41161 - 1944, 1944)
    assert [r.name for r in tweets.item_relations] == ["director", "cast", "genre", "year", "country", "language"]
    assert [r.n_values for r in tweets.item_relations] == [659, 3291, 141, 64, 25, 20]
    assert np.bincount(tweets.train["user"]).min() == 9
    assert not [v for name in ("country", "language") for v in tweets.relation("item", name).labels if v[0] == "Q"]


def test_movietweetings_has_the_films_of_figure_1(tweets):
    item = {t: i for i, t in enumerate(tweets.item_labels)}
    lies, titanic, gump = item["True Lies (1994)"], item["Titanic (1997)"], item["Forrest Gump (1994)"]
    assert values(tweets, "item", "director", lies) == values(tweets, "item", "director", titanic) == ["James Cameron"]
    assert values(tweets, "item", "year", lies) == values(tweets, "item", "year", gump) == ["1994"]
    assert values(tweets, "item", "language", lies) == ["English"]


def test_movietweetings_holds_out_the_last(tweets):
    rated = movietweetings.ratings()
    last = rated[rated["order"] == rated.groupby("user")["order"].transform("max")]
    np.testing.assert_array_equal(tweets.test["item"], last["item"])
    assert rated["rating"].between(0, 10).all()
    for _, own in rated.groupby("user")["order"]:
        np.testing.assert_array_equal(own, np.arange(len(own)))


def test_movietweetings_files_are_small_and_licensed():
    folder = Path(str(movietweetings.FOLDER))
    assert sum(p.stat().st_size for p in folder.iterdir()) < 1_000_000
    assert "Copyright (c) 2013 Simon Dooms" in (folder / "LICENSE-ratings.txt").read_text()
    assert "CC0" in (folder / "LICENSE-facts.txt").read_text()
    for path in folder.glob("*.tsv"):
        assert b"\r" not in path.read_bytes()
    columns = {p.name: p.read_text(encoding="utf-8").split("\n")[0].split("\t") for p in folder.glob("*.tsv")}
    assert columns["ratings.tsv"] == ["user", "item", "rating", "order"]  # no timestamps
    assert "imdb_id" not in columns["films.tsv"]


@needs("movietweetings")
def test_movietweetings_files_can_be_rebuilt(tmp_path):
    movietweetings.build(DATA / "movietweetings", tmp_path)
    folder = Path(str(movietweetings.FOLDER))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["films.tsv", "people.tsv", "ratings.tsv"]
    for path in tmp_path.iterdir():
        assert path.read_bytes() == (folder / path.name).read_bytes()


def test_build_orders_drops_repeats_and_says_what_is_missing(tmp_path):
    source, target = tmp_path / "from", tmp_path / "to"
    source.mkdir()
    with pytest.raises(DataError, match=r"interactions\.tsv"):
        movietweetings.build(source, target)
    (source / "interactions.tsv").write_text(
        "user\titem\trating\ttimestamp\n0\t1\t5\t30\n0\t0\t6\t10\n1\t1\t7\t5\n1\t0\t8\t5\n"
    )
    (source / "labels.tsv").write_text('wikidata_id\tname\nQ1\tDwayne "The Rock" Johnson\n')
    head = "item\timdb_id\twikidata_id\ttitle\tyear\tgenres\tdirectors\tcast_in_2plus\tcountry\tlanguage\n"
    row = "{}\ttt1\tQ9\tNA\t1990\tdrama film|drama film\tQ1|Q2|Q1\t\tQ30\tQ1860\n"
    (source / "items.tsv").write_text(head + row.format(0))
    with pytest.raises(DataError, match="1 films that are not"):
        movietweetings.build(source, target)
    (source / "items.tsv").write_text(head + row.format(0) + row.format(1))
    movietweetings.build(source, target)
    assert (
        target / "ratings.tsv"
    ).read_text() == "user\titem\trating\torder\n0\t0\t6\t0\n0\t1\t5\t1\n1\t1\t7\t0\n1\t0\t8\t1\n"
    assert (target / "films.tsv").read_text().split("\n")[1] == "0\tQ9\tNA\tQ1|Q2\t\tdrama film\t1990\tQ30\tQ1860"
    assert (target / "people.tsv").read_text() == 'wikidata_id\tname\nQ1\tDwayne "The Rock" Johnson\n'


def test_two_people_of_one_name_stay_two():
    names = {"Q1": "Ann Lee", "Q2": "Ann Lee", "Q3": "Bo Ek", "Q9": "Ann Lee"}
    found = movietweetings.named([["Q1", "Q3"], ["Q2", "Q4"]], names)
    assert found == [["Ann Lee (Q1)", "Bo Ek"], ["Ann Lee (Q2)", "Q4"]]
    assert movietweetings.named([["Q9"]], names) == [["Ann Lee"]]  # the others do not occur


def test_derived_relations_say_so(tweets):
    assert all(r.derived for r in tweets.user_relations) and not any(r.derived for r in tweets.item_relations)
    assert any("derived from the training" in note for note in tweets.notes)


def test_derived_relations_do_not_see_what_is_held_out(tweets):
    """Another held-out item, here the same one for all, changes nothing; another training item does."""
    other = replace(tweets, test=tweets.test.assign(item=0))
    for mine, theirs in zip(tweets.user_relations, other.derive_users(other), strict=True):
        assert mine.lists(tweets.n_users) == theirs.lists(tweets.n_users)
    view = tweets.validation()
    earlier = leave_last_out(tweets.train)[0]
    np.testing.assert_array_equal(view.train, earlier)
    counts = np.bincount(earlier["user"])
    for user in range(0, tweets.n_users, 97):
        low, _, high = values(view, "user", "activity", user)[0].removesuffix(" films").partition("-")
        assert int(low) <= counts[user] <= int(high or low)
    assert values(view, "user", "favourite genre", 0) == [brute_force_favourite(view, "genre", 0)]


def test_validation_keeps_a_selection_of_derived_relations(tweets):
    few = tweets.select(item=["cast"], user=["activity", "favourite genre"])
    assert [r.name for r in few.validation().user_relations] == ["activity", "favourite genre"]
    assert tweets.select(user=[]).validation().user_relations == ()


def brute_force_favourite(dataset, name, user, least=3):
    own = dataset.relation("item", name).lists(dataset.n_items)
    share, mine = Counter(), Counter()
    for u, i in zip(dataset.train["user"].tolist(), dataset.train["item"].tolist(), strict=True):
        share.update(own[i])
        mine.update(own[i] if u == user else [])
    n = len(dataset.history(user))
    score = {}
    for value, c in mine.items():
        expected = n * share[value] / len(dataset.train)
        score[value] = (c - expected) / expected**0.5
    often = {v: s for v, s in score.items() if mine[v] >= least} or dict(mine)
    return min(often, key=lambda v: (-often[v], v)) if often else ""


@pytest.mark.parametrize("user", [1, 500, 1943])
def test_favourite_genre_against_a_loop(tweets, user):
    assert values(tweets, "user", "favourite genre", user) == [brute_force_favourite(tweets, "genre", user)]


@settings(deadline=None)
@given(st.data())
def test_favourites_against_a_loop(data):
    n_items, n_users = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 4))
    lists = data.draw(st.lists(st.sets(st.sampled_from("cbad")), min_size=n_items, max_size=n_items))
    seen = data.draw(st.sets(st.tuples(st.integers(0, n_users - 1), st.integers(0, n_items - 1)), min_size=1))
    train = interactions(*zip(*sorted(seen), strict=True))
    relation = Relation.from_lists("genre", lists)
    toy_like = replace(
        datasets.load("toy"),
        user_ids=tuple(map(str, range(n_users))),
        item_ids=tuple(map(str, range(n_items))),
        train=train,
        item_relations=(relation,),
    )
    least = data.draw(st.integers(1, 3))
    if not relation.n_values:
        return
    found = movietweetings.favourites(train, n_users, n_items, relation, least)
    for user in range(n_users):
        expected = brute_force_favourite(toy_like, "genre", user, least)
        if found[user] != expected:  # equal up to rounding is a tie that either may win
            scores = [stands_out(toy_like, lists, user, value) for value in (found[user], expected)]
            np.testing.assert_allclose(scores[0], scores[1], atol=1e-12)


def stands_out(dataset, lists, user, value):
    c = sum(value in lists[i] for i in dataset.history(user))
    expected = len(dataset.history(user)) * sum(value in lists[i] for i in dataset.train["item"]) / len(dataset.train)
    return (c - expected) / expected**0.5


def test_activity_bands():
    train = pd.DataFrame({"user": np.repeat(np.arange(10), [1, 1, 2, 3, 5, 8, 8, 8, 20, 100])})
    found = movietweetings.activity(train, 10)
    assert found.labels == ("1 film", "2-3 films", "5-8 films", "20-100 films") and found.derived
    assert found.values.tolist() == [0, 0, 1, 1, 2, 2, 2, 2, 3, 3]


# ml-100k: facts of the published files


@pytest.fixture(scope="module")
def ml():
    return datasets.load("ml-100k", root=DATA)


@pytest.fixture(scope="module")
def published():
    return datasets.load("ml-100k", root=DATA, attributes="as_published", age="value")


in_data = needs("ml-100k")


@in_data
def test_ml100k_split(ml):
    assert (ml.n_users, ml.n_items, len(ml.train), len(ml.test)) == (943, 1674, 99_031, 943)
    assert ml.train["item"].nunique() == 1672
    assert sorted({ml.item_ids[i] for i in set(ml.test["item"]) - set(ml.train["item"])}) == ["1525", "1624"]
    history = np.bincount(ml.train["user"])
    assert (history.min(), np.median(history), history.max()) == (19, 64, 732)
    raw = pd.read_csv(DATA / "rcf-ml100k" / "test.txt", sep="\t", header=None, dtype=str)
    assert set(zip(raw[0], raw[1], strict=True)) == {
        (ml.user_ids[u], ml.item_ids[i]) for u, i in zip(ml.test["user"], ml.test["item"], strict=True)
    }
    raw = pd.read_csv(DATA / "rcf-ml100k" / "train.txt", sep="\t", header=None, dtype=str)
    assert set(zip(raw[0], raw[1], strict=True)) == {
        (ml.user_ids[u], ml.item_ids[i]) for u, i in zip(ml.train["user"], ml.train["item"], strict=True)
    }


@in_data
def test_ml100k_split_is_leave_last_out_of_the_raw_order(ml):
    """The published test rows are what `leave_last_out` gives for u.data, so that validation is one step earlier."""
    raw = pd.read_csv(DATA / "ml-100k" / "u.data", sep="\t", names=["user", "item", "stars", "time"])
    item = {name: i for i, name in enumerate(ml.item_ids)}
    raw = raw[raw["item"].astype(str).isin(item)]
    train, test = leave_last_out(interactions(raw["user"] - 1, raw["item"].astype(str).map(item), raw["time"]))
    pd.testing.assert_frame_equal(train, ml.train)
    pd.testing.assert_frame_equal(test, ml.test)


@in_data
def test_ml100k_titles_years_and_people(ml):
    item = {name: i for i, name in enumerate(ml.item_ids)}
    assert ml.item_labels[item["1"]] == "Toy Story (1995)"
    assert ml.item_labels[item["543"]] == "Misérables, Les (1995)"  # Latin-1 in the file
    assert values(ml, "item", "director", item["1"]) == ["John Lasseter"]
    assert values(ml, "item", "year", item["181"]) == ["1997"]  # Return of the Jedi, shown again
    made = datasets.load("ml-100k", root=DATA, year="title")
    assert values(made, "item", "year", item["181"]) == ["1983"]
    assert values(made, "item", "year", item["1412"]) == ["1995"]  # "... (1995) (V)"
    assert [values(ml, "user", n, 0) for n in ("age", "gender", "occupation")] == [["20-29"], ["male"], ["technician"]]
    assert any("26 ratings of the 8 films" in note for note in ml.notes)
    assert not {"267", "1358", "1359", "1420", "1536", "1581", "1590", "1591"} & set(ml.item_ids)


@in_data
def test_ml100k_as_published(published):
    genre, director, actor, year = published.item_relations
    assert [r.n_values for r in (genre, director, actor)] == [26, 1154, 3946]
    per_item = [np.bincount(r.nodes) for r in (genre, director, actor)]
    assert [round(p.mean(), 2) for p in per_item] == [2.37, 1.09, 3.91]
    assert [p.max() for p in per_item] == [3, 18, 5]
    assert [pairs(r) for r in (genre, director, actor)] == [1_833_384, 3_014, 13_120]
    assert {r.name: (r.n_values, pairs(r)) for r in published.user_relations} == {
        "age": (61, 21_936),
        "gender": (2, 522_486),
        "occupation": (21, 82_652),
    }
    assert year.n_values == 71
    for r in (genre, director, actor):
        assert len(set(r.labels)) == r.n_values and "" not in r.labels
    assert director.labels[125] == "N/A" and actor.labels[395] == "N/A"
    assert (director.labels[42], director.labels[948]) == ("Beeban Kidron (id 42)", "Beeban Kidron (id 948)")
    shared = pair_set(director)
    assert np.bincount(director.values)[125] == 25
    without = Relation("director", director.nodes[director.values != 125], director.values[director.values != 125], ())
    assert (len(shared), len(shared) - len(pair_set(without))) == (1466, 300)


def pair_set(relation):
    """Undirected pairs that share at least one value."""
    found = set()
    for value in range(relation.values.max() + 1):
        own = sorted(relation.nodes[relation.values == value].tolist())
        found |= {(a, b) for n, a in enumerate(own) for b in own[n + 1 :]}
    return found


@in_data
def test_ml100k_year_pairs_of_the_whole_file():
    """The year column alone, over all 1,682 films."""
    lines = (DATA / "ml-100k" / "u.item").read_text(encoding="latin-1").split("\n")[:-1]
    years = Counter(line.split("|")[2][-4:] for line in lines)
    assert len(lines) == 1682 and sum(n * (n - 1) for n in years.values()) == 324_890
    cells = [line.split("|")[1:3] for line in lines]
    assert sum(ml100k._year(t, d, "release") != ml100k._year(t, d, "title") for t, d in cells) == 190


@in_data
def test_ml100k_cleaned(ml, published):
    assert {r.name: r.n_values for r in ml.item_relations} == {"genre": 25, "director": 1152, "actor": 3933, "year": 71}
    for r in ml.item_relations:
        assert "N/A" not in r.labels and "" not in r.labels and not [v for v in r.labels if "(id" in v]
        assert len(set(r.labels)) == r.n_values
    missing = {r.name: ml.n_items - len(np.unique(r.nodes)) for r in ml.item_relations}
    assert missing == {"genre": 2, "director": 25, "actor": 8, "year": 0}
    assert len(pair_set(ml.relation("item", "director"))) == 1166 + 1  # and the two films of Beeban Kidron
    assert "is left out" in " ".join(ml.notes) and "counts as a value" in " ".join(published.notes)


@in_data
def test_ml100k_what_is_cleaned_follows_from_the_names():
    """JUNK and SAME are written down so that cleaning works without the names; here they are found again."""
    for kind in ml100k_files.TYPES:
        rows = (DATA / "rcf-ml100k" / f"rcf_{kind}_id_to_name.tsv").read_text(encoding="utf-8").split("\n")[:-1]
        names = [" ".join(row.split("\t")[1].split()) for row in rows]
        assert {i for i, name in enumerate(names) if name in ("", "N/A")} == ml100k.JUNK[kind]
        assert {i: names.index(name) for i, name in enumerate(names) if names.index(name) != i} == ml100k.SAME[kind]


@in_data
def test_ml100k_is_the_same_without_names(ml):
    bare = datasets.load("ml-100k", root=DATA, names=False)
    for mine, other in zip(ml.item_relations, bare.item_relations, strict=True):
        np.testing.assert_array_equal(mine.nodes, other.nodes)
        np.testing.assert_array_equal(mine.values, other.values)
    assert bare.relation("item", "director").labels[0] == "director 0"
    assert any("names=False" in note for note in bare.notes)


def test_derive_names_on_a_made_up_file():
    text = (
        "id:1|genre:Drama,N/A|director:Ann Lee|actors:Bo Ek,Cy Fu\r\n".replace("\r", "")
        + "id:7|genre:Comedy,Drama|director: Ann Lee|Actors:Cy Fu,\n"
        + "id:8|no attributes\n"
        + "\n"
        + "id:9|genre:Comedy|director:Ann Lee|actors:Bo  Ek"
    )
    mapping, names = ml100k_files.derive_names(text)
    assert mapping == "1|0,1|0|0,1\n7|2,0|1|1,2\n9|2|0|3\n"
    assert names == {
        "genre": ("Drama", "N/A", "Comedy"),
        "director": ("Ann Lee", "Ann Lee"),
        "actor": ("Bo Ek", "Cy Fu", "", "Bo Ek"),
    }


def auxiliary():
    """The file that RCF's numbers come from, put together again: a stray space where a name has a second id."""
    names = {}
    for kind in ml100k_files.TYPES:
        rows = (DATA / "rcf-ml100k" / f"rcf_{kind}_id_to_name.tsv").read_text(encoding="utf-8").split("\n")[:-1]
        names[kind] = [" " * (i in ml100k.SAME[kind]) + row.split("\t")[1] for i, row in enumerate(rows)]
    lines = []
    for line in (DATA / "rcf-ml100k" / "auxiliary-mapping.txt").read_text().split("\n")[:-1]:
        item, *cells = line.split("|")
        parts = [f"{k}:" + ",".join(names[k][int(v)] for v in c.split(",")) for k, c in zip(names, cells, strict=True)]
        lines.append("|".join([f"id:{item}", *parts]) + "\n")
    return "".join(lines)


@pytest.fixture
def sources(server, tmp_path, monkeypatch):  # noqa: F811
    """All the sources of ml-100k on a local server, the first one down, and an empty cache."""
    archive = tmp_path / "made.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as new:
        for name in ml100k_files.RAW:
            new.write(DATA / "ml-100k" / name, f"ml-100k/{name}")
    body = archive.read_bytes()
    monkeypatch.setattr(ml100k_files, "ZIP_URLS", (server.url("first.zip", 404), server.url("second.zip", body)))
    monkeypatch.setattr(ml100k_files, "ZIP_SHA256", hashlib.sha256(body).hexdigest())
    for name in ml100k_files.RCF:
        server.url(f"rcf/{name}", (DATA / "rcf-ml100k" / name).read_bytes())
    monkeypatch.setattr(ml100k_files, "RCF_URL", server.url("rcf/", 404))
    monkeypatch.setattr(ml100k_files, "NAMES_URL", server.url("auxiliary.txt", auxiliary().encode()))
    monkeypatch.setenv("RAMGNN_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("RAMGNN_DATA", raising=False)
    return server


def equal(one, other):
    pd.testing.assert_frame_equal(one.train, other.train)
    pd.testing.assert_frame_equal(one.test, other.test)
    assert one.item_labels == other.item_labels
    for a, b in zip(one.item_relations + one.user_relations, other.item_relations + other.user_relations, strict=True):
        assert a.labels == b.labels
        np.testing.assert_array_equal(np.stack([a.nodes, a.values]), np.stack([b.nodes, b.values]))
    return True


@in_data
def test_ml100k_downloaded_is_the_same_and_only_once(sources, ml, capsys):
    assert equal(datasets.load("ml-100k", progress=False), ml)
    assert capsys.readouterr().err.count("not to be passed on") == 1
    asked = dict(sources.asked)
    assert set(asked.values()) == {1} and len(asked) == 2 + 3 + 1
    assert equal(datasets.load("ml-100k", progress=False), ml)
    assert dict(sources.asked) == asked and capsys.readouterr().err == ""


@in_data
def test_ml100k_broken_cache_is_mended(sources, ml, tmp_path, capsys):
    datasets.load("ml-100k", progress=False)
    raw, rcf = tmp_path / "cache" / "ml-100k", tmp_path / "cache" / "rcf-ml100k"
    for path in (raw / "u.item", rcf / "train.txt", rcf / "auxiliary.txt"):
        path.write_bytes(path.read_bytes()[:1000])
    assert equal(datasets.load("ml-100k", progress=False), ml)
    assert sources.asked["/second.zip"] == 1  # the archive was good: unpacked again, not downloaded again
    assert sources.asked["/rcf/train.txt"] == 2 and sources.asked["/auxiliary.txt"] == 2
    assert not [p for p in (tmp_path / "cache").rglob(".*")]


@in_data
@pytest.mark.parametrize(
    "answer", [404, b"id:1|genre:Drama|director:A|actors:B\n", b"\xff\xfe"], ids=["404", "other", "bytes"]
)
def test_ml100k_without_names_still_loads(sources, ml, answer, capsys):
    sources.url("auxiliary.txt", answer)
    bare = datasets.load("ml-100k", progress=False)
    assert bare.relation("item", "actor").labels[0] == "actor 0"
    assert any("names are not at hand" in note for note in bare.notes)
    assert "names are not at hand" in capsys.readouterr().err
    np.testing.assert_array_equal(bare.relation("item", "actor").values, ml.relation("item", "actor").values)


def test_ml100k_without_network_or_local_copies(tmp_path, monkeypatch):
    url = closed_url()
    monkeypatch.setattr(ml100k_files, "ZIP_URLS", (url + "1", url + "2"))
    monkeypatch.setenv("RAMGNN_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("RAMGNN_DATA", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with pytest.raises(DataError) as caught:
        datasets.load("ml-100k", progress=False)
    text = str(caught.value)
    assert url + "1" in text and url + "2" in text and "RAMGNN_DATA" in text
    assert str(tmp_path / "cache" / "ml-100k" / "ml-100k.zip") in text
    assert not [p for p in (tmp_path / "cache").rglob("*") if p.is_file() and "shown-" not in p.name]


def test_ml100k_root_without_the_files(tmp_path):
    with pytest.raises(DataError, match=r"u\.data: there is no such file"):
        datasets.load("ml-100k", root=tmp_path)


@in_data
def test_ml100k_changed_local_copy_is_refused(tmp_path):
    (tmp_path / "ml-100k").mkdir()
    content = (DATA / "ml-100k" / "u.data").read_bytes()
    (tmp_path / "ml-100k" / "u.data").write_bytes(content.replace(b"\n", b"\r\n"))
    with pytest.raises(DataError, match="line ends were converted"):
        datasets.load("ml-100k", root=tmp_path)


@in_data
def test_ml100k_local_copy_by_environment(monkeypatch, ml, tmp_path):
    monkeypatch.setenv("RAMGNN_DATA", str(DATA))
    monkeypatch.setenv("RAMGNN_CACHE", str(tmp_path / "cache"))
    assert equal(datasets.load("ml-100k"), ml)
    assert not (tmp_path / "cache").exists()


def test_a_data_set_is_shown_in_three_short_lines():
    shown = repr(datasets.load("toy"))
    assert shown.splitlines()[0] == "<RecDataset toy: 6 users, 8 items, 18 interactions and 6 held out"
    assert "items: genre (" in shown and len(shown) < 400 and len(shown.splitlines()) == 3
    assert repr(Relation.from_lists("genre", [["a", "b"], ["a"]])) == "<Relation genre: 2 values in 3 rows>"
    assert "no attributes" in repr(replace(datasets.load("toy"), user_relations=(), derive_users=None))
