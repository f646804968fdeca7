"""MovieLens as GroupLens gives it out. ::

    100K               u.data     u.item      u.user     (u.genre)     tabs and bars, Latin-1, no header
    1M, 10M            ratings.dat  movies.dat  (users.dat)            fields between ::, no header
    latest, 20M - 32M  ratings.csv  movies.csv                         CSV with a header

A film's year is the one in its title, its genres stand in one cell, and "(no genres listed)" is no genre.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from ramgnn.datasets.folders.found import Found, others, plain_or_packed
from ramgnn.datasets.folders.lines import encoding_of, read_text
from ramgnn.datasets.folders.ratings import ID, NUMBER, SECONDS, UNREAD, Ratings, first_ratings, read_ratings
from ramgnn.datasets.frames.columns import Columns
from ramgnn.datasets.frames.table import Origin, Table
from ramgnn.datasets.layout import read_layout
from ramgnn.datasets.reading import read_table

NO_GENRES = ("(no genres listed)", "unknown")
YEAR = re.compile(r"\(\s*(\d{4})\s*(?:[-–—]\s*(?:\d{4})?\s*)?\)")  # (1995), (2006–2007), (2011- )
CSV_RATINGS = {"userId": ID, "movieId": ID, "rating": NUMBER, "timestamp": SECONDS}
CSV_MOVIES = ("movieId", "title", "genres")
RATINGS = {"user_id": ID, "movie_id": ID, "rating": NUMBER, "timestamp": SECONDS}
NAMED = Columns("user_id", "movie_id", "timestamp", "title", rating="rating")
RAW_MOVIES = ("movie_id", "title", "release_date", "video_release_date", "imdb_url")
RAW_GENRES = (
    "unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama", "Fantasy",
    "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western",
)  # fmt: skip
# the codes of users.dat, as the README of MovieLens-1M explains them
AGES = {
    "1": "under 18", "18": "18-24", "25": "25-34", "35": "35-44", "45": "45-49", "50": "50-55", "56": "56 and over",
}  # fmt: skip
OCCUPATIONS = (
    "other", "academic/educator", "artist", "clerical/admin", "college/grad student", "customer service",
    "doctor/health care", "executive/managerial", "farmer", "homemaker", "K-12 student", "lawyer", "programmer",
    "retired", "sales/marketing", "scientist", "self-employed", "technician/engineer", "tradesman/craftsman",
    "unemployed", "writer",
)  # fmt: skip
GENDERS = {"M": "male", "F": "female"}


def raw(folder: Path, progress: bool, encoding: str | None = None) -> Found | None:
    """MovieLens-100K, or None."""
    data = plain_or_packed(folder, "u.data")
    if data is None:
        return None
    films, people, genres = (plain_or_packed(folder, name) for name in ("u.item", "u.user", "u.genre"))
    notes: list[str] = []
    columns = (*RAW_MOVIES, "genres")
    return Found(
        "MovieLens-100K",
        f"{data.name} is there",
        _ratings_table(Ratings(data, RATINGS, "\t", encoding=encoding or "utf-8"), progress),
        films and _films_table(films, columns, lambda: _raw_films(films, genres, encoding), RAW_MOVIES[2:], notes),
        people and _people_table(people, ("user_id", "age", "gender", "occupation", "zip"), "|", encoding, _raw_people),
        NAMED if films else replace(NAMED, title=None),
        others(folder, data, films, people, genres),
        notes,
    )


def dat(folder: Path, progress: bool, encoding: str | None = None) -> Found | None:
    """MovieLens-1M or 10M, or None."""
    data, films, people = (plain_or_packed(folder, name) for name in ("ratings.dat", "movies.dat", "users.dat"))
    if data is None or films is None:
        return None
    notes: list[str] = []
    columns = ("user_id", "gender", "age", "occupation", "zip")

    def read_films() -> pd.DataFrame:
        return read_text(films, ("movie_id", "title", "genres"), "::", encoding)

    return Found(
        "MovieLens, as .dat files",
        f"{data.name} and {films.name} are there",
        _ratings_table(Ratings(data, RATINGS, "::", encoding=encoding or "utf-8"), progress),
        _films_table(films, ("movie_id", "title", "genres"), read_films, (), notes),
        people and _people_table(people, columns, "::", encoding, _dat_people),
        NAMED,
        others(folder, data, films, people),
        notes,
    )


def csv(folder: Path, progress: bool, encoding: str | None = None) -> Found | None:
    """MovieLens latest, 20M, 25M or 32M, told by the headers, or None."""
    data, films = (plain_or_packed(folder, name) for name in ("ratings.csv", "movies.csv"))
    if data is None or films is None:
        return None
    written, encoding = encoding or "utf-8", encoding_of(films, encoding)
    ratings_layout, films_layout = read_layout(data, encoding=written), read_layout(films, encoding=encoding)
    if not set(CSV_RATINGS) <= set(ratings_layout.columns) or not set(CSV_MOVIES) <= set(films_layout.columns):
        return None
    kinds = {column: CSV_RATINGS.get(column, UNREAD) for column in ratings_layout.columns}
    ratings = Ratings(data, kinds, ratings_layout.sep, ratings_layout.line, '"', written)
    notes: list[str] = []

    def read_films() -> pd.DataFrame:
        return read_table(films, sep=films_layout.sep, encoding=encoding)

    return Found(
        "MovieLens, as CSV files",
        f"{data.name} and {films.name} have MovieLens's columns",
        _ratings_table(ratings, progress),
        _films_table(films, films_layout.columns, read_films, (), notes),
        None,
        Columns("userId", "movieId", "timestamp", "title", rating="rating"),
        others(folder, data, films),
        notes,
    )


# ---- tables


def _ratings_table(ratings: Ratings, progress: bool) -> Table:
    origin = Origin(ratings.path.name, ratings.path, ratings.header_line or None)
    return Table(
        origin,
        tuple(ratings.kinds),
        read=lambda columns: read_ratings(ratings, columns, progress),
        blank=ratings.blank,
        head=lambda columns: first_ratings(ratings, columns),
    )


def _films_table(
    path: Path, columns: Sequence[str], read: Callable[[], pd.DataFrame], spare: Sequence[str], notes: list[str]
) -> Table:
    """The films, with lists of genres and the year of each title.

    Args:
        read: gives the columns as text, indexed by line.
        spare: columns that are read when they are named only.
        notes: what was converted is added here.
    """
    columns = tuple(columns) if "year" in columns else (*columns, "year")

    def read_columns(names: Sequence[str]) -> pd.DataFrame:
        films = read()
        genres = films["genres"].str.split("|", regex=False)
        without = genres.map(lambda values: all(value.strip() in ("", *NO_GENRES) for value in values))
        if without.any():
            stand = " or ".join(map(repr, films["genres"][without].unique()))
            notes.append(f"{int(without.sum()):,} films of {path.name} have no genre: {stand} counts as none")
        films["genres"] = genres.map(lambda values: [value for value in values if value.strip() not in NO_GENRES])
        if "year" not in films:
            years = films["title"].map(year)
            if "release_date" in films:
                years = years.where(years != "", films["release_date"].str[-4:])
            films["year"] = years
            dated = years != ""
            example = f": {films['title'][dated].iloc[0]} is of {years[dated].iloc[0]}" if dated.any() else ""
            notes.append(f"the year of a film is the one in its title{example}; {int((~dated).sum()):,} have none")
        return films[list(dict.fromkeys(names))]

    return Table(Origin(path.name, path), columns, read_columns, spare=frozenset(spare))


def year(title: str) -> str:
    """The year in a title, the last where there are several and the first of a span; "" where there is none."""
    years = YEAR.findall(title)
    return years[-1] if years else ""


def _people_table(
    path: Path,
    columns: Sequence[str],
    sep: str,
    encoding: str | None,
    convert: Callable[[pd.DataFrame], pd.DataFrame],
) -> Table:
    """The users; zip codes are read when they are named only."""

    def read_columns(names: Sequence[str]) -> pd.DataFrame:
        people = read_text(path, columns, sep, encoding)
        return convert(people)[list(dict.fromkeys(names))]

    return Table(Origin(path.name, path), tuple(columns), read_columns, spare=frozenset({"zip"}))


def _raw_films(path: Path, genres: Path | None, encoding: str | None) -> pd.DataFrame:
    """``u.item``: a flag for each genre becomes a cell of genres."""
    names = RAW_GENRES
    if genres is not None:
        listed = read_text(genres, ("genre", "number"), "|", encoding)
        names = tuple(listed["genre"].str.strip())
    films = read_text(path, (*RAW_MOVIES, *names), "|", encoding)
    flags = films[list(names)].apply(lambda column: column.str.strip() == "1").to_numpy()
    cells = ["|".join(name for name, flag in zip(names, row, strict=True) if flag) for row in flags.tolist()]
    return films[list(RAW_MOVIES)].assign(genres=pd.Series(cells, index=films.index, dtype=str))


def _raw_people(people: pd.DataFrame) -> pd.DataFrame:
    return people.assign(gender=_named(people["gender"], GENDERS))


def _dat_people(people: pd.DataFrame) -> pd.DataFrame:
    occupations = {str(code): name for code, name in enumerate(OCCUPATIONS)}
    return people.assign(
        gender=_named(people["gender"], GENDERS),
        age=_named(people["age"], AGES),
        occupation=_named(people["occupation"], occupations).map(lambda name: [name]),
    )


def _named(codes: pd.Series, names: dict[str, str]) -> pd.Series:
    """Names for codes; a code without a name stays."""
    return codes.str.strip().map(lambda code: names.get(code, code))
