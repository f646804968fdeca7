"""A run folder: what was trained, on what, how, how well; weights as safetensors, the rest as JSON, never pickle::

    run.json               what it is: model, settings, data, versions; written last, so a folder with it is complete
    weights.safetensors    all parameters, or the arrays of a closed form
    history.json           losses, thresholds and so on, epoch by epoch
    metrics.json           the rank of every held-out item, where it was evaluated
    dataset.*              the data it was trained on: ids, labels, interactions, attributes
    served/                the same files of the model that recommends, where it was trained once more on everything

So a run answers on another machine, without the files that the data came from. `saving` writes one, `loading` reads it
back, `vectors` reads no more than it takes to recommend, `started` keeps what a stopped training needs to go on. A
module is imported when something of it is first asked for, since half of them need PyTorch and half do not.
"""

from importlib import import_module

_MODULES = {
    "ramgnn.datasets.fingerprint": ["fingerprint"],
    "ramgnn.runs.folder": ["CHECKPOINTS", "FORMAT", "HISTORY", "RANKS", "RUN", "SERVED", "WEIGHTS"],
    "ramgnn.runs.loading": ["load", "load_serving"],
    "ramgnn.runs.reading": ["describe"],
    "ramgnn.runs.saving": ["save", "save_evaluation"],
    "ramgnn.runs.started": [
        "Started", "clear_checkpoints", "clear_run", "read_started", "start_run", "started_data", "unfinished",
    ],
    "ramgnn.runs.vectors": ["load_vectors"],
}  # fmt: skip
_FACE = {name: module for module, names in _MODULES.items() for name in names}

__all__ = sorted(_FACE)


def __getattr__(name: str):
    """A part of the face, or a module, imported when it is first asked for."""
    if name in _FACE:
        value = getattr(import_module(_FACE[name]), name)
    elif f"{__name__}.{name}" in (*_MODULES, f"{__name__}.checking"):
        value = import_module(f"{__name__}.{name}")
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
