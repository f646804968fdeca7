# ruff: noqa: E501
"""The questions of the exam, a function each: numbers by a generator, and the solution computed from the same numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import log2, sqrt

import numpy as np

from ramgnn.experiments.tables import short


@dataclass(frozen=True)
class Question:
    """One question with its solution.

    Attributes:
        chapters: what it asks about; title: in a few words.
        text: what students read; solution: what a full answer says.
        points: what that is worth, each with the words for what it is given for.
    """

    chapters: tuple[str, ...]
    title: str
    text: str
    solution: str
    points: tuple[tuple[int, str], ...]

    @property
    def worth(self) -> int:
        """Points for a full answer."""
        return sum(points for points, _ in self.points)


Make = Callable[[np.random.Generator], Question]
MADE: list[Make] = []


def question(make: Make) -> Make:
    """Put a question into the exam."""
    MADE.append(make)
    return make


# ---- ranking and evidence --------------------------------------------------------------------------------------------


@question
def ranks(rng: np.random.Generator) -> Question:
    """HR, MRR and NDCG of five ranks."""
    inside = rng.choice(np.arange(1, 10), 3, replace=False)
    found = rng.permutation([*inside, *rng.choice(np.arange(11, 60), 2, replace=False)]).tolist()
    top = [r for r in found if r <= 10]
    hr, mrr = Fraction(len(top), 5), sum(Fraction(1, r) for r in top) / 5
    ndcg = sum(1 / log2(r + 1) for r in top) / 5
    terms = " + ".join(f"1/log₂{r + 1}" for r in top)
    return Question(
        ("01",),
        "Three metrics by hand",
        f"The held-out films of five viewers have the ranks {', '.join(map(str, found))}. Compute HR@10, MRR@10 and "
        "NDCG@10. You may leave logarithms to base 2 as they are.",
        f"{len(top)} of the five are among the first ten: HR@10 = {hr}. MRR@10 = ({' + '.join(f'1/{r}' for r in top)})/5 ="
        f" {short(float(mrr), 3)}. NDCG@10 = ({terms})/5 ≈ {short(ndcg, 3)}.",
        (
            (1, "HR@10"),
            (2, "MRR@10, with zeros beyond the tenth place"),
            (2, "NDCG@10, with log₂ of the rank plus one"),
        ),
    )


@question
def holm(rng: np.random.Generator) -> Question:
    """Four p-values, corrected."""
    while True:
        p = np.sort(np.round([rng.uniform(0.001, 0.012), *rng.uniform(0.012, 0.049, 2), rng.uniform(0.06, 0.4)], 3))
        raw = p * np.arange(4, 0, -1)
        corrected = np.minimum(np.maximum.accumulate(raw), 1)
        if len(set(p)) == 4 and 1 <= (corrected <= 0.05).sum() <= 2 and np.abs(corrected - 0.05).min() > 0.002:
            break
    stand = int((corrected <= 0.05).sum())
    steps = "; ".join(
        f"{short(x, 3)} · {4 - n} = {short(y, 3)}" + ("" if y == z else f", raised to {short(z, 3)}")
        for n, (x, y, z) in enumerate(zip(p, raw, corrected, strict=True))
    )
    return Question(
        ("01", "08"),
        "Four comparisons",
        f"Four comparisons have p = {', '.join(short(x, 3) for x in rng.permutation(p))}. Correct them by Holm's rule. Which"
        " stand at .05? What would a reader conclude who did not know that there were four?",
        f"From the smallest: {steps}. {'Only the smallest stands' if stand == 1 else 'The two smallest stand'}. Without"
        f" the correction {int((p <= 0.05).sum())} would seem to.",
        ((2, "factors 4, 3, 2, 1 from the smallest p"), (1, "never smaller than the one before"), (1, "which stand"),
         (1, "what is concluded without it")),
    )  # fmt: skip


@question
def margins(rng: np.random.Generator) -> Question:
    """Three intervals and a margin."""
    margin = int(rng.integers(3, 6))
    alike = (-int(rng.integers(1, margin)), int(rng.integers(1, margin)))
    differs = (int(rng.integers(1, margin)), margin + int(rng.integers(3, 9)))
    open_ = (-margin - int(rng.integers(3, 8)), margin + int(rng.integers(3, 8)))
    written = [f"[{low:+d} %, {high:+d} %]".replace("-", "−") for low, high in (alike, differs, open_)]
    return Question(
        ("12",),
        "No difference seen, or no difference",
        f"The relative difference of two models has the interval {written[0]}, that of a second pair {written[1]}, that of"
        f" a third {written[2]}. With a margin of ±{margin} %, fixed beforehand, what may be said of each pair?",
        "The first interval lies inside the margin: the two are alike, as far as anybody cares. The second excludes zero,"
        " so these two differ; it reaches over the margin, so whether by enough to matter is open. The third contains"
        " zero and reaches over the margin on both sides: the experiment is too small to say either.",
        ((1, "first pair"), (2, "second pair: differs, relevance open"), (2, "third pair: neither, and why")),
    )


@question
def random_split(rng: np.random.Generator) -> Question:
    """The last item or a random one."""
    return Question(
        ("01", "08"),
        "A random item held out",
        "A recommender is evaluated by leaving out a *random* item of each user instead of the last. Does its hit rate"
        " rather rise or fall, and why should one care?",
        "It usually rises: the model has seen what came after the held-out item, of the same sitting and the same season."
        " In use the future is not known, so the number promises too much; and models that gain from such hints look"
        " better than they are.",
        ((1, "it rises"), (2, "what the model has seen"), (2, "why the number promises too much")),
    )


@question
def ablation(rng: np.random.Generator) -> Question:
    """The missing corner of an ablation."""
    part = rng.choice(["attention", "the sampler", "the relation embeddings", "the second loss"])
    return Question(
        ("10",),
        "The missing corner",
        f"A paper compares “pre-training with {part}” with “no pre-training and without {part}” and concludes that"
        f" {part} help{'' if part.endswith('embeddings') else 's'}. Which comparison is missing? Name two things besides the part that may have changed.",
        f"Missing is pre-training without {part}. What else may differ: length or spread of the start vectors, the number"
        " of parameters, the epochs until validation stops, settings that were tuned for the whole.",
        ((2, "the missing corner"), (2, "two other changes, one point each")),
    )


@question
def embedding_claim(rng: np.random.Generator) -> Question:
    """From near to recommended."""
    share = int(rng.integers(93, 100))
    return Question(
        ("06", "07b"),
        "Near, therefore recommended?",
        f"A pre-trained embedding puts films of one director nearer together than other films in {share} of 100 draws. A"
        " colleague concludes that recommendations will be better. Name two objections, and an experiment for each.",
        "The pairs were the training target: measure on something that was not, such as common viewers, beside an"
        " untrained network and plain counting. And being near is not being recommended: fine-tune from these and from"
        " shuffled embeddings with the same budget, several seeds, and compare on validation data, paired.",
        ((2, "objections, one point each"), (2, "experiments with a control, one point each")),
    )


# ---- graph and model -------------------------------------------------------------------------------------------------


@question
def incidences(rng: np.random.Generator) -> Question:
    """Incidences against edges."""
    films = int(rng.choice([600, 800, 1000, 1200, 2000]))
    few, many = 2, films // 2
    few_edges, many_edges = few * (films // few) * (films // few - 1), many * (films // many) * (films // many - 1)
    return Question(
        ("02", "15"),
        "How many edges?",
        f"A table has {films:,} films. One attribute has {few} values, each shared by {films // few:,} films; another has"
        f" {many:,} values, each shared by {films // many}. How many incidences and how many directed edges has each type?"
        " Which one would you rather keep, and what would you have to know to answer?",
        f"{films:,} incidences each. {few} · {films // few:,} · {films // few - 1:,} = {few_edges:,} edges against"
        f" {many:,} · {films // many} · {films // many - 1} = {many_edges:,}. One would have to know how often two films that"
        " share a value have viewers in common, compared with pairs of equally popular films that do not.",
        ((1, "incidences"), (2, "edges of both types"), (2, "common viewers, against a fair comparison")),
    )


@question
def heads(rng: np.random.Generator) -> Question:
    """A logit that does not know who asks."""
    return Question(
        ("04", "15"),
        "A logit that does not know who asks",
        "The attention logit of a neighbour $j$ with relation $r$ does not depend on the head $i$. Why can two heads with"
        " the same neighbour still give it different weights? What does this independence save?",
        "The softmax runs over the neighbours of each head, so the denominators differ. Exponential and message can be"
        " computed once for each incidence; each head needs a sum of weighted messages and a sum of weights, and no row"
        " for each edge.",
        ((2, "the denominators"), (3, "once for each incidence, two sums a head")),
    )


@question
def softmax_by_hand(rng: np.random.Generator) -> Question:
    """Shares of attention by type, at equal logits."""
    a, b = int(rng.integers(2, 5)), int(rng.integers(6, 13))
    lift = int(rng.integers(2, 4))
    raised = Fraction(a * lift, a * lift + b)
    return Question(
        ("04",),
        "A large share",
        f"A film has {a} neighbours through its director and {b} through its genre. All logits are equal. Which share of"
        f" the attention does each type get? Every director neighbour is now weighted {lift} times as high before"
        " normalising. What are the shares, and which type is “more important”?",
        f"{a}/{a + b} = {short(a / (a + b), 2)} and {b}/{a + b} = {short(b / (a + b), 2)}. Then {a * lift}/{a * lift + b} ="
        f" {short(float(raised), 2)} and {short(float(1 - raised), 2)}. A share mixes how many neighbours a type has with how"
        f" loud each is; a director neighbour counts {lift} times a genre neighbour, whatever the shares say, and whether"
        " that helps is a question for a comparison without the type.",
        ((1, "shares at equal logits"), (2, "shares afterwards"), (2, "size is not importance")),
    )


@question
def bandit(rng: np.random.Generator) -> Question:
    """Rewards and thresholds of the sampler."""
    distance = np.round(0.1 + np.cumsum(rng.choice([-0.01, 0.01, 0.02, 0.0], 8, p=[0.35, 0.3, 0.2, 0.15])), 2)
    start, step = 5, 2
    rewards = np.where(np.diff(distance) > 0, -1, 1)
    k, thresholds = start, [start]
    for reward in rewards:
        k = max(1, k + step * int(reward))
        thresholds.append(k)
    signs = ", ".join("+1" if r > 0 else "−1" for r in rewards)
    return Question(
        ("05",),
        "Playing the sampler",
        "The average neighbour distance of a relation type in iterations 1 to 8 is"
        f" {', '.join(short(x, 2) for x in distance)}. Start at $k = {start}$ with steps of {step}; a reward is −1 where the"
        " distance has grown, else +1; $k$ is at least 1. Give rewards and thresholds. May the stopping rule as printed,"
        " which speaks after more than ten iterations, stop here?",
        f"Rewards from iteration 2: {signs}. Thresholds: {', '.join(map(str, thresholds))}. The rule says nothing yet: there"
        " have been eight iterations.",
        ((2, "rewards"), (2, "thresholds, held at 1"), (1, "the stopping rule")),
    )


@question
def gcn(rng: np.random.Generator) -> Question:
    """One step of a GCN on four films."""
    a, b, c, d = (int(x) for x in rng.choice(np.arange(1, 10), 4, replace=False))
    same, third = a / 3 + b / 3 + c / sqrt(12), a / sqrt(12) + b / sqrt(12) + c / 4 + d / sqrt(8)
    last = c / sqrt(8) + d / 2
    return Question(
        ("02b", "09"),
        "Four films and one step",
        "Four films are joined by one relation type. A, B and C share the value x, and C and D the value y. Compute one"
        r" step of a GCN without its matrix, $\tilde D^{-1/2}(A + I)\tilde D^{-1/2}$, for embeddings of one number,"
        f" {a}, {b}, {c} and {d}. Which two films come out equal, and why can no training part them?",
        f"The row sums are 3, 3, 4 and 2. A and B: {a}/3 + {b}/3 + {c}/√12 ≈ {same:.2f} both. C: {a}/√12 + {b}/√12 + {c}/4 +"
        f" {d}/√8 ≈ {third:.2f}. D: {c}/√8 + {d}/2 ≈ {last:.2f}. A and B have the same neighbours, themselves included, so"
        " their rows of the matrix are equal, whatever the embeddings are.",
        ((1, "row sums"), (3, "the four results, two of them equal"), (1, "equal rows")),
    )


@question
def correlation(rng: np.random.Generator) -> Question:
    """Circular correlation by hand."""
    x, r = rng.integers(1, 6, 4).tolist(), [0, 0, 0, 0]
    shift = int(rng.integers(1, 4))
    x[:] = rng.permutation(np.arange(1, 9))[:4].tolist()
    r[shift] = 1
    result = [sum(x[i] * r[(k + i) % 4] for i in range(4)) for k in range(4)]
    backwards = [sum(r[i] * x[(k + i) % 4] for i in range(4)) for k in range(4)]
    return Question(
        ("03",),
        "A correlation by hand",
        r"Let $(x \star r)_k = \sum_i x_i\, r_{(k+i) \bmod 4}$, counted from 0,"
        f" with $x = {tuple(x)}$ and $r = {tuple(r)}$. Compute $x \\star r$ and $r \\star x$. How many numbers has the"
        " operator to learn?",
        f"$x \\star r = {tuple(result)}$ and $r \\star x = {tuple(backwards)}$: the order matters. The operator has nothing to"
        " learn; all parameters are in the embeddings.",
        ((2, "first product"), (2, "second product"), (1, "no parameters")),
    )


@question
def loss(rng: np.random.Generator) -> Question:
    """A loss that cannot be trained."""
    return Question(
        ("06",),
        "A loss with a hole",
        r"$-\log(y \cdot s)$ with $y \in \{0, 1\}$: what is wrong with it, what is the least change that can be trained, and"
        " what minimises the version in which the terms with $y = 0$ are left out?",
        r"It is infinite for every negative, with no gradient. Binary cross-entropy, $-y \log s - (1 - y) \log(1 - s)$."
        " Without negatives $s = 1$ for all pairs is perfect, and all embeddings may fall together.",
        ((2, "what is wrong"), (1, "the change"), (2, "the collapse")),
    )
