"""Ranks and metrics against PyG's and against a loop that a reader can check by eye."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest, permutation_test
from torch_geometric.metrics import LinkPredHitRatio, LinkPredMRR, LinkPredNDCG

from ramgnn import evaluation as ev
from ramgnn.datasets.negatives import with_negatives
from ramgnn.datasets.split import interactions, leave_last_out
from ramgnn.errors import RamgnnError
from ramgnn.evaluation import intervals, ranking
from tests.small import small_dataset

pytestmark = pytest.mark.filterwarnings("error")


def loop(scores: np.ndarray, dataset, ties: str) -> list[float]:
    """Ranks by going through the candidates one at a time."""
    ranks = []
    for row, (user, item) in enumerate(zip(dataset.test["user"], dataset.test["item"], strict=True)):
        seen = set(dataset.history(user).tolist())
        others = range(dataset.n_items) if dataset.negatives is None else dataset.negatives[row]
        others = [j for j in others if j != item and (dataset.negatives is not None or j not in seen)]
        before = sum(scores[user, j] > scores[user, item] for j in others)
        level = sum(scores[user, j] == scores[user, item] for j in others)
        ranks.append(
            {"average": 1 + before + level / 2, "optimistic": 1 + before, "pessimistic": 1 + before + level}[ties]
        )
    return ranks


def scorer(scores: np.ndarray):
    return lambda users: scores[users]


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 10**6), st.integers(1, 4), st.sampled_from(ev.TIES), st.booleans(), st.booleans(), st.integers(1, 13)
)
def test_ranks_equal_a_loop(seed, levels, ties, sampled, tensor, block):
    dataset = small_dataset(seed=seed)
    if sampled:
        dataset = with_negatives(dataset, 7, seed)
    scores = np.random.default_rng(seed).integers(levels, size=(dataset.n_users, dataset.n_items)).astype(np.float32)
    given_scores = torch.from_numpy(scores) if tensor else scores
    found = ev.rank_test(scorer(given_scores), dataset, ties, block=block)
    assert found.dtype == np.float64
    assert found.tolist() == loop(scores, dataset, ties)


@pytest.mark.parametrize("k", [1, 3, 10])
def test_metrics_equal_those_of_pyg(k):
    dataset = small_dataset(n_users=60, n_items=25, seed=4)
    scores = np.random.default_rng(0).normal(size=(60, 25)).astype(np.float32)
    ranks = ev.rank_test(scorer(scores), dataset)
    masked = torch.from_numpy(np.where(dataset.matrix().toarray() > 0, -np.inf, scores)[dataset.test["user"]])
    top = masked.topk(k).indices
    truth = torch.stack([torch.arange(len(top)), torch.from_numpy(dataset.test["item"].to_numpy(copy=True))])
    for ours, theirs in ((ev.hit_rate, LinkPredHitRatio), (ev.mrr, LinkPredMRR), (ev.ndcg, LinkPredNDCG)):
        metric = theirs(k)
        metric.update(top, truth)
        assert ours(ranks, k) == pytest.approx(float(metric.compute()), abs=1e-6)
    assert 0 < ev.hit_rate(ranks, k) < 1  # else the comparison says nothing


def test_metrics_by_hand():
    ranks = np.array([1, 2.5, 10.5, 4])
    assert ev.metrics(ranks, (3, 10)) == pytest.approx(
        {
            "HR@3": 2 / 4,
            "MRR@3": (1 + 1 / 2.5) / 4,
            "NDCG@3": (1 + 1 / np.log2(3.5)) / 4,
            "HR@10": 3 / 4,
            "MRR@10": (1 + 1 / 2.5 + 1 / 4) / 4,
            "NDCG@10": (1 + 1 / np.log2(3.5) + 1 / np.log2(5)) / 4,
        }
    )
    assert ev.columns((1, 5)) == ("HR@1", "MRR@1", "NDCG@1", "HR@5", "MRR@5", "NDCG@5")
    assert list(ev.metrics(ranks)) == list(ev.columns())
    assert list(ev.metrics(ranks)) == ["HR@10", "MRR@10", "NDCG@10", "HR@20", "MRR@20", "NDCG@20"]


def test_a_constant_scorer_is_perfect_only_by_optimism():
    dataset = small_dataset()
    constant = scorer(np.zeros((dataset.n_users, dataset.n_items)))
    candidates = dataset.n_items - np.array([len(dataset.history(u)) for u in dataset.test["user"]])
    assert (ev.rank_test(constant, dataset, "optimistic") == 1).all()
    assert (ev.rank_test(constant, dataset, "pessimistic") == candidates).all()
    assert (ev.rank_test(constant, dataset) == (candidates + 1) / 2).all()
    sampled = with_negatives(dataset, 9)
    assert (ev.rank_test(constant, sampled) == 5.5).all()


def test_the_held_out_item_is_not_its_own_rival():
    dataset = small_dataset()
    again = np.repeat(dataset.test["item"].to_numpy()[:, None], 4, 1)  # negatives that are all the held-out item
    constant = scorer(np.zeros((dataset.n_users, dataset.n_items)))
    assert (ev.rank_test(constant, replace(dataset, negatives=again), "pessimistic") == 1).all()


def test_the_held_out_item_stays_even_where_it_was_seen():
    dataset = small_dataset()
    both = pd.concat([dataset.train, dataset.test]).sort_values(["user", "time"], kind="stable", ignore_index=True)
    again = replace(dataset, train=both)
    scores = np.random.default_rng(0).integers(3, size=(dataset.n_users, dataset.n_items))
    for ties in ev.TIES:
        assert ev.rank_test(scorer(scores), again, ties).tolist() == loop(scores, dataset, ties)


class Pairwise:
    """A scorer that can score pairs alone, and is not asked for more where the candidates are a sample."""

    def __init__(self, scores: np.ndarray | torch.Tensor) -> None:
        self.scores, self.asked = scores, []

    def __call__(self, users: np.ndarray) -> np.ndarray | torch.Tensor:
        self.asked.append("all")
        return self.scores[users]

    def score_pairs(self, users: np.ndarray, items: np.ndarray) -> np.ndarray | torch.Tensor:
        self.asked.append(items.shape)
        return self.scores[users[:, None], items]


@pytest.mark.parametrize("tensor", [False, True])
def test_only_the_candidates_of_a_sample_are_scored(tensor, monkeypatch):
    whole = small_dataset(seed=3)
    sampled = with_negatives(whole, 7, 3)
    scores = np.random.default_rng(3).integers(3, size=(whole.n_users, whole.n_items)).astype(np.float32)
    score = Pairwise(torch.from_numpy(scores) if tensor else scores)
    for ties in ev.TIES:
        assert ev.rank_test(score, sampled, ties).tolist() == loop(scores, sampled, ties)
    assert score.asked == [(len(sampled.test), 8)] * 3
    score.asked.clear()
    assert ev.rank_test(score, whole).tolist() == loop(scores, whole, "average")
    assert score.asked == ["all"]
    score.asked.clear()
    monkeypatch.setattr(ranking, "MAX_SCORES", 40)  # five users of eight candidates
    ev.rank_test(score, sampled)
    assert [b for b, _ in score.asked][:2] == [5, 5] and {n for _, n in score.asked} == {8}


def test_bad_scores_of_pairs_are_refused():
    sampled = with_negatives(small_dataset(), 7)
    score = Pairwise(np.zeros((sampled.n_users, sampled.n_items)))
    score.score_pairs = lambda users, items: np.zeros((len(users), 7))
    with pytest.raises(ev.ScoreError, match=r"shape \(12, 7\) for 12 users; expected \(12, 8\)"):
        ev.rank_test(score, sampled)
    score.score_pairs = lambda users, items: np.where(users[:, None] == 5, np.nan, items)
    with pytest.raises(ev.ScoreError, match=r"8 of 96 scores are NaN, for 1 of 12 users, the first of them 'u5'"):
        ev.rank_test(score, sampled)


def test_one_against_999():
    rng = np.random.default_rng(1)
    train, test = leave_last_out(interactions(np.repeat(np.arange(30), 5), np.arange(150) * 7 % 1200))
    ids = tuple(map(str, range(1200)))
    small = small_dataset()
    dataset = replace(
        small, user_ids=ids[:30], item_ids=ids, user_labels=ids[:30], item_labels=ids, train=train, test=test,
        item_relations=(), user_relations=(),
    )  # fmt: skip
    dataset = with_negatives(dataset, 999, 3)
    scores = rng.normal(size=(30, 1200))
    found = ev.evaluate(scorer(scores), dataset, progress=False)
    assert found.candidates == "1 vs 999"
    assert found.ranks.tolist() == loop(scores, dataset, "average")
    assert found.ranks.max() <= 1000


def test_blocks_change_nothing_and_are_kept(monkeypatch):
    dataset = small_dataset(n_users=30)
    scores = np.random.default_rng(0).integers(3, size=(30, 20))
    sizes = []

    def watched(users):
        sizes.append(len(users))
        return scores[users]

    whole = ev.rank_test(watched, dataset, block=1000)
    assert sizes == [30]
    sizes.clear()
    assert (ev.rank_test(watched, dataset, block=7) == whole).all()
    assert sizes == [7, 7, 7, 7, 2]
    sizes.clear()
    monkeypatch.setattr(ranking, "MAX_SCORES", 100)  # five users of twenty items
    assert (ev.rank_test(watched, dataset) == whole).all()
    assert max(sizes) == 5


def test_the_scores_are_left_as_they_are():
    dataset = small_dataset()
    scores = torch.rand(dataset.n_users, dataset.n_items)
    before = scores.clone()
    ev.rank_test(lambda users: scores, dataset)
    assert torch.equal(scores, before)
    frozen = before.numpy().copy()
    frozen.setflags(write=False)
    assert ev.rank_test(lambda users: frozen, dataset).tolist() == loop(frozen, dataset, "average")
    ranks = ev.rank_test(lambda users: np.broadcast_to(frozen[:1], frozen.shape), dataset)
    assert ranks.tolist() == loop(np.repeat(frozen[:1], len(frozen), 0), dataset, "average")


@pytest.mark.parametrize("kind", [np.float16, np.float64, np.int32, np.uint16, bool])
def test_kinds_of_numbers(kind):
    dataset = small_dataset()
    scores = np.random.default_rng(2).integers(2, size=(dataset.n_users, dataset.n_items)).astype(kind)
    assert ev.rank_test(scorer(scores), dataset).tolist() == loop(scores.astype(float), dataset, "average")


def test_infinite_scores_are_ranked():
    dataset = small_dataset()
    scores = np.full((dataset.n_users, dataset.n_items), -np.inf)
    scores[dataset.test["user"], dataset.test["item"]] = np.inf
    assert (ev.rank_test(scorer(scores), dataset, "pessimistic") == 1).all()


def test_nan_is_refused_with_the_first_user():
    dataset = small_dataset()
    scores = np.ones((dataset.n_users, dataset.n_items))
    scores[5, 3] = scores[5, 4] = scores[8, 0] = np.nan
    with pytest.raises(
        ValueError, match=r"3 of \d+ scores are NaN, for 2 of \d+ users, the first of them 'u5'"
    ) as error:
        ev.rank_test(scorer(scores), dataset)
    assert isinstance(error.value, RamgnnError)
    with pytest.raises(ev.ScoreError, match="'u5'"):
        ev.rank_test(scorer(torch.from_numpy(scores)), dataset)


def test_bad_scores_and_options_are_refused():
    dataset = small_dataset()
    with pytest.raises(ev.ScoreError, match=r"shape \(12, 3\)"):
        ev.rank_test(lambda users: np.zeros((len(users), 3)), dataset)
    with pytest.raises(ev.ScoreError, match="expected numbers"):
        ev.rank_test(lambda users: np.full((len(users), dataset.n_items), "x"), dataset)
    with pytest.raises(RamgnnError, match="'average', 'optimistic'"):
        ev.rank_test(lambda users: users, dataset, ties="lucky")
    with pytest.raises(RamgnnError, match="block is 0"):
        ev.rank_test(lambda users: users, dataset, block=0)
    with pytest.raises(RamgnnError, match="k is 0"):
        ev.hit_rate(np.ones(3), 0)
    for ranks in ([0.5], [np.nan], [[1.0]]):
        with pytest.raises(RamgnnError, match="each 1 or larger"):
            ev.mrr(np.array(ranks), 10)


def test_without_test_rows_everything_is_nan():
    dataset = small_dataset()
    empty = replace(dataset, test=dataset.test.iloc[:0])
    found = ev.evaluate(lambda users: 1 / 0, empty)
    assert found.ranks.shape == (0,)
    assert all(np.isnan(v) for v in found.metrics().values())
    assert found.table().iloc[:, 1:].isna().all(axis=None)
    with pytest.raises(RamgnnError, match="same users"):
        ev.paired_test(found, found)


def test_progress_bar(capsys):
    dataset = small_dataset()
    score = scorer(np.zeros((dataset.n_users, dataset.n_items)))
    ev.rank_test(score, dataset)
    assert capsys.readouterr().err == ""
    ev.rank_test(score, dataset, progress=True)
    assert f"{len(dataset.test)}/{len(dataset.test)}" in capsys.readouterr().err


# --- intervals and tests ----------------------------------------------------------------------------------------------


def test_bootstrap_of_a_hit_rate_is_close_to_the_normal_interval():
    ranks = np.where(np.arange(1000) < 150, 3, 50)
    found = ev.bootstrap(ranks, (10,), n=4000)["HR@10"]
    se = np.sqrt(0.15 * 0.85 / 1000)
    assert found.value == 0.15
    assert found.low == pytest.approx(0.15 - 1.96 * se, abs=0.15 * se)
    assert found.high == pytest.approx(0.15 + 1.96 * se, abs=0.15 * se)
    narrow = ev.bootstrap(ranks, (10,), n=4000, level=0.5)["HR@10"]
    assert found.low < narrow.low < narrow.value < narrow.high < found.high
    assert str(found).startswith("0.1500 [0.12")


def test_bootstrap_repeats_by_seed_whatever_the_portions(monkeypatch):
    ranks = np.random.default_rng(0).integers(1, 40, 101).astype(float)
    whole = ev.bootstrap(ranks, (10, 20), n=300, seed=5)
    assert ev.bootstrap(ranks, (10, 20), n=300, seed=5) == whole
    assert ev.bootstrap(ranks, (10, 20), n=300, seed=6) != whole
    monkeypatch.setattr(intervals, "row_blocks", lambda n, width: [n // 3] * 3)
    again = ev.bootstrap(ranks, (10, 20), n=300, seed=5)
    for name in whole:
        assert (again[name].low, again[name].high) == pytest.approx((whole[name].low, whole[name].high))


def test_bootstrap_of_one_user_has_no_width():
    for found in ev.bootstrap(np.array([4.0]), (10,)).values():
        assert found.low == found.value == found.high > 0


def test_bootstrap_options():
    with pytest.raises(RamgnnError, match="level 95"):
        ev.bootstrap(np.ones(3), level=95)
    assert intervals.row_blocks(10, 2**22) == [1] * 10
    assert intervals.row_blocks(2**22 + 1, 1) == [2**22, 1]
    assert intervals.row_blocks(5, 10**9) == [1] * 5


def evaluations(n: int, seed: int, shift: float = 0.0) -> tuple[ev.Evaluation, ev.Evaluation]:
    rng = np.random.default_rng(seed)
    a = rng.integers(1, 30, n).astype(float)
    b = np.maximum(1, rng.integers(1, 30, n) + round(shift))
    users = rng.permutation(n)
    return ev.Evaluation(a, users), ev.Evaluation(b, users)


@pytest.mark.parametrize("metric", ev.METRICS)
@pytest.mark.parametrize("n", [8, 300])
def test_paired_test_is_symmetrical(metric, n):
    a, b = evaluations(n, 3, 2)
    forth, back = (ev.paired_test(*pair, metric, n=999) for pair in ((a, b), (b, a)))
    assert forth.p_value == back.p_value
    assert forth.difference == pytest.approx(-back.difference)
    assert (forth.low, forth.high) == pytest.approx((-back.high, -back.low))
    assert (forth.better, forth.worse) == (back.worse, back.better)
    assert forth.low <= forth.difference <= forth.high
    assert forth.difference == pytest.approx(forth.a - forth.b)
    assert str(forth).startswith(f"{metric}@10: ")


def test_paired_p_value_is_scipys():
    for seed in range(5):
        a, b = evaluations(11, seed, 4)
        x, y = ev.gains(a.ranks, "NDCG", 10), ev.gains(b.ranks, "NDCG", 10)
        exact = permutation_test((x, y), lambda p, q: np.mean(p - q), permutation_type="samples", n_resamples=np.inf)
        assert ev.paired_test(a, b).p_value == pytest.approx(exact.pvalue)
    a, b = evaluations(60, 1, 6)
    x, y = ev.gains(a.ranks, "MRR", 20), ev.gains(b.ranks, "MRR", 20)

    def mean(p, q, axis):
        return np.mean(p - q, axis=axis)

    drawn = permutation_test((x, y), mean, permutation_type="samples", n_resamples=9999, vectorized=True)
    assert ev.paired_test(a, b, "MRR", 20).p_value == pytest.approx(drawn.pvalue, abs=0.03)


def test_paired_p_values_are_uniform_when_nothing_differs():
    values = [ev.paired_test(*evaluations(60, seed), "NDCG", 20, n=400, seed=seed).p_value for seed in range(200)]
    assert kstest(values, "uniform").pvalue > 0.01
    assert 0.01 <= np.mean(np.array(values) < 0.05) <= 0.1


def test_paired_test_sees_a_difference_and_none():
    a, b = evaluations(200, 0, 8)
    found = ev.paired_test(a, b, "HR", 10, n=999)
    assert found.p_value == 1 / 1000
    assert found.low > 0
    same = ev.paired_test(a, a)
    assert (same.p_value, same.difference, same.low, same.high) == (1.0, 0.0, 0.0, 0.0)


def test_paired_test_repeats_by_seed():
    a, b = evaluations(100, 2, 1)
    assert ev.paired_test(a, b, seed=4, n=500) == ev.paired_test(a, b, seed=4, n=500)
    assert ev.paired_test(a, b, seed=4, n=500) != ev.paired_test(a, b, seed=5, n=500)


def test_paired_test_matches_users_in_any_order():
    a, b = evaluations(50, 7, 3)
    order = np.random.default_rng(0).permutation(50)
    shuffled = ev.Evaluation(b.ranks[order], b.users[order])
    assert ev.paired_test(a, shuffled, n=500) == ev.paired_test(a, b, n=500)
    items = np.arange(50) % 9
    with_items = replace(a, items=items), replace(shuffled, items=items[order])
    assert ev.paired_test(*with_items, n=500) == ev.paired_test(a, b, n=500)


def test_paired_test_wants_like_with_like():
    a, b = evaluations(20, 0)
    with pytest.raises(RamgnnError, match="20 and 19 users, 19 of them in common"):
        ev.paired_test(a, ev.Evaluation(b.ranks[:19], b.users[:19]))
    with pytest.raises(RamgnnError, match="same users"):
        ev.paired_test(a, replace(b, users=b.users + 1))
    with pytest.raises(RamgnnError, match="candidates: 'all' and '1 vs 999'"):
        ev.paired_test(a, replace(b, candidates="1 vs 999"))
    with pytest.raises(RamgnnError, match="differ in ties"):
        ev.paired_test(a, replace(b, ties="optimistic"))
    items = np.arange(20)
    with pytest.raises(RamgnnError, match="held-out items differ for 2 of 20"):
        ev.paired_test(replace(a, items=items), replace(b, items=np.where(items < 2, 19, items)))


# --- one evaluation ---------------------------------------------------------------------------------------------------


def test_evaluation_keeps_what_was_ranked():
    dataset = small_dataset()
    scores = np.random.default_rng(0).integers(3, size=(dataset.n_users, dataset.n_items))
    found = ev.evaluate(scorer(scores), dataset, ties="pessimistic", block=5)
    assert found.ranks.tolist() == loop(scores, dataset, "pessimistic")
    assert found.users.tolist() == dataset.test["user"].tolist()
    assert found.items.tolist() == dataset.test["item"].tolist()
    assert (found.ties, found.candidates) == ("pessimistic", "all")
    assert found.metrics((5,)) == ev.metrics(found.ranks, (5,))


def test_table():
    a, _ = evaluations(200, 0)
    table = a.table((10,), n=300, seed=1)
    assert list(table.columns) == ["metric", "value", "low", "high"]
    assert table["metric"].tolist() == ["HR@10", "MRR@10", "NDCG@10"]
    assert table["value"].tolist() == list(a.metrics((10,)).values())
    assert ((table["low"] < table["value"]) & (table["value"] < table["high"])).all()


def test_by_groups():
    a = ev.Evaluation(np.array([1.0, 2, 30, 4]), np.arange(4))
    plain = a.by(["x", "y", "x", "y"], (10,))
    assert plain.index.tolist() == ["x", "y"]
    assert plain["users"].tolist() == [2, 2]
    assert plain["HR@10"].tolist() == [0.5, 1.0]
    assert plain["MRR@10"].tolist() == [0.5, (1 / 2 + 1 / 4) / 2]
    ordered = a.by(pd.Categorical(["y", "x", "x", "x"], ["none", "x", "y"]), (10,))
    assert ordered.index.tolist() == ["none", "x", "y"]
    assert ordered["users"].tolist() == [0, 3, 1]
    assert np.isnan(ordered.loc["none", "HR@10"])
    shifted = a.by(pd.Series(["x", "y", "x", "y"], index=[9, 8, 7, 6]), (10,))  # rows, not labels, decide
    assert shifted.equals(plain)
    with pytest.raises(RamgnnError, match="3 groups for 4"):
        a.by(["x"] * 3)
    with pytest.raises(RamgnnError, match="1 test rows are in no group"):
        a.by(["x", None, "x", "x"])


def test_json_there_and_back():
    a = ev.Evaluation(np.array([1, 2.5, 1000]), np.array([4, 0, 7]), "pessimistic", "1 vs 999", np.array([3, 3, 9]))
    text = a.to_json()
    assert "\n" not in text and '"ranks":[1,2.5,1000]' in text
    b = ev.Evaluation.from_json(text)
    for name in ("ranks", "users", "items"):
        assert np.array_equal(getattr(a, name), getattr(b, name))
        assert getattr(a, name).dtype == getattr(b, name).dtype
    assert (a.ties, a.candidates) == (b.ties, b.candidates)
    assert ev.Evaluation.from_json(ev.Evaluation([1.0], [0]).to_json()).items is None
    for bad in ("", "[1]", '{"ranks": [1]}', '{"ranks": [1, 2], "users": [0]}', json.dumps({"a": 1})):
        with pytest.raises(RamgnnError):
            ev.Evaluation.from_json(bad)


def test_evaluation_checks_itself():
    with pytest.raises(RamgnnError, match="2 ranks for 1 users"):
        ev.Evaluation(np.ones(2), np.zeros(1))
    with pytest.raises(RamgnnError, match="stands twice"):
        ev.Evaluation(np.ones(2), np.zeros(2))
    with pytest.raises(RamgnnError, match="ties"):
        ev.Evaluation(np.ones(1), np.zeros(1), "lucky")


def test_session_groups():
    dataset = small_dataset(n_users=8)
    users = dataset.test["user"].tolist()
    last = 10_000
    gaps = dict(zip(users, [0, 1, 3600, 3601, -5, -7200, 0, 0], strict=True))
    train = dataset.train.assign(time=last - 500)
    train.loc[train.groupby("user").tail(1).index, "time"] = last
    test = dataset.test.assign(time=[last + gaps[u] for u in users])
    train = train[train["user"] != users[7]]  # nothing to measure from
    timed = replace(dataset, train=train, test=test.iloc[::-1], time_kind="seconds")
    found = ev.session_groups(timed)
    assert found.tolist()[::-1] == [
        "same time", "within an hour", "within an hour", "later", "within an hour", "later", "same time", "later",
    ]  # fmt: skip
    assert list(found.cat.categories) == ["same time", "within an hour", "later"]
    table = ev.Evaluation(np.arange(1.0, 9.0), timed.test["user"]).by(found)
    assert table["users"].tolist() == [2, 3, 3]


def test_session_groups_want_seconds():
    with pytest.raises(RamgnnError, match="'order'"):
        ev.session_groups(small_dataset())


def test_draws_are_the_same_whether_they_are_kept_or_made_again(monkeypatch):
    kept = np.concatenate(list(ev.resampled(7, 50, 3)))
    again = np.concatenate(list(ev.resampled(7, 50, 3)))
    monkeypatch.setattr(intervals, "MAX_CACHED_COUNTS", 0)
    made = np.concatenate(list(ev.resampled(7, 50, 3)))
    assert (kept == made).all() and (again == made).all()
    assert kept.shape == (50, 7) and (kept.sum(1) == 7).all() and kept.dtype == made.dtype == np.int64


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_ranks_on_a_gpu_equal_those_on_the_cpu():
    dataset = small_dataset(n_users=40)
    scores = torch.randint(0, 3, (40, 20)).float()
    for data in (dataset, with_negatives(dataset, 6)):
        for ties in ev.TIES:
            here, there = (ev.rank_test(scorer(s), data, ties, block=9) for s in (scores, scores.cuda()))
            assert (here == there).all()
