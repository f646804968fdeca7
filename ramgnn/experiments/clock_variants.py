"""What else could the clock know? ``python -m ramgnn.experiments.clock_variants`` trains each idea on two views.

Every idea adds one thing to `TemporalGNN` and begins as that model: what is added has the weight 0. They are measured
on each user's last and on the second-last training interaction, and no test item is looked at.

    relations        attention goes by shared attributes with the latest thing too: a weight for each type and memory
    transitions      x_i gets a part of what people take next to i: one layer over the graph of transitions
    all of it        the state gets a part of the mean over all that somebody had, as in Eq. 19 without a clock
    user             the state gets a vector of the user, learned as in matrix factorisation
    calendar         y gets how often others took i in the last days before, where times are times of a clock
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ramgnn import readings
from ramgnn.config import TemporalConfig
from ramgnn.datasets.base import RecDataset
from ramgnn.evaluation import metrics, rank_test
from ramgnn.events import Events, next_events
from ramgnn.experiments import data
from ramgnn.files import make_folder, read_json, write_json
from ramgnn.provenance import provenance
from ramgnn.temporal.clock import TemporalGNN
from ramgnn.temporal.kinds import NEXT, sequences, table
from ramgnn.temporal.training import train

PLACE = Path(__file__).parent / "results" / "clock_variants.json"
DAYS = (3, 14, 60)  # before somebody's latest thing; each has a weight of its own
VIEWS = ("last", "second-last")


class _Known:
    """What was counted in the data once; copies of a model share it."""

    def __init__(self, **counted: Any) -> None:
        vars(self).update(counted)

    def __deepcopy__(self, _: dict) -> _Known:
        return self


class _Idea(TemporalGNN):
    """`TemporalGNN` on a data set that it may ask.

    Args:
        dataset: what is counted; the others as of `TemporalGNN`.
    """

    def __init__(
        self, dataset: RecDataset, n_items: int, dim: int, config: TemporalConfig, start: Tensor | None, seed: int
    ) -> None:
        super().__init__(n_items, dim, config, start, seed)
        self.prepare(dataset, dim, config)

    def prepare(self, dataset: RecDataset, dim: int, config: TemporalConfig) -> None:
        """Count what is needed, and make the weights."""


class Relations(_Idea):
    r"""α_jk = softmax_j(-r_j / τ_k + Σ_t w_kt S_t(j, m)), with m the latest thing, or things of one time."""

    def prepare(self, dataset: RecDataset, dim: int, config: TemporalConfig) -> None:
        """S_t: whether two items share a value of type t, ``(types, n_items, n_items)``."""
        shared = []
        for relation in dataset.item_relations:
            has = torch.zeros(dataset.n_items, relation.n_values)
            has[torch.from_numpy(relation.nodes), torch.from_numpy(relation.values)] = 1
            shared.append(has @ has.T > 0)
        self.known = _Known(shared=torch.stack(shared))
        self.by_type = nn.Parameter(torch.zeros(config.memories, len(shared)))  # (K, types) w

    def state(self, item: Tensor, rank: Tensor) -> Tensor:
        """See `TemporalGNN.state`."""
        there = item.clamp(min=0)  # (b, L)
        latest = (rank == rank.nan_to_num(torch.inf).amin(1, keepdim=True)).float()  # (b, L)
        latest = latest / latest.sum(1, keepdim=True).clamp(min=1)
        width = int((latest > 0).sum(1).max()) if latest.numel() else 0
        weight, column = latest.topk(width, 1)  # (b, m): few are of the latest time
        pair = self.known.shared[:, there[:, :, None], there.gather(1, column)[:, None, :]]  # (types, b, L, m)
        shared = (pair * weight[:, None, :]).sum(-1)  # (types, b, L)
        more = torch.einsum("kt,tbl->bkl", self.by_type, shared)
        return self.clock(F.embedding(there, self.items), rank, more)


class Transitions(_Idea):
    """x_i + W Σ_j p(j | i) x_j, with p(j | i) the share of j in what stands next to i."""

    def prepare(self, dataset: RecDataset, dim: int, config: TemporalConfig) -> None:
        """p: ``(n_items, n_items)``; what the user of an event did themselves is in it."""
        counted = table(sequences(dataset), NEXT, dataset.n_items).toarray()
        counted /= np.maximum(counted.sum(1, keepdims=True), 1e-12)
        self.known = _Known(next=torch.from_numpy(counted).float())
        self.w = nn.Parameter(torch.zeros(dim, dim))

    def vectors(self) -> Tensor:
        """See `TemporalGNN.vectors`."""
        return self.items + self.known.next @ (self.items @ self.w.T)


class AllOfIt(_Idea):
    """x_ut + U mean_j x_j over all that somebody had, not only over what the context holds."""

    def prepare(self, dataset: RecDataset, dim: int, config: TemporalConfig) -> None:
        """U: ``(d, d)``."""
        self.u = nn.Parameter(torch.zeros(dim, dim))

    def at(self, events: Events, which: np.ndarray, item: Tensor, rank: Tensor) -> Tensor:
        """See `TemporalGNN.at`."""
        row, had = map(torch.from_numpy, events.had(which))
        size = torch.bincount(row, minlength=len(which)).clamp(min=1)
        mean = torch.zeros(len(which), self.items.shape[1]).index_add(0, row, self.items[had]) / size[:, None]
        return self.scored(self.state(item, rank) + mean @ self.u.T)


class User(_Idea):
    """x_ut + p_u, dropped as a whole half of the time in training, so that the state does not rely on it."""

    def prepare(self, dataset: RecDataset, dim: int, config: TemporalConfig) -> None:
        """p: ``(n_users, d)``."""
        self.p = nn.Parameter(torch.zeros(dataset.n_users, dim))

    def at(self, events: Events, which: np.ndarray, item: Tensor, rank: Tensor) -> Tensor:
        """See `TemporalGNN.at`."""
        p = self.p[torch.from_numpy(events.user[which])]
        if self.training:
            p = p * (torch.rand(len(p), 1) < 0.5) * 2
        return self.scored(self.state(item, rank) + p)


class Calendar(_Idea):
    r"""y_ui + Σ_D θ_D log(1 + how often i was taken in the D days before the day of u's latest thing)."""

    def prepare(self, dataset: RecDataset, dim: int, config: TemporalConfig) -> None:
        """How often each item was taken before each day: ``(days, n_items)``."""
        time, item = (dataset.train[name].to_numpy() for name in ("time", "item"))
        day = (time - time.min()) // 86_400
        before = np.zeros((day.max() + 2, dataset.n_items), np.float32)
        np.add.at(before, (day + 1, item), 1)
        self.known = _Known(before=torch.from_numpy(before.cumsum(0)), day=day)
        self.theta = nn.Parameter(torch.zeros(len(DAYS)))

    def at(self, events: Events, which: np.ndarray, item: Tensor, rank: Tensor) -> Tensor:
        """See `TemporalGNN.at`."""
        latest = events.end[which] - 1
        latest = latest - (latest == events.own[which])  # the place of the latest other thing
        day = self.known.day[np.maximum(latest, 0)]
        upto = self.known.before[torch.from_numpy(day)]
        lately = [upto - self.known.before[torch.from_numpy(np.maximum(day - d, 0))] for d in DAYS]
        return self(item, rank) + torch.einsum("d,dbi->bi", self.theta, torch.stack(lately).log1p())


IDEAS: dict[str, type[_Idea]] = {
    "as it is": _Idea, "relations": Relations, "transitions": Transitions, "all of it": AllOfIt, "user": User,
    "calendar": Calendar,
}  # fmt: skip


def measured(view: RecDataset, idea: str, seed: int, share: float = 0.6) -> dict[str, Any]:
    """One training with the default settings: NDCG@10, HR@10 and HR@20 of the sum and of the attention alone."""
    config = readings.temporal().override({"seed": seed, "temporal.share": share})
    model: Callable[..., TemporalGNN] = partial(IDEAS[idea], view)
    done = train(view, config, None, progress=False, validate=True, model=model)
    alone = lambda users: done.final.gnn.of_events(next_events(view, users, config.temporal.context))  # noqa: E731
    found = {"sum": rank_test(done.final, view), "attention": rank_test(alone, view)}
    rows = {name: {k: round(float(x), 5) for k, x in metrics(r, (10, 20)).items()} for name, r in found.items()}
    weights = {n: x.tolist() for n, x in done.final.gnn.named_parameters() if n in ("theta", "by_type")}
    return rows | {"epochs": done.best_epoch, "seconds": round(sum(e.seconds for e in done.history), 1)} | weights


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is missing and write after each training."""
    summary = __doc__.splitlines()[0]
    parser = argparse.ArgumentParser(prog="python -m ramgnn.experiments.clock_variants", description=summary)
    parser.add_argument("--data", nargs="+", default=["ml-100k", "movietweetings"], help="data sets (default: both)")
    parser.add_argument("--ideas", nargs="+", default=list(IDEAS), choices=list(IDEAS), help="which (default: all)")
    parser.add_argument("--seeds", type=int, default=2, help="how many, from 0 (default: 2)")
    parser.add_argument("--out", type=Path, default=PLACE, help="where the results are and go (default: the package)")
    args = parser.parse_args(arguments)
    stored = read_json(args.out, "a stored study", "delete it and run again") if args.out.exists() else {"runs": {}}
    make_folder(args.out.parent)
    for name in args.data:
        dataset = data.load(name)
        views = dict(zip(VIEWS, (dataset.validation(), dataset.validation().validation()), strict=True))
        for seed in range(args.seeds):
            for place, view in views.items():
                for idea in args.ideas:
                    key = f"{name}, {place}, {idea}, {seed}"
                    if key in stored["runs"] or (idea == "calendar" and dataset.time_kind != "seconds"):
                        continue
                    stored["runs"][key] = measured(view, idea, seed)
                    write_json(args.out, stored | {"provenance": provenance()})
                    print(key, stored["runs"][key]["sum"], flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
