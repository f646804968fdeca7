"""Items that nobody had: who finds them? ``python -m ramgnn.experiments.cold --data ml-100k --draws 5``.

A tenth of the items is hidden: their interactions leave the training data, and each user's last one among them is to be
found again, once among the hidden items alone and once among all that the user has not had. The same models also rank
the held-out items of the split that are not hidden, for what is done for new items must not cost the others.

What has to be chosen (λ) is chosen on other draws, in a validation view; the test items see each method once a draw.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from ramgnn import datasets
from ramgnn.baselines import als
from ramgnn.config import Config
from ramgnn.datasets.base import RecDataset
from ramgnn.evaluation import hit_rate, ndcg
from ramgnn.events import next_events
from ramgnn.experiments.store import pack
from ramgnn.files import make_folder, write_json
from ramgnn.provenance import provenance
from ramgnn.readings import temporal
from ramgnn.temporal import training
from ramgnn.temporal.cold import ColdItems, attribute_features
from ramgnn.training import graph_of, pretrain_side

FOLDER = Path(__file__).parent / "cold_results"
SHARE = 10  # one item in so many is hidden
FIRST = 10  # of the draws that are reported; on earlier ones the model with a clock was built
CHOSEN_ON = (100, 101)  # draws on which λ is chosen
STRENGTHS = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0)  # λ of the ridge regression
DECAYS = (0.0, 1e-4, 1e-3, 1e-2, 1e-1)  # λ of the weights of DropoutNet
NEAREST = 20
STEPS, WIDTH, LR = 400, 200, 3e-3  # of DropoutNet

Scores = np.ndarray  # (n_users, n_items)


@dataclass(frozen=True, eq=False)
class Hidden:
    """Data without some of their items.

    Attributes:
        dataset: without the interactions of the hidden items.
        items: ``(h,)`` the hidden ones.
        had: ``(n_users, n_items)`` bool, all that was had, hidden items too.
        users, targets: ``(t,)`` whose last hidden item is to be found, and which it is.
    """

    dataset: RecDataset
    items: np.ndarray
    had: np.ndarray
    users: np.ndarray
    targets: np.ndarray

    @classmethod
    def of(cls, dataset: RecDataset, draw: int) -> Hidden:
        """Hide a tenth of the items, drawn."""
        n = dataset.n_items
        items = np.sort(np.random.default_rng(draw).choice(n, max(1, n // SHARE), replace=False))
        is_hidden = np.isin(dataset.train["item"], items)
        order = ["user", "time"] if "time" in dataset.train else ["user"]
        last = dataset.train[is_hidden].sort_values(order, kind="stable").groupby("user").tail(1)
        view = replace(dataset, train=dataset.train[~is_hidden].reset_index(drop=True))
        had = dataset.matrix().toarray() > 0
        return cls(view, items, had, last["user"].to_numpy(), last["item"].to_numpy())

    def ranks(self, y: Scores, among: str) -> np.ndarray:
        """The rank of each target, 1 the best, equal scores sharing the middle: ``(t,)``.

        Args:
            among: ``"hidden"`` items alone, or ``"all"``; neither with what the user had.
        """
        rivals = ~self.had[self.users]  # (t, n_items)
        if among == "hidden":
            rivals[:, np.setdiff1d(np.arange(y.shape[1]), self.items)] = False
        return _ranks(y[self.users], self.targets, rivals)

    def warm_ranks(self, y: Scores) -> np.ndarray:
        """The ranks of the held-out items of the split that are not hidden, among all that the user has not had."""
        test = self.dataset.test[~np.isin(self.dataset.test["item"], self.items)]
        users, targets = test["user"].to_numpy(), test["item"].to_numpy()
        return _ranks(y[users], targets, ~self.had[users])


def _ranks(y: np.ndarray, targets: np.ndarray, rivals: np.ndarray) -> np.ndarray:
    rivals[np.arange(len(y)), targets] = False
    own = y[np.arange(len(y)), targets][:, None]
    return 1.0 + ((y > own) & rivals).sum(1) + 0.5 * ((y == own) & rivals).sum(1)


# ---- methods ---------------------------------------------------------------------------------------------------------


def popularity(hidden: Hidden) -> Scores:
    """How many had it: the same for all that nobody had, so chance decides."""
    count = np.bincount(hidden.dataset.train["item"], minlength=hidden.dataset.n_items)
    return np.tile(count.astype(np.float64), (hidden.dataset.n_users, 1))


def nearest(hidden: Hidden) -> Scores:
    """Content kNN: the mean cosine, by attributes, with those of the user's items that are most like it."""
    f = _attributes(hidden.dataset)
    y = np.zeros((hidden.dataset.n_users, hidden.dataset.n_items))
    for user in range(hidden.dataset.n_users):
        cosine = f @ f[hidden.dataset.history(user)].T  # (n_items, had)
        k = min(NEAREST, cosine.shape[1])
        if k:
            y[user] = np.partition(cosine, -k, axis=1)[:, -k:].mean(1)
    return y


def ridge(hidden: Hidden, strength: float) -> Scores:
    """Ridge regression from the attributes of items to who had them, user by user."""
    f, had = _attributes(hidden.dataset), hidden.dataset.matrix().toarray()
    warm = np.setdiff1d(np.arange(hidden.dataset.n_items), hidden.items)
    gram = f[warm].T @ f[warm] + strength * np.eye(f.shape[1])
    return had[:, warm] @ f[warm] @ np.linalg.solve(gram, f.T)


def dropout_net(hidden: Hidden, decay: float, seed: int = 0) -> Scores:
    r"""DropoutNet's idea: a net makes an item's factors from its attributes and its factors, which are often missing.

    With U and V the factors of users and items from ALS, f_i the attributes and m_i = 0 half of the time in training,
    always for hidden items and 1 otherwise:

    .. math:: \hat v_i = v_i m_i + W_2 \tanh(W_1 [v_i m_i \Vert f_i] + b)
    .. math:: \min \textstyle\sum_{ui} (u^\top v_i - u^\top \hat v_i)^2

    Volkovs, Yu and Poutanen, "DropoutNet: addressing cold start in recommender systems", NeurIPS 2017, who have deeper
    nets and drop the factors of users as well, which is not asked here.

    Args:
        decay: of the weights; seed: of the start and of what is dropped.
    """
    factors = als.fit(hidden.dataset, seed=seed)
    u, v = torch.from_numpy(factors.users).float(), torch.from_numpy(factors.items).float()
    f = torch.from_numpy(_attributes(hidden.dataset)).float()
    warm = torch.from_numpy(np.setdiff1d(np.arange(hidden.dataset.n_items), hidden.items))
    known = torch.zeros(len(v), 1).index_fill(0, warm, 1.0)
    gram = u.T @ u / len(u)
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        net = nn.Sequential(nn.Linear(v.shape[1] + f.shape[1], WIDTH), nn.Tanh(), nn.Linear(WIDTH, v.shape[1]))
        nn.init.zeros_(net[2].weight)
        adam = torch.optim.AdamW(net.parameters(), lr=LR, weight_decay=decay)
        for _ in range(STEPS):
            there = known * (torch.rand(len(v), 1) < 0.5)
            wrong = (v - v * there - net(torch.cat([v * there, f], 1)))[warm]
            loss = ((wrong @ gram) * wrong).sum() / len(warm)
            adam.zero_grad()
            loss.backward()
            adam.step()
    with torch.no_grad():
        made = v * known + net(torch.cat([v * known, f], 1))
    return (u @ made.T).double().numpy()


def _attributes(dataset: RecDataset) -> np.ndarray:
    f = attribute_features(dataset)
    return np.zeros((dataset.n_items, 1)) if f is None else f


def in_time(hidden: Hidden, content: torch.Tensor, seed: int) -> dict[str, Callable[[], Scores]]:
    """RAM-GNN with a clock, trained once; with attributes and pre-training, either of them, and neither."""
    config = replace(temporal(), seed=seed)
    model = training.train(hidden.dataset, config, None, progress=False, epochs=_epochs(hidden, config)).final
    event = next_events(hidden.dataset, np.arange(hidden.dataset.n_users), config.temporal.context)
    attention, paths = model.parts(event)
    plain = model.summed(attention, paths).cpu().numpy()
    bare = replace(hidden.dataset, item_relations=())

    def filled(dataset: RecDataset, e: torch.Tensor | None) -> Callable[[], Scores]:
        return lambda: ColdItems(dataset, e).fill(plain.copy())

    return {
        "ram-gnn in time": filled(hidden.dataset, content),
        "ram-gnn in time, attributes alone": filled(hidden.dataset, None),
        "ram-gnn in time, pre-training alone": filled(bare, content),
        "ram-gnn in time, neither": lambda: plain,
    }


def _epochs(hidden: Hidden, config: Config) -> int:
    """As many as a validation view asks for."""
    done = training.train(hidden.dataset.validation(), config, None, progress=False, validate=True)
    return done.best_epoch


# ---- the experiment --------------------------------------------------------------------------------------------------


CHOICES = {"ridge on attributes": (ridge, STRENGTHS), "DropoutNet": (dropout_net, DECAYS)}  # λ is chosen


def chosen(dataset: RecDataset) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
    """λ by method, by NDCG@10 among the hidden items of draws that are not reported; and what each λ gave."""
    best, tried, view = {}, {}, dataset.validation()
    drawn = [Hidden.of(view, draw) for draw in CHOSEN_ON]
    for name, (method, values) in CHOICES.items():
        found = {x: float(np.mean([ndcg(h.ranks(method(h, x), "hidden"), 10) for h in drawn])) for x in values}
        best[name] = max(found, key=found.__getitem__)
        tried[name] = {str(k): round(x, 5) for k, x in found.items()}
    return best, tried


def run(dataset: RecDataset, draw: int, strengths: dict[str, float]) -> dict[str, Any]:
    """All methods on one draw, with λ by method."""
    hidden = Hidden.of(dataset, draw)
    content = pretrain_side(graph_of(dataset, "item"), "item", Config(seed=draw), False).embeddings().nodes
    methods: dict[str, Callable[[], Scores]] = {
        "popularity": lambda: popularity(hidden),
        "content kNN": lambda: nearest(hidden),
        **{name: partial(method, hidden, strengths[name]) for name, (method, _) in CHOICES.items()},
    }
    methods |= in_time(hidden, content, draw)
    return {"draw": draw, "hidden": len(hidden.items), "targets": len(hidden.users), "provenance": provenance(),
            "methods": {name: _measured(hidden, scores()) for name, scores in methods.items()}}  # fmt: skip


def _measured(hidden: Hidden, y: Scores) -> dict[str, Any]:
    found: dict[str, Any] = {}
    ranks = {"hidden": hidden.ranks(y, "hidden"), "all": hidden.ranks(y, "all"), "warm": hidden.warm_ranks(y)}
    for name, r in ranks.items():
        found[name] = {f"HR@{k}": hit_rate(r, k) for k in (10, 20)}
        found[name] |= {f"NDCG@{k}": ndcg(r, k) for k in (10, 20)} | {"ranks": pack(r)}
    return found


def execute(name: str, draws: int, folder: Path = FOLDER) -> None:
    """Run what has not been run yet; each draw is written as it ends."""
    dataset, place = datasets.load(name), make_folder(folder / name)
    missing = [draw for draw in range(FIRST, FIRST + draws) if not (place / f"{draw}.json").exists()]
    strengths, tried = chosen(dataset) if missing else ({}, {})
    for draw in missing:
        write_json(place / f"{draw}.json", run(dataset, draw, strengths) | {"chosen": strengths, "tried": tried})
        print(f"{name}: draw {draw - FIRST + 1} of {draws}", flush=True)


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m ramgnn.experiments.cold", description=__doc__)
    parser.add_argument("--data", nargs="+", default=["ml-100k", "movietweetings"], help="which data sets")
    parser.add_argument("--draws", type=int, default=5, help="how many draws of hidden items")
    args = parser.parse_args(arguments)
    for name in args.data:
        execute(name, args.draws)


if __name__ == "__main__":
    main()
