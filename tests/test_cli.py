"""The command line, as somebody with three tables would use it."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import subprocess
import sys

import numpy as np
import pytest

from ramgnn.cli import main
from ramgnn.cli.parser import build_parser

SMALL = ["--set", "pretrain.dim=8", "pretrain.epochs=2", "pretrain.steps=1", "finetune.epochs=3", "finetune.every=1"]


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """Interactions, items and users as CSV files."""
    folder, rng = tmp_path_factory.mktemp("tables"), np.random.default_rng(0)
    rows = ["user,item,time"]
    for u in range(15):
        rows += [f"u{u},m{i},{n}" for n, i in enumerate(rng.permutation(20)[: rng.integers(5, 9)])]
    (folder / "interactions.csv").write_text("\n".join(rows) + "\n")
    items = ["item,title,genre,year"]
    items += [f"m{i},Film Number {i},{'comedy' if i % 2 else 'drama|war'},{1990 + i % 3}" for i in range(20)]
    (folder / "items.csv").write_text("\n".join(items) + "\n")
    (folder / "users.csv").write_text("user,town\n" + "\n".join(f"u{u},t{u % 4}" for u in range(15)) + "\n")
    return folder


def data_of(tables):
    return [x for kind in ("interactions", "items", "users") for x in (f"--{kind}", str(tables / f"{kind}.csv"))]


@pytest.fixture(scope="module")
def trained(tables, tmp_path_factory):
    """A run folder."""
    folder = str(tmp_path_factory.mktemp("runs") / "one")
    assert main(["train", *data_of(tables), *SMALL, "--out", folder, "--quiet"]) == 0
    return folder


def ask(capsys, *arguments):
    """Run a command with --json and read what it says."""
    assert main([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def fails(capsys, *arguments):
    """Run a command that must end with a clear error and no traceback."""
    assert main(list(arguments)) == 1
    text = capsys.readouterr().err
    assert text.startswith("ramgnn: ")
    assert "Traceback" not in text
    return text


HEAVY = ("torch", "numpy", "pandas", "scipy", "ramgnn.baselines")


def imported_by(*arguments) -> set[str]:
    """Which heavy packages one call of the command line imports, in a process of its own."""
    code = f"""
import contextlib, io, sys
from ramgnn.cli import main
with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
    main({list(arguments)!r})
print(*(name for name in {HEAVY!r} if name in sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


COMMANDS = (
    "data", "train", "evaluate", "recommend", "similar", "explain", "neighbors", "run", "results", "readings",
)  # fmt: skip


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["data", "list"], [], ["train", "--seed", "x"]])
def test_what_needs_no_numbers_imports_nothing_heavy(arguments):
    assert imported_by(*arguments) == set()


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command_imports_nothing_heavy_and_has_examples(capsys, command):
    assert imported_by(command, "--help") == set()
    with pytest.raises(SystemExit) as done:
        main([command, "--help"])
    assert done.value.code == 0
    assert (f"ramgnn {command} " in capsys.readouterr().out.partition("example")[2]) or command == "readings"


def test_help_lists_every_command():
    first_words = {line.split()[0] for line in build_parser().format_help().splitlines() if line.strip()}
    assert set(COMMANDS) <= first_words


def test_every_command_has_a_function():
    """Handlers are registered by name, so nothing else would notice a wrong one before it is called."""
    todo, handlers = [build_parser()], set()
    while todo:
        parser = todo.pop()
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                todo += action.choices.values()
        if handler := parser.get_default("handler"):
            handlers.add(handler)
    assert len(handlers) == 12
    for handler in handlers:
        module, _, function = handler.partition(":")
        assert callable(getattr(importlib.import_module(module), function))


def test_module_and_version():
    done = subprocess.run([sys.executable, "-m", "ramgnn", "--version"], capture_output=True, text=True)
    assert done.returncode == 0
    assert done.stdout.startswith("ramgnn ")


def test_no_command_prints_help(capsys):
    assert main([]) == 2
    assert "usage: ramgnn" in capsys.readouterr().out


def test_data_list_info_check(capsys, tables):
    assert {"toy", "movietweetings", "ml-100k", "kkbox", "planted"} <= set(ask(capsys, "data", "list"))
    info = ask(capsys, "data", "info", "toy")
    assert info["items"] == 8
    assert {r["type"] for r in info["relations"]["item"]} >= {"genre", "director", "actor", "year"}
    assert ask(capsys, "data", "check", *data_of(tables))["users"] == 15
    assert main(["data", "info", "toy"]) == 0
    shown = capsys.readouterr().out
    assert "item graph" in shown
    assert "licence" in shown
    assert main(["data", "check", *data_of(tables)]) == 0
    assert "well: " in capsys.readouterr().out


def test_train_shows_a_table_and_where_the_run_is(capsys, tables, tmp_path):
    assert main(["train", *data_of(tables), *SMALL, "--out", str(tmp_path / "r"), "--quiet", "--at", "1", "5"]) == 0
    shown = capsys.readouterr().out
    for text in ("this run (default)", "popularity, measured here", "ease, measured here", "HR@5", "NDCG@1", "95 %"):
        assert text in shown
    assert "RAM-GNN as printed" not in shown  # the paper has no row for these tables
    assert f"ramgnn recommend --run {tmp_path / 'r'}" in shown


@pytest.mark.skipif("RAMGNN_DATA" not in os.environ, reason="needs local copies of the data, see RAMGNN_DATA")
@pytest.mark.parametrize(("name", "shown"), [("ml-100k", True), ("kkbox", False)])
def test_the_papers_row_stands_beside_the_data_it_is_about(capsys, tmp_path, name, shown):
    """MovieLens-100K has it; the part of KKBox that lies in RAMGNN_DATA is not what the paper's numbers are over."""
    settings = ["--set", "pretrain.dim=8", "pretrain.epochs=1", "pretrain.steps=1", "--epochs", "1", "--no-baselines"]
    assert main(["train", "--data", name, *settings, "--out", str(tmp_path / "r"), "--quiet"]) == 0
    text = capsys.readouterr().out
    assert ("RAM-GNN as printed in the paper" in text) == shown
    assert ("not for this part of the data" in text) != shown


def test_train_as_json(capsys, tables, tmp_path):
    report = ask(capsys, "train", *data_of(tables), *SMALL, "--out", str(tmp_path / "r"))
    assert set(report["metrics"]) == {f"{m}@{k}" for m in ("HR", "MRR", "NDCG") for k in (10, 20)}
    assert report["metrics"]["HR@20"]["low"] <= report["metrics"]["HR@20"]["value"]


def test_a_run_is_not_replaced_unasked(capsys, tables, trained):
    text = fails(capsys, "train", *data_of(tables), *SMALL, "--out", trained)
    assert "--overwrite" in text


def test_evaluate_and_compare(capsys, trained):
    report = ask(capsys, "evaluate", "--run", trained, "--compare", trained, "--at", "5")
    assert report["users"] == 15
    assert report["compare"]["HR@5"]["difference"] == 0
    assert main(["evaluate", "--run", trained, "--ties", "optimistic"]) == 0
    assert "ties: optimistic" in capsys.readouterr().out


def test_recommend_and_reasons(capsys, trained):
    found = ask(capsys, "recommend", "--run", trained, "--user", "u3", "-n", "4", "--reasons")
    assert [row["rank"] for row in found["items"]] == [1, 2, 3, 4]
    assert all(row["item"].startswith("Film Number") and row["reason"] for row in found["items"])
    assert main(["recommend", "--run", trained, "--user", "u3"]) == 0
    assert "for user u3" in capsys.readouterr().out


def test_explain(capsys, trained):
    best = ask(capsys, "recommend", "--run", trained, "--user", "u3", "-n", "1")["items"][0]
    found = ask(capsys, "explain", "--run", trained, "--user", "u3", "--item", best["item"])
    assert found["rank"] == 1
    assert found["item"] == best["id"]
    assert {r["type"] for r in found["item_reasons"]} <= {"genre", "year"}
    assert all(r["via"] for r in found["item_reasons"])
    assert main(["explain", "--run", trained, "--user", "u3", "--item", best["id"]]) == 0
    shown = capsys.readouterr().out
    assert "shared with what the user had" in shown
    assert "rank 1" in shown


@pytest.mark.parametrize("side", ["item", "user"])
def test_neighbors(capsys, trained, side):
    name = {"item": "Film Number 7", "user": "u3"}[side]
    found = ask(capsys, "neighbors", "--run", trained, f"--{side}", name)
    assert sum(row["attention"] for row in found["kept"]) <= 1.001
    assert set(found["thresholds"]) == ({"genre", "year"} if side == "item" else {"town"})
    assert main(["neighbors", "--run", trained, f"--{side}", name, "-n", "1"]) == 0
    assert "kept of all neighbours" in capsys.readouterr().out


def test_readings(capsys):
    assert len(ask(capsys, "readings")) == 15
    assert main(["readings"]) == 0
    assert "← default" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["data", "info", "movielens"], "no data set 'movielens'"),
        (["train", "--data", "toy", "--config", "best"], "no configuration 'best'"),
        (["train", "--data", "toy", "--set", "pretrain.dims=3"], "did you mean 'pretrain.dim'"),
        (["train", "--data", "toy", "--ablation", "none"], "no ablation 'none'"),
        (["train", "--data", "toy", "--option", "age"], "expected NAME=VALUE"),
        (["train", "--data", "toy", "--device", "abacus"], "cannot use the device 'abacus'"),
        (["train", "--data", "toy", "--items", "items.csv"], "leave one out"),
        (["train", "--data", "toy", "--item-relations", "gener"], "no item relation 'gener'"),
        (["recommend", "--run", "nowhere", "--user", "1"], "nowhere"),
    ],
)
def test_mistakes_get_a_clear_error(capsys, arguments, expected, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert expected in fails(capsys, *arguments)


def test_unknown_names_get_near_matches(capsys, trained):
    assert "Film Number" in fails(capsys, "explain", "--run", trained, "--user", "u3", "--item", "Film Numbr 7")
    assert "u1" in fails(capsys, "recommend", "--run", trained, "--user", "uu1")


def test_one_relation_only(capsys, tables, tmp_path):
    ask(capsys, "train", *data_of(tables), *SMALL, "--item-relations", "year", "--out", str(tmp_path / "r"))
    found = ask(capsys, "neighbors", "--run", str(tmp_path / "r"), "--item", "m7")
    assert set(found["thresholds"]) == {"year"}


def test_ctrl_c_ends_with_130_and_keeps_the_run(capsys, tables, tmp_path, monkeypatch):
    from ramgnn import pretrain

    real, calls = pretrain.step, []

    def step(*arguments, **named):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(*arguments, **named)

    monkeypatch.setattr(pretrain, "step", step)
    assert main(["train", *data_of(tables), *SMALL, "--out", str(tmp_path / "r"), "--quiet"]) == 130
    assert f"continue with: ramgnn train --resume {tmp_path / 'r'}" in capsys.readouterr().err
    assert (tmp_path / "r" / "run.json").exists()
    assert "was stopped during pre-training items" in fails(
        capsys, "recommend", "--run", str(tmp_path / "r"), "--user", "u1"
    )
