"""What a still is to V-JEPA 2, on RANDOM weights: 64 equal frames, beside runs of fewer frames.

    python -m tools.stills [--width 128] [--layers 8] [--crop 64] [--pictures 6]

A picture that stands still is a clip of 64 equal frames: 32 tubelets in depth, which differ in nothing but their
position. Running 2 of them (4 frames) takes a 256th of the attention and is no shortcut to the same numbers: each
token then looks at 2 depths instead of 32. Drawn pictures with the spectrum of natural ones go through a random model
both ways. What a trained model makes of it may be less or more: the table shows that the two are not equal.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from extractors.common.layer_groups import RELEASED_SELECTION
from extractors.vjepa2.extract import clip_features
from extractors.vjepa2.model import VJepa2Model
from extractors.vjepa2.random import write_random
from tools.video_stride import scene
from tribe_np.runtime import Runtime

N_FRAMES = 64
FEWER = (32, 16, 4, 2)
HEADING = (
    "| frames (tubelets) | layer group | RMS of the error / of the features | / of what tells pictures apart | r | "
    "r of what tells pictures apart | seconds a picture |\n|---|---|---|---|---|---|---|"
)


@dataclass(frozen=True)
class Error:
    """Features of some pictures against those of 64 equal frames.

    Fields   rms: of the difference over that of the features; rms_apart: over that of their differences from the mean
             over pictures; r: correlation over features, median over pictures; r_apart: the same without those means
    """

    rms: float
    rms_apart: float
    r: float
    r_apart: float

    @classmethod
    def between(cls, exact: np.ndarray, other: np.ndarray) -> "Error":
        """Shapes   exact, other (n_pictures, F)."""
        apart, other_apart = exact - exact.mean(axis=0), other - other.mean(axis=0)
        error = _rms(other - exact)
        return cls(
            error / _rms(exact), error / _rms(apart), _correlation(exact, other), _correlation(apart, other_apart)
        )

    def __str__(self) -> str:
        return f"{self.rms:.3f} | {self.rms_apart:.2f} | {self.r:.3f} | {self.r_apart:.3f}"


def _rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(values, dtype=np.float64))))


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.median([np.corrcoef(x, y)[0, 1] for x, y in zip(a, b, strict=True)]))


def features_of_still(model: VJepa2Model, picture: np.ndarray, n_frames: int) -> np.ndarray:
    """Shapes   picture (height, width, 3) uint8, shown in all frames of a clip -> (G, F)."""
    pixels = model.processor(np.repeat(picture[None], n_frames, axis=0))
    return clip_features(model, pixels, selection=RELEASED_SELECTION, final_norm=True)


def tubelet_spread(model: VJepa2Model, picture: np.ndarray) -> list[float]:
    """How far the mean features of single tubelets lie from those of all 32, over the RMS of these; for each state.

    Equal frames give equal tubelets: what differs is what their positions make of them.
    """
    pixels = model.processor(np.repeat(picture[None], N_FRAMES, axis=0))
    spreads = []
    for _, state in model.iterate_states(pixels[None], model.context(), final_norm=True):
        tubelets = state[0].reshape(N_FRAMES // model.config.tubelet_size, -1, state.shape[-1]).mean(axis=1)
        spreads.append(_rms(tubelets - tubelets.mean(axis=0)) / _rms(tubelets.mean(axis=0)))
    return spreads


def pictures_drawn(n: int) -> list[np.ndarray]:
    """Shapes   -> n x (256, 256, 3) uint8."""
    return [scene(np.random.default_rng(seed)).astype(np.uint8) for seed in range(n)]


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs every picture in every length and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--layers", type=int, default=8)
    parser.add_argument("--crop", type=int, default=64)
    parser.add_argument("--pictures", type=int, default=6)
    parser.add_argument("--json", type=Path, metavar="FILE", help="the figures, unrounded")
    options = parser.parse_args(arguments)
    if options.pictures < 2:
        parser.error("--pictures must be at least 2: what tells them apart is measured too")
    sizes = {"hidden_size": options.width, "num_attention_heads": max(1, options.width // 64)}
    with tempfile.TemporaryDirectory() as name:
        folder = write_random(
            Path(name) / "video", seed=0, num_hidden_layers=options.layers, crop_size=options.crop, **sizes
        )
        model = VJepa2Model.load(folder, Runtime())
    pictures = pictures_drawn(options.pictures)
    began = time.perf_counter()
    exact = np.stack([features_of_still(model, picture, N_FRAMES) for picture in pictures])
    seconds = (time.perf_counter() - began) / len(pictures)
    print(
        f"random weights, {options.layers} layers of width {options.width}, crop {options.crop}, "
        f"{len(pictures)} pictures; {N_FRAMES} equal frames take {seconds:.2f} s each\n\n{HEADING}"
    )
    figures: dict[str, object] = {}
    for n_frames in FEWER:
        began = time.perf_counter()
        other = np.stack([features_of_still(model, picture, n_frames) for picture in pictures])
        seconds = (time.perf_counter() - began) / len(pictures)
        for group in range(exact.shape[1]):
            error = Error.between(exact[:, group], other[:, group])
            print(f"| {n_frames} ({n_frames // 2}) | {group + 1} | {error} | {seconds:.2f} |", flush=True)
            figures[f"{n_frames} frames, group {group + 1}"] = asdict(error)
    spreads = tubelet_spread(model, pictures[0])
    shown = ", ".join(f"{spread:.3f}" for spread in spreads)
    print(f"\nspread of the 32 equal tubelets after each layer, over the RMS of their mean: {shown}")
    figures["tubelet spread"] = spreads
    if options.json is not None:
        options.json.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
