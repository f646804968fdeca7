"""Runs of a careful stranger, sums made right: impossible encoders and arrays, endless files; and endless numbers."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

import ramgnn
from ramgnn import runs
from ramgnn.baselines.encoders import EncoderSettings
from ramgnn.cli import main
from ramgnn.datasets import saved
from ramgnn.errors import DataError, RamgnnError
from ramgnn.evaluation import metrics
from tests.fuzz.runs import mend_sums
from tests.small import small_dataset

SHORT = {"pretrain.dim": 8, "pretrain.layers": 1, "pretrain.epochs": 1, "pretrain.steps": 1}


def saved_encoder(folder, kind):
    model = ramgnn.fit(small_dataset(), settings=SHORT, encoder=kind, epochs=1, refit=False, progress=False)
    runs.save(folder, model)


# ---- encoders --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["gcn", "rgcn", "wgcn", "vrgcn", "compgcn"])
def test_impossible_settings_of_an_encoder_are_refused(kind, tmp_path):
    saved_encoder(tmp_path, kind)
    path = tmp_path / runs.RUN
    told = json.loads(path.read_text())
    for name, value in (("dim", 0), ("dim", 3.5), ("layers", 0), ("item_type", True), ("dropout", "x"), ("roles", [])):
        edited = json.loads(json.dumps(told))
        edited["encoders"]["item"]["settings"][name] = value
        path.write_text(json.dumps(edited))
        mend_sums(tmp_path)
        with pytest.raises(DataError, match=f"'encoders.item.settings' has an impossible setting: .*{name} is"):
            runs.load(tmp_path)


def test_settings_of_an_encoder_have_kinds():
    assert EncoderSettings(dropout=0, item_type="genre").validate().dropout == 0
    for name, value in (("item_type", True), ("user_type", 3), ("composition", None), ("dropout", "0.1")):
        with pytest.raises(RamgnnError, match=f"{name} is .*; expected "):
            EncoderSettings(**{name: value}).validate()


# ---- baselines -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["ease", "itemknn", "als"])
def test_arrays_that_fit_each_other_and_not_the_data_are_refused(model, tmp_path):
    dataset = small_dataset()
    runs.save(tmp_path, ramgnn.fit(dataset, model, {"factors": 4} if model == "als" else {}, refit=False))
    path = tmp_path / runs.WEIGHTS
    stored = load_file(path)
    if model == "als":  # more users than there are: each that there is has scores
        stored["users"] = torch.zeros(dataset.n_users + 5, 4)
    else:
        wide = "weights" if model == "ease" else "similarity"
        empty = {"data": torch.zeros(0), "indices": torch.zeros(0, dtype=torch.int32)}
        rows = {"history": dataset.n_users, wide: 5}
        columns = {"history": 5, wide: dataset.n_items}
        for name in rows:
            if name in stored:
                stored[name] = torch.zeros(rows[name], columns[name])
                continue
            parts = empty | {
                "indptr": torch.zeros(rows[name] + 1, dtype=torch.int32),
                "shape": torch.tensor([rows[name], columns[name]]),
            }
            stored |= {f"{name}.{part}": x.clone() for part, x in parts.items()}
    save_file(stored, path)
    mend_sums(tmp_path)
    with pytest.raises(DataError, match=f"the stored state is not that of {model}"):
        runs.load(tmp_path)


# ---- files without an end --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["dataset.json", "served/dataset.json", "served/run.json", "history.json"])
def test_a_file_of_terabytes_is_told_by_its_size(tmp_path, name):
    runs.save(tmp_path, ramgnn.fit(small_dataset(), "popularity", refit=True))
    os.truncate(tmp_path / name, 2**42)
    with pytest.raises(DataError, match=f"{name.rpartition('/')[2]}: .* bytes"):
        ramgnn.load_run(tmp_path)


def test_a_data_set_of_terabytes_is_too(tmp_path):
    saved.write(tmp_path, small_dataset())
    os.truncate(tmp_path / saved.TEXT, 2**42)
    with pytest.raises(DataError, match="the file has 4,398,046,511,104 bytes\n  expected: at most 4,294,967,296"):
        saved.read(tmp_path)


# ---- numbers without an end ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [["evaluate", "--at"], ["recommend", "--user", "u1", "-n"]])
@pytest.mark.parametrize("digits", [400, 5000])
def test_numbers_of_many_digits_are_told_and_not_repeated(command, digits, tmp_path, capsys):
    runs.save(tmp_path, ramgnn.fit(small_dataset(), "popularity", refit=False))
    with pytest.raises(SystemExit):
        main([command[0], "--run", str(tmp_path), *command[1:], "9" * digits])
    said = capsys.readouterr().err.splitlines()[0]
    assert f"({digits:,} characters) is not a" in said and "expected 1 or more, in 19 digits at most" in said
    assert len(said) < 200
    assert main([command[0], "--run", str(tmp_path), *command[1:], "0" * digits + "5"]) == 0


def test_a_list_longer_than_any_float_has_every_rank():
    ranks = np.array([1.0, 3.0])
    assert metrics(ranks, 10**400) == {f"{m}@{10**400}": metrics(ranks, 3)[f"{m}@3"] for m in ("HR", "MRR", "NDCG")}
