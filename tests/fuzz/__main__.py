"""``python -m tests.fuzz --seconds 600 --seed 3 --only runs``: fuzz by hand, with a table of what became of it."""

from __future__ import annotations

import argparse
import sys
import tempfile
import warnings
from collections import Counter
from pathlib import Path

from tests.fuzz.loop import Found, fuzz
from tests.fuzz.targets import TARGETS

AT_ONCE = 50  # cases between two lines of progress


def main() -> int:
    """Fuzz the targets one after the other; 1 when something went wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--only", choices=sorted(TARGETS), action="append", help="one of the targets; may be repeated")
    parser.add_argument("--seconds", type=float, default=600, help="for all targets together")
    parser.add_argument("--cases", type=int, help="of each target, at most")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--case", type=int, help="this one alone, with its traceback")
    parser.add_argument("--out", type=Path, default=Path("_build/fuzz"), help="where failures are kept")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    names = args.only or list(TARGETS)
    founds: dict[str, Found] = {}
    for name in names:
        with tempfile.TemporaryDirectory(prefix="fuzz-base-") as base:
            target = TARGETS[name](Path(base))
            total = founds[name] = Found()
            first = 0 if args.case is None else args.case
            most = args.cases if args.case is None else 1
            while total.seconds < args.seconds / len(names) and (most is None or first - (args.case or 0) < most):
                n = AT_ONCE if most is None else min(AT_ONCE, most - (first - (args.case or 0)))
                found = fuzz(target, args.seed, args.seconds / len(names) - total.seconds, n, args.out, first)
                first += n
                _add(total, found)
                print(f"\r{name}: {_line(total)}", end="", file=sys.stderr, flush=True)
            print(file=sys.stderr)
            if args.case is not None:
                print("\n".join(target.story))
    print(_table(founds))
    for name, found in founds.items():
        for kind, numbers in found.failures.items():
            print(f"{name}: {len(numbers)} × {kind}; kept in {args.out}/{name}-{args.seed}-{numbers[0]}")
            if args.case is not None:
                print((args.out / f"{name}-{args.seed}-{numbers[0]}" / "story.txt").read_text())
    return 1 if any(found.failures for found in founds.values()) else 0


def _add(total: Found, found: Found) -> None:
    total.outcomes += found.outcomes
    total.seconds += found.seconds
    for kind, numbers in found.failures.items():
        total.failures.setdefault(kind, []).extend(numbers)


def _line(found: Found) -> str:
    failed = sum(map(len, found.failures.values()))
    outcomes = Counter(found.outcomes)
    n = outcomes.total() + failed
    return f"{n} cases in {found.seconds:.0f} s, {failed} failed, " + ", ".join(
        f"{count} {outcome}" for outcome, count in sorted(outcomes.items())
    )


def _table(founds: dict[str, Found]) -> str:
    return "\n".join(f"{name:12} {_line(found)}" for name, found in founds.items())


if __name__ == "__main__":
    sys.exit(main())
