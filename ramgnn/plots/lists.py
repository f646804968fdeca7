"""Lists of recommendations, side by side."""

from __future__ import annotations
