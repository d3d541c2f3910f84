"""One linear map per subject, with a last row for unseen subjects."""

from dataclasses import dataclass, replace

import numpy as np

from tribe_np.backend import array_module, to_device, to_host
from tribe_np.encoder.config import SubjectLayersConfig
from tribe_np.errors import CheckpointError, ConfigError, ShapeError
from tribe_np.protocols import Array, Weights


@dataclass(frozen=True, eq=False)
class SubjectLayers:
    """x @ weights[row] + bias[row]; weights lie (rows, in, out), not transposed as a linear layer's.

    The rows of the file decide what it can do: one row is a released average-only model, k + 1 rows are k subjects
    and the average ("dropout") row, if the configuration has a subject_dropout other than 0.
    Source   neuraltrain 0.0.2 SubjectLayersModel
    """

    weights: Array  # (rows, C, V)
    bias: Array | None  # (rows, V)
    has_average_row: bool
    always_average: bool  # config average_subjects: indices are ignored, as upstream

    @classmethod
    def from_weights(
        cls, weights: Weights, config: SubjectLayersConfig, n_in: int, n_out: int, columns: np.ndarray | None = None
    ) -> "SubjectLayers":
        """Takes `weights` and `bias`; with `columns`, keeps only those outputs.

        Raises   CheckpointError for weights of another shape
        """
        shape = weights.shape("weights")
        if len(shape) != 3 or shape[0] < 1:
            raise CheckpointError(f"subject layers: weights must have shape (rows, {n_in}, {n_out}), got {shape}")
        rows = shape[0]
        table = weights.take("weights", (rows, n_in, n_out))
        bias = weights.take("bias", (rows, n_out)) if config.bias else None
        if columns is not None:
            xp = array_module(table)
            columns = to_device(columns, xp)
            table = xp.take(table, columns, axis=2)
            bias = None if bias is None else xp.take(bias, columns, axis=1)
        return cls(table, bias, config.has_average_row, config.average_subjects)

    @property
    def n_rows(self) -> int:
        """Rows of the file, the average row included."""
        return int(self.weights.shape[0])

    @property
    def n_subjects(self) -> int:
        """Subjects with a row of their own: all rows but the average one."""
        return self.n_rows - int(self.has_average_row)

    def rows(self, subject_index: Array | None, batch_size: int) -> list[int]:
        """The row of each example.

        Raises   ConfigError when there is no average row; ShapeError for an index of the wrong kind, count or range
        """
        if subject_index is None or self.always_average:
            if not self.has_average_row:
                raise ConfigError(
                    "this model has no average subject (subject_dropout is unset): "
                    f"pass subject_index, one integer below {self.n_rows} per example"
                )
            return [self.n_rows - 1] * batch_size
        index = np.asarray(to_host(subject_index) if hasattr(subject_index, "dtype") else subject_index)
        if index.dtype.kind not in "iu" or index.size != batch_size:
            raise ShapeError(
                f"subject_index must be {batch_size} integers, one per example, got {index.dtype} {index.shape}"
            )
        if index.min() < 0 or index.max() >= self.n_rows:
            raise ShapeError(f"subject_index must be in 0..{self.n_rows - 1}, got {index.reshape(-1).tolist()[:8]}")
        return [int(row) for row in index.reshape(-1)]

    def after(self, matrix: Array) -> "SubjectLayers":
        """The same layers with a linear map in front: one product instead of two.

        Shapes   matrix (D, C) -> weights (rows, D, V)
        """
        return replace(self, weights=matrix @ self.weights)

    def __call__(self, x: Array, subject_index: Array | None) -> Array:
        """Shapes   x (B, T, C) -> (B, T, V)."""
        xp = array_module(x, self.weights)
        B, T, C = x.shape
        rows = self.rows(subject_index, B)
        if len(set(rows)) == 1:  # one product over the whole batch
            return self._apply(x.reshape(B * T, C), rows[0]).reshape(B, T, -1)
        return xp.stack([self._apply(x[b], row) for b, row in enumerate(rows)])

    def _apply(self, x: Array, row: int) -> Array:
        y = x @ self.weights[row]
        if self.bias is not None:
            y += self.bias[row]  # the product is ours: no second array
        return y
