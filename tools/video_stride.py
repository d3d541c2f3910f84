"""How much `video_stride` changes, on RANDOM weights: exact features and predictions beside interpolated ones.

    python -m tools.video_stride [--seconds 60] [--layers 8] [--width 128]

Two films are drawn: pictures with the spectrum of natural ones (amplitude 1/f), over which a camera pans while discs
move across them; one shot throughout, and one with a cut every 5 s. They run through the whole pipeline with a small
random V-JEPA 2 and a small random brain encoder that sees nothing but film. What a trained model does to a cut or a
movement may differ: the figures show that interpolating works as meant, not what it costs in accuracy.
"""

import argparse
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from extractors.common.layer_groups import RELEASED_SELECTION
from extractors.vjepa2.random import write_random as write_video_model
from tools.effect import Effect
from tribe_np.encoder.random import write_random as write_encoder
from tribe_np.media.ffmpeg import run_ffmpeg
from tribe_np.pipeline.model import TribeModel

HEIGHT, WIDTH, RATE = 72, 128, 25
SCENE, MARGIN, N_DISCS = 256, 48, 4
FILMS = {"one shot": 0.0, "a cut every 5 s": 5.0}
HEADING = (
    "| film | bins computed | features: r median / lowest 5 % | RMS | predictions: r median / lowest 5 % | RMS |\n"
    "|---|---|---|---|---|---|"
)


def scene(rng: np.random.Generator) -> np.ndarray:
    """A colour picture whose amplitudes fall with 1 / frequency, as those of natural pictures do.

    Shapes   -> (SCENE, SCENE, 3) in 0..255
    """
    frequency = np.hypot(np.fft.fftfreq(SCENE)[:, None], np.fft.rfftfreq(SCENE)[None, :])
    frequency[0, 0] = np.inf
    noise = rng.standard_normal((3, SCENE, SCENE))
    grey, *colours = np.fft.irfft2(np.fft.rfft2(noise) / frequency, s=(SCENE, SCENE))
    picture = np.stack([grey, grey + 0.4 * colours[0], grey + 0.4 * colours[1]], axis=-1)
    return np.clip(128 + 45 * picture / picture.std(), 0, 255)


def shot(rng: np.random.Generator, n_frames: int) -> np.ndarray:
    """A camera that pans to and fro over a scene while discs cross it.

    Shapes   -> (n_frames, HEIGHT, WIDTH, 3) uint8
    """
    picture, seconds = scene(rng), np.arange(n_frames) / RATE
    periods, phases = rng.uniform(8, 20, (2, 1)), rng.uniform(0, 2 * np.pi, (2, 1))
    down, right = np.round(MARGIN * (1 + np.sin(2 * np.pi * seconds / periods + phases))).astype(int)
    frames = np.stack([picture[y : y + HEIGHT, x : x + WIDTH] for y, x in zip(down, right, strict=True)])
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    for _ in range(N_DISCS):
        start, speed = rng.uniform(0, (HEIGHT, WIDTH)), rng.uniform(-30, 30, 2)  # pixels, pixels per second
        y, x = ((start + seconds[:, None] * speed) % (HEIGHT, WIDTH)).T[:, :, None, None]
        frames[np.hypot(rows - y, columns - x) < rng.uniform(4, 14)] = rng.uniform(0, 255, 3)
    return frames.astype(np.uint8)


def write_film(path: Path, *, seconds: float, cut_every: float, seed: int) -> Path:
    """The film of one shot, or of shots of `cut_every` seconds."""
    rng, n_frames = np.random.default_rng(seed), round(seconds * RATE)
    length = round(cut_every * RATE) or n_frames
    raw = path.with_suffix(".raw")
    with raw.open("wb") as file:
        for first in range(0, n_frames, length):
            file.write(shot(rng, min(length, n_frames - first)).tobytes())
    args = ["-y", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{WIDTH}x{HEIGHT}", "-r", str(RATE), "-i", str(raw)]
    run_ffmpeg([*args, "-c:v", "libx264", "-qp", "10", "-pix_fmt", "yuv420p", str(path)], path_for_errors=path)
    raw.unlink()
    return path


def write_models(folder: Path, *, width: int, n_layers: int, seed: int = 0) -> Path:
    """A random V-JEPA 2 with heads of 64 as released, and a random encoder of its features alone."""
    write_video_model(
        folder / "video", seed=seed, hidden_size=width, num_attention_heads=width // 64, num_hidden_layers=n_layers
    )
    n_groups = len(RELEASED_SELECTION.groups(n_layers + 1))
    write_encoder(folder / "encoder", seed=seed, feature_dims={"video": (n_groups, width)}, n_outputs=1000)
    return folder


def run(models: Path, film: Path, stride: int) -> tuple[np.ndarray, np.ndarray]:
    """The pipeline's video features (dimensions, bins) and predictions (vertices, TRs) with that stride."""
    model = TribeModel.from_pretrained(
        models / "encoder", models=models, device="cpu", cache_folder=models / "cache",
        config_update={"tribe_np.video_stride": stride},
    )  # fmt: skip
    events = model.get_events(video_path=film, speech=False)
    features = model.extract_features(events)["video"]
    predictions, _ = model.predict(events, verbose=False)
    return features.reshape(-1, features.shape[-1]), predictions.T


def main(arguments: Sequence[str] | None = None) -> None:
    """Draws the films, runs every stride and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--layers", type=int, default=8)
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--json", type=Path, metavar="FILE", help="the figures, unrounded")
    options = parser.parse_args(arguments)
    figures = {}
    print(
        f"random weights, {options.layers} layers of width {options.width}, {options.seconds:g} s of film\n\n{HEADING}"
    )
    with tempfile.TemporaryDirectory() as name:
        models = write_models(Path(name), width=options.width, n_layers=options.layers)
        for number, (title, cut_every) in enumerate(FILMS.items()):
            film = write_film(models / f"{number}.mp4", seconds=options.seconds, cut_every=cut_every, seed=number)
            exact = run(models, film, 1)
            for stride, shown in ((2, "every 2nd"), (4, "every 4th")):
                effects = [Effect.between(a, b) for a, b in zip(exact, run(models, film, stride), strict=True)]
                print(f"| {title} | {shown} | {effects[0]} | {effects[1]} |", flush=True)
                figures[f"{title}, stride {stride}"] = [vars(effect) for effect in effects]
    if options.json is not None:
        options.json.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
