"""KKBox, a music service: your own Kaggle files, RCF's processed files, or a sample.

Nothing of it may be passed on, so nothing of it is here: the files are yours. Three forms are read.

- ``kaggle``: ``train.csv``, ``songs.csv`` and ``members.csv`` of the competition, plain, gzipped or as the ``.7z``
  archives that Kaggle serves, prepared as RCF did (Xin et al., SIGIR 2019): only listens with ``target=1``, only songs
  with genre, artist, composer and lyricist, the last song of each user held out. Kaggle's rows are in order of time
  but carry no time, so the place in the file is the order.
- ``rcf``: RCF's ``auxiliary-mapping.txt``, ``train.txt`` and ``test.txt`` with numbers for ids. There is nothing about
  users in it. Where ``train.txt`` is missing, `item_relations_only` still gives the graph of the songs.
- ``subset``: a sample of listens in four ``.tsv.gz`` files with attributes for a part of the songs. Its rows are sorted
  by id, so there is no order in time and the held-out song of each user is drawn by seed.

Relation types of songs: genre, artist, composer, lyricist (and person in the subset, language as an option). Relation
types of users: age, city, gender.
"""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np

from ramgnn.advice import option
from ramgnn.datasets.base import RecDataset
from ramgnn.datasets.faults import check_choice
from ramgnn.datasets.kkbox.files import MARKS, find
from ramgnn.datasets.kkbox.kaggle import load_kaggle
from ramgnn.datasets.kkbox.rcf import item_relations_only, load_rcf
from ramgnn.datasets.kkbox.subset import load_subset
from ramgnn.datasets.negatives import with_negatives
from ramgnn.errors import DataError

__all__ = ["find", "item_relations_only", "load"]

NEGATIVES = 999


def load(
    root: str | os.PathLike | None = None,
    form: str | None = None,
    *,
    negatives: int | str | None = "auto",
    seed: int = 0,
    age: str = "decade",
    people: str = "split",
    language: bool = False,
    min_user: int = 2,
    progress: bool = True,
) -> RecDataset:
    """Load KKBox from the folder `root`.

    Args:
        root: the folder with the files, or the one above with folders ``kaggle``, ``subset``, ``kaggle-head`` or
            ``rcf`` in it; None is ``$RAMGNN_DATA/kkbox``.
        form: ``"kaggle"``, ``"subset"`` or ``"rcf"``; None takes the first of these that is there.
        negatives: how many sampled songs to rank a held-out one against; ``"auto"`` is 999, or as many as the smallest
            choice of a user allows (noted); None ranks against all songs.
        seed: for the negatives and, in the subset, the held-out songs.
        age: ``"decade"`` ("20-29") or ``"value"`` ("27"); ages outside 10-80 are no value either way.
        people: ``"split"`` divides artists, composers and lyricists at their separators; ``"whole"`` takes a field as
            one value, as RCF did. Genres are always divided.
        language: add the language of a song as a relation type (not in ``rcf``).
        min_user: users with fewer songs are left out, since none could be held out (not in ``rcf``).
        progress: show bars.

    Raises:
        DataError: files are missing or not as Kaggle or RCF wrote them, or a user has too few songs for `negatives`.
    """
    check_choice("form", form, (None, *MARKS))
    check_choice("age", age, ("decade", "value"))
    check_choice("people", people, ("split", "whole"))
    if not (negatives in ("auto", None) or (isinstance(negatives, int) and negatives > 0)):
        raise DataError(
            option("negatives", negatives), expected="a number above 0, 'auto' or None", fix="pass one of them"
        )
    folder, form = find(root, form)
    if form == "kaggle":
        dataset = load_kaggle(folder, age, people, language, min_user, progress)
    elif form == "subset":
        dataset = load_subset(folder, age, people, language, min_user, seed, progress)
    else:
        dataset = load_rcf(folder, progress)
    return _negatives(dataset, negatives, seed).check()


def _negatives(dataset: RecDataset, n_negatives: int | str | None, seed: int) -> RecDataset:
    """The data set with sampled negatives; "auto" draws 999 or as many as every user allows."""
    if n_negatives is None:
        return dataset
    n = NEGATIVES
    if n_negatives == "auto":
        tested = dataset.test["user"].to_numpy()
        history = np.bincount(dataset.train["user"], minlength=dataset.n_users)[tested]
        n = min(NEGATIVES, dataset.n_items - int(history.max()) - 1)
        if n < 1:
            note = "a user knows every song, so that held-out songs are ranked against all songs, not sampled ones"
            return replace(dataset, notes=(*dataset.notes, note))
        if n < NEGATIVES:
            note = f"there are too few songs for {NEGATIVES} negatives per user; {n} are drawn, so ranks are easier"
            dataset = replace(dataset, notes=(*dataset.notes, note))
    else:
        n = int(n_negatives)
    return with_negatives(dataset, n, seed)
