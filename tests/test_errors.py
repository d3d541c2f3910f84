"""One base for every error a user can cause, each also of the built-in kind that fits."""

import inspect

import pytest

from tribe_np import errors

KINDS = {
    "ShapeError": ValueError,
    "CheckpointError": ValueError,
    "NotFiniteError": ValueError,
    "RecordingError": ValueError,
    "KitError": ValueError,
    "ConfigError": ValueError,
    "ParcellationError": ValueError,
    "MeshError": ValueError,
    "EventsError": ValueError,
    "MeasurementError": ValueError,
    "MediaError": OSError,
    "MissingFileError": FileNotFoundError,
    "StimulusError": ValueError,
    "OutputError": OSError,
    "ShortMemoryError": MemoryError,
    "MissingDependencyError": ImportError,
}


def test_no_error_is_outside_the_family() -> None:
    classes = {name for name, _ in inspect.getmembers(errors, inspect.isclass)}
    assert classes == {"TribeError", *KINDS}


@pytest.mark.parametrize("name", KINDS)
def test_each_is_ours_and_of_a_builtin_kind(name: str) -> None:
    error = getattr(errors, name)("what was wrong")
    assert isinstance(error, errors.TribeError)
    assert isinstance(error, KINDS[name])
    assert str(error) == "what was wrong"
