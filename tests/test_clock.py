"""Eq. 19 with a clock against loops, and training that finds what follows what."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ramgnn.config import TemporalConfig
from ramgnn.events import events_of, next_events, training_events
from ramgnn.finetune import AveragedAdam
from ramgnn.loop import warm_average
from ramgnn.temporal import clock
from ramgnn.temporal.clock import ClockLayer, TemporalGNN, train_epoch
from tests.test_events import dataset


def test_attention_is_that_of_the_equation():
    layer = ClockLayer(4, 3, 0.0).double()
    rank = torch.tensor([[4.0, 3, 1.5, 1.5, 0], [1, 0, torch.nan, torch.nan, torch.nan]]).double()
    alpha = layer.attention(rank)
    for b, there in enumerate((range(5), range(2))):
        for k in range(3):
            logits = [-rank[b, j].item() / layer.log_length[k].exp().item() for j in there]
            expected = np.exp(logits) / np.exp(logits).sum()
            np.testing.assert_allclose(alpha[b, k, list(there)].detach(), expected, rtol=1e-6)
    assert (alpha[1, :, 2:] == 0).all()


def test_the_state_is_that_of_the_equation():
    torch.manual_seed(0)
    layer = ClockLayer(4, 3, 0.5).double().eval()
    x, rank = torch.randn(1, 5, 4).double(), torch.tensor([[4.0, 3, 1.5, 1.5, 0]]).double()
    alpha = layer.attention(rank)
    h = torch.cat([sum(alpha[0, k, j] * x[0, j] for j in range(5)) for k in range(3)])
    expected = layer.norm(layer.v.weight @ h + layer.mlp(h))
    torch.testing.assert_close(layer(x, rank)[0], expected)


def test_gradients_are_those_of_finite_differences():
    torch.manual_seed(0)
    layer = ClockLayer(3, 2, 0.0).double()
    x, rank = torch.randn(2, 4, 3).double(), torch.tensor([[2.5, 2.5, 1, 0], [0, torch.nan, torch.nan, torch.nan]])
    names = list(dict(layer.named_parameters()))

    def state(x, *parameters):
        return torch.func.functional_call(layer, dict(zip(names, parameters, strict=True)), (x, rank.double()))

    given = [x.requires_grad_(), *(p.detach().clone().requires_grad_() for p in layer.parameters())]
    assert torch.autograd.gradcheck(state, given)


def model(n_items=9, **settings):
    return TemporalGNN(n_items, 4, TemporalConfig(**settings)).eval()


def test_an_empty_context_has_a_state():
    assert model()(torch.full((1, 3), -1), torch.full((1, 3), torch.nan)).isfinite().all()


def test_what_is_not_there_counts_nothing():
    one, rank = torch.tensor([[3, 5, -1]]), torch.tensor([[1.0, 0, torch.nan]])
    torch.testing.assert_close(model()(one, rank), model()(one[:, :2], rank[:, :2]))


def test_a_newcomer_scores_like_a_user_with_the_same_history():
    data = dataset([(0, 3, 0), (0, 1, 1), (1, 2, 0), (1, 5, 4)])
    known = model().of_events(next_events(data, np.array([0])))
    torch.testing.assert_close(known, model().of_events(events_of([np.array([3, 1])])))


def test_states_of_many_are_made_in_parts(monkeypatch):
    data = dataset([(u, i, i + u) for u in range(4) for i in range(u + 1)])
    model = TemporalGNN(data.n_items, 4, TemporalConfig())
    everybody = next_events(data, np.arange(4))
    at_once = model.eval().states(everybody)
    monkeypatch.setattr(clock, "MOST_EVENTS", 2)
    torch.testing.assert_close(model.states(everybody), at_once)


def test_what_follows_is_learned():
    """Everybody takes 0, 1, 2, … in a circle of their own beginning: what comes next is the next one."""
    data = dataset([(u, (u + t) % 9, t) for u in range(9) for t in range(6)], n_users=9)
    config = TemporalConfig(batch=8, dropout=0.0, item_dropout=0.0, lr=0.01)
    model, events = TemporalGNN(9, 16, config), training_events(data)
    optimiser, generator = AveragedAdam(model, config), torch.Generator().manual_seed(0)
    losses = [train_epoch(model, events, optimiser, generator) for _ in range(30)]
    assert losses[-1] < losses[0] / 2
    scores = optimiser.averaged.eval().of_events(next_events(data, np.arange(9)))
    unseen = np.array([[(u + 6) % 9, (u + 7) % 9, (u + 8) % 9] for u in range(9)])
    assert (scores.gather(1, torch.from_numpy(unseen)).argmax(1) == 0).all()


def test_what_somebody_had_is_no_rival_of_the_target():
    """The loss is the mean of -log p(target) among items not had; by hand for one event."""
    data = dataset([(0, 3, 0), (0, 1, 1), (0, 2, 2)])
    events = training_events(data)
    config = TemporalConfig(batch=100, dropout=0.0, item_dropout=0.0, lr=0.0)
    model = TemporalGNN(9, 4, config)
    y = model.of_events(events)
    expected = []
    for row, had in enumerate(([3], [3, 1])):  # of the targets 1 and 2; the first thing has nothing before it
        left = [i for i in range(9) if i not in had]
        expected.append(float(y[row, left].logsumexp(0) - y[row, events.target[row]]))
    loss = train_epoch(model, events, AveragedAdam(model, config), torch.Generator().manual_seed(0))
    assert loss == pytest.approx(np.mean(expected), rel=1e-5)


def test_the_average_forgets_the_start_soon():
    running, average = [torch.zeros(1)], warm_average(0.998)
    for n in range(1, 40):
        average(running, [torch.ones(1)], torch.tensor(n))
    assert float(running[0]) > 0.999
    slow = [torch.zeros(1)]
    warm_average(0.5)(slow, [torch.ones(1)], torch.tensor(10**6))
    assert float(slow[0]) == pytest.approx(0.5)


@pytest.mark.parametrize("seed", [0, 1])
def test_a_seed_decides_the_start(seed):
    one, two, other = (TemporalGNN(9, 4, TemporalConfig(), seed=s) for s in (seed, seed, seed + 1))
    assert torch.equal(one.items, two.items) and not torch.equal(one.items, other.items)
