"""A run folder: what was trained, on what, how, how well; weights as safetensors, the rest as JSON, never pickle::

    run.json               what it is: model, settings, data, versions; written last, so a folder with it is complete
    weights.safetensors    all parameters, or the arrays of a closed form
    history.json           losses, thresholds and so on, epoch by epoch
    metrics.json           the rank of every held-out item, where it was evaluated
    dataset.*              the data it was trained on: ids, labels, interactions, attributes
    served/                the same files of the model that recommends, where it was trained once more on everything

So a run answers on another machine, without the files that the data came from. `saving` writes one, `loading` reads it
back, `started` keeps what a stopped training needs to go on.
"""

from ramgnn.datasets.fingerprint import fingerprint
from ramgnn.runs.folder import CHECKPOINTS, FORMAT, HISTORY, RANKS, RUN, SERVED, WEIGHTS
from ramgnn.runs.loading import describe, load, load_serving
from ramgnn.runs.saving import save, save_evaluation
from ramgnn.runs.started import Started, clear_checkpoints, clear_run, read_started, start_run, started_data, unfinished

__all__ = [
    "CHECKPOINTS",
    "FORMAT",
    "HISTORY",
    "RANKS",
    "RUN",
    "SERVED",
    "Started",
    "WEIGHTS",
    "clear_checkpoints",
    "clear_run",
    "describe",
    "fingerprint",
    "load",
    "load_serving",
    "read_started",
    "save",
    "save_evaluation",
    "start_run",
    "started_data",
    "unfinished",
]
