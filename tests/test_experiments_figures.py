"""Figures 4 and 5 and the tables as pictures: what is drawn is what is stored."""

from __future__ import annotations

import matplotlib
import numpy as np
import pytest

from ramgnn import plots
from ramgnn.cli import main
from ramgnn.errors import RamgnnError
from ramgnn.experiments import figures
from ramgnn.experiments.store import Result, Store
from ramgnn.experiments.tables import table
from ramgnn.experiments.trajectories import ends, trajectories

matplotlib.use("agg")
import matplotlib.pyplot as plt  # noqa: E402


@pytest.fixture(autouse=True)
def _figures():
    with plots.style():
        yield
    plt.close("all")


def made(model: str, seed: int, history: dict | None = None) -> Result:
    ranks = np.random.default_rng([seed, len(model)]).integers(1, 40, 60).astype(float)
    return Result("ml-100k", model, seed, ranks, "same", history=history or {})


def climbing(seed: int, epochs: int = 14) -> dict:
    """Genre climbs by 2 an epoch, one epoch later in the second run; year stands still after its second reward."""
    genre = [5] * (1 + seed) + [5 + 2 * n for n in range(1, epochs - seed)]
    reward = [[None, None]] + [[1, -1 if e < 3 else None] for e in range(1, epochs)]
    distance = [[0.5 - 0.01 * e, 0.2] for e in range(epochs)]
    k = [[g, 3] for g in genre]
    item = {"types": ["genre", "year"], "stopped": [None, 2], "k": k, "reward": reward, "distance": distance}
    return {"item": item}


@pytest.fixture
def store(tmp_path) -> Store:
    found = Store(tmp_path)
    for seed in range(2):
        found.put(made("ram-gnn as printed", seed, climbing(seed)))
        found.put(made("single", seed))
        found.put(made("ram-gnn", seed))
    return found


def test_trajectories_are_those_of_the_runs(store):
    genre, year = trajectories(store.results("ml-100k", ["ram-gnn as printed"]), "item")
    assert (genre.relation, genre.side, year.relation) == ("genre", "item", "year")
    assert genre.k.shape == (2, 14) and genre.k[:, -1].tolist() == [31, 29]
    assert np.isnan(genre.reward[:, 0]).all() and (genre.reward[:, 1:] == 1).all()
    assert np.isnan(year.reward[:, 3:]).all() and year.stopped.tolist() == [2, 2] and np.isnan(genre.stopped).all()
    assert genre.distance[0, :2].tolist() == [0.5, 0.49]


def test_runs_without_a_sampler_are_told():
    with pytest.raises(RamgnnError, match="'single' keep no thresholds"):
        trajectories([made("single", 0)], "item")
    with pytest.raises(RamgnnError, match="no runs"):
        trajectories([], "item")


def test_ends_stand_beside_the_papers(store):
    head, lines = ends(table("figure5"), store, "ml-100k")
    rows = [dict(zip(head, line, strict=True)) for line in lines]
    assert [(r["relation"], r["ends at"], r["paper's end"]) for r in rows] == [
        ("genre", "29 to 31", "13"),
        ("year", "3", ""),
    ]
    assert [r["at rest"] for r in rows] == ["0 of 2", "2 of 2, after 2 rewards"]


def test_figure_5_draws_a_band_and_a_mean_for_each_relation(store):
    figure = figures.sampler(store.results("ml-100k", ["ram-gnn as printed"]))
    assert len(figure.axes) == 3  # there is no user graph, so no column for it
    k, distance, reward = figure.axes
    assert [line.get_label() for line in k.lines] == ["genre", "year"] and len(k.collections) == 2
    assert k.lines[0].get_ydata().tolist() == [5, 6, *range(8, 31, 2)]
    assert distance.lines[1].get_ydata() == pytest.approx([0.2] * 14)
    assert reward.lines[0].get_ydata().tolist() == list(range(14))
    assert reward.lines[1].get_ydata().tolist() == [0, -1, *[-2] * 12]  # at rest after two
    short = figures.sampler(store.results("ml-100k", ["ram-gnn as printed"]), epochs=6)
    assert len(short.axes[0].lines[0].get_ydata()) == 6


def test_figure_5_ends_a_little_after_the_last_threshold_came_to_rest(store):
    genre, year = trajectories(store.results("ml-100k", ["ram-gnn as printed"]), "item")
    assert figures._interesting(genre) == 14 and figures._interesting(year) == 3 + figures.AFTERWARDS


def test_a_band_has_gaps_where_no_run_has_a_value():
    runs = np.array([[1.0, np.nan, 3.0], [3.0, np.nan, np.nan]])
    ax = plots.band(runs, {"color": "#1f83c4", "linestyle": "-"}, "x")
    line = ax.lines[0].get_ydata()
    assert line[0] == 2 and np.isnan(line[1]) and line[2] == 3


def test_intervals_have_a_panel_a_metric_and_a_row_a_model(store):
    figure = figures.intervals(table("figure4"), store, "ml-100k", ["HR@20", "NDCG@20"])
    assert [ax.get_xlabel() for ax in figure.axes] == ["HR@20", "NDCG@20"]
    labels = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert labels == ["Single: no pre-training", "RAM-GNN", "as printed, RAM-GNN"] and figure.legends == []
    drawn = figures.intervals(table("table3"), store, "ml-100k", ["HR@10"])
    assert [text.get_text() for text in drawn.legends[0].get_texts()] == ["paper's"]
    with pytest.raises(RamgnnError, match="no runs of table6"):
        figures.intervals(table("table6"), store, "ml-100k", ["HR@20"])


def test_results_draw_to_a_file_and_print_where_thresholds_end(store, capsys, tmp_path):
    asked = ["results", "figure5", "--out", str(store.folder), "--plot", str(tmp_path / "new" / "figure5.svg")]
    assert main(asked) == 1
    assert "new does not exist; make it or choose another file" in capsys.readouterr().err
    (tmp_path / "new").mkdir()
    assert main(asked) == 0
    shown = capsys.readouterr()
    assert "29 to 31" in shown.out and "figure5-ram-gnn-as-printed.svg" in shown.err
    assert (tmp_path / "new" / "figure5-ram-gnn-as-printed.svg").read_text().startswith("<?xml")
    assert main(["results", "figure4", "--out", str(store.folder), "--plot", str(tmp_path / "f.png")]) == 0
    assert (tmp_path / "f.png").stat().st_size > 5000
    capsys.readouterr()
    assert main(["results", "figure4", "--out", str(store.folder), "--plot", str(tmp_path / "f.doc")]) == 1
    shown = capsys.readouterr()
    assert "cannot draw .doc" in shown.err and not shown.out  # before the table is computed
    assert main(["results", "status", "--out", str(store.folder), "--plot", "x.svg"]) == 1
    assert "not status" in capsys.readouterr().err
