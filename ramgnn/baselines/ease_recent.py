"""EASE that knows the order: things taken close to each other count more, and so do those that were taken last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from ramgnn.baselines.ease import Ease, check_memory, regression
from ramgnn.baselines.registry import register
from ramgnn.datasets.base import RecDataset
from ramgnn.errors import RamgnnError
from ramgnn.temporal.kinds import Kind, sequences, table


@dataclass(frozen=True, eq=False)
class EaseRecent(Ease):
    """y_ui = Σ_{j ∈ history of u} 2^(-r_j / h) B_ji.

    Attributes:
        history: ``(n_users, n_items)`` sparse, 2^(-r_j / h) of each training interaction.
        weights: ``(n_items, n_items)`` float32, B; its diagonal is zero.
        half_life: h.
    """

    half_life: float

    def newcomer_scores(self, had: Sequence[np.ndarray]) -> np.ndarray:
        """The same of people who were not in training: ``(b, n_items)``.

        Args:
            had: for each of b people the indices of the items they had, oldest first.
        """
        recent = [0.5 ** (np.arange(len(items))[::-1] / self.half_life) for items in had]
        return np.stack([w @ self.weights[items] for w, items in zip(recent, had, strict=True)]).astype(np.float32)


@register("ease recent", least={"l2": 0, "reach": 0, "half_life": 0, "max_gb": 0})
def fit(
    dataset: RecDataset, l2: float = 100.0, reach: float = 20.0, half_life: float = 10.0, max_gb: float = 8.0
) -> EaseRecent:
    """EASE of a Gram matrix that counts pairs by how near they are, asked with a history that counts by how recent.

        G_ji = Σ_u exp(-Δ_u(j, i) / reach),   G_jj = n_j
        P = (G + λ I)⁻¹,   B_ij = -P_ij / P_jj for i ≠ j

    with Δ_u(j, i) how many places apart u had both, things of one time in the middle of their places, and r_j how many
    things u had after j, ties averaged. Pairs farther apart than 6 reach are not counted.

    Args:
        l2: λ, above 0.
        reach: places, above 0; where it is long against all histories, B is that of `ramgnn.baselines.ease`.
        half_life: h, above 0: a thing that so many others came after counts half.
        max_gb: refuse to begin when fitting would take more memory than this.

    Raises:
        RamgnnError: a number is not above 0, the data have no times, or the catalogue is too large.
    """
    if not (l2 > 0 and reach > 0 and half_life > 0):
        raise RamgnnError(f"l2 is {l2}, reach {reach} and half_life {half_life}; expected numbers above 0")
    check_memory(dataset, max_gb)
    all, n = sequences(dataset), dataset.n_items
    gram = table(all, Kind("near", "taken near", "places", reach=reach), n).toarray()
    gram[np.diag_indices(n)] = np.bincount(all.item, minlength=n) + l2
    last = np.cumsum(np.bincount(all.user, minlength=dataset.n_users)) - 1  # (n_users,) the place of each one's last
    recent = 0.5 ** ((last[all.user] - all.position) / half_life)
    history = csr_matrix((recent.astype(np.float32), (all.user, all.item)), shape=(dataset.n_users, n))
    return EaseRecent(history, regression(np.linalg.inv(gram)), half_life)
