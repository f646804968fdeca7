"""Pre-training with one of the five encoders: RAM-GNN's steps on L_GNN, without sampler and L_sim."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from tqdm import tqdm

from ramgnn import distributed
from ramgnn.baselines.encoders.base import Encoder, EncoderSettings
from ramgnn.baselines.encoders.compgcn import CompGCN
from ramgnn.baselines.encoders.gcn import GCN
from ramgnn.baselines.encoders.rgcn import RGCN
from ramgnn.baselines.encoders.vrgcn import VRGCN
from ramgnn.baselines.encoders.wgcn import WGCN
from ramgnn.config import Config
from ramgnn.datasets.base import Relation
from ramgnn.encoder import Embeddings
from ramgnn.errors import NotFoundError, check_loss
from ramgnn.graph import MultiRelationalGraph
from ramgnn.pretrain import Bags, adam, hidden_types, step
from ramgnn.recommender import random_start
from ramgnn.training import SIDES

ENCODERS: dict[str, type[Encoder]] = {"gcn": GCN, "rgcn": RGCN, "wgcn": WGCN, "vrgcn": VRGCN, "compgcn": CompGCN}


@dataclass
class EncoderPretrained:
    """What pre-training left; it stands where `ramgnn.pretrain.Pretrained` stands for RAM-GNN.

    Attributes:
        model: the encoder; graph: what it was trained on, of GCN the one type; whole: the graph with all types.
        seed: of the values' start where the encoder has none.
        history: one dictionary an epoch: epoch, loss, seconds.
        interrupted: True when Ctrl-C ended it early; resumed: always 0, there are no checkpoints.
    """

    model: Encoder
    graph: MultiRelationalGraph
    whole: MultiRelationalGraph
    seed: int
    history: list[dict[str, Any]] = field(default_factory=list)
    interrupted: bool = False
    resumed: int = 0

    def embeddings(self) -> Embeddings:
        """Final node embeddings, and the vectors of values, which Eq. 18 wants beside them.

        GCN, R-GCN and W-GCN have no vectors of values: theirs are drawn at random and trained by the recommender, so
        that every encoder is followed by the same recommender. The paper's comparison leaves them out.
        """
        self.model.eval()
        with torch.no_grad():
            nodes = self.model(self.graph)
        self.model.train()
        if self.model.relations is not None:
            tables = self.model.relations
            return Embeddings(nodes, tables.types.weight.detach(), tables.values.weight.detach())
        generator = torch.Generator().manual_seed(self.seed)
        drawn = random_start(self.model.settings.dim // 2, 0, self.whole, generator)
        return Embeddings(nodes, drawn.types.to(nodes.device), drawn.values.to(nodes.device))

    def history_dict(self) -> dict[str, Any]:
        """The history as plain values, for JSON."""
        return {"interrupted": self.interrupted, "epochs": self.history}


def pretrain_encoder(
    graph: MultiRelationalGraph,
    kind: str,
    settings: EncoderSettings,
    side: str,
    seed: int = 0,
    device: str | torch.device = "cpu",
    progress: bool = True,
) -> EncoderPretrained:
    """Pre-train one of the five on one graph.

    Args:
        graph: with all relation types; GCN takes one of them.
        kind: a name in `ENCODERS`.
        side: ``"item"`` or ``"user"``: whose graph it is.

    Raises:
        NotFoundError: there is no such encoder, or no such relation type for GCN.
        RamgnnError: a setting is impossible.
        DivergedError: the loss is not finite.
    """
    if kind not in ENCODERS:
        raise NotFoundError("encoder", kind, list(ENCODERS))
    settings = settings.check()
    own = single_type(graph, settings.item_type if side == "item" else settings.user_type) if kind == "gcn" else graph
    torch.manual_seed(seed)
    model, config = ENCODERS[kind](own, settings).to(device), settings.pretraining()
    found = EncoderPretrained(model, own.to(device), graph.to(device), seed)
    generator = torch.Generator(device=device).manual_seed(seed)
    optimiser, bags = adam(model, config), Bags.of(found.graph, config.type_weight)
    hidden = hidden_types(found.graph, config)
    bar = tqdm(range(1, settings.epochs + 1), desc=f"{kind}, {side}s", disable=not progress, unit="epoch")
    try:
        for epoch in bar:
            started = time.perf_counter()
            losses = [
                step(model, found.graph, None, optimiser, config, generator, True, next(hidden), bags)[0]
                for _ in range(settings.steps)
            ]
            loss = sum(losses) / len(losses)
            check_loss(loss, f"{kind}, {side}s", epoch, "lr")
            found.history.append({"epoch": epoch, "loss": loss, "seconds": time.perf_counter() - started})
            bar.set_postfix_str(f"loss {loss:.4f}", False)
    except KeyboardInterrupt:
        found.interrupted = True
        bar.close()
        tqdm.write(f"{kind}, {side}s: stopped by you after {len(found.history)} epochs; what was reached is kept")
    return found


def pretrainer(kind: str, settings: EncoderSettings) -> Callable[..., EncoderPretrained]:
    """One of the five as `ramgnn.training.fit` wants it; the seed of each side is that of RAM-GNN."""

    def run(
        graph: MultiRelationalGraph, side: str, config: Config, progress: bool = True, checkpoint: object = None
    ) -> EncoderPretrained:
        seed, device = 2 * config.seed + SIDES.index(side), distributed.device_of(config.device)
        return pretrain_encoder(graph, kind, settings, side, seed, device, progress)

    return run


def single_type(graph: MultiRelationalGraph, name: str | None) -> MultiRelationalGraph:
    """The graph with one of its relation types only; by default the one with most edges.

    Raises:
        NotFoundError: it has no such type.
    """
    if name is None:
        name = max(graph.types, key=graph.n_edges)
    t = graph.type_index(name)
    rows = slice(int(graph.type_ptr[t]), int(graph.type_ptr[t + 1]))
    values = (graph.value_type == t).nonzero()[:, 0].cpu()
    labels = tuple(graph.value_labels[v] for v in values.tolist())
    node, value = graph.node[rows].cpu().numpy(), (graph.value[rows].cpu() - int(values.min())).numpy()
    found = MultiRelationalGraph.from_relations(graph.n_nodes, [Relation(name, node, value, labels)], graph.node_labels)
    return found.to(graph.node.device)
