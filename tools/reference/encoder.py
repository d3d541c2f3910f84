"""The brain encoder beside neuraltrain's and x-transformers' live parts, and beside tribev2's own model.

Golden files hold one case each: `config` and `build_args` in the metadata, weights as small integers times a
power of two (exact, and a quarter of the size), the input, the stages in float64 and the output in float32.
Stages that a linear layer alone separates from a stored one are left out, to keep the files small.
"""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tools.reference.encoder_cases import Case, golden_cases, random_case
from tools.reference.measure import Row, our_kernels, worst, write_golden
from tribe_np.encoder.model import FmriEncoder
from tribe_np.oracle import trace

PEER = "neuraltrain 0.0.2 + x-transformers 1.27.20"
PREFIX = "encoder."
EXACT = "output, upstream's order"
SCORES = (".logits", ".probabilities")
OURS_ALONE = ("rel_pos.buckets", *SCORES)  # computed where no hook hears them: a static function, a fused kernel
NOT_STORED = (".value", ".branch", ".hidden", ".joined", ".residual", *SCORES)
ASKED = ("*", "*.logits", "*.probabilities")
BUFFERS = ("encoder.rotary_pos_emb.inv_freq", "encoder.rotary_pos_emb.scale")


def run_ours(case: Case, precision: str, **options: Any) -> dict[str, np.ndarray]:
    """Every stage of our encoder, under the peer's names."""
    encoder = FmriEncoder.from_state_dict(
        case.config, case.build_args, case.state_dict, precision=precision, kernels=our_kernels(), **options
    )
    with trace(pattern=ASKED) as recording:
        encoder(case.features, case.subject_index, pool_outputs=case.pool_outputs)
    return {name.removeprefix(PREFIX): recording[name] for name in recording.names()}


def run_exact(case: Case, precision: str) -> np.ndarray:
    """Our output with upstream's order of the last steps, untraced."""
    encoder = FmriEncoder.from_state_dict(
        case.config, case.build_args, case.state_dict, precision=precision, kernels=our_kernels(), exact_order=True
    )
    output: np.ndarray = encoder(case.features, case.subject_index, pool_outputs=case.pool_outputs)
    return output


def compare(seed: int) -> list[Row]:
    """A random configuration, live: our float32 and float64 against the peer's, at every stage."""
    return compare_case(random_case(seed))


def compare_case(case: Case) -> list[Row]:
    """One configuration, live, at every stage."""
    from tools.reference.encoder_peer import composed, run_peer

    peer32, peer64 = run_peer(case, composed, double=False), run_peer(case, composed, double=True)
    ours32, ours64 = run_ours(case, "float32"), run_ours(case, "float64")
    differ = [name for name in sorted(set(ours64) ^ set(peer64)) if name in peer64 or not name.endswith(OURS_ALONE)]
    if differ:
        raise AssertionError(f"{case.name}: stages differ: {differ}")
    # "output" is the default order's, which pools first
    peer32[EXACT], peer64[EXACT] = peer32["output"], peer64["output"]
    ours32[EXACT], ours64[EXACT] = run_exact(case, "float32"), run_exact(case, "float64")
    return worst("encoder", PEER, case.name, ours32, peer32, peer64, ours64)


def dump(folder: Path, upstream: Path | None) -> list[str]:
    """Writes the golden cases, run by tribev2's FmriEncoderModel; nothing without a checkout of it."""
    if upstream is None:
        return []
    sys.path.insert(0, str(upstream))
    from tools.reference.encoder_peer import run_peer, upstream_model

    names = []
    for case in golden_cases():
        case = quantised(case)
        stages = run_peer(case, upstream_model, double=True)
        output = run_peer(case, upstream_model, double=False)["output"]
        stages = {name: x for name, x in stages.items() if not name.endswith(NOT_STORED)}
        arrays = {f"stage/{name}": x for name, x in stages.items()} | {"output32": output}
        arrays |= {f"feature/{m}": x for m, x in case.features.items()}
        if case.subject_index is not None:
            arrays["subject_index"] = case.subject_index
        arrays |= {f"weight/{name}": packed(name, x) for name, x in case.state_dict.items()}
        about = {
            "peer": "tribev2 FmriEncoderModel, softmax in float64", "config": case.config,
            "build_args": case.build_args, "modalities": list(case.features), "stages": list(stages),
            "weights": "int8 times 2**-6, buffers as they are",
        }  # fmt: skip
        write_golden(folder, f"encoder_{case.name}", arrays, about)
        names.append(f"encoder_{case.name}.safetensors")
    released = golden_cases()[0]
    taps = [name for name in run_ours(released, "float32") if not name.endswith(SCORES)]
    (folder / "encoder_taps.json").write_text(json.dumps(taps, indent=1) + "\n")
    return [*names, "encoder_taps.json"]


def quantised(case: Case) -> Case:
    """The case with weights that are multiples of 1/64 below 2, so that a byte each stores them exactly."""
    weights = {
        name: x if name in BUFFERS else np.clip(np.rint(x * 64), -127, 127).astype(np.float32) / 64
        for name, x in case.state_dict.items()
    }
    return replace(case, state_dict=weights)


def packed(name: str, x: np.ndarray) -> np.ndarray:
    """The stored form of a quantised weight."""
    return x if name in BUFFERS else (x * 64).astype(np.int8)
