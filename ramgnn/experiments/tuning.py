"""Tuning: the same number of trials for every model, by the same sampler and pruner, on validation data.

One trial trains without each user's last training item and takes the best NDCG@10 on these items over the epochs. The
first trial has the settings as published, the next seven are random, and from then on Optuna's tree-structured Parzen
estimator proposes (Bergstra et al., "Algorithms for hyper-parameter optimization", NeurIPS 2011). A trial is stopped
early when its best value so far is below the median of the others' at the same epoch, which begins after five trials.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ramgnn.datasets.base import RecDataset
from ramgnn.errors import DivergedError, RamgnnError
from ramgnn.evaluation import ScoreError
from ramgnn.experiments.models import ModelSpec
from ramgnn.experiments.store import Store, Trial, best
from ramgnn.provenance import provenance

if TYPE_CHECKING:
    import optuna

TRIALS = 20
RANDOM_TRIALS = 8
SEARCH = 10_000  # apart from each other are the seeds of two searches


class Pruned(Exception):
    """A trial is behind the others and is not worth its remaining epochs."""


def n_trials(spec: ModelSpec, trials: int = TRIALS) -> int:
    """How many trials a model gets: one where nothing is tuned, which finds the number of epochs."""
    return trials if spec.space else 1


def best_settings(store: Store, dataset_name: str, spec: ModelSpec) -> tuple[dict[str, Any], int]:
    """The tuned settings and the number of epochs.

    Raises:
        RamgnnError: no trial was completed.
    """
    trial = best(store.trials(dataset_name, spec.name))
    if trial is None:
        raise RamgnnError(
            f"{spec.name!r} on {dataset_name} has no completed trial, so there are no settings to train it with"
        )
    return trial.settings, trial.epochs


def run_trial(
    spec: ModelSpec,
    dataset: RecDataset,
    number: int,
    earlier: list[Trial],
    inherited: dict[str, Any] | None = None,
) -> Trial:
    """Make trial `number`; returns it, and leaves storing it to the caller.

    Args:
        earlier: the trials so far.
        inherited: tuned settings of the model that this one inherits from.
    """
    given = [first_settings(spec), *spec.starts] if spec.space else [{}]
    proposal = propose(spec, number, earlier) if number >= len(given) else None
    settings = (inherited or {}) | (given[number] if proposal is None else proposal.params)
    steps: list[tuple[int, float]] = []
    started, value, epochs, state = time.process_time(), math.nan, 0, "complete"
    try:
        value, epochs = spec.validate(dataset, settings, spec.search, report=_reporter(steps, proposal))
    except Pruned:
        epochs, value = max(steps, key=lambda step: (step[1], -step[0]))
        state = "pruned"
    except (DivergedError, ScoreError):  # a loss or a score is no number: these settings do not work, which is a result
        state = "failed"
    seconds = round(time.process_time() - started, 2)
    return Trial(number, settings, value, epochs, state, seconds, provenance(), tuple(steps))


def _reporter(steps: list[tuple[int, float]], proposal: optuna.Trial | None) -> Callable[[int, float], None]:
    """Notes each validation in `steps`, and raises `Pruned` when Optuna says that the trial is behind."""

    def report(epoch: int, value: float) -> None:
        steps.append((epoch, value))
        if proposal is not None:
            proposal.report(max(x for _, x in steps), epoch)
            if proposal.should_prune():
                raise Pruned

    return report


def propose(spec: ModelSpec, number: int, earlier: list[Trial]) -> optuna.Trial:
    """Optuna's next proposal, after those so far; its number is the seed, so a resumed study goes on alike.

    What is published may lie outside of the bounds. Such a trial counts, but Optuna cannot be told of it.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    space = {name: x.distribution() for name, x in spec.space.items()}
    study = optuna.create_study(
        direction="maximize",
        sampler=optuna.samplers.TPESampler(seed=SEARCH * spec.search + number, n_startup_trials=RANDOM_TRIALS),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=spec.warm_up),
    )
    for trial in earlier:
        if all(x.holds(trial.settings[name]) for name, x in spec.space.items()):
            study.add_trial(_as_frozen(trial, space))
    return study.ask(space)


def first_settings(spec: ModelSpec) -> dict[str, Any]:
    """The settings of the first trial: what is published, or the default of a model that nobody published."""
    flat: dict[str, Any] = {}
    for name, value in spec.settings({}).items():
        flat |= {f"{name}.{k}": v for k, v in value.items()} if isinstance(value, dict) else {name: value}
    return {k: flat[k] for k in spec.space}


def _as_frozen(trial: Trial, space: dict[str, Any]) -> optuna.trial.FrozenTrial:
    """A stored trial in Optuna's form."""
    import optuna

    states = {"complete": "COMPLETE", "pruned": "PRUNED", "failed": "FAIL"}
    best_so_far, highest = {}, -math.inf
    for epoch, value in trial.steps:
        best_so_far[epoch] = highest = max(highest, value)
    return optuna.trial.create_trial(
        state=optuna.trial.TrialState[states[trial.state]],
        value=trial.value if trial.state == "complete" else None,
        params={k: trial.settings[k] for k in space},
        distributions=space,
        intermediate_values=best_so_far,
    )
