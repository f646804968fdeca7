"""A full disk, a folder that cannot be written to, a training that diverged: one clear line, nothing half there.

A limit on the size of files stands for the full disk: a write beyond it fails with an error of the system as well.
"""

from __future__ import annotations

import json
import os
import time
from contextlib import contextmanager

import numpy as np
import pytest

import ramgnn
from ramgnn import datasets
from ramgnn.cli import main
from ramgnn.datasets import download, saved
from ramgnn.errors import RamgnnError
from ramgnn.experiments.store import Store
from tests.test_download import get, server  # noqa: F401 - a fixture

resource = pytest.importorskip("resource", reason="limits of a process, as Linux and macOS have them")
SMALL = ["--set", "pretrain.dim=8", "pretrain.epochs=2", "--epochs", "2", "--quiet", "--no-baselines"]


@contextmanager
def room(size: int):
    """Within, no file can be longer than `size` bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "one"
    assert main(["train", "--data", "toy", *SMALL, "--out", str(folder)]) == 0
    return folder


def fails_in_one_line(capsys, size: int, *arguments) -> str:
    """What a command says on a disk with so much room."""
    capsys.readouterr()
    with room(size):
        assert main(list(map(str, arguments))) == 1
    said = capsys.readouterr().err.strip()
    assert said.startswith("ramgnn: cannot write") and "\n" not in said and "Traceback" not in said, said
    return said


def whole(folder) -> list[str]:
    """The files of a folder, none of which is half there."""
    paths = [path for path in folder.rglob("*") if path.is_file() and path.name != ".lock"]
    for path in paths:
        assert not path.name.endswith(".part")
        if path.suffix == ".json":
            json.loads(path.read_text(encoding="utf-8"))
    return sorted(str(path.relative_to(folder)) for path in paths)


@pytest.mark.parametrize("size", [0, 700, 3_000, 20_000])
def test_a_full_disk_while_training(capsys, tmp_path, size):
    """At the first write, at the first checkpoint, and at the weights."""
    folder = tmp_path / "r"
    call = ["train", "--data", "toy", *SMALL, "--out", str(folder)]
    fails_in_one_line(capsys, size, *call)
    begun = bool(whole(folder))
    assert main(["train", "--resume", str(folder), "--quiet"] if begun else call) == 0
    assert main(["recommend", "--run", str(folder), "--user", "Ada"]) == 0


@pytest.mark.parametrize("size", [0, 200, 1_000])
def test_a_full_disk_while_a_baseline_is_saved(capsys, tmp_path, size):
    folder = tmp_path / "r"
    call = ["train", "--data", "toy", "--model", "ease", "--quiet", "--out", str(folder)]
    fails_in_one_line(capsys, size, *call)
    assert "run.json" not in whole(folder)  # so it is no run
    assert main(call) == 0


@pytest.mark.parametrize("end", ["csv", "tsv", "csv.gz", "jsonl"])
def test_a_full_disk_while_recommendations_are_written(capsys, tmp_path, trained, end):
    path = tmp_path / f"r.{end}"
    path.write_text("an older table")
    fails_in_one_line(capsys, 0, "recommend", "--run", trained, "--all", "--overwrite", "--out", path)
    assert os.listdir(tmp_path) == [path.name] and path.read_text() == "an older table"


def test_a_full_disk_while_a_table_is_drawn(capsys, tmp_path):
    call = ["results", "table3", "--plot", tmp_path / "t.svg"]
    fails_in_one_line(capsys, 100, *call)
    assert os.listdir(tmp_path) == []
    assert main(list(map(str, call))) == 0 and os.listdir(tmp_path) == ["t.svg"]


def test_a_folder_is_no_picture(capsys, tmp_path):
    (tmp_path / "t.svg").mkdir()
    assert main(["results", "table3", "--plot", str(tmp_path / "t.svg")]) == 1
    assert "it is a folder" in capsys.readouterr().err


def test_a_full_disk_for_results_and_data(tmp_path):
    store = Store(tmp_path / "results")
    result = Store().results("ml-100k", ["popularity"])[0]
    with room(0), pytest.raises(RamgnnError, match="cannot write .*what was there before is unchanged"):
        store.put(result)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    with room(0), pytest.raises(RamgnnError, match="cannot write"):
        saved.write(tmp_path / "data", datasets.load("toy"))
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_file_where_the_folder_of_results_should_be(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(RamgnnError, match="cannot write to .*file.*choose another folder"):
        Store(tmp_path / "file").put(Store().results("ml-100k", ["popularity"])[0])


@pytest.mark.usefixtures("server")
def test_a_full_disk_while_data_are_downloaded(request, tmp_path):
    source = request.getfixturevalue("server")
    body = np.random.default_rng(0).bytes(100_000)
    with room(1000), pytest.raises(RamgnnError, match="cannot be written: File too large(.|\n)*make room"):
        get(tmp_path, source.url("a", body), sha256=None)
    assert os.listdir(tmp_path) == []


def test_what_a_killed_download_left_is_removed(tmp_path):
    """After a day; what somebody may still write to stays, and what a link leads to is nobody's business."""
    elsewhere = tmp_path / "elsewhere"
    folder = tmp_path / "cache"
    for name in ("cache/.unfinished-old", "cache/.unfinished-new", "elsewhere", "cache/kept"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "half.zip").write_bytes(b"half")
    (folder / ".unfinished-link").symlink_to(elsewhere)
    long_ago = time.time() - download.ABANDONED - 60
    for name in (".unfinished-old", "kept"):
        os.utime(folder / name, (long_ago, long_ago))
    os.utime(elsewhere, (long_ago, long_ago))
    download.say_once("licence", "terms", folder)
    assert sorted(os.listdir(folder)) == [".unfinished-link", ".unfinished-new", "kept", "shown-licence.txt"]
    assert os.listdir(elsewhere) == os.listdir(folder / "kept") == ["half.zip"]


@pytest.mark.parametrize("setting", ["pretrain.lr=1e30", "finetune.lr=1e30"])
def test_a_diverged_run_is_not_to_be_continued(capsys, tmp_path, setting):
    folder = tmp_path / "r"
    settings = [
        "--set",
        "pretrain.dim=8",
        "pretrain.epochs=4",
        "finetune.loss=bpr",
        setting,
        "--epochs",
        "9",
        "--quiet",
    ]
    assert main(["train", "--data", "toy", *settings, "--out", str(folder)]) == 1
    said = capsys.readouterr().err
    assert "try a lower" in said and "continue" not in said and "resume" not in said
    assert whole(folder) == []
    assert main(["train", "--resume", str(folder)]) == 1
    assert "holds no run" in capsys.readouterr().err
    assert main(["train", "--data", "toy", *SMALL, "--out", str(folder)]) == 0  # nor in the way


@pytest.mark.parametrize("name", [".lock", "run.json", "metrics.json", "weights.safetensors", "dataset.json"])
def test_a_folder_where_a_file_is_to_be_written(capsys, tmp_path, name):
    (tmp_path / "r" / name / "more").mkdir(parents=True)
    model = ramgnn.fit(datasets.load("toy"), "popularity", progress=False)
    if name != ".lock":
        with pytest.raises(
            RamgnnError, match=f"cannot write .*{name}|cannot write to|holds {name}, which a run would replace"
        ):
            ramgnn.save(model, tmp_path / "r")
    status = main(["train", "--data", "toy", "--model", "ease", "--quiet", "--out", str(tmp_path / "r")])
    said = capsys.readouterr().err
    assert (tmp_path / "r" / name / "more").is_dir()
    assert status == 1 and said.startswith("ramgnn: ") and (name in said or "holds a run already" in said)
