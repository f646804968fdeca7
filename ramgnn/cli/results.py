"""``ramgnn run`` and ``ramgnn results``: make the runs that a table needs, and print what is stored."""

from __future__ import annotations

import importlib.util
import sys
from argparse import Namespace
from pathlib import Path

from ramgnn.cli import checks
from ramgnn.cli.typed import flag
from ramgnn.errors import NotFoundError, RamgnnError
from ramgnn.experiments.data import source
from ramgnn.experiments.lineup import model_spec
from ramgnn.experiments.runner import Plan, Task, execute
from ramgnn.experiments.statistics import METRICS, all_pairs, by_model, summarise
from ramgnn.experiments.store import FOLDER, Store
from ramgnn.experiments.tables import FORMATS, TABLES, Table, as_text, cells, plain, rows_on, runs_of, table
from ramgnn.experiments.trajectories import ends
from ramgnn.experiments.tuning import n_trials
from ramgnn.experiments.verdicts import judge
from ramgnn.files import replacing
from ramgnn.visible import visible

MAX_SEEDS = 1000


def seeds(text: str) -> tuple[int, ...]:
    """Seeds from text such as ``0-9`` or ``0,3,7``.

    Raises:
        RamgnnError: the text is not of that form.
    """
    try:
        numbers: list[int] = []
        for part in text.split(","):
            low, dash, high = part.partition("-")
            span = range(int(low), int(high) + 1) if dash else [int(low)]
            numbers += span[: MAX_SEEDS + 1]
    except ValueError:
        numbers = []
    if not numbers or len(numbers) > MAX_SEEDS:
        raise RamgnnError(
            f"cannot read the seeds {text!r}; expected, for example, 0-9 or 0,3,7, and at most {MAX_SEEDS} of them"
        )
    return tuple(dict.fromkeys(numbers))


def run(args: Namespace) -> int:
    """``ramgnn run``: make what is missing; 1 when a task failed."""
    plan, store = _plan(args), Store(args.out or FOLDER)
    if not args.list:
        checks.folder(store.folder)
    tasks = plan.missing(store)
    if args.list or not tasks:
        _say_missing(plan, store, tasks)
        return 0
    if importlib.util.find_spec("optuna") is None and any(t.seed is None for t in tasks):
        raise RamgnnError("tuning needs the package optuna; install it: pip install 'ramgnn[experiments]'")
    failed = execute(plan, store, args.jobs, not args.quiet)
    print(f"{len(tasks) - len(failed)} done, {len(failed)} failed; stored in {visible(store.folder)}", file=sys.stderr)
    return 1 if failed else 0


def _plan(args: Namespace) -> Plan:
    """What is asked for."""
    source(args.data)  # an unknown one is refused before anything begins
    if args.jobs < 1 or args.trials < 1:
        raise RamgnnError(f"--jobs is {args.jobs} and --trials {args.trials}; expected at least 1 of both")
    names = list(TABLES) if args.name == "all" else [args.name]
    models = list(dict.fromkeys(row.model for name in names for row in rows_on(table(name), args.data)))
    for name in args.only or ():
        if name not in models:
            raise NotFoundError(f"row of {args.name}", name, models)
    most = max(table(name).seeds for name in names)
    chosen = seeds(args.seeds) if args.seeds else tuple(range(most))
    return Plan(args.data, tuple(args.only or models), chosen, args.trials)


def _say_missing(plan: Plan, store: Store, tasks: list[Task]) -> None:
    if not tasks:
        print(f"nothing is missing in {visible(store.folder)}")
        return
    for model in dict.fromkeys(t.model for t in tasks):
        of_model = [t for t in tasks if t.model == model]
        trials, runs = sum(t.seed is None for t in of_model), sum(t.seed is not None for t in of_model)
        print(f"{model:22} {trials:3} trials and {runs:3} runs are missing")
    print(f"{len(tasks)} tasks; those of a model that fails are left out")


def results(args: Namespace) -> int:
    """``ramgnn results``: print what is stored."""
    store = Store(args.out or FOLDER)
    table(args.of)  # a table, a metric and data that there are not are refused whatever is asked
    if args.metric not in METRICS:
        raise NotFoundError("metric", args.metric, METRICS)
    source(args.data)
    if args.plot and args.name in ("status", "verdicts", "pairs"):
        raise RamgnnError(f"--plot draws tables and figures, not {args.name}; leave it out")
    if args.plot:
        _check_file(Path(args.plot))
    if args.name == "status":
        print(_status(store, args.data))
        return 0
    if args.name == "verdicts":
        print(_verdicts(store, args.data, args.format))
        return 0
    if args.name == "pairs":
        print(_pairs(store, args.data, args.of, args.metric, args.format))
        return 0
    one = table(args.name)
    head, lines, missing = cells(one, store, args.data)
    print(FORMATS[args.format](head, lines))
    if args.format == "text":
        print(
            f"\n{one.title}; {args.data}. Mean ± standard deviation over seeds [95 % interval over users and seeds]; "
            "paper's: as the paper prints it."
        )
    if one.name == "figure5":
        print("\n" + FORMATS[args.format](*ends(one, store, args.data)))
    if args.plot:
        for path in _plots(one, store, args.data, Path(args.plot)):
            print(f"drawn: {visible(path)}", file=sys.stderr)
    if missing:
        told = flag("--data", args.data) + (f" {flag('--out', args.out)}" if args.out else "")
        print(f"{missing} runs are missing: python -m ramgnn run {one.name} {told}", file=sys.stderr)
    return 0


def _check_file(path: Path) -> None:
    """Refuse a file that cannot be drawn or written before anything is computed for it."""
    from matplotlib.backend_bases import FigureCanvasBase

    if path.is_dir():
        raise RamgnnError(f"--plot {path}: it is a folder; choose another file")
    if not path.parent.is_dir():
        raise RamgnnError(f"--plot {path}: the folder {path.parent} does not exist; make it or choose another file")
    known = sorted(FigureCanvasBase.get_supported_filetypes())
    if path.suffix.removeprefix(".") not in known:
        raise RamgnnError(f"--plot {path}: cannot draw {path.suffix or 'a file without an ending'}; known: {known}")


def _plots(one: Table, store: Store, dataset_name: str, path: Path) -> list[Path]:
    """Draw a table, or Figure 5 with a file for each of its rows that has runs; returns what was written."""
    import matplotlib

    matplotlib.use("agg")  # files only: works where there is no screen
    from ramgnn import plots
    from ramgnn.experiments import figures

    written = []
    with plots.style():
        if one.name != "figure5":
            written.append((path, figures.intervals(one, store, dataset_name, one.metrics)))
        for row in rows_on(one, dataset_name) if one.name == "figure5" else ():
            if results := runs_of(row, one, store, dataset_name):
                place = path.with_stem(f"{path.stem}-{row.model.replace(' ', '-')}")
                written.append((place, figures.sampler(results)))
        for place, figure in written:
            with replacing(place) as part:
                figure.savefig(part, format=place.suffix.removeprefix("."))
    return [place for place, _ in written]


def _status(store: Store, dataset_name: str) -> str:
    """What is there of each table, and what it took."""
    lines = []
    for one in TABLES.values():
        for row in rows_on(one, dataset_name):
            trials, spec = store.trials(dataset_name, row.model), model_spec(row.model, dataset_name)
            done, need = len(store.seeds(dataset_name, row.model)), one.seeds if spec.seeded else 1
            lines.append([one.name, row.model, f"{len(trials)} of {n_trials(spec)}", f"{min(done, need)} of {need}"])
    text = as_text(["table", "model", "trials", "runs"], lines)
    hours = store.hours(dataset_name)
    return f"{text}\n\n{dataset_name}: {hours:.1f} hours of one processor core so far, in {visible(store.folder)}"


def _pairs(store: Store, dataset_name: str, of: str, metric: str, form: str) -> str:
    """Every model of a table against every other on one metric, the first better than the second."""
    grouped = by_model(store.results(dataset_name, [row.model for row in rows_on(table(of), dataset_name)]))
    if len(grouped) < 2:
        raise RamgnnError(
            f"{len(grouped)} rows of {of} have runs on {dataset_name}; a comparison needs two: "
            f"ramgnn run {of} {flag('--data', dataset_name)}"
        )
    means = {name: summarise(runs, metric, 2).mean for name, runs in grouped.items()}
    ordered = {name: grouped[name] for name in sorted(grouped, key=lambda name: -means[name])}
    lines = [
        [c.a, c.b, f"{c.difference:+.4f}", c.interval, f"{c.p:.4f}", f"{c.corrected:.4f}",
         "better" if c.sign > 0 else "cannot be told"]
        for c in all_pairs(ordered, metric)
    ]  # fmt: skip
    head = ["", "against", metric, "95 % interval", "p", f"corrected for {len(lines)} pairs", "verdict"]
    return FORMATS[form](head, lines)


def _verdicts(store: Store, dataset_name: str, form: str) -> str:
    """Every claim, for the tuned model and for the letter of the paper."""
    lines = []
    for ours in ("ram-gnn", "ram-gnn as printed"):
        for one in judge(store, dataset_name, ours):
            lines.append([one.claim, ours, one.text, one.verdict, one.why])
    head = ["claim", "model", "the paper says", "verdict", "why"]
    if form != "text":
        return FORMATS[form](head, lines)
    return "\n\n".join(
        f"{name}  {text} ({ours}): {verdict.upper()}\n    {plain(why)}" for name, ours, text, verdict, why in lines
    )
