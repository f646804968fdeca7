"""Models to compare with, one file each: `names` lists them, `get` finds one, `register` adds yours.

Closed forms have ``fit(dataset, …)``, which gives back a scorer for `ramgnn.evaluation`. Trained models have
``Settings``, a class that is trained epoch by epoch (`ramgnn.baselines.fitting`), and ``fit(dataset, settings, seed)``.
"""

from ramgnn.baselines.registry import Baseline, get, names, register

__all__ = ["Baseline", "get", "names", "register"]
