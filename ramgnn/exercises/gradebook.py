"""Marks returned notebooks: who got how many steps of which exercise, as a table.

``python -m ramgnn.exercises FOLDER`` looks for notebooks in a folder and the folders in it. Whose a notebook is, is
said by the folder it lies in, or, where all lie together, by what stands before the chapter in its name:
``ann/03_composing….ipynb`` and ``ann-03_composing….ipynb`` are both Ann's. A notebook that was renamed is known by the
exercises that it checks. Of several copies of a chapter the one that was changed last counts, but none without a cell
that checks an exercise, as of another course, where there is one with it. What does not count is named at the end.

Each notebook is run by a process of its own, in an empty folder that is removed afterwards, with a limit of time and
of memory: the cells below "## Exercises" and every cell that calls ``check``, top to bottom. What counts is not what
was printed but the answer that the cell hands to ``check``, judged once more. That stops mistakes and endless loops.
It does not stop somebody who wants to do harm: for that, run it in a container or as a user who owns nothing.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd
from tqdm import tqdm

from ramgnn.errors import DataError
from ramgnn.exercises.checking import exercises

CHAPTER = re.compile(r"(?:^|(?<=[\W_]))(\d\d[a-z]?)_\w")
CHECKED = re.compile(r"""check\(\s*\\?["'](\d\d[a-z]?)\.\d""")
COPY = re.compile(r"^(copy of|kopie von|copie de|copia de|kopya)\b", re.IGNORECASE)
SECONDS, GIGABYTES = 120.0, 4.0


@dataclass(frozen=True)
class Mark:
    """What one exercise of one notebook is worth.

    Attributes:
        student: whose it is; exercise: its id; notebook: the file, relative to the folder.
        points: how many steps hold; most: of how many.
        said: what the checker says, or why nothing could be checked.
    """

    student: str
    exercise: str
    points: int
    most: int
    said: str
    notebook: str


def returned(folder: Path) -> dict[tuple[str, str], Path]:
    """The notebook of each student and chapter.

    Raises:
        DataError: no such folder, or no notebook of a chapter in it.
    """
    if not folder.is_dir():
        raise DataError(f"{folder} is no folder", fix="name the folder with the returned notebooks")
    kept: dict[tuple[str, str], tuple[bool, float, Path]] = {}
    for path in _notebooks(folder):
        chapter, checks = _chapter(path)
        if chapter:
            key, new = (_whose(path, folder), chapter), (checks, path.stat().st_mtime, path)
            kept[key] = max(kept.get(key, new), new)
    found = {key: path for key, (_, _, path) in kept.items()}
    if not found:
        raise DataError(
            f"{folder} has no notebook of a chapter",
            fix="keep the names of the chapters in the files, as in ann/03_composing_neighbours_with_relations.ipynb",
        )
    return dict(sorted(found.items()))


def left_out(folder: Path) -> list[Path]:
    """The notebooks that do not count, relative to the folder: other copies, and those of no chapter."""
    counted = set(returned(folder).values())
    return [path.relative_to(folder) for path in _notebooks(folder) if path not in counted]


def _notebooks(folder: Path) -> list[Path]:
    """All notebooks in a folder, without what Jupyter and macOS keep beside them."""
    return sorted(
        path
        for path in folder.rglob("*.ipynb")
        if path.is_file() and not any(p.startswith(".") or p == "__MACOSX" for p in path.relative_to(folder).parts)
    )


def _chapter(path: Path) -> tuple[str, bool]:
    """The chapter that a notebook is, or an empty text, and whether it checks an exercise of it.

    Its name says so, unless it checks exercises of other chapters only.
    """
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        text = ""
    known = {id.split(".")[0] for id in exercises()}
    checked = Counter(chapter for chapter in CHECKED.findall(text) if chapter in known)
    match = CHAPTER.search(path.stem)
    named = match[1] if match else ""
    if checked and named not in checked:
        return checked.most_common(1)[0][0], True
    return named, named in checked


def _whose(path: Path, folder: Path) -> str:
    """The student: the first folder, or what stands before the chapter in the name of the file."""
    inside, match = path.relative_to(folder).parts[:-1], CHAPTER.search(path.stem)
    name = inside[0] if inside else path.stem[: match.start(1)] if match else path.stem
    name = name if inside else COPY.sub("", name).strip(" _-.")
    return unicodedata.normalize("NFC", name) or "(no name)"  # macOS takes letters and their dots apart


def marks(folder: str | Path, seconds: float = SECONDS, gigabytes: float = GIGABYTES) -> Iterator[Mark]:
    """Mark each exercise of each notebook, one notebook after the other.

    Args:
        folder: with the returned notebooks.
        seconds: that one notebook may take; gigabytes: of memory that it may ask for, where the system can tell.

    Raises:
        DataError: see `returned`.
    """
    folder = Path(folder)
    notebooks = returned(folder)
    for (student, chapter), path in tqdm(notebooks.items(), unit="notebook", disable=None, leave=False):
        found, problem = _run(path, seconds, gigabytes)
        for id, exercise in exercises().items():
            if id.split(".")[0] == chapter:
                points, said = found.get(id, (0, problem or "the notebook has no cell that checks it"))
                yield Mark(student, id, points, len(exercise.steps), said, str(path.relative_to(folder)))


def gradebook(found: list[Mark]) -> pd.DataFrame:
    """A row for each student, a column of points for each exercise, and their sum; a first row says the most.

    Exercises of a chapter that nobody returned are left out; a chapter that somebody did not return is empty.
    """
    if not found:
        return pd.DataFrame(columns=["student", "points"])
    table = pd.DataFrame([asdict(mark) for mark in found])
    wide = table.pivot(index="student", columns="exercise", values="points").astype("Int64")
    most = table.groupby("exercise")["most"].first().astype("Int64").to_frame("(most)").T
    wide = pd.concat([most, wide])
    wide.insert(0, "points", wide.sum(axis=1).astype("Int64"))
    return wide.rename_axis("student").reset_index()


def _run(path: Path, seconds: float, gigabytes: float) -> tuple[dict[str, tuple[int, str]], str]:
    """Points and words of each exercise that was checked, and what went wrong with the rest."""
    with tempfile.TemporaryDirectory(prefix="returned-", ignore_cleanup_errors=True) as place:
        results = Path(place) / "results.json"
        work = Path(place) / "work"
        work.mkdir()
        command = [sys.executable, "-m", "ramgnn.exercises.marking", str(path.resolve()), str(results), str(gigabytes)]
        kept = {k: v for k, v in os.environ.items() if k in ("PATH", "LANG", "LC_ALL", "SYSTEMROOT", "RAMGNN_DATA")}
        here = str(Path(__file__).parents[2])
        kept |= {
            "HOME": str(work),
            "MPLBACKEND": "agg",
            "RAMGNN_STATIC": "1",
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": here,
        }
        process = subprocess.Popen(
            command, cwd=work, env=kept, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        try:
            process.wait(seconds)
            problem = "" if process.returncode == 0 else "its process ended before this exercise"
        except subprocess.TimeoutExpired:
            problem = f"it took longer than {seconds:g} s"
        finally:
            _end(process)
        return _read(results), problem


def _end(process: subprocess.Popen) -> None:
    """Stop a process and all that it has started."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()


def _read(results: Path) -> dict[str, tuple[int, str]]:
    """What the process wrote, line by line; whatever has another shape is left out."""
    found = {}
    try:
        lines = results.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return {}
    for line in lines:
        try:
            id, points, said = json.loads(line)
        except ValueError:
            continue
        if id in exercises() and isinstance(points, int) and 0 <= points <= len(exercises()[id].steps):
            found[id] = (points, str(said))
    return found
