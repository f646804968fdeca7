"""The simulation of power against what is known of normal means, and against no difference at all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from ramgnn.errors import RamgnnError
from ramgnn.experiments.power import Gap, corrected, power, printed_gaps
from ramgnn.experiments.statistics import Comparison, holm, user_gains
from ramgnn.experiments.store import Result


def runs(name: str, share: float, n_users: int = 400, n_seeds: int = 4, seed: int = 0) -> list[Result]:
    """Made-up runs: a user's item is at rank 1 with this chance, and far behind otherwise."""
    rng = np.random.default_rng([seed, len(name)])
    ranks = np.where(rng.random((n_seeds, n_users)) < share, 1.0, 50.0)
    return [Result("made up", name, s, row, "same") for s, row in enumerate(ranks)]


FOUND = {"ours": runs("ours", 0.3), "other": runs("other", 0.3, seed=1), "third": runs("third", 0.2, seed=2)}


def test_no_difference_is_seen_as_seldom_as_the_level_says():
    one = power(FOUND, [Gap("ours", "other", "HR@10", 1e-12)], n=4000)
    assert one.seen[0] == pytest.approx(0.025, abs=0.01)  # one of the two signs


def test_it_is_that_of_a_normal_mean():
    gap = 0.05
    one = power(FOUND, [Gap("ours", "other", "HR@10", gap)], users=900, n=4000)
    a, b = (user_gains(FOUND[x], "HR@10") for x in ("ours", "other"))
    spread = (a.mean(1).var(ddof=1) + b.mean(1).var(ddof=1)) / 4
    error = np.sqrt((a.mean(0) - b.mean(0)).var() / 900 + spread)
    assert one.seen[0] == pytest.approx(stats.norm.sf(stats.norm.isf(0.025) - gap / error), abs=0.03)


def test_more_users_and_larger_gaps_are_seen_more_often_and_a_family_less():
    few, many = (power(FOUND, [Gap("ours", "other", "HR@10", 0.04)], users, n=600).seen[0] for users in (200, 2000))
    assert few < many
    alone = power(FOUND, [Gap("ours", "other", "HR@10", 0.05)], n=600)
    family = [Gap("ours", name, m, 0.05) for name in ("other", "third") for m in ("HR@10", "NDCG@10", "MRR@20")]
    together = power(FOUND, family, n=600)
    assert together.seen[0] <= alone.seen[0] and together.all_seen <= min(together.seen) <= together.any_seen
    assert alone.all_seen == alone.any_seen == alone.seen[0]


def test_a_large_gap_is_always_seen_and_the_wrong_sign_never():
    assert power(FOUND, [Gap("ours", "other", "HR@10", 0.5)], n=200).all_seen == 1
    assert power(FOUND, [Gap("ours", "other", "HR@10", -0.5)], n=200).all_seen == 1


def test_the_correction_is_holm_s():
    p = np.array([[0.01, 0.04, 0.03, 0.005], [0.5, 0.5, 0.001, 0.2]])
    blank = Comparison("a", "b", "HR@10", 0.1, 0, 1, 1, 1, (0, 0, 0))
    for row, found in zip(p, corrected(p), strict=True):
        assert found.tolist() == pytest.approx([c.corrected for c in holm([replace(blank, p=x) for x in row])])


def test_the_paper_s_gaps():
    gaps = printed_gaps("ram-gnn", {"lightgcn": "LightGCN", "rcf": "RCF"}, "III", ("HR@10", "NDCG@10"))
    assert [(g.b, g.metric) for g in gaps] == [
        ("lightgcn", "HR@10"), ("lightgcn", "NDCG@10"), ("rcf", "HR@10"), ("rcf", "NDCG@10")
    ]  # fmt: skip
    assert all(g.difference > 0 for g in gaps)


def test_what_cannot_be_simulated_is_refused():
    with pytest.raises(RamgnnError, match="no runs of nobody"):
        power(FOUND, [Gap("ours", "nobody", "HR@10", 0.1)])
    with pytest.raises(RamgnnError, match="no differences"):
        power(FOUND, [])
