"""Small graphs and data sets that several tests share."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
from hypothesis import strategies as st

from ramgnn.attention import attention_weights, softmax_groups
from ramgnn.config import PretrainConfig
from ramgnn.datasets.base import RecDataset, Relation
from ramgnn.datasets.split import interactions, leave_last_out
from ramgnn.files import sha256
from ramgnn.graph import MultiRelationalGraph
from ramgnn.runs.checking import with_sum


def films() -> MultiRelationalGraph:
    """Five nodes, two types: a multi-edge, a node with two values, one alone in its group, one with no value."""
    director = Relation.from_lists("director", [["a"], ["a"], ["b"], ["b"], []])
    actor = Relation.from_lists("actor", [["x", "y"], ["x", "y"], ["y"], ["z"], ["x"]])
    return MultiRelationalGraph.from_relations(5, [director, actor])


def random_graph(n: int, types: int, values: int, most: int, seed: int) -> MultiRelationalGraph:
    """A graph whose nodes have 0 to `most` values of each type."""
    rng = np.random.default_rng(seed)
    relations = [
        Relation.from_lists(
            f"t{t}", [[f"v{v}" for v in rng.integers(values, size=rng.integers(most + 1))] for _ in range(n)]
        )
        for t in range(types)
    ]  # fmt: skip
    return MultiRelationalGraph.from_relations(n, relations)


@st.composite
def graphs(draw, most_nodes: int = 25) -> MultiRelationalGraph:
    """Random small graphs for hypothesis."""
    return random_graph(
        draw(st.integers(2, most_nodes)),
        draw(st.integers(1, 3)),
        draw(st.integers(1, 6)),
        draw(st.integers(1, 4)),
        draw(st.integers(0, 10**6)),
    )


def small_config(**changes) -> PretrainConfig:
    """Settings for a model that trains in an instant."""
    return PretrainConfig(**({"dim": 8, "epochs": 3, "steps": 1, "negatives": 2} | changes))


def small_dataset(n_users: int = 12, n_items: int = 20, seed: int = 0) -> RecDataset:
    """A data set with attributes on both sides and four to eight interactions per user."""
    rng = np.random.default_rng(seed)
    users, items = [], []
    for u in range(n_users):
        own = rng.choice(n_items, rng.integers(4, 9), replace=False)
        users += [u] * len(own)
        items += own.tolist()
    train, test = leave_last_out(interactions(users, items))
    u_ids, i_ids = tuple(f"u{n}" for n in range(n_users)), tuple(f"i{n}" for n in range(n_items))
    return RecDataset(
        "small", u_ids, i_ids, u_ids, i_ids, train, test,
        (Relation.from_lists("genre", [[f"g{x}" for x in rng.integers(4, size=2)] for _ in range(n_items)]),
         Relation.from_lists("year", [[str(rng.integers(5))] for _ in range(n_items)])),
        (Relation.from_lists("age", [[str(rng.integers(3))] for _ in range(n_users)]),),
        time_kind="order",
    ).check()  # fmt: skip


def timed(data: RecDataset, name: str) -> RecDataset:
    """The data as the baseline of that name takes them: their order as seconds for the one that needs a clock."""
    return replace(data, time_kind="seconds") if name == "popularity recent" else data


def edge_list(graph: MultiRelationalGraph) -> list[tuple[int, int, int, int, int]]:
    """Every edge as (head, type, value, tail, tail incidence), by looking at all pairs of incidences."""
    found = []
    node, value = graph.node.tolist(), graph.value.tolist()
    for a, (i, v) in enumerate(zip(node, value, strict=True)):
        for b, (j, w) in enumerate(zip(node, value, strict=True)):
            if a != b and v == w:
                found.append((i, int(graph.value_type[v]), v, j, b))
    return found


def weights(logits, neighbours, softmax_over="all"):
    """α of Eq. 7 for every edge to a sampled neighbour, from the logits of incidences: ``(E,)`` float64."""
    graph, tail = neighbours.graph, neighbours.incidence
    groups = softmax_groups(neighbours.head, graph.type[tail], graph.n_types, softmax_over)
    return attention_weights(logits.detach()[tail].double(), groups, graph.n_nodes * graph.n_types)


def reseal(folder: Path) -> None:
    """Let the sums in a run folder be those of its files again, as a careful forger would after changing one."""
    path = Path(folder) / "run.json"
    try:
        metadata = json.loads(path.read_text())
        metadata["sha256"] = {name: sha256(path.parent / name) for name in metadata["sha256"]}
    except (OSError, ValueError, KeyError, TypeError):
        return  # there is nothing to put them into
    path.write_text(json.dumps(with_sum(metadata)))
