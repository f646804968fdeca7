"""From what somebody typed to the user or the item that was meant, or to near matches."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher, get_close_matches
from heapq import nlargest

from ramgnn.datasets.base import RecDataset
from ramgnn.errors import NotFoundError, RamgnnError

SHOWN = 8  # names listed in a message


class AmbiguousError(RamgnnError, LookupError):
    """A text fits several users or items.

    Attributes:
        found: indices of all that it fits.
    """

    def __init__(self, message: str, found: Sequence[int]) -> None:
        self.found = tuple(found)
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
    wanted = fold(name)
    if not wanted:
        return []
    words = set(_words(wanted))
    letters = SequenceMatcher(autojunk=False)
    letters.set_seq2(wanted)  # the one that stays: difflib keeps what it learns about it
    others = list(dict.fromkeys(map(str, names)))
    vocabulary = {word for other in others for word in _words(fold(other))}
    # per word of the text, the words of the names that it may have been meant as
    meant = [set(get_close_matches(word, vocabulary, n=5, cutoff=0.8)) for word in words]
    scored = []
    for place, other in enumerate(others):
        own = fold(other)
        score = _likeness(own, wanted, words)
        if not score and meant:
            own_words = set(_words(own))
            score = int(all(near & own_words for near in meant))
        if not score:
            letters.set_seq1(own)
            if letters.real_quick_ratio() < 0.6 or letters.quick_ratio() < 0.6 or (score := letters.ratio()) < 0.6:
                continue
        scored.append(((score, -len(own), -place), other))
    return [other for _, other in nlargest(n, scored)]


def _likeness(own: str, wanted: str, words: set[str]) -> int:
    """5 for equal, 4 for beginning with, 3 for containing, 2 for containing all words, else 0; both texts folded."""
    if own == wanted:
        return 5
    if own.startswith(wanted):
        return 4
    if wanted in own:
        return 3
    return 2 if words and words <= set(_words(own)) else 0


def _words(folded: str) -> list[str]:
    return "".join(c if c.isalnum() else " " for c in folded).split()


def find(dataset: RecDataset, side: str, text: object) -> int:
    """The index of the user or item that `text` names.

    Tried in this order, and the first step that finds anything decides: the exact id; the exact label; id or label
    but for capitals and accents; the beginning of a label; a part of a label; all words of the text, in any order.
    Parts are looked for only where labels are more than ids, and a text of digits alone must be a whole word of the
    label, so that a mistyped id does not become somebody else.

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
    typed = _as_id(text).strip()
    if not typed:
        raise RamgnnError(f"the name of the {side} is empty; give an id or a part of a label")
    for names in (ids, labels):
        if exact := [n for n, name in enumerate(names) if name == typed]:
            return _only(exact, dataset, side, typed)
    wanted = fold(typed)
    words = set(_words(wanted))
    named = [n for n, (own, label) in enumerate(zip(ids, labels, strict=True)) if own != label]
    levels: dict[int, list[int]] = {5: [n for n, own in enumerate(ids) if fold(own) == wanted]}
    for n in named:
        own = fold(labels[n])
        level = _likeness(own, wanted, words)
        if wanted.isdigit() and level < 5 and wanted not in _words(own):
            level = 0
        if level and n not in levels.setdefault(level, []):
            levels[level].append(n)
    for level in (5, 4, 3, 2):
        if levels.get(level):
            return _only(levels[level], dataset, side, typed)
    near = nearest(typed, [labels[n] for n in named]) or nearest(typed, ids)
    if not ids:
        raise NotFoundError(side, typed, hint=f"the data set has no {side}s")
    hint = f"{len(ids):,} {side}s are known by id, such as {ids[0]!r}"
    hint += f", and by label, such as {labels[named[0]]!r}" if named else ""
    raise NotFoundError(side, typed, near, hint=hint)


def indices(dataset: RecDataset, side: str, names: Sequence[object]) -> list[int]:
    """The indices of several users or items, each by id or label as in `find`.

    Ids are looked up in one dictionary, so a hundred thousand of them take no longer than reading them. Numbers stand
    for the ids that they are written as; 12.0 for 12.

    Raises:
        AmbiguousError: a label fits several; NotFoundError: one fits none.
    """
    known = {name: n for n, name in enumerate(getattr(dataset, f"{side}_ids"))}
    return [known[text] if (text := _as_id(name)) in known else find(dataset, side, text) for name in names]


def _as_id(name: object) -> str:
    """A name as the text that an id is: whole numbers without a decimal point."""
    if isinstance(name, float) and name.is_integer():
        return str(int(name))
    return str(name)


def _only(found: list[int], dataset: RecDataset, side: str, typed: str) -> int:
    """The one that was found.

    Raises:
        AmbiguousError: it is not one.
    """
    if len(found) == 1:
        return found[0]
    ids, labels = getattr(dataset, f"{side}_ids"), getattr(dataset, f"{side}_labels")
    lines = [f"  {labels[n]}  (id {ids[n]})" for n in found[:SHOWN]]
    lines += [f"  and {len(found) - SHOWN} more"] if len(found) > SHOWN else []
    listed = "\n".join(lines)
    raise AmbiguousError(f"{typed!r} fits {len(found)} {side}s; give the id or more of the name\n{listed}", found)
