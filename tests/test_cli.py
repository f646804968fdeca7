"""The command line, as somebody with three tables would use it."""

from __future__ import annotations

import argparse
import csv
import importlib
import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ramgnn import api, pretrain
from ramgnn.cli import main, output
from ramgnn.cli.parser import build_parser
from ramgnn.errors import RamgnnError
from ramgnn.visible import in_short

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
    assert all(row["title"].startswith("Film Number") and row["reason"] for row in found["items"])
    assert main(["recommend", "--run", trained, "--user", "u3"]) == 0
    assert "for user u3" in capsys.readouterr().out


def test_explain(capsys, trained):
    best = ask(capsys, "recommend", "--run", trained, "--user", "u3", "-n", "1")["items"][0]
    found = ask(capsys, "explain", "--run", trained, "--user", "u3", "--item", best["title"])
    assert found["rank"] == 1
    assert found["item"] == best["item"]
    assert {r["type"] for r in found["item_reasons"]} <= {"genre", "year"}
    assert all(r["via"] for r in found["item_reasons"])
    assert main(["explain", "--run", trained, "--user", "u3", "--item", best["item"]]) == 0
    shown = capsys.readouterr().out
    assert "shared with what the user had" in shown
    assert "rank 1" in shown
    assert shown == f"{api.load_run(trained).explain('u3', best['item'], 3)}\n"  # one text for both


@pytest.mark.parametrize("side", ["item", "user"])
def test_neighbors(capsys, trained, side):
    name = {"item": "Film Number 7", "user": "u3"}[side]
    found = ask(capsys, "neighbors", "--run", trained, f"--{side}", name)
    assert sum(row["attention"] for row in found["kept"]) <= 1.001
    assert set(found["thresholds"]) == ({"genre", "year"} if side == "item" else {"town"})
    assert main(["neighbors", "--run", trained, f"--{side}", name, "-n", "1"]) == 0
    assert "kept of all neighbours" in capsys.readouterr().out


def test_readings(capsys):
    assert len(ask(capsys, "readings")) == 17
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
    go_on = f"go on with it: ramgnn train --resume {tmp_path / 'r'}"
    said = fails(capsys, "recommend", "--run", str(tmp_path / "r"), "--user", "u1")
    assert "was stopped during pre-training items" in said and go_on in said and "train again" not in said
    (tmp_path / "r" / "run.json").unlink()  # as where the process was killed
    for name in ("recommend", "explain"):
        more = ["--item", "m1"] * (name == "explain")
        assert go_on in fails(capsys, name, "--run", str(tmp_path / "r"), "--user", "u1", *more)


def test_a_run_that_is_not_there_is_told_from_those_that_are(capsys, trained, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = Path(trained)
    for asked in (folder.parent, folder.with_name("nope")):  # the runs in it, and those beside it
        said = fails(capsys, "recommend", "--run", str(asked), "--user", "u1")
        assert f"name a run that there is: {folder}" in said and "train again" not in said
    assert "train first: ramgnn train" in fails(capsys, "recommend", "--run", str(tmp_path / "a" / "b"), "--all")
    shutil.copytree(folder, tmp_path / "runs" / "first")
    said = fails(capsys, "similar", "--run", "a/b", "--item", "m1")
    assert f"name a run that there is: {Path('runs', 'first')}" in said


# ---- recommend for several users, into files -------------------------------------------------------------------------


def refused(capsys, *arguments):
    """Run a command whose options do not go together: exit status 2, a sentence and where the options are."""
    with pytest.raises(SystemExit) as done:
        main(list(arguments))
    assert done.value.code == 2
    text = capsys.readouterr().err
    assert text.startswith("ramgnn") and text.rstrip().endswith("--help lists the options")
    return text


def csv_rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_several_users_get_a_table_each(capsys, trained):
    users = ("--user", "u3", "--user", "u1", "--user", "u3")
    answer = ask(capsys, "recommend", "--run", trained, *users, "-n", "2", "--reasons")
    assert [entry["user"] for entry in answer] == ["u3", "u1"]
    assert answer[0] == ask(capsys, "recommend", "--run", trained, "--user", "u3", "-n", "2", "--reasons")
    assert main(["recommend", "--run", trained, *users, "-n", "2"]) == 0
    shown = capsys.readouterr().out
    assert shown.index("for user u3, who had") < shown.index("\n\nfor user u1, who had")
    assert shown.count("Film Number") == 4


def test_a_user_with_nothing_left_is_told_so(capsys, trained, monkeypatch):
    from ramgnn.fitted import FittedModel

    whole = FittedModel.recommend_blocks

    def without_u1(self, users=None, **options):
        for frame in whole(self, users, **options):
            yield frame[frame["user"] != "u1"].reset_index(drop=True)

    monkeypatch.setattr(FittedModel, "recommend_blocks", without_u1)
    users = [part for user in ("u0", "u1", "u2") for part in ("--user", user)]
    answer = ask(capsys, "recommend", "--run", trained, *users, "-n", "1")
    assert [(entry["user"], len(entry["items"])) for entry in answer] == [("u0", 1), ("u1", 0), ("u2", 1)]
    assert main(["recommend", "--run", trained, "--user", "u1"]) == 0
    assert "no item is left to recommend" in capsys.readouterr().out


def test_users_from_a_file_or_from_standard_input(capsys, trained, tmp_path, monkeypatch):
    (tmp_path / "ids").write_text("\ufeffu3\n\n  u1 \nu3\n", encoding="utf-8")
    answer = ask(capsys, "recommend", "--run", trained, "--users", str(tmp_path / "ids"), "-n", "1")
    assert [entry["user"] for entry in answer] == ["u3", "u1"]
    monkeypatch.setattr("sys.stdin", io.StringIO("u3\nu1\n"))
    assert ask(capsys, "recommend", "--run", trained, "--users", "-", "-n", "1") == answer


def test_standard_input_is_utf8_in_every_locale_and_may_be_closed(capsys, trained, monkeypatch):
    call = ["recommend", "--run", trained, "--users", "-", "-n", "1"]
    for encoding in ("ascii", "cp1252", "utf-16"):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO("\ufeffu3\n\u0416\n".encode()), encoding=encoding))
        answer = ask(capsys, *call, "--skip-unknown")
        assert [entry["user"] for entry in answer] == ["u3"]
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO("\u0416\n".encode()), encoding=encoding))
        assert "standard input, line 1: no user '\u0416'" in fails(capsys, *call)
    monkeypatch.setattr("sys.stdin", None)
    assert "standard input: it is closed" in fails(capsys, *call)


def test_a_folder_that_may_not_be_looked_into(capsys, trained, monkeypatch):
    """Only `--debug` shows where in the program the system said no."""

    def no(path, *_, **__):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "exists", no)
    monkeypatch.setattr(Path, "is_file", no)
    call = ["recommend", "--run", trained, "--user", "u1"]
    assert fails(capsys, *call) == f"ramgnn: {trained}/run.json: Permission denied\n"
    with pytest.raises(PermissionError):
        main(["--debug", *call])


def test_an_unknown_user_in_a_file_is_named_with_its_line_or_skipped(capsys, trained, tmp_path, monkeypatch):
    (tmp_path / "ids").write_text("u3\n\nuu1\nu99\nu5\n")
    call = ["recommend", "--run", trained, "--users", str(tmp_path / "ids"), "-n", "1"]
    text = fails(capsys, *call)
    assert "ids, line 3: no user 'uu1'; did you mean 'u1'" in text
    assert "--skip-unknown" in text and "(2 of 5 here)" not in text and "(2 of 4 here)" in text
    assert main([*call, "--skip-unknown", "--json"]) == 0
    shown = capsys.readouterr()
    assert [entry["user"] for entry in json.loads(shown.out)] == ["u3", "u5"]
    assert "2 unknown ids left out" in shown.err
    out = str(tmp_path / "r.csv")
    assert ask(capsys, *call, "--skip-unknown", "--out", out) == {"out": out, "users": 2, "rows": 2, "skipped": 2}
    (tmp_path / "ids").write_text("u3\nx\n")
    assert main([*call, "--skip-unknown"]) == 0
    assert "1 unknown id left out" in capsys.readouterr().err
    monkeypatch.setattr("sys.stdin", io.StringIO("x\n"))
    assert "standard input, line 1: no user 'x'" in fails(capsys, "recommend", "--run", trained, "--users", "-")
    for content, said in (("", "there are no ids"), ("\n \n", "there are no ids"), ("x\ny\n", "all ids are unknown")):
        (tmp_path / "ids").write_text(content)
        assert said in fails(capsys, *call, "--skip-unknown")
    (tmp_path / "ids").write_bytes(b"\xff\xfe\xff")
    assert "it is not text in UTF-8" in fails(capsys, *call)
    assert "No such file" in fails(capsys, "recommend", "--run", trained, "--users", str(tmp_path / "none"))


def test_all_users_go_to_standard_output_as_csv(capsys, trained):
    assert main(["recommend", "--run", trained, "--all", "-n", "3"]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""  # no progress bar without a terminal
    rows = csv_rows(shown.out)
    assert list(rows[0]) == ["user", "rank", "item", "title", "score"]
    assert [row["user"] for row in rows] == [f"u{u}" for u in range(15) for _ in range(3)]
    answer = ask(capsys, "recommend", "--run", trained, "--all", "-n", "3")
    assert len(answer) == 15
    one = ask(capsys, "recommend", "--run", trained, "--user", "u7", "-n", "3")
    assert one in answer
    found = [row for row in rows if row["user"] == "u7"]
    assert [row["item"] for row in found] == [row["item"] for row in one["items"]]
    assert [row["title"] for row in found] == [row["title"] for row in one["items"]]
    assert [float(row["score"]) for row in found] == pytest.approx([row["score"] for row in one["items"]], abs=1e-4)


def test_seen_items_are_left_out_unless_asked_for(capsys, trained):
    dataset = api.load_run(trained).dataset
    seen = {dataset.item_ids[item] for item in dataset.had(dataset.user_ids.index("u4"))}
    call = ["recommend", "--run", trained, "--user", "u4", "-n", "100"]
    new = {row["item"] for row in ask(capsys, *call)["items"]}
    every = [row["item"] for row in ask(capsys, *call, "--include-seen")["items"]]
    assert new == set(dataset.item_ids) - seen
    assert sorted(every) == sorted(dataset.item_ids)


@pytest.mark.parametrize("name", ["r.csv", "r.tsv", "r.CSV.gz", "r.jsonl", "r.parquet"])
def test_recommendations_in_a_file_equal_those_on_standard_output(capsys, trained, tmp_path, name):
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow")
    assert main(["recommend", "--run", trained, "--all", "-n", "2"]) == 0
    expected = pd.read_csv(io.StringIO(capsys.readouterr().out))
    path = tmp_path / name
    assert main(["recommend", "--run", trained, "--all", "-n", "2", "--out", str(path)]) == 0
    assert f"30 recommendations for 15 users in {path}" in capsys.readouterr().out
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    read = {
        "r.csv": pd.read_csv,
        "r.tsv": lambda p: pd.read_csv(p, sep="\t"),
        "r.CSV.gz": lambda p: pd.read_csv(p, compression="gzip"),
        "r.jsonl": lambda p: pd.read_json(p, lines=True),
        "r.parquet": pd.read_parquet,
    }[name]
    pd.testing.assert_frame_equal(read(path), expected, check_dtype=False)


@pytest.mark.parametrize("end", [".csv", ".tsv", ".csv.gz", ".jsonl", ".parquet"])
def test_blocks_become_one_table(tmp_path, end):
    if end == ".parquet":
        pytest.importorskip("pyarrow")
    blocks = [
        pd.DataFrame(columns=["user", "item", "score"]).astype({"score": np.float32}),
        pd.DataFrame({"user": ["a", 'ü, "x"'], "item": ["1", "2"], "score": np.array([0.5, 0.25], np.float32)}),
        pd.DataFrame({"user": ["c"], "item": ["3"], "score": np.array([-1.5], np.float32)}),
    ]  # fmt: skip
    path = tmp_path / f"r{end}"
    with output.table_writer(str(path)) as write:
        for frame in blocks:
            write(frame)
    if end == ".jsonl":
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        table = pd.DataFrame(rows)
    elif end == ".parquet":
        table = pd.read_parquet(path)
    else:
        table = pd.read_csv(path, sep="\t" if end == ".tsv" else ",", dtype={"item": str})
    assert table["user"].tolist() == ["a", 'ü, "x"', "c"]
    assert table["item"].tolist() == ["1", "2", "3"]
    assert table["score"].tolist() == [0.5, 0.25, -1.5]


def test_packed_tables_are_the_same_bytes_every_time(tmp_path):
    for name in ("a.csv.gz", "b.csv.gz"):
        with output.table_writer(str(tmp_path / name)) as write:
            write(pd.DataFrame({"user": ["a"], "score": [0.1]}))
    assert (tmp_path / "a.csv.gz").read_bytes() == (tmp_path / "b.csv.gz").read_bytes()


def test_nothing_half_written_stands_under_the_final_name(capsys, trained, tmp_path, monkeypatch):
    from ramgnn.fitted import FittedModel

    path = tmp_path / "r.csv"
    path.write_text("an older table\n")
    during = []

    def stopped(self, users=None, **options):
        yield pd.DataFrame({"user": ["u0"], "rank": [1], "item": ["m0"], "score": [0.5]})
        during.extend(sorted(p.name for p in tmp_path.iterdir()))
        raise KeyboardInterrupt

    monkeypatch.setattr(FittedModel, "recommend_blocks", stopped)
    assert main(["recommend", "--run", trained, "--all", "--overwrite", "--out", str(path)]) == 130
    assert during[1] == "r.csv" and len(during) == 2 and during[0].endswith(".part")
    assert [p.name for p in tmp_path.iterdir()] == ["r.csv"] and path.read_text() == "an older table\n"


def test_a_file_that_cannot_be_written_is_a_clear_error(capsys, trained, tmp_path):
    (tmp_path / "file").write_text("")
    text = fails(capsys, "recommend", "--run", trained, "--all", "--out", str(tmp_path / "file" / "r.csv"))
    assert "cannot write" in text and "choose another" in text


def test_no_folder_is_made_unasked_for_a_file_and_nothing_is_computed_for_it(capsys, trained, tmp_path, monkeypatch):
    monkeypatch.setattr("ramgnn.cli.recommend.load_model", lambda folder: pytest.fail("the run was read"))
    call = ["recommend", "--run", trained, "--all", "--out"]
    text = fails(capsys, *call, str(tmp_path / "a" / "b" / "r.csv"))
    assert f"the folder {tmp_path / 'a' / 'b'} does not exist; make it or choose another --out" in text
    (tmp_path / "r.csv").mkdir()
    assert "it is a folder" in fails(capsys, *call, str(tmp_path / "r.csv"))
    assert [p.name for p in tmp_path.iterdir()] == ["r.csv"]


def test_a_file_that_is_there_is_replaced_when_asked_alone(capsys, trained, tmp_path, monkeypatch):
    table = tmp_path / "interactions.csv"
    table.write_text("my own rows\n")
    for who in (["--all"], ["--user", "u3"], ["--had", "m1"]):
        call = ["recommend", "--run", trained, *who, "--out", str(table)]
        text = fails(capsys, *call)
        assert f"{table} is there already; choose another --out, or give --overwrite to replace it" in text
        assert table.read_text() == "my own rows\n"
    assert main([*call, "--overwrite"]) == 0
    assert table.read_text().startswith("rank,item,")


def test_a_missing_history_is_said_and_the_run_recommends(capsys, trained, tmp_path):
    shutil.copytree(trained, tmp_path / "r")
    for history in (tmp_path / "r").rglob("history.json"):  # of what was evaluated, and of what recommends
        history.unlink()
    call = ["recommend", "--user", "u3", "--json", "--run"]
    assert main([*call, str(tmp_path / "r")]) == 0
    shown = capsys.readouterr()
    assert shown.err.startswith("ramgnn: ") and "history.json is missing" in shown.err
    assert main([*call, trained]) == 0
    assert capsys.readouterr().out == shown.out


def test_without_pyarrow_the_remedy_is_named(capsys, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    text = fails(capsys, "recommend", "--run", "nowhere", "--all", "--out", str(tmp_path / "r.parquet"))
    assert "pip install pyarrow" in text
    assert f"--out {tmp_path / 'r.csv'}" in text


def test_a_bar_is_shown_on_a_terminal_only(capsys, trained, tmp_path, monkeypatch):
    call = ["recommend", "--run", trained, "--all", "--overwrite", "--out", str(tmp_path / "r.csv")]
    for options, shown in (([], True), (["--quiet"], False), (["--json"], False)):
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
        assert main([*call, *options]) == 0
        assert ("15/15" in capsys.readouterr().err) == shown


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "one of the arguments --user --users --all --had is required"),
        (["--user", "u1", "--all"], "not allowed with argument"),
        (["--user", "u1", "--users", "ids"], "not allowed with argument"),
        (["--all", "--skip-unknown"], "--skip-unknown goes with --users FILE"),
        (["--all", "--reasons"], "leave out --reasons"),
        (["--user", "u1", "--reasons", "--out", "r.csv"], "leave out --out"),
        (["--all", "--out", "r.xlsx"], "expected a name that ends in one of .csv, .tsv, .csv.gz, .jsonl, .parquet"),
        (["--all", "--out", ".csv"], "unknown ending"),
        (["--user", "u1", "-n", "0"], "'0' is not a number of items"),
    ],
)
def test_what_does_not_go_together_in_recommend_is_refused(capsys, options, said):
    assert said in refused(capsys, "recommend", "--run", "nowhere", *options)


def test_similar(capsys, trained):
    answer = ask(capsys, "similar", "--run", trained, "--item", "film number 7", "-n", "3")
    assert (answer["item"], answer["title"]) == ("m7", "Film Number 7")
    assert [row["rank"] for row in answer["items"]] == [1, 2, 3]
    closeness = [row["similarity"] for row in answer["items"]]
    assert closeness == sorted(closeness, reverse=True)
    assert all(-1 <= x <= 1 for x in closeness)
    assert "m7" not in [row["item"] for row in answer["items"]]
    assert main(["similar", "--run", trained, "--item", "m7"]) == 0
    shown = capsys.readouterr().out
    assert "closest to Film Number 7" in shown and shown.count("Film Number") == 11
    assert "Film Number" in fails(capsys, "similar", "--run", trained, "--item", "Film Numbr 7")


# ---- baselines -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["ease", "mf"])
def baseline(request, tables, tmp_path_factory):
    """The name of a baseline and a run folder of it; one is a closed form, the other is trained."""
    folder = str(tmp_path_factory.mktemp("baselines") / request.param)
    settings = {"ease": ["l2=10"], "mf": ["dim=8", "lr=0.1"]}[request.param]
    options = ["--model", request.param, "--set", *settings, "--out", folder, "--quiet"]
    assert main(["train", *data_of(tables), *options]) == 0
    return request.param, folder


def test_a_baselines_run_is_evaluated_and_recommends(capsys, baseline, trained):
    name, folder = baseline
    report = ask(capsys, "evaluate", "--run", folder, "--compare", trained, "--at", "5")
    assert report["users"] == 15 and set(report["compare"]) == {"HR@5", "MRR@5", "NDCG@5"}
    one = ask(capsys, "recommend", "--run", folder, "--user", "u3", "-n", "4")
    assert [row["rank"] for row in one["items"]] == [1, 2, 3, 4]
    assert main(["recommend", "--run", folder, "--all", "-n", "2"]) == 0
    assert len(csv_rows(capsys.readouterr().out)) == 30


def test_a_baselines_run_gives_no_reasons(capsys, baseline):
    name, folder = baseline
    for command in (
        ["explain", "--user", "u3", "--item", "m7"],
        ["neighbors", "--item", "m7"],
        ["recommend", "--user", "u3", "--reasons"],
    ):
        assert name in fails(capsys, *command, "--run", folder)


def test_a_baselines_run_knows_what_is_similar(capsys, baseline):
    items = ask(capsys, "similar", "--run", baseline[1], "--item", "m7", "-n", "3")["items"]
    assert [row["rank"] for row in items] == [1, 2, 3] and "m7" not in [row["item"] for row in items]


def test_training_a_baseline_prints_the_same_table(capsys, tables, tmp_path):
    folder = str(tmp_path / "r")
    call = ["train", *data_of(tables), "--model", "mf", "--epochs", "2", "--set", "dim=8", "--out", folder]
    assert main([*call, "--quiet", "--at", "5"]) == 0
    shown = capsys.readouterr().out
    for text in ("this run (mf)", "ease, measured here", "HR@5", "95 %", f"ramgnn recommend --run {folder}"):
        assert text in shown
    assert "--overwrite" in fails(capsys, *call)
    report = ask(capsys, *call, "--overwrite")
    assert (report["run"], report["model"]) == (folder, "mf") and "NDCG@20" in report["metrics"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--model", "easy"], "no model 'easy'; did you mean 'ease'?"),
        (["--model", "svd"], "ram-gnn and als, cke, ease"),
        (["--model", "mf", "--set", "dims=3"], "did you mean 'dim'"),
        (["--model", "mf", "--set", "x=3"], "dim, lr, l2, batch, epochs, std"),
        (["--model", "mf", "--set", "dim"], "expected NAME=VALUE"),
        (["--model", "mf", "--set", "dim=1.5"], "cannot read 'dim=1.5'; expected a whole number"),
        (["--model", "ease", "--set", "l2=big"], "cannot read 'l2=big'; expected a number"),
        (["--model", "popularity", "--set", "l2=3"], "no setting of popularity called 'l2'"),
        (["--model", "mf", "--device", "abacus"], "cannot use the device 'abacus'"),
        (["--model", "ease", "--epochs", "3"], "ease is fitted in one go on the CPU; leave out --epochs"),
        (["--model", "ease", "--epochs", "3", "--device", "cuda"], "leave out --epochs, --device"),
    ],
)
def test_mistakes_about_baselines_get_a_clear_error(capsys, options, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert said in fails(capsys, "train", "--data", "toy", *options)
    assert list(tmp_path.iterdir()) == []


def test_settings_of_baselines_are_read_as_the_kind_they_are():
    from ramgnn.cli.train import _baseline_settings

    assert _baseline_settings("rcf", ["per_user=none", "dim=8", "lr=1"]) == {"per_user": None, "dim": 8, "lr": 1.0}
    assert _baseline_settings("rcf", ["per_user=5"]) == {"per_user": 5}
    assert _baseline_settings("itemknn", ["half_life=2", "k=7"]) == {"half_life": 2.0, "k": 7}
    with pytest.raises(RamgnnError, match="expected a number or none"):
        _baseline_settings("itemknn", ["half_life=true"])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--resume", "runs/x"], "ease writes no checkpoints"),
        (["--config", "as_printed"], "--config: only RAM-GNN"),
        (["--config", "as_printed", "--ablation", "rns"], "--config and --ablation: only RAM-GNN"),
    ],
)
def test_what_only_ram_gnn_has_is_refused_for_a_baseline(capsys, options, said):
    assert said in refused(capsys, "train", "--data", "toy", "--model", "ease", *options)


def test_only_ram_gnn_is_trained_by_several_processes(capsys, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert "without torchrun" in fails(capsys, "train", "--data", "toy", "--model", "ease")


def test_a_device_is_no_file_of_ids(capsys, trained):
    assert "line 1: the line has 100,000 characters or more" in fails(
        capsys, "recommend", "--run", trained, "--users", "/dev/zero"
    )


# ---- what somebody new to it and somebody out to break it found ------------------------------------------------------


def test_ids_are_text_wherever_the_data_came_from(capsys, tmp_path):
    """Of data frames with whole numbers too: no comma between thousands, in JSON as text."""
    rng = np.random.default_rng(2)
    rows = pd.DataFrame(
        [(5000 + u, 1000 + i, n) for u in range(9) for n, i in enumerate(rng.permutation(12)[:7])],
        columns=["user", "item", "time"],
    )
    api.save(api.fit(api.from_frames(rows), model="popularity"), tmp_path / "run")
    run = ["--run", str(tmp_path / "run")]
    answer = ask(capsys, "recommend", *run, "--user", "5000", "-n", "2")
    assert answer["user"] == "5000" and all(row["item"] in map(str, range(1000, 1012)) for row in answer["items"])
    assert main(["recommend", *run, "--user", "5000", "-n", "2"]) == 0
    shown = capsys.readouterr().out
    assert answer["items"][0]["item"] in shown and "1,0" not in shown


def test_doubts_are_told_without_bars_too(capsys, tables, tmp_path):
    rows = (tables / "interactions.csv").read_text().splitlines()
    rated = [rows[0] + ",rating", *(f"{row},{1 + n % 5}" for n, row in enumerate(rows[1:]))]
    (tmp_path / "rated.csv").write_text("\n".join(rated) + "\n")
    call = ["train", "--interactions", str(tmp_path / "rated.csv"), "--items", str(tables / "items.csv")]
    call += ["--model", "popularity", "--no-baselines", "--overwrite", "--out", str(tmp_path / "run")]
    assert main([*call, "--quiet"]) == 0
    assert "note (doubt): " in (err := capsys.readouterr().err) and "rating" in err
    assert main([*call, "--json"]) == 0
    captured = capsys.readouterr()
    report = json.loads(captured.out)
    assert "note (doubt): " in captured.err and len(report["doubts"]) == 1 and report["doubts"][0] in report["notes"]


def test_interactions_alone_are_enough(capsys, tables, tmp_path):
    shutil.copy(tables / "interactions.csv", tmp_path / "orders.csv")
    said = fails(capsys, "data", "check", "--interactions", str(tmp_path / "orders.csv"))
    assert "--items none" in said
    assert main(["data", "check", "--interactions", str(tmp_path / "orders.csv"), "--items", "none"]) == 0
    shown = capsys.readouterr().out
    assert "--items none" in shown[shown.index("next: ") :]
    call = ["train", "--interactions", str(tmp_path / "orders.csv"), "--items", "none", "--model", "ease"]
    assert main([*call, "--quiet", "--out", str(tmp_path / "run")]) == 0


def test_what_does_not_say_what_an_item_is_is_not_advised_as_such(capsys, tmp_path):
    """A thing is in many orders and in one category: the category says what it is, the number of the order does not."""
    rows = [f"{o},u{o % 7},i{(o * 5 + k) % 9},kind{(o * 5 + k) % 9 % 3}" for o in range(40) for k in range(2)]
    (tmp_path / "lines.csv").write_text("order,user,item,category\n" + "\n".join(rows) + "\n")
    said = fails(capsys, "data", "check", "--interactions", str(tmp_path / "lines.csv"))
    assert "--item-relations category" in said and "order" not in said.split("--item-relations")[1].split()[0]
    assert "--items none" in said


def test_a_chosen_order_of_rows_raises_no_doubt(capsys, tmp_path):
    rows = [f"u{n % 7},i{n % 9},2024-01-{1 + n % 28:02d}" for n in range(63)]
    (tmp_path / "dated.csv").write_text("user,item,date\n" + "\n".join(rows) + "\n")
    call = ["data", "check", "--interactions", str(tmp_path / "dated.csv"), "--items", "none"]
    assert main(call) == 0
    assert "takes the model with a clock" in capsys.readouterr().out
    assert main([*call, "--time-column", "none"]) == 0
    shown = capsys.readouterr().out
    assert "doubt" not in shown and "takes the model with a clock" not in shown


def test_a_long_list_of_what_somebody_had_is_told_in_short():
    assert in_short(["a", "b"]) == "a; b"
    assert in_short([str(n) for n in range(11)]) == "; ".join(str(n) for n in range(11))
    assert in_short([str(n) for n in range(12)], 10) == "; ".join(map(str, range(10))) + "; … 1 more …; 11"


def test_a_setting_without_its_stage_is_found_and_an_unknown_one_lists_all(capsys):
    assert "did you mean 'pretrain.dim'" in fails(capsys, "train", "--set", "dim=3")
    said = fails(capsys, "train", "--set", "nothing.of.that.kind=3")
    assert "pretrain.dim" in said and "finetune.lr" in said


def test_a_file_within_a_run_names_the_run(capsys, trained):
    said = fails(capsys, "recommend", "--run", f"{trained}/run.json", "--user", "u3")
    assert f"name a run that there is: {trained}" in said


def test_a_stopped_run_says_so_when_it_is_asked(capsys, tables, tmp_path, monkeypatch):
    from ramgnn.baselines import mf

    once = mf.MF.epoch

    def stop(model, generator):
        if hasattr(model, "been"):
            raise KeyboardInterrupt
        model.been = True
        return once(model, generator)

    monkeypatch.setattr(mf.MF, "epoch", stop)
    assert main(["train", *data_of(tables), "--model", "mf", "--quiet", "--out", str(tmp_path / "run")]) == 130
    capsys.readouterr()
    assert main(["recommend", "--run", str(tmp_path / "run"), "--user", "u3"]) == 0
    assert "was stopped after 1 epochs, it recommends by what was reached" in capsys.readouterr().err


def test_an_empty_name_is_no_data_set(capsys):
    for call in (["train", "--data", ""], ["data", "check", ""], ["data", "info", ""]):
        assert "name of the data set is empty" in fails(capsys, *call)


def test_a_circle_of_links_and_a_folder_that_is_gone(capsys, tables, tmp_path, monkeypatch):
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    fails(capsys, "data", "check", "--interactions", str(tmp_path / "a"))
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    said = fails(capsys, "data", "check", "--interactions", "../rows.csv")
    assert "the current folder does not exist any more" in said
    monkeypatch.chdir(tmp_path)


def test_nothing_held_out_by_the_word_of_python(capsys, tables):
    found = ask(capsys, "data", "check", *data_of(tables), "--option", "split=none")
    assert found["test"] == 0


def test_a_link_that_leads_nowhere_is_not_replaced(capsys, trained, tmp_path):
    (tmp_path / "out.csv").symlink_to(tmp_path / "out.csv")
    assert "is there already" in fails(
        capsys, "recommend", "--run", trained, "--all", "--out", str(tmp_path / "out.csv")
    )
