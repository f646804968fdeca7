"""What each command does; the parser is in `ramgnn.__main__`."""

from __future__ import annotations

import json
import os
import sys
from argparse import Namespace
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from ramgnn import datasets, distributed, memory, paper, readings, runs
from ramgnn.baselines import FIT
from ramgnn.config import Config
from ramgnn.datasets.base import RecDataset
from ramgnn.datasets.source import Source
from ramgnn.errors import RamgnnError
from ramgnn.evaluation import Evaluation, evaluate, paired_test, session_groups
from ramgnn.explain import Explainer, Explanation, Reason
from ramgnn.graph import MultiRelationalGraph
from ramgnn.matching import find
from ramgnn.training import SIDES, Fitted, fit

METRICS = ("HR", "MRR", "NDCG")


def run(given: Namespace) -> int:
    """Run the command that was parsed; returns the exit status."""
    name = f"data_{given.part}" if given.command == "data" else given.command
    return COMMANDS[name](given) or 0


# ---- data -----------------------------------------------------------------------------------------------------------


def source(given: Namespace) -> Source:
    """The data set that the arguments name.

    Raises:
        RamgnnError: own tables and a named data set are both given, or an option has no value.
    """
    options: dict[str, Any] = {}
    for text in given.option:
        key, equals, value = text.partition("=")
        if not equals:
            raise RamgnnError(f"cannot read the option {text!r}; expected NAME=VALUE, as in age=value")
        options[key] = _plain(value)
    name = getattr(given, "name", None) or given.data
    own = {"interactions": given.interactions, "items": given.items, "users": given.users}
    if any(own.values()):
        if name not in (None, "tables"):
            raise RamgnnError(f"both the data set {name!r} and your own tables are given; leave one out")
        name = "tables"
        options |= {key: str(Path(value).resolve()) for key, value in own.items() if value}
        options |= {
            key: value
            for key in ("user_column", "item_column", "time_column", "title_column", "separator")
            if (value := getattr(given, key)) is not None
        }
        if given.bins:
            options["bins"] = dict(_bin(text) for text in given.bins)
    names = [x.split(",") if x is not None else None for x in (given.item_relations, given.user_relations)]
    return Source(name or "movietweetings", options, *[[n for n in x if n] if x is not None else None for x in names])


def _plain(text: str) -> Any:
    """Text as the whole number, number, truth value or text that it is."""
    if text.lower() in ("true", "false", "none"):
        return {"true": True, "false": False, "none": None}[text.lower()]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text


def _bin(text: str) -> tuple[str, Any]:
    column, equals, width = text.rpartition("=")
    if not equals or not column:
        raise RamgnnError(f"cannot read the band {text!r}; expected COLUMN=WIDTH, as in year=10 or price=q5")
    return column, _plain(width)


def data_list(given: Namespace) -> None:
    """Name the data sets."""
    names = datasets.names()
    if given.json:
        return _print_json(names)
    width = max(map(len, names))
    for name, line in names.items():
        print(f"{name:<{width}}  {line}")


def data_info(given: Namespace) -> None:
    """Describe one data set."""
    data = source(given).load()
    graphs = {s: MultiRelationalGraph.from_dataset(data, s) for s in SIDES if data.relations(s)}
    if given.json:
        return _print_json(
            {
                "name": data.name, "users": data.n_users, "items": data.n_items, "train": len(data.train),
                "test": len(data.test), "split": data.split, "time": data.time_kind,
                "relations": {s: g.counts().reset_index().to_dict("records") for s, g in graphs.items()},
                "notes": data.notes, "licence": data.licence, "citation": data.citation, "source": data.source,
            }
        )  # fmt: skip
    _describe(data)
    for side, graph in graphs.items():
        print(f"\n{side} graph: {graph.n_incidences:,} incidences stand for {graph.n_edges():,} directed edges")
        print(_table(graph.counts().reset_index()))
    for title, text in (("source", data.source), ("licence", data.licence), ("citation", data.citation)):
        if text:
            print(f"\n{title}: {text}")


def data_check(given: Namespace) -> None:
    """Read a data set and say whether all is well."""
    data = source(given).load().check()
    if given.json:
        return _print_json({"ok": True, "name": data.name, "users": data.n_users, "items": data.n_items,
                            "train": len(data.train), "test": len(data.test), "notes": data.notes})  # fmt: skip
    _describe(data)
    print("\nwell: every id, value and pair fits")


def _describe(data: RecDataset) -> None:
    """Sizes, split and notes."""
    print(f"{data.name}: {data.n_users:,} users, {data.n_items:,} items, {len(data.train):,} training interactions")
    ranked = "all items" if data.negatives is None else f"{data.negatives.shape[1]} sampled negatives"
    print(f"held out: {len(data.test):,} ({data.split}), ranked against {ranked}")
    for note in data.notes:
        print(f"note: {note}")


# ---- train and evaluate ---------------------------------------------------------------------------------------------


def train(given: Namespace) -> int:
    """Train, evaluate, save; alone or as one of several processes that ``torchrun`` started."""
    memory.keep()
    if given.resume:
        _nothing_but_resume(given)
        folder = Path(given.resume)
        where, config, epochs, fingerprint = runs.begun(folder)
    else:
        config = readings.ablation(readings.named(given.config), given.ablation)
        config = replace(config, seed=given.seed, device=given.device or "cpu").set(given.set)
        where, epochs, fingerprint = source(given), given.epochs, None
        folder = Path(given.out or f"runs/{where.name}-{config.name.replace(', ', '-')}-{config.seed}")
        if not given.overwrite:
            _free(folder)
    try:
        with distributed.processes(config.device):
            _known_device(distributed.device_of(config.device))
            return _train(given, where, config, epochs, folder, fingerprint)
    except distributed.LostProcess as error:
        raise RamgnnError(f"{error}; {_how_to_resume(folder)}") from error


def _train(
    given: Namespace, where: Source, config: Config, epochs: int | None, folder: Path, fingerprint: str | None
) -> int:
    """`train`, once it is clear what and where."""
    first = distributed.rank() == 0
    quiet = given.quiet or given.json or not first
    if not first:
        distributed.wait()  # the first process downloads what there is to download
    data = where.load(False if quiet else None)
    if first:
        if fingerprint is None:
            runs.begin(folder, data, config, where, epochs)
        distributed.wait()
    if fingerprint not in (None, runs.fingerprint(data)):
        raise RamgnnError(f"the data are not those that the run in {folder} was begun with; train without --resume")
    if not quiet:
        _describe(data)
    fitted = fit(data, config, epochs, progress=not quiet, checkpoints=folder / runs.CHECKPOINTS)
    if not first:
        return 130 if fitted.interrupted else 0
    found = None
    if fitted.final is not None and not given.no_test and len(data.test) and not fitted.interrupted:
        found = evaluate(fitted.final, data, given.ties)
    runs.save(folder, fitted, where, found)
    if fitted.interrupted:
        print(f"stopped during {fitted.interrupted}; {_how_to_resume(folder)}", file=sys.stderr)
        return 130
    runs.clear(folder)
    if given.json:
        report = {"run": str(folder), "seconds": fitted.seconds, "epochs": fitted.finetuned.best_epoch}
        _print_json(report | ({"metrics": _intervals(found, given.at)} if found else {}))
        return 0
    print(f"\n{config.name}, seed {config.seed}: {_stages(fitted)}")
    if found is not None:
        print(_results(found, fitted, data, given))
    print(f"\nsaved in {folder}; next: ramgnn recommend --run {folder} --user {data.user_ids[0]} -n 10")
    return 0


def _nothing_but_resume(given: Namespace) -> None:
    """Refuse settings beside --resume, which takes them from the folder."""
    from ramgnn.__main__ import parser

    plain = parser().parse_args(["train"])
    free = {"resume", "quiet", "json", "at", "ties", "no_baselines", "no_test", "debug"}
    other = [name for name in vars(plain) if name not in free and getattr(given, name) != getattr(plain, name)]
    if other:
        names = ", ".join("--" + name.replace("_", "-") for name in other)
        raise RamgnnError(f"--resume takes data and settings from the folder; leave out {names}")


def _free(folder: Path) -> None:
    """Refuse to write over a run, ended or not."""
    if runs.unfinished(folder):
        raise RamgnnError(
            f"{folder} holds a run that was stopped: continue it with --resume {folder}, or give --overwrite to begin "
            "again, or --out another folder"
        )
    if (folder / runs.RUN).exists():
        raise RamgnnError(f"{folder} holds a run already; give --overwrite to replace it, or --out another folder")


def _how_to_resume(folder: Path) -> str:
    """What to type to go on."""
    if not runs.unfinished(folder):
        return "nothing had been trained yet"
    several = os.environ.get("LOCAL_WORLD_SIZE", "1")
    start = f"torchrun --nproc-per-node {several} -m ramgnn" if several != "1" else "ramgnn"
    return f"what was reached is kept; continue with: {start} train --resume {folder}"


def _known_device(name: str) -> None:
    """Fail before any work when the device is not there."""
    try:
        torch.zeros(1, device=name)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise RamgnnError(f"cannot use the device {name!r}: {reason}; --device cpu always works") from None


def _stages(fitted: Fitted) -> str:
    """Wall time by stage."""
    parts = [f"{stage} {seconds:.0f} s" for stage, seconds in fitted.seconds.items()]
    return f"{fitted.finetuned.best_epoch} epochs; " + ", ".join(parts)


def _results(found: Evaluation, fitted: Fitted, data: RecDataset, given: Namespace) -> str:
    """The table that train prints: this run with intervals, baselines, the paper's row."""
    rows = {f"this run ({fitted.config.name})": {k: str_interval(v) for k, v in _intervals(found, given.at).items()}}
    if not given.no_baselines:
        for name, fit_baseline in FIT.items():
            try:
                own = evaluate(fit_baseline(data), data, given.ties).metrics(given.at)
            except RamgnnError as error:
                print(f"{name} is left out: {error}", file=sys.stderr)
                continue
            rows[f"{name}, measured here"] = {k: f"{v:.3f}" for k, v in own.items()}
    note = ""
    if data.name in paper.DATA and data.n_users == paper.USERS[data.name]:
        rows["RAM-GNN as printed in the paper"] = {k: f"{v:.3f}" for k, v in paper.row("RAM-GNN", data.name).items()}
    elif data.name in paper.DATA:
        note = f"\nthe paper's row is for {paper.USERS[data.name]:,} users and not for this part of the data; left out"
    columns = [f"{m}@{k}" for k in given.at for m in METRICS]
    frame = pd.DataFrame([[row.get(c, "") for c in columns] for row in rows.values()], list(rows), columns)
    text = f"\n{len(found.users):,} held-out items, ranked against {_against(found)}; ties: {found.ties}\n"
    return text + frame.to_string() + "\n[…]: 95 % bootstrap interval over users" + note


def _against(found: Evaluation) -> str:
    return "all items outside the training set" if found.candidates == "all" else found.candidates


def _intervals(found: Evaluation, ks: list[int]) -> dict[str, dict[str, float]]:
    """Value and interval of each metric."""
    return {
        r["metric"]: {k: round(r[k], 5) for k in ("value", "low", "high")} for r in found.table(ks).to_dict("records")
    }


def str_interval(x: dict[str, float]) -> str:
    """A value with its interval as text."""
    return f"{x['value']:.3f} [{x['low']:.3f}, {x['high']:.3f}]"


def evaluate_run(given: Namespace) -> None:
    """Metrics of a run, by group, and against a second run."""
    fitted = _fitted(given.run)
    data = fitted.dataset
    found = evaluate(fitted.final, data, given.ties)
    by = found.by(session_groups(data), given.at) if given.by else None
    tests = {}
    if given.compare:
        other = _fitted(given.compare)
        theirs = evaluate(other.final, other.dataset, given.ties)
        for k in given.at:
            for metric in METRICS:
                tests[f"{metric}@{k}"] = paired_test(found, theirs, metric, k)
    if given.json:
        report: dict[str, Any] = {"run": given.run, "users": len(found.users), "metrics": _intervals(found, given.at)}
        if by is not None:
            report["by"] = by.reset_index().to_dict("records")
        if tests:
            report["compare"] = {name: vars(t) for name, t in tests.items()}
        return _print_json(report)
    print(f"{given.run}: {len(found.users):,} held-out items, ranked against {_against(found)}; ties: {found.ties}")
    print(_table(found.table(given.at).round(4)))
    if by is not None:
        print("\nby time since the user's last training interaction")
        print(_table(by.round(4).reset_index()))
    if tests:
        print(f"\n{given.run} less {given.compare}, paired over users")
        for test in tests.values():
            print(test)


# ---- ask ------------------------------------------------------------------------------------------------------------


def _fitted(folder: str) -> Fitted:
    """A run that can score.

    Raises:
        RamgnnError: it was interrupted before the recommender was trained.
    """
    fitted = runs.load(folder)
    if fitted.final is None:
        raise RamgnnError(
            f"{folder} was stopped during {fitted.interrupted}, before there was a recommender; train again"
        )
    return fitted


def recommend(given: Namespace) -> None:
    """The best items for a user."""
    explainer = Explainer(_fitted(given.run))
    data = explainer.dataset
    user = find(data, "user", given.user)
    rows = []
    for place, (item, score) in enumerate(explainer.recommend(user, given.n), 1):
        row = {"rank": place, "id": data.item_ids[item], "item": data.item_labels[item], "score": round(score, 4)}
        if given.reasons:
            row["reason"] = _short(explainer.explain(user, item, 1))
        rows.append(row)
    if given.json:
        return _print_json({"user": data.user_ids[user], "items": rows})
    print(f"for user {data.user_labels[user]}, who had {len(data.history(user))} items:")
    frame = pd.DataFrame(rows)
    print(_table(frame if (frame["id"] != frame["item"]).any() else frame.drop(columns="id")))


def _short(found: Explanation) -> str:
    """One reason in a few words."""
    if found.item_reasons:
        best = found.item_reasons[0]
        return f"{best.type} {best.value}, as {best.via[0].label}"
    return f"close to {found.similar[0].label} after training" if found.similar else ""


def explain(given: Namespace) -> None:
    """Why an item for a user."""
    explainer = Explainer(_fitted(given.run))
    data = explainer.dataset
    user, item = find(data, "user", given.user), find(data, "item", given.item)
    found = explainer.explain(user, item, given.n)
    if given.json:
        return _print_json(_as_dict(found, data))
    print(f"{found.item_label} for user {found.user_label}: score {found.score:.4f}, rank {found.rank}", end="")
    print(" (in the training set already)" if found.seen else "")
    if explainer.item is None:
        print("this run has no pre-training, so no attention to give reasons from")
    elif found.item_reasons:
        print("\nshared with what the user had (attention: share of the item's neighbours through this value)")
        print("\n".join(_lines(found.item_reasons)))
    else:
        print("\nit shares no attribute value with anything the user had")
    if found.user_reasons:
        print("\nshared with people who had it (attention: share of the user's neighbours through this value)")
        print("\n".join(_lines(found.user_reasons)))
    if found.similar:
        print("\nnearest of the user's items after training (cosine)")
        for x in found.similar:
            print(f"  {x.similarity:6.3f}  {x.label}")
    print("\n* kept by the sampler as a neighbour through this value")


def _lines(reasons: tuple[Reason, ...]) -> list[str]:
    """One line per reason."""
    width = max(len(f"{r.type}: {r.value}") for r in reasons)
    return [
        f"  {r.attention:6.3f}  {r.type + ': ' + r.value:<{width}}  "
        + "; ".join(f"{'* ' if x.kept else ''}{x.label}" for x in r.via)
        for r in reasons
    ]


def _as_dict(found: Explanation, data: RecDataset) -> dict[str, Any]:
    """An explanation as plain values with ids."""

    def plain(reasons: tuple[Reason, ...], ids: tuple[str, ...]) -> list[dict[str, Any]]:
        return [
            {"type": r.type, "value": r.value, "attention": round(r.attention, 6),
             "via": [{"id": ids[x.node], "label": x.label, "kept": x.kept, "similarity": round(x.similarity, 6)}
                     for x in r.via]}
            for r in reasons
        ]  # fmt: skip

    return {
        "user": data.user_ids[found.user], "item": data.item_ids[found.item], "title": found.item_label,
        "score": found.score, "rank": found.rank, "seen": found.seen,
        "item_reasons": plain(found.item_reasons, data.item_ids),
        "user_reasons": plain(found.user_reasons, data.user_ids),
        "similar": [{"id": data.item_ids[x.node], "label": x.label, "similarity": round(x.similarity, 6)}
                    for x in found.similar],
    }  # fmt: skip


def neighbors(given: Namespace) -> None:
    """The neighbours that the sampler keeps."""
    explainer = Explainer(_fitted(given.run))
    data = explainer.dataset
    side = "item" if given.item is not None else "user"
    node = find(data, side, getattr(given, side))
    pretrained = explainer.fitted.pretrained(side)
    if pretrained is None:
        raise RamgnnError(f"this run has no pre-training on the {side} graph, so no neighbours were sampled")
    ids, labels = getattr(data, f"{side}_ids"), getattr(data, f"{side}_labels")
    rows = [
        {"id": ids[j], "neighbour": labels[j], "type": t, "value": v, "attention": round(a, 4), "distance": round(d, 4)}
        for j, t, v, a, d in explainer.neighbours(side, node)
    ]
    thresholds = dict(zip(pretrained.types, pretrained.k, strict=True))
    degree = {t: int(pretrained.graph.degrees(t)[node]) for t in pretrained.types}
    if given.json:
        return _print_json({"node": ids[node], "thresholds": thresholds, "neighbours": degree, "kept": rows[: given.n]})
    print(f"{labels[node]}: kept of all neighbours by type")
    for t in pretrained.types:
        kept = sum(row["type"] == t for row in rows)
        print(f"  {t:<12} {kept:>5} of {degree[t]:>6}   k = {thresholds[t]}")
    if rows:
        frame = pd.DataFrame(rows[: given.n])
        print(_table(frame if (frame["id"] != frame["neighbour"]).any() else frame.drop(columns="id")))
        if len(rows) > given.n:
            print(f"… and {len(rows) - given.n} more (-n {len(rows)})")


def show_readings(given: Namespace) -> None:
    """The readings."""
    table = readings.table()
    if given.json:
        return _print_json(table.reset_index().to_dict("records"))
    for r in readings.READINGS:
        row = table.loc[r.id]
        print(f"{r.id:<4} {r.place}: {r.printed}")
        print(f"     {r.problem}")
        for choice, meaning in r.choices.items():
            marks = [name for name in readings.CONFIGS if row[name] == choice]
            print(
                f"     {(r.setting + '=' if r.setting else '') + choice}: {meaning}"
                + (f"  ← {', '.join(marks)}" if marks else "")
            )
        print()


# ---- printing -------------------------------------------------------------------------------------------------------


def run_experiments(given: Namespace) -> int | None:
    """``ramgnn run``."""
    from ramgnn.experiments import command  # imports every baseline, which no other command needs

    return command.run(given)


def show_results(given: Namespace) -> int | None:
    """``ramgnn results``."""
    from ramgnn.experiments import command

    return command.results(given)


def _table(frame: pd.DataFrame) -> str:
    """A frame as text: thousands separated, text columns to the left."""
    shown = frame.copy()
    for name in shown:
        if pd.api.types.is_integer_dtype(shown[name]):
            shown[name] = [f"{x:,}" for x in shown[name]]
        elif not pd.api.types.is_numeric_dtype(shown[name]) and shown[name].dtype != bool:
            width = max([len(str(name)), *[len(str(x)) for x in shown[name]]])
            shown[name] = [str(x).ljust(width) for x in shown[name]]
            shown = shown.rename(columns={name: str(name).ljust(width)})
    return shown.to_string(index=False)


def _print_json(content: Any) -> None:
    print(json.dumps(content, ensure_ascii=False, indent=1, default=_jsonable))


def _jsonable(x: Any) -> Any:
    """numpy and torch scalars as plain numbers."""
    if hasattr(x, "item"):
        return x.item()
    raise TypeError(f"cannot write {type(x).__name__} as JSON")


COMMANDS = {
    "data_list": data_list, "data_info": data_info, "data_check": data_check, "train": train,
    "evaluate": evaluate_run, "recommend": recommend, "explain": explain, "neighbors": neighbors,
    "readings": show_readings, "run": run_experiments, "results": show_results,
}  # fmt: skip
