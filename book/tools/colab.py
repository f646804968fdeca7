"""Runs every chapter as a stranger would in Colab: its package versions, from the first cell, which installs ramgnn.

Colab's versions stand in ``tests/colab.txt``. PyTorch and Python are as near as this machine has them: the torch that
is pinned, since other builds are gigabytes, and the Python that runs this. ``/content``, by which the first cell knows
Colab, is made believe inside the kernels only. The check fails when the installation would move torch, numpy or pandas,
or when a chapter fails.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
import venv
from pathlib import Path

from book.tools.execute import ROOT, chapters

KEPT = ("torch", "numpy", "pandas")
PRETEND = """import os.path
_isdir = os.path.isdir
os.path.isdir = lambda path: str(path) == "/content" or _isdir(path)
"""
TIMEOUT = 180  # seconds a single cell may take
RUN = """import sys, nbformat
from nbclient import NotebookClient
notebook = nbformat.read(sys.argv[1], as_version=4)
notebook.cells = [c for c in notebook.cells if "solution" not in c.metadata.get("tags", [])]
NotebookClient(notebook, timeout=int(sys.argv[3]), kernel_name="python3",
               resources={"metadata": {"path": sys.argv[2]}}).execute()
"""


def prepare(folder: Path) -> Path:
    """A virtual environment with Colab's versions, made once; returns its Python."""
    python, ready = folder / "bin" / "python", folder / ".ready"
    versions = (ROOT / "tests" / "colab.txt").read_text(encoding="utf-8")
    if ready.exists() and ready.read_text(encoding="utf-8") == versions:
        return python
    print("making an environment with Colab's versions …", flush=True)
    venv.create(folder, clear=True, with_pip=True)
    torch = re.search(r"^torch==\S+", (ROOT / "requirements.txt").read_text(encoding="utf-8"), re.MULTILINE)[0]
    pip(python, "install", "-q", torch, "setuptools")
    pip(python, "install", "-q", "-r", str(ROOT / "tests" / "colab.txt"))
    site = subprocess.check_output([str(python), "-c", "import site; print(site.getsitepackages()[0])"], text=True)
    Path(site.strip(), "pretend_colab.pth").write_text("import pretend_colab\n", encoding="utf-8")
    Path(site.strip(), "pretend_colab.py").write_text(PRETEND, encoding="utf-8")
    ready.write_text(versions, encoding="utf-8")
    return python


def pip(python: Path, *arguments: str) -> str:
    """Run pip there; returns what it printed."""
    command = [str(python), "-m", "pip", "--disable-pip-version-check", *arguments]
    done = subprocess.run(command, text=True, capture_output=True)
    if done.returncode:
        sys.exit(f"pip {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def moved(python: Path, source: Path) -> dict[str, str]:
    """What installing the package there would change or add, by name: the version it would get."""
    report = json.loads(pip(python, "install", "--dry-run", "--quiet", "--report", "-", str(source)))
    installed = {x["metadata"]["name"].lower().replace("_", "-"): x["metadata"]["version"] for x in report["install"]}
    return {name: version for name, version in installed.items() if name != "ramgnn"}


def run(python: Path, chapter: Path, source: Path) -> str | None:
    """Run one chapter without ramgnn installed before; None, or the end of what went wrong."""
    pip(python, "uninstall", "-q", "-y", "ramgnn")
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | {"RAMGNN_SOURCE": str(source)}
    done = subprocess.run(
        [str(python), "-c", RUN, str(chapter), str(chapter.parent), str(TIMEOUT)],
        text=True,
        capture_output=True,
        env=environment,
    )
    return None if done.returncode == 0 else re.sub(r"\x1b\[[\d;]*m", "", done.stderr)[-3000:]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Run the chapters with the versions that Colab brings.")
    parser.add_argument("only", nargs="?", default="", help="only chapters whose name starts with this, e.g. 02")
    options = parser.parse_args(arguments)
    python = prepare(ROOT / "_build" / "colab")
    stage = ROOT / "_build" / "colab-chapters"
    shutil.rmtree(stage, ignore_errors=True)
    shutil.copytree(ROOT / "notebooks", stage, ignore=shutil.ignore_patterns(".*"))
    changes = moved(python, ROOT)
    print("installing ramgnn adds:", ", ".join(f"{k} {v}" for k, v in changes.items()) or "nothing", flush=True)
    if lost := [name for name in KEPT if name in changes]:
        print(f"it would move {', '.join(lost)}, which Colab has already", file=sys.stderr)
        return 1
    failed = []
    for path in chapters(stage, options.only):
        begun, problem = time.perf_counter(), run(python, path, ROOT)
        if problem and "CellTimeoutError" in problem:
            # On a busy machine a message from the kernel can be overlooked until the time is over.
            print(f"{path.stem}: a cell gave no answer in {TIMEOUT} s; once more", flush=True)
            problem = run(python, path, ROOT)
        print(f"{path.stem}: {'FAILED' if problem else 'done'}, {time.perf_counter() - begun:.0f} s", flush=True)
        if problem:
            failed.append(path.stem)
            print(problem, file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
