"""The same data with each user's last *session* held out: what does somebody want who comes back?

Where the last interaction alone is held out, many a user has the one before it in the same second, and a model that
continues a session looks like a judge of taste. Here nothing of the last session is learned from. Of the things that it
began with, one is the held-out item, drawn by a seed; the rest of the session is nobody's candidate.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from ramgnn.datasets.base import RecDataset
from ramgnn.errors import RamgnnError

GAP = 3600  # seconds without an interaction end a session
LEAST = 3  # training interactions that are left to somebody whose last session is held out


def next_session(dataset: RecDataset, gap: int = GAP, seed: int = 0) -> RecDataset:
    """Another split of the same interactions.

    Args:
        dataset: with times in seconds.
        gap: how many seconds without an interaction end a session.
        seed: of what is drawn among the things that a session began with.

    Returns:
        A data set whose test rows are of users with `LEAST` interactions or more before their last session; of all
        others everything is learned from. The rest of a held-out session is in `RecDataset.seen`.

    Raises:
        RamgnnError: the data have no times in seconds, or nobody comes back.
    """
    if dataset.time_kind != "seconds":
        raise RamgnnError(f"data set {dataset.name!r} has no clock times, so nobody can say where a session ends")
    rows = pd.concat([dataset.train, dataset.test]).sort_values(["user", "time"], kind="stable", ignore_index=True)
    by_user = rows.groupby("user")
    session = (by_user["time"].diff() > gap).groupby(rows["user"]).cumsum()  # (n,) 0, 1, 2, … for each user
    is_last = session == session.groupby(rows["user"]).transform("max")
    n_before = (~is_last).groupby(rows["user"]).transform("sum")
    out = is_last & (n_before >= LEAST)
    if not out.any():
        raise RamgnnError(f"nobody in data set {dataset.name!r} comes back {gap:,} seconds later or more")
    held_out = rows[out]
    drawn = held_out.sample(frac=1.0, random_state=seed)  # so that what is first among ties is up to chance
    first = drawn.sort_values(["user", "time"], kind="stable").drop_duplicates("user")
    rest = held_out.drop(first.index)
    view = replace(
        dataset, train=rows[~out].reset_index(drop=True), test=first.reset_index(drop=True),
        split=f"the first thing of the last session, which begins {gap:,} seconds or more after what was before",
        seen=np.concatenate([dataset.seen, rest[["user", "item"]].to_numpy(dataset.seen.dtype)]),
    )  # fmt: skip
    return view if dataset.derive_users is None else replace(view, user_relations=dataset.derive_users(view))
