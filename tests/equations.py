"""Prints which function is which equation of the paper, and which tests cover it: ``python -m tests.equations``.

A function, method or class *is* equation 7 when its docstring typesets it with ``\\tag{7}``; each equation has exactly
one. A test names the equations that it covers with ``@pytest.mark.equation(6, 7)``.
"""

from __future__ import annotations

import ast
import contextlib
import io
import re
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


PACKAGE = Path(__file__).parent.parent / "ramgnn"
# rooms that compute what an equation in front says, or other people's equations
ELSEWHERE = ("kernels", "baselines", "experiments", "exercises", "cli", "datasets", "evaluation", "paper", "plots")
TAG = re.compile(r"\\tag\{(\d+)\}")


def owners(package: Path = PACKAGE) -> dict[int, list[str]]:
    """Dotted names of what typesets each equation in its docstring, by equation number; nothing is imported."""
    names: dict[int, list[str]] = {n: [] for n in EQUATIONS}
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package).with_suffix("").parts
        if parts[0] not in ELSEWHERE:
            for name, node in definitions(ast.parse(path.read_text(encoding="utf-8"))):
                for n in map(int, TAG.findall(ast.get_docstring(node) or "")):
                    names.setdefault(n, []).append(".".join([package.name, *parts, name]))
    return names


def definitions(tree: ast.AST, prefix: str = ""):
    """All functions, methods and classes below a node, by dotted name."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield prefix + node.name, node
            yield from definitions(node, f"{prefix}{node.name}.")


class Collector:
    """Gathers the marks of collected tests."""

    def __init__(self) -> None:
        self.tests: dict[int, list[str]] = {n: [] for n in EQUATIONS}

    def pytest_collection_modifyitems(self, items) -> None:
        for item in items:
            for mark in item.iter_markers("equation"):
                for n in mark.args:
                    name = item.nodeid.split("[")[0]
                    if name not in self.tests[n]:
                        self.tests[n].append(name)


def index() -> dict[int, list[str]]:
    """Test ids by equation number."""
    collector = Collector()
    with contextlib.redirect_stdout(io.StringIO()):
        code = pytest.main(
            ["--collect-only", "-q", "-p", "no:cacheprovider", str(Path(__file__).parent)], plugins=[collector]
        )
    if code != 0:
        raise SystemExit("the tests cannot be collected; run pytest to see why")
    return collector.tests


def main() -> int:
    """Print the index; exit with 1 when an equation has no test, or no owner or several."""
    tests, by_owner = index(), owners()
    for n, names in tests.items():
        print(f"Eq. {n:<3} {NAMES[n]:<40} {' and '.join(by_owner[n]) or '(no owner)'}")
        for test in names or ["(no test)"]:
            print(f"        {test}")
    untested = [n for n, names in tests.items() if not names]
    unowned = [n for n, names in by_owner.items() if len(names) != 1]
    print(f"\n{len(tests) - len(untested)} of {len(tests)} equations have a test", end="")
    print(f"; missing: {untested}" if untested else "")
    print(f"{len(by_owner) - len(unowned)} of {len(by_owner)} equations are one function or class", end="")
    print(f"; not: {unowned}" if unowned else "")
    return 1 if untested or unowned else 0


if __name__ == "__main__":
    sys.exit(main())
