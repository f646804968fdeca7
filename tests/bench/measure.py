"""Making one measurement: `apart` in a fresh process, `here` in this one; the process prints one line of JSON."""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

from tests.bench.jobs import RECOMMENDERS, Job

MIB = 2**20
ROOT = Path(__file__).parent.parent.parent

# Guesses of what a measurement needs, to skip those that would not fit: bytes per incidence and layer, per edge and
# layer of a list, and beside these. Two layers over every edge of MovieLens-100K took 2,770 bytes an edge and layer.
PER_INCIDENCE, PER_EDGE, ANYWAY = 2_500, 3_000, 800 * MIB


def peak() -> int:
    """The most resident memory this process had so far, in bytes; ru_maxrss is in KiB on Linux, in bytes on macOS."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def resident() -> int:
    """The resident memory of this process now, in bytes; its peak so far where there is no /proc."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    except OSError:
        return peak()


def available() -> int | None:
    """Memory that can be had without swapping, in bytes; None where /proc/meminfo does not say."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), None)


# ---- in a process of its own ----------------------------------------------------------------------------------------


def apart(job: Job) -> dict[str, Any]:
    """The measurement, made in a fresh process; a row with ``failed`` when that did not end well."""
    threads = {name: str(job.threads) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
    command = [sys.executable, "-m", "tests.bench.measure", json.dumps(asdict(job))]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | threads, capture_output=True, text=True)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        killed = "killed, probably for want of memory" if done.returncode == -9 else last
        return {"failed": f"exit status {done.returncode}: {killed}"}
    return json.loads(done.stdout.splitlines()[-1])


def here(job: Job) -> dict[str, Any]:
    """The measurement, made in this process: a row with ``skipped`` where data or memory are missing."""
    import torch

    from ramgnn.errors import DataError
    from ramgnn.provenance import provenance

    torch.set_num_threads(job.threads)
    try:
        if job.variant == "copy and triad":
            from tests.bench.floor import bandwidth

            started = time.perf_counter()
            found = {"GB/s": bandwidth(), "seconds": time.perf_counter() - started}
        elif job.variant in RECOMMENDERS:
            found = _recommender(job)
        else:
            found = _encoder(job)
    except DataError as error:
        if not error.what.startswith("no such data"):
            raise
        found = {"skipped": error.what}
    return found | {"peak": peak(), "provenance": provenance()}


# ---- what is measured -----------------------------------------------------------------------------------------------


def _encoder(job: Job) -> dict[str, Any]:
    """One epoch of pre-training: sampling, the layers forward and backward, one optimiser step."""
    import torch

    from ramgnn import pretrain
    from ramgnn.config import PretrainConfig
    from ramgnn.encoder import RAMGNN
    from ramgnn.kernels.pairs import PositiveSampler
    from ramgnn.pretrained import sample_neighbours
    from ramgnn.sampler import largest_thresholds
    from tests.bench import floor, graphs

    os.environ["RAMGNN_COMPILED"] = "0" if "by lists" in job.variant else "1"
    make: type[RAMGNN] = RAMGNN
    if "edge" in job.variant:  # imported only where it is used: PyG takes 150 MiB
        from tests.bench.encoders import EdgeListRAMGNN as make

    imported = resident()
    graph = graphs.load(job.graph, job.share, job.copies, job.wiring)
    every = "every" in job.variant
    config = PretrainConfig(
        dim=job.dim, layers=job.layers, composition="corr", k=job.k, steps=1, sampler="none" if every else "fixed"
    )
    k = [min(job.k, most) for most in largest_thresholds(graph)]
    kept = [int(graph.degrees(t).clamp(max=k[t]).sum()) for t in range(graph.n_types)]
    row: dict[str, Any] = {
        "nodes": graph.n_nodes,
        "incidences": graph.n_incidences,
        "edges": graph.n_edges(),
        "kept_edges": sum(kept),
        "imported": imported,
        "ready": resident(),
        "loading_peak": peak(),
    }
    rows = (graph.n_edges() if every else sum(kept)) if "edge" in job.variant else graph.n_incidences
    need = rows * job.layers * (PER_EDGE if "edge" in job.variant else PER_INCIDENCE) + ANYWAY
    if (free := available()) is not None and need > free:
        return row | {"skipped": f"needs about {need / 2**30:.1f} GiB and {free / 2**30:.1f} are free"}

    torch.manual_seed(job.repeat)
    model = make(graph, config)
    generator = torch.Generator().manual_seed(job.repeat)
    optimiser = pretrain.adam(model, config)
    positives = PositiveSampler.from_graph(graph, config.type_weight)
    masked, losses = pretrain.masked_types_in_turn(graph, config), []

    def epoch() -> None:
        sampled = sample_neighbours(model, graph, config, k, generator)
        step = pretrain.step(model, graph, sampled, optimiser, config, generator, False, next(masked), positives)
        losses.append(sum(step))

    if job.variant == "every edge":  # the list itself is not timed
        from tests.bench.encoders import every_edge

        every_edge(graph)
    row |= _timed(epoch, sum(graph.n_edges(t) > 0 for t in range(graph.n_types)), job)
    if not all(abs(x) < float("inf") for x in losses):
        raise RuntimeError(f"the loss is not finite: {losses}")
    if job.variant == "ours":
        row["floor_bytes"] = floor.epoch_bytes(graph, config, sum(p.numel() for p in model.parameters()))
    return row | {"losses": losses[:12]}


def _timed(epoch: Callable[[], None], cycle_length: int, job: Job) -> dict[str, Any]:
    """Seconds of the first epoch and of the following ones.

    Each epoch hides another relation type and so does more or less work: what is compared is the mean over a whole
    cycle of types, and `seconds` is the median over the cycles.
    """

    def once() -> float:
        started = time.perf_counter()
        epoch()
        return time.perf_counter() - started

    first = once() if job.warm_up else None
    every: list[list[float]] = []
    while job.cycles is None or len(every) < job.cycles:
        every.append([once() for _ in range(cycle_length)])
        if job.cycles is None and cycle_length * len(every) >= 2 and sum(map(sum, every)) >= job.at_least:
            break
    return {
        "seconds": statistics.median(statistics.fmean(one) for one in every),
        "first": first,
        "timed_epochs": cycle_length * len(every),
        "every": [[round(x, 5) for x in one] for one in islice(every, 20)],
    }


def _recommender(job: Job) -> dict[str, Any]:
    """Epochs of BPR, and NDCG@10 on each user's last *training* item after the last; the test items are not seen."""
    from ramgnn.evaluation import ndcg, rank_test
    from tests.bench import graphs, lightgcn

    imported = resident()
    view = graphs.dataset(job.graph).validation()
    row = {"users": view.n_users, "items": view.n_items, "interactions": len(view.train)}
    row |= {"imported": imported, "ready": resident(), "loading_peak": peak()}
    if job.variant.startswith("ours"):
        final, seconds = lightgcn.ours(view, job, defaults=job.variant.endswith("defaults"))
    else:
        final, seconds = lightgcn.theirs(view, job, csr=job.variant.endswith("CSR"))
    rest = seconds[1:] or seconds
    row |= {"seconds": statistics.median(rest), "first": seconds[0], "timed_epochs": len(rest)}
    if job.variant == "LightGCN":  # learns what the CSR form learns, and is trained for a few epochs only
        return row
    return row | {"validation": ndcg(rank_test(final, view), 10)}


if __name__ == "__main__":
    from ramgnn import memory

    asked = Job(**json.loads(sys.argv[1]))
    if asked.keep:
        memory.keep()
    print(json.dumps(here(asked)))
