"""Trainings that are stopped or killed anywhere, taken up again, and compared with one that was left alone.

By hand: ``python -m tests.kills --n 30``, and ``python -m tests.kills --pairs 10`` for two at once in one folder.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ramgnn import runs

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
# a stage is taken to begin when this is there, in the run folder: the checkpoint of its first epoch, say
STAGES = {
    "start": ".",
    "loading": ".lock",
    "building": "checkpoint/run.json",
    "pre-training items": "checkpoint/item.safetensors",
    "pre-training users": "checkpoint/user.safetensors",
    "validation's pre-training": "checkpoint/validation-user.safetensors",
    "validation": "checkpoint/validation.safetensors",
    "fine-tuning": "checkpoint/finetune.safetensors",
    "users on everything": "checkpoint/all-user.safetensors",
    "fine-tuning on everything": "checkpoint/all.safetensors",
    "saving": "served",
}
SMALL = {
    "pretrain.dim": 8, "pretrain.layers": 1, "pretrain.epochs": 3, "finetune.epochs": 4, "finetune.every": 2,
}  # fmt: skip


def options(data: str, **changes: int) -> list[str]:
    """What `train` is given: small settings, with a few changed, whose dots are written as ``__``."""
    settings = SMALL | {name.replace("__", "."): value for name, value in changes.items()}
    return ["--data", data, "--refit", "--no-baselines", "--set", *(f"{k}={v}" for k, v in settings.items())]


TOY, DERIVED = options("toy"), options("movietweetings")  # the users of the second have derived attributes


def start(folder: Path, options: list[str]) -> subprocess.Popen:
    """Begin or resume a training in a process of its own, whichever the folder asks for."""
    what = ["--resume", str(folder)] if runs.unfinished(folder) else [*options, "--out", str(folder)]
    return subprocess.Popen(
        [sys.executable, "-m", "ramgnn", "train", *what, "--quiet"], text=True, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, env=os.environ | {"OMP_NUM_THREADS": "1"}, preexec_fn=_heed_ctrl_c,
    )  # fmt: skip


def _heed_ctrl_c() -> None:
    """What a shell starts in the background ignores SIGINT, and so do its children."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def wait_for(path: Path, process: subprocess.Popen, limit: float = 120) -> bool:
    """Whether a file has come before the process ended."""
    until = time.monotonic() + limit
    while not path.exists():
        if process.poll() is not None or time.monotonic() > until:
            return False
        time.sleep(0.001)
    return True


def stage_of(folder: Path) -> str:
    """The last stage whose beginning can be seen in a folder."""
    if runs.RUN in (name.name for name in folder.glob("*")) and not runs.unfinished(folder):
        return "after the end"
    return [stage for stage, name in STAGES.items() if (folder / name).exists()][-1] if folder.exists() else "start"


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a run, without wall times and what else differs from process to process."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_dir() or path.name == ".lock":
            continue
        content = path.read_bytes()
        if path.name in (runs.RUN, runs.HISTORY):
            plain = json.loads(content)
            kept = {name: value for name, value in plain.items() if name not in ("sha256", "sum", "provenance")}
            content = json.dumps(_without_seconds(kept)).encode()
        found[str(path.relative_to(folder))] = content
    return found


def _without_seconds(plain: object) -> object:
    if isinstance(plain, dict):
        return {name: _without_seconds(value) for name, value in plain.items() if name != "seconds"}
    return [_without_seconds(value) for value in plain] if isinstance(plain, list) else plain


@dataclass
class Kill:
    """One kill and what became of it.

    Attributes:
        signal: what was sent; stage: where it fell, as far as the folder shows.
        status: how the process ended; said: what it said then.
        resumed: the exit status of the training that went on, None where there was nothing to go on with.
        differs: the files that are not those of a training that was left alone.
    """

    signal: signal.Signals
    stage: str
    status: int
    said: str
    resumed: int | None
    differs: list[str]

    @property
    def faults(self) -> list[str]:
        """What should not be."""
        faults = [f"{name} differs" for name in self.differs]
        if "Traceback" in self.said and self.stage != "start":  # before there is a folder Python itself may be starting
            faults.append("a traceback")
        if self.resumed not in (None, 0):
            faults.append(f"resuming ended with {self.resumed}")
        expected = {signal.SIGINT: (130, -2), signal.SIGTERM: (143, -15), signal.SIGKILL: (-9,)}[self.signal]
        if self.stage not in ("start", "after the end"):
            expected = expected[:1]
        if self.status not in (*expected, *([0, 1, 120] if self.stage in ("after the end", "start") else [])):
            faults.append(f"exit status {self.status}")
        return faults


def kill_once(
    folder: Path, options: list[str], whole: dict[str, bytes], stage: str, after: float, sent: signal.Signals
) -> Kill:
    """Train, send a signal so many seconds after a stage has begun, go on, compare."""
    process = start(folder, options)
    wait_for(folder.parent if stage == "start" else folder / STAGES[stage], process)
    time.sleep(after)
    fell = stage_of(folder)
    process.send_signal(sent)
    said = process.communicate(timeout=300)[1]
    status, resumed = process.returncode, None
    if runs.unfinished(folder) or not (folder / runs.RUN).exists():
        again = start(folder, options)
        said_again = again.communicate(timeout=300)[1]
        resumed = again.returncode
        said += said_again if resumed else ""
    found = contents(folder)
    differs = sorted(name for name in found.keys() | whole.keys() if found.get(name) != whole.get(name))
    return Kill(sent, fell, status, said, resumed, differs)


def left_alone(folder: Path, options: list[str]) -> tuple[dict[str, bytes], dict[str, float]]:
    """A training that is not disturbed: its files, and how many seconds each stage took."""
    process, began = start(folder, options), {}
    for stage, name in STAGES.items():
        if stage == "start" or wait_for(folder / name, process):
            began[stage] = time.monotonic()
    said = process.communicate(timeout=300)[1]
    assert process.returncode == 0, said
    times = [*began.values(), time.monotonic()]
    return contents(folder), {s: b - a for s, a, b in zip(began, times[:-1], times[1:], strict=True)}


def kills(
    n: int, seed: int, folder: Path, options: list[str], signals: Sequence[signal.Signals] = SIGNALS
) -> list[Kill]:
    """So many kills: stages and signals in turn, each at a random moment of its stage."""
    rng = random.Random(seed)
    whole, seconds = left_alone(folder / "whole", options)
    stages = list(seconds)
    rng.shuffle(stages)
    found = []
    for number in range(n):
        stage, sent = stages[number % len(stages)], signals[number % len(signals)]
        kill = kill_once(folder / str(number), options, whole, stage, rng.uniform(0, seconds[stage]), sent)
        found.append(kill)
    return found


def pair(folder: Path, options: list[str]) -> list[tuple[int, str]]:
    """Two trainings, or two that go on, started at once in one folder: exit status and message of each, by status."""
    both = [start(folder, options) for _ in range(2)]
    said = [process.communicate(timeout=300)[1] for process in both]
    return sorted((process.returncode, text) for process, text in zip(both, said, strict=True))


def main() -> int:
    """Kill, print what came of each and a table, and end with 1 where something is not as it should be."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=30)
    parser.add_argument("--pairs", type=int, default=0, help="start so many pairs in one folder each, and kill none")
    parser.add_argument("--signal", choices=[s.name for s in SIGNALS], help="this one alone")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if args.pairs:
            return _pairs(args.pairs, Path(folder))
        signals = [s for s in SIGNALS if args.signal in (None, s.name)]
        found = kills(args.n, args.seed, Path(folder), DERIVED, signals)
    for kill in found:
        print(f"{kill.signal.name:8} {kill.stage:26} status {kill.status:4}  {'; '.join(kill.faults) or 'equal'}")
        if kill.faults:
            print(kill.said)
    for (stage, name), count in sorted(Counter((kill.stage, kill.signal.name) for kill in found).items()):
        print(f"{stage:26} {name:8} {count}")
    n_faulty = sum(bool(kill.faults) for kill in found)
    print(f"{len(found)} kills, {len(found) - n_faulty} as they should be")
    return int(n_faulty > 0)


def _pairs(n: int, folder: Path) -> int:
    """Start pairs, print what came of each, and end with 1 where something is not as it should be."""
    whole, n_faulty = left_alone(folder / "whole", TOY)[0], 0
    for number in range(n):
        (one, _), (other, said) = pair(folder / str(number), TOY)
        equal = contents(folder / str(number)) == whole
        n_faulty += (one, other, equal) != (0, 1, True)
        print(f"{one} and {other}, {'equal' if equal else 'NOT EQUAL'}: {said.strip()}")
    print(f"{n} pairs, {n - n_faulty} as they should be")
    return int(n_faulty > 0)


if __name__ == "__main__":
    sys.exit(main())
