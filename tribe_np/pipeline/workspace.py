"""The folder where derived files and cached features live: the user's cache, a given folder, or a passing one."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from tribe_np.errors import OutputError
from tribe_np.pipeline.cache import FeatureCache
from tribe_np.pipeline.locate import user_cache_folder


@dataclass(frozen=True, eq=False)
class Workspace:
    """`media` holds sound and transcripts, `cache` the features; a passing one goes with the object or `with` block."""

    media: Path
    cache: FeatureCache
    scratch: tempfile.TemporaryDirectory[str] | None = None

    def __enter__(self) -> "Workspace":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self.scratch is not None:
            self.scratch.cleanup()


def open_workspace(cache_folder: str | Path | bool | None) -> Workspace:
    """None or True: the user's cache; False: nothing is kept; else that folder.

    Raises   OutputError when the folder cannot be written
    """
    if cache_folder is False:
        scratch = tempfile.TemporaryDirectory(prefix="tribe-np-")
        return Workspace(Path(scratch.name), FeatureCache(None), scratch)
    if (cache_folder is not None and not isinstance(cache_folder, (str, Path, bool))) or cache_folder == "":
        raise OutputError(f"cache_folder must be a folder, None or False, got {cache_folder!r}")
    root = user_cache_folder() if cache_folder in (None, True) else Path(str(cache_folder))
    cache = FeatureCache(root / "features")  # first: it says clearly when the folder cannot be written
    media = root / "media"
    media.mkdir(parents=True, exist_ok=True)
    return Workspace(media, cache)
