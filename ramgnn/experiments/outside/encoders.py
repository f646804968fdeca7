"""Encoders beside layers of libraries: the edges as a list, and what both sides are trained and judged by.

Our encoders never list an edge; the libraries' layers take nothing else. So both are compared on the relation types
whose edges can be listed in seconds. A library's layers stand in an encoder of ours: the same start table, loss, steps
and recommender, and nothing but the layers differs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ramgnn.baselines.encoders import Encoder, EncoderSettings, pretrainer
from ramgnn.baselines.encoders.base import Groups
from ramgnn.baselines.encoders.pretraining import encoder_class
from ramgnn.datasets.base import RecDataset
from ramgnn.evaluation import Scorer
from ramgnn.experiments.models import OtherEncoder
from ramgnn.experiments.outside.check import Check
from ramgnn.pretrain import pretrain
from ramgnn.training import Pretrainer, fit, graph_of, seed_of

Make = Callable[[Any, EncoderSettings], Encoder]  # a graph and settings to an encoder with a library's layers


def few_edges(view: RecDataset) -> RecDataset:
    """The data with directors, actors, ages and occupations."""
    return view.select(item=["director", "actor"], user=["age", "occupation"])


def more_edges(view: RecDataset) -> RecDataset:
    """The same and the years of films: thirty times as many edges among items."""
    return view.select(item=["director", "actor", "year"], user=["age", "occupation"])


@dataclass(frozen=True, eq=False)
class Edges:
    """All ordered pairs of different nodes that share a value, once for each value.

    Attributes:
        index: ``(2, n)`` source and target; value: ``(n,)`` what they share.
    """

    index: Tensor
    value: Tensor


def edges_of(groups: Groups) -> Edges:
    """The edges of some groups as a list, kept with the groups once it is made."""
    found = getattr(groups, "listed", None)
    if found is None:
        pairs, values = [], []
        for value, nodes in enumerate(groups.node.split(groups.size.tolist())):
            i, j = torch.meshgrid(nodes, nodes, indexing="ij")
            other = i != j
            pairs.append(torch.stack([j[other], i[other]]))
            values.append(torch.full((int(other.sum()),), value))
        found = groups.listed = Edges(torch.cat(pairs, 1), torch.cat(values))
    return found


def split(check: Check) -> tuple[EncoderSettings, dict[str, Any]]:
    """The settings of the encoder and those of fine-tuning."""
    own = {name.removeprefix("encoder."): x for name, x in check.settings.items() if name.startswith("encoder.")}
    return EncoderSettings(**own), {k: x for k, x in check.settings.items() if not k.startswith("encoder.")}


def trained(view: RecDataset, check: Check, seed: int, pretrained_by: Pretrainer) -> Scorer:
    """RAM-GNN's recommender on an encoder's embeddings, trained for the epochs of the check."""
    spec = OtherEncoder(name=check.baseline, encoder=check.baseline)
    config = spec.configured(split(check)[1], seed)
    return fit(view, config, check.epochs, progress=False, pretrainer=pretrained_by).final


def ours(view: RecDataset, check: Check, seed: int) -> Scorer:
    """Ours, trained."""
    return trained(view, check, seed, pretrainer(check.baseline, split(check)[0]))


def theirs(view: RecDataset, check: Check, seed: int, make: Make) -> Scorer:
    """An encoder with a library's layers, trained as ours is."""
    settings = split(check)[0]

    def pretrained_by(graph: Any, side: str, config: Any, progress: bool = True, checkpoint: Any = None) -> Any:
        part = encoder_class(check.baseline).graph_for(graph, settings, side)
        started = {"seed": seed_of(config, side), "progress": False, "build": lambda graph: make(graph, settings)}
        result = pretrain(part, settings.pretraining(), **started)
        result.encoder, result.encoder_settings, result.full_graph = check.baseline, settings, graph
        return result

    return trained(view, check, seed, pretrained_by)


# ---- the same weights ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Nearest:
    """An encoder as a recommender without anything to learn: items whose embeddings are like those a user has had.

    Attributes:
        encoder: in double precision; graph: what it encodes; view: who had what.
    """

    encoder: Encoder
    graph: Any
    view: RecDataset

    @torch.no_grad()
    def __call__(self, users: np.ndarray) -> np.ndarray:
        """``(b, n_items)``."""
        e = self.encoder(self.graph).numpy()
        scores = (self.view.matrix()[users].astype(np.float64) @ e) @ e.T
        return scores.round(9)  # what GCN makes equal is equal but for rounding


def our_encoder(view: RecDataset, check: Check, seed: int) -> Nearest:
    """Our encoder of items, pre-trained."""
    settings = split(check)[0]
    graph = encoder_class(check.baseline).graph_for(graph_of(view, "item"), settings, "item")
    build = encoder_class(check.baseline)
    result = pretrain(graph, settings.pretraining(), seed, progress=False, build=lambda graph: build(graph, settings))
    return Nearest(result.model.double().eval(), graph, view)


def with_our_weights(check: Check, found: Nearest, make: Make, copy: Callable[[Encoder, Encoder], None]) -> Nearest:
    """An encoder with a library's layers that hold our weights."""
    encoder = make(found.graph, split(check)[0]).double().eval()
    with torch.no_grad():
        encoder.nodes.weight.copy_(found.encoder.nodes.weight)
        copy(encoder, found.encoder)
    return Nearest(encoder, found.graph, found.view)
