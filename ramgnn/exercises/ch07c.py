"""Chapter 07c, why this film."""

from __future__ import annotations

from ramgnn.exercises.checking import Exercise, Step, near

EXERCISES = (
    Exercise(
        "07c.2",
        "a function fall(parts, j) that gives back one number",
        "function",
        (
            Step("a viewer with one film", lambda f: near(f([2.0], 0), 2),
                 "without her only film nothing is left of the sum. Is something divided by n - 1 = 0?"),
            Step("two films, the first left out", lambda f: near(f([3.0, 2.0], 0), 5 - 2 * 2**0.5),
                 "the other part grows by the root of 2 / 1, since d_u falls from 2 to 1. The fall is the old sum less "
                 "the new one."),
            Step("four films", lambda f: near(f([1.0, 1.0, 1.0, 1.0], 2), 4 - 3 * (4 / 3) ** 0.5),
                 "each of the n - 1 other parts grows by the root of n / (n - 1)."),
            Step("the last of three films", lambda f: near(f([4.0, 0.0, 0.5], 2), 4.5 - 4 * 1.5**0.5),
                 "film j is the one left out, and the score may even rise: then the fall is below 0."),
        ),
    ),
    Exercise(
        "07c.3",
        "a function back(d_u, d_films) that gives back one number",
        "function",
        (
            Step("one film that only she watched", lambda f: near(f(1, [1]), 1),
                 "both roots are 1 on the way there and on the way back: all of it returns."),
            Step("one film with four viewers", lambda f: near(f(1, [4]), 0.25),
                 "there and back: each way divides by the root of d_u times d_j, so together by d_u times d_j."),
            Step("two films that only she watched", lambda f: near(f(2, [1, 1]), 1),
                 "each film sends back 1 / (d_u d_j), and d_u is 2 here; add them up."),
            Step("four films of different audiences", lambda f: near(f(4, [1, 2, 4, 5]), 0.4875),
                 "one term for each film, each with its own d_j."),
        ),
    ),
)  # fmt: skip
