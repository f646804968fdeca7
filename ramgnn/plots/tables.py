"""Tables that somebody brings: columns, missing values, shared values."""

from __future__ import annotations
