"""What somebody types, and whom it finds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ramgnn import datasets
from ramgnn.datasets.base import RecDataset
from ramgnn.errors import NotFoundError, RamgnnError
from ramgnn.matching import AmbiguousError, find, fold, indices, nearest
from tests.small import small_dataset

FILMS = {
    "1": "Toy Story (1995)",
    "50": "Star Wars (1977)",
    "135": "2001: A Space Odyssey (1968)",
    "222": "Star Trek: First Contact (1996)",
    "300": "Air Force One (1997)",
    "405": "300 Spartans (1962)",
    "550": "Amélie (2001)",
    "603": "Matrix, The (1999)",
    "700": "Othello (1952)",
    "701": "Othello (1995)",
    "900": "Solo",
    "901": "Solo",
    "902": "solo",
}


def films() -> RecDataset:
    return replace(small_dataset(), item_ids=tuple(FILMS), item_labels=tuple(FILMS.values()))


@pytest.mark.parametrize(
    ("text", "id_"),
    [
        ("50", "50"),
        (50, "50"),
        (" 1 ", "1"),
        ("300", "300"),  # the id, not the Spartans
        ("Star Wars (1977)", "50"),
        ("star wars (1977)", "50"),
        ("STAR  WARS", "50"),
        ("Toy", "1"),
        ("amelie", "550"),
        ("AMÉLIE", "550"),
        ("Matrix", "603"),
        ("the matrix", "603"),
        ("matrix 1999", "603"),
        ("space odyssey", "135"),
        ("2001", "135"),  # the beginning of a label comes before the middle
        ("1952", "700"),
        ("solo ", "902"),  # Solo twice, but solo once
        ("force one", "300"),
    ],
)
def test_find(text, id_):
    dataset = films()
    assert dataset.item_ids[find(dataset, "item", text)] == id_


def test_ambiguous_names_are_listed():
    with pytest.raises(AmbiguousError, match="'star' fits 2 items") as error:
        find(films(), "item", "star")
    assert "Star Wars (1977)  (id 50)" in str(error.value)
    assert "Star Trek: First Contact (1996)  (id 222)" in str(error.value)
    assert [films().item_ids[n] for n in error.value.indices] == ["50", "222"]
    with pytest.raises(AmbiguousError, match="fits 2 items"):
        find(films(), "item", "Solo")  # two with exactly this label; the third differs in a capital
    with pytest.raises(AmbiguousError, match="and 4 more") as error:
        many = replace(films(), item_ids=tuple(f"x{n}" for n in range(12)), item_labels=("Same",) * 12)
        find(many, "item", "same")
    assert str(error.value).count("(id ") == 8


def test_unknown_names_get_near_matches():
    with pytest.raises(NotFoundError) as error:
        find(films(), "item", "Star Warz (1977)")
    assert error.value.near[0] == "Star Wars (1977)"
    assert "did you mean 'Star Wars (1977)'" in str(error.value)
    with pytest.raises(NotFoundError, match="13 items are known by id, such as '1', and by label"):
        find(films(), "item", "Zzyzx")


def test_a_mistyped_id_is_nobody_else():
    dataset = films()
    with pytest.raises(NotFoundError):
        find(dataset, "item", "30")  # the beginning of 300 Spartans, but not a word of it
    users = small_dataset(n_users=12)  # labels are the ids: u0 to u11
    with pytest.raises(NotFoundError) as error:
        find(users, "user", "u")
    assert find(users, "user", "u1") == 1
    assert find(users, "user", "U11") == 11
    with pytest.raises(NotFoundError, match="12 users are known by id, such as 'u0'$") as error:
        find(users, "user", "u12")
    assert "u1" in error.value.near


def test_wrong_requests():
    with pytest.raises(RamgnnError, match="empty"):
        find(films(), "item", "  ")
    with pytest.raises(RamgnnError, match="'user' or 'item'"):
        find(films(), "film", "1")
    nobody = replace(films(), user_ids=(), user_labels=())
    with pytest.raises(NotFoundError, match="has no users"):
        find(nobody, "user", "1")


def test_find_finds_every_id_and_every_own_label():
    dataset = films()
    for n, (id_, label) in enumerate(FILMS.items()):
        assert find(dataset, "item", id_) == n
        if label.casefold() != "solo":
            assert find(dataset, "item", label) == n
    assert dataset.item_ids[find(dataset, "item", "solo")] == "902"


def test_nearest_order():
    names = ["Star Wars (1977)", "A Star", "Star", "Stars Fell (1974)", "Lone Star", "Pulp Fiction"]
    assert nearest("star", names) == ["Star", "Star Wars (1977)", "Stars Fell (1974)", "A Star", "Lone Star"]
    assert nearest("star", names, n=2) == ["Star", "Star Wars (1977)"]
    assert nearest("pulp fictoin", names) == ["Pulp Fiction"]
    assert nearest("fiction pulp", names) == ["Pulp Fiction"]
    assert nearest("qqqq", names) == []
    assert nearest("", names) == []
    assert nearest("ml100k", ["ml-100k", "kkbox", "toy"]) == ["ml-100k"]
    assert nearest("genres", ["genre", "director"]) == ["genre"]


def test_nearest_names_a_name_once():
    assert nearest("solo", ["Solo", "Solo", "solo"]) == ["Solo", "solo"]


@given(st.lists(st.text(max_size=8), max_size=12), st.text(max_size=8), st.integers(0, 6))
def test_nearest_gives_names_that_were_there(names, name, n):
    found = nearest(name, names, n)
    assert len(found) <= n and set(found) <= set(names) and len(set(found)) == len(found)
    if n and fold(name) and name in names:
        assert fold(found[0]) == fold(name)


def test_fold():
    assert fold("  Amélie   POULAIN ") == "amelie poulain"
    assert fold("Straße") == fold("STRASSE")


def test_a_wrong_letter_in_one_word_of_a_long_title():
    titles = ["Godfather, The (1972)", "Good Will Hunting (1997)", "Star Trek: First Contact (1996)"]
    assert nearest("Godfathr", titles)[0] == "Godfather, The (1972)"
    assert nearest("first contct", titles)[0] == "Star Trek: First Contact (1996)"


@pytest.mark.parametrize(
    "name, index", [(3, 3), (np.int64(3), 3), (3.0, 3), (np.float32(3), 3), ("3", 3), ("Titanic (1997)", 1)]
)
def test_several_are_found_by_id_number_or_label(name, index):
    assert indices(datasets.load("toy"), "item", [name, "0"]) == [index, 0]


def test_a_number_that_is_no_id_is_no_part_of_a_title():
    toy = datasets.load("toy")
    assert toy.item_labels[find(toy, "item", "1997")] == "Titanic (1997)"
    for number in (1997, 1997.0, np.int64(1997)):
        with pytest.raises(NotFoundError, match="a number stands for an id"):
            indices(toy, "item", [number])


def test_one_that_is_not_there_is_named_among_several():
    with pytest.raises(NotFoundError, match="'99'"):
        indices(datasets.load("toy"), "item", ["0", 99])
