"""Folders of predictions with a stimulus, and small films and sounds, for tests."""

import json
import subprocess
import wave
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from tribe_np.media.ffmpeg import ffmpeg_path
from tribe_np.timeline.events import Event, Events

RATE = 8000


def write_run(
    folder: Path,
    rows: Iterable[Event] = (),
    *,
    stimulus: Path | None = None,
    kind: str = "video",
    run: Mapping[str, Any] | None = None,
) -> Path:
    """A folder with events.tsv and a run.json that names the stimulus with the digest that it has now."""
    folder.mkdir(parents=True)
    Events(rows).to_tsv(folder / "events.tsv")
    named = {} if stimulus is None else {"stimulus": {"path": str(stimulus), "sha256": digest(stimulus), "kind": kind}}
    (folder / "run.json").write_text(json.dumps({**named, **(run or {})}))
    return folder


def digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def film(path: Path, colours: Iterable[str] = ("red", "blue"), *, sound: bool = True, size: str = "64x48") -> Path:
    """A second of each colour at 10 pictures a second; the sound is silent in even seconds and loud in odd ones."""
    colours = list(colours)
    inputs = [part for colour in colours for part in ("-f", "lavfi", "-i", f"color={colour}:s={size}:r=10:d=1")]
    joined = "".join(f"[{k}:v]" for k in range(len(colours))) + f"concat=n={len(colours)}:v=1[v]"
    heard: list[str] = []
    if sound:
        inputs += ["-f", "lavfi", "-i", f"aevalsrc='0.5*sin(2*PI*200*t)*gte(mod(t,2),1)':s={RATE}:d={len(colours)}"]
        heard = ["-map", f"{len(colours)}:a", "-c:a", "pcm_s16le"]
    command = [ffmpeg_path(), "-loglevel", "error", "-y", *inputs, "-filter_complex", joined, "-map", "[v]", *heard]
    subprocess.run([*command, "-c:v", "ffv1", str(path)], check=True, stdin=subprocess.DEVNULL)
    return path


def sound(path: Path, loud: Iterable[float] = (0.0, 0.5), *, n_channels: int = 1, rate: int = RATE) -> Path:
    """A second of each loudness, as a square wave."""
    signs = np.where(np.arange(rate) // 20 % 2 == 0, 1.0, -1.0)
    samples = np.concatenate([loudness * signs for loudness in loud])
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(n_channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.repeat(np.rint(samples * 32767).astype("<i2"), n_channels).tobytes())
    return path


def seal(path: Path) -> Path:
    """The digest beside a file of the cache."""
    path.with_name(path.name + ".sha256").write_text(digest(path) + "\n")
    return path


def words(*texts: str, step: float = 0.5, timeline: str = "t") -> list[Event]:
    """A word each step, from second 0 on."""
    return [Event("Word", k * step, step * 0.8, timeline, text=text) for k, text in enumerate(texts)]
