"""Prints where each equation of the paper is in the code, and which tests cover it: ``python -m tests.equations``.

The function, method or class that *is* equation N typesets it in its docstring with ``\\tag{N}``, and a test names its
equations with ``@pytest.mark.equation(6, 7)``.
"""

from __future__ import annotations

import ast
import contextlib
import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "ramgnn"
# Faster forms of equations, other people's models and answers to exercises: none of them is where to read an equation.
NOT_OWNERS = ("kernels", "baselines", "exercises")
TAG = re.compile(r"\\tag\{(\d+)\}")

EQUATIONS = range(3, 24)  # 1 and 2 are background: a plain GNN and R-GCN
NAMES = {
    3: "a message composed of tail, type and value", 4: "e_n, type and value side by side", 5: "φ: add, mult, corr",
    6: "attention logit", 7: "softmax", 8: "weighted message", 9: "distance", 10: "similarity",
    11: "similarity loss", 12: "average neighbour distance", 13: "reward", 14: "termination", 15: "the layer",
    16: "GNN loss", 17: "final loss", 18: "item embedding with values", 19: "items to users",
    20: "user embedding with values", 21: "users to items", 22: "score", 23: "BPR",
}  # fmt: skip


def owners(package: Path = PACKAGE) -> dict[int, list[str]]:
    """Qualified names of the functions, methods and classes that are each equation, by its number.

    The sources are parsed and not imported, so nothing else is loaded.
    """
    names: dict[int, list[str]] = {n: [] for n in EQUATIONS}
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package.parent).with_suffix("").parts
        if parts[1] in NOT_OWNERS:
            continue
        module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        for name, docstring in _docstrings(ast.parse(path.read_text(encoding="utf-8")), module):
            for tag in TAG.findall(docstring):
                names.setdefault(int(tag), []).append(name)
    return names


def _docstrings(node: ast.AST, name: str) -> Iterator[tuple[str, str]]:
    """Qualified name and docstring of every function and class below `node`, which is called `name`."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            qualified = f"{name}.{child.name}"
            yield qualified, ast.get_docstring(child) or ""
            yield from _docstrings(child, qualified)
        else:
            yield from _docstrings(child, name)


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
    """Print the index; exit with 1 when an equation has no test, or not exactly one place in the code."""
    tests, places = index(), owners()
    for n in EQUATIONS:
        print(f"Eq. {n:<3} {NAMES[n]:<44} {', '.join(places[n]) or '(nowhere in the code)'}")
        for test in tests[n] or ["(no test)"]:
            print(f"        {test}")
    untested = [n for n in EQUATIONS if not tests[n]]
    unowned = [n for n in EQUATIONS if len(places[n]) != 1]
    print(f"\n{len(EQUATIONS) - len(untested)} of {len(EQUATIONS)} equations have a test", end="")
    print(f"; missing: {untested}" if untested else "")
    print(f"{len(EQUATIONS) - len(unowned)} of {len(EQUATIONS)} equations have exactly one place in the code", end="")
    print(f"; the others: {unowned}" if unowned else "")
    return 1 if untested or unowned else 0


if __name__ == "__main__":
    sys.exit(main())
