"""What is refused before there is any work: options that do not go together, and a folder that cannot be written to.

Imports nothing heavy. `train` and `recommend` here end with exit status 2, as `argparse` does.
"""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path, PurePath

from ramgnn.errors import RamgnnError
from ramgnn.files import check_writable

RAM_GNN = "ram-gnn"  # the default of `train --model`; every other name is a baseline's
BEFORE = "run_before"  # as in `ramgnn.runs.folder`, which takes longer to import
INTERRUPTED = 130  # the exit status after Ctrl-C: 128 and the number of SIGINT, as shells have it
ENDINGS = (".csv", ".tsv", ".csv.gz", ".jsonl", ".parquet")  # of the files that recommendations are written to

# those that `train --resume` may be given beside the folder; everything else comes from there
_WITH_RESUME = {"resume", "quiet", "json", "at", "ties", "no_baselines", "no_test", "debug", "version"}
_NOT_AN_OPTION = {"command", "handler", "check", "subparser"}


def ending(path: str) -> str | None:
    """The ending of a file of recommendations, or None when it is none of `ENDINGS`."""
    name = PurePath(path).name.lower()
    return next((end for end in ENDINGS if name.endswith(end) and name != end), None)


def changed(args: Namespace) -> list[str]:
    """The options that have another value than their default, as they are typed: ``["--seed", …]``."""
    values = {name: value for name, value in vars(args).items() if name not in _NOT_AN_OPTION}
    names = [name for name, value in values.items() if value != args.subparser.get_default(name)]
    return ["--" + name.replace("_", "-") for name in names]


def beside_resume(args: Namespace) -> list[str]:
    """The options given to ``train --resume`` that would contradict the settings in the folder."""
    allowed = {"--" + name.replace("_", "-") for name in _WITH_RESUME}
    return [option for option in changed(args) if option not in allowed]


def folder(path: str | PurePath) -> None:
    """A folder that cannot be written to is refused before there is anything to write.

    Raises:
        RamgnnError: it is a file, lies below one, or may not be written to.
    """
    try:
        check_writable(Path(path))
    except RamgnnError as error:
        raise RamgnnError(f"{error} with --out") from None


def train(args: Namespace) -> None:
    """What only RAM-GNN has cannot be asked of a baseline, and a setting has one value."""
    for text in args.set:
        name, _, value = text.partition("=")
        if name in ("seed", "device") and str(args.subparser.given.get(name, value)) != value:
            typed = args.subparser.given[name]
            args.subparser.error(f"both --{name} {typed} and --set {text} are given; leave one out")
    if args.refit and (args.split == "none" or "split=none" in args.option):
        args.subparser.error("--refit trains once more with what was held out, and --split none holds nothing out")
    if args.model == RAM_GNN:
        return
    options = changed(args)
    if "--resume" in options:
        args.subparser.error(f"--resume goes on with a run of RAM-GNN; {args.model} writes no checkpoints")
    if names := [option for option in ("--config", "--ablation") if option in options]:
        args.subparser.error(
            f"{' and '.join(names)}: only RAM-GNN has these; leave them out with --model {args.model}, whose own "
            "settings go to --set"
        )


def recommend(args: Namespace) -> None:
    """What to print and what to write must be clear."""
    error = args.subparser.error
    if args.skip_unknown and args.users is None:
        error("--skip-unknown goes with --users FILE")
    one = args.user or args.had
    if args.reasons and (not one or args.out):
        error("--reasons explains what is shown for --user or --had; leave out " + ("--out" if one else "--reasons"))
    if args.overwrite and not args.out:
        error("--overwrite goes with --out FILE")
    if args.out and ending(args.out) is None:
        error(f"--out {args.out}: unknown ending; expected a name that ends in one of {', '.join(ENDINGS)}")
