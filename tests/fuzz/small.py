"""The small data that everything is fuzzed with: 12 users, 10 items."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import random
from pathlib import Path

import numpy as np
from safetensors import SafetensorError

from ramgnn.cli import main
from ramgnn.datasets.tables import load
from ramgnn.errors import RamgnnError
from tests.fuzz.mutate import mutate_bytes

N_USERS, N_ITEMS = 12, 10
SETTINGS = {"pretrain.dim": 4, "pretrain.epochs": 2, "pretrain.steps": 1, "finetune.epochs": 2, "finetune.every": 1}


def tables() -> dict[str, list[list[str]]]:
    """Rows, items and users, each with its header."""
    rng = np.random.default_rng(16)
    rows = [["user_id", "item_id", "timestamp"]]
    for u in range(N_USERS):
        for n, i in enumerate(rng.permutation(N_ITEMS)[: rng.integers(3, 6)]):
            rows.append([f"u{u}", f"i{i}", str(1500001000 + 100_000 * n + 4000 * u)])
    items = [["item_id", "title", "genre", "year"]]
    genres = ("Crime", "Crime|Drama", "Drama", "Comedy|Crime")
    items += [[f"i{i}", f"Title {i}", genres[i % 4], str(1980 + 10 * (i % 3))] for i in range(N_ITEMS)]
    users = [["user_id", "city", "age"]]
    users += [[f"u{u}", ("Rome", "Oslo")[u % 2], str(30 + 10 * (u % 3))] for u in range(N_USERS)]
    return {"rows": rows, "items": items, "users": users}


def write_tables(folder: Path) -> dict[str, Path]:
    """The tables as files."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = {}
    for name, lines in tables().items():
        paths[name] = folder / f"{name}.csv"
        paths[name].write_text("".join(",".join(line) + "\n" for line in lines))
    return paths


def dataset(folder: Path):
    """The data, read from their tables."""
    paths = write_tables(folder)
    return load(paths["rows"], paths["items"], paths["users"], progress=False)


def command(*words: object) -> tuple[int, str, str]:
    """The command line in this process: its status, what it printed, and its messages.

    Raises:
        Exception: what would be a traceback there.
    """
    out, err = io.StringIO(), io.StringIO()
    before = os.environ.get("RAMGNN_DEBUG")
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status = main([str(word) for word in words])
        except SystemExit as end:
            status = end.code
    assert os.environ.get("RAMGNN_DEBUG") == before
    return int(status or 0), out.getvalue(), err.getvalue()


def files(folder: Path) -> dict[str, str]:
    """A digest of everything below a folder, links unfollowed: what is there, and whether it has changed."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            found[name] = f"link to {os.readlink(path)}"
        elif path.is_file():
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
        else:
            found[name] = "folder"
    return found


def sha(path: Path) -> str:
    """The SHA-256 of a file, "" where there is none."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def read_json(path: Path) -> object:
    """What is in a JSON file, None where that cannot be read."""
    try:
        return json.loads(path.read_bytes().decode("utf-8", "surrogatepass"))
    except (OSError, ValueError, RecursionError):
        return None


def mutate_file(rng: random.Random, path: Path) -> str:
    """A few bytes of a file otherwise."""
    content, what = mutate_bytes(rng, path.read_bytes())
    path.write_bytes(content)
    return f"{path.name}: {what}"


def refused(error: RamgnnError) -> str:
    """An error that somebody sees has to say something.

    Raises:
        AssertionError: it does not.
    """
    text = str(error)
    assert text.strip() and "Traceback" not in text and len(text) < 5000, text
    return "refused"


READ_ERRORS = (OSError, ValueError, KeyError, TypeError, RecursionError, SafetensorError)
