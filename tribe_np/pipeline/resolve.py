"""Where a model lies: an explicit folder, a models folder, or the hub's cache on this machine. Nothing is downloaded.

Source   huggingface_hub cache layout: models--ORG--NAME/{refs/main, snapshots/COMMIT}
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from extractors.catalogue import modalities
from tribe_np.errors import CheckpointError, ConfigError
from tribe_np.files.home import hub_cache_folder
from tribe_np.files.small_files import MEGABYTE, read_small_file
from tribe_np.pipeline.model_options import model_option

RELEASED = "facebook/tribev2"


@dataclass(frozen=True)
class ModelLocations:
    """Where to look, in this order. The command line fills it from options and the environment."""

    explicit: Mapping[str, Path]  # modality -> folder
    folders: Sequence[Path]  # models folders
    hub_cache: Path | None

    def extractor(self, modality: str, model_name: str) -> Path:
        """The folder of an extractor named by a checkpoint.

        Raises   CheckpointError that lists where was looked and how to get the model
        """
        if modality in self.explicit:
            return _existing(self.explicit[modality], model_option(modality))
        for folder in self.folders:
            for candidate in (folder / modality, *_named(folder, model_name)):
                if candidate.is_dir():
                    return candidate
        found = self._in_hub_cache(model_name)
        if found is not None:
            return found
        raise CheckpointError(
            f"the {modality} model {model_name} is not in {self._places()}; give its folder "
            f"with {model_option(modality)} DIR, or a folder that holds {modality}/ or {model_name}/ with --models DIR"
        )

    def checkpoint(self, name: str | None) -> Path:
        """The folder of a brain encoder: a path, or a hub id such as facebook/tribev2.

        Without a name: facebook/tribev2 or encoder/ in a models folder, then facebook/tribev2 in the hub's cache.
        Raises   CheckpointError that says how to get one
        """
        model_name = name or RELEASED
        if name is None:
            encoders = (folder / "encoder" for folder in self.folders)
            own = next((encoder for encoder in encoders if (encoder / "config.yaml").is_file()), None)
            found = self._in_folders(model_name) or own or self.find(model_name)
        elif "/" in name and not is_hub_id(name):  # my/encoder is not the encoder/ of a models folder
            found = Path(name) if Path(name).is_dir() else None
        else:
            found = self.find(name)
        if found is not None:
            return found
        if name is not None and not is_hub_id(name):
            raise CheckpointError(
                f"checkpoint {name}: no such folder; expected config.yaml and best.ckpt or model.safetensors in it"
            )
        raise CheckpointError(
            f"no checkpoint {model_name} in {self._places()}; run tribe-np demo for tiny random models "
            f"(then --models demo/models), or get it with tribe-np download {model_name} and pass --checkpoint DIR"
        )

    def find(self, name: str) -> Path | None:
        """The folder of any model by its path or hub id; None where there is none."""
        if Path(name).is_dir():
            return Path(name)
        return self._in_folders(name) or self._in_hub_cache(name)

    def check(self) -> None:
        """Refuses folders that are not there, before any work.

        Raises   CheckpointError
        """
        for modality, folder in self.explicit.items():
            _existing(folder, model_option(modality))
        for folder in self.folders:
            if not folder.is_dir():
                names = ", ".join(f"{modality}/" for modality in modalities())
                raise CheckpointError(f"--models {folder}: no such folder; expected some of {names} in it")

    def _in_folders(self, name: str) -> Path | None:
        named = (candidate for folder in self.folders for candidate in _named(folder, name))
        return next((candidate for candidate in named if candidate.is_dir()), None)

    def _places(self) -> str:
        return f"{', '.join(map(str, self.folders)) or 'a models folder (none was given)'} or the hub's cache"

    def _in_hub_cache(self, model_name: str) -> Path | None:
        if self.hub_cache is None:
            return None
        repository = self.hub_cache / f"models--{model_name.replace('/', '--')}"
        ref = repository / "refs" / "main"
        if ref.is_file():
            snapshot = repository / "snapshots" / read_small_file(ref, most=MEGABYTE).decode("utf-8", "replace").strip()
            if snapshot.is_dir():
                return snapshot
        return None


def _named(folder: Path, model_name: str) -> list[Path]:
    return [folder / model_name, folder / model_name.replace("/", "--"), folder / model_name.rpartition("/")[2]]


def is_hub_id(name: str) -> bool:
    """Whether a name may be ORGANISATION/NAME on the hub; else it was meant as a path."""
    return name.count("/") == 1 and not name.startswith((".", "/", "~"))


def _existing(folder: Path, option: str) -> Path:
    if not folder.is_dir():
        raise CheckpointError(f"{option} {folder}: no such folder; expected config.json and model.safetensors in it")
    return folder


def models_folders() -> tuple[Path, ...]:
    """The folders that TRIBE_NP_MODELS names, separated as in PATH."""
    return tuple(Path(part) for part in os.environ.get("TRIBE_NP_MODELS", "").split(os.pathsep) if part)


def default_locations(
    models: str | Path | Sequence[str | Path] | Mapping[str, str | Path] | None,
) -> ModelLocations:
    """Locations from the `models` argument: a folder, several, or a mapping from modality to folder.

    None: the folders that TRIBE_NP_MODELS names.
    Raises   ConfigError for something else, or a modality that is not known
    """
    hub_cache = hub_cache_folder()
    if models is None:
        return ModelLocations({}, models_folders(), hub_cache)
    try:
        if isinstance(models, Mapping):
            unknown = [name for name in models if name not in modalities()]
            if unknown:
                raise ConfigError(f"models: unknown modality {unknown[0]!r}; known are {', '.join(modalities())}")
            return ModelLocations({k: Path(v) for k, v in models.items()}, models_folders(), hub_cache)
        folders = [models] if isinstance(models, (str, Path)) else list(models)
        return ModelLocations({}, tuple(Path(f) for f in folders), hub_cache)
    except TypeError as error:
        raise ConfigError(f"models must be a folder, several, or {{modality: folder}}, got {models!r:.60}") from error
