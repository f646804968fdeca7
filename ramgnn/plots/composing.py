"""Compositions as pictures: the circulant matrix of circular correlation."""

from __future__ import annotations
