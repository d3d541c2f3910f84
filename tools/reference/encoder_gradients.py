"""The encoder's gradients beside torch's autograd: of every stage, every feature and every weight, in float64.

Golden files hold, for each committed encoder case, what tribev2's own model gave: the small gradients whole, and of
the large ones some entries, their sum of squares and their product with a direction, so that the files stay small.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np

from tools.reference.encoder import PEER, quantised
from tools.reference.encoder_cases import Case, golden_cases, random_case
from tools.reference.measure import Row, our_kernels, write_golden
from tribe_np.encoder.model import FmriEncoder
from tribe_np.oracle import relative_error, trace

MOST_STORED = 160
FLOOR = 5e-4  # of float32: the gradient of a gain is one number, a sum of terms that nearly cancel; processors differ
PREFIX = "gradient.encoder."


def direction_of(shape: tuple[int, ...]) -> np.ndarray:
    """A fixed gradient of the output, or direction of a weight: normal numbers that depend on the shape alone."""
    return np.random.default_rng([7, *shape]).standard_normal(shape)


def run_our_gradients(case: Case, precision: str = "float64", **options: Any) -> dict[str, np.ndarray]:
    """Ours, under the peer's names."""
    encoder = FmriEncoder.from_state_dict(
        case.config, case.build_args, case.state_dict, precision=precision, kernels=our_kernels(), **options
    )
    output, pull = encoder.pullback(case.features, case.subject_index, pool_outputs=case.pool_outputs)
    with trace(pattern=f"{PREFIX}*") as recording:
        gradients = pull(direction_of(output.shape))
    found = {name.removeprefix(PREFIX): recording[name] for name in recording.names()}
    found |= {f"feature/{name}": x for name, x in gradients.features.items()}
    return found | {f"weight/{name}": x for name, x in gradients.weights.items()}


def gradient_errors(case: Case, build: Any, **options: Any) -> dict[str, float]:
    """Largest error of each gradient over the peer's RMS, live; where torch has none, ours must be zero."""
    from tools.reference.encoder_peer import run_peer_gradients

    ours = run_our_gradients(case, **options)
    return _errors(ours, run_peer_gradients(case, build, ours["output"]), case)


def _errors(ours: dict[str, np.ndarray], theirs: dict[str, np.ndarray], case: Case) -> dict[str, float]:
    if set(theirs) - set(ours):
        raise AssertionError(f"{case.name}: no gradients of {sorted(set(theirs) - set(ours))}")
    zeros = {name: np.zeros_like(x) for name, x in ours.items() if name not in theirs}
    return {name: relative_error(ours[name], x) for name, x in (theirs | zeros).items()}


def compare(seed: int) -> list[Row]:
    """A random configuration, live."""
    return compare_case(random_case(seed))


def compare_case(case: Case) -> list[Row]:
    """The worst gradient of the stages, of the features and of the weights."""
    from tools.reference.encoder_peer import composed, run_peer_gradients

    ours32, ours64 = run_our_gradients(case, "float32"), run_our_gradients(case)
    theirs32, theirs64 = (
        run_peer_gradients(case, composed, ours64["output"], double=double) for double in (False, True)
    )
    errors = [_errors(ours32, theirs32, case), _errors(theirs32, theirs64, case), _errors(ours64, theirs64, case)]
    rows = []
    for kind in ("stages", "features", "weights"):
        worst = [max(x for name, x in found.items() if _kind(name) == kind) for found in errors]
        rows.append(Row(f"gradients/{kind}", f"torch 2.13.0 autograd on {PEER}", case.name, *worst, floor=FLOOR))
    return rows


def _kind(name: str) -> str:
    prefix, _, rest = name.partition("/")
    return f"{prefix}s" if rest else "stages"


def summary(gradients: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What is stored of each gradient: itself, or a strided choice of it followed by two numbers over the whole."""
    stored = {}
    for name, x in gradients.items():
        if x.size > MOST_STORED:
            whole = [np.sum(x * x), np.sum(x * direction_of(x.shape))]
            x = np.concatenate([x.reshape(-1)[:: -(-x.size // 40)], whole])
        stored[name] = x
    return stored


def dump(folder: Path, upstream: Path | None) -> list[str]:
    """Writes the gradients of the golden encoder cases by tribev2's FmriEncoderModel; nothing without a checkout."""
    if upstream is None:
        return []
    sys.path.insert(0, str(upstream))
    from tools.reference.encoder_peer import run_peer_gradients, upstream_model

    names = []
    for case in map(quantised, golden_cases()):
        shape = run_our_gradients(case)["output"].shape
        stored = summary(run_peer_gradients(case, upstream_model, direction_of(shape)))
        about = {"peer": "torch autograd on tribev2 FmriEncoderModel, softmax in float64", "case": case.name}
        write_golden(folder, f"encoder_gradients_{case.name}", stored, about)
        names.append(f"encoder_gradients_{case.name}.safetensors")
    return names
