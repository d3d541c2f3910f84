"""Sound: julius, SeamlessM4TFeatureExtractor, Wav2Vec2BertModel, moviepy's sound track and neuralset's extractor."""

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from tools.reference.audio_compat import dump_compat
from tools.reference.audio_peer import (
    FRACTIONS,
    chirp,
    julius_length,
    julius_resample,
    peer_features,
    peer_log_mel,
    peer_model,
    peer_nearest,
    peer_pipeline,
    peer_standardize,
    peer_track,
)
from tools.reference.measure import Row, our_kernels, worst, write_golden

MODEL_PEER = "transformers 5.23.0 Wav2Vec2BertModel (sdpa)"
PIPELINE_PEER = "neuralset 0.0.2 Wav2VecBert"
RATES = (44100, 48000, 22050, 8000, 11025, 24000, 32000, 96000)
FILE_RATES = (8000, 11025, 22050, 44100, 48000, 96000)  # of recordings, from the telephone to the studio
TINY = {
    "n_layers": 3, "hidden": 16, "heads": 2, "intermediate": 32, "left": 6, "right": 3, "kernel": 7,
}  # fmt: skip


def dump(folder: Path, upstream: Path | None) -> list[str]:
    """Golden files of every step, small enough to commit."""
    _dump_resample(folder)
    _dump_features(folder)
    _dump_nearest(folder)
    _dump_model(folder)
    _dump_pipeline(folder)
    names = ("audio_resample", "audio_features", "audio_model", "audio_pipeline")
    return [*(f"{name}.safetensors" for name in names), "audio_nearest.json", *dump_compat(folder)]


def compare(seed: int) -> list[Row]:
    """Live: every step on inputs, and a model of sizes, drawn from the seed."""
    rng = np.random.default_rng(seed)
    return [
        *compare_resample(rng, seed),
        *compare_features(rng, seed),
        *compare_front_end(seed),
        *compare_nearest(rng, seed),
        *compare_model(rng, seed),
        *compare_pipelines(rng, seed),
        *compare_track(rng, seed),
    ]


def compare_resample(rng: np.random.Generator, seed: int) -> list[Row]:
    """Values at two rates; lengths of long sounds."""
    from tribe_np.ops.resample import resample, resampled_length

    rows: list[Row] = []
    for rate in rng.choice(RATES, 2, replace=False).tolist():
        x = np.stack([chirp(int(rng.integers(200, 9000)), rate, seed)] * 2) * np.float32([[1], [-0.5]])
        ours, peer, exact = resample(x, rate, 16000), julius_resample(x, rate), julius_resample(x, rate, double=True)
        rows += worst("audio.resample", "julius 0.2.8", f"{rate} Hz", {"values": ours}, {"values": peer},
                      {"values": exact})  # fmt: skip
        lengths = rng.integers(rate * 50, rate * 90, 40).tolist()
        ours_n = {"lengths": np.array([resampled_length(n, rate, 16000) for n in lengths])}
        peer_n = {"lengths": np.array([julius_length(n, rate) for n in lengths])}
        rows += worst("audio.resample", "julius 0.2.8", f"{rate} Hz", ours_n, peer_n, peer_n, floor=0)
    return rows


def _dump_resample(folder: Path) -> None:
    from julius import ResampleFrac

    arrays: dict[str, np.ndarray] = {}
    for rate, n_samples in ((44100, 4417), (48000, 4807)):
        x = chirp(n_samples, rate)
        arrays[f"x_{rate}"], arrays[f"y_{rate}"] = x, julius_resample(x, rate)
        arrays[f"filters_{rate}"] = ResampleFrac(rate, 16000).kernel[:2, 0].numpy()
    edges = {44100: (2646000, 2646011, 2645999, 441, 440), 48000: (2880000, 2880001, 2, 3, 4), 22050: (1323005, 7)}
    rng = np.random.default_rng(0)
    lengths = [(rate, n) for rate, listed in edges.items() for n in listed]
    lengths += [(int(r), int(n)) for r in RATES for n in rng.integers(r * 59, r * 61, 12)]
    arrays["lengths"] = np.array([(r, n, julius_length(n, r)) for r, n in lengths], np.int64)
    write_golden(folder, "audio_resample", arrays, {"meaning": "to 16 kHz; lengths: rate, samples in, samples out"})


def compare_features(rng: np.random.Generator, seed: int) -> list[Row]:
    """Bit-equal for any length, loudness and padding value."""
    from extractors.wav2vec_bert.filterbank import FilterbankConfig, input_features, standardize

    n_samples, padding = int(rng.integers(560, 30000)), float(rng.choice([0.0, 1.0, 0.25]))
    waveform = standardize(chirp(n_samples, 16000, seed)) * np.float32(10.0 ** rng.integers(-7, 2))
    peer = {"features": peer_features(waveform, padding)}
    ours = {"features": input_features(waveform, FilterbankConfig(padding))}
    name = "transformers 5.23.0 SeamlessM4TFeatureExtractor"
    return worst("audio.log_mel", name, f"{n_samples} samples", ours, peer, peer, floor=0)


def compare_front_end(seed: int) -> list[Row]:
    """From the file's rate to the model's input; below 16 kHz the upper mel bins hold rounding noise, in both."""
    from extractors.wav2vec_bert.filterbank import FilterbankConfig, input_features, standardize
    from tribe_np.ops.resample import resample

    name, rows = "julius 0.2.8 + transformers 5.23.0", list[Row]()
    for rate in FILE_RATES:
        x = (np.round(chirp(rate, rate, seed) * 32768) / 32768).astype(np.float32)
        ours = {"features": input_features(standardize(resample(x, rate, 16000)), FilterbankConfig(1.0))}
        peer, exact = (
            {"features": peer_features(peer_standardize(julius_resample(x, rate, double=double)), 1.0)}
            for double in (False, True)
        )
        rows += worst(f"audio.front_end at {rate} Hz", name, f"seed {seed}", ours, peer, exact, floor=1e-4)
    return rows


def _dump_features(folder: Path) -> None:
    waveform = chirp(8000, 16000)
    arrays = {"waveform": waveform, "log_mel": peer_log_mel(waveform)}
    arrays["features_even"] = peer_features(waveform[:7920], 1.0)
    arrays["features_odd"] = peer_features(waveform[:7800], 1.0)
    write_golden(folder, "audio_features", arrays, {"padding_value": 1.0, "even": 7920, "odd": 7800})


def compare_nearest(rng: np.random.Generator, seed: int) -> list[Row]:
    """Twenty random pairs of steps and bins."""
    from extractors.wav2vec_bert.extract import nearest_steps

    pairs = [(int(rng.integers(1, 4500)), int(rng.integers(1, 181))) for _ in range(20)]
    ours = {f"{s}->{n}": np.array(nearest_steps(s, n)) for s, n in pairs}
    peer = {f"{s}->{n}": np.array(peer_nearest(s, n)) for s, n in pairs}
    joined = [{"steps": np.concatenate(list(found.values()))} for found in (ours, peer)]
    return worst("audio.nearest", "torch 2.13.0 interpolate", f"{len(pairs)} pairs", *joined, joined[1], floor=0)


def _dump_nearest(folder: Path) -> None:
    pairs = [(49, 2), (2999, 120), (2999, 119), (4499, 180), (120, 120), (3, 7), (1, 4)]
    pairs += [(s, n) for s in range(400, 4500) for n in (s // 25, s // 25 + 1)
              if peer_nearest(s, n) != [k * s // n for k in range(n)]][:6]  # fmt: skip
    found = {f"{s}->{n}": peer_nearest(s, n) for s, n in pairs}
    (folder / "audio_nearest.json").write_text(json.dumps(found) + "\n")


def random_sizes(rng: np.random.Generator) -> dict[str, Any]:
    """Arguments of write_random: a tiny model of random window, kernel, heads and widths."""
    heads = int(rng.integers(1, 5))
    return {
        "n_layers": int(rng.integers(1, 4)), "heads": heads, "hidden": heads * int(rng.choice([4, 8, 12])),
        "intermediate": int(rng.integers(8, 48)), "left": int(rng.integers(0, 9)), "right": int(rng.integers(0, 5)),
        "kernel": int(rng.choice([1, 3, 7, 31])), "feature_projection_input_dim": int(rng.choice([20, 160])),
        "layer_norm_eps": float(rng.choice([1e-5, 1e-3])),
    }  # fmt: skip


def our_model(folder: Path, x: np.ndarray, precision: str) -> dict[str, np.ndarray]:
    """The same stages of ours."""
    from extractors import Wav2VecBertModel
    from tribe_np import trace

    model = Wav2VecBertModel.from_pretrained(folder, precision=precision, kernels=our_kernels())
    with trace() as recording:
        states = model.hidden_states(x)
    return {**recording.arrays, "hidden_states": states}


def our_pipeline(model: Path, wav: Path, offset: float, duration: float, precision: str) -> np.ndarray:
    """Ours: (G, F, n)."""
    from extractors import Wav2VecBertModel
    from extractors.common.layer_groups import LayerSelection
    from extractors.wav2vec_bert.extract import audio_features
    from tribe_np.media.sound.audio import read_audio

    samples, rate = read_audio(wav, offset, duration)
    loaded = Wav2VecBertModel.from_pretrained(model, precision=precision, kernels=our_kernels())
    return audio_features(loaded, samples, rate, duration, selection=LayerSelection(FRACTIONS, "group_mean", 3))


def compare_model(rng: np.random.Generator, seed: int) -> list[Row]:
    """All stages of a model of random sizes, loaded by both from one folder."""
    from extractors.wav2vec_bert.random import write_random

    sizes = random_sizes(rng)
    x = rng.normal(size=(int(rng.integers(1, 3)), int(rng.integers(1, 60)), sizes["feature_projection_input_dim"]))
    with tempfile.TemporaryDirectory() as name:
        folder = write_random(Path(name), seed=seed, **sizes)
        x = x.astype(np.float32)
        peer32, peer64 = peer_model(folder, x, double=False), peer_model(folder, x, double=True)
        ours32, ours64 = our_model(folder, x, "float32"), our_model(folder, x, "float64")
    return worst("audio.model", MODEL_PEER, f"seed {seed}", ours32, peer32, peer64, ours64)


def _dump_model(folder: Path) -> None:
    from extractors.wav2vec_bert.random import write_random
    from tribe_np.formats.safetensors import read_header

    sizes = {**TINY, "n_layers": 2, "feature_projection_input_dim": 20}
    x = np.random.default_rng(5).normal(size=(2, 23, 20)).astype(np.float32)
    with tempfile.TemporaryDirectory() as name:
        model = write_random(Path(name), seed=5, **sizes)
        peer32, peer64 = peer_model(model, x, double=False), peer_model(model, x, double=True)
        weights = {f"weights/{key}": e.read().copy() for key, e in read_header(model / "model.safetensors")[0].items()}
        config = json.loads((model / "config.json").read_text())
    arrays = {"input_features": x, **weights}
    arrays |= {f"float32/{key}": value for key, value in peer32.items() if key.endswith(("output", "hidden_states"))}
    arrays["float64/hidden_states"] = peer64["hidden_states"]
    write_golden(folder, "audio_model", arrays, {"config": config})


def compare_pipelines(rng: np.random.Generator, seed: int) -> list[Row]:
    """`compare_pipeline` for the two rates that leave the upper bins empty, and for another."""
    other = int(rng.choice([16000, *FILE_RATES[2:]]))
    return [row for rate in (*FILE_RATES[:2], other) for row in compare_pipeline(rng, seed, rate)]


def compare_pipeline(rng: np.random.Generator, seed: int, rate: int) -> list[Row]:
    """A stereo 16-bit file, whole (even seeds) or a piece of it (odd ones)."""
    import soundfile

    from extractors.wav2vec_bert.random import write_random
    from tools.reference.audio_spread import in_float64

    seconds = float(rng.uniform(2, 4))
    stereo = np.stack([chirp(int(seconds * rate), rate, seed + c) for c in range(2)], axis=1)
    offset = 0.0 if seed % 2 == 0 else float(rng.uniform(0.1, 1.0))
    duration = len(stereo) / rate - offset
    cached = None if seed % 4 < 2 else 3
    with tempfile.TemporaryDirectory() as name:
        wav, model = Path(name) / "sound.wav", write_random(Path(name) / "model", seed=seed, **TINY)
        soundfile.write(wav, stereo, rate, subtype="PCM_16")
        peer = {"features": peer_pipeline(model, wav, offset, duration, cached)}
        ours = {"features": our_pipeline(model, wav, offset, duration, "float32")}
        with in_float64():  # the model itself runs in float32 only
            exact = {"features": peer_pipeline(model, wav, offset, duration, cached)}
    case = f"seed {seed}, {'whole' if offset == 0 else 'piece'}"
    return worst(f"audio.pipeline at {rate} Hz", PIPELINE_PEER, case, ours, peer, exact, floor=1e-4)


def _dump_pipeline(folder: Path) -> None:
    import soundfile

    from extractors.wav2vec_bert.random import write_random
    from tribe_np.formats.safetensors import read_header

    rate, offset, duration = 22050, 0.05, 0.75
    stereo = np.stack([chirp(int(0.81 * rate), rate, c) for c in range(2)], axis=1)
    with tempfile.TemporaryDirectory() as name:
        wav, model = Path(name) / "sound.wav", write_random(Path(name) / "model", seed=3, **TINY)
        soundfile.write(wav, stereo, rate, subtype="PCM_16")
        samples = soundfile.read(wav, dtype="int16")[0]
        features = peer_pipeline(model, wav, offset, duration, None)
        weights = {f"weights/{key}": e.read().copy() for key, e in read_header(model / "model.safetensors")[0].items()}
        about = {"rate": rate, "offset": offset, "duration": duration, "fractions": FRACTIONS}
        about |= {name: json.loads((model / f"{name}.json").read_text()) for name in ("config", "preprocessor_config")}
    write_golden(folder, "audio_pipeline", {"samples": samples, "features": features, **weights}, about)


def compare_track(rng: np.random.Generator, seed: int) -> list[Row]:
    """A video with loud AAC sound, shorter or longer than its pictures: sample for sample."""
    import soundfile

    from tribe_np.media.ffmpeg import run_ffmpeg
    from tribe_np.media.sound.audio import extract_audio

    channels, rate = int(rng.integers(1, 3)), int(rng.choice([44100, 48000]))
    sound = 1.4 * np.stack([chirp(int(rng.uniform(0.6, 1.6) * rate), rate, seed)] * channels, axis=1)
    with tempfile.TemporaryDirectory() as name:
        wav, video, theirs, ours = (Path(name) / f for f in ("in.wav", "clip.mp4", "theirs.wav", "ours.wav"))
        soundfile.write(wav, np.clip(sound, -1, 1), rate, subtype="PCM_16")
        run_ffmpeg(["-f", "lavfi", "-i", "testsrc=size=32x32:rate=10:duration=1.1", "-i", str(wav), "-c:v", "libx264",
                    "-pix_fmt", "yuv420p", "-c:a", "aac", "-y", str(video)], path_for_errors=video)  # fmt: skip
        peer_track(video, theirs)
        assert extract_audio(video, ours)
        peer, mine = ({"samples": soundfile.read(path, dtype="int16")[0]} for path in (theirs, ours))
    return worst("audio.track", "moviepy 2.2.1 write_audiofile", f"{channels} channels {rate} Hz", mine, peer, peer,
                 floor=0)  # fmt: skip
