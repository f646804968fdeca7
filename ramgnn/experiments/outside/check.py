"""What one outside check is: a baseline of ours, a library's implementation of it, and how far apart the two may be.

The tolerances are stated here, before anything is run. Both sides learn from the same interactions, with the same
settings as far as the library has them, and are ranked by `ramgnn.evaluation`, so only the model differs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module, metadata
from math import sqrt
from types import ModuleType
from typing import Any

import numpy as np

from ramgnn.baselines import registry
from ramgnn.baselines.fitted import fit_baseline
from ramgnn.datasets.base import RecDataset
from ramgnn.errors import RamgnnError
from ramgnn.evaluation import Scorer, metrics

METRICS = ("HR@10", "NDCG@10", "HR@20", "NDCG@20")
# Two trainings from different draws differ. So much, or two standard errors over the seeds if these are more, may lie
# between the two means; HR moves about twice as much as NDCG does.
TRAINED = {"HR@10": 0.01, "NDCG@10": 0.005}
# Where nothing is drawn, or the library scores with the weights that ours has learned, nothing but rounding may differ.
EQUAL = dict.fromkeys(METRICS, 1e-6)
KINDS = {
    "closed form": "nothing is drawn: the same settings have to give the same ranks",
    "weights": "the library scores with the weights that ours has learned: the ranks have to be the same",
    "trained": "each trains from its own draws: the means over seeds may lie apart by what the tolerance says",
}


@dataclass(frozen=True, kw_only=True)
class Check:
    """One baseline beside one library.

    Attributes:
        baseline: the name of ours, of a baseline or an encoder.
        library: the name that the library is installed by.
        fit: trains the library's model, or gives it our weights.
        kind: a key of `KINDS`; it says what tolerance holds.
        variant: tells apart several checks of one baseline with one library.
        settings: of ours, what differs from its defaults.
        theirs: the library's, in its own words.
        epochs: of both; 0 where there are none.
        seeds: of both.
        differences: where the two are not the same, in words.
        narrow: what the data are narrowed to first, for both alike, where the library cannot take all of them.
        ours: trains ours.
    """

    baseline: str
    library: str
    fit: Callable[[RecDataset, Check, int, Scorer], Scorer]
    kind: str = "trained"
    variant: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    theirs: Mapping[str, Any] = field(default_factory=dict)
    epochs: int = 0
    seeds: tuple[int, ...] = (0, 1, 2)
    differences: tuple[str, ...] = ()
    narrow: Callable[[RecDataset], RecDataset] | None = None
    ours: Callable[[RecDataset, Check, int], Scorer] | None = None

    @property
    def name(self) -> str:
        """What its file is called."""
        return "--".join(x for x in (self.baseline, self.library, self.variant) if x).replace(" ", "-")

    def view(self, dataset: RecDataset) -> RecDataset:
        """What both learn from: the training interactions less each user's last, which is what is ranked."""
        view = dataset.validation()
        return self.narrow(view) if self.narrow else view

    def same_ours(self) -> str:
        """Equal for checks of one baseline that train ours alike."""
        narrow = self.narrow.__name__ if self.narrow else ""
        return repr((self.baseline, sorted(self.settings.items()), self.epochs, narrow))

    def fit_ours(self, view: RecDataset, seed: int) -> Scorer:
        """Ours, trained."""
        if self.ours is not None:
            return self.ours(view, self, seed)
        baseline = registry.get(self.baseline)
        return fit_baseline(baseline, view, self.settings, seed, self.epochs if baseline.trained else None).scorer


@dataclass(frozen=True)
class Comparison:
    """One metric of both, over seeds.

    Attributes:
        theirs, ours: means; theirs_sd, ours_sd: standard deviations, 0 for one seed.
        allowed: how far apart the means may be; None for a metric that is shown and not judged.
    """

    metric: str
    theirs: float
    theirs_sd: float
    ours: float
    ours_sd: float
    allowed: float | None

    @property
    def agrees(self) -> bool:
        """Whether the means are no further apart than allowed."""
        return self.allowed is None or abs(self.theirs - self.ours) <= self.allowed


def compare(theirs: Sequence[np.ndarray], ours: Sequence[np.ndarray], kind: str) -> list[Comparison]:
    """Both sides' metrics, and how far apart they may be.

    Args:
        theirs, ours: the ranks under each seed, one array ``(n_test,)`` a seed.
        kind: a key of `KINDS`.
    """
    found = []
    for metric in METRICS:
        a, b = (np.array([metrics(ranks)[metric] for ranks in side]) for side in (theirs, ours))
        sds = [float(x.std(ddof=1)) if len(x) > 1 else 0.0 for x in (a, b)]
        if kind == "trained":
            error = sqrt(sum(sd**2 / len(x) for sd, x in zip(sds, (a, b), strict=True)))
            allowed = max(TRAINED[metric], 2 * error) if metric in TRAINED else None
        else:
            allowed = EQUAL[metric]
        found.append(Comparison(metric, float(a.mean()), sds[0], float(b.mean()), sds[1], allowed))
    return found


def need(module: str, library: str) -> ModuleType:
    """A module of a library that is no dependency of this package.

    Raises:
        RamgnnError: it is not installed.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise RamgnnError(
            f"this check compares with {library}, which is not installed here ({error}); it is no dependency of "
            f"ramgnn: install it into an environment of its own (pip install {library}) and run the check there"
        ) from error


def version(library: str) -> str:
    """The version of a library that is installed."""
    return metadata.version(library)
