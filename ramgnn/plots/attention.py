"""Attention weights: as a fan, as a heat map, as an ego graph, as distributions."""

from __future__ import annotations
