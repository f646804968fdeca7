"""Models to compare with, one file each: ``fit(dataset, …)`` gives back a scorer for `ramgnn.evaluation`."""

from ramgnn.baselines import ease, popularity

FIT = {"popularity": popularity.fit, "ease": ease.fit}

__all__ = ["FIT", "ease", "popularity"]
