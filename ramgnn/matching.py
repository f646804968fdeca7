"""From what somebody typed to the user or the item that was meant, or to near matches."""

from __future__ import annotations

import datetime
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher, get_close_matches
from heapq import nlargest
from numbers import Integral, Real

import numpy as np
import pandas as pd

from ramgnn.datasets.base import RecDataset
from ramgnn.errors import NotFoundError, RamgnnError

SHOWN = 8  # names listed in a message


class AmbiguousError(RamgnnError, LookupError):
    """A text fits several users or items.

    Attributes:
        indices: of all that it fits.
    """

    def __init__(self, message: str, indices: Sequence[int]) -> None:
        self.indices = tuple(indices)
        super().__init__(message)


def fold(text: object) -> str:
    """Text for comparing: without accents, capitals and repeated spaces."""
    plain = unicodedata.normalize("NFKD", str(text))
    return " ".join("".join(c for c in plain if not unicodedata.combining(c)).casefold().split())


def nearest(name: object, names: Iterable[str], n: int = 5) -> list[str]:
    """Up to `n` of `names` that resemble `name`, best first, for "did you mean".

    Equal but for capitals and accents comes first, then names that begin with the text, contain it, contain all its
    words, contain all its words but for a wrong letter or two, and then those that are alike letter by letter
    (difflib's ratio of 0.6 or more). Shorter names come first among equals.
    """
    query = fold(name)
    if not query:
        return []
    query_words = set(_words(query))
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(query)  # the side that stays: difflib keeps what it learns about it
    candidates = list(dict.fromkeys(map(str, names)))
    vocabulary = {word for candidate in candidates for word in _words(fold(candidate))}
    # for each word of the query, the words of the names that may have been meant by it
    close_words = [set(get_close_matches(word, vocabulary, n=5, cutoff=0.8)) for word in query_words]
    scored = []
    for place, candidate in enumerate(candidates):
        folded = fold(candidate)
        score = _likeness(folded, query, query_words)
        if not score and close_words:
            candidate_words = set(_words(folded))
            score = int(all(words & candidate_words for words in close_words))
        if not score:
            matcher.set_seq1(folded)
            if matcher.real_quick_ratio() < 0.6 or matcher.quick_ratio() < 0.6 or (score := matcher.ratio()) < 0.6:
                continue
        scored.append(((score, -len(folded), -place), candidate))
    return [candidate for _, candidate in nlargest(n, scored)]


def _likeness(name: str, query: str, query_words: set[str]) -> int:
    """How much a name is like a query, both folded.

    Returns:
        5 where they are equal, 4 where the name begins with the query, 3 where it contains it, 2 where it contains all
        of its words, else 0.
    """
    if name == query:
        return 5
    if name.startswith(query):
        return 4
    if query in name:
        return 3
    return 2 if query_words and query_words <= set(_words(name)) else 0


def _words(folded: str) -> list[str]:
    return "".join(c if c.isalnum() else " " for c in folded).split()


def told_apart(dataset: RecDataset, side: str) -> tuple[str, ...]:
    """What to call the users or the items: their labels, with the id behind those that several have."""
    ids, labels = getattr(dataset, f"{side}_ids"), getattr(dataset, f"{side}_labels")
    n = Counter(labels)
    return tuple(label if n[label] == 1 else f"{label} (id {id})" for id, label in zip(ids, labels, strict=True))


def find(dataset: RecDataset, side: str, text: object) -> int:
    """The index of the user or item that `text` names.

    Tried in this order, and the first step that finds anything decides: the exact id; the exact label; id or label
    but for capitals and accents; the beginning of a label; a part of a label; all words of the text, in any order.
    A number or a date is looked for among ids and whole labels alone. Parts are looked for only where labels are more
    than ids, and a text of digits alone must be a whole word of the label, so that a mistyped id is nobody else's.

    Args:
        dataset: where to look.
        side: ``"user"`` or ``"item"``.
        text: what was typed.

    Raises:
        AmbiguousError: several fit; the message lists them with their ids.
        NotFoundError: none fits; carries near matches.
    """
    if side not in ("user", "item"):
        raise RamgnnError(f"side is {side!r}; expected 'user' or 'item'")
    ids, labels = getattr(dataset, f"{side}_ids"), getattr(dataset, f"{side}_labels")
    ways = [way.strip() for way in _written(text)]
    typed = ways[0]
    if not typed:
        raise RamgnnError(f"the name of the {side} is empty; give an id or a part of a label")
    for names in (ids, labels):
        for way in ways:
            if exact := [n for n, name in enumerate(names) if name == way]:
                return _only(exact, dataset, side, way)
    if side == "user" and not set(ways).isdisjoint(dataset.left_out_users):
        raise RamgnnError(left_out_message(typed))
    if isinstance(text, Real | datetime.date | np.datetime64):  # an id, never a part of a title
        kind = "number" if isinstance(text, Real) else "date"
        raise NotFoundError(side, typed, nearest(typed, ids), hint=f"a {kind} stands for an id; give a title as text")
    query = fold(typed)
    query_words = set(_words(query))
    labelled = [n for n, (id, label) in enumerate(zip(ids, labels, strict=True)) if id != label]
    levels: dict[int, list[int]] = {5: [n for n, id in enumerate(ids) if fold(id) == query]}
    for n in labelled:
        label = fold(labels[n])
        level = _likeness(label, query, query_words)
        if query.isdigit() and level < 5 and query not in _words(label):
            level = 0
        if level and n not in levels.setdefault(level, []):
            levels[level].append(n)
    for level in (5, 4, 3, 2):
        if levels.get(level):
            return _only(levels[level], dataset, side, typed)
    near = nearest(typed, [labels[n] for n in labelled]) or nearest(typed, ids)
    if not ids:
        raise NotFoundError(side, typed, hint=f"the data set has no {side}s")
    hint = f"{len(ids):,} {side}s are known by id, such as {ids[0]!r}"
    hint += f", and by label, such as {labels[labelled[0]]!r}" if labelled else ""
    raise NotFoundError(side, typed, near, hint=hint)


def left_out_message(user: str) -> str:
    """What to say of somebody who is in the tables but not in the data set."""
    return (
        f"user {user!r} has too few interactions or is not in the table of users, and was left out of the training "
        "(min_user, min_rating where ratings are low, or unknown=drop); recommend by the items that they had, as for "
        "somebody new: --had on the command line, had=[…] in Python"
    )


def indices(dataset: RecDataset, side: str, names: Sequence[object]) -> list[int]:
    """The indices of several users or items, each by id or label as in `find`.

    Ids are looked up in one dictionary, so a hundred thousand of them take no longer than reading them. Numbers and
    dates stand for the ids that they are written as: 12.0 for 12, or for 12.0 where some ids of a column are 2.5.

    Raises:
        AmbiguousError: a label fits several; NotFoundError: one fits none.
    """
    known = {name: n for n, name in enumerate(getattr(dataset, f"{side}_ids"))}
    found = ((name, next((known[way] for way in _written(name) if way in known), None)) for name in names)
    return [find(dataset, side, name) if index is None else index for name, index in found]


def _written(name: object) -> list[str]:
    """The ways in which a data set may have written an id, the likeliest first.

    A data frame decides by the whole column whether whole numbers have a decimal point and dates a time of day.
    """
    if isinstance(name, Real) and not isinstance(name, Integral) and float(name).is_integer():
        return [str(int(name)), str(name)]
    if isinstance(name, np.timedelta64):
        name = pd.Timedelta(name)
    if isinstance(name, datetime.datetime | np.datetime64):
        name = pd.Timestamp(name)
    if not isinstance(name, pd.Timestamp):
        return [str(name)]
    day = [str(name.date())] if name == name.normalize() and name.tzinfo is None else []
    fractions = [name.isoformat(" ", timespec) for timespec in ("milliseconds", "microseconds", "nanoseconds")]
    return list(dict.fromkeys([str(name), *day, *fractions]))


def _only(matches: list[int], dataset: RecDataset, side: str, typed: str) -> int:
    """The only index of a list.

    Raises:
        AmbiguousError: there are several.
    """
    if len(matches) == 1:
        return matches[0]
    ids, labels = getattr(dataset, f"{side}_ids"), getattr(dataset, f"{side}_labels")
    lines = [f"  {labels[n]}  (id {ids[n]})" for n in matches[:SHOWN]]
    lines += [f"  and {len(matches) - SHOWN} more"] if len(matches) > SHOWN else []
    listed = "\n".join(lines)
    raise AmbiguousError(f"{typed!r} fits {len(matches)} {side}s; give the id or more of the name\n{listed}", matches)
