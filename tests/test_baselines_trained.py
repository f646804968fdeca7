"""The baselines that are trained, and item-kNN and ALS: formulas against loops, learning, seeds, errors."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from ramgnn.baselines import (
    als,
    cke,
    fism,
    fitting,
    itemknn,
    kgpolicy,
    lightgcn,
    mf,
    nfm,
    rcf,
    registry,
    sasrec,
    sequential,
)
from ramgnn.baselines.features import Features
from ramgnn.baselines.fitted import fit_baseline, restore_scorer, scorer_state
from ramgnn.datasets.base import RecDataset, Relation
from ramgnn.datasets.split import interactions, leave_last_out
from ramgnn.errors import RamgnnError
from ramgnn.evaluation import rank_test
from tests.small import small_dataset, timed

TRAINED = {name: (b.factory, b.settings_class) for name in registry.names() if (b := registry.get(name)).trained}
CLOSED = {name: b.factory for name in registry.names() if not (b := registry.get(name)).trained}

QUICK = {
    "mf": {"dim": 8, "batch": 64}, "fm": {"dim": 8, "batch": 64, "lr": 0.02},
    "nfm": {"dim": 8, "hidden": 8, "batch": 64}, "fism": {"dim": 8, "users": 4},
    "cke": {"dim": 8, "relation_dim": 4, "batch": 64, "lr": 0.02},
    "lightgcn": {"dim": 8, "layers": 2, "batch": 64, "lr": 0.05},
    "kgpolicy": {"dim": 8, "hidden": 4, "fan": 4, "keep": 2, "batch": 64, "pretrain_epochs": 5, "lr": 0.01},
    "rcf": {"dim": 8, "attention": 4, "batch": 64, "dropout": 0.1},
    "sasrec": {"dim": 8, "length": 6, "batch": 16, "lr": 0.01},
    "sasrec sets": {"dim": 8, "length": 6, "batch": 32, "lr": 0.01},
    "gru4rec": {"dim": 8, "length": 6, "batch": 16, "lr": 0.02},
}  # fmt: skip
# epochs that are enough on `blocks`; the others take 25
EPOCHS = {"kgpolicy": 5, "rcf": 12, "sasrec": 60, "sasrec sets": 40, "gru4rec": 60}


def blocks(n_users: int = 60, n_blocks: int = 4, size: int = 12, seed: int = 0) -> RecDataset:
    """Everybody takes nine items of one block of twelve; genre is the block, year is chance."""
    rng = np.random.default_rng(seed)
    taken = [size * (u % n_blocks) + rng.permutation(size)[:9] for u in range(n_users)]
    train, test = leave_last_out(interactions(np.repeat(np.arange(n_users), 9), np.concatenate(taken)))
    n = n_blocks * size
    users, items = tuple(f"u{u}" for u in range(n_users)), tuple(f"i{i}" for i in range(n))
    genre = Relation.from_lists("genre", [[f"g{i // size}"] for i in range(n)])
    year = Relation.from_lists("year", [[str(rng.integers(6))] for _ in range(n)])
    age = Relation.from_lists("age", [[str(rng.integers(3))] for _ in range(n_users)])
    return RecDataset(
        "blocks", users, items, users, items, train, test, (genre, year), (age,), time_kind="order"
    ).check()


def untrained(name: str, dataset: RecDataset, seed: int = 0, **settings) -> fitting.Model:
    """A model with random parameters, the zero ones included."""
    kind, known = TRAINED[name]
    model, generator = fitting.start(kind, dataset, known(**QUICK[name] | settings), seed)
    for p in model.parameters():
        nn.init.normal_(p, std=0.5, generator=generator)
    return model.eval()


# ---- what all of them owe -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TRAINED)
def test_it_learns_who_likes_what(name):
    """Of 40 candidates the held-out one is among the four left of its block: rank 2.5 at best, 20.5 by chance."""
    data = blocks()
    kind, known = TRAINED[name]
    model = fitting.fit(kind, data, known(**QUICK[name]), 0, EPOCHS.get(name, 25), False)
    assert rank_test(model, data).mean() < 6


@pytest.mark.parametrize("name", TRAINED)
def test_it_repeats_by_seed_and_does_not_look_at_the_test_rows(name):
    data, (kind, known) = small_dataset(), TRAINED[name]
    users = np.array([3, 0, 3])
    one, same, other = (
        fitting.fit(kind, replace(data, test=data.test.iloc[:rows]), known(**QUICK[name]), seed, 2, False)(users)
        for rows, seed in ((12, 1), (0, 1), (12, 2))
    )
    assert torch.equal(one, same) and not torch.equal(one, other)
    assert one.shape == (3, data.n_items) and torch.equal(one[0], one[2]) and not one.requires_grad


@pytest.mark.parametrize("name", TRAINED)
def test_parameters_alone_bring_a_trained_model_back(name):
    """Bit for bit: what else it holds follows from data and settings, and making it draws nothing from outside."""
    data, baseline = small_dataset(), registry.get(name)
    users = np.arange(data.n_users)
    trained = fit_baseline(baseline, data, QUICK[name], seed=1, epochs=3).scorer
    state = {key: x.clone() for key, x in trained.state_dict().items()}
    for make in (baseline.factory, baseline.factory.untrained):
        again = make(data, baseline.settings_class(**QUICK[name]))
        again.load_state_dict(state)
        again.eval()
        assert torch.equal(again(users), trained(users))
    torch.manual_seed(7)
    before = torch.get_rng_state()
    restored = restore_scorer(baseline, data, QUICK[name], *scorer_state(trained))
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(restored(users), trained(users))


@pytest.mark.parametrize("name", TRAINED)
def test_fitting_by_name_is_fitting_the_class(name):
    data, (kind, known) = small_dataset(), TRAINED[name]
    fitted = fit_baseline(registry.get(name), data, QUICK[name], 1, 2)
    users = np.arange(data.n_users)
    assert torch.equal(fitted.scorer(users), fitting.fit(kind, data, known(**QUICK[name]), 1, 2, False)(users))
    assert (fitted.epochs, len(fitted.losses), fitted.interrupted) == (2, 2, False)


@pytest.mark.parametrize("name", TRAINED)
def test_scores_are_the_same_in_blocks(name):
    data = small_dataset()
    model, users = untrained(name, data), np.arange(data.n_users)
    whole = model(users)
    parts = torch.cat([model(users[:5]), model(users[5:5]), model(users[5:])])
    assert torch.allclose(whole, parts, atol=1e-5)


@pytest.mark.parametrize("name", ["nfm", "rcf"])
def test_scores_of_pairs_are_those_among_all_items(name, monkeypatch):
    data = small_dataset()
    model, users = untrained(name, data), np.array([7, 0, 7, 3])
    items = np.random.default_rng(0).integers(data.n_items, size=(4, 6))
    items[0, 0] = data.history(7)[0]  # an item of the user's own history is a candidate like any other
    expected = model(users).gather(1, torch.from_numpy(items))
    torch.testing.assert_close(model.score_pairs(users, items), expected, atol=1e-4, rtol=1e-4)
    monkeypatch.setattr(rcf, "CHUNK", 100)
    monkeypatch.setattr(nfm, "BLOCK", 10)
    found = model.score_pairs(users, items)
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)
    assert not found.requires_grad
    for rows, columns in ((0, 6), (4, 0)):
        assert model.score_pairs(users[:rows], items[:rows, :columns]).shape == (rows, columns)


@pytest.mark.parametrize("name", TRAINED)
def test_data_without_attributes(name):
    bare, (kind, known) = replace(small_dataset(), item_relations=(), user_relations=()), TRAINED[name]
    if name in ("cke", "rcf"):
        with pytest.raises(RamgnnError, match="no attributes of items"):
            kind(bare, known(**QUICK[name]))
    else:
        assert fitting.fit(kind, bare, known(**QUICK[name]), 0, 1, False)(np.array([0])).isfinite().all()


def test_a_loss_that_is_no_number_says_what_to_do():
    model, generator = fitting.start(mf.MF, small_dataset(), mf.Settings(), 0)
    with torch.no_grad():
        model.p.weight[0] = math.nan
    with pytest.raises(RamgnnError, match="MF: the loss is nan in epoch 1; try a lower lr"):
        fitting.train(model, generator, 1, name="MF")


def test_training_stops_when_validation_no_longer_gains():
    model, generator = fitting.start(mf.MF, small_dataset(), mf.Settings(dim=4), 0)
    values, told = iter([0.1, 0.3, 0.2, 0.3, 0.1, 0.9]), []
    history = fitting.train(model, generator, 50, lambda _: next(values), 2, 3, lambda *x: told.append(x))
    assert (history.best, history.best_epoch, len(history.losses)) == (0.3, 4, 10)
    assert told == history.validation == [(2, 0.1), (4, 0.3), (6, 0.2), (8, 0.3), (10, 0.1)]


def test_draw_some_takes_each_user_s_share():
    model, generator = fitting.start(mf.MF, small_dataset(), mf.Settings(dim=4), 0)
    chosen = model.draw_some(3, generator)
    assert len(chosen.unique()) == len(chosen)
    assert (torch.bincount(model.users[chosen], minlength=12) == model.size.clamp(max=3)).all()
    assert sorted(model.draw_some(None, generator).tolist()) == list(range(len(model.users)))


# ---- each against its formula ---------------------------------------------------------------------------------------


def test_mf_step_is_adagrad_on_the_sum_and_the_whole_tables():
    data = small_dataset()
    model, generator = fitting.start(mf.MF, data, mf.Settings(dim=3, batch=10**6, l2=0.3), 0)
    p, q = (x.weight.detach().double().numpy().copy() for x in (model.p, model.q))
    twin = torch.Generator().manual_seed(0)
    (batch,) = model.draw_pairs(10**6, twin)
    u, i = model.users[batch], model.items[batch]
    j = model.draw_negatives(u, twin)[:, 0]
    of_p, of_q, total = 0.3 * p, 0.3 * q, 0.0
    for a, b, c in zip(u.tolist(), i.tolist(), j.tolist(), strict=True):
        x = p[a] @ (q[b] - q[c])
        total += math.log1p(math.exp(-x))
        slope = -1 / (1 + math.exp(x))
        of_p[a] += slope * (q[b] - q[c])
        of_q[b] += slope * p[a]
        of_q[c] -= slope * p[a]
    assert model.epoch(generator) == pytest.approx(total / len(u), rel=1e-5)
    expected = p - 0.05 * of_p / (np.sqrt(1e-8 + of_p**2) + 1e-10)
    np.testing.assert_allclose(model.p.weight.detach().numpy(), expected, atol=1e-5)


def features_of(data: RecDataset, side: str, node: int) -> list[int]:
    found, first = [node], data.n_nodes(side)
    for relation in data.relations(side):
        found += [first + v for n, v in zip(relation.nodes, relation.values, strict=True) if n == node]
        first += relation.n_values
    return found


@pytest.mark.parametrize("n", [1, 5, 400])
def test_sums_over_features_in_small_and_large_batches(n):
    data = small_dataset()
    features = Features(data, "item")
    table = torch.randn(features.size, 3, dtype=torch.float64, requires_grad=True)
    nodes, weight = torch.randint(data.n_items, (n,)), torch.randn(n, 3, dtype=torch.float64)
    rows = [table[features_of(data, "item", int(node))].sum(0) for node in nodes]
    (expected,) = torch.autograd.grad((torch.stack(rows) * weight).sum(), table)
    found = features.sum(table, nodes)
    torch.testing.assert_close(found, torch.stack(rows))
    torch.testing.assert_close(torch.autograd.grad((found * weight).sum(), table)[0], expected)


def test_fm_is_the_sum_over_all_pairs_of_features():
    data = small_dataset()
    model = untrained("fm", data)
    v, w = {s: model.v[s].weight.detach() for s in model.v}, model.w.weight.detach()
    scores = model(np.array([4]))[0]

    def score(item: int) -> float:
        users, items = features_of(data, "user", 4), features_of(data, "item", item)
        vectors = [v["user"][f] for f in users] + [v["item"][f] for f in items]
        pairs = sum(float(a @ b) for n, a in enumerate(vectors) for b in vectors[:n])
        return pairs + sum(float(w[f]) for f in items)

    exact = [score(item) for item in range(data.n_items)]
    differences = scores - scores[0], torch.tensor(exact) - exact[0]  # what is the user's alone is left out
    torch.testing.assert_close(*differences, atol=1e-4, rtol=1e-4)


def test_nfm_pools_the_pairs_into_a_vector():
    data = small_dataset()
    model = untrained("nfm", data, norm=False)
    v, w = ({s: x[s].weight.detach() for s in x} for x in (model.v, model.w))
    (inner, outer) = (x for x in model.network if isinstance(x, nn.Linear))
    scores = model(np.array([4]))[0]
    for item in (0, 7):
        users, items = features_of(data, "user", 4), features_of(data, "item", item)
        vectors = [v["user"][f] for f in users] + [v["item"][f] for f in items]
        pooled = sum(a * b for n, a in enumerate(vectors) for b in vectors[:n])
        linear = sum(float(w["user"][f]) for f in users) + sum(float(w["item"][f]) for f in items)
        expected = linear + float(outer(torch.relu(inner(pooled))))
        assert float(scores[item]) == pytest.approx(expected, rel=1e-4, abs=1e-4)


def test_nfm_normalises_both_items_of_a_pair_together(monkeypatch):
    data = small_dataset()
    model, generator = fitting.start(nfm.NFM, data, nfm.Settings(**QUICK["nfm"] | {"batch": 10**6}), 0)
    seen = []
    model.network[0].register_forward_hook(lambda module, given, out: seen.append(len(given[0])))
    model.epoch(generator)
    assert seen == [2 * len(model.users)]


def test_fism_scores_and_its_reduced_history():
    data = small_dataset()
    model = untrained("fism", data, alpha=0.5)
    p, q = model.p.weight.detach(), model.q.weight.detach()
    own = data.history(4)
    expected = len(own) ** -0.5 * (p @ q[own].sum(0))
    torch.testing.assert_close(model(np.array([4]))[0], expected)
    torch.testing.assert_close(
        model.history(torch.tensor([4, 2, 4])), torch.stack([q[data.history(u)].sum(0) for u in (4, 2, 4)])
    )


def test_fism_trains_on_the_history_without_the_target():
    """With all q of other users' items zero and one target, the loss is what the rest of the history gives."""
    data = small_dataset(n_users=1)
    model, generator = fitting.start(fism.FISM, data, fism.Settings(dim=2, users=1), 0)
    p, q, own = model.p.weight.detach().clone(), model.q.weight.detach().clone(), torch.tensor(data.history(0))
    twin = torch.Generator().manual_seed(0)
    order = model.draw_some(80, twin).sort()[0]
    torch.randperm(1, generator=twin)
    j = model.draw_negatives(model.users[order], twin)[:, 0]
    total = 0.0
    for a, b in zip(model.items[order].tolist(), j.tolist(), strict=True):
        rest = q[own[own != a]].sum(0) / math.sqrt(len(own) - 1)
        total += math.log1p(math.exp(float(rest @ (p[b] - p[a]))))
    assert model.epoch(generator) == pytest.approx(total / len(own), rel=1e-5)


def test_fism_skips_users_with_one_item():
    lonely = small_dataset()
    lonely = replace(lonely, train=lonely.train.groupby("user").head(1).reset_index(drop=True))
    model = fism.fit(lonely, fism.Settings(dim=4), epochs=2)
    assert model(np.arange(12)).isfinite().all()


def test_cke_distance_by_hand_and_its_corrupted_values():
    data = small_dataset()
    model = untrained("cke", data)
    h, t = torch.tensor([3, 5]), torch.tensor([1, 0])
    first = [0, data.item_relations[0].n_values]
    tail = torch.tensor([first[1] + 2, 1])
    unit = lambda x: x / x.norm()  # noqa: E731
    expected = [
        (unit(head @ m) + unit(r) - unit(value @ m)).square().sum()
        for head, m, r, value in zip(
            model.e.weight[h], model.m[t], model.r.weight[t], model.values.weight[tail], strict=True
        )
    ]
    torch.testing.assert_close(model.distance(h, t, tail), torch.stack(expected))
    every = torch.arange(len(model.head)).repeat(30)
    drawn = model.corrupt(every, torch.Generator().manual_seed(0))
    true = set(zip(model.head.tolist(), model.tail.tolist(), strict=True))
    assert not any(pair in true for pair in zip(model.head[every].tolist(), drawn.tolist(), strict=True))
    assert ((drawn >= first[1]) == (model.relation[every] == 1)).all()
    torch.testing.assert_close(
        model(np.array([2]))[0], model.u.weight[2].detach() @ (model.v.weight + model.e.weight).detach().T
    )


def test_cke_needs_something_to_tell_apart():
    data = small_dataset()
    same = Relation.from_lists("all", [["x"]] * data.n_items)
    with pytest.raises(RamgnnError, match="two values"):
        cke.CKE(replace(data, item_relations=(same,)), cke.Settings())


def test_lightgcn_is_pyg_s():
    from torch_geometric.nn.models import LightGCN

    data = small_dataset()
    model = untrained("lightgcn", data)
    oracle = LightGCN(data.n_users + data.n_items, 8, 2)
    with torch.no_grad():
        oracle.embedding.weight.copy_(
            torch.cat([model.recommender.user.nodes.weight, model.recommender.item.nodes.weight])
        )
    edges = torch.stack([model.users, model.items + data.n_users])
    x = oracle.get_embedding(torch.cat([edges, edges.flip(0)], 1)).detach()
    torch.testing.assert_close(model(np.arange(12)), x[:12] @ x[12:].T)
    assert (
        lightgcn.fit(data, lightgcn.Settings(loss="softmax", batch=4, dim=8), epochs=1)(np.array([0])).isfinite().all()
    )


def test_lightgcn_scores_with_the_running_average_and_keeps_it_with_the_model():
    data = small_dataset()
    settings = lightgcn.Settings(loss="softmax", batch=4, dim=8, lr=0.05)
    plain, averaged = (lightgcn.fit(data, replace(settings, ema_decay=decay), epochs=5) for decay in (0.0, 0.9))
    users = np.arange(data.n_users)
    assert not torch.allclose(plain(users), averaged(users))
    torch.testing.assert_close(plain.recommender.final()(users), averaged.recommender.final()(users))  # trained alike
    again = lightgcn.LightGCN(data, replace(settings, ema_decay=0.9))
    again.load_state_dict(averaged.state_dict())
    torch.testing.assert_close(again(users), averaged(users))


def test_lightgcn_leaves_interactions_out_in_training_alone():
    data = small_dataset()
    settings = lightgcn.Settings(loss="softmax", batch=4, dim=8, lr=0.05, edge_dropout=0.5)
    model, users = lightgcn.fit(data, settings, epochs=3), np.arange(data.n_users)
    assert torch.equal(model(users), model(users)) and torch.equal(model.recommender.final()(users), model(users))
    whole = lightgcn.fit(data, replace(settings, edge_dropout=0.0), epochs=3)
    assert not torch.allclose(model(users), whole(users))


def test_kgpolicy_walks_along_the_graph():
    data = small_dataset()
    model = untrained("kgpolicy", data)
    generator = torch.Generator().manual_seed(0)
    near = model.draw_neighbours(generator)
    edges = {(u + 20, i) for u, i in zip(model.users.tolist(), model.items.tolist(), strict=True)}
    first = 32
    for side, begin in (("item", 0), ("user", 20)):
        for relation in data.relations(side):
            edges |= {
                (first + v, n + begin) for n, v in zip(relation.nodes.tolist(), relation.values.tolist(), strict=True)
            }
            first += relation.n_values
    assert first == model.n_nodes
    both = edges | {(b, a) for a, b in edges}
    alone = {n for n in range(first) if not any(n == a for a, _ in both)}
    assert all((n, m) in both or (n in alone and n == m) for n, row in enumerate(near.tolist()) for m in row)
    x = model.vectors(model.drawn_graph(near)).detach()
    to = torch.arange(first).repeat_interleave(near.shape[1])
    middle = nn.functional.leaky_relu(model.layers[0](model.x.weight, torch.stack([near.flatten(), to])))
    whole = nn.functional.normalize(model.layers[1](middle, torch.stack([near.flatten(), to])), dim=1)
    torch.testing.assert_close(x, whole.detach())  # PyTorch Geometric's own layers
    u, i = model.users[:6], model.items[:6]
    log_p = model.probabilities(x, u, i, near[i])
    for n in range(6):
        raw = torch.stack([x[u[n] + 20] @ nn.functional.leaky_relu(x[i[n]] * x[c]) for c in near[i[n]]])
        torch.testing.assert_close(log_p[n], raw.log_softmax(0))
    found, walked = model.walk(x, near, u, i, generator)
    assert ((found >= 0) & (found < 20)).all() and (walked <= 0).all()
    j = model._replaced(model.users, model.items, generator)
    assert not torch.isin(model.users * 20 + j, model.known).any()


def test_kgpolicy_stopped_in_its_first_stage_is_no_model(monkeypatch):
    """Otherwise it would train on, from vectors that nobody meant, and look like any other."""

    def stop(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(mf.MF, "epoch", stop)
    with pytest.raises(KeyboardInterrupt):
        fit_baseline(registry.get("kgpolicy"), small_dataset(), QUICK["kgpolicy"], epochs=1)


def test_kgpolicy_s_sampler_is_rewarded_for_what_it_finds():
    """A walk with a reward above the mean becomes more probable, one below it less."""
    data = small_dataset()
    model, generator = fitting.start(kgpolicy.KGPolicy, data, kgpolicy.Settings(**QUICK["kgpolicy"]), 0)
    log_p = torch.zeros(2, requires_grad=True)
    u, i, j = torch.tensor([0, 1]), torch.tensor([3, 4]), torch.tensor([5, 6])
    model._learn_policy(u, i, [j], [log_p])
    reward = (model.p(u) * model.q(j)).sum(1) + (model.q(i) * model.q(j)).sum(1)
    torch.testing.assert_close(log_p.grad, (-(reward - reward.mean()) / 2).detach())


def brute_rcf(model: rcf.RCF, data: RecDataset, u: int, i: int) -> float:
    """The score of one pair by loops over the history, the types and the values."""
    q, p, alpha = model.q.weight, model.p.weight, model.settings.alpha
    values = [[set() for _ in range(data.n_items)] for _ in data.item_relations]
    first = 0
    for t, relation in enumerate(data.item_relations):
        for n, v in zip(relation.nodes.tolist(), relation.values.tolist(), strict=True):
            values[t][n].add(v + first)
        first += relation.n_values
    groups: list[list[tuple[int, int | None]]] = [[] for _ in range(len(values) + 1)]
    for j in data.history(u).tolist():
        if j == i:
            continue
        shared = [(t, v) for t, own in enumerate(values, 1) for v in own[i] & own[j]]
        for t, v in shared or [(0, None)]:
            groups[t].append((j, v))
    gates = torch.stack([model.type_score(torch.relu(model.type_layer(p[u] * r)))[0] for r in model.r.weight]).softmax(
        0
    )
    mu, a = p[u], model.settings.attention
    for t, group in enumerate(groups):
        w1, w2, w3 = (w.weight[t * a : (t + 1) * a] for w in (model.w1, model.w2, model.w3))
        inner = [w1 @ q[i] + w2 @ q[j] + (w3 @ model.e.weight[v] if v is not None else 0) for j, v in group]
        weights = [(x.tanh() @ model.w.weight[t]).exp() for x in inner]
        total = ((w1 @ q[i]).tanh() @ model.w.weight[t]).exp() + sum(weights)
        mu = mu + gates[t] * sum(
            (w / total**alpha * q[j] for w, (j, _) in zip(weights, group, strict=True)), torch.zeros_like(mu)
        )
    return float(model.h(torch.relu(model.hidden(mu * q[i]))))


def test_rcf_is_the_sum_over_the_related_history():
    data = small_dataset()
    model = untrained("rcf", data)
    users, items = torch.tensor([0, 4, 4, 7]), torch.tensor([3, 11, int(data.history(4)[1]), 0])
    with torch.no_grad():
        found = model.pair_scores(users, items, model.entries(users, items))
        expected = [brute_rcf(model, data, u, i) for u, i in zip(users.tolist(), items.tolist(), strict=True)]
        whole = model(users.numpy())
    torch.testing.assert_close(found, torch.tensor(expected), atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(whole[torch.arange(4), items], found, atol=1e-4, rtol=1e-4)


def test_rcf_learns_relations_only_from_related_items():
    data = small_dataset()
    model, generator = fitting.start(rcf.RCF, data, rcf.Settings(**QUICK["rcf"]), 0)
    i = model.items[:5]
    entries = model.entries(model.users[:5], i)
    assert model.relation_loss(i, entries, generator) > 0
    none = rcf.Entries(*(x[entries.value < 0] for x in entries))
    assert model.relation_loss(i, none, generator) == 0


def test_rcf_learns_one_relation_of_each_type_and_pair():
    data = small_dataset()
    model, generator = fitting.start(rcf.RCF, data, rcf.Settings(**QUICK["rcf"]), 0)
    i = model.items[:5]
    entries = model.entries(model.users[:5], i)
    shares = entries.value >= 0
    there = set(zip(entries.row[shares].tolist(), entries.type[shares].tolist(), strict=True))
    assert 5 < len(there) < int(shares.sum())
    model.q.weight.data.zero_()  # every term is ln 2
    assert model.relation_loss(i, entries, generator).item() == pytest.approx(len(there) * np.log(2), rel=1e-5)


def test_sasrec_does_not_look_ahead_nor_at_empty_places():
    data = small_dataset()
    model = untrained("sasrec", data)
    a = torch.tensor([[1, 2, 3, 4, 20, 20]])
    b = torch.tensor([[1, 2, 9, 4, 5, 20]])
    with torch.no_grad():
        x, y = model.states(a), model.states(b)
    assert torch.allclose(x[:, :2], y[:, :2], atol=1e-6) and not torch.allclose(x[:, 2], y[:, 2])
    with torch.no_grad():
        longer = model.states(torch.tensor([[1, 2, 3, 4, 7, 7]]))
    assert torch.allclose(x[:, :4], longer[:, :4], atol=1e-6)


def test_sasrec_makes_every_item_a_target_once():
    data = blocks()
    inputs, targets, last = sequential.pieces(data, 3)
    pairs = [
        (int(a), int(b))
        for row, to in zip(inputs, targets, strict=True)
        for a, b in zip(row, to, strict=True)
        if b < 48
    ]
    expected = [(a, b) for u in range(60) for a, b in zip(data.history(u)[:-1], data.history(u)[1:], strict=True)]
    assert sorted(pairs) == sorted((int(a), int(b)) for a, b in expected)
    assert last[5].tolist() == data.history(5)[-3:].tolist()
    with pytest.raises(RamgnnError, match="no order in time"):
        sasrec.SASRec(replace(data, time_kind="none"), sasrec.Settings())


@pytest.mark.parametrize(("k", "shrink", "half_life"), [(100, 0.0, None), (3, 2.0, None), (5, 0.5, 2.0)])
def test_itemknn_is_the_dense_formula(k, shrink, half_life):
    data = small_dataset()
    x = data.matrix().toarray().astype(float)
    size = x.sum(0)
    similarity = (x.T @ x) / (np.sqrt(np.outer(size, size)) + shrink + 1e-300)
    np.fill_diagonal(similarity, 0)
    for i in range(data.n_items):  # column i keeps its k largest
        order = sorted(range(data.n_items), key=lambda j: (-similarity[j, i], j))
        similarity[order[k:], i] = 0
    weights = np.zeros_like(x)
    for u in range(data.n_users):
        own = data.history(u)
        for n, j in enumerate(own):
            weights[u, j] = 1 if half_life is None else 0.5 ** ((len(own) - 1 - n) / half_life)
    found = itemknn.fit(data, k, shrink, half_life)(np.arange(data.n_users))
    np.testing.assert_allclose(found, weights @ similarity, atol=1e-6)


def test_itemknn_refuses_what_cannot_be():
    data = small_dataset()
    for bad in ({"k": 0}, {"shrink": -1}, {"half_life": 0}):
        with pytest.raises(RamgnnError, match="expected at least 1"):
            itemknn.fit(data, **bad)
    with pytest.raises(RamgnnError, match="no order in time"):
        itemknn.fit(replace(data, time_kind="none"), half_life=3)


def test_als_solves_each_item_s_normal_equations():
    pytest.importorskip("implicit")
    data = small_dataset()
    model = als.fit(data, factors=5, regularization=0.7, confidence=3.0, iterations=4)
    x, p = model.users.astype(float), data.matrix().toarray()
    for i in (0, 8):  # items are solved last
        c = np.where(p[:, i] > 0, 3.0, 1.0)
        exact = np.linalg.solve((x.T * c) @ x + 0.7 * np.eye(5), x.T @ (c * p[:, i]))
        np.testing.assert_allclose(model.items[i], exact, rtol=2e-3, atol=2e-4)
    assert (als.fit(data, seed=1)(np.array([0])) == als.fit(data, seed=1)(np.array([0]))).all()
    with pytest.raises(RamgnnError, match="confidence"):
        als.fit(data, confidence=0)


def test_als_without_its_package_says_what_to_install(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "implicit.cpu.als", None)
    with pytest.raises(RamgnnError, match=r"pip install 'ramgnn\[experiments\]'"):
        als.fit(small_dataset())


@pytest.mark.parametrize("name", CLOSED)
def test_closed_forms_learn_and_do_not_look(name):
    if name == "als":
        pytest.importorskip("implicit")
    data = timed(blocks(), name)
    options = {"factors": 8, "regularization": 1.0} if name == "als" else {}
    model = CLOSED[name](data, **options)
    users = np.arange(5)
    assert (model(users) == CLOSED[name](replace(data, test=data.test.iloc[:0]), **options)(users)).all()
    assert name in ("popularity", "popularity recent") or rank_test(model, data).mean() < 6
