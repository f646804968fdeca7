"""Common wrong answers to the exercises of chapter 12."""

from itertools import combinations


def _zero(low, high, margin):
    return "alike" if low <= 0 <= high else "different"


def _significant(low, high, margin):
    if low > 0 or high < 0:
        return "different"
    return "alike" if -margin <= low and high <= margin else "open"


def _one_side(low, high, margin):
    return "alike" if -margin <= low and high <= margin else "different" if low > margin else "open"


def _two_words(low, high, margin):
    return "alike" if -margin <= low and high <= margin else "different"


WRONG = {
    "12.2": [
        ("a truth value", lambda low, high, margin: low > margin, "give back"),
        ("holding zero", _zero, "Holding zero is not enough"),
        ("significance", _significant, "What does the margin say"),
        ("positive only", _one_side, "may be negative"),
        ("no middle", _two_words, "Holding zero is not enough"),
        ("never different", lambda low, high, margin: "alike" if -margin <= low and high <= margin else "open",
         "every difference in it matters"),
    ],
    "12.3": [
        ("of all values", lambda values, m: max(values) - min(values), "What is their mean"),
        ("largest gap", lambda values, m: max(max(x) - min(x) for x in combinations(values, m)), "What is their mean"),
        ("each value once", lambda values, m: (lambda g: sum(g) / max(len(g), 1))(
            [max(x) - min(x) for x in combinations(sorted(set(values)), m)]), "still two runs"),
        ("neighbours only", lambda values, m: (max(values) - min(values)) * (m - 1) / max(len(values) - 1, 1),
         "What is their mean|still two runs"),
    ],
}  # fmt: skip
