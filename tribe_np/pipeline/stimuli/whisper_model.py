"""Where a Whisper model lies: a folder, a models folder, or the hub's cache on this machine. Nothing is downloaded.

Source   repositories of faster-whisper 1.2.1
"""

from pathlib import Path

from tribe_np.errors import CheckpointError, ConfigError
from tribe_np.pipeline.resolve import ModelLocations, is_hub_id

DEFAULT = "small"
FOLDER = "whisper"  # in a models folder, beside text/, audio/, video/: the default where it is there
SIZES = ("tiny", "base", "small", "medium", "large-v1", "large-v2", "large-v3")
ENGLISH = ("tiny", "base", "small", "medium")  # sizes that have a model for English alone, NAME.en
REPOSITORIES = {
    **{size: f"Systran/faster-whisper-{size}" for size in SIZES},
    **{f"{size}.en": f"Systran/faster-whisper-{size}.en" for size in ENGLISH},
    "large": "Systran/faster-whisper-large-v3",
    "turbo": "mobiuslabsgmbh/faster-whisper-large-v3-turbo",
    "distil-large-v3": "Systran/faster-distil-whisper-large-v3",
}


def find_whisper_model(name: str | None, locations: ModelLocations) -> tuple[Path, str]:
    """The folder of a model by size, hub id or path, and what to call it.

    None is the folder whisper/ in a models folder, else the size `small`. A known size is never taken for a folder in
    the working directory: ./small is.
    Raises   ConfigError for an unknown size; CheckpointError that says how to get the model
    """
    if name is None:
        own = next((folder / FOLDER for folder in locations.folders if (folder / FOLDER).is_dir()), None)
        if own is not None:
            return own, FOLDER
        name = DEFAULT
    repository = REPOSITORIES.get(name)
    if repository is None:
        if Path(name).is_dir():
            return Path(name), Path(name).resolve().name
        if not is_hub_id(name):
            raise ConfigError(
                f"--whisper-model {name!r:.80}: neither a folder nor a known size ({', '.join(REPOSITORIES)})"
            )
        repository = name
    found = locations.find(repository)
    if found is None:
        looked = ", ".join(map(str, locations.folders)) or "no models folder"
        raise CheckpointError(
            f"the Whisper model {name} was not found (looked for {repository} in {looked} and the hub cache "
            f"{locations.hub_cache}); get it with `tribe-np download {repository}`, name another with "
            "--whisper-model SIZE or DIR, give the words with --transcript FILE, or run without words with --no-speech"
        )
    return found, name
