"""Scores against torchmetrics and neuraltrain, live."""

import numpy as np
import pytest

pytestmark = pytest.mark.parity


@pytest.mark.parametrize("seed", range(8))
def test_every_score_is_theirs(seed: int) -> None:
    from tools.reference.scores import compare

    rows = compare(seed)
    assert len(rows) == 11
    failing = [row for row in rows if not row.passes()]
    assert not failing, "\n".join(map(str, failing))


def test_a_column_of_one_spike_has_no_r_in_either() -> None:
    from tools.reference.scores import spiked_inputs, their_spiked_pearson
    from tribe_np.analysis.evaluation.upstream_metrics import UpstreamPearson

    ours = UpstreamPearson(3)
    for prediction, truth in zip(*(np.split(array, range(800, 3200, 800)) for array in spiked_inputs()), strict=True):
        ours.add(prediction, truth)
    np.testing.assert_allclose(ours.per_column, their_spiked_pearson(), atol=1e-6)
    assert np.isnan(ours.per_column).tolist() == [False, True, False]


@pytest.mark.filterwarnings("ignore:The variance of predictions")
def test_upstreams_float32_finds_an_r_for_a_constant() -> None:
    """The one place where the numbers differ: docs/differences.md says so."""
    from tools.reference.torch_setup import skip_torchvision_operators

    skip_torchvision_operators()
    import torch
    from neuraltrain.metrics.metrics import OnlinePearsonCorr

    from tribe_np.analysis.evaluation.upstream_metrics import UpstreamPearson

    rng = np.random.default_rng(0)
    truth = rng.normal(size=(57, 4)).astype(np.float32)
    prediction = (0.4 * truth + rng.normal(size=truth.shape)).astype(np.float32)
    truth[:, 1], truth[:, 2] = 0.1, 0
    theirs, ours = OnlinePearsonCorr(dim=0, reduction="none"), UpstreamPearson(4)
    for p, t in zip(np.split(prediction, [20]), np.split(truth, [20]), strict=True):
        theirs.update(torch.tensor(p), torch.tensor(t))
        ours.add(p, t)
    assert np.isnan(theirs.compute().numpy()).tolist() == [False, False, True, False]
    assert np.isnan(ours.per_column).tolist() == [False, True, True, False]
