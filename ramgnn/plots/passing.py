"""Messages along edges: a step of averaging, edge to message to sum, propagation."""

from __future__ import annotations
