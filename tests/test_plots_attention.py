"""Pictures of chapter 04: lines as thick as weights, cells, violins, dots and bands."""

from __future__ import annotations

from types import SimpleNamespace

import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from ramgnn.plots import attention

TYPES = ["director", "$y_$"]


def words(ax) -> list[str]:
    return [text.get_text() for text in ax.texts]


def test_fan_lines_grow_with_their_weights():
    ax = plt.subplots()[1]
    attention.fan(ax, "a b", ["c", "$d_$"], ["x", "y"], TYPES, [0.75, 0.25])
    thick, thin = ax.lines
    assert thick.get_linewidth() - 0.4 == pytest.approx(3 * (thin.get_linewidth() - 0.4))
    assert words(ax) == ["c\nx  0.75", "$d_$\ny  0.25", "a\nb"]
    ax.figure.canvas.draw()


def test_heat_map_shows_shares_and_what_equal_weights_give():
    mass, equal = np.array([[0.9, 0.1]]), np.array([[0.5, 0.5]])
    assert words(attention.by_film(mass, ["_f"], TYPES)) == ["0.90", "0.10"]
    ax = attention.by_film(mass, ["_f"], TYPES, equal)
    assert words(ax) == ["0.90 (0.50)", "0.10 (0.50)"]
    assert [label.get_text() for label in ax.get_xticklabels()] == TYPES
    ax.figure.canvas.draw()


def test_ego_names_the_heaviest_messages_by_type():
    ax = plt.subplots()[1]
    tails = ["One (1990)", "Two (1991)", "Three (1992)"]
    attention.ego(ax, "Head (2000)", tails, [TYPES[1], TYPES[0], TYPES[1]], [0.2, 0.5, 0.3], TYPES, named=2)
    assert set(words(ax)) == {"Two", "Three", "Head"}
    widths = [line.get_linewidth() for line in ax.lines if line.get_marker() == "None"]
    assert np.allclose(widths, 0.4 + 22 * np.array([0.5, 0.3, 0.2]))  # director first, then by weight
    assert words(ax.get_legend()) == TYPES
    ax.figure.canvas.draw()


def test_spread_has_a_violin_for_each_type():
    table = pd.DataFrame({"type": TYPES * 20, "relative": np.linspace(0.1, 4, 40)})
    ax = attention.spread(table, TYPES)
    assert [label.get_text() for label in ax.get_yticklabels()] == TYPES
    assert len(ax.collections) == 2


def test_control_has_a_dot_for_each_run_and_a_panel_for_each_target():
    rows = [(t, 1.0 + n, f, g) for t in TYPES for f in ("real", "shuffled") for g in ("a", "b") for n in range(3)]
    axes = attention.against_control(pd.DataFrame(rows, columns=["type", "ratio", "films", "target"]), TYPES)
    assert [ax.get_title() for ax in axes] == ["a targets", "b targets"]
    dots = sum(len(c.get_offsets()) for c in axes[0].collections)
    assert dots == 12


def test_epochs_have_a_line_for_each_type_and_a_band_over_runs():
    runs = [
        [SimpleNamespace(epoch=e, attention_by_type=[[0.1 * e + run, 1 - 0.1 * e]]) for e in (1, 2)] for run in (0, 1)
    ]
    (ax,) = attention.over_epochs({"real": runs}, TYPES)
    assert [line.get_ydata() for line in ax.lines][0] == pytest.approx([0.6, 0.7])
    assert len(ax.collections) == 2 and ax.get_title() == "real"
    assert words(ax.figure.legends[0]) == TYPES
