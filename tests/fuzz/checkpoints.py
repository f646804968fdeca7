"""Runs that were stopped: ``train --resume`` refuses with a clear word, or ends as the run that nothing stopped.

Nothing is written outside of the run folder, wherever links in it lead.
"""

from __future__ import annotations

import json
import random
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

from ramgnn import runs
from ramgnn.checkpoint import Checkpoint, _sum_of
from ramgnn.datasets import saved
from ramgnn.runs.checking import with_sum
from tests.fuzz import small
from tests.fuzz.loop import Wrong
from tests.fuzz.mutate import json_bytes, mutate_json, mutate_tensors, read_tensors, write_tensors
from tests.fuzz.runs import mutate_content

RUNS = {"served": ["--refit"], "alone": ["--no-refit", "--epochs", "2"]}
PLANTED = (".lock", "weights.safetensors", "run.json", "history.json", "metrics.json", "served", "checkpoint.part",
           "dataset.json", "dataset.safetensors", "run.json.part", "weights.safetensors.part", "history.json.part",
           "checkpoint", "checkpoint/run.json", "checkpoint/finetune.safetensors", "checkpoint/item.safetensors",
           "checkpoint/item.safetensors.part", "checkpoint/finetune.safetensors.part", "checkpoint/dataset.json",
           "checkpoint/made-for.json", "checkpoint/everything.safetensors", "served/run.json")  # fmt: skip


class Checkpoints:
    """A run as it was after each of its checkpoints."""

    name = "checkpoints"

    def __init__(self, base: Path) -> None:
        self.base, self.story, self.goes_on_as = base, [], ""
        self.snapshots: dict[str, list[Path]] = {}
        self.ends: dict[str, dict[str, Any]] = {}
        paths = small.write_tables(base / "tables")
        tables = [
            "--interactions", paths["rows"], "--items", paths["items"], "--users", paths["users"],
            "--set", *(f"{name}={value}" for name, value in small.SETTINGS.items()),
        ]  # fmt: skip
        for name, options in RUNS.items():
            run, taken = base / f"whole-{name}", []
            save = Checkpoint.save

            def saved_and_copied(self, *arguments, _save=save, _run=run, _taken=taken, _name=name):
                _save(self, *arguments)
                copy = base / f"{_name}-{len(_taken)}-{self.path.stem}"
                shutil.copytree(_run, copy, ignore=shutil.ignore_patterns(".lock"))
                _taken.append(copy)

            Checkpoint.save = saved_and_copied
            try:
                status, _, err = small.command("train", *tables, *options, "--out", run, "--quiet")
            finally:
                Checkpoint.save = save
            assert status == 0, err
            self.snapshots[name], self.ends[name] = taken, end_of(run)

    def try_one(self, rng: random.Random, folder: Path) -> str:
        """A stopped run with something otherwise goes on."""
        name = rng.choice(sorted(RUNS))
        snapshot = rng.choice(self.snapshots[name])
        run, outside = folder / "run", folder / "outside"
        shutil.copytree(snapshot, run)
        outside.mkdir()
        (outside / "victim").write_text("as it was")
        (outside / "run.json").write_text("{}")
        self.story.append(f"stopped at {snapshot.name}")
        careful, self.goes_on_as = False, name
        for _ in range(rng.choice((1, 1, 1, 2))):
            careful |= self._mutate(rng, run, outside)
        if careful and asks_for_long(small.read_json(run / runs.CHECKPOINTS / runs.RUN)):
            return "asks for a long training"
        before = small.files(outside), sorted(path.name for path in folder.iterdir())
        try:
            status, _, err = small.command("train", "--resume", run, "--quiet")
        finally:
            if (small.files(outside), sorted(path.name for path in folder.iterdir())) != before:
                raise Wrong("something was written outside of the run folder")
        self.story.append(err)
        if status not in (0, 1) or "Traceback" in err:
            raise Wrong(f"exit status {status}\n{err}")
        if status == 1:
            if not err.strip().startswith("ramgnn: ") or len(err) > 5000:
                raise Wrong(f"no clear word\n{err}")
            return "refused"
        if careful:
            return "went on, with sums made right"
        found = end_of(run)
        for part, expected in self.ends[self.goes_on_as].items():
            if found.get(part) != expected:
                raise Wrong(f"{part} is another one\n{found.get(part)!r:.3000}\n{expected!r:.3000}")
        return "same"

    def _mutate(self, rng: random.Random, run: Path, outside: Path) -> bool:
        """Change something in a stopped run; returns whether a sum was made right again."""
        checkpoints = run / runs.CHECKPOINTS
        names = sorted(p.name for p in checkpoints.iterdir() if p.is_file()) if checkpoints.is_dir() else []
        kind = rng.choice(("bytes", "content", "content", "state", "state", "link", "file"))
        if kind == "link" or not names:
            self.story.append(plant(rng, run, outside))
            return False
        path = checkpoints / rng.choice(names)
        if kind == "file":
            return self._move(rng, path)
        if kind == "bytes":
            self.story.append(small.mutate_file(rng, path))
        elif path.suffix == ".safetensors" and path.name != saved.ARRAYS:
            self.story.append(mutate_checkpoint(rng, path, kind == "state"))
            return mend_sum(path) if rng.random() < 0.7 else False
        else:
            self.story.append(mutate_content(rng, path))
        if rng.random() < 0.5:
            return False
        return mend_started(checkpoints)

    def _move(self, rng: random.Random, path: Path) -> bool:
        """A file that is gone, a folder, or that of another moment or run."""
        kind = rng.choice(("gone", "folder", "of another", "of another", "of another stage"))
        other = rng.choice(self.snapshots[rng.choice(sorted(RUNS))]) / runs.CHECKPOINTS
        self.story.append(f"{path.name}: {kind}, {other.parent.name}")
        path.unlink()
        if kind == "folder":
            path.mkdir()
        elif kind == "of another" and (other / path.name).exists():
            shutil.copyfile(other / path.name, path)
            if path.name == runs.RUN:  # the same data and settings: what is still to do is what the other one had to do
                self.goes_on_as = other.parent.name.partition("-")[0]
        elif kind == "of another stage":
            stages = sorted(other.glob("*.safetensors"))
            shutil.copyfile(rng.choice(stages), path)
        # a checkpoint of another moment of the same run, or none, leads to the same end; so do data that are loaded
        return False


def plant(rng: random.Random, run: Path, outside: Path) -> str:
    """A link that leads out of the run folder."""
    place = run / rng.choice(PLANTED)
    target = outside / rng.choice(("victim", "run.json", "not there", "."))
    if place.parent.is_dir():
        if place.is_dir() and not place.is_symlink():
            shutil.rmtree(place)
        else:
            place.unlink(missing_ok=True)
        place.symlink_to(target)
    return f"{place.name} leads to {target.name}"


def mutate_checkpoint(rng: random.Random, path: Path, state: bool) -> str:
    """What a checkpoint says, or its tensors, otherwise; the sum stays."""
    try:
        tensors, metadata = read_tensors(path)
        if state:
            content, what = mutate_json(rng, json.loads(metadata["content"]))
            metadata["content"] = json_bytes(rng, content).decode("utf-8", "replace")
        elif rng.random() < 0.1:
            key = rng.choice(sorted(metadata))
            what = f"{key} of the header removed"
            del metadata[key]
        else:
            tensors, what = mutate_tensors(rng, tensors)
    except (*small.READ_ERRORS, IndexError):
        return small.mutate_file(rng, path)
    with suppress(*small.READ_ERRORS):
        write_tensors(path, tensors, metadata)
    return f"{path.name}: {what}"


def mend_sum(path: Path) -> bool:
    """The sum of a checkpoint made right again."""
    import torch

    with suppress(*small.READ_ERRORS, RuntimeError):
        tensors, metadata = read_tensors(path)
        metadata["sha256"] = _sum_of({n: torch.from_numpy(x) for n, x in tensors.items()}, metadata["content"])
        write_tensors(path, tensors, metadata)
    return True


def asks_for_long(noted: Any) -> bool:
    """Whether so many epochs are asked for that nobody would wait for them here; not of what is nested too deep."""
    if isinstance(noted, dict):
        with suppress(RecursionError):
            return any(asks_for_long(x) or (k in ("epochs", "steps") and asks_for_long([x])) for k, x in noted.items())
        return False
    return isinstance(noted, list) and any(isinstance(x, int) and x > 500 for x in noted)


def mend_started(checkpoints: Path) -> bool:
    """Sums and fingerprint of what was noted before training made right again."""
    text = small.read_json(checkpoints / saved.TEXT)
    if isinstance(text, dict):
        text["sha256"] = small.sha(checkpoints / saved.ARRAYS)
        with suppress(*small.READ_ERRORS):
            (checkpoints / saved.TEXT).write_text(json.dumps(text))
    noted = small.read_json(checkpoints / runs.RUN)
    if isinstance(noted, dict):
        with suppress(Exception):
            noted["fingerprint"] = runs.fingerprint(saved.read(checkpoints))
        if "sha256" in noted:
            noted["sha256"] = {saved.TEXT: small.sha(checkpoints / saved.TEXT)}
        with suppress(*small.READ_ERRORS):
            (checkpoints / runs.RUN).write_text(json.dumps(with_sum(noted)))
    return True


def end_of(run: Path) -> dict[str, Any]:
    """What a run came to, without times and places."""
    end: dict[str, Any] = {"left": sorted(small.files(run))}
    end["left"] = [name for name in end["left"] if name != ".lock" and not name.endswith(".part")]  # others stay
    for part in (run, run / runs.SERVED):
        for name in (runs.WEIGHTS, runs.RANKS, saved.ARRAYS, saved.TEXT):
            if (part / name).exists():
                end[f"{part.name if part != run else ''}/{name}"] = small.sha(part / name)
        for name in (runs.HISTORY, runs.RUN):
            if (part / name).exists():
                content = json.loads((part / name).read_text())
                end[f"{part.name if part != run else ''}/{name}"] = without_times(content)
    return end


def without_times(content: Any) -> Any:
    """JSON without what differs from run to run: seconds, sums over them, versions, and where the tables lie."""
    if isinstance(content, dict):
        left_out = ("seconds", "sha256", "provenance", "dataset", "sum")
        return {key: without_times(value) for key, value in content.items() if key not in left_out}
    return [without_times(value) for value in content] if isinstance(content, list) else content
