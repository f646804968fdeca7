"""Forged files of gigabytes are refused at once; every real run is as large as its settings say."""

from __future__ import annotations

import json
import struct
import time

import pytest

import ramgnn
from ramgnn import datasets, runs
from ramgnn.baselines import registry
from ramgnn.baselines.encoders import ENCODERS
from ramgnn.datasets import saved
from ramgnn.errors import DataError
from ramgnn.runs.checking import with_sum
from ramgnn.runs.sizes import ROOM, _most, numbers_in
from tests.small import timed

HUGE = 2**35  # bytes, in a sparse file
QUICK = {"ram-gnn": {"pretrain.epochs": 1, "finetune.epochs": 1}}


def run(folder, name, **options):
    return ramgnn.save(ramgnn.fit(timed(datasets.load("toy"), name), name, progress=False, **options), folder)


def at_once(folder, match):
    began = time.process_time()
    with pytest.raises(DataError, match=match):
        ramgnn.load_run(folder)
    assert time.process_time() - began < 5  # to read it would take a minute


def huge(path):
    """A sparse file of safetensors, whole by its header."""
    n = (HUGE - 1024) // 4
    header = {"final.users": {"dtype": "F32", "shape": [n // 16, 16], "data_offsets": [0, n // 16 * 64]}}
    text = json.dumps(header).ljust(512).encode()
    with path.open("wb") as stream:
        stream.write(struct.pack("<Q", len(text)) + text)
        stream.truncate(8 + len(text) + n // 16 * 64)


@pytest.mark.parametrize("name", ["ease", "mf"])
def test_weights_that_the_settings_do_not_ask_for(tmp_path, name):
    folder = run(tmp_path / "r", name, epochs=None if name == "ease" else 1)
    huge(folder / runs.WEIGHTS)
    at_once(folder, "weights.safetensors: the file has .* numbers, and the settings of this run ask for .* at most")


def test_a_file_whose_header_says_less(tmp_path):
    for number, name in enumerate((runs.WEIGHTS, saved.ARRAYS)):
        folder = run(tmp_path / str(number), "ease")
        with (folder / name).open("r+b") as stream:
            stream.truncate(HUGE)
        at_once(folder, f"{name}: the file was changed, cut short")


def test_no_file_at_all_keeps_nobody_waiting(tmp_path):
    import os

    folder = run(tmp_path / "r", "ease")
    (folder / runs.WEIGHTS).unlink()
    os.mkfifo(folder / runs.WEIGHTS)
    at_once(folder, "it is a folder, a pipe or a device")


def test_every_model_of_the_package_has_room(tmp_path):
    for name in registry.names():
        if not registry.get(name).of_package:
            continue
        epochs = 1 if registry.get(name).trained else None
        folder = run(tmp_path / name, name, epochs=epochs)
        model = ramgnn.load_run(folder)
        most = _most(runs.describe(folder), model.dataset)
        assert numbers_in(folder / runs.WEIGHTS) <= most / 2, name


@pytest.mark.parametrize("encoder", sorted({"ram-gnn", *ENCODERS}))
@pytest.mark.parametrize("dim", [4, 64])
def test_every_encoder_of_the_package_has_room(tmp_path, encoder, dim):
    settings = {"pretrain.epochs": 1, "finetune.epochs": 1, "pretrain.dim": dim}
    folder = run(tmp_path / "r", "ram-gnn", encoder=encoder, epochs=1, settings=settings)
    model = ramgnn.load_run(folder)
    most = _most(runs.describe(folder), model.dataset)
    assert most is None or numbers_in(folder / runs.WEIGHTS) <= most / 2


def test_a_model_of_ones_own_may_be_as_large_as_it_likes(tmp_path):
    folder = run(tmp_path / "r", "ease")
    model = ramgnn.load_run(folder)
    assert _most(runs.describe(folder) | {"model": "one of my own"}, model.dataset) is None
    assert _most(runs.describe(folder), model.dataset) > ROOM


def test_settings_that_are_none_are_refused_by_whoever_reads_them(tmp_path):
    folder = run(tmp_path / "r", "mf", epochs=1)
    path = folder / runs.RUN
    content = {k: v for k, v in json.loads(path.read_text()).items() if k != "sum"}
    for dim in (10**12, -1, "64", None):
        path.write_text(json.dumps(with_sum(content | {"settings": content["settings"] | {"dim": dim}})))
        with pytest.raises(ramgnn.errors.RamgnnError):
            ramgnn.load_run(folder)
