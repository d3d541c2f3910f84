"""The encoder's gradients against torch's autograd on neuraltrain's and x-transformers' live parts, in float64."""

import numpy as np
import pytest

from tests.parity.bounds import stages_within_bounds
from tribe_np.encoder.training.adam import Adam, Moments
from tribe_np.encoder.training.one_cycle import OneCycle

pytestmark = pytest.mark.parity
N_OPTION_CASES = 81
BOUND = 1e-10  # largest error over the RMS of the gradient; the worst of these is 1e-13


@pytest.mark.parametrize("exact_order", [False, True])
@pytest.mark.parametrize("seed", range(24))
def test_every_gradient_is_autograds(seed: int, exact_order: bool) -> None:
    from tools.reference.encoder_cases import random_case
    from tools.reference.encoder_gradients import gradient_errors
    from tools.reference.encoder_peer import composed

    errors = gradient_errors(random_case(seed), composed, exact_order=exact_order)
    assert len(errors) >= 8
    assert not {name: error for name, error in errors.items() if error > BOUND}


@pytest.mark.parametrize("number", range(N_OPTION_CASES))
def test_gradients_of_every_option(number: int) -> None:
    from tools.reference.encoder_gradients import gradient_errors
    from tools.reference.encoder_peer import composed
    from tools.reference.option_cases import option_cases

    cases = option_cases()
    assert len(cases) == N_OPTION_CASES
    errors = gradient_errors(cases[number], composed)
    assert not {name: error for name, error in errors.items() if error > BOUND}


@pytest.mark.parametrize("seed", range(12))
def test_float32_is_as_near_as_torchs(seed: int) -> None:
    from tools.reference.encoder_gradients import compare

    assert stages_within_bounds(compare(seed), floor=None) == {
        "gradients/stages", "gradients/features", "gradients/weights"
    }  # fmt: skip


@pytest.mark.parametrize("seed", range(6))
def test_training_is_torchs(seed: int) -> None:
    from tools.reference.training import KINDS, compare

    assert stages_within_bounds(compare(seed), floor=None) == {f"training/{kind}" for kind in KINDS}


@pytest.mark.parametrize("number", range(6))
@pytest.mark.filterwarnings("ignore:features contain the unknown smell")
def test_gradients_of_edges_that_upstream_runs(number: int) -> None:
    from tools.reference.encoder_cases import edge_cases
    from tools.reference.encoder_gradients import gradient_errors
    from tools.reference.encoder_peer import composed

    errors = gradient_errors(edge_cases()[number], composed)
    assert not {name: error for name, error in errors.items() if error > BOUND}


@pytest.mark.parametrize("weight_decay", [0.0, 0.01])
@pytest.mark.parametrize(("total", "pct_start", "anneal"), [(30, 0.1, "cos"), (17, 0.3, "linear")])
def test_adam_under_its_schedule_is_torchs(total: int, pct_start: float, anneal: str, weight_decay: float) -> None:
    import torch

    rng = np.random.default_rng(0)
    weights = {"a": rng.standard_normal((5, 3)), "b": rng.standard_normal(4)}
    parameters = {name: torch.nn.Parameter(torch.from_numpy(x.copy())) for name, x in weights.items()}
    optimizer = torch.optim.Adam(parameters.values(), lr=1.0, weight_decay=weight_decay)
    options = {"total_steps": total, "pct_start": pct_start, "anneal_strategy": anneal}
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.1, **options)
    schedule, adam = OneCycle(total, max_lr=0.1, pct_start=pct_start, anneal=anneal), Adam(weight_decay=weight_decay)
    moments = Moments()
    for step in range(total):
        gradients = {name: rng.standard_normal(x.shape) * 10.0 ** (-step) for name, x in weights.items()}
        if step % 3 == 1:
            del gradients["b"]  # its count falls behind
        for name, parameter in parameters.items():
            parameter.grad = torch.from_numpy(gradients[name]) if name in gradients else None
        lr, beta1 = schedule.at(step)
        assert (lr, beta1) == pytest.approx((optimizer.param_groups[0]["lr"], optimizer.param_groups[0]["betas"][0]))
        weights, moments = adam.moved(weights, gradients, moments, lr=lr, beta1=beta1)
        optimizer.step()
        scheduler.step()
        for name, parameter in parameters.items():
            np.testing.assert_allclose(weights[name], parameter.detach().numpy(), rtol=1e-12, atol=1e-12)
