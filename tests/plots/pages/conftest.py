"""A small made-up brain and runs on it: pages are made in a second."""

import struct
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.cortex.icospheres import surface, write_freesurfer
from tests.cortex.synthetic_labels import write_annotation
from tests.prediction_folders import write_folder
from tribe_np.timeline.events import Event, Events

V = 642
MAPS = ("sulc", "curv")


@pytest.fixture
def subjects(tmp_path: Path) -> Path:
    """A subjects folder with a small fsaverage3 that has a flat map."""
    folder = write_freesurfer(tmp_path / "subjects", "fsaverage3")
    kept = np.arange(V) % 50 != 3
    for side, letter in (("left", "lh"), ("right", "rh")):
        flat = surface("fsaverage3", "white", side)[0] * (1, 1, 0)
        rows = [struct.pack(">i3f", (i + 1) * (-1) ** i, *flat[i]) for i in np.flatnonzero(kept)]
        raw = struct.pack(">2i", -1, len(rows)) + b"".join(rows)
        (folder / "fsaverage3" / "surf" / f"{letter}.cortex.patch.flat").write_bytes(raw)
    return folder


@pytest.fixture
def values(rng: np.random.Generator) -> np.ndarray:
    """Six rows on fsaverage3."""
    return rng.normal(size=(6, 2 * V)).astype(np.float32)


@pytest.fixture
def regions(tmp_path: Path) -> list[str]:
    """Annotations of both hemispheres with three made-up regions."""
    folder = tmp_path / "regions"
    folder.mkdir()
    paths = [folder / f"{side}h.made_up.annot" for side in "lr"]
    for path in paths:
        write_annotation(path, ["???", "MadeUp1", "MadeUp2", "MadeUp3"], np.arange(V) % 4)
    return [str(path) for path in paths]


MakeRun = Callable[..., Path]


@pytest.fixture
def make_run(tmp_path: Path, values: np.ndarray) -> MakeRun:
    """Writes a prediction folder on fsaverage3, with the words and media of its stimulus."""

    def make(
        name: str = "predictions", media: Path | None = None, words: tuple[str, ...] = ("one", "two"), **given: Any
    ) -> Path:
        kind = given.pop("kind", "video")
        told = {} if media is None else {"stimulus": {"path": str(media), "kind": kind}}
        rows = given.pop("values", values)
        run = {"mesh": "fsaverage3", "command": "predict film.mp4", **told, **given.pop("run", {})}
        folder = write_folder(tmp_path / name, rows, run, **given)
        events = [Event("Word", 0.5 + k, 0.4, text=word) for k, word in enumerate(words)]
        if media is not None:
            sound = ["Audio"] if kind in ("video", "audio") else []
            seen = {"video": ["Video"], "picture": ["Image"]}.get(kind, [])
            events += [Event(row, 0.0, 6.0, filepath=str(media), frequency=8.0) for row in (*seen, *sound)]
        Events(events).to_tsv(folder / "events.tsv")
        return folder

    return make


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """Six seconds of a test card with a tone."""
    return make_film(tmp_path / "film.mp4")


def make_film(path: Path, *, size: str = "64x48", extra: tuple[str, ...] = (), sound: bool = True) -> Path:
    """A film by ffmpeg: a test card, and a tone where asked for."""
    from tribe_np.media.ffmpeg import ffmpeg_path

    tone = ["-f", "lavfi", "-i", "sine=frequency=440:duration=6"] if sound else []
    card = ["-f", "lavfi", "-i", f"testsrc=size={size}:rate=8:duration=6"]
    subprocess.run([ffmpeg_path(), "-y", "-v", "error", *card, *tone, *extra, str(path)], check=True)
    return path
