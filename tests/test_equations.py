"""The index of equations is complete."""

from __future__ import annotations

import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import equations


def test_every_equation_has_a_test():
    root = Path(__file__).parent.parent
    done = subprocess.run([sys.executable, "-m", "tests.equations"], capture_output=True, text=True, cwd=root)
    assert done.returncode == 0, done.stdout[-500:] + done.stderr[-500:]
    assert "21 of 21 equations have a test" in done.stdout
    assert "21 of 21 equations have exactly one place in the code" in done.stdout


@pytest.mark.parametrize("number", equations.EQUATIONS)
def test_every_equation_is_one_function_or_class(number):
    names = equations.owners()[number]
    assert len(names) == 1, f"\\tag{{{number}}} stands in the docstrings of {names or 'nothing'}; one should have it"
    assert callable(pkgutil.resolve_name(names[0]))


def test_no_other_equation_is_claimed():
    assert set(equations.owners()) == set(equations.EQUATIONS)


def test_owners_are_found_by_their_docstrings(tmp_path):
    package = tmp_path / "ramgnn"
    (package / "kernels").mkdir(parents=True)
    (package / "layer.py").write_text(
        'r"""Module, which owns nothing: \\tag{6}."""\n'
        'class Layer:\n    r"""Two equations: \\tag{6} and \\tag{7}."""\n'
        '    def forward(self):\n        r"""\\tag{8}"""\n'
        'def again():\n    r"""\\tag{7}"""\n',
        encoding="utf-8",
    )
    (package / "kernels" / "fast.py").write_text('def f():\n    r"""\\tag{6}"""\n', encoding="utf-8")
    names = equations.owners(package)
    assert names[6] == ["ramgnn.layer.Layer"]
    assert names[7] == ["ramgnn.layer.Layer", "ramgnn.layer.again"]
    assert names[8] == ["ramgnn.layer.Layer.forward"]
    assert names[9] == []
