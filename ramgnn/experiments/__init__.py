"""What to run for a table or a figure, and the stored results that the book reads."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

from ramgnn.errors import NotFoundError


def stored(name: str) -> dict[str, Any]:
    """The stored results of that name, as they were measured: ``"bench"`` is what ``python -m tests.bench`` wrote.

    Raises:
        NotFoundError: nothing is stored under that name.
    """
    folder = resources.files(__name__) / "results"
    known = sorted(x.name.removesuffix(".json") for x in folder.iterdir()) if folder.is_dir() else []
    if name not in known:
        raise NotFoundError("stored result", name, known)
    return json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
