"""Files of hostile size or kind: refused, or read, within stated memory and time, with one clear line."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from brought import brought, items, lines
from safetensors.torch import load_file, save_file

import ramgnn
from ramgnn import runs
from ramgnn.checkpoint import Checkpoint
from ramgnn.cli import main
from ramgnn.datasets import opened, reading, saved, tables
from ramgnn.errors import DataError, RamgnnError
from tests.fuzz.runs import mend_sums
from tests.fuzz.small import SETTINGS
from tests.small import small_dataset

MEMORY = 500 * 2**20  # bytes beside what Python and pandas take; a line may have 64 MB and is held a few times
SECONDS = 60

READ = """
import resource, sys, time
from ramgnn.datasets.reading import read_table
from ramgnn.errors import DataError
before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
try:
    print(read_table(sys.argv[1]).shape)
except DataError as error:
    print(str(error).replace("\\n", " | "))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, time.process_time() - start)
"""


def outcome(path) -> str:
    """What reading a file says, in a process of its own, once its memory and its time are within the bounds."""
    done = subprocess.run([sys.executable, "-c", READ, str(path)], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    said, used = done.stdout.splitlines()
    unit = 1 if sys.platform == "darwin" else 1024
    memory, seconds = used.split()
    assert int(memory) * unit < MEMORY, f"{int(memory) * unit / 2**20:.0f} MB"
    assert float(seconds) < SECONDS
    return said


@pytest.mark.parametrize("letter", [b"\0", b"a", b",", b'"', b"\xff", b"a\r"])
def test_a_gzip_file_of_three_gigabytes(tmp_path, letter):
    member = gzip.compress(letter * (64 * 2**20 // len(letter)))
    path = tmp_path / "rows.csv.gz"
    path.write_bytes((b"" if letter in b"\0\xff" else gzip.compress(b"user,item\n")) + member * 48)
    said = outcome(path)
    assert "line " in said and "to mend it" in said
    if letter in (b"\0", b"a"):
        assert "more than 64 MB" in said
    if letter == b",":
        assert "64 MB" in said or "fields" in said
    assert path.stat().st_size < 16 * 2**20


def test_a_line_of_many_fields(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text("a,b\n1,2\n" + "," * 30_000_000 + "\n")
    assert "line 3: the line has more than 100,000 fields" in outcome(path)
    path.write_text("," * 30_000_000 + "\n1,2\n")
    assert "line 1: the line has more than 100,000 fields" in outcome(path)


def test_a_field_of_a_megabyte_and_one_beyond_the_limit(tmp_path):
    path = tmp_path / "items.csv"
    long = "x" * 2**20
    path.write_text(f"id,text\n1,{long}\n2,b\n")
    assert reading.read_table(path)["text"].tolist() == [long, "b"]
    path.write_text("id,text\n1,a\n2," + "x" * (17 * 2**20) + "\n")
    with pytest.raises(DataError, match="a field has more than 16 MB") as caught:
        reading.read_table(path)
    assert caught.value.line == 3
    path.write_text('id,text\n1,a\n2,"x\n' + "3,y\n" * 5_000_000)
    with pytest.raises(DataError, match="a quote opens on this line and is not closed") as caught:
        reading.read_table(path)
    assert caught.value.line == 3 and "quote=None" in caught.value.fix


@pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="there is no /dev/zero")
def test_devices_pipes_and_folders(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path, word in (("/dev/zero", "a device"), (pipe, "a pipe"), (tmp_path, "a folder"), ("/dev/null", "a device")):
        began = time.monotonic()
        with pytest.raises(DataError, match=f"this is {word}") as caught:
            reading.read_table(path)
        assert caught.value.fix and time.monotonic() - began < 5
    for path in (tmp_path / ("x" * 5000), "a\0b", "/dev/null/x"):
        with pytest.raises(DataError):
            reading.read_table(path)


@pytest.mark.parametrize("change", [b"u,i\n" * 50, None])
def test_a_file_that_changes_while_it_is_read(tmp_path, monkeypatch, change):
    path = tmp_path / "rows.csv"
    path.write_bytes(b"user,item\n" + b"a,b\n" * 100_000)
    chunks = reading.read_chunks(path, rows=1000)
    next(chunks)
    if change:
        with path.open("ab") as stream:
            stream.write(change)
    else:
        os.truncate(path, 300_000)
    with pytest.raises(DataError, match="grows" if change else "shrinks") as caught:
        list(chunks)
    assert "bytes" in str(caught.value) and caught.value.fix


def test_twenty_thousand_columns(tmp_path):
    own = brought(tmp_path)
    header = ["item_id", "title", "genre", *(f"c{n}" for n in range(20_000))]
    cells = [[*row[:3], *["1"] * 20_000] for row in items()]
    own.write("items", ",".join(header) + "\n" + lines("items", cells, header=False))
    began = time.process_time()
    with pytest.raises(DataError, match="the table has 20,003 columns") as caught:
        tables.load(**own.options)
    assert "item_relations='title,genre'" in caught.value.fix and len(str(caught.value)) < 1000
    data = tables.load(**own.options, item_relations="genre")
    assert [r.name for r in data.item_relations] == ["genre"]
    with pytest.raises(DataError, match="no column 'gender'") as caught:
        tables.load(**own.options, item_relations="gender")
    assert len(str(caught.value)) < 1500
    assert time.process_time() - began < SECONDS
    assert opened.FIELDS_LIMIT > 20_000


def put(path, kind):
    """A pipe, a device or a folder in place of a file."""
    path.unlink(missing_ok=True)
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    else:
        path.mkdir()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes that have a name")
@pytest.mark.parametrize("kind", ["pipe", "device", "folder"])
def test_a_run_whose_files_are_none(tmp_path, kind):
    """A pipe would keep the reader waiting for ever, and a device fill the memory."""
    model = ramgnn.fit(small_dataset(), "ease", progress=False)
    for name in (runs.RUN, *runs.folder.CHECKED, saved.ARRAYS):
        folder = ramgnn.save(model, tmp_path / name)
        put(folder / name, kind)
        with pytest.raises(DataError, match="a folder, a pipe or a device, and no file"):
            ramgnn.load_run(folder)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes that have a name")
@pytest.mark.parametrize("kind", ["pipe", "device", "folder"])
def test_a_checkpoint_that_is_no_file(tmp_path, kind):
    put(tmp_path / "item.safetensors", kind)
    with pytest.raises(DataError, match="a folder, a pipe or a device, and no file"):
        Checkpoint(tmp_path / "item.safetensors").load()


def test_json_that_is_larger_than_any_of_ours(tmp_path):
    folder = ramgnn.save(ramgnn.fit(small_dataset(), "ease", progress=False), tmp_path)
    os.truncate(folder / runs.RUN, 2**32)  # sparse: it takes no room on the disk
    with pytest.raises(DataError, match="it has more than 67,108,864 bytes"):
        ramgnn.load_run(folder)


def test_arrays_are_read_only_when_they_are_those_that_were_written(tmp_path, monkeypatch):
    folder = ramgnn.save(ramgnn.fit(small_dataset(), "ease", progress=False), tmp_path)
    os.truncate(folder / saved.ARRAYS, 2**26)
    monkeypatch.setattr(saved.safetensors, "load", pytest.fail)
    with pytest.raises(DataError, match="changed, cut short"):
        ramgnn.load_run(folder)


# ---- weights of hostile size


def with_weights(folder, change):
    """A run folder whose weights are others, with the sums of a stranger who is careful."""
    path = folder / runs.WEIGHTS
    save_file(change(load_file(path)), path)
    mend_sums(folder)


def all_large(prefix):
    """A number in place of each weight, so large that products of two are none."""
    return lambda tensors: {n: torch.full_like(t, 1e38) if n.startswith(prefix) else t for n, t in tensors.items()}


@pytest.fixture(scope="module")
def pretrained(tmp_path_factory):
    data = small_dataset()
    model = ramgnn.fit(data, settings=SETTINGS, epochs=1, progress=False, refit=False)
    return ramgnn.save(model, tmp_path_factory.mktemp("run"))


def copied(run, tmp_path):
    return Path(shutil.copytree(run, tmp_path / "run"))


def test_scores_beyond_every_number_are_not_recommended_by(pretrained, tmp_path):
    run = copied(pretrained, tmp_path)
    with_weights(run, all_large("final."))
    model = ramgnn.load_run(run)
    user, item = model.dataset.user_ids[0], model.dataset.item_ids[0]
    for ask in (lambda: model.recommend(user), lambda: model.score(user), lambda: model.explain(user, item)):
        with pytest.raises(RamgnnError, match="scores that are no finite numbers: its weights are too large"):
            ask()


def test_attention_that_is_no_number_is_no_reason(pretrained, tmp_path, capsys):
    run = copied(pretrained, tmp_path)
    with_weights(run, all_large("item."))
    model = ramgnn.load_run(run)
    assert len(model.recommend(model.dataset.user_ids[0]))
    with pytest.raises(RamgnnError, match="the attention is no finite number"):
        model.explain(model.dataset.user_ids[0], model.dataset.item_ids[0])
    assert main(["neighbors", "--run", str(run), f"--item={model.dataset.item_ids[0]}"]) == 1
    assert "the attention is no finite number" in capsys.readouterr().err


def test_a_run_without_a_recommender_was_not_stopped(pretrained, tmp_path, capsys):
    run = copied(pretrained, tmp_path)
    with_weights(run, lambda tensors: {name: t for name, t in tensors.items() if not name.startswith("final.")})
    assert main(["recommend", "--run", str(run), "--all"]) == 1
    said = capsys.readouterr().err
    assert f"{run / runs.WEIGHTS}: the weights have no recommender" in said and "stopped" not in said


def test_a_table_that_may_not_be_read(tmp_path, monkeypatch):
    path = tmp_path / "rows.csv"
    path.write_text("user,item\na,b\n")

    def no(self, *_, **__):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "open", no)
    with pytest.raises(DataError, match="the file may not be read"):
        tables.load(path, items=None)
