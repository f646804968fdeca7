"""Importing what takes long, a third faster."""

from __future__ import annotations

import gc
import sys
from importlib import import_module
from types import ModuleType


def imported(name: str) -> ModuleType:
    """A module that may import PyTorch, imported a third faster: that makes hundreds of thousands of objects that stay.

    Python looks through them for garbage again and again while they are made, and once more when it ends. Here it
    waits until they are there and then leaves them alone.
    """
    if not gc.isenabled() or "torch" in sys.modules:
        return import_module(name)
    gc.disable()
    try:
        return import_module(name)
    finally:
        gc.freeze()
        gc.enable()
