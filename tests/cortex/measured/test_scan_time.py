"""Times of a scan: what headers and sidecars say, and values at even times."""

import json
from pathlib import Path

import numpy as np
import pytest

from tribe_np.cortex.measured.scan_time import at_times, even_times, scan_time, sidecar_path
from tribe_np.errors import ConfigError, MeasurementError
from tribe_np.formats.voxel_files import HeaderInterval


def found(tmp_path: Path, seconds: float | None, *, unit: bool = True, given: float | None = None, **sidecar: object):
    warn: list[str] = []
    if sidecar:
        (tmp_path / "a_bold.json").write_text(json.dumps(sidecar))
    return scan_time(HeaderInterval(seconds, unit), tmp_path / "a_bold.nii.gz", given, warn), warn


def test_the_header_is_taken_where_it_can_be(tmp_path: Path) -> None:
    time, warn = found(tmp_path, float(np.float32(1.49)))
    assert (time.tr, time.start, time.origin, warn) == (1.49, 0.0, "the header", [])


@pytest.mark.parametrize(
    ("seconds", "unit", "said"),
    [
        (2000.0, True, "says 2000 s between volumes.*--tr 2$"),
        (1490.0, False, "--tr 1.49$"),
        (None, True, "says no interval"),
        (1.0, False, "1 between volumes without a unit"),
        (0.002, True, "expected 0.05 to 30 s"),
    ],
)
def test_an_impossible_interval_is_asked_for(tmp_path: Path, seconds: float, unit: bool, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        found(tmp_path, seconds, unit=unit)
    assert found(tmp_path, seconds, unit=unit, given=1.5)[0].tr == 1.5


def test_both_hemispheres_may_share_a_sidecar(tmp_path: Path) -> None:
    (tmp_path / "sub-01_bold.json").write_text('{"RepetitionTime": 1.5}')
    path = tmp_path / "sub-01_hemi-L_bold.func.gii"
    assert scan_time(HeaderInterval(None, False), path, None, []).tr == 1.5


def test_a_second_from_the_header_alone_is_said(tmp_path: Path) -> None:
    time, warn = found(tmp_path, 1.0)
    assert time.tr == 1
    assert "--tr 1 confirms it" in warn[0]
    assert found(tmp_path, 1.0, given=1.0)[1] == []
    assert found(tmp_path, 1.0, RepetitionTime=1.0)[1] == []


def test_the_sidecar_comes_first_and_a_contradiction_is_said(tmp_path: Path) -> None:
    time, warn = found(tmp_path, 2.0, RepetitionTime=1.5, StartTime=0.75)
    assert (time.tr, time.start) == (1.5, 0.75)
    assert "its header says 2 s" in warn[0]
    assert "a_bold.json says 1.5 s, which was used" in warn[0]
    time, warn = found(tmp_path, 2.0, given=3.0, RepetitionTime=1.5)
    assert time.tr == 3
    assert len(warn) == 2


@pytest.mark.parametrize("sidecar", [
    {"RepetitionTime": "2"}, {"RepetitionTime": 2000}, {"RepetitionTime": True}, {"VolumeTiming": [0, 1, 3]},
    {"RepetitionTime": 2, "StartTime": "soon"}, {"RepetitionTime": 10**400},
])  # fmt: skip
def test_a_bad_sidecar_is_refused(tmp_path: Path, sidecar: dict[str, object]) -> None:
    with pytest.raises(MeasurementError, match=r"a_bold\.json"):
        found(tmp_path, 2.0, **sidecar)


@pytest.mark.parametrize("text", ["{", "[1]", "", "[" * 100_000, "\xff"])
def test_a_damaged_sidecar_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "a_bold.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(MeasurementError, match=r"a_bold\.json"):
        found(tmp_path, 2.0)


@pytest.mark.parametrize(("name", "sidecar"), [
    ("a_bold.nii.gz", "a_bold.json"), ("a_hemi-L_bold.func.gii", "a_hemi-L_bold.json"),
    ("a_bold.dtseries.nii", "a_bold.json"), ("lh.a.mgz", "lh.a.json"),
])  # fmt: skip
def test_the_sidecar_has_the_name_of_the_data(name: str, sidecar: str) -> None:
    assert sidecar_path(Path(name)).name == sidecar


@pytest.mark.parametrize(("n", "tr", "rows"), [(5, 2.0, 9), (5, 1.49, 7), (4, 1.75, 6), (592, 1.49, 882), (7, 1.0, 7)])
def test_even_times_are_upstreams(n: int, tr: float, rows: int) -> None:
    assert len(even_times(n, tr, 1.0)) == rows


@pytest.mark.parametrize(("n", "tr"), [(5, 2.0), (9, 1.49), (30, 0.8), (12, 0.5)])
def test_values_between_volumes_are_linear_and_held_at_the_end(n: int, tr: float) -> None:
    series = np.random.default_rng(0).normal(size=(n, 4))
    times = np.append(even_times(n, tr, 1.0), n * tr + 3)
    out = np.empty((len(times), 4))
    at_times(series, tr, times, out)
    expected = np.stack([np.interp(times, np.arange(n) * tr, column) for column in series.T], axis=1)
    assert np.abs(out - expected).max() < 1e-12
