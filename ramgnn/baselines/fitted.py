"""A fitted baseline: the same questions as a fitted RAM-GNN, and a state that can be saved."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import numpy as np
import torch
from scipy.sparse import csr_matrix, issparse
from torch import Tensor, nn

from ramgnn import arguments
from ramgnn.baselines import fitting, registry
from ramgnn.baselines.registry import Baseline
from ramgnn.checkpoint import check_like
from ramgnn.datasets.base import RecDataset
from ramgnn.devices import checked_device
from ramgnn.errors import DataError, DivergedError, RamgnnError
from ramgnn.fitted import FittedModel
from ramgnn.scores import ScoreError, Scorer, as_array, checked_scores


@dataclass(repr=False)
class FittedBaseline(FittedModel):
    """A baseline with the data it was fitted to.

    Attributes:
        dataset: the data; name: of the baseline; scorer: gives the scores.
        settings: what differs from the defaults; seed: of everything that was drawn; epochs: trained, 0 for a closed
            form.
        losses: mean loss of each epoch; seconds: wall time; interrupted: True when Ctrl-C ended the training early.
        served: the same once more, fitted to everything.
    """

    dataset: RecDataset
    name: str
    scorer: Scorer
    settings: dict[str, Any]
    seed: int = 0
    epochs: int = 0
    losses: tuple[float, ...] = ()
    seconds: float = 0.0
    interrupted: bool = False
    served: FittedBaseline | None = None


def fit_baseline(
    baseline: Baseline,
    dataset: RecDataset,
    settings: Mapping[str, Any] | None = None,
    seed: int = 0,
    epochs: int | None = None,
    progress: bool = False,
    device: str = "cpu",
) -> FittedBaseline:
    """Fit a registered baseline to a data set.

    Args:
        settings: what differs from `Baseline.defaults`.
        epochs: how many, where it is trained; those of the settings by default.

    Raises:
        NotFoundError: there is no such setting.
        RamgnnError: a setting or an argument has a value that it cannot have, epochs or another device are asked of a
            closed form, or a baseline of somebody's own gives back no scorer.
    """
    started, settings = time.perf_counter(), baseline.check(settings or {})
    arguments.instance("dataset", dataset, RecDataset, "a data set")
    arguments.true_or_false("progress", progress)
    seed = arguments.seed(seed)
    if not baseline.trained:
        if epochs is not None or device != "cpu":
            what = "epochs" if epochs is not None else f"device {device!r}"
            raise RamgnnError(f"{baseline.name} is a closed form, computed at once on the CPU; leave out {what}")
        scorer = baseline.factory(dataset, **settings, **({"seed": seed} if baseline.seeded else {}))
        _check_scorer(baseline, scorer, dataset)
        _check_fitted(baseline, scorer, dataset, "other settings")
        return FittedBaseline(
            dataset, baseline.name, scorer, settings, seed, seconds=round(time.perf_counter() - started, 3)
        )
    chosen, device = baseline.settings_class(**settings), checked_device(device)
    n_epochs = arguments.whole_number("epochs", chosen.epochs if epochs is None else epochs, 0)
    model, generator = fitting.start(baseline.factory, dataset, chosen, seed, device)
    _check_scorer(baseline, model.eval(), dataset)
    history = fitting.train(model, generator, n_epochs, progress=progress, name=baseline.name)
    _check_fitted(baseline, model, dataset, "a lower lr")
    return FittedBaseline(
        dataset, baseline.name, model, settings, seed, len(history.losses), tuple(history.losses),
        round(time.perf_counter() - started, 3), history.interrupted,
    )  # fmt: skip


def fit_baseline_on_everything(fitted: FittedBaseline, progress: bool = False, device: str = "cpu") -> None:
    """Fit a baseline once more, now with the held-out items in, and note it in `fitted.served`."""
    baseline = registry.get(fitted.name)
    epochs = fitted.epochs if baseline.trained else None
    everything = fitted.dataset.everything()
    served = fit_baseline(baseline, everything, fitted.settings, fitted.seed, epochs, progress, device)
    fitted.interrupted = served.interrupted
    if not served.interrupted:
        fitted.served = served


def _check_scorer(baseline: Baseline, scorer: Any, dataset: RecDataset) -> None:
    """Ask a scorer of somebody's own for the scores of one user, so that a mistake shows before anything is trained.

    Raises:
        RamgnnError: it is no function.
        ScoreError: its scores have another shape than ``(1, n_items)``, or are no numbers.
    """
    if baseline.of_package:  # those of this package are tested, and with some of them one user takes minutes
        return
    if not callable(scorer):
        found = "None; has it a `return`?" if scorer is None else f"a {type(scorer).__name__}"
        expected = "expected a scorer: a function of b users to (b, n_items) scores"
        raise RamgnnError(f"the function of the baseline {baseline.name!r} gave back {found}\n  {expected}")
    users = np.arange(min(1, dataset.n_users))
    try:
        with torch.random.fork_rng(devices=[]):  # what it may draw is not missing from the training
            checked_scores(scorer(users), users, dataset, dataset.n_items)
    except ScoreError as error:
        raise ScoreError(f"baseline {baseline.name!r}: {error}") from None


def _check_fitted(baseline: Baseline, scorer: Any, dataset: RecDataset, advice: str) -> None:
    """Ask what was fitted for some scores, so that a model that has diverged replaces none that has not.

    Finite weights are not enough: their products may go beyond 32-bit numbers. Some users and, where pairs can be
    scored alone, some items are asked for, since with some models all items of one user take minutes.

    Args:
        advice: completes "try …".

    Raises:
        DivergedError: a score is +infinity or not a number.
    """
    users, items = (np.unique(np.linspace(0, n - 1, 8, dtype=np.int64)) for n in (dataset.n_users, dataset.n_items))
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        if hasattr(scorer, "score_pairs"):
            scores = scorer.score_pairs(users, np.tile(items, (len(users), 1)))
        else:
            scores = scorer(users)
    scores = as_array(scores)
    if bad := int((~(scores < np.inf)).sum()):  # what is never recommended may have -infinity
        raise DivergedError(
            f"{baseline.name}: {bad} of {scores.size} scores are no finite numbers after fitting; try {advice}"
        )


# ---- what a scorer consists of, to save it ---------------------------------------------------------------------------


def scorer_state(scorer: Scorer) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The arrays of a scorer, and its plain values.

    A model's are its parameters and buffers; those of a dataclass are its fields: arrays, tensors, sparse matrices,
    numbers. An array is stored under the name of its field; a tensor and the parts of a sparse matrix say what they
    are behind it: ``"items.tensor"``, ``"history.data"``.

    Raises:
        RamgnnError: it is neither.
    """
    if isinstance(scorer, nn.Module):
        return dict(scorer.state_dict()), {}
    kind = type(scorer).__name__
    if not is_dataclass(scorer):
        raise RamgnnError(f"{kind} cannot be saved: make it a dataclass of arrays, or a torch.nn.Module")
    tensors, values = {}, {}
    for name in (f.name for f in fields(scorer)):
        x = getattr(scorer, name)
        if issparse(x):
            x = csr_matrix(x)
            parts = {"data": x.data, "indices": x.indices, "indptr": x.indptr, "shape": np.array(x.shape)}
            tensors |= {f"{name}.{part}": torch.from_numpy(np.ascontiguousarray(y)) for part, y in parts.items()}
        elif isinstance(x, np.ndarray):
            tensors[name] = torch.from_numpy(np.ascontiguousarray(x))
        elif isinstance(x, Tensor):
            tensors[f"{name}.tensor"] = x
        elif x is None or isinstance(x, bool | int | float | str):
            values[name] = x
        else:
            found = f"{kind}.{name} is a {type(x).__name__} and cannot be saved"
            raise RamgnnError(f"{found}; use an array, a tensor, a sparse matrix or a number")
    return tensors, values


def restore_scorer(
    baseline: Baseline,
    dataset: RecDataset,
    settings: Mapping[str, Any],
    tensors: dict[str, Tensor],
    values: dict[str, Any],
    device: str = "cpu",
) -> Scorer:
    """The inverse of `scorer_state`.

    Raises:
        RamgnnError: the baseline's code does not say what its scorer is.
        DataError: the state is not that of such a scorer.
    """
    kind = baseline.scorer_class()
    if kind is None or not (baseline.trained or is_dataclass(kind)):
        raise RamgnnError(
            f"{baseline.name} does not say what it gives back, so its state cannot be read; annotate its function: "
            "def fit(dataset, …) -> MyScorer, with MyScorer a dataclass"
        )
    try:
        if baseline.trained:
            with torch.random.fork_rng(devices=[]):  # start values are drawn, and replaced at once
                model = kind.untrained(dataset, baseline.settings_class(**settings))
            check_like(model.state_dict(), tensors)
            model.load_state_dict(tensors)
            return model.to(device).eval()
        hints = {f.name for f in fields(kind)}
        arrays: dict[str, Any] = {}
        for name in hints - set(values):
            if f"{name}.tensor" in tensors:
                arrays[name] = tensors[f"{name}.tensor"]
            elif name in tensors:
                arrays[name] = tensors[name].cpu().numpy()
            else:
                data, indices, indptr, shape = (
                    tensors[f"{name}.{x}"].cpu().numpy() for x in ("data", "indices", "indptr", "shape")
                )
                if data.dtype not in (np.float32, np.float64):
                    raise TypeError(f"{name}.data is {data.dtype}; expected float32 or float64")
                arrays[name] = csr_matrix((data, indices, indptr), shape=tuple(shape.tolist()))
                arrays[name].check_format()  # an index outside of it would be looked up outside of its memory
        scorer = kind(**arrays, **values)
        ends = np.unique([0, dataset.n_users - 1])
        checked_scores(scorer(ends), ends, dataset, dataset.n_items)
        if baseline.of_package:  # what somebody's own one answers is theirs to check
            _check_answers(scorer, dataset)
        return scorer
    except (ArithmeticError, AttributeError, LookupError, ScoreError, TypeError, ValueError, RuntimeError) as error:
        raise DataError(
            f"the stored state is not that of {baseline.name}: {(str(error) or type(error).__name__).splitlines()[0]}",
            fix="train again, or load it with the version that saved it",
        ) from error


def _check_answers(scorer: Any, dataset: RecDataset) -> None:
    """Ask a scorer that was read for what it says of newcomers and of items, which scores of users do not show.

    Raises:
        ScoreError: scores or embeddings are of other users or items than those of the data.
        LookupError: an item is beyond what was stored.
    """
    if hasattr(scorer, "newcomer_scores"):
        had = np.unique([0, dataset.n_items - 1])
        checked_scores(scorer.newcomer_scores([had]), had[:1], dataset, dataset.n_items)
    for side in ("user", "item"):
        if hasattr(scorer, f"{side}_embeddings"):
            shape = getattr(scorer, f"{side}_embeddings")().shape
            if len(shape) != 2 or shape[0] != dataset.n_nodes(side):
                raise ScoreError(f"there are embeddings of shape {shape} for {dataset.n_nodes(side)} {side}s")
