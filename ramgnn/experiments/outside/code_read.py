"""Authors' code that was read: for baselines without a library that runs them, and where ours follows it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CodeRead:
    """What was read in place of a check, or beside one.

    Attributes:
        model: the baseline or encoder.
        where: the authors' repository and the files in it; empty where there is none.
        read: whether it was read for this comparison.
        differences: where it does something else than ours, theirs first.
    """

    model: str
    where: str
    read: bool
    differences: tuple[str, ...]


CODE_READ: tuple[CodeRead, ...] = (
    CodeRead(
        "rcf",
        "github.com/xinxin-me/RCF: RCF.py, Utilis.py",
        True,
        (
            "item attention has matrices W1, W2 and W3 for each relation type, without a bias (w0_i, w0_j, w1_i, w1_j, "
            "w1_e and so on): ours too",
            "an empty place, an item of zeros, takes part in every list but the longest of a batch, so scores depend "
            "on the batch; ours has exactly one in each list",
            "for each pair one relation of each type is learned, so types weigh alike: ours too",
            "relation types are genre, director and actor; ours are all of the data set, the year included",
            "a random tail is drawn anew while it has the genre in question; for directors and actors, and in ours, it "
            "is not checked",
            "pairs are drawn with replacement and as many steps made as whole batches fit; ours takes every pair once "
            "(by default 20 of each user, in the comparison all)",
            "matrices and biases of the hidden layer start normal, after Glorot; ours as PyTorch starts them",
            "Adagrad starts from 1e-8, at a rate of .05, in batches of 512, with a sum of losses: ours too",
        ),
    ),
    CodeRead(
        "kgpolicy",
        "github.com/xiangwang1223/kgpolicy: modules/sampler/kgpolicy.py, modules/recommender/MF.py, main.py",
        True,
        (
            "a hop goes to the most probable candidate, and the second keeps the most probable ones; ours draws them",
            "the reward is less a baseline that is the sum of a batch's rewards, a mean over the batches of the epoch "
            "before, while each reward is a sample's; ours takes off the batch's mean",
            "returns are discounted, and then the rewards used without it; ours has no discount",
            "the sampler learns from a second walk, after the recommender's step, by a sum; ours from the walk that "
            "the recommender uses, before its step, by a mean",
            "half of the sampler's outputs are dropped after each layer, in evaluation too; ours has no dropout",
            "64 neighbours and 64 random items are candidates of a hop and 32 are kept; ours are fewer by default",
            "a node with fewer neighbours than 64 has random items for candidates and itself in the convolution; ours "
            "draws its neighbours with replacement",
            "the recommender starts from vectors in a file; ours trains them first",
            "training stops by the recall on the test items; ours never looks at them",
            "users' attributes are no nodes; in ours they are",
        ),
    ),
    CodeRead(
        "wgcn",
        "github.com/JD-AI-Research-Silicon-Valley/SACN: models.py, main.py",
        True,
        (
            "the sum over neighbours is not divided by their number; ours is, for each type",
            "A and its transpose are added with one α, so a node counts itself twice; in ours once",
            "α starts as N(0, 1), so its sign is random; ours start at 1",
            "a bias before batch normalisation, which does nothing; ours has none",
            "matrices start as Xavier's normal numbers; ours as his uniform ones",
            "a decoder, Conv-TransE, learns to complete triples; ours has RAM-GNN's similarity and loss",
        ),
    ),
    CodeRead(
        "vrgcn",
        "",
        False,
        (
            "no code was published; ours follows the formula that is printed, with a matrix for the node itself added",
            "who is head and who is tail of a symmetric pair is not printed; ours chooses (roles)",
        ),
    ),
    CodeRead(
        "compgcn",
        "github.com/malllabiisc/CompGCN: model/compgcn_conv.py, model/models.py",
        True,
        (
            "edges and their inverses have a matrix and a relation each; with TransE's score the inverse is the "
            "negative, so that x − z meets x + z; in ours an edge is its own inverse, with one matrix and two thirds "
            "of the sum",
            "dropout is on the sums of both directions apart; ours on their common sum",
            "dropout of .3 after each layer too; ours has none",
            "start values are Xavier's normal numbers; ours his uniform ones, and of length one for nodes",
            "decoders for triples, with smoothed labels; ours has RAM-GNN's similarity and loss",
            "degrees are of all relations together, the root of both in each message: ours too",
        ),
    ),
    CodeRead(
        "fism",
        "github.com/xinxin-me/RCF: FISM.py",
        True,
        (
            "its batches of 80 targets are counted by a division of whole numbers under Python 2, which its README "
            "names: a user with fewer than 80 items gets no step at all, and the last step of another has up to 159; "
            "ours draws up to 80 of every user",
            "a step has the targets of one user, users in their order; ours has those of some users, in random order",
            "the score, the negative against the same reduced history, the loss and the penalty are ours",
        ),
    ),
    CodeRead(
        "mf",
        "github.com/xinxin-me/RCF: MF.py",
        True,
        (
            "pairs are drawn with replacement and as many steps made as whole batches fit; ours takes every pair once",
            "the loss, the penalty of whole tables, Adagrad and its start are ours",
        ),
    ),
    CodeRead(
        "gru4rec",
        "",
        False,
        (
            "its authors' code is public and was not read for this comparison; ours follows the paper",
            "sessions walk side by side and carry their state along; ours cuts histories into pieces of L + 1",
            "BPR or TOP1 against the items of the batch; ours is the cross-entropy over the catalogue",
            "items have one matrix that goes in and another, with a bias, for scores; ours one for both",
            "Adagrad; ours Adam",
        ),
    ),
    CodeRead(
        "sasrec sets",
        "",
        False,
        ("our own variant of SASRec, for which there is no other code: contexts are sets, and nothing is masked",),
    ),
    CodeRead(
        "ease recent",
        "",
        False,
        ("our own variant of EASE, for which there is no other code: pairs count by nearness, histories by recency",),
    ),
    CodeRead(
        "popularity recent",
        "",
        False,
        ("a count that is written down in one line, for which there is no other code to hold it against",),
    ),
)
