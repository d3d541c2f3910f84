"""A made-up run for the page's tests: a prediction folder on fsaverage5, its film, its words and a parcellation.

Nothing in it is measured or predicted. The regions are called MadeUp01 and so on: they are pieces of a sphere.
"""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.browser.planted import N_VERTICES, PIECES, patches, piece_of, planted_values
from tests.cortex.synthetic_labels import write_annotation
from tests.prediction_folders import write_folder
from tribe_np.timeline.events import Event, Events

STARTS = (*range(12), *range(15, 21))
"""Of the rows, in seconds: nothing is predicted from 13 s to 15 s."""
DURATION = 21.0
PATCH_ROW, RAMP_ROW, SMOOTH_ROW = 4, 8, 6
OFFSET = 5.0
MARKUP = "<script>alert(1)</script>"
WORDS = ("Good", "evening,", "said", MARKUP, "and", '<img/src=x/onerror="alert(2)">', "smiled.")
"""A word is a word, whatever it looks like."""


@dataclass(frozen=True, eq=False)
class MadeRun:
    """Where the run lies and what it holds."""

    folder: Path  # of the predictions
    film: Path
    parcellation: Path
    values: np.ndarray  # (R, V) float32
    starts: np.ndarray  # (R,) seconds

    def at(self, seconds: float) -> np.ndarray | None:
        """The values (V,) at a time of the rows; None where nothing is predicted. Written apart from the product's."""
        before = int(np.searchsorted(self.starts, seconds + 1e-9, side="right")) - 1
        if before < 0 or seconds - self.starts[before] >= 1.0:
            return None
        if before + 1 == len(self.starts) or self.starts[before + 1] - self.starts[before] > 1.5:
            return self.values[before]
        weight = np.float32(seconds - self.starts[before])
        return self.values[before] * (1 - weight) + self.values[before + 1] * weight

    def region(self, name: str) -> np.ndarray:
        """The vertices of a region of the made-up parcellation, both hemispheres."""
        return np.flatnonzero(piece_of() == PIECES.index(name))


def make_film(path: Path) -> Path:
    """A small film with sound: a test card and a tone."""
    from tribe_np.media.ffmpeg import ffmpeg_path

    card = f"testsrc=size=160x120:rate=8:duration={DURATION:g}"
    tone = f"sine=frequency=440:duration={DURATION:g}"
    command = [ffmpeg_path(), "-y", "-loglevel", "error", "-f", "lavfi", "-i", card, "-f", "lavfi", "-i", tone]
    shape = ["-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", "-shortest", str(path)]
    subprocess.run([*command, *shape], check=True)
    return path


def write_parcellation(folder: Path) -> Path:
    """Annotations of both hemispheres whose regions are pieces of the sphere, named as what they are."""
    folder.mkdir()
    for side, labels in zip("lr", np.split(piece_of(), 2), strict=True):
        write_annotation(folder / f"{side}h.made_up.annot", ["???", *PIECES], labels + 1)
    return folder


def run_events(film: Path) -> Events:
    """The events of a run: its film, its sound, and a word every two and a half seconds."""
    text = " ".join(WORDS)
    words = [
        Event("Word", 1.0 + 2.5 * place, 0.8, text=word, sentence=text, language="english", sequence_id=0)
        for place, word in enumerate(WORDS)
    ]
    media = [Event(kind, 0.0, DURATION, filepath=str(film), frequency=8.0) for kind in ("Video", "Audio")]
    return Events([*media, *words])


def make_run(base: Path, *, film_name: str = "clip.mp4") -> MadeRun:
    """All of it in a folder; about a second."""
    base.mkdir(parents=True, exist_ok=True)
    film = make_film(base / film_name)
    values = planted_values(len(STARTS), patch_row=PATCH_ROW, ramp_row=RAMP_ROW)
    run = {
        "tribe_np": "0.1.0",
        "stimulus": {"path": str(film), "kind": "video"},
        "tr": 1.0,
        "hemodynamic_offset": OFFSET,
        "start_of_row_0": 0.0,
        "shape": [len(STARTS), N_VERTICES],
        "words_from": "tests",
    }
    folder = write_folder(base / "predictions", values, run, starts=[float(start) for start in STARTS])
    run_events(film).to_tsv(folder / "events.tsv")
    parcellation = write_parcellation(base / "made_up_parcellation")
    return MadeRun(folder, film, parcellation, values, np.asarray(STARTS, np.float64))


def rewrite_run(run: MadeRun, **changes: object) -> None:
    """Changes facts of run.json."""
    path = run.folder / "run.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


__all__ = ["MadeRun", "make_run", "patches", "rewrite_run"]
