"""The pages on how everything was measured and on what the claims are worth, written from the stored runs."""

from __future__ import annotations

from typing import Any

import pandas as pd
from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from ramgnn.experiments import protocol
from ramgnn.experiments.store import Store
from ramgnn.experiments.tables import as_markdown

from .directives import parsed


class ProtocolDirective(SphinxDirective):
    """Effort by data set, then spaces and chosen settings by model."""

    def run(self) -> list[nodes.Node]:
        return parsed(self, lines(Store()), "stored runs")


class ClaimsDirective(SphinxDirective):
    """The paper's claims by data set, and the numbers behind each verdict."""

    def run(self) -> list[nodes.Node]:
        return parsed(self, claims(protocol.read()), "stored runs")


def lines(store: Store) -> list[str]:
    """The protocol as Markdown."""
    text = ["## What was spent", ""]
    for dataset_name, label in protocol.DATA.items():
        frame = protocol.spent(store, dataset_name)
        text += [f"### {label}", "", *table(frame, "model", skip=("mind",) if len(frame) else ()), ""]
        minded = frame["mind"][frame["mind"] != ""] if len(frame) else {}
        text += [f"- **{name}**: {words}" for name, words in minded.items()] + [""]
        hours = store.hours(dataset_name)
        text += [f"All trials and runs on it took {hours:.1f} hours of one processor core.", ""]
    text += ["## What was searched, and what was chosen", ""]
    for name, spec in protocol.everybody().items():
        frame = protocol.searched(store, spec)
        if len(frame.columns) > 2:
            text += [f"### {name}", "", *table(frame, "setting"), ""]
    return text


def claims(found: dict[str, Any]) -> list[str]:
    """The claims as Markdown."""
    text = ["## The verdicts", "", *table(protocol.claimed(found), "", skip=("place",)), ""]
    for dataset_name, label in protocol.DATA.items():
        for ours, word in protocol.OURS.items():
            of_both = [x for x in found["verdicts"] if (x["data"], x["ours"]) == (dataset_name, ours)]
            text += [f"## The numbers behind it: {label}, {word}", ""] if of_both else []
            text += [f"- **{x['claim']}**, {x['verdict']}: {x['why']}." for x in of_both]
            text.append("")
    return text


def table(frame: pd.DataFrame, index: str, skip: tuple[str, ...] = ()) -> list[str]:
    """A frame as Markdown."""
    kept = frame.drop(columns=list(skip))
    rows = [[str(name), *map(str, row)] for name, row in zip(kept.index, kept.to_numpy(), strict=True)]
    return as_markdown([index, *kept.columns], rows).splitlines()
