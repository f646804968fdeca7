"""Running what is missing: trials of each model one after the other, then its seeds, several models at a time.

Everything that is done is in the store, so a call that was stopped or killed goes on with the next one.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context, parent_process
from pathlib import Path
from statistics import fmean
from threading import Thread
from typing import Any

from tqdm import tqdm

from ramgnn.datasets.base import RecDataset
from ramgnn.errors import RamgnnError
from ramgnn.evaluation import rank_test
from ramgnn.experiments import data
from ramgnn.experiments.lineup import model_spec
from ramgnn.experiments.models import ModelSpec
from ramgnn.experiments.store import Result, Store, best, fingerprint_test
from ramgnn.experiments.tuning import SEARCH, TRIALS, best_settings, n_trials, run_trial
from ramgnn.provenance import provenance

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


@dataclass(frozen=True)
class Task:
    """One trial, or one run with a seed; exactly one of the two numbers is given."""

    dataset_name: str
    model: str
    trial: int | None = None
    seed: int | None = None

    def __str__(self) -> str:
        return f"{self.model}, " + (f"trial {self.trial}" if self.seed is None else f"seed {self.seed}")


@dataclass(frozen=True)
class Plan:
    """What shall be there in the end.

    Attributes:
        dataset_name: the data set.
        models: by name; those whose tuned settings they take over come with them.
        seeds: of the runs; models that do not depend on the seed have the first one only.
        trials: for each model that is tuned.
    """

    dataset_name: str
    models: tuple[str, ...]
    seeds: tuple[int, ...]
    trials: int = TRIALS

    def specs(self) -> list[ModelSpec]:
        """All of these models and those that they inherit from, which come first."""
        known = {name: model_spec(name, self.dataset_name) for name in self.models}
        names = [name for model, spec in known.items() for name in (spec.inherits_from, model) if name]
        return [model_spec(name, self.dataset_name) for name in dict.fromkeys(names)]

    def seeds_of(self, spec: ModelSpec) -> tuple[int, ...]:
        """The seeds that a model is run with; none for one that only gives its tuned settings."""
        if spec.name not in self.models:
            return ()
        seeds = tuple(SEARCH * spec.search + seed for seed in self.seeds)
        return seeds if spec.seeded else seeds[:1]

    def missing(self, store: Store) -> list[Task]:
        """All that is not stored yet, or was run with settings that later trials have beaten."""
        tasks = []
        for spec in self.specs():
            on = self.dataset_name, spec.name
            trials = store.trials(data.tuned_on(self.dataset_name), spec.name)
            done, top = {x.number for x in trials}, best(trials)
            if data.tuned_on(self.dataset_name) == self.dataset_name:
                tasks += [Task(*on, n) for n in range(n_trials(spec, self.trials)) if n not in done]
            elif top is None:
                raise RamgnnError(f"{spec.name!r} is to be tuned on {data.tuned_on(self.dataset_name)} first")
            for seed in self.seeds_of(spec):
                run = store.get(*on, seed) if store.has(*on, seed) else None
                if run is None or top is None or (run.tuned, run.epochs) != (top.settings, top.epochs):
                    tasks.append(Task(*on, seed=seed))
        return tasks


def ready(tasks: Sequence[Task], running: Sequence[Task]) -> Iterator[Task]:
    """Those that can begin: trials of a model in their order, seeds after its trials, variants after their base.

    Args:
        tasks: all that is not done, those that run now included.
    """
    tuning = {t.model for t in tasks if t.seed is None}
    with_trial = set()  # models whose next trial has been looked at
    for task in tasks:
        base = model_spec(task.model, task.dataset_name).inherits_from
        if task.seed is None and task.model in with_trial:
            continue
        with_trial |= {task.model} if task.seed is None else set()
        if task in running or base in tuning or (task.seed is not None and task.model in tuning):
            continue
        yield task


# ---- in a process of its own ----------------------------------------------------------------------------------------


@cache
def _data(name: str) -> RecDataset:
    return data.load(name)


def _end_with_parent() -> None:
    """Let this process end when the one that started it is gone, killed for instance, instead of working on unseen."""

    def watch() -> None:
        parent_process().join()
        os._exit(1)

    Thread(target=watch, daemon=True).start()


def work(task: Task, folder: Path) -> None:
    """Do one task and store what comes of it."""
    import torch

    torch.set_num_threads(1)
    store, dataset = Store(folder), _data(task.dataset_name)
    spec = model_spec(task.model, task.dataset_name)
    if task.seed is None:
        base = spec.inherits_from and model_spec(spec.inherits_from, task.dataset_name)
        inherited = best_settings(store, task.dataset_name, base)[0] if base else None
        earlier = store.trials(task.dataset_name, spec.name)
        trial = run_trial(spec, dataset, task.trial, earlier, inherited)
        store.put_trial(task.dataset_name, spec.name, trial, {k: str(x) for k, x in spec.space.items()})
    else:
        store.put(run_tuned(store, task.dataset_name, dataset, spec, task.seed))


def run_tuned(store: Store, dataset_name: str, dataset: RecDataset, spec: ModelSpec, seed: int) -> Result:
    """Train with the tuned settings on all training interactions, and rank the test items."""
    return run_with(dataset_name, dataset, spec, seed, *best_settings(store, data.tuned_on(dataset_name), spec))


def run_with(
    dataset_name: str, dataset: RecDataset, spec: ModelSpec, seed: int, settings: dict[str, Any], epochs: int
) -> Result:
    """The same with these settings and number of epochs."""
    started = time.process_time()
    scorer, history = spec.run(dataset, settings, seed, epochs)
    ranks = rank_test(scorer, dataset)
    seconds = round(time.process_time() - started, 2)
    return Result(
        data=dataset_name,
        model=spec.name,
        seed=seed,
        ranks=ranks,
        test_fingerprint=fingerprint_test(dataset),
        settings=spec.settings(settings),
        tuned=settings,
        epochs=epochs,
        seconds=seconds,
        provenance=provenance(),
        history=history,
    )


# ---- in the process that was called ---------------------------------------------------------------------------------


def execute(plan: Plan, store: Store, jobs: int = 2, progress: bool = True) -> list[Task]:
    """Do everything that is missing; returns the tasks that failed.

    Args:
        jobs: how many processes work at a time, with one thread each: results depend on the number of threads.
        progress: show a bar with the time that is left, as far as the times of what is done can tell.

    Ctrl-C ends the tasks that are in work, which then have to be made again, and keeps all that is done.
    """
    tasks, running, failed = plan.missing(store), {}, []
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, "1"))  # read by the new processes when they import their libraries
    pool = ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_end_with_parent)
    bar = tqdm(total=len(tasks), desc=plan.dataset_name, unit="task", disable=not progress)
    try:
        while tasks:
            for task in list(ready(tasks, list(running.values()))):
                if len(running) < jobs:
                    running[pool.submit(work, task, store.folder)] = task
            bar.set_postfix_str(f"{_left(tasks, plan, store, jobs)}; {' and '.join(map(str, running.values()))}")
            for future in wait(running, return_when=FIRST_COMPLETED)[0]:
                task = running.pop(future)
                tasks.remove(task)
                if (error := _error(future)) is not None:
                    failed.append(task)
                    tqdm.write(f"{task}: {error}")
                    tasks = _without_what_needs(task, tasks)
                bar.update()
    except KeyboardInterrupt:
        bar.close()
        tqdm.write(f"stopped by you; {len(plan.missing(store))} of the tasks are left, the same command goes on")
        pool.shutdown(wait=True, cancel_futures=True)
        raise
    finally:
        bar.close()
        pool.shutdown(wait=True, cancel_futures=True)
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
    return failed


def _error(future: Future) -> str | None:
    """What went wrong with a task, in one line; None when nothing did.

    Raises:
        RamgnnError: its process was killed, so the others are gone as well.
    """
    try:
        future.result()
    except BrokenProcessPool as error:
        raise RamgnnError(
            "a process was killed, perhaps for want of memory; what is done is stored, and the same command goes on, "
            "with one process at a time if memory is short"
        ) from error
    except KeyboardInterrupt:
        raise
    except Exception as error:  # one task that fails shall not end the others
        return f"{type(error).__name__}: {error}"
    return None


def _without_what_needs(failed: Task, tasks: list[Task]) -> list[Task]:
    """What is left when a task failed: nothing that builds on it."""
    if failed.seed is not None:
        return tasks
    dropped = [t for t in tasks if failed.model in (t.model, model_spec(t.model, t.dataset_name).inherits_from)]
    for model in dict.fromkeys(t.model for t in dropped):
        tqdm.write(f"{model}: its other tasks are left out")
    return [t for t in tasks if t not in dropped]


def _left(tasks: Sequence[Task], plan: Plan, store: Store, jobs: int) -> str:
    """About how long the tasks take, from those of the same model, or of all models, that are stored."""
    known: dict[str, list[float]] = {}
    for spec in plan.specs():
        on = plan.dataset_name, spec.name
        seconds = [x.seconds for x in store.trials(*on)] + [store.get(*on, s).seconds for s in store.seeds(*on)]
        if seconds:
            known[spec.name] = seconds
    if not known:
        return "time left unknown yet"
    usual = fmean(fmean(x) for x in known.values())
    minutes = sum(fmean(known.get(t.model, [usual])) for t in tasks) / jobs / 60
    return (
        f"about {minutes // 60:.0f} h {minutes % 60:.0f} min left" if minutes >= 60 else f"about {minutes:.0f} min left"
    )
