"""The sum over neighbours of Eq. 8 without a row for each edge: for sampled neighbours, or for all there are.

`attention_sum` takes the fastest way that is right for a layer. With m incidences, E edges and messages of width c (d,
or d + 1 or d + 2 with correlation), the three ways, and the one without a kernel, are:

================================  =================  =================================================  ===============
case                              function           equals, in front                                   memory
================================  =================  =================================================  ===============
sampled, Eq. 6–8 the package's    `attend_windows`   `ramgnn.encoder.RAMLayer.sum_over_edges`, but for  m c numbers,
                                                     W_val and the inverse transform of φ               2 E for lists
sampled, another Eq. 6 (or        `attend`           the messages times                                 m c numbers and
logits too far apart)                                `ramgnn.attention.attention_weights`, added up     E indices
every neighbour, any Eq. 6        `attend_all`       the same, over all of ``graph.edges()``            m c numbers
another Eq. 7 or 8 (`can_run`)    none               `ramgnn.encoder.RAMLayer.sum_over_edges` runs      E d numbers
================================  =================  =================================================  ===============
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ramgnn.attention import SIGMAS, RelationAttention, mean_share
from ramgnn.composition import combine, restore, transform
from ramgnn.graph import MultiRelationalGraph
from ramgnn.inspection import check_shape, is_unchanged
from ramgnn.kernels import sliding, window_lists
from ramgnn.kernels.compiled import LARGE, usable
from ramgnn.kernels.neighbours import SampledNeighbours
from ramgnn.kernels.window_attention import attend_windows
from ramgnn.ragged import repeat_index, segment_max, segment_sum

MAX_LOGIT_SPREAD = 60.0  # exp(-60) against the largest weight is still a normal float32: one maximum serves all


# ---- which way is right for a layer ----------------------------------------------------------------------------------


def can_run(layer: nn.Module, original: type[nn.Module]) -> bool:
    """Whether a layer's Eq. 7 and 8 are those of the package, so that `attention_sum` gives what the layer means.

    Args:
        layer: a `ramgnn.encoder.RAMLayer` or an instance of a subclass; original: `RAMLayer` itself.
    """
    return is_unchanged(layer, original, "weights", "message") and _is_linear(layer.w_val, bias=False)


def _has_hooks(module: nn.Module) -> bool:
    return any(getattr(module, f"_{when}_hooks") for when in ("forward", "forward_pre", "backward", "backward_pre"))


def _is_linear(module: nn.Module, bias: bool) -> bool:
    """Whether a module is a plain matrix, with or without a bias, that nobody watches or changes."""
    plain = type(module) is nn.Linear and is_unchanged(module, nn.Linear, "forward") and not _has_hooks(module)
    return plain and (module.bias is not None) == bias


def has_package_logit(attention: nn.Module | None) -> bool:
    """Whether Eq. 6 is the package's, so that its matrices may be applied before rows are spread over incidences."""
    return attention is None or (
        isinstance(attention, RelationAttention)  # else another module, or a method of the layer
        and is_unchanged(attention, RelationAttention, "forward")
        and not _has_hooks(attention)
        and attention.sigma is SIGMAS.get(attention.sigma_name)
        and _is_linear(attention.key, bias=False)
        and _is_linear(attention.query, bias=True)
    )


# ---- Eq. 6–8 ---------------------------------------------------------------------------------------------------------


def attention_sum(
    layer: nn.Module,
    e: Tensor,
    relation: Tensor,
    graph: MultiRelationalGraph,
    neighbours: SampledNeighbours | None,
    masked_type: int | None,
) -> Tensor:
    """Σ α_jn W_val φ(e_j, e_n) over the neighbours of each head: ``(n_nodes, d)``.

    Args:
        layer: a `ramgnn.encoder.RAMLayer` that `can_run`.
        e: ``(n_nodes, d)``; relation: ``(n_values, d)`` e_n.
        neighbours: the sampled ones; None for all.
        masked_type: a relation type that sends no messages; None for none.

    W_val and the inverse transform of φ are linear, so both are applied after the sum: once for each head.
    """
    operator, softmax_over = layer.config.composition, layer.config.softmax
    if neighbours is not None and _fits_one_piece(layer.attention, e, relation, graph):
        types = [t for t in range(graph.n_types) if t != masked_type]
        total = attend_windows(e, relation, layer.attention, neighbours, types, operator, softmax_over)
    else:
        tail, rel = transform(e, operator), transform(relation, operator)
        logits = incidence_logits(layer.attention, e, relation, graph)
        messages = combine(F.embedding(graph.node, tail), F.embedding(graph.value, rel), operator)
        if neighbours is None:
            total = attend_all(logits, messages, graph, masked_type, softmax_over)
        else:
            sampled = neighbours if masked_type is None else neighbours.without(masked_type)
            total = attend(logits, messages, sampled, softmax_over)
    return layer.w_val(restore(total, e.shape[1], operator))


def _fits_one_piece(attention: nn.Module | None, e: Tensor, relation: Tensor, graph: MultiRelationalGraph) -> bool:
    return has_package_logit(attention) and (
        attention is None or logit_spread(attention, e, relation, graph) <= MAX_LOGIT_SPREAD
    )


def logit_spread(attention: RelationAttention, e: Tensor, relation: Tensor, graph: MultiRelationalGraph) -> float:
    """How far apart two logits can be at most, or are where σ has no bounds."""
    if attention.sigma_name != "leaky_relu":
        return float(attention.p.detach().abs().sum()) * (2 if attention.sigma_name == "tanh" else 1)
    with torch.no_grad():
        logits = _hoisted_logits(attention, e, relation, graph)
        return float(logits.max() - logits.min()) if len(logits) else 0.0


def incidence_logits(attention: nn.Module | None, e: Tensor, relation: Tensor, graph: MultiRelationalGraph) -> Tensor:
    """a_jn of every incidence (j, n), Eq. 6: ``(m,)``; equals ``attention(e[graph.node], relation[graph.value])``.

    Without attention all are zero, so that all weights are equal.

    Raises:
        RamgnnError: an Eq. 6 of somebody's own gives back another shape.
    """
    if attention is None:
        return e.new_zeros(graph.n_incidences)
    if not has_package_logit(attention):
        logits = attention(F.embedding(graph.node, e), F.embedding(graph.value, relation))
        check_shape("somebody's own Eq. 6, attention,", logits, graph.n_incidences)
        return logits
    return _hoisted_logits(attention, e, relation, graph)


def _hoisted_logits(attention: RelationAttention, e: Tensor, relation: Tensor, graph: MultiRelationalGraph) -> Tensor:
    """Eq. 6 with the products taken before rows are spread over incidences: n + n_values rows instead of 2 m."""
    key, query = attention.key(e), attention.query(relation)  # (n_nodes, d), (n_values, d)
    # without gradients in blocks, whose rows stay in the processor's cache
    block = max(graph.n_incidences, 1) if torch.is_grad_enabled() else window_lists.BLOCK
    pairs = zip(graph.node.split(block), graph.value.split(block), strict=True)
    blocks = [attention.sigma(F.embedding(j, key) + F.embedding(n, query)) @ attention.p for j, n in pairs]
    return torch.cat(blocks)


def attend(logits: Tensor, messages: Tensor, neighbours: SampledNeighbours, softmax_over: str = "all") -> Tensor:
    """The sum over sampled neighbours of α_jn times the message, as a ratio of two sums.

    Equals ``segment_sum(attention_weights(logits[tail], head, n) * messages[tail], head, n)`` over the edges.

    Args:
        logits: ``(m,)`` a_jn of each incidence, Eq. 6; messages: ``(m, c)``.
        softmax_over: what Eq. 7 runs over (reading R2): ``"all"`` neighbours of a head, or those of each ``"type"``, in
            which case the types are averaged.

    Returns:
        ``(n_nodes, c)``; zero for a head without neighbours.
    """
    ptr = neighbours.head_ptr if softmax_over == "all" else neighbours.ptr
    if neighbours.incidence.numel() == 0:
        return messages.new_zeros(len(neighbours.head_ptr) - 1, messages.shape[1])
    if float(logits.detach().max() - logits.detach().min()) <= MAX_LOGIT_SPREAD:
        weight = (logits - logits.detach().max()).exp().unsqueeze(1)
        table = torch.cat([weight * messages, weight], 1)
        total = F.embedding_bag(neighbours.incidence, table, ptr[:-1], mode="sum")
        numerator, denominator = total[:, :-1], total[:, -1:]
    else:
        # logits so far apart that each head needs a maximum of its own: one scalar for each edge, no row
        weight, denominator = _exponentials(logits[neighbours.incidence], ptr)
        numerator = F.embedding_bag(neighbours.incidence, messages, ptr[:-1], mode="sum", per_sample_weights=weight)
        denominator = denominator.unsqueeze(1)
    result = numerator / denominator.where(denominator > 0, torch.ones_like(denominator))
    if softmax_over == "type":
        present = (neighbours.ptr.diff() > 0).view(-1, neighbours.n_types)
        result = result.view(-1, neighbours.n_types, result.shape[1]).sum(1)
        result = result / present.sum(1, keepdim=True).clamp(min=1)
    return result


def _exponentials(a: Tensor, ptr: Tensor) -> tuple[Tensor, Tensor]:
    """exp(a − the list's largest a) of each entry ``(e,)``, and their sums ``(n,)``."""
    group, n = repeat_index(ptr.diff()), len(ptr) - 1
    weight = (a - segment_max(a.detach(), group, n)[group]).exp()
    return weight, segment_sum(weight, group, n)


def attend_all(
    logits: Tensor,
    messages: Tensor,
    graph: MultiRelationalGraph,
    masked_type: int | None = None,
    softmax_over: str = "all",
) -> Tensor:
    """`attend` over *every* neighbour: the sum over a node's values of the group's sum less the node itself.

    Args:
        logits: ``(m,)``; messages: ``(m, c)``; graph: the graph they are incidences of.
        masked_type: a relation type whose edges are left out.

    Returns:
        ``(n_nodes, c)``. Works for a genre of 36,000 songs as well: the cost is that of the incidences.
    """
    if len(logits) == 0:
        return messages.new_zeros(graph.n_nodes, messages.shape[1])
    groups = _sums_of_others(logits, messages, graph)
    counts = graph.group_size[graph.value] > 1  # alone in the group: no neighbour
    if masked_type is not None:
        counts &= graph.type != masked_type
    if softmax_over == "all":
        return _ratio(*groups, counts, graph)[0]
    by_type = [_ratio(*groups, counts & (graph.type == t), graph) for t in range(graph.n_types)]
    present = sum((denominator > 0).to(messages.dtype) for _, denominator in by_type)
    return sum(mean for mean, _ in by_type) / present.clamp(min=1)


def _sums_of_others(logits: Tensor, messages: Tensor, graph: MultiRelationalGraph) -> tuple[Tensor, Tensor]:
    """For each incidence the sums over the others of its group, ``(m, c + 1)``, and the logarithm of their scale.

    "Less itself" must not take a large number from one that is hardly larger. So the incidence with the largest logit
    of each group gets a sum of its own, over the rest; every other one has that largest one left in the difference.
    """
    value, a = graph.value, logits.detach()
    first = _one_largest(a, value, graph.n_values)
    second = _one_largest(a.masked_fill(first, -torch.inf), value, graph.n_values)
    scale = torch.stack([segment_max(a.masked_fill(~x, -torch.inf), value, graph.n_values) for x in (first, second)])
    scale = scale.where(scale > -torch.inf, 0)  # of a group of none, or of one
    sums = []
    for part, largest in ((torch.ones_like(first), scale[0]), (~first, scale[1])):
        weight = (logits - largest[value]).where(part, logits.new_tensor(-torch.inf)).exp().unsqueeze(1)
        table = torch.cat([weight * messages, weight], 1)
        sums.append((table, segment_sum(table, value, graph.n_values)[value]))
    (self_row, whole), (_, rest) = sums
    others = torch.where(first.unsqueeze(1), rest, whole - self_row)
    return others, torch.where(first, scale[1][value], scale[0][value])


def _ratio(others: Tensor, scale: Tensor, counts: Tensor, graph: MultiRelationalGraph) -> tuple[Tensor, Tensor]:
    """Sums of groups added up by head and divided: ``(n_nodes, c)`` and the denominators ``(n_nodes, 1)``.

    Args:
        counts: ``(m,)`` the incidences that have a neighbour.
    """
    total = segment_sum(_on_one_scale(others, scale, counts, graph), graph.node, graph.n_nodes)
    numerator, denominator = total[:, :-1], total[:, -1:]
    return numerator / denominator.where(denominator > 0, torch.ones_like(denominator)), denominator


def _on_one_scale(others: Tensor, scale: Tensor, counts: Tensor, graph: MultiRelationalGraph) -> Tensor:
    """Sums of groups, ``(m, c)``, on one scale for each head, for the groups that it is in; zero where none counts."""
    scale = scale.masked_fill(~counts, -torch.inf)
    largest = segment_max(scale, graph.node, graph.n_nodes)
    factor = (scale - largest.where(largest > -torch.inf, 0)[graph.node]).exp().unsqueeze(1)
    return (others * factor).where(counts.unsqueeze(1), 0)


def _one_largest(x: Tensor, group: Tensor, n: int) -> Tensor:
    """``(m,)`` True for one entry of each group that has its largest x; False everywhere in a group of -inf."""
    at_top = (x == segment_max(x, group, n)[group]) & (x > -torch.inf)
    position = torch.arange(len(x), device=x.device)
    chosen = position.new_full((n,), len(x)).scatter_reduce(0, group, position.where(at_top, len(x)), "amin")
    return position == chosen[group]


# ---- how much attention each relation type gets ----------------------------------------------------------------------


def sampled_attention_by_type(logits: Tensor, neighbours: SampledNeighbours, softmax_over: str = "all") -> Tensor:
    """`ramgnn.attention.attention_by_type` over sampled neighbours: ``(n_types,)`` float64, summing to 1.

    Args:
        logits: ``(m,)`` a_jn of each incidence, Eq. 6.
    """
    if softmax_over == "type":  # each type of a head has a total of one
        by_head = (neighbours.counts > 0).double()
    elif len(logits) == 0:
        return logits.new_zeros(neighbours.n_types, dtype=torch.float64)
    else:
        weight = (logits.detach().double() - logits.detach().max()).exp()[neighbours.sorted_incidence]
        sums = sliding if len(weight) >= LARGE and usable(weight) else window_lists
        by_head = sums.weights_by_head(weight, neighbours)
    return mean_share(by_head)


def full_attention_by_type(logits: Tensor, graph: MultiRelationalGraph, softmax_over: str = "all") -> Tensor:
    """`ramgnn.attention.attention_by_type` over every neighbour, from sums over groups: ``(n_types,)`` float64."""
    head_type, n_groups = graph.node * graph.n_types + graph.type, graph.n_nodes * graph.n_types
    if softmax_over == "type":  # each type of a head has a total of one
        by_head = segment_sum((graph.group_size - 1)[graph.value], head_type, n_groups) > 0
        return mean_share(by_head.view(graph.n_nodes, -1).double())
    if len(logits) == 0:
        return logits.new_zeros(graph.n_types, dtype=torch.float64)
    logits = (logits.detach() - logits.detach().max()).double()
    others, scale = _sums_of_others(logits, logits.new_empty(len(logits), 0), graph)  # (m, 1), (m,)
    counts = graph.group_size[graph.value] > 1  # alone in the group: no neighbour
    weight = _on_one_scale(others, scale, counts, graph)[:, 0]  # (m,)
    return mean_share(segment_sum(weight, head_type, n_groups).view(graph.n_nodes, -1))
