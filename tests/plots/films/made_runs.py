"""Prediction folders with a stimulus of any kind, small and quick, on fsaverage5, whose surfaces nilearn carries."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tests.prediction_folders import write_folder
from tribe_np.errors import MediaError
from tribe_np.files.sha256 import sha256_of
from tribe_np.media.ffmpeg import ffmpeg_path
from tribe_np.timeline.events import Event, Events

N_VERTICES = 20484
FLASH, LENGTH = 2.0, 6.0  # seconds: when picture and sound begin a fifth of a second of white and of beep


def ffmpeg(*arguments: str) -> bytes:
    """What ffmpeg writes to standard output."""
    command = [ffmpeg_path(), "-hide_banner", "-nostdin", "-loglevel", "error", "-y", *arguments]
    return subprocess.run(command, check=True, capture_output=True).stdout


def flash_film(path: Path, *, sound: bool = True, size: str = "160x90") -> Path:
    """Black and silent but for a white flash and a beep at FLASH."""
    on = f"between(t\\,{FLASH}\\,{FLASH + 0.2})"
    pictures = ["-f", "lavfi", "-i", f"color=black:s={size}:r=24:d={LENGTH}"]
    beep = ["-f", "lavfi", "-i", f"aevalsrc=0.8*sin(2*PI*880*t)*{on}:s=44100:d={LENGTH}"] if sound else []
    white = ["-vf", f"drawbox=color=white:t=fill:enable={on}"]
    coded = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]
    ffmpeg(*pictures, *beep, *white, *coded, *(["-c:a", "aac"] if sound else []), str(path))
    return path


def beep_sound(path: Path) -> Path:
    """The sound of `flash_film` alone."""
    on = f"between(t\\,{FLASH}\\,{FLASH + 0.2})"
    ffmpeg("-f", "lavfi", "-i", f"aevalsrc=0.8*sin(2*PI*880*t)*{on}:s=44100:d={LENGTH}", str(path))
    return path


def ramp(n_rows: int = 6) -> np.ndarray:
    """Row r holds r - 2 at every vertex, and in between and beyond more of either: colours end at -4 and 4."""
    return np.repeat(np.arange(n_rows, dtype=np.float32)[:, None] - 2, N_VERTICES, axis=1)


def words(text: str, start: float = 0.2, step: float = 0.5) -> list[Event]:
    """A word every `step` seconds."""
    return [Event("Word", start + k * step, step * 0.8, text=word) for k, word in enumerate(text.split())]


def shown(
    path: Path, start: float = 0.0, kinds: Sequence[str] = ("Video", "Audio"), length: float = LENGTH
) -> list[Event]:
    """Rows of a file that is seen, heard or both."""
    return [Event(kind, start, length, filepath=str(path), frequency=24.0) for kind in kinds]


def run_folder(
    folder: Path,
    events: Sequence[Event] = (),
    *,
    stimulus: Path | None = None,
    kind: str = "video",
    values: np.ndarray | None = None,
    starts: Sequence[float] | None = None,
    **run: Any,
) -> Path:
    """A prediction folder with these events."""
    values = ramp() if values is None else values
    told: dict[str, Any] = {"mesh": "fsaverage5", "command": "predict clip.mp4", **run}
    if stimulus is not None:
        digest = sha256_of(stimulus, error=MediaError) if stimulus.is_file() else "0" * 64
        told["stimulus"] = {"path": str(stimulus), "sha256": digest, "kind": kind}
    write_folder(folder, values, told, starts=starts)
    Events(list(events)).to_tsv(folder / "events.tsv")
    return folder


def probed(path: Path) -> str:
    """What ffmpeg prints about a file."""
    command = [ffmpeg_path(), "-hide_banner", "-i", str(path)]
    return subprocess.run(command, check=False, capture_output=True).stderr.decode()


def film_pixels(path: Path, size: tuple[int, int]) -> np.ndarray:
    """Every film frame, (n, height, width, 3) uint8."""
    raw = ffmpeg("-i", str(path), "-f", "rawvideo", "-pix_fmt", "rgb24", "-")
    return np.frombuffer(raw, np.uint8).reshape(-1, size[1], size[0], 3)


def film_sound(path: Path, rate: int = 44100) -> np.ndarray:
    """The sound as a player begins it with the first picture, (n,) float32."""
    filters = "aresample=async=1:first_pts=0"
    raw = ffmpeg("-i", str(path), "-map", "0:a", "-af", filters, "-ac", "1", "-ar", str(rate), "-f", "f32le", "-")
    return np.frombuffer(raw, np.float32)


def moov_comes_first(path: Path) -> bool:
    """Whether a player can begin before it has the whole file."""
    content = path.read_bytes()
    return 0 < content.find(b"moov") < content.find(b"mdat")


def as_json(text: str) -> Any:
    """The object that --json prints."""
    return json.loads(text)
