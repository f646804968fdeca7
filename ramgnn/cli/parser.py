"""Every command with its options, defaults and help. Imports nothing heavy."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence

from ramgnn.arguments import MAX_SEED
from ramgnn.cli import checks, examples, options
from ramgnn.cli.actions import Adding, AddingPairs, OnceOrNot, Parser


def build_parser() -> Parser:
    """The parser with all commands."""
    root = Parser(
        prog="ramgnn",
        description="Recommendations from multi-relational graphs, with reasons.",
        epilog=examples.ROOT,
    )
    root.add_argument("--version", action="store_true", help="print the version and end")
    root.add_argument("--debug", action="store_true", help="show the traceback of an error")
    commands = root.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    for add in (_data, _train, _evaluate, _recommend, _similar, _explain, _neighbors, _run, _results, _readings):
        add(commands)
    return root


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """What was typed; None for the arguments of this process.

    Raises:
        SystemExit: it cannot be parsed (status 2), or ``--help`` was asked for (0).
    """
    root = build_parser()
    args, unknown = root.parse_known_args(arguments)
    if unknown:
        getattr(args, "subparser", root).unknown(unknown)
    return args


def _command(
    commands,
    name: str,
    handler: str,
    summary: str,
    description: str = "",
    epilog: str = "",
    check: Callable[[argparse.Namespace], None] | None = None,
) -> Parser:
    """Add one command.

    Args:
        commands: where to add it.
        name: what is typed.
        handler: ``module:function`` below `ramgnn.cli`, imported when the command runs.
        summary: its line in the list of commands; also its description, unless it has a longer one.
        description, epilog: what stands above and below its options.
        check: refuses options that exclude each other, by `ArgumentParser.error`.
    """
    sub = commands.add_parser(
        name,
        help=summary,
        description=description or summary[0].upper() + summary[1:] + ".",
        epilog=epilog,
    )
    # the parser itself is in the namespace so that `check` can report errors and ask for defaults
    sub.set_defaults(handler=f"ramgnn.cli.{handler}", check=check, subparser=sub)
    return sub


# ---- the commands ----------------------------------------------------------------------------------------------------


def _data(commands) -> None:
    data = commands.add_parser(
        "data",
        help="list, describe and check data sets",
        description="Data sets: those that the package knows by name, and your own tables.",
        epilog=examples.DATA,
    )
    parts = data.add_subparsers(dest="part", metavar="PART", required=True)
    options.output(_command(parts, "list", "data:show_list", "the names of all data sets"))
    info = _command(
        parts, "info", "data:show_info", "sizes, relation types, split, licence and citation of one data set"
    )
    check = _command(
        parts, "check", "data:check", "read a data set, or your own tables, and say whether everything fits together"
    )
    info.add_argument("name", nargs="?", help="which data set or folder (default: movietweetings)")
    check.add_argument(
        "name", nargs="?", help="data set or folder (default: your own tables if given, or movietweetings)"
    )
    for sub in (info, check):
        options.dataset(sub)
        options.output(sub)


def _train(commands) -> None:
    train = _command(
        commands,
        "train",
        "train:train",
        "train a model, evaluate it, save a run",
        description="Pre-trains RAM-GNN on the user graph and the item graph, fine-tunes the recommender with the\n"
        "number of epochs that validation chose, evaluates once on the held-out items and saves a run\n"
        "folder. After each epoch a checkpoint is written there, from which --resume goes on to the same\n"
        "numbers. With --model a baseline is trained, evaluated and saved instead.",
        epilog=examples.TRAIN,
        check=checks.train,
    )
    options.dataset(train)
    model = train.add_argument_group("model")
    model.add_argument(
        "--model", default=checks.RAM_GNN, metavar="NAME",
        help="ram-gnn (default), or a baseline such as ease, mf, lightgcn; an unknown name lists all",
    )  # fmt: skip
    model.add_argument("--config", help="default; temporal (has a clock; taken for own data with times); or as_printed")
    model.add_argument(
        "--set", nargs="+", action=AddingPairs, default=[], metavar="NAME=VALUE",
        help="settings, as in pretrain.dim=32; of a baseline, as in lr=0.01",
    )  # fmt: skip
    model.add_argument("--ablation", default="full", help="full, single, rns or attention (default: full)")
    seed = options.whole("a seed", 0, MAX_SEED)
    model.add_argument("--seed", type=seed, default=0, help="of everything that is drawn (default: 0)")
    model.add_argument("--device", help="cpu, cuda, cuda:1, … (default: cpu)")
    model.add_argument(
        "--epochs", type=options.whole("a number of epochs", 0),
        help="train the recommender, or the baseline, for so many epochs instead of asking validation; pre-training "
        "has its own: --set pretrain.epochs=N",
    )  # fmt: skip
    model.add_argument(
        "--refit", action=OnceOrNot,
        help="after that, train once more with the held-out items in, to recommend from all that is known; costs one "
        "more fine-tuning (default: for your own tables)",
    )  # fmt: skip
    run = train.add_argument_group("run")
    run.add_argument("--out", metavar="FOLDER", help="run folder (default: runs/DATA-CONFIG-SEED)")
    run.add_argument(
        "--overwrite", action="store_true",
        help="replace the run that is in the folder; until the new one has finished, the old one is kept in "
        f"FOLDER/{checks.BEFORE}, and it is put back if the new one cannot go on",
    )  # fmt: skip
    run.add_argument(
        "--resume", metavar="FOLDER",
        help="continue the run of RAM-GNN that was stopped or killed there, by its own settings; baselines start anew",
    )  # fmt: skip
    metrics = options.metrics(train)
    metrics.add_argument("--no-baselines", action="store_true", help="leave popularity and EASE out of the table")
    metrics.add_argument("--no-test", action="store_true", help="do not look at the held-out items")
    options.output(train, quiet=True)


def _evaluate(commands) -> None:
    evaluate = _command(
        commands,
        "evaluate",
        "evaluate:evaluate",
        "metrics of a run with intervals; compare two runs",
        epilog=examples.EVALUATE,
    )
    options.saved_run(evaluate)
    metrics = options.metrics(evaluate)
    metrics.add_argument("--compare", metavar="RUN", help="a second run on the same data: paired test for each metric")
    metrics.add_argument(
        "--by", choices=["session"], help="also by group: held-out item at the same time, within an hour, later"
    )
    options.output(evaluate)


def _recommend(commands) -> None:
    recommend = _command(
        commands,
        "recommend",
        "recommend:recommend",
        "the best items for one user, some, or all",
        description="The best items for one user, for several, or for all.\n\n"
        "With --out they go to a file, whose ending says how it is written: .csv, .tsv, .csv.gz, .jsonl or\n"
        ".parquet. The file has the columns user, rank, item, title (where items have one) and score, and\n"
        "appears under its name when it is complete.",
        epilog=examples.RECOMMEND,
        check=checks.recommend,
    )
    options.saved_run(recommend)
    users = recommend.add_argument_group("users (one of these)").add_mutually_exclusive_group(required=True)
    users.add_argument(
        "--user",
        type=options.id_text,
        action="append",
        help="id, or the name where users have one; may be given several times",
    )
    users.add_argument("--users", metavar="FILE", help="a file with one id a line; - is standard input")
    users.add_argument("--all", action="store_true", help="every user; without --out as CSV in UTF-8")
    options.had(users)
    items = recommend.add_argument_group("items")
    options.how_many(items, 10, "how many for each user")
    items.add_argument("--include-seen", action="store_true", help="also items that the user has had already")
    items.add_argument("--reasons", action="store_true", help="one reason for each; with --user or --had")
    output = options.output(recommend, quiet=True)
    output.add_argument("--out", metavar="FILE", help="write to a .csv, .tsv, .csv.gz, .jsonl or .parquet file")
    output.add_argument("--overwrite", action="store_true", help="replace the file of --out if it is there already")
    output.add_argument(
        "--skip-unknown", action="store_true", help="leave out ids in --users that are not in the data, and count them"
    )


def _similar(commands) -> None:
    similar = _command(
        commands,
        "similar",
        "ask:similar",
        "the items that are closest to one item after training",
        description="The items closest to one item: by the cosine of their final embeddings or, where a model\n"
        "has none, by the correlation over users of the scores that it gives them.",
        epilog=examples.SIMILAR,
    )
    options.saved_run(similar)
    options.item(similar, required=True)
    options.how_many(similar, 10)
    options.output(similar)


def _explain(commands) -> None:
    explain = _command(commands, "explain", "ask:explain", "why an item for a user", epilog=examples.EXPLAIN)
    options.saved_run(explain)
    who = explain.add_mutually_exclusive_group(required=True)
    options.user(who)
    options.had(who)
    options.item(explain, required=True)
    options.how_many(explain, 3, "how many films or people behind each reason")
    options.output(explain)


def _neighbors(commands) -> None:
    neighbors = _command(
        commands,
        "neighbors",
        "ask:neighbors",
        "the neighbours that the sampler keeps, with their attention",
        epilog=examples.NEIGHBORS,
    )
    options.saved_run(neighbors)
    node = neighbors.add_mutually_exclusive_group(required=True)
    options.item(node)
    options.user(node)
    options.how_many(neighbors, 20)
    options.output(neighbors)


def _run(commands) -> None:
    run = _command(
        commands,
        "run",
        "results:run",
        "make the runs of a table or figure of the paper: tune, train, store",
        description="Tunes each model on validation data, trains it with several seeds and stores every trial and\n"
        "run. What is stored is not made again, so a call that was stopped goes on.",
        epilog=examples.RUN,
    )
    run.add_argument("name", metavar="NAME", help="table3, table4, table5, table6, figure4, figure5, or all")
    run.add_argument("--data", default="ml-100k", help="ml-100k (default), movietweetings, kkbox (the subset) or toy")
    run.add_argument("--seeds", metavar="A-B", help="as in 0-9 or 0,3,7 (default: ten for tables 3 and 4, else five)")
    run.add_argument("--trials", type=int, default=20, help="of each model that is tuned (default: 20)")
    run.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes at a time (default: all cores)")
    run.add_argument("--only", nargs="+", action=Adding, metavar="MODEL", help="these rows only")
    run.add_argument("--list", action="store_true", help="say what is missing and do nothing")
    run.add_argument("--quiet", action="store_true", help="no progress bar")
    options.results_folder(run)


def _results(commands) -> None:
    results = _command(
        commands,
        "results",
        "results:results",
        "print stored results: a table, all pairs, status, verdicts on the paper's claims",
        description="Prints what is stored: means over seeds with intervals, the paper's numbers beside them.",
        epilog=examples.RESULTS,
    )
    results.add_argument(
        "name", metavar="NAME", help="table3 to table6, figure4, figure5, pairs, verdicts, or status: what is missing"
    )
    results.add_argument("--data", default="ml-100k", help="data set (default: ml-100k)")
    results.add_argument(
        "--format", default="text", choices=["text", "markdown", "latex", "csv"], help="of a table (default: text)"
    )
    results.add_argument("--plot", metavar="FILE", help="draw a table or figure too: .svg, .pdf or .png")
    results.add_argument("--of", metavar="TABLE", default="table3", help="whose pairs (default: table3)")
    results.add_argument("--metric", default="NDCG@10", help="of the pairs (default: NDCG@10)")
    options.results_folder(results)


def _readings(commands) -> None:
    readings = _command(
        commands,
        "readings",
        "readings:readings",
        "where the paper can be read in several ways, and which way each configuration takes",
    )
    options.output(readings)
