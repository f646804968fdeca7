"""Lists written as text, the way Python, JSON or NumPy write them: ``['Action', 'Comedy']``, ``["a", "b"]``."""

from __future__ import annotations

import ast
import json
import re

NAMES = ("name", "title", "label", "value")  # which field of an object is its value
_NOTHING = ("None", "null", "nan", "NaN", "NULL")
_QUOTED = r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'"
_PART = re.compile(rf"\s*(?P<value>[uU]?(?:{_QUOTED})|[^,'\"\[\]{{}}\s:][^,\[\]{{}}]*)\s*(?P<comma>,?)", re.DOTALL)


def looks_like_list(text: str) -> bool:
    """Whether a text stands in brackets."""
    return len(text) >= 2 and text[0] + text[-1] in ("[]", "()", "{}")


def parts(text: str) -> list[str] | None:
    """The values of a list that is written as text; None where it is no list.

    Values in quotes may be separated by spaces alone, as NumPy writes them. Of objects, the field ``name`` is taken.
    """
    inside = text[1:-1].strip()
    if inside.startswith("{"):
        return _names(text)
    if text[0] == "{" and ":" in inside:
        return _names(f"[{text}]")
    found, place = [], 0
    while place < len(inside):
        match = _PART.match(inside, place)
        if match is None:
            return None
        value = match["value"].strip()
        if (plain := _unquoted(value)) is None:
            return None
        if plain and not (plain == value and value in _NOTHING):
            found.append(plain)
        if not match["comma"] and match.end() < len(inside) and value[-1] not in "'\"":
            return None
        place = match.end()
    return found


def _unquoted(value: str) -> str | None:
    """A value without its quotes."""
    bare = value[1:] if value[0] in "uU" and value[1:2] in ("'", '"') else value
    if bare[0] not in "'\"":
        return value
    if bare[0] == '"':
        try:
            return str(json.loads(bare, strict=False)).strip()
        except ValueError:
            pass
    try:
        return str(ast.literal_eval(bare.replace("\n", "\\n"))).strip()
    except (ValueError, SyntaxError):
        return None


def _names(text: str) -> list[str] | None:
    """The names of a list of objects: ``[{'id': 35, 'name': 'Comedy'}]``."""
    for read in (json.loads, ast.literal_eval):
        try:
            objects = read(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        if not isinstance(objects, list) or not all(isinstance(x, dict) for x in objects):
            return None
        field = next((name for name in NAMES if all(name in x for x in objects)), None)
        return None if field is None else [str(x[field]).strip() for x in objects if x[field] is not None]
    return None
