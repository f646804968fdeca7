"""The outside checks of encoders: settings of both sides, and what differs, in words."""

from __future__ import annotations

from ramgnn.experiments.outside import encoders, pyg, pykeen
from ramgnn.experiments.outside.check import Check

DRAWS = "other draws: start values of the layers, and all that follows"


def checks() -> list[Check]:
    """The layers of PyTorch Geometric and PyKEEN in place of ours."""
    found = []
    finetuning = {
        "finetune.lr": 0.008, "finetune.l2": 2e-3, "finetune.layers": 2, "finetune.temperature": 0.2,
        "finetune.edge_dropout": 0.2,
    }  # fmt: skip
    shared = {"encoder.lr": 0.01, "encoder.weight_decay": 0.05, "encoder.layers": 2, "encoder.epochs": 10}
    few = "on directors and actors, ages and occupations, whose edges can be listed"
    more = (
        "on directors, actors and years; embeddings in double precision, items ranked by what a user's items are like"
    )
    place = "PyTorch Geometric's layers in our encoder: the same start table, loss, steps and recommender"
    own = {
        "gcn": ("torch-geometric", pyg.encoder, {}, ("one relation type, that with most edges",)),
        "rgcn": ("torch-geometric", pyg.encoder, {"encoder.dropout": 0.0}, ("dropout is 0: the layer has none",)),
        "compgcn": ("pykeen", pykeen.compgcn, {}, (
            "a matrix for each direction of an edge, where ours has one; dropout and normalisation of each direction",
            "a bias before batch normalisation, which does nothing",
        )),
    }  # fmt: skip
    for name, (library, run, change, differences) in own.items():
        settings = finetuning | shared | change
        words = place.replace("PyTorch Geometric", "PyKEEN") if library == "pykeen" else place
        for composition in ("sub", "corr") if name == "compgcn" else ("",):
            chosen = settings | ({"encoder.composition": composition} if composition else {})
            found.append(
                Check(
                    baseline=name,
                    library=library,
                    kind="weights",
                    seeds=(0,),
                    settings=chosen,
                    fit=run,
                    variant=" ".join(x for x in ("weights", composition) if x),
                    narrow=encoders.more_edges,
                    ours=encoders.our_encoder,
                    differences=(more,),
                )
            )
        found.append(
            Check(
                baseline=name, library=library, settings=settings, epochs=20, narrow=encoders.few_edges, fit=run,
                ours=encoders.ours, differences=(words, few, DRAWS, *differences),
            )
        )  # fmt: skip
    return found
