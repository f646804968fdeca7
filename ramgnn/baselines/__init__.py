"""Models to compare with, one file each; `ramgnn.baselines.registry` has them by name.

Closed forms have ``fit(dataset, …)``, which gives back a scorer for `ramgnn.evaluation`. Trained models have
``Settings``, a class that is trained epoch by epoch (`ramgnn.baselines.fitting`), and ``fit(dataset, settings, seed)``.
"""

from ramgnn.baselines import ease, popularity

FIT = {"popularity": popularity.fit, "ease": ease.fit}  # what `train` shows beside a run: fitted in a second

__all__ = ["FIT"]
