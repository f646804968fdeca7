"""Common wrong answers to the exercises of chapter 05."""


def _gaps(scores, groups, k, i, per_value=False, once=False, own=False, signed=False):
    lists = [[j for j in g if own or j != i] for g in groups if i in g]
    if not per_value:
        lists = [[j for x in lists for j in x]]
    if once:
        lists = [sorted(set(x)) for x in lists]
    size = [[scores[i] - scores[j] if signed else abs(scores[i] - scores[j]) for j in x] for x in lists]
    return [gap for x in size for gap in sorted(x)[:k]]


def _mean(x):
    return sum(x) / len(x)


def _of_nodes(alone=None, **how):
    def average_distance(scores, groups, k):
        every = [_gaps(scores, groups, k, i, **how) for i in range(len(scores))]
        return _mean([_mean(x) if x else alone for x in every if x or alone is not None])

    return average_distance


def _of_edges(scores, groups, k):
    return _mean([gap for i in range(len(scores)) for gap in _gaps(scores, groups, k, i)])


def _everybody(scores, groups, k):
    return _of_nodes()(scores, groups, 10**6)


def _first_listed(scores, groups, k):
    pairs = [[(i, j) for g in groups if i in g for j in g if j != i][:k] for i in range(len(scores))]
    return _mean([_mean([abs(scores[i] - scores[j]) for i, j in x]) for x in pairs if x])


def _no_upper_end(k, before, now, step, most):
    return max(1, k + step if before >= now else k - step)


def _bounded(k, most):
    return max(1, min(k, most))


WRONG = {
    "05.2": [
        ("with itself", _of_nodes(own=True), "no neighbour of itself"),
        ("signed", _of_nodes(signed=True), "positive"),
        ("all neighbours", _everybody, "keeps the one that is nearest"),
        ("the first in the list", _first_listed, "keeps the one that is nearest"),
        ("nobody counts as zero", _of_nodes(alone=0.0), "no average"),
        ("over edges", _of_edges, "each node counts once"),
        ("k for each value", _of_nodes(per_value=True), "k belongs to the type"),
        ("each neighbour once", _of_nodes(once=True), "takes two places"),
    ],
    "05.3": [
        ("the wrong way", lambda k, a, b, step, most: _bounded(k - step if a >= b else k + step, most), "a success"),
        ("the reward alone", lambda k, a, b, step, most: 1 if a >= b else -1, "a success"),
        ("only up", lambda k, a, b, step, most: min(k + step, most) if a >= b else k, "Which way"),
        ("strictly shorter", lambda k, a, b, step, most: _bounded(k + step if a > b else k - step, most), "two equal"),
        ("a step of two", lambda k, a, b, step, most: _bounded(k + 2 if a >= b else k - 2, most), "an argument"),
        ("no lower end", lambda k, a, b, step, most: min(k + step if a >= b else k - step, most), "keeps no node"),
        ("no upper end", _no_upper_end, "how far"),
        ("no move beyond", lambda k, a, b, step, most: n if 1 <= (n := k + (step if a >= b else -step)) <= most else k,
         "keeps no node"),
    ],
}  # fmt: skip
