"""What is measured: one `Job` a measurement, and the parts that group them.

Nothing here imports torch. A child process begins its count of peak memory at what its parent held, so the process that
starts the measurements stays small.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

ENCODERS = ("ours", "ours, by lists", "ours, every neighbour", "every edge", "sampled edges")
RECOMMENDERS = ("ours, BPR", "ours, BPR, defaults", "LightGCN", "LightGCN, CSR")


@dataclass(frozen=True)
class Job:
    """One measurement, made in a process of its own.

    Attributes:
        part: the part it belongs to.
        variant: one of `ENCODERS` or `RECOMMENDERS`, or ``"copy and triad"`` for the memory bandwidth.
        graph: ``"movietweetings"``, ``"ml-100k"``, ``"kkbox"`` or one of these with ``" less one value"``: without its
            most frequent one; empty for the bandwidth.
        layers, dim, k: of the encoder or the recommender; k is the threshold of every relation type.
        share: the first share of the items, above 0 and up to 1.
        copies: how often the items are repeated.
        wiring: ``"disjoint"``: each copy has values of its own; ``"merged"``: the copies share theirs.
        cycles: timed cycles, one optimiser step per hidden relation type; None: whole cycles until `at_least` seconds
            and two epochs are over.
        warm_up: run one epoch before, timed apart.
        at_least: see `cycles`.
        epochs, batch, lr, l2: of a recommender.
        threads: of torch.
        keep: tell the C library to keep freed memory (`ramgnn.memory.keep`), as the command line does. One row per
            sampled edge on all songs of KKBox is killed for want of memory with it, and has to do without.
        repeat: counted from 0; also the seed.
    """

    part: str
    variant: str
    graph: str = ""
    layers: int = 2
    dim: int = 64
    k: int = 37
    share: float = 1.0
    copies: int = 1
    wiring: str = "disjoint"
    cycles: int | None = None
    warm_up: bool = True
    at_least: float = 5.0
    epochs: int = 30
    batch: int = 1024
    lr: float = 0.005
    l2: float = 1e-4
    threads: int = 1
    keep: bool = True
    repeat: int = 0

    def what(self) -> str:
        """The measurement in a few words, for people."""
        words = [self.part, *([self.graph] if self.graph and self.graph != self.part else []), self.variant]
        if self.variant in ENCODERS:
            words.append("1 layer" if self.layers == 1 else f"{self.layers} layers")
        words += [f"k = {self.k}"] if self.part == "thresholds" else []
        words += [f"{self.share:g} of the items"] if self.share != 1 else []
        words += [f"{self.copies} copies, {self.wiring}"] if self.copies > 1 else []
        words += [] if self.keep else ["memory not kept"]
        return ", ".join(words)

    def same(self) -> str:
        """What all repeats have in common, as a key."""
        return str(sorted(asdict(replace(self, repeat=0)).items()))


@dataclass(frozen=True)
class Scope:
    """How large the measurements are.

    Attributes:
        repeats: how often each pair is measured, in turn; measurements that take minutes are made once.
        threads: of torch.
        share: the first share of the songs of KKBox that every row with KKBox takes.
        pair_share: the share for the comparison of two layers with one row per sampled edge.
        quick: everything tiny and on the embedded data.
    """

    repeats: int = 3
    threads: int = 1
    share: float = 1.0
    pair_share: float = 0.25
    quick: bool = False


PARTS = {
    "bandwidth": "how fast this machine's memory is: copy and triad, GB/s",
    "movietweetings": "one epoch of pre-training: ours against every edge and against the sampled edges, as edge lists",
    "ml-100k": "the same on MovieLens-100K",
    "kkbox": "one epoch of pre-training on the songs of KKBox, two layers, with its peak memory",
    "thresholds": "KKBox's songs with thresholds from 1 to 500: ours, compiled, against ours by lists",
    "kkbox-edges": "ours against the sampled edges on KKBox, one layer: two of the latter need too much memory",
    "kkbox-share": "the same with one and two layers on a share of the songs at which two fit",
    "kkbox-less": "ours against the sampled edges without the genre that makes most of KKBox's edges, one layer",
    "scaling": "ours on KKBox's songs repeated 1, 2, 4 and 10 times",
    "recommender": "one epoch of BPR and NDCG@10 on validation: ours against PyG's LightGCN",
}


def plan(part: str, scope: Scope) -> list[Job]:
    """The measurements of one part, in the order in which they are made: the sides of a pair alternate."""
    kkbox, share = ("movietweetings", 0.1) if scope.quick else ("kkbox", scope.share)
    pair_share = share / 2 if scope.quick else min(scope.pair_share, share)
    base = Job(part, "ours", threads=scope.threads)
    if scope.quick:
        base = replace(base, dim=8, k=3, cycles=1, warm_up=False, epochs=1)
    dear = {"cycles": 1, "warm_up": False}  # minutes a cycle: measured once

    def job(variant: str, **options) -> Job:
        return replace(base, variant=variant, **options)

    if part == "bandwidth":
        return _alternate([replace(base, variant="copy and triad")], scope.repeats)
    if part in ("movietweetings", "ml-100k"):
        own = {"graph": "movietweetings", "share": 0.1} if scope.quick else {"graph": part}
        pair = _alternate(
            [job("ours", **own), job("sampled edges", **own), job("ours, every neighbour", **own)],
            scope.repeats,
        )
        return [*pair, job("every edge", **own, **dear)]
    if part == "kkbox":
        return _alternate([job("ours", graph=kkbox, share=share)], scope.repeats)
    if part == "thresholds":
        own = {"graph": kkbox, "share": share}
        few, many = ((3,), (4,)) if scope.quick else ((1, 5, 37), (100, 500))
        pairs = [job(variant, **own, k=k) for k in few for variant in ("ours", "ours, by lists")]
        alternating = _alternate([*pairs, *(job("ours", **own, k=k) for k in many)], scope.repeats)
        return [*alternating, *(job("ours, by lists", **own, **dear, k=k) for k in many)]
    if part in ("kkbox-edges", "kkbox-less"):
        own = {"graph": kkbox if part == "kkbox-edges" else f"{kkbox} less one value", "share": share, "layers": 1}
        return [*_alternate([job("ours", **own)], scope.repeats), job("sampled edges", **own, **dear, keep=False)]
    if part == "kkbox-share":
        own = {"graph": kkbox, "share": pair_share}
        ours = _alternate([job("ours", **own, layers=layers) for layers in (1, 2)], scope.repeats)
        edges = [
            job("sampled edges", **own, **dear, layers=layers, keep=keep) for layers in (1, 2) for keep in (True, False)
        ]
        return [*ours, *edges]
    if part == "scaling":
        own, sizes = {"graph": kkbox, "share": share}, (2,) if scope.quick else (2, 4, 10)
        return [
            job("ours", **own),
            *(job("ours", **own, copies=n, wiring=how) for n in sizes for how in ("disjoint", "merged")),
        ]
    if part == "recommender":
        found = []
        for graph in ("movietweetings",) if scope.quick else ("movietweetings", "ml-100k"):
            alternating = [job(variant, graph=graph) for variant in RECOMMENDERS if variant != "LightGCN"]
            # the plain form takes most of an hour for all epochs; three are enough to time it
            found += [*_alternate(alternating, scope.repeats), job("LightGCN", graph=graph, epochs=min(3, base.epochs))]
        return found
    raise ValueError(f"no part {part!r}; expected {', '.join(PARTS)}")


def _alternate(jobs: list[Job], repeats: int) -> list[Job]:
    """Each job `repeats` times, in turn: so that what else the machine does falls on all of them."""
    return [replace(job, repeat=n) for n in range(repeats) for job in jobs]
