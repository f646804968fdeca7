"""Who takes part: every row of the tables, as something that can be validated with settings and trained with a seed.

`validate` trains without each user's last training item and says how good that was and after how many epochs; `run`
trains on all training interactions for as many. Neither looks at the test items.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from inspect import signature
from typing import Any

import torch

from ramgnn import readings
from ramgnn.baselines import fitting
from ramgnn.baselines.encoders import EncoderSettings, pretrainer
from ramgnn.baselines.registry import CLOSED, TRAINED
from ramgnn.config import Config
from ramgnn.datasets.base import RecDataset
from ramgnn.errors import NotFoundError
from ramgnn.evaluation import Scorer, ndcg, rank_test
from ramgnn.experiments.spaces import SPACES, Space
from ramgnn.recommender import finetune
from ramgnn.training import SIDES, build, fit, graph_of, pretrain_side

Report = Callable[[int, float], None]

WITH_TIME = ("toy", "ml-100k", "movietweetings")  # KKBox does not say when a song was heard

# GCN knows one relation type and the paper does not say which it was given: each type is tried, on the data with it
GCN_TYPES = {
    "genre": (),
    "director": ("ml-100k", "movietweetings"),
    "actor": ("ml-100k",),
    "year": ("ml-100k", "movietweetings"),
    "cast": ("movietweetings",),
    "person": ("kkbox",),
}


@dataclass(frozen=True)
class Contender:
    """One row of a table.

    Attributes:
        name: of the row, and of its folder in the store.
        kind: ``"closed"`` form, ``"trained"`` baseline, ``"ram-gnn"``, or another ``"encoder"`` in its place.
        module: the name in `ramgnn.baselines.registry.CLOSED`, `TRAINED` or `encoders.ENCODERS`.
        settings: what differs from the defaults of its kind, before tuning.
        space: what is tuned; nothing when empty: then one trial finds the number of epochs.
        after: take the tuned settings of this contender first.
        epochs, every, patience: of the validation of a trained baseline.
        warm_up: epochs before a trial may be stopped for being behind.
        config, ablation: of RAM-GNN.
        data: the data sets it can be run on; empty for all.
        seeded: False when the result does not depend on the seed: one run is all there is.
    """

    name: str
    kind: str
    module: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    space: Space = field(default_factory=dict)
    after: str = ""
    epochs: int = 100
    every: int = 1
    patience: int = 10
    warm_up: int = 10
    config: str = "default"
    ablation: str = "full"
    data: tuple[str, ...] = ()
    seeded: bool = True


def _all() -> tuple[Contender, ...]:
    """Every contender, in the order of the tables."""

    def trained(name: str, module: str = "", **options) -> Contender:
        return Contender(name, "trained", module or name, space=SPACES[name], **options)

    def closed(name: str, module: str = "", **options) -> Contender:
        return Contender(name, "closed", module or name, space=SPACES[name], **{"seeded": False} | options)

    def encoder(name: str, module: str = "", **options) -> Contender:
        return Contender(name, "encoder", module or name, space=SPACES["encoder"], **options)

    def ours(name: str, **options) -> Contender:
        return Contender(name, "ram-gnn", **options)

    def tuned(name: str, **options) -> Contender:
        return ours(name, after="ram-gnn", **options)

    return (
        trained("mf", epochs=100),
        trained("fm", epochs=100, every=2),
        trained("nfm", epochs=100, every=2),
        trained("fism", epochs=100),
        trained("cke", epochs=100, every=2),
        trained("lightgcn", epochs=200, every=2),
        trained("kgpolicy", epochs=60, every=2),
        trained("rcf", epochs=60, every=3, patience=5),
        ours("ram-gnn", space=SPACES["ram-gnn"]),
        ours("ram-gnn default"),
        ours("ram-gnn as printed", config="as_printed"),
        closed("popularity"),
        closed("itemknn"),
        closed("ease"),
        closed("als", seeded=True),
        trained("lightgcn softmax", "lightgcn", settings={"loss": "softmax", "batch": 64}, epochs=200, every=2),
        closed("itemknn recent", "itemknn", settings={"half_life": 2.0}, data=WITH_TIME),
        trained("sasrec", epochs=60, warm_up=5, data=WITH_TIME),
        *(
            encoder(f"gcn {name}", "gcn", settings={"encoder.item_type": name}, data=data)
            for name, data in GCN_TYPES.items()
        ),
        *(encoder(name) for name in ("rgcn", "wgcn", "vrgcn", "compgcn")),
        encoder("compgcn corr", "compgcn", settings={"encoder.composition": "corr"}),
        # the spread that validates better: that of pre-trained starts here, the default, .1, for the one as printed
        tuned("single", ablation="single", settings={"finetune.spread": 0.05}),
        *(tuned(name, ablation=name) for name in ("rns", "attention")),
        # controls that the paper has not: both parts off, neighbours by lot, and the network as it was drawn
        tuned("neither", ablation="rns", settings={"pretrain.sampler": "none"}),
        tuned("by lot", settings={"pretrain.sampler": "random"}),
        tuned("untrained", settings={"pretrain.epochs": 0}),
        *(
            ours(f"as printed {name}", config="as_printed", ablation=name)
            for name in ("single", "rns", "attention")
        ),
        ours(
            "as printed repaired",
            config="as_printed",
            settings={"pretrain.reward": "relative", "pretrain.stop": "absolute"},
        ),
        *(tuned(name, settings={"pretrain.composition": name}) for name in ("add", "mult", "corr")),
        *(tuned(f"d={d}", settings={"pretrain.dim": d}) for d in (20, 40, 60, 80, 100)),
    )  # fmt: skip


CONTENDERS = {x.name: x for x in _all()}


def contender(name: str) -> Contender:
    """The contender of that name.

    Raises:
        NotFoundError: there is none.
    """
    if name not in CONTENDERS:
        raise NotFoundError("model", name, sorted(CONTENDERS))
    return CONTENDERS[name]


def validate(
    who: Contender, dataset: RecDataset, settings: dict[str, Any], seed: int = 0, report: Report | None = None
) -> tuple[float, int]:
    """The best NDCG@10 on each user's last training item, and the epoch it was reached in (0 in closed form).

    Args:
        dataset: the data set itself; its `validation` view is made here.
        report: told epoch and metric as training goes; may raise to end it.
    """
    view = dataset.validation()

    def measure(score: Scorer) -> float:
        return ndcg(rank_test(score, view), 10)

    if who.kind == "closed":
        return measure(CLOSED[who.module](view, **_closed(who, settings, seed))), 0
    if who.kind == "trained":
        model, generator = _start(who, view, settings, seed)
        history = fitting.train(model, generator, who.epochs, measure, who.every, who.patience, report, name=who.name)
        return history.best, history.best_epoch
    config, found = configured(who, settings, seed), {"value": 0.0, "epoch": 0}

    def watch(final: Scorer) -> float:
        value = measure(final)
        found["epoch"] += config.finetune.every
        if report is not None:
            report(found["epoch"], value)
        return value

    graphs = {side: graph_of(view, side) for side in SIDES}
    pretrained = {side: None for side in SIDES}
    if config.finetune.start == "pretrained":
        pretrain = _pretrainer(who, settings)
        pretrained = {s: pretrain(g, s, config, False) if g is not None else None for s, g in graphs.items()}
        _not_stopped(*pretrained.values())
    done = finetune(build(view, config, graphs, pretrained), config.finetune, seed, watch, progress=False)
    _not_stopped(done)
    return max(row.get("validation", 0.0) for row in done.history), done.best_epoch


def run(
    who: Contender, dataset: RecDataset, settings: dict[str, Any], seed: int, epochs: int
) -> tuple[Scorer, dict[str, Any]]:
    """Train on all training interactions; returns the scorer and what else is worth keeping."""
    if who.kind == "closed":
        return CLOSED[who.module](dataset, **_closed(who, settings, seed)), {}
    if who.kind == "trained":
        model, generator = _start(who, dataset, settings, seed)
        history = fitting.train(model, generator, epochs, name=who.name)
        return model, {"losses": [round(x, 5) for x in history.losses]}
    fitted = fit(
        dataset, configured(who, settings, seed), epochs, progress=False, pretrainer=_pretrainer(who, settings)
    )
    if fitted.interrupted:
        raise KeyboardInterrupt
    if who.kind == "encoder":
        return fitted.final, {}
    return fitted.final, {side: _thresholds(fitted.pretrained(side)) for side in SIDES if fitted.pretrained(side)}


def described(who: Contender, settings: dict[str, Any]) -> dict[str, Any]:
    """All settings of a run as plain values, with what was left at its default."""
    if who.kind == "closed":
        known = signature(CLOSED[who.module]).parameters
        defaults = {
            k: p.default
            for k, p in known.items()
            if p.default is not p.empty and k not in ("seed", "progress", "max_gb")
        }
        return defaults | who.settings | settings
    if who.kind == "trained":
        return asdict(TRAINED[who.module][1](**who.settings | settings))
    config = configured(who, settings, 0).to_dict()
    if who.kind == "encoder":
        return {"encoder": asdict(_encoder(who, settings)), "finetune": config["finetune"]}
    return {k: v for k, v in config.items() if k not in ("seed", "device")}


def configured(who: Contender, settings: dict[str, Any], seed: int) -> Config:
    """RAM-GNN's configuration with settings as in ``{"pretrain.lr": 0.01}``."""
    config = replace(readings.ablation(readings.named(who.config), who.ablation), seed=seed)
    for name, value in (settings | who.settings).items():  # what makes a variant stands above what was tuned
        stage, _, key = name.partition(".")
        if stage == "encoder":
            continue
        config = replace(config, **{stage: replace(getattr(config, stage), **{key: value})})
    return config.check()


def _not_stopped(*parts: Any) -> None:
    """Pass on a Ctrl-C that pre-training or fine-tuning took for "enough", so that half a run is not stored."""
    if any(part is not None and part.interrupted for part in parts):
        raise KeyboardInterrupt


def _encoder(who: Contender, settings: dict[str, Any]) -> EncoderSettings:
    """The settings of another encoder, those that begin with ``encoder.``."""
    given = {k.removeprefix("encoder."): v for k, v in (settings | who.settings).items() if k.startswith("encoder.")}
    return EncoderSettings(**given)


def _pretrainer(who: Contender, settings: dict[str, Any]) -> Callable[..., Any]:
    return pretrainer(who.module, _encoder(who, settings)) if who.kind == "encoder" else pretrain_side


def _closed(who: Contender, settings: dict[str, Any], seed: int) -> dict[str, Any]:
    given = who.settings | settings
    return given | ({"seed": seed} if who.seeded else {})


def _start(
    who: Contender, dataset: RecDataset, settings: dict[str, Any], seed: int
) -> tuple[fitting.Model, torch.Generator]:
    model, known = TRAINED[who.module]
    return fitting.start(model, dataset, known(**who.settings | settings), seed)


def _thresholds(found) -> dict[str, Any]:
    """What Figure 5 shows: thresholds, rewards, distances and attention by epoch."""
    return {
        "types": list(found.types),
        "stopped": found.stopped,
        "k": [e.k for e in found.history],
        "reward": [e.reward for e in found.history],
        "distance": [[round(x, 6) for x in e.distance] for e in found.history],
        "mass": [[[round(x, 5) for x in layer] for layer in e.mass] for e in found.history[-1:]],
    }
