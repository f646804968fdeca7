"""A RAM-GNN of one's own: attention is that of what its layers really get, and what cannot be true is refused."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from ramgnn.config import Config
from ramgnn.encoder import RAMGNN, RAMLayer
from ramgnn.errors import RamgnnError
from ramgnn.graph import MultiRelationalGraph
from ramgnn.pretrain import pretrain
from tests.small import small_dataset

GRAPH = MultiRelationalGraph.from_dataset(small_dataset(), "item")


def settings(**changes):
    """Settings of pre-training for an instant."""
    return Config().override({"pretrain.dim": 8, "pretrain.epochs": 1} | changes).pretrain


def trained(kind: type[RAMGNN], **changes):
    """Pre-training of a RAM-GNN of one's own on the items."""
    config = settings(**changes)
    return pretrain(GRAPH, config, progress=False, build=lambda graph: kind(graph, config))


def with_layer(layer_class: type) -> type[RAMGNN]:
    """RAM-GNN with such layers."""
    return type("Own", (RAMGNN,), {"layer_class": layer_class})


# ---- attention is that of what the layers get ------------------------------------------------------------------------


class StackGNN(RAMGNN):
    """A stack of one's own: layers get something else than what is yielded."""

    def stack(self, graph, run):
        e, r = self.nodes.weight, self.relations(graph.value_type)
        for layer in self.layers:
            e = run(layer, F.normalize(e) * 9, r * 2)
        yield e, r


class ForwardGNN(RAMGNN):
    """The same as a forward."""

    def forward(self, graph, neighbours, masked_type=None):
        e, r = self.nodes.weight, self.relations(graph.value_type)
        for layer in self.layers:
            e = layer(F.normalize(e) * 9, r * 2, graph, neighbours, masked_type)
        return e


def test_a_stack_of_ones_own_says_the_attention_that_the_same_forward_says():
    by_stack, by_forward = trained(StackGNN), trained(ForwardGNN)
    assert torch.equal(by_stack.embeddings().nodes, by_forward.embeddings().nodes)
    for layer in (0, 1):
        assert torch.equal(by_stack.attention(layer)[1], by_forward.attention(layer)[1])
    assert by_stack.history[0].attention_by_type == by_forward.history[0].attention_by_type


class ReversedGNN(RAMGNN):
    """The top layer first."""

    def stack(self, graph, run):
        e, r = self.nodes.weight, self.relations(graph.value_type)
        yield e, r
        for layer in reversed(self.layers):
            e = run(layer, e, r)
            yield e, r


def test_layers_that_run_in_another_order_have_the_attention_of_their_own_inputs():
    model, plain = trained(ReversedGNN).model, RAMGNN(GRAPH, settings())
    plain.load_state_dict(model.state_dict())
    plain.layers = nn.ModuleList(reversed(plain.layers))
    own, expected = (x.logits(GRAPH, None) for x in (model, plain))
    assert torch.equal(own[0], expected[1]) and torch.equal(own[1], expected[0])


class TwiceGNN(RAMGNN):
    """One layer twice, and the other one never."""

    def stack(self, graph, run):
        e, r = self.nodes.weight, self.relations(graph.value_type)
        for _ in self.layers:
            yield e, r
            e = run(self.layers[0], e, r)
        yield e, r


class ReturningGNN(RAMGNN):
    """`return` where `yield` belongs."""

    def stack(self, graph, run):
        return self.nodes.weight, self.relations(graph.value_type)


class EveryNeighbourGNN(RAMGNN):
    """Layers look at all neighbours, whatever was sampled."""

    def forward(self, graph, neighbours, masked_type=None):
        e, r = self.nodes.weight, self.relations(graph.value_type)
        for layer in self.layers:
            e = layer(e, r, graph, None, masked_type)
        return e


class MaskingGNN(RAMGNN):
    """Layers never see the first type."""

    def forward(self, graph, neighbours, masked_type=None):
        return super().forward(graph, neighbours, 0)


class UnmaskedGNN(RAMGNN):
    """Layers see the type that is to be predicted."""

    def forward(self, graph, neighbours, masked_type=None):
        return super().forward(graph, neighbours)


@pytest.mark.parametrize(
    ("kind", "problem"),
    [
        (TwiceGNN, "TwiceGNN.forward does not call layer 2 of its 2"),
        (ReturningGNN, "what `stack` gives back is a tuple; expected pairs that it yields"),
        (EveryNeighbourGNN, "EveryNeighbourGNN.forward hands layer 1 another `neighbours` than it was given"),
        (MaskingGNN, "MaskingGNN.forward hands layer 1 another `masked_type`"),
        (UnmaskedGNN, "UnmaskedGNN.forward hands layer 1 another `masked_type`"),
    ],
)
def test_an_encoder_whose_attention_would_not_be_its_own_is_refused_before_training(kind, problem, monkeypatch):
    monkeypatch.setattr("ramgnn.pretrain.step", lambda *_, **__: pytest.fail("a step was taken"))
    with pytest.raises(RamgnnError, match=problem):
        trained(kind, **{"pretrain.sampler": "fixed"})


# ---- what would be ignored -------------------------------------------------------------------------------------------


def test_a_layer_may_not_inherit_another_way_to_put_its_equations_together():
    mixin = type("Mixin", (), {"sum_over_edges": lambda self, *_: None})
    with pytest.raises(RamgnnError, match="Layer overrides sum_over_edges of RAMLayer"):
        type("Layer", (mixin, RAMLayer), {})


def test_a_layer_whose_forward_is_replaced_later_is_refused_before_training():
    later = type("Later", (RAMLayer,), {})
    later.forward = RAMLayer.update
    with pytest.raises(RamgnnError, match="Later overrides forward"):
        trained(with_layer(later))

    class Set(RAMLayer):
        def __init__(self, config):
            super().__init__(config)
            self.sum_over_edges = self.message

    with pytest.raises(RamgnnError, match="Set sets forward or sum_over_edges of its own; override weights"):
        trained(with_layer(Set))


def test_a_part_that_a_method_hides_is_refused():
    class Hidden(RAMLayer):
        def __init__(self, config):
            super().__init__(config)
            self.weights = nn.Linear(1, 1)

    with pytest.raises(RamgnnError, match=r"Hidden has a method weights, so its part self\.weights is never used"):
        trained(with_layer(Hidden))


class Dot(nn.Module):
    """Another Eq. 6."""

    def forward(self, e_j, e_n):
        return (e_j * e_n).sum(-1)


class DotLayer(RAMLayer):
    """A layer that sets it."""

    def __init__(self, config):
        super().__init__(config)
        self.attention = Dot()


class EditingLayer(RAMLayer):
    """A layer that changes the package's."""

    def __init__(self, config):
        super().__init__(config)
        self.attention.sigma = torch.relu


class BrokenLayer(RAMLayer):
    """A layer with a mistake that has nothing to do with its attention."""

    def __init__(self, config):
        super().__init__(config)
        self.update = self.missing


class LateGNN(RAMGNN):
    """Layers with an Eq. 6 that comes after all others."""

    def __init__(self, graph, config):
        super().__init__(graph, config)
        self.layers[0].attention = Dot()


def test_attention_switched_off_is_off_whatever_sets_it():
    off, on = (trained(with_layer(DotLayer), **{"pretrain.attention": x}) for x in (False, True))
    neighbours, alpha = off.attention()
    size = torch.bincount(neighbours.head, minlength=GRAPH.n_nodes)[neighbours.head]
    torch.testing.assert_close(alpha, 1 / size.double())
    assert off.model.layers[0].attention is None and isinstance(on.model.layers[0].attention, Dot)
    edited = {x: trained(with_layer(EditingLayer), **{"pretrain.attention": x}) for x in (False, True)}
    assert edited[False].model.layers[0].attention is None and edited[True].model.layers[0].attention is not None
    with pytest.raises(RamgnnError, match="pretrain.attention is False, but a RAMLayer of LateGNN has an attention"):
        trained(LateGNN, **{"pretrain.attention": False})
    with pytest.raises(AttributeError, match="no attribute 'missing'"):
        trained(with_layer(BrokenLayer), **{"pretrain.attention": False})


# ---- what equations give back ----------------------------------------------------------------------------------------


def layer_with(**methods) -> type[RAMGNN]:
    """RAM-GNN with layers of such methods."""
    return with_layer(type("Layer", (RAMLayer,), methods))


@pytest.mark.parametrize("sampler", ["rns", "none"])
@pytest.mark.parametrize(
    ("kind", "problem"),
    [
        (layer_with(attention=lambda self, e_j, e_n: e_j[:, :1]), r"Eq. 6, attention, .* \(54, 1\); expected \(54,\)"),
        (layer_with(weights=lambda self, a, *_: a.unsqueeze(1)), r"Layer.weights, Eq. 7, .* of shape \(\d+, 1\)"),
        (layer_with(weights=lambda self, a, *_: None), r"Layer.weights, Eq. 7, gives back None; expected \(\d+,\)"),
        (layer_with(weights=lambda self, a, *_: torch.sigmoid(a)), "Eq. 7, gives the neighbours of 'i0' weights .* "
         "that sum to .*; expected weights of at least 0 that sum to 1"),
        (layer_with(weights=lambda self, a, *_: a * torch.nan), "weights from nan to nan that sum to nan"),
        (layer_with(message=lambda self, alpha, e_j, e_n: alpha), r"Layer.message, Eq. 8, .* expected \(\d+, 8\)"),
        (layer_with(update=lambda self, x, e: e[:3]), r"Layer.update, Eq. 15, .* \(3, 8\); expected \(20, 8\)"),
        (with_layer(nn.Linear), "layer_class is a type; expected a subclass of ramgnn.encoder.RAMLayer"),
        (type("Model", (RAMGNN,), {"forward": lambda self, *x: super(self.__class__, self).forward(*x)[:3]}),
         r"the encoder Model gives back a tensor of shape \(3, 8\); expected \(20, d\)"),
    ],
)  # fmt: skip
def test_an_equation_that_gives_back_something_else_is_refused(kind, problem, sampler):
    with pytest.raises(RamgnnError, match=problem):
        trained(kind, **{"pretrain.sampler": sampler})


def test_weights_that_no_longer_sum_to_1_are_no_reasons():
    result = trained(layer_with(weights=lambda self, a, *x: self.factor * RAMLayer.weights(self, a, *x), factor=1))
    result.attention()
    for layer in result.model.layers:
        layer.factor = 2
    with pytest.raises(RamgnnError, match="that sum to 2; expected"):
        result.attention()


def test_without_a_sampler_more_edges_than_a_laptop_goes_through_are_refused(monkeypatch):
    cold = layer_with(weights=lambda self, a, *x: RAMLayer.weights(self, a / 4, *x))
    monkeypatch.setattr("ramgnn.own_parts.MAX_EDGES", GRAPH.n_edges() - 1)
    with pytest.raises(
        RamgnnError, match=rf"edge by edge, and {GRAPH.n_edges()} edges are more .*; let pretrain\.sampler"
    ):
        trained(cold, **{"pretrain.sampler": "none"})
    trained(cold)
    trained(with_layer(DotLayer), **{"pretrain.sampler": "none"})  # another Eq. 6 needs no edge
    monkeypatch.setattr("ramgnn.own_parts.MAX_EDGES", GRAPH.n_edges())
    trained(cold, **{"pretrain.sampler": "none"})
