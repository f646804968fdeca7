"""Every setting of the model in one place, the paper's open places ("readings") among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Literal, get_args, get_origin, get_type_hints

from ramgnn import arguments
from ramgnn.changes import assignments, check_kind, kinds_of, no_setting
from ramgnn.errors import RamgnnError


@dataclass(frozen=True)
class PretrainConfig:
    """Settings of the first stage: RAM-GNN on the user graph and on the item graph.

    Attributes:
        dim: d, the width of node embeddings.
        layers: number of stacked layers of Eq. 15; the paper has 2.
        composition: φ, ``add``, ``mult`` or ``corr``.
        relation: how e_n is made of e_t and e_v (R1): ``halves`` of width d/2 each, ``projection``, or ``sum``.
        softmax: what Eq. 7 runs over (R2): ``all`` kept neighbours, or ``type`` by type.
        attention: False replaces α by equal weights (the ablation RAM-RNS).
        sigma: σ of Eq. 6 and 15: ``tanh``, ``leaky_relu`` or ``sigmoid``.
        combine: ⊕ of Eq. 15 (R8): ``sum`` or ``concat`` with a projection.
        sampler: ``rns``, the bandit; ``fixed``, k stays; ``none``, every neighbour (the ablation RAM-rel);
            ``random``, k neighbours whatever their distance, as a control.
        k, step, k_max: start, change ε and upper bound of the thresholds.
        and_over: what Eq. 12 averages over (R4): ``nodes`` or ``edges``.
        reward: what the reward of Eq. 13 compares (R5): ``raw`` distances, ``relative`` to random pairs, or
            distances of ``rank``-transformed scores.
        stop: the termination condition, Eq. 14 (R6): ``printed`` or ``absolute``.
        topk: k edges per ``type`` or per ``value`` (R14).
        loss: Eq. 11 and 16 (R3): ``bce``, or ``positives``, which is what is left of the printed one.
        similarity: s of Eq. 16 (R7): ``inner`` product of final embeddings or the scalar ``mlp`` of Eq. 9.
        positives: positive tails drawn per node and relation type.
        negatives: random tails per positive.
        type_weight: the share of each relation type in the losses: ``equal``, or ``edges``, in proportion to edges.
        target: which edges L_GNN asks for (R15): ``"hidden"`` ones, of one relation type a step, with the messages of
            that type left out; or ``"seen"`` ones, which messages run along.
        sim_weight, weight_decay: λ_γ and λ_1 of Eq. 17.
        epochs, steps, lr: epochs, optimiser steps in each, and Adam's learning rate.
        stop_after_converged: end so many epochs after the sampler has converged for every type; None goes on to
            `epochs`.
    """

    dim: int = 64
    layers: int = 2
    composition: Literal["add", "mult", "corr"] = "corr"
    relation: Literal["halves", "projection", "sum"] = "halves"
    softmax: Literal["all", "type"] = "all"
    attention: bool = True
    sigma: Literal["tanh", "leaky_relu", "sigmoid"] = "tanh"
    combine: Literal["sum", "concat"] = "sum"
    sampler: Literal["rns", "fixed", "none", "random"] = "rns"
    k: int = 5
    step: int = 2
    k_max: int | None = None
    and_over: Literal["nodes", "edges"] = "nodes"
    reward: Literal["raw", "relative", "rank"] = "relative"
    stop: Literal["printed", "absolute"] = "absolute"
    topk: Literal["type", "value"] = "type"
    loss: Literal["bce", "positives"] = "bce"
    similarity: Literal["inner", "mlp"] = "inner"
    positives: int = 1
    negatives: int = 5
    type_weight: Literal["equal", "edges"] = "equal"
    target: Literal["hidden", "seen"] = "hidden"
    sim_weight: float = 1.0
    weight_decay: float = 0.1
    epochs: int = 100
    stop_after_converged: int | None = None
    steps: int = 4
    lr: float = 0.01


@dataclass(frozen=True)
class FinetuneConfig:
    """Settings of the second stage: the recommender on the interaction graph.

    Attributes:
        start: ``pretrained`` embeddings, or ``random`` (the ablation Single).
        values: how the values of a node enter Eq. 18 and 20 (R9): ``mean`` of each type, types concatenated, or
            ``none``.
        layers: propagation steps; the paper has 4.
        propagation: Eq. 19 and 21 (R10): ``printed``, with σ and W4, or ``linear``, LightGCN's.
        combine: ⊕ of Eq. 19 and 21 when printed: ``sum`` or ``concat`` with a projection.
        readout: which layers enter Eq. 22 (R11): ``last``, ``mean`` or ``concat``.
        loss: Eq. 23 (R12): ``bpr``, ``softmax`` over the whole catalogue, or one of your own (`ramgnn.losses`).
        temperature: τ; every listwise loss gets ŷ/τ.
        negatives: sampled negatives per positive for ``bpr``.
        edge_dropout: share of interactions left out of each propagation in training.
        batch: users (``softmax``) or pairs (``bpr``) in an optimiser step; None: 64, or as many as make at most 32
            steps an epoch.
        epochs: at most; validation chooses how many.
        patience: validations without a gain before it stops; validated every `every` epochs.
        scale: pretrained embeddings are rescaled to this root mean square entry; 0 takes them as they are.
        init_std: standard deviation of random start embeddings.
        lr: Adam's learning rate; l2: λ_2 of Eq. 23.
        ema_decay: decay, per optimiser step, of the running average of all parameters that validation and the result
            are computed with; 0 takes the parameters as they are.
    """

    start: Literal["pretrained", "random"] = "pretrained"
    scale: float = 0.05
    init_std: float = 0.1
    values: Literal["mean", "none"] = "mean"
    layers: int = 1
    propagation: Literal["linear", "printed"] = "linear"
    combine: Literal["sum", "concat"] = "sum"
    readout: Literal["last", "mean", "concat"] = "mean"
    loss: str = "softmax"
    temperature: float = 0.3
    negatives: int = 1
    edge_dropout: float = 0.3
    batch: int | None = None
    epochs: int = 200
    every: int = 2
    patience: int = 10
    lr: float = 0.006
    l2: float = 0.01
    ema_decay: float = 0.99


@dataclass(frozen=True)
class TemporalConfig:
    """Settings of the recommender with a clock, which takes the place of the second stage.

    Attributes:
        start: x_i to begin with: ``random``, or ``pretrained``. Items that nobody had are scored by what pre-training
            found in any case.
        memories: K, the number of learned lengths τ_k.
        context: how many things of a history are looked at, the latest; no time is cut in two.
        dropout: of the memories; item_dropout: share of a context that is left out in training.
        share: a, what the attention counts beside the paths; 1 is the attention alone, 0 the paths.
        batch: events in an optimiser step.
        epochs: at most; validation chooses how many.
        patience: validations without a gain before it stops; validated every `every` epochs.
        scale: x_i are rescaled to this root mean square entry.
        lr: Adam's learning rate.
        ema_decay: decay, per optimiser step, of the running average of all parameters that validation and the result
            are computed with; 0 takes the parameters as they are.
    """

    start: Literal["random", "pretrained"] = "random"
    memories: int = 4
    context: int = 50
    dropout: float = 0.3
    item_dropout: float = 0.2
    share: float = 0.6
    batch: int = 512
    epochs: int = 30
    every: int = 1
    patience: int = 5
    scale: float = 0.1
    lr: float = 0.004
    ema_decay: float = 0.998


@dataclass(frozen=True)
class Config:
    """Both stages, the seed and the device.

    Attributes:
        name: what it is called in tables.
        pretrain: the first stage; finetune: the second one, as the paper has it.
        temporal: what takes the place of the second stage where `recommender` says so.
        recommender: ``gnn``, the paper's, or ``temporal``, the one with a clock.
        seed: of everything that is drawn; device: ``cpu``, ``cuda`` and so on.
    """

    name: str = "default"
    pretrain: PretrainConfig = field(default_factory=PretrainConfig)
    finetune: FinetuneConfig = field(default_factory=FinetuneConfig)
    temporal: TemporalConfig = field(default_factory=TemporalConfig)
    recommender: Literal["gnn", "temporal"] = "gnn"
    seed: int = 0
    device: str = "cpu"

    def to_dict(self) -> dict[str, Any]:
        """Nested dictionaries of plain values, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Config:
        """The inverse of `to_dict`."""
        rest = {k: v for k, v in stored.items() if k not in STAGES}
        return cls(**{stage: kind(**stored.get(stage, {})) for stage, kind in STAGES.items()}, **rest)

    def override(self, changes: Sequence[str] | Mapping[str, Any]) -> Config:
        """A copy with settings changed, by text such as ``["pretrain.dim=32"]`` or values ``{"pretrain.dim": 32}``.

        Raises:
            RamgnnError: the text is not of that form or the value is not of the setting's kind.
            NotFoundError: there is no such setting.
        """
        config = self
        for name, value, text in assignments(changes):
            stage, dot, key = name.rpartition(".")
            part = getattr(config, stage, None) if stage in STAGES else None if dot else config
            known = {f.name for f in fields(part)} - set(STAGES) if part else set()
            if part is None or key not in known:
                raise no_setting(name, self.names())
            value = arguments.read_setting(value, kinds_of(part, STAGES)[key], text)
            changed = replace(part, **{key: value})
            config = replace(config, **{stage: changed}) if dot else changed
        return config.validate()

    @staticmethod
    def names() -> list[str]:
        """The names of all settings, as `override` takes them: ``pretrain.dim`` and so on."""
        names = [f"{stage}.{f.name}" for stage, part in STAGES.items() for f in fields(part)]
        return [*names, "recommender", "seed", "device", "name"]

    def validate(self) -> Config:
        """Return self when every value is of its kind, every choice a known one and every number possible.

        Raises:
            RamgnnError: one is not; names the setting, the value and what is allowed.
        """
        for stage, kind in STAGES.items():
            arguments.instance(stage, getattr(self, stage), kind, f"a ramgnn.config.{kind.__name__}")
        parts = {stage: getattr(self, stage) for stage in STAGES}
        for stage, part in {"": self, **parts}.items():
            for key, kind in kinds_of(part, STAGES).items():
                name = f"{stage}.{key}".lstrip(".")
                check_kind(name, getattr(part, key), kind)
                if key != "seed":
                    arguments.check_most(name, getattr(part, key))
        arguments.seed(self.seed)
        if self.recommender not in RECOMMENDERS:
            raise RamgnnError(f"recommender is {self.recommender!r}; expected {' or '.join(RECOMMENDERS)}")
        for stage, part in parts.items():
            for key, allowed in CHOICES[stage].items():
                value = getattr(part, key)
                if (stage, key) == ("finetune", "loss"):
                    allowed = _losses(value)
                if value not in allowed:
                    raise RamgnnError(f"{stage}.{key} is {value!r}; expected {' or '.join(allowed)}")
            for key, least in LEAST[stage].items():
                arguments.check_least(f"{stage}.{key}", getattr(part, key), least)
        if self.pretrain.relation == "halves" and self.pretrain.dim % 2:
            raise RamgnnError(f"pretrain.dim is {self.pretrain.dim}; relation=halves needs an even number")
        for stage, keys in SHARES.items():
            for key in keys:
                arguments.check_share(f"{stage}.{key}", getattr(parts[stage], key))
        if not 0 <= self.temporal.share <= 1:
            raise RamgnnError(f"temporal.share is {self.temporal.share}; expected a number from 0 to 1")
        return self


def _losses(name: str) -> tuple[str, ...]:
    """The losses that fine-tuning knows; a user's own are looked up only for a name that is not one of the two."""
    if name in CHOICES["finetune"]["loss"]:
        return CHOICES["finetune"]["loss"]
    from ramgnn.losses import LISTWISE, PAIRWISE  # imports torch

    return (*PAIRWISE, *LISTWISE)


STAGES = {"pretrain": PretrainConfig, "finetune": FinetuneConfig, "temporal": TemporalConfig}
RECOMMENDERS = ("gnn", "temporal")

# what a setting may be, where it is one of a few words
CHOICES: dict[str, dict[str, tuple[str, ...]]] = {
    stage: {name: get_args(hint) for name, hint in get_type_hints(part).items() if get_origin(hint) is Literal}
    for stage, part in STAGES.items()
}
CHOICES["finetune"]["loss"] = ("bpr", "softmax")  # and what a user registers, see `_losses`
SHARES = {"finetune": ("edge_dropout", "ema_decay"), "temporal": ("dropout", "item_dropout", "ema_decay")}
LEAST: dict[str, dict[str, float]] = {
    "pretrain": {
        "dim": 2, "layers": 1, "k": 1, "step": 1, "k_max": 1, "positives": 1, "negatives": 1, "epochs": 0,
        "stop_after_converged": 0,
        "steps": 1, "lr": 0, "sim_weight": 0, "weight_decay": 0,
    },
    "finetune": {
        "scale": 0, "init_std": 0, "layers": 0, "negatives": 1, "batch": 1, "epochs": 0, "every": 1,
        "patience": 1, "lr": 0, "l2": 0, "temperature": 1e-6,
    },
    "temporal": {
        "memories": 1, "context": 1, "batch": 1, "epochs": 0, "every": 1, "patience": 1, "scale": 0, "lr": 0,
    },
}  # fmt: skip
