"""The W3C's own WebVTT parser on odd files: which cues it finds in them.

    npm install webvtt-parser@2.2.0
    python -m tools.reference.webvtt node_modules/webvtt-parser/parser.js

Not a stage of `tools.dump_reference`: it needs Node.
"""

import json
import random
import subprocess
import sys
from pathlib import Path

from tools.places import GOLDEN

RECORDED = GOLDEN / "webvtt.json"
PROGRAM = """
const {WebVTTParser} = require(process.argv[1]);
const texts = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const cues = text => new WebVTTParser().parse(text, 'captions').cues.map(c => [c.startTime, c.endTime, c.text]);
console.log(JSON.stringify(texts.map(text => [text, cues(text)])));
"""


def odd_text(rng: random.Random) -> str:
    """A file of times, empty lines, lines of spaces, identifiers, second headers and text in any order."""
    lines, second = ["WEBVTT" + rng.choice(["", " x", "\tx"])], 0
    for _ in range(rng.randint(1, 14)):
        second += 2
        times = f"00:{second:02}.000 --> 00:{second + 1:02}.500{rng.choice(['', ' align:start'])}"
        words = f"{rng.choice(['hello', 'over there'])} {rng.choice('abcdefgh')}"
        lines.append(rng.choices([times, "", "  ", "WEBVTT", f"id-{second}", words], [35, 25, 5, 4, 8, 23])[0])
    return "\n".join(lines) + rng.choice(["", "\n"])


def main() -> None:
    """Writes the golden file."""
    rng = random.Random(5)
    texts = [odd_text(rng) for _ in range(150)]
    command = ["node", "-e", PROGRAM, str(Path(sys.argv[1]).resolve())]
    found = subprocess.run(command, input=json.dumps(texts), check=True, capture_output=True, text=True).stdout
    RECORDED.write_text(json.dumps(json.loads(found), separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
