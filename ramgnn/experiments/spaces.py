"""What is tuned, and within which bounds: every search space in one place, so that a reader can judge if it is fair.

Every model gets the same sampler, the same first trial (its settings as published or, where nothing was published, its
defaults here) and the same number of trials, unless ``--trials`` asked for more of some. What is not listed stays at
the default that the model's module states.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Real:
    """A number from `low` to `high`; uniform in its logarithm with `log`."""

    low: float
    high: float
    log: bool = True

    def distribution(self) -> Any:
        """The same for Optuna."""
        from optuna.distributions import FloatDistribution

        return FloatDistribution(self.low, self.high, log=self.log)

    def holds(self, value: Any) -> bool:
        """Whether a value lies within the bounds."""
        return isinstance(value, int | float) and self.low <= value <= self.high

    def __str__(self) -> str:
        return f"{self.low:g} to {self.high:g}" + (", log" if self.log else "")


@dataclass(frozen=True)
class Whole:
    """A whole number from `low` to `high`, both included; uniform in its logarithm with `log`."""

    low: int
    high: int
    log: bool = False

    def distribution(self) -> Any:
        """The same for Optuna."""
        from optuna.distributions import IntDistribution

        return IntDistribution(self.low, self.high, log=self.log)

    def holds(self, value: Any) -> bool:
        """Whether a value lies within the bounds."""
        return isinstance(value, int) and self.low <= value <= self.high

    def __str__(self) -> str:
        return f"{self.low} to {self.high}" + (", log" if self.log else "")


@dataclass(frozen=True)
class One:
    """One of several values."""

    of: tuple[Any, ...]

    def distribution(self) -> Any:
        """The same for Optuna."""
        from optuna.distributions import CategoricalDistribution

        return CategoricalDistribution(self.of)

    def holds(self, value: Any) -> bool:
        """Whether a value is among them."""
        return value in self.of

    def __str__(self) -> str:
        return " or ".join(map(str, self.of))


Space = dict[str, Real | Whole | One]

# ---- the recommender on top of every encoder, ours and the five others --------------------------------------------

RECOMMENDER: Space = {
    "finetune.lr": Real(0.001, 0.02),
    "finetune.l2": Real(0.001, 0.1),
    "finetune.layers": Whole(1, 3),
    "finetune.temperature": Real(0.1, 1.0),
    "finetune.edge_dropout": Real(0.0, 0.6, log=False),
}

ENCODER: Space = {  # the same four for RAM-GNN and for each of the five encoders in its place
    "lr": Real(0.002, 0.05),
    "weight_decay": Real(0.001, 1.0),
    "layers": Whole(1, 2),
    "negatives": Whole(1, 10, log=True),
}

# ---- the letter of the paper: what it leaves open, and nothing that it says ----------------------------------------

AS_PRINTED: Space = {
    "pretrain.lr": Real(0.001, 0.05),
    "pretrain.weight_decay": Real(1e-6, 1.0),
    "pretrain.negatives": Whole(1, 10, log=True),
    "pretrain.epochs": One((25, 50, 100, 200)),
    "finetune.lr": Real(0.0005, 0.02),
    "finetune.l2": Real(1e-6, 0.1),
    "finetune.batch": One((1024, 2048, 4096)),
    "finetune.scale": Real(0.02, 0.5),
}

LIGHTGCN_SOFTMAX: Space = {
    "lr": Real(0.0003, 0.02),
    "l2": Real(1e-6, 1e-1),
    "layers": Whole(1, 4),
    "batch": One((32, 64, 128)),
    "temperature": Real(0.1, 1.0),
}

SEQUENCES: Space = {
    "lr": Real(0.0005, 0.01),
    "dropout": Real(0.1, 0.6, log=False),
    "length": One((20, 50, 100)),
    "layers": Whole(1, 2),
    "batch": One((32, 64, 128)),
}

IN_TIME: Space = {
    "temporal.lr": Real(0.001, 0.01),
    "temporal.dropout": Real(0.1, 0.6, log=False),
    "temporal.item_dropout": Real(0.0, 0.5, log=False),
    "temporal.memories": Whole(2, 8),
    "temporal.batch": One((128, 256, 512)),
    "temporal.share": Real(0.3, 0.9, log=False),
}

SPACES: dict[str, Space] = {
    "in time": IN_TIME,
    "as printed": AS_PRINTED,
    "ram-gnn": {f"pretrain.{name}": x for name, x in ENCODER.items()} | RECOMMENDER,
    "encoder": {f"encoder.{name}": x for name, x in ENCODER.items()} | RECOMMENDER,
    "mf": {"lr": Real(0.005, 0.2), "l2": Real(1e-5, 0.1), "batch": One((256, 512, 2048)), "std": Real(0.005, 0.1)},
    "fm": {"lr": Real(0.0003, 0.01), "l2": Real(1e-7, 1e-3), "batch": One((1024, 2048)), "std": Real(0.005, 0.1)},
    "nfm": {
        "lr": Real(0.005, 0.2),
        "l2": Real(1e-7, 1e-3),
        "pool_dropout": Real(0.0, 0.6, log=False),
        "hidden_dropout": Real(0.0, 0.6, log=False),
        "norm": One((True, False)),
        "batch": One((1024, 2048)),
    },
    "fism": {
        "lr": Real(0.005, 0.2),
        "l2": Real(1e-5, 0.1),
        "alpha": Real(0.0, 1.0, log=False),
        "users": Whole(1, 16, log=True),
        "std": Real(0.005, 0.1),
    },
    "cke": {
        "lr": Real(0.0003, 0.01),
        "l2": Real(1e-6, 1e-2),
        "graph_weight": Real(0.01, 2.0),
        "relation_dim": One((16, 32, 64)),
        "batch": One((1024, 2048)),
    },
    "lightgcn": {
        "lr": Real(0.0003, 0.02),
        "l2": Real(1e-6, 1e-1),
        "layers": Whole(1, 4),
        "batch": One((1024, 2048, 4096)),
    },
    "lightgcn softmax": LIGHTGCN_SOFTMAX,
    "lightgcn softmax dropout": LIGHTGCN_SOFTMAX | {"edge_dropout": Real(0.0, 0.6, log=False)},
    "kgpolicy": {
        "lr": Real(0.0001, 0.005),
        "sampler_lr": Real(0.0001, 0.005),
        "l2": Real(1e-6, 1e-2),
        "pretrain_epochs": Whole(10, 50),
        "keep": Whole(1, 8),
    },
    "rcf": {
        "lr": Real(0.005, 0.1),
        "l2": Real(1e-7, 1e-2),
        "dropout": Real(0.0, 0.6, log=False),
        "relation_weight": Real(0.001, 0.1),
        "alpha": Real(0.25, 1.0, log=False),
    },
    "sasrec": SEQUENCES,
    "sasrec sets": SEQUENCES | {"batch": One((128, 256, 512))},  # of events, which are single steps of a sequence
    "gru4rec": SEQUENCES,
    "popularity": {},
    "popularity recent": {"half_life": Real(0.5, 200.0)},
    "itemknn": {"k": Whole(10, 500, log=True), "shrink": Real(0.01, 100.0)},
    "itemknn recent": {"k": Whole(10, 500, log=True), "shrink": Real(0.01, 100.0), "half_life": Real(0.5, 50.0)},
    "ease": {"l2": Real(10, 2000)},
    "ease recent": {"l2": Real(10, 2000), "reach": Real(1.0, 200.0), "half_life": Real(0.5, 50.0)},
    "als": {
        "factors": Whole(16, 128, log=True),
        "regularization": Real(0.1, 100.0),
        "confidence": Real(0.5, 50.0),
        "iterations": Whole(5, 30),
    },
}
