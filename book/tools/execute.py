"""Runs the chapters from top to bottom: in place, or as copies in a folder that the site can be built from."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from tqdm import tqdm

from book.tools import minutes, tolerance
from ramgnn.live import STATIC

ROOT = Path(__file__).parents[2]
TIMEOUT = 600  # seconds a single cell may take
NOT_COPIED = {"notebooks", "_build", "build", "dist", ".git", ".venv"}


def chapters(folder: Path, only: str = "") -> list[Path]:
    """The notebooks in reading order; with `only`, those whose name starts with it.

    Raises:
        SystemExit: none matches.
    """
    paths = [path for path in sorted(folder.glob("*.ipynb")) if path.name.startswith(only)]
    if not paths:
        raise SystemExit(f"no chapter {only + '*' if only else ''} in {folder}")
    return paths


def stage(target: Path, root: Path) -> Path:
    """Lay out a copy of the book in `target`: the chapters copied, everything else linked. Returns its notebooks."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for entry in root.iterdir():
        if entry.name not in NOT_COPIED:
            (target / entry.name).symlink_to(entry.resolve())
    shutil.copytree(root / "notebooks", target / "notebooks", ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    return target / "notebooks"


def tidy(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Drop what differs between machines or runs and says nothing, so that stored chapters stay the same."""
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
            **{
                key: value
                for key, value in notebook.metadata.items()
                if key in ("mystnb", "title", "authors", "arithmetic")
            },
        }
    )
    for cell in notebook.cells:
        for key in ("execution", "ExecuteTime", "collapsed", "scrolled", "outputId", "colab"):
            cell.metadata.pop(key, None)
        if "solution" not in cell.metadata.get("tags", []):  # solutions stay folded in JupyterLab
            cell.metadata.pop("jupyter", None)
        for output in cell.get("outputs", []):
            output.get("data", {}).pop("application/vnd.jupyter.widget-view+json", None)
    return notebook


def execute(path: Path, measure: bool = False) -> str | None:
    """Run one chapter and replace the file when all went well.

    Args:
        measure: write into its opening how long it takes to read and to run.

    Returns:
        None, or what went wrong; the file is then as it was.
    """
    notebook = nbformat.read(path, as_version=4)
    os.environ[STATIC] = "1"  # nobody is there to move a slider
    numbers = [i for i, cell in enumerate(notebook.cells) if cell.cell_type == "code" and cell.source.strip()]
    with tqdm(total=len(numbers), desc=f"  {path.stem}", unit="cell", leave=False, disable=None) as bar:
        client = NotebookClient(
            notebook,
            timeout=TIMEOUT,
            kernel_name="python3",
            record_timing=False,
            store_widget_state=False,
            coalesce_streams=True,
            extra_arguments=["--log-level=40"],  # the kernel's own warnings are not the reader's
            resources={"metadata": {"path": str(path.parent)}},
            on_cell_executed=lambda **_: bar.update(),
        )
        begun = time.perf_counter()
        try:
            client.execute()
        except CellExecutionError as error:
            return str(error)
        except (CellTimeoutError, DeadKernelError) as error:
            done = bar.n
            where = numbers[min(done, len(numbers) - 1)] + 1
            return f"cell {where} of {path.name}: {error}"
    notebook.metadata["arithmetic"] = tolerance.arithmetic()
    if measure:
        minutes.stamp(notebook, time.perf_counter() - begun)
    part = path.with_name(path.name + ".part")
    part.write_text(nbformat.writes(tidy(notebook)) + "\n", encoding="utf-8")
    os.replace(part, path)
    return None


def timed(path: Path, measure: bool) -> tuple[str | None, float]:
    """`execute`, with how many seconds it took."""
    begun = time.perf_counter()
    return execute(path, measure), time.perf_counter() - begun


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Run the chapters.")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--in-place", action="store_true", help="store the outputs in notebooks/")
    where.add_argument("--into", type=Path, metavar="FOLDER", help="run copies there and leave notebooks/ as it is")
    parser.add_argument("only", nargs="?", default="", help="run only chapters whose name starts with this, e.g. 02")
    parser.add_argument("--jobs", type=int, default=1, help="chapters at the same time (default: %(default)s)")
    options = parser.parse_args(arguments)
    if options.jobs < 1:
        parser.error(f"--jobs is {options.jobs}; expected 1 or more")
    folder = ROOT / "notebooks" if options.in_place else stage(options.into, ROOT)
    paths = chapters(folder, options.only)
    started, failed = time.perf_counter(), []
    with ProcessPoolExecutor(options.jobs) as pool:
        running = {pool.submit(timed, path, options.in_place): path for path in paths}
        for number, done in enumerate(as_completed(running), 1):
            (problem, seconds), name = done.result(), running[done].stem
            said = f"{name} {'FAILED' if problem else 'done'}, {seconds:.1f} s"
            print(f"chapter {number} of {len(paths)}: {said}", flush=True)
            if problem:
                failed.append(name)
                print(problem, file=sys.stderr, flush=True)
    print(f"{len(paths) - len(failed)} of {len(paths)} chapters ran in {time.perf_counter() - started:.0f} s")
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
