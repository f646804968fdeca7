"""`ramgnn run` and `ramgnn results`, from the command line to the files and back."""

from __future__ import annotations

import csv
import io
import json
import sys

import pytest

from ramgnn.cli import main
from ramgnn.cli.results import seeds
from ramgnn.experiments.store import Store

pytest.importorskip("optuna")
ROWS = ("popularity", "ease", "mf")


@pytest.fixture(scope="module")
def out(tmp_path_factory) -> str:
    """A folder in which three rows of Table III have been made on the toy data."""
    folder = str(tmp_path_factory.mktemp("out"))
    asked = ["run", "table3", "--data", "toy", "--trials", "2", "--seeds", "0-1", "--jobs", "1", "--only", *ROWS]
    assert main([*asked, "--quiet", "--out", folder]) == 0
    return folder


@pytest.mark.parametrize(("text", "found"), [("0-2", (0, 1, 2)), ("3", (3,)), ("0,7,2-3", (0, 7, 2, 3)), ("1,1", (1,))])
def test_seeds_are_read(text, found):
    assert seeds(text) == found


@pytest.mark.parametrize("text", ["", "a", "3-1", "1-", "-1", "0;1"])
def test_seeds_that_cannot_be_read_say_what_is_expected(text):
    from ramgnn.errors import RamgnnError

    with pytest.raises(RamgnnError, match="0-9 or 0,3,7"):
        seeds(text)


def test_a_second_call_finds_nothing_to_do(out, capsys):
    asked = ["run", "table3", "--data", "toy", "--trials", "2", "--seeds", "0-1", "--only", *ROWS, "--out", out]
    assert main(asked) == 0
    assert "nothing is missing" in capsys.readouterr().out
    assert main([*asked[:7], "0-2", *asked[8:], "--list"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "mf                       0 trials and   1 runs are missing",
        "1 tasks; those of a model that fails are left out",
    ]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (["table9"], "no table 'table9'"),
        (["table3", "--data", "netflix"], "no data set of the experiments 'netflix'"),
        (["table3", "--only", "svd"], "no row of table3 'svd'"),
        (["table3", "--seeds", "x"], "cannot read the seeds 'x'"),
        (["table3", "--trials", "0"], "--trials 0"),
        (["table3", "--jobs", "0"], "--jobs is 0"),
    ],
)
def test_wrong_requests_are_refused(changed, said, capsys, tmp_path):
    assert main(["run", *changed, "--out", str(tmp_path)]) == 1
    assert said in capsys.readouterr().err and list(tmp_path.iterdir()) == []


def test_without_optuna_the_remedy_is_named(monkeypatch, capsys, tmp_path):
    monkeypatch.setitem(sys.modules, "optuna", None)
    assert main(["run", "table3", "--data", "toy", "--only", "mf", "--out", str(tmp_path)]) == 1
    assert "ramgnn[experiments]" in capsys.readouterr().err


def test_a_run_that_fails_is_an_exit_status(capsys, tmp_path, monkeypatch):
    from ramgnn.cli import results as command

    monkeypatch.setattr(command, "execute", lambda plan, *rest: plan.missing(Store(tmp_path))[:1])
    assert main(["run", "table3", "--data", "toy", "--only", "popularity", "--out", str(tmp_path)]) == 1
    assert "1 failed" in capsys.readouterr().err


def test_the_table_says_what_is_missing(out, capsys):
    assert main(["results", "table3", "--data", "toy", "--out", out]) == 0
    shown = capsys.readouterr()
    row = next(line for line in shown.out.splitlines() if line.startswith("MF-BPR"))
    value = Store(out).get("toy", "mf", 0).metrics()["HR@10"]
    assert "2 of 10" in row and f"{value:.3f}".removeprefix("0") in row
    assert "run table3 --data toy" in shown.err and "as the paper prints it" in shown.out


def test_every_form_can_be_read(out, capsys):
    assert main(["results", "table3", "--data", "toy", "--out", out, "--format", "csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [r["seeds"] for r in rows if r[""] == "EASE"] == ["1"]
    for form, mark in (("markdown", "| --- |"), ("latex", r"\begin{tabular}")):
        assert main(["results", "table3", "--data", "toy", "--out", out, "--format", form]) == 0
        assert mark in capsys.readouterr().out


def test_pairs_are_all_there(out, capsys):
    assert main(["results", "pairs", "--data", "toy", "--out", out, "--format", "csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert {frozenset((r[""], r["against"])) for r in rows} == {
        frozenset(("mf", "ease")), frozenset(("mf", "popularity")), frozenset(("ease", "popularity")),
    }  # fmt: skip
    assert all(float(r["NDCG@10"]) >= 0 for r in rows)
    assert main(["results", "pairs", "--data", "toy", "--out", out, "--of", "table5"]) == 1
    assert "needs two" in capsys.readouterr().err
    assert main(["results", "pairs", "--data", "toy", "--out", out, "--metric", "AUC"]) == 1
    assert "no metric 'AUC'" in capsys.readouterr().err


def test_status_and_verdicts(out, capsys):
    assert main(["results", "status", "--data", "toy", "--out", out]) == 0
    shown = capsys.readouterr().out
    assert "hours of one processor core" in shown
    assert next(x for x in shown.splitlines() if " mf " in x).split() == [
        "table3",
        "mf",
        "2",
        "of",
        "20",
        "2",
        "of",
        "10",
    ]
    assert main(["results", "verdicts", "--data", "toy", "--out", out]) == 0
    assert "NOT MEASURED YET" in capsys.readouterr().out


def test_what_is_stored_says_how_it_came_about(out):
    stored = json.loads((Store(out).place("toy", "mf") / "1.json").read_text())
    assert stored["seed"] == 1 and stored["tuned"].keys() == {"lr", "l2", "batch", "std"} and stored["seconds"] > 0
    assert {"versions", "commit", "machine", "threads", "date"} <= stored["provenance"].keys()
    trials = json.loads((Store(out).place("toy", "mf") / "trials.json").read_text())
    assert trials["space"]["lr"] == "0.005 to 0.2, log" and len(trials["trials"]) == 2
