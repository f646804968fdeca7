"""What is known of songs and users: genre, artist, composer, lyricist; age, city, gender."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from ramgnn.datasets.base import Relation
from ramgnn.datasets.kkbox.listens import check_no_repeats
from ramgnn.datasets.reading import read_table
from ramgnn.errors import DataError

AGES = range(10, 81)  # `bd` runs from -43 to 1,051, and 0 stands for unknown
RELATIONS = {"genre": "genre_ids", "artist": "artist_name", "composer": "composer", "lyricist": "lyricist"}
DIVIDERS = {"genre": "|", "artist": "|", "composer": "|、", "lyricist": "|、", "person": "", "language": ""}


def song_relations(songs: pd.DataFrame, people: str, language: bool, notes: list[str]) -> tuple[Relation, ...]:
    """Genre, artist, composer, lyricist and perhaps language of the songs, one row each."""
    made = []
    for name, column in RELATIONS.items():
        dividers = DIVIDERS[name] if people == "split" or name == "genre" else ""
        made.append(Relation.from_lists(name, (split_cell(cell, dividers) for cell in songs[column])))
    if language:
        # "3.0" in the original is "3" in copies that were saved again
        codes = songs["language"].str.strip().str.removesuffix(".0")
        made.append(Relation.from_lists("language", ([code] for code in codes)))
    artist = made[list(RELATIONS).index("artist")]
    if "Various Artists" in artist.labels:
        n = int((artist.values == artist.labels.index("Various Artists")).sum())
        notes.append(f"{n:,} songs have the artist 'Various Artists', which is nobody but joins them all the same")
    return tuple(made)


def split_cell(cell: str, dividers: str) -> list[str]:
    """The values of a cell, without spaces around them; `dividers` are single characters."""
    parts = re.split(f"[{re.escape(dividers)}]", cell) if dividers else [cell]
    return [part.strip() for part in parts]


def read_profiles(
    path: Path, user_ids: Sequence[str], reading: dict | None, progress: bool, notes: list[str]
) -> pd.DataFrame:
    """City, age and gender of the users, in their order; empty for those who are not listed."""
    reading = reading or {"sep": ",", "progress": progress}
    members = read_table(path, ["msno", "city", "bd", "gender"], (), **reading)
    check_no_repeats(members["msno"], path, "user")
    whole = members["bd"].str.strip().str.fullmatch(r"-?\d+|")
    if not whole.all():
        at = members.index[~whole][0]
        raise DataError(
            f"the age {members['bd'][at]!r} is no number",
            file=path,
            line=int(at),
            expected="a whole number in the column 'bd'",
            fix="use the file as Kaggle serves it",
        )
    profiles = members.set_index("msno").reindex(list(user_ids))
    if missing := int(profiles["city"].isna().sum()):
        notes.append(f"{missing:,} users are not in {path.name}; they have no attributes")
    return profiles.fillna("")


def user_relations(profiles: pd.DataFrame, age: str, notes: list[str]) -> tuple[Relation, ...]:
    """Age, city and gender."""
    years = [int(text) if text else 0 for text in profiles["bd"].str.strip()]
    ages = [age_label(year, age) for year in years]
    none = sum(label == "" for label in ages)
    notes.append(
        f"{none:,} of {len(ages):,} users have no age from {AGES.start} to {AGES.stop - 1}, so no value for it"
    )
    return (
        Relation.from_lists("age", ([label] for label in ages)),
        Relation.from_lists("city", ([text.strip()] for text in profiles["city"])),
        Relation.from_lists("gender", ([text.strip()] for text in profiles["gender"])),
    )


def age_label(years: int, how: str) -> str:
    """The label of an age: "20-29" or "27", or nothing for what cannot be an age."""
    if years not in AGES:
        return ""
    return str(years) if how == "value" else f"{years // 10 * 10}-{years // 10 * 10 + 9}"
