"""Checkpoints that were written without torch, in torch itself: to the bit, mapped or read."""

from pathlib import Path
from unittest import mock

import numpy as np
import pytest

from tests.formats.test_torch_writing import BUILD_ARGS, arrays
from tribe_np.formats import torch_writing
from tribe_np.formats.torch_writing import write_torch

pytestmark = pytest.mark.parity


@pytest.mark.parametrize("is_mapped", [True, False])
@pytest.mark.parametrize("large", [2**30, 8])
def test_torch_reads_them_to_the_bit(tmp_path: Path, is_mapped: bool, large: int) -> None:
    import torch

    path, expected = tmp_path / "best.ckpt", arrays()
    with mock.patch.object(torch_writing, "LARGE", large):
        write_torch(path, {"state_dict": expected, "model_build_args": BUILD_ARGS}, bf16=frozenset(["model.bf16"]))
    found = torch.load(path, map_location="cpu", weights_only=True, mmap=is_mapped)
    assert found["model_build_args"] == BUILD_ARGS
    assert list(found["state_dict"]) == list(expected)
    for name, tensor in found["state_dict"].items():
        if name == "model.bf16":
            assert (tensor.dtype, tensor.tolist()) == (torch.bfloat16, [1, 2])
            continue
        assert (tensor.numpy().dtype, tuple(tensor.shape)) == (expected[name].dtype, expected[name].shape)
        assert not tensor.requires_grad
        np.testing.assert_array_equal(tensor.numpy(), expected[name])
