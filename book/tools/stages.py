"""Runs make targets one after the other, all of them even when one fails, and sums up at the end."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]


def described(makefile: Path) -> dict[str, str]:
    """What the Makefile says of each target after ``##``."""
    return dict(re.findall(r"^([a-z-]+):.*?## (.*)$", makefile.read_text(encoding="utf-8"), re.MULTILINE))


def clock(seconds: float) -> str:
    """Seconds as a person reads them, for example ``"1 min 05 s"``."""
    return f"{seconds:.1f} s" if seconds < 60 else f"{int(seconds // 60)} min {int(seconds % 60):02d} s"


def main(targets: list[str]) -> int:
    make = shlex.split(os.environ.get("MAKE", "make"))
    about, results = described(ROOT / "Makefile"), []
    for number, target in enumerate(targets, 1):
        print(f"\n== {number} of {len(targets)}: {target} — {about.get(target, '')}", flush=True)
        begun = time.perf_counter()
        done = subprocess.run([*make, "--no-print-directory", target], cwd=ROOT)
        results.append((target, done.returncode == 0, time.perf_counter() - begun))
    print("\n== summary")
    for target, passed, seconds in results:
        print(f"  {'passed' if passed else 'FAILED'}  {target:<12} {clock(seconds):>12}")
    failed = [target for target, passed, _ in results if not passed]
    total = clock(sum(seconds for *_, seconds in results))
    print(f"  {'all passed' if not failed else 'failed: ' + ', '.join(failed)} in {total}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
