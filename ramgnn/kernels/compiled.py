"""The door to Numba, which is optional: where it is installed some loops are compiled, elsewhere PyTorch does the same.

``pip install 'ramgnn[fast]'`` brings it. ``RAMGNN_COMPILED=0`` switches it off, to compare.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from functools import cache, wraps
from typing import Any

from torch import Tensor

# sums may be reordered and multiplied with an addition in one step, so that eight numbers are computed at a time;
# infinities and NaN keep their meaning
RELAXED = {"reassoc", "contract", "arcp", "nsz"}


@cache
def installed() -> bool:
    """Whether there is a compiler."""
    return importlib.util.find_spec("numba") is not None


def usable(*tensors: Tensor) -> bool:
    """Whether the compiled way can be taken with these: there is a compiler, and they are on the CPU."""
    wanted = os.environ.get("RAMGNN_COMPILED") != "0"
    return wanted and installed() and all(x.device.type == "cpu" for x in tensors)


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """A loop over arrays as machine code, made when it is first called and kept on disk."""

    @cache
    def machine_code() -> Callable[..., Any]:
        from numba import njit

        options = {"nogil": True, "error_model": "numpy", "fastmath": RELAXED}
        try:
            return njit(function, cache=True, **options)
        except RuntimeError:  # there is no folder that it may be kept in
            return njit(function, **options)

    @wraps(function)
    def call(*arrays: Any) -> Any:
        return machine_code()(*arrays)

    return call
