"""Does the model find what is planted? ``python -m ramgnn.experiments.planted --config default --seeds 10``.

Two questions on data whose truth is known (`ramgnn.datasets.planted`): does attention mass rank the relation types by
their importance, and does the sampler keep neighbours that are planted more often than chance would?
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from scipy.stats import spearmanr
from torch import Tensor

from ramgnn import readings
from ramgnn.config import PretrainConfig
from ramgnn.datasets import planted
from ramgnn.datasets.base import Relation
from ramgnn.graph import MultiRelationalGraph
from ramgnn.pretrain import pretrain
from ramgnn.sampler import SampledNeighbours

IMPORTANCE = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


@dataclass(frozen=True)
class Recovery:
    """What one run found.

    Attributes:
        seed: of the data and the model.
        shape: the relation type whose group sizes every type has, or ``"mixed"``.
        mass_rank: Spearman's correlation of the types' attention mass, averaged over layers, with their importance.
        per_edge_rank: the same with the mass divided by the type's share of kept edges.
        kept: share of kept neighbours that are planted.
        chance: the same if each node had kept as many of each type at random.
        lift: kept / chance.
    """

    seed: int
    shape: str
    mass_rank: float
    per_edge_rank: float
    kept: float
    chance: float
    lift: float


COLUMNS = [f.name for f in fields(Recovery)]


def planted_incidences(graph: MultiRelationalGraph, relations: Sequence[Relation]) -> Tensor:
    """``(m,)`` bool: which incidences of the graph follow taste."""
    first = np.cumsum([0, *[r.n_values for r in relations]])
    node = np.concatenate([r.nodes for r in relations])
    value = np.concatenate([r.values + f for r, f in zip(relations, first[:-1], strict=True)])
    flag = np.concatenate([r.planted for r in relations])
    return torch.from_numpy(flag[np.lexsort((node, value))])


def planted_share(
    graph: MultiRelationalGraph, neighbours: SampledNeighbours, is_planted: Tensor
) -> tuple[float, float]:
    """The share of kept edges whose both ends are planted, and its expectation under random choice.

    Chance keeps as many edges of each node and type, drawn uniformly among all it has.
    """
    key = graph.value * graph.n_nodes + graph.node  # incidences are sorted by it
    tail = neighbours.incidence
    head = torch.searchsorted(key, graph.value[tail] * graph.n_nodes + neighbours.head)  # the head's own incidence
    hits = is_planted[head] & is_planted[tail]
    in_group = torch.zeros(graph.n_values, dtype=torch.int64).index_add_(0, graph.value, is_planted.long())
    bag = graph.node * graph.n_types + graph.type
    planted_edges = torch.zeros(graph.n_nodes * graph.n_types).index_add_(
        0, bag, torch.where(is_planted, in_group[graph.value] - 1, 0).float()
    )
    edges = torch.zeros_like(planted_edges).index_add_(0, bag, (graph.group_size[graph.value] - 1).float())
    count = neighbours.ptr.diff()
    expected = (count * planted_edges / edges.clamp(min=1)).sum()
    return float(hits.float().mean()), float(expected / count.sum())


def run(config: PretrainConfig, seed: int, shape: str = "actor", scale: float = 0.5, progress: bool = True) -> Recovery:
    """Pre-train on the item graph of one planted data set.

    Args:
        shape: a relation type of MovieLens-100K whose group sizes all six types get, so that they differ in importance
            alone; ``"mixed"`` keeps the four real shapes with importances in an order drawn by `seed`.
        scale: of MovieLens-100K's number of items.
    """
    if shape == "mixed":
        data = planted.load(scale=scale, seed=seed)
    else:
        order = np.random.default_rng(seed).permutation(IMPORTANCE)
        importance = {f"relation {n}": float(beta) for n, beta in enumerate(order)}
        data = planted.load(scale=scale, seed=seed, item_importance=importance, same_shape=shape)
    graph = MultiRelationalGraph.from_dataset(data, "item")
    result = pretrain(graph, config, seed, progress=progress, name=f"{shape}, seed {seed}")
    if result.interrupted:
        raise KeyboardInterrupt  # a part of a training says nothing about the whole
    last = result.history[-1]
    attention, edges = np.mean(last.attention_by_type, 0), np.array(last.edges)
    truth = [r.importance for r in data.item_relations]
    kept, chance = planted_share(graph, result.attention()[0], planted_incidences(graph, data.item_relations))
    return Recovery(
        seed=seed,
        shape=shape,
        mass_rank=float(spearmanr(attention, truth)[0]),
        per_edge_rank=float(spearmanr(attention / np.maximum(edges, 1), truth)[0]),
        kept=kept,
        chance=chance,
        lift=kept / chance if chance else float("nan"),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run and print a row per seed, then means with standard deviations."""
    parser = argparse.ArgumentParser(prog="python -m ramgnn.experiments.planted", description=__doc__.splitlines()[0])
    parser.add_argument("--config", default="default", help="default or as_printed")
    parser.add_argument("--seeds", type=int, default=10, help="how many, from 0 (default: 10)")
    parser.add_argument("--shapes", nargs="+", default=["actor", "genre", "mixed"], help="see run()")
    parser.add_argument("--scale", type=float, default=0.5, help="of MovieLens-100K's 1,674 items (default: 0.5)")
    parser.add_argument("--epochs", type=int, help="instead of the configuration's")
    parser.add_argument("--out", type=Path, help="file of finished runs, one JSON line each; a second call adds to it")
    args = parser.parse_args(arguments)
    for name in ("seeds", "scale", "epochs"):
        if (value := getattr(args, name)) is not None and not value > 0:
            parser.error(f"--{name} is {value}; expected more than 0")
    config = readings.named(args.config).pretrain
    config = replace(config, epochs=args.epochs) if args.epochs else config
    settings = {"config": args.config, "scale": args.scale, "epochs": config.epochs}
    done = [json.loads(line) for line in args.out.read_text().splitlines()] if args.out and args.out.exists() else []
    rows = [{k: x[k] for k in COLUMNS} for x in done if settings.items() <= x.items() and x["seed"] < args.seeds]
    rows = [x for x in rows if x["shape"] in args.shapes]
    for shape in args.shapes:
        for seed in range(args.seeds):
            if not any((x["shape"], x["seed"]) == (shape, seed) for x in rows):
                rows.append(asdict(run(config, seed, shape, args.scale)))
                if args.out:
                    with args.out.open("a") as file:
                        file.write(json.dumps(settings | rows[-1]) + "\n")
    frame = pd.DataFrame(rows)
    print(frame.round(3).to_string(index=False))
    print(f"\n{args.config}: mean and standard deviation over {args.seeds} seeds")
    print(frame.drop(columns="seed").groupby("shape", sort=False).agg(["mean", "std"]).round(3).to_string())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
