"""What `test_thread_numbers` runs in processes of 1 and 2 threads: a small model of each kind, and every CPU kernel."""

import sys
from pathlib import Path

import numpy as np

from extractors.wav2vec_bert.model import Wav2VecBertModel
from extractors.wav2vec_bert.random import write_random as write_sound_model
from tests.kernels.cases import CASES
from tests.strategies import normal
from tribe_np.encoder.model import FmriEncoder
from tribe_np.encoder.random import write_random as write_encoder
from tribe_np.errors import MissingDependencyError
from tribe_np.kernels.choose import kernel_set
from tribe_np.kernels.numba_set import numba_set

FEATURES = {"text": (2, 96), "audio": (1, 64)}


def write_models(folder: Path) -> None:
    """Models wide enough for BLAS to divide their products among threads."""
    write_encoder(folder / "encoder", seed=1, feature_dims=FEATURES, hidden=192, depth=2, heads=4)
    write_sound_model(folder / "sound", seed=1, hidden=256, heads=4, intermediate=512)


def numbers(folder: Path) -> dict[str, np.ndarray]:
    """Outputs by name; kernels only where Numba is installed."""
    kernels = kernel_set("auto")
    features = {m: normal(i, 2, *dims, 200).astype(np.float32) for i, (m, dims) in enumerate(FEATURES.items())}
    encoder = FmriEncoder.from_pretrained(folder / "encoder", kernels=kernels)
    sound = Wav2VecBertModel.from_pretrained(folder / "sound", kernels=kernels)
    found = {
        "model encoder": np.asarray(encoder(features)),
        "model sound": np.asarray(sound.hidden_states(normal(5, 1, 300, 160).astype(np.float32))),
    }
    try:
        compiled = numba_set()
    except MissingDependencyError:
        return found
    for case in CASES:
        arrays, options = case.arguments(np.float32, lambda array: array)
        found[f"kernel {case.entry} {case.about}"] = np.asarray(getattr(compiled, case.entry)(*arrays, **options))
    return found


if __name__ == "__main__":
    np.savez(Path(sys.argv[1]) / sys.argv[2], **numbers(Path(sys.argv[1])))
