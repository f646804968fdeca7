"""Prints which test covers which equation of the paper: ``python -m tests.equations``.

A test names its equations with ``@pytest.mark.equation(6, 7)``.
"""

from __future__ import annotations

import contextlib
import io
import sys
from pathlib import Path

import pytest

EQUATIONS = range(3, 24)  # 1 and 2 are background: a plain GNN and R-GCN
NAMES = {
    3: "a message composed of tail, type and value", 4: "e_n, type and value side by side", 5: "φ: add, mult, corr",
    6: "attention logit", 7: "softmax", 8: "weighted message", 9: "distance", 10: "similarity",
    11: "similarity loss", 12: "average neighbour distance", 13: "reward", 14: "termination", 15: "the layer",
    16: "GNN loss", 17: "final loss", 18: "item embedding with values", 19: "items to users",
    20: "user embedding with values", 21: "users to items", 22: "score", 23: "BPR",
}  # fmt: skip


class Collector:
    """Gathers the marks of collected tests."""

    def __init__(self) -> None:
        self.found: dict[int, list[str]] = {n: [] for n in EQUATIONS}

    def pytest_collection_modifyitems(self, items) -> None:
        for item in items:
            for mark in item.iter_markers("equation"):
                for n in mark.args:
                    name = item.nodeid.split("[")[0]
                    if name not in self.found[n]:
                        self.found[n].append(name)


def index() -> dict[int, list[str]]:
    """Test ids by equation number."""
    collector = Collector()
    with contextlib.redirect_stdout(io.StringIO()):
        code = pytest.main(
            ["--collect-only", "-q", "-p", "no:cacheprovider", str(Path(__file__).parent)], plugins=[collector]
        )
    if code != 0:
        raise SystemExit("the tests cannot be collected; run pytest to see why")
    return collector.found


def main() -> int:
    """Print the index; exit with 1 when an equation has no test."""
    found = index()
    for n, tests in found.items():
        print(f"Eq. {n:<3} {NAMES[n]}")
        for test in tests or ["(no test)"]:
            print(f"        {test}")
    missing = [n for n, tests in found.items() if not tests]
    print(f"\n{len(found) - len(missing)} of {len(found)} equations have a test", end="")
    print(f"; missing: {missing}" if missing else "")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
