"""Characters that steer a terminal, as what they are: an escape that can be read, never a colour, a bell or a jump.

Titles, ids and names of files are other people's text. `visible` is for one piece of it, `visible_lines` for a message
that has lines of its own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

# control characters (C0, DEL, C1), ends of lines and paragraphs, what turns the direction of writing, lone surrogates
_HIDDEN = "\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff"
_IN_TEXT = re.compile(f"[{_HIDDEN}]")
# the lines of our own messages: each after the first stands two spaces to the right
_IN_LINES = re.compile(rf"(?!\n  )[{_HIDDEN}]")
_IN_STREAM = re.compile(rf"(?!\n)[{_HIDDEN}]")


def visible(text: object) -> str:
    r"""One piece of text on one line: ``\x1b`` for an escape character, ``\n`` for a new line, ``\u202e`` and so on."""
    return _IN_TEXT.sub(_escape, str(text))


def in_short(names: Sequence[str], most: int = 10) -> str:
    """Names in a row; of more than `most`, the first of them and the last, and how many stand between."""
    if len(names) <= most + 1:
        return "; ".join(names)
    return "; ".join([*names[:most], f"… {len(names) - most - 1:,} more …", names[-1]])


def visible_lines(message: str) -> str:
    """The same for a message whose further lines are indented by two spaces; they stay lines."""
    return _IN_LINES.sub(_escape, message)


def visible_stream(text: str) -> str:
    """The same for text of many lines, all of which stay."""
    return _IN_STREAM.sub(_escape, text)


def visible_json(text: str) -> str:
    r"""JSON that reads as the same values and steers no terminal: within strings ``\u009b`` and so on."""
    return _IN_STREAM.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _escape(found: re.Match[str]) -> str:
    r"""As Python writes it in a string: ``\n``, ``\x1b``, ``\u202e``."""
    return repr(found[0])[1:-1]
