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

    ours = UpstreamPearson(4)
    for prediction, truth in zip(*(np.split(array, range(800, 3200, 800)) for array in spiked_inputs()), strict=True):
        ours.add(prediction, truth)
    np.testing.assert_allclose(ours.per_column, their_spiked_pearson(), atol=1e-6)
    assert np.isnan(ours.per_column).tolist() == [False, True, False, True]


@pytest.mark.filterwarnings("ignore:The variance of predictions")
def test_parts_merge_as_those_of_several_devices() -> None:
    from tools.reference.scores import score_inputs
    from tools.reference.torch_setup import skip_torchvision_operators
    from tribe_np.analysis.evaluation.upstream_metrics import UpstreamPearson

    skip_torchvision_operators()
    import torch
    from torchmetrics.regression.pearson import PearsonCorrCoef, _final_aggregation, _pearson_corrcoef_compute

    a = score_inputs(5)
    names = ("mean_x", "mean_y", "max_abs_dev_x", "max_abs_dev_y", "var_x", "var_y", "corr_xy", "n_total")
    ours, states = [], []
    for rows in (slice(0, 11), slice(11, 40), slice(40, 64)):
        theirs, mine = PearsonCorrCoef(num_outputs=24), UpstreamPearson(24)
        theirs.set_dtype(torch.float64)
        theirs.update(torch.tensor(a["prediction"][rows]), torch.tensor(a["truth"][rows]))
        mine.add(a["prediction"][rows], a["truth"][rows])
        ours.append(mine)
        states.append([getattr(theirs, name) for name in names])
    whole = _final_aggregation(*(torch.stack(list(parts)) for parts in zip(*states, strict=True)))
    for part in ours[1:]:
        ours[0].merge(part)
    expected = _pearson_corrcoef_compute(*whole[2:]).numpy()
    np.testing.assert_allclose(ours[0].per_column, expected, atol=1e-12)


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
