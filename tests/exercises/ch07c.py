"""Common wrong answers to the exercises of chapter 07c."""

import math


def _nothing_grows(parts, j):
    return parts[j]


def _no_guard(parts, j):
    n = len(parts)
    return sum(parts) - (sum(parts) - parts[j]) * math.sqrt(n / (n - 1))


def _no_root(parts, j):
    n = len(parts)
    return sum(parts) - (sum(parts) - parts[j]) * (n / (n - 1) if n > 1 else 0)


def _shrinks(parts, j):
    n = len(parts)
    return sum(parts) - (sum(parts) - parts[j]) * math.sqrt((n - 1) / n)


def _the_first(parts, j):
    n = len(parts)
    return sum(parts) - (sum(parts[1:]) * math.sqrt(n / (n - 1)) if n > 1 else 0)


def _always_two(parts, j):
    return sum(parts) - (sum(parts) - parts[j]) * math.sqrt(2)


def _new_score(parts, j):
    n = len(parts)
    return (sum(parts) - parts[j]) * math.sqrt(n / (n - 1)) if n > 1 else 0.0


def _never_rises(parts, j):
    n = len(parts)
    return max(0.0, sum(parts) - (sum(parts) - parts[j]) * (math.sqrt(n / (n - 1)) if n > 1 else 0))


WRONG = {
    "07c.2": [
        ("the part itself", _nothing_grows, "the other part grows"),
        ("division by zero", _no_guard, "ZeroDivisionError"),
        ("no root", _no_root, "the other part grows"),
        ("the others shrink", _shrinks, "the other part grows"),
        ("always the first", _the_first, "film j is the one left out"),
        ("always the root of two", _always_two, "each of the n - 1 other parts"),
        ("what is left", _new_score, "nothing is left of the sum"),
        ("never below zero", _never_rises, "may even rise"),
    ],
    "07c.3": [
        ("one way only", lambda d_u, d: sum(1 / math.sqrt(d_u * x) for x in d), "there and back"),
        ("without her own degree", lambda d_u, d: sum(1 / x for x in d), "d_u is 2 here"),
        ("the mean", lambda d_u, d: sum(1 / (d_u * x) for x in d) / len(d), "d_u is 2 here"),
        ("the root of her degree", lambda d_u, d: sum(1 / (math.sqrt(d_u) * x) for x in d), "d_u is 2 here"),
        ("the first film alone", lambda d_u, d: 1 / (d_u * d[0]), "d_u is 2 here"),
        ("one degree for all", lambda d_u, d: len(d) / (d_u * d[0]), "its own d_j"),
    ],
}
