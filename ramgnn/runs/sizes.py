"""How large the files of a run can be: a forged one of gigabytes is refused before it is read from end to end."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from ramgnn.datasets.base import RecDataset
from ramgnn.datasets.saved_checks import check_kind
from ramgnn.errors import DataError, NotFoundError
from ramgnn.files import open_file
from ramgnn.runs.checking import COPY, SIZES

ROOM = 8  # times what the tables and matrices of a model are thought to need: every real one has to fit in
DEEP = ("layers", "heads", "memories")  # settings that say how often there is such a matrix; the others are widths
OURS = "ramgnn."  # how the modules of this package are called


def check_weights(path: Path, metadata: Mapping[str, Any], dataset: RecDataset) -> None:
    """Refuse weights that are no whole file, or far more than the settings of a run ask for; only the header is read.

    A model, or an encoder, of somebody's own may have as many as it likes.

    Args:
        path: of the weights.
        metadata: what ``run.json`` says.
        dataset: what the run was trained on.

    Raises:
        DataError: they are.
    """
    if not path.exists():
        return
    found, most = numbers_in(path), _most(metadata, dataset)
    if most is not None and found > most:
        raise DataError(
            f"the file has {found:,} numbers, and the settings of this run ask for {most:,} at most",
            file=path,
            fix=COPY,
        )


def numbers_in(path: Path) -> int:
    """How many numbers there are in a safetensors file, by its header, which must fit the size of the file.

    Raises:
        DataError: it does not, or there are numbers of a kind that no run has.
    """
    try:
        with open_file(path), safe_open(path, "np") as stored:
            slices = {name: stored.get_slice(name) for name in stored.keys()}  # noqa: SIM118
            for name, x in slices.items():
                check_kind(name, x.get_dtype(), path)
            return sum(math.prod(x.get_shape()) for x in slices.values())
    except (OSError, SafetensorError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(
            "the file was changed, cut short, or belongs to another run",
            file=path,
            expected=f"a whole file of safetensors, found: {reason}",
            fix=COPY,
        ) from None


def _most(metadata: Mapping[str, Any], dataset: RecDataset) -> int | None:
    """At most how many numbers the weights of a run can have; None where nobody knows."""
    if metadata["model"] != "ram-gnn":
        from ramgnn.baselines import registry

        try:
            baseline = registry.get(metadata["model"])
        except NotFoundError:
            return None
        if not baseline.of_package:
            return None
        most = most_numbers(dataset, [baseline.defaults() | metadata["settings"]])
        return most if baseline.trained else most + 2 * dataset.n_items**2
    settings = [metadata["config"].get("pretrain"), metadata["config"].get("temporal")]
    for encoder in metadata["encoders"].values():
        name = encoder.get("name") if isinstance(encoder, dict) else None
        if name == "ram-gnn":
            continue
        from ramgnn.baselines.encoders.pretraining import encoder_class  # imports PyTorch

        try:
            kind = encoder_class(name) if isinstance(name, str) else object
        except NotFoundError:
            return None
        if not kind.__module__.startswith(OURS):
            return None
        settings.append(encoder.get("settings"))
    return most_numbers(dataset, settings)


def most_numbers(dataset: RecDataset, settings: Iterable[Any]) -> int:
    """At most how many numbers a model with tables of users, items and values has; `settings` by name, some of them."""
    known = [
        (name, value)
        for each in settings
        if isinstance(each, Mapping)
        for name, value in each.items()
        if type(value) is int and value > 0 and (name in SIZES or name in DEEP)
    ]
    width = max([value for name, value in known if name not in DEEP], default=1)
    depth = math.prod(max([value for n, value in known if n == name], default=1) + 1 for name in DEEP)
    relations = [*dataset.item_relations, *dataset.user_relations]
    nodes = dataset.n_users + dataset.n_items + sum(r.n_values for r in relations)
    pairs = len(dataset.train) + len(dataset.test) + sum(len(r.nodes) for r in relations)
    matrices = (len(relations) + ROOM) * width**2
    return ROOM * (depth * ((nodes + ROOM) * width + matrices) + pairs)
