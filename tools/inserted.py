"""How a stimulus that is inserted in a run differs from playing the whole run as one film, on RANDOM weights.

    python -m tools.inserted [--trials 10] [--seconds 6] [--gap 6]

An experiment computes the features of each stimulus file alone. As one film, its clips of 4 s would reach back before
the onset, chunks would be cut on the grid of the run, and the sound would be normalised, and attended to, over the
whole chunk. A run of drawn film and sound with grey silence in between is made both ways, of the same frames and
samples. The table gives the RMS of the difference over that of the run's own changes, by seconds after the onset.
"""

import argparse
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile

from extractors.common.layer_groups import RELEASED_SELECTION
from extractors.vjepa2.random import write_random as write_video_model
from extractors.wav2vec_bert.random import write_random as write_audio_model
from tools.video_stride import HEIGHT, RATE, WIDTH, shot
from tribe_np.encoder.random import write_random as write_encoder
from tribe_np.media.ffmpeg import run_ffmpeg
from tribe_np.pipeline.model import TribeModel
from tribe_np.timeline.events import Event, Events
from tribe_np.timeline.segments import chunk_events

SOUND_RATE = 16000
HUSH = 1e-3  # of the silence: a room is never without a sound
STEP = 0.5  # seconds of the grid


def write_pictures(path: Path, frames: np.ndarray) -> Path:
    """Lossless: a frame is decoded to the same pixels wherever it stands."""
    raw = path.with_suffix(".raw")
    raw.write_bytes(frames.tobytes())
    args = ["-y", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{WIDTH}x{HEIGHT}", "-r", str(RATE), "-i", str(raw)]
    run_ffmpeg([*args, "-c:v", "libx264", "-qp", "0", "-pix_fmt", "yuv420p", str(path)], path_for_errors=path)
    raw.unlink()
    return path


def drawn_sound(rng: np.random.Generator, seconds: float) -> np.ndarray:
    """Harmonics of a gliding tone, in syllables, each sound with a loudness of its own.

    Shapes   -> (N,)
    """
    time = np.arange(round(seconds * SOUND_RATE)) / SOUND_RATE
    tone = rng.uniform(90, 250) * (1 + 0.2 * np.sin(2 * np.pi * rng.uniform(0.2, 1) * time))
    phase = 2 * np.pi * np.cumsum(tone) / SOUND_RATE
    voice = sum(np.sin(k * phase) / k for k in range(1, 20))
    syllables = np.clip(np.sin(2 * np.pi * rng.uniform(2, 5) * time), 0, 1)
    sound: np.ndarray = rng.uniform(0.03, 0.2) * voice * syllables + HUSH * rng.standard_normal(len(time))
    return sound


def write_models(folder: Path, *, width: int, n_layers: int) -> Path:
    """Random models of film and sound, and a random encoder of their features."""
    write_video_model(
        folder / "video", seed=0, hidden_size=width, num_attention_heads=width // 64, num_hidden_layers=n_layers
    )
    write_audio_model(folder / "audio", seed=1, hidden=width, heads=width // 64, n_layers=n_layers)
    dims = (len(RELEASED_SELECTION.groups(n_layers + 1)), width)
    write_encoder(folder / "encoder", seed=2, feature_dims={"audio": dims, "video": dims}, n_outputs=1000)
    return folder


def write_run(folder: Path, *, n_trials: int, seconds: float, gap: float) -> tuple[Events, Events, list[float]]:
    """The run as one film and sound, the same of inserted files, and the onsets of its trials."""
    rng, grey = np.random.default_rng(0), np.full((round(gap * RATE), HEIGHT, WIDTH, 3), 128, np.uint8)
    pause = write_pictures(folder / "pause.mp4", grey)
    films, sounds, rows, onsets = [grey], [HUSH * rng.standard_normal(round(gap * SOUND_RATE))], [], []
    rows.append(_film(pause, 0.0, gap))
    for trial in range(n_trials):
        onset = gap + trial * (seconds + gap)
        frames, sound = shot(rng, round(seconds * RATE)), drawn_sound(rng, seconds)
        film, wav = write_pictures(folder / f"{trial}.mp4", frames), folder / f"{trial}.wav"
        soundfile.write(wav, sound, SOUND_RATE, subtype="FLOAT")
        rows += [_film(film, onset, seconds), _sound(wav, onset, seconds), _film(pause, onset + seconds, gap)]
        films += [frames, grey]
        sounds += [sound, HUSH * rng.standard_normal(round(gap * SOUND_RATE))]
        onsets.append(onset)
    total = gap + n_trials * (seconds + gap)
    soundfile.write(folder / "run.wav", np.concatenate(sounds), SOUND_RATE, subtype="FLOAT")
    film = write_pictures(folder / "run.mp4", np.concatenate(films))
    whole = Events([_film(film, 0.0, total), _sound(folder / "run.wav", 0.0, total)])
    for kind in ("Audio", "Video"):
        whole = chunk_events(whole, kind)
    return whole.standardized(), Events(rows).standardized(), onsets


def _film(path: Path, start: float, duration: float) -> Event:
    return Event("Video", start, duration, filepath=str(path), frequency=float(RATE))


def _sound(path: Path, start: float, duration: float) -> Event:
    return Event("Audio", start, duration, filepath=str(path), frequency=float(SOUND_RATE))


def difference_by_step(whole: np.ndarray, inserted: np.ndarray) -> np.ndarray:
    """RMS over dimensions of the difference in each step, over the RMS of the whole run's changes around its mean.

    Shapes   whole, inserted (dimensions, steps) -> (steps,)
    """
    changes = whole - whole.mean(axis=1, keepdims=True)
    found: np.ndarray = np.sqrt(np.mean((inserted - whole) ** 2, axis=0) / np.mean(changes**2))
    return found


def after_onsets(by_step: np.ndarray, onsets: Sequence[float], step: float, seconds: Sequence[float]) -> list[float]:
    """The root mean square over trials at so many seconds after the onset; NaN where no trial has such a step."""
    found = []
    for second in seconds:
        steps = [round((onset + second) / step) for onset in onsets]
        values = [by_step[n] for n in steps if abs(second / step - round(second / step)) < 1e-9 and n < len(by_step)]
        found.append(float(np.sqrt(np.mean(np.square(values)))) if values else float("nan"))
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Makes the run both ways and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=10)
    parser.add_argument("--seconds", type=int, default=6, help="of a trial")
    parser.add_argument("--gap", type=int, default=6, help="seconds of grey silence before each")
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--json", type=Path, metavar="FILE", help="the figures, unrounded")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        models = write_models(Path(name), width=options.width, n_layers=options.layers)
        whole, inserted, onsets = write_run(models, n_trials=options.trials, seconds=options.seconds, gap=options.gap)
        model = TribeModel.from_pretrained(
            models / "encoder", models=models, device="cpu", cache_folder=models / "cache"
        )
        features = [model.extract_features(events) for events in (whole, inserted)]
        predictions = [model.predict(events, verbose=False)[0] for events in (whole, inserted)]
    seconds = np.arange(-1, options.seconds + options.gap, STEP).tolist()
    columns = {
        m: after_onsets(difference_by_step(*(_flat(f[m]) for f in features)), onsets, STEP, seconds)
        for m in features[0]
    }
    columns["predictions"] = after_onsets(difference_by_step(*(p.T for p in predictions)), onsets, 1.0, seconds)
    total = options.gap + options.trials * (options.seconds + options.gap)
    print(
        f"random weights, {options.layers} layers of width {options.width}; {options.trials} trials of "
        f"{options.seconds} s, {options.gap} s apart, in a run of {total} s\n\n"
        f"| seconds after the onset | {' | '.join(columns)} |\n|---|{'---|' * len(columns)}"
    )
    for row in zip(seconds, *columns.values(), strict=True):
        cells = ["" if np.isnan(value) else f"{value:.2f}" for value in row[1:]]
        print(f"| {row[0]:g} | {' | '.join(cells)} |")
    if options.json is not None:
        options.json.write_text(json.dumps({"seconds": seconds, **columns}, indent=1) + "\n")


def _flat(features: np.ndarray) -> np.ndarray:
    return features.reshape(-1, features.shape[-1])


if __name__ == "__main__":
    main()
