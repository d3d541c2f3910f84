"""The folder where derived files and cached features live: the user's cache, a given folder, or a passing one."""

import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from tribe_np.errors import ConfigError, OutputError
from tribe_np.files.home import user_cache_folder
from tribe_np.files.leftovers import is_passing_name, remove_leftovers, remove_scratch, scratch_prefix
from tribe_np.outputs.made_here import LITTER
from tribe_np.pipeline.store.cache import FAN, PARTS_SUFFIX, FeatureCache
from tribe_np.pipeline.store.claims import CLAIM_SUFFIX
from tribe_np.pipeline.store.digest import Digests
from tribe_np.pipeline.store.entry_parts import adopt_old_parts, is_part_name
from tribe_np.shown import some_of

FEATURES, MEDIA, DIGESTS, CLAIMS = "features", "media", "digests", "claims"
OURS = (FEATURES, MEDIA, DIGESTS, CLAIMS)
FANNED = (FEATURES, CLAIMS)  # their files lie in folders by the first digits of their digests
ENTRY = re.compile(r".*-[0-9a-f]{40}\b.*")  # a name with a digest, as every file of ours in a cache has


@dataclass(frozen=True, eq=False)
class Workspace:
    """`media` holds sound and transcripts, `cache` the features, `digests` those of large files that were read.

    `claims` is the folder where processes that share the work say what they are at (`store/claims.py`). A passing one
    goes with the object or `with` block, remembers no digest and has no claims.
    """

    media: Path
    cache: FeatureCache
    digests: Digests
    scratch: tempfile.TemporaryDirectory[str] | None = None
    claims: Path | None = None

    def __enter__(self) -> "Workspace":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self.scratch is not None:
            self.scratch.cleanup()


def open_workspace(cache_folder: str | Path | bool | None) -> Workspace:
    """None or True: the user's cache; False: nothing is kept; else that folder. What killed runs left there goes.

    Raises   ConfigError for something else; OutputError when the folder cannot be written, or holds folders of those
             names that are not a cache's
    """
    remove_scratch()
    if cache_folder is False:
        scratch = tempfile.TemporaryDirectory(prefix=scratch_prefix())
        return Workspace(Path(scratch.name), FeatureCache(None), Digests(None), scratch)
    if (cache_folder is not None and not isinstance(cache_folder, (str, Path, bool))) or cache_folder == "":
        raise ConfigError(f"cache_folder must be a folder, None or False, got {cache_folder!r}")
    root = user_cache_folder() if cache_folder in (None, True) else Path(str(cache_folder))
    if reason := others_files_in_cache(root, beside=True):
        raise OutputError(f"cache folder {root} {reason}; choose another with --cache DIR")
    cache = FeatureCache(root / FEATURES)  # first: it says clearly when the folder cannot be written
    adopt_old_parts(cache)
    media = root / MEDIA
    media.mkdir(parents=True, exist_ok=True)
    remove_leftovers(media)
    digests = root / DIGESTS
    remove_leftovers(digests)
    return Workspace(media, cache, Digests(digests), claims=root / CLAIMS)


def others_files_in_cache(root: Path, *, beside: bool = False) -> str | None:
    """Why a folder is not a cache: what its folders hold beside entries; with `beside`, it may hold more than those.

    With `beside` a run is about to begin, and the hundreds of folders of entries are not looked into.
    """
    if not root.is_dir():
        return None
    unknown = [p.name for p in root.iterdir() if p.name not in {*OURS, *LITTER}]
    if unknown and not beside:
        return f"holds other files ({some_of(sorted(unknown), 2)})"
    for folder in (root / name for name in OURS):
        if unknown := sorted(_others_in(folder, is_deep=not beside)):
            return f"holds a folder {folder.name} with other files ({some_of(unknown, 2)})"
    return None


def _others_in(folder: Path, *, is_deep: bool) -> Iterator[str]:
    """Names in one of our folders that are no entry, no file that is being written, and no folder of entries."""
    for path in folder.iterdir() if folder.is_dir() else ():
        if folder.name in FANNED and FAN.fullmatch(path.name) and path.is_dir():
            if is_deep:
                yield from (f"{path.name}/{name}" for name in _others_in_fan(path, folder.name))
        elif not _is_ours(path.name):
            yield path.name


def _others_in_fan(fan: Path, kind: str) -> Iterator[str]:
    for path in fan.iterdir():
        if path.suffix == PARTS_SUFFIX and path.is_dir():
            inside = [p.name for p in path.iterdir()]
            yield from (f"{path.name}/{name}" for name in inside if not (is_part_name(name) or name in LITTER))
        elif not (_is_ours(path.name) or (kind == CLAIMS and path.suffix == CLAIM_SUFFIX)):
            yield path.name


def _is_ours(name: str) -> bool:
    return bool(ENTRY.fullmatch(name) or is_passing_name(name) or name in LITTER)
