"""One score taken apart, and sweeps of one number."""

from __future__ import annotations
