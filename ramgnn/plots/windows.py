"""Neighbours on a number line, the window of the sampler, its thresholds and rewards."""

from __future__ import annotations
