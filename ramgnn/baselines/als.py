"""ALS: matrix factorisation of implicit feedback, solved in turn for users and items; by the `implicit` package."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ramgnn.baselines.registry import register
from ramgnn.datasets.base import RecDataset
from ramgnn.errors import RamgnnError


@dataclass(frozen=True, eq=False)
class ALS:
    """y_ui = x_u · y_i.

    Attributes:
        users: ``(n_users, f)`` float32; items: ``(n_items, f)`` float32.
    """

    users: np.ndarray
    items: np.ndarray

    def scores(self, users: np.ndarray) -> np.ndarray:
        """``(b, n_items)`` float32."""
        return self.users[users] @ self.items.T

    __call__ = scores

    def user_embeddings(self) -> np.ndarray:
        """x_u of all users: ``(n_users, f)``."""
        return self.users

    def item_embeddings(self) -> np.ndarray:
        """y_i of all items: ``(n_items, f)``."""
        return self.items


@register("als", least={"factors": 1, "regularization": 0, "iterations": 1})
def fit(
    dataset: RecDataset,
    factors: int = 64,
    regularization: float = 10.0,
    confidence: float = 1.0,
    iterations: int = 15,
    seed: int = 0,
) -> ALS:
    """Minimise the weighted squares, for all users with the items held fixed, then for all items, in turn.

        Σ_ui c_ui (p_ui − x_u · y_i)² + λ (Σ_u ‖x_u‖² + Σ_i ‖y_i‖²)

    with p_ui = 1 for training interactions, else 0, and c_ui = `confidence` there, else 1. Hu, Koren and Volinsky,
    "Collaborative filtering for implicit feedback datasets", ICDM 2008, who write 1 + α for the confidence. With 1 all
    cells weigh the same. An iteration costs the interactions times f² and the nodes times f³.

    Args:
        factors: f; regularization: λ; confidence: above 0; iterations: of both halves; seed: of the start values.

    Raises:
        RamgnnError: `implicit` is not installed, or the confidence is not above 0.
    """
    if not confidence > 0:
        raise RamgnnError(f"confidence is {confidence}; expected a number above 0")
    try:
        from implicit.cpu.als import AlternatingLeastSquares
    except ImportError as error:
        raise RamgnnError(
            f"ALS needs the package implicit ({error}); install it: pip install 'ramgnn[experiments]'"
        ) from error
    model = AlternatingLeastSquares(
        factors=factors, regularization=regularization, alpha=confidence, iterations=iterations, random_state=seed,
        num_threads=1, use_cg=False, calculate_training_loss=False,
    )  # fmt: skip
    model.fit(dataset.matrix(), show_progress=False)
    return ALS(np.asarray(model.user_factors), np.asarray(model.item_factors))
