"""The command line: ``ramgnn`` or ``python -m ramgnn``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

EPILOG = """examples:
  ramgnn train --out runs/first                        the embedded films, in about two minutes
  ramgnn recommend --run runs/first --user 0 -n 5
  ramgnn explain --run runs/first --user 0 --item "Titanic (1997)"
  ramgnn train --data ml-100k --config as_printed      MovieLens-100K, as the paper has it
  ramgnn train --interactions rows.csv --items items.csv --users users.csv --out runs/mine
  ramgnn train --resume runs/mine                      go on with a run that was stopped or killed
  torchrun --nproc-per-node 2 -m ramgnn train          two processes on one run
"""


RUN = """examples:
  ramgnn run table3                          all of Table III on MovieLens-100K: hours, can be stopped
  ramgnn run table3 --only mf ease --list    what is missing for two of its rows
  ramgnn run table4 --data kkbox --trials 8 --seeds 0-4
  ramgnn run table3 --data toy --trials 2 --seeds 0 --out tried   everything once, in a minute or two
"""


RESULTS = """examples:
  ramgnn results table3                      beside the paper's numbers
  ramgnn results table3 --format latex       also markdown and csv
  ramgnn results figure5 --plot figure5.svg  thresholds over epochs, a picture for each configuration
  ramgnn results pairs --of table4           every encoder against every other
  ramgnn results verdicts                    what holds of the paper's claims, and why
"""


def parser() -> argparse.ArgumentParser:
    """The parser with all commands."""
    root = argparse.ArgumentParser(
        prog="ramgnn",
        description="Recommendations from multi-relational graphs, with reasons.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    root.add_argument("--version", action="store_true", help="print the version and end")
    root.add_argument("--debug", action="store_true", help="show the traceback of an error")
    commands = root.add_subparsers(dest="command", metavar="COMMAND", title="commands")

    data = commands.add_parser("data", help="list, describe and check data sets", description="Data sets.")
    parts = data.add_subparsers(dest="part", metavar="PART", required=True)
    _json(parts.add_parser("list", help="what there is"))
    info = parts.add_parser("info", help="sizes, relation types, split, licence and citation of one data set")
    info.add_argument("name", nargs="?", help="which (default: movietweetings)")
    _data(info)
    _json(info)
    check = parts.add_parser("check", help="read a data set, or your own tables, and say whether all is well")
    check.add_argument("name", nargs="?", help="which (default: movietweetings, or your own tables when given)")
    _data(check)
    _json(check)

    train = commands.add_parser(
        "train",
        help="pre-train both graphs, fine-tune, evaluate, save a run",
        description="Pre-trains RAM-GNN on the user graph and the item graph, fine-tunes the recommender with the "
        "number of epochs that validation chose, evaluates once on the held-out items and saves a run folder. After "
        "each epoch a checkpoint is written there, from which --resume goes on to the same numbers. Several processes: "
        "torchrun --nproc-per-node N -m ramgnn train ...",
    )
    _data(train)
    train.add_argument("--config", default="default", help="default, or as_printed: the letter of the paper")
    train.add_argument("--set", nargs="+", default=[], metavar="NAME=VALUE", help="settings, as in pretrain.dim=32")
    train.add_argument("--ablation", default="full", help="full, single, rns or attention (default: full)")
    train.add_argument("--seed", type=int, default=0, help="of everything that is drawn (default: 0)")
    train.add_argument("--device", help="cpu, cuda, cuda:1, … (default: cpu)")
    train.add_argument("--epochs", type=int, help="fine-tune for so many epochs instead of asking validation")
    train.add_argument("--out", metavar="FOLDER", help="run folder (default: runs/DATA-CONFIG-SEED)")
    train.add_argument("--overwrite", action="store_true", help="replace the run that is in the folder")
    train.add_argument(
        "--resume", metavar="FOLDER", help="continue the run that was stopped or killed there, with its own settings"
    )
    train.add_argument("--no-baselines", action="store_true", help="leave popularity and EASE out of the table")
    train.add_argument("--no-test", action="store_true", help="do not look at the held-out items")
    _metrics(train)
    train.add_argument("--quiet", action="store_true", help="no progress bars")
    _json(train)

    evaluate = commands.add_parser("evaluate", help="metrics of a run with intervals; compare two runs")
    _run(evaluate)
    evaluate.add_argument("--compare", metavar="RUN", help="a second run on the same data: paired test for each metric")
    evaluate.add_argument(
        "--by", choices=["session"], help="also by group: held-out item at the same time, within an hour, later"
    )
    _metrics(evaluate)
    _json(evaluate)

    recommend = commands.add_parser("recommend", help="the best items for a user")
    _run(recommend)
    recommend.add_argument("--user", required=True, help="id, or the name where users have one")
    recommend.add_argument("-n", type=int, default=10, help="how many (default: 10)")
    recommend.add_argument("--reasons", action="store_true", help="one reason for each")
    _json(recommend)

    explain = commands.add_parser("explain", help="why an item for a user")
    _run(explain)
    explain.add_argument("--user", required=True, help="id or name")
    explain.add_argument("--item", required=True, help="id, or title or part of it")
    explain.add_argument("-n", type=int, default=3, help="how many films or people behind each reason (default: 3)")
    _json(explain)

    neighbors = commands.add_parser("neighbors", help="the neighbours that the sampler keeps, with their attention")
    _run(neighbors)
    which = neighbors.add_mutually_exclusive_group(required=True)
    which.add_argument("--item", help="id, or title or part of it")
    which.add_argument("--user", help="id or name")
    neighbors.add_argument("-n", type=int, default=20, help="how many (default: 20)")
    _json(neighbors)

    run = commands.add_parser(
        "run",
        help="make the runs of a table or figure of the paper: tune, train, store",
        description="Tunes each model on validation data, trains it with several seeds and stores every trial and run. "
        "What is stored is not made again, so a call that was stopped goes on.",
        epilog=RUN,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    run.add_argument("name", metavar="NAME", help="table3, table4, table5, table6, figure4, figure5, or all")
    run.add_argument("--data", default="ml-100k", help="ml-100k (default), movietweetings, kkbox (the subset) or toy")
    run.add_argument("--seeds", metavar="A-B", help="as in 0-9 or 0,3,7 (default: ten for tables 3 and 4, else five)")
    run.add_argument("--trials", type=int, default=20, help="of each model that is tuned (default: 20)")
    run.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes at a time (default: all cores)")
    run.add_argument("--only", nargs="+", metavar="MODEL", help="these rows only")
    run.add_argument("--list", action="store_true", help="say what is missing and do nothing")
    run.add_argument("--quiet", action="store_true", help="no progress bar")
    results = commands.add_parser(
        "results",
        help="print stored results: a table, all pairs, status, verdicts on the paper's claims",
        description="Prints what is stored: means over seeds with intervals, the paper's numbers beside them.",
        epilog=RESULTS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
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
    for sub in (run, results):
        sub.add_argument("--out", metavar="FOLDER", help="the folder of results (default: the package's own)")

    readings = commands.add_parser("readings", help="where the paper is open, and what each configuration does there")
    _json(readings)
    return root


def _json(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--json", action="store_true", help="print JSON and nothing else on standard output")


def _run(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--run", required=True, metavar="FOLDER", help="a folder that train wrote")


def _metrics(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--at", type=int, nargs="+", default=[10, 20], metavar="K", help="cut-offs (default: 10 20)")
    sub.add_argument(
        "--ties", default="average", choices=["average", "optimistic", "pessimistic"],
        help="how equal scores rank; optimistic as in RCF's code (default: average)",
    )  # fmt: skip


def _data(sub: argparse.ArgumentParser) -> None:
    group = sub.add_argument_group("data")
    group.add_argument("--data", metavar="NAME", help="a data set; `ramgnn data list` names them")
    group.add_argument("--option", nargs="+", default=[], metavar="NAME=VALUE", help="options of its loader")
    group.add_argument("--item-relations", metavar="A,B", help="only these attributes of items, by name")
    group.add_argument("--user-relations", metavar="A,B", help="only these attributes of users, by name")
    own = sub.add_argument_group("your own tables")
    own.add_argument("--interactions", metavar="FILE", help="who had what: user, item and, if known, time")
    own.add_argument("--items", metavar="FILE", help="items with their attributes")
    own.add_argument("--users", metavar="FILE", help="users with their attributes")
    own.add_argument("--user-column", metavar="NAME", help="column of user ids (otherwise guessed and shown)")
    own.add_argument("--item-column", metavar="NAME", help="column of item ids")
    own.add_argument("--time-column", metavar="NAME", help="column of times")
    own.add_argument("--title-column", metavar="NAME", help="column of item names to show")
    own.add_argument("--separator", metavar="CHAR", help="between several values in one cell (default: |)")
    own.add_argument("--bins", nargs="+", default=[], metavar="COLUMN=N", help="bands of width N, or qN quantiles")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status: 0 well, 1 a clear error, 2 wrong usage, 130 Ctrl-C."""
    root = parser()
    given = root.parse_args(arguments)
    if given.version:
        from ramgnn import __version__

        print(f"ramgnn {__version__}")
        return 0
    if given.command is None:
        root.print_help()
        return 2
    from ramgnn import commands  # torch takes seconds to import; --help does not need it
    from ramgnn.errors import RamgnnError

    try:
        return commands.run(given)
    except RamgnnError as error:
        if given.debug:
            raise
        print(f"ramgnn: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nramgnn: stopped by you", file=sys.stderr)
        return 130
    except BrokenPipeError:  # `ramgnn … | head` closes early
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


if __name__ == "__main__":
    sys.exit(main())
