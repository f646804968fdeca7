"""Pictures of chapter 03: what stands in which cell."""

from __future__ import annotations

import matplotlib

matplotlib.use("agg")

import numpy as np

from ramgnn.plots import composing


def words(ax) -> list[str]:
    return [text.get_text() for text in ax.texts]


def test_rows_of_numbers_show_every_number_and_any_name():
    ax = composing.rows_of_numbers([[5, 1], [0, -3]], ["$x_$", "_b"])
    assert words(ax) == ["5", "1", "0", "-3"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["$x_$", "_b"]
    ax.figure.canvas.draw()
    assert words(composing.rows_of_numbers([[0.25, -0.0]], ["a"])) == ["0.2", "0.0"]
    composing.rows_of_numbers([[0, 0]], ["nothing"])


def test_circulant_gives_the_messages():
    a, b = np.array([5.0, 1, 0, 2]), np.array([1.0, 0, 3, 3])
    mult, corr = composing.circulant(a, b)
    numbers = [words(ax)[:24] for ax in (mult, corr)]
    for own, message in zip(numbers, (a * b, [11, 5, 18, 22]), strict=True):
        rows = np.array(own, float).reshape(4, 6)
        assert np.allclose(rows[:, :4] @ a, message) and np.allclose(rows[:, 5], message)
    colours = [patch.get_facecolor() for patch in corr.patches]
    assert colours[1] == colours[6]  # the second entry of row 0 is the first of row 1
    assert len({c for n, c in enumerate(colours) if n % 6 < 4}) == 4


def test_costs_cross_where_matrices_get_dearer():
    ax = composing.costs(6, 4200)
    by_name = {line.get_label(): np.asarray(line.get_ydata()) for line in ax.lines}
    vectors, matrices = by_name["a vector for each value (RAM-GNN)"], by_name["a matrix for each type (R-GCN)"]
    at_64 = list(ax.lines[0].get_xdata()).index(64)
    assert (vectors[at_64], matrices[at_64]) == (134592, 24576)
    assert matrices[0] < vectors[0] and matrices[-1] > vectors[-1]


def test_exchange_and_memory_have_a_panel_for_each():
    axes = composing.exchange({"add": [1, 2], "mult": [3, 4]}, {"add": [1, 2], "mult": [4, 3]})
    assert [ax.get_title() for ax in axes] == ["add", "mult"] and words(axes[1]) == ["3", "4", "4", "3"]
    which, there = composing.memory([1, 2], {"add": np.array([[1, 0.9], [0.5, 0.8]])}, 100)
    assert which.lines[0].get_ydata().tolist() == [1, 0.5] and there.lines[0].get_ydata().tolist() == [0.9, 0.8]
    assert which.lines[1].get_ydata().tolist() == [1, 0.5]
