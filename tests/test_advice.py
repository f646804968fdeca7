"""Errors and notes name options in the words of whoever reads them, and these options exist."""

from __future__ import annotations

import ast
import inspect
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from brought import advised, brought, items, lines, rows, users

import ramgnn
from ramgnn import advice, datasets
from ramgnn.cli import main
from ramgnn.cli.parser import build_parser
from ramgnn.cli.typed import flag, on_shell
from ramgnn.datasets import tables
from ramgnn.visible import visible

ROOT = Path(ramgnn.__file__).parent
PYTHON = re.compile(r"(?<![-\w])[a-z_]+=(?=['\"{\[(\d]|None|True|False|$)")  # name='value', as Python has it


def speaks_python(text: str) -> bool:
    """Whether a message has ``name=value`` that is no part of ``--bins year=10`` or ``--option sep=,``."""
    return PYTHON.search(re.sub(r"--(?:bins|option) \S+", "", text)) is not None


# ---- the words -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name, value, python, shell",
    [
        ("duplicates", ["first"], "duplicates='first'", "--option duplicates=first"),
        ("item_column", ["Movie ID"], "item_column='Movie ID'", "--item-column 'Movie ID'"),
        ("item_column", [], "item_column", "--item-column"),
        ("quote", [None], "quote=None", "--quote none"),
        ("escape", ["\\"], "escape='\\\\'", "--escape '\\'"),
        ("header", [False], "header=False", "--no-header"),
        (
            "bins",
            [{"year": 10, "my price": "q5"}],
            "bins={'year': 10, 'my price': 'q5'}",
            "--bins year=10 'my price=q5'",
        ),
        ("sep", ["\t"], "sep='\\t'", "--option 'sep=\\t'"),
        ("sep", [";"], "sep=';'", "--option 'sep=;'"),
        ("encoding", ["cp1252"], "encoding='cp1252'", "--option encoding=cp1252"),
        ("user_column", ["-u"], "user_column='-u'", "--user-column=-u"),
        ("item_relations", [["a", "b"]], "item_relations=['a', 'b']", "--item-relations a,b"),
    ],
)
def test_an_option_in_two_languages(name, value, python, shell):
    assert advice.option(name, *value) == python
    with advice.words(on_shell):
        assert advice.option(name, *value) == shell
    assert advice.option(name, *value) == python


def test_several_options():
    values = {"header": False, "user_column": "1"}
    assert advice.options(values) == "header=False, user_column='1'"
    with advice.words(on_shell):
        assert advice.options(values) == "--no-header --user-column 1"


def test_the_words_end_with_the_command(capsys):
    assert main(["data", "check", "--interactions", "nowhere.csv", "--items", "nowhere.csv"]) == 1
    capsys.readouterr()
    assert advice.option("quote", None) == "quote=None"


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs a shell to paste into")
@pytest.mark.parametrize(
    "text", ["--u00x", "-1", "Ann B $HOME", "it's", "", "a\nb", "é☕", "*", "~", "\x1b[31m'\\ é", "\x9b\u202e\t", "!"]
)
def test_flags_can_be_pasted(text):
    shown = visible(flag("--user", text))  # as a terminal shows it
    pasted = subprocess.run(["bash", "-c", f"printf '%s\\0' {shown}"], capture_output=True, check=True, text=True)
    words = pasted.stdout.split("\0")[:-1]
    args = build_parser().parse_args(["recommend", "--run", "x", *words])
    assert args.user == [text]


# ---- what is written in the package ----------------------------------------------------------------------------------


def texts_and_options() -> list[tuple[str, int, str, str]]:
    """Every text of an error or a note below `ramgnn.datasets`, and every option named in one: place, kind, text."""
    found = []
    for path in sorted((ROOT / "datasets").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            place = (str(path.relative_to(ROOT)), node.lineno)
            if name == "option" and isinstance(node.args[0], ast.Constant):
                found.append((*place, "option", node.args[0].value))
            dictionaries = [x for x in ast.walk(node) if isinstance(x, ast.Dict)] if name == "options" else []
            found += [(*place, "option", k.value) for x in dictionaries for k in x.keys if isinstance(k, ast.Constant)]
            if name.endswith("Error") or name in ("append", "missing_column", "repeated_column"):
                inside = [child for call in ast.walk(node) for child in ast.iter_child_nodes(call)]
                named = [c for c in inside if isinstance(c, ast.Call) and getattr(c.func, "id", "") == "option"]
                skipped = {id(x) for call in named for x in ast.walk(call)}
                found += [
                    (*place, "text", c.value)
                    for c in inside
                    if isinstance(c, ast.Constant) and isinstance(c.value, str) and id(c) not in skipped
                ]
        for node in ast.walk(tree):  # fixes that are put together before they are handed over
            if isinstance(node, (ast.Assign, ast.AugAssign)):
                target = node.targets[0] if isinstance(node, ast.Assign) else node.target
                if isinstance(target, ast.Name) and target.id in ("fix", "hint", "what", "advice"):
                    found += [
                        (str(path.relative_to(ROOT)), node.lineno, "text", c.value)
                        for c in ast.walk(node)
                        if isinstance(c, ast.Constant) and isinstance(c.value, str)
                    ]
    return found


FOUND = texts_and_options()


def test_no_text_has_the_form_of_python():
    """Options go through `advice.option`; only data frames, which no shell has, may be spoken of in Python alone."""
    assert len(FOUND) > 200
    wrong = [
        f"{file}, line {line}: {text!r}"
        for file, line, kind, text in FOUND
        if kind == "text"
        and PYTHON.search(text)
        and "frame" not in text
        and text != "s="
        and "target=1" not in text  # a column of KKBox
    ]
    assert not wrong, "\n".join(wrong)


def test_every_option_that_is_named_exists():
    known = set()
    for name in datasets.names():
        module = __import__(f"ramgnn.datasets.{datasets._LOADERS[name][0]}", fromlist=["load"])
        known |= set(inspect.signature(module.load).parameters)
    named = {text for _, _, kind, text in FOUND if kind == "option"}
    assert {"duplicates", "quote", "escape", "header", "unknown", "user_column"} <= named
    assert named <= known


@pytest.mark.parametrize("name", sorted(inspect.signature(tables.load).parameters))
def test_the_shell_takes_every_option_of_own_tables(name):
    """What `on_shell` says is taken by the parser of ``data check`` and of ``train``."""
    value = {
        "header": False,
        "bins": {"year": 10},
        "separator": ";",
        "quote": None,
        "min_user": 3,
        "min_rating": 4,
    }.get(name, "x")
    for command in (["data", "check"], ["train"]):
        args = build_parser().parse_args([*command, *shlex.split(on_shell(name, value))])
        assert getattr(args, name, None) not in (None, [], True) or args.option or args.no_header


# ---- every fault of own tables, asked on the shell -------------------------------------------------------------------


def own_faults():
    """Files with a fault, as functions of the folder that has the tables."""

    def changed(part, change):
        cells = {"rows": rows(), "items": items(), "users": users()}[part]
        return lambda own: own.write(part, change(lines(part, cells)))

    return {
        "duplicate pair": changed(
            "rows", lambda t: t + "u00,i99,1500009000\nu00,i99,1500009001\n".replace("i99", t.split(",")[3])
        ),
        "duplicate item": changed("items", lambda t: t + "i00,Again,Crime,1990\n"),
        "unlisted": changed("rows", lambda t: t + "u00,zz,1500009000\n"),
        "no user": changed("rows", lambda t: t.replace("user_id", "who")),
        "no item": changed("items", lambda t: t.replace("item_id", "what")),
        "missing id": changed("rows", lambda t: t + "NULL,i01,1500009000\n"),
        "quotes": changed("items", lambda t: t.replace("Title 3", '"Title" 3')),
        "escapes": changed("items", lambda t: t.replace("Title 3", r'"The \"3\""')),
        "encoding": changed("items", lambda t: t.replace("Title 3", "Amélie").encode("cp1252")),
        "utf-16": changed("items", lambda t: t.encode("utf-16")),
        "header": changed("rows", lambda t: t.split("\n", 1)[1]),
        "header twice": changed("rows", lambda t: "5,5,5\n" + t.split("\n", 1)[1]),
        "columns": changed("items", lambda t: "\n".join(x + ",1" * 1200 for x in t.split("\n")[:-1]).replace(
            ",1" * 1200, "".join(f",c{n}" for n in range(1200)), 1) + "\n"),
        "ragged": changed("items", lambda t: t.replace("Title 3", "Title 3, the film")),
        "time": changed("rows", lambda t: t + "u00,i00,yesterday\n"),
    }  # fmt: skip


ARGUMENTS = {
    "column": ["--item-column", "movie"], "one column": ["--user-column", "item_id"],
    "two things": ["--user-column", "item_id", "--item-column", "item_id"],
    "relation": ["--item-relations", "genres"], "bins": ["--bins", "genre=10"], "no bins": ["--bins", "year=five"],
    "bin column": ["--bins", "yaer=10"], "choice": ["--option", "duplicates=perhaps"],
    "separator": ["--option", "sep=;"], "quote": ["--quote", "ab"], "escape": ["--escape", "xy"],
    "empty": ["--option", "sep="], "no encoding": ["--option", "encoding=utf-nine"],
    "header but": ["--no-header", "--user-column", "9"],
}  # fmt: skip


# what is right once the options that the error advises are typed as they are printed
MENDED = {
    "duplicate pair", "duplicate item", "unlisted", "missing id", "quotes", "escapes", "encoding", "header", "columns",
}  # fmt: skip


@pytest.mark.parametrize("fault", [*own_faults(), *ARGUMENTS])
def test_errors_on_the_shell_speak_its_language(tmp_path, capsys, fault):
    own = brought(tmp_path)
    if fault in own_faults():
        own_faults()[fault](own)
    assert main(["data", "check", *own.arguments, *ARGUMENTS.get(fault, [])]) == 1
    text = capsys.readouterr().err
    assert text.startswith("ramgnn: ") and "Traceback" not in text
    assert not speaks_python(text), text
    assert not re.search(r"\b(user|item|time|title)_(column|relations)\b", text), text
    known = {word for action in _actions("data", "check") for word in action.option_strings}
    for word in re.findall(r"(?<!\S)--[a-z-]+", text):
        assert word in known, text
    if fault in MENDED:
        assert main(["data", "check", *own.arguments, *advised(text)]) == 0, capsys.readouterr().err


def test_notes_on_the_shell_speak_its_language(tmp_path, capsys):
    own = brought(tmp_path)
    many = [[f"i{n:03}", f"T {n}", "Crime", str(n // 2)] for n in range(200)]
    own.write("items", lines("items", many, ";"))
    own.write("rows", lines("rows", [[u, i.replace("i", "i0"), t] for u, i, t in rows()], ";"))
    arguments = [word for word in own.arguments if word != "--users"][:4]
    assert main(["data", "check", *arguments]) == 0
    out = capsys.readouterr().out
    assert "--bins year=10" in out and "--users" in out
    assert "divided at ';'" in out and "sep=," not in out, "no comma divides these"
    assert not speaks_python(out), out


def _actions(*command: str):
    parser = build_parser()
    for word in command:
        parser = next(a for a in parser._actions if hasattr(a, "choices") and isinstance(a.choices, dict)).choices[word]
    return parser._actions
