"""KKBox in its three forms, on made-up files, and on the real ones where RAMGNN_DATA has them."""

from __future__ import annotations

import gzip
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from ramgnn.datasets import kkbox
from ramgnn.datasets.kkbox import archives, attributes
from ramgnn.datasets.kkbox import kaggle as kaggle_files
from ramgnn.errors import DataError

TRAIN = """msno,song_id,source_system_tab,source_screen_name,source_type,target
ann,s3,my library,"Local, more",local-playlist,1
bob,s1,,,,1
ann,s1,,,,1
ann,s2,,,,0
ann,s4,,,,1
bob,s2,,,,1
ann,s1,,,,1
ann,s2,,,,1
bob,s9,,,,1
eve,s1,,,,1
zoe,s1,,,,0
zoe,s2,,,,1
zoe,s3,,,,1
"""
SONGS = """song_id,song_length,genre_ids,artist_name,composer,lyricist,language
s1,247640,465|  359,"Skot ""S"" Suyama","A| B、C",A 、D,3.0
s2,1,465,Various Artists, B ,E,52.0
s3,1,359,"Duo|Trio、x",A,E,3.0
s4,1,359,Duo,,E,3.0
s5,1,359,Duo,A,E,3.0
"""
MEMBERS = """msno,city,bd,gender,registered_via,registration_init_time,expiration_date
ann,1,29,female,7,20110820,20170920
bob,13,1051,,7,20110820,20170920
zoe,1,-43,male,7,20110820,20170920
eve,5,10,,7,20110820,20170920
gil,5,30,,7,20110820,20170920
"""
FILES = {"train.csv": TRAIN, "songs.csv": SONGS, "members.csv": MEMBERS}


@pytest.fixture
def kaggle(tmp_path):
    """A function that writes Kaggle's three files, with changes, and gives their folder."""

    def write(**changes):
        for name, content in FILES.items():
            content = changes.get(name.removesuffix(".csv"), content)
            if content is None:
                continue
            data = content if isinstance(content, bytes) else content.encode()
            (tmp_path / name).write_bytes(data)
        return tmp_path

    return write


def load(folder, **options):
    return kkbox.load(folder, progress=False, **options)


def refused(folder, name, *words, line=None, **options):
    """The error, which names the file, the line if there is one, what was expected and what to do."""
    with pytest.raises(DataError) as caught:
        load(folder, **options)
    error = caught.value
    assert error.file == (str(folder / name) if name else None)
    assert error.line == line
    assert error.fix
    for word in words:
        assert word in str(error)
    return error


def pairs(dataset, frame):
    return [(dataset.user_ids[u], dataset.item_ids[i]) for u, i in zip(frame["user"], frame["item"], strict=True)]


# ---- Kaggle's files


def test_preparation(kaggle):
    data = load(kaggle())
    # only target=1, only s1 s2 s3 have all four, a repeated song counts once, eve has a single song
    assert pairs(data, data.train) == [("ann", "s3"), ("ann", "s1"), ("bob", "s1"), ("zoe", "s2")]
    assert pairs(data, data.test) == [("ann", "s2"), ("bob", "s2"), ("zoe", "s3")]
    assert data.user_ids == ("ann", "bob", "zoe")
    assert data.item_ids == ("s3", "s1", "s2")
    assert data.time_kind == "order" and data.train["time"].tolist() == [0, 1, 0, 0]
    notes = "\n".join(data.notes)
    assert "4 of 5 songs have genre, artist, composer and lyricist" in notes
    assert "11 of 13 rows have target=1; 9 of these are of songs with all four attributes" in notes
    assert "1 row repeated a user's song" in notes
    assert "1 of 4 users has fewer than 2 songs" in notes
    assert "1 songs have the artist 'Various Artists'" in notes
    data.validation().check()


def test_attributes(kaggle):
    data = load(kaggle(), language=True)

    def values(name):
        return dict(zip(data.item_ids, data.relation("item", name).lists(3), strict=True))

    assert values("genre") == {"s3": ["359"], "s1": ["465", "359"], "s2": ["465"]}
    assert values("artist") == {"s3": ["Duo", "Trio、x"], "s1": ['Skot "S" Suyama'], "s2": ["Various Artists"]}
    assert values("composer") == {"s3": ["A"], "s1": ["A", "B", "C"], "s2": ["B"]}
    assert values("lyricist") == {"s3": ["E"], "s1": ["A", "D"], "s2": ["E"]}
    assert values("language") == {"s3": ["3"], "s1": ["3"], "s2": ["52"]}
    assert data.relation("user", "age").lists(3) == [["20-29"], [], []]
    assert data.relation("user", "city").lists(3) == [["1"], ["13"], ["1"]]
    assert data.relation("user", "gender").lists(3) == [["female"], [], ["male"]]
    whole = load(kaggle(), people="whole", age="value")
    assert whole.relation("item", "composer").lists(3) == [["A"], ["A| B、C"], ["B"]]
    assert whole.relation("item", "genre").lists(3) == [["359"], ["465", "359"], ["465"]]
    assert whole.relation("user", "age").labels == ("29",)


@pytest.mark.parametrize(
    "years, label", [(9, ""), (10, "10-19"), (39, "30-39"), (80, "80-89"), (81, ""), (0, ""), (-43, ""), (1051, "")]
)
def test_ages(years, label):
    assert attributes.age_label(years, "decade") == label
    assert attributes.age_label(years, "value") == (str(years) if label else "")


def test_single_songs_may_stay(kaggle):
    data = load(kaggle(), min_user=1)
    assert "eve" in data.user_ids
    assert "eve" not in [user for user, _ in pairs(data, data.test)]
    assert data.relation("user", "age").lists(4)[data.user_ids.index("eve")] == ["10-19"]


def test_crlf_and_gzip_give_the_same(kaggle):
    plain = load(kaggle())
    crlf = {name.removesuffix(".csv"): content.replace("\n", "\r\n") for name, content in FILES.items()}
    folder = kaggle(**crlf)
    (folder / "songs.csv").unlink()
    (folder / "songs.csv.gz").write_bytes(gzip.compress(SONGS.encode()))
    other = load(folder)
    assert other.train.equals(plain.train) and other.test.equals(plain.test)
    for one, two in zip(plain.item_relations, other.item_relations, strict=True):
        assert one.labels == two.labels and (one.values == two.values).all()


def test_members_who_are_not_listed(kaggle):
    data = load(kaggle(members=MEMBERS.replace("bob", "rob")))
    assert data.relation("user", "city").lists(3) == [["1"], [], ["1"]]
    assert any("1 users are not in members.csv" in note for note in data.notes)


def test_small_pieces_give_the_same(kaggle, monkeypatch):
    folder = kaggle()
    whole = load(folder)
    chunks = kaggle_files.read_chunks
    monkeypatch.setattr(kaggle_files, "read_chunks", lambda *a, **k: chunks(*a, **k, rows=2))
    pieces = load(folder)
    assert pieces.train.equals(whole.train) and pieces.test.equals(whole.test) and pieces.notes == whole.notes


# ---- negatives


def many(n_songs, n_users=3):
    """Kaggle's files with `n_songs` complete songs, of which every user liked five."""
    songs = SONGS.splitlines()[0] + "\n" + "".join(f"s{i},1,1,a,b,c,3\n" for i in range(n_songs))
    rows = [(f"u{u}", f"s{(u + k) % n_songs}") for u in range(n_users) for k in range(5)]
    rows += [("all", f"s{i}") for i in range(n_songs)][: n_songs - 4]
    train = TRAIN.splitlines()[0] + "\n" + "".join(f"{u},{s},,,,1\n" for u, s in rows)
    return {"train": train, "songs": songs}


def test_negatives_as_many_as_possible(kaggle):
    data = load(kaggle(), negatives=None)
    assert data.negatives is None
    data = load(kaggle())  # ann knows all three songs
    assert data.negatives is None
    assert any("ranked against all songs" in note for note in data.notes)
    data = load(kaggle(**many(40)))
    assert data.n_items == 36 and data.negatives is None
    train = many(40)["train"].replace("all,s35,,,,1\n", "u2,s35,,,,1\n")
    data = load(kaggle(**many(40) | {"train": train}))
    assert data.negatives.shape == (4, 1)
    assert any("too few songs for 999 negatives per user; 1 are drawn" in note for note in data.notes)


def test_negatives_by_seed(kaggle):
    content = many(60)
    content["train"] = "\n".join(line for line in content["train"].splitlines() if not line.startswith("all"))
    content["train"] += "".join(f"\nv{i % 6},s{i},,,,1" for i in range(60)) + "\n"
    folder = kaggle(**content)
    one, same, other = (load(folder, negatives=20, seed=seed) for seed in (3, 3, 4))
    assert (one.negatives == same.negatives).all() and (one.negatives != other.negatives).any()
    assert one.negatives_seed == 3
    for user, held_out, drawn in zip(one.test["user"], one.test["item"], one.negatives, strict=True):
        assert len(set(drawn)) == 20
        assert not set(drawn) & {held_out, *one.history(user)}
    refused(folder, None, "to draw 999 negatives from", negatives=999)


# ---- 7z


def packed(folder, name, content, suffix=".7z", inside=None):
    py7zr = pytest.importorskip("py7zr", reason="the extra ramgnn[kkbox] is not installed")
    plain = folder / "inside.tmp"
    plain.write_bytes(content.encode())
    with py7zr.SevenZipFile(folder / f"{name}{suffix}", "w") as archive:
        for own in inside or [name]:
            archive.write(plain, own)
    plain.unlink()
    return folder / f"{name}{suffix}"


def test_archives_are_read(kaggle, tmp_path, tmp_path_factory, monkeypatch, capsys):
    plain = load(kaggle())
    for name, content in FILES.items():
        packed(tmp_path, name, content)
        (tmp_path / name).unlink()
    room = tmp_path_factory.mktemp("room")
    monkeypatch.setattr(archives.tempfile, "tempdir", str(room))
    data = kkbox.load(tmp_path)
    assert data.train.equals(plain.train) and data.item_ids == plain.item_ids
    shown = capsys.readouterr().err
    assert "unpacking train.csv.7z: 100%" in shown and "reading train.csv: 100%" in shown
    assert list(room.iterdir()) == [], "what was unpacked is removed"


def test_archives_that_are_cut_off(kaggle, tmp_path, tmp_path_factory, monkeypatch):
    kaggle(songs=None)
    whole = packed(tmp_path, "songs.csv", SONGS * 50).read_bytes()
    room = tmp_path_factory.mktemp("room")
    monkeypatch.setattr(archives.tempfile, "tempdir", str(room))
    mangled = [whole[:n] for n in (0, 3, 10, 32, len(whole) // 2, len(whole) - 1)]
    mangled.append(whole[:60] + bytes(20) + whole[80:])
    for content in mangled:
        (tmp_path / "songs.csv.7z").write_bytes(content)
        error = refused(tmp_path, "songs.csv.7z", "cut off or damaged")
        assert "download it again" in error.fix
    assert list(room.iterdir()) == []


def test_archives_with_something_else(kaggle, tmp_path):
    kaggle(members=None)
    packed(tmp_path, "members.csv", MEMBERS, inside=["a.csv", "b.csv"])
    refused(tmp_path, "members.csv.7z", "2 files: a.csv, b.csv")


def test_without_py7zr(kaggle, tmp_path, monkeypatch):
    kaggle(songs=None)
    (tmp_path / "songs.csv.7z").write_bytes(b"7z\xbc\xaf\x27\x1c")
    monkeypatch.setitem(sys.modules, "py7zr", None)
    assert "pip install 'ramgnn[kkbox]'" in refused(tmp_path, "songs.csv.7z", "py7zr").fix


def test_without_room(kaggle, tmp_path, monkeypatch):
    kaggle(songs=None)
    packed(tmp_path, "songs.csv", SONGS)
    monkeypatch.setattr(archives.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 3})())
    assert "make room" in refused(tmp_path, "songs.csv.7z", "GB left").fix


def test_forms_are_found(tmp_path, monkeypatch):
    home = tmp_path / "kkbox"
    for folder in ("kaggle", "subset", "kaggle-head", "rcf"):
        (home / folder).mkdir(parents=True)
    monkeypatch.setenv("RAMGNN_DATA", str(tmp_path))
    rcf(home / "rcf")
    assert kkbox.find() == (home / "rcf", "rcf")
    (home / "kaggle-head" / "train.csv").write_text(TRAIN)
    assert kkbox.find() == (home / "kaggle-head", "kaggle")
    subset(home / "subset")
    assert kkbox.find() == (home / "subset", "subset"), "the sample is the better data set"
    (home / "kaggle" / "train.csv.7z").write_bytes(b"")
    assert kkbox.find() == kkbox.find(home) == (home / "kaggle", "kaggle")
    assert kkbox.find(form="rcf") == (home / "rcf", "rcf")
    assert kkbox.find(home / "rcf") == (home / "rcf", "rcf")


# ---- bad files


def test_no_files(tmp_path, monkeypatch):
    monkeypatch.delenv("RAMGNN_DATA", raising=False)
    error = refused(tmp_path, None, str(tmp_path))
    for word in ("kkbox-music-recommendation-challenge", "train.csv.7z", "RAMGNN_DATA", "rules"):
        assert word in error.fix
    refused(None, None, "RAMGNN_DATA is not set")
    monkeypatch.setenv("RAMGNN_DATA", str(tmp_path))
    refused(None, None, str(tmp_path / "kkbox"))


@pytest.mark.parametrize("name", ["songs", "members"])
def test_one_file_is_missing(kaggle, name):
    folder = kaggle(**{name: None})
    assert "Kaggle" in refused(folder, f"{name}.csv", "no such file").fix


@pytest.mark.parametrize(
    "name, column", [("train", "target"), ("songs", "genre_ids"), ("songs", "lyricist"), ("members", "bd")]
)
def test_a_column_is_missing(kaggle, name, column):
    folder = kaggle(**{name: FILES[f"{name}.csv"].replace(column, f"{column}x", 1)})
    refused(folder, f"{name}.csv", f"no column {column!r}; did you mean {column + 'x'!r}", line=1)


@pytest.mark.parametrize("name", ["train", "songs", "members"])
@pytest.mark.parametrize(
    "change, word, line",
    [
        (lambda text: "", "is empty", None),
        (lambda text: text.splitlines()[0] + "\n", "only a header", None),
        (lambda text: text.replace(",", ";"), "only one column", 1),
        (lambda text: text + "cut", "has 1 field", -1),
        (lambda text: text.encode() + "café,1,1,1,1,1\n".encode("latin-1"), "not utf-8", -1),
        (lambda text: text + "\0\n", "NUL", -1),
    ],
)
def test_faults_of_each_file(kaggle, name, change, word, line):
    content = FILES[f"{name}.csv"]
    line = content.count("\n") + 1 if line == -1 else line
    refused(kaggle(**{name: change(content)}), f"{name}.csv", word, line=line)


def test_a_target_that_is_none(kaggle):
    refused(kaggle(train=TRAIN.replace(",,,,0", ",,,,2", 1)), "train.csv", "target is '2'", "0 or 1", line=5)


def test_an_id_that_stands_twice(kaggle):
    refused(kaggle(songs=SONGS + "s3,1,1,a,b,c,3\n"), "songs.csv", "song 's3' stands on lines 4, 7", line=7)
    refused(kaggle(members=MEMBERS + "ann,1,1,,,,\n"), "members.csv", "user 'ann' stands on lines 2, 7", line=7)


def test_an_age_that_is_no_number(kaggle):
    refused(kaggle(members=MEMBERS.replace("1051", "old")), "members.csv", "age 'old'", line=3)


def test_files_that_do_not_belong_together(kaggle):
    refused(kaggle(songs=SONGS.replace("\ns", "\nt")), "train.csv", "no row has target=1 and a song")


def test_nobody_with_two_songs(kaggle):
    few = "\n".join(TRAIN.splitlines()[:3]) + "\n"
    refused(kaggle(train=few), None, "no user has 2 songs (the most is 1)")


@pytest.mark.parametrize(
    "option", [{"form": "spotify"}, {"age": "year"}, {"people": "half"}, {"negatives": 0}, {"negatives": "all"}]
)
def test_unknown_choices(kaggle, option):
    name, value = next(iter(option.items()))
    assert repr(value) in str(refused(kaggle(), None, f"{name}=", "expected", **option))


# ---- RCF's files

AUXILIARY = "7|1,2|10|20|30\n9|2|10|21|31\n8|3|11|21|30\n"


def rcf(folder, train="5\t7\n5\t8\n6\t9\n", test="5\t9\n6\t7\n", auxiliary=AUXILIARY):
    contents = {"train.txt": train, "test.txt": test, "auxiliary-mapping.txt": auxiliary}
    for name, content in contents.items():
        if content is not None:
            (folder / name).write_text(content)
    return folder


def test_rcf_files(tmp_path):
    data = load(rcf(tmp_path), negatives=None)
    assert data.item_ids == ("7", "9", "8") and data.user_ids == ("5", "6")
    assert pairs(data, data.train) == [("5", "7"), ("5", "8"), ("6", "9")]
    assert pairs(data, data.test) == [("5", "9"), ("6", "7")]
    assert data.test["time"].tolist() == [2, 1]
    assert [r.name for r in data.item_relations] == ["genre", "artist", "composer", "lyricist"]
    assert data.relation("item", "genre").lists(3) == [["1", "2"], ["2"], ["3"]]
    assert data.user_relations == ()
    assert any("no graph of the users" in note for note in data.notes)


def test_rcf_without_train(tmp_path):
    rcf(tmp_path, train=None)
    error = refused(tmp_path, "train.txt", "the listens are missing")
    assert "item_relations_only" in error.fix
    songs, relations = kkbox.item_relations_only(tmp_path, progress=False)
    assert songs == ("7", "9", "8")
    assert [r.n_values for r in relations] == [3, 2, 2, 2]


def test_bad_rcf_files(tmp_path):
    refused(rcf(tmp_path, auxiliary=AUXILIARY + "8|3|1\n"), "auxiliary-mapping.txt", "3 fields", line=4)
    refused(rcf(tmp_path, auxiliary=AUXILIARY + "7|3|1|1|1\n"), "auxiliary-mapping.txt", "stands on lines 1, 4", line=4)
    refused(rcf(tmp_path, train="5\t7\n5\t99\n"), "train.txt", "without attributes", line=2)
    refused(rcf(tmp_path, train="5\t7\n5\t7\n"), "train.txt", "user 5 stands twice", line=2)
    refused(rcf(tmp_path, test="5\t9\n5\t9\n"), "test.txt", "user 5 stands twice", line=2)
    refused(rcf(tmp_path, test=""), "test.txt", "is empty")
    (tmp_path / "test.txt").unlink()
    refused(rcf(tmp_path, test=None), "test.txt", "no such file")


# ---- the sample


def subset(folder):
    contents = {
        "interactions.tsv.gz": "msno\tsong_id\n" + "".join(f"u{u}\ts{u + k}\n" for u in range(9) for k in range(6)),
        "songs.tsv.gz": "song_id\tgenre_ids\tartist_name\tcomposer\tlyricist\tlanguage\n"
        's1\t1|2\tDuo\tA| B\t\t3\ns2\t\t"Hit" Man\t\tC、D\t52\n',
        "song_person.tsv.gz": "song_id\tperson\ns1\tDuo\ns1\tA\ns3\tDuo\ns77\tNobody\n",
        "users.tsv.gz": "msno\tcity\tbd\tgender\nu0\t1\t31\tmale\nu1\t2\t0\t\n",
    }
    for name, content in contents.items():
        (folder / name).write_bytes(gzip.compress(content.encode()))
    return folder


def test_subset(tmp_path):
    data = load(subset(tmp_path), negatives=4)
    assert data.n_users == 9 and data.n_items == 14 and len(data.test) == 9
    own = dict(zip(data.item_ids, zip(*(r.lists(14) for r in data.item_relations), strict=True), strict=True))
    assert own["s1"] == (["1", "2"], ["Duo"], ["A", "B"], [], ["Duo", "A"])
    assert own["s2"] == ([], ['"Hit" Man'], [], ["C", "D"], [])
    assert own["s3"] == ([], [], [], [], ["Duo"])
    assert own["s4"] == ([], [], [], [], [])
    assert "Nobody" not in data.relation("item", "person").labels
    assert data.relation("user", "age").lists(9)[0] == ["30-39"]
    assert any("3 of 14 songs have attributes" in note for note in data.notes)
    assert any("7 users are not in users.tsv.gz" in note for note in data.notes)


def test_subset_draws_what_is_held_out(tmp_path):
    subset(tmp_path)
    one, same, other = (load(tmp_path, seed=seed, negatives=None) for seed in (0, 0, 1))
    assert one.test.equals(same.test) and not one.test.equals(other.test)
    assert one.time_kind == "none" and "seed 0" in one.split

    def places(data, frame):
        return {
            int(data.item_ids[i][1:]) - int(data.user_ids[u][1:]) for u, i in zip(frame.user, frame.item, strict=True)
        }

    assert len(places(one, one.test)) > 2, "not the last row of every user"
    assert len(places(one, one.validation().test)) > 2


# ---- the real files

DATA = Path(os.environ.get("RAMGNN_DATA", "")) / "kkbox"


def needs(folder):
    there = "RAMGNN_DATA" in os.environ and (DATA / folder).is_dir()
    return pytest.mark.skipif(not there, reason=f"RAMGNN_DATA has no kkbox/{folder}, which may not be passed on")


@needs("kaggle-head")
def test_real_kaggle_files():
    data = load(DATA / "kaggle-head")
    notes = "\n".join(data.notes)
    assert "10,593 of 39,999 songs" in notes
    assert "15,243 of 19,999 rows have target=1; 1,393 of these" in notes
    assert len(data.train) + len(data.test) == 836 and len(data.test) == data.n_users == 306
    assert [r.name for r in data.item_relations] == ["genre", "artist", "composer", "lyricist"]
    assert all(len(np.unique(r.nodes)) == data.n_items == 404 for r in data.item_relations)
    ages = data.relation("user", "age")
    assert {label[-1] for label in ages.labels} == {"9"} and ages.n_values <= 8
    assert data.relation("user", "city").n_values <= 21
    assert set(data.relation("user", "gender").labels) == {"male", "female"}
    assert not any("|" in label for r in data.item_relations for label in r.labels)
    data.validation().check()


@needs("subset")
def test_real_subset():
    data = load(DATA / "subset", min_user=1)
    assert (data.n_users, data.n_items) == (2754, 11663)
    assert len(data.train) + len(data.test) == 81262
    assert data.negatives.shape == (len(data.test), 999)
    assert len(data.relation("item", "person").nodes) == 3020 and data.relation("item", "person").n_values == 1366
    assert len(np.unique(data.relation("item", "artist").nodes)) == 1306
    assert len(load(DATA / "subset").test) == load(DATA / "subset").n_users


@needs("rcf")
def test_real_rcf_attributes():
    songs, relations = kkbox.item_relations_only(DATA / "rcf", progress=False)
    assert len(songs) == len(set(songs)) == 61905
    shape = {r.name: (r.n_values, len(r.nodes)) for r in relations}
    assert shape["genre"][0] == 106
    assert [n for _, n in shape.values()] == [65178, 61905, 61905, 61905]
    sizes = [np.bincount(r.values).astype(np.int64) for r in relations]
    assert sizes[0].max() == 36407
    edges = [int((n * (n - 1)).sum()) for n in sizes]  # directed pairs per shared value
    assert [f"{n:.1e}" for n in edges[1:]] == ["1.1e+07", "1.7e+06", "2.1e+06"]
    assert f"{edges[0]:.2e}" == "1.39e+09"
    with pytest.raises(DataError, match="the listens are missing"):
        load(DATA / "rcf")
