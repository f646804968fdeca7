"""Stored results: refused with a clear word, or the numbers that were stored."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from ramgnn.errors import RamgnnError
from ramgnn.experiments.statistics import by_model, summarise
from ramgnn.experiments.store import Result, Store, Trial
from tests.fuzz import small
from tests.fuzz.loop import Wrong
from tests.fuzz.mutate import json_bytes, mutate_json

DATA, MODELS, SEEDS, N_TEST = "movietweetings", ("ram-gnn", "popularity", "mf"), (0, 1, 2), 40
COMMANDS = [
    ("status", "--data", DATA), ("verdicts", "--data", DATA), ("pairs", "--of", "table3", "--data", DATA),
    ("table3", "--data", DATA), ("table3", "--data", DATA, "--format", "csv"), ("figure5", "--data", DATA),
]  # fmt: skip
SHOWN = 0.3  # of the cases are asked for on the command line too


class Results:
    """A store with a few results."""

    name = "results"

    def __init__(self, base: Path) -> None:
        self.base, self.story = base / "store", []
        rng = np.random.default_rng(4)
        store = Store(self.base)
        where = {"versions": {"torch": "2"}, "commit": "0", "machine": "m", "arithmetic": "a", "date": "2026"}
        for model in MODELS:
            for seed in SEEDS:
                ranks = rng.integers(1, 60, N_TEST) / 2 + 1
                history = {"item": {"types": ["genre", "year"], "k": [3, 4], "stopped": [None, 7], "epochs": []}}
                store.put(
                    Result(DATA, model, seed, ranks, "0123456789abcdef", {"dim": 4, "lr": 0.1}, {"lr": 0.1}, 3, 1.5,
                           where, history if model == "ram-gnn" else {})
                )  # fmt: skip
            for number in range(3):
                trial = Trial(
                    number, {"lr": 0.1 * number}, 0.1 + number, 3, "complete", 2.5, where, ((1, 0.1), (2, 0.2))
                )
                store.put_trial(DATA, model, trial, {"lr": "0.1 to 1"})
        self.expected = numbers(store)
        self.said = {words: small.command("results", *words, "--out", self.base) for words in COMMANDS}

    def try_one(self, rng: random.Random, folder: Path) -> str:
        """A store with one or two files otherwise."""
        place = folder / "store"
        shutil.copytree(self.base, place)
        for _ in range(rng.choice((1, 1, 2))):
            self._mutate(rng, place)
        store, outcome = Store(place), "same"
        try:
            found = numbers(store)
        except RamgnnError as error:
            self.story.append(str(error))
            outcome = small.refused(error)
        else:
            if found != {name: self.expected[name] for name in found}:
                raise Wrong(f"other numbers\n{found}\n{self.expected}")
        if rng.random() < SHOWN:
            words = rng.choice(COMMANDS)
            status, _, err = small.command("results", *words, "--out", place)
            if status not in (0, 1) or (status == 1 and not err.startswith("ramgnn: ")):
                raise Wrong(f"no clear word\n{err}")
        return outcome

    def _mutate(self, rng: random.Random, place: Path) -> None:
        path = rng.choice(sorted(p for p in place.rglob("*.json") if p.is_file()))
        kind = rng.choice(("bytes", "content", "content", "content", "content", "file"))
        content = small.read_json(path)
        if kind == "bytes" or (kind == "content" and content is None):
            self.story.append(small.mutate_file(rng, path))
        elif kind == "content":
            content, what = mutate_json(rng, content)
            path.write_bytes(json_bytes(rng, content))
            self.story.append(f"{path.parent.name}/{path.name}: {what}")
        else:
            self.story.append(self._move(rng, path))

    def _move(self, rng: random.Random, path: Path) -> str:
        kind = rng.choice(("gone", "folder", "loop", "of another", "as another", "stray"))
        if kind == "stray":
            (path.parent / rng.choice(("x.json", "²³.json", "007.json", "99.json.part"))).write_text("{")
            return f"stray files in {path.parent.name}"
        content = path.read_bytes()
        path.unlink()
        if kind == "folder":
            path.mkdir()
        elif kind == "loop":
            path.symlink_to(path.name)
        elif kind == "of another":
            shutil.copyfile(rng.choice(sorted(self.base.rglob("*.json"))), path)
        elif kind == "as another":
            (path.parent / "77.json").write_bytes(content)
        return f"{path.parent.name}/{path.name}: {kind}"


def numbers(store: Store) -> dict[str, Any]:
    """The numbers of all results, by model and seed, with what the tables make of them."""
    results = store.results(DATA)
    found: dict[str, Any] = {
        f"{r.model} {r.seed}": (r.ranks.tolist(), r.metrics(), r.test_fingerprint) for r in results
    }
    for name, runs in by_model(results).items():
        if len(runs) == len(SEEDS):
            found[f"mean {name}"] = summarise(runs, "NDCG@10", 50).mean
    for model in store.models(DATA):
        for trial in store.trials(DATA, model):
            json.dumps([trial.number, trial.seconds])
    return found
