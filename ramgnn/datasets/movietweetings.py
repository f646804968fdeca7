"""MovieTweetings: what 1,944 people tweeted about 1,019 films, with facts from Wikidata; comes with the package.

The ratings are the (10,10)-core of MovieTweetings 100K, so that every viewer rated ten films or more and every film was
rated ten times or more. The moments of the tweets are replaced by each viewer's order 0, 1, 2, ... The data has no
attributes of the viewers: three are derived from the training interactions, and only from those.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Mapping
from functools import partial
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from ramgnn.datasets.base import RecDataset, Relation
from ramgnn.datasets.split import interactions, leave_last_out
from ramgnn.errors import DataError

FOLDER = files("ramgnn.datasets") / "files" / "movietweetings"

# relation -> column of films.tsv
COLUMNS = {
    "director": "directors",
    "cast": "cast",
    "genre": "genres",
    "year": "year",
    "country": "country",
    "language": "language",
}

# Wikidata's ids of the countries and languages that occur
PLACES = {
    "Q16": "Canada",
    "Q17": "Japan",
    "Q20": "Norway",
    "Q27": "Ireland",
    "Q29": "Spain",
    "Q30": "United States",
    "Q31": "Belgium",
    "Q34": "Sweden",
    "Q35": "Denmark",
    "Q38": "Italy",
    "Q40": "Austria",
    "Q96": "Mexico",
    "Q142": "France",
    "Q145": "United Kingdom",
    "Q148": "China",
    "Q155": "Brazil",
    "Q183": "Germany",
    "Q252": "Indonesia",
    "Q258": "South Africa",
    "Q298": "Chile",
    "Q408": "Australia",
    "Q664": "New Zealand",
    "Q668": "India",
    "Q794": "Iran",
    "Q884": "South Korea",
}
LANGUAGES = {
    "Q150": "French",
    "Q188": "German",
    "Q652": "Italian",
    "Q1321": "Spanish",
    "Q1568": "Hindi",
    "Q1860": "English",
    "Q5146": "Portuguese",
    "Q5287": "Japanese",
    "Q7737": "Russian",
    "Q7850": "Chinese",
    "Q7918": "Bulgarian",
    "Q9027": "Swedish",
    "Q9035": "Danish",
    "Q9043": "Norwegian",
    "Q9168": "Persian",
    "Q9176": "Korean",
    "Q9240": "Indonesian",
    "Q13955": "Arabic",
    "Q28602": "Aramaic",
    "Q316939": "Na'vi",
}


def load() -> RecDataset:
    """MovieTweetings with six item relations and three derived user relations; reads package files only."""
    films, rated = _read("films.tsv"), ratings()
    people = dict(zip(*(_read("people.tsv")[c] for c in ("wikidata_id", "name")), strict=True))
    names = {"director": people, "cast": people, "country": PLACES, "language": LANGUAGES}
    relations = tuple(
        Relation.from_lists(name, named((cell.split("|") for cell in films[column]), names.get(name, {})))
        for name, column in COLUMNS.items()
    )
    users = tuple(str(u) for u in range(rated["user"].max() + 1))
    train, test = leave_last_out(interactions(rated["user"], rated["item"], rated["order"]))
    genre, year = (next(r for r in relations if r.name == name) for name in ("genre", "year"))
    decade = Relation.from_lists("decade", ([f"{y[:3]}0s" for y in years] for years in year.lists(len(films))))
    return RecDataset(
        name="movietweetings",
        user_ids=users,
        item_ids=tuple(films["item"]),
        user_labels=tuple(f"viewer {u}" for u in users),
        item_labels=tuple(films["title"]),
        train=train,
        test=test,
        item_relations=relations,
        user_relations=derive_users(train, len(users), len(films), genre, decade),
        time_kind="order",
        split="leave the last out: each viewer's last rating is held out",
        licence="Ratings: MIT licence, Copyright (c) 2013 Simon Dooms. Facts about the films: Wikidata, CC0. Both "
        "notices are in the package, datasets/files/movietweetings.",
        citation="Simon Dooms, Toon De Pessemier and Luc Martens. MovieTweetings: a Movie Rating Dataset Collected "
        "From Twitter. Workshop on Crowdsourcing and Human Computation for Recommender Systems, RecSys 2013. "
        "Film facts: Wikidata contributors, wikidata.org.",
        source="The (10,10)-core of MovieTweetings 100K (github.com/sidooms/MovieTweetings) with facts from Wikidata.",
        notes=(
            "Every rating counts as an interaction, whatever its stars; movietweetings.ratings() has the stars.",
            "The moments of the tweets are replaced by each viewer's order.",
            "The viewers' attributes (favourite genre, favourite decade, activity) are derived from the training "
            "interactions; nothing held out went into them.",
            "A cast lists only people who are in two or more of these films. People without a name here are shown by "
            "their Wikidata id.",
            "The facts are as in the source: a few are wrong or loose, such as a producer given as a director.",
        ),
        derive_users=partial(_derive_again, genre=genre, decade=decade),
    ).check()


def ratings() -> pd.DataFrame:
    """All ratings: columns ``user, item, rating, order`` (int64), 0 to 10 stars, sorted by user and order."""
    return _read("ratings.tsv").astype("int64")


def named(lists: Iterable[Iterable[str]], names: Mapping[str, str]) -> list[list[str]]:
    """Names in place of Wikidata ids where there are some; two ids of one name stay two: ``"Ann Lee (Q7)"``."""
    lists = [list(values) for values in lists]
    ids = {value for values in lists for value in values}
    count = pd.Series([names.get(value, value) for value in ids]).value_counts()
    shown = {}
    for value in ids:
        name = names.get(value, value)
        shown[value] = name if count[name] == 1 else f"{name} ({value})"
    return [[shown[value] for value in values] for values in lists]


def favourites(train: pd.DataFrame, n_users: int, n_items: int, relation: Relation, least: int = 3) -> list[str]:
    """Each user's favourite value of an item relation: the one that stands out most against everybody's taste.

    With c the number of the user's films that have the value, and e the number one would expect, which is the number
    of the user's films times the share of all watched films that have it, the favourite has the largest
    (c - e) / sqrt(e) among the values with c >= `least`. (The most frequent value would be drama or action for four
    of five viewers and say little about them.) A user without such a value gets the most frequent one. Ties go to
    the alphabetically first, and a user without any value gets the empty string.
    """
    order = np.argsort(np.array(relation.labels))  # columns in the order of the alphabet: argmax takes the first
    column = np.argsort(order)[relation.values]
    has = csr_matrix((np.ones(len(column)), (relation.nodes, column)), shape=(n_items, relation.n_values))
    pairs = (train["user"].to_numpy(), train["item"].to_numpy())
    watched = csr_matrix((np.ones(len(train)), pairs), shape=(n_users, n_items))
    count = (watched @ has).toarray()
    films = np.asarray(watched.sum(axis=1)).reshape(-1, 1)
    expected = films * (count.sum(axis=0) / max(films.sum(), 1))
    stands_out = (count - expected) / np.sqrt(np.where(expected > 0, expected, 1))
    enough = (count >= least).any(axis=1)
    best = np.where(enough, np.where(count >= least, stands_out, -np.inf).argmax(axis=1), count.argmax(axis=1))
    return [relation.labels[order[b]] if count[u, b] > 0 else "" for u, b in enumerate(best)]


def activity(train: pd.DataFrame, n_users: int, bands: int = 5) -> Relation:
    """How many training interactions a user has, in `bands` groups of about equal size, named "10-14 films"."""
    count = np.bincount(train["user"], minlength=n_users)
    edges = np.unique(np.quantile(count, np.arange(1, bands) / bands, method="inverted_cdf"))
    _, band = np.unique(np.searchsorted(edges, count, side="left"), return_inverse=True)
    counts = [count[band == b] for b in range(band.max() + 1)]
    spans = [f"{c.min()}-{c.max()} films" if c.min() < c.max() else f"{c.min()} films" for c in counts]
    spans = ["1 film" if span == "1 films" else span for span in spans]
    return Relation("activity", np.arange(n_users), band.astype(np.int64), tuple(spans), derived=True)


def derive_users(
    train: pd.DataFrame, n_users: int, n_items: int, genre: Relation, decade: Relation
) -> tuple[Relation, ...]:
    """The three user relations that follow from training interactions: favourite genre and decade, and activity."""
    return (
        *(
            Relation.from_lists(
                f"favourite {r.name}", ([v] for v in favourites(train, n_users, n_items, r)), derived=True
            )
            for r in (genre, decade)
        ),
        activity(train, n_users),
    )


def build(source: str | os.PathLike, target: str | os.PathLike) -> None:
    """Make the package's files from the tables they come from; the result depends on nothing else.

    Timestamps become each viewer's order (ties as in the source), IMDb ids go, repeats within a cell go.

    Args:
        source: a folder with ``interactions.tsv`` (user, item, rating, timestamp), ``items.tsv`` and ``labels.tsv``.
        target: the folder to write ``ratings.tsv``, ``films.tsv`` and ``people.tsv`` to.

    Raises:
        DataError: a file is missing, or ratings name films that are not in ``items.tsv``.
    """
    source, target = Path(source), Path(target)
    for name in ("interactions.tsv", "items.tsv", "labels.tsv"):
        if not (source / name).is_file():
            raise DataError(
                "there is no such file", file=source / name, expected="the folder the data set is made from"
            )
    rated = _table(source / "interactions.tsv").astype("int64")
    rated = rated.sort_values(["user", "timestamp"], kind="stable", ignore_index=True)
    rated["order"] = rated.groupby("user").cumcount()
    films = _table(source / "items.tsv").rename(columns={"cast_in_2plus": "cast"})
    if len(unknown := set(rated["item"]) - set(films["item"].astype("int64"))):
        raise DataError(f"ratings of {len(unknown)} films that are not in items.tsv", file=source / "interactions.tsv")
    for column in COLUMNS.values():
        films[column] = ["|".join(dict.fromkeys(cell.split("|"))) for cell in films[column]]
    target.mkdir(parents=True, exist_ok=True)
    for name, table in (
        ("ratings.tsv", rated[["user", "item", "rating", "order"]]),
        ("films.tsv", films[["item", "wikidata_id", "title", *COLUMNS.values()]]),
        ("people.tsv", _table(source / "labels.tsv")),
    ):
        unfinished = target / f".{name}"
        table.to_csv(unfinished, sep="\t", index=False, lineterminator="\n", quoting=csv.QUOTE_NONE, encoding="utf-8")
        os.replace(unfinished, target / name)


def _derive_again(dataset: RecDataset, genre: Relation, decade: Relation) -> tuple[Relation, ...]:
    """The user relations of another training set, those that `dataset` has and in its order."""
    derived = derive_users(dataset.train, dataset.n_users, dataset.n_items, genre, decade)
    by_name = {r.name: r for r in derived}
    return tuple(by_name[r.name] for r in dataset.user_relations)


def _read(name: str) -> pd.DataFrame:
    """One of the package's tables, as text."""
    with as_file(FOLDER / name) as path:
        return _table(path)


def _table(path: Path) -> pd.DataFrame:
    """A table of tab-separated text with a header; quotes are ordinary characters and nothing stands for missing."""
    return pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False, quoting=csv.QUOTE_NONE, encoding="utf-8")
