"""What nodes share: degrees of each relation type, shared values as a heat map."""

from __future__ import annotations
