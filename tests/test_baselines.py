"""The register of baselines; popularity and EASE against counting, column-wise ridge regression, and MovieLens-100K."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
import types
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from ramgnn import evaluation
from ramgnn.baselines import ease, fitting, get, mf, names, popularity, register, registry
from ramgnn.baselines.fitted import fit_baseline
from ramgnn.errors import NotFoundError, RamgnnError
from tests.small import small_dataset, timed

needs_data = pytest.mark.skipif(
    not os.environ.get("RAMGNN_DATA"), reason="MovieLens-100K may not be copied into the project: set RAMGNN_DATA"
)


# ---- the register ---------------------------------------------------------------------------------------------------


@pytest.fixture
def own_names(monkeypatch):
    """What a test registers is forgotten after it."""
    names()
    monkeypatch.setattr(registry, "_BASELINES", dict(registry._BASELINES))


def python(code: str, *folders: Path) -> str:
    """What a fresh interpreter prints."""
    root = Path(registry.__file__).parents[2]
    path = os.pathsep.join(map(str, [root, *folders]))
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_importing_is_light_and_listing_does_without_pytorch_geometric():
    code = (
        "import sys, ramgnn.baselines as b\n"
        "light = 'torch' not in sys.modules and 'scipy' not in sys.modules\n"
        "print(light, len(b.names()), 'torch_geometric' not in sys.modules)"
    )
    assert python(code) == f"True {len(names())} True"


@pytest.mark.parametrize("name", names())
def test_every_baseline_says_what_it_is_and_what_can_be_set(name):
    """Settings and their defaults are those of the code; what is not among them is refused."""
    baseline = get(name)
    assert names()[name] == baseline.summary and len(baseline.summary) > 20
    assert baseline.check(baseline.defaults()) == baseline.defaults()
    if baseline.trained:
        assert baseline.defaults() == dataclasses.asdict(baseline.settings_class())
        assert issubclass(baseline.factory, fitting.Model)
    with pytest.raises(NotFoundError, match=f"no setting of {name} called 'nothing like it'") as caught:
        fit_baseline(baseline, small_dataset(), {"nothing like it": 1})
    assert all(setting in str(caught.value) for setting in baseline.defaults())


def test_an_unknown_baseline_is_named_with_those_like_it():
    with pytest.raises(NotFoundError, match="no baseline 'lightgnc'.*lightgcn"):
        get("lightgnc")


def test_another_file_is_all_that_a_new_baseline_needs(tmp_path):
    """A module in the package's folder, or any module that is imported."""
    for name, folder in (("inside", tmp_path / "more"), ("outside", tmp_path)):
        folder.mkdir(exist_ok=True)
        (folder / f"{name}_module.py").write_text(
            f'"""The module."""\n\nfrom ramgnn.baselines import register\n\n\n@register("{name}")\n'
            f'def fit(dataset, factor: float = 2.0):\n    """What it does."""\n    return factor\n'
        )
    code = (
        "import ramgnn.baselines as b, outside_module\n"
        f"b.__path__.append({str(tmp_path / 'more')!r})\n"
        "known = b.names()\n"
        "print(known['inside'], known['outside'], b.get('inside').defaults(), b.get('outside').factory(None))"
    )
    assert python(code, tmp_path) == "The module. What it does. {'factor': 2.0} 2.0"


def test_a_name_of_the_package_is_refused_at_once():
    """Also where the module that has it is not imported yet; otherwise no baseline could be found from then on."""
    code = (
        "from ramgnn.baselines import names, register\n"
        "try:\n    register('mf')(lambda dataset: None)\n"
        "except Exception as error:\n    print(type(error).__name__, error)\n"
        "print(len(names()))"
    )
    refused, n = python(code).splitlines()
    assert refused == "RamgnnError the name 'mf' is taken by ramgnn.baselines.mf.MF; choose another one"
    assert int(n) == len(names())


def test_a_cell_that_is_run_again_replaces_what_it_registered(own_names, monkeypatch):
    """As in a notebook, whose cells are all of the module `__main__`, which has a docstring of no use to anybody."""
    cell = types.ModuleType("cell", "Automatically created module for IPython interactive environment")
    monkeypatch.setitem(sys.modules, "cell", cell)
    code = '@register("mine")\ndef fit(dataset, factor=1.0):\n    """Mine."""\n    return factor\n'
    vars(cell)["register"] = register
    for factor in ("1.0", "3.0"):
        exec(code.replace("1.0", factor), vars(cell))
    assert get("mine").defaults() == {"factor": 3.0} and get("mine").factory is cell.fit
    assert names()["mine"] == "Mine."
    with pytest.raises(RamgnnError, match=r"'mine' is taken by cell\.fit"):
        exec(code.replace("def fit", "def another"), vars(cell))
    assert get("mine").factory is cell.fit


def test_what_could_only_fail_later_is_not_registered(own_names):
    @dataclasses.dataclass
    class Endless:
        lr: float = 0.1

    @dataclasses.dataclass
    class Bare:
        lr: float
        epochs: int = 1

    class Mine(fitting.Model):
        pass

    for arguments, thing, match in (
        ({}, Mine, "Mine is a class; register it with its dataclass"),
        ({"settings": dict}, Mine, "register it with its dataclass"),
        ({"settings": Endless}, Mine, "Endless of .*Mine needs epochs"),
        ({"settings": Bare}, Mine, "Bare of .*Mine needs a default for lr"),
        ({"settings": mf.Settings}, lambda dataset: None, "is a function"),
    ):
        with pytest.raises(RamgnnError, match=match):
            register("mine", **arguments)(thing)
    assert "mine" not in names()


@pytest.mark.parametrize("name", [name for name in names() if not get(name).trained])
def test_what_a_closed_form_gives_back_can_be_saved(name):
    """A frozen dataclass of arrays, sparse rows and numbers, whose class the function states."""
    scorer = fit_baseline(get(name), timed(small_dataset(), name), {"factors": 4} if name == "als" else {}).scorer
    assert type(scorer) is get(name).scorer_class() and scorer.__dataclass_params__.frozen
    fields = [getattr(scorer, field.name) for field in dataclasses.fields(scorer)]
    assert fields and all(x is None or isinstance(x, np.ndarray | csr_matrix | int | float) for x in fields)


# ---- popularity and EASE --------------------------------------------------------------------------------------------


def test_popularity_counts():
    dataset = small_dataset()
    counts = [int((dataset.train["item"] == i).sum()) for i in range(dataset.n_items)]
    model = popularity.fit(dataset)
    users = np.array([3, 0, 3])
    assert model(users).tolist() == [counts] * 3
    assert model.scores(users[:0]).shape == (0, dataset.n_items)
    assert len(set(counts)) > 1


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.1, 500))
def test_ease_is_ridge_regression_column_by_column(seed, l2):
    dataset = small_dataset(n_users=15, n_items=9, seed=seed)
    x = dataset.matrix().toarray().astype(float)
    weights = np.zeros((9, 9))
    for j in range(9):
        rest = [i for i in range(9) if i != j]
        others = x[:, rest]
        weights[rest, j] = np.linalg.solve(others.T @ others + l2 * np.eye(8), others.T @ x[:, j])
    model = ease.fit(dataset, l2=l2)
    assert (np.diag(model.weights) == 0).all()
    np.testing.assert_allclose(model.weights, weights, atol=1e-6)
    users = np.array([4, 4, 0])
    np.testing.assert_allclose(model(users), x[users] @ weights, atol=1e-5)
    assert model(users).dtype == np.float32


def test_ease_weights_are_a_constrained_minimum():
    """Any small change with a zero diagonal makes the objective larger."""
    dataset = small_dataset(n_users=20, n_items=8, seed=3)
    x, b = dataset.matrix().toarray().astype(float), ease.fit(dataset, l2=2.0).weights.astype(float)

    def objective(w):
        return ((x - x @ w) ** 2).sum() + 2.0 * (w**2).sum()

    rng = np.random.default_rng(0)
    for _ in range(50):
        step = rng.normal(size=b.shape) * 0.01
        np.fill_diagonal(step, 0)
        assert objective(b + step) > objective(b)


def test_ease_knows_nothing_of_an_unseen_item():
    dataset = small_dataset()
    wider = replace(dataset, item_ids=(*dataset.item_ids, "new"), item_labels=(*dataset.item_labels, "new"))
    assert (ease.fit(wider)(np.arange(dataset.n_users))[:, -1] == 0).all()


def test_ease_options():
    dataset = small_dataset()
    for l2 in (0, -1, float("nan")):
        with pytest.raises(RamgnnError, match="l2"):
            ease.fit(dataset, l2=l2)
    with pytest.raises(RamgnnError, match=r"EASE on 20 items needs about 0\.0 GB .* limit of 1e-09 GB"):
        ease.fit(dataset, max_gb=1e-9)


@pytest.mark.parametrize("name", ["popularity", "ease"])
def test_baselines_do_not_look_at_the_test_rows(name):
    dataset = small_dataset()
    users = np.arange(dataset.n_users)
    blind = replace(dataset, test=dataset.test.iloc[:0])
    assert (get(name).factory(dataset)(users) == get(name).factory(blind)(users)).all()


@pytest.fixture(scope="module")
def movielens():
    from ramgnn import datasets

    return datasets.load("ml-100k")


@needs_data
def test_popularity_on_movielens(movielens):
    """Values measured by others on the same split, with optimistic ties; counts are often equal, so ties matter."""
    model = popularity.fit(movielens)
    found = {ties: evaluation.evaluate(model, movielens, ties).metrics() for ties in evaluation.TIES}
    names = ["HR@10", "MRR@10", "NDCG@10", "HR@20", "MRR@20", "NDCG@20"]
    others = dict(zip(names, [0.0838, 0.0305, 0.0427, 0.1273, 0.0334, 0.0536], strict=True))
    assert found["optimistic"] == pytest.approx(others, abs=0.00006)
    assert found["average"]["HR@10"] == pytest.approx(0.0838, abs=0.00006)
    for name in ("MRR@10", "NDCG@10"):
        assert found["pessimistic"][name] < found["average"][name] < found["optimistic"][name]


@needs_data
def test_ease_on_movielens(movielens):
    """Values measured by others on the same split, and hit rates by group of session."""
    found = evaluation.evaluate(ease.fit(movielens, l2=100.0), movielens)
    names = ["HR@10", "MRR@10", "NDCG@10", "HR@20", "MRR@20", "NDCG@20"]
    expected = dict(zip(names, [0.1506, 0.0564, 0.0782, 0.2259, 0.0617, 0.0972], strict=True))
    assert found.metrics() == pytest.approx(expected, abs=0.00006)
    groups = found.by(evaluation.session_groups(movielens), (10,))
    assert groups.loc["same time", "users"] == 416
    assert groups["HR@10"].tolist() == pytest.approx([0.224, 0.099, 0.048], abs=0.0005)


@needs_data
def test_validation_settings_of_ease_on_movielens(movielens):
    """On the validation items EASE stands where others measured it, so the derived split is theirs."""
    view = movielens.validation()
    found = evaluation.evaluate(ease.fit(view), view).metrics((10,))
    assert found["NDCG@10"] == pytest.approx(0.0876, abs=0.0005)
