"""The user's own folders: the home, our cache and our data in it, and the hub's.

Each is found in its own way: ours by the platform's convention, the hub's by the rule of its library.
"""

import os
import pwd
import sys
from pathlib import Path

from tribe_np.errors import OutputError


def home_folder() -> Path | None:
    """The user's home; None where neither HOME nor the list of users tells it (a container's number without a name)."""
    given = os.environ.get("HOME", "")
    if os.path.isabs(given):
        return Path(given)
    try:
        return Path(pwd.getpwuid(os.getuid()).pw_dir)
    except KeyError:
        return None


def user_cache_folder() -> Path:
    """Where caches belong on this platform: XDG_CACHE_HOME or ~/.cache on Linux, ~/Library/Caches on macOS.

    Raises   OutputError for a user without a home
    """
    given = os.environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(given) and sys.platform != "darwin":  # another is to be ignored, its standard says
        return Path(given) / "tribe_np"
    home = home_folder()
    if home is None:
        raise OutputError(
            "this user has no home folder to keep a cache in; set HOME, choose a folder with --cache DIR, "
            "or run with --cache none"
        )
    return home / ("Library/Caches" if sys.platform == "darwin" else ".cache") / "tribe_np"


def user_data_folder() -> Path | None:
    """Where a user's own data belong: XDG_DATA_HOME or ~/.local/share, ~/Library/Application Support on macOS.

    None for a user without a home.
    """
    given = os.environ.get("XDG_DATA_HOME", "")
    if os.path.isabs(given) and sys.platform != "darwin":
        return Path(given) / "tribe_np"
    home = home_folder()
    if home is None:
        return None
    return home / ("Library/Application Support" if sys.platform == "darwin" else ".local/share") / "tribe_np"


def hub_cache_folder() -> Path | None:
    """Where huggingface_hub keeps what it downloads, by its own rule: HF_HUB_CACHE, HF_HOME/hub, XDG_CACHE_HOME.

    None for a user without a home.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache")
    folder = Path(os.environ.get("HF_HUB_CACHE") or Path(os.environ.get("HF_HOME") or cache / "huggingface") / "hub")
    try:
        return folder.expanduser()
    except RuntimeError:
        return None
