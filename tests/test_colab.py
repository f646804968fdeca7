"""The check with Colab's versions: what it says when an installation would move something, or a chapter fails."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest

from book.tools import colab


@pytest.fixture
def book(tmp_path, monkeypatch) -> Path:
    """A book of one chapter, and no environment made for it."""
    (tmp_path / "notebooks").mkdir()
    nbformat.write(nbformat.v4.new_notebook(), tmp_path / "notebooks" / "01_a.ipynb")
    monkeypatch.setattr(colab, "ROOT", tmp_path)
    monkeypatch.setattr(colab, "prepare", lambda folder: folder / "bin" / "python")
    return tmp_path


def report(*packages: tuple[str, str]) -> str:
    return json.dumps({"install": [{"metadata": {"name": n, "version": v}} for n, v in packages]})


def test_what_an_installation_changes_is_read_from_the_report_of_pip(monkeypatch):
    said = report(("ramgnn", "0.1.0"), ("torch_geometric", "2.8.1"), ("Xxhash", "4"))
    monkeypatch.setattr(colab, "pip", lambda *arguments: said)
    assert colab.moved(Path("python"), Path(".")) == {"torch-geometric": "2.8.1", "xxhash": "4"}


def test_moving_numpy_is_a_failure_and_no_chapter_runs(book, monkeypatch, capsys):
    monkeypatch.setattr(colab, "moved", lambda *arguments: {"numpy": "3.0"})
    monkeypatch.setattr(colab, "run", lambda *arguments: pytest.fail("a chapter was run"))
    assert colab.main([]) == 1
    assert "it would move numpy" in capsys.readouterr().err


def test_a_chapter_that_fails_is_told(book, monkeypatch, capsys):
    monkeypatch.setattr(colab, "moved", lambda *arguments: {"torch-geometric": "2.8.1"})
    monkeypatch.setattr(colab, "run", lambda *arguments: "NameError: x")
    assert colab.main([]) == 1
    shown = capsys.readouterr()
    assert "01_a: FAILED" in shown.out and "NameError: x" in shown.err
    monkeypatch.setattr(colab, "run", lambda *arguments: None)
    assert colab.main(["01"]) == 0
    assert "adds: torch-geometric 2.8.1" in capsys.readouterr().out


def test_a_chapter_that_got_stuck_is_run_once_more(book, monkeypatch, capsys):
    monkeypatch.setattr(colab, "moved", lambda python, source: {})
    answers = ["nbclient.exceptions.CellTimeoutError: …", None]
    monkeypatch.setattr(colab, "run", lambda *arguments: answers.pop(0))
    assert colab.main([]) == 0
    assert "01_a: a cell gave no answer" in (said := capsys.readouterr().out) and "01_a: done" in said
    answers += ["nbclient.exceptions.CellTimeoutError: …"] * 2
    assert colab.main([]) == 1
    assert not answers and "01_a: FAILED" in capsys.readouterr().out


def test_content_is_made_believe_and_nothing_else(tmp_path):
    space: dict = {}
    code = colab.PRETEND.replace("os.path.isdir = ", "isdir = ")  # without changing this process
    exec(code, space)
    assert space["isdir"]("/content") and space["isdir"](tmp_path) and not space["isdir"]("/contents")
