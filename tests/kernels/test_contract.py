"""Every entry of every kernel set keeps the reference's contract: signature, values, dtype, module, inputs."""

import inspect
from dataclasses import fields
from typing import Any, get_type_hints

import numpy as np
import pytest

from tests import fake_device
from tests.kernels.cases import CASES, Case
from tribe_np.backend import array_module, to_device, to_host
from tribe_np.errors import ShapeError
from tribe_np.kernels.kernel_set import REFERENCE, KernelSet

ENTRIES = [field.name for field in fields(KernelSet) if field.name != "name"]
BOUNDS = {np.float32: 2e-6, np.float64: 2e-14}  # rounding only: sums of up to 16 terms in another order


def home(kernels: KernelSet) -> Any:
    """The device that a set runs on."""
    return "cuda" if kernels.name == "cupy" else "cpu"


def shape_of(signature: inspect.Signature) -> list[tuple[str, Any, Any]]:
    return [(p.name, p.kind, p.default) for p in signature.parameters.values()]


def test_every_entry_has_a_case() -> None:
    assert {case.entry for case in CASES} == set(ENTRIES)


@pytest.mark.parametrize("entry", ENTRIES)
def test_protocol_is_the_references_signature(entry: str) -> None:
    _, *said = shape_of(inspect.signature(get_type_hints(KernelSet)[entry].__call__))
    assert said == shape_of(inspect.signature(getattr(REFERENCE, entry)))


@pytest.mark.parametrize("entry", ENTRIES)
def test_signature_is_the_references(kernels: KernelSet, entry: str) -> None:
    ours, reference = getattr(kernels, entry), getattr(REFERENCE, entry)
    assert shape_of(inspect.signature(ours)) == shape_of(inspect.signature(reference))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.entry}-{case.about}")
def test_values_dtype_module_and_inputs(kernels: KernelSet, case: Case, dtype: Any) -> None:
    arguments, options = case.arguments(dtype, lambda array: to_device(array, home(kernels)))
    wide, wide_options = case.arguments(np.float64, lambda array: array)
    if dtype is np.float32:  # the same rounded numbers, computed in float64
        narrow, narrow_options = case.arguments(np.float32, lambda array: array)
        wide = [array.astype(np.float64) for array in narrow]
        wide_options = {k: v.astype(np.float64) if isinstance(v, np.ndarray) else v for k, v in narrow_options.items()}
    before = [to_host(array).copy() for array in arguments]
    found = getattr(kernels, case.entry)(*arguments, **options)
    expected = getattr(REFERENCE, case.entry)(*wide, **wide_options)
    assert found.dtype == dtype
    assert array_module(found) is array_module(arguments[0])
    assert found.shape == expected.shape
    scale = max(1.0, float(np.max(np.abs(expected), initial=0.0)))
    np.testing.assert_allclose(to_host(found), expected, rtol=0, atol=BOUNDS[dtype] * scale)
    for array, copy in zip(arguments, before, strict=True):
        np.testing.assert_array_equal(to_host(array), copy)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.entry}-{case.about}")
def test_the_layout_of_the_input_changes_nothing(kernels: KernelSet, case: Case) -> None:
    def strided(array: np.ndarray) -> Any:
        doubled = np.repeat(array, 2, axis=-1)
        return to_device(doubled, home(kernels))[..., ::2]

    plain, options = case.arguments(np.float64, lambda array: to_device(array, home(kernels)))
    gapped, gapped_options = case.arguments(np.float64, strided)
    expected = getattr(kernels, case.entry)(*plain, **options)
    found = getattr(kernels, case.entry)(*gapped, **gapped_options)
    np.testing.assert_allclose(to_host(found), to_host(expected), rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.entry}-{case.about}")
def test_reference_is_bit_equal_on_the_fake_device(case: Case) -> None:
    host, options = case.arguments(np.float32, lambda array: array)
    there, there_options = case.arguments(np.float32, lambda array: to_device(array, fake_device.module))
    expected = getattr(REFERENCE, case.entry)(*host, **options)
    found = getattr(REFERENCE, case.entry)(*there, **there_options)
    assert array_module(found) is fake_device.module
    np.testing.assert_array_equal(to_host(found), expected)


LARGE = [1e15, 1e18, 3e18, 1e19, 3e19, 1e25, 1e37, 1e38]
OVERFLOWING = [case for case in CASES if case.entry in ("layer_norm", "rms_norm", "scale_norm")] + [
    case for case in CASES if case.entry in ("attention", "relative_attention", "softmax")
]


@pytest.mark.parametrize("case", OVERFLOWING, ids=lambda case: f"{case.entry}-{case.about}")
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_near_overflow_the_same_values_are_nan_infinite_or_nothing(kernels: KernelSet, case: Case) -> None:
    arrays, options = case.arguments(np.float32, lambda array: array)
    moved_options = case.arguments(np.float32, lambda array: to_device(array, home(kernels)))[1]
    n_large = 1 if case.entry.endswith("norm") else len(arrays)  # a norm's weights are no activations
    for which in range(n_large):
        largest = max(float(np.abs(arrays[which]).max(initial=0)), 1e-9)
        for size in LARGE:
            changed = list(arrays)
            changed[which] = (arrays[which] / largest * size).astype(np.float32)
            expected = getattr(REFERENCE, case.entry)(*changed, **options)
            moved = [to_device(array, home(kernels)) for array in changed]
            found = to_host(getattr(kernels, case.entry)(*moved, **moved_options))
            scale = np.abs(expected[np.isfinite(expected)]).max(initial=1e-30)
            np.testing.assert_allclose(found / scale, expected / scale, rtol=0, atol=2e-6, err_msg=f"{which} {size}")


@pytest.mark.parametrize(("size", "expected"), [(1e18, 1), (1e19, 0), (1e38, 0)])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_norms_whose_squares_overflow_are_0_as_torchs_are(kernels: KernelSet, size: float, expected: float) -> None:
    # torch 2.13.0 in float32, x = size * [1, -1, ...] of 16: rms_norm and functional.normalize give 0 from 1e19 on,
    # layer_norm 0 at 1e19 and NaN from some 3e19 on, where its own order of summing overflows
    x = (size * np.resize([1.0, -1.0], 16)).astype(np.float32)[None]
    x, ones = to_device(x, home(kernels)), to_device(np.ones(16, np.float32), home(kernels))
    for found in (
        kernels.rms_norm(x, ones, eps=1e-5), kernels.scale_norm(x, ones[:1]), kernels.layer_norm(x, ones, eps=1e-5)
    ):  # fmt: skip
        np.testing.assert_allclose(np.abs(to_host(found)), expected, atol=1e-6)


def first_case(entry: str) -> Case:
    return next(case for case in CASES if case.entry == entry)


@pytest.mark.parametrize("entry", ENTRIES)
def test_nothing_falls_back_silently(kernels: KernelSet, entry: str) -> None:
    if kernels is REFERENCE or getattr(kernels, entry) is getattr(REFERENCE, entry):
        return  # the reference takes any float dtype and any module
    case = first_case(entry)
    for dtype in (np.float16, np.int32):
        arguments, options = case.arguments(dtype, lambda array: to_device(array, home(kernels)))
        with pytest.raises(ShapeError, match=entry):
            getattr(kernels, entry)(*arguments, **options)
    arguments, options = case.arguments(np.float32, lambda array: to_device(array, fake_device.module))
    with pytest.raises(ShapeError, match=entry):
        getattr(kernels, entry)(*arguments, **options)
    if len(case.arrays) > 1:
        arguments, options = case.arguments(np.float32, lambda array: to_device(array, home(kernels)))
        arguments[1] = arguments[1].astype(np.float64)
        with pytest.raises(ShapeError, match="one dtype"):
            getattr(kernels, entry)(*arguments, **options)


BAD_SHAPES = {
    "softmax": [((2, 0),), ((),)],
    "silu_gate": [((2, 3), (3,))],
    "layer_norm": [((2, 3), (2,)), ((2, 3), (3,), (1,))],
    "rms_norm": [((2, 3), (1,)), ((2, 3), (2, 3))],
    "scale_norm": [((2, 3), (3,)), ((2, 3), ())],
    "glu": [((2, 3),), ((),)],
    "relative_attention": [
        ((1, 2, 4, 8), (1, 2, 6, 8), (1, 2, 6, 8), (9, 8)),
        ((1, 2, 4, 8), (1, 1, 4, 8), (1, 1, 4, 8), (9, 8)),
        ((1, 2, 4, 8), (1, 2, 4, 6), (1, 2, 4, 8), (9, 8)),
        ((1, 2, 4, 8), (1, 2, 4, 8), (1, 2, 5, 8), (9, 8)),
        ((1, 2, 4, 8), (1, 2, 4, 8), (1, 2, 4, 8), (2, 8)),
        ((1, 2, 4, 8), (1, 2, 4, 8), (1, 2, 4, 8), (9, 6)),
        ((1, 2, 4, 8), (1, 2, 4, 8), (1, 2, 4, 8), (8,)),
    ],
    "rotate_adjacent": [((4, 8), (4, 10), (4, 10)), ((4, 8), (3, 8), (3, 8)), ((4, 8), (4, 7), (4, 7))],
    "rotate_half": [
        ((4, 8), (4, 10), (4, 10)),
        ((4, 8), (3, 8), (3, 8)),
        ((4, 8), (4, 8), (4, 6)),
        ((4, 8), (8,), (8,)),
        ((4, 8), (4, 7), (4, 7)),
    ],
    "depthwise_causal": [((5, 3), (2, 4)), ((5, 3), (3,)), ((3,), (3, 4))],
    "attention": [
        ((1, 3, 4, 8), (1, 2, 4, 8), (1, 2, 4, 8)),
        ((1, 2, 4, 8), (1, 2, 4, 6), (1, 2, 4, 8)),
        ((1, 2, 4, 8), (1, 2, 4, 8), (1, 2, 5, 8)),
        ((2, 4, 8), (2, 4, 8), (2, 4, 8)),
    ],
}  # fmt: skip


@pytest.mark.parametrize("entry", BAD_SHAPES)
def test_shapes_that_do_not_fit_are_refused_before_any_memory_is_touched(kernels: KernelSet, entry: str) -> None:
    if getattr(kernels, entry) is getattr(REFERENCE, entry):
        return
    options = dict(first_case(entry).options)
    for shapes in BAD_SHAPES[entry]:
        arrays = [to_device(np.ones(shape, np.float32), home(kernels)) for shape in shapes]
        with pytest.raises(ShapeError):
            getattr(kernels, entry)(*arrays, **options)
