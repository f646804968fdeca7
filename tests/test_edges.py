"""Edges of what is read, written and asked: each of these went wrong once."""

from __future__ import annotations

import gzip
import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file, save_file

import ramgnn
from ramgnn.cli import main
from ramgnn.datasets.frames.bins import bin_labels
from ramgnn.datasets.negatives import with_negatives
from ramgnn.errors import DataError, RamgnnError
from tests.small import small_dataset
from tests.test_cli import fails

N = 2**53


def written(folder, n_users: int = 6, rows: str = "user,item,time"):
    """A table of interactions: each user has four of nine items."""
    lines = [f"u{u},i{(u + k) % 9},{10**9 + k}" for u in range(n_users) for k in range(4)]
    (folder / "interactions.csv").write_text("\n".join([rows, *lines]) + "\n")
    return str(folder / "interactions.csv")


# ---- tables ----------------------------------------------------------------------------------------------------------


def test_whole_numbers_of_parquet_stay_whole_where_one_is_missing(tmp_path):
    users = [N, N, N + 1, N + 1, N + 2, N + 2, None]
    frame = pd.DataFrame({"user": pd.array(users, dtype="Int64"), "item": [1, 2, 1, 2, 1, 2, 1]})
    frame["year"] = pd.array([1999, None, 1999, None, 1999, None, 1999], dtype="Int16")
    frame.to_parquet(tmp_path / "a.parquet")
    found = ramgnn.load("tables", interactions=tmp_path / "a.parquet", items=None, unknown="drop")
    assert found.user_ids == (str(N), str(N + 1), str(N + 2))
    found = ramgnn.load(
        "tables", interactions=tmp_path / "a.parquet", items=tmp_path / "a.parquet", item_relations=["year"],
        unknown="drop", duplicates="first",
    )  # fmt: skip
    assert found.item_relations[0].labels == ("1999",)


def test_folders_of_parquet_say_what_a_column_holds(tmp_path):
    for country, item in (("NO", 0), ("SE", 3), ("DK", 6)):
        part = tmp_path / "items.parquet" / f"country={country}"
        part.mkdir(parents=True)
        pd.DataFrame({"item": [f"i{item + k}" for k in range(3)]}).to_parquet(part / "part.parquet")
    found = ramgnn.load("tables", interactions=written(tmp_path), items=tmp_path / "items.parquet")
    lists = dict(zip(found.item_ids, found.relation("item", "country").lists(found.n_items), strict=True))
    assert lists["i0"] == ["NO"] and lists["i5"] == ["SE"] and lists["i8"] == ["DK"]


def test_advice_on_parquet_is_for_a_shell(tmp_path, capsys):
    pd.DataFrame({"user": list("aabb"), "item": [1, 2, 1, 2]}).to_parquet(tmp_path / "p.parquet")
    pd.DataFrame({"colour": ["red", "blue"]}).to_parquet(tmp_path / "i.parquet")
    call = ["data", "check", "--interactions", str(tmp_path / "p.parquet")]
    assert "--items items.csv" in fails(capsys, *call, "--items", "none", "--item-relations", "genre")
    assert "rename_axis" not in fails(capsys, *call, "--items", str(tmp_path / "i.parquet"))


@pytest.mark.parametrize(("keep", "learned"), [("last", False), ("first", True)])
def test_what_is_kept_of_a_repeated_pair_is_decided_before_it_is_liked(keep, learned):
    """Somebody rates x with 5 and later with 1."""
    rows = [("a", "x", 5, 1), ("a", "x", 1, 9), ("a", "y", 5, 2), ("a", "z", 5, 3), ("b", "x", 5, 1), ("b", "y", 5, 2)]
    frame = pd.DataFrame(rows, columns=["user", "item", "rating", "time"])
    found = ramgnn.from_frames(frame, min_rating=4, duplicates=keep, split="none")
    pairs = {(found.user_ids[u], found.item_ids[i]) for u, i in found.train[["user", "item"]].to_numpy()}
    assert (("a", "x") in pairs) == learned and ("b", "x") in pairs
    assert bool(len(found.seen)) != learned
    with pytest.raises(DataError, match="repeat a pair"):
        ramgnn.from_frames(frame, min_rating=4)


@pytest.mark.parametrize("width", [0.1, 0.2, 0.3, 0.7, 1e-3])
def test_a_number_on_a_border_begins_a_bin(width):
    numbers = np.arange(50) * width
    assert len(set(bin_labels(numbers, width, "p"))) == 50
    middle = bin_labels(numbers + width / 2, width, "p")
    assert middle == bin_labels(numbers, width, "p")


def test_negatives_are_nothing_that_somebody_has_seen():
    data = small_dataset()
    u = int(data.test["user"].iloc[0])
    free = np.setdiff1d(np.arange(data.n_items), [*data.history(u), data.test["item"].iloc[0]])
    seen = np.array([[u, i] for i in free[:3]] + [[u + 1, free[3]]][::-1])
    drawn = with_negatives(replace(data, seen=seen), len(free) - 3).negatives[0]
    assert set(drawn) == set(free[3:])
    with pytest.raises(DataError, match="rank against all items"):
        with_negatives(replace(data, seen=np.array([[u, i] for i in free])), 1)


# ---- folders ---------------------------------------------------------------------------------------------------------


def movielens(folder, movies: bytes):
    folder.mkdir()
    rows = [f"{u},{1 + (u + k) % 9},4.0,{10**9 + k}" for u in range(1, 7) for k in range(4)]
    (folder / "ratings.csv").write_text("userId,movieId,rating,timestamp\n" + "\n".join(rows) + "\n")
    (folder / "movies.csv.gz").write_bytes(movies)
    return str(folder)


def test_a_gzip_file_of_a_folder_that_is_cut_short_is_told(tmp_path, capsys):
    text = "movieId,title,genres\n" + "".join(f"{i},Film {i} (1990),Drama|Comedy\n" for i in range(1, 2000))
    whole = gzip.compress(text.encode())
    folder = movielens(tmp_path / "ml", whole[: len(whole) // 2])
    said = fails(capsys, "data", "check", "--data", folder)
    assert "movies.csv.gz" in said
    assert "no data set is recognised" in fails(capsys, "data", "check", "--data", str(tmp_path))  # nor above it


def test_a_column_of_recbole_may_be_named_as_the_title(tmp_path):
    inter = ["user_id:token\titem_id:token", *(f"u{u}\ti{(u + k) % 5}" for u in range(4) for k in range(3))]
    items = ["item_id:token\ttitle:token\toriginal:token", *(f"i{i}\tThe {i}\tUn {i}" for i in range(5))]
    (tmp_path / "d.inter").write_text("\n".join(inter) + "\n")
    (tmp_path / "d.item").write_text("\n".join(items) + "\n")
    assert ramgnn.load(tmp_path, title_column="original").item_labels[:1] == ("Un 0",)


def test_the_home_of_nobody_is_a_path_like_others(capsys):
    assert "no folder" in fails(capsys, "data", "check", "--data", "~nobody-of-that-name/x")


# ---- runs ------------------------------------------------------------------------------------------------------------


def test_a_run_without_a_table_of_items_is_resumed(tmp_path, monkeypatch):
    """Stopped after its first checkpoint; and the table of interactions as seen from the folder is found again."""
    from ramgnn import finetune

    calls = []
    real = finetune.train_epoch

    def stopping(*arguments):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(finetune, "train_epoch", stopping)
    run = str(tmp_path / "run")
    call = ["train", "--interactions", written(tmp_path), "--items", "none", "--config", "default", "--quiet"]
    assert main([*call, "--epochs", "3", "--out", run]) == 130
    monkeypatch.setattr(finetune, "train_epoch", real)
    assert main(["train", "--resume", run, "--quiet"]) == 0
    assert (tmp_path / "run" / "run.json").exists()


def test_saving_replaces_nothing_of_somebody_else(tmp_path):
    model = ramgnn.fit(small_dataset(), "popularity")
    (tmp_path / "metrics.json").write_text("mine")
    with pytest.raises(RamgnnError, match="metrics.json, which a run would replace"):
        ramgnn.save(model, tmp_path)
    assert [x.name for x in tmp_path.iterdir()] == ["metrics.json"]
    (tmp_path / "metrics.json").rename(tmp_path / "other.json")
    ramgnn.save(model, tmp_path)
    ramgnn.save(model, tmp_path)  # its own run may be replaced
    assert (tmp_path / "other.json").read_text() == "mine"


@pytest.mark.parametrize("kind", [torch.float8_e4m3fn, torch.bfloat16, torch.complex64])
@pytest.mark.parametrize("name", ["weights.safetensors", "dataset.safetensors"])
def test_numbers_of_a_strange_kind_are_refused(tmp_path, kind, name):
    folder = ramgnn.save(ramgnn.fit(small_dataset(), "popularity"), tmp_path / "run")
    tensors = load_file(folder / name)
    save_file(tensors | {"strange": torch.ones(2).to(kind)}, folder / name)
    with pytest.raises(DataError, match=r"'strange' holds|was changed"):
        ramgnn.load_run(folder)


def test_a_missing_file_of_the_data_is_told_once(tmp_path):
    folder = ramgnn.save(ramgnn.fit(small_dataset(), "popularity"), tmp_path / "run")
    (folder / "dataset.json").unlink()
    with pytest.raises(DataError, match="there is no such file") as error:
        ramgnn.load_run(folder)
    assert str(error.value).count("to mend it") == 1


def test_names_of_a_stranger_do_not_steer_a_terminal(tmp_path):
    model = ramgnn.fit(replace(small_dataset(), name="\x1b[31mred"), "popularity")
    assert "\x1b" not in repr(model) and r"\x1b" in repr(model)


def test_a_run_to_compare_with_is_looked_for_first(tmp_path, capsys, monkeypatch):
    from ramgnn.cli import saved

    monkeypatch.setattr(saved, "imported", lambda name: pytest.fail("a run was loaded"))
    folder = ramgnn.save(ramgnn.fit(small_dataset(), "popularity"), tmp_path / "run")
    assert "nowhere" in fails(capsys, "evaluate", "--run", str(folder), "--compare", str(tmp_path / "nowhere"))


# ---- options ---------------------------------------------------------------------------------------------------------


def test_a_data_set_is_named_once(capsys):
    said = fails(capsys, "data", "check", "toy", "--data", "movietweetings")
    assert "'toy'" in said and "--data movietweetings" in said
    assert main(["data", "check", "toy", "--data", "toy"]) == 0


def test_numbers_are_read_as_people_write_them(tmp_path, capsys):
    path = written(tmp_path)
    assert "1_0" in fails(
        capsys, "data", "check", "--interactions", path, "--items", "none", "--option", "min_user=1_0"
    )
    shutil.copy(path, tmp_path / "nan.csv")
    (tmp_path / "nan.csv").write_text((tmp_path / "nan.csv").read_text().replace("user,item,time", "user,item,nan"))
    call = ["data", "check", "--interactions", str(tmp_path / "nan.csv"), "--items", "none", "--json"]
    assert main([*call, "--option", "time_column=nan"]) == 0
    columns = {row["column"]: row["read_as"] if "read_as" in row else row["role"] for row in _columns(capsys)}
    assert columns["nan"] == "time"


def _columns(capsys):
    return json.loads(capsys.readouterr().out)["columns"]


@pytest.mark.parametrize("split", [["--split", "none"], ["--option", "split=none"]])
def test_nothing_is_trained_once_more_where_nothing_is_held_out(tmp_path, capsys, split):
    with pytest.raises(SystemExit):
        main(["train", "--interactions", written(tmp_path), "--items", "none", *split, "--refit"])
    assert "holds nothing out" in capsys.readouterr().err
