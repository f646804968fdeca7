"""Models compared: intervals, pairs, grouped bars."""

from __future__ import annotations
