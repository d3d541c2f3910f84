"""Ridge on a head's own weights, where a fixed low-rank head stands between the encoder's states and them.

The subject layer reads z = A x, with the checkpoint's low-rank head A (C, D), and the penalty is on its weights P
(C, V). With A = U S V^T, z and P have nothing outside the span of U that helps: P = U Q, and the fit of Q on x V S with
the same penalty is the same fit. It has min(C, D) predictors (1,152 instead of 2,048 in released sizes), and every Q is
a P that the checkpoint can hold.
"""

from dataclasses import dataclass

import numpy as np

from tribe_np.errors import ShapeError


@dataclass(frozen=True, eq=False)
class HeadBasis:
    """The directions in which a low-rank head passes the states on.

    Shapes   inner (D, k) = V S, outer (C, k) = U; both None where the subject layer reads the states themselves
    """

    inner: np.ndarray | None
    outer: np.ndarray | None

    @classmethod
    def of(cls, low_rank_head: np.ndarray | None) -> "HeadBasis":
        """Of the checkpoint's `low_rank_head.weight`, (C, D), or of a checkpoint without one.

        Raises   ShapeError for something else
        """
        if low_rank_head is None:
            return cls(None, None)
        if low_rank_head.ndim != 2:
            raise ShapeError(f"a low-rank head must have shape (C, D), got {low_rank_head.shape}")
        u, s, vt = np.linalg.svd(low_rank_head.astype(np.float64), full_matrices=False)
        return cls(vt.T * s, u)

    def predictors(self, states: np.ndarray) -> np.ndarray:
        """What to fit on. Shapes   states (R, D) -> (R, k) float64, or the states themselves."""
        return states if self.inner is None else states @ self.inner

    def subject_weights(self, weights: np.ndarray) -> np.ndarray:
        """The weights of the subject layer. Shapes   weights (k, V) on `predictors` -> (C, V)."""
        return weights if self.outer is None else self.outer @ weights
