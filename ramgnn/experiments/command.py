"""``ramgnn run`` and ``ramgnn results``: make the runs that a table needs, and print what is stored."""

from __future__ import annotations

import importlib.util
import sys
from argparse import Namespace
from pathlib import Path

from ramgnn.errors import NotFoundError, RamgnnError
from ramgnn.experiments.contenders import contender
from ramgnn.experiments.data import source
from ramgnn.experiments.runner import Plan, Task, execute
from ramgnn.experiments.statistics import METRICS, all_pairs, by_model, summarise
from ramgnn.experiments.store import FOLDER, Store
from ramgnn.experiments.tables import FORMATS, TABLES, Table, as_text, cells, plain, rows_on, runs_of, table
from ramgnn.experiments.trajectories import ends
from ramgnn.experiments.tuning import wanted
from ramgnn.experiments.verdicts import judge


def seeds(text: str) -> tuple[int, ...]:
    """Seeds from text such as ``0-9`` or ``0,3,7``.

    Raises:
        RamgnnError: the text is not of that form.
    """
    try:
        found: list[int] = []
        for part in text.split(","):
            low, dash, high = part.partition("-")
            found += range(int(low), int(high) + 1) if dash else [int(low)]
    except ValueError:
        found = []
    if not found:
        raise RamgnnError(f"cannot read the seeds {text!r}; expected, for example, 0-9 or 0,3,7")
    return tuple(dict.fromkeys(found))


def run(given: Namespace) -> int:
    """``ramgnn run``: make what is missing; 1 when a task failed."""
    plan, store = _plan(given), Store(given.out or FOLDER)
    tasks = plan.missing(store)
    if given.list or not tasks:
        _say_missing(plan, store, tasks)
        return 0
    if importlib.util.find_spec("optuna") is None and any(t.seed is None for t in tasks):
        raise RamgnnError("tuning needs the package optuna; install it: pip install 'ramgnn[experiments]'")
    failed = execute(plan, store, given.jobs, not given.quiet)
    print(f"{len(tasks) - len(failed)} done, {len(failed)} failed; stored in {store.folder}", file=sys.stderr)
    return 1 if failed else 0


def _plan(given: Namespace) -> Plan:
    """What is asked for."""
    source(given.data)  # an unknown one is refused before anything begins
    if given.jobs < 1 or given.trials < 1:
        raise RamgnnError(f"--jobs is {given.jobs} and --trials {given.trials}; expected at least 1 of both")
    names = list(TABLES) if given.name == "all" else [given.name]
    models = list(dict.fromkeys(row.model for name in names for row in rows_on(table(name), given.data)))
    for name in given.only or ():
        if name not in models:
            raise NotFoundError(f"row of {given.name}", name, models)
    most = max(table(name).seeds for name in names)
    chosen = seeds(given.seeds) if given.seeds else tuple(range(most))
    return Plan(given.data, tuple(given.only or models), chosen, given.trials)


def _say_missing(plan: Plan, store: Store, tasks: list[Task]) -> None:
    if not tasks:
        print(f"nothing is missing in {store.folder}")
        return
    for model in dict.fromkeys(t.model for t in tasks):
        own = [t for t in tasks if t.model == model]
        trials, runs = sum(t.seed is None for t in own), sum(t.seed is not None for t in own)
        print(f"{model:22} {trials:3} trials and {runs:3} runs are missing")
    print(f"{len(tasks)} tasks; those of a model that fails are left out")


def results(given: Namespace) -> int:
    """``ramgnn results``: print what is stored."""
    store = Store(given.out or FOLDER)
    if given.plot and given.name in ("status", "verdicts", "pairs"):
        raise RamgnnError(f"--plot draws tables and figures, not {given.name}; leave it out")
    if given.plot:
        _check_ending(Path(given.plot))
    if given.name == "status":
        print(_status(store, given.data))
        return 0
    if given.name == "verdicts":
        print(_verdicts(store, given.data, given.format))
        return 0
    if given.name == "pairs":
        print(_pairs(store, given.data, given.of, given.metric, given.format))
        return 0
    one = table(given.name)
    head, lines, missing = cells(one, store, given.data)
    print(FORMATS[given.format](head, lines))
    if given.format == "text":
        print(
            f"\n{one.title}; {given.data}. Mean ± standard deviation over seeds [95 % interval over users and seeds]; "
            "paper's: as the paper prints it."
        )
    if one.name == "figure5":
        print("\n" + FORMATS[given.format](*ends(one, store, given.data)))
    if given.plot:
        for path in _plots(one, store, given.data, Path(given.plot)):
            print(f"drawn: {path}", file=sys.stderr)
    if missing:
        print(f"{missing} runs are missing: python -m ramgnn run {one.name} --data {given.data}", file=sys.stderr)
    return 0


def _check_ending(path: Path) -> None:
    """Refuse a file that cannot be drawn before anything is computed for it."""
    from matplotlib.backend_bases import FigureCanvasBase

    known = sorted(FigureCanvasBase.get_supported_filetypes())
    if path.suffix.removeprefix(".") not in known:
        raise RamgnnError(f"--plot {path}: cannot draw {path.suffix or 'a file without an ending'}; known: {known}")


def _plots(one: Table, store: Store, data: str, path: Path) -> list[Path]:
    """Draw a table, or Figure 5 with a file for each of its rows that has runs; returns what was written."""
    import matplotlib

    matplotlib.use("agg")  # files only: works where there is no screen
    from ramgnn import plots
    from ramgnn.experiments import figures

    written = []
    with plots.style():
        if one.name != "figure5":
            written.append((path, figures.intervals(one, store, data, one.metrics)))
        for row in rows_on(one, data) if one.name == "figure5" else ():
            if results := runs_of(row, one, store, data):
                own = path.with_stem(f"{path.stem}-{row.model.replace(' ', '-')}")
                written.append((own, figures.sampler(results)))
        path.parent.mkdir(parents=True, exist_ok=True)
        for own, figure in written:
            figure.savefig(own)
    return [own for own, _ in written]


def _status(store: Store, data: str) -> str:
    """What is there of each table, and what it took."""
    lines = []
    for one in TABLES.values():
        for row in rows_on(one, data):
            trials, who = store.trials(data, row.model), contender(row.model)
            done, need = len(store.seeds(data, row.model)), one.seeds if who.seeded else 1
            lines.append([one.name, row.model, f"{len(trials)} of {wanted(who)}", f"{min(done, need)} of {need}"])
    text = as_text(["table", "model", "trials", "runs"], lines)
    return f"{text}\n\n{data}: {store.hours(data):.1f} hours of one processor core so far, in {store.folder}"


def _pairs(store: Store, data: str, of: str, metric: str, form: str) -> str:
    """Every model of a table against every other on one metric, the first better than the second."""
    if metric not in METRICS:
        raise NotFoundError("metric", metric, METRICS)
    found = by_model(store.results(data, [row.model for row in rows_on(table(of), data)]))
    if len(found) < 2:
        raise RamgnnError(f"{len(found)} rows of {of} have runs on {data}; a comparison needs two: ramgnn run {of}")
    means = {name: summarise(runs, metric, 2).mean for name, runs in found.items()}
    ordered = {name: found[name] for name in sorted(found, key=lambda name: -means[name])}
    lines = [
        [c.a, c.b, f"{c.difference:+.4f}", c.interval, f"{c.p:.4f}", f"{c.corrected:.4f}",
         "better" if c.sign > 0 else "cannot be told"]
        for c in all_pairs(ordered, metric)
    ]  # fmt: skip
    head = ["", "against", metric, "95 % interval", "p", f"corrected for {len(lines)} pairs", "verdict"]
    return FORMATS[form](head, lines)


def _verdicts(store: Store, data: str, form: str) -> str:
    """Every claim, for the tuned model and for the letter of the paper."""
    lines = []
    for ours in ("ram-gnn", "ram-gnn as printed"):
        for one in judge(store, data, ours):
            lines.append([one.claim, ours, one.text, one.verdict, one.why])
    head = ["claim", "model", "the paper says", "verdict", "why"]
    if form != "text":
        return FORMATS[form](head, lines)
    return "\n\n".join(
        f"{name}  {text} ({ours}): {verdict.upper()}\n    {plain(why)}" for name, ours, text, verdict, why in lines
    )
