"""Embeddings as a map, and the losses that shaped them."""

from __future__ import annotations
