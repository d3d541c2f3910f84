"""Features of your own through the brain encoder, and what each axis means.

Any array of the right shape will do, whatever computed it. Here it is the loudness of 24 frequency bands of a made-up
sound, and how fast that loudness changes. The encoder is a tiny random one, made for the purpose: its predictions mean
nothing about any brain.

Run it: python examples/own_features.py. It prints:

    own features: audio (2, 24, 50): 2 layer groups, 24 features, 50 steps of 0.5 s
    predict_features: (25, 100): 25 rows of 1 s, 100 vertices
      row 0: 0 to 1 s; row 24: 24 to 25 s
    by hand: 3 windows (3, 2, 24, 20) -> (3, 100, 10): 3 windows, 100 vertices, 10 TRs each
    largest difference between the two: 1.4e-06
    a wrong shape is refused: features['audio'] must have 2 layer groups of width 24, got (1, 1, 24, 20)

Axes: B windows, G layer groups, F features, T steps of the 2 Hz grid, R TRs (rows of the result), V vertices.
"""

from tempfile import TemporaryDirectory

import numpy as np

from tribe_np import FmriEncoder, TribeError, TribeModel
from tribe_np.encoder.random import write_random

RATE = 16_000  # samples per second
SECONDS, WINDOW = 25, 10  # of the sound; of the windows that the encoder was trained on
BANDS, GRID, VERTICES = 24, 2, 100  # GRID: steps per second


def made_up_sound() -> np.ndarray:
    """A tone that rises and swells: (SECONDS * RATE,)."""
    time = np.arange(SECONDS * RATE) / RATE
    return np.sin(2 * np.pi * (200 + 100 * time) * time) * (1 + np.sin(time))


def band_features(sound: np.ndarray) -> np.ndarray:
    """Loudness of each band in each step, and its change: (2, BANDS, T)."""
    steps = sound.reshape(-1, RATE // GRID)  # (T, samples of half a second)
    power = np.abs(np.fft.rfft(steps)) ** 2
    bands = np.array_split(power, BANDS, axis=-1)
    loudness = np.log1p(np.stack([band.mean(axis=-1) for band in bands]))  # (BANDS, T)
    change = np.diff(loudness, axis=-1, prepend=loudness[:, :1])
    return np.stack([loudness, change])


def windows_by_hand(features: np.ndarray) -> np.ndarray:
    """The windows one after the other, the last filled up with zeros: (G, F, T) -> (B, G, F, steps of a window)."""
    size = WINDOW * GRID
    missing = -features.shape[-1] % size
    filled = np.pad(features, ((0, 0), (0, 0), (0, missing)))
    return np.stack(np.split(filled, filled.shape[-1] // size, axis=-1))


def main() -> None:
    """The short way, the long way, and a mistake."""
    audio = band_features(made_up_sound())
    print(f"own features: audio {audio.shape}: 2 layer groups, {BANDS} features, {audio.shape[-1]} steps of 0.5 s")
    with TemporaryDirectory() as folder:
        write_random(folder, seed=0, feature_dims={"audio": (2, BANDS)}, n_outputs=VERTICES, n_output_timesteps=WINDOW)
        model = TribeModel.from_pretrained(folder, cache_folder=False, device="cpu")
        encoder = FmriEncoder.from_pretrained(folder)

    # the short way: any length, cut into windows, rows past the end left out
    predictions, segments = model.predict_features({"audio": audio}, verbose=False)
    first, last = segments[0], segments[-1]
    print(f"predict_features: {predictions.shape}: {len(segments)} rows of {first.duration:g} s, {VERTICES} vertices")
    print(f"  row 0: {first.start:g} to {first.stop:g} s; row {len(segments) - 1}: {last.start:g} to {last.stop:g} s")

    # the long way: the encoder takes whole windows
    windows = windows_by_hand(audio)
    activity = encoder({"audio": windows})  # (B, V, R)
    n_windows = len(windows)
    print(
        f"by hand: {n_windows} windows {windows.shape} -> {activity.shape}: "
        f"{n_windows} windows, {VERTICES} vertices, {WINDOW} TRs each"
    )
    rows = activity.transpose(0, 2, 1).reshape(-1, VERTICES)[:SECONDS]
    difference = np.abs(rows - predictions).max()
    print(f"largest difference between the two: {difference:.1e}")
    if not difference < 1e-5:
        raise SystemExit("the two ways disagree")

    try:
        encoder({"audio": windows[:1, :1]})
    except TribeError as error:
        print(f"a wrong shape is refused: {error}")
    else:
        raise SystemExit("a wrong shape went through")


if __name__ == "__main__":
    main()
