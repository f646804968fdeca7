"""How a ranking is judged: the timeline of a split, ranks, and metrics as curves."""

from __future__ import annotations
