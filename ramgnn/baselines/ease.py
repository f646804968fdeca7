"""EASE: item-to-item regression in closed form. One line of algebra, and among the best static models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import cholesky
from scipy.linalg.lapack import dpotri
from scipy.sparse import csr_matrix

from ramgnn.baselines.registry import register
from ramgnn.datasets.base import RecDataset
from ramgnn.errors import RamgnnError


@dataclass(frozen=True, eq=False)
class Ease:
    """y_ui = Σ_{j ∈ history of u} B_ji.

    Attributes:
        history: ``(n_users, n_items)`` sparse, ones where a user interacted with an item in training.
        weights: ``(n_items, n_items)`` float32, B; its diagonal is zero.
    """

    history: csr_matrix
    weights: np.ndarray

    def scores(self, users: np.ndarray) -> np.ndarray:
        """``(b, n_items)`` float32."""
        return np.asarray(self.history[users] @ self.weights)

    __call__ = scores

    def newcomer_scores(self, had: Sequence[np.ndarray]) -> np.ndarray:
        """The same of people who were not in training: ``(b, n_items)``.

        Args:
            had: for each of b people the indices of the items they had, oldest first.
        """
        return np.stack([self.weights[items].sum(0) for items in had])


@register("ease", least={"l2": 0, "max_gb": 0})
def fit(dataset: RecDataset, l2: float = 100.0, max_gb: float = 8.0) -> Ease:
    """Find B that rebuilds the interactions from the other items of each user.

        min_B ‖X - X B‖² + λ ‖B‖²  with B_jj = 0
        P = (XᵀX + λ I)⁻¹,   B_ij = -P_ij / P_jj for i ≠ j

    Steck, "Embarrassingly shallow autoencoders for sparse data", WWW 2019, equations 2-8.

    Time grows with n_items³ and memory with n_items²: about 20 n_items² bytes while fitting (0.06 GB for 1,674 items,
    77 GB for 61,905) and 4 n_items² after.

    Args:
        dataset: data set whose training interactions are used.
        l2: λ, above 0. Steck's range is some hundreds; 100 was best on the validation items of ML-100K.
        max_gb: refuse to begin when fitting would take more memory than this.

    Raises:
        RamgnnError: l2 is not above 0, or the catalogue is too large.
    """
    if not l2 > 0:
        raise RamgnnError(f"l2 is {l2}; expected a number above 0, or the matrix may have no inverse")
    check_memory(dataset, max_gb)
    return Ease(dataset.matrix(), regression(inverse_gram(dataset, l2)))


def check_memory(dataset: RecDataset, max_gb: float) -> None:
    """Refuse a catalogue whose matrices take more memory than is given.

    Raises:
        RamgnnError: they do.
    """
    if (need := 20 * dataset.n_items**2 / 1e9) > max_gb:
        raise RamgnnError(
            f"EASE on {dataset.n_items:,} items needs about {need:.1f} GB of memory, more than the limit "
            f"of {max_gb:g} GB; keep fewer items, or raise max_gb where the machine has that much"
        )


def regression(inverse: np.ndarray) -> np.ndarray:
    """B of P: ``(n_items, n_items)`` float32, its diagonal zero."""
    weights = (inverse / -np.diag(inverse)).astype(np.float32)  # column j over -P_jj
    np.fill_diagonal(weights, 0.0)
    return weights


def inverse_gram(dataset: RecDataset, l2: float) -> np.ndarray:
    """P = (XᵀX + λ I)⁻¹ of the training interactions: ``(n_items, n_items)`` float64."""
    history = dataset.matrix()
    gram = (history.T.astype(np.float64) @ history).toarray()
    gram[np.diag_indices_from(gram)] += l2
    # symmetric, with eigenvalues of λ and more: by Cholesky's half of it an inverse takes half the time
    half = cholesky(gram, lower=True, overwrite_a=True, check_finite=False)
    lower = np.tril(dpotri(half, lower=True, overwrite_c=True)[0])
    return lower + np.tril(lower, -1).T
