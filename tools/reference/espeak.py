"""Events that the real espeak-ng reports, recorded so that word times are tested without it.

Not a neural reference: espeak-ng is a system library, so this stage records its version instead of a package's.
"""

import json
import re
import subprocess
import sys
import tempfile
import wave
from pathlib import Path
from typing import Any

from tools.reference.measure import Row
from tribe_np.media.speech import espeak_child
from tribe_np.media.speech.synthesis import LIBRARIES

NAME = "espeak_events.json"
LONG = " ".join(
    f"Sentence {number} walks, slowly, past the {word} house." for number, word in enumerate(["old", "new", "red"] * 45)
)
TEXTS = {
    "plain": ("en", "Hello there, my friend. How are you today? I am well."),
    "hard": ("en", "In 1999 the U.S.A. didn't \"really\" win — 12,345 😀 times. It's (well) e.g. $5.50!"),
    "french": ("fr", "Le café est ouvert à l'été. Voilà, ça coûte 3,50 € !"),
    "paragraphs": ("en", "First line\nsecond line.\n\n  Third\tparagraph -- naïve coöperation... done"),
    "german": ("de", "Über 1.000 Bücher; straße & z. B. München?"),
    "silent": ("en", "... !"),
    "long": ("en", LONG),
}


def record(voice: str, text: str) -> dict[str, Any]:
    """What the child reports for one text."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-P", espeak_child.__file__, folder, voice, *LIBRARIES]
        subprocess.run(command, input=text.encode(), check=True)
        events = json.loads((Path(folder) / "events.json").read_text())
        with wave.open(str(Path(folder) / "speech.wav")) as sound:
            total = sound.getnframes() / sound.getframerate()
    return {"voice": voice, "text": text, "total": total, "events": events}


def dump(folder: Path, upstream: Path | None) -> list[str]:
    """Writes espeak_events.json."""
    said = subprocess.run(["espeak-ng", "--version"], check=True, capture_output=True, text=True).stdout
    version = re.search(r"[0-9]+(\.[0-9]+)+", said)
    cases = {name: record(voice, text) for name, (voice, text) in TEXTS.items()}
    content = {"espeak_ng": version.group() if version else "", "cases": cases}
    (folder / NAME).write_text(json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n")
    return [NAME]


def compare(seed: int) -> list[Row]:
    """Nothing to measure: another version of espeak-ng may time words otherwise."""
    return []
