"""Our encoder against what tribev2's FmriEncoderModel gave, stage by stage, without torch."""

import json

import numpy as np
import pytest

from tests import fake_device
from tests.encoder.golden_case import FLOAT32_BOUND, FLOAT64_BOUND, GOLDEN, NAMES, load
from tribe_np.backend import to_host
from tribe_np.oracle import relative_error, trace


@pytest.mark.parametrize("name", NAMES)
def test_every_stage_in_float64(name: str) -> None:
    errors = load(name).errors(precision="float64")
    assert len(errors) >= 3
    assert not {stage: error for stage, error in errors.items() if error > FLOAT64_BOUND}


@pytest.mark.parametrize("name", NAMES)
def test_every_stage_in_float32(name: str) -> None:
    case = load(name)
    assert not {stage: error for stage, error in case.errors().items() if error > FLOAT32_BOUND}
    output = case.encoder()(case.features, case.subject_index)
    assert output.dtype == np.float32
    assert relative_error(output, case.output32) <= FLOAT32_BOUND


def test_the_released_configuration_shows_exactly_these_stages() -> None:
    case = load("released")
    with trace() as recording:
        case.encoder()(case.features)
    expected = json.loads((GOLDEN / "encoder_taps.json").read_text(encoding="utf-8"))
    assert recording.names() == [f"encoder.{name}" for name in expected]


@pytest.mark.parametrize("name", NAMES)
def test_the_fake_device_gives_the_same_bits(name: str) -> None:
    case = load(name)
    on_device = case.encoder(device=fake_device.module)(case.features, case.subject_index)
    assert isinstance(on_device, fake_device.FakeArray)
    np.testing.assert_array_equal(to_host(on_device), case.encoder()(case.features, case.subject_index))


@pytest.mark.parametrize("exact_order", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_a_trace_changes_no_bit_in_either_order(name: str, exact_order: bool) -> None:
    case = load(name)
    encoder = case.encoder(exact_order=exact_order)
    silent = encoder(case.features, case.subject_index)
    with trace() as recording:
        traced = encoder(case.features, case.subject_index)
    np.testing.assert_array_equal(traced, silent)
    np.testing.assert_array_equal(recording["encoder.output"], silent)


@pytest.mark.parametrize("name", NAMES)
def test_both_orders_are_the_reference(name: str) -> None:
    case = load(name)
    for exact_order in (False, True):
        out = case.encoder(precision="float64", exact_order=exact_order)(case.features, case.subject_index)
        assert relative_error(out, case.stages["output"]) <= FLOAT64_BOUND
        out = case.encoder(exact_order=exact_order)(case.features, case.subject_index)
        assert relative_error(out, case.output32) <= FLOAT32_BOUND


@pytest.mark.parametrize("name", ["released", "layer_norm"])
def test_an_example_alone_equals_the_example_in_a_batch(name: str) -> None:
    case = load(name)
    encoder = case.encoder(precision="float64")
    doubled = {m: np.concatenate([x, x[::-1] + 1]) for m, x in case.features.items()}
    n = len(next(iter(case.features.values())))
    index = None if case.subject_index is None else np.concatenate([case.subject_index, case.subject_index])
    whole = encoder(doubled, index)
    np.testing.assert_allclose(whole[:n], encoder(case.features, case.subject_index), rtol=0, atol=1e-13)
