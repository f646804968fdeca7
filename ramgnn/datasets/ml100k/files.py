"""Where MovieLens-100K's files come from: local copies, the cache or the network, all of them checked."""

from __future__ import annotations

import hashlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from ramgnn.datasets.download import cache_folder, checked, extract, fetch, local_folder, matches, say_once
from ramgnn.errors import DataError

ZIP_URLS = (
    "https://files.grouplens.org/datasets/movielens/ml-100k.zip",
    "https://huggingface.co/datasets/Recommenders/MovieLens/resolve/main/ml-100k.zip",
)
ZIP_SHA256 = "50d2a982c66986937beb9ffb3aa76efe955bf3d5c6b761f4e3a7cd717c6a3229"
RAW = {  # the members are checked too
    "u.data": "06416e597f82b7342361e41163890c81036900f418ad91315590814211dca490",
    "u.item": "553841ebc7de3a0fd0d6b62a204ea30c1e651aacfb2814c7a6584ac52f2c5701",
    "u.user": "f120e114da2e8cf314fd28f99417c94ae9ddf1cb6db8ce0e4b5995d40e90e62c",
    "README": "4883b8cf340ed0059971b33f56ad3adc88a40792108ebca3d24aafc4c82e8b52",
}
RCF_URL = "https://raw.githubusercontent.com/xinxin-me/RCF/14f6615c29fbc74f52ad5d5994f0923069e19a11/ML100K/"
RCF = {
    "train.txt": "61ace0de1c714d2c2b61753b636d1018629088e373df4e7cb566594fa5fbc899",
    "test.txt": "4365d636430559a632664f76695b7c76cfefd456dfd5d1ee32beabb8539f1dbd",
    "auxiliary-mapping.txt": "ac7b931c8cae0ec49b75b8d5e199320a8f749994324c4f2de6ee6ce67eb2a3c1",
}
NAMES_URL = (
    "https://raw.githubusercontent.com/sunzhuntu/Recurrent-Knowledge-Graph-Embedding/"
    "e24252e4850d18aa70a7c8847dbe01819711b07d/data/ml/auxiliary.txt"
)
NAMES = {
    "rcf_genre_id_to_name.tsv": "c0e756c24efae243f713a2e077744dd69db979c32fe89f206a9182a4e443c730",
    "rcf_director_id_to_name.tsv": "b3a0a16edc26816c1b3fb3a11eed7e6e5bfd66c071750afe55ea92030c5a60a7",
    "rcf_actor_id_to_name.tsv": "21afff913c2cb0853bafd7cee6c48498a37eae17961da58cae2da12a6a0b1f52",
}
TYPES = ("genre", "director", "actor")  # the order of the columns in auxiliary-mapping.txt

LICENCE = """\
MovieLens-100K (c) GroupLens Research, University of Minnesota: for research; not to be passed on, and not for
commercial use without permission; say where it is from and do not suggest endorsement. Its README has the full terms.
The RCF files (split and attributes) state no licence; cite their authors."""
CITATION = (
    "F. Maxwell Harper and Joseph A. Konstan. The MovieLens Datasets: History and Context. ACM Transactions on "
    "Interactive Intelligent Systems 5(4), article 19, 2015. doi:10.1145/2827872. "
    "Split and attributes: Xin Xin, Xiangnan He, Yongfeng Zhang, Yongdong Zhang and Joemon Jose. Relational "
    "Collaborative Filtering: Modeling Multiple Item Relations for Recommendation. SIGIR 2019."
)


@dataclass(frozen=True)
class Folders:
    """Where the checked files lie.

    Attributes:
        raw: the folder of ``u.data``, ``u.item`` and ``u.user``.
        rcf: the folder of ``train.txt``, ``test.txt`` and ``auxiliary-mapping.txt``.
        names: the names of the ids by type, ``{"genre": ("Animation", ...), ...}``; None when they are not at hand.
        no_names: why there are none.
    """

    raw: Path
    rcf: Path
    names: dict[str, tuple[str, ...]] | None
    no_names: str = ""


def find(root: str | os.PathLike | None, names: bool, progress: bool) -> Folders:
    """Find the files: local copies first, then the cache, then the network; all of them checked.

    Args:
        root: a folder of local copies, and the only place to look; None looks into ``$RAMGNN_DATA`` first.
        names: look for the names of genres, directors and actors, too.
        progress: show a bar while downloading.

    Raises:
        DataError: a local copy is missing or changed, or nothing can be downloaded.
    """
    local = Path(root) if root is not None else local_folder()
    cache = cache_folder()

    def is_local(folder: str, first: str) -> bool:
        return root is not None or (local is not None and (local / folder / first).is_file())

    if is_local("ml-100k", "u.data"):
        raw = local / "ml-100k"
        for name in ("u.data", "u.item", "u.user"):
            checked(raw / name, RAW[name])
    else:
        raw = cache / "ml-100k"
        if not all(matches(raw / name, sha256) for name, sha256 in RAW.items()):
            say_once("licence-ml-100k", LICENCE, cache)
            archive = fetch("ml-100k.zip", ZIP_URLS, ZIP_SHA256, raw, progress)
            extract(archive, {f"ml-100k/{name}": sha256 for name, sha256 in RAW.items()}, raw)
    if is_local("rcf-ml100k", "train.txt"):
        rcf = local / "rcf-ml100k"
        for name, sha256 in RCF.items():
            checked(rcf / name, sha256)
    else:
        rcf = cache / "rcf-ml100k"
        if not all(matches(rcf / name, sha256) for name, sha256 in RCF.items()):
            say_once("licence-ml-100k", LICENCE, cache)
        for name, sha256 in RCF.items():
            fetch(name, [RCF_URL + name], sha256, rcf, progress)
    if not names:
        return Folders(raw, rcf, None, "Genres, directors and actors are shown by number: names=False.")
    try:
        return Folders(raw, rcf, _names(rcf, cache / "rcf-ml100k", root is None, progress))
    except DataError as error:  # the names are for readers only: the data set is the same without them
        why = f"Genres, directors and actors are shown by number, their names are not at hand: {error.what}"
        print(f"ramgnn: {why}", file=sys.stderr)
        return Folders(raw, rcf, None, why)


def _names(rcf: Path, cache: Path, download: bool, progress: bool) -> dict[str, tuple[str, ...]]:
    """The names by type, from the three id-to-name files or from the file they were numbered from."""
    if all((rcf / name).is_file() for name in NAMES):
        tables = [checked(rcf / name, sha256) for name, sha256 in NAMES.items()]
        texts = [path.read_text(encoding="utf-8").rstrip("\n").split("\n") for path in tables]
        return {kind: tuple(line.split("\t")[1] for line in lines) for kind, lines in zip(TYPES, texts, strict=True)}
    path = rcf / "auxiliary.txt"
    if path.is_file() and rcf != cache:
        _same_numbers(path)
    elif download:
        path = fetch("auxiliary.txt", [NAMES_URL], None, cache, progress, check=_same_numbers)
    else:
        raise DataError(f"there is neither {', '.join(NAMES)} nor auxiliary.txt in {rcf}")
    return derive_names(path.read_text(encoding="utf-8"))[1]


def _same_numbers(path: Path) -> None:
    """Raise DataError unless numbering the names of `path` gives RCF's ``auxiliary-mapping.txt`` byte for byte."""
    try:
        sha256 = hashlib.sha256(derive_names(path.read_text(encoding="utf-8"))[0].encode()).hexdigest()
    except UnicodeDecodeError:
        sha256 = ""
    if sha256 != RCF["auxiliary-mapping.txt"]:
        raise DataError("its names, numbered in order, do not give RCF's auxiliary-mapping.txt", file=path)


def derive_names(text: str) -> tuple[str, dict[str, tuple[str, ...]]]:
    """Number the names of genres, directors and actors in order of first appearance, as RCF's file does.

    Args:
        text: lines ``id:1|genre:Animation,Comedy|director:John Lasseter|actors:Tom Hanks,Tim Allen``. Names are told
            apart as they stand, stray spaces included; lines without four parts are passed over.

    Returns:
        The text of ``auxiliary-mapping.txt``, by which one can see that the numbering is RCF's, and the names by type
        with stray spaces removed.
    """
    index: dict[str, dict[str, int]] = {kind: {} for kind in TYPES}
    lines = []
    for line in text.split("\n"):
        parts = [part.split(":")[1:2] for part in line.split("|")]
        if len(parts) != 1 + len(TYPES) or not all(parts):
            continue
        (item,), *cells = parts
        numbers = [
            ",".join(str(index[kind].setdefault(name, len(index[kind]))) for name in cell.split(","))
            for kind, (cell,) in zip(TYPES, cells, strict=True)
        ]
        lines.append("|".join([item, *numbers]) + "\n")
    return "".join(lines), {kind: tuple(" ".join(name.split()) for name in index[kind]) for kind in TYPES}
