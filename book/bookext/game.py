"""The bandit of chapter 05 as a game: distances to read out, what comes out, and a sheet for each player."""

from __future__ import annotations

import numpy as np

from .sheets import short, table


def game() -> list[str]:
    """The bandit as a game: what the reader of distances reads out, and a sheet for each player."""
    rng = np.random.default_rng(5)
    types, rounds, ks = ("genre", "director", "actor", "year"), 10, range(1, 20, 2)
    text = ["## What the reader reads out", "", "Made-up distances: they grow with $k$ and wander from round to round."]
    ends = []
    for name, base, slope in zip(types, (0.10, 0.22, 0.16, 0.13), (0.012, 0.006, 0.009, 0.004), strict=True):
        walk = np.cumsum(rng.normal(0, 0.012, rounds))
        rows = [
            [f"round {n + 1}", *(short(max(0.01, base + slope * k + walk[n] + rng.normal(0, 0.004))) for k in ks)]
            for n in range(rounds)
        ]
        text += ["", f"**{name}**", *table([f"*{name}*", *(f"k = {k}" for k in ks)], rows)]
        ends.append([name, *(", ".join(map(str, walked(rows, start))) for start in (5, 15))])
    text += ["*What comes out.* The thresholds, round by round; the last one follows from round 10.", ""]
    text += table(["type", "from 5", "from 15"], ends)
    blank = "&nbsp;" * 12
    first = [1, blank, blank, "none", "none", "the same"]  # there is nothing to compare the first distance with
    text += ["## A sheet for each player", "", "My type: ______________ I begin at $k$ = ______", ""]
    head = ["round", "my $k$", "distance read out", "grown?", "reward", "next $k$"]
    return [*text, *table(head, [first, *([n, *[blank] * 5] for n in range(2, rounds + 1))])]


def walked(rows: list[list], start: int) -> list[int]:
    """The thresholds of a player: the start, and what follows from each distance from the second on."""
    k, before, ks = start, None, [start]
    for _, *distances in rows:
        now = float(distances[(k - 1) // 2])
        if before is not None:
            k = min(19, max(1, k + (-2 if now > before else 2)))
            ks.append(k)
        before = now
    return ks
