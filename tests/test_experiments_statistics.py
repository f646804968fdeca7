"""Statistics, tables and verdicts of stored runs, on made-up ranks whose truth is known."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ramgnn.errors import NotFoundError, RamgnnError
from ramgnn.experiments import statistics, tables, verdicts
from ramgnn.experiments.lineup import FAIR
from ramgnn.experiments.statistics import (
    Comparison,
    all_pairs,
    by_model,
    compare,
    draws,
    family,
    holm,
    summarise,
    user_gains,
)
from ramgnn.experiments.store import Result, Store, Trial

USERS = 300


def runs(model: str, hit: float, seeds: int = 5, n: int = USERS, data: str = "ml-100k", history=None) -> list[Result]:
    """Runs in which each user is hit at place 1 with that chance, else at place 50; users are alike in all models."""
    luck = np.random.default_rng(0).random(n)
    found = []
    for seed in range(seeds):
        own = np.random.default_rng([seed, len(model)]).normal(0, 0.02, n)
        ranks = np.where(luck + own < hit, 1.0, 50.0)
        found.append(Result(data, model, seed, ranks, "f" * 16, {}, {}, 1, 1.0, {"commit": "c"}, history or {}))
    return found


def comparison(p: float) -> Comparison:
    return Comparison("a", "b", "HR@10", 0.1, 0.0, 0.2, p, p, (0.1, 0.0, 0.2))


# ---- statistics -----------------------------------------------------------------------------------------------------


def test_gains_are_those_of_the_definition():
    one = Result("toy", "m", 0, np.array([1.0, 3.0, 11.0]), "f", {}, {}, 1, 1.0, {}, {})
    assert user_gains([one], "HR@10").tolist() == [[1, 1, 0]]
    assert user_gains([one], "NDCG@10")[0] == pytest.approx([1, 0.5, 0])
    assert user_gains([one], "MRR@20")[0] == pytest.approx([1, 1 / 3, 1 / 11])


def test_summary_of_one_seed_has_an_interval_over_users_only():
    one = runs("m", 0.3, seeds=1)
    found = summarise(one, "HR@10")
    p = found.mean
    half = 1.96 * (p * (1 - p) / USERS) ** 0.5  # of a share, by the normal approximation
    assert found.users == pytest.approx((p - half, p + half), abs=0.006)
    assert found.both == found.users and np.isnan(found.sd) and np.isnan(found.seeds[0])


def test_summary_of_several_seeds_is_students_interval():
    found, each = summarise(runs("m", 0.3), "HR@10"), user_gains(runs("m", 0.3), "HR@10").mean(1)
    half = 2.776445 * each.std(ddof=1) / 5**0.5  # t with four degrees of freedom
    assert found.seeds == pytest.approx((each.mean() - half, each.mean() + half), abs=1e-6)
    assert found.both[0] <= found.users[0] + 0.004 and found.both[1] >= found.users[1] - 0.004


def test_draws_vary_as_two_levels_of_chance_say():
    """Users alone give the variance over users; with seeds as well, that of the seeds' means is added."""
    rng = np.random.default_rng(3)
    levels = (0.05, 0.25, 0.45, 0.65, 0.85)  # seeds that differ wildly
    found = [
        Result("toy", "m", s, np.where(rng.random(USERS) < p, 1.0, 50.0), "f", {}, {}, 1, 1.0, {}, {})
        for s, p in enumerate(levels)
    ]
    each = user_gains(found, "HR@10")
    users = draws(found, "HR@10", 20_000, seeds=False)
    both = draws(found, "HR@10", 20_000)
    assert users.var() == pytest.approx(each.mean(0).var() / USERS, rel=0.05)
    assert both.var() - users.var() == pytest.approx(each.mean(1).var() / 5, rel=0.1)


def test_seeds_are_drawn_for_each_model_by_itself_and_users_for_all_together():
    """The same runs under two names: without seeds no draw differs; with seeds the variance of their means adds."""
    levels = (0.05, 0.25, 0.45, 0.65, 0.85)
    rng = np.random.default_rng(3)
    ranks = [np.where(rng.random(USERS) < p, 1.0, 50.0) for p in levels]
    a, b = ([Result("toy", m, s, r, "f", {}, {}, 1, 1.0, {}, {}) for s, r in enumerate(ranks)] for m in ("a", "b"))
    assert (draws(a, "HR@10", 500, seeds=False) == draws(b, "HR@10", 500, seeds=False)).all()
    moved = draws(a, "HR@10", 20_000) - draws(b, "HR@10", 20_000)
    assert moved.var() == pytest.approx(2 * user_gains(a, "HR@10").mean(1).var() / 5, rel=0.1)


def test_searches_count_alike_and_their_luck_is_in_the_interval():
    """Ten runs of one search and two of each other: the mean is that of the searches, and so is what varies."""
    rng = np.random.default_rng(5)
    sizes = {"m": (0.2, 10), "m search 2": (0.4, 2), "m search 3": (0.6, 2)}
    found = [
        Result("toy", name, s, np.where(rng.random(USERS) < p, 1.0, 50.0), "f", {}, {}, 1, 1.0, {}, {})
        for name, (p, n) in sizes.items()
        for s in range(n)
    ]
    assert list(by_model(found)) == ["m"] and len(by_model(found)["m"]) == 14
    means = [np.mean([user_gains([r], "HR@10").mean() for r in found if r.model == name]) for name in sizes]
    one = summarise(found, "HR@10")
    assert one.mean == pytest.approx(np.mean(means)) and one.users[1] - one.users[0] < 0.1 < one.both[1] - one.both[0]
    drawn, users = draws(found, "HR@10", 40_000), draws(found, "HR@10", 40_000, seeds=False)
    assert drawn.var() - users.var() == pytest.approx(np.var(means, ddof=1) / 3, rel=0.1)  # that of a mean of three
    alone = [r for r in found if r.model == "m"]
    assert compare(alone, found, "HR@10").a == "m" == compare(found, alone, "HR@10").a


def test_comparisons_are_paired():
    """Five in a hundred more are hit, and they are the same users: seen when paired, not seen when not."""
    a, b = runs("a", 0.35), runs("b", 0.30)
    one = compare(a, b, "HR@10")
    assert one.sign > 0 and one.p < 0.01 and one.low > 0
    assert compare(b, a, "HR@10").difference == pytest.approx(-one.difference)
    unpaired = summarise(a, "HR@10").both[0] - summarise(b, "HR@10").both[1]
    assert unpaired < 0


def test_equal_models_are_not_told_apart():
    a = runs("a", 0.3)
    one = compare(a, a, "NDCG@10")
    assert (one.difference, one.sign) == (0, 0) and one.p == 1


def test_alike_is_shown_by_an_interval_within_the_margin_and_not_by_want_of_a_difference():
    few = [[r for r in runs(m, 0.3, seeds=1)] for m in ("a", "bb")]
    few = [[replace(r, ranks=r.ranks[:60]) for r in x] for x in few]
    assert compare(*few, "HR@10").sign == 0 and not statistics.alike(*few, "HR@10", 0.01)[0]
    a = runs("a", 0.3)
    yes, (low, high) = statistics.alike(a, a, "HR@10", 0.01)
    assert yes and -0.01 < low <= 0 <= high < 0.01
    assert not statistics.alike(runs("a", 0.35), a, "HR@10", 0.01)[0]


def test_p_is_calibrated_when_nothing_differs():
    """Of many comparisons of models that differ by chance alone, about one in twenty has p below .05."""
    rng = np.random.default_rng(1)
    low = 0
    for _ in range(200):
        a, b = (
            [Result("toy", m, 0, np.where(rng.random(200) < 0.3, 1.0, 50.0), "f", {}, {}, 1, 1.0, {}, {})]
            for m in ("a", "b")
        )
        low += compare(a, b, "HR@10", n=400).p < 0.05
    assert 2 <= low <= 22  # binomial with 200 draws and .05: 99.9 % of the time


def test_holm_is_that_of_the_textbook():
    found = [c.corrected for c in holm([comparison(p) for p in (0.01, 0.04, 0.03, 0.005)])]
    assert found == pytest.approx([0.03, 0.06, 0.06, 0.02])


@settings(max_examples=50)
@given(st.lists(st.floats(1e-6, 1), min_size=1, max_size=20))
def test_holm_lies_between_nothing_and_bonferroni_and_keeps_the_order(ps):
    found = [c.corrected for c in holm([comparison(p) for p in ps])]
    for p, corrected in zip(ps, found, strict=True):
        assert p <= corrected <= min(1, p * len(ps)) + 1e-12
    order = np.argsort(ps, kind="stable")
    assert (np.diff(np.array(found)[order]) >= 0).all()


def test_a_family_is_corrected_together_and_all_pairs_are_there():
    found = by_model([*runs("a", 0.5), *runs("bb", 0.3), *runs("ccc", 0.29)])
    each = all_pairs(found, "HR@10", 2000)
    assert [(c.a, c.b) for c in each] == [("a", "bb"), ("a", "ccc"), ("bb", "ccc")]
    assert all(c.corrected >= c.p for c in each) and each[0].sign == 1
    many = family(found, [("a", "bb")], ("HR@10", "HR@20", "MRR@10", "MRR@20", "NDCG@10", "NDCG@20"), n=10)
    assert all(c.sign == 1 for c in many)  # the number of draws is raised to what the correction needs


def test_what_cannot_be_compared_is_refused():
    other = Result("toy", "b", 0, np.ones(USERS), "0" * 16, {}, {}, 1, 1.0, {}, {})
    with pytest.raises(RamgnnError, match="different test users.*a on ml-100k, b on toy"):
        compare(runs("a", 0.3), [other], "HR@10")
    with pytest.raises(RamgnnError, match="no results"):
        summarise([], "HR@10")


# ---- tables ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def stored(tmp_path) -> Store:
    """A store with Table V: add and mult alike, corr better; and one run of MF."""
    store = Store(tmp_path)
    for one in [*runs("add", 0.3), *runs("mult", 0.3), *runs("corr", 0.45), *runs("mf", 0.2, seeds=1)]:
        store.put(one)
    return store


def test_a_table_has_ours_and_the_papers_and_says_what_is_missing(stored):
    head, lines, missing = tables.cells(tables.table("table5"), stored, "ml-100k")
    assert missing == 0 and head[2:4] == ["HR@20", "paper's HR@20"] and [x[0] for x in lines] == ["add", "mult", "corr"]
    mean = user_gains(stored.results("ml-100k", ["corr"]), "HR@20").mean()
    assert lines[2][2].startswith(f"{mean:.3f}".removeprefix("0")) and "±" in lines[2][2] and "[" in lines[2][2]
    from ramgnn import paper

    printed = [c.text for c in paper.PRINTED if (c.table, c.data, c.row, c.metric) == ("V", "ml-100k", "corr", "HR@20")]
    assert [lines[2][3]] == printed
    head, lines, missing = tables.cells(tables.table("table3"), stored, "ml-100k")
    specs, rows = tables.line_up("ml-100k"), tables.rows_on(tables.table("table3"), "ml-100k")
    assert missing == 9 + sum(1 if not specs[r.model].seeded else 10 for r in rows[1:])
    assert lines[0][1] == "1 of 10" and "±" not in lines[0][2] and lines[1][2] == tables.MISSING


def test_a_row_shows_the_runs_of_all_searches_and_how_much_the_search_moves_it(tmp_path):
    store, rng = Store(tmp_path), np.random.default_rng(1)
    for name, p in (("ease", 0.2), ("ease search 2", 0.3), ("ease search 3", 0.4)):
        for seed in range(2):
            ranks = np.where(rng.random(USERS) < p, 1.0, 50.0)
            store.put(Result("ml-100k", name, seed, ranks, "f", {}, {}, 1, 1.0, {}, {}))
    one = replace(tables.table("table3"), seeds=2)
    row = next(r for r in one.rows if r.model == "ease")
    assert [r.model for r in tables.runs_of(row, one, store, "ml-100k")][::2] == [
        "ease",
        "ease search 2",
        "ease search 3",
    ]
    _, lines, _ = tables.cells(one, store, "ml-100k")
    (line,) = [x for x in lines if x[0] == "EASE"]
    assert line[1] == "2 + 4"
    found = tables.luck(one, store, "ml-100k", "HR@10")
    assert list(found.index) == ["EASE"]
    means = [user_gains(store.results("ml-100k", ["ease"])[n : n + 2], "HR@10").mean(1) for n in (0, 2, 4)]
    assert found.loc["EASE", "search 2"] == pytest.approx(means[1].mean())
    assert found.loc["EASE", "spread of searches"] == pytest.approx(np.std([x.mean() for x in means], ddof=1))
    assert found.loc["EASE", "spread of runs"] == pytest.approx(np.mean([x.var(ddof=1) for x in means]) ** 0.5)
    assert tables.luck(one, Store(tmp_path / "empty"), "ml-100k", "HR@10").empty


def test_the_best_of_the_first_trials(tmp_path):
    store = Store(tmp_path)
    for n, (value, state) in enumerate([(math.nan, "failed"), (0.3, "complete"), (0.9, "pruned"), (0.4, "complete")]):
        store.put_trial("ml-100k", "mult", Trial(n, {}, value, 1, state, 1.0, {}), {})
    store.put_trial("ml-100k", "add", Trial(0, {}, 0.5, 1, "complete", 1.0, {}), {})
    found = tables.best_after(tables.table("table5"), store, "ml-100k", (1, 3, 4, 40), least=2)
    assert list(found.index) == ["mult"] and list(found.columns) == [1, 3, 4, 40]
    assert math.isnan(found.iloc[0, 0]) and found.iloc[0, 1:].tolist() == [0.3, 0.4, 0.4]


def test_rows_are_those_that_the_data_has():
    labels = [r.model for r in tables.rows_on(tables.table("table4"), "kkbox")]
    assert "gcn person" in labels and "gcn director" not in labels
    with pytest.raises(NotFoundError, match="table3"):
        tables.table("table2")


def test_every_row_of_every_table_can_be_run():
    for one in tables.TABLES.values():
        for row in one.rows:
            assert row.model in FAIR


def test_the_forms_hold_the_same_cells():
    head, lines = ["", "HR@10"], [["a & b_1", ".100 ±.010 [.08, .12]"], ["c|d", "–"]]
    assert list(csv.reader(io.StringIO(tables.as_csv(head, lines)))) == [head, *lines]
    assert tables.as_markdown(head, lines).splitlines()[1:] == [
        "| --- | ---: |", "| a & b_1 | .100 ±.010 [.08, .12] |", "| c\\|d | – |",
    ]  # fmt: skip
    assert r"a \& b\_1 & .100 $\pm$.010 [.08, .12] \\" in tables.as_latex(head, lines)
    assert tables.as_text(head, lines).splitlines()[2] == "c|d      –"
    frame = tables.as_frame(head, lines)
    assert list(frame.index) == ["a & b_1", "c|d"] and list(frame["HR@10"]) == [line[1] for line in lines]
    kept = [["a", ".100 [.08,\u00a0.12]"]]  # as on a page, where an interval stays on one line
    assert all(".100 [.08, .12]" in form(head, kept) for form in tables.FORMATS.values())


# ---- verdicts -------------------------------------------------------------------------------------------------------


def verdict(store: Store, name: str, ours: str = "ram-gnn") -> verdicts.Verdict:
    (found,) = verdicts.judge(store, "ml-100k", ours, only=name)
    return found


def test_a_claim_without_runs_is_not_measured(stored):
    found = verdict(stored, "RQ1.1")
    assert found.verdict == verdicts.MISSING and "ram-gnn" in found.why and "mf" not in found.why.split()


def test_best_composition_holds_does_not_hold_or_cannot_be_told(stored):
    found = verdict(stored, "RQ5.1")
    assert found.verdict == verdicts.HOLDS and "6 of 6" in found.why
    for one in runs("corr", 0.1):
        stored.put(one)
    assert verdict(stored, "RQ5.1").verdict == verdicts.FAILS
    for one in runs("corr", 0.3):
        stored.put(one)
    assert verdict(stored, "RQ5.1").verdict == verdicts.OPEN


def test_a_share_is_inside_outside_or_open(stored):
    assert verdict(stored, "RQ5.2").verdict == verdicts.FAILS  # .45 against .30 is 50 %, not 3.03 %
    same = runs("corr", 0.3, n=USERS)
    for name in ("add", "mult", "corr"):
        for one in same:
            stored.put(Result(one.data, name, one.seed, one.ranks, "f" * 16, {}, {}, 1, 1.0, {}, {}))
    # equal runs, but seeds are drawn for each by itself: a difference of 3 % is within chance
    assert verdict(stored, "RQ5.2").verdict in (verdicts.OPEN, verdicts.HOLDS)


def test_about_ten_percent(stored):
    for one in [*runs("lightgcn", 0.40), *runs("ram-gnn", 0.44)]:
        stored.put(one)
    assert verdict(stored, "RQ1.4").verdict == verdicts.HOLDS
    for one in runs("ram-gnn", 0.8):
        stored.put(one)
    assert verdict(stored, "RQ1.4").verdict == verdicts.FAILS


def test_thresholds_come_to_rest_near_the_papers_or_not(stored):
    def history(age: list[int], genre: list[int], rest) -> dict:
        return {
            "user": {"types": ["age", "occupation"], "k": [[k, 1] for k in age], "stopped": [rest, None]},
            "item": {"types": ["genre"], "k": [[k] for k in genre], "stopped": [rest]},
        }

    for one in runs("ram-gnn as printed", 0.3, history=history([1, 9], [1, 11], 20)):
        stored.put(one)
    assert verdict(stored, "RQ4.1").verdict == verdicts.HOLDS
    for one in runs("ram-gnn as printed", 0.3, history=history([1, 9], [1, 41], 20)):
        stored.put(one)
    assert verdict(stored, "RQ4.1").verdict == verdicts.FAILS
    for one in runs("ram-gnn as printed", 0.3, history=history([1, 9], [1, 13], None)):
        stored.put(one)
    found = verdict(stored, "RQ4.1")
    assert found.verdict == verdicts.FAILS and "at rest in 0 of 5" in found.why


def test_what_cannot_be_told_could_perhaps_not_have_been(tmp_path, monkeypatch):
    """Three hundred users are too few to see all that the paper prints of eight rivals, and enough for larger gaps."""
    store, rng = Store(tmp_path), np.random.default_rng(0)
    for model in ("ram-gnn", *verdicts.RECOMMENDERS):
        for seed in range(2):
            ranks = np.where(rng.random(300) < 0.15, 1.0, 90.0)
            store.put(Result("ml-100k", model, seed, ranks, "f", {}, {}, 1, 1.0, {}, {}))
    assert verdicts.judge(store, "ml-100k", only="RQ1.1")[0].verdict == verdicts.OPEN
    one = verdicts.judge(store, "ml-100k", only="RQ1.1", blind=True)[0]
    assert one.verdict == verdicts.BLIND and "would see all of it" in one.why
    printed = verdicts.printed_gaps
    monkeypatch.setattr(verdicts, "printed_gaps", lambda *x: [replace(g, difference=0.5) for g in printed(*x)])
    assert verdicts.judge(store, "ml-100k", only="RQ1.1", blind=True)[0].verdict == verdicts.OPEN


def test_claims_are_named_once_and_can_be_judged_for_the_letter():
    for ours in ("ram-gnn", "ram-gnn as printed"):
        names = [c.name for c in verdicts.claims(ours)]
        assert len(names) == len(set(names)) and {n[:3] for n in names} == {"RQ1", "RQ2", "RQ3", "RQ4", "RQ5"}
        assert all(m in FAIR for c in verdicts.claims(ours) for m in c.models)


def test_the_paper_says_other_things_about_kkbox():
    there, here = ({c.name: c.text for c in verdicts.claims(dataset_name=name)} for name in ("kkbox", "ml-100k"))
    assert set(there) - set(here) == {"RQ3.5"} and set(here) < set(there)
    assert "29 for user ages and 37" in there["RQ4.1"] and "9 for user ages and 13" in here["RQ4.1"]
