"""What else the clock could know: each idea begins as the model it is compared with, and counts what it says."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from ramgnn.config import TemporalConfig
from ramgnn.events import training_events
from ramgnn.experiments import clock_variants as variants
from ramgnn.temporal.clock import contexts, next_loss
from tests.small import small_dataset

DAY = 86_400


@pytest.fixture(scope="module")
def data():
    """Times of a clock, half of them shared with the one before."""
    found = small_dataset()
    rng = np.random.default_rng(3)
    found.train["time"] = (
        found.train.groupby("user").cumcount() // 2 * 5 * DAY + rng.integers(0, 40, 12)[found.train["user"]] // 4 * DAY
    )
    return found


def made(idea, data):
    return variants.IDEAS[idea](data, data.n_items, 4, TemporalConfig(), None, 0).eval()


def asked(data):
    events = training_events(data)
    which = np.arange(len(events))
    return events, which, *contexts(events, which, torch.zeros(1))


@pytest.mark.parametrize("idea", variants.IDEAS)
def test_each_begins_as_it_is_and_what_it_adds_can_be_learned(data, idea):
    model = made(idea, data)
    y = model.at(*asked(data))
    torch.testing.assert_close(y, made("as it is", data).at(*asked(data)))
    next_loss(y, *asked(data)[:2]).backward()
    added = [p for name, p in model.named_parameters() if name in ("by_type", "w", "u", "p", "theta")]
    assert len(added) == (idea != "as it is") and all(p.grad.abs().max() > 0 for p in added)


def test_shared_attributes_are_counted_with_the_latest_things(data):
    model = made("relations", data)
    events, which, item, rank = asked(data)
    with torch.no_grad():
        model.by_type.normal_(generator=torch.Generator().manual_seed(0))
    for e in (0, 5, len(events) - 1):
        there = [(int(j), float(r)) for j, r in zip(item[e], rank[e], strict=True) if j >= 0]
        latest = [j for j, r in there if r == min(r for _, r in there)]
        values = [[set(x) for x in relation.lists(data.n_items)] for relation in data.item_relations]
        shares = [[np.mean([bool(v[j] & v[m]) for m in latest]) for j, _ in there] for v in values]  # types × L
        logits = -torch.tensor([r for _, r in there]) / model.clock.log_length.exp()[:, None]
        alpha = torch.softmax(logits + model.by_type @ torch.tensor(np.array(shares)).float(), -1)
        h = (alpha @ model.items[[j for j, _ in there]]).flatten()
        expected = model.clock.norm(model.clock.v.weight @ h + model.clock.mlp(h))
        torch.testing.assert_close(model.state(item[e : e + 1], rank[e : e + 1])[0], expected)


def test_the_calendar_counts_what_came_before(data):
    model = made("calendar", data)
    events, which, item, rank = asked(data)
    with torch.no_grad():
        model.theta.copy_(torch.tensor([0.3, -0.2, 0.1]))
    plain, y = (made("as it is", data)(item, rank).detach(), model.at(events, which, item, rank).detach())
    day = data.train["time"].to_numpy() // DAY
    day, items, users = day - day.min(), data.train["item"].to_numpy(), data.train["user"].to_numpy()
    for e in range(0, len(events), 3):
        own = int(events.own[e])
        context = [k for k in range(len(day)) if users[k] == users[own] and k != own and day[k] <= day[own]]
        now = max(day[k] for k in context)
        for i in range(data.n_items):
            counts = [((items == i) & (now - d <= day) & (day < now)).sum() for d in variants.DAYS]
            more = sum(t * np.log1p(c) for t, c in zip((0.3, -0.2, 0.1), counts, strict=True))
            assert float(y[e, i] - plain[e, i]) == pytest.approx(more, abs=1e-5)


def test_it_goes_on_where_it_was_stopped(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(variants.data, "load", lambda name: small_dataset())
    monkeypatch.setattr(variants, "measured", lambda view, idea, seed: {"sum": len(view.train)})
    out = tmp_path / "runs.json"
    call = ["--data", "toy", "--seeds", "1", "--out", str(out), "--ideas"]
    assert variants.main([*call, "user"]) == 0
    capsys.readouterr()
    assert variants.main([*call, "user", "all of it"]) == 0
    assert "user" not in capsys.readouterr().out
    runs = json.loads(out.read_text())["runs"]
    assert set(runs) == {f"toy, {view}, {idea}, 0" for view in variants.VIEWS for idea in ("user", "all of it")}
    assert runs["toy, last, user, 0"]["sum"] > runs["toy, second-last, user, 0"]["sum"]


def test_a_small_training_is_measured(data):
    found = variants.measured(data.validation(), "transitions", 0)
    assert found["epochs"] >= 1 and 0 <= found["attention"]["NDCG@10"] <= 1
