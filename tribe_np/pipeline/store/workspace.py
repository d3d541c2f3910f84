"""The folder where derived files and cached features live: the user's cache, a given folder, or a passing one."""

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from tribe_np.errors import ConfigError, OutputError
from tribe_np.files.home import user_cache_folder
from tribe_np.files.leftovers import is_passing_name, remove_leftovers, remove_scratch, scratch_prefix
from tribe_np.outputs.made_here import LITTER
from tribe_np.pipeline.store.cache import FeatureCache
from tribe_np.pipeline.store.digest import Digests
from tribe_np.shown import some_of

FEATURES, MEDIA, DIGESTS = "features", "media", "digests"
OURS = (FEATURES, MEDIA, DIGESTS)
ENTRY = re.compile(r".*-[0-9a-f]{40}\b.*")  # a name with a digest, as every file of ours in a cache has


@dataclass(frozen=True, eq=False)
class Workspace:
    """`media` holds sound and transcripts, `cache` the features, `digests` those of large files that were read.

    A passing one goes with the object or `with` block, and remembers no digest.
    """

    media: Path
    cache: FeatureCache
    digests: Digests
    scratch: tempfile.TemporaryDirectory[str] | None = None

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
    media = root / MEDIA
    media.mkdir(parents=True, exist_ok=True)
    remove_leftovers(media)
    digests = root / DIGESTS
    remove_leftovers(digests)
    return Workspace(media, cache, Digests(digests))


def others_files_in_cache(root: Path, *, beside: bool = False) -> str | None:
    """Why a folder is not a cache: what its folders hold beside entries; with `beside`, it may hold more than those."""
    if not root.is_dir():
        return None
    unknown = [p.name for p in root.iterdir() if p.name not in {*OURS, *LITTER}]
    if unknown and not beside:
        return f"holds other files ({some_of(sorted(unknown), 2)})"
    for folder in (root / name for name in OURS):
        names = sorted(p.name for p in folder.iterdir()) if folder.is_dir() else []
        if unknown := [n for n in names if not (ENTRY.fullmatch(n) or is_passing_name(n) or n in LITTER)]:
            return f"holds a folder {folder.name} with other files ({some_of(unknown, 2)})"
    return None
