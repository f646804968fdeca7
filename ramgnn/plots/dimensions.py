"""Results over dimension and composition."""

from __future__ import annotations
