"""The paper's claims, RQ1 to RQ5, each with a verdict that is computed from stored runs and nothing else.

A claim *holds* when every comparison it makes has the claimed sign and a corrected p below .05; it *does not hold* when
one of them has the other sign at that level, or when the claim is about a size and the interval excludes it; otherwise
it *cannot be told* at this number of users and seeds. Such a claim *could not have been told* where, if all differences
were as the paper prints them, an experiment like this one would still miss one of them more often than not. Where runs
are missing it is *not measured yet*.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ramgnn.experiments.power import Gap, power, printed_gaps
from ramgnn.experiments.statistics import METRICS, Comparison, by_model, compare, family
from ramgnn.experiments.store import Result, Store
from ramgnn.experiments.tables import TABLES

HOLDS, FAILS, OPEN, MISSING = "holds", "does not hold", "cannot be told", "not measured yet"
BLIND = "could not have been told"
RECOMMENDERS = ("mf", "fm", "nfm", "fism", "cke", "lightgcn", "kgpolicy", "rcf")
ENCODERS = ("rgcn", "wgcn", "vrgcn", "compgcn")
GCNS = ("gcn genre", "gcn director", "gcn actor", "gcn year", "gcn cast", "gcn person")

RunsByModel = dict[str, list[Result]]


@dataclass(frozen=True)
class Verdict:
    """What the runs say about one claim.

    Attributes:
        claim: its name; text: the claim, in our words; place: where the paper makes it.
        verdict: one of the five words; why: the numbers behind it.
        comparisons: those it rests on.
    """

    claim: str
    text: str
    place: str
    verdict: str
    why: str
    comparisons: tuple[Comparison, ...] = ()


@dataclass(frozen=True)
class Claim:
    """One claim: `check` is given the runs of `models` and says verdict, reason and comparisons.

    `gaps` are the differences that the paper prints for it, where it prints any.
    """

    name: str
    text: str
    place: str
    models: tuple[str, ...]
    check: Callable[[RunsByModel], tuple[str, str, tuple[Comparison, ...]]]
    gaps: tuple[Gap, ...] = ()


def better(a: str, rivals: Sequence[str], metrics: Sequence[str]) -> Callable[[RunsByModel], tuple]:
    """The check that `a` is better than each rival on each metric."""

    def check(runs: RunsByModel) -> tuple[str, str, tuple[Comparison, ...]]:
        measured = [name for name in rivals if name in runs]
        each = family(runs, [(a, name) for name in measured], metrics)
        won, lost = [c for c in each if c.sign > 0], [c for c in each if c.sign < 0]
        verdict = FAILS if lost else HOLDS if len(won) == len(each) else OPEN
        least = min(each, key=lambda c: c.difference)
        half = max((c.high - c.low) / 2 for c in each)
        why = (
            f"better beyond chance in {len(won)} of {len(each)} comparisons, worse in {len(lost)}; least difference "
            f"{_with_interval(least)} ({least.metric} against {least.b}); "
            f"differences below about {half:.3f} cannot be seen"
        )
        return verdict, why, tuple(each)

    return check


def by_about(a: str, b: str, share: float, metric: str) -> Callable[[RunsByModel], tuple]:
    """The check that `a` is better than `b` by about that share: the interval must hold it and exclude zero."""

    def check(runs: RunsByModel) -> tuple[str, str, tuple[Comparison, ...]]:
        one = compare(runs[a], runs[b], metric)
        value, low, high = one.relative
        verdict = FAILS if not low <= share <= high else HOLDS if low > 0 else OPEN
        return verdict, f"{value:+.1%} [{low:+.1%}, {high:+.1%}] on {metric}", (one,)

    return check


def at_most(names: Sequence[str], share: float, metrics: Sequence[str]) -> Callable[[RunsByModel], tuple]:
    """The check that no two of them differ by more than that share."""

    def check(runs: RunsByModel) -> tuple[str, str, tuple[Comparison, ...]]:
        pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
        each = family(runs, pairs, metrics)
        widest = max(each, key=lambda c: abs(c.relative[0]))
        inside = all(-share <= c.relative[1] and c.relative[2] <= share for c in each)
        outside = any(c.relative[1] > share or c.relative[2] < -share for c in each)
        value, low, high = widest.relative
        why = f"largest: {widest.a} against {widest.b}, {value:+.1%} [{low:+.1%}, {high:+.1%}] on {widest.metric}"
        return HOLDS if inside else FAILS if outside else OPEN, why, tuple(each)

    return check


def thresholds(model: str, printed: dict[tuple[str, str], int]) -> Callable[[RunsByModel], tuple]:
    """The check that the sampler comes to rest in every run, near the thresholds that the paper shows."""

    def check(runs: RunsByModel) -> tuple[str, str, tuple[Comparison, ...]]:
        said, verdict = [], HOLDS
        for (side, name), k in printed.items():
            ends, rest = [], 0
            for one in runs[model]:
                pretraining = one.history.get(side)
                if pretraining is None or name not in pretraining["types"]:
                    return MISSING, f"the runs have no {side} relation {name!r}", ()
                t = pretraining["types"].index(name)
                ends.append(pretraining["k"][-1][t])
                rest += pretraining["stopped"][t] is not None
            where = ", ".join(map(str, sorted(set(ends))))
            said.append(f"{side} {name}: ends at {where}, the paper's is {k}; at rest in {rest} of {len(ends)} runs")
            # the step is 2: one step away still counts as near
            if rest < len(ends) or any(abs(x - k) > 2 for x in ends):
                verdict = FAILS
        return verdict, "; ".join(said), ()

    return check


def _with_interval(c: Comparison) -> str:
    return f"{c.difference:+.4f} {c.interval}"


def claims(ours: str = "ram-gnn", dataset_name: str = "ml-100k") -> tuple[Claim, ...]:
    """All claims about a data set, with `ours` in the place of RAM-GNN."""
    others = tuple(n for n in RECOMMENDERS if n != "rcf")
    rest = tuple(n for n in others if n != "kgpolicy")
    parts = ("single", "rns", "attention") if ours == "ram-gnn" else tuple(
        f"as printed {n}" for n in ("single", "rns", "attention"))  # fmt: skip
    single, rns, attention = parts
    at_20 = ("HR@20", "MRR@20", "NDCG@20")
    dims = tuple(f"d={d}" for d in (20, 40, 60, 80, 100))
    age, genre = (29, 37) if dataset_name == "kkbox" else (9, 13)

    printed = "kkbox" if dataset_name == "kkbox" else "ml-100k"  # what the paper prints nothing of borrows from this

    def claim(name: str, text: str, place: str, models: tuple[str, ...], check, table: str = "") -> Claim:
        return Claim(name, text, place, models, check, _gaps(table, models, METRICS, printed) if table else ())

    return (
        claim("RQ1.1", "RAM-GNN is better than each of eight recommenders on every metric", "IV-B, Table III",
              (ours, *RECOMMENDERS), better(ours, RECOMMENDERS, METRICS), "table3"),
        claim("RQ1.2", "RCF is the best of the eight", "IV-B", RECOMMENDERS, better("rcf", others, ("NDCG@10",))),
        claim("RQ1.3", "KGPolicy is the best of the other seven", "IV-B", others,
              better("kgpolicy", rest, ("NDCG@10",))),
        claim("RQ1.4", "RAM-GNN is about 10 % better than LightGCN", "IV-B", (ours, "lightgcn"),
              by_about(ours, "lightgcn", 0.10, "NDCG@10")),
        claim("RQ2.1", "RAM-GNN is better than five encoders in its place on every metric", "IV-C, Table IV",
              (ours, *ENCODERS, "gcn genre"), better(ours, (*ENCODERS, *GCNS), METRICS), "table4"),
        claim("RQ2.2", "CompGCN is the best of the five", "IV-C", (*ENCODERS, "gcn genre"),
              better("compgcn", ("rgcn", "wgcn", "vrgcn", *GCNS), ("NDCG@10",))),
        claim("RQ3.1", "The sampler alone is better than no pre-training", "IV-D, Figure 4", (rns, single),
              better(rns, (single,), at_20)),
        claim("RQ3.2", "Attention alone is better than no pre-training", "IV-D, Figure 4", (attention, single),
              better(attention, (single,), at_20)),
        claim("RQ3.3", "Both together are better than either alone", "IV-D, Figure 4", (ours, rns, attention),
              better(ours, (rns, attention), at_20)),
        claim("RQ3.4", "Pre-training helps", "IV-D, Figure 4", (ours, single), better(ours, (single,), at_20)),
        *([claim("RQ3.5", "The sampler alone is clearly better than attention alone", "IV-D, KKBox",
                 (rns, attention), better(rns, (attention,), at_20))] if dataset_name == "kkbox" else []),
        claim("RQ4.1", f"The thresholds converge, to {age} for user ages and {genre} for item genres", "IV-E, Figure 5",
              ("ram-gnn as printed",),
              thresholds("ram-gnn as printed", {("user", "age"): age, ("item", "genre"): genre})),
        claim("RQ5.1", "Correlation is the best composition", "IV-F, Table V", ("corr", "add", "mult"),
              better("corr", ("add", "mult"), at_20)),
        claim("RQ5.2", "Compositions differ by at most 3.03 %", "IV-F, Table V", ("corr", "add", "mult"),
              at_most(("corr", "add", "mult"), 0.0303, at_20)),
        claim("RQ5.3", "60 dimensions are better than 20 and 100", "IV-F, Table VI", dims,
              better("d=60", ("d=20", "d=100"), at_20)),
        claim("RQ5.4", "80 dimensions are better than 20 and 100", "IV-F, Table VI", dims,
              better("d=80", ("d=20", "d=100"), at_20)),
    )  # fmt: skip


def _gaps(table: str, models: Sequence[str], metrics: Sequence[str], data: str) -> tuple[Gap, ...]:
    """What the paper prints of the first model against each other one."""
    rows = {row.model: row.printed for row in TABLES[table].rows if row.printed}
    rivals = {model: rows[model] for model in models[1:] if model in rows}
    return printed_gaps(models[0], rivals, TABLES[table].number, metrics, data)


def judge(store: Store, dataset_name: str, ours: str = "ram-gnn", only: str = "", blind: bool = False) -> list[Verdict]:
    """Every claim with its verdict on one data set.

    Args:
        ours: the model in the place of the paper's RAM-GNN.
        only: the claims whose names begin so, as in ``"RQ3"``.
        blind: simulate whether what cannot be told could have been.
    """
    runs, verdicts = by_model(store.results(dataset_name)), []
    for one in (c for c in claims(ours, dataset_name) if c.name.startswith(only)):
        missing = [m for m in one.models if m not in runs]
        if missing:
            verdict, why, each = MISSING, f"no runs of {', '.join(missing)}", ()
        else:
            verdict, why, each = one.check(runs)
            if blind and verdict == OPEN and one.gaps:
                seen = power(runs, one.gaps).all_seen
                verdict = BLIND if seen < 0.5 else OPEN
                why += f"; were all as the paper prints it, {seen:.1%} of such experiments would see all of it"
        verdicts.append(Verdict(one.name, one.text, one.place, verdict, why, each))
    return verdicts
