"""A linear model of lagged features: the same as ridge on the features that were delayed by hand, also at edges."""

from typing import Any

import numpy as np
import pytest

from tools.reference.linear_fits import DELAYS, KERNEL_PENALTIES, WIDE, made_rows, shares_tried
from tribe_np.analysis.fitting import lagged_model as module
from tribe_np.analysis.fitting.banded_ridge import banded_ridge
from tribe_np.analysis.fitting.contiguous_folds import contiguous_folds
from tribe_np.analysis.fitting.fir_features import delayed_rows
from tribe_np.analysis.fitting.lagged_model import LaggedProducts, LaggedRun, lagged_model
from tribe_np.analysis.fitting.normal_equations import FitRun
from tribe_np.analysis.fitting.ridge import ridge
from tribe_np.errors import ConfigError, ShapeError

KEPT = [np.arange(4, 66), np.arange(0, 50), np.arange(0, 80)]  # rows with BOLD, of runs of 70, 50 and 83
FIRSTS = (0, 70, 120)
NAMES = ("text", "audio", "video")


def made() -> tuple[list[LaggedRun], list[FitRun], list[np.ndarray]]:
    """Runs as the model takes them, and the same with features z-scored and delayed by hand; these of all rows too."""
    rows = made_rows(WIDE, seed=1)
    fitted = np.concatenate([first + kept for first, kept in zip(FIRSTS, KEPT, strict=True)])
    scaled = [(band - band[fitted].mean(axis=0)) / band[fitted].std(axis=0) for band in rows.bands]
    parts, plain, whole = [], [], []
    for i, (measured, kept) in enumerate(zip(rows.split(rows.measured), KEPT, strict=True)):
        features = {name: rows.split(band)[i] for name, band in zip(NAMES, rows.bands, strict=True)}
        parts.append(LaggedRun(features, kept, measured[kept]))
        whole.append(np.hstack([delayed_rows(rows.split(band)[i], DELAYS) for band in scaled]))
        plain.append(FitRun(f"run-{i}", whole[-1][kept], measured[kept]))
    return parts, plain, whole


@pytest.mark.parametrize("banded", [False, True])
def test_it_is_ridge_on_delayed_features(banded: bool) -> None:
    parts, plain, whole = made()
    lengths = [len(kept) for kept in KEPT]
    folds = contiguous_folds(lengths, 4, by="blocks", gap=3)
    options: dict[str, Any] = {"penalties": KERNEL_PENALTIES}
    shares = shares_tried() if banded else None
    found = lagged_model(LaggedProducts.of(parts, DELAYS), folds, shares=shares, **options)
    widths = [len(DELAYS) * width for width in WIDE]
    expected = (
        banded_ridge(plain, folds, widths, shares=shares, **options) if banded else ridge(plain, folds, **options)
    )
    np.testing.assert_array_equal(found.fit.penalty, expected.penalty)
    np.testing.assert_array_equal(found.fit.shares if banded else 1, expected.shares if banded else 1)
    np.testing.assert_allclose(found.fit.score, expected.score, rtol=0, atol=1e-9)
    rows = np.array([0, 1, 66, 69])  # rows that were not fitted, and whose delays reach beyond those that were
    predicted = found.predict(found.rows.across(parts[0].features, rows))
    np.testing.assert_allclose(predicted, expected.predict(whole[0][rows]), rtol=0, atol=1e-6)


def test_what_cannot_be_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    parts, _, _ = made()
    fewer = LaggedRun({"text": parts[0].features["text"]}, parts[0].kept, parts[0].measured)
    with pytest.raises(ShapeError, match="different modalities"):
        LaggedProducts.of([parts[1], fewer], DELAYS)
    monkeypatch.setattr(module, "MOST_ROWS", 100)
    with pytest.raises(ConfigError, match="products of 192 rows with each other, at most 100 are taken"):
        LaggedProducts.of(parts, DELAYS)
