"""Two models are compared user by user only where both solved the same task."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import ramgnn
from ramgnn import api
from ramgnn.cli import main
from ramgnn.datasets.base import Relation
from ramgnn.datasets.fingerprint import differences, fingerprint_ranked
from ramgnn.datasets.negatives import with_negatives
from ramgnn.errors import RamgnnError
from tests.small import small_dataset


def saved(folder, dataset) -> str:
    api.save(ramgnn.fit(dataset, "popularity", progress=False), folder)
    return str(folder)


def renamed(dataset):
    """The same rows under other ids: every index is as it was."""
    users, items = (tuple(f"{x}777" for x in ids) for ids in (dataset.user_ids, dataset.item_ids))
    return replace(dataset, user_ids=users, item_ids=items, user_labels=users, item_labels=items)


def with_more_items(dataset):
    more = (*dataset.item_ids, "one more")
    return replace(dataset, item_ids=more, item_labels=more)


def with_fewer_rows(dataset):
    return replace(dataset, train=dataset.train.iloc[1:].reset_index(drop=True))


def with_something_seen(dataset):
    item = next(i for i in range(dataset.n_items) if i not in dataset.had(0))
    return replace(dataset, seen=np.array([[0, item]], np.int32))


OTHERS = {
    "the users, the items": renamed,
    "the items": with_more_items,
    "the training interactions": with_fewer_rows,
    "what users had and rated low": with_something_seen,
    "the sampled items": lambda d: with_negatives(d, 5, 1),
}


@pytest.mark.parametrize("word", OTHERS)
def test_runs_on_other_data_are_not_compared(word, tmp_path, capsys):
    dataset = small_dataset()
    a, b = saved(tmp_path / "a", dataset), saved(tmp_path / "b", OTHERS[word](dataset))
    assert main(["evaluate", "--run", a, "--compare", b]) == 1
    said = capsys.readouterr()
    assert f"they differ in {word}" in said.err and "p =" not in said.out


def test_negatives_of_another_seed_are_other_data(tmp_path, capsys):
    one, two = (with_negatives(small_dataset(), 5, seed) for seed in (1, 2))
    assert main(["evaluate", "--run", saved(tmp_path / "a", one), "--compare", saved(tmp_path / "b", two)]) == 1
    assert "they differ in the sampled items" in capsys.readouterr().err


def test_other_titles_and_attributes_are_told_and_compared(tmp_path, capsys):
    dataset = small_dataset()
    other = replace(
        dataset, item_labels=tuple(f"Title {i}" for i in dataset.item_ids), item_relations=dataset.item_relations[:1]
    )
    a, b = saved(tmp_path / "a", dataset), saved(tmp_path / "b", other)
    assert main(["evaluate", "--run", a, "--compare", b]) == 0
    said = capsys.readouterr()
    assert "differ in the attributes of items, the titles of items; users, items, interactions" in said.err
    assert "p = 1" in said.out


def test_the_same_data_are_compared_in_silence(tmp_path, capsys):
    a, b = (saved(tmp_path / name, small_dataset()) for name in "ab")
    assert main(["evaluate", "--run", a, "--compare", b]) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("word", [x for x in OTHERS if "sampled" not in x])
def test_evaluations_of_other_data_are_not_compared_in_python_either(word):
    dataset = small_dataset()
    a, b = (ramgnn.fit(x, "popularity", progress=False) for x in (dataset, OTHERS[word](dataset)))
    with pytest.raises(RamgnnError, match="of different data"):
        ramgnn.compare(a, b, n=20)


def test_negatives_of_another_seed_are_other_data_in_python_too():
    a, b = (ramgnn.fit(with_negatives(small_dataset(), 5, seed), "popularity", progress=False) for seed in (1, 2))
    with pytest.raises(RamgnnError, match="seed of sampled negatives"):
        ramgnn.compare(a, b, n=20)


def test_digits_of_what_is_ranked_do_not_know_attributes_and_come_back_from_json():
    dataset = small_dataset()
    assert fingerprint_ranked(dataset) == fingerprint_ranked(dataset.select(item=[], user=[]))
    twice = replace(with_something_seen(dataset), seen=np.repeat(with_something_seen(dataset).seen, 2, axis=0))
    assert fingerprint_ranked(twice) == fingerprint_ranked(with_something_seen(dataset))
    found = ramgnn.evaluate(ramgnn.fit(dataset, "popularity", progress=False))
    assert type(found).from_json(found.to_json()).data == found.data == fingerprint_ranked(dataset)


def test_differences_in_words():
    dataset = small_dataset()
    assert differences(dataset, small_dataset()) == ([], [])
    later = replace(dataset, test=dataset.test.assign(time=dataset.test["time"] + 1))
    assert differences(dataset, later) == ([], ["the times of interactions"])
    town = Relation.from_lists("town", [["x"]] * dataset.n_users)
    assert differences(dataset, replace(dataset, user_relations=(town,))) == ([], ["the attributes of users"])
    other = dataset.test.copy()
    other.loc[0, "item"] = (other.loc[0, "item"] + 1) % dataset.n_items
    assert differences(dataset, replace(dataset, test=pd.DataFrame(other))) == (["the held-out items"], [])
