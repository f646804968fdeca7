"""Runs the answers of one notebook; `ramgnn.exercises.gradebook` starts it as a process of its own."""

from __future__ import annotations

import ast
import builtins
import json
import sys
from pathlib import Path
from typing import Any

from ramgnn.exercises import checking


def cells(notebook: dict) -> list[str]:
    """The code of the cells to run: those below "## Exercises", and before it those that call ``check``.

    Solutions that came with the chapter are no answers and are left out.
    """
    kept, below = [], False
    for cell in notebook.get("cells", []):
        source = cell.get("source", "")
        source = source if isinstance(source, str) else "".join(source)
        if cell.get("cell_type") == "markdown":
            below = below or source.lstrip().startswith("## Exercises") or "\n## Exercises" in source
        elif cell.get("cell_type") == "code":
            tags = cell.get("metadata", {}).get("tags", [])
            came_with_it = {"solution", "answer", "colab"} & set(tags) or source.startswith("# @title Solution")
            if not came_with_it and (below or "check(" in source):
                kept.append("\n".join(line for line in source.splitlines() if not line.lstrip().startswith(("%", "!"))))
    return kept


def answers(source: str) -> list[tuple[str, ast.expr]]:
    """Each call ``check("01.2", answer)`` of a cell: the id, and the expression that is handed over."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or len(node.args) != 2:
            continue
        name, id = getattr(node.func, "id", getattr(node.func, "attr", "")), node.args[0]
        if name == "check" and isinstance(id, ast.Constant) and id.value in checking.exercises():
            found.append((id.value, node.args[1]))
    return found


def mark(path: Path, results: Path) -> None:
    """Run the cells and write a line of JSON for each exercise as soon as it is judged: id, points, what is said."""
    judge, known, dumps = checking.judge, checking.exercises(), json.dumps
    space: dict[str, Any] = {"__name__": "__main__", "display": print}
    exec("import numpy as np, pandas as pd, torch", space)
    notebook = json.loads(path.read_text(encoding="utf-8"))
    with open(results, "w", encoding="utf-8", buffering=1) as file:
        for source in cells(notebook):
            problem = ""
            try:
                exec(builtins.compile(source, "<answer>", "exec"), space)
            except SystemExit:
                problem = "the cell ended the program"
            except Exception as error:
                problem = f"the cell raised {type(error).__name__}: {error}"
            try:
                asked = answers(source)
            except SyntaxError:
                continue
            for id, expression in asked:
                try:
                    answer = eval(builtins.compile(ast.Expression(expression), "<answer>", "eval"), space)
                    verdict = judge(known[id], answer)
                    file.write(dumps([id, verdict.steps, verdict.said]) + "\n")
                except Exception as error:
                    file.write(dumps([id, 0, problem or f"{type(error).__name__}: {error}"]) + "\n")


def _limit(gigabytes: float) -> None:
    """Let the system refuse more memory, and files above 100 MB, where it can."""
    try:
        import resource
    except ImportError:  # Windows
        return
    size = int(gigabytes * 2**30)
    resource.setrlimit(resource.RLIMIT_DATA, (size, size))
    resource.setrlimit(resource.RLIMIT_FSIZE, (10**8, 10**8))


if __name__ == "__main__":
    notebook_path, results_path, most = sys.argv[1:]
    _limit(float(most))
    mark(Path(notebook_path), Path(results_path))
