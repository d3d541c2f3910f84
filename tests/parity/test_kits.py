"""Every case of every kit against the real libraries: what a kit calls right is what upstream computes."""

import pytest

from tribe_np.oracle.kit_models.kit_catalogue import MODELS, kit_model

pytestmark = pytest.mark.parity

CASES = [(model, case.name) for model in MODELS for case in kit_model(model).cases]
FLOAT64_BOUND = 1e-12
FLOAT32_BOUND = 1e-4


@pytest.mark.parametrize(("model", "case"), CASES)
def test_a_kit_is_what_the_real_library_computes(model: str, case: str) -> None:
    from tools.reference.kit_peers import peer_recording
    from tribe_np.oracle import relative_error
    from tribe_np.oracle.kits.kit import make_kit

    kit = make_kit(model, case)
    for precision, bound in (("float64", FLOAT64_BOUND), ("float32", FLOAT32_BOUND)):
        theirs = peer_recording(kit, precision)
        shown = [name for name in kit.expected.names() if name in theirs]
        errors = {name: relative_error(theirs[name], kit.expected[name]) for name in shown}
        assert len(shown) > len(kit.expected) // 2, set(kit.expected.names()) - set(theirs)
        assert not {name: error for name, error in errors.items() if not error <= bound}
