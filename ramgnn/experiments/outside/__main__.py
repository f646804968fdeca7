"""``python -m ramgnn.experiments.outside`` makes every check that is missing and whose library is installed."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import torch

from ramgnn.datasets.base import RecDataset
from ramgnn.evaluation import Scorer, rank_test
from ramgnn.experiments import data
from ramgnn.experiments.outside import lineup, stored
from ramgnn.experiments.outside.check import Check, version
from ramgnn.experiments.store import fingerprint_test
from ramgnn.provenance import provenance

DATA = "ml-100k"


def made_before(check: Check, path: Path) -> stored.Made | None:
    """What is stored of a check; None when nothing is, or what is was made with other settings."""
    if not path.exists():
        return None
    made = stored.get(path)
    same = (made.kind, made.settings, made.theirs, made.epochs) == (
        check.kind, dict(check.settings), dict(check.theirs), check.epochs,
    )  # fmt: skip
    return made if same else None


def make(
    check: Check,
    dataset: RecDataset,
    folder: Path = stored.FOLDER,
    trained: dict[tuple[str, int], Scorer] | None = None,
) -> stored.Made:
    """Make a check seed by seed, writing after each; seeds that are stored are not run again.

    Args:
        trained: ours of earlier checks, by how they were trained and the seed; what is trained here is added.
    """
    path = folder / f"{check.name}.json"
    view, made = check.view(dataset), made_before(check, path)
    theirs = list(made.theirs_ranks) if made else []
    ours = list(made.ours_ranks) if made else []
    seconds = made.seconds if made else 0.0
    if made and made.differences != list(check.differences):  # said better since
        made = replace(made, differences=list(check.differences))
        stored.put(made, path)
    for n in range(len(theirs), len(check.seeds)):
        seed, started = check.seeds[n], time.process_time()
        key = check.same_ours(), seed
        our_scorer = trained[key] if trained is not None and key in trained else check.fit_ours(view, seed)
        if trained is not None:
            trained[key] = our_scorer
        their_scorer = check.fit(view, check, seed, our_scorer)
        with torch.no_grad():
            theirs.append(rank_test(their_scorer, view))
            ours.append(rank_test(our_scorer, view))
        seconds = round(seconds + time.process_time() - started, 2)
        made = stored.Made(
            DATA, check.baseline, check.library, version(check.library), check.variant, check.kind,
            dict(check.settings), dict(check.theirs), check.epochs, list(check.seeds[: n + 1]),
            list(check.differences), theirs, ours, fingerprint_test(view), seconds, provenance(),
        )  # fmt: skip
        stored.put(made, path)
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Make what is missing; checks whose library is not installed are named and left out."""
    parser = argparse.ArgumentParser(
        prog="python -m ramgnn.experiments.outside", description="Compare the baselines with other people's libraries."
    )
    parser.add_argument("names", nargs="*", help="checks to make; all by default")
    parser.add_argument("--library", help="only those that compare with this library")
    args = parser.parse_args(arguments)
    torch.set_num_threads(1)
    dataset, trained = data.load(DATA), {}
    for check in lineup.checks():
        if (args.names and check.name not in args.names) or args.library not in (None, check.library):
            continue
        if find_spec(lineup.MODULES[check.library]) is None:
            print(f"{check.name}: {check.library} is not installed here", flush=True)
            continue
        made = make(check, dataset, trained=trained)
        found = {x.metric: x for x in made.comparisons()}
        said = ", ".join(f"{m} {x.theirs:.4f} and {x.ours:.4f} of ours" for m, x in found.items() if x.allowed)
        print(f"{check.name}: {said}; {'agrees' if made.agrees else 'DIFFERS'} ({made.seconds:.0f} s)", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
