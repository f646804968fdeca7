"""Every outside check, with the settings of both sides. What differs between the two is said here, in words.

Where a baseline was tuned, its settings are close to what validation chose for it, and so that the library has a
setting for each of them.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ramgnn.datasets.base import RecDataset
from ramgnn.experiments.outside import (
    cornac, encoders, implicit, lenskit, pyg, pykeen, recbole, recbole_features, recbole_more,
)  # fmt: skip
from ramgnn.experiments.outside.check import Check

MODULES = {  # what each library is imported by
    "recbole": "recbole", "implicit": "implicit", "cornac": "cornac", "lenskit": "lenskit",
    "torch-geometric": "torch_geometric", "pykeen": "pykeen",
}  # fmt: skip

OWN_LOOP = "RecBole's model and loss; its files, splits and loaders are left out, and its training loop is written anew"
DRAWS = "other draws: start values, order and negatives"


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
            differences=("1e-6 is added to each denominator", "of equal similarities at the end of a list others may be kept"),
            **once,
        ),
        Check(
            baseline="itemknn", library="implicit", fit=implicit.itemknn, settings={"k": k}, theirs={"K": k + 1},
            differences=("an item is its own first neighbour, so K is one more", direction, "it has no shrinkage"), **once,
        ),
        Check(
            baseline="itemknn", library="implicit", variant="transposed", fit=implicit.itemknn, settings={"k": k},
            theirs={"K": k + 1, "transposed": True},
            differences=(
                "an item is its own first neighbour, so K is one more",
                "its table is transposed before it is summed, so that both keep neighbours of the candidates",
                "of equal similarities at the end of a list it keeps others: all neighbours that differ do so among equals",
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
            theirs={"embedding_size": 64, "regularization": 10.0, "weight": 1.0, "epochs": 15, "user_embeddings": "prefer"},
            differences=(
                "weight is what is added to a confidence of 1, so 1 is our confidence 2",
                "start values are squares of normal numbers of a hundredth, ours those of the implicit package",
                "in a step it may solve for items first",
            ),
        ),
    ]  # fmt: skip


def last_items(view: RecDataset, n: int) -> RecDataset:
    """The data with each user's last n training items; the earlier ones are as good as seen, and not ranked."""
    users = view.train["user"].to_numpy()
    before = np.cumsum(np.bincount(users, minlength=view.n_users))[users] - np.arange(len(users))
    kept = before <= n
    earlier = view.train.loc[~kept, ["user", "item"]].to_numpy(np.int32)
    return replace(view, train=view.train[kept].reset_index(drop=True), seen=np.concatenate([view.seen, earlier]))


def last_fifty(view: RecDataset) -> RecDataset:
    """Each user's last 50."""
    return last_items(view, 50)


def last_twenty_five(view: RecDataset) -> RecDataset:
    """Each user's last 25."""
    return last_items(view, 25)


def pairs() -> list[Check]:
    """RecBole's models without attributes."""
    mf = {"dim": 64, "lr": 0.05, "l2": 1e-3, "batch": 256, "std": 0.04}
    lightgcn = {"dim": 64, "layers": 3, "lr": 0.01, "l2": 3e-4, "batch": 2048}
    fism = {"dim": 64, "alpha": 0.5, "lr": 0.1, "l2": 0.0, "targets": 80, "users": 8, "std": 0.01}
    theirs_fism = {
        "embedding_size": 64,
        "alpha": 0.5,
        "learner": "adagrad",
        "learning_rate": 0.1,
        "reg_weights": [0.0, 0.0],
        "split_to": 0,
        "train_batch_size": 1024,
    }
    fifty = "on the last 50 items of each user: RecBole makes each user's history as long as the longest"
    faults = (
        "a logistic function of the score is taken once in the model and once more in its loss, and none when it ranks",
        "the item is not taken out of the history that it is predicted from",
        "the loss is the cross-entropy of single interactions; ours is BPR",
        "biases of users and items; ours has none",
        "a step has so many interactions of anybody; ours has all targets of some users",
    )
    return [
        Check(
            baseline="mf", library="recbole", fit=recbole.bpr, settings=mf, epochs=24,
            theirs={"embedding_size": 64, "learner": "adagrad", "learning_rate": 0.05,
                    "weight_decay": 1e-3 / 256, "train_batch_size": 256},
            differences=(
                OWN_LOOP, DRAWS,
                "the loss is a mean over the batch and ours a sum, so our l2 is divided by the batch; Adagrad does not "
                "mind the scale of a loss", "Xavier's start values, about as large as ours here", "Adagrad starts from 0, ours from 1e-8",
            ),
        ),
        Check(
            baseline="lightgcn", library="recbole", fit=recbole.lightgcn, settings=lightgcn, epochs=10,
            theirs={"embedding_size": 64, "n_layers": 3, "learner": "adam", "learning_rate": 0.01, "reg_weight": 3e-4,
                    "require_pow": True, "train_batch_size": 2048},
            differences=(
                OWN_LOOP, DRAWS, "Xavier's uniform start values; ours are normal with .1, as the authors'",
                "it calls a method of SciPy's that is gone since version 1.13, put back here",
                "by default it penalises norms that are not squared; require_pow squares them, as the paper does",
            ),
        ),
        Check(
            baseline="fism", library="recbole", variant="weights", kind="weights", seeds=(0,), fit=recbole.fism,
            settings=fism, theirs=theirs_fism, epochs=12, narrow=last_fifty, differences=(fifty, "its biases are 0"),
        ),
        Check(
            baseline="fism", library="recbole", fit=recbole.fism, settings=fism, theirs=theirs_fism, epochs=12,
            narrow=last_fifty, differences=(OWN_LOOP, fifty, *faults),
        ),
    ]  # fmt: skip


def with_attributes() -> list[Check]:
    """RecBole's models that read attributes or sequences."""
    fm = {"dim": 64, "lr": 0.005, "l2": 2.5e-7, "batch": 1024, "std": 0.026}
    nfm = {"dim": 64, "hidden": 64, "lr": 0.024, "l2": 6e-5, "pool_dropout": 0.16, "hidden_dropout": 0.0,
           "batch": 1024, "std": 0.026}  # fmt: skip
    theirs_fm = {"embedding_size": 64, "learner": "adam", "learning_rate": 0.005, "weight_decay": 2.5e-7,
                 "train_batch_size": 2048}  # fmt: skip
    theirs_nfm = {
        "embedding_size": 64, "mlp_hidden_size": [64], "dropout_prob": 0.16, "learner": "adagrad",
        "learning_rate": 0.024, "weight_decay": 6e-5, "train_batch_size": 2048,
    }  # fmt: skip
    features = (
        "on the attributes that have one value a node (year; age, gender, occupation): RecBole averages several values"
    )
    entropy = "the loss is the cross-entropy of single interactions; ours is BPR"
    ours = "trained with our loss in place of the cross-entropy"
    relu = "with ReLU put in place of the logistic function that RecBole has fixed in its hidden layer; ours and the authors' is ReLU"
    found = []
    for name, settings, theirs, epochs in (("fm", fm, theirs_fm, 10), ("nfm", nfm, theirs_nfm, 8)):
        change = {"activation": "relu"} if name == "nfm" else {}
        own = {"activation": "sigmoid"} if name == "nfm" else {}
        more = (relu,) if name == "nfm" else ("ours leaves out what is the same for all items of a user",)
        sigmoid = ("its hidden layer has a logistic function, ours ReLU, as the authors'",) if name == "nfm" else ()
        both = {"baseline": name, "library": "recbole", "fit": recbole_features.fit, "settings": settings,
                "epochs": epochs, "narrow": recbole_features.single_valued}  # fmt: skip
        found += [
            Check(
                **both, variant="weights", kind="weights", seeds=(0,), theirs=theirs | change | {"loss": "none"},
                differences=(features, *more),
            ),
            Check(
                **both, variant="bpr", theirs=theirs | change | {"loss": "bpr"},
                differences=(OWN_LOOP, DRAWS, features, ours, *more),
            ),
            Check(**both, theirs=theirs | own | {"loss": "own"}, differences=(OWN_LOOP, features, entropy, *sigmoid)),
        ]  # fmt: skip
    cke = {"dim": 64, "relation_dim": 64, "lr": 0.0047, "l2": 0.0, "graph_weight": 1.0, "batch": 2048}
    sasrec = {"dim": 64, "layers": 1, "heads": 1, "length": 10, "dropout": 0.3, "lr": 0.002, "batch": 64}
    found += [
        Check(
            baseline="cke", library="recbole", fit=recbole_more.cke, settings=cke, epochs=10,
            theirs={"embedding_size": 64, "kg_embedding_size": 64, "reg_weights": [0.0, 0.0], "learner": "adam",
                    "learning_rate": 0.0047, "train_batch_size": 2048},
            differences=(
                OWN_LOOP, DRAWS, "as many triples as pairs in a step; ours takes each triple once an epoch",
                "a corrupted tail is any entity, items too; ours is a value of the same type",
                "matrices of relations start as Xavier's; ours near the identity",
                "its penalty is of norms that are not squared, so both have none here",
            ),
        ),
        Check(
            baseline="sasrec", library="recbole", fit=recbole_more.sasrec, settings=sasrec, epochs=10, narrow=last_twenty_five,
            theirs={"hidden_size": 64, "inner_size": 64, "n_layers": 1, "n_heads": 1, "hidden_dropout_prob": 0.3,
                    "attn_dropout_prob": 0.3, "hidden_act": "relu", "layer_norm_eps": 1e-5, "initializer_range": 0.125,
                    "loss_type": "CE", "MAX_ITEM_LIST_LENGTH": 10, "learner": "adam", "learning_rate": 0.002,
                    "train_batch_size": 512},
            differences=(
                OWN_LOOP, DRAWS, "on the last 25 items of each user, for time: RecBole runs its network once for each target",
                "every beginning of a history is a sample of its own, with up to 10 items before each target; ours cuts a "
                "history into pieces of 10 and predicts at every place",
                "layers are normalised after each block, ours before", "item vectors are not multiplied by the root of d",
                "512 targets in a step; ours has 64 pieces of up to 10",
            ),
        ),
    ]  # fmt: skip
    return found


def of_encoders() -> list[Check]:
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


def more_of_lightgcn() -> list[Check]:
    """LightGCN once more, and BPR by another optimiser."""
    return [
        Check(
            baseline="lightgcn", library="torch-geometric", variant="weights", kind="weights", seeds=(0,),
            fit=pyg.lightgcn, epochs=10, settings={"dim": 64, "layers": 3, "lr": 0.01, "l2": 3e-4, "batch": 2048},
            theirs={"embedding_dim": 64, "num_layers": 3},
        ),
        Check(
            baseline="mf", library="cornac", fit=cornac.bpr, epochs=60,
            settings={"dim": 64, "lr": 0.05, "l2": 1e-3, "batch": 256, "std": 0.04, "epochs": 24},
            theirs={"k": 64, "learning_rate": 0.05, "lambda_reg": 0.01, "use_bias": False},
            differences=(
                "plain gradient steps, one pair at a time; ours takes Adagrad's on batches, so rates cannot be the same",
                "the penalty is on the rows of a pair", "pairs are drawn with replacement",
            ),
        ),
    ]  # fmt: skip


def checks() -> list[Check]:
    """Every check, closed forms first."""
    return [*closed_forms(), *pairs(), *more_of_lightgcn(), *of_encoders(), *with_attributes()]
