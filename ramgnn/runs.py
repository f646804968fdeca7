"""A run folder: what was trained, on what, how, how well; weights as safetensors, the rest as JSON, never pickle."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import subprocess
import time
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from ramgnn.config import Config
from ramgnn.datasets.base import RecDataset
from ramgnn.datasets.source import Source
from ramgnn.encoder import RAMGNN
from ramgnn.errors import DataError, RamgnnError
from ramgnn.evaluation import Evaluation
from ramgnn.pretrain import Epoch, Pretrained
from ramgnn.recommender import FinalEmbeddings, Finetuned
from ramgnn.training import SIDES, Fitted, graph_of

WEIGHTS, RUN, HISTORY, METRICS = "weights.safetensors", "run.json", "history.json", "metrics.json"
CHECKPOINTS = "checkpoint"
FORMAT = 1


def save(
    folder: str | os.PathLike,
    fitted: Fitted,
    source: Source | None = None,
    evaluation: Evaluation | None = None,
) -> Path:
    """Write a run folder.

    Args:
        folder: made when it is not there; a run already in it is replaced, file by file.
        source: how to load the same data again; by the data set's name alone when not given.
        evaluation: the ranks of the test users.

    The file ``run.json`` is written last, so a folder that has one is complete.
    """
    folder = _made(Path(folder))
    (folder / RUN).unlink(missing_ok=True)
    tensors: dict[str, torch.Tensor] = {}
    for side in SIDES:
        if (found := fitted.pretrained(side)) is not None:
            tensors |= {f"{side}.{name}": x for name, x in found.model.state_dict().items()}
    if fitted.final is not None:
        tensors |= {"final.users": fitted.final.users, "final.items": fitted.final.items}
    part = folder / f"{WEIGHTS}.part"
    save_file({name: x.detach().cpu().contiguous() for name, x in tensors.items()}, part)
    os.replace(part, folder / WEIGHTS)
    _write(folder / HISTORY, fitted.history())
    if evaluation is not None:
        save_evaluation(folder, evaluation)
    _write(
        folder / RUN,
        {
            "format": FORMAT,
            "dataset": (source or Source(fitted.dataset.name)).to_dict(),
            "fingerprint": fingerprint(fitted.dataset),
            "config": fitted.config.to_dict(),
            "interrupted": fitted.interrupted,
            "seconds": fitted.seconds,
            "provenance": provenance(),
        },
    )
    return folder


def begin(
    folder: str | os.PathLike, dataset: RecDataset, config: Config, source: Source, epochs: int | None = None
) -> Path:
    """Note in a run folder what is being trained, before training; returns the folder for checkpoints.

    Checkpoints that are there from an earlier run are removed.
    """
    place = Path(folder) / CHECKPOINTS
    clear(folder)
    _write(
        _made(place) / RUN,
        {
            "format": FORMAT,
            "dataset": source.to_dict(),
            "fingerprint": fingerprint(dataset),
            "config": config.to_dict(),
            "epochs": epochs,
        },
    )
    return place


def unfinished(folder: str | os.PathLike) -> bool:
    """Whether a run was begun in the folder and not ended."""
    return (Path(folder) / CHECKPOINTS / RUN).exists()


def begun(folder: str | os.PathLike) -> tuple[Source, Config, int | None, str]:
    """What `begin` noted: data, settings, number of epochs and the fingerprint of the data.

    Raises:
        RamgnnError: nothing was begun there, or it has ended.
    """
    folder = Path(folder)
    if not unfinished(folder):
        state = "holds a run that has ended" if (folder / RUN).exists() else "holds no run"
        raise RamgnnError(f"{folder} {state}, so there is nothing to resume; train without --resume")
    found = _read(folder / CHECKPOINTS / RUN)
    return Source(**found["dataset"]), Config.from_dict(found["config"]), found["epochs"], found["fingerprint"]


def clear(folder: str | os.PathLike) -> None:
    """Remove the checkpoints of a run that has ended."""
    shutil.rmtree(Path(folder) / CHECKPOINTS, ignore_errors=True)


def _made(folder: Path) -> Path:
    """The folder, made when it is not there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RamgnnError(f"cannot write to {folder}: {error.strerror}; choose another folder with --out") from None
    return folder


def save_evaluation(folder: str | os.PathLike, evaluation: Evaluation) -> None:
    """Write the ranks of an evaluation into a run folder."""
    _replace(Path(folder) / METRICS, evaluation.to_json() + "\n")


def describe(folder: str | os.PathLike) -> dict[str, Any]:
    """What ``run.json`` says.

    Raises:
        DataError: the folder is no complete run.
    """
    folder = Path(folder)
    found = _read(folder / RUN)
    if found.get("format") != FORMAT:
        raise DataError(
            f"this run has format {found.get('format')!r}", file=folder / RUN, expected=str(FORMAT), fix="train again"
        )
    return found


def load(folder: str | os.PathLike, dataset: RecDataset | None = None, device: str = "cpu") -> Fitted:
    """Read a run folder back.

    Args:
        dataset: the data, when it is at hand; otherwise it is loaded as the run says.

    Raises:
        DataError: a file is missing or broken, or the data are not those that the run was trained on.
    """
    folder = Path(folder)
    run = describe(folder)
    dataset = dataset or Source(**run["dataset"]).load()
    if fingerprint(dataset) != run["fingerprint"]:
        raise DataError(
            f"the data set {dataset.name!r} is not the one this run was trained on",
            file=folder / RUN,
            expected=f"fingerprint {run['fingerprint']}, found {fingerprint(dataset)}",
            fix="give the same files and options as in training, or train again",
        )
    try:
        tensors = load_file(folder / WEIGHTS, device=device)
    except (OSError, SafetensorError) as error:
        raise DataError(f"cannot read the weights: {error}", file=folder / WEIGHTS, fix="train again") from None
    history = _read(folder / HISTORY)
    config = Config.from_dict(run["config"] | {"device": device})
    fitted = Fitted(dataset, config, seconds=run["seconds"], interrupted=run["interrupted"])
    for side in SIDES:
        own = {k.removeprefix(f"{side}."): x for k, x in tensors.items() if k.startswith(f"{side}.")}
        if own:
            setattr(fitted, side, _pretrained(dataset, side, config, own, history[side], device))
    if "final.users" in tensors:
        final = FinalEmbeddings(tensors["final.users"], tensors["final.items"])
        for stage in ("validation", "finetune"):
            if stage in history:
                stored = history[stage]
                done = Finetuned(None, final, stored["best_epoch"], stored["epochs"], stored["interrupted"])
                setattr(fitted, "finetuned" if stage == "finetune" else stage, done)
    return fitted


def load_evaluation(folder: str | os.PathLike) -> Evaluation:
    """The stored evaluation of a run.

    Raises:
        DataError: the run has none.
    """
    return Evaluation.from_json(json.dumps(_read(Path(folder) / METRICS)))


def _pretrained(dataset, side, config, state, history, device) -> Pretrained:
    """Pre-training as it was, from its weights and history."""
    graph = graph_of(dataset, side).to(device)
    model = RAMGNN(graph, config.pretrain).to(device)
    model.load_state_dict(state)
    epochs = [Epoch(**e) for e in history["epochs"]]
    return Pretrained(
        model, graph, history["k"], epochs, history["stopped"], history["interrupted"], tuple(history["types"])
    )


def fingerprint(dataset: RecDataset) -> str:
    """Sixteen hex digits that change with users and items, with the training and test pairs and with the attributes."""
    digest = hashlib.sha256(json.dumps([dataset.user_ids, dataset.item_ids]).encode())
    for frame in (dataset.train, dataset.test):
        digest.update(np.ascontiguousarray(frame[["user", "item"]].to_numpy(np.int64)).tobytes())
    for side in SIDES:
        for r in dataset.relations(side):
            digest.update(json.dumps([r.name, *r.labels]).encode())
            digest.update(np.asarray(r.nodes, np.int64).tobytes() + np.asarray(r.values, np.int64).tobytes())
    return digest.hexdigest()[:16]


def provenance() -> dict[str, Any]:
    """Versions, commit, machine and date; `arithmetic` is equal where the same run gives the same bits."""
    packages = ("ramgnn", "torch", "numpy", "pandas", "scipy")
    return {
        "versions": {name: _version(name) for name in packages} | {"python": platform.python_version()},
        "commit": _commit(),
        "machine": f"{_processor()}, {platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "threads": torch.get_num_threads(),
        "arithmetic": arithmetic(),
        "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


@cache
def arithmetic() -> str:
    """Eight hex digits of how this machine rounds: products, sums, exponentials and transforms, to the last bit.

    Libraries choose their vector instructions by the processor, and sums depend on the order in which they are made,
    so two machines with one name may differ. Equal digits do not prove that every run is equal, but unequal ones say
    that bits cannot be compared. Measured with one thread and the versions that are installed.
    """
    threads, generator = torch.get_num_threads(), torch.Generator().manual_seed(0)
    torch.set_num_threads(1)
    try:
        x, y = (torch.randn(193, 67, generator=generator) for _ in range(2))
        bags = torch.arange(0, 193, 7)
        found = [
            x @ y.T, (x * y).sum(0), x.exp(), x.tanh(), x.sigmoid().log(), torch.softmax(x, 1), torch.fft.rfft(x).abs(),
            torch.nn.functional.embedding_bag(torch.arange(193), x, bags, mode="sum"),
            torch.linalg.solve(x.T @ x + torch.eye(67), y.T),
        ]  # fmt: skip
    finally:
        torch.set_num_threads(threads)
    digest = hashlib.sha256(b"".join(part.numpy().tobytes() for part in found))
    numbers = x.numpy().astype(np.float64)
    digest.update(np.exp(numbers).tobytes() + numbers.sum(0).tobytes())
    return digest.hexdigest()[:8]


def _processor() -> str:
    """The name of the processor, as far as the system says."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or "unknown processor"


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _commit() -> str | None:
    """The git commit of the checkout that this package runs from, marked when files differ; None outside one.

    Stored results are not counted: an experiment changes them while it runs.
    """
    root = Path(__file__).parent.parent
    if not (root / ".git").exists():
        return None
    try:
        ask = {"cwd": root, "capture_output": True, "text": True, "timeout": 10, "check": True}
        commit = subprocess.run(["git", "rev-parse", "HEAD"], **ask).stdout.strip()
        changed = subprocess.run(
            ["git", "status", "--porcelain", "--untracked-files=no", "--", ".", ":!*/results"], **ask
        ).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None
    return commit + (" and changes" if changed else "")


def _write(path: Path, content: Any) -> None:
    """Write JSON."""
    _replace(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def _replace(path: Path, text: str) -> None:
    """Write a file beside its place, then move it there, so that a reader never sees half of one."""
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, path)


def _read(path: Path) -> Any:
    """JSON, or a clear error."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(
            "there is no such file",
            file=path,
            expected="a folder that `ramgnn train --out FOLDER` wrote to its end",
            fix="check the folder's name, or train",
        ) from None
    except (OSError, ValueError) as error:
        raise DataError(f"cannot be read: {error}", file=path, expected="JSON", fix="train again") from None
