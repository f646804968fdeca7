"""Questions that need final vectors alone: answered without PyTorch, and as the ordinary way answers them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file, save_file

from ramgnn import api, runs
from tests.fuzz.small import SETTINGS, command
from tests.small import reseal, small_dataset

QUESTIONS = {
    "user": ("recommend", "--user", "u1"),
    "users": ("recommend", "--user", "u2", "--user", "u5", "-n", "3", "--include-seen"),
    "had": ("recommend", "--had", "i3", "i4"),
    "all": ("recommend", "--all"),
    "json": ("recommend", "--user", "u3", "--json"),
    "similar": ("similar", "--item", "i2"),
}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Run folders by kind; do not change them."""
    data, folder = small_dataset(), tmp_path_factory.mktemp("runs")
    light = {"progress": False, "refit": False, "epochs": 2}
    models = {
        "one": api.fit(data, settings=SETTINGS, **light),
        "served": api.fit(data, settings=SETTINGS, **light | {"refit": True}),
        "random": api.fit(data, settings=SETTINGS | {"finetune.start": "random"}, **light),
        "gcn": api.fit(data, settings=SETTINGS, encoder="gcn", **light),
        "mf": api.fit(data, "mf", settings={"dim": 4}, **light),
        "ease": api.fit(data, "ease", progress=False, refit=False),
    }
    for kind, model in models.items():
        api.save(model, folder / kind)
    return folder


@pytest.fixture
def run(trained, tmp_path):
    """A copy of the run without a served model, to change."""
    return shutil.copytree(trained / "one", tmp_path / "run")


def said(run, monkeypatch, questions=QUESTIONS):
    """What the command line says, and what it says where it may not read vectors alone."""
    both = []
    for quick in (True, False):
        with monkeypatch.context() as patch, warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)
            if not quick:
                patch.setattr(runs, "load_vectors", lambda folder: None)
            both.append([command(words[0], "--run", run, *words[1:]) for words in questions.values()])
    return both


def change_run(folder, **changes):
    """Change keys of ``run.json``, with the sum of it made right."""
    path = folder / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    reseal(folder)


def change_weights(folder, change):
    """Change the arrays of the weights, with all sums made right."""
    arrays = load_file(folder / runs.WEIGHTS)
    change(arrays)
    save_file(arrays, folder / runs.WEIGHTS)
    reseal(folder)


@pytest.mark.parametrize("kind", ["one", "served", "random"])
def test_answers_are_those_of_the_ordinary_way(trained, monkeypatch, kind):
    quick, ordinary = runs.load_vectors(trained / kind), runs.load_serving(trained / kind)
    assert (quick.name, quick.interrupted, quick.served) == (ordinary.name, None, None)
    for ask in (
        lambda model: model.recommend(n=20),
        lambda model: model.recommend(["u1", "u7"], n=20, exclude_seen=False),
        lambda model: model.recommend(had=["i3", "i4"], n=20),
        lambda model: model.similar_items("i2", n=19),
    ):
        x, y = ask(quick), ask(ordinary)
        assert list(x) == list(y)
        value = y.columns[-1]
        np.testing.assert_allclose(x[value], y[value], rtol=1e-6, atol=1e-9)
        apart = np.abs(np.diff(y[value], prepend=np.inf, append=np.inf)) > 1e-6
        certain = apart[1:] & apart[:-1]  # no other score is so close that it may stand in this place
        pd.testing.assert_frame_equal(x[certain].drop(columns=value), y[certain].drop(columns=value))
        assert certain.sum() > len(y) / 2
    for (status, out, err), other in zip(*said(trained / kind, monkeypatch), strict=True):
        assert (status, err) == (0, "") == (other[0], other[2])
        assert len(out) == len(other[1])


def test_nothing_of_pytorch_is_imported(trained):
    code = f"""
import sys
from ramgnn.cli import main
for words in {[*QUESTIONS.values()]!r}:
    assert main([words[0], "--run", {str(trained / "served")!r}, *words[1:]]) == 0
assert "torch" not in sys.modules
from ramgnn.trained import Fitted
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("for user u1, who had ")


def test_reasons_of_ram_gnn_need_no_other_models(trained):
    code = f"""
import sys
from ramgnn.cli import main
run = {str(trained / "one")!r}
for words in (["explain", "--user", "u1"], ["neighbors"]):
    assert main([words[0], "--run", run, *words[1:], "--item", "i2"]) == 0
others = "training", "finetune", "baselines.registry", "baselines.encoders"
print(*(name for name in others if f"ramgnn.{{name}}" in sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == ""


@pytest.mark.parametrize("kind", ["gcn", "mf", "ease"])
def test_other_models_answer_the_ordinary_way(trained, monkeypatch, kind):
    assert runs.load_vectors(trained / kind) is None
    quick, ordinary = said(trained / kind, monkeypatch)
    assert quick == ordinary
    assert {status for status, _, _ in quick} == {0}


def test_a_flipped_bit_is_never_recommended_from(trained, monkeypatch, tmp_path):
    run = shutil.copytree(trained / "served", tmp_path / "run")
    files = [
        run / "run.json",
        *(path for path in (run / "served").iterdir() if path.suffix in (".json", ".safetensors")),
    ]
    assert len(files) == 6
    for path in files:
        content = path.read_bytes()
        for place in (len(content) // 3, len(content) - 40):
            flipped = bytearray(content)
            flipped[place] ^= 1
            path.write_bytes(flipped)
            assert runs.load_vectors(run) is None
            quick, ordinary = said(run, monkeypatch, {"user": QUESTIONS["user"]})
            assert quick == ordinary
            assert quick[0][0] == 1 and str(run) in quick[0][2]
        path.write_bytes(content)
    assert runs.load_vectors(run) is not None


DAMAGED = {
    "history lost": lambda run: (run / runs.HISTORY).unlink(),
    "weights lost": lambda run: (run / runs.WEIGHTS).unlink(),
    "text lost": lambda run: (run / "dataset.json").unlink(),
    "arrays lost": lambda run: (run / "dataset.safetensors").unlink(),
    "run.json lost": lambda run: (run / runs.RUN).unlink(),
    "another format": lambda run: change_run(run, format=2),
    "other data": lambda run: change_run(run, fingerprint="0123456789abcdef"),
    "impossible settings": lambda run: change_run(run, config={"pretrain": {}, "finetune": {"layers": -1}}),
    "an encoder of somebody's": lambda run: change_run(run, encoders={"item": {"name": "mine", "settings": None}}),
    "a side that is none": lambda run: change_run(run, encoders={"film": {"name": "ram-gnn", "settings": None}}),
    "a model of somebody's": lambda run: change_run(run, model="mine"),
    "a served model that is a link": lambda run: (run / "served").symlink_to(run, target_is_directory=True),
    "no vectors": lambda run: change_weights(run, lambda x: [x.pop("final.users"), x.pop("final.items")]),
    "no items": lambda run: change_weights(run, lambda x: x.pop("final.items")),
    "a user too few": lambda run: change_weights(run, lambda x: x.update({"final.users": x["final.users"][1:]})),
    "an item too many": lambda run: change_weights(run, lambda x: x.update({"final.items": np.ones((21, 4), "f4")})),
    "other widths": lambda run: change_weights(run, lambda x: x.update({"final.items": np.ones((20, 3), "f4")})),
    "a number": lambda run: change_weights(run, lambda x: x.update({"final.users": np.ones((), "f4")})),
    "other numbers": lambda run: change_weights(run, lambda x: x.update({"final.users": np.ones((12, 4))})),
    "not a number": lambda run: change_weights(run, lambda x: x["final.items"].__setitem__((2, 1), np.nan)),
    "infinite elsewhere": lambda run: change_weights(run, lambda x: x.update({"item.more": np.float32([np.inf])})),
    "a history of nothing": lambda run: [(run / runs.HISTORY).write_text("{}"), reseal(run)],
    "a history nested too deep": lambda run: [(run / runs.HISTORY).write_text("[" * 10**5), reseal(run)],
    "weights that are a folder": lambda run: [(run / runs.WEIGHTS).unlink(), (run / runs.WEIGHTS).mkdir()],
}


@pytest.mark.parametrize("what", DAMAGED)
def test_what_is_not_as_it_was_written_is_told_in_the_same_words(run, monkeypatch, what):
    DAMAGED[what](run)
    assert runs.load_vectors(run) is None
    quick, ordinary = said(run, monkeypatch)
    assert quick == ordinary
    assert all(err.startswith("ramgnn: ") for _, _, err in quick)
    assert {status for status, _, _ in quick} == ({0} if what == "history lost" else {1})


@pytest.mark.parametrize("signs", [[1, 1], [1, -1]])
def test_vectors_whose_products_may_be_too_large_are_multiplied_the_ordinary_way(run, monkeypatch, signs):
    x = np.float32([[1e30, 1e30]])
    vectors = {"final.users": x.repeat(12, 0), "final.items": (x * signs).astype("f4").repeat(20, 0)}
    change_weights(run, lambda arrays: arrays.update(vectors))
    assert runs.load_vectors(run) is None
    quick, ordinary = said(run, monkeypatch, {"user": QUESTIONS["user"], "all": QUESTIONS["all"]})
    assert quick == ordinary
    assert all(status == 1 and err.startswith("ramgnn: ") for status, _, err in quick)


@pytest.mark.parametrize("stage", ["validation", "fine-tuning"])
def test_a_run_that_was_stopped_answers_the_ordinary_way(run, monkeypatch, stage):
    change_run(run, interrupted=stage)
    assert runs.load_vectors(run) is None
    quick, ordinary = said(run, monkeypatch)
    assert quick == ordinary
    assert {status for status, _, _ in quick} == {0}


def test_the_face_of_runs_is_imported_when_it_is_asked_for():
    code = "import sys; from ramgnn import runs; runs.describe, runs.load_vectors; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
    assert all(getattr(runs, name) is not None for name in (*runs.__all__, "checking", "loading"))
    assert set(runs.__all__) <= set(dir(runs))
    with pytest.raises(AttributeError, match="has no attribute 'lod'"):
        _ = runs.lod
