"""Controls in a live kernel, plain results and small pictures in a stored page."""

from __future__ import annotations

import matplotlib
import nbformat
import pytest
from nbclient import NotebookClient

from ramgnn import live

matplotlib.use("agg")
import matplotlib.pyplot as plt  # noqa: E402

CELL = """from ramgnn.live import explore
explore(
    lambda k, x, bold, how: print(f"k = {k}, x = {x}, {bold}, {how}"),
    k=(5, 1, 9), x=(0.5, 0.0, 1.0), bold=True, how=["mult", "sub"],
)"""


def outputs() -> list:
    """What the cell leaves behind when a kernel runs it."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL)])
    NotebookClient(notebook, timeout=120, kernel_name="python3", store_widget_state=True).execute()
    return notebook.cells[0].outputs, notebook.metadata.get("widgets", {})


def test_a_live_kernel_gets_controls(monkeypatch):
    monkeypatch.delenv(live.STATIC, raising=False)
    found, widgets = outputs()
    assert "application/vnd.jupyter.widget-view+json" in found[0].data
    state = widgets["application/vnd.jupyter.widget-state+json"]["state"].values()
    kinds = ("IntSlider", "FloatSlider", "Checkbox", "Dropdown")
    whole, decimal, box, choice = (next(x["state"] for x in state if x["model_name"] == f"{n}Model") for n in kinds)
    assert (whole["description"], whole["value"], whole["min"], whole["max"], whole["step"]) == ("k", 5, 1, 9, 1)
    assert (decimal["description"], decimal["value"], decimal["step"]) == ("x", 0.5, 0.05)
    assert (box["description"], box["value"]) == ("bold", True)
    assert (choice["_options_labels"], choice["index"]) == (["mult", "sub"], 0)
    assert any("k = 5, x = 0.5, True, mult" in str(x["state"].get("outputs")) for x in state)


def test_a_page_gets_the_result_and_no_control(monkeypatch):
    monkeypatch.setenv(live.STATIC, "1")
    found, widgets = outputs()
    assert [o.text for o in found] == ["k = 5, x = 0.5, True, mult\n"] and not widgets


def test_outside_a_notebook_it_is_drawn_once(capsys, monkeypatch):
    monkeypatch.delenv(live.STATIC, raising=False)
    live.explore(lambda k: print("k", k), k=(2, 1, 3))
    assert capsys.readouterr().out == "k 2\n"


def test_a_page_tries_every_end(monkeypatch, capsys):
    monkeypatch.setenv(live.STATIC, "1")
    called = []
    live.explore(lambda **values: called.append(tuple(values.values())), k=(2, 1, 3), on=False, how=["a", "b", "c"])
    assert called[0] == (2, False, "a") and len(called) == 6
    assert set(called[1:]) == {(1, False, "a"), (3, False, "a"), (2, True, "a"), (2, False, "b"), (2, False, "c")}
    with pytest.raises(ZeroDivisionError):
        live.explore(lambda k: print(1 / (k - 3)), k=(2, 1, 3))


def test_what_was_drawn_to_try_the_ends_is_not_shown(monkeypatch):
    monkeypatch.setenv(live.STATIC, "1")
    plt.close("all")
    live.explore(lambda k: plt.figure().add_subplot().set_title(str(k)), k=(2, 1, 3))
    assert [plt.figure(n).axes[0].get_title() for n in plt.get_fignums()] == ["2"]
    plt.close("all")


def test_a_page_shows_small_pictures_and_tries_the_ends(monkeypatch):
    monkeypatch.setenv(live.STATIC, "1")
    monkeypatch.setattr(plt, "show", lambda: None)
    drawn = []

    def draw(ax, k, on):
        drawn.append((k, on))
        ax.set(ylabel="height")
        ax.plot([0, k])

    live.explore_plot(draw, page={"k": (1, 2, 3)}, k=(2, 0, 9), on=True)
    assert drawn == [(1, True), (2, True), (3, True), (0, True), (9, True), (2, False)]
    axes = plt.gcf().axes
    assert [ax.get_title() for ax in axes] == ["k = 1", "k = 2", "k = 3"]
    assert [ax.get_ylabel() for ax in axes] == ["height", "", ""]
    live.explore_plot(draw, page={"on": (True, False)}, k=(2, 0, 9), on=True)
    assert [ax.get_title() for ax in plt.gcf().axes] == ["on: on", "on: off"]
    plt.close("all")


@pytest.mark.parametrize("page", [{}, {"j": (1,)}, {"k": (1,), "on": (True,)}])
def test_a_page_shows_one_control(page):
    with pytest.raises(ValueError, match="expected one of k, on"):
        live.explore_plot(lambda ax, **_: None, page=page, k=(2, 0, 9), on=True)


def test_a_start_outside_of_its_bounds_is_refused():
    with pytest.raises(ValueError, match="k starts at 0; expected 1 to 3"):
        live.explore(print, k=(0, 1, 3))


def test_a_list_of_nothing_is_refused():
    with pytest.raises(ValueError, match="how has nothing to choose from"):
        live.explore(print, how=[])
