"""Checks of what is read of a run folder, which may be a stranger's: sums, shapes, finite numbers, histories."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ramgnn.datasets import saved
from ramgnn.datasets.base import RecDataset
from ramgnn.errors import DataError
from ramgnn.files import LARGEST_JSON, check_keys, check_size, sha256
from ramgnn.runs.folder import FIX, RUN

if TYPE_CHECKING:
    from torch import Tensor

    from ramgnn.recommender import FinalEmbeddings

COPY = "copy the folder again from where it was written, or train again"
SUM = "sum"  # the key of ``run.json`` under which the sum of all others stands
FLOAT = "torch.float32"  # the type of final embeddings
MOST = 2**31  # of a threshold, an epoch and the like
# settings that ask for memory
SIZES = ("dim", "layers", "hidden", "relation_dim", "attention", "heads", "length", "memories")

# what is read of ``history.json``, each key with the kinds of its value
PRETRAINED = {"types": list, "k": list, "stopped": list, "interrupted": bool, "epochs": list}
FINETUNED = {"best_epoch": int, "interrupted": bool, "epochs": list}
EPOCH = {
    "epoch": int, "loss": float, "gnn_loss": float, "sim_loss": float, "k": list, "distance": list, "reward": list,
    "attention_by_type": list, "edges": list, "seconds": float,
}  # fmt: skip
FINETUNE_EPOCH = {"epoch": int, "loss": float, "seconds": float}


# ---- sums ------------------------------------------------------------------------------------------------------------


def with_sum(content: Mapping[str, Any]) -> dict[str, Any]:
    """The content of ``run.json`` with the sum of it, by which a flipped bit is found."""
    return {**content, SUM: _sum_of(content)}


def check_own_sum(content: Mapping[str, Any], path: Path) -> None:
    """Do nothing when the content of ``run.json`` is as `with_sum` left it.

    Raises:
        DataError: it is not.
    """
    try:
        found = _sum_of(content)
    except RecursionError:
        found = "nothing, for it is nested too deep"
    if found != content.get(SUM):
        expected = f"the sum {content.get(SUM)}, found {found}"
        raise DataError("the file was changed after it was written", file=path, expected=expected, fix=COPY)


def _sum_of(content: Mapping[str, Any]) -> str:
    rest = {key: value for key, value in content.items() if key != SUM}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def check_sums(folder: Path, sums: Mapping[str, Any], *names: str) -> None:
    """Do nothing when files are as they were written.

    One that is far too large is told by its size: a forged one of terabytes would be read for hours.

    Raises:
        DataError: one is not; a bit is flipped, say, or it belongs to another run.
    """
    for name in names:
        path = folder / name
        if not path.exists():
            continue
        if name.endswith(".json"):  # of the others the header says how large they are
            check_size(path, saved.LARGEST_TEXT if name == saved.TEXT else LARGEST_JSON, COPY)
        try:
            found = sha256(path)
        except OSError as error:
            raise DataError(f"cannot be read: {error.strerror}", file=path, fix=COPY) from None
        if found != sums.get(name):
            raise DataError(
                "the file was changed, cut short, or belongs to another run",
                file=path,
                expected=f"the SHA-256 {sums.get(name)}, as {RUN} says, found {found}",
                fix=COPY,
            )


# ---- arrays ----------------------------------------------------------------------------------------------------------


def check_finite(tensors: Mapping[str, Tensor], path: Path) -> None:
    """Refuse weights that are no numbers, before something is recommended by them.

    Raises:
        DataError: one is infinite or not a number.
    """
    for name, x in tensors.items():
        if x.is_floating_point() and not x.isfinite().all():
            raise DataError(f"{name!r} holds values that are no finite numbers", file=path, fix=FIX)


def check_final(final: FinalEmbeddings, dataset: RecDataset, path: Path) -> None:
    """Refuse final embeddings that are not one row for each user and item of the data.

    Raises:
        DataError: they are not.
    """
    d = final.users.shape[-1] if final.users.dim() else 0
    for side, x in (("user", final.users), ("item", final.items)):
        expected = (dataset.n_nodes(side), d)
        if tuple(x.shape) != expected or str(x.dtype) != FLOAT:
            found = f"{tuple(x.shape)} {x.dtype}"
            raise DataError(f"'final.{side}s' is {found}", file=path, expected=f"{expected} {FLOAT}", fix=FIX)


def check_sizes(settings: Mapping[str, Any], tensors: Mapping[str, Tensor], path: Path) -> None:
    """Refuse settings that ask for a model larger than the weights that are there, before memory is asked for.

    Raises:
        DataError: there are such settings.
    """
    most = sum(x.numel() for x in tensors.values())
    for name in SIZES:
        size = settings.get(name)
        if isinstance(size, int) and size > most:
            raise DataError(f"{name} is {size}, and the weights hold {most} numbers", file=path, fix=FIX)


# ---- histories -------------------------------------------------------------------------------------------------------


def check_history(history: Any, encoders: Mapping[str, Any], dataset: RecDataset, path: Path) -> None:
    """Refuse a history of RAM-GNN that cannot be one of these encoders on these data.

    Raises:
        DataError: it is none.
    """
    check_keys(history, dict.fromkeys(encoders, dict), path, FIX)
    for side in encoders:
        _check_pretrained(history[side], side, [r.name for r in dataset.relations(side)], path)
    for stage in ("validation", "finetune"):
        if stage in history:
            check_keys(history[stage], FINETUNED, path, FIX, stage)
            _check_whole(history[stage]["best_epoch"], f"{stage}.best_epoch", 0, path)
            for number, epoch in enumerate(history[stage]["epochs"]):
                where = f"{stage}.epochs.{number}"
                check_keys(epoch, FINETUNE_EPOCH, path, FIX, where)
                if "validation" in epoch:
                    check_keys(epoch, {"validation": float}, path, FIX, where)
                if unknown := epoch.keys() - FINETUNE_EPOCH - {"validation"}:
                    raise DataError(f"the key {f'{where}.{min(unknown)}'!r} is unknown", file=path, fix=FIX)


def _check_pretrained(history: dict[str, Any], side: str, types: list[str], path: Path) -> None:
    """The part on one encoder.

    Raises:
        DataError: it is not such a part.
    """
    check_keys(history, PRETRAINED, path, FIX, side)
    if not set(map(str, history["types"])) <= set(types):
        raise DataError(f"'{side}.types' names {history['types']}", file=path, expected=f"some of {types}", fix=FIX)
    n = len(history["types"])
    _check_each(history, "k", n, (int,), side, path)
    _check_each(history, "stopped", n, (int, type(None)), side, path)
    for number, epoch in enumerate(history["epochs"]):
        where = f"{side}.epochs.{number}"
        check_keys(epoch, EPOCH, path, FIX, where)
        _check_each(epoch, "k", n, (int,), where, path)
        _check_each(epoch, "distance", n, (int, float), where, path)
        _check_each(epoch, "reward", n, (int, type(None)), where, path)
        _check_each(epoch, "edges", n, (int,), where, path, least=0)
        for layer, shares in enumerate(epoch["attention_by_type"]):
            _check_each({layer: shares}, layer, n, (int, float), f"{where}.attention_by_type", path)


def _check_each(
    content: Mapping[Any, Any], key: Any, n: int, kinds: tuple[type, ...], within: str, path: Path, least: int = 1
) -> None:
    """A list of `n` values of these kinds; whole numbers alone are thresholds and the like, from `least` on.

    Raises:
        DataError: it is none.
    """
    values, where = content[key], f"{within}.{key}"
    right = isinstance(values, list) and len(values) == n and all(type(x) in kinds for x in values)
    if not right:
        raise DataError(f"{where!r} is not a list of {n} such values", file=path, fix=FIX)
    if kinds == (int,):
        for x in values:
            _check_whole(x, where, least, path)


def _check_whole(x: int, where: str, least: int, path: Path) -> None:
    if not least <= x < MOST:
        raise DataError(f"{where!r} is {x}", file=path, expected=f"a whole number from {least} on", fix=FIX)
