"""From rows to a table, ratios and targets. Nothing here imports torch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from statistics import fmean, median
from typing import Any

from tests.bench.jobs import PARTS, RECOMMENDERS, Job, Scope, plan
from tests.bench.store import Store, stamp

Row = dict[str, Any]
FLOAT, INDEX = 4, 8  # bytes of a float32 and of an int64


@dataclass(frozen=True)
class Finding:
    """A number that was computed from rows.

    Attributes:
        name: what it is.
        value: None when a row it needs is missing, was skipped or belongs to other code.
        low, high: the smallest and the largest over the repeats.
        unit: ``"x"`` for a ratio.
        target: what was aimed at; least: whether `value` shall be at least or at most that.
        note: how it came about, where that is not plain.
    """

    name: str
    value: float | None
    low: float | None = None
    high: float | None = None
    unit: str = "x"
    target: float | None = None
    least: bool = True
    note: str = ""

    @property
    def verdict(self) -> str:
        """``"reached"``, ``"missed"``, or nothing."""
        if self.target is None or self.value is None:
            return ""
        return "reached" if (self.value >= self.target if self.least else self.value <= self.target) else "missed"


class Rows:
    """The stored rows of all parts at one scope."""

    def __init__(self, store: Store, scope: Scope) -> None:
        jobs = [job for part in PARTS for job in plan(part, scope)]
        self.rows = [(job, row) for job in jobs if (row := store.find(job)) is not None]

    def of(self, part: str, variant: str, **settings: Any) -> list[Row]:
        """The rows that were measured, by repeat."""
        wanted = {"part": part, "variant": variant} | settings
        return [row for _, row in self.rows if "seconds" in row and all(row[k] == v for k, v in wanted.items())]

    def groups(self) -> list[tuple[Job, list[Row]]]:
        """The repeats of each measurement together, in the order of the plan."""
        found: dict[str, tuple[Job, list[Row]]] = {}
        for job, row in self.rows:
            found.setdefault(job.same(), (job, []))[1].append(row)
        return list(found.values())


def comparable(*sides: list[Row]) -> bool:
    """Whether every side has rows and all are of the same code and machine."""
    stamps = {tuple(row[k] for k in stamp()) for side in sides for row in side}
    return all(sides) and len(stamps) == 1


def ratio(
    name: str, top: list[Row], bottom: list[Row], what: Callable[[Row], float] = lambda row: row["seconds"], **options
) -> Finding:
    """The ratio of the medians; its spread is over the repeats made next to each other, or over all pairs."""
    if not comparable(top, bottom):
        return Finding(name, None, **options)
    a, b = [what(row) for row in top], [what(row) for row in bottom]
    pairs = zip(a, b, strict=True) if len(a) == len(b) else ((x, y) for x in a for y in b)
    each = [x / y for x, y in pairs]
    return Finding(name, median(a) / median(b), min(each), max(each), **options)


def findings(rows: Rows) -> list[Finding]:
    """Ratios and what the targets are about."""
    return [*_encoders(rows), *_kkbox(rows), *_scaling(rows), *_recommender(rows)]


def _encoders(rows: Rows) -> list[Finding]:
    found = []
    for part in ("movietweetings", "ml-100k"):
        ours, sampled, all_ours, edges = (
            rows.of(part, v) for v in ("ours", "sampled edges", "ours, every neighbour", "every edge")
        )
        aims = (100, 5) if part == "ml-100k" else (None, None)
        found += [
            ratio(f"{part}: every edge / ours", edges, ours, target=aims[0]),
            ratio(f"{part}: sampled edges / ours", sampled, ours, target=aims[1], note="the same function"),
            ratio(f"{part}: every edge / ours over every neighbour", edges, all_ours, note="the same function"),
        ]
    return found


def _kkbox(rows: Rows) -> list[Finding]:
    ours, one, edges = (
        rows.of("kkbox", "ours"), rows.of("kkbox-edges", "ours"), rows.of("kkbox-edges", "sampled edges")
    )  # fmt: skip
    without = "the list without kept memory: with it, it is killed"
    found = [ratio("kkbox: sampled edges / ours, one layer", edges, one, target=80, note=without)]
    less, edges_less = (rows.of("kkbox-less", v) for v in ("ours", "sampled edges"))
    found.append(ratio("kkbox less one genre: sampled edges / ours, one layer", edges_less, less, note=without))
    part = {("ours", n): rows.of("kkbox-share", "ours", layers=n) for n in (1, 2)}
    part |= {("sampled edges", n): rows.of("kkbox-share", "sampled edges", layers=n, keep=False) for n in (1, 2)}
    share = next((f"{row['share']:g} of the items" for side in part.values() for row in side), "a share")
    for n, text in ((1, "one layer"), (2, "two layers")):
        name = f"kkbox, {share}: sampled edges / ours, {text}"
        kept = rows.of("kkbox-share", "sampled edges", layers=n, keep=True)
        found.append(ratio(name, part["sampled edges", n], part["ours", n], note=without.split(":")[0]))
        found.append(ratio(f"{name}, both keep memory", kept, part["ours", n]))
    name = "kkbox: sampled edges / ours, two layers, extrapolated"
    note = f"one layer of all songs, times two layers / one layer at {share}"
    value = None
    if comparable(edges, ours, part["sampled edges", 1], part["sampled edges", 2]):
        growth = _seconds(part["sampled edges", 2]) / _seconds(part["sampled edges", 1])
        value = _seconds(edges) * growth / _seconds(ours)
    found.append(Finding(name, value, target=80, note=note))

    most = [row["peak"] / 1e9 for row in ours]
    found.append(
        Finding(
            "kkbox: peak memory of ours", median(most) if most else None, min(most, default=None),
            max(most, default=None), "GB", 0.8, least=False, note="Python, torch and the data included",
        )
    )  # fmt: skip
    speed = [row["GB/s"]["triad"] for row in rows.of("bandwidth", "copy and triad")]
    found += _thresholds(rows)
    note, least = "bytes that an epoch must move / bandwidth of the triad", None
    if comparable(ours, rows.of("bandwidth", "copy and triad")):
        least = ours[0]["floor_bytes"] / (median(speed) * 1e9)
        note += f": {ours[0]['floor_bytes'] / 1e9:.2f} GB / {median(speed):.1f} GB/s = {least:.3f} s"
    times = _seconds(ours) / least if least else None
    found.append(Finding("kkbox: ours / the floor", times, target=8, least=False, note=note))
    if ours:
        size = edge_list_bytes(ours[0]["edges"], ours[0]["layers"], ours[0]["dim"])
        text = ", ".join(f"{name} {n / 1e9:,.0f} GB" for name, n in size.items())
        value = sum(size.values()) / 1e9
        found.append(Finding("kkbox: every edge, memory", value, unit="GB", note=f"computed, never run: {text}"))
    return found


def _thresholds(rows: Rows) -> list[Finding]:
    """Windows that slide against windows by lists, and what a hundred times as many neighbours cost."""
    lists = rows.of("thresholds", "ours, by lists")
    k = {row["k"] for row in lists}
    middle = sorted(k)[len(k) // 2] if k else 0
    sliding = {n: rows.of("thresholds", "ours", k=n) for n in k}
    by_list = {n: rows.of("thresholds", "ours, by lists", k=n) for n in k}
    found = [ratio("kkbox: by lists / ours", by_list.get(middle, []), sliding.get(middle, []), target=3)]
    low, high = (5, 500) if 500 in k else (min(k, default=0), max(k, default=0))
    for name, own, aim in (("ours", sliding, 1.3), ("by lists", by_list, None)):
        top, bottom = own.get(high, []), own.get(low, [])
        found.append(ratio(f"kkbox: {name}, k = {high} / k = {low}", top, bottom, target=aim, least=False))
    return found


def _scaling(rows: Rows) -> list[Finding]:
    one, found = rows.of("scaling", "ours", copies=1), []
    sizes = sorted({row["copies"] for row in rows.of("scaling", "ours")} - {1})
    for wiring in ("disjoint", "merged"):
        for n in sizes:
            many = rows.of("scaling", "ours", copies=n, wiring=wiring)
            name, aim = f"{n}x the songs, {wiring}", n == 10
            found += [
                ratio(f"{name}: time", many, one, target=12 if aim else None, least=False),
                ratio(f"{name}: memory", many, one, _net, target=10 if aim else None, least=False,
                      note="peak less what Python and the imports take"),
            ]  # fmt: skip
    return found


def _recommender(rows: Rows) -> list[Finding]:
    found = []
    for graph in dict.fromkeys(row["graph"] for row in rows.of("recommender", "ours, BPR")):
        mine = {v: rows.of("recommender", v, graph=graph) for v in RECOMMENDERS if v.startswith("ours")}
        for variant in ("LightGCN", "LightGCN, CSR"):
            theirs = rows.of("recommender", variant, graph=graph)
            # the target is about the same setting; our defaults are a larger model
            aims = {"ours, BPR": 2} if graph == "ml-100k" else {}
            found += [ratio(f"{graph}: {variant} / {n}", theirs, own, target=aims.get(n)) for n, own in mine.items()]
        for name, own in mine.items():  # both forms of LightGCN learn the same: the faster one is taken
            each = [a["validation"] - b["validation"] for a, b in zip(own, theirs, strict=False)]
            known = comparable(own, theirs)
            found.append(
                Finding(
                    f"{graph}: NDCG@10, {name} less LightGCN", fmean(each) if known else None,
                    min(each) if known else None, max(each) if known else None, "", 0 if name in aims else None,
                    note="validation, mean over the seeds",
                )
            )  # fmt: skip
    return found


def edge_list_bytes(edges: int, layers: int, dim: int) -> dict[str, int]:
    """Bytes that an explicit edge list cannot avoid: computed, not measured.

    The list has head, tail, value and type of each edge, int64. For its backward pass each layer keeps at least one
    row of `dim` floats per edge, the message; PyG's layer keeps several.
    """
    return {"list": 4 * INDEX * edges, "one row per edge and layer": FLOAT * dim * edges * layers}


def _seconds(rows: list[Row]) -> float:
    return median(row["seconds"] for row in rows)


def _net(row: Row) -> float:
    return row["peak"] - row["imported"]


# ---- for people -----------------------------------------------------------------------------------------------------

HEAD = ("measurement", "seconds", "min-max", "first", "timed", "peak MiB", "before", "incidences", "edges", "")


def table(rows: Rows) -> str:
    """One line per measurement, its repeats together, then one per finding."""
    lines, old = [HEAD], False
    for job, own in rows.groups():
        cells, stale = _cells(job, own)
        lines.append(cells)
        old |= stale
    text = _columns(lines)
    text += (
        "\n\nseconds: of one epoch, the median over repeats (for the bandwidth the triad); first: the warm-up epoch; "
        "timed: epochs x repeats;\npeak: most resident memory of the process; before: after imports and loading; "
        "edges: those a row per edge would need, or all implied."
    )
    text += "\n* measured with other code or on another machine" if old else ""
    return text + "\n\n" + _columns([("finding", "value", "min-max", "target", "", ""), *map(_line, findings(rows))])


def _cells(job: Job, own: list[Row]) -> tuple[tuple[str, ...], bool]:
    stale = any(row[k] != v for row in own for k, v in stamp().items())
    name = job.what() + (" *" if stale else "")
    good = [row for row in own if "seconds" in row]
    if not good:
        why = next((f"{k}: {row[k]}" for row in own for k in ("skipped", "failed") if k in row), "")
        return (name, *[""] * (len(HEAD) - 2), why), stale
    last = good[-1]
    if "GB/s" in last:
        speed = [row["GB/s"]["triad"] for row in good]
        return (name, f"{median(speed):.1f} GB/s", f"{min(speed):.1f}-{max(speed):.1f}", *[""] * 7), stale
    seconds, firsts = [row["seconds"] for row in good], [row["first"] for row in good if row["first"] is not None]
    edges = last.get("kept_edges" if job.variant == "sampled edges" else "edges", last.get("interactions"))
    note = f"NDCG@10 {fmean(row['validation'] for row in good):.4f}" if "validation" in last else ""
    return (
        name,
        _number(median(seconds)),
        f"{_number(min(seconds))}-{_number(max(seconds))}" if len(good) > 1 else "once",
        _number(median(firsts)) if firsts else "none",
        f"{last['timed_epochs']} x {len(good)}",
        f"{max(row['peak'] for row in good) / 2**20:,.0f}",
        f"{last['ready'] / 2**20:,.0f}",
        f"{last['incidences']:,}" if "incidences" in last else "",
        f"{edges:,}",
        note,
    ), stale


def _line(f: Finding) -> tuple[str, ...]:
    spread = f"{_number(f.low)}-{_number(f.high)}" if f.low is not None and f.high != f.low else ""
    if f.low is not None and f.low < 0:
        spread = f"{_number(f.low)} to {_number(f.high)}"
    aim = f"{'>=' if f.least else '<='} {f.target:g}" if f.target is not None else ""
    value = "not measured" if f.value is None else f"{_number(f.value)} {f.unit}".strip()
    return f.name, value, spread, aim, f.verdict, f.note


def _number(x: float) -> str:
    """Three significant digits without an exponent."""
    return f"{x:,.0f}" if abs(x) >= 100 else f"{x:#.3g}" if abs(x) >= 0.001 or x == 0 else f"{x:.5f}"


def _columns(lines: list[tuple[str, ...]]) -> str:
    widths = [max(len(line[c]) for line in lines) for c in range(len(lines[0]))]
    return "\n".join("  ".join(x.ljust(w) for x, w in zip(line, widths, strict=True)).rstrip() for line in lines)


def summary(rows: Rows) -> dict[str, Any]:
    """The findings as plain values, for JSON."""
    return {"findings": [asdict(f) | {"verdict": f.verdict} for f in findings(rows)]}
