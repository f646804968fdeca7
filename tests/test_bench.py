"""The benchmarks run, and measure what they say."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest
import torch

from ramgnn import experiments, pretrain
from ramgnn.encoder import RAMGNN
from ramgnn.errors import NotFoundError
from ramgnn.graph import MultiRelationalGraph
from ramgnn.pretrained import sample_neighbours
from tests.bench import encoders, floor, graphs, measure
from tests.bench.jobs import PARTS, Job, Scope, plan
from tests.bench.report import Finding, Rows, findings, ratio
from tests.bench.store import Store
from tests.small import films, random_graph, small_config, small_dataset

ROOT = Path(__file__).parent.parent


def bench(*arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "tests.bench", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    out = tmp_path_factory.mktemp("bench") / "quick.json"
    return out, bench("--quick", "--threads", "1", "--out", str(out))


def test_quick_run_has_every_row_and_finding(quick):
    out, done = quick
    assert done.returncode == 0, done.stderr[-800:]
    stored = json.loads(out.read_text())
    jobs = [job for part in PARTS for job in plan(part, Scope(repeats=1, threads=1, quick=True))]
    assert len(stored["rows"]) == len(jobs) == len(set(jobs))
    for row in stored["rows"]:
        assert row["seconds"] > 0 and row["peak"] > 0 and row["provenance"]["versions"]["torch"]
    for job in jobs:
        assert any(asdict(job).items() <= row.items() for row in stored["rows"]), job
        assert job.what() in done.stdout
    assert all(f["value"] is not None for f in stored["findings"])
    assert {"cpu", "cores", "memory_GiB", "os"} == set(stored["machine"])
    assert not list(out.parent.glob("*.part"))


def test_what_is_there_is_not_measured_again(quick):
    out, _ = quick
    before = json.loads(out.read_text())["rows"]
    done = bench("--quick", "--threads", "1", "--out", str(out))
    assert done.returncode == 0 and f"{len(before)} of {len(before)} measurements are in" in done.stderr
    assert json.loads(out.read_text())["rows"] == before
    stored = json.loads(out.read_text())
    stored["rows"][-1]["code"] = "another"
    out.write_text(json.dumps(stored))
    shown = bench("--quick", "--threads", "1", "--out", str(out), "--show").stdout
    assert "* measured with other code" in shown and "not measured" in shown


@pytest.mark.parametrize("arguments", [["--share", "0"], ["--repeats", "0"], ["--only", "nothing"]])
def test_wrong_arguments_are_refused(arguments):
    done = bench(*arguments)
    assert done.returncode == 2 and arguments[0] in done.stderr


def test_a_file_of_something_else_is_refused(tmp_path):
    (tmp_path / "other.json").write_text("[]")
    with pytest.raises(SystemExit, match="is no file of benchmark results"):
        Store(tmp_path / "other.json")


def test_pairs_alternate():
    variants = [job.variant for job in plan("ml-100k", Scope(repeats=2))]
    assert variants == ["ours", "sampled edges", "ours, every neighbour"] * 2 + ["every edge"]


@pytest.mark.parametrize("copies", [2, 3])
def test_replication_counts(copies):
    dataset = small_dataset()
    n, relations = dataset.n_items, dataset.item_relations
    once = MultiRelationalGraph.from_relations(n, relations)
    apart = MultiRelationalGraph.from_relations(*graphs.replicate(n, relations, copies, "disjoint"))
    merged = MultiRelationalGraph.from_relations(*graphs.replicate(n, relations, copies, "merged"))
    g = once.group_size
    assert apart.n_nodes == merged.n_nodes == copies * n
    assert apart.n_incidences == merged.n_incidences == copies * once.n_incidences
    assert apart.n_values == copies * once.n_values and merged.n_values == once.n_values
    assert apart.n_edges() == copies * once.n_edges()
    assert merged.n_edges() == int((copies * g * (copies * g - 1)).sum())
    assert torch.equal(merged.group_size, copies * g)
    assert sorted(apart.group_size.tolist()) == sorted(g.tolist() * copies)


def test_less_one_value_is_without_the_largest_group():
    dataset = small_dataset()
    n, relations = dataset.n_items, dataset.item_relations
    before = MultiRelationalGraph.from_relations(n, relations)
    after = MultiRelationalGraph.from_relations(n, graphs.less_one_value(relations))
    g = int(before.group_size.max())
    assert after.n_incidences == before.n_incidences - g and after.n_edges() == before.n_edges() - g * (g - 1)


def test_a_share_keeps_the_first_nodes_and_only_their_values():
    dataset = small_dataset()
    n, relations = graphs.first(dataset.n_items, dataset.item_relations, 0.25)
    assert n == round(dataset.n_items / 4)
    for few, all_of_it in zip(relations, dataset.item_relations, strict=True):
        assert few.lists(n) == all_of_it.lists(dataset.n_items)[:n]
        assert set(few.values.tolist()) == set(range(few.n_values))
    with pytest.raises(ValueError, match="share is 0"):
        graphs.first(4, relations, 0)


def test_no_data_is_a_row_that_says_so(monkeypatch, tmp_path):
    monkeypatch.setenv("RAMGNN_DATA", str(tmp_path))
    monkeypatch.setenv("RAMGNN_CACHE", str(tmp_path))
    for graph in ("ml-100k", "kkbox"):
        assert measure.here(Job("kkbox", "ours", graph))["skipped"] == "no such data here"


def test_too_little_memory_is_a_row_that_says_so(monkeypatch):
    monkeypatch.setattr(measure, "available", lambda: 2**20)
    row = measure.here(Job("x", "every edge", "movietweetings", share=0.1))
    assert "needs about" in row["skipped"] and "seconds" not in row


def test_a_measurement_that_breaks_is_a_failed_row():
    assert "exit status 1" in measure.apart(Job("x", "ours", "nowhere"))["failed"]


@pytest.mark.parametrize("every", [False, True])
@pytest.mark.parametrize("graph", [films(), random_graph(30, 3, 5, 3, 0)], ids=["films", "random"])
def test_the_edge_list_gives_the_same_losses(graph, every):
    """The steps of both encoders give the same L_GNN and L_sim, with each type hidden and with none."""
    config = small_config(sampler="none" if every else "fixed", k=2)
    losses = []
    for make in (RAMGNN, encoders.EdgeListRAMGNN):
        torch.manual_seed(0)
        model = make(graph, config)
        generator = torch.Generator().manual_seed(0)
        optimiser = torch.optim.Adam(model.parameters(), lr=config.lr)
        kept = sample_neighbours(model, graph, config, [2] * graph.n_types, generator)
        masked = [*range(graph.n_types), None]
        losses.append([pretrain.step(model, graph, kept, optimiser, config, generator, False, t) for t in masked])
    torch.testing.assert_close(torch.tensor(losses[0]), torch.tensor(losses[1]), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("masked_type", [None, 1])
def test_the_edge_list_gives_the_same_embeddings(masked_type):
    """PyG's sums are those of the layer edge by edge, from every neighbour and without a masked type."""
    graph = films()
    model = encoders.EdgeListRAMGNN(graph, small_config())
    torch.testing.assert_close(model(graph, None, masked_type), model.over_edges(graph, None, masked_type))
    head, incidence = encoders.every_edge(graph)
    assert len(head) == len(incidence) == graph.n_edges()


def test_the_floor_grows_with_the_graph_and_the_layers():
    graph, config = films(), small_config()
    one = floor.epoch_bytes(graph, config, 100)
    assert floor.epoch_bytes(graph, small_config(layers=3), 100) > one > 7 * 4 * 100
    assert floor.epoch_bytes(graph, small_config(target="seen"), 100) > one  # no type is left out


def test_ratio_pairs_neighbours_and_refuses_other_code():
    def rows(*seconds, code="a"):
        return [{"seconds": s, "code": code, "machine": "m"} for s in seconds]

    found = ratio("x", rows(10.0, 20.0, 60.0), rows(1.0, 4.0, 10.0), target=5)
    assert (found.value, found.low, found.high, found.verdict) == (5.0, 5.0, 10.0, "reached")
    assert ratio("x", rows(30.0), rows(1.0, 2.0, 3.0)).low == 10.0
    assert ratio("x", rows(1.0, code="b"), rows(1.0)).value is None
    assert ratio("x", [], rows(1.0)).value is None
    assert Finding("x", 13.0, target=12, least=False).verdict == "missed"


def test_findings_without_rows_are_empty(tmp_path):
    found = findings(Rows(Store(tmp_path / "none.json"), Scope()))
    assert found and all(f.value is None and not f.verdict for f in found)


def test_the_stored_results_are_of_a_full_run():
    """What the book reads: every part is there, measured and not skipped, with its commit and machine."""
    found = experiments.stored("bench")
    assert not found["settings"]["quick"]
    assert {row["part"] for row in found["rows"]} == set(PARTS)
    for row in found["rows"]:
        assert row["seconds"] > 0, row["part"]
        assert row["provenance"]["commit"]
    assert len({row["code"] for row in found["rows"]}) == 1


def test_an_unknown_result_is_named():
    with pytest.raises(NotFoundError, match="no stored result 'table9'; did you mean 'bench'"):
        experiments.stored("table9")
