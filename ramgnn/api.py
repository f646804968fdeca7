"""The face of the package: everything that somebody with three data frames needs, in seven words.

`ramgnn.load` or `ramgnn.from_frames` gives a data set, `fit` a model, `evaluate` says how good it is, `compare` which
of two is better, `save` and `load_run` keep it. The model answers ``recommend``, ``score``, ``similar_items`` and
``explain`` (`ramgnn.fitted.FittedModel`).
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import pandas as pd

from ramgnn import arguments, distributed, readings, runs
from ramgnn.advice import GO_ON
from ramgnn.baselines import registry
from ramgnn.baselines.encoders import ENCODERS, EncoderSettings, pretrainer
from ramgnn.baselines.fitted import fit_baseline, fit_baseline_on_everything
from ramgnn.config import Config
from ramgnn.datasets import load
from ramgnn.datasets.base import RecDataset
from ramgnn.datasets.frames import from_frames
from ramgnn.datasets.source import Source
from ramgnn.devices import checked_device, device_name
from ramgnn.errors import NotFoundError, RamgnnError
from ramgnn.evaluation import METRICS, Evaluation, Scorer, paired_test
from ramgnn.evaluation import evaluate as evaluate_scorer
from ramgnn.files import check_keys, make_folder, read_json, write_json
from ramgnn.fitted import FittedModel
from ramgnn.locks import locked
from ramgnn.runs import before
from ramgnn.runs.started import check_ended, warn_if_stopped
from ramgnn.training import Pretrainer, sides_of, train_on_everything
from ramgnn.training import fit as fit_ram_gnn

__all__ = ["compare", "evaluate", "fit", "from_frames", "load", "load_run", "save"]


def fit(
    dataset: RecDataset,
    model: str = "ram-gnn",
    settings: Mapping[str, Any] | None = None,
    *,
    config: Config | str | None = None,
    encoder: str = "ram-gnn",
    encoder_settings: EncoderSettings | None = None,
    seed: int | None = None,
    epochs: int | None = None,
    device: str | None = None,
    progress: bool = True,
    checkpoints: str | os.PathLike | None = None,
    refit: bool | None = None,
) -> FittedModel:
    """Train a model on the training interactions of a data set; the held-out ones are never looked at.

    Args:
        dataset: what `load` or `from_frames` gave.
        model: ``"ram-gnn"``, or a baseline: ``ramgnn.baselines.names()`` lists them.
        settings: those that differ from the defaults, ``{"pretrain.dim": 32}`` for RAM-GNN (``Config.names()`` lists
            them) or, for example, ``{"l2": 200}`` for ``"ease"``.
        config: RAM-GNN's settings, or their name: ``"temporal"`` (with a clock), ``"default"``. By default the one with
            a clock for data of your own that say when, see `ramgnn.readings.for_data`.
        encoder: what pre-trains the graphs in RAM-GNN's place, by its name in `ramgnn.baselines.encoders.ENCODERS`;
            encoder_settings: its own.
        seed: of everything that is drawn.
        epochs: how many to train; by default validation chooses for RAM-GNN, and a baseline has its own default.
        device: ``"cpu"``, ``"cuda"`` and so on.
        progress: show bars.
        checkpoints: of RAM-GNN: a folder; a call with the same data, settings and folder goes on where one was stopped,
            and one with others is refused.
        refit: train once more with the held-out items in, for as many epochs, so that what is recommended rests on all
            that is known; `evaluate` still measures the model that never saw them. By default done for data of your
            own, and not for a data set that the package knows by name. It costs one more fine-tuning or, of a
            baseline, one more training.

    Ctrl-C ends the training; what was reached until then is in the model that comes back.

    Raises:
        NotFoundError: there is no such model, encoder or setting; carries near matches.
        RamgnnError: an argument or a setting has a value that it cannot have, or goes with another model; there is no
            such device; or a loss of your own gives no scalar that depends on the scores.
    """
    _check_data(dataset)
    arguments.instance("model", model, str, "a name, such as 'ram-gnn' or 'ease'; ramgnn.baselines.names() lists them")
    arguments.instance("encoder", encoder, str, "a name, such as 'ram-gnn' or 'gcn'")
    changes = arguments.mapping("settings", settings, '{"pretrain.dim": 32}')
    if refit is not None:
        arguments.true_or_false("refit", refit)
    seed = None if seed is None else arguments.seed(seed)
    epochs = None if epochs is None else arguments.whole_number("epochs", epochs, 0)
    device = None if device is None else device_name(device)
    arguments.true_or_false("progress", progress)
    if checkpoints is not None:
        arguments.path("checkpoints", checkpoints, "a folder, or None")
    if model != "ram-gnn":
        ram_gnn_only = {"config": config, "encoder_settings": encoder_settings, "checkpoints": checkpoints}
        ram_gnn_only |= {"encoder": None if encoder == "ram-gnn" else encoder}
        if wrong := [name for name, x in ram_gnn_only.items() if x is not None]:
            raise RamgnnError(f"{' and '.join(wrong)} goes with RAM-GNN alone, not with {model!r}; leave it out")
        fitted = fit_baseline(baseline(model), dataset, changes, seed or 0, epochs, progress, device or "cpu")
        if fitted.to_be_refitted(refit):
            fit_baseline_on_everything(fitted, progress, device or "cpu")
        return fitted
    config = readings.chosen(config, dataset, changes if encoder == "ram-gnn" else ["finetune."])
    changes |= {"seed": seed} if seed is not None else {}
    config = config.override(changes | ({"device": device} if device is not None else {}))
    chosen = _pretrainer(encoder, encoder_settings)
    if chosen is not None and not sides_of(config):
        raise RamgnnError(f"with finetune.start=random nothing is pre-trained, so {encoder!r} would not be used")
    checked_device(distributed.device_of(config.device))
    is_first = distributed.rank() == 0  # of several processes that train together, which share the checkpoints
    with locked(Path(checkpoints)) if checkpoints is not None and is_first else nullcontext():
        if checkpoints is not None:
            own = None if encoder_settings is None else asdict(encoder_settings)
            made_for = {"encoder": encoder, "encoder_settings": own, "epochs": epochs} | config.to_dict()
            _claim_checkpoints(Path(checkpoints), {"data": runs.fingerprint(dataset)} | made_for)
        fitted = fit_ram_gnn(dataset, config, epochs, progress, checkpoints, chosen)
        if fitted.to_be_refitted(refit):
            train_on_everything(fitted, progress, checkpoints, chosen)
    return fitted


def _check_data(dataset: RecDataset) -> None:
    """Refuse what is no data set, and say what makes one of it.

    Raises:
        RamgnnError: it is none.
    """
    expected = "a data set, as ramgnn.load(name) or ramgnn.from_frames(interactions, items) gives it"
    if isinstance(dataset, str):
        expected = f"a data set; load it: ramgnn.load({dataset!r})"
    arguments.instance("dataset", dataset, RecDataset, expected)


def _pretrainer(encoder: str, settings: EncoderSettings | None) -> Pretrainer | None:
    """What pre-trains the graphs in RAM-GNN's place; None for RAM-GNN.

    Raises:
        NotFoundError: there is no such encoder; names those that there are.
        RamgnnError: the settings are of another kind, or of an encoder that has none of its own.
    """
    if settings is not None:
        arguments.instance("encoder_settings", settings, EncoderSettings, "ramgnn.baselines.encoders.EncoderSettings")
    if encoder != "ram-gnn":
        if encoder in ENCODERS:
            return pretrainer(encoder, settings)
        hint = f"there are ram-gnn, {', '.join(ENCODERS)}; one of your own is known once its module is imported, which "
        hint += "has @register_encoder above the class"
        if encoder in registry.names():
            hint = f"{encoder!r} is a baseline: fit(dataset, {encoder!r})"
        raise NotFoundError("encoder", encoder, get_close_matches(encoder, ENCODERS), hint)
    if settings is not None:
        raise RamgnnError("encoder_settings goes with another encoder; RAM-GNN's are settings, as in pretrain.dim")
    return None


def _claim_checkpoints(folder: Path, made_for: dict[str, Any]) -> None:
    """Note in a folder what its checkpoints are of.

    Raises:
        RamgnnError: it holds those of other data or settings.
    """
    path = make_folder(folder) / "made-for.json"
    if path.exists():
        fix = "delete the folder; training then starts anew"
        before = read_json(path, "what the checkpoints are of", fix)
        check_keys(before, {}, path, fix)
        if different := [name for name, x in made_for.items() if before.get(name) != x]:
            raise RamgnnError(
                f"the checkpoints in {folder} are of another training ({', '.join(different)} differ); "
                "give another folder, or delete this one"
            )
    write_json(path, made_for)


def baseline(name: str) -> registry.Baseline:
    """The baseline of that name, or an error that names RAM-GNN and the encoders too."""
    try:
        return registry.get(name)
    except NotFoundError as error:
        hint = f"there are ram-gnn and {', '.join(registry.names())}"
        if name in ENCODERS:
            hint = f"{name!r} is an encoder: fit(dataset, encoder={name!r})"
        raise NotFoundError("model", name, error.near, hint) from None


def evaluate(
    model: FittedModel | Scorer, dataset: RecDataset | None = None, ties: str = "average", progress: bool = False
) -> Evaluation:
    """Rank every held-out item; ``evaluate(model).table()`` shows HR, MRR and NDCG with intervals.

    Args:
        model: what `fit` gave, or any scorer: a function of an array of b user indices to ``(b, n_items)`` scores.
        dataset: the data; that of the model by default.
        ties: how equal scores rank: ``"average"``, ``"optimistic"`` or ``"pessimistic"``.

    Raises:
        RamgnnError: there is nothing held out, nothing to score with, or the data have other users or items.
    """
    if dataset is not None:
        _check_data(dataset)
    arguments.true_or_false("progress", progress)
    if not isinstance(model, FittedModel) and not callable(model):
        raise arguments.wrong("model", model, "what ramgnn.fit gives, or a function of b users to (b, n_items) scores")
    if isinstance(model, FittedModel):
        dataset = model.dataset if dataset is None else dataset
        for side in ("user", "item"):
            if getattr(dataset, f"{side}_ids") != getattr(model.dataset, f"{side}_ids"):
                raise RamgnnError(f"the data have other {side}s than those that the model was trained on; train again")
        if model.scorer is None:
            raise RamgnnError(f"the training was stopped before there was a recommender to evaluate; {GO_ON}")
        model = model.scorer
    if dataset is None:
        raise RamgnnError("a scorer alone does not know its data; pass the data set as well")
    if len(dataset.test) == 0:
        raise RamgnnError(f"data set {dataset.name!r} has no held-out items, so there is nothing to evaluate on")
    return evaluate_scorer(model, dataset, ties, progress=progress)


def compare(
    a: FittedModel | Evaluation, b: FittedModel | Evaluation, ks: int | Sequence[int] = (10,), n: int = 10_000
) -> pd.DataFrame:
    """Is a better than b on the same held-out items, or could chance do that?

    Args:
        a, b: what `fit` or `evaluate` gave.
        ks: lengths of the list, one or several.
        n: number of bootstrap draws, and of sign patterns of the test.

    Returns:
        One row for each metric: both values, their difference with its 95 % interval over users, the p-value of a
        paired permutation test, and for how many users a is better and worse.

    Raises:
        RamgnnError: the two were not evaluated on the same held-out items.
    """
    ks, n = arguments.cutoffs(ks), arguments.whole_number("n", n, 1)
    for name, x in (("a", a), ("b", b)):
        arguments.instance(name, x, (FittedModel, Evaluation), "what ramgnn.fit or ramgnn.evaluate gives")
    a, b = (x if isinstance(x, Evaluation) else evaluate(x) for x in (a, b))
    tests = [paired_test(a, b, metric, k, n) for k in ks for metric in METRICS]
    columns = ["metric", "a", "b", "difference", "low", "high", "p_value", "better", "worse"]
    return pd.DataFrame([[getattr(t, c) for c in columns] for t in tests], columns=columns).set_index("metric")


def save(
    model: FittedModel,
    folder: str | os.PathLike,
    source: Source | None = None,
    evaluation: Evaluation | None = None,
) -> Path:
    """Write a model with its data into a run folder; one that is there is replaced once all of the new one is written.

    Args:
        source: how to load the same data again, kept as information; evaluation: kept beside it.

    Raises:
        RamgnnError: the folder cannot be written or is in use, holds a training that was stopped or somebody else's
            files, the model has a state that cannot be saved, or the evaluation is of other data.
    """
    expected = "what ramgnn.fit gives, as a scorer of your own is once it is registered with ramgnn.baselines.register"
    arguments.instance("model", model, FittedModel, expected)
    arguments.path("folder", folder, "the folder to write to")
    if source is not None:
        arguments.instance("source", source, Source, "a ramgnn.datasets.source.Source, or None")
    if evaluation is not None:
        arguments.instance("evaluation", evaluation, Evaluation, "what ramgnn.evaluate gives, or None")
    before.check_no_run_of_ours(folder := Path(folder))
    with locked(folder), before.replaced(folder):
        return runs.save(folder, model, source, evaluation)


def load_run(folder: str | os.PathLike, dataset: RecDataset | None = None, device: str = "cpu") -> FittedModel:
    """Read a model back from a run folder, on this machine or another one.

    A run whose training was stopped comes as far as it got, with a warning that says how to go on.

    Args:
        dataset: the data, where you have it; the folder holds a copy. What is rated low, and titles, may have changed.
        device: where to put the model: ``"cpu"``, ``"cuda"`` and so on.

    Raises:
        RamgnnError: there is no such device.
        DataError: the folder holds no whole run, or other data than in training.
        NotFoundError: the model is somebody's own; import the module that registers it first.
    """
    arguments.path("folder", folder, "the folder of a run, which ramgnn.save wrote")
    if dataset is not None:
        _check_data(dataset)
    check_ended(folder)
    model = runs.load(folder, dataset, checked_device(device))
    warn_if_stopped(folder, model)
    return model
