"""Carries the repository's address from `_config.yml`, the one place where it stands, to every place that needs it.

``python -m book.tools.address --url URL --branch BRANCH`` sets it; without options it only carries it on.
In Markdown, a link definition with one of these labels is kept up to date: ``repository``, ``issues``, ``site``, and
``colab-NN`` for the chapter whose file name starts with NN.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import nbformat
import yaml

ROOT = Path(__file__).parents[2]
GITHUB = re.compile(r"(?:https://github\.com/|git@github\.com:)([\w.-]+)/([\w.-]+?)(?:\.git)?/?")
DEFINITION = re.compile(r"^\[(repository|issues|site|colab-\w+)\]:[ \t]*\S+[ \t]*$", re.MULTILINE)
CITATION = re.compile(r'^(repository-code|url): ".*"$', re.MULTILINE)
# any mention of a repository of this name, wherever it stands
MENTION = re.compile(r"github\.com/([\w.-]+/ramgnn)\b|\b([\w-]+)\.github\.io/(ramgnn)\b")
SETUP, LINK = "colab-setup", "colab-link"


class AddressError(ValueError):
    """An address that cannot be used, or a link that leads nowhere."""


@dataclass(frozen=True)
class Address:
    """Where the repository is: ``url`` without a slash at the end, and ``branch``."""

    url: str
    branch: str

    @property
    def owner(self) -> str:
        return self.url.split("/")[-2]

    @property
    def name(self) -> str:
        return self.url.split("/")[-1]

    @property
    def site(self) -> str:
        """Where GitHub Pages shows the book."""
        return f"https://{self.owner.lower()}.github.io/{self.name}/"

    def colab(self, chapter: str) -> str:
        """The address that opens ``notebooks/<chapter>`` in Colab."""
        return (
            f"https://colab.research.google.com/github/{self.owner}/{self.name}/blob/{self.branch}/notebooks/{chapter}"
        )


def parse(url: str, branch: str) -> Address:
    """An `Address` from what a person types.

    Raises:
        AddressError: it is no GitHub repository, or no branch name.
    """
    match = GITHUB.fullmatch(url.strip())
    if match is None:
        raise AddressError(f"{url!r} is not the address of a GitHub repository such as https://github.com/me/fork")
    if not re.fullmatch(r"[\w./-]+", branch):
        raise AddressError(f"{branch!r} is not the name of a branch")
    return Address(f"https://github.com/{match[1]}/{match[2]}", branch)


def read(root: Path) -> Address:
    """The address that stands in `_config.yml`."""
    repository = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))["repository"]
    return parse(repository["url"], repository["branch"])


def configured(text: str, address: Address) -> str:
    """The text of `_config.yml` with `address` in its ``repository`` block."""
    block = re.compile(
        r"(^repository:\n(?:[ \t]+.*\n)*?[ \t]+url: )\S+(\n(?:[ \t]+.*\n)*?[ \t]+branch: )\S+", re.MULTILINE
    )
    changed, n = block.subn(rf"\g<1>{address.url}\g<2>{address.branch}", text)
    if n != 1:
        raise AddressError("_config.yml has no block `repository:` with `url:` and `branch:` below it")
    return changed


def setup_source(address: Address) -> str:
    """The first cell of every chapter: in Colab it installs the package with what Colab lacks, elsewhere nothing.

    pip changes no package that is new enough already, and the lower bounds of `pyproject.toml` are below what Colab
    brings: torch, numpy and pandas stay as they are. RAMGNN_SOURCE points the installation at a checkout.
    """
    return f"""\
# @title Run this cell first in Colab; on your own machine it does nothing
import importlib.util
import os

if os.path.isdir("/content") and importlib.util.find_spec("ramgnn") is None:
    source = os.environ.get("RAMGNN_SOURCE", "git+{address.url}@{address.branch}")
    %pip install -q "{{source}}"
    importlib.invalidate_caches()"""


def with_first_cells(notebook: nbformat.NotebookNode, chapter: str, address: Address) -> nbformat.NotebookNode:
    """The notebook with its set-up cell and its link to Colab in front; the book shows neither."""
    old = {cell.get("id"): cell for cell in notebook.cells}
    setup = nbformat.v4.new_code_cell(
        setup_source(address),
        id=SETUP,
        metadata={"tags": ["colab", "hide-input", "remove-cell"], "cellView": "form"},
        execution_count=old.get(SETUP, {}).get("execution_count"),
    )
    link = nbformat.v4.new_markdown_cell(
        f"[Open this chapter in Colab]({address.colab(chapter)})", id=LINK, metadata={"tags": ["colab", "remove-cell"]}
    )
    rest = [cell for cell in notebook.cells if cell.get("id") not in (SETUP, LINK)]
    return nbformat.from_dict({**notebook, "cells": [setup, link, *rest]})


def definition(label: str, address: Address, root: Path) -> str:
    """Where the Markdown label leads.

    Raises:
        AddressError: there is no such chapter.
    """
    if label.startswith("colab-"):
        chapters = sorted(root.glob(f"notebooks/{label.removeprefix('colab-')}_*.ipynb"))
        if len(chapters) != 1:
            raise AddressError(
                f"[{label}] names no chapter: notebooks/{label.removeprefix('colab-')}_*.ipynb is not there"
            )
        return address.colab(chapters[0].name)
    return {"repository": address.url, "issues": f"{address.url}/issues", "site": address.site}[label]


def expected(path: Path, address: Address, root: Path) -> str:
    """What the file should hold for this address."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        notebook = with_first_cells(nbformat.reads(text, as_version=4), path.name, address)
        return nbformat.writes(notebook) + "\n"
    if path.suffix == ".cff":
        urls = {"repository-code": address.url, "url": address.site}
        return CITATION.sub(lambda m: f'{m[1]}: "{urls[m[1]]}"', text)
    return DEFINITION.sub(lambda m: f"[{m[1]}]: {definition(m[1], address, root)}", text)


def places(root: Path) -> list[Path]:
    """The files that hold the address, or may."""
    paths = [root / "README.md", root / "CITATION.cff", *root.glob("book/**/*.md"), *root.glob("notebooks/*.ipynb")]
    return sorted(path for path in paths if path.is_file())


def disagreements(root: Path) -> list[str]:
    """One line for each file that holds another address than `_config.yml`; empty when all agree."""
    address, findings = read(root), []
    for path in places(root):
        name = path.relative_to(root).as_posix()
        text = path.read_text(encoding="utf-8")
        try:
            if expected(path, address, root) != text:
                findings.append(f"{name}: its first cells or links are not those of {address.url} ({address.branch})")
        except AddressError as error:
            findings.append(f"{name}: {error}")
    for path in [*places(root), root / "pyproject.toml", *root.glob(".github/**/*.yml")]:
        for match in MENTION.finditer(path.read_text(encoding="utf-8")) if path.is_file() else ():
            mentioned = match[1] or f"{match[2]}/{match[3]}"
            if mentioned.lower() != f"{address.owner}/{address.name}".lower():
                findings.append(f"{path.relative_to(root).as_posix()}: mentions {match[0]}")
    return findings


def sync(root: Path) -> list[Path]:
    """Carry the address of `_config.yml` into every place; returns the files that changed."""
    address = read(root)
    texts = {path: expected(path, address, root) for path in places(root)}
    changed = [path for path, text in texts.items() if path.read_text(encoding="utf-8") != text]
    for path in changed:
        write(path, texts[path])
    return changed


def write(path: Path, text: str) -> None:
    """Replace the file at once, so that an interruption leaves the old one."""
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, path)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Set the repository's address everywhere.")
    parser.add_argument("--url", help="https://github.com/owner/name; default: as in _config.yml")
    parser.add_argument("--branch", help="the branch that links and Colab use; default: as in _config.yml")
    options = parser.parse_args(arguments)
    try:
        old = read(ROOT)
        address = parse(options.url or old.url, options.branch or old.branch)
        config = ROOT / "_config.yml"
        if address != old:
            write(config, configured(config.read_text(encoding="utf-8"), address))
        changed = sync(ROOT)
    except AddressError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{address.url} ({address.branch})")
    for path in [config] * (address != old) + changed:
        print(f"  changed {path.relative_to(ROOT)}")
    if left := disagreements(ROOT):
        print("still different, please mend by hand:", *left, sep="\n  ", file=sys.stderr)
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
