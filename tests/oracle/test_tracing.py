"""A trace changes no bit of any model with any kernels, whatever it asks for; two of them hear the same."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest

from extractors.vjepa2 import model as vjepa2
from tests.oracle.tiny_runs import tiny_runs
from tribe_np.backend import to_host
from tribe_np.kernels.kernel_set import KernelSet
from tribe_np.nn.context import COSTLY
from tribe_np.nn.stages import PREFIX
from tribe_np.oracle import Recording, edited, trace
from tribe_np.oracle.kit_models.kit_model import EVERY_TAP
from tribe_np.oracle.taps import TAP_TABLES


@pytest.fixture(params=[model for model in TAP_TABLES if model != PREFIX])  # whose stages have tests of their own
def model(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_a_trace_changes_no_bit(
    model: str, kernels: KernelSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vjepa2, "MLP_ROWS", 7)  # the feed-forward in parts
    for run in tiny_runs(tmp_path, kernels=kernels)[model]:
        plain = to_host(run())
        with trace() as all_names:
            np.testing.assert_array_equal(to_host(run()), plain)
        with trace(pattern=EVERY_TAP) as costly:
            np.testing.assert_array_equal(to_host(run()), plain)
        with trace(pattern=EVERY_TAP, summary=True) as short:
            np.testing.assert_array_equal(to_host(run()), plain)
        assert short.first_difference(costly, bound=0) is None
        assert not [name for name in all_names.names() if name.rpartition(".")[2] in COSTLY]
        assert set(all_names.names()) <= set(costly.names())


def test_two_traces_at_once_hear_what_each_asks_for(model: str, tmp_path: Path) -> None:
    for run in tiny_runs(tmp_path)[model]:
        with trace() as alone:
            run()
        heard: dict[str, tuple[int, ...]] = {}
        with trace(pattern="*.mixed") as outer, trace() as inner, trace(partial(note_shape, heard)):
            run()
        assert inner.names() == list(heard) == alone.names()
        assert inner.first_difference(alone, bound=0) is None
        assert outer.names() == [name for name in alone.names() if name.endswith(".mixed")]
        if outer.names():  # the linear baseline has no attention
            assert Recording({name: inner[name] for name in outer.names()}).first_difference(outer, bound=0) is None


def test_every_intermediate_is_what_the_pass_goes_on_with(
    model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each in turn is replaced; nothing before it may change, and the result must."""
    monkeypatch.setattr(vjepa2, "MLP_ROWS", 7)
    for run in tiny_runs(tmp_path, precision="float64")[model]:
        with edited(lambda name, x: x, EVERY_TAP), trace(pattern=EVERY_TAP) as plain:
            result = run()
        for name in once_a_layer(plain.names()):
            with edited(other_numbers, name), edited(lambda _, x: x, EVERY_TAP), trace(pattern=EVERY_TAP) as changed:
                found = run()
            first = changed.first_difference(plain, bound=1e-12)
            assert first is not None
            assert first.name == name
            assert not np.array_equal(found, result), name


def note_shape(heard: dict[str, tuple[int, ...]], name: str, array: np.ndarray) -> None:
    heard[name] = array.shape


def other_numbers(name: str, x: np.ndarray) -> np.ndarray:
    """Near enough that no table is left, and far enough to be seen."""
    if name.endswith("parents"):
        return np.where(x < 0, x, 0)  # every node after its tree's first: children of node 0
    if x.dtype.kind in "iu":
        return x[..., ::-1]
    return np.where(np.isfinite(x), x * 1.25 + 0.125, x)


def once_a_layer(names: list[str]) -> list[str]:
    """Those of one layer of each kind, and of none."""
    return [name for name in names if not any(f".{i}." in name for i in range(2, 12))]
