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
from ramgnn.experiments.contenders import Contender, contender, described, run
from ramgnn.experiments.store import Result, Store, best, fingerprint_test
from ramgnn.experiments.tuning import TRIALS, attempt, chosen, wanted
from ramgnn.runs import provenance

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


@dataclass(frozen=True)
class Task:
    """One trial, or one run with a seed; exactly one of the two numbers is given."""

    data: str
    model: str
    trial: int | None = None
    seed: int | None = None

    def __str__(self) -> str:
        return f"{self.model}, " + (f"trial {self.trial}" if self.seed is None else f"seed {self.seed}")


@dataclass(frozen=True)
class Plan:
    """What shall be there in the end.

    Attributes:
        data: the data set.
        models: by name; those whose tuned settings they take over come with them.
        seeds: of the runs; models that do not depend on the seed have the first one only.
        trials: for each model that is tuned.
    """

    data: str
    models: tuple[str, ...]
    seeds: tuple[int, ...]
    trials: int = TRIALS

    def contenders(self) -> list[Contender]:
        """All who take part and can be run on the data."""
        names = [n for m in self.models for n in ([contender(m).after] if contender(m).after else []) + [m]]
        found = [contender(name) for name in dict.fromkeys(names)]
        return [who for who in found if not who.data or self.data in who.data]

    def seeds_of(self, who: Contender) -> tuple[int, ...]:
        """The seeds that a contender is run with; none for one that only gives its tuned settings."""
        if who.name not in self.models:
            return ()
        return self.seeds if who.seeded else self.seeds[:1]

    def missing(self, store: Store) -> list[Task]:
        """All that is not stored yet, or was run with settings that later trials have beaten."""
        found = []
        for who in self.contenders():
            trials = store.trials(self.data, who.name)
            done, top = {x.number for x in trials}, best(trials)
            found += [Task(self.data, who.name, n) for n in range(wanted(who, self.trials)) if n not in done]
            for seed in self.seeds_of(who):
                run = store.get(self.data, who.name, seed) if store.has(self.data, who.name, seed) else None
                if run is None or top is None or (run.tuned, run.epochs) != (top.settings, top.epochs):
                    found.append(Task(self.data, who.name, seed=seed))
        return found


def ready(tasks: Sequence[Task], running: Sequence[Task]) -> Iterator[Task]:
    """Those that can begin: trials of a model in their order, seeds after its trials, variants after their base.

    Args:
        tasks: all that is not done, those that run now included.
    """
    tuning = {t.model for t in tasks if t.seed is None}
    begun = set()
    for task in tasks:
        after = contender(task.model).after
        if task.seed is None and task.model in begun:
            continue
        begun |= {task.model} if task.seed is None else set()
        if task in running or after in tuning or (task.seed is not None and task.model in tuning):
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
    store, who, dataset = Store(folder), contender(task.model), _data(task.data)
    if task.seed is None:
        trial = attempt(store, task.data, dataset, who, task.trial, contender(who.after) if who.after else None)
        store.put_trial(task.data, who.name, trial, {k: str(x) for k, x in who.space.items()})
    else:
        store.put(make(store, task.data, dataset, who, task.seed))


def make(store: Store, name: str, dataset: RecDataset, who: Contender, seed: int) -> Result:
    """Train with the tuned settings on all training interactions, and rank the test items."""
    return trained(name, dataset, who, seed, *chosen(store, name, who))


def trained(name: str, dataset: RecDataset, who: Contender, seed: int, settings: dict[str, Any], epochs: int) -> Result:
    """The same with given settings and number of epochs."""
    started = time.process_time()
    score, history = run(who, dataset, settings, seed, epochs)
    ranks = rank_test(score, dataset)
    seconds = round(time.process_time() - started, 2)
    return Result(
        data=name,
        model=who.name,
        seed=seed,
        ranks=ranks,
        test_fingerprint=fingerprint_test(dataset),
        settings=described(who, settings),
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
    bar = tqdm(total=len(tasks), desc=plan.data, unit="task", disable=not progress)
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
            "with --jobs 1 if memory is short"
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
    gone = [t for t in tasks if t.model == failed.model or contender(t.model).after == failed.model]
    for model in dict.fromkeys(t.model for t in gone):
        tqdm.write(f"{model}: its other tasks are left out")
    return [t for t in tasks if t not in gone]


def _left(tasks: Sequence[Task], plan: Plan, store: Store, jobs: int) -> str:
    """About how long the tasks take, from those of the same model, or of all models, that are stored."""
    known: dict[str, list[float]] = {}
    for who in plan.contenders():
        seconds = [x.seconds for x in store.trials(plan.data, who.name)]
        seconds += [store.get(plan.data, who.name, s).seconds for s in store.seeds(plan.data, who.name)]
        if seconds:
            known[who.name] = seconds
    if not known:
        return "time left unknown yet"
    usual = fmean(fmean(x) for x in known.values())
    minutes = sum(fmean(known.get(t.model, [usual])) for t in tasks) / jobs / 60
    return (
        f"about {minutes // 60:.0f} h {minutes % 60:.0f} min left" if minutes >= 60 else f"about {minutes:.0f} min left"
    )
