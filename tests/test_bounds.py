"""Files of hostile size or kind: refused, or read, within stated memory and time, with one clear line."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import time

import pytest
from brought import brought, items, lines

from ramgnn.datasets import opened, reading, tables
from ramgnn.errors import DataError

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
