"""The project around the package: set-up, chapters, addresses, the tools that run and check the book."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import pkgutil
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tomllib
import urllib.request
from pathlib import Path

import nbformat
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.version import Version

import ramgnn
from book.bookext import assets, directives, typesetting
from book.tools import address, browser, build, check_site, execute, serve, stages

ROOT = Path(__file__).parents[1]
CHAPTERS = sorted(ROOT.glob("notebooks/*.ipynb"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
# what Colab brings, as of August 2026
COLAB = {"torch": "2.11.0"} | dict(
    line.split("==") for line in (ROOT / "tests" / "colab.txt").read_text().splitlines() if "==" in line
)


def pins() -> dict[str, Version]:
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    own = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {r.name: Version(next(iter(r.specifier)).version) for r in own}


# --- set-up ---------------------------------------------------------------------------------------------------------


def test_version_stands_once_and_agrees():
    assert PROJECT["project"]["version"] == ramgnn.__version__
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))["version"] == ramgnn.__version__


def test_pins_are_exact_and_within_the_bounds_of_the_package():
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", line) for line in lines)
    assert lines[0].startswith("torch=="), "torch is installed first, by itself"
    extras = PROJECT["project"]["optional-dependencies"]
    for bound in map(Requirement, PROJECT["project"]["dependencies"] + sum(extras.values(), [])):
        assert bound.specifier.contains(pins()[bound.name]), bound


def test_an_install_in_colab_moves_nothing_that_is_there():
    for bound in map(Requirement, PROJECT["project"]["dependencies"]):
        assert {s.operator for s in bound.specifier} == {">="}, f"{bound} must be a lower bound and nothing else"
        if bound.name in COLAB:
            assert bound.specifier.contains(COLAB[bound.name]), bound
    with_torch = {Requirement(r).name for r in importlib.metadata.requires("torch")}  # there because torch is
    missing = {Requirement(r).name for r in PROJECT["project"]["dependencies"]} - set(COLAB) - with_torch
    assert missing == {"torch-geometric"}


def test_every_public_module_is_on_a_page_of_the_package():
    pages = [ROOT / "book" / f"{name}.md" for name in directives.PAGES]
    assert sorted(pages) == sorted((ROOT / "book").glob("api_*.md"))
    listed = [name for p in pages for name in re.findall(r"automodule:: (\S+)", p.read_text(encoding="utf-8"))]
    found = [m.name for m in pkgutil.walk_packages(ramgnn.__path__, "ramgnn.")]
    public = {name for name in found if not any(part.startswith("_") for part in name.split("."))}
    public = {name for name in public if name.split(".")[1] != "cli"}  # it describes itself: ramgnn --help
    public = {
        name for name in public if not re.fullmatch(r"ramgnn\.exercises\.ch\d\d[a-z]?", name)
    }  # those give answers away
    assert len(listed) == len(set(listed))
    assert sorted(public - set(listed)) == [], "give each a section in a book/api_*.md"
    assert sorted(set(listed) - public) == [], "sections without a module"


def test_make_lists_its_targets_and_everything_named_exists():
    done = subprocess.run(["make", "--no-print-directory"], cwd=ROOT, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    targets = set(re.findall(r"^  make (\S+)", done.stdout, re.MULTILINE))
    assert {"book", "test", "site", "serve", "lab", "url"} <= targets
    for place in ("README.md", "book/intro.md", ".ci/run", ".github/workflows/book.yml"):
        used = set(re.findall(r"(?:^|`)\s*make ([a-z-]+)", (ROOT / place).read_text(encoding="utf-8"), re.MULTILINE))
        assert used <= targets, f"{place} names a target that is not there"
    assert "make test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert ".ci/run" in (ROOT / ".github" / "workflows" / "book.yml").read_text(encoding="utf-8")


def test_make_says_what_to_do_without_a_new_enough_python(tmp_path):
    shutil.copy(ROOT / "Makefile", tmp_path)
    for name in ("requirements.txt", "pyproject.toml"):
        (tmp_path / name).touch()
    bare = tmp_path / "bare"  # new enough, but `bare -m venv` fails
    bare.write_text('#!/bin/sh\ntest "$1" = -c\n', encoding="utf-8")
    bare.chmod(0o755)
    cases = {"": "No Python >= 3.11 was found", "false": "is not a Python >= 3.11", str(bare): "venv module is missing"}
    for python, said in cases.items():
        done = subprocess.run(["make", "setup", f"PYTHON={python}"], cwd=tmp_path, text=True, capture_output=True)
        assert done.returncode != 0
        assert said in done.stderr
        assert not (tmp_path / ".venv" / ".ready").exists()


def test_tests_cannot_reach_another_host():
    with pytest.raises(OSError, match=r"127\.0\.0\.1 only"):
        urllib.request.urlopen("http://192.0.2.1/", timeout=1)
    with pytest.raises(OSError, match=r"127\.0\.0\.1 only"):
        socket.create_connection(("example.org", 80), timeout=1)


# --- chapters -------------------------------------------------------------------------------------------------------


def test_contents_list_every_chapter_once():
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    listed = [toc["root"], *(c["file"] for part in toc["parts"] for c in part["chapters"])]
    for entry in listed:
        assert any((ROOT / f"{entry}{suffix}").is_file() for suffix in (".md", ".ipynb")), f"{entry} is not there"
    chapters = [Path(entry).name for entry in listed if entry.startswith("notebooks/")]
    assert chapters == [path.stem for path in CHAPTERS], "in the order of their numbers, each once"
    assert not (ROOT / "_static").exists(), "Jupyter Book would load all of it on every page"


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda p: p.stem)
def test_chapter_is_stored_as_it_ran_from_top_to_bottom(path):
    notebook = nbformat.read(path, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1)), "run `make notebooks`"
    assert "widgets" not in notebook.metadata
    assert not any(o.output_type == "error" for cell in code for o in cell.outputs)
    assert nbformat.writes(execute.tidy(notebook)) + "\n" == path.read_text(encoding="utf-8"), "run `make notebooks`"
    printed = "".join(json.dumps(cell.outputs) for cell in code)
    assert not re.search(r"/(home|root|Users|work|tmp)/\w", printed), "a path of the machine it ran on"


# --- the repository's address ---------------------------------------------------------------------------------------


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """The files that hold the address, with one chapter as an author would hand it in."""
    for name in ("README.md", "CITATION.cff", "_config.yml", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "book").mkdir()
    shutil.copy(ROOT / "book" / "intro.md", tmp_path / "book")
    (tmp_path / "notebooks").mkdir()
    for name in sorted(path.name for path in (ROOT / "notebooks").glob("*.ipynb")):
        cells = [nbformat.v4.new_markdown_cell("# Title"), nbformat.v4.new_code_cell("1 + 1", id="sum")]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "notebooks" / name)
    monkeypatch.setattr(address, "ROOT", tmp_path)
    address.sync(tmp_path)
    return tmp_path


def test_address_is_the_same_everywhere():
    assert address.disagreements(ROOT) == []


def test_make_url_sets_the_address_everywhere(checkout, capsys):
    before = (checkout / "_config.yml").read_text(encoding="utf-8")
    assert address.main(["--url", "git@github.com:Me/fork.git", "--branch", "teach/2027"]) == 0
    assert "changed README.md" in capsys.readouterr().out
    after = (checkout / "_config.yml").read_text(encoding="utf-8")
    assert len(set(before.splitlines()) ^ set(after.splitlines())) == 4  # the lines url and branch, nothing else
    readme = (checkout / "README.md").read_text(encoding="utf-8")
    assert "[repository]: https://github.com/Me/fork\n" in readme
    assert "[site]: https://me.github.io/fork/\n" in readme
    colab = "https://colab.research.google.com/github/Me/fork/blob/teach/2027/notebooks/00_quick_start.ipynb"
    assert f"[colab-00]: {colab}\n" in readme
    assert 'repository-code: "https://github.com/Me/fork"' in (checkout / "CITATION.cff").read_text(encoding="utf-8")
    notebook = nbformat.read(checkout / "notebooks" / "00_quick_start.ipynb", as_version=4)
    assert [cell.id for cell in notebook.cells[:2]] == ["colab-setup", "colab-link"]
    assert "git+https://github.com/Me/fork@teach/2027" in notebook.cells[0].source
    assert colab in notebook.cells[1].source
    assert notebook.cells[-1].id == "sum"
    assert address.disagreements(checkout) == []
    assert address.sync(checkout) == []  # and once is enough


def test_disagreements_are_found(checkout):
    config = checkout / "_config.yml"
    config.write_text(config.read_text(encoding="utf-8").replace("ramgnn/ramgnn", "other/ramgnn"), encoding="utf-8")
    found = "\n".join(address.disagreements(checkout))
    for name in ("README.md", "CITATION.cff", "book/intro.md", "notebooks/00_quick_start.ipynb"):
        assert name in found
    address.sync(checkout)
    assert address.disagreements(checkout) == []
    intro = checkout / "book" / "intro.md"
    intro.write_text(intro.read_text(encoding="utf-8") + "\nSee github.com/stranger/ramgnn.\n", encoding="utf-8")
    assert address.disagreements(checkout) == ["book/intro.md: mentions github.com/stranger/ramgnn"]


def test_a_chapter_without_its_first_cell_is_found(checkout):
    path = checkout / "notebooks" / "00_quick_start.ipynb"
    notebook = nbformat.read(path, as_version=4)
    nbformat.write(nbformat.from_dict({**notebook, "cells": notebook.cells[1:]}), path)
    assert len(address.disagreements(checkout)) == 1


@pytest.mark.parametrize(
    "url", ["https://example.org/a/b", "github.com", "https://github.com/a", "https://github.com/a/b/c"]
)
def test_addresses_that_cannot_work_are_refused(checkout, capsys, url):
    before = (checkout / "_config.yml").read_text(encoding="utf-8")
    assert address.main(["--url", url]) == 1
    assert "not the address of a GitHub repository" in capsys.readouterr().err
    assert (checkout / "_config.yml").read_text(encoding="utf-8") == before


def run_setup_cell(monkeypatch, *, colab: bool, installed: bool, source: str | None = None) -> list[tuple[str, str]]:
    """Run the first cell of a chapter in a pretended Colab; returns the magics that it called."""
    from IPython.core.inputtransformer2 import TransformerManager

    called: list[tuple[str, str]] = []
    values: dict = {}

    class Shell:
        def run_line_magic(self, name: str, line: str) -> None:
            called.append((name, line.format(**values)))

    find_spec = importlib.util.find_spec
    monkeypatch.setattr(os.path, "isdir", lambda path: colab if path == "/content" else os.path.exists(path))
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, *rest: (object() if installed else None) if name == "ramgnn" else find_spec(name, *rest),
    )
    monkeypatch.delenv("RAMGNN_SOURCE", raising=False)
    if source:
        monkeypatch.setenv("RAMGNN_SOURCE", source)
    values["get_ipython"] = Shell
    text = address.setup_source(address.Address("https://github.com/me/fork", "main"))
    exec(TransformerManager().transform_cell(text), values)
    return called


def test_set_up_cell_does_nothing_outside_colab_or_when_installed(monkeypatch):
    assert run_setup_cell(monkeypatch, colab=False, installed=False) == []
    assert run_setup_cell(monkeypatch, colab=True, installed=True) == []


def test_set_up_cell_installs_in_colab(monkeypatch):
    expected = [("pip", 'install -q "git+https://github.com/me/fork@main"')]
    assert run_setup_cell(monkeypatch, colab=True, installed=False) == expected
    own = run_setup_cell(monkeypatch, colab=True, installed=False, source="/some/check out")
    assert own == [("pip", 'install -q "/some/check out"')]


# --- running the chapters -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def small_book(tmp_path_factory):
    """A book of one page and two chapters, the second of which fails."""
    root = tmp_path_factory.mktemp("book")
    (root / "notebooks").mkdir()
    (root / "book").mkdir()
    (root / "_build").mkdir()
    (root / "book" / "intro.md").write_text("# Hello\n\nSee [](../notebooks/01_good.ipynb).\n", encoding="utf-8")
    (root / "_toc.yml").write_text(
        "format: jb-book\nroot: book/intro\nchapters:\n- file: notebooks/01_good\n", encoding="utf-8"
    )
    (root / "_config.yml").write_text(
        "title: Small\nexecute: {execute_notebooks: 'off'}\nonly_build_toc_files: true\n", encoding="utf-8"
    )
    for name, source in (("01_good", "print('a')\nprint('b')"), ("02_bad", "kept = 1\nkept / 0")):
        cells = [nbformat.v4.new_markdown_cell(f"# {name}", id="title"), nbformat.v4.new_code_cell(source, id="code")]
        notebook = execute.tidy(nbformat.v4.new_notebook(cells=cells))
        nbformat.write(notebook, root / "notebooks" / f"{name}.ipynb")
    return root


def test_chapters_run_as_copies_and_a_failure_is_told(small_book, tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(execute, "ROOT", small_book)
    before = {path: path.read_bytes() for path in small_book.glob("notebooks/*")}
    assert execute.main(["--into", str(tmp_path / "copy")]) == 1
    said = capfd.readouterr()
    assert "chapter 1 of 2: 01_good done" in said.out
    assert "chapter 2 of 2: 02_bad FAILED" in said.out
    assert "ZeroDivisionError" in said.err
    assert "failed: 02_bad" in said.err
    assert {path: path.read_bytes() for path in small_book.glob("notebooks/*")} == before
    good = nbformat.read(tmp_path / "copy" / "notebooks" / "01_good.ipynb", as_version=4)
    assert good.cells[1].outputs[0].text == "a\nb\n"
    assert (tmp_path / "copy" / "notebooks" / "02_bad.ipynb").read_bytes() == before[
        small_book / "notebooks/02_bad.ipynb"
    ]
    assert (tmp_path / "copy" / "book" / "intro.md").is_file()
    assert not (tmp_path / "copy" / "_build").exists()


def test_running_twice_stores_the_same_bytes(small_book, tmp_path):
    path = tmp_path / "01_good.ipynb"
    shutil.copy(small_book / "notebooks" / "01_good.ipynb", path)
    assert execute.execute(path) is None
    once = path.read_bytes()
    assert execute.execute(path) is None
    assert path.read_bytes() == once
    assert list(tmp_path.iterdir()) == [path]


def test_an_unknown_chapter_is_told(small_book):
    with pytest.raises(SystemExit, match=r"no chapter 77\*"):
        execute.chapters(small_book / "notebooks", "77")


def test_site_is_built_strictly_and_the_old_one_stays_when_it_fails(small_book, tmp_path):
    output = tmp_path / "html"
    worked, said = build.build(small_book, output)
    assert worked, said
    assert "url=book/intro.html" in (output / "index.html").read_text(encoding="utf-8")
    assert (output / "notebooks" / "01_good.html").is_file()
    page = small_book / "book" / "intro.md"
    good = page.read_text(encoding="utf-8")
    try:
        page.write_text(good + "\nSee [](nowhere.md).\n", encoding="utf-8")
        worked, said = build.build(small_book, output)
    finally:
        page.write_text(good, encoding="utf-8")
    assert not worked
    assert "nowhere.md" in said
    assert (output / "notebooks" / "01_good.html").is_file()


def test_unused_icons_are_cut_and_used_ones_stay():
    bars, up = 'bars:[448,512,["navicon"],"f0c9","M0 96"],', '"circle-up":[512,512,[61467,"up"],"f35b",["M1","M2"]],'
    script, keep = "var p={" + bars + up + 'z:[1,2,[],"f000","M3"]};', assets.keep_icons
    assert keep(script, {"navicon", "z"}) == "var p={" + bars + 'z:[1,2,[],"f000","M3"]};'
    assert keep(script, {"circle-up"}) == "var p={" + up + "};"


def test_docstrings_are_read_as_they_are_meant():
    lines = ["the size |x| of ``|y|``", "| a | table |", "    a, b: two things", "    text, and: more"]
    typesetting.plain_bars(None, "function", "f", None, None, lines)
    assert lines[:3] == [r"the size \|x\| of ``|y|``", "| a | table |", "    a,b: two things"]


def test_columns_of_words_are_marked_and_those_of_numbers_are_not():
    import pandas as pd

    frame = pd.DataFrame({"shares": ["Bill Paxton (2)", "", "and 2"], "mean": [".14 [.1, .2]", "5", "of 10"]})
    marked = typesetting.words_to_the_left(frame.rename_axis("film").to_html())
    assert re.findall(r'<th class="words">(.*?)</th>', marked) == ["shares", ""]  # its head, and that row's second line
    assert re.findall(r'<td class="words">(.*?)</td>', marked) == ["Bill Paxton (2)", "", "and 2"]
    several = pd.DataFrame([["a", "b"]], columns=pd.MultiIndex.from_product([["x"], ["y", "z"]])).to_html()
    assert typesetting.words_to_the_left(several) == several


# --- the checks of the built site -----------------------------------------------------------------------------------

GOOD = '<!DOCTYPE html><html lang="en"><head>{head}</head><body><article><h1>T</h1>{body}</article></body></html>'


def made_site(folder: Path, head: str = "", body: str = "", css: str = "", js: str = "") -> Path:
    folder.mkdir(exist_ok=True)
    own = '<link rel="icon" href="i.svg"><link rel="stylesheet" href="s.css"><script src="s.js"></script>'
    (folder / "page.html").write_text(GOOD.format(head=own + head, body=body), encoding="utf-8")
    (folder / "s.css").write_text("@font-face{src:url(data:font/woff2;base64,AA)}" + css, encoding="utf-8")
    (folder / "s.js").write_text("/* see https://example.org/licence */" + js, encoding="utf-8")
    picture = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><circle r="4"/></svg>'
    (folder / "i.svg").write_text(picture, encoding="utf-8")
    return folder


def test_a_good_site_passes(tmp_path):
    body = '<a href="https://example.org/">away</a> <a href="#here" id="here">here</a> <img src="i.svg" alt="a dot">'
    assert (
        check_site.read_site(made_site(tmp_path / "site", '<link rel="next" href="https://example.org/">', body)) == []
    )


@pytest.mark.parametrize(
    ("part", "told"),
    [
        ({"head": '<script src="https://cdn.example/x.js"></script>'}, "loads https://cdn.example/x.js from another"),
        ({"head": '<link rel="preconnect" href="//cdn.example">'}, "loads //cdn.example from another host"),
        ({"head": '<script type="module">import a from "https://cdn.example/a.js"</script>'}, "from another host"),
        ({"head": "<style>@import 'https://fonts.example/a.css';</style>"}, "from another host"),
        ({"body": '<p style="background:url(https://img.example/a.png)">'}, "from another host"),
        ({"body": '<img srcset="i.svg 1x, https://img.example/2.png 2x" src="i.svg" alt="dot">'}, "from another host"),
        ({"css": "a{background:url('http://img.example/a.png')}"}, "s.css: loads http://img.example/a.png"),
        ({"css": "a{background:url(gone.png)}"}, "s.css: gone.png is missing"),
        ({"js": 'fetch("https://api.example/x")'}, "s.js: loads https://api.example/x"),
        ({"head": '<script src="gone.js"></script>'}, "gone.js is missing"),
        ({"body": '<a href="gone.html">x</a>'}, "the link gone.html leads nowhere"),
        ({"body": '<a href="#gone">x</a>'}, "the link #gone names no place"),
        ({"body": '<a href="page.html#gone">x</a>'}, "names no place"),
        ({"body": '<img src="i.svg">'}, "has no description"),
        ({"body": '<img src="i.svg" alt="../_images/i.svg">'}, "has no description"),
        ({"body": "<h1>again</h1>"}, "2 headings of the first level"),
        ({"js": "x" + os.urandom(1_500_000).hex()}, "more than 1,500,000"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_site_is_found_by_reading(tmp_path, part, told):
    found = check_site.read_site(made_site(tmp_path / "site", **part))
    assert len(found) == 1, found
    assert told in found[0]


def test_a_page_without_an_icon_is_found(tmp_path):
    site = made_site(tmp_path / "site")
    (site / "bare.html").write_text(GOOD.format(head="", body=""), encoding="utf-8")
    assert check_site.read_site(site) == ["bare.html: names no icon, and favicon.ico is missing"]
    (site / "favicon.ico").touch()
    assert check_site.read_site(site) == []


@pytest.fixture(scope="module")
def chromium():
    program = browser.find_browser()
    if program is None:
        pytest.skip("no Chromium or Chrome found")
    try:
        browser.Browser(program).close()
    except RuntimeError as error:
        pytest.skip(f"the browser does not start here: {error}")
    return program


def test_the_browser_passes_a_good_site(tmp_path, chromium):
    site = made_site(tmp_path / "site", body='<img src="i.svg" alt="a dot">')
    said: list[str] = []
    assert check_site.browse_site(site, chromium, tmp_path / "shots", say=said.append) == []
    assert "page.html" in said[0]
    assert len(list((tmp_path / "shots").glob("page-*.png"))) == 3


def test_the_browser_finds_what_only_shows_when_scripts_run(tmp_path, chromium):
    js = """
      const far = document.createElement('script');
      far.src = 'https://' + 'cdn.example/x.js';
      document.head.append(far);
      console.error('told ' + 'you'); setTimeout(() => { throw new Error('broke') });
    """
    body = '<img src="gone.png" alt="x"><span class="math">x^2</span><div style="width:600px">wide</div>'
    found = "\n".join(check_site.browse_site(made_site(tmp_path / "site", body=body, js=js), chromium))
    for told in ("asks another host: https://cdn.example/x.js", "told you", "Error: broke", "404 for gone.png"):
        assert told in found
    assert "1 of 1 formulas are not typeset" in found
    assert re.search(r"\(dark 360\): is \d+ pixels wide on a screen of 360", found)


def test_the_browser_opens_folded_parts_by_keyboard(tmp_path, chromium):
    part = "<details><summary{}>a choice</summary><p>what is said to it</p></details>"
    site = made_site(tmp_path / "good", body=part.format("") * 3 + '<img src="i.svg" alt="a dot">')
    assert check_site.browse_site(site, chromium) == []
    body = part.format("") + part.format(' tabindex="-1"') + part.format(' onclick="event.preventDefault()"')
    found = "\n".join(check_site.browse_site(made_site(tmp_path / "bad", body=body), chromium))
    assert "1 of 3 folded parts are not reached by Tab" in found
    assert "1 of 3 folded parts do not open and close by Enter" in found


def test_check_site_says_when_there_is_no_site_or_no_browser(tmp_path, monkeypatch, capsys):
    assert check_site.main(["--folder", str(tmp_path)]) == 1
    assert "make site" in capsys.readouterr().err
    site = made_site(tmp_path / "site")
    shutil.copy(site / "page.html", site / "index.html")
    monkeypatch.setenv("CHROMIUM", "no-such-browser")
    assert check_site.main(["--folder", str(site)]) == 0
    assert "skipped: no Chromium or Chrome found" in capsys.readouterr().out


def test_serve_gives_pages_and_says_when_it_cannot(tmp_path, capsys):
    site = made_site(tmp_path / "site")
    with serve.serving(site) as home:
        assert b"<h1>T</h1>" in urllib.request.urlopen(f"{home}/page.html").read()
        (site / "index.html").touch()
        assert serve.main(["--folder", str(site), "--port", home.split(":")[-1]]) == 1
    assert "try another: make serve PORT=" in capsys.readouterr().err
    assert serve.main(["--folder", str(tmp_path / "none")]) == 1


def test_all_stages_run_and_are_summed_up(tmp_path, monkeypatch, capfd):
    makefile = "one: ## the first\n\t@true\ntwo: ## the second\n\t@false\nthree: ## the third\n\t@echo ran three\n"
    (tmp_path / "Makefile").write_text(makefile, encoding="utf-8")
    monkeypatch.setattr(stages, "ROOT", tmp_path)
    monkeypatch.setenv("MAKE", "make")
    monkeypatch.delenv("MAKEFLAGS", raising=False)
    assert stages.main(["one", "two", "three"]) == 1
    said = capfd.readouterr().out
    assert "== 2 of 3: two — the second" in said
    assert "ran three" in said
    assert re.search(r"passed  one .*\n  FAILED  two .*\n  passed  three", said)
    assert "failed: two" in said
    assert stages.main(["one"]) == 0
    assert stages.clock(65.4) == "1 min 05 s"


def test_tools_need_nothing_that_is_not_pinned():
    """What the tools import comes with Python, with this project or from a line of requirements.txt."""
    named = {
        "yaml": "pyyaml", "markdown_it": "markdown-it-py", "mdit_py_plugins": "mdit-py-plugins"}  # fmt: skip
    for path in ROOT.glob("book/**/*.py"):
        for name in re.findall(r"^\s*(?:from|import) (\w+)", path.read_text(encoding="utf-8"), re.MULTILINE):
            known = name in sys.stdlib_module_names or name in ("book", "ramgnn")
            assert known or named.get(name, name) in pins(), f"{path.name} imports {name}"


def test_the_front_page_has_what_is_stored(monkeypatch, tmp_path):
    import numpy as np

    from ramgnn.experiments import store

    monkeypatch.setattr(store.Store.__init__, "__defaults__", (tmp_path,))
    assert len(directives.headline()) == 2  # nothing is stored, so there are no rows
    for seed in range(2):  # two of four users are hit, at ranks 1 and 3
        store.Store().put(store.Result("ml-100k", "ram-gnn", seed, np.array([1.0, 3.0, 11.0, 40.0]), "same"))
    (row,) = directives.headline()[2:]
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[0] == "RAM-GNN, tuned" and cells[1] and cells[2] == "2"
    assert cells[3].startswith(".500 [") and cells[4] == ".164"


def test_the_stored_headline_is_what_the_runs_say(tmp_path):
    from book.bookext.headline import MODELS, rows
    from book.tools import headline
    from ramgnn.experiments.tables import short

    stored = ROOT / "book" / "assets" / "headline.svg"
    written = re.findall("<!-- (.*?) -->", stored.read_text(encoding="utf-8"))
    shown = dict(zip(written, written[2:], strict=False))  # name, words, number
    assert len(rows()) == len(MODELS)
    assert {row.label: shown[row.label] for row in rows()} == {row.label: short(row.mean) for row in rows()}
    assert headline.main(["--into", str(tmp_path / "headline.svg")]) == 0
    made = (tmp_path / "headline.svg").read_text(encoding="utf-8")
    if made != stored.read_text(encoding="utf-8"):  # another matplotlib draws other paths, but says the same
        assert re.findall("<!-- (.*?) -->", made) == written, "python -m book.tools.headline draws it again"


def test_the_readme_shows_what_the_commands_print(tmp_path, monkeypatch, capsys):
    from ramgnn.cli import main

    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (block,) = (b for b in re.findall(r"^```\n(.*?)^```", text, re.M | re.S) if "rank id" in b)
    train, *_, ask = lines = [i for i, line in enumerate(block.splitlines()) if line.startswith("ramgnn ")]
    monkeypatch.chdir(tmp_path)
    for command in (block.splitlines()[at] for at in lines):
        capsys.readouterr()
        assert main(shlex.split(command)[1:]) == 0
    printed, shown = capsys.readouterr().out.splitlines(), block.splitlines()[ask + 1 :]
    number = re.compile(r" 0\.\d+$")
    assert train < ask and [number.sub("", x) for x in printed] == [number.sub("", x) for x in shown]
    scores = [[float(number.search(x)[0]) for x in part if number.search(x)] for part in (printed, shown)]
    assert scores[0] == pytest.approx(scores[1], abs=2e-4)
