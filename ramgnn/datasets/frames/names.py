"""Names by which columns are known: of ids, times, titles and ratings; and those that somebody gave."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from numbers import Integral

from ramgnn import arguments
from ramgnn.errors import DataError

USER_NAMES = "user user_id userid uid customer customer_id member member_id account account_id person person_id"
USER_NAMES += " visitor visitor_id viewer viewer_id reader reader_id listener listener_id client client_id msno"
ITEM_NAMES = "item item_id itemid iid movie movie_id film film_id product product_id song song_id track track_id"
ITEM_NAMES += " book book_id article article_id game game_id app app_id recipe recipe_id sku asin isbn"
TIME_NAMES = "time timestamp ts date datetime day created created_at when rated_at watched_at bought_at order position"
KINDS = "item movie film product song track book article game app recipe show series anime episode podcast video album"
KINDS += " restaurant business place venue hotel course event"
TITLE_NAMES = "title " + " ".join(f"{kind}_title {kind}_name" for kind in KINDS.split()) + " name label"
TITLE_NAMES += " original_title primary_title english_title full_title display_name product_display_name original_name"
TITLE_NAMES += " headline track song movie film book product game item"
RATING_NAMES = "rating ratings score scores star stars rate rated grade mark points preference overall vote"
RATING_NAMES += " liked like note"
RATING = re.compile(r"(?:.*_)?(?:rating|ratings|stars|score)(?:_(?:value|score|given|\d.*))?")


def is_known_name(name: str) -> bool:
    """Whether a column would be guessed to be one of ids, times or titles by its name."""
    return plain_name(name) in {"id", *f"{USER_NAMES} {ITEM_NAMES} {TIME_NAMES} {TITLE_NAMES}".split()}


def plain_name(name: str) -> str:
    """A column name in small letters with underscores: "Movie ID" and "movieId" become "movie_id"."""
    return re.sub(r"\W+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip())).strip("_").casefold()


@dataclass(frozen=True)
class Columns:
    """The columns that the user named, None for those to be guessed; numbers, as where no header is, become text.

    Attributes:
        user, item, time: columns of the interactions.
        title: a column of the items.
        item_relations, user_relations: columns of the items and users, in a sequence or joined by commas;
            ``"none"``, or none, for none.
        rating: a column of the interactions.

    Raises:
        DataError: one is no name.
    """

    user: str | None = None
    item: str | None = None
    time: str | None = None
    title: str | None = None
    item_relations: Sequence[str] | str | None = None
    user_relations: Sequence[str] | str | None = None
    rating: str | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            given = getattr(self, field.name)
            several = field.name.endswith("_relations")
            name = _names(field.name, given) if several else _name(f"{field.name}_column", given)
            object.__setattr__(self, field.name, name)


def by_name(values: Mapping) -> dict:
    """A mapping from columns, whose names become text."""
    return {str(column): value for column, value in values.items()}


def _name(option: str, name: object) -> str | None:
    """The name of a column as text; None stays.

    Raises:
        DataError: it is none.
    """
    if name is None or isinstance(name, str):
        return name
    if isinstance(name, bool) or not isinstance(name, Integral):
        raise arguments.wrong(option, name, "the name of a column, or None", DataError)
    return str(name)


def _names(option: str, names: object) -> list[str] | str | None:
    """Names of columns as text: several, or one, or several joined by commas; None stays.

    Raises:
        DataError: they are none.
    """
    if names is None or isinstance(names, str):
        return names
    expected = "names of columns, such as ['genre', 'year'], or None"
    if isinstance(names, Integral) and not isinstance(names, bool):
        return [str(names)]
    if isinstance(names, Mapping | bytes) or not isinstance(names, Iterable):
        raise arguments.wrong(option, names, expected, DataError)
    if odd := [name for name in names if isinstance(name, bool) or not isinstance(name, str | Integral)]:
        raise arguments.wrong(f"a name in {option}", odd[0], expected, DataError)
    return [str(name) for name in names]
