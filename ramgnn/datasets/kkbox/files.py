"""Which files KKBox is read from, where they may lie, and what a user of them must know."""

from __future__ import annotations

import os
from pathlib import Path

from ramgnn.datasets.naming import file_called
from ramgnn.errors import DataError

COMPETITION = "kkbox-music-recommendation-challenge"
LICENCE = (
    "The rules of Kaggle's competition kkbox-music-recommendation-challenge (WSDM Cup 2018) do not allow the data to "
    "be passed on. Read them before you use it."
)
CITATION = (
    "KKBOX, WSDM Cup 2018: Music Recommendation Challenge (Kaggle). The preparation follows X. Xin, X. He, Y. Zhang, "
    "Y. Zhang and J. Jose, Relational Collaborative Filtering: Modeling Multiple Item Relations for Recommendation, "
    "SIGIR 2019."
)
# the file that shows which form a folder holds, and where to look below the root, in this order: the cut of Kaggle's
# files comes after the subset, which is the better data set
MARKS = {"kaggle": "train.csv", "subset": "interactions.tsv", "rcf": "auxiliary-mapping.txt"}
PLACES = (
    ("kaggle", "."),
    ("kaggle", "kaggle"),
    ("subset", "."),
    ("subset", "subset"),
    ("rcf", "."),
    ("kaggle", "kaggle-head"),
    ("rcf", "rcf"),
)
SUFFIXES = ("", ".gz", ".7z")


def find(root: str | os.PathLike | None = None, form: str | None = None) -> tuple[Path, str]:
    """The folder that holds KKBox and its form, ``"kaggle"``, ``"subset"`` or ``"rcf"``.

    Raises:
        DataError: there is none; the message says which files to get and where to put them.
    """
    if root is None and (data := os.environ.get("RAMGNN_DATA")):
        root = Path(data) / "kkbox"
    for f, place in PLACES if root is not None else ():
        folder = Path(root) / place
        if form in (None, f) and any(file_called(folder, f"{MARKS[f]}{suffix}") for suffix in SUFFIXES):
            return folder, f
    marks = " or ".join(mark for f, mark in MARKS.items() if form in (None, f))
    raise DataError(
        f"there are no files of KKBox ({marks} was looked for)"
        + (f" in {root}" if root is not None else "; RAMGNN_DATA is not set and no root was given"),
        expected="train.csv, songs.csv and members.csv of Kaggle's competition, plain or as .7z",
        fix=f"sign in to Kaggle, accept the rules of {COMPETITION}, download train.csv.7z, songs.csv.7z and "
        "members.csv.7z, put them into one folder and pass it as root, or into kkbox/kaggle under the folder that the "
        "environment variable RAMGNN_DATA names; the rules do not allow anyone to pass the files on",
    )


def file_in(folder: Path, name: str) -> Path:
    """`name` in `folder`, plain, gzipped or as a 7z archive."""
    for suffix in SUFFIXES:
        if path := file_called(folder, f"{name}{suffix}"):
            return path
    kaggle = name in ("train.csv", "songs.csv", "members.csv")
    raise DataError(
        "there is no such file",
        file=folder / name,
        expected=f"{name}, or {name}{'.7z' if kaggle else '.gz'}",
        fix=f"download it from Kaggle's {COMPETITION} into that folder" if kaggle else "add it to that folder",
    )
