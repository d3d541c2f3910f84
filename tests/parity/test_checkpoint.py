"""Checkpoints written live by torch, read bit for bit without it."""

import pytest

pytestmark = pytest.mark.parity


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
def test_every_tensor_is_what_torch_loads(seed: int) -> None:
    from tools.reference.checkpoint import DTYPES, compare

    rows = compare(seed)
    assert len(rows) == (len(DTYPES) if seed % 2 == 0 else 4) + 3
    assert not [(row.stage, row.case) for row in rows if not row.passes()]


def test_what_the_reader_refuses_torch_refuses_too(tmp_path: object) -> None:
    import os
    import pickle
    from pathlib import Path

    import torch

    from tribe_np.errors import CheckpointError
    from tribe_np.formats.torch_zip import open_torch

    class Evil:
        def __reduce__(self) -> tuple[object, ...]:
            return os.system, ("true",)

    path = Path(str(tmp_path)) / "evil.ckpt"
    torch.save({"state_dict": Evil()}, path)
    with pytest.raises(pickle.UnpicklingError):
        torch.load(path, weights_only=True)
    with pytest.raises(CheckpointError, match=r"posix\.system|nt\.system"):
        open_torch(path)


def test_checksums_may_be_left_out(tmp_path: object) -> None:
    from pathlib import Path

    import torch

    from tribe_np.formats.torch_zip import open_torch

    path = Path(str(tmp_path)) / "plain.bin"
    before = torch.serialization.get_crc32_options()
    torch.serialization.set_crc32_options(False)
    try:
        torch.save({"w": torch.arange(3.0)}, path)
    finally:
        torch.serialization.set_crc32_options(before)
    opened = open_torch(path)
    opened.check()
    assert opened.tensors(opened.top, where="the file")["w"].read().tolist() == [0, 1, 2]
