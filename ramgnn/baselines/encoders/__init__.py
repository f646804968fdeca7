"""Five graph encoders in RAM-GNN's place: the same graphs, losses, steps and recommender, another way to aggregate."""

# Each registers itself when it is imported, and `ENCODERS` lists them in this order, that of the paper.
# isort: off
from ramgnn.baselines.encoders.base import ENCODERS, Encoder, EncoderSettings, register_encoder
from ramgnn.baselines.encoders.gcn import GCN
from ramgnn.baselines.encoders.rgcn import RGCN
from ramgnn.baselines.encoders.wgcn import WGCN
from ramgnn.baselines.encoders.vrgcn import VRGCN
from ramgnn.baselines.encoders.compgcn import CompGCN
from ramgnn.baselines.encoders.pretraining import pretrain_encoder, pretrainer
# isort: on

__all__ = [
    "ENCODERS", "GCN", "RGCN", "VRGCN", "WGCN", "CompGCN", "Encoder", "EncoderSettings", "pretrain_encoder",
    "pretrainer", "register_encoder",
]  # fmt: skip
