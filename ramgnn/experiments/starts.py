"""What is a pre-trained start worth? ``python -m ramgnn.experiments.starts --seeds 8`` writes what chapter 07b reads.

For each seed everything is drawn anew: pre-training, the shuffles, the random start and the order of fine-tuning. The
starts of one seed are then fine-tuned with the same settings, measured on validation data as they go, and three of them
trained again for the epochs that were best, and tested.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ramgnn import datasets, readings
from ramgnn.config import Config
from ramgnn.datasets.base import RecDataset
from ramgnn.encoder import Embeddings
from ramgnn.evaluation import Evaluation, evaluate
from ramgnn.files import write_text
from ramgnn.finetune import finetune
from ramgnn.pretrained import Pretrained
from ramgnn.provenance import provenance
from ramgnn.recommender import FinalEmbeddings
from ramgnn.training import SIDES, build, graph_of, pretrain_side

SETTINGS = """pretrain.dim=32 pretrain.epochs=30 finetune.epochs=40 finetune.patience=100
    finetune.layers=2 finetune.scale=0.4 finetune.lr=0.003 finetune.batch=256
    finetune.temperature=1 finetune.edge_dropout=0.8 finetune.l2=0.0001"""
TESTED = ("pre-trained", "shuffled", "random")
FEW = 50  # viewers: a film with at most so many in training has few


@dataclass(frozen=True)
class Changed:
    """A pre-training whose vectors are changed before they are handed on.

    Attributes:
        found: the pre-training; change: takes a table ``(n, d)`` and gives back one of that shape.
    """

    found: Pretrained
    change: Callable[[Tensor], Tensor]

    def embeddings(self) -> Embeddings:
        """The embeddings of nodes and of values, changed."""
        e = self.found.embeddings()
        return replace(e, nodes=self.change(e.nodes), values=self.change(e.values))


def starts_of(found: dict[str, Pretrained], seed: int) -> dict[str, dict[str, Any]]:
    """The starts that are compared, by name; each has an entry for each side, as `ramgnn.training.build` takes it.

    ``shuffled`` gives each film and each value the vector of another one, and nothing else changes. ``centred``
    takes the common direction away from each table, ``centred, shuffled`` does both.
    """
    draw = torch.Generator().manual_seed(seed + 1)

    def shuffle(x: Tensor) -> Tensor:
        return x[torch.randperm(len(x), generator=draw)]

    def centre(x: Tensor) -> Tensor:
        return x - x.mean(0)

    changes = {"shuffled": shuffle, "centred": centre, "centred, shuffled": lambda x: shuffle(centre(x))}
    changed = {name: {s: Changed(p, change) for s, p in found.items()} for name, change in changes.items()}
    return {"pre-trained": found, "random": dict.fromkeys(found)} | changed


def few_of(view: RecDataset) -> np.ndarray:
    """``(n_test,)`` whether the held-out film of each viewer has at most `FEW` viewers in training."""
    count = np.asarray(view.matrix().sum(0)).ravel()
    return count[view.test["item"]] <= FEW


def measures(e: Evaluation, few: np.ndarray) -> dict[str, float]:
    """NDCG@10 and HR@100 of all viewers, and HR@100 of those whose held-out film has few viewers."""
    found = {k: v for k, v in e.metrics([10, 100]).items() if k in ("HR@10", "NDCG@10", "HR@100")}
    return {k: round(float(v), 6) for k, v in (found | {"HR@100, few": (e.ranks[few] <= 100).mean()}).items()}


def ahead(epochs: Sequence[int], a: Sequence[float], b: Sequence[float]) -> float:
    """How many epochs before its end curve `a` first has at least what `b` has at its end; NaN if it never has."""
    reached = [epoch for epoch, x in zip(epochs, a, strict=True) if x >= b[-1]]
    return epochs[-1] - reached[0] if reached else float("nan")


def one_seed(data: RecDataset, config: Config) -> dict[str, Any]:
    """All starts of one seed: measures by epoch on validation data, and those of the test.

    Returns:
        ``{"validation": {start: {measure: [by epoch]}}, "best": {start: epoch}, "test": {start: {measure: value}}}``.
    """
    view = data.validation()
    graphs = {side: graph_of(view, side) for side in SIDES}
    found = {side: pretrain_side(graphs[side], side, config, progress=False) for side in SIDES}
    few, seen, best = few_of(view), {}, {}
    for name, start in starts_of(found, config.seed).items():
        model = build(view, config, graphs, start)
        seen[name] = [measures(evaluate(model.final(), view), few)]  # before the first step

        def score(final: FinalEmbeddings, rows: list = seen[name]) -> float:
            rows.append(measures(evaluate(final, view), few))
            return rows[-1]["NDCG@10"]

        best[name] = finetune(model, config.finetune, config.seed, score, progress=False).best_epoch
    graphs["user"] = graph_of(data, "user")  # derived from all training data now
    found["user"] = pretrain_side(graphs["user"], "user", config, progress=False)
    few, tested = few_of(data), {}
    for name, start in starts_of(found, config.seed).items():
        if name in TESTED:
            model = build(data, config, graphs, start)
            done = finetune(model, config.finetune, config.seed, None, best[name], progress=False)
            tested[name] = measures(evaluate(done.final, data), few)
    by_epoch = {name: {m: [row[m] for row in rows] for m in rows[0]} for name, rows in seen.items()}
    return {"validation": by_epoch, "best": best, "test": tested}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run and write; what is written is replaced after each seed."""
    parser = argparse.ArgumentParser(prog="python -m ramgnn.experiments.starts", description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=8, help="how many, from 0 (default: 8)")
    parser.add_argument("--data", default="movietweetings", help="data set with attributes (default: movietweetings)")
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="settings to change")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "starts.json")
    args = parser.parse_args(arguments)
    settings = [*SETTINGS.split(), *args.set]
    data, config = datasets.load(args.data), readings.default().override(settings)
    epochs = [*range(0, config.finetune.epochs, config.finetune.every), config.finetune.epochs]
    runs = []
    for seed in range(args.seeds):
        runs.append(one_seed(data, replace(config, seed=seed)))
        said = {"data": args.data, "settings": settings, "epochs": epochs, "runs": runs, "provenance": provenance()}
        write_text(args.out, json.dumps(said, ensure_ascii=False, allow_nan=False) + "\n")
        print(f"seed {seed} of 0 to {args.seeds - 1} done: {runs[-1]['test']}", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
