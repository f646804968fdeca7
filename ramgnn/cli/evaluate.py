"""``ramgnn evaluate``: the metrics of a run, within groups of users, and against a second run."""

from __future__ import annotations

import sys
from argparse import Namespace
from typing import Any

from ramgnn import api
from ramgnn.cli.printing import intervals, print_json, ranking_text, text_table
from ramgnn.cli.saved import check_run, load_model
from ramgnn.datasets.base import RecDataset
from ramgnn.datasets.fingerprint import differences
from ramgnn.errors import RamgnnError
from ramgnn.evaluation import METRICS, paired_test, session_groups
from ramgnn.visible import visible


def evaluate(args: Namespace) -> None:
    """Print the metrics of a run with their intervals."""
    if args.compare:
        check_run(args.compare)
    model = load_model(args.run, evaluated=True)
    compared = load_model(args.compare, evaluated=True) if args.compare else None
    if compared is not None:
        _check_same_data(args, model.dataset, compared.dataset)
    by_session = session_groups(model.dataset) if args.by else None
    evaluation = api.evaluate(model, ties=args.ties)
    groups = None if by_session is None else evaluation.by(by_session, args.at)
    tests = {}
    if compared is not None:
        other = api.evaluate(compared, ties=args.ties)
        tests = {f"{m}@{k}": paired_test(evaluation, other, m, k) for k in args.at for m in METRICS}
    if args.json:
        report: dict[str, Any] = {
            "run": args.run, "users": len(evaluation.users), "metrics": intervals(evaluation, args.at),
        }  # fmt: skip
        if groups is not None:
            report["by"] = groups.reset_index().to_dict("records")
        if tests:
            report["compare"] = {name: vars(test) for name, test in tests.items()}
        return print_json(report)
    print(f"{visible(args.run)}: {ranking_text(evaluation)}")
    print(text_table(evaluation.table(args.at).round(4)))
    if groups is not None:
        print("\nby time since the user's last training interaction")
        print(text_table(groups.round(4).reset_index()))
    if tests:
        print(f"\n{visible(args.run)} less {visible(args.compare)}, paired over users")
        for test in tests.values():
            print(test)


def _check_same_data(args: Namespace, a: RecDataset, b: RecDataset) -> None:
    """Refuse two runs that solved different tasks; what else differs is told, for it may be what is compared.

    Raises:
        RamgnnError: they are of different users, items or interactions.
    """
    task, beside = differences(a, b)
    if task:
        raise RamgnnError(
            f"{visible(args.run)} and {visible(args.compare)} are not of the same data: they differ in "
            f"{', '.join(task)}, so their metrics cannot be compared user by user; train both on the same files with "
            "the same options"
        )
    if beside:
        same = "users, items, interactions and held-out items are the same, so the ranks are compared"
        print(f"ramgnn: the two runs differ in {', '.join(beside)}; {same}", file=sys.stderr)
