"""Would a trial that was stopped early have won? ``python -m ramgnn.experiments.pruning --data ml-100k``.

Of the pruned trials of each model five are drawn by lot and made again to their end, with nothing that stops them but
their own patience. What comes of each is stored as it is done, and what is stored is not made again.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pandas as pd
from tqdm import tqdm

from ramgnn.experiments import data
from ramgnn.experiments.lineup import model_spec
from ramgnn.experiments.store import FOLDER, Store, Trial, best
from ramgnn.files import check_keys, read_json, write_json

EACH = 5  # trials of a model
FIX = "delete it and run again: python -m ramgnn.experiments.pruning"


@dataclass(frozen=True)
class Again:
    """A pruned trial that was made again to its end.

    Attributes:
        data, model, number: which trial.
        pruned: its best value when it was stopped; whole: when it ended by itself; best: that of the chosen trial.
        epochs: the epoch of `whole`.
    """

    data: str
    model: str
    number: int
    pruned: float
    whole: float
    best: float
    epochs: int

    @property
    def would_have_won(self) -> bool:
        """Whether it is better than the trial that was chosen."""
        return self.whole > self.best


def drawn(trials: Sequence[Trial], model: str, each: int = EACH) -> list[Trial]:
    """Some of the pruned trials by lot, the same ones in every call."""
    pruned = [t for t in trials if t.state == "pruned"]
    return sorted(random.Random(model).sample(pruned, min(each, len(pruned))), key=lambda t: t.number)


def again(dataset_name: str, model: str, trial: Trial, chosen: float) -> Again:
    """Make a trial again without pruning."""
    import torch

    torch.set_num_threads(1)
    spec = model_spec(model, dataset_name)
    value, epochs = spec.validate(data.load(dataset_name), trial.settings, spec.search)
    return Again(dataset_name, model, trial.number, trial.value, value, chosen, epochs)


def table(found: Sequence[Again]) -> pd.DataFrame:
    """Of each model how many were made again, how many would have won, and the most that one gained by going on."""
    rows: dict[str, dict[str, Any]] = {}
    for model in dict.fromkeys(x.model for x in found):
        of_model = [x for x in found if x.model == model]
        rows[model] = {
            "made again": len(of_model),
            "would have won": sum(x.would_have_won for x in of_model),
            "most behind": min(x.whole - x.best for x in of_model),
            "least behind": max(x.whole - x.best for x in of_model),
        }
    return pd.DataFrame(rows).T


def read(path: Path) -> list[Again]:
    """What is stored; nothing where there is no file.

    Raises:
        DataError: the file cannot be read.
    """
    if not path.exists():
        return []
    rows = read_json(path, "the trials made again", FIX)
    check_keys(rows, {"again": list}, path, FIX)
    return [Again(**row) for row in rows["again"]]


def main() -> None:
    """Make what is missing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="ml-100k")
    parser.add_argument("--store", type=Path, default=FOLDER, help="folder of results")
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    store, path = Store(args.store), args.store / f"pruning-{args.data}.json"
    found = read(path)
    done = {(x.model, x.number) for x in found}
    tasks = []
    for model in store.models(args.data):
        trials = store.trials(args.data, model)
        tasks += [(args.data, model, t, best(trials).value) for t in drawn(trials, model) if best(trials) is not None]
    tasks = [task for task in tasks if (task[1], task[2].number) not in done]
    with ProcessPoolExecutor(args.jobs, mp_context=get_context("spawn")) as pool:
        futures = [pool.submit(again, *task) for task in tasks]
        for future in tqdm(as_completed(futures), total=len(futures), unit="trial"):
            found.append(future.result())
            ordered = sorted(found, key=lambda x: (x.model, x.number))
            write_json(path, {"again": [asdict(x) for x in ordered]})
    print(table(found))


if __name__ == "__main__":
    main()
