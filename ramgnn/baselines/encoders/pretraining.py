"""Pre-training with another encoder in RAM-GNN's place: the same steps on L_GNN, without sampler and L_sim."""

from __future__ import annotations

from difflib import get_close_matches

import torch

from ramgnn import distributed
from ramgnn.baselines.encoders.base import ENCODERS, Encoder, EncoderSettings
from ramgnn.checkpoint import Checkpoint
from ramgnn.config import Config
from ramgnn.encoder import RAMGNN
from ramgnn.errors import NotFoundError, RamgnnError
from ramgnn.graph import MultiRelationalGraph
from ramgnn.pretrain import pretrain
from ramgnn.pretrained import Pretrained
from ramgnn.training import Pretrainer, seed_of


def pretrain_encoder(
    graph: MultiRelationalGraph,
    kind: str,
    settings: EncoderSettings,
    side: str,
    seed: int = 0,
    device: str | torch.device = "cpu",
    progress: bool = True,
    checkpoint: Checkpoint | None = None,
) -> Pretrained:
    """Pre-train a registered encoder on one graph.

    Args:
        graph: with all relation types; GCN takes one of them.
        kind: a name in `ENCODERS`.
        side: ``"item"`` or ``"user"``: whose graph it is.

    Raises:
        NotFoundError: there is no such encoder, or no such relation type for GCN.
        RamgnnError: a setting is impossible.
        DivergedError: the loss is not finite.
    """
    settings, encoder = settings.validate(), encoder_class(kind)
    part, config = encoder.graph_for(graph, settings, side), settings.pretraining()
    name = f"{kind}, {side}s"
    result = pretrain(part, config, seed, device, progress, name, checkpoint, lambda graph: encoder(graph, settings))
    result.encoder, result.encoder_settings, result.full_graph = kind, settings, graph.to(device)
    return result


def pretrainer(kind: str, settings: EncoderSettings | None = None) -> Pretrainer:
    """A registered encoder as `ramgnn.training.fit` wants it; the seed of each side is that of RAM-GNN.

    Args:
        settings: of an `Encoder`; by default those of `Config.pretrain` that both have. A subclass of `RAMGNN` takes
            `Config.pretrain` itself.

    Raises:
        NotFoundError: there is no such encoder.
        RamgnnError: settings for an encoder that has none of its own.
    """
    encoder = encoder_class(kind)
    if settings is not None and issubclass(encoder, RAMGNN):
        raise RamgnnError(f"{kind!r} takes the settings of RAM-GNN, as in pretrain.dim; leave out encoder_settings")

    def run(
        graph: MultiRelationalGraph,
        side: str,
        config: Config,
        progress: bool = True,
        checkpoint: Checkpoint | None = None,
    ) -> Pretrained:
        seed, device = seed_of(config, side), distributed.device_of(config.device)
        if not issubclass(encoder, RAMGNN):
            own = settings or EncoderSettings.shared_with(config.pretrain)
            return pretrain_encoder(graph, kind, own, side, seed, device, progress, checkpoint)
        result = pretrain(
            graph, config.pretrain, seed, device, progress, f"{kind}, {side}s", checkpoint,
            lambda graph: encoder(graph, config.pretrain),
        )  # fmt: skip
        result.encoder = kind
        return result

    return run


def encoder_class(kind: str) -> type[Encoder | RAMGNN]:
    """The class that is registered under a name.

    Raises:
        NotFoundError: there is none.
    """
    if kind not in ENCODERS:
        hint = f"there are ram-gnn, {', '.join(ENCODERS)}; one of your own is known once its module, with "
        hint += "@register_encoder, is imported"
        raise NotFoundError("encoder", kind, get_close_matches(kind, ENCODERS), hint)
    return ENCODERS[kind]
