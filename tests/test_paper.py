"""The printed numbers, typed twice: in the module, and here as the facts that an audit of the paper found."""

from __future__ import annotations

from fractions import Fraction

import pytest

from ramgnn import paper
from ramgnn.errors import NotFoundError, RamgnnError


def test_everything_is_there_once():
    counts = {t: sum(c.table == t for c in paper.PRINTED) for t in ("III", "IV", "V", "VI")}
    assert counts == {"III": 10 * 12, "IV": 7 * 12, "V": 4 * 6, "VI": 5 * 6}
    keys = [(c.table, c.row, c.data, c.metric) for c in paper.PRINTED]
    assert len(set(keys)) == len(keys)
    assert paper.table3().shape == (9, 12)
    assert paper.table3(improvement=True).shape == (10, 12)
    assert paper.table4().shape == (6, 12)
    assert paper.table5().shape == (3, 6)
    assert paper.table6().shape == (5, 6)
    assert paper.table6().index.tolist() == [20, 40, 60, 80, 100]


def test_decimals_are_as_printed():
    for c in paper.PRINTED:
        if c.row == "Improvement":
            assert c.decimals == 2
        else:
            assert c.decimals == (4 if c.table == "VI" and c.data == "ml-100k" else 3)
            assert 0 < c.value < 1
    cell = paper.printed("III", "RAM-GNN", "ml-100k", "HR@10")
    assert (cell.text, cell.value, cell.low, cell.high) == ("0.164", 0.164, 0.1635, 0.1645)


def test_column_sums():
    """Sums over the printed columns, added up from the paper by column instead of by row."""
    thousandths = (1000 * paper.table3()["ml-100k"]).round().astype(int).sum().tolist()
    assert thousandths == [
        125 + 143 + 146 + 132 + 140 + 151 + 154 + 159 + 164,
        42 + 51 + 54 + 49 + 48 + 56 + 58 + 59 + 62,
        61 + 72 + 77 + 68 + 69 + 79 + 83 + 82 + 87,
        205 + 208 + 213 + 209 + 209 + 224 + 231 + 235 + 242,
        46 + 55 + 57 + 53 + 53 + 58 + 62 + 64 + 66,
        79 + 87 + 89 + 87 + 88 + 94 + 104 + 102 + 107,
    ]
    thousandths = (1000 * paper.table4()["kkbox"]).round().astype(int).sum().tolist()
    assert thousandths == [
        727 + 735 + 730 + 734 + 759 + 812,
        516 + 522 + 523 + 519 + 543 + 584,
        543 + 551 + 546 + 550 + 612 + 647,
        803 + 810 + 807 + 802 + 832 + 873,
        498 + 501 + 505 + 502 + 553 + 589,
        522 + 534 + 531 + 557 + 624 + 660,
    ]


def test_single_cells():
    assert paper.row("RAM-GNN", "ml-100k") == {
        "HR@10": 0.164, "MRR@10": 0.062, "NDCG@10": 0.087, "HR@20": 0.242, "MRR@20": 0.066, "NDCG@20": 0.107,
    }  # fmt: skip
    assert paper.row("MF-BPR", "ml-100k")["HR@20"] == 0.205
    assert paper.row("FISM", "kkbox")["NDCG@20"] == 0.524
    assert paper.row("VR-GCN", "kkbox")["NDCG@20"] == 0.557
    assert paper.row("corr", "ml-100k") == {"HR@20": 0.242, "MRR@20": 0.066, "NDCG@20": 0.107}
    assert paper.row("80", "ml-100k", "VI")["HR@20"] == 0.2406
    assert paper.table2().loc["kkbox"].tolist() == [24613, 61877, 2170690, 2, 4]
    assert paper.table2().loc["ml-100k"].tolist() == [1682, 943, 100000, 3, 4]


def test_unknown_names():
    with pytest.raises(NotFoundError, match="did you mean 'RAM-GNN'"):
        paper.row("ram-gnn", "ml-100k")
    with pytest.raises(NotFoundError, match="ml-100k and kkbox"):
        paper.row("RAM-GNN", "toy")
    with pytest.raises(NotFoundError):
        paper.row("RCF", "ml-100k", "IV")
    with pytest.raises(NotFoundError, match="Table III, RCF, toy"):
        paper.printed("III", "RCF", "toy", "HR@10")
    with pytest.raises(RamgnnError, match="III and IV"):
        paper.improvements("V")


def test_ram_gnn_has_the_same_numbers_in_three_tables():
    assert (paper.table3().loc["RAM-GNN"] == paper.table4().loc["RAM-GNN"]).all()
    at_20 = paper.table5().loc["corr"]
    assert (paper.table3().loc["RAM-GNN"][at_20.index] == at_20).all()


def test_improvements_of_table3():
    improvements = paper.improvements("III")
    assert improvements["printed"].tolist() == [4.46, 5.08, 4.82, 2.98, 3.13, 2.88, 2.26, 2.10, 3.52, 1.99, 2.08, 2.96]
    differ = improvements[improvements["verdict"] != "agrees"].set_index(["data", "metric"])
    assert differ.index.tolist() == [("ml-100k", "HR@10"), ("kkbox", "MRR@20")]
    wrong = differ.loc["ml-100k", "HR@10"]
    assert wrong["exact"] == pytest.approx(3.14, abs=0.005)
    assert wrong["verdict"] == "outside rounding"
    close = differ.loc["kkbox", "MRR@20"]
    assert (close["exact"], close["low"], close["high"]) == pytest.approx((2.26, 2.08, 2.43), abs=0.005)
    assert close["verdict"] == "within rounding"
    best = improvements.set_index(["data", "metric"])["best other"]
    assert best["ml-100k", "NDCG@10"] == best["ml-100k", "NDCG@20"] == "KGPolicy"
    assert (best.drop(index=[("ml-100k", "NDCG@10"), ("ml-100k", "NDCG@20")]) == "RCF").all()


def test_improvements_of_table4():
    improvements = paper.improvements("IV").set_index(["data", "metric"])
    assert improvements["printed"].tolist() == [5.84, 6.90, 8.97, 3.28, 3.13, 5.94, 7.03, 7.48, 5.72, 4.93, 6.51, 5.71]
    differ = improvements.loc[improvements["verdict"] != "agrees", "exact"].to_dict()
    assert differ == pytest.approx(
        {
            ("ml-100k", "HR@10"): 5.81,
            ("ml-100k", "NDCG@10"): 8.75,
            ("ml-100k", "HR@20"): 3.86,
            ("kkbox", "HR@10"): 6.98,
            ("kkbox", "MRR@10"): 7.55,
            ("kkbox", "NDCG@20"): 5.77,
        },
        abs=0.005,
    )
    outside = improvements[improvements["verdict"] == "outside rounding"]
    assert outside.index.tolist() == [("ml-100k", "HR@20")]
    assert outside[["low", "high"]].iloc[0].tolist() == pytest.approx([3.43, 4.30], abs=0.005)
    assert improvements.loc[("ml-100k", "HR@10"), "best other"] == "R-GCN, CompGCN"  # a tie
    # "greater improvement on KKBox" does not hold for NDCG
    exact = improvements["exact"]
    greater = [m for m in paper.METRICS if exact["kkbox", m] > exact["ml-100k", m]]
    assert greater == ["HR@10", "MRR@10", "HR@20", "MRR@20"]


def test_improvements_of_table5():
    pairings = paper.pairings()
    rounded = pairings[pairings["how"] == "rounded"]
    assert list(zip(rounded["printed"], rounded["pairing"], strict=True)) == [
        (2.07, "(corr - mul) / corr"),
        (3.03, "(mul - corr) / corr"),
        (2.88, "(corr - add) / add"),
        (0.80, "(corr - mul) / corr"),
        (1.03, "(corr - mul) / mul"),
    ]
    assert paper.printed("V", "Improvement", "kkbox", "NDCG@20").value == 1.21  # comes out under no pairing
    assert not ((pairings["data"] == "kkbox") & (pairings["metric"] == "NDCG@20")).any()


def test_gain_over_lightgcn():
    recommenders, encoders = paper.table3(), paper.table4()
    light = recommenders.loc["LightGCN"]
    gain = 100 * (recommenders.loc["RAM-GNN"] / light - 1)
    assert gain.min() == pytest.approx(6.3, abs=0.05)
    assert gain.max() == pytest.approx(20.9, abs=0.05)
    kkbox = [100 * (encoders.loc[m] / light - 1)["kkbox"] for m in ("GCN", "R-GCN", "W-GCN", "VR-GCN")]
    assert sum((g < 0).sum() for g in kkbox) == 23
    assert kkbox[3]["NDCG@20"] == pytest.approx(2.0, abs=0.05)
    gcn = 100 * (encoders.loc["GCN"] / light - 1)["ml-100k"]
    assert (gcn.min(), gcn.max()) == pytest.approx((-16, -2), abs=0.05)


def test_mrr_violations():
    rows = paper.mrr_violations()
    assert list(rows.itertuples(index=False, name=None)) == [
        ("III", "kkbox", "LightGCN", 0.539, 0.510),
        ("III", "kkbox", "KGPolicy", 0.562, 0.554),
        ("IV", "ml-100k", "R-GCN", 0.056, 0.055),
        ("IV", "kkbox", "GCN", 0.516, 0.498),
        ("IV", "kkbox", "R-GCN", 0.522, 0.501),
        ("IV", "kkbox", "W-GCN", 0.523, 0.505),
        ("IV", "kkbox", "VR-GCN", 0.519, 0.502),
    ]


def test_ndcg_violations():
    rows = paper.ndcg_violations()
    assert rows["row"].tolist() == ["LightGCN", "GCN", "R-GCN", "W-GCN"]
    assert set(rows["data"]) == {"kkbox"}
    assert rows.iloc[0][["at 10", "at 20"]].tolist() == [0.568, 0.546]


def test_hits_of_943_users():
    expected = {"0.164": 155, "0.159": 150, "0.154": 145, "0.151": 142}
    assert {text: list(paper.hits(text, 943)) for text in expected} == {text: [n] for text, n in expected.items()}
    assert list(paper.hits("0.132", 943)) == []  # FISM: 124 hits are .131, 125 are .133
    assert list(paper.hits("0.131", 943)) == [124]
    assert list(paper.hits("0.133", 943)) == [125]
    assert list(paper.hits("0.1315", 943)) == [124]
    assert list(paper.hits("1.000", 4)) == [4]
    assert list(paper.hits("0.000", 4)) == [0]
    assert list(paper.hits(0.1, 10)) == [1]
    assert list(paper.hits(0.5, 2, n_decimals=1)) == [1]
    assert list(paper.hits(0.3, 7, n_decimals=1)) == [2]  # 2/7 = .286


def test_attainable_by_trying_all():
    for n in (1, 7, 19):
        for thousandth in range(1001):
            text = f"{thousandth / 1000:.3f}"
            fits = [h for h in range(n + 1) if abs(Fraction(h, n) - Fraction(text)) <= Fraction(1, 2000)]
            assert list(paper.hits(text, n)) == fits
            assert paper.attainable(thousandth / 1000, n) == bool(fits)


def test_unattainable_hit_rates():
    rates = paper.unattainable("ml-100k")
    recommenders = rates[rates["table"].isin(["III", "IV"])]
    assert recommenders[["row", "metric", "printed"]].to_numpy().tolist() == [["FISM", "HR@10", "0.132"]]
    needed = rates[rates["table"] == "VI"].set_index("row")["runs needed"].to_dict()
    assert (needed["20"], needed["80"]) == (4, 7)
    assert len(paper.unattainable("kkbox")) == 0  # 24,613 users give every number of three decimals
    assert paper.runs_needed("0.164", 943) == 1
    assert paper.runs_needed("0.2383", 943, most=3) is None
    with pytest.raises(NotFoundError):
        paper.unattainable("toy")


def test_no_single_dimension_gives_table3():
    matches = paper.dimensions_that_match().set_index(["data", "metric"])
    ml, kk = matches.loc["ml-100k"], matches.loc["kkbox"]
    assert ml.loc["HR@20", "dimensions"] == (60,)
    assert 60 in ml.loc["NDCG@20", "dimensions"]
    assert 60 not in ml.loc["MRR@20", "dimensions"]
    assert ml["best"].tolist() == [0.2423, 0.0663, 0.1071]  # table III has the largest of each metric
    assert ml["best"].round(3).tolist() == ml["printed"].tolist()
    assert kk["dimensions"].tolist() == [(80,), (100,), ()]
    assert kk.loc["MRR@20", "best dimension"] == 100


def test_figure5_thresholds_can_be_reached():
    assert [(t.data, t.side, t.end, t.net_steps) for t in paper.FIGURE5] == [
        ("ml-100k", "user", 9, 2),
        ("ml-100k", "item", 13, 4),
        ("kkbox", "user", 29, 12),
        ("kkbox", "item", 37, 16),
    ]
    assert paper.Threshold("toy", "item", "genre", 8).net_steps.denominator == 2
