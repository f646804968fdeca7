"""Chapter 11, thresholds."""

from __future__ import annotations

from ramgnn.exercises.checking import Exercise, Step, near

EXERCISES = (
    Exercise(
        "11.2",
        "a function end(rewards, start, step, most) that gives back one number",
        "function",
        (
            Step("one reward of +1", lambda f: near(f([1], 5, 2, 99), 7), "from 5, one step of 2 up."),
            Step("up and down", lambda f: near(f([1, 1, -1], 5, 2, 99), 7), "5, 7, 9, 7."),
            Step("no reward", lambda f: near(f([], 5, 2, 99), 5), "without a reward it stays where it started."),
            Step("another step", lambda f: near(f([1, 1], 4, 3, 99), 10), "the step is an argument."),
            Step("the lower bound", lambda f: near(f([-1, -1, -1, -1], 5, 2, 99), 1), "it is never below 1."),
            Step("up again from the lower bound", lambda f: near(f([-1, -1, -1, -1, 1], 5, 2, 99), 3),
                 "the bound holds after each reward, not at the end only: it waits at 1 and goes up from there."),
            Step("the upper bound", lambda f: near(f([1, 1, 1, -1], 5, 2, 8), 6), "8 is the most, then one step down."),
        ),
    ),
    Exercise(
        "11.3",
        "a function surprise(found, coins) that gives back one number",
        "function",
        (
            Step("nobody so high", lambda f: near(f(9, [1, 3, 5]), 1 / 4),
                 "no coin of three reaches 9: (1 + 0) / (1 + 3). It is never zero."),
            Step("some as high", lambda f: near(f(5, [1, 5, 7]), 3 / 4), "at least as high: an equal end counts."),
            Step("all of them", lambda f: near(f(1, [1, 1, 3, 5]), 1), "if every coin gets there, nothing surprises."),
        ),
    ),
)  # fmt: skip
