"""TextGrids as Praat itself writes them, in every format and encoding that it offers.

    pip install praat-parselmouth==0.4.7
    python -m tools.reference.praat

Not a stage of `tools.dump_reference`: nothing else needs Praat.
"""

import base64
import json
import tempfile
from pathlib import Path
from typing import Any

from tools.places import GOLDEN

RECORDED = GOLDEN / "praat.json"
TIERS = {
    "Ann - words": [(0.0, ""), (1.0, "where"), (1.4, 'is "it"'), (2.2, "été"), (3.0, "")],
    "Ann - phones": [(0.0, ""), (1.0, "W"), (1.2, "EH1"), (1.4, "IH1"), (1.5, "Z"), (1.6, "")],
    "Bo - words": [(0.0, ""), (3.0, "over"), (3.5, "there"), (4.2, "")],
}
COMMANDS = {
    "long": "Save as text file",
    "short": "Save as short text file",
    "binary": "Save as binary file",
    "chronological": "Save as chronological text file",
}


def made() -> Any:
    """The TextGrid, with a tier of points at the end."""
    from parselmouth.praat import call

    grid = call("Create TextGrid", 0, 10, " ".join(name.replace(" ", "") for name in TIERS) + " bell", "bell")
    for number, (name, labels) in enumerate(TIERS.items(), 1):
        call(grid, "Set tier name", number, name)
        for start, _ in labels[1:]:
            call(grid, "Insert boundary", number, start)
        for interval, (_, label) in enumerate(labels, 1):
            call(grid, "Set interval text", number, interval, label)
    call(grid, "Insert point", len(TIERS) + 1, 5.0, "ding")
    return grid


def main() -> None:
    """Writes the golden file."""
    from parselmouth.praat import call, run

    grid, files = made(), {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.TextGrid"
        for encoding, suffix in (("UTF-8", "-utf8"), ("UTF-16", "-utf16")):
            run(f'Text writing preferences: "{encoding}"')
            for name, command in COMMANDS.items():
                call(grid, command, str(path))
                key = name + suffix if name in ("long", "short") else name
                files[key] = base64.b64encode(path.read_bytes()).decode()
    RECORDED.write_text(json.dumps(dict(sorted(files.items())), indent=1) + "\n")


if __name__ == "__main__":
    main()
