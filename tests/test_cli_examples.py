"""Every command that help and the README show can be typed, and names users and items that there are."""

from __future__ import annotations

import re
import shlex
from argparse import Namespace
from pathlib import Path

import pytest

from ramgnn import datasets
from ramgnn.cli import examples
from ramgnn.cli.parser import build_parser
from ramgnn.matching import find

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def commands() -> list[list[str]]:
    """What follows ``ramgnn`` in each example, without the words beside it."""
    blocks = [text for name, text in vars(examples).items() if name.isupper()]
    blocks += re.findall(r"^```\n(.*?)^```", README, re.M | re.S)
    found = []
    for line in "\n".join(blocks).splitlines():
        line = re.split(r"\s{2,}(?=\S)|\s+# ", line.strip())[0]  # the words beside it stand at least two spaces away
        if (at := re.match(r"(?:tail .* \| |torchrun .* -m )?ramgnn (?!COMMAND)", line)) is not None:
            found.append(shlex.split(line[at.end() :]))
    return found


def parsed(words: list[str]) -> Namespace:
    args = build_parser().parse_args(words)
    if getattr(args, "check", None) is not None:
        args.check(args)
    return args


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_an_example_can_be_typed(words):
    assert parsed(words).command == words[0]


def test_there_are_examples_of_each_command():
    shown = {words[0] for words in commands()}
    assert shown >= {"data", "train", "evaluate", "recommend", "similar", "explain", "neighbors", "run", "results"}
    assert len(commands()) > 40


def test_examples_name_users_and_items_that_there_are():
    dataset = datasets.load("movietweetings")
    asked = 0
    for args in map(parsed, commands()):
        if getattr(args, "run", None) is None:
            continue
        named = [("user", getattr(args, "user", None)), ("item", getattr(args, "item", None))]
        named.append(("item", getattr(args, "had", None)))
        for side, names in named:
            for name in [names] if isinstance(names, str) else names or []:
                assert find(dataset, side, name) >= 0
                asked += 1
    assert asked >= 15
