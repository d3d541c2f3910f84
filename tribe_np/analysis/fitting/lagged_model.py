"""A linear model of raw features with lags: the finite impulse response that encoders are compared with.

Features are z-scored by the rows of the fit, and delayed before others are left out: the first row that has BOLD may
need features from before it. What a row that is kept out shows has no part in the scale.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tribe_np.analysis.fitting.contiguous_folds import ContiguousFold
from tribe_np.analysis.fitting.fir_features import ColumnScale, delayed_kernel
from tribe_np.analysis.fitting.kernel_ridge import KernelFit, kernel_ridge, mixed_kernel
from tribe_np.errors import ConfigError, ShapeError

MOST_ROWS = 12_000
"""Rows whose products are taken: over three hours, 1.2 GB for each modality."""


@dataclass(frozen=True, eq=False)
class LaggedRun:
    """One run with features of its whole stimulus.

    Shapes   features {modality: (R, F)}; kept (r,) the rows that are fitted; measured (r, V), may be a memmap
    """

    features: Mapping[str, np.ndarray]
    kept: np.ndarray
    measured: np.ndarray


@dataclass(frozen=True, eq=False)
class LaggedProducts:
    """The rows of a fit with their products.

    Shapes   kernels {modality: (R, R)} over the kept rows of all runs, one after the other
    """

    runs: Sequence[LaggedRun]
    delays: tuple[int, ...]
    scales: Mapping[str, ColumnScale]
    kernels: Mapping[str, np.ndarray]

    @classmethod
    def of(cls, runs: Sequence[LaggedRun], delays: Sequence[int]) -> "LaggedProducts":
        """Raises   ConfigError for too many rows; ShapeError for runs with different modalities."""
        n_rows = sum(len(run.kept) for run in runs)
        if n_rows > MOST_ROWS:
            raise ConfigError(
                f"a linear model of features needs the products of {n_rows} rows with each other, at most {MOST_ROWS} "
                "are taken; leave it out, or fit on fewer runs"
            )
        if len({tuple(run.features) for run in runs}) != 1:
            raise ShapeError(f"runs have different modalities: {[list(run.features) for run in runs]}")
        scales = {
            m: ColumnScale.of([run.features[m] for run in runs], [run.kept for run in runs]) for m in runs[0].features
        }
        found = cls(runs, tuple(delays), scales, {})
        return cls(runs, found.delays, scales, {m: found._products(m, None) for m in scales})

    def across(self, features: Mapping[str, np.ndarray], rows: np.ndarray) -> dict[str, np.ndarray]:
        """Products of rows of another stimulus, or of this one, with those of the fit.

        Shapes   features {modality: (R', F)} of the whole stimulus; rows (r',) of it -> {modality: (r', R)}
        """
        return {m: self._products(m, features[m])[rows] for m in self.scales}

    def _products(self, modality: str, other: np.ndarray | None) -> np.ndarray:
        scale = self.scales[modality]
        mine = [scale.applied(run.features[modality]) for run in self.runs]
        ends = np.cumsum([0, *(len(run) for run in mine)])
        kept = np.concatenate([first + run.kept for first, run in zip(ends[:-1], self.runs, strict=True)])
        if other is not None:
            across: np.ndarray = delayed_kernel([scale.applied(other)], mine, self.delays)[:, kept]
            return across
        among: np.ndarray = delayed_kernel(mine, None, self.delays)[np.ix_(kept, kept)]
        return among


@dataclass(frozen=True, eq=False)
class LaggedModel:
    """A fit on lagged features: one penalty for all modalities, or a share for each (`is_banded`)."""

    rows: LaggedProducts
    fit: KernelFit
    is_banded: bool

    def predict(self, products: Mapping[str, np.ndarray]) -> np.ndarray:
        """Shapes   products, what `rows.across` gives, {modality: (r', R)} -> (r', V)."""
        return self.fit.predict(_bands(products, self.is_banded))


def lagged_model(
    rows: LaggedProducts,
    folds: Sequence[ContiguousFold],
    *,
    shares: np.ndarray | None = None,
    beside: Mapping[str, np.ndarray] | None = None,
    **options: Any,
) -> LaggedModel:
    """Ridge on the lagged features of all modalities together, or, with `shares` (n, modalities), banded ridge.

    `beside`, what `rows.across` gives of other rows, and `options` are those of `kernel_ridge`; folds are over the kept
    rows.
    """
    is_banded = shares is not None
    fit = kernel_ridge(
        _bands(rows.kernels, is_banded), [run.measured for run in rows.runs], folds, shares=shares,
        beside=None if beside is None else _bands(beside, is_banded), **options,
    )  # fmt: skip
    return LaggedModel(rows, fit, is_banded)


def _bands(products: Mapping[str, np.ndarray], is_banded: bool) -> list[np.ndarray]:
    """Each modality by itself, or the sum of all."""
    bands = list(products.values())
    return bands if is_banded else [mixed_kernel(bands, np.ones(len(bands)))]
