"""The index of equations is complete."""

from __future__ import annotations

import pkgutil
import subprocess
import sys
from pathlib import Path

from tests.equations import owners


def test_every_equation_has_one_owner():
    wrong = {n: names for n, names in owners().items() if len(names) != 1}
    assert wrong == {}
    assert all(callable(pkgutil.resolve_name(name)) for (name,) in owners().values())


def test_an_equation_with_no_owner_or_two_is_seen(tmp_path):
    """The index can fail: here Eq. 6 stands twice, Eq. 7 once, in a method, and nobody has the others."""
    source = "\n".join(
        ["def a():", '    r"""x \\tag{6}"""', "class B:", "    def c(self):", '        r"""\\tag{6} \\tag{7}"""']
    )
    (tmp_path / "one.py").write_text(source + "\n")
    (tmp_path / "kernels").mkdir()
    (tmp_path / "kernels" / "two.py").write_text('def fast():\n    r"""\\tag{8}"""\n')
    names = owners(tmp_path)
    assert [name.split(".", 1)[1] for name in names[6]] == ["one.a", "one.B.c"]
    assert len(names[7]) == 1
    assert names[8] == []


def test_every_equation_has_a_test():
    root = Path(__file__).parent.parent
    done = subprocess.run([sys.executable, "-m", "tests.equations"], capture_output=True, text=True, cwd=root)
    assert done.returncode == 0, done.stdout[-500:] + done.stderr[-500:]
    assert "21 of 21 equations have a test" in done.stdout
    assert "21 of 21 equations are one function or class" in done.stdout
