"""Models from the hub through huggingface_hub: what this package reads of them, each file against its digest.

The library keeps what it has, continues after a cut connection, and honours HF_TOKEN, HF_HOME, HF_ENDPOINT and
HF_HUB_OFFLINE. It does not compare digests; here every file is, also one that was there already.
"""

import hashlib
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from tribe_np.errors import CheckpointError, ConfigError, OutputError, TribeError
from tribe_np.formats.checkpoint import CONFIG_NAME, read_checkpoint_config
from tribe_np.formats.weights import INDEX_NAME, TORCH_INDEX_NAME, read_json
from tribe_np.optional import require
from tribe_np.outputs.made_here import is_noted, note_file
from tribe_np.pipeline.config import DataConfig
from tribe_np.pipeline.info import ENCODER_LICENCE, licence
from tribe_np.pipeline.progress import Progress

COMMAND = "download"
WHY = f"tribe-np {COMMAND}"
TEXT_SUFFIXES = (".json", ".yaml", ".txt", ".model")
BLOCK = 1 << 20
RETRIES = 4
MAX_FILES = 1000  # of one model; the largest have a few hundred
SECRETS = (
    (re.compile(r"//[^/@\s]*@"), "//"),  # name:password@ of an address
    (re.compile(r"\?[^\s'\"]*"), "?..."),  # the signature of a storage address
    (re.compile(r"hf_\w+"), "hf_..."),
)


@dataclass(frozen=True)
class Fetched:
    """A model that is on this machine."""

    name: str
    folder: Path
    licence: str


@dataclass(frozen=True)
class RemoteFile:
    """One file of a repository, as the hub describes it."""

    name: str
    n_bytes: int
    sha256: str | None  # of a large file
    blob_id: str | None  # git's own digest of any other


@dataclass(frozen=True)
class Hub:
    """Where models go: `models` is a folder, None the hub's cache. `bars`: the library may draw on the terminal."""

    models: Path | None
    progress: Progress
    bars: bool = False

    @property
    def library(self) -> ModuleType:
        """huggingface_hub.

        Raises   MissingDependencyError
        """
        return require("huggingface_hub", extra="hub", why=WHY)

    def part(self, name: str) -> ModuleType:
        """One of its modules."""
        return require(f"huggingface_hub.{name}", extra="hub", why=WHY)

    @property
    def is_offline(self) -> bool:
        """Whether HF_HUB_OFFLINE forbids the network."""
        return bool(self.part("constants").HF_HUB_OFFLINE)

    @property
    def endpoint(self) -> str:
        """HF_ENDPOINT, or the public hub, as it may be shown."""
        return without_secrets(str(self.part("constants").ENDPOINT))

    def folder(self, repository: str) -> Path | None:
        """Where a model goes in the models folder; None for the hub's cache."""
        return None if self.models is None else self.models / repository


def download(repository: str, hub: Hub, *, extractors: bool = True) -> list[Fetched]:
    """Fetches a model and, if it is a brain encoder, the extractors that its config.yaml names.

    A model that cannot be had does not keep the others from being fetched; its error comes at the end.
    Raises   CheckpointError for a model that cannot be had, ConfigError for a malformed name or config.yaml,
             OutputError from the disk, MissingDependencyError
    """
    first = fetch(repository, hub)
    done, failed = [first], []
    if extractors and (first.folder / CONFIG_NAME).is_file():
        data = DataConfig.from_dict(read_checkpoint_config(first.folder).get("data"))
        for name in dict.fromkeys(e.model_name for e in data.extractors.values()):
            try:
                done.append(fetch(name, hub))
            except (CheckpointError, ConfigError) as error:
                failed.append((name, error))
                hub.progress.note(f"{name}: not fetched")
    if failed:
        have = ", ".join(model.name for model in done)
        raise CheckpointError(f"{failed[0][1]} (fetched: {have}; missing: {', '.join(n for n, _ in failed)})")
    return done


def fetch(repository: str, hub: Hub) -> Fetched:
    """One model: its configuration, its tokenizer and one form of its weights.

    Raises   as `download`
    """
    if not hub.bars:
        hub.part("utils").disable_progress_bars()
    with _explained(repository, hub):
        if hub.is_offline:
            return _present(repository, hub)
        wanted = choose_files(_listed(repository, hub))
        if not wanted:
            raise CheckpointError(f"{hub.endpoint}/{repository}: holds no weights that this package reads")
        if len(wanted) > MAX_FILES:
            raise CheckpointError(f"{hub.endpoint}/{repository}: lists {len(wanted)} files, more than a model has")
        present = _checked(repository, wanted, hub)
        with hub.progress.stage(repository, len(wanted), "files") as step:
            step(len(present))
            paths = [present.get(file.name) or _fetch_file(repository, file, hub, step) for file in wanted]
        return Fetched(repository, paths[0].parent, _licence(paths[0].parent))


def _present(repository: str, hub: Hub) -> Fetched:
    """A model that was fetched before, without asking the hub."""
    folder = hub.folder(repository)
    if folder is None or not folder.is_dir():
        folder = Path(hub.library.snapshot_download(repository, local_files_only=True))
    if not choose_files([RemoteFile(p.name, p.stat().st_size, None, None) for p in folder.iterdir()]):
        raise CheckpointError(f"{folder}: holds no weights, and HF_HUB_OFFLINE is set; unset it to download")
    for index in (folder / name for name in (INDEX_NAME, TORCH_INDEX_NAME) if (folder / name).is_file()):
        for shard in dict(read_json(index).get("weight_map") or {}).values():
            if not (folder / str(shard)).is_file():
                raise CheckpointError(f"{folder}: {shard} is missing, and HF_HUB_OFFLINE is set; unset it to go on")
    return Fetched(repository, folder, _licence(folder))


def choose_files(files: list[RemoteFile]) -> list[RemoteFile]:
    """What is read of a repository: text at its top, and its weights in the first form that is there."""
    top = [f for f in files if "/" not in f.name and not f.name.startswith(".") and f.name.isprintable()]
    forms: tuple[Callable[[str], bool], ...] = (
        lambda name: name.startswith("model") and name.endswith(".safetensors"),
        lambda name: name.endswith(".ckpt"),
        lambda name: name.startswith("pytorch_model") and name.endswith(".bin"),
        lambda name: name == "model.bin",  # faster-whisper's
    )
    weights = next((found for form in forms if (found := [f for f in top if form(f.name)])), [])
    text = [f for f in top if f.name.endswith(TEXT_SUFFIXES)]
    return [*text, *weights] if weights else []


def _listed(repository: str, hub: Hub) -> list[RemoteFile]:
    limit = hub.part("constants").HF_HUB_DOWNLOAD_TIMEOUT  # without it the library waits for ever
    with _sensible(repository, hub):
        info = hub.library.HfApi().model_info(repository, files_metadata=True, timeout=limit)
        return [
            RemoteFile(str(s.rfilename), int(s.size or 0), s.lfs.sha256 if s.lfs else None, s.blob_id)
            for s in info.siblings or ()
        ]


def _checked(repository: str, wanted: list[RemoteFile], hub: Hub) -> dict[str, Path]:
    """The files that are in the models folder as the hub has them.

    Raises   OutputError for one that is another and was not put there by an earlier download
    """
    folder, present = hub.folder(repository), {}
    for file in wanted if folder is not None and folder.is_dir() else ():
        path = Path(folder or "") / file.name
        if path.is_file() and (file.sha256 or file.blob_id) and _has_digest(path, file):
            present[file.name] = path
        elif os.path.lexists(path) and not is_noted(path, COMMAND):
            raise OutputError(
                f"{path}: exists and is neither the hub's file nor what an earlier download left; move it "
                "away, or choose another folder with --models"
            )
    return present


def _fetch_file(repository: str, file: RemoteFile, hub: Hub, step: Callable[[int], object]) -> Path:
    with _sensible(repository, hub):
        path = _downloaded(repository, file, hub)
    _check_digest(path, file, f"{hub.endpoint}/{repository}", in_cache=hub.models is None)
    if hub.models is not None:
        note_file(path, COMMAND)
    step(1)
    return path


def _downloaded(repository: str, file: RemoteFile, hub: Hub) -> Path:
    """The file from the hub; a connection that breaks off is taken up again (not every release of the library does)."""
    errors = hub.part("errors")
    for _ in range(RETRIES):
        try:
            return Path(hub.library.hf_hub_download(repository, file.name, local_dir=hub.folder(repository)))
        except (errors.HfHubHTTPError, errors.LocalEntryNotFoundError):
            raise  # an answer, not a broken connection
        except errors.HfHubHTTPError.__bases__ as error:
            if _is_local(error):
                raise
            hub.progress.note(f"{file.name}: the connection broke off; continuing")
    return Path(hub.library.hf_hub_download(repository, file.name, local_dir=hub.folder(repository)))


def _is_local(error: BaseException) -> bool:
    """Whether it is this machine's disk that refuses, which no further attempt will change."""
    return (
        isinstance(error, OSError)
        and error.errno is not None
        and not isinstance(error, (ConnectionError, TimeoutError))
    )


def _check_digest(path: Path, file: RemoteFile, origin: str, *, in_cache: bool) -> None:
    """Compares a file with the hub's digest of it; a wrong one is removed, so that the next run fetches it again.

    In the hub's cache the file is a link to a blob, which goes too. Any other link is left to whoever made it: what the
    hub says must not choose the file that is removed.
    """
    if file.sha256 is None and file.blob_id is None:
        return
    if not _has_digest(path, file):
        blob = path.resolve()
        path.unlink()
        if in_cache and blob.parent == (path.parents[2] / "blobs").resolve():
            blob.unlink(missing_ok=True)
        raise CheckpointError(f"{origin}: {file.name} does not match its digest and was removed; run the command again")


def _has_digest(path: Path, file: RemoteFile) -> bool:
    """Whether the file is what the hub's digest says."""
    digest = hashlib.sha256() if file.sha256 else hashlib.sha1(b"blob %d\0" % path.stat().st_size)
    with path.open("rb") as stream:
        while block := stream.read(BLOCK):
            digest.update(block)
    return digest.hexdigest() == (file.sha256 or file.blob_id)


def _licence(folder: Path) -> str:
    if (folder / CONFIG_NAME).is_file():
        return ENCODER_LICENCE
    return licence(read_json(folder / "config.json").get("model_type") if (folder / "config.json").is_file() else None)


@contextmanager
def _sensible(repository: str, hub: Hub) -> Iterator[None]:
    """Turns what the library raises over an answer that no hub gives, such as a network's login page, into one line."""
    try:
        yield
    except (OSError, hub.part("errors").HFValidationError):
        raise  # explained below
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(
            f"{hub.endpoint}/{repository}: the answer is not from a model hub ({type(error).__name__}); check "
            "HF_ENDPOINT, and whether the network asks for a login"
        ) from error


@contextmanager
def _explained(repository: str, hub: Hub) -> Iterator[None]:
    """Turns what the library raises into one line with the next step."""
    errors = hub.part("errors")
    try:
        yield
    except TribeError:
        raise
    except errors.HFValidationError as error:
        raise ConfigError(f"{repository!r} is not a model's name; expected ORGANISATION/NAME") from error
    except (OSError, RuntimeError, errors.LocalEntryNotFoundError, *errors.HfHubHTTPError.__bases__) as error:
        raise _explanation(error, repository, hub) from error


def _explanation(error: Any, repository: str, hub: Hub) -> TribeError:
    errors = hub.part("errors")
    page = f"{hub.endpoint}/{repository}"
    cause = without_secrets(" ".join(str(error).split()))[:200]
    if isinstance(error, errors.GatedRepoError):
        return CheckpointError(
            f"{repository} is gated: accept its conditions on {page}, then log in with `hf auth login` "
            "(or set HF_TOKEN) and run the command again"
        )
    if isinstance(error, errors.RepositoryNotFoundError):
        return CheckpointError(
            f"{page}: no such model, or a private one; check the name, or log in with `hf auth login` (or set HF_TOKEN)"
        )
    if hub.is_offline:
        return CheckpointError(f"{repository} is not on this machine and HF_HUB_OFFLINE is set; unset it to download")
    if isinstance(error, errors.HfHubHTTPError):
        return CheckpointError(f"{page}: the hub answered with an error: {cause}")
    if isinstance(error, OSError) and error.errno is not None:
        return OutputError(f"{repository}: {error.filename or hub.models or 'the hub cache'}: {error.strerror}")
    return CheckpointError(f"{page}: cannot be fetched; what was downloaded is kept; run the command again: {cause}")


def without_secrets(text: str) -> str:
    """Text without passwords, signatures and tokens, fit to be shown."""
    for pattern, instead in SECRETS:
        text = pattern.sub(instead, text)
    return text
