"""Chapter 16, your own data."""

from __future__ import annotations

import numpy as np

from ramgnn.exercises.checking import Exercise, Step, array, near, value

NAN = float("nan")
SKEWED = np.array([100.0, 1.0, 10000.0, 3.0, 2.0, 1000.0, 4.0, 5.0])
TIED = np.array([1.0, 1.0, 1.0, 1.0, 1.0, 3.0, 2.0, 4.0])


def _cleaned(f, *cells: str) -> list[list[str]]:
    return [list(values) for values in value(f(list(cells)))]


def _bands(f, numbers, n: int) -> np.ndarray:
    return array(f(np.array(numbers, float), n))


def _tied(f) -> bool:
    """Equal numbers have one band, and a larger number never a lower one."""
    bands = _bands(f, TIED, 4)
    complete = bands.shape == TIED.shape and bool(np.isfinite(bands).all())
    return complete and len(set(bands[:5])) == 1 and bool((np.diff(bands[[0, 6, 5, 7]]) >= 0).all())


EXERCISES = (
    Exercise(
        "16.2",
        "a function clean(cells) that gives back a list of lists of values",
        "function",
        (
            Step("one list for each cell", lambda f: len(_cleaned(f, "Crime|Travel", "Art")) == 2,
                 "two cells should give two lists, whatever they hold."),
            Step("two values with spaces around them",
                 lambda f: [v.casefold() for v in _cleaned(f, " Crime| Travel ")[0]] == ["crime", "travel"],
                 "a space can stand before and behind each of the values, not only at the ends of the cell. And keep "
                 "their order."),
            Step("one spelling", lambda f: _cleaned(f, "crime|TRAVEL", "Art") == [["Crime", "Travel"], ["Art"]],
                 "the first letter of a value is large and the others are small, whatever they were."),
            Step("empty values", lambda f: _cleaned(f, "", "Crime|| ", "Art") == [[], ["Crime"], ["Art"]],
                 "an empty cell has no value at all, and nothing between two bars is no value either."),
            Step("words for nothing",
                 lambda f: _cleaned(f, "unknown", "N/A|Crime", " UNKNOWN |-", "Art") == [[], ["Crime"], [], ["Art"]],
                 "these words can be written with large or small letters, with spaces around them, and beside a real "
                 "value in one cell."),
            Step("repeats", lambda f: _cleaned(f, "Sport|Crime|sport |Art") == [["Sport", "Crime", "Art"]],
                 "two spellings of one value are one value, once all is spelt alike; and the order stays."),
        ),
    ),
    Exercise(
        "16.3",
        "a function bands(numbers, n) that gives back one number for each number",
        "function",
        (
            Step("eight numbers that lie far apart", lambda f: len(_bands(f, SKEWED, 4)) == 8
                 and np.bincount(_bands(f, SKEWED, 4).astype(int)).tolist() == [2, 2, 2, 2],
                 "eight different numbers into four bands, numbered from 0: each should get two, however far apart "
                 "the numbers are."),
            Step("each number keeps its place", lambda f: near(_bands(f, SKEWED, 4), [2, 0, 3, 1, 0, 3, 1, 2]),
                 "the bands should come in the order of the numbers that were given, and grow with them."),
            Step("a missing number", lambda f: near(_bands(f, [1, NAN, 2, 3, 4], 2), [0, NAN, 0, 1, 1]),
                 "NaN belongs to no band, and the limits of the bands should not depend on it."),
            Step("equal numbers", _tied,
                 "five of eight numbers are the same, so there cannot be two in each band; the equal ones stay "
                 "together, and a larger number never gets a lower band."),
        ),
    ),
)  # fmt: skip
