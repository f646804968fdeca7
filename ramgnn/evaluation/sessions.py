"""Groups of test users by the time between their last training interaction and the held-out one."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ramgnn.datasets.base import RecDataset
from ramgnn.errors import RamgnnError

SESSIONS = ("same time", "within an hour", "later")


def session_groups(dataset: RecDataset) -> pd.Series:
    """When each held-out interaction happened, counted from the user's last training interaction.

    ``"same time"`` is the same second, ``"within an hour"`` up to 3,600 seconds apart, ``"later"`` the rest, users
    without training interactions included. The first two are mostly one sitting: what is right for them may be no
    more than what was on the screen.

    Returns:
        ``(n_test,)`` categorical, row by row with ``dataset.test``; for `Evaluation.by`.

    Raises:
        RamgnnError: the data set has no times in seconds.
    """
    if dataset.time_kind != "seconds":
        raise RamgnnError(
            f"data set {dataset.name!r} has no clock times (its time is {dataset.time_kind!r}), "
            "so nobody can say how long after the last training interaction a test interaction came"
        )
    last = dataset.train.groupby("user")["time"].max()
    gap = (dataset.test["time"] - dataset.test["user"].map(last)).abs().to_numpy(np.float64)
    code = np.select([gap == 0, gap <= 3600], [0, 1], default=2)
    return pd.Series(pd.Categorical.from_codes(code, categories=SESSIONS, ordered=True), name="session")
