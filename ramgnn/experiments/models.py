"""What can be a row of a table: four kinds of model, each of which can be validated with settings and run with a seed.

`validate` trains without each user's last training item and says how good that was and after how many epochs; `run`
trains on all training interactions for as many. Neither looks at the test items.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from ramgnn import readings
from ramgnn.baselines import fitting, registry
from ramgnn.baselines.encoders import EncoderSettings, pretrainer
from ramgnn.baselines.fitted import fit_baseline
from ramgnn.config import Config
from ramgnn.datasets.base import RecDataset
from ramgnn.evaluation import Scorer, ndcg, rank_test
from ramgnn.experiments.spaces import Space
from ramgnn.pretrained import Pretrained
from ramgnn.training import SIDES, Pretrainer, finetune_validated, fit, graph_of, pretrain_side, sides_of

Report = Callable[[int, float], None]


@dataclass(frozen=True, kw_only=True)
class ModelSpec(ABC):
    """One row of a table.

    Attributes:
        name: of the row, and of its folder in the store.
        overrides: settings that differ from the defaults; what makes a variant.
        space: what is tuned; nothing when empty: then one trial finds the number of epochs.
        inherits_from: take the tuned settings of this model first.
        warm_up: epochs before a trial may be stopped for being behind.
        datasets: the data sets it can be run on; empty for all.
        seeded: False when the result does not depend on the seed: one run is all there is.
        search: which of several independent searches this is; other seeds of trials and runs.
        starts: settings that are tried next to the published ones, before the search.
    """

    name: str
    overrides: dict[str, Any] = field(default_factory=dict)
    space: Space = field(default_factory=dict)
    inherits_from: str = ""
    warm_up: int = 10
    datasets: tuple[str, ...] = ()
    seeded: bool = True
    search: int = 0
    starts: tuple[dict[str, Any], ...] = ()

    def runs_on(self, dataset_name: str) -> bool:
        """Whether it can be run on a data set."""
        return not self.datasets or dataset_name in self.datasets

    @abstractmethod
    def settings(self, tuned: dict[str, Any]) -> dict[str, Any]:
        """All settings of a run as plain values, those that are left at their defaults too."""

    def budget(self) -> tuple[int, int]:
        """The most epochs that validation can choose, and how many it waits without a gain; zeros in closed form."""
        return 0, 0

    @abstractmethod
    def validate(
        self, dataset: RecDataset, tuned: dict[str, Any], seed: int = 0, report: Report | None = None
    ) -> tuple[float, int]:
        """The best NDCG@10 on each user's last training item, and the epoch it was reached in (0 in closed form).

        Args:
            dataset: the data set itself; its `validation` view is made here.
            tuned: settings from a trial.
            report: told epoch and metric as training goes; may raise to end it.
        """

    @abstractmethod
    def run(self, dataset: RecDataset, tuned: dict[str, Any], seed: int, epochs: int) -> tuple[Scorer, dict[str, Any]]:
        """Train on all training interactions; returns the scorer and what else is worth keeping."""


def _ndcg10(view: RecDataset) -> Callable[[Scorer], float]:
    """NDCG@10 of a scorer on the held-out items of a view."""
    return lambda scorer: ndcg(rank_test(scorer, view), 10)


def _not_stopped(*results: Any) -> None:
    """Pass on a Ctrl-C that a training took for "enough", so that half a run is not stored."""
    if any(result is not None and result.interrupted for result in results):
        raise KeyboardInterrupt


@dataclass(frozen=True, kw_only=True)
class ClosedForm(ModelSpec):
    """A baseline that is computed at once.

    Attributes:
        baseline: its registered name.
    """

    baseline: str
    seeded: bool = False

    def settings(self, tuned: dict[str, Any]) -> dict[str, Any]:
        """See `ModelSpec.settings`."""
        return registry.get(self.baseline).defaults() | self.overrides | tuned

    def _fit(self, dataset: RecDataset, tuned: dict[str, Any], seed: int) -> Scorer:
        return fit_baseline(registry.get(self.baseline), dataset, self.overrides | tuned, seed).scorer

    def validate(
        self, dataset: RecDataset, tuned: dict[str, Any], seed: int = 0, report: Report | None = None
    ) -> tuple[float, int]:
        """See `ModelSpec.validate`."""
        view = dataset.validation()
        return _ndcg10(view)(self._fit(view, tuned, seed)), 0

    def run(self, dataset: RecDataset, tuned: dict[str, Any], seed: int, epochs: int) -> tuple[Scorer, dict[str, Any]]:
        """See `ModelSpec.run`."""
        return self._fit(dataset, tuned, seed), {}


@dataclass(frozen=True, kw_only=True)
class TrainedBaseline(ModelSpec):
    """A baseline that is trained epoch by epoch.

    Attributes:
        baseline: its registered name.
        epochs, every, patience: of its validation.
    """

    baseline: str
    epochs: int = 100
    every: int = 1
    patience: int = 10

    def budget(self) -> tuple[int, int]:
        """See `ModelSpec.budget`."""
        return self.epochs, self.every * self.patience

    def _settings(self, tuned: dict[str, Any]) -> Any:
        return registry.get(self.baseline).settings_class(**self.overrides | tuned)

    def settings(self, tuned: dict[str, Any]) -> dict[str, Any]:
        """See `ModelSpec.settings`."""
        return asdict(self._settings(tuned))

    def validate(
        self, dataset: RecDataset, tuned: dict[str, Any], seed: int = 0, report: Report | None = None
    ) -> tuple[float, int]:
        """See `ModelSpec.validate`."""
        view = dataset.validation()
        model, generator = fitting.start(registry.get(self.baseline).factory, view, self._settings(tuned), seed)
        history = fitting.train(
            model, generator, self.epochs, _ndcg10(view), self.every, self.patience, report, name=self.name
        )
        _not_stopped(history)
        return history.best, history.best_epoch

    def run(self, dataset: RecDataset, tuned: dict[str, Any], seed: int, epochs: int) -> tuple[Scorer, dict[str, Any]]:
        """See `ModelSpec.run`."""
        fitted = fit_baseline(registry.get(self.baseline), dataset, self.overrides | tuned, seed, epochs)
        _not_stopped(fitted)
        return fitted.scorer, {"losses": [round(x, 5) for x in fitted.losses]}


@dataclass(frozen=True, kw_only=True)
class RamGnn(ModelSpec):
    """RAM-GNN, whole or with parts switched off.

    Attributes:
        config: the configuration it starts from; ablation: what is switched off, see `ramgnn.readings.ABLATIONS`.
        alike: random start embeddings are as long as pre-trained ones.
    """

    config: str = "default"
    ablation: str = "full"
    alike: bool = False

    def configured(self, tuned: dict[str, Any], seed: int) -> Config:
        """The configuration with settings as in ``{"pretrain.lr": 0.01}``; what makes a variant stands above these."""
        config = replace(readings.ablation(readings.named(self.config), self.ablation), seed=seed)
        settings = tuned | self.overrides
        config = config.override({k: x for k, x in settings.items() if not k.startswith("encoder.")})
        return config.override({"finetune.init_std": config.finetune.scale}) if self.alike else config

    def settings(self, tuned: dict[str, Any]) -> dict[str, Any]:
        """See `ModelSpec.settings`."""
        config = self.configured(tuned, 0)
        in_time = config.recommender == "temporal"
        left_out = {"seed", "device", *(["finetune"] if in_time else ["temporal", "recommender"])}
        return {k: v for k, v in config.to_dict().items() if k not in left_out}

    def budget(self) -> tuple[int, int]:
        """See `ModelSpec.budget`; of fine-tuning, which is what validation stops."""
        config = self.configured({}, 0)
        stage = config.temporal if config.recommender == "temporal" else config.finetune
        return stage.epochs, stage.every * stage.patience

    def pretrainer(self, tuned: dict[str, Any]) -> Pretrainer:
        """What pre-trains a graph."""
        return pretrain_side

    def validate(
        self, dataset: RecDataset, tuned: dict[str, Any], seed: int = 0, report: Report | None = None
    ) -> tuple[float, int]:
        """See `ModelSpec.validate`; both graphs, and all pre-training, are those of the view."""
        view, config = dataset.validation(), self.configured(tuned, seed)
        graphs = {side: graph_of(view, side) for side in SIDES}
        pretrained: dict[str, Pretrained | None] = {side: None for side in SIDES}
        pretrain = self.pretrainer(tuned)
        for side in sides_of(config):
            if (graph := graphs[side]) is not None:
                pretrained[side] = pretrain(graph, side, config, False)
        _not_stopped(*pretrained.values())
        result = finetune_validated(view, config, graphs, pretrained, progress=False, report=report)
        _not_stopped(result)
        return max(epoch.validation or 0.0 for epoch in result.history), result.best_epoch

    def run(self, dataset: RecDataset, tuned: dict[str, Any], seed: int, epochs: int) -> tuple[Scorer, dict[str, Any]]:
        """See `ModelSpec.run`; keeps what Figure 5 shows."""
        config = self.configured(tuned, seed)
        fitted = fit(dataset, config, epochs, progress=False, pretrainer=self.pretrainer(tuned))
        _not_stopped(fitted)
        histories = {side: self.history(x) for side in SIDES if (x := fitted.pretrained(side)) is not None}
        return fitted.final, {side: x for side, x in histories.items() if x}

    def history(self, pretrained: Pretrained) -> dict[str, Any]:
        """What Figure 5 shows: thresholds, rewards, distances and attention by epoch."""
        epochs = pretrained.history
        return {
            "types": list(pretrained.types),
            "stopped": pretrained.stopped,
            "k": [e.k for e in epochs],
            "reward": [e.reward for e in epochs],
            "distance": [[round(x, 6) for x in e.distance] for e in epochs],
            "attention_by_type": [[[round(x, 5) for x in layer] for layer in e.attention_by_type] for e in epochs[-1:]],
        }


@dataclass(frozen=True, kw_only=True)
class OtherEncoder(RamGnn):
    """RAM-GNN's recommender on the embeddings of another encoder.

    Attributes:
        encoder: its registered name; settings that begin with ``encoder.`` are its own.
    """

    encoder: str

    def _encoder_settings(self, tuned: dict[str, Any]) -> EncoderSettings:
        settings = tuned | self.overrides
        names = [name for name in settings if name.startswith("encoder.")]
        return EncoderSettings(**{name.removeprefix("encoder."): settings[name] for name in names})

    def settings(self, tuned: dict[str, Any]) -> dict[str, Any]:
        """See `ModelSpec.settings`."""
        finetuning = asdict(self.configured(tuned, 0).finetune)
        return {"encoder": asdict(self._encoder_settings(tuned)), "finetune": finetuning}

    def pretrainer(self, tuned: dict[str, Any]) -> Pretrainer:
        """What pre-trains a graph."""
        return pretrainer(self.encoder, self._encoder_settings(tuned))

    def history(self, pretrained: Pretrained) -> dict[str, Any]:
        """Nothing: there is no sampler to show."""
        return {}
