"""Chapter 04, which relations matter."""

from __future__ import annotations

import numpy as np

from ramgnn.exercises.checking import Exercise, Step, array, near, value


def _softmax(f, logits) -> np.ndarray:
    with np.errstate(all="ignore"):
        return array(f(np.array(logits, np.float64)))


def _adds_up(f, logits) -> bool:
    return near(_softmax(f, logits).sum(), 1)


def _unchanged(f) -> bool:
    logits = np.array([3.0, 1.0, 2.0])
    value(f(logits))
    return logits.tolist() == [3.0, 1.0, 2.0]


def _mass(f, alpha, type, n_types) -> np.ndarray:
    with np.errstate(all="ignore"):
        return array(f(np.array(alpha), np.array(type), n_types))


EXERCISES = (
    Exercise(
        "04.2",
        "a function softmax(logits) that gives back an array of weights",
        "function",
        (
            Step("two equal logits", lambda f: near(_softmax(f, [0.0, 0.0]), [0.5, 0.5]),
                 "both should get one half. Are your weights divided by their sum?"),
            Step("logits of ln 1, ln 2 and ln 5", lambda f: near(_softmax(f, np.log([1, 2, 5])), [1 / 8, 2 / 8, 5 / 8]),
                 "the exponentials are 1, 2 and 5. What are they divided by?"),
            Step("logits of 1000 and 1000 + ln 3",
                 lambda f: near(_softmax(f, [1000, 1000 + np.log(3)]), [0.25, 0.75]),
                 "exp(1000) is infinite for a computer. Which number can you take off all logits, "
                 "so that the weights stay the same and no exponential is above 1?"),
            Step("logits of -1000 and -1000 + ln 3",
                 lambda f: near(_softmax(f, [-1000, -1000 + np.log(3)]), [0.25, 0.75]),
                 "now all exponentials are 0 unless the largest of them is brought up to 1. "
                 "Does your shift work for logits below zero?"),
            Step("logits that lie far apart", lambda f: near(_softmax(f, [0.0, 2000, 0, 0, 0]), [0, 1, 0, 0, 0]),
                 "the largest exponential is the one that overflows; is it the largest logit that you take off?"),
            Step("the weights sum to 1", lambda f: _adds_up(f, np.linspace(-30, 30, 50)),
                 "a small number added to the denominator, or logits cut off somewhere, makes them sum to less."),
            Step("your input stays as it is", _unchanged,
                 "your function changes the array that it was given; whoever called it will be surprised."),
        ),
    ),
    Exercise(
        "04.3",
        "a function attention_by_type(alpha, relation_type, n_types) that gives back an array, a share for each type",
        "function",
        (
            Step("one film with edges of two types",
                 lambda f: near(_mass(f, [0.5, 0.2, 0.3], [0, 1, 1], 2), [0.5, 0.5]),
                 "one edge of type 0 with a weight of .5, two of type 1 with .2 and .3: "
                 "what does each type get in all?"),
            Step("two films", lambda f: near(_mass(f, [0.6, 0.4, 0.9, 0.1], [0, 1, 0, 1], 2), [0.75, 0.25]),
                 "each film's weights sum to 1, so those of two films sum to 2. What is asked is the mean over films."),
            Step("films with different numbers of edges",
                 lambda f: near(_mass(f, [1.0, 0.25, 0.25, 0.25, 0.25], [0, 1, 1, 1, 0], 2), [0.625, 0.375]),
                 "each film counts the same, however many edges it has: how many films are there, "
                 "if the weights of each sum to 1?"),
            Step("types without an edge", lambda f: near(_mass(f, [0.5, 0.5], [1, 1], 4), [0, 1, 0, 0]),
                 "there are n_types types, and one that no edge has gets 0; the array has a place for each."),
        ),
    ),
)  # fmt: skip
