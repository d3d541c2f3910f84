"""Ridge in the basis of a low-rank head is ridge on the subject layer's own weights."""

import numpy as np
import pytest
from scipy.linalg import cho_factor, cho_solve

from tribe_np.analysis.fitting.contiguous_folds import contiguous_folds
from tribe_np.analysis.fitting.head_basis import HeadBasis
from tribe_np.analysis.fitting.normal_equations import FitRun
from tribe_np.analysis.fitting.ridge import ridge
from tribe_np.errors import ShapeError


@pytest.mark.parametrize("rank", [40, 24, 7])
def test_it_is_ridge_on_what_the_subject_layer_reads(rank: int) -> None:
    random = np.random.default_rng(0)
    states, head = random.normal(size=(300, 24)), random.normal(size=(rank, 24)).astype(np.float32)
    measured = (states @ random.normal(size=(24, 15)) + random.normal(size=(300, 15))).astype(np.float32)
    basis, penalty = HeadBasis.of(head), 7.5
    predictors = basis.predictors(states)
    assert predictors.shape == (300, min(rank, 24))
    fit = ridge([FitRun("run", predictors, measured)], contiguous_folds([300], 3), penalties=[penalty])
    found = basis.subject_weights(fit.weights)
    z = states @ head.T.astype(float)
    about, truth = z - z.mean(axis=0), measured - measured.mean(axis=0, dtype=float)
    expected = cho_solve(cho_factor(about.T @ about + penalty * np.eye(rank)), about.T @ truth)
    assert found.shape == (rank, 15)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-8)
    np.testing.assert_allclose(z @ found + fit.intercept, fit.predict(predictors), rtol=0, atol=1e-10)


def test_without_a_low_rank_head_states_are_the_predictors() -> None:
    basis, states = HeadBasis.of(None), np.ones((3, 4))
    assert basis.predictors(states) is states
    assert basis.subject_weights(states) is states
    with pytest.raises(ShapeError, match=r"\(C, D\), got \(3,\)"):
        HeadBasis.of(np.ones(3))
