"""Every outside check, and the settings of both sides of those that are computed at once.

What differs between the two sides is said beside the settings, in words.
"""

from __future__ import annotations

from ramgnn.experiments.outside import cornac, implicit, lenskit, lineup_encoders, lineup_trained, recbole
from ramgnn.experiments.outside.check import Check

MODULES = {  # what each library is imported by
    "recbole": "recbole", "implicit": "implicit", "cornac": "cornac", "lenskit": "lenskit",
    "torch-geometric": "torch_geometric", "pykeen": "pykeen",
}  # fmt: skip


def closed_forms() -> list[Check]:
    """What is computed at once."""
    once = {"kind": "closed form", "seeds": (0,)}
    k, shrink, l2 = 33, 1.0, 100.0
    direction = (
        "k neighbours are kept of each item that a user has had, as in the model of Deshpande and Karypis; ours, like "
        "RecBole, keeps the k items most similar to each candidate"
    )
    return [
        Check(baseline="popularity", library="recbole", fit=recbole.popularity, **once),
        Check(baseline="popularity", library="cornac", fit=cornac.popularity, **once),
        Check(baseline="popularity", library="lenskit", fit=lenskit.fit, theirs={"score": "count"}, **once),
        Check(
            baseline="ease", library="recbole", fit=recbole.ease, settings={"l2": l2}, theirs={"reg_weight": l2},
            differences=("single precision throughout; ours inverts in double precision",), **once,
        ),
        Check(
            baseline="ease", library="cornac", fit=cornac.ease, settings={"l2": l2},
            theirs={"lamb": l2, "posB": False},
            differences=("by default Cornac sets negative weights to zero (posB), which the paper does not; off here",),
            **once,
        ),
        Check(
            baseline="ease", library="lenskit", fit=lenskit.fit, settings={"l2": l2}, theirs={"regularization": l2},
            differences=("single precision throughout; ours inverts in double precision",), **once,
        ),
        Check(
            baseline="itemknn", library="recbole", fit=recbole.itemknn, settings={"k": k, "shrink": shrink},
            theirs={"k": k, "shrink": shrink, "knn_method": "item"},
            differences=(
                "1e-6 is added to each denominator", "of equal similarities at the end of a list others may be kept",
            ),
            **once,
        ),
        Check(
            baseline="itemknn", library="implicit", fit=implicit.itemknn, settings={"k": k}, theirs={"K": k + 1},
            differences=("an item is its own first neighbour, so K is one more", direction, "it has no shrinkage"),
            **once,
        ),
        Check(
            baseline="itemknn", library="implicit", variant="transposed", fit=implicit.itemknn, settings={"k": k},
            theirs={"K": k + 1, "transposed": True},
            differences=(
                "an item is its own first neighbour, so K is one more",
                "its table is transposed before it is summed, so that both keep neighbours of the candidates",
                "of equal similarities at the end of a list it keeps others: neighbours that differ do so among equals",
                "it has no shrinkage",
            ),
            **once,
        ),
        Check(
            baseline="itemknn", library="implicit", variant="all", fit=implicit.itemknn, settings={"k": 10**6},
            theirs={"K": 2000}, differences=("no neighbour is left out on either side", "it has no shrinkage"), **once,
        ),
        Check(
            baseline="itemknn", library="lenskit", fit=lenskit.fit, settings={"k": 10**6},
            theirs={"feedback": "implicit", "max_nbrs": 10**6},
            differences=("no neighbour is left out on either side: LensKit's limits are others", "it has no shrinkage"),
            **once,
        ),
        Check(
            baseline="als", library="lenskit", fit=lenskit.fit,
            settings={"factors": 64, "regularization": 10.0, "confidence": 2.0, "iterations": 15},
            theirs={"embedding_size": 64, "regularization": 10.0, "weight": 1.0, "epochs": 15,
                    "user_embeddings": "prefer"},
            differences=(
                "weight is what is added to a confidence of 1, so 1 is our confidence 2",
                "other start values: the objective is the same, where it is left after 15 rounds is not",
            ),
        ),
    ]  # fmt: skip


def checks() -> list[Check]:
    """Every check, closed forms first."""
    return [*closed_forms(), *lineup_trained.checks(), *lineup_encoders.checks()]
