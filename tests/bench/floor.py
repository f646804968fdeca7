"""What no implementation of the layer can avoid: bytes to move, at the speed of this machine's memory."""

from __future__ import annotations

import time

import torch

from ramgnn.config import PretrainConfig
from ramgnn.graph import MultiRelationalGraph

FLOAT, INDEX = 4, 8  # bytes of a float32 and of an int64


def bandwidth(size: int = 2**25, rounds: int = 7) -> dict[str, float]:
    """GB/s of copy (b ← a) and triad (a ← b + s c) with torch at its present number of threads, the best of several.

    As in STREAM (McCalpin 1995): what the operation names is counted, two arrays for copy and three for triad; arrays
    of `size` float32 are larger than any cache.
    """
    a, b, c = (torch.full((size,), x) for x in (1.0, 2.0, 3.0))
    tasks = {"copy": (2, lambda: b.copy_(a)), "triad": (3, lambda: torch.add(b, c, alpha=3.0, out=a))}
    found = {}
    for name, (arrays, task) in tasks.items():
        best = float("inf")
        for _ in range(rounds):
            started = time.perf_counter()
            task()
            best = min(best, time.perf_counter() - started)
        found[name] = arrays * size * FLOAT / best / 1e9
    return found


def epoch_bytes(graph: MultiRelationalGraph, config: PretrainConfig, parameters: int) -> int:
    """Bytes that one epoch of `ours` with one optimiser step must move between memory and processor at least.

    Counted once each, as if every tensor left the cache between being written and read, and every row that is needed
    several times were read from memory once only:

    - sampling: node and value index of each incidence and each node's score are read, one window (start and length)
      per incidence is written;
    - each layer, forward: e is read, ``(n, d)``; e_n is read, ``(n_values, d)``; the two indices of each incidence and
      its window are read; its row of the table (weight times message, and the weight: d + 2 floats of a half spectrum
      and one) is written and read; one row per head is written, ``(n, d)``;
    - each layer, backward: twice the forward pass, since each product has two factors that want a gradient;
    - Adam: parameter, gradient and both moments read, all but the gradient written.

    With ``target="hidden"`` the table holds no row of the hidden type: the mean over the types is taken. Losses,
    Fourier transforms, W_val and the sorting in the sampler are left out: so the true least is higher.
    """
    m = graph.n_incidences
    hidden = 1 if config.target == "hidden" else 0
    types = sum(graph.n_edges(t) > 0 for t in range(graph.n_types))
    used = m * (1 - hidden / types) if types > 1 else m
    row = config.dim + 2 + 1 if config.composition == "corr" else config.dim + 1
    sampling = 2 * INDEX * m + FLOAT * graph.n_nodes + 2 * INDEX * m
    forward = FLOAT * (config.dim * (2 * graph.n_nodes + graph.n_values) + 2 * row * used) + 4 * INDEX * used
    return round(sampling + config.layers * 3 * forward + 7 * FLOAT * parameters)
