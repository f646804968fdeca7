"""Time and memory against the size of a graph."""

from __future__ import annotations
