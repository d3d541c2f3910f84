"""Summaries: the places that another language must find too, statistics, files, and comparisons with whole arrays."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.encoder.golden_case import load
from tribe_np.errors import RecordingError
from tribe_np.formats.safetensors import read_header, write_safetensors
from tribe_np.oracle import Recording, Summary, SummaryRecording, compare, trace
from tribe_np.oracle.summaries import N_PLACES, sample_places

MASK = (1 << 64) - 1


def place_by_hand(k: int, n: int) -> int:
    """The formula of the module's docstring with whole numbers of any length."""
    z = (k + 1) * 0x9E3779B97F4A7C15 & MASK
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & MASK
    z = (z ^ z >> 27) * 0x94D049BB133111EB & MASK
    z ^= z >> 31
    first, after = k * n // N_PLACES, (k + 1) * n // N_PLACES
    return first + z % (after - first)


@given(st.integers(0, 1 << 45))
def test_places_are_the_formulas_ascending_and_inside(n: int) -> None:
    places = sample_places(n)
    assert len(places) == min(n, N_PLACES)
    assert np.all(np.diff(places) > 0)
    if n > N_PLACES:
        assert places.tolist() == [place_by_hand(k, n) for k in range(N_PLACES)]
    else:
        assert places.tolist() == list(range(n))


def test_pinned_places() -> None:
    assert sample_places(5000)[[0, 1, 2, 511, 1023]].tolist() == [3, 4, 13, 2499, 4999]


def test_a_fixed_step_would_miss_channels_and_these_do_not() -> None:
    channels = sample_places(1024 * 64) % 64
    assert len(set(channels.tolist())) == 64


def test_statistics_are_of_the_finite_numbers() -> None:
    found = Summary.of(np.array([[3.0, -np.inf, np.nan], [-4.0, 0.0, 1.0]], np.float32))
    assert (found.shape, found.dtype, found.n_not_finite) == ((2, 3), "float32", 2)
    assert (found.mean, found.rms) == (0.0, pytest.approx(np.sqrt(26 / 4)))
    assert (found.smallest, found.largest) == (-4, 3)
    np.testing.assert_array_equal(found.sample, np.float32([3, -np.inf, np.nan, -4, 0, 1]))
    empty = Summary.of(np.zeros((0, 3)))
    assert (empty.shape, empty.mean, empty.rms, empty.sample.shape) == ((0, 3), 0, 0, (0,))
    assert Summary.of(np.arange(6)).mean == 2.5
    assert Summary.of(np.full(10, 1e30, np.float32)).rms == pytest.approx(1e30)


def test_a_trace_of_summaries_is_that_of_the_arrays(tmp_path: Path) -> None:
    case = load("released")
    encoder = case.encoder()
    plain = encoder(case.features)
    with trace() as whole, trace(summary=True) as short:
        np.testing.assert_array_equal(encoder(case.features), plain)
    assert short.names() == whole.names()
    assert all(row.max_error == 0 for row in compare(short, whole.summary()))
    assert short.first_difference(whole, bound=0) is None
    assert whole.first_difference(short, bound=0) is None
    short.save(tmp_path / "short.safetensors")
    loaded = SummaryRecording.load(tmp_path / "short.safetensors")
    assert loaded.names() == whole.names()
    assert loaded.first_difference(whole, bound=0) is None
    name = "encoder.layers.0.query"
    assert loaded[name].as_json() == Summary.of(whole[name]).as_json()
    assert read_header(tmp_path / "short.safetensors")[0][name].shape == loaded[name].sample.shape


def test_an_error_between_the_samples_shows_in_the_statistics() -> None:
    x = np.random.default_rng(0).normal(size=(8, 4096))
    other = x.copy()
    spared = np.setdiff1d(np.arange(x.size), sample_places(x.size))
    other.reshape(-1)[spared[:2000]] += 1
    ours, reference = Recording({"a": other}), Recording({"a": x})
    (row,) = compare(ours.summary(), reference)
    (truth,) = compare(ours, reference)
    assert 0.01 < row.max_error <= truth.max_error
    assert 0.01 < row.rms_error <= truth.rms_error


@given(st.integers(0, 1 << 20), st.floats(1e-6, 10))
def test_a_summary_never_shows_more_than_the_arrays(seed: int, size: float) -> None:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=3000)
    y = x + size * rng.normal(size=3000)
    (row,), (truth,) = (compare(r(y), r(x)) for r in (summarized, recorded))
    assert row.max_error <= truth.max_error * (1 + 1e-9)


def summarized(x: np.ndarray) -> SummaryRecording:
    return recorded(x).summary()


def recorded(x: np.ndarray) -> Recording:
    return Recording({"a": x})


def test_shapes_and_masks_that_differ() -> None:
    (row,) = compare(summarized(np.ones((2, 3))), summarized(np.ones((3, 2))))
    assert (row.max_error, row.note) == (np.inf, "shapes (2, 3) and (3, 2)")
    (row,) = compare(summarized(np.array([1.0, np.inf])), summarized(np.ones(2)))
    assert (row.max_error, row.note) == (np.inf, "1 and 0 are not finite")


def test_files_that_hold_no_summaries(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    Recording({"x": np.ones(2)}).save(path)
    with pytest.raises(RecordingError, match=r"a\.safetensors: holds no summaries"):
        SummaryRecording.load(path)
    summarized(np.ones(2)).save(path)
    with pytest.raises(RecordingError, match=r"a\.safetensors: holds summaries; SummaryRecording"):
        Recording.load(path)
    for about, said in (
        ({"y": {}}, "differ from the tensors"),
        ({"x": {"shape": [2]}}, "summary of x lacks fields"),
        ({"x": Summary.of(np.ones(3)).as_json()}, r"summary of x: a shape of \(3,\) does not have \(2,\) samples"),
    ):
        write_safetensors(path, {"x": np.ones(2)}, metadata={"names": "x", "summaries": json.dumps(about)})
        with pytest.raises(RecordingError, match=said):
            SummaryRecording.load(path)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("shape", [1e30], "expected a whole number"),
        ("shape", [-1, -2], "expected a whole number"),
        ("n_not_finite", float("inf"), "expected a whole number"),
        ("mean", 10**400, "not numbers"),
        ("rms", float("nan"), "must be finite"),
        ("rms", -1.0, "rms not below 0"),
        ("largest", float("inf"), "must be finite"),
    ],
)
def test_statistics_that_no_array_has_are_refused(field: str, value: object, said: str, tmp_path: Path) -> None:
    about = {"x": {**Summary.of(np.ones(2)).as_json(), field: value}}
    path = tmp_path / "a.safetensors"
    write_safetensors(path, {"x": np.ones(2)}, metadata={"names": "x", "summaries": json.dumps(about)})
    with pytest.raises(RecordingError, match=said):
        SummaryRecording.load(path)


@pytest.mark.parametrize("size", [1e-300, 1e200, 1e308])
def test_statistics_of_numbers_whose_squares_are_not_float64(size: float) -> None:
    x = np.array([1.0, -1.0, 0.5, 1.0]) * size
    with np.errstate(all="raise", under="ignore"):
        summary = Summary.of(x)
    assert summary.mean == pytest.approx(0.375 * size)
    assert summary.rms == pytest.approx(np.sqrt(3.25 / 4) * size)
    (row,) = compare(recorded(x / 2), recorded(x))
    assert row.max_error == pytest.approx(0.5 / np.sqrt(3.25 / 4))
    assert row.rms_error == pytest.approx(0.5)
    assert recorded(x / 2).first_difference(recorded(x)) is not None
    assert recorded(x).first_difference(recorded(x)) is None
