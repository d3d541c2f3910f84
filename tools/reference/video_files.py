"""Frames of real files against moviepy, and whole files through neuralset's extractor; files made by bundled ffmpeg."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, fields
from fractions import Fraction
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from extractors import VJepa2Model
from extractors.common.layer_groups import LayerSelection
from extractors.vjepa2.extract import video_features
from extractors.vjepa2.random import write_random
from tools.reference.measure import Row, our_kernels, worst
from tools.reference.odd_films import screen_recording, two_films
from tools.reference.torch_setup import skip_torchvision_operators
from tribe_np.media.ffmpeg import run_ffmpeg
from tribe_np.media.film.probe import Habits, probe
from tribe_np.media.film.video import clip_frames, clip_times

RATES = ("24", "25", "30000/1001", "30", "24000/1001", "60000/1001", "12", "50")
UPSTREAM = Habits(**{field.name: True for field in fields(Habits)})
NEURALSET = "neuralset 0.0.2"
MOVIEPY = "moviepy 2.2.1"


@dataclass(frozen=True)
class Case:
    """One run of the whole extractor."""

    offset: float
    duration: float
    cache_n_layers: int | None
    n_layers: int


CASES = (Case(0.0, 5.04, None, 6), Case(1.3, 2.5, None, 6), Case(0.0, 5.04, 20, 40), Case(1.3, 2.5, 20, 40))


def make_video(
    path: Path, *, rate: str = "25", seconds: float = 5.0, size: str = "96x64", rotation: int = 0, sound: float = 0.0
) -> Path:
    """An H.264 mp4 of ffmpeg's test picture, with a sine for `sound` seconds, turned by metadata."""
    lavfi = ["-f", "lavfi", "-i", f"testsrc=size={size}:rate={rate}:duration={seconds}"]
    if sound:
        lavfi += ["-f", "lavfi", "-i", f"sine=frequency=440:duration={sound}", "-c:a", "aac"]
    still = path.with_suffix(".plain.mp4") if rotation else path
    run_ffmpeg(["-y", *lavfi, "-c:v", "libx264", "-pix_fmt", "yuv420p", str(still)], path_for_errors=still)
    if rotation:
        turn = ["-y", "-display_rotation", str(rotation), "-i", str(still), "-c", "copy", str(path)]
        run_ffmpeg(turn, path_for_errors=path)
    return path


def moviepy_clips(path: Path, offset: float, duration: float, n_video_frames: int = 64) -> np.ndarray:
    """The clips as neuralset asks moviepy for them."""
    import warnings

    from moviepy import VideoFileClip

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        whole = VideoFileClip(str(path))
        part = whole.subclipped(offset, offset + duration)
        times = clip_times(part.duration, n_video_frames=n_video_frames)
        clips = np.array([[part.get_frame(time) for time in row] for row in times])
        whole.close()
    return clips


def compare_frames(seed: int) -> list[Row]:
    """All clips of one file and part of it, to the bit; some turned, some shorter than their sound."""
    rng = np.random.default_rng(seed)
    rate, seconds = RATES[seed % len(RATES)], float(rng.uniform(3, 6))
    rotation, sound = (90 if seed % 3 == 2 else 0), (seconds + 1.5 if seed % 4 == 3 else 0.0)
    with tempfile.TemporaryDirectory() as folder:
        path = make_video(Path(folder) / "a.mp4", rate=rate, seconds=seconds, rotation=rotation, sound=sound)
        length = probe(path).duration
        offset = round(float(rng.uniform(0.1, 1.5)), 3)
        rows = []
        for start, duration in ((0.0, length), (offset, length - offset)):
            peer = moviepy_clips(path, start, duration)
            ours = np.array(
                list(clip_frames(path, offset=start, duration=duration, habits=Habits(ignore_rotation=True)))
            )
            case = f"{rate} Hz, {length} s, from {start}, turned by {rotation}, sound {sound:.1f} s"
            rows += worst("video frames", MOVIEPY, case, {"clips": ours}, {"clips": peer}, {"clips": peer}, floor=0)
    return rows


def compare_odd_films() -> list[Row]:
    """Films that upstream shows wrongly, read with its habits: a variable rate, and two films in one file."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for path in (screen_recording(Path(folder) / "screen.mp4"), two_films(Path(folder) / "two.mkv")):
            length = probe(path).duration
            for offset, duration in ((0.0, length), (1.3, 6.1)):
                peer = moviepy_clips(path, offset, duration)
                ours = np.array(list(clip_frames(path, offset=offset, duration=duration, habits=UPSTREAM)))
                case = f"{path.name}, {length} s, from {offset}"
                rows += worst("odd films", MOVIEPY, case, {"clips": ours}, {"clips": peer}, {"clips": peer}, floor=0)
    return rows


def compare_pipeline(case: Case) -> list[Row]:
    """File to features, against neuralset's extractor with a tiny model."""
    config = {
        "hidden_size": 24, "num_attention_heads": 1, "num_hidden_layers": case.n_layers, "crop_size": 16,
        "patch_size": 8, "mlp_ratio": 2.0,
    }  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="vjepa2_") as name:
        path = make_video(Path(name) / "a.mp4", seconds=5.04, sound=5.0)
        folder = str(write_random(Path(name) / "vjepa2", seed=5, **config))
        peer = neuralset_features(folder, path, case)
        ours = {}
        for precision in ("float32", "float64"):
            model = VJepa2Model.from_pretrained(folder, precision=precision, kernels=our_kernels())
            selection = LayerSelection((0.5, 0.75, 1.0), cache_n_layers=case.cache_n_layers)
            clips = clip_frames(path, offset=case.offset, duration=case.duration, prepare=model.processor.shrink)
            pixels = map(model.processor.normalize, clips)
            ours[precision] = {
                "features": video_features(model, pixels, selection=selection, final_norm=False, prepared=True)
            }
    named = {"features": peer}
    rows = worst("video pipeline", NEURALSET, str(case), ours["float32"], named, ours["float64"], floor=1e-4)
    return rows


def neuralset_features(folder: str, path: Path, case: Case) -> np.ndarray:
    """Features of the real extractor."""
    skip_torchvision_operators()
    from neuralset.events.etypes import Video
    from neuralset.extractors.image import HuggingFaceImage
    from neuralset.extractors.video import HuggingFaceVideo

    with patch.object(HuggingFaceImage, "repo_exists", lambda self: True):  # a folder, not a hub name
        image = HuggingFaceImage(
            model_name=folder, layers=[0.5, 0.75, 1.0], layer_aggregation="group_mean", token_aggregation="mean",
            cache_n_layers=case.cache_n_layers, device="cpu", imsize=None, infra={"keep_in_ram": False},
        )  # fmt: skip
        extractor = HuggingFaceVideo(image=image, frequency=2.0, clip_duration=4.0)
    event = Video(
        start=0.0, timeline="t", filepath=str(path), offset=case.offset, duration=case.duration, frequency=25.0
    )
    arrays = list(extractor._get_timed_arrays([event], start=0.0, duration=case.duration))
    return np.asarray(arrays[0].data)


def golden_indices() -> tuple[Mapping[str, np.ndarray], Mapping[str, Any]]:
    """Frame numbers that moviepy shows, read back from pictures whose brightness codes their number."""
    arrays: dict[str, np.ndarray] = {}
    cases: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for rate in RATES:
            path = Path(folder) / f"{rate.replace('/', '_')}.mp4"
            n_frames = int(4.14 * float(Fraction(rate)))  # eight bits
            _coded_video(path, rate, n_frames)
            info = probe(path)
            for name, offset, duration in (("whole", 0.0, info.duration), ("part", 1.3, 2.5)):
                clips = moviepy_clips(path, offset, duration)
                bits = clips[:, :, 8, 8::16, 1] > 127
                arrays[f"{rate} {name}"] = (bits * 2 ** np.arange(bits.shape[-1])).sum(-1).astype(np.int16)
                cases[f"{rate} {name}"] = {
                    "fps": info.fps, "n_frames": n_frames, "offset": offset, "duration": duration
                }  # fmt: skip
    return arrays, {"cases": cases}


def _coded_video(path: Path, rate: str, n_frames: int) -> None:
    bits = (np.arange(n_frames)[:, None] >> np.arange(8)) & 1
    pictures = np.repeat(np.repeat((bits * 255).astype(np.uint8)[:, None, :], 16, 2), 16, 1)
    raw = path.with_suffix(".raw")
    raw.write_bytes(pictures.tobytes())
    args = ["-y", "-f", "rawvideo", "-pix_fmt", "gray", "-s", "128x16", "-r", rate, "-i", str(raw)]
    run_ffmpeg([*args, "-c:v", "libx264", "-qp", "0", "-pix_fmt", "yuv420p", str(path)], path_for_errors=path)
