"""The outside checks of models that are trained, but for encoders: settings of both sides, and what differs, in words.

Settings are close to what validation chose for the baseline, and such that the library has one for each of them; epochs
are as many as make a run of a minute or two.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ramgnn.datasets.base import RecDataset
from ramgnn.experiments.outside import cornac, pyg, recbole, recbole_features, recbole_more
from ramgnn.experiments.outside.check import Check

OWN_LOOP = "RecBole's model and loss; its files, splits and loaders are left out, and its training loop is written anew"
DRAWS = "other draws: start values, order and negatives"


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
                "mind the scale of a loss", "Xavier's start values, about as large as ours here",
                "Adagrad starts from 0, ours from 1e-8",
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
    relu = (
        "with ReLU, ours and the authors', put in place of the logistic function that RecBole has in its hidden layer"
    )
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
            baseline="sasrec", library="recbole", fit=recbole_more.sasrec, settings=sasrec, epochs=10,
            narrow=last_twenty_five,
            theirs={"hidden_size": 64, "inner_size": 64, "n_layers": 1, "n_heads": 1, "hidden_dropout_prob": 0.3,
                    "attn_dropout_prob": 0.3, "hidden_act": "relu", "layer_norm_eps": 1e-5, "initializer_range": 0.125,
                    "loss_type": "CE", "MAX_ITEM_LIST_LENGTH": 10, "learner": "adam", "learning_rate": 0.002,
                    "train_batch_size": 512},
            differences=(
                OWN_LOOP, DRAWS,
                "on the last 25 items of each user, for time: RecBole runs its network once for each target",
                "every beginning of a history is a sample of its own, with up to 10 items before each target; ours "
                "cuts a history into pieces of 10 and predicts at every place",
                "layers are normalised after each block, ours before",
                "item vectors are not multiplied by the root of d",
                "512 targets in a step; ours has 64 pieces of up to 10",
            ),
        ),
    ]  # fmt: skip
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
                "plain gradient steps, one pair at a time; ours takes Adagrad's on batches, so rates cannot be alike",
                "the penalty is on the rows of a pair", "pairs are drawn with replacement",
            ),
        ),
    ]  # fmt: skip


def checks() -> list[Check]:
    """All of these."""
    return [*pairs(), *more_of_lightgcn(), *with_attributes()]
