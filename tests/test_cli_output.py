"""What the command line prints: safe on every terminal, readable in every encoding, JSON for programs."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from brought import HEADERS, brought, items, lines, rows, users

from ramgnn import api
from ramgnn.cli import main, streams
from ramgnn.cli.printing import aligned, as_json, text_table
from ramgnn.visible import visible, visible_lines

HOSTILE = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202eevil\r\u2028\x7f"  # title of the window, clear, colour, direction, …
STEERS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
TITLE = f"进击 {HOSTILE}\nsaved in /elsewhere"
SMALL = ["--set", "pretrain.dim=8", "pretrain.epochs=1", "--epochs", "1", "--quiet", "--no-baselines"]
GENRE = "genre\x1b[1m\x9b\u202e"
FOLDER = "r\x1b[31m\u202e 'q'"


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """Tables in which titles, ids, values, names of columns and files would steer a terminal; and a run of them."""
    folder = tmp_path_factory.mktemp("hostile")
    changed_items, changed_rows, changed_users = items(), rows(), users()
    for row in changed_items:
        row[1] += TITLE
        row[2] += HOSTILE
    for row in [*changed_rows, *changed_users]:
        row[0] += HOSTILE
    paths = []
    for name, cells in (("rows", changed_rows), ("items", changed_items), ("users", changed_users)):
        cells.insert(0, [GENRE if word == "genre" else word for word in HEADERS[name]])
        paths.append(folder / f"{name}\x1b[31m.csv")
        with paths[-1].open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(cells)
    data = [x for name, path in zip(("interactions", "items", "users"), paths, strict=True)
            for x in (f"--{name}", str(path))]  # fmt: skip
    run = folder / FOLDER
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        assert main(["train", *data, *SMALL, "--out", str(run)]) == 0
    return data, run, said.getvalue()


def questions(data, run) -> list[list[str]]:
    """Every command that prints what stands in tables, right and wrong."""
    asked = ["--run", str(run)]
    user, item = f"u00{HOSTILE}", "i00"
    return [
        ["data", "check", *data],
        ["data", "info", *data],
        ["data", "check", *data, "--title-column", f"no{HOSTILE}"],
        ["data", "check", *data, "--bins", f"{GENRE}=10"],
        ["data", "check", "--interactions", f"no{HOSTILE}.csv"],
        ["recommend", *asked, "--user", user, "--reasons"],
        ["recommend", *asked, "--all", "-n", "2"],
        ["recommend", *asked, "--had", item],
        ["recommend", *asked, "--user", f"u0{HOSTILE}"],
        ["recommend", "--run", f"nowhere{HOSTILE}", "--all"],
        ["recommend", *asked, "--all", "--out", f"no{HOSTILE}/r.csv"],
        ["similar", *asked, "--item", item],
        ["similar", *asked, "--item", "evil"],
        ["explain", *asked, "--user", user, "--item", item],
        ["neighbors", *asked, "--item", item],
        ["neighbors", *asked, "--user", user],
        ["evaluate", *asked],
        ["train", *data, "--out", str(run)],
        ["train", "--data", f"toy{HOSTILE}"],
        ["train", "--model", f"ease{HOSTILE}"],
        ["results", f"table3{HOSTILE}"],
        [f"rec{HOSTILE}"],
        ["recommend", *asked, "--all", f"--no{HOSTILE}"],
    ]


N_QUESTIONS = len(questions([], ""))


def status_of(arguments) -> int:
    """The exit status, also where `argparse` ends the process."""
    try:
        return main(arguments)
    except SystemExit as done:
        return done.code


@pytest.mark.parametrize("n", range(N_QUESTIONS))
def test_nothing_printed_steers_a_terminal(capsys, hostile, n, monkeypatch):
    data, run, _ = hostile
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    arguments = questions(data, run)[n]
    status_of(arguments)
    shown = capsys.readouterr()
    text = shown.out + shown.err
    assert text and not STEERS.findall(text), arguments
    assert not [line for line in text.splitlines() if line.startswith("saved in /elsewhere")]


def test_training_prints_nothing_that_steers_and_what_to_type_next(hostile):
    data, run, said = hostile
    assert not STEERS.findall(said) and r"\x1b" in said
    command = said.rpartition("next: ")[2].strip()
    pasted = subprocess.run(["bash", "-c", f"printf '%s\\0' {command}"], capture_output=True, check=True)
    words = ["ramgnn", "recommend", "--run", str(run), "--user", f"u00{HOSTILE}", "-n", "10"]
    assert pasted.stdout.decode().split("\0")[:-1] == words


def test_files_and_json_keep_the_data(capsys, hostile, tmp_path):
    _, run, _ = hostile
    for end in ("csv", "jsonl"):
        assert main(["recommend", "--run", str(run), "--all", "--out", str(tmp_path / f"r.{end}")]) == 0
    capsys.readouterr()
    with (tmp_path / "r.csv").open(encoding="utf-8", newline="") as stream:
        table = list(csv.DictReader(stream))
    lined = [json.loads(line) for line in (tmp_path / "r.jsonl").read_text(encoding="utf-8").split("\n")[:-1]]
    assert all(row["user"].endswith(HOSTILE) and row["title"].endswith(TITLE) for row in [*table, *lined])
    assert main(["recommend", "--run", str(run), "--all"]) == 0  # to a pipe
    assert list(csv.DictReader(io.StringIO(capsys.readouterr().out, newline=""))) == table
    assert main(["recommend", "--run", str(run), "--user", f"u00{HOSTILE}", "--json"]) == 0
    printed = capsys.readouterr().out
    answer = json.loads(printed)
    assert not STEERS.findall(printed)
    assert answer["user"] == f"u00{HOSTILE}" and all(row["title"].endswith(TITLE) for row in answer["items"])


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1", "utf-16"])
def test_any_encoding_of_a_terminal_or_pipe(hostile, encoding, monkeypatch):
    data, run, _ = hostile
    for arguments in questions(data, run):
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="") for _ in range(2))
        monkeypatch.setattr(sys, "stdout", out)
        monkeypatch.setattr(sys, "stderr", err)
        status_of(arguments)
        monkeypatch.undo()
        out.flush(), err.flush()
        said = err.buffer.getvalue().decode(encoding)
        assert "Traceback" not in said and "UnicodeEncodeError" not in said
        if arguments[:1] != ["recommend"] or "--all" not in arguments:  # CSV, for programs, is UTF-8
            out.buffer.getvalue().decode(encoding)


BYTES = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}  # what is typed comes as bytes


@pytest.mark.parametrize(
    "environment", [{"LC_ALL": "C", "PYTHONIOENCODING": "ascii"}, {"PYTHONIOENCODING": "cp1252"}, BYTES]
)
def test_a_process_of_its_own_in_another_encoding(tmp_path, environment):
    own = brought(tmp_path)
    own.write("items", lines("items", items()).replace("Title", "進撃の巨人 Ёж"))
    run = tmp_path / "r"
    command = [sys.executable, "-m", "ramgnn"]
    environment = os.environ | environment

    def answer(*arguments) -> bytes:
        done = subprocess.run([*command, *map(str, arguments)], capture_output=True, env=environment)
        assert done.returncode == 0 and b"Traceback" not in done.stderr, done.stderr
        return done.stdout

    answer("train", *own.arguments, "--model", "ease", "--out", run)
    text = answer("recommend", "--run", run, "--user", "u00").decode(environment.get("PYTHONIOENCODING", "ascii"))
    assert r"\u9032\u6483" in text
    rows_of_answer = json.loads(answer("recommend", "--run", run, "--user", "u00", "--json").decode("utf-8"))["items"]
    assert all(row["title"].startswith("進撃の巨人 Ёж") for row in rows_of_answer)
    assert "進撃の巨人 Ёж" in answer("recommend", "--run", run, "--all").decode("utf-8")
    typed = rows_of_answer[0]["title"]
    told = json.loads(answer("similar", "--run", run, "--item", typed, "--json").decode("utf-8"))
    assert told["item"] == rows_of_answer[0]["item"]


def test_json_has_no_nan(capsys):
    content = {"a": float("nan"), "b": [float("inf"), 1.5], "c": pd.Series([1, 2]).sum(), "d": (True, None, "NaN")}
    assert json.loads(as_json(content), parse_constant=pytest.fail) == {
        "a": None, "b": [None, 1.5], "c": 3, "d": [True, None, "NaN"]
    }  # fmt: skip


def test_an_empty_group_is_null(capsys, tmp_path):
    """Of one session nobody is left: its metrics are no numbers."""
    own = brought(tmp_path)
    run = str(tmp_path / "r")
    assert main(["train", *own.arguments, "--model", "popularity", "--out", run, "--quiet"]) == 0
    capsys.readouterr()
    assert main(["evaluate", "--run", run, "--by", "session", "--json"]) == 0
    report = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert main(["evaluate", "--run", run, "--by", "session"]) == 0
    assert "NaN" not in capsys.readouterr().out
    assert any(row["users"] == 0 and row["HR@10"] is None for row in report["by"])


def test_tables_have_one_line_for_each_row():
    frame = pd.DataFrame({"a\nb": ["x\ny", "z"], "n": [1, 2000]})
    assert text_table(frame).splitlines() == [r"a\nb     n", r"x\ny     1", "z    2,000"]
    assert aligned([("x\ty", "\x1b"), ("z", "é")]) == [r"x\ty  \x1b", "z     é"]


def test_what_is_visible():
    assert visible("é ☕ 進 👩‍👧 \u200f") == "é ☕ 進 👩‍👧 \u200f"  # joined letters and marks of direction stay
    assert visible("\x1b\x9b\u202e\r\n\t\x00") == r"\x1b\x9b\u202e\r\n\t\x00"
    assert visible_lines("wrong\n  expected: a\nramgnn: well") == "wrong\n  expected: a\\nramgnn: well"


def test_a_bar_moves_and_its_words_do_not():
    stream = io.StringIO()
    shown = streams.Shown(stream, bars=True)
    for text in ("\rreading a\x1b[2J\r\n.csv", "\n\n", "\x1b[A\x1b[A", "x\ry"):
        shown.write(text)
    assert stream.getvalue() == "\rreading a\\x1b[2J\\r\\n.csv" + "\n\n" + "\x1b[A\x1b[A" + "x\\ry"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("arguments", [["readings"], ["data", "list", "--json"], ["--version"], ["--help"]])
def test_a_full_disk_behind_standard_output(arguments):
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "ramgnn", *arguments]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1
    assert done.stderr == "ramgnn: cannot write to standard output: No space left on device\n"


def test_a_reader_that_leaves(tmp_path):
    command = shlex.join([sys.executable, "-m", "ramgnn", "readings"])
    done = subprocess.run(["bash", "-c", f"{command} | head -1; echo ${{PIPESTATUS[0]}}"], capture_output=True,
                          text=True)  # fmt: skip
    assert done.stderr == "" and done.stdout.splitlines()[-1] == "0"


def test_nowhere_to_print(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    assert main(["data", "list", "--json"]) == main(["data", "list"]) == main(["--version"]) == 0


def test_an_explanation_in_python_is_as_safe(hostile):
    _, run, _ = hostile
    text = str(api.load_run(run).explain(f"u00{HOSTILE}", "i00"))
    assert not STEERS.findall(text) and r"\x1b" in text


class Sip(io.RawIOBase):
    """A raw file that takes a few bytes at a time, and sometimes none."""

    def __init__(self):
        self.taken, self.calls = bytearray(), 0

    def writable(self):
        return True

    def write(self, data):
        self.calls += 1
        if self.calls % 3 == 0:
            return None
        self.taken += bytes(data[:7])
        return len(data[:7])


def test_a_write_that_is_cut_short_is_gone_on_with(monkeypatch):
    monkeypatch.setattr(streams.select, "select", lambda *lists: ([], [], []))
    raw = Sip()
    stream = streams.Shown(io.TextIOWrapper(raw, encoding="utf-8", write_through=True))
    stream.write("ein langer Satz mit ä\n" * 3)
    stream.write_data("a,b\n" * 20)
    assert raw.taken.decode("utf-8").replace(os.linesep, "\n") == "ein langer Satz mit ä\n" * 3 + "a,b\n" * 20


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_closed_streams_end_nothing(tmp_path, closed):
    run = tmp_path / "run"
    for words in (
        ["train", "--model", "popularity", "--out", str(run)],
        ["recommend", "--run", str(run), "--user", "1"],
    ):
        command = shlex.join([sys.executable, "-m", "ramgnn", *words])
        assert subprocess.run(["sh", "-c", f"{command} {closed}"], cwd=Path(__file__).parents[1]).returncode == 0
