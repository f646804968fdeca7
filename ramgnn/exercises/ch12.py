"""Chapter 12, composition and dimension."""

from __future__ import annotations

from ramgnn.exercises.checking import Exercise, Step, near, value


def _said(f, low: float, high: float, margin: float) -> str:
    """What the reader's function says of an interval."""
    return value(f(low, high, margin))


EXERCISES = (
    Exercise(
        "12.2",
        'a function verdict(low, high, margin) that gives back "alike", "different" or "open"',
        "function",
        (
            Step("one of the three words", lambda f: _said(f, -0.01, 0.01, 0.03) in ("alike", "different", "open"),
                 'it should give back "alike", "different" or "open".'),
            Step("an interval inside the margin", lambda f: _said(f, -0.01, 0.02, 0.03) == "alike",
                 "from -.01 to .02 with a margin of .03: every difference in it is small enough."),
            Step("an interval that holds zero and more", lambda f: _said(f, -0.05, 0.02, 0.03) == "open",
                 "from -.05 to .02 with a margin of .03: it holds some that matter. Holding zero is not enough."),
            Step("an interval inside the margin, without zero", lambda f: _said(f, 0.005, 0.02, 0.03) == "alike",
                 "from .005 to .02: a difference is there, and it is too small to matter. What does the margin say?"),
            Step("an interval beyond the margin", lambda f: _said(f, 0.04, 0.09, 0.03) == "different",
                 "from .04 to .09 with a margin of .03: every difference in it matters."),
            Step("the other side", lambda f: _said(f, -0.09, -0.04, 0.03) == "different",
                 "a difference may be negative, and matter as much."),
            Step("an interval across the margin", lambda f: _said(f, 0.02, 0.09, 0.03) == "open",
                 "from .02 to .09: is the difference large enough to matter? The interval does not say."),
        ),
    ),
    Exercise(
        "12.3",
        "a function usual_gap(values, m) that gives back one number",
        "function",
        (
            Step("all of them", lambda f: near(f([1.0, 4.0, 2.0], 3), 3),
                 "there is one way to take three of three: the largest is 4, the smallest 1."),
            Step("pairs", lambda f: near(f([0.0, 1.0, 3.0], 2), 2),
                 "three pairs with gaps of 1, 3 and 2. What is their mean?"),
            Step("one at a time", lambda f: near(f([5.0, 7.0], 1), 0), "of one value, best and worst are the same."),
            Step("equal values count by place", lambda f: near(f([1.0, 1.0, 2.0], 2), 2 / 3),
                 "two runs with the same value are still two runs: three pairs, one of them with a gap of 0."),
            Step("more of more", lambda f: near(f([0.0, 1.0, 2.0, 3.0], 3), 2.5),
                 "four ways to take three of four. In two of them both ends are taken."),
        ),
    ),
)  # fmt: skip
