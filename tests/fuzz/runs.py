"""Run folders: refused with a clear word, or answered exactly as the run that nobody touched.

A stranger who is careful makes all sums right again; then the answers may be others, but they have to be answers.
"""

from __future__ import annotations

import json
import math
import os
import random
import shutil
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ramgnn import api, runs
from ramgnn.datasets import saved
from ramgnn.errors import RamgnnError
from ramgnn.fitted import FittedModel
from ramgnn.runs.checking import with_sum
from tests.fuzz import small
from tests.fuzz.loop import Wrong
from tests.fuzz.mutate import json_bytes, mutate_json, mutate_tensors, read_tensors, write_tensors

LIGHT = {"dim": 4, "epochs": 1}
KINDS: dict[str, dict[str, Any]] = {
    "ram-gnn": {"settings": small.SETTINGS, "epochs": 1},
    "served": {"settings": small.SETTINGS, "epochs": 1, "refit": True},
    "validated": {"settings": small.SETTINGS},
    "gcn": {"settings": small.SETTINGS, "encoder": "gcn", "epochs": 1},
    "ease": {"model": "ease", "refit": True},
    "itemknn": {"model": "itemknn"},
    "popularity": {"model": "popularity"},
    "mf": {"model": "mf", "settings": LIGHT},
    "lightgcn": {"model": "lightgcn", "settings": LIGHT},
    "fm": {"model": "fm", "settings": LIGHT},
    "sasrec": {"model": "sasrec", "settings": LIGHT},
    "sasrec sets": {"model": "sasrec sets", "settings": LIGHT},
    "gru4rec": {"model": "gru4rec", "settings": LIGHT},
    "ease recent": {"model": "ease recent"},
    "with a clock": {"config": "temporal", "settings": {"pretrain.dim": 4, "pretrain.epochs": 1}, "epochs": 1},
    "attention alone": {"config": "temporal", "settings": {"pretrain.dim": 4, "temporal.share": 1.0}, "epochs": 1},
}
COMMANDS = 0.05  # of the cases go through the command line too


class Runs:
    """Run folders of all kinds of models."""

    name = "runs"

    def __init__(self, base: Path) -> None:
        self.base, self.story = base, []
        data = small.dataset(base / "tables")
        self.answers = {}
        for kind, options in KINDS.items():
            model = api.fit(data, **{"refit": False, "progress": False} | options)
            evaluation = api.evaluate(model)
            api.save(model, base / kind, evaluation=evaluation)
            self.answers[kind] = answers(base / kind)
        self.printed = {kind: printed(base / kind, model) for kind in KINDS}

    def try_one(self, rng: random.Random, folder: Path) -> str:
        """A run folder with one or two things otherwise."""
        kind = rng.choice(sorted(KINDS))
        run = folder / "run"
        shutil.copytree(self.base / kind, run)
        self.story.append(f"a run of {kind}")
        careful = False
        for _ in range(rng.choice((1, 1, 1, 2))):
            careful |= self._mutate(rng, run)
        with warnings.catch_warnings(record=True) as noted:
            warnings.simplefilter("always", UserWarning)
            try:
                found = answers(run)
            except RamgnnError as error:
                self.story.append(str(error))
                return small.refused(error)
        lost = any("history.json is missing" in str(w.message) for w in noted)
        if careful:
            check_answers(found, folder)
            return "read, with sums made right"
        same_answers(self.answers[kind], found, lost)
        if rng.random() < COMMANDS:
            for words, expected in self.printed[kind].items():
                status, out, _ = small.command(words[0], "--run", run, *words[1:])
                if not lost and (status, out.replace(str(run), "RUN")) != expected:
                    raise Wrong(f"the command line says something else to {words}")
        return "same"

    def _mutate(self, rng: random.Random, run: Path) -> bool:
        """Change something in a run folder; returns whether sums were made right again."""
        part = run / "served" if (run / "served").is_dir() and rng.random() < 0.4 else run
        names = sorted(path.name for path in part.iterdir() if path.is_file())
        if not names:
            return False
        path = part / rng.choice(names)
        kind = rng.choice(("bytes", "content", "content", "content", "content", "file"))
        if kind == "bytes":
            self.story.append(small.mutate_file(rng, path))
        elif kind == "file":
            self.story.append(self._move(rng, path))
        else:
            self.story.append(mutate_content(rng, path))
        if rng.random() < 0.5:
            return False
        self.story.append("all sums made right")
        mend_sums(run / "served")
        mend_sums(run)
        return True

    def _move(self, rng: random.Random, path: Path) -> str:
        """A file that is gone, a link, a folder, or that of another run."""
        kind = rng.choice(("gone", "link", "loop", "folder", "of another", "of another", "served"))
        other = self.base / rng.choice(sorted(KINDS))
        if kind == "served":
            served = path.parent / "served"
            small_served = rng.choice(("file", "empty", "link", "another"))
            if served.is_dir() and not served.is_symlink():
                shutil.rmtree(served)
            else:
                served.unlink(missing_ok=True)
            if small_served == "file":
                served.write_text("x")
            elif small_served == "empty":
                served.mkdir()
            elif small_served == "link":
                served.symlink_to(path.parent, target_is_directory=True)
            else:
                shutil.copytree(other, served)
            return f"served is {small_served}, {other.name}"
        path.unlink()
        if kind == "link":
            path.symlink_to(other / path.name)
        elif kind == "loop":
            path.symlink_to(path.name)
        elif kind == "folder":
            path.mkdir()
        elif kind == "of another" and (other / path.name).exists():
            shutil.copyfile(other / path.name, path)
        return f"{path.name}: {kind}, {other.name}"


def mutate_content(rng: random.Random, path: Path) -> str:
    """What a JSON or safetensors file says otherwise, still in its own form."""
    if path.suffix == ".safetensors":
        try:
            tensors, metadata = read_tensors(path)
            changed, what = mutate_tensors(rng, tensors)
        except (*small.READ_ERRORS, IndexError):
            return small.mutate_file(rng, path)
        with suppress(*small.READ_ERRORS):
            write_tensors(path, changed, metadata)
        return f"{path.name}: {what}"
    content = small.read_json(path)
    if content is None:
        return small.mutate_file(rng, path)
    content, what = mutate_json(rng, content)
    path.write_bytes(json_bytes(rng, content))
    return f"{path.name}: {what}"


def mend_sums(run: Path) -> None:
    """Sums and the fingerprint as a stranger would make them right again, as far as the files can be read."""
    text = small.read_json(run / saved.TEXT)
    if isinstance(text, dict):
        text["sha256"] = small.sha(run / saved.ARRAYS)
        with suppress(*small.READ_ERRORS):
            (run / saved.TEXT).write_bytes(json.dumps(text, indent=1, ensure_ascii=True).encode())
    metadata = small.read_json(run / runs.RUN)
    if not isinstance(metadata, dict):
        return
    metadata["sha256"] = {name: small.sha(run / name) for name in (runs.WEIGHTS, runs.HISTORY, saved.TEXT)}
    with suppress(Exception):
        metadata["fingerprint"] = runs.fingerprint(saved.read(run))
    if (run / "served" / runs.RUN).is_file():
        metadata["sha256"][f"served/{runs.RUN}"] = small.sha(run / "served" / runs.RUN)
    with suppress(*small.READ_ERRORS):
        (run / runs.RUN).write_text(json.dumps(with_sum(metadata)))


# ---- answers ---------------------------------------------------------------------------------------------------------


def answers(run: str | os.PathLike) -> dict[str, Any]:
    """Everything that a run is asked.

    Raises:
        RamgnnError: the run is refused.
    """
    model = api.load_run(run)
    found: dict[str, Any] = {"who": repr(model), "name": model.name, "users": model.dataset.user_ids}
    found["recommend"] = model.recommend()
    found["score"] = model.score()
    for name, ask in {
        "new": lambda: model.recommend(had=[model.dataset.item_ids[0]]),
        "similar": lambda: model.similar_items(model.dataset.item_ids[1]),
        "explain": lambda: str(model.explain(model.dataset.user_ids[2], model.dataset.item_ids[3])),
        "evaluate": lambda: api.evaluate(model).ranks,
    }.items():
        try:
            found[name] = ask()
        except RamgnnError as error:
            found[name] = error
    return found


def same_answers(expected: dict[str, Any], found: dict[str, Any], lost: bool) -> None:
    """Do nothing when the answers are the same; with the history lost, where they do not need it.

    Raises:
        Wrong: they are not.
    """
    for name, x in expected.items():
        y = found[name]
        if lost and (name == "who" or (name == "explain" and isinstance(y, RamgnnError))):
            continue
        if isinstance(x, pd.DataFrame):
            same = isinstance(y, pd.DataFrame) and x.equals(y) and list(x.columns) == list(y.columns)
        elif isinstance(x, np.ndarray):
            same = isinstance(y, np.ndarray) and np.array_equal(x, y)
        elif isinstance(x, RamgnnError):
            same = str(x) == str(y)
        else:
            same = x == y
        if not same and lost and name == "explain":
            continue  # without thresholds no value has attention
        if not same:
            raise Wrong(f"another answer to {name}\n{x}\n{y}")


def check_answers(found: dict[str, Any], folder: Path) -> None:
    """Do nothing when the answers are answers: finite numbers, of users and items that there are.

    Raises:
        Wrong: they are not.
    """
    frame = found["recommend"]
    if not np.isfinite(frame["score"].to_numpy(float)).all() or not np.isfinite(found["score"].to_numpy()).all():
        raise Wrong(f"scores that are no numbers\n{frame}")
    if not set(frame["user"].astype(str)) <= set(found["users"]):
        raise Wrong("users whom nobody knows")
    if isinstance(found["evaluate"], np.ndarray) and not all(map(math.isfinite, found["evaluate"])):
        raise Wrong("ranks that are no numbers")


def printed(run: Path, model: FittedModel) -> dict[tuple[str, ...], tuple[int, str]]:
    """What the command line says to some questions: status and output, by the words."""
    user, item = model.dataset.user_ids[2], model.dataset.item_ids[3]
    said = {}
    for words in (
        ("recommend", "--user", user, "--json"), ("explain", "--user", user, "--item", item, "--json"),
        ("neighbors", "--item", item), ("similar", "--item", item), ("evaluate", "--json"),
    ):  # fmt: skip
        status, out, _ = small.command(words[0], "--run", run, *words[1:])
        said[words] = status, out.replace(str(run), "RUN")
    return said
