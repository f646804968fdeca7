"""Tuning: the same number of trials for every model, by the same sampler and pruner, on validation data.

One trial trains without each user's last training item and takes the best NDCG@10 on these items over the epochs. The
first trial has the settings as published, the next seven are random, and from then on Optuna's tree-structured Parzen
estimator proposes (Bergstra et al., "Algorithms for hyper-parameter optimization", NeurIPS 2011). A trial is stopped
early when its best value so far is below the median of the others' at the same epoch, which begins after five trials.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

from ramgnn.datasets.base import RecDataset
from ramgnn.errors import DivergedError, RamgnnError
from ramgnn.evaluation import ScoreError
from ramgnn.experiments.contenders import Contender, described, validate
from ramgnn.experiments.store import Store, Trial, best
from ramgnn.runs import provenance

if TYPE_CHECKING:
    import optuna

TRIALS = 20
RANDOM_TRIALS = 8


def wanted(who: Contender, trials: int = TRIALS) -> int:
    """How many trials a contender gets: one where nothing is tuned, which finds the number of epochs."""
    return trials if who.space else 1


def chosen(store: Store, data: str, who: Contender) -> tuple[dict[str, Any], int]:
    """The tuned settings and the number of epochs.

    Raises:
        RamgnnError: no trial was completed.
    """
    found = best(store.trials(data, who.name))
    if found is None:
        raise RamgnnError(f"{who.name!r} on {data} has no completed trial, so there are no settings to train it with")
    return found.settings, found.epochs


def attempt(
    store: Store, data: str, dataset: RecDataset, who: Contender, number: int, prefer: Contender | None
) -> Trial:
    """Make trial `number`, after those that are stored; returns it, and leaves storing it to the caller.

    Args:
        prefer: the contender whose tuned settings this one takes over.
    """
    settings = chosen(store, data, prefer)[0] if prefer else {}
    started, steps = time.process_time(), []
    asked, pruned = None, _no_optuna
    if who.space:
        import optuna

        asked, pruned = _ask(store.trials(data, who.name), who, number), optuna.TrialPruned
        settings = settings | asked.params

    def report(epoch: int, value: float) -> None:
        steps.append((epoch, value))
        if asked is not None:
            asked.report(max(x for _, x in steps), epoch)
            if asked.should_prune():
                raise pruned

    value, epochs, state = math.nan, 0, "complete"
    try:
        value, epochs = validate(who, dataset, settings, report=report)
    except pruned:
        epochs, value = max(steps, key=lambda step: (step[1], -step[0]))
        state = "pruned"
    except (DivergedError, ScoreError):  # a loss or a score is no number: these settings do not work, which is a result
        state = "failed"
    seconds = round(time.process_time() - started, 2)
    return Trial(number, settings, value, epochs, state, seconds, provenance(), tuple(steps))


class _no_optuna(Exception):
    """Stands in for `optuna.TrialPruned` where nothing is tuned."""


def _ask(earlier: list[Trial], who: Contender, number: int) -> optuna.Trial:
    """Optuna's next proposal, after those so far; its number is the seed, so a resumed study goes on alike."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    space = {name: x.distribution() for name, x in who.space.items()}
    study = optuna.create_study(
        direction="maximize",
        sampler=optuna.samplers.TPESampler(seed=number, n_startup_trials=RANDOM_TRIALS),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=who.warm_up),
    )
    for trial in earlier:
        study.add_trial(_told(trial, space))
    if number == 0:
        study.enqueue_trial(first(who))
    return study.ask(space)


def first(who: Contender) -> dict[str, Any]:
    """The settings of the first trial: what is published, where it lies within the bounds."""
    flat: dict[str, Any] = {}
    for name, value in described(who, {}).items():
        flat |= {f"{name}.{k}": v for k, v in value.items()} if isinstance(value, dict) else {name: value}
    return {k: flat[k] for k, x in who.space.items() if x.holds(flat[k])}


def _told(trial: Trial, space: dict[str, Any]) -> optuna.trial.FrozenTrial:
    """A stored trial in Optuna's form."""
    import optuna

    states = {"complete": "COMPLETE", "pruned": "PRUNED", "failed": "FAIL"}
    running, so_far = {}, -math.inf
    for epoch, value in trial.steps:
        running[epoch] = so_far = max(so_far, value)
    return optuna.trial.create_trial(
        state=optuna.trial.TrialState[states[trial.state]],
        value=trial.value if trial.state == "complete" else None,
        params={k: trial.settings[k] for k in space},
        distributions=space,
        intermediate_values=running,
    )
