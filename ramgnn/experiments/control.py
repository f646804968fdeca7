"""A positive control: where pre-training must help, does the pipeline say so? ``python -m ramgnn.experiments.control``.

On planted data (`ramgnn.datasets.planted`) we know what attributes are worth, since we dealt them out: with importance
β = 1 films of like taste share values, with β = 0 they share them by chance, and between them a part does. People have
five films each, so that what attributes say is not known already, and the recommender gets no vectors of attribute
values, so that pre-training is the only way in. On several such data sets of each β everything is
done as on real data: epochs by validation, runs with several seeds, ranks of held-out items, and the verdict on
"pre-training helps". A pipeline that never says "holds" at β = 1, or says it at β = 0, could not be believed elsewhere.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, fields
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tqdm import tqdm

from ramgnn.datasets import planted
from ramgnn.datasets.base import RecDataset
from ramgnn.experiments.models import RamGnn
from ramgnn.experiments.runner import run_with
from ramgnn.experiments.statistics import compare
from ramgnn.experiments.store import FOLDER
from ramgnn.experiments.verdicts import HOLDS, better
from ramgnn.files import check_keys, read_json, write_json

STORED, FIX = FOLDER / "control.json", "delete it and run again: python -m ramgnn.experiments.control"
IMPORTANCE = (0.0, 0.5, 1.0)
DATA_SETS, RUNS = 6, 3  # data sets of each importance, runs on each
SIZES = {"n_users": 943, "n_items": 837, "n_interactions": 4_715}  # as many users as MovieLens-100K, five films each
METRICS = ("HR@20", "MRR@20", "NDCG@20")  # those of the claim
NO_VALUES = {"finetune.values": "none"}
MODELS = (  # with and without pre-training, from starts that are equally long
    RamGnn(name="ram-gnn", overrides=NO_VALUES),
    RamGnn(name="single", ablation="single", alike=True, overrides=NO_VALUES),
)


@dataclass(frozen=True)
class Control:
    """What was found on one planted data set.

    Attributes:
        importance: β of every relation type; seed: of the data set.
        pretrained, single: NDCG@20 with and without pre-training, the mean over runs.
        difference, low, high: their difference with its 95 % interval.
        verdict: on "pre-training helps", from all metrics of the claim.
    """

    importance: float
    seed: int
    pretrained: float
    single: float
    difference: float
    low: float
    high: float
    verdict: str


def data_set(importance: float, seed: int) -> RecDataset:
    """A planted data set whose relation types all have this importance."""
    shape = planted.SHAPES["ml-100k"]
    item, user = ({t.name: importance for t in types} for types in (shape.item_types, shape.user_types))
    return planted.load("ml-100k", item_importance=item, user_importance=user, seed=seed, **SIZES)


def control(importance: float, seed: int, n_runs: int = RUNS) -> Control:
    """Everything, on one data set: epochs by validation, `n_runs` runs of both models, the verdict."""
    import torch

    torch.set_num_threads(1)
    data, runs = data_set(importance, seed), {}
    for spec in MODELS:
        _, epochs = spec.validate(data, {})
        runs[spec.name] = [run_with("planted", data, spec, s, {}, epochs) for s in range(n_runs)]
    ours, rival = (runs[spec.name] for spec in MODELS)
    verdict, _, _ = better(MODELS[0].name, (MODELS[1].name,), METRICS)(runs)
    one = compare(ours, rival, "NDCG@20")
    means = (float(np.mean([r.metrics()["NDCG@20"] for r in each])) for each in (ours, rival))
    return Control(importance, seed, *means, one.difference, one.low, one.high, verdict)


def table(found: Sequence[Control]) -> pd.DataFrame:
    """By importance: data sets, the mean gain and its standard error over them, and how often it was seen."""
    rows: dict[float, dict[str, Any]] = {}
    for importance in sorted({x.importance for x in found}):
        each = [x for x in found if x.importance == importance]
        gains = np.array([x.difference for x in each])
        rows[importance] = {
            "data sets": len(each),
            "gain": gains.mean(),
            "error": gains.std(ddof=1) / len(gains) ** 0.5 if len(gains) > 1 else float("nan"),
            "verdict holds": sum(x.verdict == HOLDS for x in each),
        }
    return pd.DataFrame(rows).T.rename_axis("β")


def read(path: Path = STORED) -> list[Control]:
    """What is stored; nothing where there is no file.

    Raises:
        DataError: the file cannot be read.
    """
    if not path.exists():
        return []
    stored = read_json(path, "the positive control", FIX)
    check_keys(stored, {"control": list}, path, FIX)
    kinds = {f.name: {"float": float, "int": int, "str": str}[f.type] for f in fields(Control)}
    for row in stored["control"]:
        check_keys(row, kinds, path, FIX)
    return [Control(**row) for row in stored["control"]]


def main(arguments: Sequence[str] | None = None) -> None:
    """Make what is missing; each data set is stored as it is done."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-sets", type=int, default=DATA_SETS, help=f"of each importance (default: {DATA_SETS})")
    parser.add_argument("--runs", type=int, default=RUNS, help=f"of each model on each (default: {RUNS})")
    parser.add_argument("--jobs", type=int, default=2, help="processes at a time (default: 2)")
    parser.add_argument("--out", type=Path, default=STORED, help="file of what is done; a second call adds to it")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    args = parser.parse_args(arguments)
    for name in ("data_sets", "runs", "jobs"):
        if getattr(args, name) < 1:
            parser.error(f"--{name.replace('_', '-')} is {getattr(args, name)}; expected at least 1")
    found = read(args.out)
    done = {(x.importance, x.seed) for x in found}
    tasks = [(beta, seed) for seed in range(args.data_sets) for beta in IMPORTANCE if (beta, seed) not in done]
    with ProcessPoolExecutor(args.jobs, mp_context=get_context("spawn")) as pool:
        futures = [pool.submit(control, *task, args.runs) for task in tasks]
        for future in tqdm(as_completed(futures), total=len(futures), unit="data set", disable=args.quiet):
            found.append(future.result())
            ordered = sorted(found, key=lambda x: (x.importance, x.seed))
            write_json(args.out, {"control": [asdict(x) for x in ordered]})
    print(table(found).round(4))


if __name__ == "__main__":
    main()
