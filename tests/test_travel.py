"""A run that is copied to where its tables are not: it answers the same, and one that was stopped goes on the same."""

from __future__ import annotations

import shutil

import pytest
from brought import brought

import ramgnn
from ramgnn import pretrain, runs
from ramgnn.cli import main
from tests.kills import SMALL, contents
from tests.test_cli_interrupted import interrupt

SETTINGS = ["--no-baselines", "--set", *(f"{name}={value}" for name, value in SMALL.items())]
QUESTIONS = [
    ["recommend", "--user", "u00", "--reasons"],
    ["recommend", "--all", "--json"],
    ["recommend", "--had", "Title 3", "i05"],
    ["explain", "--user", "u03", "--item", "Title 9"],
    ["neighbors", "--item", "i02"],
    ["similar", "--item", "Title 4"],
    ["evaluate"],
]


@pytest.fixture
def own(tmp_path):
    (tmp_path / "tables").mkdir()
    return brought(tmp_path / "tables")


def answers(capsys, run) -> list[str]:
    """What a run answers to each question, without its path."""
    found = []
    for command, *more in QUESTIONS:
        capsys.readouterr()
        status = main([command, "--run", str(run), *more])
        out, err = capsys.readouterr()
        assert status == 0, err
        found.append(out.replace(str(run), "RUN"))
    return found


def test_a_run_alone_in_another_place_answers_the_same(capsys, own, tmp_path):
    run, elsewhere = tmp_path / "runs" / "mine", tmp_path / "far" / "away" / "copy"
    assert main(["train", *own.arguments, *SETTINGS, "--out", str(run), "--quiet"]) == 0
    before = answers(capsys, run)
    shutil.copytree(run, elsewhere)
    shutil.rmtree(run)
    shutil.rmtree(own.folder)
    assert answers(capsys, elsewhere) == before
    assert str(tmp_path) not in "".join(path.read_text() for path in elsewhere.rglob("*.json"))
    model = ramgnn.load_run(elsewhere)
    assert ramgnn.evaluate(model).ranks.tolist() and len(model.recommend(had=["i01", "i02"], n=3)) == 3


@pytest.mark.parametrize("with_tables", [False, True])
@pytest.mark.parametrize("call", [2, 14])
def test_a_run_that_was_stopped_and_moved_goes_on_to_the_same(own, tmp_path, monkeypatch, with_tables, call):
    """Stopped while it pre-trained on items, and on users; four steps make an epoch."""
    home, elsewhere = tmp_path / "home", tmp_path / "far" / "away"
    home.mkdir()
    shutil.move(own.folder, home / "tables")
    own.folder = home / "tables"
    given = [*own.arguments, *SETTINGS, "--quiet", "--out"]
    assert main(["train", *given, str(home / "whole")]) == 0
    with monkeypatch.context() as patch:
        interrupt(patch, pretrain, "step", call)
        assert main(["train", *given, str(home / "run")]) == 130
    whole = contents(home / "whole")
    shutil.copytree(home, elsewhere)
    shutil.rmtree(home)
    if not with_tables:
        shutil.rmtree(elsewhere / "tables")
    assert main(["train", "--resume", str(elsewhere / "run"), "--quiet"]) == 0
    assert not runs.unfinished(elsewhere / "run")
    assert contents(elsewhere / "run") == whole
