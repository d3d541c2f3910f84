"""Upstream's ways with sound files that tribe_np mends: what neuralset and moviepy make of two small ones.

An MP3 file without a count of its frames, whose length libmpg123 takes from the first of them; and a film whose sound
begins 1 s after its pictures.
"""

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from tools.reference.audio_peer import peer_track
from tools.reference.torch_setup import skip_torchvision_operators
from tribe_np.media.ffmpeg import run_ffmpeg

NAME = "audio_compat.json"
NO_COUNT, LATE = "audio_no_count.mp3", "audio_late.mkv"
SECONDS, LOUD_FROM = 6.0, 2.0  # of the MP3: quiet, then noise that needs more bits
LATE_BY = 1.0


def dump_compat(golden: Path) -> list[str]:
    """Writes both files, and what the libraries make of them."""
    write_no_count(golden / NO_COUNT)
    write_late(golden / LATE)
    content = {"trust_sound_header": header_length(golden / NO_COUNT), "sound_from_start": first_sound(golden / LATE)}
    (golden / NAME).write_text(json.dumps(content) + "\n")
    return [NAME, NO_COUNT, LATE]


def write_no_count(path: Path) -> None:
    """Variable bit rate and no first frame that counts."""
    sound = f"aevalsrc='if(lt(t,{LOUD_FROM}),0.01*sin(300*t),0.4*random(0))':s=16000:d={SECONDS}"
    options = ["-q:a", "6", "-write_xing", "0", "-id3v2_version", "0", "-fflags", "+bitexact", "-y", str(path)]
    run_ffmpeg(["-f", "lavfi", "-i", sound, *options], path_for_errors=path)


def write_late(path: Path) -> None:
    """Two seconds of black, with a tone that begins after one."""
    pictures = ["-f", "lavfi", "-i", "color=size=16x16:rate=10:duration=2"]
    sound = ["-itsoffset", str(LATE_BY), "-f", "lavfi", "-i", "sine=frequency=500:sample_rate=8000:duration=1"]
    options = ["-c:v", "libx264", "-c:a", "pcm_s16le", "-fflags", "+bitexact", "-y", str(path)]
    run_ffmpeg([*pictures, *sound, *options], path_for_errors=path)


def header_length(path: Path) -> dict[str, Any]:
    """The length that neuralset gives the event."""
    skip_torchvision_operators()
    from neuralset.events import etypes

    event = etypes.Audio(start=0.0, timeline="t", filepath=str(path))
    return {"duration": event.duration, "frequency": float(event.frequency)}


def first_sound(path: Path) -> dict[str, Any]:
    """Samples that moviepy writes, and the first that is not silent."""
    with tempfile.TemporaryDirectory() as name:
        peer_track(path, Path(name) / "track.wav")
        samples = soundfile.read(Path(name) / "track.wav", dtype="int16")[0]
    return {"n_samples": len(samples), "first": int(np.flatnonzero(np.any(samples != 0, axis=1))[0])}
