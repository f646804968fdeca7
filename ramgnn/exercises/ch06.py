"""Chapter 06, RAM-GNN."""

from __future__ import annotations

import math

import torch

from ramgnn.exercises.checking import Exercise, Step, array, near, value

OWN = torch.tensor([0.5, -0.25], dtype=torch.float64)
NOTHING = torch.zeros(2, dtype=torch.float64)
ONE = torch.tensor([[0.8, -0.4]], dtype=torch.float64)
TWO = torch.tensor([[1.0, 0.0], [0.0, 3.0]], dtype=torch.float64)
SAME = torch.eye(2, dtype=torch.float64)
TURN = torch.tensor([[0.0, 2.0], [1.0, 0.0]], dtype=torch.float64)


def _numbers(*x: float) -> torch.Tensor:
    return torch.tensor(x, dtype=torch.float64)


def _layer(f, film, messages, logits, matrix):
    return value(f(film.clone(), messages.clone(), logits.clone(), matrix.clone()))


def _loss(f, logits, y) -> float:
    return float(value(f(_numbers(*logits), _numbers(*y))))


def _slope(f, logits, y) -> list[float]:
    x = _numbers(*logits).requires_grad_()
    value(f(x, _numbers(*y))).backward()
    return array(x.grad).tolist()


EXERCISES = (
    Exercise(
        "06.2",
        "a function layer(own, messages, logits, W_val) that gives back a vector",
        "function",
        (
            Step("one neighbour, W_val changes nothing, the film's own vector is zero",
                 lambda f: near(_layer(f, NOTHING, ONE, _numbers(0.7), SAME), [math.tanh(0.8), math.tanh(-0.4)]),
                 "a single neighbour has weight 1, whatever its logit. What does σ do to the sum at the end?"),
            Step("two neighbours with equal logits",
                 lambda f: near(_layer(f, NOTHING, TWO, _numbers(2.0, 2.0), SAME), [math.tanh(0.5), math.tanh(1.5)]),
                 "the weights of a head add up to 1, and σ comes after the sum, not before it."),
            Step("two neighbours of which one counts three times as much",
                 lambda f: near(_layer(f, NOTHING, TWO, _numbers(math.log(3), 0.0), SAME),
                                [math.tanh(0.75), math.tanh(0.75)]),
                 "logits log 3 and 0 make weights of 3/4 and 1/4. Are the logits used?"),
            Step("a film with a vector of its own",
                 lambda f: near(_layer(f, OWN, ONE, _numbers(0.0), SAME), [math.tanh(1.3), math.tanh(-0.65)]),
                 "⊕ joins what the neighbours say with the film itself; is its own vector in the sum, and inside σ?"),
            Step("a matrix that is not symmetric",
                 lambda f: near(_layer(f, OWN, ONE, _numbers(0.0), TURN), [math.tanh(-0.3), math.tanh(0.55)]),
                 "W_val stands to the left of the summed messages and acts on them alone. "
                 "A row of numbers times W is not W times a column."),
            Step("logits in the thousands",
                 lambda f: near(_layer(f, NOTHING, TWO, _numbers(1000.0, 990.0), SAME),
                                [math.tanh(1 / (1 + math.exp(-10))), math.tanh(3 / (1 + math.exp(10)))]),
                 "exp(1000) is infinite. What may be taken from all logits without changing the weights?"),
        ),
    ),
    Exercise(
        "06.3",
        "a function cross_entropy(logits, y) that gives back one number, a torch tensor",
        "function",
        (
            Step("three pairs of which nothing is known", lambda f: near(_loss(f, [0, 0, 0], [1, 0, 0]), math.log(2)),
                 "a logit of 0 is s = 1/2, and each pair costs -log(1/2) = .693. Is it a mean, and the natural log?"),
            Step("a positive pair", lambda f: near(_loss(f, [2.0], [1]), math.log1p(math.exp(-2))),
                 "a logit of 2 is s = .88, and a positive with it should cost little, .13."),
            Step("a negative pair", lambda f: near(_loss(f, [2.0], [0]), math.log1p(math.exp(2))),
                 "with s = .88 a negative should cost much, 2.13."),
            Step("logits of a thousand", lambda f: near(_loss(f, [1000.0, -1000.0, 0.0], [0, 1, 1]),
                                                         (2000 + math.log(2)) / 3),
                 "s is then 1 or 0 to the last digit, and its logarithm is lost. Can you write -log s in terms of the "
                 "logit, without ever making s? A pair that is wrong by a logit of 1000 costs 1000."),
            Step("the slope there",
                 lambda f: near(_slope(f, [1000.0, -1000.0, 0.0], [0, 1, 1]), [1 / 3, -1 / 3, -1 / 6]),
                 "the value is right and its gradient is not. Is there an exp(1000) in a branch that is thrown away? "
                 "Infinite times zero is not a number."),
        ),
    ),
)  # fmt: skip
