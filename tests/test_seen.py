"""Ratings too low to be learned from: what was rated so counts as had, and whoever liked nothing is told of."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import ramgnn
from ramgnn.cli import main
from ramgnn.datasets import from_frames, tables
from ramgnn.datasets.frames.notes import is_doubt
from ramgnn.errors import DataError, RamgnnError
from ramgnn.evaluation import rank_test
from ramgnn.matching import find

FAST = {
    "pretrain.dim": 8, "pretrain.epochs": 3, "finetune.epochs": 4, "finetune.every": 1, "finetune.layers": 1,
}  # fmt: skip


def graded(tmp_path, n_users=9, n_items=14):
    """A table of ratings 1 to 5 with nobody's ratings all low but the last user's; everything that each user rated."""
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(
        [(f"u{u}", f"i{i}", 1 + (u + 2 * i) % 5) for u in range(n_users) for i in rng.permutation(n_items)[:9]],
        columns=["user_id", "item_id", "rating"],
    )
    frame.loc[frame["user_id"] == f"u{n_users - 1}", "rating"] = 2
    frame.to_csv(tmp_path / "interactions.csv", index=False)
    films = pd.DataFrame({"item_id": [f"i{i}" for i in range(n_items)], "genre": ["Crime", "Drama"] * (n_items // 2)})
    films.to_csv(tmp_path / "items.csv", index=False)
    return frame, films


def test_nobody_is_recommended_what_they_rated_low(tmp_path):
    frame, films = graded(tmp_path)
    rated_pairs = set(zip(frame["user_id"], frame["item_id"], strict=True))
    for data in (
        from_frames(frame, films, min_rating=4),
        tables.load(tmp_path / "interactions.csv", tmp_path / "items.csv", min_rating=4, progress=False),
    ):
        fitted = ramgnn.fit(data, model="popularity", progress=False)
        ramgnn.save(fitted, tmp_path / "run")
        for model in (fitted, fitted.served, ramgnn.load_run(tmp_path / "run")):
            shown = model.recommend(n=data.n_items)
            assert len(shown) == data.n_users * data.n_items - len(frame[frame["user_id"].isin(data.user_ids)]), (
                "everything else is offered"
            )
            assert not rated_pairs & set(zip(shown["user"], shown["item"], strict=True))
        for user, name in enumerate(data.user_ids):
            had = {data.item_ids[i] for i in data.had(user)}
            assert had == set(frame.loc[frame["user_id"] == name, "item_id"])
            liked = frame.loc[(frame["user_id"] == name) & (frame["rating"] >= 4), "item_id"]
            assert {data.item_ids[i] for i in data.had(user, seen=False)} == set(liked)
        assert (data.matrix(held_out=True, seen=True) != data.everything().matrix(seen=True)).nnz == 0
        assert data.matrix(held_out=True).sum() == (frame["rating"] >= 4).sum(), "not part of the training"
        assert any("nobody is recommended" in note for note in data.notes)


def test_users_who_liked_nothing_are_told_of(tmp_path, capsys):
    frame, films = graded(tmp_path)
    data = from_frames(frame, films, min_rating=4)
    assert data.left_out_users == ("u8",)
    note = "1 user has no rating of 4 or more and was left out, first 'u8'; a smaller min_rating keeps more"
    assert note in data.notes
    tables_of = ["--interactions", str(tmp_path / "interactions.csv"), "--items", str(tmp_path / "items.csv")]
    assert main(["data", "check", *tables_of, "--min-rating", "4"]) == 0
    shown = capsys.readouterr().out
    assert note.replace("min_rating", "--min-rating") in shown and "; 1 user was left out, see the notes" in shown
    with pytest.raises(RamgnnError, match="'u8' has too few interactions .*min_rating"):
        ramgnn.fit(data, model="popularity", progress=False).recommend("u8")
    people = pd.DataFrame({"user_id": [f"u{u}" for u in range(9)], "city": ["Oslo", "Rome", "Bern"] * 3})
    stays = from_frames(frame, films, people, min_rating=4, min_user=0)
    assert "u8" in stays.user_ids and not stays.left_out_users
    assert not any("no rating of" in note for note in stays.notes)
    assert len(stays.had(stays.user_ids.index("u8"))) == 9


def test_reasons_are_what_was_liked(tmp_path):
    frame, films = graded(tmp_path)
    data = from_frames(frame, films, min_rating=4)
    fitted = ramgnn.fit(data, settings=FAST, epochs=2, progress=False, refit=False)
    user = data.user_ids[0]
    liked = set(frame.loc[(frame["user_id"] == user) & (frame["rating"] >= 4), "item_id"])
    low = next(iter(set(frame.loc[frame["user_id"] == user, "item_id"]) - liked))
    assert fitted.explain(user, low).seen
    explanation = fitted.explain(user, fitted.recommend(user, 1)["item"][0])
    assert not explanation.seen
    reasons = {data.item_ids[via.node] for via in explanation.similar}
    reasons |= {data.item_ids[via.node] for reason in explanation.item_reasons for via in reason.via}
    assert reasons and reasons <= liked


# ---- rows without a time, ids that differ in capitals, one and several


def timed(tmp_path, sign="NULL"):
    """Interactions with two rows that have no time, one of them all that a user has; items."""
    lines = [f"u{u},i{i},{1_500_000_000 + 10 * u + i}" for u in range(4) for i in range(3)]
    lines += [f"u0,i4,{sign}", f"lone,i1,{sign}", f"u1,i4,{sign}"]
    (tmp_path / "rows.csv").write_text("\n".join(["user_id,item_id,time", *lines]) + "\n")
    films = [f"i{i},{'ab'[i % 2]}" for i in range(6)]
    (tmp_path / "films.csv").write_text("\n".join(["item_id,genre", *films]) + "\n")
    return ["--interactions", str(tmp_path / "rows.csv"), "--items", str(tmp_path / "films.csv")]


def test_a_user_who_is_not_listed_is_told_of(tmp_path):
    """Dropped for the table of users, or with all of their items: no other user's id is offered."""
    frame, films = graded(tmp_path)
    listed = pd.DataFrame({"user_id": [user for user in frame["user_id"].unique() if user != "u1"], "age": 1})
    alone = pd.DataFrame({"user_id": ["u77"], "item_id": ["x"]})
    frame = pd.concat([frame, alone], ignore_index=True)
    assert from_frames(frame, films, unknown="drop").left_out_users == ("u77",)
    listed = pd.concat([listed, pd.DataFrame({"user_id": ["u77"], "age": 2})])
    data = from_frames(frame, films, listed, unknown="drop")
    assert set(data.left_out_users) == {"u1", "u77"}
    for user in data.left_out_users:
        with pytest.raises(RamgnnError, match=f"'{user}' has too few .* or is not in the table of users, and was left"):
            find(data, "user", user)


@pytest.mark.parametrize("sign", ["NULL", "-", ""])
def test_rows_without_a_time_can_be_left_out(tmp_path, capsys, sign):
    given = timed(tmp_path, sign)
    assert main(["data", "check", *given]) == 1
    said = capsys.readouterr().err
    assert "(here and on 2 other lines: 15, 16)" in said
    assert "pass --option unknown=drop to leave out these 3 lines" in said
    assert main(["data", "check", *given, "--option", "unknown=drop"]) == 0
    shown = capsys.readouterr().out
    assert "3 of 15 rows of rows.csv have no time and were left out (lines 14, 15, 16)" in shown
    assert "1 user has no row with a time and was left out, first 'lone'" in shown
    data = tables.load(given[1], given[3], unknown="drop", progress=False)
    assert data.left_out_users == ("lone",)
    shown = ramgnn.fit(data, "popularity", progress=False).recommend(n=6)
    assert {"i4", "i5"} & set(shown["item"]) and not {"i4"} & set(shown[shown["user"].isin(["u0", "u1"])]["item"])
    frame = pd.read_csv(given[1])
    frame["time"] = pd.to_datetime(pd.to_numeric(frame["time"], errors="coerce"), unit="s")
    assert len(from_frames(frame, pd.read_csv(given[3]), unknown="drop").seen) == 2


def test_where_no_row_has_a_time_dropping_is_no_advice(tmp_path):
    frame = pd.read_csv(timed(tmp_path)[1]).assign(time="-")
    for unknown in ("error", "drop"):
        with pytest.raises(DataError, match="to mend it: fill it in, or remove the row$"):
            from_frames(frame, pd.DataFrame({"item_id": [f"i{i}" for i in range(6)]}), unknown=unknown)


def test_ids_that_differ_in_capitals_are_doubted():
    frame = pd.DataFrame(
        {"user_id": ["u5", "U5", "u6", "U6", "u7", "NULL", "null"] * 3, "item_id": ["A", *"aBcDe" * 4]}
    )
    data = from_frames(frame, None, unknown="drop", duplicates="first")
    doubts = [note for note in data.notes if is_doubt(note)]
    assert len(doubts) == 2
    assert "'u5' and 'U5' look like one id: 2 ids of users in interactions differ from another only in cap" in doubts[0]
    assert "'A' and 'a' look like one id: 1 id of items in interactions differs" in doubts[1]
    assert {"u5", "U5"} <= set(data.user_ids)


def test_one_interaction_is_no_several():
    frame = pd.DataFrame({"user_id": ["a", "a", "b", "b", "b"], "item_id": [0, 1, 0, 1, 9]})
    films = pd.DataFrame({"item_id": [0, 1, 2], "genre": ["x", "x", "y"]})
    with pytest.raises(DataError, match="unknown='drop' to leave this interaction out"):
        from_frames(frame, films)
    assert any(
        "1 interaction of 1 item not in items was dropped" in n for n in from_frames(frame, films, unknown="drop").notes
    )


def test_bins_of_a_column_that_is_none_to_bin_are_not_advised():
    frame = pd.DataFrame({"user_id": ["a", "a", "b", "b"], "item_id": [0, 1, 0, 1], "rating": [1, 2, 3, 4]})
    films = pd.DataFrame({"item_id": [0, 1, 2], "year": [1990, 1991, 1990]})
    with pytest.raises(DataError, match="0 are no bins for column 'rating'") as caught:
        from_frames(frame, films, bins={"rating": 0})
    assert "leave 'rating' out of bins" in caught.value.fix and "10" not in caught.value.fix
    with pytest.raises(DataError, match="there is no relation column 'rating' to bin"):
        from_frames(frame, films, bins={"rating": 10})


def test_what_was_rated_low_is_no_candidate(tmp_path):
    """Ranks are those among what could still be recommended, counted one by one."""
    frame, films = graded(tmp_path)
    data = from_frames(frame, films, min_rating=4)
    scores = np.random.default_rng(0).normal(size=(data.n_users, data.n_items))
    ranks = rank_test(lambda users: scores[users], data)
    assert len(data.seen) > 0
    for user, item, rank in zip(data.test["user"], data.test["item"], ranks, strict=True):
        others = set(range(data.n_items)) - set(data.had(user).tolist())
        assert rank == 1 + sum(scores[user, other] > scores[user, item] for other in others)


@pytest.mark.parametrize("times", [[-1, 0, 3, 5, 2], ["-1", "0", "3.0", "5", "2"]])
def test_a_time_of_minus_one_is_missing_where_all_others_are_from_zero_on(times):
    rows = pd.DataFrame({"user": ["a", "a", "a", "b", "b"], "item": ["x", "y", "z", "x", "y"], "time": times})
    with pytest.raises(DataError, match="the time is missing: '-1'"):
        from_frames(rows)
    data = from_frames(rows, unknown="drop", split="none")
    assert any("1 of 5 rows" in note and "no time" in note for note in data.notes)
    pairs = {(data.user_ids[u], data.item_ids[i]) for u, i in data.train[["user", "item"]].itertuples(index=False)}
    assert pairs == {("a", "y"), ("a", "z"), ("b", "x"), ("b", "y")}
