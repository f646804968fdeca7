"""The index of equations is complete."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_every_equation_has_a_test():
    root = Path(__file__).parent.parent
    done = subprocess.run([sys.executable, "-m", "tests.equations"], capture_output=True, text=True, cwd=root)
    assert done.returncode == 0, done.stdout[-500:] + done.stderr[-500:]
    assert "21 of 21 equations have a test" in done.stdout
