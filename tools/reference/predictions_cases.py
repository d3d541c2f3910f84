"""Tiny models, small stimuli and tables for the comparison of the whole pipeline; needs no reference package."""

import hashlib
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

import extractors.llama.random
import extractors.vjepa2.random
import extractors.wav2vec_bert.random
import tribe_np.encoder.random
from extractors.common.layer_groups import LayerSelection
from tribe_np.formats.weights import read_json
from tribe_np.media.ffmpeg import run_ffmpeg
from tribe_np.pipeline.model import TribeModel
from tribe_np.timeline.events import Event, Events, from_record, to_record
from tribe_np.timeline.segments import Segment

N_OUTPUTS = 60
GOLDEN_SEED = 5
RATE = 16000
TEXT = (
    "Well, hello there! My name is Bob. I live in Paris, France. Do you like it? It's a well-known town; NASA and "
    "Dr. Smith can't say no. They paid $5.50 for two loaves of bread. Goodbye then, my old friend."
)
SPEECH = tuple(TEXT.split())


@dataclass(frozen=True)
class Models:
    """Folders of one set of random models."""

    encoder: Path
    extractors: Mapping[str, Path]

    def ours(self, *, precision: str = "float32", cache: Path | bool = False, **options: Any) -> TribeModel:
        """Our model on them; V-JEPA's last state raw, as transformers 5.23 gives it."""
        own = {"video_final_norm": False, "sentences": "builtin", **options.pop("own", {})}
        return TribeModel.from_pretrained(
            self.encoder, models=dict(self.extractors), cache_folder=cache, device="cpu", precision=precision,
            config_update={f"tribe_np.{k}": v for k, v in own.items()} | options,
        )  # fmt: skip

    def digests(self) -> dict[str, str]:
        """SHA-256 of every weight file."""
        files = {"encoder": self.encoder} | dict(self.extractors)
        return {n: hashlib.sha256((f / "model.safetensors").read_bytes()).hexdigest() for n, f in files.items()}


@contextmanager
def working_folder() -> Iterator[Path]:
    """A temporary folder without "t5" or "bert" in its path, for which neuralset would load another kind of model."""
    folder = Path(tempfile.gettempdir()) / f"tribe_{secrets.randbits(64)}"  # digits: neither can occur
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def write_models(folder: Path, *, seed: int, duration_trs: int) -> Models:
    """The four models; the film's folder is called vjepa2, since upstream knows the kind of model by that name."""
    made = {
        "text": extractors.llama.random.write_random(folder / "text", seed=seed + 1, n_layers=4),
        "audio": extractors.wav2vec_bert.random.write_random(folder / "audio", seed=seed + 2, n_layers=2),
        "video": extractors.vjepa2.random.write_random(folder / "vjepa2", seed=seed + 3, crop_size=32),
    }
    dims = {}
    for modality, path in made.items():
        config = read_json(path / "config.json")
        groups = LayerSelection((0.5, 0.75, 1.0)).groups(config["num_hidden_layers"] + 1)
        dims[modality] = (len(groups), config["hidden_size"])
    tribe_np.encoder.random.write_random(
        folder / "encoder", seed=seed, feature_dims=dims, n_outputs=N_OUTPUTS, n_output_timesteps=duration_trs,
        hidden=96, heads=3, low_rank_head=40, max_seq_len=256,
    )  # fmt: skip
    return Models(folder / "encoder", made)


def spoken_words(seed: int, seconds: float, text: Sequence[str] = SPEECH) -> list[dict[str, Any]]:
    """Rows of upstream's sidecar: words one after the other with millisecond times, the first at 0.

    As upstream writes it, a duration is the difference of two times: not a rounded number.
    """
    rng, rows, start = np.random.default_rng([seed, 7]), [], 0.0
    for word in text:
        duration = round(float(rng.uniform(0.08, 0.45)), 3)
        if start + duration > seconds:
            break
        length = round(start + duration, 3) - start
        rows.append({"text": word, "start": start, "duration": length, "sequence_id": 0, "sentence": "spoken"})
        start = round(start + duration + float(rng.choice([0.0, 0.02, 0.3])), 3)
    return rows


def write_sidecar(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    """Upstream's table of words."""
    keys = ("text", "start", "duration", "sequence_id", "sentence")
    lines = ["\t".join(keys), *("\t".join(str(row[key]) for key in keys) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def write_noise(path: Path, seed: int, seconds: float, rate: int = RATE) -> Path:
    """Noise with the slow swell of speech, full band."""
    rng = np.random.default_rng([seed, 8])
    t = np.arange(round(seconds * rate)) / rate
    swell = 0.1 + np.abs(np.sin(2 * np.pi * 1.7 * t + rng.uniform(0, 6)))
    soundfile.write(path, 0.2 * swell * rng.standard_normal(len(t)).clip(-3, 3), rate, subtype="PCM_16")
    return path


def write_film(path: Path, seed: int, seconds: float, *, sound: bool) -> Path:
    """A small moving picture, H.264, with AAC noise."""
    size, rate = "80x64", (10, 12, 15)[seed % 3]
    arguments = ["-v", "error", "-f", "lavfi", "-i", f"testsrc2=size={size}:rate={rate}:duration={seconds}"]
    with tempfile.TemporaryDirectory() as folder:
        if sound:
            wav = write_noise(Path(folder) / "a.wav", seed, seconds)
            arguments += ["-i", str(wav), "-c:a", "aac", "-b:a", "48k"]
        arguments += ["-c:v", "libx264", "-crf", "30", "-pix_fmt", "yuv420p", "-threads", "1"]
        arguments += ["-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact", "-y", str(path)]
        run_ffmpeg(arguments, path_for_errors=path)
    return path


def hand_made(folder: Path) -> Events:
    """Two timelines with what a single grid from 0 would get wrong.

    "late" begins at 3.2 s, has a silent gap, words across the borders of windows, and sound that begins between two
    steps of the grid; "early" is first by time, second in the table.
    """
    first, second = write_noise(folder / "first.wav", 21, 6.4), write_noise(folder / "second.wav", 22, 7.7)
    rows = [
        Event("Audio", 3.2, 6.4, "late", "one", filepath=str(first), frequency=float(RATE)),
        Event("Audio", 98.7, 7.7, "late", "one", filepath=str(second), frequency=float(RATE)),
        Event("Audio", 0.0, 3.1, "early", "one", filepath=str(second), frequency=float(RATE), offset=1.3),
    ]
    times = [3.3, 3.74, 5.1, 12.9, 13.45, 83.1, 99.95, 103.1, 105.6]
    places = [("late", time) for time in times] + [("early", 0.25), ("early", 1.75)]
    for n, (timeline, time) in enumerate(places):
        context = " ".join(SPEECH[: n + 1])
        rows.append(Event("Word", time, 0.3, timeline, "one", text=SPEECH[n], language="english", context=context))
    return Events(rows).standardized()


@dataclass(frozen=True)
class Case:
    """One stimulus or table; `media` is made by `write`."""

    name: str
    kind: str  # "audio", "video" or "table"
    seconds: float = 0.0
    sound: bool = True
    seed: int = 11
    duration_trs: int = 100
    update: Mapping[str, Any] = field(default_factory=dict)
    timelines: tuple[str, ...] = ("late", "early")

    def table(self, folder: Path) -> Events:
        """The hand-made table, or the part of it that the case is about."""
        return Events(event for event in hand_made(folder) if event.timeline in self.timelines)

    @property
    def committed(self) -> str | None:
        """The film's name among the golden files: encoders may differ from build to build, so it is not re-made."""
        return f"{self.name}.mp4" if self.kind == "video" else None

    def write(self, folder: Path, golden: Path | None = None) -> Path | None:
        """The stimulus with its sidecar, in `folder`; a film is copied from `golden` where that is given."""
        if self.kind == "table":
            return None
        path = folder / (f"{self.name}.wav" if self.kind == "audio" else f"{self.name}.mp4")
        if self.kind == "audio":
            write_noise(path, self.seed, self.seconds)
        elif golden is not None:
            path.write_bytes((golden / path.name).read_bytes())
        else:
            write_film(path, self.seed, self.seconds, sound=self.sound)
        if self.sound:
            write_sidecar(path.with_suffix(".tsv"), spoken_words(self.seed, self.seconds))
        return path


CASES = (
    Case("predictions_sound", "audio", 6.4),
    Case("predictions_film", "video", 12.3),
    Case("predictions_silent", "video", 4.6, sound=False),
    Case("predictions_overlap", "table", update={"data.overlap_trs_train": 20}),
    Case("predictions_short", "table", duration_trs=10, update={"data.overlap_trs_train": 2}),
    Case(
        "predictions_complete",
        "table",
        duration_trs=10,
        update={"data.stride_drop_incomplete": True},
        timelines=("late",),
    ),
)


@dataclass(eq=False)
class SeeingEncoder:
    """An encoder that also keeps the features it is given, batch by batch."""

    encoder: Any
    batches: list[dict[str, np.ndarray]] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        """Everything else is the encoder's own."""
        return getattr(self.encoder, name)

    def __call__(self, features: Mapping[str, np.ndarray], subject_index: np.ndarray | None = None) -> Any:
        """The encoder's prediction."""
        self.batches.append(dict(features))
        return self.encoder(features, subject_index)


def run_ours(model: TribeModel, events: Events) -> tuple[dict[str, np.ndarray], list[Segment]]:
    """Features of every window by `features.MODALITY`, the predictions by `output`, and the kept segments."""
    seeing: Any = SeeingEncoder(model.encoder)
    predictions, segments = replace(model, encoder=seeing).predict(events, verbose=False)
    stages = {f"features.{m}": np.concatenate([b[m] for b in seeing.batches]) for m in seeing.batches[0]}
    return stages | {"output": predictions}, segments


EVENT_KEYS = ("type", "start", "duration", "timeline", "offset", "text", "language", "context", "sentence")
EVENT_KEYS += ("sentence_char", "text_char")


def event_rows(events: Events) -> list[list[Any]]:
    """What must be equal of every event: all but where its file lies and how upstream fills gaps."""
    return [[getattr(event, key) for key in EVENT_KEYS] for event in events]


def segment_rows(segments: Sequence[Any]) -> list[list[Any]]:
    """Start, duration, timeline and number of events of segments, ours or the peer's."""
    return [
        [float(s.start), float(s.duration), s.timeline, len(s.events if isinstance(s, Segment) else s.ns_events)]
        for s in segments
    ]


def packed(features: np.ndarray) -> dict[str, np.ndarray]:
    """The columns of windows (B, G, F, T) that are not zero: where (n, 2) and values (n, G, F)."""
    where = np.argwhere(features.any((1, 2)))
    return {"where": where, "values": features[where[:, 0], :, :, where[:, 1]]}


def unpacked(where: np.ndarray, values: np.ndarray, shape: Sequence[int]) -> np.ndarray:
    """The windows of `packed`."""
    features = np.zeros(shape, values.dtype)
    features[where[:, 0], :, :, where[:, 1]] = values
    return features


def record_of(event: Any, work: Path) -> dict[str, Any]:
    """A table row without its folder and without what is empty."""
    record = {k: v for k, v in to_record(event).items() if v not in ("", None)}
    if "filepath" in record:
        record["filepath"] = str(Path(record["filepath"]).relative_to(work))
    return record


def events_of(records: list[dict[str, Any]], folder: Path) -> Events:
    """The table of `record_of` rows, its files in `folder`."""
    placed = [r | ({"filepath": str(folder / r["filepath"])} if "filepath" in r else {}) for r in records]
    return Events(from_record(record, "golden") for record in placed)
