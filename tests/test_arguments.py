"""What is passed to the functions of the face and to settings: the wrong kind is refused by name, before any work."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

import ramgnn
from ramgnn import arguments, evaluation
from ramgnn.baselines import get, names
from ramgnn.baselines.fitted import fit_baseline
from ramgnn.cli import main
from ramgnn.config import LEAST, STAGES, Config, FinetuneConfig, PretrainConfig
from ramgnn.datasets import saved
from ramgnn.devices import checked_device
from ramgnn.errors import DataError, NotFoundError, RamgnnError
from tests.small import small_dataset
from tests.test_face import frames

DATA = small_dataset()
MODEL = ramgnn.fit(DATA, "popularity", progress=False)
LISTS = (
    lambda n: MODEL.recommend("u1", n),
    lambda n: MODEL.recommend_blocks("u1", n),
    lambda n: MODEL.similar_items("i1", n),
)


def said(call, *words: str, error: type[Exception] = RamgnnError) -> None:
    """Expect an error with all of these words."""
    with pytest.raises(error) as caught:
        call()
    for word in words:
        assert word in str(caught.value), str(caught.value)


# ---- the face --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("arguments", "words"), [
    ({"dataset": pd.DataFrame()}, ("dataset is a DataFrame", "ramgnn.from_frames")),
    ({"dataset": "toy"}, ("dataset is 'toy'", "ramgnn.load('toy')")),
    ({"dataset": None}, ("dataset is None", "expected a data set")),
    ({"model": None}, ("model is None", "a name, such as 'ram-gnn'")),
    ({"model": 3}, ("model is 3",)),
    ({"settings": ["dim=3"]}, ("settings is a list", 'such as {"pretrain.dim": 32}')),
    ({"settings": "dim=3"}, ("settings is 'dim=3'",)),
    ({"settings": {3: 4}}, ("a name in settings is 3",)),
    ({"model": "mf", "settings": ["dim=3"]}, ("settings is a list",)),
    ({"config": "as_prnted"}, ("no configuration 'as_prnted'", "did you mean 'as_printed'?")),
    ({"config": "nonsense"}, ("no configuration 'nonsense'", "there are default, as_printed, temporal")),
    ({"config": {}}, ("config is a dict", "a ramgnn.Config")),
    ({"config": Config}, ("config is a type", "a ramgnn.Config")),
    ({"encoder": None}, ("encoder is None",)),
    ({"encoder": "gcn", "encoder_settings": {"dim": 8}}, ("encoder_settings is a dict", "EncoderSettings")),
    ({"progress": "no"}, ("progress is 'no'; expected True or False",)),
    ({"checkpoints": 3}, ("checkpoints is 3; expected a folder",)),
])  # fmt: skip
def test_what_cannot_be_fitted_is_named(arguments, words):
    said(lambda: ramgnn.fit(**{"dataset": DATA, "progress": False} | arguments), *words)


@pytest.mark.parametrize("model", ["ram-gnn", "mf"])
@pytest.mark.parametrize(("arguments", "word"), [
    ({"epochs": "3"}, "epochs is '3'; expected a whole number, 0 or more"),
    ({"epochs": 1.5}, "epochs is 1.5; expected a whole number"), ({"epochs": True}, "epochs is True"),
    ({"seed": "x"}, "seed is 'x'; expected a whole number"), ({"seed": -1}, "seed is -1; expected 0 to"),
    ({"seed": 2**63}, f"seed is {2**63}; expected 0 to {2**63 - 1}"), ({"seed": 1.0}, "seed is 1.0"),
    ({"device": 0}, "device is 0; expected a name, such as 'cpu' or 'cuda'"),
    ({"device": "gpu9"}, "cannot use the device 'gpu9'"), ({"device": "meta"}, "cannot use the device 'meta'"),
])  # fmt: skip
def test_numbers_and_devices_of_a_training_are_checked(model, arguments, word):
    said(lambda: ramgnn.fit(DATA, model, progress=False, **arguments), word)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a GPU")
def test_a_device_that_is_not_there_is_no_matter_of_weights(tmp_path):
    ramgnn.save(MODEL, tmp_path)
    for call in (
        lambda: ramgnn.fit(DATA, progress=False, device="cuda"),
        lambda: ramgnn.fit(DATA, "mf", progress=False, device="cuda"),
        lambda: ramgnn.load_run(tmp_path, device="cuda"),
    ):
        said(call, "cannot use the device 'cuda'", "'cpu' always works")
    said(lambda: ramgnn.load_run(tmp_path, device="gpu9"), "cannot use the device 'gpu9'")
    said(lambda: ramgnn.load_run(tmp_path, device=None), "device is None")
    assert checked_device(torch.device("cpu")) == "cpu"


def test_numbers_of_numpy_and_devices_of_pytorch_do_as_well():
    model = ramgnn.fit(
        DATA, "mf", {"dim": np.int64(4)}, epochs=np.int64(1), seed=np.uint8(3), device=torch.device("cpu"),
        progress=False,
    )  # fmt: skip
    assert (model.epochs, model.seed, model.settings) == (1, 3, {"dim": 4})
    assert type(model.seed) is type(model.settings["dim"]) is int
    assert len(model.recommend("u1", np.int32(2))) == 2


@pytest.mark.parametrize("n", [None, "3", 1.5, True])
def test_the_length_of_a_list_is_a_whole_number(n):
    for ask in LISTS:
        said(lambda ask=ask: ask(n), f"n is {n!r}; expected a whole number")


@pytest.mark.parametrize("n", [0, -1])
def test_a_list_has_at_least_one_item(n):
    for ask in LISTS:
        said(lambda ask=ask: ask(n), f"n is {n}; expected at least one item")


def test_questions_of_the_wrong_kind():
    said(lambda: MODEL.recommend("u1", exclude_seen="no"), "exclude_seen is 'no'")
    assert len(MODEL.recommend("u1", 30, exclude_seen=np.bool_(False))) == 20
    said(lambda: MODEL.recommend(pd.DataFrame()), "users is a DataFrame", "a list of them")
    said(lambda: MODEL.score("u1", {"i1": 2}), "items is a dict")
    said(lambda: MODEL.recommend(iter(["u1"])), "users is a list_iterator")


def test_what_holds_ids_is_a_list_of_them_and_what_holds_none_is_refused():
    expected = MODEL.recommend(["u1", "u2"], n=3)
    for users in (dict.fromkeys(["u1", "u2"]).keys(), np.array(["u1", "u2"]), pd.Index(["u1", "u2"])):
        pd.testing.assert_frame_equal(MODEL.recommend(users, n=3), expected)
    pd.testing.assert_frame_equal(MODEL.recommend(frozenset(["u1"]), n=3), MODEL.recommend("u1", n=3))
    pd.testing.assert_frame_equal(MODEL.recommend(np.str_("u1"), n=3), MODEL.recommend("u1", n=3))
    said(lambda: MODEL.recommend(np.array("u1")), "users is a ndarray; expected an id or a label, a list of them")
    said(lambda: MODEL.recommend(np.array([["u1"]])), "users is a ndarray")
    said(lambda: MODEL.recommend(b"u1"), "users is a bytes; expected an id or a label")
    said(lambda: MODEL.score("u1", b"i1"), "items is a bytes")


def test_a_longer_list_than_there_are_items_has_all_of_them():
    ease = ramgnn.fit(DATA, "ease", progress=False)
    for ask in (
        lambda n: ease.recommend("u1", n=n),
        lambda n: ease.similar_items("i1", n),
        lambda n: ease.recommend(had=["i1"], n=n),
    ):
        pd.testing.assert_frame_equal(ask(10**30), ask(DATA.n_items))
    for n in (0, "x", 1.5):
        said(lambda n=n: ease.recommend(had=["i1"], n=n), f"n is {n!r}")
    said(lambda: ease.recommend(had=["i1"], exclude_seen=2), "exclude_seen is 2")


@pytest.mark.parametrize(("setting", "most"), [
    ("pretrain.negatives", "100,000"), ("pretrain.positives", "10,000"), ("pretrain.dim", "16,384"),
    ("pretrain.layers", "1,000"), ("pretrain.k", "1,000,000,000"), ("finetune.batch", "1,000,000,000"),
    ("dim", "16,384"), ("epochs", "1,000,000,000"),
])  # fmt: skip
def test_a_number_that_no_memory_has_room_for_is_refused(setting, most):
    model = "ram-gnn" if "." in setting else "mf"
    for value in (10**10, 10**30):
        said(
            lambda value=value: ramgnn.fit(DATA, model, {setting: value}, progress=False),
            f"{setting} is {value}; expected at most {most}",
        )


def test_an_evaluation_needs_a_model_and_data():
    said(lambda: ramgnn.evaluate(None), "model is None", "what ramgnn.fit gives")
    said(lambda: ramgnn.evaluate(MODEL, "toy"), "dataset is 'toy'", "ramgnn.load('toy')")
    said(lambda: ramgnn.evaluate(MODEL, ties=3), "ties is 3")
    said(lambda: ramgnn.evaluate(MODEL, progress=2), "progress is 2")
    said(lambda: evaluation.evaluate(None, DATA), "score is None")
    said(lambda: evaluation.evaluate(MODEL.scorer, None), "dataset is None")
    said(lambda: evaluation.evaluate(MODEL.scorer, DATA, block=2.5), "block is 2.5; expected a whole number")


def test_a_comparison_takes_one_cutoff_or_several():
    one = ramgnn.compare(MODEL, MODEL, ks=10, n=20)
    pd.testing.assert_frame_equal(one, ramgnn.compare(MODEL, MODEL, ks=[10], n=20))
    found = ramgnn.evaluate(MODEL)
    assert found.metrics(5) == found.metrics((5,)) and len(found.table(5, n=10)) == 3
    for ks, word in (
        ("10", "ks is '10'"), (None, "ks is None"), ((), "ks is empty"), ((0,), "k is 0"), (1.5, "ks is 1.5"),
        ([1.5], "k is 1.5"), (0, "k is 0; expected a list of at least one item"),
    ):  # fmt: skip
        said(lambda ks=ks: ramgnn.compare(MODEL, MODEL, ks=ks), word)
        said(lambda ks=ks: found.metrics(ks), word)
    for n, word in ((0, "n is 0; expected at least 1"), ("x", "n is 'x'"), (2.0, "n is 2.0")):
        said(lambda n=n: ramgnn.compare(MODEL, MODEL, n=n), word)
        said(lambda n=n: found.table(n=n), f"n is {n!r}")
    said(lambda: ramgnn.compare(MODEL, "ease"), "b is 'ease'; expected what ramgnn.fit or ramgnn.evaluate gives")
    said(lambda: ramgnn.compare(MODEL.scorer, MODEL), "a is a Popularity")


def test_folders_and_names_are_text(tmp_path):
    said(lambda: ramgnn.save(MODEL, None), "folder is None; expected the folder to write to")
    said(lambda: ramgnn.save(MODEL, ""), "folder is ''")
    said(lambda: ramgnn.save(MODEL, "a\0b"), "folder is 'a\\x00b'; expected the folder to write to")
    said(lambda: ramgnn.load_run(Path("a\0b")), "folder is 'a\\x00b'")
    said(lambda: ramgnn.save("x", tmp_path), "model is 'x'", "what ramgnn.fit gives")
    said(lambda: ramgnn.save(MODEL.scorer, tmp_path), "model is a Popularity", "ramgnn.baselines.register")
    said(lambda: ramgnn.save(MODEL, tmp_path, "toy"), "source is 'toy'")
    said(lambda: ramgnn.save(MODEL, tmp_path, evaluation={}), "evaluation is a dict")
    said(lambda: ramgnn.load_run(None), "folder is None; expected the folder of a run")
    said(lambda: ramgnn.load_run(tmp_path, "toy"), "dataset is 'toy'")
    said(lambda: ramgnn.load(3), "name is 3; expected the name of a data set: toy, movietweetings")
    said(lambda: ramgnn.load(pd.DataFrame()), "name is a DataFrame", "ramgnn.from_frames")
    said(lambda: ramgnn.load("toy", progress=1), "progress is 1")
    said(
        lambda: ramgnn.load("tables", interactions=pd.DataFrame()), "interactions is a DataFrame", "ramgnn.from_frames"
    )
    said(lambda: ramgnn.load("tables", interactions=""), "interactions is ''")
    said(lambda: saved.write(None, DATA), "folder is None")
    said(lambda: saved.write(tmp_path, None), "dataset is None")
    said(lambda: saved.read(3), "folder is 3")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("options", "word"), [
    ({"min_user": "2"}, "min_user is '2'; expected a whole number, 0 or more"),
    ({"min_user": -1}, "min_user is -1; expected 0 or more"), ({"min_user": True}, "min_user is True"),
    ({"negatives": 1.5}, "negatives is 1.5; expected a whole number, at least 1"),
    ({"negatives": 0}, "negatives is 0; expected at least 1"),
    ({"seed": "x"}, "seed is 'x'"), ({"seed": -1}, "seed is -1"),
    ({"separator": 3}, "the separator is 3"),
    ({"bins": ["year"]}, "bins is a list; expected a dictionary"), ({"name": 3}, "name is 3; expected text"),
    ({"item_relations": 3.5}, "item_relations is 3.5; expected names of columns"),
    ({"user_column": ["a"]}, "user_column is a list; expected the name of a column"),
    ({"item_relations": {"a": 1}}, "item_relations is a dict; expected names of columns"),
    ({"interactions": None}, "interactions: this is None"), ({"items": "items.csv"}, "items: this is a str"),
])  # fmt: skip
def test_options_of_data_frames_are_checked(options, word):
    interactions, items, users = frames()
    given = {"interactions": interactions, "items": items, "users": users} | options
    said(lambda: ramgnn.from_frames(**given), word, error=DataError)


@pytest.mark.parametrize(("options", "words"), [
    ({"user_column": 3}, "there is no column '3'"), ({"title_column": 3}, "there is no column '3'"),
    ({"rating_column": 3}, "there is no column '3'"), ({"time_column": 3}, "there is no column '3'"),
    ({"user_column": ["a"]}, "user_column is a list; expected the name of a column"),
    ({"time_column": True}, "time_column is True; expected the name of a column"),
    ({"title_column": 2.5}, "title_column is 2.5"), ({"rating_column": False}, "rating_column is False"),
    ({"item_relations": 3}, "there is no column '3'"), ({"item_relations": [3]}, "there is no column '3'"),
    ({"item_relations": True}, "item_relations is True"), ({"item_relations": [None]}, "a name in item_relations is"),
    ({"item_relations": {"a": 1}}, "item_relations is a dict"), ({"item_relations": b"a"}, "item_relations is a bytes"),
    ({"bins": {3: 3}}, "there is no relation column '3' to bin"),
    ({"separator": {3: ","}}, "there is no relation column '3' to divide"),
    ({"min_rating": 10**400}, "the smallest rating to keep is 1000"), ({"name": 3}, "name is 3; expected text"),
    ({"split": np.array(["last", "none"])}, "expected: 'last' or 'random' or 'none'"),
    ({"unknown": np.array([1])}, "expected: 'error' or 'drop'"),
    ({"duplicates": pd.Series(["first"])}, "expected: 'error' or 'first' or 'last'"),
])  # fmt: skip
def test_options_of_files_are_checked(options, words, tmp_path):
    for name, frame in zip(("interactions", "items", "users"), frames(), strict=True):
        frame.to_csv(tmp_path / f"{name}.csv", index=False)
    given = {name: tmp_path / f"{name}.csv" for name in ("interactions", "items", "users")} | options
    said(lambda: ramgnn.load("tables", progress=False, **given), words, error=DataError)
    options.pop("name", None)
    if options:
        said(lambda: ramgnn.load(str(tmp_path), progress=False, **options), words, error=DataError)


def test_columns_without_a_header_are_named_by_their_numbers(tmp_path, capsys):
    rows = "".join(f"u{n % 4},i{n % 7},{n % 5},{1_500_000_000 + n}\n" for n in range(28))
    (tmp_path / "rows.csv").write_text(rows)
    (tmp_path / "items.csv").write_text("".join(f"i{n},Film {n},{n % 2}\n" for n in range(7)))
    columns = {"user_column": 1, "item_column": 2, "time_column": 4, "rating_column": 3, "title_column": 2}
    data = ramgnn.load("tables", interactions=tmp_path / "rows.csv", items=tmp_path / "items.csv", header=False,
                       min_rating=1, item_relations=3, progress=False, **columns)  # fmt: skip
    assert data.item_labels[0] == "Film 0" and [r.name for r in data.item_relations] == ["3"]
    given = [f"{name}={value}" for name, value in columns.items()]
    main(["data", "check", "--interactions", str(tmp_path / "rows.csv"), "--no-header", "--option", *given,
          "min_rating=1", "item_relations=3", f"items={tmp_path / 'items.csv'}"])  # fmt: skip
    shown = capsys.readouterr()
    assert not shown.err and "rows.csv   4       time      given" in shown.out
    (tmp_path / "rows.csv").write_text(rows)
    assert main(["data", "check", "--interactions", str(tmp_path / "rows.csv"), "--no-header", "--option",
                 "items=none", "user_column=9", "item_column=2"]) != 0  # fmt: skip
    assert "there is no column '9'" in capsys.readouterr().err


# ---- names -----------------------------------------------------------------------------------------------------------


def test_an_unknown_encoder_is_named_with_those_that_there_are():
    said(
        lambda: ramgnn.fit(DATA, encoder="zz", progress=False),
        "no encoder 'zz'", "there are ram-gnn, gcn, rgcn, wgcn, vrgcn, compgcn", "once its module is imported",
        "@register_encoder",
        error=NotFoundError,
    )  # fmt: skip
    said(lambda: ramgnn.fit(DATA, encoder="ease", progress=False), "is a baseline: fit(dataset, 'ease')")


# ---- settings --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", names())
def test_every_number_of_a_baseline_has_a_least_value_or_is_a_share(name):
    baseline = get(name)
    numbers = [k for k, x in baseline.defaults().items() if isinstance(x, int | float) and not isinstance(x, bool)]
    bounded = {*baseline.least, *baseline.shares}
    assert set(numbers) - {"confidence"} <= bounded  # above 0, which `als.fit` sees to
    assert baseline.check(baseline.defaults()) == baseline.defaults()
    for setting in bounded:
        below = baseline.least.get(setting, 0) - 1
        said(lambda s=setting, x=below: fit_baseline(baseline, DATA, {s: x}), f"{setting} is {below}", "expected")
    for setting in baseline.shares:
        said(lambda s=setting: fit_baseline(baseline, DATA, {s: 1}), f"{setting} is 1.0; expected 0 up to below 1")
    for setting in numbers:
        for value in (float("nan"), float("inf"), -float("inf"), "nan"):
            if isinstance(baseline.defaults()[setting], float):
                said(lambda s=setting, x=value: baseline.check({s: x}), f"{setting}=", "expected a finite number")
            else:
                said(lambda s=setting, x=value: baseline.check({s: x}), f"{setting}=", "a whole number")


@pytest.mark.parametrize(("name", "settings", "word"), [
    ("kgpolicy", {"fan": 2, "keep": 5}, "keep is 5; expected at most 4"),
    ("sasrec", {"dim": 10, "heads": 3}, "dim is 10 and heads 3"),
    ("sasrec sets", {"dim": 10, "heads": 3}, "dim is 10 and heads 3"),
    ("lightgcn", {"loss": "hinge"}, "loss is 'hinge'; expected bpr or softmax"),
    ("als", {"confidence": 0}, "confidence is 0.0; expected a number above 0"),
    ("itemknn", {"half_life": 0}, "above 0 or None"),
])  # fmt: skip
def test_settings_that_do_not_go_together_or_with_the_data(name, settings, word):
    if name == "als":
        pytest.importorskip("implicit")
    said(lambda: ramgnn.fit(DATA, name, settings, progress=False), word)


def test_text_is_read_alike_by_ram_gnn_and_by_baselines():
    assert get("mf").check({"dim": "32", "lr": "0.5"}) == {"dim": 32, "lr": 0.5}
    assert get("rcf").check({"per_user": "none", "l2": "1"}) == {"per_user": None, "l2": 1.0}
    assert get("nfm").check({"norm": "false"}) == {"norm": False}
    config = Config().override({"pretrain.dim": "32", "finetune.lr": "0.5", "pretrain.attention": "false"})
    assert (config.pretrain.dim, config.finetune.lr, config.pretrain.attention) == (32, 0.5, False)
    for check, name in ((get("mf").check, "dim"), (Config().override, "pretrain.dim")):
        for value in ("many", "1.5", 2.0, None, True, "none"):
            said(lambda c=check, n=name, x=value: c({n: x}), f"cannot read '{name}={value}'; expected a whole number")


@pytest.mark.parametrize("stage", STAGES)
def test_ram_gnn_s_numbers_are_finite_and_of_their_kind_wherever_they_were_written(stage):
    part = getattr(Config(), stage)
    for name in LEAST[stage]:
        for value in (float("nan"), float("inf")):
            assignment = {f"{stage}.{name}": value}
            said(lambda a=assignment: Config().override(a), f"cannot read '{stage}.{name}={value}'")
            config = replace(Config(), **{stage: replace(part, **{name: value})})
            said(config.validate, f"{stage}.{name} is {value}; expected")
    for name, value, word in (("lr", "x", "a number"), ("epochs", 1.5, "a whole number"), ("epochs", None, "whole")):
        config = replace(Config(), **{stage: replace(part, **{name: value})})
        said(config.validate, f"{stage}.{name} is {value!r}; expected", word)


def test_the_parts_of_a_configuration_are_of_their_kind():
    said(
        Config(pretrain=FinetuneConfig()).validate,
        "pretrain is a FinetuneConfig; expected a ramgnn.config.PretrainConfig",
    )
    said(Config(seed=-1).validate, "seed is -1")
    said(lambda: Config().override(3), "changes is 3; expected settings, as in {'pretrain.dim': 32}")
    said(lambda: Config().override({3: 4}), "the name of a setting is 3; expected text")
    said(lambda: Config().override([3]), "a change is 3; expected text")
    said(Config(device=3).validate, "device is 3; expected a name")
    said(Config(finetune=FinetuneConfig(ema_decay=float("nan"))).validate, "finetune.ema_decay is nan")
    said(Config(pretrain=PretrainConfig(attention=1)).validate, "pretrain.attention is 1; expected true or false")


@pytest.mark.parametrize(("kind", "value", "read"), [
    ("int", np.int64(3), 3), ("float", 3, 3.0), ("float", np.float32(0.5), 0.5), ("float | None", "None", None),
    ("int | None", " 7 ", 7), ("str", "32", "32"), ("bool", "1", True), ("int | float", "3", 3), ("", "x", "x"),
    ("Callable", 3, 3), ("int | float", "2.5", 2.5), ("float", "1e-3", 0.001),
])  # fmt: skip
def test_a_setting_is_read_by_its_kind(kind, value, read):
    found = arguments.read_setting(value, kind, f"x={value}")
    assert found == read and type(found) is type(read)


def test_what_a_message_shows():
    for value, shown in ((np.float64(2.5), "2.5"), (np.zeros(3), "a ndarray"), (Ellipsis, "an ellipsis"), ("", "''")):
        assert str(arguments.wrong("x", value, "y")) == f"x is {shown}; expected y"
