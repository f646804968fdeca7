"""Every option of every command with values that it cannot have."""

from __future__ import annotations

import pytest

from ramgnn import api
from ramgnn.cli import results
from ramgnn.datasets.source import Source
from ramgnn.experiments import planted
from tests.test_cli import fails, refused

LONG = str(2**70)
RUN = ["--run", "RUN"]
TRAIN = ["train", "--data", "toy"]
RESULTS = ["results", "table3", "--data", "toy"]
WRONG_VALUES = [
    # status 2: argparse, with the usage
    *[(2, [*call, "--at", k], "is not a cut-off; expected 1 or more")
      for call in (TRAIN, ["evaluate", *RUN]) for k in ("0", "-1", "ten", "1.5")],
    *[(2, [*call, "-n", n], "is not a number of items; expected 1 or more")
      for call in (["recommend", *RUN, "--all"], ["similar", *RUN, "--item", "m1"],
                   ["explain", *RUN, "--item", "m1", "--user", "u1"], ["neighbors", *RUN, "--item", "m1"])
      for n in ("0", "-3", "x", "1e3")],
    *[(2, [*TRAIN, "--epochs", n], "is not a number of epochs; expected 0 or more") for n in ("-1", "x", "0.5")],
    *[(2, [*TRAIN, "--seed", n], "is not a seed; expected 0 to 9223372036854775807") for n in ("-1", LONG, "x")],
    *[(2, [*call, "--ties", "random"], "choose from") for call in (TRAIN, ["evaluate", *RUN])],
    (2, ["evaluate", *RUN, "--by", "year"], "choose from"),
    (2, ["recommend", *RUN, "--all", "--out", "r.xlsx"], "unknown ending"),
    *[(2, ["run", "table3", option, "x"], "invalid int value") for option in ("--jobs", "--trials")],
    (2, [*RESULTS, "--format", "html"], "choose from"),
    # status 1: a sentence
    *[(1, [*TRAIN, "--device", name], f"cannot use the device {name!r}") for name in ("meta", "abacus", "cuda:99")],
    *[(1, [*TRAIN, "--model", "mf", "--device", name], f"cannot use the device {name!r}")
      for name in ("meta", "abacus")],
    (1, [*TRAIN, "--set", "device=meta"], "cannot use the device 'meta'"),
    *[(1, [*TRAIN, "--set", f"seed={n}"], "expected 0 to 9223372036854775807") for n in ("-1", LONG)],
    *[(1, [*TRAIN, "--set", text], "expected") for text in ("pretrain.dim=0", "finetune.lr=nan", "pretrain.k=x", "a")],
    (1, [*TRAIN, "--model", "svd"], "no model 'svd'"),
    (1, [*TRAIN, "--model", "mf", "--set", "dim=x"], "expected a whole number"),
    (1, [*TRAIN, "--config", "best"], "no configuration 'best'"),
    (1, [*TRAIN, "--ablation", "none"], "no ablation 'none'"),
    (1, [*TRAIN, "--option", "age"], "expected NAME=VALUE"),
    (1, ["train", "--interactions", "x.csv", "--bins", "year"], "expected COLUMN=WIDTH"),
    *[(1, [*TRAIN, *more, "--out", "FILE/r"], "FILE is a file; choose another folder with --out")
      for more in ([], ["--model", "ease"])],
    (1, ["train", "--resume", "nowhere"], "holds no run"),
    (1, ["evaluate", "--run", "nowhere"], "no such file"),
    (1, ["recommend", *RUN, "--all", "--out", "a/r.csv"], "the folder a does not exist"),
    (1, ["recommend", *RUN, "--users", "nobody.txt"], "No such file"),
    *[(1, ["run", "table3", option, n], "expected at least 1 of both") for option in ("--jobs", "--trials")
      for n in ("0", "-1")],
    *[(1, ["run", "table3", "--seeds", text], "cannot read the seeds") for text in ("x", "-1", "3-1", f"0-{LONG}")],
    (1, ["run", "table3", "--only", "svd"], "no row of table3 'svd'"),
    (1, ["run", "table3", "--data", "netflix"], "no data set of the experiments 'netflix'"),
    (1, ["run", "table3", "--out", "FILE"], "FILE is a file; choose another folder with --out"),
    (1, ["run", "table9"], "no table 'table9'"),
    *[(1, ["results", name, "--metric", "AUC"], "no metric 'AUC'") for name in ("table3", "pairs", "status")],
    *[(1, ["results", name, "--of", "table9"], "no table 'table9'") for name in ("table3", "pairs", "verdicts")],
    *[(1, ["results", name, "--data", "netflix"], "no data set of the experiments") for name in ("table3", "status")],
    (1, [*RESULTS, "--plot", "x.doc"], "cannot draw .doc"),
    (1, [*RESULTS, "--plot", "a/x.svg"], "the folder a does not exist"),
    (1, ["results", "table9"], "no table 'table9'"),
    (1, ["data", "info", "movielens"], "no data set 'movielens'"),
]  # fmt: skip


@pytest.mark.parametrize(("status", "arguments", "said"), WRONG_VALUES, ids=[" ".join(x[1]) for x in WRONG_VALUES])
def test_a_value_that_cannot_be_is_refused_before_any_work(capsys, tmp_path, monkeypatch, status, arguments, said):
    """No run is read, no data set is loaded, nothing is trained, computed or written."""

    def no_work(*_, **__):
        pytest.fail("work has begun")

    monkeypatch.chdir(tmp_path)
    (tmp_path / "FILE").touch()
    if "nowhere" not in arguments:
        monkeypatch.setattr(api, "load_run", no_work)
    if arguments[0] == "train":
        monkeypatch.setattr(Source, "load", no_work)
    monkeypatch.setattr(results, "execute", no_work)
    monkeypatch.setattr(results, "cells", no_work)
    monkeypatch.setattr(results, "_status", no_work)
    text = fails(capsys, *arguments) if status == 1 else refused(capsys, *arguments)
    assert said in text
    assert [p.name for p in tmp_path.iterdir()] == ["FILE"]


@pytest.mark.parametrize("value", [["--seeds", "0"], ["--epochs", "-1"], ["--scale", "0"], ["--scale", "nan"]])
def test_the_planted_runs_refuse_them_too(capsys, value):
    with pytest.raises(SystemExit) as done:
        planted.main(value)
    assert done.value.code == 2 and "expected more than 0" in capsys.readouterr().err
