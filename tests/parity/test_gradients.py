"""The encoder's gradients against torch's autograd on neuraltrain's and x-transformers' live parts, in float64."""

import pytest

pytestmark = pytest.mark.parity
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


@pytest.mark.parametrize("number", range(6))
@pytest.mark.filterwarnings("ignore:features contain the unknown smell")
def test_gradients_of_edges_that_upstream_runs(number: int) -> None:
    from tools.reference.encoder_cases import edge_cases
    from tools.reference.encoder_gradients import gradient_errors
    from tools.reference.encoder_peer import composed

    errors = gradient_errors(edge_cases()[number], composed)
    assert not {name: error for name, error in errors.items() if error > BOUND}
