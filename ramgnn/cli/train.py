"""``ramgnn train``: train RAM-GNN or a baseline, evaluate it once, save a run."""

from __future__ import annotations

import os
import sys
import time
from argparse import Namespace
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from ramgnn import api, distributed, memory, paper, readings, runs
from ramgnn.baselines import registry
from ramgnn.cli import checks
from ramgnn.cli.checks import RAM_GNN, beside_resume
from ramgnn.cli.data import assignment, noted, print_doubts, print_summary, source
from ramgnn.cli.holding import given_up, held, how_to_resume
from ramgnn.cli.printing import interval_text, intervals, print_json, ranking_text
from ramgnn.cli.typed import flag
from ramgnn.config import Config
from ramgnn.datasets.base import RecDataset
from ramgnn.datasets.source import Source
from ramgnn.devices import checked_device
from ramgnn.errors import RamgnnError
from ramgnn.evaluation import Evaluation, columns, evaluate
from ramgnn.fitted import FittedModel
from ramgnn.runs import Started, before
from ramgnn.runs.folder import BEFORE
from ramgnn.trained import Fitted
from ramgnn.training import fit, train_on_everything
from ramgnn.visible import visible, visible_lines

WITH_A_CLOCK = (
    "the data say when, so the model with a clock is trained, which attends to the order (--config default has none)"
)
NO_USERS = "; it goes by what people had, and what is said of the users themselves is not used"
BESIDE = ("popularity", "ease")  # baselines shown beside a run: fitted in a second


def train(args: Namespace) -> int:
    """Train; alone or, RAM-GNN only, as one of several processes that ``torchrun`` started."""
    memory.keep()
    if args.model != RAM_GNN:
        return _train_baseline(args)
    if args.resume:
        if options := beside_resume(args):
            raise RamgnnError(f"--resume takes data and settings from the folder; leave out {', '.join(options)}")
        folder = Path(args.resume)
        started = runs.read_started(folder)
        data_source, config, epochs = started.source, started.config, started.epochs
    else:
        config = _config(args)
        data_source, epochs, started = source(args), args.epochs, None
        folder = Path(args.out or f"runs/{data_source.label}-{config.name.replace(', ', '-')}-{config.seed}")
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:  # of several processes each has a device of its own, see below
        checked_device(config.device)
    try:
        with held(folder, args), distributed.processes(config.device):
            checked_device(distributed.device_of(config.device))
            return _train_ram_gnn(args, data_source, config, epochs, folder, started)
    except distributed.LostProcess as error:
        raise RamgnnError(f"{error}; {how_to_resume(folder)}") from error
    except KeyboardInterrupt:  # outside of the loops over epochs, which keep what they had reached and go on to here
        left = how_to_resume(folder) if runs.unfinished(folder) else "there is nothing to continue"
        print(f"\nstopped by you; {left}", file=sys.stderr)
        return checks.INTERRUPTED


def _config(args: Namespace, dataset: RecDataset | None = None) -> Config:
    """The settings that were asked for; where none were, those that suit the data once these are there."""
    if args.config is None and args.ablation == "full" and dataset is not None:
        config = readings.for_data(dataset, [text.partition("=")[0] for text in args.set])
    else:
        config = readings.ablation(readings.named(args.config or "default"), args.ablation)
    return replace(config, seed=args.seed, device=args.device or "cpu").override(args.set)


# ---- RAM-GNN ---------------------------------------------------------------------------------------------------------


def _train_ram_gnn(
    args: Namespace, data_source: Source, config: Config, epochs: int | None, folder: Path, started: Started | None
) -> int:
    """`train`, once it is clear what is trained on what and where.

    Args:
        args: what else was typed.
        data_source: where the data come from.
        config: all settings.
        epochs: of fine-tuning; None asks validation.
        folder: the run folder.
        started: what was noted of the run that goes on; None for a new run.
    """
    is_first = distributed.rank() == 0
    quiet = args.quiet or args.json or not is_first
    if not is_first:
        distributed.wait()  # the first process downloads what there is to download
    shown = False if quiet else None
    refit = args.refit if started is None else started.refit
    dataset = data_source.load(shown) if started is None else runs.started_data(folder, started, shown)
    if started is None:
        config = _config(args, dataset)
    if is_first:
        if started is None:
            runs.start_run(folder, dataset, config, data_source, epochs, refit)
        distributed.wait()
    if not quiet:
        print_summary(dataset)
        if started is None and args.config is None and config.recommender == "temporal":
            print(f"note: {WITH_A_CLOCK}{NO_USERS * bool(dataset.user_relations)}")
    elif is_first:
        print_doubts(dataset)
    checkpoints = folder / runs.CHECKPOINTS
    with given_up(folder, started is None):
        fitted = fit(dataset, config, epochs, progress=not quiet, checkpoints=checkpoints)
        if fitted.to_be_refitted(refit):
            train_on_everything(fitted, progress=not quiet, checkpoints=checkpoints)
        evaluation = None
        if is_first and fitted.final is not None and not args.no_test and len(dataset.test) and not fitted.interrupted:
            evaluation = evaluate(fitted.final, dataset, args.ties)
    if not is_first:
        return checks.INTERRUPTED if fitted.interrupted else 0
    runs.save(folder, fitted, data_source, evaluation)
    if fitted.interrupted:
        print(f"stopped during {fitted.interrupted}; {how_to_resume(folder)}", file=sys.stderr)
        return checks.INTERRUPTED
    before.forget(folder)
    runs.clear_checkpoints(folder)
    if args.json:
        report = {"run": str(folder), "seconds": fitted.seconds, "epochs": fitted.finetuned.best_epoch}
        print_json(report | noted(dataset) | ({"metrics": intervals(evaluation, args.at)} if evaluation else {}))
        return 0
    print(f"\n{config.name}, seed {config.seed}: {_stages(fitted)}")
    _print_results(fitted, evaluation, config.name, folder, args)
    return 0


def _stages(fitted: Fitted) -> str:
    """Wall time by stage."""
    parts = [f"{stage} {seconds:.0f} s" for stage, seconds in fitted.seconds.items()]
    return f"{fitted.finetuned.best_epoch} epochs; " + ", ".join(parts)


# ---- baselines -------------------------------------------------------------------------------------------------------


def _train_baseline(args: Namespace) -> int:
    """Fit a baseline with its own settings, evaluate it once and save it."""
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise RamgnnError(f"only RAM-GNN is trained by several processes; start --model {args.model} without torchrun")
    settings = _baseline_settings(args.model, args.set)
    if not api.baseline(args.model).trained and (options := _only_trained(args)):
        raise RamgnnError(f"{args.model} is fitted in one go on the CPU; leave out {', '.join(options)}")
    data_source = source(args)
    folder = Path(args.out or f"runs/{data_source.label}-{args.model}-{args.seed}")
    checked_device(args.device or "cpu")
    with held(folder, args):
        return _fit_baseline(args, data_source, settings, folder)


def _fit_baseline(args: Namespace, data_source: Source, settings: dict[str, Any], folder: Path) -> int:
    """`_train_baseline`, once it is clear what is fitted to what and where."""
    quiet = args.quiet or args.json
    dataset = data_source.load(False if quiet else None)
    if quiet:
        print_doubts(dataset)
    else:
        print_summary(dataset)
    started = time.perf_counter()
    model = api.fit(
        dataset, model=args.model, settings=settings, seed=args.seed, epochs=args.epochs, device=args.device or "cpu",
        progress=not quiet, refit=args.refit,
    )  # fmt: skip
    seconds = round(time.perf_counter() - started, 3)
    evaluation = None
    if len(dataset.test) and not args.no_test and not model.interrupted:
        evaluation = api.evaluate(model, ties=args.ties)
    with before.replaced(folder, stopped=True):
        if runs.unfinished(folder):  # only now: neither a mistake in the data nor a kill costs a run
            runs.clear_run(folder)
        runs.save(folder, model, data_source, evaluation)
    if model.interrupted:
        kept = f"; the run before it is in {visible(folder / BEFORE)}" * before.is_kept(folder)
        reached = f"stopped after {model.epochs} epochs; what was reached is saved in {visible(folder)}"
        print(reached + kept, file=sys.stderr)
        return checks.INTERRUPTED
    if args.json:
        report = {"run": str(folder), "model": args.model, "seconds": {"training": seconds}}
        print_json(report | noted(dataset) | ({"metrics": intervals(evaluation, args.at)} if evaluation else {}))
        return 0
    print(f"\n{args.model}, seed {args.seed}: {seconds:.0f} s")
    _print_results(model, evaluation, args.model, folder, args)
    return 0


def _only_trained(args: Namespace) -> list[str]:
    """The options given that mean nothing to a model that is not trained epoch by epoch."""
    return ["--epochs"] * (args.epochs is not None) + ["--device"] * (args.device not in (None, "cpu"))


def _baseline_settings(model: str, assignments: list[str]) -> dict[str, Any]:
    """The settings of a baseline that ``--set`` changes, by name.

    Raises:
        NotFoundError: there is no such baseline, or it has no such setting; the message lists those there are.
        RamgnnError: the text is not ``NAME=VALUE``, or the value is not of the setting's kind.
    """
    settings = {}
    for text in assignments:
        name, value = assignment(text, "setting", "lr=0.01")
        settings[name] = value
    return api.baseline(model).check(settings)


# ---- for both --------------------------------------------------------------------------------------------------------


def _print_results(model: FittedModel, evaluation: Evaluation | None, name: str, folder: Path, args: Namespace) -> None:
    """Print the table, if there is an evaluation, what recommends, and what to do next."""
    dataset = model.dataset
    if evaluation is not None:
        print(_results_table(evaluation, name, dataset, args))
    if model.served is not None:
        table = "; the table is of the model that never saw them" * (evaluation is not None)
        print(f"\nWhat recommends was trained once more, with the held-out items in{table}.")
    asked = f"{flag('--run', folder)} {flag('--user', dataset.user_ids[0])}"
    print(f"\nsaved in {visible(folder)}; next: ramgnn recommend {asked} -n 10")


def _results_table(evaluation: Evaluation, name: str, dataset: RecDataset, args: Namespace) -> str:
    """The table that train prints: this run with intervals, two baselines, the paper's row."""
    rows = {f"this run ({name})": {m: interval_text(i) for m, i in intervals(evaluation, args.at).items()}}
    if not args.no_baselines:
        for baseline in BESIDE:
            try:
                metrics = evaluate(registry.get(baseline).factory(dataset), dataset, args.ties).metrics(args.at)
            except RamgnnError as error:
                print(f"{baseline} is left out: {visible_lines(str(error))}", file=sys.stderr)
                continue
            rows[f"{baseline}, measured here"] = {m: f"{value:.3f}" for m, value in metrics.items()}
    note = ""
    if dataset.name in paper.DATA and dataset.n_users == paper.USERS[dataset.name]:
        printed = paper.row("RAM-GNN", dataset.name)
        rows["RAM-GNN as printed in the paper"] = {m: f"{value:.3f}" for m, value in printed.items()}
    elif dataset.name in paper.DATA:
        note = (
            f"\nthe paper's row is for {paper.USERS[dataset.name]:,} users and not for this part of the data; left out"
        )
    names = columns(args.at)
    frame = pd.DataFrame([[row.get(c, "") for c in names] for row in rows.values()], list(rows), list(names))
    return f"\n{ranking_text(evaluation)}\n{frame.to_string()}\n[…]: 95 % bootstrap interval over users{note}"
