"""Encoders of somebody's own: checked once before training, so that none is trained that says what it does not do."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ramgnn.encoder import EQUATIONS, PUT_TOGETHER, RAMGNN, RAMLayer
from ramgnn.errors import RamgnnError
from ramgnn.graph import MultiRelationalGraph
from ramgnn.inspection import check_shape, evaluating, is_unchanged, layer_inputs, refuse_overridden
from ramgnn.kernels.attention import can_run, incidence_logits
from ramgnn.kernels.neighbours import SampledNeighbours, list_edges
from ramgnn.ragged import segment_sum

MAX_EDGES = 500_000  # edge by edge: with d = 64 and two layers 5 kB of memory each, and 20 to 60 µs a step on one core
TOLERANCE = 1e-3  # of the sum of a head's weights


def is_own(model: nn.Module) -> bool:
    """Whether a model is a RAM-GNN that somebody has changed."""
    changed = [type(model) is not RAMGNN, *(type(layer) is not RAMLayer for layer in getattr(model, "layers", ()))]
    return isinstance(model, RAMGNN) and any(changed)


def check_encoder(
    model: RAMGNN, graph: MultiRelationalGraph, neighbours: SampledNeighbours | None, masked_type: int | None
) -> None:
    """Refuse a RAM-GNN of somebody's own whose attention would not be that of its embeddings.

    Args:
        neighbours: sampled ones; None for all.
        masked_type: a relation type that training masks, or None.

    Raises:
        RamgnnError: a part is ignored, a layer is not called or gets something else than the model was given, or an
            equation gives back the wrong shape or weights that do not sum to 1; or there are more edges than
            `MAX_EDGES` to go through one by one.
    """
    _check_parts(model, type(model).__name__)
    for layer in model.layers:
        name = type(layer).__name__
        if not isinstance(layer, RAMLayer):
            raise RamgnnError(f"a layer of {type(model).__name__} is a {name}; expected a ramgnn.encoder.RAMLayer")
        _check_parts(layer, name)
        refuse_overridden(type(layer), RAMLayer, *PUT_TOGETHER, instead=EQUATIONS)
        if not is_unchanged(layer, RAMLayer, *PUT_TOGETHER):
            raise RamgnnError(f"{name} sets {' or '.join(PUT_TOGETHER)} of its own; {EQUATIONS}")
        if not model.config.attention and layer.attention is not None:
            raise RamgnnError(f"pretrain.attention is False, but a {name} of {type(model).__name__} has an attention")
    if neighbours is None and graph.n_edges() > MAX_EDGES and not all(can_run(x, RAMLayer) for x in model.layers):
        raise RamgnnError(
            f"another Eq. 7, 8 or W_val is worked out edge by edge, and {graph.n_edges():,} edges are more than the "
            f"{MAX_EDGES:,} that a laptop goes through (about 5 kB of memory each); let pretrain.sampler=rns choose "
            "among them, or leave out the relation type with most edges"
        )
    if is_unchanged(model, RAMGNN, "logits"):
        with evaluating(model):
            layer_inputs(model, model.layers, graph, neighbours, None, see=_check_layer)
            layer_inputs(model, model.layers, graph, neighbours, masked_type)


def _check_parts(module: nn.Module, name: str) -> None:
    """Refuse a part under the name of a method: the method would be found first, and the part ignored in silence."""
    for part in [*module._modules, *module._parameters]:
        if hasattr(type(module), part):
            raise RamgnnError(f"{name} has a method {part}, so its part self.{part} is never used; rename the part")


def _check_layer(
    layer: RAMLayer,
    e: Tensor,
    relation: Tensor,
    graph: MultiRelationalGraph,
    neighbours: SampledNeighbours | None,
    masked_type: int | None,
) -> None:
    """Compute the equations of a layer once, of what it really gets, and refuse what they should not give back."""
    a = incidence_logits(layer.attention, e, relation, graph)  # (m,)  Eq. 6
    if not can_run(layer, RAMLayer):
        head, tail = list_edges(graph, neighbours, masked_type)
        alpha = layer.weights(a[tail], head, graph.type[tail], graph)  # (E,)  Eq. 7
        check_weights(alpha, head, graph, layer)
        message = layer.message(alpha, e[graph.node[tail]], relation[graph.value[tail]])  # (E, d)  Eq. 8
        check_shape(f"{type(layer).__name__}.message, Eq. 8,", message, len(head), e.shape[1])
    check_shape(f"{type(layer).__name__}.update, Eq. 15,", layer.update(torch.zeros_like(e), e), *e.shape)


def check_weights(alpha: Tensor, head: Tensor, graph: MultiRelationalGraph, layer: RAMLayer) -> None:
    """Refuse an Eq. 7 that does not share out the attention of each head.

    Args:
        alpha: what it gives back; head: ``(E,)`` the head of each edge.

    Raises:
        RamgnnError: it is not ``(E,)``, a weight is below 0 or not finite, or those of a head do not sum to 1.
    """
    name = f"{type(layer).__name__}.weights, Eq. 7,"
    check_shape(name, alpha, len(head))
    total = segment_sum(alpha.detach().double(), head, graph.n_nodes)  # (n_nodes,)
    wrong = ((alpha < 0) | ~alpha.isfinite() | ~((total - 1).abs() <= TOLERANCE)[head]).nonzero()[:, 0]
    if len(wrong):
        i = int(head[wrong[0]])
        of_head = alpha[head == i]
        raise RamgnnError(
            f"{name} gives the neighbours of {graph.label(i)!r} weights from {float(of_head.min()):.3g} to "
            f"{float(of_head.max()):.3g} that sum to {float(total[i]):.6g}; expected weights of at least 0 that sum "
            "to 1 for each head"
        )
