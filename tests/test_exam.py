"""The exam: its numbers change with the seed, and each solution is right for its numbers, computed another way."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch

from book.tools import editions, exam
from book.tools import exam_questions as questions
from ramgnn import evaluation
from ramgnn.composition import compose

SEEDS = range(40)
ROUNDED = r"(\d*\.\d+)"


def made(make, seed: int) -> questions.Question:
    return make(np.random.default_rng([seed, 5]))


@pytest.mark.parametrize("seed", SEEDS)
def test_metrics_are_those_of_the_package(seed):
    q = made(questions.ranks, seed)
    ranks = np.array([int(r) for r in re.search(r"ranks ([\d, ]+)\.", q.text)[1].split(", ")], float)
    hits, total = re.search(r"HR@10 = (\d)/(\d)|HR@10 = 1", q.solution).groups()
    assert int(hits) / int(total) == pytest.approx(evaluation.hit_rate(ranks, 10))
    assert float(re.search(rf"\)/5 = {ROUNDED}\.", q.solution)[1]) == pytest.approx(evaluation.mrr(ranks, 10), abs=5e-4)
    assert float(re.search(rf"≈ {ROUNDED}\.", q.solution)[1]) == pytest.approx(evaluation.ndcg(ranks, 10), abs=5e-4)


@pytest.mark.parametrize("seed", SEEDS)
def test_correction_is_holms(seed):
    q = made(questions.holm, seed)
    p = np.sort([float(x) for x in re.search(r"p = ([\d., ]+)\. Correct", q.text)[1].split(", ")])
    stands = 0
    while stands < 4 and p[stands] * (4 - stands) <= 0.05:
        stands += 1
    assert ("Only the smallest" in q.solution) == (stands == 1) and ("two smallest" in q.solution) == (stands == 2)
    assert f"correction {(p <= 0.05).sum()} would" in q.solution


@pytest.mark.parametrize("seed", SEEDS)
def test_intervals_are_of_their_kinds(seed):
    q = made(questions.margins, seed)
    (a, b), (c, d), (e, f) = (
        (int(low.replace("−", "-")), int(high.replace("−", "-")))
        for low, high in re.findall(r"\[([−+]\d+) %, ([−+]\d+) %\]", q.text)
    )
    margin = int(re.search(r"±(\d+)", q.text)[1])
    assert -margin < a < 0 < b < margin and 0 < c < margin < d and e < -margin and f > margin


@pytest.mark.parametrize("seed", SEEDS)
def test_edges_are_counted(seed):
    q = made(questions.incidences, seed)
    films, few, shared, many, pair = (
        int(x.replace(",", "")) for x in re.findall(r"\d[\d,]*(?= films|\b values| films;|\. How)", q.text)[:5]
    )
    edges = [int(x.replace(",", "")) for x in re.findall(r"= ([\d,]+)", q.solution)]
    groups = [np.arange(films) % few, np.arange(films) % many]
    assert (np.bincount(groups[0]) == shared).all() and (np.bincount(groups[1]) == pair).all()
    assert edges == [int((np.bincount(g) * (np.bincount(g) - 1)).sum()) for g in groups]


@pytest.mark.parametrize("seed", SEEDS)
def test_shares_are_those_of_a_softmax(seed):
    q = made(questions.softmax_by_hand, seed)
    a, b = (int(x) for x in re.search(r"(\d+) neighbours through its director and (\d+)", q.text).groups())
    lift = int(re.search(r"weighted (\d)", q.text)[1])
    logits = torch.tensor([0.0] * (a + b), dtype=torch.float64)
    equal = torch.softmax(logits, 0)[:a].sum()
    logits[:a] += np.log(lift)
    raised = torch.softmax(logits, 0)[:a].sum()
    told = [float(x) for x in re.findall(r"(?<!\d)(\.\d\d)", q.solution)]
    assert told[::2] == pytest.approx([float(equal), float(raised)], abs=0.0051)
    assert told[1::2] == pytest.approx([1 - float(equal), 1 - float(raised)], abs=0.0051)


@pytest.mark.parametrize("seed", SEEDS)
def test_bandit_walks_by_its_rewards(seed):
    q = made(questions.bandit, seed)
    d = [float(x) for x in re.search(r"1 to 8 is ([\d., ]+)\. Start", q.text)[1].split(", ")]
    rewards = [int(x.replace("−", "-")) for x in re.search(r"iteration 2: ([−+\d, ]+)\.", q.solution)[1].split(", ")]
    ks = [int(x) for x in re.search(r"Thresholds: ([\d, ]+)\.", q.solution)[1].split(", ")]
    assert rewards == [-1 if later > before else 1 for before, later in zip(d, d[1:], strict=False)]
    assert ks[0] == 5 and all(after == max(1, k + 2 * r) for k, after, r in zip(ks, ks[1:], rewards, strict=False))


@pytest.mark.parametrize("seed", SEEDS)
def test_step_is_that_of_a_gcn(seed):
    q = made(questions.gcn, seed)
    x = np.array([int(n) for n in re.search(r"number, (\d), (\d), (\d) and (\d)", q.text).groups()], float)
    a = np.array([[1, 1, 1, 0], [1, 1, 1, 0], [1, 1, 1, 1], [0, 0, 1, 1]], float)
    root = np.diag(a.sum(1) ** -0.5)
    step = root @ a @ root @ x
    assert [float(n) for n in re.findall(r"≈ (\d+\.\d\d)", q.solution)] == pytest.approx(step[1:], abs=0.0051)


@pytest.mark.parametrize("seed", SEEDS)
def test_correlation_is_that_of_the_package(seed):
    q = made(questions.correlation, seed)
    x, r, *_ = (torch.tensor(eval(t), dtype=torch.float64) for t in re.findall(r"\((?:\d, ){3}\d\)", q.text))
    told = [list(eval(t)) for t in re.findall(r"\((?:\d, ){3}\d\)", q.solution)]
    assert told == [compose(x, r, "corr").round().int().tolist(), compose(r, x, "corr").round().int().tolist()]


def test_another_seed_is_another_exam_and_the_same_seed_the_same():
    assert exam.draw(1) == exam.draw(1)
    changed = sum(a.text != b.text for a, b in zip(exam.draw(1), exam.draw(2), strict=True))
    assert changed >= 8


def test_the_sheet_for_students_gives_nothing_away(tmp_path):
    plain, solved = exam.write(tmp_path, 3)
    assert plain.name == "exam_3.md" and "olution" not in plain.read_text(encoding="utf-8")
    for q in exam.draw(3):
        assert q.solution in solved.read_text(encoding="utf-8")
        assert q.solution not in plain.read_text(encoding="utf-8") and q.text in plain.read_text(encoding="utf-8")


def test_chapters_are_chosen_and_unknown_ones_told(capsys, tmp_path):
    assert {q.title for q in exam.draw(1, ["05"])} == {"Playing the sampler"}
    with pytest.raises(SystemExit):
        exam.main(["--chapters", "99", "--output", str(tmp_path)])
    assert "no question about 99; there are some about 01" in capsys.readouterr().err
    with pytest.raises(ValueError, match="no question about 99;"):
        exam.draw(1, ["05", "99"])


@pytest.mark.parametrize("tool", [exam, editions])
def test_a_seed_is_a_number_from_0_on(tool, capsys, tmp_path):
    for seed in ("-1", "x", "1.5"):
        with pytest.raises(SystemExit):
            tool.main([f"--seed={seed}", "--output", str(tmp_path)])
        assert f"expected a whole number from 0 on, not {seed}" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
