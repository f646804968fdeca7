"""Every command with its options, defaults and help. Imports nothing beyond the standard library and `checks`."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable

from ramgnn.cli import checks, examples

Parser = argparse.ArgumentParser


def build_parser() -> Parser:
    """The parser with all commands."""
    root = Parser(
        prog="ramgnn",
        description="Recommendations from multi-relational graphs, with reasons.",
        epilog=examples.ROOT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    root.add_argument("--version", action="store_true", help="print the version and end")
    root.add_argument("--debug", action="store_true", help="show the traceback of an error")
    commands = root.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    for add in (_data, _train, _evaluate, _recommend, _similar, _explain, _neighbors, _run, _results, _readings):
        add(commands)
    return root


def _command(
    commands,
    name: str,
    handler: str,
    help: str,
    description: str = "",
    epilog: str = "",
    check: Callable[[argparse.Namespace], None] | None = None,
) -> Parser:
    """Add one command.

    Args:
        commands: where to add it.
        name: what is typed.
        handler: ``module:function`` below `ramgnn.cli`, imported when the command runs.
        help: its line in the list of commands; also its description, unless it has a longer one.
        description, epilog: what stands above and below its options.
        check: refuses options that exclude each other, by `ArgumentParser.error`.
    """
    sub = commands.add_parser(
        name,
        help=help,
        description=description or help[0].upper() + help[1:] + ".",
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
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
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parts = data.add_subparsers(dest="part", metavar="PART", required=True)
    _output(_command(parts, "list", "data:show_list", "the names of all data sets"))
    info = _command(
        parts, "info", "data:show_info", "sizes, relation types, split, licence and citation of one data set"
    )
    check = _command(
        parts, "check", "data:check", "read a data set, or your own tables, and say whether everything fits together"
    )
    info.add_argument("name", nargs="?", help="which data set (default: movietweetings)")
    check.add_argument("name", nargs="?", help="which data set (default: your own tables if given, or movietweetings)")
    for sub in (info, check):
        _dataset(sub)
        _output(sub)


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
    _dataset(train)
    model = train.add_argument_group("model")
    model.add_argument(
        "--model", default=checks.RAM_GNN, metavar="NAME",
        help="ram-gnn (default), or a baseline such as ease, mf, lightgcn; an unknown name lists all",
    )  # fmt: skip
    model.add_argument("--config", default="default", help="default, or as_printed: the letter of the paper")
    model.add_argument(
        "--set", nargs="+", default=[], metavar="NAME=VALUE",
        help="settings, as in pretrain.dim=32; of a baseline, as in lr=0.01",
    )  # fmt: skip
    model.add_argument("--ablation", default="full", help="full, single, rns or attention (default: full)")
    model.add_argument("--seed", type=int, default=0, help="of everything that is drawn (default: 0)")
    model.add_argument("--device", help="cpu, cuda, cuda:1, … (default: cpu)")
    model.add_argument("--epochs", type=int, help="train for so many epochs instead of asking validation")
    run = train.add_argument_group("run")
    run.add_argument("--out", metavar="FOLDER", help="run folder (default: runs/DATA-CONFIG-SEED)")
    run.add_argument("--overwrite", action="store_true", help="replace the run that is in the folder")
    run.add_argument(
        "--resume", metavar="FOLDER", help="continue the run that was stopped or killed there, with its own settings"
    )
    metrics = _metrics(train)
    metrics.add_argument("--no-baselines", action="store_true", help="leave popularity and EASE out of the table")
    metrics.add_argument("--no-test", action="store_true", help="do not look at the held-out items")
    _output(train, quiet=True)


def _evaluate(commands) -> None:
    evaluate = _command(
        commands,
        "evaluate",
        "evaluate:evaluate",
        "metrics of a run with intervals; compare two runs",
        epilog=examples.EVALUATE,
    )
    _saved_run(evaluate)
    metrics = _metrics(evaluate)
    metrics.add_argument("--compare", metavar="RUN", help="a second run on the same data: paired test for each metric")
    metrics.add_argument(
        "--by", choices=["session"], help="also by group: held-out item at the same time, within an hour, later"
    )
    _output(evaluate)


def _recommend(commands) -> None:
    recommend = _command(
        commands,
        "recommend",
        "ask:recommend",
        "the best items for one user, some, or all",
        description="The best items for one user, for several, or for all.\n\n"
        "With --out they go to a file, whose ending says how it is written: .csv, .tsv, .csv.gz, .jsonl or\n"
        ".parquet. The file has the columns user, rank, item, title (where items have one) and score, and\n"
        "appears under its name when it is complete.",
        epilog=examples.RECOMMEND,
        check=checks.recommend,
    )
    _saved_run(recommend)
    users = recommend.add_argument_group("users (one of these)").add_mutually_exclusive_group(required=True)
    users.add_argument(
        "--user", action="append", help="id, or the name where users have one; may be given several times"
    )
    users.add_argument("--users", metavar="FILE", help="a file with one id a line; - is standard input")
    users.add_argument("--all", action="store_true", help="every user; as CSV to standard output without --out")
    items = recommend.add_argument_group("items")
    items.add_argument("-n", type=_positive, default=10, help="how many for each user (default: 10)")
    items.add_argument("--include-seen", action="store_true", help="also items that the user has had already")
    items.add_argument("--reasons", action="store_true", help="one reason for each; with --user")
    output = _output(recommend, quiet=True)
    output.add_argument("--out", metavar="FILE", help="write to a .csv, .tsv, .csv.gz, .jsonl or .parquet file")
    output.add_argument(
        "--skip-unknown", action="store_true", help="leave out ids in --users that are not in the data, and count them"
    )


def _similar(commands) -> None:
    similar = _command(
        commands,
        "similar",
        "ask:similar",
        "the items that are closest to one item after training",
        description="The items closest to one item by the cosine of the model's final embeddings.",
        epilog=examples.SIMILAR,
    )
    _saved_run(similar)
    similar.add_argument("--item", required=True, help="id, or title or part of it")
    similar.add_argument("-n", type=_positive, default=10, help="how many (default: 10)")
    _output(similar)


def _explain(commands) -> None:
    explain = _command(commands, "explain", "ask:explain", "why an item for a user", epilog=examples.EXPLAIN)
    _saved_run(explain)
    explain.add_argument("--user", required=True, help="id or name")
    explain.add_argument("--item", required=True, help="id, or title or part of it")
    explain.add_argument("-n", type=int, default=3, help="how many films or people behind each reason (default: 3)")
    _output(explain)


def _neighbors(commands) -> None:
    neighbors = _command(
        commands,
        "neighbors",
        "ask:neighbors",
        "the neighbours that the sampler keeps, with their attention",
        epilog=examples.NEIGHBORS,
    )
    _saved_run(neighbors)
    node = neighbors.add_mutually_exclusive_group(required=True)
    node.add_argument("--item", help="id, or title or part of it")
    node.add_argument("--user", help="id or name")
    neighbors.add_argument("-n", type=int, default=20, help="how many (default: 20)")
    _output(neighbors)


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
    run.add_argument("--only", nargs="+", metavar="MODEL", help="these rows only")
    run.add_argument("--list", action="store_true", help="say what is missing and do nothing")
    run.add_argument("--quiet", action="store_true", help="no progress bar")
    _results_folder(run)


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
    _results_folder(results)


def _readings(commands) -> None:
    readings = _command(
        commands,
        "readings",
        "readings:readings",
        "where the paper can be read in several ways, and which way each configuration takes",
    )
    _output(readings)


# ---- options that several commands have ------------------------------------------------------------------------------


def _positive(text: str) -> int:
    """A whole number from 1 on, for `argparse`."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of items; expected 1 or more")
    return int(text)


def _output(sub: Parser, quiet: bool = False):
    group = sub.add_argument_group("output")
    group.add_argument("--json", action="store_true", help="print JSON and nothing else on standard output")
    if quiet:
        group.add_argument("--quiet", action="store_true", help="no progress bars")
    return group


def _saved_run(sub: Parser) -> None:
    sub.add_argument("--run", required=True, metavar="FOLDER", help="a folder that train wrote")


def _results_folder(sub: Parser) -> None:
    sub.add_argument("--out", metavar="FOLDER", help="the folder of results (default: the package's own)")


def _metrics(sub: Parser):
    group = sub.add_argument_group("metrics")
    group.add_argument("--at", type=int, nargs="+", default=[10, 20], metavar="K", help="cut-offs (default: 10 20)")
    group.add_argument(
        "--ties", default="average", choices=["average", "optimistic", "pessimistic"],
        help="how equal scores rank; optimistic as in RCF's code (default: average)",
    )  # fmt: skip
    return group


def _dataset(sub: Parser) -> None:
    named = sub.add_argument_group("data")
    named.add_argument("--data", metavar="NAME", help="a data set; `ramgnn data list` names them")
    named.add_argument("--option", nargs="+", default=[], metavar="NAME=VALUE", help="options of its loader")
    named.add_argument("--item-relations", metavar="A,B", help="only these attributes of items, by name")
    named.add_argument("--user-relations", metavar="A,B", help="only these attributes of users, by name")
    tables = sub.add_argument_group("your own tables")
    tables.add_argument("--interactions", metavar="FILE", help="who had what: user, item and, if known, time")
    tables.add_argument("--items", metavar="FILE", help="items with their attributes")
    tables.add_argument("--users", metavar="FILE", help="users with their attributes")
    tables.add_argument("--user-column", metavar="NAME", help="column of user ids (otherwise guessed and shown)")
    tables.add_argument("--item-column", metavar="NAME", help="column of item ids")
    tables.add_argument("--time-column", metavar="NAME", help="column of times")
    tables.add_argument("--title-column", metavar="NAME", help="column of item names to show")
    tables.add_argument("--separator", metavar="CHAR", help="between several values in one cell (default: |)")
    tables.add_argument("--bins", nargs="+", default=[], metavar="COLUMN=N", help="bands of width N, or qN quantiles")
