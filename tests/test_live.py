"""Sliders in a live kernel, plain results in a stored page."""

from __future__ import annotations

import nbformat
import pytest
from nbclient import NotebookClient

from ramgnn import live

CELL = """from ramgnn.live import explore
explore(lambda k, x: print(f"k = {k}, x = {x}"), k=(5, 1, 9), x=(0.5, 0.0, 1.0))"""


def outputs() -> list:
    """What the cell leaves behind when a kernel runs it."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL)])
    NotebookClient(notebook, timeout=120, kernel_name="python3", store_widget_state=True).execute()
    return notebook.cells[0].outputs, notebook.metadata.get("widgets", {})


def test_a_live_kernel_gets_sliders(monkeypatch):
    monkeypatch.delenv(live.STATIC, raising=False)
    found, widgets = outputs()
    assert "application/vnd.jupyter.widget-view+json" in found[0].data
    state = widgets["application/vnd.jupyter.widget-state+json"]["state"].values()
    whole, decimal = (next(x["state"] for x in state if x["model_name"] == f"{n}SliderModel") for n in ("Int", "Float"))
    assert (whole["description"], whole["value"], whole["min"], whole["max"], whole["step"]) == ("k", 5, 1, 9, 1)
    assert (decimal["description"], decimal["value"], decimal["step"]) == ("x", 0.5, 0.05)
    assert any("k = 5, x = 0.5" in str(x["state"].get("outputs")) for x in state)


def test_a_page_gets_the_result_and_no_control(monkeypatch):
    monkeypatch.setenv(live.STATIC, "1")
    found, widgets = outputs()
    assert [o.text for o in found] == ["k = 5, x = 0.5\n"] and not widgets


def test_outside_a_notebook_it_is_drawn_once(capsys, monkeypatch):
    monkeypatch.delenv(live.STATIC, raising=False)
    live.explore(lambda k: print("k", k), k=(2, 1, 3))
    assert capsys.readouterr().out == "k 2\n"


def test_a_start_outside_of_its_bounds_is_refused():
    with pytest.raises(ValueError, match="k starts at 0; expected 1 to 3"):
        live.explore(print, k=(0, 1, 3))
