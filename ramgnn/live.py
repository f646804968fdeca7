"""Sliders where a kernel runs, and the plain result on a page: a stored page has no control that does nothing."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from typing import Any

STATIC = "RAMGNN_STATIC"  # set where chapters are run to be stored or compared


def explore(draw: Callable[..., Any], **controls: tuple[float, float, float]) -> None:
    """Call `draw` with numbers that sliders choose; where nobody can move one, once with the numbers to start with.

    Args:
        draw: takes each control by its name, and prints or draws.
        controls: name = (start, lowest, highest) of whole numbers or of decimals.

    Raises:
        ValueError: a start lies outside of its bounds.
    """
    for name, (start, low, high) in controls.items():
        if not low <= start <= high:
            raise ValueError(f"{name} starts at {start}; expected {low} to {high}")
    if not is_live():
        draw(**{name: start for name, (start, *_) in controls.items()})
        return
    import ipywidgets

    sliders = {}
    for name, (start, low, high) in controls.items():
        whole = all(isinstance(x, int) for x in (start, low, high))
        kind, step = (ipywidgets.IntSlider, 1) if whole else (ipywidgets.FloatSlider, (high - low) / 20)
        bounds = {"value": start, "min": low, "max": high, "step": step}
        sliders[name] = kind(**bounds, description=name, continuous_update=False)
    ipywidgets.interact(draw, **sliders)


def is_live() -> bool:
    """Whether this is Jupyter or Colab with somebody before it, and ipywidgets is there."""
    if os.environ.get(STATIC) or importlib.util.find_spec("ipywidgets") is None:
        return False
    if importlib.util.find_spec("IPython") is None:
        return False
    from IPython import get_ipython

    return hasattr(get_ipython(), "kernel")
