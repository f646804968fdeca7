"""The file of results: one JSON, replaced as a whole with each new row, so that a killed run loses one row at most."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import sys
import time
from dataclasses import asdict
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from tests.bench.jobs import Job, Scope

FORMAT = 1
HERE = Path(__file__).parent
PACKAGES = ("torch", "torch-geometric", "numpy", "pandas", "scipy")
MEASURING = ("encoders.py", "floor.py", "graphs.py", "lightgcn.py", "measure.py")  # the rest only plans and prints
SETTINGS = tuple(Job.__dataclass_fields__)


@cache
def versions() -> dict[str, str | None]:
    """Versions of Python and of the libraries."""
    found: dict[str, str | None] = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = None
    return found


@cache
def code() -> str:
    """Twelve hex digits that change with the package, with what measures it and with the libraries.

    Finer than the commit: a new sentence in the book leaves the measurements valid, an uncommitted change of the
    sampler does not.
    """
    digest = hashlib.sha256(json.dumps(versions()).encode())
    package = HERE.parent.parent / "ramgnn"
    for path in [*sorted(package.rglob("*.py")), *(HERE / name for name in MEASURING)]:
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:12]


@cache
def machine() -> dict[str, Any]:
    """Processor, cores, memory and operating system."""
    model, memory = platform.processor() or platform.machine(), None
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), model)
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (OSError, ValueError):
        pass  # no /proc: the generic name must do
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "memory_GiB": memory and round(memory / 2**30, 1),
        "os": f"{platform.system()} {platform.release()} {platform.machine()}",
    }


def stamp() -> dict[str, Any]:
    """What two rows must have in common to be compared."""
    return {"code": code(), "machine": f"{machine()['cpu']}, {machine()['cores']} cores"}


class Store:
    """The rows of one file.

    Args:
        path: the file; read when it is there.

    Raises:
        SystemExit: it is there and is no file of results.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.rows = path, []
        if path.exists():
            try:
                stored = json.loads(path.read_text(encoding="utf-8"))
                if stored["format"] != FORMAT:
                    raise ValueError(f"its format is {stored['format']}, expected {FORMAT}")
                self.rows = stored["rows"]
            except (ValueError, KeyError, TypeError) as error:
                sys.exit(f"{path} is no file of benchmark results ({error}); name another one or remove it")

    def find(self, job: Job) -> dict[str, Any] | None:
        """The row of a measurement, by its settings; None when it was not made."""
        settings = asdict(job)
        return next((row for row in self.rows if all(row.get(k) == settings[k] for k in SETTINGS)), None)

    def done(self, job: Job) -> bool:
        """Whether there is a row of today's code on this machine; one that was skipped or failed does not count."""
        row = self.find(job)
        return row is not None and "seconds" in row and all(row[k] == v for k, v in stamp().items())

    def put(self, job: Job, result: dict[str, Any]) -> dict[str, Any]:
        """Add a row, or replace the one with the same settings."""
        old = self.find(job)
        row = asdict(job) | stamp() | {"date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())} | result
        self.rows = [r for r in self.rows if r is not old] + [row]
        return row

    def write(self, scope: Scope, summary: dict[str, Any]) -> None:
        """Write everything beside its place, then move it there."""
        content = {
            "format": FORMAT,
            "settings": asdict(scope),
            "machine": machine(),
            "versions": versions(),
            "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            **summary,
            "rows": self.rows,
        }
        self.path.parent.mkdir(parents=True, exist_ok=True)
        part = self.path.with_name(self.path.name + ".part")
        part.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        os.replace(part, self.path)
