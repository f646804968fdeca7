"""Chapter 02, one graph, many relations."""

from __future__ import annotations

import numpy as np

from ramgnn.exercises.checking import Exercise, Step, near

# three films in one group, two of them in another as well; a film by itself
GROUPS = [np.array([0, 1, 2]), np.array([1, 2]), np.array([3])]


EXERCISES = (
    Exercise(
        "02.2",
        "a function edges(sizes) that gives back the number of quadruplets",
        "function",
        (
            Step("one group of three", lambda f: near(f(np.array([3])), 6),
                 "each of three is head for two tails; a pair counts twice, once in each direction."),
            Step("a group of one", lambda f: near(f(np.array([3, 1])), 6), "a film that is alone has no edge."),
            Step("several groups", lambda f: near(f(np.array([3, 1, 4])), 18), "groups add up; they do not multiply."),
            Step("a group of a hundred thousand", lambda f: near(f(np.array([100_000], np.int32)), 9_999_900_000, 1e-9),
                 "these sizes have 32 bits, and ten billion does not fit into that. What happens?"),
        ),
    ),
    Exercise(
        "02.3",
        "a function distinct(groups, n) that gives back an array of n numbers",
        "function",
        (
            Step("three films of one genre", lambda f: near(f([np.array([0, 1, 2])], 3), [2, 2, 2]),
                 "each of three films of one group has two neighbours. Is a film its own neighbour?"),
            Step("a film alone", lambda f: near(f([np.array([0, 1]), np.array([2])], 3), [1, 1, 0]),
                 "a film alone in its group has no neighbours, and should still have an entry."),
            Step("two films that share two values", lambda f: near(f(GROUPS, 4), [2, 2, 2, 0]),
                 "films 1 and 2 are in two groups together. Two reasons, but one neighbour."),
            Step("a film in no group at all", lambda f: near(f([np.array([0, 2])], 4), [1, 0, 1, 0]),
                 "there are n films, whether or not they are in a group."),
        ),
    ),
)  # fmt: skip
