"""What a region listens to: the derivative of its predicted activity with respect to every feature at every step.

The encoder is no linear filter: its derivative depends on the stimulus, and is taken here where the given features are.
It says what a small change of a feature would do to the prediction, not what the brain does with it, and it knows of
no change that is not small: how much a modality matters in whole is what leaving it out says.

Three numbers a modality, row and step. With s the standard deviation of each feature over all windows and steps, m its
mean, and g = d(mean of the region at the row) / d(feature at the step):

    slope   sqrt(sum over features of g^2)        the most that a change of length 1 can do
    scaled  sqrt(sum over features of (g s)^2)    the same in standard deviations: comparable between modalities
    drive   sum over features of g (feature - m)  the share of what was shown in the prediction, to first order

A row's lag behind a step is the time from the stimulus to the BOLD signal that the row estimates: row r estimates the
signal at r * tr + offset, and step t is what is shown at t / frequency. Nothing is shifted.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from tribe_np.analysis.sensitivities.feature_moments import FeatureMoments, moments_of
from tribe_np.analysis.sensitivities.lag_curves import NUMBERS, LagCurves, LagGrid, LagSums, Numbers
from tribe_np.errors import ShapeError

DEFAULT_ROWS = 9  # of a window, that are asked about


class Differentiable(Protocol):
    """What is asked of an encoder (`tribe_np.FmriEncoder`)."""

    def pullback(self, features: Mapping[str, Any], subject_index: Any = None) -> tuple[Any, Callable[..., Any]]:
        """The prediction (B, V, R), and the function from its gradient to those of the features."""


@dataclass(frozen=True, eq=False)
class Sensitivity:
    """Each of `slope`, `scaled` and `drive` maps a modality to (B, n, T): windows, rows that were asked for, steps."""

    slope: Mapping[str, np.ndarray]
    scaled: Mapping[str, np.ndarray]
    drive: Mapping[str, np.ndarray]
    rows: np.ndarray  # (n,) TRs of a window
    lags: np.ndarray  # (n, T) seconds from what is shown to the signal that the row estimates; negative: shown after it
    prediction: np.ndarray  # (B, n) of the region
    grid: LagGrid

    def curves(self) -> LagCurves:
        """The means over rows and windows at each lag, of one region."""
        sums = LagSums(self.grid, list(self.scaled), 1)
        for b in range(len(self.prediction)):
            for i, row in enumerate(self.rows):
                one = {number: {m: x[b, i] for m, x in getattr(self, number).items()} for number in NUMBERS}
                sums.add(0, int(row), one)
        return sums.curves()

    def shares(self) -> dict[str, float]:
        """Each modality's share of the sum of the squares of `scaled`; they sum to one."""
        return {modality: float(share[0]) for modality, share in self.curves().shares().items()}

    def by_lag(self, modality: str, number: str = "scaled") -> tuple[np.ndarray, np.ndarray]:
        """The lags that occur, ascending, and at each the mean over rows and windows (see `LagCurves`).

        Shapes   -> (n lags,) seconds, (n lags,)
        """
        curves = self.curves()
        found = curves.counts > 0
        return curves.lags[found], getattr(curves, number)[modality][0, found]

    def best(self) -> tuple[str, float]:
        """The modality with the largest share, and its best lag (seconds); "" and NaN where none does anything."""
        curves = self.curves()
        strongest = int(curves.strongest()[0])
        return "" if strongest < 0 else curves.modalities[strongest], float(curves.lag_of_strongest()[0])


def sensitivity(
    encoder: Differentiable,
    features: Mapping[str, np.ndarray],
    *,
    columns: Sequence[int] | np.ndarray | None = None,
    rows: Sequence[int] | None = None,
    subject_index: Any = None,
    tr: float = 1.0,
    frequency: float = 2.0,
    offset: float = 5.0,
) -> Sensitivity:
    """The derivatives of a region's mean activity with respect to the features of every modality, step by step.

    `columns` are the region's among the encoder's outputs: all by default, so that an encoder of a selection is asked
    about that. `rows` are TRs of a window; by default nine, spread over its middle half, whose neighbours on both
    sides the window holds.
    Shapes   features {modality: (B, G, F, T) or (B, F, T)}
    Units    tr and offset in seconds, frequency in Hz: the configuration's
    Numerics one backward pass a row and window, exact up to the encoder's precision
    Raises   ShapeError for columns or rows that the prediction does not have, or features of unequal steps
    """
    n_windows, n_steps = _common_size(features)
    moments = moments_of(features)
    found: dict[str, list[dict[str, np.ndarray]]] = {number: [] for number in NUMBERS}
    predicted = []
    for b in range(n_windows):
        window = {modality: x[b : b + 1] for modality, x in features.items()}
        output, pull = encoder.pullback(window, None if subject_index is None else subject_index[b : b + 1])
        _, n_outputs, n_trs = output.shape
        weights = _mean_of(columns, n_outputs)
        chosen = _rows_of_window(rows, n_trs)
        shown = ShownWindow(window, moments)
        one = [shown.numbers(pull, weights, row, n_trs) for row in chosen]
        for number in NUMBERS:
            found[number].append({m: np.stack([numbers[number][m] for numbers in one]) for m in one[0][number]})
        predicted.append(
            [sum(weights[v] * float(output[0, v, row]) for v in np.flatnonzero(weights)) for row in chosen]
        )
    maps = {number: {m: np.stack([w[m] for w in windows]) for m in windows[0]} for number, windows in found.items()}
    grid = LagGrid(n_trs, n_steps, tr, frequency, offset)
    lags = np.stack([grid.of_row(row) for row in chosen])
    return Sensitivity(**maps, rows=np.asarray(chosen), lags=lags, prediction=np.asarray(predicted), grid=grid)


class ShownWindow:
    """The features of one window beside their moments, for the numbers of its rows."""

    def __init__(self, window: Mapping[str, np.ndarray], moments: Mapping[str, FeatureMoments]) -> None:
        self.deviations = {modality: moments[modality].deviation for modality in window}
        self.centred = {
            modality: np.asarray(x, np.float64).reshape(-1, x.shape[-1]) - moments[modality].mean
            for modality, x in window.items()
        }

    def numbers(self, pull: Callable[..., Any], weights: np.ndarray, row: int, n_trs: int) -> Numbers:
        """The three numbers of one row of the weighted mean of the encoder's outputs, each {modality: (T,)}."""
        grad = np.zeros((1, len(weights), n_trs))
        grad[0, :, row] = weights
        found: dict[str, dict[str, np.ndarray]] = {number: {} for number in NUMBERS}
        for modality, gradient in pull(grad, weights=False).on_host().features.items():
            slope = gradient[0].reshape(-1, gradient.shape[-1]).astype(np.float64)
            scaled = slope * self.deviations[modality]
            found["slope"][modality] = np.sqrt(np.einsum("ft,ft->t", slope, slope))
            found["scaled"][modality] = np.sqrt(np.einsum("ft,ft->t", scaled, scaled))
            found["drive"][modality] = np.einsum("ft,ft->t", slope, self.centred[modality])
        return found


def middle_half(n: int, count: int) -> list[int]:
    """At most `count` whole numbers below n, spread over their middle half; the middle one for a single one.

    >>> middle_half(100, 3), middle_half(6, 9), middle_half(100, 1)
    ([25, 50, 75], [1, 2, 3, 4], [50])
    """
    if count == 1:
        return [n // 2]
    return sorted({int(place) for place in np.linspace(n // 4, (3 * n) // 4, count)} & set(range(n)))


def _common_size(features: Mapping[str, np.ndarray]) -> tuple[int, int]:
    """Windows and steps that all modalities share."""
    sizes = {(x.shape[0], x.shape[-1]) for x in features.values() if x.ndim in (3, 4)}
    if len(sizes) != 1:
        shapes = ", ".join(f"{m} {tuple(x.shape)}" for m, x in features.items()) or "none"
        raise ShapeError(f"features must be (B, G, F, T) or (B, F, T) with the same B and T each, got {shapes}")
    return sizes.pop()


def _mean_of(columns: Sequence[int] | np.ndarray | None, n_outputs: int) -> np.ndarray:
    """Weights (V,) that make the mean over the columns."""
    if columns is None:
        return np.full(n_outputs, 1 / n_outputs)
    chosen = np.unique(np.asarray(columns))
    if chosen.size == 0 or chosen.dtype.kind not in "iu" or chosen[0] < 0 or chosen[-1] >= n_outputs:
        raise ShapeError(f"columns must be whole numbers in 0..{n_outputs - 1}, at least one")
    weights = np.zeros(n_outputs)
    weights[chosen] = 1 / len(chosen)
    return weights


def _rows_of_window(rows: Sequence[int] | None, n_trs: int) -> list[int]:
    if rows is None:
        return middle_half(n_trs, DEFAULT_ROWS)
    chosen = [int(row) for row in rows]
    if not chosen or min(chosen) < 0 or max(chosen) >= n_trs:
        raise ShapeError(f"rows must be in 0..{n_trs - 1}, at least one, got {chosen[:8]}")
    return chosen
