"""The study of starts: what a shuffle leaves as it is, one seed of it, and what is stored."""

from __future__ import annotations

import json
import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from ramgnn.encoder import Embeddings
from ramgnn.experiments import starts, stored


def made_up() -> dict:
    """Two sides with embeddings that lean."""
    draw = torch.Generator().manual_seed(0)
    tables = [torch.randn(n, 4, generator=draw) + 1 for n in (9, 2, 12)]
    return {side: SimpleNamespace(embeddings=lambda: Embeddings(*tables)) for side in ("item", "user")}


def test_a_shuffle_changes_who_has_which_vector_and_nothing_else():
    found = made_up()
    before = found["item"].embeddings()
    after = starts.starts_of(found, seed=3)["shuffled"]["item"].embeddings()
    for name in ("nodes", "values"):
        a, b = getattr(before, name), getattr(after, name)
        assert not torch.equal(a, b) and sorted(a.tolist()) == sorted(b.tolist())
    assert torch.equal(before.types, after.types)


def test_centring_takes_the_common_direction_away():
    all_starts = starts.starts_of(made_up(), seed=0)
    for name in ("centred", "centred, shuffled"):
        e = all_starts[name]["user"].embeddings()
        assert e.nodes.mean(0).abs().max() < 1e-6 and e.values.mean(0).abs().max() < 1e-6
    assert all_starts["random"] == {"item": None, "user": None}


def test_ahead():
    assert starts.ahead([0, 2, 4], [0.1, 0.3, 0.4], [0.1, 0.2, 0.3]) == 2
    assert math.isnan(starts.ahead([0, 2], [0.1, 0.1], [0.1, 0.2]))


def test_a_study_of_the_toy_data(tmp_path):
    out = tmp_path / "starts.json"
    few = ["pretrain.epochs=1", "finetune.epochs=3"]
    assert starts.main(["--data", "toy", "--seeds", "1", "--out", str(out), "--set", *few]) == 0
    study = json.loads(out.read_text(encoding="utf-8"))
    assert study["epochs"] == [0, 2, 3]
    (run,) = study["runs"]
    assert set(run["validation"]) == {*starts.TESTED, "centred", "centred, shuffled"}
    assert set(run["test"]) == set(starts.TESTED)
    for curves in run["validation"].values():
        assert {len(curve) for curve in curves.values()} == {3}


def test_what_is_stored_has_seeds_enough_and_the_best_epochs():
    study = stored("starts")
    assert len(study["runs"]) >= 3 and study["settings"] == starts.SETTINGS.split()
    for run in study["runs"]:
        for start, epoch in run["best"].items():
            curve = run["validation"][start]["NDCG@10"][1:]
            assert study["epochs"][1:][int(np.argmax(curve))] == epoch, start
            assert curve[int(np.argmax(curve))] == pytest.approx(max(curve))
