"""Names by which columns are known: of ids, times, titles and ratings."""

from __future__ import annotations

import re

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
