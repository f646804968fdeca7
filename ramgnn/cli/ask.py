"""Questions to a saved run: ``ramgnn similar``, ``explain`` and ``neighbors``."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING, Any

import pandas as pd

from ramgnn.cli.printing import item_rows, items_table, print_json, table_without_ids
from ramgnn.cli.saved import load_model
from ramgnn.datasets.base import RecDataset
from ramgnn.errors import RamgnnError
from ramgnn.matching import find, indices, told_apart
from ramgnn.visible import visible

if TYPE_CHECKING:
    from ramgnn.explanation import Explanation, Reason

# ---- similar ---------------------------------------------------------------------------------------------------------


def similar(args: Namespace) -> None:
    """The items that are closest to one item after training."""
    model = load_model(args.run, reasons=False)
    dataset = model.dataset
    item = find(dataset, "item", args.item)
    frame = model.similar_items(dataset.item_ids[item], n=args.n)
    rows = item_rows(frame, "similarity")
    if args.json:
        return print_json({"item": dataset.item_ids[item], "title": dataset.item_labels[item], "items": rows})
    print(f"closest to {visible(told_apart(dataset, 'item')[item])} after training:")
    print(items_table(rows))


# ---- explain ---------------------------------------------------------------------------------------------------------


def explain(args: Namespace) -> None:
    """Why an item for a user, or for somebody new."""
    model = load_model(args.run)
    dataset = model.dataset
    if args.had:
        whom: dict[str, Any] = {"had": [dataset.item_ids[i] for i in indices(dataset, "item", args.had)]}
    else:
        whom = {"user": dataset.user_ids[find(dataset, "user", args.user)]}
    explanation = model.explain(item=dataset.item_ids[find(dataset, "item", args.item)], n=args.n, **whom)
    if args.json:
        return print_json(whom | _as_dict(explanation, dataset))
    print(explanation)


def _as_dict(explanation: Explanation, dataset: RecDataset) -> dict[str, Any]:
    """An explanation as plain values with ids."""

    def plain(reasons: tuple[Reason, ...], ids: tuple[str, ...]) -> list[dict[str, Any]]:
        return [
            {
                "type": r.type,
                "value": r.value,
                "attention": round(r.attention, 6),
                "via": [
                    {"id": ids[v.node], "label": v.label, "kept": v.sampled, "similarity": round(v.similarity, 6)}
                    for v in r.via
                ],
            }
            for r in reasons
        ]

    return {
        "item": dataset.item_ids[explanation.item],
        "title": explanation.item_label,
        "score": explanation.score,
        "rank": explanation.rank,
        "seen": explanation.seen,
        "leads": [
            {
                "words": lead.words,
                "id": dataset.item_ids[lead.node],
                "label": lead.label,
                "points": round(lead.points, 6),
                "shared": list(lead.shared),
            }
            for lead in explanation.leads
        ],
        "rest": {name: round(points, 6) for name, points in explanation.rest.items()},
        "item_reasons": plain(explanation.item_reasons, dataset.item_ids),
        "user_reasons": plain(explanation.user_reasons, dataset.user_ids),
        "similar": [
            {"id": dataset.item_ids[v.node], "label": v.label, "similarity": round(v.similarity, 6)}
            for v in explanation.similar
        ],
    }


# ---- neighbors -------------------------------------------------------------------------------------------------------


def neighbors(args: Namespace) -> None:
    """The neighbours that the sampler keeps."""
    model = load_model(args.run)
    from ramgnn.trained import Fitted  # with it comes PyTorch, for which `similar` need not wait

    if not isinstance(model, Fitted):
        raise RamgnnError(f"{model.name} samples no neighbours, so there are none to show; RAM-GNN has them")
    dataset = model.dataset
    side = "item" if args.item is not None else "user"
    node = find(dataset, side, getattr(args, side))
    pretrained = model.pretrained(side)
    if pretrained is None:
        raise RamgnnError(f"this run has no pre-training on the {side} graph, so no neighbours were sampled")
    ids, labels = getattr(dataset, f"{side}_ids"), getattr(dataset, f"{side}_labels")
    rows = [
        {
            "id": ids[neighbor],
            "neighbour": labels[neighbor],
            "type": relation_type,
            "value": value,
            "attention": round(attention, 4),
            "distance": round(distance, 4),
        }
        for neighbor, relation_type, value, attention, distance in model.explainer.neighbours(side, node)
    ]
    thresholds = dict(zip(pretrained.types, pretrained.k, strict=True))
    degrees = {t: int(pretrained.graph.degrees(t)[node]) for t in pretrained.types}
    if args.json:
        return print_json({"node": ids[node], "thresholds": thresholds, "neighbours": degrees, "kept": rows[: args.n]})
    print(f"{visible(told_apart(dataset, side)[node])}: kept of all neighbours by type")
    for relation_type in pretrained.types:
        name, k = visible(relation_type), thresholds[relation_type]
        n_kept = sum(row["type"] == relation_type for row in rows)
        print(f"  {name:<12} {n_kept:>5} of {degrees[relation_type]:>6}   k = {k}")
    if rows:
        print(table_without_ids(pd.DataFrame(rows[: args.n]), "neighbour"))
        if len(rows) > args.n:
            print(f"… and {len(rows) - args.n} more (-n {len(rows)})")
