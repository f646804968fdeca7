"""Readings: the places where the paper is open, wrong or silent, and what each of two configurations does there."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING

import pandas as pd

from ramgnn import arguments
from ramgnn.config import Config, FinetuneConfig, PretrainConfig
from ramgnn.errors import NotFoundError, RamgnnError

if TYPE_CHECKING:
    from ramgnn.datasets.base import RecDataset


MOST_SCORES = 5 * 10**9  # interactions times items; an epoch with a clock then takes a minute or two on two cores


@dataclass(frozen=True)
class Reading:
    """One such place.

    Attributes:
        id: R1, R2, …
        place: the equation or section.
        printed: what stands there, in our words.
        problem: why it cannot be run like that, or what is missing.
        setting: the setting that chooses, as in ``pretrain.relation``; empty for a choice of data or of protocol.
        choices: what each choice does, by its value; without a setting, both configurations take the first.
    """

    id: str
    place: str
    printed: str
    problem: str
    setting: str
    choices: dict[str, str]


READINGS: tuple[Reading, ...] = (
    Reading("R1", "Eq. 4–5", "e_n is e_t and e_v side by side, all of width d",
            "e_n is then twice as wide as e_j, and φ(e_j, e_n) is not defined", "pretrain.relation",
            {"halves": "e_t and e_v have d/2 entries each", "projection": "a matrix brings 2d entries to d",
             "sum": "e_t + e_v"}),
    Reading("R2", "Eq. 6–7", "α_jn is the softmax of a_jn",
            "the set that the softmax runs over is not said, and a_jn does not depend on the head", "pretrain.softmax",
            {"all": "over all kept neighbours (j, n) of a head", "type": "over those of one type; types are averaged"}),
    Reading("R3", "Eq. 11, 16", "the loss is −log(y·s)",
            "it is infinite for every negative, y = 0, and passes no gradient there", "pretrain.loss",
            {"bce": "binary cross-entropy, −y log s − (1 − y) log(1 − s)",
             "positives": "the finite terms only; a constant score then minimises it"}),
    Reading("R4", "Eq. 12", "the average neighbour distance of one node i",
            "the threshold belongs to a type, so an average over nodes is missing", "pretrain.and_over",
            {"nodes": "mean over each node's neighbours, then over nodes", "edges": "mean over all kept edges"}),
    Reading("R5", "Eq. 13", "the reward is +1 when the average neighbour distance did not grow",
            "scores spread while the network learns, so distances grow whatever k does and k falls", "pretrain.reward",
            {"raw": "distances as they are", "relative": "divided by the mean distance of random pairs",
             "rank": "distances of rank-transformed scores"}),
    Reading("R6", "Eq. 14", "the last rewards sum to at most ε, after more than ten",
            "without an absolute value eleven times −1 counts as converged, and the indices make eleven terms",
            "pretrain.stop",
            {"printed": "the sum of the last eleven is at most ε", "absolute": "the absolute sum of the last ten is"}),
    Reading("R7", "Eq. 16", "the similarity s of final embeddings, by the scalar MLP",
            "a scalar trains one direction of the space; and with s of raw embeddings the GNN gets no gradient",
            "pretrain.similarity",
            {"inner": "inner product of final embeddings of unit length", "mlp": "a scalar MLP on final embeddings"}),
    Reading("R8", "Eq. 15", "α stands outside the sum over j; ⊕ is not defined",
            "j is not bound there; concatenation doubles the width", "pretrain.combine",
            {"sum": "α inside; ⊕ adds", "concat": "α inside; ⊕ concatenates and a matrix brings 2d back to d"}),
    Reading("R9", "Eq. 18, 20", "all values' embeddings are concatenated to the node's",
            "nodes have different numbers of values", "finetune.values",
            {"mean": "mean over the values of each type, types concatenated", "none": "no values"}),
    Reading("R10", "Eq. 19, 21", "σ(W_4 (Aggr ⊕ x)) in each step",
            "⊕ is not defined; non-linear steps overfit sparse interactions", "finetune.propagation",
            {"printed": "as printed, with mean aggregation and LeakyReLU", "linear": "LightGCN's: no W_4, no σ"}),
    Reading("R11", "Eq. 22", "ŷ_ui is the product of x_i and x_u",
            "of which of the four layers is not said", "finetune.readout",
            {"last": "the last layer", "mean": "the mean of all", "concat": "all side by side"}),
    Reading("R12", "Eq. 23", "−ln σ(y_ui − ŷ_ui)",
            "a prediction less its own label falls without end as ŷ does", "finetune.loss",
            {"bpr": "−ln σ(ŷ_ui − ŷ_uj) with a sampled negative j", "softmax": "softmax over the catalogue"}),
    Reading("R13", "Section IV-A", "three user relations in the table, two in the text; 'movies' as an item relation",
            "which attributes make the graphs is not settled, nor whether age is a number or a band", "",
            {"age, gender, occupation": "all three, age in decades; genre, director, actor, year"}),
    Reading("R14", "Eq. 12", "the top k_t neighbours under type t",
            "a node can have several values of a type, and share several with one neighbour", "pretrain.topk",
            {"type": "k_t edges for each type", "value": "k_t edges for each value of the node"}),
    Reading("R15", "Eq. 15–16", "the edges to be predicted are those that messages run along",
            "a value is then copied along the very edge in question, and attention learns which relation copies best "
            "instead of which one says something about the others", "pretrain.target",
            {"seen": "all types are predicted from all messages",
             "hidden": "one type a step is predicted, from the messages of the others"}),
    Reading("R16", "Section IV-A", "HR, MRR and NDCG at 10 and 20; no split, no candidates and no word on ties",
            "what is held out and what it is ranked among decides every number of Tables III to VI. We infer both from "
            "the published files of RCF, a rival in Table III: they hold out one item each for 943 and 24,613 users, "
            "numbers that Table II has as well, and list 1,000 candidates for each user of KKBox", "",
            {"as in RCF's files": "one item of each user, the last on MovieLens, ranked among all that the user's "
             "training data lack (MovieLens) or among 999 drawn ones (KKBox); equal scores share their average place",
             "RCF's ties as well": "of equal scores the held-out item comes first, so that a constant scorer looks "
             "perfect; `--ties optimistic` evaluates like that"}),
    Reading("R17", "Table II", "KKBox has 24,613 items and 61,877 users",
            "the two columns of that row are exchanged: RCF's test file has 24,613 users, and its file of attributes "
            "61,905 songs", "",
            {"exchanged": "24,613 users and 61,877 songs, wherever this book counts the paper's users or songs",
             "as printed": "61,877 users, most of whom would have no test item"}),
)  # fmt: skip


def default() -> Config:
    """What works best on validation data of MovieLens-100K."""
    return Config(name="default")


def as_printed() -> Config:
    """The nearest runnable thing to the letter of the paper.

    Embeddings e_t and e_v of width d with a projection, LeakyReLU, ⊕ as concatenation, raw rewards and the printed
    termination, the scalar similarity, four non-linear propagation steps with the last one read out, and BPR with one
    negative. What the paper does not print (learning rates, batch, epochs) was chosen on validation data.
    """
    return Config(
        name="as_printed",
        pretrain=PretrainConfig(
            relation="projection",
            softmax="all",
            sigma="leaky_relu",
            combine="concat",
            and_over="nodes",
            reward="raw",
            stop="printed",
            similarity="mlp",
            topk="type",
            target="seen",
            weight_decay=1e-4,
        ),
        finetune=FinetuneConfig(
            values="mean",
            layers=4,
            propagation="printed",
            combine="concat",
            readout="last",
            loss="bpr",
            temperature=1.0,
            edge_dropout=0.0,
            batch=4096,
            lr=0.005,
            l2=1e-4,
            ema_decay=0.0,
        ),
    )


def temporal() -> Config:
    """The recommender with a clock, which is not in the paper: it names the time of interactions as future work."""
    return Config(name="temporal", recommender="temporal")


def for_data(dataset: RecDataset, changed: Iterable[str] = ()) -> Config:
    """What is trained where nobody says what: with a clock where data that somebody brought say when.

    The softmax of the model with a clock runs over all items at every interaction; where that is too much, and where a
    setting of the paper's second stage is changed, it is `default`. So it is for data sets with a name, which are here
    to be compared with the paper.

    Args:
        changed: the names of settings that somebody has chosen.
    """
    says_when = dataset.own and dataset.time_kind == "seconds" and _has_order(dataset)
    says_when = says_when and len(dataset.train) * dataset.n_items <= MOST_SCORES
    chosen = any(name == "recommender" or name.startswith("finetune.") for name in changed)
    alone = os.environ.get("WORLD_SIZE", "1") == "1"  # several processes cannot train it together
    return temporal() if says_when and not chosen and alone else default()


def _has_order(dataset: RecDataset) -> bool:
    """Whether at least half of the users have three things or more, at two times or more: enough to learn an order."""
    by_user = dataset.train.groupby("user")["time"]
    return bool(((by_user.size() >= 3) & (by_user.nunique() >= 2)).sum() * 2 >= max(dataset.n_users, 1))


def chosen(config: Config | str | None, dataset: RecDataset, changed: Iterable[str] = ()) -> Config:
    """The settings, from themselves, their name, or nothing: see `for_data`.

    Raises:
        NotFoundError: there are none of that name.
        RamgnnError: it is neither.
    """
    if config is None:
        return for_data(dataset, changed)
    if isinstance(config, str):
        return named(config)
    return arguments.instance("config", config, Config, "a ramgnn.Config or the name of one, such as 'as_printed'")


CONFIGS = {"default": default, "as_printed": as_printed, "temporal": temporal}
COMPARED = ("default", "as_printed")  # those that differ in readings

ABLATIONS = {
    "full": "RAM-GNN: attention and sampler",
    "single": "no pre-training: the recommender starts from random embeddings",
    "rns": "the sampler only: equal weights instead of attention (RAM-RNS)",
    "attention": "attention only, over every neighbour (RAM-rel)",
}


def named(name: str) -> Config:
    """The configuration of that name.

    Raises:
        NotFoundError: there is none.
    """
    if name not in CONFIGS:
        near = get_close_matches(name, CONFIGS)
        raise NotFoundError("configuration", name, near, None if near else f"there are {', '.join(CONFIGS)}")
    return CONFIGS[name]()


def ablation(config: Config, which: str) -> Config:
    """A configuration with parts switched off, Section IV-D.

    Raises:
        NotFoundError: there is no such ablation.
        RamgnnError: the configuration is not of the paper's recommender.
    """
    if which not in ABLATIONS:
        raise NotFoundError("ablation", which, list(ABLATIONS))
    if which != "full" and config.recommender == "temporal":
        raise RamgnnError("ablations are of the paper's recommender, which has no clock; leave out one of the two")
    if which == "single":
        return replace(config, name=f"{config.name}, single", finetune=replace(config.finetune, start="random"))
    if which == "rns":
        return replace(config, name=f"{config.name}, rns", pretrain=replace(config.pretrain, attention=False))
    if which == "attention":
        return replace(config, name=f"{config.name}, attention", pretrain=replace(config.pretrain, sampler="none"))
    return config


def reading(id: str) -> Reading:
    """The reading of that id, as in ``"R5"``.

    Raises:
        NotFoundError: there is none.
    """
    for one in READINGS:
        if one.id == id:
            return one
    raise NotFoundError("reading", id, [one.id for one in READINGS])


def table() -> pd.DataFrame:
    """The readings with what each configuration does, one row each."""
    rows = []
    for r in READINGS:
        stage, _, key = r.setting.partition(".")
        compared = {name: named(name) for name in COMPARED}
        chosen = {n: getattr(getattr(c, stage), key) if key else next(iter(r.choices)) for n, c in compared.items()}
        rows.append({"id": r.id, "place": r.place, "printed": r.printed, "problem": r.problem, "setting": r.setting,
                     "choices": " · ".join(r.choices), **chosen})  # fmt: skip
    return pd.DataFrame(rows).set_index("id")
