"""Every option of every command with values that it cannot have."""

from __future__ import annotations

import pytest

from ramgnn.cli import results
from ramgnn.cli.parser import build_parser
from ramgnn.datasets.source import Source
from ramgnn.experiments import planted
from ramgnn.runs import loading
from tests.test_cli import fails, refused

LONG = str(2**70)
RUN = ["--run", "RUN"]
TRAIN = ["train", "--data", "toy"]
RESULTS = ["results", "table3", "--data", "toy"]
WRONG_VALUES = [
    # status 2: argparse, with where the options are
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
    # a second value, or a name that is not there
    *[(2, [*TRAIN, *twice], "expected one of them") for twice in (
        ["--seed", "1", "--seed", "2"], ["--seed", "0", "--seed", "1"], ["--epochs", "3", "--epochs", "4"],
        ["--data", "movietweetings"], ["--refit", "--no-refit"], ["--set", "a=1", "a=2"],
        ["--set", "a=1", "--set", "b=1", "--set", "a=2"], ["--option", "a=1", "--option", "a=2"],
        ["--bins", "a=1", "--bins", "a=q5"], ["--min-rating", "3", "--min-rating", "4"])],
    (2, [*TRAIN, "--seed", "3", "--set", "seed=4"], "both --seed 3 and --set seed=4 are given"),
    (2, [*TRAIN, "--device", "cpu", "--set", "device=cuda"], "both --device cpu and --set device=cuda are given"),
    (2, ["explain", *RUN, "--user", "u1", "--user", "u2", "--item", "m1"], "expected one of them"),
    (2, [*TRAIN, "--overw"], "did you mean --overwrite?"),
    (2, ["recommend", *RUN, "--all", "--skip"], "unrecognized arguments: --skip"),
    *[(2, [*call, option, ""], "the path is empty") for call, option in (
        (TRAIN, "--out"), (["train"], "--resume"), (["train"], "--interactions"), (["evaluate"], "--run"))],
    *[(1, [*TRAIN, *words], f"{words[0]} ") for words in (
        ["--bins", "year=5"], ["--min-rating", "3"], ["--quote", "none"], ["--split", "none"], ["--user-column", "u"])],
    (1, [*TRAIN, "--no-header"], "--no-header is about your own tables, and the data set is toy"),
    (1, ["train", "--interactions", "x.csv", "--option", "quote=x", "--quote", "y"], "both --option quote=x and"),
    (1, ["train", "--interactions", "x.csv", "--separator", "a=,", "--separator", "a=;"], "is given twice"),
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
        monkeypatch.setattr(loading, "load_one", no_work)
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


@pytest.mark.parametrize(
    ("options", "said"),
    [
        *[(["--bins", f"year={bins}"], "are no bins for column 'year'")
          for bins in ("0", "-5", "q0", "q1", "x", "nan", "inf", "", "true", "none", "q99999999999999999999")],
        *[(["--option", text], text.partition("=")[0]) for text in (
            "min_user=x", "min_user=-1", "duplicates=maybe", "unknown=x", "negatives=0", "seed=-1", f"seed={LONG}",
            "encoding=klingon", "encoding=hex", "encoding=3", "split=x", "header=3", "missing=3",
            "nonsense=1", "progress=true", "bins=3", "quote=xx", "sep=")],
        (["--option", "min_rating=x"], "--min-rating"),
        (["--quote", "xx"], "--quote xx cannot be used"),
        (["--escape", ""], "cannot be used"),
        (["--time-format", "nonsense"], "is no form of times"),
    ],
)  # fmt: skip
def test_options_of_tables_are_refused_before_a_file_is_opened(capsys, options, said):
    """The files are not there, which would be said first if anything had been opened."""
    text = fails(capsys, "data", "check", "--interactions", "nowhere.csv", "--items", "nowhere.csv", *options)
    assert said in text and "no such file" not in text


@pytest.mark.parametrize("text", ["n_users=-1", "n_users=0", "n_items=1e30", "seed=-1", f"seed={LONG}", "dim=0",
                                  "scale=nan", "scale=x", "strength=-1", "negatives=0"])  # fmt: skip
def test_options_of_planted_data_are_refused(capsys, text):
    assert f"{text.partition('=')[0]} is " in fails(capsys, "data", "check", "planted", "--option", text)


def parsed(*arguments):
    return build_parser().parse_args(list(arguments))


def test_options_of_several_values_add_up():
    args = parsed("train", "--set", "a=1", "b=2", "--at", "5", "--set", "c=3", "a=1", "--at", "10", "5",
                  "--bins", "y=1", "--bins", "z=q5", "--option", "p=1", "--option", "q=2", "--missing", "x",
                  "--missing", "y", "--separator", "g=,", "--separator", "h=none")  # fmt: skip
    assert args.set == ["a=1", "b=2", "c=3"] and args.at == [5, 10] and args.bins == ["y=1", "z=q5"]
    assert args.option == ["p=1", "q=2"] and args.missing == ["x", "y"] and args.separator == ["g=,", "h=none"]
    assert parsed("train").at == [10, 20] and parsed("train").set == []
    args = parsed("recommend", "--run", "r", "--had", "a", "b", "--had", "c")
    assert args.had == ["a", "b", "c"]
    assert parsed("run", "table3", "--only", "mf", "--only", "ease", "mf").only == ["mf", "ease"]
    assert parsed("train", "--seed", "1", "--seed", "1").seed == 1  # the same once more
    assert parsed("train").set == []  # nothing is left of other parsers
