"""Figures: what is drawn, and that it can be seen on white and on black."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

import matplotlib
import numpy as np
import pandas as pd
import pytest

import ramgnn
from ramgnn import datasets, plots
from ramgnn.graph import MultiRelationalGraph
from ramgnn.plots import graphs

matplotlib.use("agg")
import matplotlib.pyplot as plt  # noqa: E402

LIGHT, DARK = "#ffffff", "#121212"


@pytest.fixture(scope="module")
def graph() -> MultiRelationalGraph:
    return MultiRelationalGraph.from_dataset(datasets.load("toy"), "item")


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return float(np.dot([0.2126, 0.7152, 0.0722], linear))


def contrast(a: str, b: str) -> float:
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


def lines(ax) -> list:
    return [line for line in ax.lines if np.isfinite(line.get_xdata()).any()]


def words(ax) -> list[str]:
    return [text.get_text() for text in ax.texts]


def test_contrast_of_white_and_black() -> None:
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)  # the usual example of "just enough"


@pytest.mark.parametrize("colour", [*plots.COLOURS, plots.INK])
@pytest.mark.parametrize("ground", [LIGHT, DARK])
def test_colours_are_seen_in_light_and_dark(colour: str, ground: str) -> None:
    assert contrast(colour, ground) >= 3


def test_style_is_transparent_and_ends() -> None:
    assert matplotlib.rcParams["figure.facecolor"] == "none"
    with matplotlib.rc_context({"figure.facecolor": "white"}):
        with plots.style():
            assert matplotlib.rcParams["text.color"] == plots.INK
        assert matplotlib.rcParams["figure.facecolor"] == "white"


def test_each_type_has_a_look_of_its_own() -> None:
    for types in (["genre", "director", "cast", "year", "country", "language"], list("abcdef"), ["age", "genre", "b"]):
        looks = plots.type_styles(types)
        assert list(looks) == types
        for part in ("color", "linestyle", "marker"):
            assert len({str(look[part]) for look in looks.values()}) == len(types)


def test_usual_types_look_the_same_in_every_figure() -> None:
    few, many = plots.type_styles(["director", "genre"]), plots.type_styles(["age", "genre", "year", "director"])
    assert few["director"] == many["director"] and few["genre"] == many["genre"]


def test_more_types_than_looks() -> None:
    assert len(plots.type_styles([f"t{n}" for n in range(9)])) == 9
    assert len(plots.type_styles(["actor", "cast"])) == 2  # both usual, and both want one look
    assert plots.type_styles(["actor", "cast"])["actor"] != plots.type_styles(["actor", "cast"])["cast"]


def test_graph_has_a_line_for_each_shared_value(graph: MultiRelationalGraph) -> None:
    ax = plots.draw_graph(graph)
    assert len(lines(ax)) == graph.n_edges() // 2
    assert sorted(words(ax)[: graph.n_nodes]) == sorted(re.sub(r" \(", "\n(", x) for x in graph.node_labels)


def test_graph_of_three_films(graph: MultiRelationalGraph) -> None:
    ax = plots.draw_graph(graph, nodes=[0, 1, 2])
    assert sorted(words(ax)[3:]) == ["1994", "Bill Paxton", "Comedy", "Drama", "James Cameron", "Romance"]
    assert [t.get_text() for t in ax.get_legend().get_texts()] == list(graph.types)


def test_types_and_values_can_be_left_out(graph: MultiRelationalGraph) -> None:
    ax = plots.draw_graph(graph, nodes=[0, 1, 2], types=["year", "director"], values=["year"])
    assert words(ax)[3:] == ["1994"] and len(lines(ax)) == 2
    assert words(plots.draw_graph(graph, nodes=[0, 1, 2], values=False))[3:] == []


def test_lines_have_the_look_of_their_type(graph: MultiRelationalGraph) -> None:
    ax = plots.draw_graph(graph, nodes=[0, 1])
    looks = plots.type_styles(graph.types)
    assert sorted(line.get_color() for line in lines(ax)) == sorted(looks[t]["color"] for t in ("director", "actor"))


def test_parallel_edges_do_not_lie_on_each_other(graph: MultiRelationalGraph) -> None:
    ax = plots.draw_graph(graph, nodes=[0, 3], places={0: (0, 0), 3: (1, 0)}, values=False)
    middles = sorted(ax.transData.transform(line.get_xydata())[100, 1] for line in lines(ax))
    assert len(middles) == 4
    assert np.diff(middles) == pytest.approx(graphs.APART * ax.figure.dpi / 72, rel=1e-6)


def test_a_line_is_interrupted_where_its_value_stands(graph: MultiRelationalGraph) -> None:
    ax = plots.draw_graph(graph, nodes=[0, 7], places={0: (0, 0), 7: (1, 0)})  # one edge, 1994
    (line,), text = lines(ax), ax.texts[-1]
    gap = ~np.isfinite(line.get_xdata())
    assert 0 < gap.sum() < 100
    left, right = np.flatnonzero(gap)[[0, -1]]
    box = text.get_window_extent()
    at = ax.transData.transform(line.get_xydata())
    assert at[left - 1, 0] <= box.x0 and at[right + 1, 0] >= box.x1


def test_unknown_type_is_refused(graph: MultiRelationalGraph) -> None:
    with pytest.raises(LookupError, match="colour"):
        plots.draw_graph(graph, types=["colour"])


def test_figure1_has_no_film_on_another(graph: MultiRelationalGraph) -> None:
    ax = plots.figure1()
    ax.figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in ax.texts[:8]]
    assert len(lines(ax)) == 43
    assert not any(a.overlaps(b) for n, a in enumerate(boxes) for b in boxes[:n])


def test_stored_figure1_is_what_the_code_draws(tmp_path: Path) -> None:
    from book.tools import figure1

    stored = Path(__file__).parents[1] / "book" / "assets" / "figure1.svg"
    version = re.search(r"Matplotlib v([\w.]+)", stored.read_text(encoding="utf-8"))
    assert figure1.main(["--into", str(tmp_path / "figure1.svg")]) == 0
    made = (tmp_path / "figure1.svg").read_text(encoding="utf-8")
    assert "James Cameron" in made and "<title" in made
    if version is None or version[1] != matplotlib.__version__:
        pytest.skip(f"drawn by another matplotlib than {matplotlib.__version__}")
    assert made == stored.read_text(encoding="utf-8"), "python -m book.tools.figure1 draws it again"


def test_neighbour_counts_are_shares_of_nodes(graph: MultiRelationalGraph) -> None:
    ax = plots.neighbour_counts(graph)
    assert [line.get_label() for line in ax.lines] == list(graph.types)
    for t, line in zip(graph.types, ax.lines, strict=True):
        degree = graph.degrees(t).numpy()
        for x, y in zip(*line.get_data(), strict=True):
            assert y == pytest.approx((degree >= x).mean()) or y == 0
        assert line.get_xdata()[0] == degree[degree > 0].min() and line.get_xdata()[-1] == degree.max()


def test_group_sizes_fall(graph: MultiRelationalGraph) -> None:
    ax = plots.group_sizes(graph)
    sizes = {line.get_label(): line.get_ydata().tolist() for line in ax.lines}
    assert sizes["year"] == [3, 1, 1, 1, 1, 1] and sizes["genre"][0] == 6
    assert all(own == sorted(own, reverse=True) for own in sizes.values())


def history() -> list:
    return [
        SimpleNamespace(epoch=e, k=[5, 5 + e], attention_by_type=[[0.5, 0.5], [0.1 * e, 1 - 0.1 * e]])
        for e in (1, 2, 3)
    ]


def test_thresholds_are_near_their_values_and_apart() -> None:
    ax = plots.thresholds(history(), ["a", "b"])
    a, b = (np.asarray(line.get_ydata()) for line in ax.lines)
    assert abs(a - 5).max() < 0.25 and abs(b - [6, 7, 8]).max() < 0.25
    same = plots.thresholds([SimpleNamespace(epoch=1, k=[5, 5])], ["a", "b"])
    assert same.lines[0].get_ydata()[0] > same.lines[1].get_ydata()[0]
    assert plots.thresholds([], ["a"]).lines  # a training that was stopped at once


def test_attention_by_type_of_a_layer() -> None:
    last, first = (
        plots.attention_by_type(history(), ["a", "b"]),
        plots.attention_by_type(history(), ["a", "b"], layer=0),
    )
    assert last.lines[0].get_ydata() == pytest.approx([0.1, 0.2, 0.3])
    assert first.lines[0].get_ydata() == pytest.approx([0.5, 0.5, 0.5])


def test_forest_has_a_row_for_each_label_from_the_top() -> None:
    ax = plots.forest(["a", "b"], [0.1, 0.2], [(0.05, 0.15), (0.1, 0.3)], [None, 0.25], [0, 1])
    bars = [line for line in ax.lines if line.get_linestyle() == "-"]
    assert [bar.get_xdata().tolist() for bar in bars] == [[0.05, 0.15], [0.1, 0.3]]
    assert [line.get_marker() for line in ax.lines if len(line.get_xdata()) == 1] == ["o", "s", "D"]
    assert ax.get_ylim()[0] > ax.get_ylim()[1] and words(ax.get_legend()) == ["paper's"]
    assert plots.forest(["a"], [0.1], [(0, 0.2)]).get_legend() is None


NAMES = ["$x_1$", r"$\frac{1}$", "_hidden", "50 % & $", "a\x1b[31m"]
SHOWN = [*NAMES[:4], r"a\x1b[31m"]


def drawn(ax) -> None:
    """Draw everything; a formula that cannot be read raises now."""
    ax.figure.canvas.draw()


def test_names_are_no_formulas() -> None:
    """Dollars, backslashes and a _ in front are parts of names; control characters are shown."""
    dataset = ramgnn.from_frames(
        pd.DataFrame({"user": list("aabbcc"), "item": list("xyyzzx")}),
        items=pd.DataFrame({"item": list("xyz"), "title": NAMES[:3]} | {name: ["$v_$", "$v_$", "w"] for name in NAMES}),
        item_relations=NAMES,
    )
    graph = MultiRelationalGraph.from_dataset(dataset, "item")
    past = [SimpleNamespace(epoch=e, k=[1] * 5, attention_by_type=[[0.2] * 5]) for e in (1, 2)]
    for ax in (
        plots.draw_graph(graph),
        plots.neighbour_counts(graph),
        plots.group_sizes(graph),
        plots.thresholds(past, NAMES),
        plots.attention_by_type(past, NAMES),
    ):
        drawn(ax)
        assert words(ax.get_legend()) == SHOWN
        assert not any(text.get_parse_math() for text in [*ax.get_legend().get_texts(), *ax.texts])
    assert set(words(plots.draw_graph(graph))) >= {*NAMES[:3], "$v_$"}
    ax = plots.forest(NAMES, [0.1] * 5, [(0, 0.2)] * 5)
    drawn(ax)
    assert [text.get_text() for text in ax.get_yticklabels()] == SHOWN


def test_a_legend_leaves_out_lines_without_a_name(graph: MultiRelationalGraph) -> None:
    ax = plt.subplots()[1]
    ax.plot([1, 2], [1, 2])
    assert words(plots.group_sizes(graph, ax).get_legend()) == list(graph.types)


# Machado, Oliveira and Fernandes, "A physiologically-based model for simulation of color vision deficiency", 2009:
# full strength, on linear RGB
BLIND = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
    "none": np.eye(3),
}
XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def lab(colour: str, sight: str) -> np.ndarray:
    """CIELAB coordinates of a colour as somebody with that sight sees it."""
    c = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
    x = XYZ @ np.clip(np.asarray(BLIND[sight]) @ linear, 0, 1) / (XYZ @ np.ones(3))
    f = np.where(x > (6 / 29) ** 3, np.cbrt(x), x * (29 / 6) ** 2 / 3 + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("sight", BLIND)
def test_first_four_colours_are_told_apart_by_colour_blind_eyes(sight: str) -> None:
    """A difference of ten in CIELAB is seen at a glance; from the fifth colour on, dashes and markers have to help."""
    seen = [lab(c, sight) for c in plots.COLOURS[:4]]
    assert min(np.linalg.norm(a - b) for i, a in enumerate(seen) for b in seen[:i]) > 10


def test_all_looks_differ_by_more_than_colour() -> None:
    n = len(plots.COLOURS)
    assert len(set(plots.MARKERS)) == len(set(map(str, plots.DASHES))) == n == len(set(plots.COLOURS))
