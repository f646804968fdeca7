"""Eq. 19 with a clock against loops, and training that finds what follows what."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ramgnn.config import TemporalConfig
from ramgnn.events import training_events
from ramgnn.temporal.clock import ClockLayer, TemporalGNN, train_epoch
from tests.test_events import dataset


def test_attention_is_that_of_the_equation():
    torch.manual_seed(0)
    layer = ClockLayer(4, 3, 0.0).double()
    torch.nn.init.normal_(layer.question.weight)
    x, rank = (
        torch.randn(2, 5, 4).double(),
        torch.tensor([[4.0, 3, 1.5, 1.5, 0], [1, 0, torch.nan, torch.nan, torch.nan]]),
    )
    rank = rank.double()
    alpha = layer.attention(x, rank)
    for b, there in enumerate((range(5), range(2))):
        recent = np.array([np.exp(-float(rank[b, j]) / 2) for j in there])
        m = sum(w * x[b, j] for w, j in zip(recent / recent.sum(), there, strict=True))
        for k in range(3):
            q = (layer.question.weight @ m).view(3, 4)[k]
            logits = [float(-rank[b, j] / layer.log_length[k].exp() + q @ x[b, j] / 2) for j in there]
            expected = np.exp(logits) / np.exp(logits).sum()
            np.testing.assert_allclose(alpha[b, k, list(there)].detach(), expected, rtol=1e-6)
    assert (alpha[1, :, 2:] == 0).all()


def test_an_empty_context_has_a_state():
    model = TemporalGNN(dataset([(0, 0, 0), (0, 1, 1)]), TemporalConfig(dim=4)).eval()
    assert model(torch.full((1, 3), -1), torch.full((1, 3), torch.nan)).isfinite().all()


def test_a_newcomer_scores_like_a_user_with_the_same_history():
    model = TemporalGNN(dataset([(0, 3, 0), (0, 1, 1), (1, 2, 0), (1, 5, 4)]), TemporalConfig(dim=4)).eval()
    torch.testing.assert_close(model.newcomer_scores([np.array([3, 1])]), model.scores(np.array([0])))


def test_what_follows_is_learned():
    """Everybody takes 0, 1, 2, … in a circle of their own beginning: what comes next is the next one."""
    data = dataset([(u, (u + t) % 9, t) for u in range(9) for t in range(6)], n_users=9)
    config = TemporalConfig(dim=16, batch=8, dropout=0.0, item_dropout=0.0, lr=0.01)
    model, events = TemporalGNN(data, config), training_events(data)
    optimiser = torch.optim.AdamW(model.parameters(), lr=config.lr)
    generator = torch.Generator().manual_seed(0)
    losses = [train_epoch(model, events, optimiser, generator) for _ in range(30)]
    assert losses[-1] < losses[0] / 2
    scores = model.eval().scores(np.arange(9))
    unseen = np.array([[(u + 6) % 9, (u + 7) % 9, (u + 8) % 9] for u in range(9)])
    assert (scores.gather(1, torch.from_numpy(unseen)).argmax(1) == 0).all()


@pytest.mark.parametrize("seed", [0, 1])
def test_a_seed_decides_the_start(seed):
    data = dataset([(0, 0, 0), (0, 1, 1)])
    one, two = (TemporalGNN(data, TemporalConfig(dim=4), seed=s) for s in (seed, seed))
    other = TemporalGNN(data, TemporalConfig(dim=4), seed=seed + 1)
    assert torch.equal(one.items, two.items) and not torch.equal(one.items, other.items)
