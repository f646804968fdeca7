"""What the front page says in one table and one picture, straight from the stored runs."""

from __future__ import annotations

from dataclasses import dataclass

METRIC = "HR@10"
MODELS = {
    "sasrec": ("SASRec", "reads the order of events, no attributes"),
    "ease": ("EASE", "one line of algebra, no attributes"),
    "ram-gnn": ("RAM-GNN, tuned", "the model with its gaps and errors repaired"),
    "lightgcn": ("LightGCN", "a graph network without attributes"),
    "ram-gnn as printed": ("RAM-GNN, as printed", "as near to the paper's letter as it runs"),
    "popularity": ("popularity", "the same list for everybody"),
}


@dataclass(frozen=True)
class Row:
    """One model of the headline.

    Attributes:
        label: its name; words: what it is, in one line.
        runs: how many are stored; mean: HR@10 over them; low, high: its 95 % interval over users and runs.
        printed: the paper's number as text, empty where it has none.
    """

    label: str
    words: str
    runs: int
    mean: float
    low: float
    high: float
    printed: str


def rows() -> list[Row]:
    """The models of `MODELS` that have runs, in that order."""
    from ramgnn.experiments.statistics import summarise
    from ramgnn.experiments.store import Store
    from ramgnn.experiments.tables import printed_cells, table

    store, table3, found = Store(), table("table3"), []
    printed, known = printed_cells(table3, "ml-100k"), {row.model: row for row in table3.rows}
    for model, (label, words) in MODELS.items():
        if runs := store.results("ml-100k", [model]):
            summary = summarise(runs, METRIC)
            in_paper = printed.get((known[model].printed, METRIC), "")
            found.append(Row(label, words, len(runs), summary.mean, *summary.both, in_paper.removeprefix("0")))
    return found
