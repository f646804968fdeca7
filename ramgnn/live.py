"""Controls where a kernel runs, and what they would show on a page: a stored page has no control that does nothing.

`explore` is for what prints, `explore_plot` for what is drawn. A control is one of

- ``(start, lowest, highest)``, whole numbers or decimals: a slider;
- ``True`` or ``False``: a box to tick;
- ``["first", "second", …]``: a list to choose from, the first to start with.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt

STATIC = "RAMGNN_STATIC"  # set where chapters are run to be stored or compared
Control = bool | Sequence[str] | tuple[float, float, float]


def explore(draw: Callable[..., Any], **controls: Control) -> None:
    """Call `draw` with the values that controls choose; where nobody can move one, once with those to start with.

    On a page the ends of every control are tried too, in silence, so that no reader finds one that fails.

    Args:
        draw: takes each control by its name, and prints or draws.
        controls: by name, as the module says.

    Raises:
        ValueError: a start lies outside of its bounds, or a list is empty.
    """
    start = _starts(controls)
    if is_live():
        _interact(draw, controls)
        return
    draw(**start)
    if os.environ.get(STATIC):
        shown = plt.get_fignums()
        with contextlib.redirect_stdout(io.StringIO()):
            for values in _ends(controls, start):
                draw(**values)
        for tried in set(plt.get_fignums()) - set(shown):
            plt.close(tried)


def explore_plot(
    draw: Callable[..., Any],
    page: Mapping[str, Sequence[Any]],
    size: tuple[float, float] = (3.2, 2.8),
    share: bool = True,
    **controls: Control,
) -> None:
    """Call ``draw(ax, …)`` with the values that controls choose; on a page, small pictures side by side.

    Args:
        draw: draws on `ax`; takes each control by its name.
        page: one control and the values whose pictures a page shows; the other controls stay at their start.
        size: inches of one picture of the page; the one of a live kernel is larger.
        share: whether the pictures of a page have one vertical axis.
        controls: by name, as the module says.

    Raises:
        ValueError: a start lies outside of its bounds, a list is empty, or `page` names no single control.
    """
    start = _starts(controls)
    if len(page) != 1 or not page.keys() <= controls.keys():
        raise ValueError(f"page has {', '.join(page) or 'no control'}; expected one of {', '.join(controls)}")
    if is_live():

        def one(**values: Any) -> None:
            draw(plt.subplots(figsize=(2 * size[0], 1.5 * size[1]))[1], **values)
            plt.show()

        _interact(one, controls)
        return
    (name, shown), *_ = page.items()
    figure, axes = plt.subplots(1, len(shown), figsize=(size[0] * len(shown), size[1]), sharey=share, squeeze=False)
    for ax, value in zip(axes[0], shown, strict=True):
        draw(ax, **{**start, name: value})
        ax.set_title(_told(name, value))
        if share and ax is not axes[0, 0]:
            ax.set_ylabel("")
    if os.environ.get(STATIC):
        for values in _ends(controls, start):
            tried, ax = plt.subplots()
            draw(ax, **values)
            plt.close(tried)
    plt.show()


def _told(name: str, value: Any) -> str:
    """What a control says above its small picture: ``k = 3``, ``genre: on``."""
    words = name.replace("_", " ")
    return f"{words}: {'on' if value else 'off'}" if isinstance(value, bool) else f"{words} = {value}"


def _is_slider(control: Control) -> bool:
    return isinstance(control, tuple) and not isinstance(control[0], str)


def _starts(controls: Mapping[str, Control]) -> dict[str, Any]:
    """The value that each control starts with."""
    start = {}
    for name, control in controls.items():
        if isinstance(control, bool):
            start[name] = control
        elif _is_slider(control):
            value, low, high = control
            if not low <= value <= high:
                raise ValueError(f"{name} starts at {value}; expected {low} to {high}")
            start[name] = value
        elif len(control) == 0:
            raise ValueError(f"{name} has nothing to choose from; expected one value or more")
        else:
            start[name] = control[0]
    return start


def _ends(controls: Mapping[str, Control], start: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The values to start with, with one control at a time at each of its ends."""
    found = []
    for name, control in controls.items():
        if isinstance(control, bool):
            ends: Sequence[Any] = (not control,)
        else:
            ends = control[1:]  # lowest and highest, or all others
        found += [{**start, name: end} for end in ends if end != start[name]]
    return found


def _interact(draw: Callable[..., Any], controls: Mapping[str, Control]) -> None:
    """The controls of ipywidgets."""
    import ipywidgets

    widgets = {}
    for name, control in controls.items():
        label: dict[str, Any] = {"description": name.replace("_", " "), "style": {"description_width": "initial"}}
        if isinstance(control, bool):
            widgets[name] = ipywidgets.Checkbox(control, **label)
        elif _is_slider(control):
            start, low, high = control
            whole = all(isinstance(x, int) for x in control)
            kind, step = (ipywidgets.IntSlider, 1) if whole else (ipywidgets.FloatSlider, (high - low) / 20)
            widgets[name] = kind(value=start, min=low, max=high, step=step, continuous_update=False, **label)
        else:
            widgets[name] = ipywidgets.Dropdown(options=list(control), **label)
    ipywidgets.interact(draw, **widgets)


def is_live() -> bool:
    """Whether this is Jupyter or Colab with somebody before it, and ipywidgets is there."""
    if os.environ.get(STATIC) or importlib.util.find_spec("ipywidgets") is None:
        return False
    if importlib.util.find_spec("IPython") is None:
        return False
    from IPython import get_ipython

    return hasattr(get_ipython(), "kernel")
