"""Chapter 16b, judging your recommender."""

from __future__ import annotations

from ramgnn.exercises.checking import Exercise, Step, near

EXERCISES = (
    Exercise(
        "16b.2",
        "a function pull(lists, loans, marked) that gives back one number",
        "function",
        (
            Step("one reader", lambda f: near(f([["a", "b"]], [["a", "c", "d", "e"]], {"a"}), 0.25),
                 "one of two places is marked, and one of four loans: .50 less .25."),
            Step("no pull", lambda f: near(f([["a", "b"]], [["a", "c"]], {"a"}), 0),
                 "half of the places and half of the loans are marked."),
            Step("away from the marked ones", lambda f: near(f([["b", "c"]], [["a", "c"]], {"a"}), -0.5),
                 "a pull may be negative: lists can hold fewer marked books than the loans."),
            Step("readers who borrow much and little",
                 lambda f: near(f([["b"], ["b"]], [["a"], ["b", "c", "d"]], {"a"}), -0.25),
                 "one of four loans is marked. Count over all readers together, not reader by reader."),
            Step("several marked books", lambda f: near(f([["a", "b"], ["c", "d"]], [["a"], ["d"]], {"a", "b"}), 0),
                 "every book in the set counts: two of four places, one of two loans."),
            Step("a reader without loans", lambda f: near(f([["a"], ["b"]], [[], ["a", "b"]], {"a"}), 0),
                 "a reader who has had nothing adds no loans, and the places on the list still count."),
        ),
    ),
)  # fmt: skip
